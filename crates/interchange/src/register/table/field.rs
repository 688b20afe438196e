//! The fields of a record as columns of a table: one list for all kinds, in the names that NDJSON has. What the cells
//! mean is decided by [`crate::register::read`], which gets them as a tree.

use vardnav_register::record::{Principals, RecordKind};
use vardnav_register::text::safe_echo;

/// Separates the values of a cell that holds several. One that belongs to a value, and a `\`, has a `\` before it.
pub const VALUES: char = '|';

/// Highest number of an item in the name of a column, as in `procedures.3.code`.
const ITEM_MAX: u16 = 99;

/// What a cell holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A text or a code.
    Text,
    /// A date, `2026-09-01`.
    Date,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Flag,
}

impl Form {
    /// What it is called in the description of a layout.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Date => "date",
            Self::Number => "number",
            Self::Flag => "true or false",
        }
    }
}

/// A field of a record.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Its path. `[]` follows the name of what a cell may hold several of, `{}` the name of what a line holds one of,
    /// `*` stands for any axis.
    pattern: &'static str,
    /// What its cells hold.
    pub form: Form,
    /// The kinds of record that have it.
    pub kinds: &'static [RecordKind],
    /// Whether a record, or what the field is part of, needs it.
    pub required: bool,
}

const ALL: &[RecordKind] = &RecordKind::ALL;
const EPISODE: &[RecordKind] = &[RecordKind::Episode];
const CONTACT: &[RecordKind] = &[RecordKind::Contact];
const MONITORING: &[RecordKind] = &[RecordKind::MonitoringPeriod];
const REQUEST: &[RecordKind] = &[RecordKind::CareRequest];
const PERIODS: &[RecordKind] = &[RecordKind::Episode, RecordKind::MonitoringPeriod];
const DATED: &[RecordKind] = &[RecordKind::Contact, RecordKind::CareRequest];
const ENDED: &[RecordKind] = &[
    RecordKind::Episode,
    RecordKind::Contact,
    RecordKind::MonitoringPeriod,
];
const IN_EPISODE: &[RecordKind] = &[RecordKind::Contact, RecordKind::MonitoringPeriod];

const fn field(pattern: &'static str, form: Form, kinds: &'static [RecordKind]) -> Field {
    Field {
        pattern,
        form,
        kinds,
        required: false,
    }
}

const fn required(pattern: &'static str, form: Form, kinds: &'static [RecordKind]) -> Field {
    Field {
        pattern,
        form,
        kinds,
        required: true,
    }
}

