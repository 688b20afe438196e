//! Maps from codes to facts: what a code of a care-information system says of the axes. A release has maps, and a
//! reporter may have its own, which are asked first; here both are held and asked, in memory alone.
//!
//! A code sets a fact only where the map says that its meaning is the same as the value's or narrower. A map that
//! knows a code and says less (broader, related, not related) sets nothing: unknown stays unknown, and the maps of the
//! release are not asked about a code that the reporter's own know. Two codes that lead to different values of an axis
//! that takes one set none.

mod source;
mod unmapped;

pub use unmapped::{Unmapped, unmapped};

pub use source::{AXIS_PREFIX, MapNote, MapRow, MapSource};

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;
use vardnav_classification::facts::SLOTS;
use vardnav_classification::model::{FactSource, Grain};
use vardnav_classification::{AxisIndex, DescriptionSystem};
use vardnav_terminology::model::Validity;

use crate::record::{Body, Coding, Record};

/// A map compiled for asking.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CodeMap {
    name: String,
    systems: BTreeMap<String, BTreeMap<String, Vec<Target>>>,
}

/// Where a code leads during an interval.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    axis: String,
    value: String,
    /// Whether the code's meaning settles the value.
    settles: bool,
    validity: Validity,
}

impl CodeMap {
    /// Compiles a map.
    pub fn compile(source: &MapSource) -> Self {
        let mut systems: BTreeMap<String, BTreeMap<String, Vec<Target>>> = BTreeMap::new();
        for row in &source.rows {
            let codes = systems.entry(row.system.clone()).or_default();
            codes.entry(row.code.clone()).or_default().push(Target {
                axis: row.axis.clone(),
                value: row.value.clone(),
                settles: row.settles(),
                validity: row.validity,
            });
        }
        Self {
            name: source.name(),
            systems,
        }
    }

    /// Its address and version, `url|version`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it says of every code what another map says.
    pub(crate) fn says_as(&self, other: &Self) -> bool {
        self.systems == other.systems
    }

    /// Whether it maps codes of a code system.
    pub fn is_for(&self, system: &str) -> bool {
        self.systems.contains_key(system)
    }

    /// What it says of a code on a date; none when it does not know the code then.
    fn targets(&self, coding: &Coding, date: Date) -> impl Iterator<Item = &Target> {
        let codes = self.systems.get(&coding.system);
        let targets = codes.and_then(|codes| codes.get(&coding.code));
        let targets = targets.map_or(&[][..], Vec::as_slice).iter();
        targets.filter(move |target| target.validity.contains(date))
    }
}

/// The maps of one reporter, in all their versions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReporterMaps(Vec<DatedMap>);

/// A version of a reporter's map, with the first date of care that it applies to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatedMap {
    /// Canonical address.
    pub url: String,
    /// First date of care.
    pub from: Date,
    /// The map.
    pub map: Arc<CodeMap>,
}

impl ReporterMaps {
    /// The maps in the order in which they were put.
    pub fn new(mut maps: Vec<DatedMap>) -> Self {
        maps.sort_by(|one, other| (&one.url, one.from).cmp(&(&other.url, other.from)));
        Self(maps)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The maps that apply on a date of care: of each address the version with the latest first date not after it
    /// and, of several, the one put last.
    pub fn on(&self, date: Date) -> impl Iterator<Item = &CodeMap> {
        let begun = move |map: &&DatedMap| map.from <= date;
        let next = move |at: usize| self.0.get(at + 1).filter(begun);
        let maps = self.0.iter().enumerate().filter(move |(_, map)| begun(map));
        maps.filter(move |(at, map)| next(*at).is_none_or(|next| next.url != map.url))
            .map(|(_, map)| map.map.as_ref())
    }
}

/// The maps that are asked about a record's codes: the reporter's own, then the release's.
#[derive(Debug, Clone, Copy, Default)]
pub struct Maps<'a> {
    /// The reporter's own.
    pub reporter: Option<&'a ReporterMaps>,
    /// The release's.
    pub release: &'a [Arc<CodeMap>],
}

impl<'a> Maps<'a> {
    fn own(self, date: Date) -> impl Iterator<Item = &'a CodeMap> {
        self.reporter.into_iter().flat_map(move |maps| maps.on(date))
    }

    fn of_release(self) -> impl Iterator<Item = &'a CodeMap> {
        self.release.iter().map(Arc::as_ref)
    }

    /// What the maps say of a code on a date: those of the reporter when one of them knows it, else the release's.
    fn targets(self, coding: &'a Coding, date: Date) -> impl Iterator<Item = (&'a CodeMap, &'a Target)> {
        let of = move |map: &'a CodeMap| map.targets(coding, date).map(move |target| (map, target));
        let known = self
            .own(date)
            .any(|map| map.targets(coding, date).next().is_some());
        let own = self.own(date).flat_map(of);
        let others = (!known).then(|| self.of_release().flat_map(of));
        own.chain(others.into_iter().flatten())
    }

    /// Whether some map knows a code on a date.
    pub(crate) fn knows(self, coding: &Coding, date: Date) -> bool {
        self.targets(coding, date).next().is_some()
    }

    /// The names of the maps that are for a code system on a date, in the order in which they are asked.
    pub(crate) fn asked(self, system: &str, date: Date) -> impl Iterator<Item = &'a str> {
        let maps = self.own(date).chain(self.of_release());
        maps.filter(move |map| map.is_for(system)).map(CodeMap::name)
    }
}

