//! Cross checks of a release in source form: what must hold between its parts before it may be published.
//! Every check looks at all of the release and answers with findings; none repairs anything.

mod description;
mod indicators;
mod maps;
mod measures;
mod register;
mod termbank;
mod terms;

use jiff::civil::Date;
use vardnav_classification::model::Label;
use vardnav_classification::{DescriptionSystem, verify};
use vardnav_register::text::holds_personal_number;
use vardnav_terminology::model::Validity;

use crate::source::{Element, Place, ReleaseFinding, ReleaseSource};

/// Codes of the findings of this module: what they mean, how to mend it. Codes `VN-REL-001` to `099` are about
/// reading files, `201` on about drafts, `301` on about packages.
pub const CODES: &[(&str, &str, &str)] = &[
    (
        "VN-REL-101",
        "the head of the release is incomplete",
        "state id, title, summary and the version of every edition in release.toml",
    ),
    (
        "VN-REL-102",
        "a legal basis is missing or unknown",
        "name a basis of register/legal.toml, with the status it has there",
    ),
    (
        "VN-REL-103",
        "the description system does not compile or is not proven",
        "correct the names, or cover the facts that the message shows, under the variant that it names; a table has a rule for everything and no rule in vain",
    ),
    (
        "VN-REL-104",
        "an id or code is given twice",
        "give each an id of its own",
    ),
    (
        "VN-REL-105",
        "not exactly one recommended term in a language on a date",
        "let one recommended term end on the date on which the next begins",
    ),
    (
        "VN-REL-106",
        "a parent or the target of a relation does not exist",
        "name a concept of the same code system",
    ),
    (
        "VN-REL-107",
        "dates are not sane",
        "let an interval end after its start, and intervals that exclude each other not overlap",
    ),
    (
        "VN-REL-108",
        "an indicator is incomplete",
        "state what the message says is missing in indicators.toml",
    ),
    (
        "VN-REL-109",
        "a validation mechanism is unknown or has no check",
        "name a mechanism that exists, and give each one a check in register/checks.toml",
    ),
    (
        "VN-REL-110",
        "an exclusion or contradiction has no check of its own",
        "add a check with its code to register/checks.toml",
    ),
    (
        "VN-REL-111",
        "a code system is neither the release's own nor bound, or the variable is not coded",
        "correct the address, add the code system, or bind an edition in release.toml",
    ),
    (
        "VN-REL-112",
        "a text is missing",
        "state it in Swedish and English",
    ),
    (
        "VN-REL-113",
        "a definition does not name its source",
        "state its source",
    ),
    (
        "VN-REL-114",
        "the hierarchy of a code system has a cycle",
        "remove one of the parents",
    ),
    (
        "VN-REL-115",
        "a variable's path is unknown, or a path has no variable",
        "describe every path of a record in register/variables.toml, once and for the kinds that have it",
    ),
    (
        "VN-REL-116",
        "a number is out of bounds",
        "keep to the bounds that the message states",
    ),
    (
        "VN-REL-117",
        "the check of an exclusion does not refuse, or that of a contradiction or of records together does not only warn",
        "give exclusions checks of severity error that hold from the release's first date, contradictions and what is found of records together checks of severity warning",
    ),
    (
        "VN-REL-118",
        "a text holds what must be taken for a personal number",
        "leave it out; a release is public and never changes",
    ),
    (
        "VN-REL-119",
        "definitions lead in a circle: each uses a term of the next",
        "state in one of them what sets the concept apart without that term",
    ),
    (
        "VN-REL-120",
        "a definition uses a deprecated term",
        "use the recommended term that the message names",
    ),
    (
        "VN-REL-121",
        "a term is recommended for two concepts in the same language and domain at the same time",
        "recommend another term for one of them, or state the domain in which each holds",
    ),
    (
        "VN-REL-122",
        "a concept of the terms has no definition, or one that does not exist",
        "define it, mark it with `heading = true`, or name in `definition-see` the concept that tells it",
    ),
    (
        "VN-REL-123",
        "a definition only repeats the term",
        "state the superordinate concept and what sets this one apart",
    ),
    (
        "VN-REL-124",
        "a parent or a relation leads to a withdrawn concept",
        "remove it, end it, or lead it to the concept that is used instead",
    ),
    (
        "VN-REL-125",
        "a relation is not stated at its other end, or both ways where it can hold one way only",
        "state it at both concepts with the same kind, replaced-by against replaces; a part names no whole",
    ),
    (
        "VN-REL-126",
        "a replacement has no first date",
        "state from which date it holds",
    ),
    (
        "VN-REL-127",
        "a concept is not agreed on or withdrawn, and nothing says why",
        "state `status-reason`",
    ),
    (
        "VN-REL-128",
        "a concept diagram is not sound",
        "give it an id and concepts of its code system, each once and each at a place of its own",
    ),
    (
        "VN-REL-129",
        "a legal basis of a variable is for a register that does not exist",
        "name a register of register/deliveries.toml, or none when the basis holds for every register",
    ),
    (
        "VN-REL-131",
        "a map leads to an axis that does not exist or takes no mapped facts, or to a value that the axis does not have",
        "name an axis whose sources in axes.toml hold `mapped`, and one of its values",
    ),
    (
        "VN-REL-132",
        "two rows of a map say something of the same code and value, or settle different values of an axis that takes one, on the same date",
        "keep one of the rows, or let the first end on the date on which the second begins",
    ),
    (
        "VN-REL-133",
        "a row of a map ends before or when it begins",
        "let it end after its first date, or leave it out",
    ),
    (
        "VN-REL-134",
        "a map has no address, version or row, or a row has no code system or code",
        "state url, version and title before the header, and system and code in each row",
    ),
    (
        "VN-REL-135",
        "an axis takes mapped facts before those stated in the record",
        "let `mapped` stand after `record` among its sources in axes.toml",
    ),
    (
        "VN-REL-138",
        "a table of hit policy first has no guard",
        "end it with a row that has `held` as its value, no conditions and no reason, such as `E99,…,held,…`",
    ),
    (
        "VN-REL-139",
        "no reason of withdrawals or no purpose is stated, or one has a code that cannot be used",
        "state at least one of each in register/withdrawals.toml and register/purposes.toml, with a code of a–z, 0–9 and `-` that is not `not-in-delivery`",
    ),
    (
        "VN-REL-141",
        "an indicator, measure or breakdown names a measure, table, axis, value or variable that does not exist",
        "name one that the release has; a measure may name measures that stand before it in measures.toml",
    ),
    (
        "VN-REL-142",
        "a figure cannot be counted as it is stated",
        "let what is counted, its conditions, its feed and its interval fit each other, as the message says",
    ),
    (
        "VN-REL-143",
        "an indicator names a breakdown, goal or standard population that the release does not declare",
        "declare it in measures.toml, or leave it out",
    ),
    (
        "VN-REL-144",
        "a standard population cannot be used",
        "begin its bands at age 0, let them rise, and give at least one a weight",
    ),
    (
        "VN-REL-150",
        "what is said of care units names an axis, a value or a number that cannot be used",
        "in register/units.toml, name axes and kinds of beds that the release has, and let a physician answer for at least one",
    ),
];

