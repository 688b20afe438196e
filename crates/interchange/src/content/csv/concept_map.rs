//! A map from CSV: a row for each target of a code. Rows of the same code in the same group are one element.

use std::collections::HashMap;

use vardnav_terminology::model::{
    ConceptMap, MapElement, MapGroup, MapRelationship, MapTarget, Property, Unmapped,
};

use super::super::fhir::words::{EQUIVALENCE, RELATIONSHIP, meaning};
use super::mapping::GroupEntry;
use super::table::{Row, Source};

/// The columns of its table. `group` is the number of a group of the mapping, 1 when empty; `element` parts rows of the
/// same code into several elements.
pub(super) const COLUMNS: &[&str] = &[
    "group",
    "element",
    "source",
    "source-display",
    "no-map",
    "target",
    "target-display",
    "relationship",
    "comment",
];

/// Conditions and products (`kind` is `depends-on` or `product`) of targets, by the line's place: numbers of group,
/// element and target.
pub(super) const CONDITIONS: (&str, &[&str]) = (
    "conditions",
    &["group", "element", "target", "kind", "name", "value"],
);

fn is_column(name: &str) -> bool {
    let named = |prefix: &str| name.strip_prefix(prefix).is_some_and(|name| !name.is_empty());
    COLUMNS.contains(&name) || named("depends-on:") || named("product:")
}

/// Reads a map.
pub(super) fn read(source: &mut Source<'_>, path: &str) -> Option<ConceptMap> {
    let mapping = source.mapping;
    let table = source.main(is_column, &["source", "target"])?;
    let mut groups: Vec<MapGroup> = mapping
        .group
        .iter()
        .map(|entry| MapGroup {
            source: entry.source.clone(),
            target: entry.target.clone(),
            elements: Vec::new(),
            unmapped: unmapped(source, entry, path),
        })
        .collect();
    let mut elements: HashMap<(usize, String, String), usize> = HashMap::new();
    for row in table.rows() {
        let number = source.number(row, "group", 1);
        let Some(group) = groups.get_mut(number - 1) else {
            source.wrong("VN-IMP-409", row, "the mapping has no such group");
            continue;
        };
        if row.cell("source").is_empty() {
            source.wrong("VN-IMP-406", row, "the source code is empty");
        }
        let key = (
            number,
            row.cell("element").to_owned(),
            row.cell("source").to_owned(),
        );
        let position = *elements.entry(key).or_insert_with(|| {
            group.elements.push(MapElement {
                code: row.cell("source").to_owned(),
                display: row.cell("source-display").to_owned(),
                ..MapElement::default()
            });
            group.elements.len() - 1
        });
        if let Some(element) = group.elements.get_mut(position) {
            element.no_map |= source.flag(row, "no-map");
            element.targets.extend(target(source, row));
        }
    }
    conditions(source, &mut groups);
    Some(ConceptMap {
        url: mapping.url.clone(),
        version: mapping.version.clone(),
        title: mapping.title.clone(),
        publication: mapping.publication(path, &mut source.findings),
        source_scope: mapping.source_scope.clone(),
        target_scope: mapping.target_scope.clone(),
        groups,
    })
}

/// R5's relationships, and R4's equivalences too.
fn relationship(word: &str) -> Option<MapRelationship> {
    match word {
        "" => Some(MapRelationship::default()),
        word => meaning(RELATIONSHIP, word).or_else(|| meaning(EQUIVALENCE, word)),
    }
}

/// The target of a row; `None` when it names none.
fn target(source: &mut Source<'_>, row: Row<'_>) -> Option<MapTarget> {
    if row.cell("target").is_empty() {
        return None;
    }
    let relationship = relationship(row.cell("relationship")).unwrap_or_else(|| {
        source.misunderstood(row, "relationship");
        MapRelationship::default()
    });
    let named = |prefix: &str| {
        row.filled()
            .filter_map(|(column, cell)| {
                Some(Property {
                    name: column.strip_prefix(prefix)?.to_owned(),
                    value: cell.to_owned(),
                })
            })
            .collect::<Vec<_>>()
    };
    Some(MapTarget {
        code: row.cell("target").to_owned(),
        display: row.cell("target-display").to_owned(),
        relationship,
        comment: row.cell("comment").to_owned(),
        depends_on: named("depends-on:"),
        products: named("product:"),
    })
}

fn unmapped(source: &mut Source<'_>, entry: &GroupEntry, path: &str) -> Unmapped {
    let relationship = relationship(&entry.unmapped_relationship);
    let mode = match entry.unmapped.as_str() {
        "" => Some(Unmapped::None),
        "use-source-code" => relationship.map(|relationship| Unmapped::SourceCode { relationship }),
        "fixed" => relationship.map(|relationship| Unmapped::Fixed {
            code: entry.unmapped_code.clone(),
            display: entry.unmapped_display.clone(),
            relationship,
        }),
        "other-map" => Some(Unmapped::OtherMap {
            url: entry.unmapped_map.clone(),
        }),
        _ => None,
    };
    mode.unwrap_or_else(|| {
        let what = "`unmapped` or its relationship in a group is not known";
        source.findings.error("VN-IMP-401", path, 0, what);
        Unmapped::None
    })
}

fn conditions(source: &mut Source<'_>, groups: &mut [MapGroup]) {
    let table = source.beside(CONDITIONS.0, CONDITIONS.1, |_| true);
    for row in table.rows() {
        let [group, element, target] =
            ["group", "element", "target"].map(|column| source.number(row, column, 1) - 1);
        let found = groups
            .get_mut(group)
            .and_then(|group| group.elements.get_mut(element))
            .and_then(|element| element.targets.get_mut(target));
        let Some(found) = found else {
            source.wrong("VN-IMP-409", row, "there is no such target");
            continue;
        };
        let property = Property {
            name: row.cell("name").to_owned(),
            value: row.cell("value").to_owned(),
        };
        match row.cell("kind") {
            "depends-on" => found.depends_on.push(property),
            "product" => found.products.push(property),
            _ => source.misunderstood(row, "kind"),
        }
    }
}
