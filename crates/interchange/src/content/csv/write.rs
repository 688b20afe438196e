//! Writing CSV: a mapping and its tables, so that they are read back as what was written.

use vardnav_terminology::model::{
    CodeSystem, Concept, ConceptMap, ConceptReference, ConceptStatus, Content, Definition, Designation,
    DesignationStatus, Include, LocalizedText, MapGroup, Property, PropertyKind, Unmapped, Validity,
    ValueSet,
};

use super::super::fhir::words::{
    CONCEPT_STATUS, CONTENT, DESIGNATION_STATUS, FILTER_OPERATOR, PROPERTY_KIND, RELATION_KIND, RELATIONSHIP,
    word,
};
use super::mapping::{DiagramEntry, GroupEntry, Kind, Mapping, NamedEntry, PropertyEntry, TextEntry};
use super::{MAPPING, code_system as systems, concept_map as maps, value_set as sets};

/// Files by path.
type Written = Vec<(String, Vec<u8>)>;

/// Columns of the concepts' table.
const CONCEPTS: &[&str] = &[
    "code",
    "parent",
    "display",
    "definition",
    "status",
    "status-reason",
    "not-selectable",
    "standards-status",
    "steward",
    "from",
    "until",
];

/// The files of a code system: `name` with its endings, and their bytes. Tables without rows are left out.
pub fn write_code_system(system: &CodeSystem, name: &str) -> Vec<(String, Vec<u8>)> {
    let mut mapping = Mapping::new(Kind::CodeSystem, &system.url, &system.publication);
    mapping.version.clone_from(&system.version);
    mapping.title.clone_from(&system.title);
    mapping.language.clone_from(&system.language);
    if system.content != Content::Complete {
        word(CONTENT, &system.content).clone_into(&mut mapping.content);
    }
    mapping.supplements.clone_from(&system.supplements);
    mapping.case_insensitive = system.case_insensitive;
    mapping.value_set.clone_from(&system.value_set);
    mapping.property = system
        .properties
        .iter()
        .map(|property| PropertyEntry {
            name: property.name.clone(),
            uri: property.uri.clone(),
            description: property.description.clone(),
            kind: match property.kind {
                PropertyKind::String => String::new(),
                kind => word(PROPERTY_KIND, &kind).to_owned(),
            },
        })
        .collect();
    mapping.diagram = system
        .diagrams
        .iter()
        .map(|diagram| DiagramEntry {
            id: diagram.id.clone(),
            title: diagram.title.iter().map(text_entry).collect(),
        })
        .collect();
    let mut files = Files::new(name, &mapping);
    let mut tables = ConceptTables::new();
    for concept in &system.concepts {
        tables.add(concept, &system.language);
    }
    let mut diagrams = Rows::new(systems::DIAGRAMS.1);
    for (position, diagram) in system.diagrams.iter().enumerate() {
        for node in &diagram.nodes {
            let numbers =
                [position + 1, node.column.into(), node.row.into()].map(|number| number.to_string());
            diagrams.add(&[&numbers[0], &node.code, &numbers[1], &numbers[2]]);
        }
    }
    files.main(tables.concepts);
    files.beside(systems::PARENTS.0, tables.parents);
    files.beside(systems::DESIGNATIONS.0, tables.designations);
    files.beside(systems::DEFINITIONS.0, tables.definitions);
    files.beside(systems::NOTES.0, tables.notes);
    files.beside(systems::FEATURES.0, tables.features);
    files.beside(systems::SUBJECT_FIELDS.0, tables.subject_fields);
    files.beside(systems::PROPERTIES.0, tables.properties);
    files.beside(systems::RELATIONS.0, tables.relations);
    files.beside(systems::DIAGRAMS.0, diagrams);
    files.written
}

