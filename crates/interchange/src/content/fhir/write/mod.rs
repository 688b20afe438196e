//! Writing FHIR resources. Fields stand in FHIR's order, so that the same content is always the same text. What is
//! written is read back by this module's neighbours as it was, with these exceptions:
//!
//! - targets of maps without a code are left out;
//! - a parent, child or value named twice comes back once;
//! - elements that FHIR does not allow to be empty, such as a designation without text, do not come back.
//!
//! R4 and R5 differ in `ConceptMap` alone. Operators of filters that R4 lacks are written all the same.

mod code_system;
mod components;
mod concept_map;
mod extras;
mod value_set;

use std::io;

use serde::Serialize;
use vardnav_terminology::model::{
    CodeSystem, ConceptMap, Designation, DesignationStatus, LocalizedText, Publication, Validity, ValueSet,
};

use super::reading::ImpliedStatus;
use super::shapes;
use super::valued::{Coding, ValueKind, Valued};
use super::words::{DESIGNATION_STATUS, LANGUAGE, OWN, PUBLICATION_STATUS, STANDARDS_STATUS, word};

/// A version of FHIR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FhirVersion {
    /// 4.0.1
    R4,
    /// 5.0.0
    R5,
}

/// Writes a code system, concept by concept.
///
/// # Errors
/// Those of `out`.
pub fn write_code_system(system: &CodeSystem, _: FhirVersion, out: &mut dyn io::Write) -> io::Result<()> {
    let writer = code_system::Writer::new(system);
    write(out, &writer.head(), &writer.body())
}

/// Writes a value set.
///
/// # Errors
/// Those of `out`.
pub fn write_value_set(set: &ValueSet, _: FhirVersion, out: &mut dyn io::Write) -> io::Result<()> {
    write(out, &value_set::head(set), &value_set::body(set))
}

/// Writes a map.
///
/// # Errors
/// Those of `out`.
pub fn write_concept_map(map: &ConceptMap, version: FhirVersion, out: &mut dyn io::Write) -> io::Result<()> {
    write(out, &concept_map::head(map), &concept_map::body(map, version))
}

/// A resource.
#[derive(Serialize)]
struct Whole<'r, B> {
    #[serde(flatten)]
    head: &'r shapes::Head,
    #[serde(flatten)]
    body: &'r B,
}

fn write(out: &mut dyn io::Write, head: &shapes::Head, body: &impl Serialize) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    serde_json::to_writer(&mut out, &Whole { head, body })?;
    io::Write::flush(&mut out)
}

/// The head of a resource.
fn head(resource_type: &str, url: &str, version: &str, title: &str, said: &Publication) -> shapes::Head {
    let mut extension = Vec::new();
    if !said.standards_status.is_empty() {
        extension.push(Valued::extension(
            STANDARDS_STATUS,
            ValueKind::Code,
            &said.standards_status,
        ));
    }
    text_extension("steward", &said.steward, &mut extension);
    shapes::Head {
        resource_type: resource_type.to_owned(),
        language: String::new(),
        extension,
        url: url.to_owned(),
        version: version.to_owned(),
        name: said.name.clone(),
        title: title.to_owned(),
        status: word(PUBLICATION_STATUS, &said.status).to_owned(),
        experimental: said.experimental.then_some(true),
        date: said.date.clone(),
        publisher: said.publisher.clone(),
        description: said.description.clone(),
        copyright: said.copyright.clone(),
    }
}

/// The address of an extension of our own.
fn own(name: &str) -> String {
    format!("{OWN}{name}")
}

/// An extension of our own with a text, when there is one.
fn text_extension(name: &str, text: &str, into: &mut Vec<Valued>) {
    if !text.is_empty() {
        into.push(Valued::extension(own(name), ValueKind::String, text));
    }
}

/// A part of an extension, when it has a text.
fn part(name: &str, text: &str, into: &mut Vec<Valued>) {
    if !text.is_empty() {
        into.push(Valued::extension(name, ValueKind::String, text));
    }
}

fn validity_parts(validity: Validity, into: &mut Vec<Valued>) {
    for (name, date) in [("from", validity.from), ("until", validity.until)] {
        if let Some(date) = date {
            into.push(Valued::extension(name, ValueKind::Date, date.to_string()));
        }
    }
}

fn validity_extension(validity: Validity, into: &mut Vec<Valued>) {
    let mut parts = Vec::new();
    validity_parts(validity, &mut parts);
    if !parts.is_empty() {
        into.push(Valued::of(own("validity"), parts));
    }
}

fn localized(url: String, text: &LocalizedText) -> Valued {
    let mut parts = Vec::new();
    part("language", &text.language, &mut parts);
    part("text", &text.text, &mut parts);
    Valued::of(url, parts)
}

/// The language of a text that FHIR takes to be in the resource's.
fn language_extension(language: &str, own_language: &str, into: &mut Vec<Valued>) {
    if language.is_empty() && !own_language.is_empty() {
        into.push(Valued::extension(
            own("language-unstated"),
            ValueKind::Boolean,
            "true",
        ));
    } else if language != own_language {
        into.push(Valued::extension(LANGUAGE, ValueKind::Code, language));
    }
}

/// What FHIR has no place for in a designation.
fn designation_extensions(designation: &Designation, implied: DesignationStatus, into: &mut Vec<Valued>) {
    if designation.status != implied {
        let status = word(DESIGNATION_STATUS, &designation.status);
        into.push(Valued::extension(
            own("designation-status"),
            ValueKind::Code,
            status,
        ));
    }
    validity_extension(designation.validity, into);
    text_extension("scope", &designation.scope, into);
    text_extension("domain", &designation.domain, into);
    text_extension("comment", &designation.comment, into);
}

fn designation(from: &Designation, own_language: &str, implied: &mut ImpliedStatus) -> shapes::Designation {
    let language = if from.language.is_empty() {
        own_language
    } else {
        &from.language
    };
    let mut extension = Vec::new();
    designation_extensions(from, implied.next(language, &from.usage), &mut extension);
    shapes::Designation {
        extension,
        language: from.language.clone(),
        usage: (!from.usage.is_empty()).then(|| Coding::from_text(&from.usage)),
        value: from.text.clone(),
    }
}