/// Every field, in the order in which columns are documented and written.
pub const FIELDS: &[Field] = &[
    required("reporter", Form::Text, ALL),
    required("kind", Form::Text, ALL),
    required("id", Form::Text, ALL),
    required("revision", Form::Number, ALL),
    required("person.type", Form::Text, ALL),
    required("person.number", Form::Text, ALL),
    field("person.sex", Form::Text, ALL),
    field("person.birth_date", Form::Date, ALL),
    field("person.protected", Form::Flag, ALL),
    field("residence", Form::Text, ALL),
    required("principals.responsible[].organisation", Form::Text, ALL),
    field("principals.responsible[].basis", Form::Text, ALL),
    required("principals.performing[].organisation", Form::Text, ALL),
    field("principals.performing[].basis", Form::Text, ALL),
    required("principals.bed_owner[].organisation", Form::Text, ALL),
    field("principals.bed_owner[].basis", Form::Text, ALL),
    required("principals.payer[].organisation", Form::Text, ALL),
    field("principals.payer[].basis", Form::Text, ALL),
    field("provider", Form::Text, ALL),
    field("unit", Form::Text, ALL),
    required("start", Form::Date, PERIODS),
    required("date", Form::Date, DATED),
    field("end", Form::Date, ENDED),
    field("episode", Form::Text, IN_EPISODE),
    field("professions[]", Form::Text, DATED),
    field("facts.*[]", Form::Text, ALL),
    required("codes[].system", Form::Text, ALL),
    field("codes[].version", Form::Text, ALL),
    required("codes[].code", Form::Text, ALL),
    field("end_mode", Form::Text, EPISODE),
    field("decided_by", Form::Text, EPISODE),
    required("plans{}.kind", Form::Text, EPISODE),
    field("plans{}.legal_basis", Form::Text, EPISODE),
    field("plans{}.parties[]", Form::Text, EPISODE),
    required("plans{}.from", Form::Date, EPISODE),
    field("plans{}.until", Form::Date, EPISODE),
    required("responsibilities{}.role", Form::Text, EPISODE),
    field("responsibilities{}.unit", Form::Text, EPISODE),
    field("responsibilities{}.profession", Form::Text, EPISODE),
    required("responsibilities{}.from", Form::Date, EPISODE),
    field("responsibilities{}.until", Form::Date, EPISODE),
    required("segments{}.start", Form::Date, EPISODE),
    field("segments{}.end", Form::Date, EPISODE),
    field("segments{}.unit", Form::Text, EPISODE),
    field("segments{}.facts.*[]", Form::Text, EPISODE),
    required("segments{}.codes[].system", Form::Text, EPISODE),
    field("segments{}.codes[].version", Form::Text, EPISODE),
    required("segments{}.codes[].code", Form::Text, EPISODE),
    field("delegated", Form::Flag, CONTACT),
    required("reason.system", Form::Text, DATED),
    field("reason.version", Form::Text, DATED),
    required("reason.code", Form::Text, DATED),
    required("diagnoses[].system", Form::Text, CONTACT),
    field("diagnoses[].version", Form::Text, CONTACT),
    required("diagnoses[].code", Form::Text, CONTACT),
    required("external_causes[].system", Form::Text, CONTACT),
    field("external_causes[].version", Form::Text, CONTACT),
    required("external_causes[].code", Form::Text, CONTACT),
    required("procedures[].system", Form::Text, CONTACT),
    field("procedures[].version", Form::Text, CONTACT),
    required("procedures[].code", Form::Text, CONTACT),
    field("requested", Form::Date, CONTACT),
    field("first_contact", Form::Flag, CONTACT),
    field("ordered_by", Form::Text, MONITORING),
    field("measures[]", Form::Text, MONITORING),
    field("thresholds", Form::Flag, MONITORING),
    field("response_duty", Form::Flag, MONITORING),
    field("assessed_alarms", Form::Number, MONITORING),
    field("problem", Form::Text, REQUEST),
    field("channel", Form::Text, REQUEST),
    field("contacted", Form::Date, REQUEST),
    field("assessed", Form::Date, REQUEST),
    field("ending", Form::Text, REQUEST),
    field("ended", Form::Date, REQUEST),
];

/// A step of the way from a record to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Into the field with this name.
    Name(String),
    /// Into one of several items that one line holds.
    Items,
    /// Into the item that the line is.
    Rows,
}

/// What a column states: a field, of an axis, of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The field.
    pub field: &'static Field,
    /// The axis, where the field is a fact.
    pub axis: Option<String>,
    /// Which item of several the column states alone, from 1.
    pub item: Option<u16>,
}

impl Target {
    /// What a column with this name states; `None` when no record has such a field.
    pub fn named(name: &str) -> Option<Self> {
        let mut item = None;
        let mut parts = Vec::new();
        for part in name.split('.') {
            match part.parse::<u16>() {
                Ok(number) if item.is_none() && (1..=ITEM_MAX).contains(&number) => item = Some(number),
                _ => parts.push(part),
            }
        }
        let found = FIELDS.iter().find_map(|field| {
            let axis = field.matches(&parts)?;
            Some(Self { field, axis, item })
        })?;
        // A number stands behind the name of what there may be several of, and nowhere else.
        (item.is_none() || (found.field.pattern.contains("[]") && found.name() == name)).then_some(found)
    }

    /// The name of the column.
    pub fn name(&self) -> String {
        let mut name = String::new();
        let mut before = "";
        for part in self.field.pattern.split('.') {
            let bare = bare(part);
            if !(bare == "organisation" && Principals::ROLES.contains(&before)) {
                if !name.is_empty() {
                    name.push('.');
                }
                name.push_str(self.axis.as_deref().filter(|_| bare == "*").unwrap_or(bare));
            }
            if let (true, Some(item)) = (part.ends_with("[]"), self.item) {
                name.push_str(&format!(".{item}"));
            }
            before = bare;
        }
        name
    }