/// The files of a value set: `name` with its endings, and their bytes. Tables without rows are left out.
pub fn write_value_set(set: &ValueSet, name: &str) -> Vec<(String, Vec<u8>)> {
    let mut mapping = Mapping::new(Kind::ValueSet, &set.url, &set.publication);
    mapping.version.clone_from(&set.version);
    mapping.title.clone_from(&set.title);
    mapping.language.clone_from(&set.language);
    mapping.inactive = set.inactive;
    mapping.locked_date.clone_from(&set.locked_date);
    mapping.parameter = set
        .parameters
        .iter()
        .map(|parameter| NamedEntry {
            name: parameter.name.clone(),
            value: parameter.value.clone(),
        })
        .collect();
    let mut files = Files::new(name, &mapping);
    let mut tables = [
        Rows::new(sets::COLUMNS),
        Rows::new(sets::DESIGNATIONS.1),
        Rows::new(sets::PROPERTIES.1),
    ];
    for (list, includes) in [("include", &set.include), ("exclude", &set.exclude)] {
        for (position, include) in includes.iter().enumerate() {
            include_rows(list, &(position + 1).to_string(), include, &mut tables);
        }
    }
    let [main, designations, properties] = tables;
    files.main(main);
    files.beside(sets::DESIGNATIONS.0, designations);
    files.beside(sets::PROPERTIES.0, properties);
    files.written
}

/// The files of a map: `name` with its endings, and their bytes. Tables without rows are left out.
pub fn write_concept_map(map: &ConceptMap, name: &str) -> Vec<(String, Vec<u8>)> {
    let mut mapping = Mapping::new(Kind::ConceptMap, &map.url, &map.publication);
    mapping.version.clone_from(&map.version);
    mapping.title.clone_from(&map.title);
    mapping.source_scope.clone_from(&map.source_scope);
    mapping.target_scope.clone_from(&map.target_scope);
    mapping.group = map.groups.iter().map(group_entry).collect();
    let mut files = Files::new(name, &mapping);
    let mut main = Rows::new(maps::COLUMNS);
    let mut conditions = Rows::new(maps::CONDITIONS.1);
    for (position, group) in map.groups.iter().enumerate() {
        group_rows(&(position + 1).to_string(), group, &mut main, &mut conditions);
    }
    files.main(main);
    files.beside(maps::CONDITIONS.0, conditions);
    files.written
}

/// The rows of a table.
struct Rows {
    writer: ::csv::Writer<Vec<u8>>,
    count: usize,
}

impl Rows {
    fn new(columns: &[&str]) -> Self {
        let mut rows = Self {
            writer: ::csv::Writer::from_writer(Vec::new()),
            count: 0,
        };
        rows.add(columns);
        rows
    }

    fn add(&mut self, cells: &[&str]) {
        // Into memory, and every row has the columns of its table: this cannot fail.
        if self.writer.write_record(cells).is_ok() {
            self.count += 1;
        }
    }

    fn finish(self) -> Vec<u8> {
        self.writer.into_inner().unwrap_or_default()
    }
}

/// The files written so far.
struct Files<'n> {
    name: &'n str,
    written: Written,
}

impl<'n> Files<'n> {
    fn new(name: &'n str, mapping: &Mapping) -> Self {
        let text = toml::to_string(mapping).unwrap_or_default();
        let written = vec![(format!("{name}{MAPPING}"), text.into_bytes())];
        Self { name, written }
    }

    fn main(&mut self, rows: Rows) {
        let path = format!("{}.csv", self.name);
        self.written.push((path, rows.finish()));
    }

    fn beside(&mut self, table: &str, rows: Rows) {
        if rows.count > 1 {
            let path = format!("{}.{table}.csv", self.name);
            self.written.push((path, rows.finish()));
        }
    }
}

/// The tables of concepts.
struct ConceptTables {
    concepts: Rows,
    parents: Rows,
    designations: Rows,
    definitions: Rows,
    notes: Rows,
    features: Rows,
    subject_fields: Rows,
    properties: Rows,
    relations: Rows,
}

