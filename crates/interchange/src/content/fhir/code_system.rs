//! Reading `CodeSystem`.

use std::collections::{HashMap, HashSet};
use std::vec;

use serde::de::IgnoredAny;
use vardnav_terminology::model::{
    CodeSystem, Components, Concept, Content, Definition, Designation, DesignationStatus, Diagram,
    DiagramNode, Property, PropertyDefinition, Relation,
};

use super::CONCEPTS_MAX;
use super::components::Reader;
use super::concept_properties::ConceptProperties;
use super::finding::{Problem, Problems};
use super::reading::{self, ImpliedStatus, extend, part, parts, require, shown};
use super::shapes;
use super::valued::{ValueKind, Valued};
use super::words::{
    self, CONCEPT_STATUS, CONTENT, LANGUAGE, PROPERTY_KIND, RELATION_KIND, STANDARDS_STATUS, TRANSLATION, own,
};

/// Gives concepts one by one, or says why it cannot go on.
pub(super) type Concepts<'c> = dyn Fn(&mut dyn FnMut(shapes::Concept)) -> Result<(), Problem> + 'c;

/// A code system from its shape and its concepts.
pub(super) fn read(
    mut head: shapes::Head,
    body: shapes::CodeSystem<IgnoredAny>,
    concepts: &Concepts<'_>,
    problems: &mut Problems,
) -> CodeSystem {
    require(&head.url, "url", problems);
    require(&body.content, "content", problems);
    let content = match words::meaning(CONTENT, &body.content) {
        Some(content) => content,
        None => {
            if !body.content.is_empty() {
                problems.error("VN-IMP-204", "content", "not a content mode of FHIR");
            }
            Content::default()
        }
    };
    if content == Content::Supplement {
        require(&body.supplements, "supplements", problems);
    }
    let all = definitions(&body.property, problems);
    let known = ConceptProperties::new(&all);
    let mut flat = Flat {
        language: &head.language,
        known: &known,
        concepts: Vec::new(),
        positions: HashMap::new(),
        children: Vec::new(),
        components: Reader::new(&head.extension, &body.property, problems),
        full: false,
        problems,
    };
    let read = concepts(&mut |concept| flat.take(concept));
    let (concepts, components) = flat.finish();
    if let Err(problem) = read {
        problems.add(problem);
    }
    let diagrams = diagrams(&head.extension, problems);
    let derived: HashSet<&str> = body
        .property
        .iter()
        .filter(|definition| {
            is_derived(&definition.extension) || (components.is_some() && is_component(&definition.extension))
        })
        .map(|definition| definition.code.as_str())
        .collect();
    let properties = all
        .iter()
        .filter(|definition| !derived.contains(definition.name.as_str()))
        .cloned()
        .collect();
    CodeSystem {
        publication: reading::publication(&mut head, problems),
        url: head.url,
        version: head.version,
        title: head.title,
        language: head.language,
        content,
        supplements: body.supplements,
        case_insensitive: body.case_sensitive == Some(false),
        value_set: body.value_set,
        properties,
        concepts,
        diagrams,
        components: components.map(Box::new),
    }
}

/// Whether something was written only so that others see it too, and is said elsewhere.
fn is_derived(extensions: &[Valued]) -> bool {
    extensions
        .iter()
        .any(|extension| own(&extension.name) == Some("derived"))
}

/// Whether a property is what components are written as.
fn is_component(extensions: &[Valued]) -> bool {
    extensions
        .iter()
        .any(|extension| matches!(own(&extension.name), Some("component" | "attribute")))
}

fn definitions(read: &[shapes::PropertyDefinition], problems: &mut Problems) -> Vec<PropertyDefinition> {
    let mut definitions = Vec::with_capacity(read.len());
    for (position, definition) in read.iter().enumerate() {
        let place = format!("property[{position}]");
        require(&definition.code, &format!("{place}.code"), problems);
        let kind = words::meaning(PROPERTY_KIND, &definition.kind);
        if kind.is_none() {
            problems.error(
                "VN-IMP-204",
                &format!("{place}.type"),
                "not a type of properties of FHIR",
            );
        }
        definitions.push(PropertyDefinition {
            name: definition.code.clone(),
            uri: definition.uri.clone(),
            description: definition.description.clone(),
            kind: kind.unwrap_or_default(),
        });
    }
    definitions
}

/// The concepts of a code system, taken out of each other.
struct Flat<'r> {
    language: &'r str,
    known: &'r ConceptProperties<'r>,
    concepts: Vec<Concept>,
    positions: HashMap<String, usize>,
    /// Parents stated at the parent: code of the child, code of the parent.
    children: Vec<(String, String)>,
    components: Option<Reader>,
    /// Whether it is told that there are too many concepts.
    full: bool,
    problems: &'r mut Problems,
}

