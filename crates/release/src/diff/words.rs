//! Differences as sentences, in Swedish and English.

use vardnav_classification::model::Label;

use super::{Change, Kind, What};
use crate::source::Place;

/// Longest part of a text that a sentence repeats, in characters.
const QUOTE_MAX: usize = 300;

/// A difference as one line.
pub fn line(change: &Change) -> Label {
    let subject = subject(change);
    let (before, after) = (quote(&change.before), quote(&change.after));
    let aspect = aspect(change.aspect);
    let text = |sv: String, en: String| Label { sv, en };
    let is_name = !change.name.is_empty() && [&change.before, &change.after].contains(&&change.name);
    let with = |text: &str| {
        if text.is_empty() || is_name {
            String::new()
        } else {
            format!(": {text}")
        }
    };
    let line = match change.what {
        What::Added => text(
            format!("{} tillkommer{}", subject.sv, with(&after)),
            format!("{} is added{}", subject.en, with(&after)),
        ),
        What::Removed => text(
            format!("{} utgår{}", subject.sv, with(&before)),
            format!("{} is removed{}", subject.en, with(&before)),
        ),
        What::Moved => {
            let place = |id: &str| match id {
                "" => ("först".to_owned(), "first".to_owned()),
                id => (format!("efter {id}"), format!("after {id}")),
            };
            let ((from_sv, from_en), (to_sv, to_en)) = (place(&change.before), place(&change.after));
            text(
                format!("{} flyttas: stod {from_sv}, står {to_sv}", subject.sv),
                format!("{} is moved: stood {from_en}, stands {to_en}", subject.en),
            )
        }
        What::Changed if before.is_empty() => text(
            format!("{}: {} tillkommer: {after}", subject.sv, aspect.sv),
            format!("{}: {} is added: {after}", subject.en, aspect.en),
        ),
        What::Changed if after.is_empty() => text(
            format!("{}: {} utgår: {before}", subject.sv, aspect.sv),
            format!("{}: {} is removed: {before}", subject.en, aspect.en),
        ),
        What::Changed => text(
            format!("{}: {} ändras från {before} till {after}", subject.sv, aspect.sv),
            format!("{}: {} changes from {before} to {after}", subject.en, aspect.en),
        ),
    };
    let at = place(change);
    text(format!("{}{at}", line.sv), format!("{}{at}", line.en))
}

/// A change that conflicts with another, as one line.
pub fn conflict(ours: &Change, theirs: &Change) -> Label {
    let (ours, theirs) = (line(ours), line(theirs));
    Label {
        sv: format!("båda ändrar. Utkastet: {}. Releasen: {}", ours.sv, theirs.sv),
        en: format!(
            "both change it. The draft: {}. The release: {}",
            ours.en, theirs.en
        ),
    }
}

fn subject(change: &Change) -> Label {
    let kind = kind(change.kind);
    let id = if change.id == change.kind.name() {
        String::new()
    } else if change.name.is_empty() {
        format!(" {}", change.id)
    } else {
        format!(" {} ({})", change.id, change.name)
    };
    Label {
        sv: format!("{}{id}", kind.sv),
        en: format!("{}{id}", kind.en),
    }
}

fn place(change: &Change) -> String {
    let at = |place: &Place| match (place.file.as_str(), place.line) {
        ("", _) => None,
        (file, 0) => Some(file.to_owned()),
        (file, line) => Some(format!("{file}:{line}")),
    };
    at(&change.new)
        .or_else(|| at(&change.old))
        .map(|place| format!(" [{place}]"))
        .unwrap_or_default()
}

fn quote(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let mut quoted: String = text.chars().take(QUOTE_MAX).collect();
    if quoted.len() < text.len() {
        quoted.push('…');
    }
    format!("”{quoted}”")
}

/// What a kind of element is called.
pub fn kind(kind: Kind) -> Label {
    let (sv, en) = match kind {
        Kind::Release => ("releasen", "the release"),
        Kind::Edition => ("bunden utgåva", "bound edition"),
        Kind::Axis => ("axel", "axis"),
        Kind::AxisValue => ("axelvärde", "axis value"),
        Kind::ValueSet => ("urval", "value set"),
        Kind::Table => ("beslutstabell", "decision table"),
        Kind::TableValue => ("tabellvärde", "table value"),
        Kind::Rule => ("regel", "rule"),
        Kind::Point => ("olöst punkt", "unsettled point"),
        Kind::Exclusion => ("utesluten kombination", "excluded combination"),
        Kind::Contradiction => ("motsägelse", "contradiction"),
        Kind::CodeSystem => ("kodsystem", "code system"),
        Kind::Concept => ("begrepp", "concept"),
        Kind::Variable => ("variabel", "variable"),
        Kind::Check => ("kontroll", "check"),
        Kind::LegalBasis => ("rättslig grund", "legal basis"),
        Kind::WithdrawalReason => ("skäl för återtagande", "reason of withdrawals"),
        Kind::Purpose => ("ändamål", "purpose"),
        Kind::Units => ("uppgifter om vårdenheter", "what is said of care units"),
        Kind::Register => ("register", "register"),
        Kind::LockException => ("undantag från låsning", "exception from a lock"),
        Kind::ReservePattern => ("mönster för reservnummer", "pattern of reserve numbers"),
        Kind::Limits => ("gränser i tid", "limits in time"),
        Kind::Indicator => ("indikator", "indicator"),
        Kind::Disclosure => ("röjandekontroll", "disclosure control"),
        Kind::Measure => ("mått", "measure"),
        Kind::Breakdown => ("uppdelning", "breakdown"),
        Kind::Goal => ("målord", "goal keyword"),
        Kind::StandardPopulation => ("standardpopulation", "standard population"),
        Kind::Map => ("mappning", "map"),
        Kind::MapRow => ("mappningsrad", "row of a map"),
    };
    Label {
        sv: sv.to_owned(),
        en: en.to_owned(),
    }
}