/// Checks a release. It may be published when no finding is an error.
pub fn check(source: &ReleaseSource) -> Vec<ReleaseFinding> {
    let mut found = Findings {
        source,
        list: Vec::new(),
    };
    head(&mut found);
    terms::check(&mut found);
    termbank::check(&mut found);
    register::check(&mut found);
    description::check(&mut found);
    maps::check(&mut found);
    indicators::check(&mut found);
    measures::check(&mut found);
    let mut list = found.list;
    list.sort();
    list.dedup();
    list
}

/// What the proofs tell of the release's tables, with the system that they tell of; `None` when it is not read whole or
/// does not compile, and [`check`] and the reading of its files say why.
pub fn proofs(source: &ReleaseSource) -> Option<(DescriptionSystem, verify::Report)> {
    if !description::is_whole(source) {
        return None;
    }
    let system = DescriptionSystem::compile(source.description.clone()).ok()?;
    let report = verify::report(&system, source.head.from);
    Some((system, report))
}

/// Collects findings with their places.
struct Findings<'a> {
    source: &'a ReleaseSource,
    list: Vec<ReleaseFinding>,
}

impl Findings<'_> {
    fn error(&mut self, code: &'static str, at: &Element, message: impl Into<String>) {
        let place = self.source.places.of(at);
        self.list.push(ReleaseFinding::error(code, place, message));
    }

    fn warning(&mut self, code: &'static str, at: &Element, message: impl Into<String>) {
        let place = self.source.places.of(at);
        self.list.push(ReleaseFinding::warning(code, place, message));
    }

    fn at(&mut self, code: &'static str, place: Place, message: impl Into<String>) {
        self.list.push(ReleaseFinding::error(code, place, message));
    }

    /// It holds no personal number.
    fn harmless(&mut self, at: &Element, what: &str, text: &str) {
        if holds_personal_number(text) {
            self.error("VN-REL-118", at, format!("{what} holds a personal number"));
        }
    }

    /// Both languages are there, and hold no personal number.
    fn text(&mut self, at: &Element, what: &str, text: &Label) {
        for (language, text) in [("Swedish", &text.sv), ("English", &text.en)] {
            if text.trim().is_empty() {
                self.error("VN-REL-112", at, format!("{what} has no {language} text"));
            }
            self.harmless(at, what, text);
        }
    }

    fn interval(&mut self, at: &Element, what: &str, from: Option<Date>, until: Option<Date>) {
        if let (Some(from), Some(until)) = (from, until)
            && until <= from
        {
            self.error(
                "VN-REL-107",
                at,
                format!("{what} ends on {until}, not after its start {from}"),
            );
        }
    }

    fn validity(&mut self, at: &Element, what: &str, validity: Validity) {
        self.interval(at, what, validity.from, validity.until);
    }

    fn legal_basis(&mut self, at: &Element, what: &str, id: &str) {
        if !self
            .source
            .register
            .legal_bases
            .iter()
            .any(|basis| basis.id == id)
        {
            let message = if id.is_empty() {
                format!("{what} names no legal basis")
            } else {
                format!("{what} names legal basis `{id}`, which the release does not have")
            };
            self.error("VN-REL-102", at, message);
        }
    }

    fn code_system(&mut self, at: &Element, what: &str, url: &str) {
        let own = self.source.code_systems.iter().any(|system| system.url == url);
        let bound = self
            .source
            .head
            .bindings
            .iter()
            .any(|binding| binding.system == url);
        if !own && !bound {
            let message =
                format!("{what} names code system `{url}`, which is neither the release's own nor bound");
            self.error("VN-REL-111", at, message);
        }
    }
}

