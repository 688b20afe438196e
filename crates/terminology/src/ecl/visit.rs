//! Walks over the concepts that an expression names.

use super::ast::{
    Comparison, ConceptFilter, ConceptReference, DescriptionFilter, DialectName, Expression, FieldComparison,
    Filter, Focus, History, MemberFilter, Refinement, SubExpression,
};
use crate::edition::Edition;

/// The identifiers that an expression names and the edition does not hold, each once, in their order. Such a concept
/// counts for none when the expression is evaluated.
pub fn unknown(edition: &Edition, expression: &Expression) -> Vec<u64> {
    let mut unknown = Vec::new();
    expression.for_each_concept(&mut |concept| {
        if edition.find(&concept.id.to_string()).is_none() && !unknown.contains(&concept.id) {
            unknown.push(concept.id);
        }
    });
    unknown
}

/// What is called with each concept.
type Take<'t> = dyn FnMut(&ConceptReference) + 't;

impl Expression {
    /// Calls `take` with each concept that the expression names, in their order.
    pub fn for_each_concept(&self, take: &mut Take<'_>) {
        match self {
            Self::Sub(sub) => sub.visit(take),
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.visit(take)),
            Self::Minus(from, without) => {
                from.visit(take);
                without.visit(take);
            }
            Self::Refined(focus, refinement) => {
                focus.visit(take);
                refinement.visit(take);
            }
            Self::Dotted(focus, names) => {
                focus.visit(take);
                names.iter().for_each(|name| name.visit(take));
            }
        }
    }
}

impl SubExpression {
    fn visit(&self, take: &mut Take<'_>) {
        match &self.focus {
            Focus::Concept(concept) => take(concept),
            Focus::Any | Focus::Alternate(_) => {}
            Focus::Nested(expression) => expression.for_each_concept(take),
        }
        for filter in self.member_of.iter().flat_map(|member_of| &member_of.filters) {
            match filter {
                MemberFilter::Module(_, set)
                | MemberFilter::Field(_, FieldComparison::Value(Comparison::Concept(_, set))) => {
                    set.visit(take)
                }
                _ => {}
            }
        }
        for filter in &self.filters {
            match filter {
                Filter::Description(conditions) => conditions.iter().for_each(|condition| match condition {
                    DescriptionFilter::TypeId(_, set) | DescriptionFilter::Module(_, set) => set.visit(take),
                    DescriptionFilter::Dialect(_, dialects) => {
                        for dialect in dialects {
                            if let DialectName::Concepts(set) = &dialect.dialect {
                                set.visit(take);
                            }
                        }
                    }
                    _ => {}
                }),
                Filter::Concept(conditions) => conditions.iter().for_each(|condition| match condition {
                    ConceptFilter::Module(_, set) | ConceptFilter::DefinitionStatusId(_, set) => {
                        set.visit(take)
                    }
                    _ => {}
                }),
            }
        }
        if let Some(History::Subset(subset)) = &self.history {
            subset.for_each_concept(take);
        }
    }
}

impl Refinement {
    fn visit(&self, take: &mut Take<'_>) {
        match self {
            Self::Attribute(attribute) => {
                attribute.name.visit(take);
                if let Comparison::Concept(_, set) = &attribute.value {
                    set.visit(take);
                }
            }
            Self::Group(_, inner) => inner.visit(take),
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.visit(take)),
        }
    }
}
