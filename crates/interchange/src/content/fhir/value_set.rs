//! Reading `ValueSet`: what it is composed of; one that holds an expansion only is read as the codes it lists.

use std::vec;

use vardnav_terminology::model::{ConceptReference, Filter, FilterOperator, Include, Property, ValueSet};

use super::CONCEPTS_MAX;
use super::finding::Problems;
use super::reading::{self, ImpliedStatus, part, require};
use super::shapes;
use super::valued::Valued;
use super::words::{
    self, EXPAND_PARAMETERS, EXPANSION_PARAMETER, FILTER_OPERATOR, SUPPLEMENT, USE_SUPPLEMENT, own,
};

/// A value set from its shape.
pub(super) fn read(mut head: shapes::Head, body: shapes::ValueSet, problems: &mut Problems) -> ValueSet {
    let listed = body.compose.is_none();
    let compose = body.compose.unwrap_or_default();
    let parameters = parameters(&head, &compose);
    let publication = reading::publication(&mut head, problems);
    let language = head.language.as_str();
    let part = |includes: Vec<shapes::Include>, name: &str, problems: &mut Problems| {
        includes
            .into_iter()
            .enumerate()
            .map(|(position, read)| include(read, &format!("compose.{name}[{position}]"), language, problems))
            .collect::<Vec<_>>()
    };
    let include = if listed {
        expansion(body.expansion.unwrap_or_default(), language, problems)
    } else {
        part(compose.include, "include", problems)
    };
    let exclude = part(compose.exclude, "exclude", problems);
    if include.is_empty() && !listed {
        problems.error("VN-IMP-203", "compose.include", "missing or empty");
    }
    ValueSet {
        publication,
        include,
        exclude,
        parameters,
        inactive: compose.inactive,
        locked_date: compose.locked_date,
        url: head.url,
        version: head.version,
        title: head.title,
        language: head.language,
    }
}

/// What the value set says of its own expansion, and the supplements it needs.
fn parameters(head: &shapes::Head, compose: &shapes::Compose) -> Vec<Property> {
    let stated = compose
        .extension
        .iter()
        .chain(&head.extension)
        .filter(|extension| extension.name == EXPANSION_PARAMETER || extension.name == EXPAND_PARAMETERS)
        .filter(|extension| !part(extension, "name").is_empty())
        .map(|extension| Property {
            name: part(extension, "name").to_owned(),
            value: part(extension, "value").to_owned(),
        });
    let supplements = head
        .extension
        .iter()
        .filter(|extension| extension.name == SUPPLEMENT)
        .map(|extension| Property {
            name: USE_SUPPLEMENT.to_owned(),
            value: extension.text().to_owned(),
        });
    stated.chain(supplements).collect()
}

fn include(read: shapes::Include, place: &str, language: &str, problems: &mut Problems) -> Include {
    if read.system.is_empty() && read.value_set.is_empty() {
        problems.error("VN-IMP-203", place, "names neither a code system nor a value set");
    }
    if read.concept.len() > CONCEPTS_MAX {
        problems.error("VN-IMP-208", place, &format!("more than {CONCEPTS_MAX} concepts"));
    }
    let concepts = read
        .concept
        .into_iter()
        .enumerate()
        .map(|(position, read)| {
            reference(
                read,
                &|| format!("{place}.concept[{position}]"),
                language,
                problems,
            )
        })
        .collect();
    let filters = read
        .filter
        .into_iter()
        .enumerate()
        .map(|(position, read)| filter(read, &format!("{place}.filter[{position}]"), problems))
        .collect();
    Include {
        system: read.system,
        version: read.version,
        concepts,
        filters,
        value_sets: read.value_set,
    }
}

fn filter(read: shapes::Filter, place: &str, problems: &mut Problems) -> Filter {
    require(&read.property, &format!("{place}.property"), problems);
    let operator = words::meaning(FILTER_OPERATOR, &read.op);
    if operator.is_none() {
        problems.error(
            "VN-IMP-204",
            &format!("{place}.op"),
            "not a filter operator of FHIR",
        );
    }
    if read.value.is_none() {
        require("", &format!("{place}.value"), problems);
    }
    Filter {
        property: read.property,
        operator: operator.unwrap_or(FilterOperator::Equal),
        value: read.value.unwrap_or_default(),
    }
}

fn reference(
    read: shapes::Reference,
    place: &dyn Fn() -> String,
    language: &str,
    problems: &mut Problems,
) -> ConceptReference {
    if read.code.is_empty() {
        require("", &format!("{}.code", place()), problems);
    }
    let mut implied = ImpliedStatus::default();
    if !read.display.is_empty() {
        implied.next(language, "");
    }
    ConceptReference {
        code: read.code,
        display: read.display,
        designations: read
            .designation
            .into_iter()
            .filter_map(|designation| {
                reading::designation(designation, language, &mut implied, place, problems)
            })
            .collect(),
        properties: read.extension.iter().filter_map(property).collect(),
    }
}

/// The property that an extension of a concept is in the model.
fn property(extension: &Valued) -> Option<Property> {
    if own(&extension.name) == Some("concept-property") {
        return Some(Property {
            name: part(extension, "code").to_owned(),
            value: part(extension, "value").to_owned(),
        });
    }
    let name = match extension.name.as_str() {
        words::STANDARDS_STATUS => "status",
        url => words::extension_property(url)?,
    };
    Some(Property {
        name: name.to_owned(),
        value: extension.text().to_owned(),
    })
}

/// The codes of an expansion that may be chosen, in its order: one include for each run of one code system.
fn expansion(read: shapes::Expansion, language: &str, problems: &mut Problems) -> Vec<Include> {
    let mut includes: Vec<Include> = Vec::new();
    let mut count = 0;
    let mut open: Vec<vec::IntoIter<shapes::Contains>> = vec![read.contains.into_iter()];
    while let Some(siblings) = open.last_mut() {
        let Some(mut contains) = siblings.next() else {
            open.pop();
            continue;
        };
        let within = std::mem::take(&mut contains.contains);
        if !within.is_empty() {
            open.push(within.into_iter());
        }
        if contains.code.is_empty() || contains.not_selectable == Some(true) {
            continue;
        }
        count += 1;
        if count > CONCEPTS_MAX {
            let what = format!("more than {CONCEPTS_MAX} concepts");
            problems.error("VN-IMP-208", "expansion.contains", &what);
            return Vec::new();
        }
        let place = move || format!("expansion.contains (code {count})");
        if contains.system.is_empty() {
            require("", &format!("{}.system", place()), problems);
        }
        let run = match includes.last_mut() {
            Some(last) if last.system == contains.system && last.version == contains.version => last,
            _ => {
                includes.push(Include {
                    system: contains.system.clone(),
                    version: contains.version.clone(),
                    ..Include::default()
                });
                match includes.last_mut() {
                    Some(last) => last,
                    None => continue,
                }
            }
        };
        let mut concept = reference(
            shapes::Reference {
                extension: contains.extension,
                code: contains.code,
                display: contains.display,
                designation: contains.designation,
            },
            &place,
            language,
            problems,
        );
        concept
            .properties
            .extend(contains.property.into_iter().map(|read| Property {
                value: read.text().to_owned(),
                name: read.name,
            }));
        run.concepts.push(concept);
    }
    includes
}