fn head(found: &mut Findings<'_>) {
    let head = &found.source.head;
    if head.id.is_empty()
        || head.id.len() > crate::lifecycle::ID_BYTES_MAX
        || !head
            .id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
    {
        let message = "the release's id is not 1 to 64 letters, digits, `.`, `_` or `-`";
        found.error("VN-REL-101", &Element::Head, message);
    }
    found.harmless(&Element::Head, "the release's id", &head.id);
    found.text(&Element::Head, "the title", &head.title);
    found.text(&Element::Head, "the summary", &head.summary);
    for (position, binding) in head.bindings.iter().enumerate() {
        let at = Element::Binding(binding.system.clone(), binding.version.clone());
        if binding.system.is_empty() || binding.version.is_empty() {
            found.error(
                "VN-REL-101",
                &at,
                "an edition is bound without code system or version",
            );
        }
        found.interval(&at, "the binding", binding.from, binding.until);
        let overlaps = head.bindings.iter().take(position).any(|other| {
            other.system == binding.system
                && other
                    .from
                    .zip(binding.until)
                    .is_none_or(|(from, until)| from < until)
                && binding
                    .from
                    .zip(other.until)
                    .is_none_or(|(from, until)| from < until)
        });
        if overlaps {
            let message = format!(
                "two editions of `{}` are bound for the same dates",
                binding.system
            );
            found.error("VN-REL-107", &at, message);
        }
        if found
            .source
            .code_systems
            .iter()
            .any(|system| system.url == binding.system)
        {
            let message = format!(
                "`{}` is bound as an edition and defined in the release",
                binding.system
            );
            found.error("VN-REL-104", &at, message);
        }
    }
}
