//! The same text, read and evaluated by the crate `snomed-ecl` over the same random terminologies.
//!
//! Only what both know is drawn. Left out, because that crate understands it otherwise than the specification:
//! - `!=` negates a whole attribute there; by 6.5 it asks for an attribute with another value.
//! - The cardinality of a reversed attribute counts relationships there; by 6.3 it counts the concepts whose attribute
//!   it is.
//! - A reversed attribute in a group takes the number of the group from one concept and the group itself from another;
//!   by 6.2, footnote 3, both are of the concept whose attribute it is.
//! - Texts are compared whole there; since 2.1 they are matched by words. Both give the same for the texts drawn.
//!
//! And because that crate does not read it: brackets around the name of an attribute, the operators for top and bottom,
//! truth values, fields and filters of members, history.

use std::collections::BTreeSet;

use proptest::prelude::*;
use snomed_core::components::{Concept, Relationship, RelationshipConcreteValue};
use snomed_core::concrete_value::ConcreteValue;
use snomed_core::constants;
use snomed_core::member_id::MemberId;
use snomed_core::sctid::{ComponentType, SctId};
use snomed_core::time::EffectiveTime;
use snomed_rf2::refset::{RefsetMemberCore, SimpleRefsetMember};
use snomed_store::SnapshotStore;
use vardnav_terminology::ecl::{self, Limits};

use super::random::Draw;
use super::small::{Small, Value};

const TIME: EffectiveTime = EffectiveTime::new_unchecked(20200131);

impl Small {
    fn store(&self) -> SnapshotStore {
        let mut builder = SnapshotStore::builder();
        let id = |concept: usize| SctId::new_unchecked(self.concepts[concept].id);
        let mut relationships = 0;
        let mut relationship = |source: usize, group: u32, kind: SctId, target: usize| {
            relationships += 1;
            Relationship {
                id: SctId::compose(100_000 + relationships, ComponentType::Relationship, None).unwrap(),
                effective_time: TIME,
                active: true,
                module_id: constants::CORE_MODULE,
                source_id: id(source),
                destination_id: id(target),
                relationship_group: group,
                type_id: kind,
                characteristic_type_id: constants::INFERRED_RELATIONSHIP,
                modifier_id: constants::EXISTENTIAL_MODIFIER,
            }
        };
        for (number, concept) in self.concepts.iter().enumerate() {
            builder.add_concept(Concept {
                id: id(number),
                effective_time: TIME,
                active: true,
                module_id: constants::CORE_MODULE,
                definition_status_id: constants::PRIMITIVE,
            });
            for &parent in &concept.parents {
                builder.add_relationship(relationship(number, 0, constants::IS_A, parent));
            }
        }
        for (number, attribute) in self.attributes.iter().enumerate() {
            let kind = id(attribute.kind);
            let group = u32::from(attribute.group);
            let value = match &attribute.value {
                Value::Concept(target) => {
                    builder.add_relationship(relationship(attribute.source, group, kind, *target));
                    continue;
                }
                Value::Number(number) => ConcreteValue::Number(number.clone()),
                Value::Text(text) => ConcreteValue::String(text.clone()),
                other => panic!("not drawn: {other:?}"),
            };
            builder.add_relationship_concrete_value(RelationshipConcreteValue {
                id: SctId::compose(500_000 + number as u64, ComponentType::Relationship, None).unwrap(),
                effective_time: TIME,
                active: true,
                module_id: constants::CORE_MODULE,
                source_id: id(attribute.source),
                value,
                relationship_group: group,
                type_id: kind,
                characteristic_type_id: constants::INFERRED_RELATIONSHIP,
                modifier_id: constants::EXISTENTIAL_MODIFIER,
            });
        }
        let mut members = 0_u32;
        for set in &self.reference_sets {
            for member in &set.members {
                members += 1;
                builder.add_simple_member(SimpleRefsetMember {
                    core: RefsetMemberCore {
                        id: MemberId::parse(&format!("00000000-0000-4000-8000-{members:012}")).unwrap(),
                        effective_time: TIME,
                        active: member.active,
                        module_id: constants::CORE_MODULE,
                        refset_id: id(set.concept),
                        referenced_component_id: id(member.referenced),
                    },
                });
            }
        }
        builder.build()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, max_global_rejects: 20_000, ..ProptestConfig::default() })]
    #[test]
    fn agrees_with_another_implementation(
        content in prop::collection::vec(any::<u16>(), 0..800),
        wish in prop::collection::vec(any::<u16>(), 0..120),
    ) {
        let mut draw = Draw::new(&content, true);
        let small = draw.terminology();
        let text = draw.with(&wish).expression(3).to_string();
        let read = ecl::parse(&text).map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
        let text = read.to_string();
        let theirs = snomed_ecl::parse(&text);
        let bracketed_name = theirs.is_err() && (text.contains(": (") || text.contains("{ (") || text.contains(", (")
            || text.contains("R (") || text.contains("] (") || text.contains(" OR ("));
        prop_assume!(!bracketed_name);
        let theirs = theirs.map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
        let theirs: BTreeSet<u64> = snomed_ecl::evaluate(&theirs, &small.store())
            .into_iter()
            .map(SctId::as_u64)
            .collect();
        let edition = small.edition();
        let ours: BTreeSet<u64> = ecl::evaluate(&edition, &read, &Limits::default())
            .map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?
            .iter()
            .map(|concept| small.concepts[concept.position()].id)
            .collect();
        prop_assert_eq!(ours, theirs, "{}", text);
    }
}
