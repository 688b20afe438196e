//! From text to [`Expression`]: expressions and sub-expressions. Refinements and filters have files of their own.
//!
//! Both the brief and the long syntax are read, mixed as one likes. Where the grammar leaves open what is meant, this
//! holds: a text in quotation marks after a comparison is a text, never an alternate identifier; a comma in a refinement
//! goes on with the refinement.

use super::ast::{
    AlternateIdentifier, ConceptReference, Expression, Fields, Focus, MemberOf, Operator, SubExpression,
};
use super::cursor::{Cursor, is_alias};
use super::error::{Error, Reason};
use super::{DEPTH_MAX, TEXT_BYTES_MAX};

const FOCUS: &str = "a concept identifier, `*` or `(`";
const UNMIXED: Reason = Reason::Refused("AND, OR and MINUS are not mixed without brackets");

/// Symbols before those that they begin with.
const OPERATORS: &[(&str, &str, Operator)] = &[
    ("<<!", "childOrSelfOf", Operator::ChildOrSelfOf),
    ("<<", "descendantOrSelfOf", Operator::DescendantOrSelfOf),
    ("<!", "childOf", Operator::ChildOf),
    ("<", "descendantOf", Operator::DescendantOf),
    (">>!", "parentOrSelfOf", Operator::ParentOrSelfOf),
    (">>", "ancestorOrSelfOf", Operator::AncestorOrSelfOf),
    (">!", "parentOf", Operator::ParentOf),
    (">", "ancestorOf", Operator::AncestorOf),
    ("!!>", "top", Operator::Top),
    ("!!<", "bottom", Operator::Bottom),
];

/// Reads an expression constraint.
///
/// # Errors
/// Where the text ceases to be one, and what was expected there.
pub fn parse(text: &str) -> Result<Expression, Error> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(Error::new(text, TEXT_BYTES_MAX, Reason::TooLong));
    }
    let mut parser = Parser {
        at: Cursor::new(text),
        depth: 0,
    };
    let expression = parser.expression()?;
    if parser.at.at_end() {
        Ok(expression)
    } else {
        parser.at.expected("an operator or the end of the expression")
    }
}

/// A place in a text, and how deep in brackets it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parser<'t> {
    pub(super) at: Cursor<'t>,
    pub(super) depth: usize,
}

/// A word between sub-expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Connective {
    And,
    Or,
    Minus,
}

