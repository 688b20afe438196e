//! What of a code system a format has no place for, and so does not leave in it: kinds of things, and how many of each.
//! FHIR and CSV hold everything. One table says for each kind which of the other formats keep it.

use vardnav_terminology::model::{
    CodeSystem, Components, Concept, ConceptMap, ConceptStatus, Content, Definition, Designation, Property,
    PropertyKind, PublicationStatus, Relation, RelationKind, Validity,
};

/// Codes of findings about content that goes out: what they mean, how to mend it.
pub const CODES: &[(&str, &str, &str)] = &[(
    "VN-EXP-001",
    "the format has no place for some of the content, which is left out",
    "export in one of the formats that the message names, if it matters",
)];

/// Things of one kind that are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Where they stand in the content, for example `designation.validity`.
    pub path: &'static str,
    /// How many there are.
    pub count: usize,
    /// Name of the format.
    pub format: &'static str,
    /// What they are.
    what: &'static str,
    /// Who keeps them.
    keep: &'static str,
}

impl LeftOut {
    /// The code of the finding.
    pub const CODE: &'static str = "VN-EXP-001";

    /// For people: what, how many, and which formats keep them.
    pub fn message(&self) -> String {
        let Self {
            count,
            format,
            what,
            keep,
            ..
        } = self;
        format!("{format} has no place for {what} ({count}), which are left out; {keep}")
    }
}

/// Things of one kind, and which formats have a place for them.
struct Kind {
    path: &'static str,
    what: &'static str,
    count: fn(&CodeSystem) -> usize,
    skos: bool,
    tbx: bool,
}

const fn kind(path: &'static str, what: &'static str, count: fn(&CodeSystem) -> usize) -> Kind {
    Kind {
        path,
        what,
        count,
        skos: false,
        tbx: false,
    }
}

const fn in_skos(kind: Kind) -> Kind {
    Kind { skos: true, ..kind }
}

const fn in_tbx(kind: Kind) -> Kind {
    Kind { tbx: true, ..kind }
}

/// Every kind of thing that SKOS or TBX has no place for.
const KINDS: &[Kind] = &[
    kind("publication", "statements about the publication", publication),
    in_skos(kind(
        "publication.publisher",
        "publisher, description and copyright",
        published,
    )),
    kind("content", "statements of what the content is a part of", content),
    kind(
        "caseSensitive",
        "statements that letter case tells no codes apart",
        |s| s.case_insensitive.into(),
    ),
    kind("valueSet", "addresses of the value set of all codes", |s| {
        stated(&s.value_set)
    }),
    kind("property", "definitions of properties", definitions),
    in_skos(kind("property", "properties that are defined", |s| {
        s.properties.len() - definitions(s)
    })),
    kind("diagram", "concept diagrams", |s| s.diagrams.len()),
    in_skos(kind("concept.status", "concepts that are inactive", |s| {
        concepts(s, |c| (c.status == ConceptStatus::Inactive).into())
    })),
    kind(
        "concept.status",
        "concepts that are neither active nor inactive",
        |s| {
            concepts(s, |c| {
                usize::from(!matches!(
                    c.status,
                    ConceptStatus::Active | ConceptStatus::Inactive
                ))
            })
        },
    ),
    kind(
        "concept.status-reason",
        "reasons for the status of concepts",
        |s| concepts(s, |c| stated(&c.status_reason)),
    ),
    kind("concept.not-selectable", "concepts that may not be chosen", |s| {
        concepts(s, |c| c.not_selectable.into())
    }),
    kind("concept.standards-status", "maturities of concepts", |s| {
        concepts(s, |c| stated(&c.standards_status))
    }),
    kind("concept.steward", "stewards of concepts", |s| {
        concepts(s, |c| stated(&c.steward))
    }),
    kind("concept.validity", "dates of concepts", |s| {
        concepts(s, |c| dated(c.validity))
    }),
    in_tbx(kind("concept.feature", "distinguishing features", |s| {
        concepts(s, |c| c.features.len())
    })),
    kind("designation.validity", "dates of terms", |s| {
        terms(s, |t| dated(t.validity))
    }),
    kind("designation.scope", "scopes of terms", |s| {
        terms(s, |t| stated(&t.scope))
    }),
    kind("designation.domain", "domains of terms", |s| {
        terms(s, |t| stated(&t.domain))
    }),
    kind("designation.usage", "uses of terms", |s| {
        terms(s, |t| stated(&t.usage))
    }),
    in_tbx(kind("designation.comment", "comments on terms", |s| {
        terms(s, |t| stated(&t.comment))
    })),
    kind(
        "definition.paraphrase",
        "definitions marked as paraphrases",
        |s| defined(s, |d| d.paraphrase.into()),
    ),
    kind("definition.domain", "domains of definitions", |s| {
        defined(s, |d| stated(&d.domain))
    }),
    kind("definition.decided", "dates of decision of definitions", |s| {
        defined(s, |d| stated(&d.decided))
    }),
    in_tbx(kind("relation", "partitive relations", |s| {
        relations(s, |r| (r.kind == RelationKind::Partitive).into())
    })),
    kind(
        "relation",
        "relations to concepts that are to be told apart",
        |s| relations(s, |r| (r.kind == RelationKind::Distinguish).into()),
    ),
    in_skos(kind("relation", "replacements", |s| {
        relations(s, |r| {
            matches!(r.kind, RelationKind::ReplacedBy | RelationKind::Replaces).into()
        })
    })),
    kind("relation.validity", "dates of relations", |s| {
        relations(s, |r| dated(r.validity))
    }),
    kind("relation.scope", "scopes of relations", |s| {
        relations(s, |r| stated(&r.scope))
    }),
    kind("relation.source", "sources of relations", |s| {
        relations(s, |r| stated(&r.source))
    }),
    in_skos(kind("concept.property", "examples and addresses", |s| {
        properties(s, |p| is_of_skos(p).into())
    })),
    kind("concept.property", "properties of concepts", |s| {
        properties(s, |p| (!is_of_skos(p)).into())
    }),
    kind(
        "component",
        "modules, times and definition statuses of concepts",
        |s| components(s, |c| c.concepts.len()),
    ),
    kind(
        "component.description",
        "identifiers, modules, types and times of descriptions",
        |s| components(s, |c| c.designations.len()),
    ),
    kind(
        "component.other-description",
        "descriptions that no longer hold, and text definitions as descriptions",
        |s| components(s, |c| c.descriptions.len()),
    ),
    kind("component.acceptability", "acceptabilities in dialects", |s| {
        components(s, |c| c.acceptabilities.len())
    }),
    kind("component.attribute", "relationships other than is-a", |s| {
        components(s, |c| c.attributes.len())
    }),
    kind("component.reference-set", "reference sets", |s| {
        components(s, |c| c.reference_sets.len())
    }),
    kind("component.member", "members of reference sets", |s| {
        components(s, |c| c.reference_sets.iter().map(|set| set.members.len()).sum())
    }),
];

