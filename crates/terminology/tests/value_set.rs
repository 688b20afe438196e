//! Value sets against an oracle that knows no editions: it asks every clause of every code of the source.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it fails"
)]

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::select;
use vardnav_terminology::model::{
    CodeSystem, Concept, ConceptReference, ConceptStatus, Designation, Filter, FilterOperator, Include,
    Property, PropertyDefinition, ValueSet,
};
use vardnav_terminology::value_set::{
    Coding, ExpandRequest, Subject, ValidateRequest, ValueSetEdition, ValueSetRef,
};
use vardnav_terminology::{Catalog, Edition};

/// Code systems of the world, by address and version.
const SYSTEMS: [(&str, &str); 3] = [("urn:a", "1.0"), ("urn:a", "1.1"), ("urn:b", "7")];

/// Codes that are asked for: some are in no code system.
const CODES: usize = 14;

const OPERATORS: [FilterOperator; 11] = [
    FilterOperator::Equal,
    FilterOperator::IsA,
    FilterOperator::DescendentOf,
    FilterOperator::IsNotA,
    FilterOperator::Regex,
    FilterOperator::In,
    FilterOperator::NotIn,
    FilterOperator::Generalizes,
    FilterOperator::ChildOf,
    FilterOperator::DescendentLeaf,
    FilterOperator::Exists,
];

#[derive(Debug, Clone)]
struct World {
    systems: Vec<CodeSystem>,
    /// Each imports only value sets before it.
    value_sets: Vec<ValueSet>,
}

fn code(number: usize) -> String {
    format!("c{number}")
}

fn url(number: usize) -> String {
    format!("urn:vs:{number}")
}

fn concept(number: usize) -> impl Strategy<Value = Concept> {
    let parents = proptest::collection::vec(0..number.max(1), 0..=2.min(number));
    let values = proptest::collection::vec(select(&["x", "y", "z"][..]), 0..3);
    (parents, values, 0..6_u8).prop_map(move |(parents, values, status)| Concept {
        code: code(number),
        parents: parents.into_iter().map(code).collect(),
        status: if status == 0 {
            ConceptStatus::Inactive
        } else {
            ConceptStatus::Active
        },
        designations: vec![Designation {
            text: format!("term {}", number % 3),
            ..Designation::default()
        }],
        properties: values
            .into_iter()
            .map(|value| Property {
                name: "p".to_owned(),
                value: value.to_owned(),
            })
            .collect(),
        ..Concept::default()
    })
}

/// A property that concepts may have. What no code system defines or has is no filter.
fn property(name: &str) -> PropertyDefinition {
    PropertyDefinition {
        name: name.to_owned(),
        ..PropertyDefinition::default()
    }
}

/// Concepts that every code system has at least: those that filters on the hierarchy name.
const CONCEPTS_MIN: usize = 6;

fn system(at: usize) -> impl Strategy<Value = CodeSystem> {
    let concepts = (0..CODES - 2).map(concept).collect::<Vec<_>>();
    (concepts, CONCEPTS_MIN..CODES - 1).prop_map(move |(mut concepts, count)| {
        concepts.truncate(count);
        CodeSystem {
            url: SYSTEMS[at].0.to_owned(),
            version: SYSTEMS[at].1.to_owned(),
            properties: ["p", "none"].map(property).into(),
            concepts,
            ..CodeSystem::default()
        }
    })
}

fn filter() -> impl Strategy<Value = Filter> {
    let properties = select(&["concept", "code", "display", "parent", "child", "p", "none"][..]);
    (select(&OPERATORS[..]), properties, 0..CODES, 0..4_usize).prop_map(
        |(operator, property, number, choice)| {
            let hierarchical = matches!(
                operator,
                FilterOperator::IsA
                    | FilterOperator::DescendentOf
                    | FilterOperator::IsNotA
                    | FilterOperator::Generalizes
                    | FilterOperator::ChildOf
                    | FilterOperator::DescendentLeaf
            );
            let value = match operator {
                _ if hierarchical => code(number % CONCEPTS_MIN),
                FilterOperator::Regex => ["c[0-4]", "c1.*", "(x|y)", "term .+"][choice].to_owned(),
                FilterOperator::Exists => (choice % 2 == 0).to_string(),
                _ => match (property, choice) {
                    ("p", _) => ["x", "y,z", "z", "x, y"][choice].to_owned(),
                    ("display", _) => format!("term {}", choice % 3),
                    (_, 0) => format!("{}, {}", code(number), code(number / 2)),
                    _ => code(number),
                },
            };
            Filter {
                property: if hierarchical { "concept" } else { property }.to_owned(),
                operator,
                value,
            }
        },
    )
}