impl Flat<'_> {
    /// Takes a concept and those within it, each before those within it.
    fn take(&mut self, concept: shapes::Concept) {
        let mut open: Vec<(Option<usize>, vec::IntoIter<shapes::Concept>)> =
            vec![(None, vec![concept].into_iter())];
        while let Some((parent, siblings)) = open.last_mut() {
            let parent = *parent;
            let Some(mut read) = siblings.next() else {
                open.pop();
                continue;
            };
            if self.concepts.len() == CONCEPTS_MAX {
                if !std::mem::replace(&mut self.full, true) {
                    let what = format!("more than {CONCEPTS_MAX} concepts");
                    self.problems.error("VN-IMP-208", "concept", &what);
                }
                return;
            }
            let within = std::mem::take(&mut read.concept);
            let parent = parent
                .and_then(|parent| self.concepts.get(parent))
                .map(|parent| parent.code.clone());
            let position = self.add(read, parent);
            if !within.is_empty() {
                open.push((Some(position), within.into_iter()));
            }
        }
    }

    /// Adds a concept, and answers its position.
    fn add(&mut self, mut read: shapes::Concept, parent: Option<String>) -> usize {
        let position = self.concepts.len();
        let place = {
            let code = shown(&read.code);
            move || format!("concept {} (`{code}`)", position + 1)
        };
        require(&read.code, &place(), self.problems);
        if let Some(first) = self.positions.get(&read.code) {
            let what = format!("the code stands at concept {} already", first + 1);
            self.problems.error("VN-IMP-205", &place(), &what);
        } else {
            self.positions.insert(read.code.clone(), position);
        }
        if let Some(components) = &mut self.components {
            components.concept(&read.extension, &place, self.problems);
        }
        let mut concept = Concept {
            parents: parent.into_iter().collect(),
            designations: self.designations(&mut read, &place),
            definitions: definitions_of(&read, self.language),
            code: read.code,
            ..Concept::default()
        };
        let derived = self.properties(read.property, &mut concept, &place);
        concept.status = self.known.status(concept.properties.iter().chain(&derived));
        concept.not_selectable = self
            .known
            .not_selectable(concept.properties.iter().chain(&derived));
        extend_concept(&mut concept, &read.extension, &place, self.problems);
        self.concepts.push(concept);
        position
    }

    fn designations(&mut self, read: &mut shapes::Concept, place: &dyn Fn() -> String) -> Vec<Designation> {
        let mut implied = ImpliedStatus::default();
        let mut designations = Vec::with_capacity(read.designation.len() + 1);
        let display = read.display_extended.as_ref();
        let extensions = display.map_or(&[][..], |extended| &extended.extension);
        if !read.display.is_empty() && !is_derived(extensions) {
            implied.next(self.language, "");
            let mut display = Designation {
                text: read.display.clone(),
                language: self.language.to_owned(),
                status: DesignationStatus::Recommended,
                ..Designation::default()
            };
            extend(&mut display, extensions, place, self.problems);
            if let Some(components) = &mut self.components {
                components.designation(extensions, place, self.problems);
            }
            designations.push(display);
        }
        for designation in std::mem::take(&mut read.designation) {
            if let Some(components) = self.components.as_mut().filter(|_| !designation.value.is_empty()) {
                components.designation(&designation.extension, place, self.problems);
            }
            designations.extend(reading::designation(
                designation,
                self.language,
                &mut implied,
                place,
                self.problems,
            ));
        }
        designations
    }

    /// Sorts the properties of a concept: parents, children, its own; answers those that are said elsewhere.
    fn properties(
        &mut self,
        properties: Vec<Valued>,
        concept: &mut Concept,
        place: &dyn Fn() -> String,
    ) -> Vec<Property> {
        let mut derived = Vec::new();
        for read in properties {
            if let Some(components) = &mut self.components
                && components.property(&read, place, self.problems)
            {
                continue;
            }
            let aside = is_derived(&read.extension);
            let Some(value) = read.value else { continue };
            let code = matches!(value.kind, ValueKind::Code | ValueKind::Coding);
            if self.known.is_parent(&read.name, code) {
                if !concept.parents.contains(&value.text) {
                    concept.parents.push(value.text);
                }
            } else if self.known.is_child(&read.name, code) {
                self.children.push((value.text, concept.code.clone()));
            } else {
                let property = Property {
                    name: read.name,
                    value: value.text,
                };
                if aside {
                    derived.push(property);
                } else {
                    concept.properties.push(property);
                }
            }
        }
        derived
    }

    /// The concepts, with the parents stated at the parent, and their components.
    fn finish(mut self) -> (Vec<Concept>, Option<Components>) {
        for (child, parent) in std::mem::take(&mut self.children) {
            let concept = self
                .positions
                .get(&child)
                .and_then(|position| self.concepts.get_mut(*position));
            match concept {
                Some(concept) if !concept.parents.contains(&parent) => concept.parents.push(parent),
                Some(_) => {}
                None => {
                    let place = format!("concept `{}`", shown(&parent));
                    let what = format!("its child `{}` is not in the code system", shown(&child));
                    self.problems.error("VN-IMP-203", &place, &what);
                }
            }
        }
        let components = self.components.take();
        let components = components.map(|components| components.finish(&self.positions, self.problems));
        (self.concepts, components)
    }
}