impl Parser<'_> {
    /// An expression with the white space around it.
    pub(super) fn expression(&mut self) -> Result<Expression, Error> {
        let first = self.sub_expression()?;
        let expression = if self.at.take(":") {
            Expression::Refined(Box::new(first), self.refinement(false)?)
        } else if self.at.starts_with(".") {
            self.dotted(first)?
        } else {
            self.compound(first)?
        };
        if self.peek_connective().is_some() || self.at.starts_with(":") || self.at.starts_with(".") {
            return self.at.fail(UNMIXED_PARTS);
        }
        Ok(expression)
    }

    fn dotted(&mut self, first: SubExpression) -> Result<Expression, Error> {
        let mut names = Vec::new();
        while self.at.take(".") {
            names.push(self.sub_expression()?);
        }
        Ok(Expression::Dotted(Box::new(first), names))
    }

    fn compound(&mut self, first: SubExpression) -> Result<Expression, Error> {
        let Some(connective) = self.connective() else {
            return Ok(match first {
                SubExpression {
                    focus: Focus::Nested(_),
                    ..
                } if first.is_plain() => unnested(first),
                other => Expression::Sub(Box::new(other)),
            });
        };
        let mut parts = vec![first, self.sub_expression()?];
        while let Some(next) = self.peek_connective() {
            if next != connective || connective == Connective::Minus {
                return self.at.fail(UNMIXED);
            }
            self.connective();
            parts.push(self.sub_expression()?);
        }
        Ok(match connective {
            Connective::And => Expression::And(parts),
            Connective::Or => Expression::Or(parts),
            Connective::Minus => {
                let mut parts = parts.into_iter().map(Box::new);
                match (parts.next(), parts.next()) {
                    (Some(from), Some(without)) => Expression::Minus(from, without),
                    _ => return self.at.expected(FOCUS),
                }
            }
        })
    }

    /// Passes a connective, if one stands here.
    pub(super) fn connective(&mut self) -> Option<Connective> {
        if self.at.take(",") || self.at.take_word("and") {
            Some(Connective::And)
        } else if self.at.take_word("or") {
            Some(Connective::Or)
        } else if self.at.take_word("minus") {
            Some(Connective::Minus)
        } else {
            None
        }
    }

    pub(super) fn peek_connective(&self) -> Option<Connective> {
        let mut ahead = *self;
        ahead.connective()
    }

    /// A sub-expression with the white space around it.
    pub(super) fn sub_expression(&mut self) -> Result<SubExpression, Error> {
        self.deeper()?;
        self.at.space()?;
        let operator = self.operator();
        self.at.space()?;
        let mut member_of = self.member_of()?;
        self.at.space()?;
        let focus = self.focus()?;
        self.at.space()?;
        let (filters, history) = self.filters(member_of.as_mut())?;
        self.depth -= 1;
        Ok(plainer(SubExpression {
            operator,
            member_of,
            focus,
            filters,
            history,
        }))
    }

    /// Counts a bracket; whoever passes the closing one takes it back.
    pub(super) fn deeper(&mut self) -> Result<(), Error> {
        self.depth += 1;
        // The outermost expression is in no bracket.
        if self.depth > DEPTH_MAX + 1 {
            return self.at.fail(Reason::TooDeep);
        }
        Ok(())
    }

    pub(super) fn shallower(&mut self) {
        self.depth -= 1;
    }

    fn operator(&mut self) -> Option<Operator> {
        OPERATORS
            .iter()
            .find(|(symbol, word, _)| self.at.take(symbol) || self.at.take_word(word))
            .map(|&(_, _, operator)| operator)
    }

    fn member_of(&mut self) -> Result<Option<MemberOf>, Error> {
        if !self.at.take("^") && !self.at.take_word("memberOf") {
            return Ok(None);
        }
        self.at.space()?;
        let mut member_of = MemberOf::default();
        if self.at.take("[") {
            self.at.space()?;
            member_of.fields = Some(if self.at.take("*") || self.at.take_word("any") {
                Fields::All
            } else {
                let mut names = vec![self.field_name()?];
                self.at.space()?;
                while self.at.take(",") {
                    self.at.space()?;
                    names.push(self.field_name()?);
                    self.at.space()?;
                }
                Fields::Named(names)
            });
            self.at.space()?;
            self.at.require("]", "`,` or `]`")?;
        }
        Ok(Some(member_of))
    }

    /// Name of a field of reference sets.
    pub(super) fn field_name(&mut self) -> Result<String, Error> {
        match self.at.take_while(|c| c.is_ascii_alphabetic()) {
            "" => self.at.expected("the name of a field"),
            name => Ok(name.to_owned()),
        }
    }

    fn focus(&mut self) -> Result<Focus, Error> {
        if self.at.take("(") {
            let expression = self.expression()?;
            self.at.require(")", "an operator or `)`")?;
            return Ok(Focus::Nested(Box::new(expression)));
        }
        if self.at.take("*") || self.at.take_word("any") {
            return Ok(Focus::Any);
        }
        if self.at.starts_with("\"") || self.at.is_scheme() {
            return self.alternate_identifier().map(Focus::Alternate);
        }
        self.concept_reference().map(Focus::Concept)
    }

    /// A concept with its term, if any.
    pub(super) fn concept_reference(&mut self) -> Result<ConceptReference, Error> {
        let id = self.at.identifier(FOCUS)?;
        let term = self.at.term()?;
        Ok(ConceptReference { id, term })
    }

    /// `LOINC#54486-6`, `LOINC#"54486-6"` or `"LOINC#54486-6"`.
    fn alternate_identifier(&mut self) -> Result<AlternateIdentifier, Error> {
        let start = self.at.position();
        let (scheme, code) = if self.at.starts_with("\"") {
            let whole = self.at.quoted()?;
            let split = whole.split_once('#').filter(|(scheme, _)| {
                scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(is_alias)
            });
            match split {
                Some(parts) => parts,
                None => {
                    let reason =
                        Reason::Refused("an identifier in quotation marks is a scheme, `#` and a code");
                    return self.at.fail_at(start, reason);
                }
            }
        } else {
            let scheme = self.at.take_while(is_alias);
            self.at.require("#", "`#`")?;
            let code = if self.at.starts_with("\"") {
                self.at.quoted()?
            } else {
                self.at.take_while(is_code)
            };
            (scheme, code)
        };
        if code.is_empty() {
            return self.at.expected("a code");
        }
        if code.contains('\\') {
            return self
                .at
                .fail_at(start, Reason::Refused("a code holds no backslash"));
        }
        Ok(AlternateIdentifier {
            scheme: scheme.to_owned(),
            code: code.to_owned(),
            term: self.at.term()?,
        })
    }

    /// A sub-expression, or two or more concepts in brackets, which mean any of them.
    pub(super) fn concepts(&mut self) -> Result<SubExpression, Error> {
        let mut ahead = *self;
        if let Ok(concepts) = ahead.concept_list() {
            *self = ahead;
            let parts = concepts.into_iter().map(|c| SubExpression::of(Focus::Concept(c)));
            let any = Expression::Or(parts.collect());
            return Ok(SubExpression::of(Focus::Nested(Box::new(any))));
        }
        self.sub_expression()
    }

    fn concept_list(&mut self) -> Result<Vec<ConceptReference>, Error> {
        self.at.space()?;
        self.at.require("(", "`(`")?;
        self.at.space()?;
        let mut concepts = vec![self.concept_reference()?];
        self.at.space()?;
        while !self.at.take(")") || concepts.len() < 2 {
            concepts.push(self.concept_reference()?);
            self.at.space()?;
        }
        self.at.space()?;
        Ok(concepts)
    }
}

const UNMIXED_PARTS: Reason = Reason::Refused("what stands before this must be in brackets");

/// A character of an alternate identifier outside quotation marks.
pub(super) fn is_code(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_')
}

/// The expression in the brackets of a sub-expression that is nothing else.
fn unnested(sub: SubExpression) -> Expression {
    match sub.focus {
        Focus::Nested(expression) => *expression,
        focus => Expression::Sub(Box::new(SubExpression::of(focus))),
    }
}

/// A sub-expression without brackets around a sole sub-expression, where they make no difference.
fn plainer(mut sub: SubExpression) -> SubExpression {
    let Focus::Nested(nested) = sub.focus else {
        return sub;
    };
    match *nested {
        Expression::Sub(inner) if inner.is_plain() => {
            sub.focus = inner.focus;
            sub
        }
        Expression::Sub(inner) => {
            sub.focus = Focus::Any;
            if sub.is_plain() {
                return *inner;
            }
            sub.focus = Focus::Nested(Box::new(Expression::Sub(inner)));
            sub
        }
        other => {
            sub.focus = Focus::Nested(Box::new(other));
            sub
        }
    }
}