/// A clause of the value set with a number.
fn clause(number: usize) -> impl Strategy<Value = Include> {
    let versions = select(&["", "1.0", "1.1", "1.x", "7"][..]);
    let listed = proptest::collection::vec(0..CODES, 0..5);
    let filters = proptest::collection::vec(filter(), 0..3);
    let imports = proptest::collection::vec(0..number.max(1), 0..=2.min(number));
    (0..4_usize, versions, listed, filters, imports).prop_map(
        move |(kind, version, listed, filters, imports)| {
            let alone = kind == 3 && !imports.is_empty();
            let system = if alone { "" } else { SYSTEMS[kind.min(2)].0 };
            let fits = match system {
                "urn:a" => version.is_empty() || version.starts_with('1'),
                _ => version.is_empty(),
            };
            Include {
                system: system.to_owned(),
                version: if fits { version.to_owned() } else { String::new() },
                concepts: if kind == 1 && !alone {
                    // A clause that says more of a code than the code is asked in another way.
                    let listed = listed.into_iter().map(|number| ConceptReference {
                        code: code(number),
                        display: if number == 5 {
                            "five".to_owned()
                        } else {
                            String::new()
                        },
                        ..ConceptReference::default()
                    });
                    listed.collect()
                } else {
                    Vec::new()
                },
                filters: if alone { Vec::new() } else { filters },
                value_sets: imports.into_iter().map(url).collect(),
            }
        },
    )
}

fn value_set(number: usize) -> impl Strategy<Value = ValueSet> {
    let include = proptest::collection::vec(clause(number), 1..4);
    let exclude = proptest::collection::vec(clause(number), 0..2);
    let inactive = select(&[None, None, Some(true), Some(false)][..]);
    (include, exclude, inactive).prop_map(move |(include, exclude, inactive)| ValueSet {
        url: url(number),
        include,
        exclude,
        inactive,
        ..ValueSet::default()
    })
}

fn world() -> impl Strategy<Value = World> {
    let systems = (0..SYSTEMS.len()).map(system).collect::<Vec<_>>();
    let value_sets = (0..4).map(value_set).collect::<Vec<_>>();
    (systems, value_sets).prop_map(|(systems, value_sets)| World { systems, value_sets })
}

// The oracle.

impl World {
    fn holds(&self, value_set: &ValueSet, system: &CodeSystem, concept: &Concept) -> bool {
        let any = |clauses: &[Include]| clauses.iter().any(|clause| self.meets(clause, system, concept));
        let inactive = value_set.inactive == Some(false) && concept.status == ConceptStatus::Inactive;
        any(&value_set.include) && !any(&value_set.exclude) && !inactive
    }

    fn meets(&self, clause: &Include, system: &CodeSystem, concept: &Concept) -> bool {
        let right_system = clause.system.is_empty()
            || clause.system == system.url && self.meant(&clause.system, &clause.version) == system.version;
        let listed =
            clause.concepts.is_empty() || clause.concepts.iter().any(|listed| listed.code == concept.code);
        let imports = clause.value_sets.iter().all(|url| {
            let imported = self.value_sets.iter().find(|other| &other.url == url).unwrap();
            self.holds(imported, system, concept)
        });
        let filters = clause
            .filters
            .iter()
            .all(|filter| passes(system, concept, filter));
        right_system && listed && imports && filters
    }

    /// The version that is meant: of `urn:a` the newer, unless the other is named.
    fn meant(&self, url: &str, version: &str) -> &str {
        match (url, version) {
            ("urn:a", "1.0") => "1.0",
            ("urn:a", _) => "1.1",
            _ => "7",
        }
    }

    /// All codes of a value set, as `system|version#code`.
    fn codes(&self, value_set: &ValueSet) -> BTreeSet<String> {
        let all = self.systems.iter();
        let all = all.flat_map(|system| system.concepts.iter().map(move |concept| (system, concept)));
        all.filter(|(system, concept)| self.holds(value_set, system, concept))
            .map(|(system, concept)| format!("{}|{}#{}", system.url, system.version, concept.code))
            .collect()
    }

    fn catalog(&self) -> Catalog {
        let mut catalog = Catalog::new();
        for system in &self.systems {
            catalog
                .insert(Arc::new(Edition::compile(system.clone()).unwrap()))
                .unwrap();
        }
        for value_set in &self.value_sets {
            let compiled = ValueSetEdition::compile(value_set.clone());
            catalog.insert_value_set(Arc::new(compiled)).unwrap();
        }
        catalog
    }
}

fn is_below(system: &CodeSystem, concept: &Concept, above: &str) -> bool {
    concept.parents.iter().any(|parent| {
        parent == above
            || system
                .concepts
                .iter()
                .any(|other| &other.code == parent && is_below(system, other, above))
    })
}