impl ConceptTables {
    fn new() -> Self {
        Self {
            concepts: Rows::new(CONCEPTS),
            parents: Rows::new(systems::PARENTS.1),
            designations: Rows::new(systems::DESIGNATIONS.1),
            definitions: Rows::new(systems::DEFINITIONS.1),
            notes: Rows::new(systems::NOTES.1),
            features: Rows::new(systems::FEATURES.1),
            subject_fields: Rows::new(systems::SUBJECT_FIELDS.1),
            properties: Rows::new(systems::PROPERTIES.1),
            relations: Rows::new(systems::RELATIONS.1),
        }
    }

    fn add(&mut self, concept: &Concept, language: &str) {
        let code = concept.code.as_str();
        let (parent, parents) = split(&concept.parents, |parent| !parent.is_empty());
        let (display, designations) = split(&concept.designations, |first| is_display(first, language));
        let (definition, definitions) = split(&concept.definitions, |first| is_plain(first, language));
        let [from, until] = dates(concept.validity);
        let status = match concept.status {
            ConceptStatus::Active => "",
            status => word(CONCEPT_STATUS, &status),
        };
        self.concepts.add(&[
            code,
            parent.map_or("", String::as_str),
            display.map_or("", |display| &display.text),
            definition.map_or("", |definition| &definition.text),
            status,
            &concept.status_reason,
            flag(concept.not_selectable),
            &concept.standards_status,
            &concept.steward,
            &from,
            &until,
        ]);
        for parent in parents {
            self.parents.add(&[code, parent]);
        }
        for designation in designations {
            add_designation(&mut self.designations, &[code], designation);
        }
        for definition in definitions {
            self.definitions.add(&[
                code,
                &definition.text,
                &definition.language,
                &definition.source,
                flag(definition.paraphrase),
                &definition.domain,
                &definition.decided,
            ]);
        }
        for (rows, texts) in [
            (&mut self.notes, &concept.notes),
            (&mut self.features, &concept.features),
        ] {
            for LocalizedText { language, text } in texts {
                rows.add(&[code, text, language]);
            }
        }
        for field in &concept.subject_fields {
            self.subject_fields.add(&[code, field]);
        }
        for Property { name, value } in &concept.properties {
            self.properties.add(&[code, name, value]);
        }
        for relation in &concept.relations {
            let [from, until] = dates(relation.validity);
            let kind = word(RELATION_KIND, &relation.kind);
            let cells = [
                code,
                kind,
                &relation.target,
                &from,
                &until,
                &relation.scope,
                &relation.source,
            ];
            self.relations.add(&cells);
        }
    }
}

/// The first, when it can stand in the row of the concept, and the rest.
fn split<T>(all: &[T], fits: impl Fn(&T) -> bool) -> (Option<&T>, &[T]) {
    match all.split_first() {
        Some((first, rest)) if fits(first) => (Some(first), rest),
        _ => (None, all),
    }
}

fn is_display(designation: &Designation, language: &str) -> bool {
    let plain = Designation {
        text: designation.text.clone(),
        language: language.to_owned(),
        status: DesignationStatus::Recommended,
        ..Designation::default()
    };
    *designation == plain && !plain.text.is_empty()
}

fn is_plain(definition: &Definition, language: &str) -> bool {
    let plain = Definition {
        text: definition.text.clone(),
        language: language.to_owned(),
        ..Definition::default()
    };
    *definition == plain && !plain.text.is_empty()
}

fn add_designation(rows: &mut Rows, place: &[&str], designation: &Designation) {
    let [from, until] = dates(designation.validity);
    let status = match designation.status {
        DesignationStatus::Recommended => "",
        status => word(DESIGNATION_STATUS, &status),
    };
    let mut cells = place.to_vec();
    cells.extend([
        designation.text.as_str(),
        &designation.language,
        status,
        &from,
        &until,
        &designation.scope,
        &designation.domain,
        &designation.usage,
        &designation.comment,
    ]);
    rows.add(&cells);
}