/// The definition and its translations.
fn definitions_of(read: &shapes::Concept, language: &str) -> Vec<Definition> {
    let mut definitions = Vec::new();
    let extensions = read
        .definition_extended
        .as_ref()
        .map_or(&[][..], |extended| &extended.extension);
    if !read.definition.is_empty() {
        let mut definition = Definition {
            text: read.definition.clone(),
            language: language.to_owned(),
            ..Definition::default()
        };
        for extension in extensions {
            let text = extension.text();
            match own(&extension.name) {
                Some("language-unstated") => definition.language.clear(),
                Some("source") => text.clone_into(&mut definition.source),
                Some("paraphrase") => definition.paraphrase = text == "true",
                Some("domain") => text.clone_into(&mut definition.domain),
                Some("decided") => text.clone_into(&mut definition.decided),
                Some(_) => {}
                None if extension.name == LANGUAGE => text.clone_into(&mut definition.language),
                None => {}
            }
        }
        definitions.push(definition);
    }
    for extension in extensions
        .iter()
        .filter(|extension| extension.name == TRANSLATION)
    {
        definitions.push(Definition {
            text: part(extension, "content").to_owned(),
            language: part(extension, "lang").to_owned(),
            ..Definition::default()
        });
    }
    definitions
}

/// What extensions say of a concept.
fn extend_concept(
    concept: &mut Concept,
    extensions: &[Valued],
    place: &dyn Fn() -> String,
    problems: &mut Problems,
) {
    for extension in extensions {
        let text = extension.text();
        let Some(name) = own(&extension.name) else {
            if extension.name == STANDARDS_STATUS {
                text.clone_into(&mut concept.standards_status);
            } else if let Some(name) = words::extension_property(&extension.name) {
                concept.properties.push(Property {
                    name: name.to_owned(),
                    value: text.to_owned(),
                });
            }
            continue;
        };
        match name {
            "concept-status" => match words::meaning(CONCEPT_STATUS, text) {
                Some(status) => concept.status = status,
                None => problems.error("VN-IMP-211", &place(), "not a status of a concept"),
            },
            "not-selectable" => concept.not_selectable = text == "true",
            "status-reason" => text.clone_into(&mut concept.status_reason),
            "feature" => concept.features.push(reading::localized(extension)),
            "subject-field" => concept.subject_fields.push(text.to_owned()),
            "steward" => text.clone_into(&mut concept.steward),
            "validity" => concept.validity = reading::validity(extension, place, problems),
            "definition" => concept.definitions.push(Definition {
                text: part(extension, "text").to_owned(),
                language: part(extension, "language").to_owned(),
                source: part(extension, "source").to_owned(),
                paraphrase: part(extension, "paraphrase") == "true",
                domain: part(extension, "domain").to_owned(),
                decided: part(extension, "decided").to_owned(),
            }),
            "note" => concept.notes.push(reading::localized(extension)),
            "relation" => match words::meaning(RELATION_KIND, part(extension, "kind")) {
                Some(kind) => concept.relations.push(Relation {
                    kind,
                    target: part(extension, "target").to_owned(),
                    validity: reading::validity(extension, place, problems),
                    scope: part(extension, "scope").to_owned(),
                    source: part(extension, "source").to_owned(),
                }),
                None => problems.error("VN-IMP-211", &place(), "not a kind of relation"),
            },
            _ => {}
        }
    }
}

fn diagrams(extensions: &[Valued], problems: &mut Problems) -> Vec<Diagram> {
    extensions
        .iter()
        .filter(|extension| own(&extension.name) == Some("diagram"))
        .map(|extension| Diagram {
            id: part(extension, "id").to_owned(),
            title: parts(extension, "title").map(reading::localized).collect(),
            nodes: parts(extension, "node")
                .filter_map(|node| {
                    let read = diagram_node(node);
                    if read.is_none() {
                        problems.error("VN-IMP-211", "extension", "not a place in a diagram");
                    }
                    read
                })
                .collect(),
        })
        .collect()
}

fn diagram_node(node: &Valued) -> Option<DiagramNode> {
    Some(DiagramNode {
        code: part(node, "code").to_owned(),
        column: part(node, "column").parse().ok()?,
        row: part(node, "row").parse().ok()?,
    })
}
