//! Reads filters on descriptions, concepts and members, and history supplements.

use super::ast::{
    Acceptability, ConceptFilter, DescriptionFilter, DescriptionType, Dialect, DialectName, Equality,
    FieldComparison, Filter, Focus, History, MemberFilter, MemberOf, Order, SubExpression, Time,
};
use super::cursor::is_alias;
use super::error::{Error, Reason};
use super::parser::Parser;
use super::well_known;

/// Words for a thing of the language, the brief one first.
type Words<T> = &'static [(&'static str, T)];

const TYPES: Words<DescriptionType> = &[
    ("syn", DescriptionType::Synonym),
    ("synonym", DescriptionType::Synonym),
    ("fsn", DescriptionType::FullySpecifiedName),
    ("fullySpecifiedName", DescriptionType::FullySpecifiedName),
    ("def", DescriptionType::Definition),
    ("definition", DescriptionType::Definition),
];

const ACCEPTABILITIES: Words<Acceptability> = &[
    ("prefer", Acceptability::Preferred),
    ("preferred", Acceptability::Preferred),
    ("accept", Acceptability::Acceptable),
    ("acceptable", Acceptability::Acceptable),
];

const DEFINITION_STATUSES: Words<bool> = &[("primitive", false), ("defined", true)];

impl Parser<'_> {
    /// Filters and history after a focus, with the white space after them. Filters on members go to `member_of`.
    pub(super) fn filters(
        &mut self,
        member_of: Option<&mut MemberOf>,
    ) -> Result<(Vec<Filter>, Option<History>), Error> {
        let mut members = member_of.map(|member_of| &mut member_of.filters);
        let mut filters = Vec::new();
        loop {
            let start = self.at.position();
            if !self.at.take("{{") {
                return Ok((filters, None));
            }
            self.at.space()?;
            if self.at.take("+") {
                let history = self.history()?;
                self.close()?;
                if self.at.starts_with("{{") {
                    let reason = Reason::Refused("nothing is added to a history supplement without brackets");
                    return self.at.fail(reason);
                }
                return Ok((filters, Some(history)));
            }
            if self.letter("m") {
                match &mut members {
                    Some(members) if filters.is_empty() => members.extend(self.list(Self::member_filter)?),
                    _ => {
                        let reason = Reason::Refused(
                            "a filter on members follows `^` and its reference sets, before other filters",
                        );
                        return self.at.fail_at(start, reason);
                    }
                }
            } else if self.letter("c") {
                filters.push(Filter::Concept(self.list(Self::concept_filter)?));
            } else {
                self.letter("d");
                filters.push(Filter::Description(self.list(Self::description_filter)?));
            }
            self.close()?;
        }
    }

    fn close(&mut self) -> Result<(), Error> {
        self.at.space()?;
        self.at.require("}}", "`,` or `}}`")?;
        self.at.space()
    }

    /// Passes the letter that says what kind of filter this is.
    fn letter(&mut self, letter: &str) -> bool {
        self.at.word().len() == 1 && self.at.take_word(letter)
    }

    fn list<T>(&mut self, item: impl Fn(&mut Self) -> Result<T, Error>) -> Result<Vec<T>, Error> {
        let mut items = Vec::new();
        loop {
            self.at.space()?;
            items.push(item(self)?);
            self.at.space()?;
            if !self.at.take(",") {
                return Ok(items);
            }
        }
    }

    fn description_filter(&mut self) -> Result<DescriptionFilter, Error> {
        let start = self.at.position();
        let keyword = self.keyword();
        Ok(match keyword.as_str() {
            "term" => DescriptionFilter::Term(self.equality()?, self.search_terms()?),
            "language" => DescriptionFilter::Language(self.equality()?, self.one_or_set(Self::language)?),
            "type" => {
                let (equality, types) = self.words(TYPES, "`syn`, `fsn` or `def`")?;
                DescriptionFilter::Type(equality, types)
            }
            "typeid" => DescriptionFilter::TypeId(self.equality()?, self.concepts()?),
            "dialect" => DescriptionFilter::Dialect(self.equality()?, self.dialects(Self::alias)?),
            "dialectid" => DescriptionFilter::Dialect(self.equality()?, self.dialect_ids()?),
            "moduleid" => DescriptionFilter::Module(self.equality()?, self.concepts()?),
            "effectivetime" => DescriptionFilter::EffectiveTime(self.order()?, self.times()?),
            "active" => DescriptionFilter::Active(self.equality()?, self.active()?),
            "id" => DescriptionFilter::Id(self.equality()?, self.one_or_set(Self::description_id)?),
            _ => {
                return self.at.fail_at(
                    start,
                    Reason::Expected(
                        "a filter on descriptions (term, language, type, typeId, dialect, dialectId, moduleId, \
                         effectiveTime, active, id)",
                    ),
                );
            }
        })
    }

    fn concept_filter(&mut self) -> Result<ConceptFilter, Error> {
        let start = self.at.position();
        let keyword = self.keyword();
        Ok(match keyword.as_str() {
            "definitionstatus" => {
                let (equality, statuses) = self.words(DEFINITION_STATUSES, "`primitive` or `defined`")?;
                ConceptFilter::DefinitionStatus(equality, statuses)
            }
            "definitionstatusid" => ConceptFilter::DefinitionStatusId(self.equality()?, self.concepts()?),
            "moduleid" => ConceptFilter::Module(self.equality()?, self.concepts()?),
            "effectivetime" => ConceptFilter::EffectiveTime(self.order()?, self.times()?),
            "active" => ConceptFilter::Active(self.equality()?, self.active()?),
            _ => {
                return self.at.fail_at(
                    start,
                    Reason::Expected(
                        "a filter on concepts (definitionStatus, definitionStatusId, moduleId, effectiveTime, active)",
                    ),
                );
            }
        })
    }

    fn member_filter(&mut self) -> Result<MemberFilter, Error> {
        let name = self.field_name()?;
        Ok(match name.to_ascii_lowercase().as_str() {
            "moduleid" => MemberFilter::Module(self.equality()?, self.concepts()?),
            "effectivetime" => MemberFilter::EffectiveTime(self.order()?, self.times()?),
            "active" => MemberFilter::Active(self.equality()?, self.active()?),
            _ => MemberFilter::Field(name, self.field_comparison()?),
        })
    }

    fn field_comparison(&mut self) -> Result<FieldComparison, Error> {
        let order = self.order()?;
        let mut ahead = self.at;
        if ahead.take("(") {
            ahead.space()?;
        }
        let ordered = !matches!(order, Order::Equal | Order::NotEqual);
        if ahead.starts_with("\"\"") || (ordered && ahead.starts_with("\"")) {
            return Ok(FieldComparison::Time(order, self.times()?));
        }
        Ok(FieldComparison::Value(self.comparison(order)?))
    }

    /// The word here in lower case, passed.
    fn keyword(&mut self) -> String {
        let word = self.at.take_while(|c| c.is_ascii_alphabetic());
        word.to_ascii_lowercase()
    }

    fn words<T: Copy>(
        &mut self,
        words: Words<T>,
        expected: &'static str,
    ) -> Result<(Equality, Vec<T>), Error> {
        let equality = self.equality()?;
        Ok((
            equality,
            self.one_or_set(|parser| parser.one_of(words, expected))?,
        ))
    }

    fn one_of<T: Copy>(&mut self, words: Words<T>, expected: &'static str) -> Result<T, Error> {
        match words.iter().find(|(word, _)| self.at.take_word(word)) {
            Some(&(_, thing)) => Ok(thing),
            None => self.at.expected(expected),
        }
    }

    fn language(&mut self) -> Result<String, Error> {
        let start = self.at.position();
        match self.keyword() {
            code if code.len() == 2 => Ok(code),
            _ => self
                .at
                .fail_at(start, Reason::Expected("a language code of two letters")),
        }
    }

    fn description_id(&mut self) -> Result<u64, Error> {
        self.at.identifier("the identifier of a description")
    }

    fn active(&mut self) -> Result<Option<bool>, Error> {
        if self.at.take("*") {
            return Ok(None);
        }
        let found = [("1", true), ("0", false), ("true", true), ("false", false)]
            .into_iter()
            .find(|(word, _)| self.at.take_word(word) || self.at.take(word));
        match found {
            Some((_, active)) => Ok(Some(active)),
            None => self.at.expected("`true`, `false`, `1`, `0` or `*`"),
        }
    }

    fn times(&mut self) -> Result<Vec<Time>, Error> {
        self.one_or_set(Self::time)
    }

    fn time(&mut self) -> Result<Time, Error> {
        let start = self.at.position();
        let date = self.at.quoted()?;
        if date.is_empty() {
            return Ok(None);
        }
        let number: Option<u32> = date.parse().ok();
        match number {
            Some(number)
                if date.len() == 8
                    && number >= 10_000_101
                    && (1..=12).contains(&(number / 100 % 100))
                    && (1..=31).contains(&(number % 100)) =>
            {
                Ok(Some(number))
            }
            _ => self
                .at
                .fail_at(start, Reason::Expected("a date as yyyymmdd in quotation marks")),
        }
    }

    fn alias(&mut self) -> Result<DialectName, Error> {
        let start = self.at.position();
        let alias = self.at.take_while(is_alias);
        if alias.starts_with(|c: char| c.is_ascii_alphabetic()) {
            Ok(DialectName::Alias(alias.to_ascii_lowercase()))
        } else {
            self.at
                .fail_at(start, Reason::Expected("the alias of a dialect, such as sv-se"))
        }
    }

    fn dialect_ids(&mut self) -> Result<Vec<Dialect>, Error> {
        if self.at.starts_with("(") {
            let mut ahead = *self;
            let dialects = ahead.dialects(|parser| {
                let concept = parser.concept_reference()?;
                Ok(DialectName::Concepts(SubExpression::of(Focus::Concept(concept))))
            });
            ahead.at.space()?;
            // Brackets with a filter after them are those of a sub-expression.
            if let (Ok(dialects), false) = (dialects, ahead.at.starts_with("{{")) {
                *self = ahead;
                return Ok(dialects);
            }
        }
        let dialect = DialectName::Concepts(self.sub_expression()?);
        let acceptability = self.acceptabilities()?;
        Ok(vec![Dialect {
            dialect,
            acceptability,
        }])
    }

    /// Dialects, each with its acceptability; one that stands after all of them counts for those without.
    fn dialects(
        &mut self,
        name: impl Fn(&mut Self) -> Result<DialectName, Error>,
    ) -> Result<Vec<Dialect>, Error> {
        let mut dialects = self.one_or_set(|parser| {
            let dialect = name(parser)?;
            Ok(Dialect {
                dialect,
                acceptability: parser.acceptabilities()?,
            })
        })?;
        let common = self.acceptabilities()?;
        for dialect in &mut dialects {
            if dialect.acceptability.is_empty() {
                dialect.acceptability.clone_from(&common);
            }
        }
        Ok(dialects)
    }

    /// Acceptabilities in brackets, if any.
    fn acceptabilities(&mut self) -> Result<Vec<Acceptability>, Error> {
        let mut ahead = *self;
        ahead.at.space()?;
        if !ahead.at.starts_with("(") {
            return Ok(Vec::new());
        }
        *self = ahead;
        self.one_or_set(Self::acceptability)
    }

    fn acceptability(&mut self) -> Result<Acceptability, Error> {
        let start = self.at.position();
        if !self.at.peek().is_some_and(|c| c.is_ascii_digit()) {
            return self.one_of(ACCEPTABILITIES, "`prefer` or `accept`");
        }
        match self.concept_reference()?.id {
            well_known::PREFERRED => Ok(Acceptability::Preferred),
            well_known::ACCEPTABLE => Ok(Acceptability::Acceptable),
            _ => self.at.fail_at(
                start,
                Reason::Refused(
                    "an acceptability is 900000000000548007 (preferred) or 900000000000549004 (acceptable)",
                ),
            ),
        }
    }

    fn history(&mut self) -> Result<History, Error> {
        self.at.space()?;
        if !self.at.take_word("history") {
            return self.at.expected("`HISTORY`");
        }
        if self.at.take("-") || self.at.take("_") {
            let profiles: Words<fn() -> History> = &[
                ("min", || History::Minimum),
                ("mod", || History::Moderate),
                ("max", || History::Maximum),
            ];
            return Ok(self.one_of(profiles, "`MIN`, `MOD` or `MAX`")?());
        }
        self.at.space()?;
        if self.at.take("(") {
            self.deeper()?;
            let subset = self.expression()?;
            self.at.require(")", "an operator or `)`")?;
            self.shallower();
            return Ok(History::Subset(Box::new(subset)));
        }
        Ok(History::Maximum)
    }
}