fn passes(system: &CodeSystem, concept: &Concept, filter: &Filter) -> bool {
    let value = filter.value.as_str();
    let children = || {
        system
            .concepts
            .iter()
            .filter(|other| other.parents.contains(&concept.code))
    };
    let values: Vec<String> = match filter.property.as_str() {
        "concept" | "code" => vec![concept.code.clone()],
        "display" => vec![concept.designations[0].text.clone()],
        "parent" => concept.parents.clone(),
        "child" => children().map(|child| child.code.clone()).collect(),
        name => {
            let own = concept.properties.iter().filter(|property| property.name == name);
            own.map(|property| property.value.clone()).collect()
        }
    };
    let listed = |text: &String| value.split(',').any(|item| item.trim() == text);
    let itself = concept.code == value;
    let known = system.concepts.iter().find(|other| other.code == value);
    match filter.operator {
        FilterOperator::Equal => values.iter().any(|text| text == value),
        FilterOperator::In => values.iter().any(listed),
        FilterOperator::NotIn => !values.iter().any(listed),
        FilterOperator::Exists => values.is_empty() == (value == "false"),
        FilterOperator::IsA => itself || is_below(system, concept, value),
        FilterOperator::DescendentOf => is_below(system, concept, value),
        FilterOperator::IsNotA => !itself && !is_below(system, concept, value),
        FilterOperator::ChildOf => concept.parents.iter().any(|parent| parent == value),
        FilterOperator::DescendentLeaf => is_below(system, concept, value) && children().next().is_none(),
        FilterOperator::Generalizes => {
            known.is_some_and(|known| itself || is_below(system, known, &concept.code))
        }
        FilterOperator::Regex => values.iter().any(|text| match value {
            "c[0-4]" => {
                text.len() == 2
                    && ('0'..='4').contains(&text.chars().nth(1).unwrap())
                    && text.starts_with('c')
            }
            "c1.*" => text.starts_with("c1"),
            "(x|y)" => text == "x" || text == "y",
            "term .+" => text.strip_prefix("term ").is_some_and(|rest| !rest.is_empty()),
            other => panic!("the oracle does not know {other}"),
        }),
    }
}

fn asked(url: &str) -> ExpandRequest<'_> {
    ExpandRequest::new(ValueSetRef::Address { url, version: "" })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn an_expansion_holds_the_codes_that_meet_its_clauses(world in world()) {
        let catalog = world.catalog();
        for value_set in &world.value_sets {
            let right = world.codes(value_set);
            let mut request = asked(&value_set.url);
            let nested = catalog.expand(&request).unwrap();
            request.exclude_nested = true;
            let flat = catalog.expand(&request).unwrap();
            for expansion in [&nested, &flat] {
                prop_assert_eq!(expansion.total, right.len());
                prop_assert_eq!(expansion.items.len(), right.len());
                let items = expansion.items.iter();
                let found = items.map(|item| format!("{}|{}#{}", item.system, item.version, item.code));
                prop_assert_eq!(&found.collect::<BTreeSet<_>>(), &right);
            }
            prop_assert!(flat.items.iter().all(|item| item.level == 0));
            let mut path: Vec<&str> = Vec::new();
            for item in &nested.items {
                prop_assert!(item.level as usize <= path.len());
                path.truncate(item.level as usize);
                if let Some(above) = path.last() {
                    let edition = catalog.edition(&item.system, &item.version).unwrap();
                    let above = edition.lookup(above).unwrap().index();
                    let below = edition.lookup(&item.code).unwrap().index();
                    prop_assert_eq!(edition.subsumes(above, below), vardnav_terminology::Subsumption::Subsumes);
                }
                path.push(&item.code);
            }
        }
    }

    #[test]
    fn a_code_is_valid_in_a_value_set_that_holds_it(world in world()) {
        let catalog = world.catalog();
        for value_set in &world.value_sets {
            let right = world.codes(value_set);
            for system in ["urn:a", "urn:b"] {
                for code in (0..CODES).map(code) {
                    let coding = Coding { system, code: &code, ..Coding::default() };
                    let named = Some(ValueSetRef::Address { url: &value_set.url, version: "" });
                    let mut request = ValidateRequest::new(named, Subject::Coding(coding));
                    request.membership_only = true;
                    let held = SYSTEMS.iter().any(|(url, version)| {
                        *url == system && right.contains(&format!("{url}|{version}#{code}"))
                    });
                    let found = catalog.validate(&request).unwrap();
                    prop_assert_eq!(found.result, held, "{} in {}: {:?}", code, value_set.url, found);
                }
            }
        }
    }

    #[test]
    fn pages_put_together_are_the_whole(world in world(), size in 1..7_usize) {
        let catalog = world.catalog();
        for value_set in &world.value_sets {
            let mut request = asked(&value_set.url);
            request.exclude_nested = true;
            let whole = catalog.expand(&request).unwrap();
            let contents = catalog.contents(&request).unwrap();
            let mut pages = Vec::new();
            request.count = Some(size);
            while request.offset < whole.total {
                let page = contents.expansion(&request).unwrap();
                prop_assert!(page.items.len() == size.min(whole.total - request.offset));
                pages.extend(page.items);
                request.offset += size;
            }
            prop_assert_eq!(pages, whole.items);
        }
    }

    #[test]
    fn inactive_codes_are_left_out_when_not_wanted(world in world()) {
        let catalog = world.catalog();
        for value_set in &world.value_sets {
            let mut request = asked(&value_set.url);
            request.exclude_nested = true;
            let all = catalog.expand(&request).unwrap();
            request.active_only = true;
            let active = catalog.expand(&request).unwrap();
            let kept = all.items.into_iter().filter(|item| !item.inactive).collect::<Vec<_>>();
            prop_assert_eq!(active.items, kept);
        }
    }
}