    /// The way to the value.
    pub(super) fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        for part in self.field.pattern.split('.') {
            let bare = bare(part);
            let name = self.axis.as_deref().filter(|_| bare == "*").unwrap_or(bare);
            steps.push(Step::Name(name.to_owned()));
            if part.ends_with("[]") {
                steps.push(Step::Items);
            } else if part.ends_with("{}") {
                steps.push(Step::Rows);
            }
        }
        steps
    }

    /// The path of the field as findings name it, without the places in lists.
    pub fn path(&self) -> String {
        let names = self.steps().into_iter().filter_map(|step| match step {
            Step::Name(name) => Some(name),
            Step::Items | Step::Rows => None,
        });
        names.collect::<Vec<_>>().join(".")
    }

    /// Whether the column may hold several values in a cell.
    pub fn holds_several(&self) -> bool {
        self.item.is_none() && self.field.pattern.contains("[]")
    }

    /// What a line holds one of, where the column is part of it, such as `segments`.
    pub fn row_group(&self) -> Option<&'static str> {
        self.field.pattern.split_once("{}").map(|(group, _)| group)
    }

    /// What the field is part of and may be left out with, such as `procedures`.
    pub fn part_of(&self) -> Option<String> {
        let pattern = self.field.pattern;
        let group = pattern.rsplit_once("[].").or_else(|| pattern.split_once("{}."));
        let (group, rest) =
            group.or_else(|| pattern.split_once('.').filter(|(name, _)| *name == "reason"))?;
        (!rest.ends_with("[]")).then(|| group.replace("{}", ""))
    }
}

impl Field {
    /// The field as a column of its own; of no axis.
    pub fn target(&'static self) -> Target {
        Target {
            field: self,
            axis: None,
            item: None,
        }
    }

    /// Whether it is the facts of an axis.
    pub fn is_fact(&self) -> bool {
        self.pattern.contains('*')
    }

    /// Whether the parts of a column's name name it: then the axis that they name, where it is of one.
    fn matches(&self, parts: &[&str]) -> Option<Option<String>> {
        let mut axis = None;
        let mut given = parts.iter();
        let mut before = "";
        for part in self.pattern.split('.') {
            let bare = bare(part);
            if !(bare == "organisation" && Principals::ROLES.contains(&before)) {
                let given = given.next()?;
                if bare == "*" && is_axis(given) {
                    axis = Some((*given).to_owned());
                } else if bare != *given {
                    return None;
                }
            }
            before = bare;
        }
        given.next().is_none().then_some(axis)
    }
}

fn bare(part: &str) -> &str {
    part.trim_end_matches("[]").trim_end_matches("{}")
}

/// Whether a text has the form of the id of an axis, which may be repeated.
fn is_axis(text: &str) -> bool {
    !text.is_empty() && safe_echo(text) == text && !text.contains(['.', '_'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_fields_and_back() {
        for field in FIELDS {
            let mut target = field.target();
            target.axis = field.is_fact().then(|| "place".to_owned());
            assert_eq!(Target::named(&target.name()), Some(target.clone()), "{target:?}");
            if target.holds_several() {
                target.item = Some(12);
                assert_eq!(Target::named(&target.name()), Some(target));
            }
        }
        for (name, path) in [
            ("procedures.2.code", "procedures.code"),
            ("principals.responsible", "principals.responsible.organisation"),
            ("principals.responsible.2.basis", "principals.responsible.basis"),
            ("segments.facts.bed", "segments.facts.bed"),
            ("professions.3", "professions"),
        ] {
            let target = Target::named(name).unwrap();
            assert_eq!((target.name().as_str(), target.path().as_str()), (name, path));
        }
        for name in [
            "",
            "facts",
            "facts.",
            "facts.Place",
            "facts.a198211059954",
            "procedures.code.2",
            "procedures.0.code",
            "id.1",
            "segments.2.start",
            "person",
            "procedures.1.2.code",
            "procedures.100.code",
        ] {
            assert_eq!(Target::named(name), None, "{name}");
        }
    }

    #[test]
    fn what_a_field_is_part_of() {
        let part = |name: &str| Target::named(name).unwrap().part_of();
        assert_eq!(part("procedures.code").as_deref(), Some("procedures"));
        assert_eq!(part("segments.start").as_deref(), Some("segments"));
        assert_eq!(part("segments.codes.code").as_deref(), Some("segments.codes"));
        assert_eq!(part("reason.code").as_deref(), Some("reason"));
        assert_eq!(part("person.number"), None);
        assert_eq!(part("plans.parties"), None);
        assert_eq!(part("id"), None);
    }
}