/// What of a code system SKOS has no place for.
pub fn skos(system: &CodeSystem) -> Vec<LeftOut> {
    left_out(system, "SKOS", |kind| kind.skos)
}

/// What of a code system TBX has no place for.
pub fn tbx(system: &CodeSystem) -> Vec<LeftOut> {
    left_out(system, "TBX", |kind| kind.tbx)
}

/// What of a map FHIR and CSV have no place for: there, a target has a code.
pub fn of_map(map: &ConceptMap, format: &'static str) -> Vec<LeftOut> {
    let elements = map.groups.iter().flat_map(|group| &group.elements);
    let targets = elements.flat_map(|element| &element.targets);
    let count = targets.filter(|target| target.code.is_empty()).count();
    let left_out = LeftOut {
        path: "group.element.target",
        count,
        format,
        what: "targets without a code",
        keep: "no format keeps them",
    };
    Some(left_out)
        .filter(|found| found.count > 0)
        .into_iter()
        .collect()
}

fn left_out(system: &CodeSystem, format: &'static str, keeps: fn(&Kind) -> bool) -> Vec<LeftOut> {
    let missing = KINDS.iter().filter(|kind| !keeps(kind));
    missing
        .map(|kind| LeftOut {
            path: kind.path,
            count: (kind.count)(system),
            format,
            what: kind.what,
            keep: "FHIR and CSV keep them",
        })
        .filter(|found| found.count > 0)
        .collect()
}

fn concepts(system: &CodeSystem, count: fn(&Concept) -> usize) -> usize {
    system.concepts.iter().map(count).sum()
}

fn terms(system: &CodeSystem, count: fn(&Designation) -> usize) -> usize {
    let all = system.concepts.iter().flat_map(|concept| &concept.designations);
    all.map(count).sum()
}

fn defined(system: &CodeSystem, count: fn(&Definition) -> usize) -> usize {
    let all = system.concepts.iter().flat_map(|concept| &concept.definitions);
    all.map(count).sum()
}

fn relations(system: &CodeSystem, count: fn(&Relation) -> usize) -> usize {
    let all = system.concepts.iter().flat_map(|concept| &concept.relations);
    all.map(count).sum()
}

fn properties(system: &CodeSystem, count: fn(&Property) -> usize) -> usize {
    let all = system.concepts.iter().flat_map(|concept| &concept.properties);
    all.map(count).sum()
}

fn components(system: &CodeSystem, count: fn(&Components) -> usize) -> usize {
    system.components.as_deref().map_or(0, count)
}

fn publication(system: &CodeSystem) -> usize {
    let said = &system.publication;
    let texts = [&said.name, &said.date, &said.steward, &said.standards_status];
    let texts: usize = texts.into_iter().map(|text| stated(text)).sum();
    texts + usize::from(said.experimental) + usize::from(said.status != PublicationStatus::Active)
}

fn published(system: &CodeSystem) -> usize {
    let said = &system.publication;
    let texts = [&said.publisher, &said.description, &said.copyright];
    texts.into_iter().map(|text| stated(text)).sum()
}

fn content(system: &CodeSystem) -> usize {
    usize::from(system.content != Content::Complete) + stated(&system.supplements)
}

/// Definitions of properties that say more than that a property of SKOS's own is text.
fn definitions(system: &CodeSystem) -> usize {
    let more = system.properties.iter().filter(|definition| {
        let plain = definition.kind == PropertyKind::String
            && definition.uri.is_empty()
            && definition.description.is_empty();
        !(plain && is_skos_name(&definition.name))
    });
    more.count()
}

fn is_of_skos(property: &Property) -> bool {
    is_skos_name(&property.name)
}

/// Properties that SKOS has: examples, and the addresses of concepts.
fn is_skos_name(name: &str) -> bool {
    matches!(name, "example" | super::skos::IRI)
}

fn stated(text: &str) -> usize {
    usize::from(!text.is_empty())
}

fn dated(validity: Validity) -> usize {
    usize::from(validity != Validity::default())
}
