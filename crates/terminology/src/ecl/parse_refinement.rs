//! Reads refinements: attributes, groups, cardinalities, comparisons.

use super::ast::{Attribute, Cardinality, Comparison, Equality, Order, Refinement, SearchTerm};
use super::cursor::is_space;
use super::error::{Error, Reason};
use super::parser::{Connective, Parser};

const COMPARISON: &str = "a comparison (`=`, `!=`, `<`, `<=`, `>`, `>=`)";

impl Parser<'_> {
    /// A refinement with the white space around it; within a group, one without groups.
    pub(super) fn refinement(&mut self, grouped: bool) -> Result<Refinement, Error> {
        let first = self.part(grouped)?;
        let Some(connective) = self.peek_connective() else {
            return Ok(first);
        };
        let mut parts = vec![first];
        while let Some(next) = self.peek_connective() {
            if next == Connective::Minus {
                return self.at.fail(Reason::Refused("MINUS joins no attributes"));
            }
            if next != connective {
                return self
                    .at
                    .fail(Reason::Refused("AND and OR are not mixed without brackets"));
            }
            self.connective();
            parts.push(self.part(grouped)?);
        }
        Ok(match connective {
            Connective::Or => Refinement::Or(parts),
            _ => Refinement::And(parts),
        })
    }

    fn part(&mut self, grouped: bool) -> Result<Refinement, Error> {
        self.at.space()?;
        let cardinality = self.cardinality()?;
        self.at.space()?;
        let part = if self.at.starts_with("{") {
            if grouped {
                return self
                    .at
                    .fail(Reason::Refused("an attribute group holds no other group"));
            }
            self.at.take("{");
            self.deeper()?;
            let inner = self.refinement(true)?;
            self.at.require("}", "`,` or `}`")?;
            self.shallower();
            Refinement::Group(cardinality.unwrap_or_default(), Box::new(inner))
        } else if cardinality.is_none() && self.at.starts_with("(") && self.is_refinement_in_brackets()? {
            self.at.take("(");
            self.deeper()?;
            let inner = self.refinement(grouped)?;
            self.at.require(")", "`,` or `)`")?;
            self.shallower();
            inner
        } else {
            Refinement::Attribute(Box::new(self.attribute(cardinality.unwrap_or_default())?))
        };
        self.at.space()?;
        Ok(part)
    }

    /// Whether the brackets here hold a refinement rather than the name of an attribute, after which something is
    /// compared.
    fn is_refinement_in_brackets(&self) -> Result<bool, Error> {
        let Some(mut ahead) = self.at.after_brackets() else {
            return Ok(true);
        };
        ahead.space()?;
        let after = Self { at: ahead, ..*self };
        Ok(after.peek_connective().is_some() || matches!(ahead.peek(), None | Some(')' | '}')))
    }

    fn cardinality(&mut self) -> Result<Option<Cardinality>, Error> {
        let start = self.at.position();
        if !self.at.take("[") {
            return Ok(None);
        }
        self.at.space()?;
        let min = self.at.natural()?;
        self.at.space()?;
        if !self.at.take("..") && !self.at.take_word("to") {
            return self.at.expected("`..`");
        }
        self.at.space()?;
        let max = if self.at.take("*") || self.at.take_word("many") {
            None
        } else {
            Some(self.at.natural()?)
        };
        self.at.space()?;
        self.at.require("]", "`]`")?;
        if max.is_some_and(|max| max < min) {
            let reason = Reason::Refused("the least number is above the most");
            return self.at.fail_at(start, reason);
        }
        Ok(Some(Cardinality { min, max }))
    }

    fn attribute(&mut self, cardinality: Cardinality) -> Result<Attribute, Error> {
        let reverse = self.reverse();
        let name = self.sub_expression()?;
        let order = self.order()?;
        let start = self.at.position();
        let value = self.comparison(order)?;
        if reverse && !matches!(value, Comparison::Concept(..)) {
            let reason = Reason::Refused("a reversed attribute is compared with concepts");
            return self.at.fail_at(start, reason);
        }
        Ok(Attribute {
            cardinality,
            reverse,
            name,
            value,
        })
    }

    fn reverse(&mut self) -> bool {
        self.at.take_word("reverseOf") || (self.at.word() == "R" && !self.at.is_scheme() && self.at.take("R"))
    }

    /// A comparison's operator with the white space around it.
    pub(super) fn order(&mut self) -> Result<Order, Error> {
        self.at.space()?;
        let mut ahead = self.at;
        let order = if ahead.take("=") {
            Order::Equal
        } else if ahead.take("!=") || ahead.take("<>") {
            Order::NotEqual
        } else if ahead.take("<=") {
            Order::LessOrEqual
        } else if ahead.take("<") {
            Order::Less
        } else if ahead.take(">=") {
            Order::GreaterOrEqual
        } else if ahead.take(">") {
            Order::Greater
        } else if ahead.take_word("not") {
            ahead.space()?;
            if !ahead.take("=") {
                return ahead.expected("`=`");
            }
            Order::NotEqual
        } else {
            return self.at.expected(COMPARISON);
        };
        ahead.space()?;
        self.at = ahead;
        Ok(order)
    }

    /// `=` or `!=` with the white space around it.
    pub(super) fn equality(&mut self) -> Result<Equality, Error> {
        self.at.space()?;
        let start = self.at.position();
        match self.order()? {
            Order::Equal => Ok(Equality::Equal),
            Order::NotEqual => Ok(Equality::NotEqual),
            _ => self.at.fail_at(start, Reason::Expected("`=` or `!=`")),
        }
    }

    /// What is compared with.
    pub(super) fn comparison(&mut self, order: Order) -> Result<Comparison, Error> {
        if self.at.take("#") {
            return Ok(Comparison::Number(order, self.at.number()?.to_owned()));
        }
        let equality = match order {
            Order::Equal => Equality::Equal,
            Order::NotEqual => Equality::NotEqual,
            _ => return self.at.expected("`#` and a number"),
        };
        if self.is_text() {
            return Ok(Comparison::Text(equality, self.search_terms()?));
        }
        for (word, value) in [("true", true), ("false", false)] {
            if self.at.take_word(word) {
                return Ok(Comparison::Boolean(equality, value));
            }
        }
        Ok(Comparison::Concept(equality, self.sub_expression()?))
    }

    /// Whether search terms stand here, perhaps in brackets.
    pub(super) fn is_text(&self) -> bool {
        let mut ahead = self.at;
        if ahead.take("(") && ahead.space().is_err() {
            return false;
        }
        ahead.starts_with("\"") || {
            let typed = ahead.take_word("match") || ahead.take_word("wild");
            typed && ahead.space().is_ok() && ahead.starts_with(":")
        }
    }

    /// A search term, or one or more in brackets.
    pub(super) fn search_terms(&mut self) -> Result<Vec<SearchTerm>, Error> {
        self.one_or_set(Self::search_term)
    }

    /// One thing, or one or more in brackets with white space between.
    pub(super) fn one_or_set<T>(
        &mut self,
        item: impl Fn(&mut Self) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        if !self.at.take("(") {
            return Ok(vec![item(self)?]);
        }
        let mut items = Vec::new();
        loop {
            self.at.space()?;
            if !items.is_empty() && self.at.take(")") {
                return Ok(items);
            }
            items.push(item(self)?);
        }
    }

    fn search_term(&mut self) -> Result<SearchTerm, Error> {
        let wild = self.at.take_word("wild");
        if wild || self.at.take_word("match") {
            self.at.space()?;
            self.at.require(":", "`:`")?;
            self.at.space()?;
        }
        let start = self.at.position();
        let written = self.at.quoted()?;
        let mut text = String::with_capacity(written.len());
        let mut letters = written.char_indices();
        while let Some((offset, letter)) = letters.next() {
            if letter != '\\' {
                text.push(letter);
                continue;
            }
            match letters.next() {
                Some((_, '"')) => text.push('"'),
                Some((_, '\\')) if wild => text.push_str("\\\\"),
                Some((_, '\\')) => text.push('\\'),
                Some((_, '*')) if wild => text.push_str("\\*"),
                _ => {
                    let reason =
                        Reason::Refused("a backslash stands before `\"`, `\\` or, in wild:, `*` alone");
                    return self.at.fail_at(start + 1 + offset, reason);
                }
            }
        }
        let words = || text.split(is_space).filter(|word| !word.is_empty());
        if words().next().is_none() {
            return self.at.fail_at(start, Reason::Refused("a search term is empty"));
        }
        Ok(if wild {
            SearchTerm::Wild(text)
        } else {
            SearchTerm::Match(words().map(str::to_owned).collect())
        })
    }
}
