//! What code systems, value sets and maps have in common when they are read: the head, designations, extensions.

use jiff::civil::Date;
use vardnav_register::text::shape;
use vardnav_terminology::model::{
    Designation, DesignationStatus, LocalizedText, Publication, PublicationStatus, Validity,
};

use super::finding::Problems;
use super::shapes;
use super::valued::Valued;
use super::words::{self, DESIGNATION_STATUS, PUBLICATION_STATUS, own};

/// A code as it may stand in a message.
pub(super) fn shown(code: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || ".-_".contains(character);
    let digits = code.bytes().filter(u8::is_ascii_digit).count();
    if code.len() <= 24 && digits < 9 && code.chars().all(plain) {
        code.to_owned()
    } else {
        shape(code)
    }
}

/// What a resource says of itself as a published thing. Takes texts out of the head.
pub(super) fn publication(head: &mut shapes::Head, problems: &mut Problems) -> Publication {
    let status = match head.status.as_str() {
        "" => PublicationStatus::Unknown,
        status => words::meaning(PUBLICATION_STATUS, status).unwrap_or_else(|| {
            problems.error("VN-IMP-204", "status", "not a status of FHIR");
            PublicationStatus::Unknown
        }),
    };
    let text = |url: &str| {
        let found = head.extension.iter().find(|extension| extension.name == url);
        found.map_or(String::new(), |extension| extension.text().to_owned())
    };
    Publication {
        status,
        steward: text(&format!("{}steward", words::OWN)),
        standards_status: text(words::STANDARDS_STATUS),
        name: std::mem::take(&mut head.name),
        experimental: head.experimental.unwrap_or_default(),
        date: std::mem::take(&mut head.date),
        publisher: std::mem::take(&mut head.publisher),
        description: std::mem::take(&mut head.description),
        copyright: std::mem::take(&mut head.copyright),
    }
}

/// Says that a required text is missing.
pub(super) fn require(text: &str, place: &str, problems: &mut Problems) {
    if text.is_empty() {
        problems.error("VN-IMP-203", place, "missing or empty");
    }
}

/// The status that FHIR's designations have, which it does not say: the first of a language that is used for display is
/// recommended, others are accepted.
#[derive(Debug, Default)]
pub(super) struct ImpliedStatus {
    languages: Vec<String>,
}

impl ImpliedStatus {
    /// The status of the next designation, in the language given.
    pub(super) fn next(&mut self, language: &str, usage: &str) -> DesignationStatus {
        let code = usage.rsplit_once('|').map_or(usage, |(_, code)| code);
        let displays = matches!(
            code,
            "" | "display" | "preferredForLanguage" | "900000000000013009" | "900000000000548007"
        );
        if !displays || self.languages.iter().any(|known| known == language) {
            return DesignationStatus::Accepted;
        }
        self.languages.push(language.to_owned());
        DesignationStatus::Recommended
    }
}

/// A designation as FHIR writes it; one without text is passed over.
pub(super) fn designation(
    read: shapes::Designation,
    own_language: &str,
    implied: &mut ImpliedStatus,
    place: &dyn Fn() -> String,
    problems: &mut Problems,
) -> Option<Designation> {
    if read.value.is_empty() {
        problems.warn(
            "VN-IMP-203",
            &place(),
            "a designation without a value is passed over",
        );
        return None;
    }
    let usage = read.usage.map(|usage| usage.into_text()).unwrap_or_default();
    let language = if read.language.is_empty() {
        own_language
    } else {
        &read.language
    };
    let mut designation = Designation {
        status: implied.next(language, &usage),
        text: read.value,
        language: read.language,
        usage,
        ..Designation::default()
    };
    extend(&mut designation, &read.extension, place, problems);
    Some(designation)
}

/// What extensions say of a designation.
pub(super) fn extend(
    designation: &mut Designation,
    extensions: &[Valued],
    place: &dyn Fn() -> String,
    problems: &mut Problems,
) {
    for extension in extensions {
        let text = extension.text();
        match own(&extension.name) {
            Some("designation-status") => match words::meaning(DESIGNATION_STATUS, text) {
                Some(status) => designation.status = status,
                None => problems.error("VN-IMP-211", &place(), "not a status of a designation"),
            },
            Some("validity") => designation.validity = validity(extension, place, problems),
            Some("scope") => text.clone_into(&mut designation.scope),
            Some("domain") => text.clone_into(&mut designation.domain),
            Some("comment") => text.clone_into(&mut designation.comment),
            Some("language-unstated") => designation.language.clear(),
            Some(_) => {}
            None if extension.name == words::LANGUAGE => text.clone_into(&mut designation.language),
            None if extension.name == words::STANDARDS_STATUS => {
                if matches!(text, "deprecated" | "withdrawn") {
                    designation.status = DesignationStatus::Deprecated;
                }
            }
            None => {}
        }
    }
}

/// The text of a part of an extension.
pub(super) fn part<'v>(extension: &'v Valued, name: &str) -> &'v str {
    extension
        .extension
        .iter()
        .find(|part| part.name == name)
        .map_or("", Valued::text)
}

/// The parts of an extension that have a name.
pub(super) fn parts<'v>(extension: &'v Valued, name: &'static str) -> impl Iterator<Item = &'v Valued> {
    extension.extension.iter().filter(move |part| part.name == name)
}

/// An interval of dates, of the parts `from` and `until`.
pub(super) fn validity(extension: &Valued, place: &dyn Fn() -> String, problems: &mut Problems) -> Validity {
    let mut date = |name: &str| -> Option<Date> {
        let text = part(extension, name);
        if text.is_empty() {
            return None;
        }
        let date = text.parse().ok();
        if date.is_none() {
            problems.error("VN-IMP-211", &place(), "not a date");
        }
        date
    };
    Validity {
        from: date("from"),
        until: date("until"),
    }
}

/// A text with its language, of the parts `language` and `text`.
pub(super) fn localized(extension: &Valued) -> LocalizedText {
    LocalizedText {
        language: part(extension, "language").to_owned(),
        text: part(extension, "text").to_owned(),
    }
}