fn dates(validity: Validity) -> [String; 2] {
    [validity.from, validity.until].map(|date| date.map(|date| date.to_string()).unwrap_or_default())
}

fn flag(flag: bool) -> &'static str {
    if flag { "true" } else { "" }
}

fn text_entry(text: &LocalizedText) -> TextEntry {
    TextEntry {
        language: text.language.clone(),
        text: text.text.clone(),
    }
}

/// The rows of an include: in the table itself, of designations, of properties.
fn include_rows(list: &str, number: &str, include: &Include, tables: &mut [Rows; 3]) {
    let [main, designations, properties] = tables;
    let mut row = |kind: &str, [code, display]: [&str; 2], [property, operator, value]: [&str; 3]| {
        let (system, version) = (include.system.as_str(), include.version.as_str());
        main.add(&[
            list, number, system, version, kind, code, display, property, operator, value,
        ]);
    };
    if include.concepts.is_empty() && include.filters.is_empty() && include.value_sets.is_empty() {
        row("system", [""; 2], [""; 3]);
    }
    for filter in &include.filters {
        let operator = word(FILTER_OPERATOR, &filter.operator);
        row("filter", [""; 2], [&filter.property, operator, &filter.value]);
    }
    for set in &include.value_sets {
        row("value-set", [""; 2], ["", "", set]);
    }
    for (position, concept) in include.concepts.iter().enumerate() {
        row("code", [&concept.code, &concept.display], [""; 3]);
        let ConceptReference {
            designations: terms,
            properties: values,
            ..
        } = concept;
        let position = (position + 1).to_string();
        for term in terms {
            add_designation(designations, &[list, number, &position], term);
        }
        for Property { name, value } in values {
            properties.add(&[list, number, &position, name, value]);
        }
    }
}

fn group_entry(group: &MapGroup) -> GroupEntry {
    let mut entry = GroupEntry {
        source: group.source.clone(),
        target: group.target.clone(),
        ..GroupEntry::default()
    };
    match &group.unmapped {
        Unmapped::None => {}
        Unmapped::SourceCode { relationship } => {
            "use-source-code".clone_into(&mut entry.unmapped);
            word(RELATIONSHIP, relationship).clone_into(&mut entry.unmapped_relationship);
        }
        Unmapped::Fixed {
            code,
            display,
            relationship,
        } => {
            "fixed".clone_into(&mut entry.unmapped);
            entry.unmapped_code.clone_from(code);
            entry.unmapped_display.clone_from(display);
            word(RELATIONSHIP, relationship).clone_into(&mut entry.unmapped_relationship);
        }
        Unmapped::OtherMap { url } => {
            "other-map".clone_into(&mut entry.unmapped);
            entry.unmapped_map.clone_from(url);
        }
    }
    entry
}

fn group_rows(number: &str, group: &MapGroup, main: &mut Rows, conditions: &mut Rows) {
    for (position, element) in group.elements.iter().enumerate() {
        let position = (position + 1).to_string();
        let place = [
            number,
            &position,
            &element.code,
            &element.display,
            flag(element.no_map),
        ];
        if element.targets.is_empty() {
            main.add(&[&place[..], &[""; 4]].concat());
        }
        for (target_position, target) in element.targets.iter().enumerate() {
            let relationship = word(RELATIONSHIP, &target.relationship);
            let cells = [
                target.code.as_str(),
                &target.display,
                relationship,
                &target.comment,
            ];
            main.add(&[&place[..], &cells].concat());
            let target_position = (target_position + 1).to_string();
            for (kind, properties) in [("depends-on", &target.depends_on), ("product", &target.products)] {
                for Property { name, value } in properties {
                    conditions.add(&[number, &position, &target_position, kind, name, value]);
                }
            }
        }
    }
}
