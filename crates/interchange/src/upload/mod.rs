//! Uploads: files of data that are no records. Each kind of them is a [`Kind`]: it reads a file whole or tells by line and
//! column all that is wrong with it, holds it against the release in force, and writes it in the one form in which it is
//! kept, from which it is read again. Whether and how uploads are kept is not known here.
//!
//! A further kind is a module with a [`Kind`] in it, and a line in [`KINDS`].

pub mod bed_days;
pub mod groups;
pub mod listings;
pub mod months;
pub mod population;
pub mod problem;
pub mod rows;
pub mod series;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::Date;
use vardnav_indicators::population::Area;
use vardnav_register::surroundings::{Codes as _, PrincipalKind};
use vardnav_release::{AuthorityState, Snapshot};

pub use problem::{PROBLEMS_MAX, Problem, Problems};

/// Largest file, in bytes.
pub const FILE_BYTES_MAX: usize = 32 << 20;

/// All kinds.
pub static KINDS: &[&dyn Kind] = &[
    &bed_days::OfBedDays,
    &groups::OfKommuner,
    &listings::OfListings,
    &population::OfPopulation,
    &series::OfSeries,
];

/// Code, meaning and remedy of what is found in uploads of every kind.
pub const CODES: &[(&str, &str, &str)] = &[
    (
        "VN-UPL-001",
        "the first line of an upload does not name its columns",
        "begin the file with the names of its columns; `indicator upload --help` tells where they stand",
    ),
    (
        "VN-UPL-002",
        "a line of an upload cannot be read",
        "save the file as UTF-8 with a comma between the columns, and give each line every column",
    ),
    (
        "VN-UPL-003",
        "an upload is too large, or has no rows",
        "give at least one row, and divide what is larger",
    ),
    (
        "VN-UPL-004",
        "a date or period of an upload is not of its form, not of this kind of figure, or has not come yet",
        "write a year as YYYY, a month as YYYY-MM, a date as YYYY-MM-DD, none after today",
    ),
    (
        "VN-UPL-005",
        "a place of an upload is not known on its date",
        "write 00 for the country, two digits for a region, four for a kommun that there was on the date",
    ),
    (
        "VN-UPL-006",
        "a row of an upload tells of what another row tells of",
        "keep one row for each",
    ),
    (
        "VN-UPL-007",
        "a number of an upload is none",
        "write digits, and a point before decimals, without spaces; counts have no decimals",
    ),
    (
        "VN-UPL-008",
        "what is the same for a whole upload is written in two ways, or not as an id",
        "give each its own file; write ids with letters, digits, `.`, `_`, `:` or `-`",
    ),
    (
        "VN-UPL-009",
        "a cell of an upload is too long, or holds a control character or a personal number",
        "shorten it, and leave personal numbers out",
    ),
];

/// A kind of uploads.
pub trait Kind: Send + Sync {
    /// Its name, which is stored: `population`.
    fn name(&self) -> &'static str;

    /// Names of its columns, in the order in which they are kept.
    fn columns(&self) -> &'static [&'static str];

    /// Reads a file and holds it against what is in force.
    ///
    /// # Errors
    /// Everything that is wrong with it, at most [`PROBLEMS_MAX`], by line and column. Nothing of it may be kept then.
    fn read(&self, file: &[u8], against: &Against<'_>) -> Result<Content, Vec<Problem>>;

    /// The reporter that an upload with this id is of; `None` for what is no reporter's. A caller must act for it.
    fn reporter<'i>(&self, id: &'i str) -> Option<&'i str> {
        let _ = id;
        None
    }
}

/// A file that was read and found good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Id of the upload within its kind, as the file itself says.
    pub id: String,
    /// The date that it is of.
    pub date: Date,
    /// How many rows.
    pub rows: u64,
    /// The content in the one form of its kind: the same content has the same bytes.
    pub bytes: Vec<u8>,
}

/// What an upload must fit.
#[derive(Clone, Copy)]
pub struct Against<'a> {
    /// The day of the upload.
    pub today: Date,
    /// The release in force on that day.
    pub release: &'a Snapshot,
    /// The release in force on another date.
    pub on: &'a dyn Fn(Date) -> Option<Arc<Snapshot>>,
    /// What the authority keeps beside releases: reporters, units.
    pub state: &'a AuthorityState,
}

impl Against<'_> {
    /// Whether there was a place on a date, by the geography of the release in force then; dates before every release are
    /// held against that of the release of today.
    pub fn knows(&self, area: Area, date: Date) -> bool {
        area == Area::Country || self.places(date, Some(&area.to_string())).next().is_some()
    }

    /// The kommuner that there were on a date.
    pub fn kommuner(&self, date: Date) -> BTreeSet<u16> {
        let places = self.places(date, None);
        let kommuner = places.filter(|(_, kind)| *kind == Some(PrincipalKind::Kommun));
        kommuner.filter_map(|(code, _)| code.parse().ok()).collect()
    }

    /// Code and kind of the places of a date, or of one of them.
    fn places(
        &self,
        date: Date,
        only: Option<&str>,
    ) -> impl Iterator<Item = (String, Option<PrincipalKind>)> + use<> {
        let then = (self.on)(date);
        let release = then.as_deref().unwrap_or(self.release);
        let geography = &release.register.geography_system;
        let edition = release.catalog.in_force(geography, release.from.max(date));
        let concepts = edition.into_iter().flat_map(|edition| {
            let one = only.map(|code| edition.lookup(code));
            let all = only.is_none().then(|| edition.concepts());
            one.into_iter().flatten().chain(all.into_iter().flatten())
        });
        let valid = concepts.filter(|concept| concept.validity().contains(date));
        let places: Vec<_> = valid
            .map(|concept| (concept.code().to_owned(), release.principal_kind(concept.code())))
            .collect();
        places.into_iter()
    }
}

/// The kind with a name.
pub fn kind(name: &str) -> Option<&'static dyn Kind> {
    KINDS.iter().copied().find(|kind| kind.name() == name)
}
