//! `geography/`: regions (two digits) and kommuner (four digits, below their region) as one dated code system.

use serde::Deserialize;
use vardnav_release::source::Element;
use vardnav_terminology::model::{
    CodeSystem, Concept, Designation, DesignationStatus, LocalizedText, Property, Relation, RelationKind,
    Validity,
};

use super::reading::{CellDay, Reading};
use super::terms::read_system;

#[derive(Deserialize)]
struct RegionRow {
    code: String,
    name: String,
    county: String,
    short: String,
    from: Option<CellDay>,
    until: Option<CellDay>,
}

#[derive(Deserialize)]
struct KommunRow {
    code: String,
    name: String,
    short: String,
    region: String,
    from: Option<CellDay>,
    until: Option<CellDay>,
    #[serde(default)]
    replaced_by: String,
    #[serde(default)]
    note: String,
}

/// Reads the code system of regions and kommuner.
pub(super) fn read(reading: &mut Reading<'_>, version: &str) -> Option<CodeSystem> {
    let head = reading.required("geography/system.toml")?;
    let mut system = read_system(reading, &head, version)?;
    if let Some(file) = reading.required("geography/regions.csv") {
        for (line, row) in reading.csv::<RegionRow>(&file) {
            place(reading, &system.url, &row.code, 2, file.path, line);
            system.concepts.push(region(row));
        }
    }
    if let Some(file) = reading.required("geography/kommuner.csv") {
        for (line, row) in reading.csv::<KommunRow>(&file) {
            place(reading, &system.url, &row.code, 4, file.path, line);
            system.concepts.push(kommun(row));
        }
    }
    Some(system)
}

fn place(reading: &mut Reading<'_>, url: &str, code: &str, digits: usize, file: &str, line: u32) {
    reading
        .places
        .note(Element::Concept(url.to_owned(), code.to_owned()), file, line);
    if code.len() != digits || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        reading.problem(
            "VN-REL-005",
            file,
            line,
            format!("the code is not {digits} digits"),
        );
    }
}

fn region(row: RegionRow) -> Concept {
    Concept {
        code: row.code,
        validity: validity(row.from, row.until),
        designations: terms(row.name, [row.county, row.short]),
        properties: properties("region", row.until),
        ..Concept::default()
    }
}

fn kommun(row: KommunRow) -> Concept {
    let relations = if row.replaced_by.is_empty() {
        Vec::new()
    } else {
        vec![Relation {
            kind: RelationKind::ReplacedBy,
            target: row.replaced_by,
            validity: validity(row.until, None),
            scope: String::new(),
            source: "SCB".to_owned(),
        }]
    };
    let notes = if row.note.is_empty() {
        Vec::new()
    } else {
        vec![LocalizedText {
            language: "sv".to_owned(),
            text: row.note,
        }]
    };
    Concept {
        code: row.code,
        parents: vec![row.region],
        validity: validity(row.from, row.until),
        designations: terms(row.name, [row.short, String::new()]),
        notes,
        relations,
        properties: properties("kommun", row.until),
        ..Concept::default()
    }
}

fn validity(from: Option<CellDay>, until: Option<CellDay>) -> Validity {
    Validity {
        from: from.map(|day| day.0),
        until: until.map(|day| day.0),
    }
}

fn terms(name: String, accepted: [String; 2]) -> Vec<Designation> {
    let mut terms = vec![term(name, DesignationStatus::Recommended)];
    for text in accepted {
        if !text.is_empty() && terms.iter().all(|term| term.text != text) {
            terms.push(term(text, DesignationStatus::Accepted));
        }
    }
    terms
}

fn term(text: String, status: DesignationStatus) -> Designation {
    Designation {
        text,
        language: "sv".to_owned(),
        status,
        ..Designation::default()
    }
}

/// The kind of principal and, for a code that has ended, that it is historic.
fn properties(kind: &str, until: Option<CellDay>) -> Vec<Property> {
    let property = |name: &str, value: &str| Property {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    let historic = until.map(|_| property("historic", "true"));
    [property("kind", kind)].into_iter().chain(historic).collect()
}