/// Where a code stands in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CodePath {
    /// Among the codes of the record as a whole.
    Record(usize),
    /// Among the procedures of a contact.
    Procedure(usize),
    /// Among the codes of a segment: the segment's index, then the code's.
    Segment(usize, usize),
}

impl fmt::Display for CodePath {
    /// Its path as findings write it, for example `segments[1].codes[0]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(at) => write!(f, "codes[{at}]"),
            Self::Procedure(at) => write!(f, "procedures[{at}]"),
            Self::Segment(segment, at) => write!(f, "segments[{segment}].codes[{at}]"),
        }
    }
}

impl CodePath {
    /// The code that stands there; `None` when the record has none there.
    pub fn of(self, record: &Record) -> Option<&Coding> {
        match (self, &record.body) {
            (Self::Record(at), _) => record.codes.get(at),
            (Self::Procedure(at), Body::Contact(contact)) => contact.procedures.get(at),
            (Self::Segment(segment, at), Body::Episode(episode)) => {
                episode.segments.get(segment)?.codes.get(at)
            }
            _ => None,
        }
    }
}

/// Says which code, by which map, gave a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedFrom {
    /// The axis of the fact.
    pub axis: AxisIndex,
    /// Where the code stands in the record.
    pub path: CodePath,
    /// The map, `url|version`.
    pub map: String,
}

/// What the codes of one place of a record say of the axes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mapped {
    masks: [u64; SLOTS],
    contradicted: Vec<AxisIndex>,
    from: Vec<MappedFrom>,
    misled: Vec<(CodePath, String)>,
}

impl Mapped {
    pub(crate) const NOTHING: Self = Self {
        masks: [0; SLOTS],
        contradicted: Vec::new(),
        from: Vec::new(),
        misled: Vec::new(),
    };

    /// Asks the maps about codes. Axes that do not take mapped facts in this grain are left aside.
    pub(crate) fn of<'a>(
        codes: impl Iterator<Item = (CodePath, &'a Coding)>,
        maps: Maps<'a>,
        system: &DescriptionSystem,
        grain: Grain,
        date: Date,
    ) -> Self {
        let mut mapped = Self::NOTHING;
        for (path, coding) in codes {
            for (map, target) in maps.targets(coding, date) {
                mapped.take(path, map, target, system, grain);
            }
        }
        mapped.settle(system);
        mapped
    }

    fn take(
        &mut self,
        path: CodePath,
        map: &CodeMap,
        target: &Target,
        system: &DescriptionSystem,
        grain: Grain,
    ) {
        if !target.settles {
            return;
        }
        let found = system.axis(&target.axis).and_then(|axis| {
            let definition = system.axis_definition(axis)?;
            let value = system.value(axis, &target.value)?;
            let taken = definition.sources.contains(&FactSource::Mapped);
            taken.then_some((axis, definition, value))
        });
        let Some((axis, definition, value)) = found else {
            self.misled.push((path, map.name.clone()));
            return;
        };
        if !definition.grains.contains(&grain) {
            return;
        }
        if let Some(mask) = self.masks.get_mut(axis.position()) {
            *mask |= 1 << value;
        }
        self.from.push(MappedFrom {
            axis,
            path,
            map: map.name.clone(),
        });
    }

    /// Takes back what contradicts itself; puts what is left in order.
    fn settle(&mut self, system: &DescriptionSystem) {
        for (position, mask) in self.masks.iter_mut().enumerate() {
            if mask.count_ones() < 2 {
                continue;
            }
            let Some(axis) = AxisIndex::new(position) else {
                break;
            };
            if system.axis_definition(axis).is_some_and(|axis| !axis.multiple) {
                *mask = 0;
                self.contradicted.push(axis);
            }
        }
        self.from.sort_by_key(|from| from.axis);
        self.from.dedup();
    }

    /// The values of an axis; `None` when codes contradict each other about it, 0 when they say nothing.
    pub(crate) fn get(&self, axis: AxisIndex) -> Option<u64> {
        let settled = !self.contradicted.contains(&axis);
        settled.then(|| self.masks.get(axis.position()).copied().unwrap_or(0))
    }

    /// Which codes said something of an axis.
    pub(crate) fn from(&self, axis: AxisIndex) -> impl Iterator<Item = &MappedFrom> {
        self.from.iter().filter(move |from| from.axis == axis)
    }

    /// The axes about which codes contradict each other.
    pub(crate) fn contradicted(&self) -> &[AxisIndex] {
        &self.contradicted
    }

    /// Codes that a map leads to an axis or value that is not there or not mapped to, with the map.
    pub(crate) fn misled(&self) -> &[(CodePath, String)] {
        &self.misled
    }
}

/// The codes of a record as a whole, and a contact's procedures, with their places.
pub(crate) fn codes_of_record(record: &Record) -> impl Iterator<Item = (CodePath, &Coding)> {
    let procedures = match &record.body {
        Body::Contact(contact) => contact.procedures.as_slice(),
        Body::Episode(_) | Body::MonitoringPeriod(_) | Body::CareRequest(_) => &[],
    };
    let codes = record.codes.iter().enumerate();
    let procedures = procedures.iter().enumerate();
    codes
        .map(|(at, code)| (CodePath::Record(at), code))
        .chain(procedures.map(|(at, code)| (CodePath::Procedure(at), code)))
}

/// The codes of a segment, with their places.
pub(crate) fn codes_of_segment(index: usize, codes: &[Coding]) -> impl Iterator<Item = (CodePath, &Coding)> {
    let codes = codes.iter().enumerate();
    codes.map(move |(at, code)| (CodePath::Segment(index, at), code))
}
