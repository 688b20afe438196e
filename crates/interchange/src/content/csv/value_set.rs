//! A value set from CSV: a row for each code, filter or value set, by the include it belongs to.

use vardnav_terminology::model::{ConceptReference, Filter, Include, Property, ValueSet};

use super::super::fhir::words::{FILTER_OPERATOR, meaning};
use super::INCLUDES_MAX;
use super::code_system::designation;
use super::table::{Row, Source};

/// The columns of its table: the list (`include` or `exclude`), the number of the include, code system and version, the
/// kind of row (`code`, `filter`, `value-set` or `system`), and what it says.
pub(super) const COLUMNS: &[&str] = &[
    "list", "include", "system", "version", "kind", "code", "display", "property", "operator", "value",
];

/// Designations of enumerated codes, by the number of the code in its include.
pub(super) const DESIGNATIONS: (&str, &[&str]) = (
    "designations",
    &[
        "list", "include", "concept", "text", "language", "status", "from", "until", "scope", "domain",
        "usage", "comment",
    ],
);

/// Properties of enumerated codes.
pub(super) const PROPERTIES: (&str, &[&str]) =
    ("properties", &["list", "include", "concept", "name", "value"]);

fn is_column(name: &str) -> bool {
    COLUMNS.contains(&name)
        || name
            .strip_prefix("property:")
            .is_some_and(|name| !name.is_empty())
}

/// What is in a value set, and what is taken out.
#[derive(Default)]
struct Lists {
    include: Vec<Include>,
    exclude: Vec<Include>,
}

/// Reads a value set.
pub(super) fn read(source: &mut Source<'_>, path: &str) -> Option<ValueSet> {
    let mapping = source.mapping;
    let table = source.main(is_column, &[])?;
    let mut lists = Lists::default();
    for row in table.rows() {
        if let Some(include) = lists.get(source, row, true) {
            add(source, row, include);
        }
    }
    let designations = source.beside(DESIGNATIONS.0, DESIGNATIONS.1, |_| true);
    for row in designations.rows() {
        let designation = designation(source, row);
        if let Some(concept) = lists.concept(source, row) {
            concept.designations.push(designation);
        }
    }
    let properties = source.beside(PROPERTIES.0, PROPERTIES.1, |_| true);
    for row in properties.rows() {
        if let Some(concept) = lists.concept(source, row) {
            concept.properties.push(Property {
                name: row.cell("name").to_owned(),
                value: row.cell("value").to_owned(),
            });
        }
    }
    Some(ValueSet {
        url: mapping.url.clone(),
        version: mapping.version.clone(),
        title: mapping.title.clone(),
        language: mapping.language.clone(),
        publication: mapping.publication(path, &mut source.findings),
        inactive: mapping.inactive,
        locked_date: mapping.locked_date.clone(),
        include: lists.include,
        exclude: lists.exclude,
        parameters: mapping
            .parameter
            .iter()
            .map(|entry| Property {
                name: entry.name.clone(),
                value: entry.value.clone(),
            })
            .collect(),
    })
}

impl Lists {
    /// The include that a row belongs to; `grow` makes it when it is not there yet.
    fn get(&mut self, source: &mut Source<'_>, row: Row<'_>, grow: bool) -> Option<&mut Include> {
        let list = match row.cell("list") {
            "" | "include" => &mut self.include,
            "exclude" => &mut self.exclude,
            _ => {
                source.misunderstood(row, "list");
                return None;
            }
        };
        let number = source.number(row, "include", 1);
        if number > INCLUDES_MAX {
            source.wrong("VN-IMP-410", row, format!("more than {INCLUDES_MAX} includes"));
            return None;
        }
        if grow && list.len() < number {
            list.resize_with(number, Include::default);
        }
        let found = list.get_mut(number - 1);
        if found.is_none() {
            source.wrong("VN-IMP-409", row, "there is no such include");
        }
        found
    }

    fn concept(&mut self, source: &mut Source<'_>, row: Row<'_>) -> Option<&mut ConceptReference> {
        let number = source.number(row, "concept", 1);
        let include = self.get(source, row, false)?;
        let found = include.concepts.get_mut(number - 1);
        if found.is_none() {
            source.wrong("VN-IMP-409", row, "there is no such code in the include");
        }
        found
    }
}

fn add(source: &mut Source<'_>, row: Row<'_>, include: &mut Include) {
    let text = |column: &str| row.cell(column).to_owned();
    let system = match row.cell("system") {
        "" => source.mapping.system.as_str(),
        system => system,
    };
    let empty = include.concepts.is_empty() && include.filters.is_empty() && include.value_sets.is_empty();
    if empty && include.system.is_empty() {
        system.clone_into(&mut include.system);
        include.version = text("version");
    } else if include.system != system || include.version != row.cell("version") {
        let what = "its code system or version is not that of the rows before it in the same include";
        source.wrong("VN-IMP-408", row, what);
    }
    match row.cell("kind") {
        "" | "code" => {
            if row.cell("code").is_empty() {
                source.wrong("VN-IMP-406", row, "the code is empty");
            }
            let properties = row.filled().filter_map(|(column, cell)| {
                Some(Property {
                    name: column.strip_prefix("property:")?.to_owned(),
                    value: cell.to_owned(),
                })
            });
            include.concepts.push(ConceptReference {
                code: text("code"),
                display: text("display"),
                designations: Vec::new(),
                properties: properties.collect(),
            });
        }
        "filter" => match meaning(FILTER_OPERATOR, row.cell("operator")) {
            Some(operator) => include.filters.push(Filter {
                property: text("property"),
                operator,
                value: text("value"),
            }),
            None => source.misunderstood(row, "operator"),
        },
        "value-set" => include.value_sets.push(text("value")),
        "system" => {}
        _ => source.misunderstood(row, "kind"),
    }
}
