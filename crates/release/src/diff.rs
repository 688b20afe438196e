//! What differs between two releases or drafts, element by element: as data, and in words by [`words`].
//!
//! An element of a release is a kind and an id with named aspects; two releases differ by the elements that one of
//! them lacks, by aspects, and by order where order decides. Concepts are compared by their designations, definitions
//! and relations, as the terminology compares editions.

mod conflicts;
mod elements;
mod indicators;
mod order;
mod register;
mod terms;
pub mod words;

pub use conflicts::{Conflicts, conflicts};

use std::collections::BTreeMap;

use crate::entry::AreaCount;
use crate::source::{Place, ReleaseSource};

/// Kinds of element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The release itself.
    Release,
    /// A binding of an edition of an external code system.
    Edition,
    /// An axis of facts.
    Axis,
    /// A value of an axis, as `axis/value`.
    AxisValue,
    /// A named set of axis values.
    ValueSet,
    /// A decision table.
    Table,
    /// A value of a table, as `table/value`.
    TableValue,
    /// A rule, as `table/rule`, with `@point:variant` when it is of a variant.
    Rule,
    /// An unsettled point with its variants.
    Point,
    /// A combination of facts that validation refuses.
    Exclusion,
    /// A combination of facts that validation warns of.
    Contradiction,
    /// A code system of the release's own.
    CodeSystem,
    /// A concept, as `code system|code`.
    Concept,
    /// A variable of the register.
    Variable,
    /// A validation check.
    Check,
    /// A statute or proposal.
    LegalBasis,
    /// A reason of withdrawals.
    WithdrawalReason,
    /// A purpose for which identities may be used and content erased.
    Purpose,
    /// What is said of care units.
    Units,
    /// A register that deliveries are for.
    Register,
    /// An exception from the lock of a register, as `register/reporter`.
    LockException,
    /// A pattern of reserve numbers, as `issuer/pattern`.
    ReservePattern,
    /// The limits in time.
    Limits,
    /// An indicator.
    Indicator,
    /// The rules of disclosure.
    Disclosure,
    /// A measure that indicators count.
    Measure,
    /// Something that indicators are broken down by.
    Breakdown,
    /// A keyword of a goal.
    Goal,
    /// A standard population.
    StandardPopulation,
    /// A map from codes to facts.
    Map,
    /// A row of a map, as `map|code system|code|axis`.
    MapRow,
}

/// What became of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// Only the newer has it.
    Added,
    /// Only the older has it.
    Removed,
    /// An aspect of it is another.
    Changed,
    /// It stands elsewhere in an order that decides.
    Moved,
}

/// A difference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// Kind of element.
    pub kind: Kind,
    /// Its id.
    pub id: String,
    /// What became of it.
    pub what: What,
    /// What of it is another; empty when it was added or removed.
    pub aspect: &'static str,
    /// Name for people in Swedish; empty when it has none.
    pub name: String,
    /// Before: the aspect, or what it stood after when moved; empty when there was none.
    pub before: String,
    /// Now.
    pub after: String,
    /// Where it stood in the older files.
    pub old: Place,
    /// Where it stands in the newer files.
    pub new: Place,
}

/// An element of a release with what can differ of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Kind of element.
    pub kind: Kind,
    /// Its id.
    pub id: String,
    /// Name for people in Swedish; empty when it has none.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// Its aspects by name, empty ones left out.
    aspects: Vec<(&'static str, String)>,
    /// The list in whose order it stands; empty when order decides nothing.
    list: String,
}

impl Item {
    fn new(kind: Kind, id: impl Into<String>, place: Place) -> Self {
        Self {
            kind,
            id: id.into(),
            name: String::new(),
            place,
            aspects: Vec::new(),
            list: String::new(),
        }
    }

    fn named(mut self, label: &vardnav_classification::model::Label) -> Self {
        self.name.clone_from(&label.sv);
        self.with("name-sv", label.sv.clone())
            .with("name-en", label.en.clone())
    }

    fn with(mut self, aspect: &'static str, value: impl Into<String>) -> Self {
        let value = value.into();
        if !value.is_empty() {
            self.aspects.push((aspect, value));
        }
        self
    }