/// What an aspect of an element is called; one that is not known by its own name.
pub fn aspect(name: &str) -> Label {
    let sv = match name {
        "name-sv" => "svenskt namn",
        "name-en" => "engelskt namn",
        "title" | "title-sv" => "titel",
        "title-en" => "engelsk titel",
        "summary-sv" => "sammanfattning",
        "summary-en" => "engelsk sammanfattning",
        "definition" | "definition-sv" => "definition",
        "definition-en" => "engelsk definition",
        "message-sv" => "meddelande",
        "message-en" => "engelskt meddelande",
        "remedy-sv" => "åtgärd",
        "remedy-en" => "engelsk åtgärd",
        "from" => "första datum",
        "until" => "slutdatum",
        "in-force-from" => "gäller från",
        "procedure" => "förfarande",
        "version" => "version",
        "condition" => "villkor",
        "outcome" => "utfall",
        "chosen" => "vald variant",
        "variants" => "varianter",
        "legal-basis" => "rättslig grund",
        "status" => "status",
        "status-reason" => "skäl till status",
        "dates" => "giltighet",
        "designation" => "term",
        "parent" => "överordnat begrepp",
        "relation" => "relation",
        "note" => "anmärkning",
        "feature" => "särskiljande drag",
        "subject-field" => "ämnesområde",
        "property" => "egenskap",
        "values" => "värden",
        "axis" => "axel",
        "grains" => "gäller för",
        "multiple" => "flera värden samtidigt",
        "sources" => "källor till fakta",
        "derivation" => "härledning",
        "hit-policy" => "träffpolicy",
        "path" => "plats i posten",
        "kinds" => "slag av post",
        "required" => "obligatorisk",
        "code-systems" => "kodsystem",
        "severity" => "tyngd",
        "mechanism" => "mekanism",
        "family" => "familj",
        "citation" => "lagrum",
        "earliest" => "tidigaste vårddatum",
        "days-ahead" => "dagar framåt",
        "age-max" => "högsta ålder",
        "geography" => "kodsystem för geografi",
        "numerator-sv" => "täljare",
        "denominator-sv" => "nämnare",
        "exclusions-sv" => "undantag",
        "goals" => "mål",
        "plain-sv" => "i klarspråk",
        "population-sv" => "population",
        "unit-sv" => "enhet",
        "reason-sv" => "skäl",
        "factor" => "faktor",
        "direction" => "riktning",
        "interval" => "intervall",
        "standard" => "standardpopulation",
        "window" => "tidsfönster",
        "breaks" => "brott i serien",
        "side-by-side" => "visas alltid bredvid",
        "ratio-between" => "kvot mellan",
        "of" => "räknas på",
        "counts" => "vad som räknas",
        "dated" => "datum som avgör",
        "exclusion" => "undantag",
        "by" => "hämtas ur",
        "adopted" => "fastställt",
        "bands" => "åldersband",
        "source" => "källa",
        "feed" => "inflöde",
        "certainty" => "säkerhet",
        "breakdowns" => "uppdelningar",
        "method-version" => "metodversion",
        "counted-table" => "räknad tabell",
        "counted-grain" => "vad som räknas",
        "min-count" => "minsta antal",
        "min-denominator" => "minsta nämnare",
        "ladder" => "förgrovning",
        "relationship" => "förhållande",
        "primary-days" => "dagar till första leverans",
        "refresh-days" => "dagar till omleverans",
        "whole" => "gäller i stället för post för post",
        "periods" => "perioder",
        "id" => "id",
        other => other,
    };
    Label {
        sv: sv.to_owned(),
        en: english(name),
    }
}

fn english(name: &str) -> String {
    let text = match (name.strip_suffix("-sv"), name.strip_suffix("-en")) {
        (Some(name), _) => format!("{name} (Swedish)"),
        (_, Some(name)) => format!("{name} (English)"),
        (None, None) => name.to_owned(),
    };
    text.replace('-', " ")
}
