//! What became of a concept: over the releases that hold it, and by the dates that it states itself.

use std::sync::Arc;

use maud::{Markup, html};
use vardnav_release::Snapshot;
use vardnav_terminology::ConceptView;
use vardnav_terminology::history::{Difference, Event, Happening, Point, Turn, Turning, history, turns};

use super::words::{concept_status, relation, term_status, validity};
use crate::Source;
use crate::address::{Address, Language};

/// Events that are told.
const EVENTS_MAX: usize = 500;

/// The releases with the edition of a code system that each of them carries.
pub(super) fn releases(source: &dyn Source, system: &str) -> Vec<Arc<Snapshot>> {
    let carries = |release: &Arc<Snapshot>| release.carries(system);
    source.releases().into_iter().filter(carries).collect()
}

/// The editions of a code system over releases.
pub(super) fn points<'r>(releases: &'r [Arc<Snapshot>], system: &str) -> Vec<Point<'r>> {
    let point = |release: &'r Arc<Snapshot>| {
        let edition = release
            .catalog
            .editions()
            .find(|edition| edition.url() == system)?;
        Some(Point {
            label: &release.id,
            date: Some(release.from),
            edition,
        })
    };
    releases.iter().filter_map(point).collect()
}

/// The history of a concept.
pub(super) fn section(source: &dyn Source, concept: ConceptView<'_>, address: &Address) -> Markup {
    let language = address.language;
    let say = |sv, en| language.pick(sv, en);
    let system = concept.edition().url();
    let releases = releases(source, system);
    let points = points(&releases, system);
    let events = history(concept.code(), &points);
    let turns = turns(concept);
    html! {
        @if !events.is_empty() || !turns.is_empty() {
            section {
                h2 { (say("Historik", "History")) }
                ol class="history" {
                    @for event in events.iter().take(EVENTS_MAX) {
                        li {
                            span class="when" { (say("Release ", "Release ")) (event.label)
                                @if let Some(date) = event.date { span class="soft" { ", " time { (date) } } } }
                            span { (told(event, language)) }
                        }
                    }
                    @for turn in turns.iter().take(EVENTS_MAX) {
                        li { span class="when" { time { (turn.date) } } span { (turned(turn, language)) } }
                    }
                }
            }
        }
    }
}

fn told(event: &Event<'_>, language: Language) -> String {
    let say = |sv: &str, en: &str| language.pick(sv, en).to_owned();
    match &event.what {
        Happening::FirstSeen(_) => say("begreppet infördes", "the concept was introduced"),
        Happening::Returned(_) => say("begreppet kom tillbaka", "the concept returned"),
        Happening::Gone(_) => say("begreppet finns inte längre", "the concept is no more"),
        Happening::Changed(difference) => changed(difference, language),
    }
}

/// What is other, in words.
pub(super) fn changed(difference: &Difference<'_>, language: Language) -> String {
    let two = |sv: &str, en: &str, what: &str| format!("{}: {what}", language.pick(sv, en));
    let either = |yes: bool, sv: (&str, &str), en: (&str, &str)| {
        let (sv, en) = if yes { (sv.0, en.0) } else { (sv.1, en.1) };
        language.pick(sv, en).to_owned()
    };
    match *difference {
        Difference::Status { old, new } => {
            let step = format!(
                "{} → {}",
                concept_status(old, language),
                concept_status(new, language)
            );
            two("status", "status", &step)
        }
        Difference::Validity { new, .. } => two("giltighet", "validity", &validity(new, language)),
        Difference::StatusReason { new, .. } => two("skäl till statusen", "reason for the status", new),
        Difference::Steward { new, .. } => two("förvaltare", "steward", new),
        Difference::NotSelectable { new, .. } => either(
            new,
            ("grupperar nu bara andra begrepp", "kan nu väljas"),
            ("now only groups other concepts", "may now be chosen"),
        ),
        Difference::DesignationAdded(term) => two(
            "ny term",
            "new term",
            &format!("{} ({})", term.text, term_status(term.status, language)),
        ),
        Difference::DesignationRemoved(term) => two("term borttagen", "term removed", term.text),
        Difference::DesignationChanged { old, new } if old.status != new.status => {
            let step = format!(
                "{}, {} → {}",
                new.text,
                term_status(old.status, language),
                term_status(new.status, language)
            );
            two("termens status", "status of the term", &step)
        }
        Difference::DesignationChanged { new, .. } => two("term ändrad", "term changed", new.text),
        Difference::DefinitionAdded(new) => two("ny definition", "new definition", new.text),
        Difference::DefinitionRemoved(old) => two("definition borttagen", "definition removed", old.text),
        Difference::DefinitionChanged { old, new } if old.text != new.text => {
            let step = format!("”{}” → ”{}”", old.text, new.text);
            two("definitionen ändrad", "definition changed", &step)
        }
        Difference::DefinitionChanged { new, .. } => {
            two("definitionens källa", "source of the definition", new.source)
        }
        Difference::ParentAdded(code) => two("nytt överordnat begrepp", "new superordinate concept", code),
        Difference::ParentRemoved(code) => two("inte längre underordnat", "no longer subordinate to", code),
        Difference::RelationAdded(new) => {
            let what = format!("{} {}", relation(new.kind, language), new.target);
            two("ny relation", "new relation", &what)
        }
        Difference::RelationRemoved(old) => {
            let what = format!("{} {}", relation(old.kind, language), old.target);
            two("relation borttagen", "relation removed", &what)
        }
        Difference::NoteAdded(note) => two("ny anmärkning", "new note", note.text),
        Difference::NoteRemoved(note) => two("anmärkning borttagen", "note removed", note.text),
        Difference::FeatureAdded(note) => two("nytt kännetecken", "new feature", note.text),
        Difference::FeatureRemoved(note) => two("kännetecken borttaget", "feature removed", note.text),
        Difference::SubjectFieldAdded(field) => two("nytt ämnesområde", "new subject field", field),
        Difference::SubjectFieldRemoved(field) => {
            two("ämnesområde borttaget", "subject field removed", field)
        }
        Difference::PropertyAdded(property) => two(
            "ny egenskap",
            "new property",
            &format!("{} = {}", property.name, property.value),
        ),
        Difference::PropertyRemoved(property) => two(
            "egenskap borttagen",
            "property removed",
            &format!("{} = {}", property.name, property.value),
        ),
    }
}

fn turned(turn: &Turn<'_>, language: Language) -> String {
    let say = |sv, en| language.pick(sv, en);
    match turn.what {
        Turning::Concept if turn.begins => say("koden får användas", "the code may be used").to_owned(),
        Turning::Concept => {
            say("koden får inte längre användas", "the code may no longer be used").to_owned()
        }
        Turning::Designation(term) => {
            let verb = if turn.begins {
                say("blir", "becomes")
            } else {
                say("är inte längre", "is no longer")
            };
            format!("{} {verb} {}", term.text, term_status(term.status, language))
        }
        Turning::Relation(found) => {
            let verb = if turn.begins {
                say("börjar gälla", "begins")
            } else {
                say("upphör", "ends")
            };
            format!("{} {} {verb}", relation(found.kind, language), found.target)
        }
    }
}