    fn aspect(&self, name: &str) -> &str {
        let mut aspects = self.aspects.iter();
        aspects
            .find(|(known, _)| *known == name)
            .map_or("", |(_, value)| value)
    }
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 31] = [
        Self::Release,
        Self::Edition,
        Self::Axis,
        Self::AxisValue,
        Self::ValueSet,
        Self::Table,
        Self::TableValue,
        Self::Rule,
        Self::Point,
        Self::Exclusion,
        Self::Contradiction,
        Self::CodeSystem,
        Self::Concept,
        Self::Variable,
        Self::Check,
        Self::LegalBasis,
        Self::WithdrawalReason,
        Self::Purpose,
        Self::Units,
        Self::Register,
        Self::LockException,
        Self::ReservePattern,
        Self::Limits,
        Self::Indicator,
        Self::Disclosure,
        Self::Measure,
        Self::Breakdown,
        Self::Goal,
        Self::StandardPopulation,
        Self::Map,
        Self::MapRow,
    ];

    /// Stable name, for example `axis-value`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Edition => "edition",
            Self::Axis => "axis",
            Self::AxisValue => "axis-value",
            Self::ValueSet => "value-set",
            Self::Table => "table",
            Self::TableValue => "table-value",
            Self::Rule => "rule",
            Self::Point => "point",
            Self::Exclusion => "exclusion",
            Self::Contradiction => "contradiction",
            Self::CodeSystem => "code-system",
            Self::Concept => "concept",
            Self::Variable => "variable",
            Self::Check => "check",
            Self::LegalBasis => "legal-basis",
            Self::WithdrawalReason => "withdrawal-reason",
            Self::Purpose => "purpose",
            Self::Units => "units",
            Self::Register => "register",
            Self::LockException => "lock-exception",
            Self::ReservePattern => "reserve-pattern",
            Self::Limits => "limits",
            Self::Indicator => "indicator",
            Self::Disclosure => "disclosure",
            Self::Measure => "measure",
            Self::Breakdown => "breakdown",
            Self::Goal => "goal",
            Self::StandardPopulation => "standard-population",
            Self::Map => "map",
            Self::MapRow => "map-row",
        }
    }

    /// The area of a release that it belongs to, as notices to reporters count changes.
    pub fn area(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Edition | Self::CodeSystem => "code-systems",
            Self::Axis | Self::AxisValue | Self::ValueSet => "axes",
            Self::Table | Self::TableValue | Self::Rule | Self::Point => "tables",
            Self::Exclusion | Self::Contradiction | Self::Check | Self::ReservePattern | Self::Limits => {
                "validation"
            }
            Self::Concept => "terms",
            Self::Variable => "variables",
            Self::LegalBasis => "legal-bases",
            Self::WithdrawalReason => "withdrawals",
            Self::Purpose => "purposes",
            Self::Units => "units",
            Self::Register | Self::LockException => "deliveries",
            Self::Indicator
            | Self::Disclosure
            | Self::Measure
            | Self::Breakdown
            | Self::Goal
            | Self::StandardPopulation => "indicators",
            Self::Map | Self::MapRow => "maps",
        }
    }
}

impl What {
    /// Stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Moved => "moved",
        }
    }
}

/// Every element of a release that can be compared or commented on; the concepts of its code systems included.
pub fn items(source: &ReleaseSource) -> Vec<Item> {
    let mut items = elements::items(source);
    items.extend(register::items(source));
    items.extend(indicators::items(source));
    items.extend(terms::items(source));
    items
}

/// What differs, in the order of kinds and, within a kind, of the newer files; what is removed comes first.
pub fn diff(old: &ReleaseSource, new: &ReleaseSource) -> Vec<Change> {
    let collect = |source| {
        let mut items = elements::items(source);
        items.extend(register::items(source));
        items.extend(indicators::items(source));
        number(&mut items);
        items
    };
    let (before, after) = (collect(old), collect(new));
    let mut changes = compare(&before, &after);
    changes.extend(order::moves(&before, &after));
    changes.extend(terms::compare(old, new));
    // Within a kind the order of the files stays.
    changes.sort_by_key(|change| change.kind);
    changes
}

/// Gives what stands repeatedly, as it may in a draft, an id of its own.
fn number(items: &mut [Item]) {
    let mut seen: BTreeMap<(Kind, String), usize> = BTreeMap::new();
    for item in items {
        let times = seen.entry((item.kind, item.id.clone())).or_default();
        *times += 1;
        if *times > 1 {
            item.id = format!("{} #{times}", item.id);
        }
    }
}

/// How much differs, by area, areas without a difference left out.
pub fn areas(changes: &[Change]) -> Vec<AreaCount> {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for change in changes {
        let count = counts.entry(change.kind.area()).or_default();
        *count = count.saturating_add(1);
    }
    let area = |(area, count): (&str, u32)| AreaCount {
        area: area.to_owned(),
        count,
    };
    counts.into_iter().map(area).collect()
}

fn compare(old: &[Item], new: &[Item]) -> Vec<Change> {
    fn keyed(items: &[Item]) -> BTreeMap<(Kind, &str), &Item> {
        items
            .iter()
            .map(|item| ((item.kind, item.id.as_str()), item))
            .collect()
    }
    let (before, after) = (keyed(old), keyed(new));
    let removed = old
        .iter()
        .filter(|item| !after.contains_key(&(item.kind, item.id.as_str())));
    let mut changes: Vec<Change> = removed
        .map(|item| Change {
            old: item.place.clone(),
            before: item
                .aspects
                .first()
                .map_or_else(String::new, |(_, text)| text.clone()),
            ..change(item, What::Removed)
        })
        .collect();
    for item in new {
        match before.get(&(item.kind, item.id.as_str())) {
            None => changes.push(Change {
                new: item.place.clone(),
                after: item
                    .aspects
                    .first()
                    .map_or_else(String::new, |(_, text)| text.clone()),
                ..change(item, What::Added)
            }),
            Some(known) => changes.extend(aspects(known, item)),
        }
    }
    changes
}

/// The aspects that are other, those of the newer first.
fn aspects(old: &Item, new: &Item) -> Vec<Change> {
    let gone = old.aspects.iter().filter(|(name, _)| new.aspect(name).is_empty());
    let names = new.aspects.iter().chain(gone).map(|(name, _)| *name);
    names
        .filter(|name| old.aspect(name) != new.aspect(name))
        .map(|name| Change {
            aspect: name,
            before: old.aspect(name).to_owned(),
            after: new.aspect(name).to_owned(),
            old: old.place.clone(),
            new: new.place.clone(),
            ..change(new, What::Changed)
        })
        .collect()
}

fn change(item: &Item, what: What) -> Change {
    Change {
        kind: item.kind,
        id: item.id.clone(),
        what,
        aspect: "",
        name: item.name.clone(),
        before: String::new(),
        after: String::new(),
        old: Place::default(),
        new: Place::default(),
    }
}
