//! Writes expressions in the brief syntax, each in one way. What is written is read back as the same expression.

use std::fmt::{self, Display, Formatter, Write as _};

use super::ast::{
    Acceptability, AlternateIdentifier, Attribute, Cardinality, Comparison, ConceptFilter, ConceptReference,
    DescriptionFilter, DescriptionType, Dialect, DialectName, Equality, Expression, FieldComparison, Fields,
    Filter, Focus, History, MemberFilter, MemberOf, Operator, Order, Refinement, SearchTerm, SubExpression,
    Time,
};
use super::parser::is_code;

/// Writes `items` with `between` between them.
fn join<T: Display>(f: &mut Formatter<'_>, items: &[T], between: &str) -> fmt::Result {
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            f.write_str(between)?;
        }
        item.fmt(f)?;
    }
    Ok(())
}

/// Writes one item, or several in brackets.
fn one_or_set<T: Display>(f: &mut Formatter<'_>, items: &[T]) -> fmt::Result {
    if items.len() == 1 {
        return join(f, items, "");
    }
    f.write_char('(')?;
    join(f, items, " ")?;
    f.write_char(')')
}

/// Writes a term between vertical bars, unless terms are left out.
fn term(f: &mut Formatter<'_>, term: Option<&str>) -> fmt::Result {
    match term {
        Some(term) if !f.alternate() => write!(f, " |{term}|"),
        _ => Ok(()),
    }
}

impl Display for Expression {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sub(sub) => sub.fmt(f),
            Self::And(parts) => join(f, parts, " AND "),
            Self::Or(parts) => join(f, parts, " OR "),
            Self::Minus(from, without) => {
                from.fmt(f)?;
                f.write_str(" MINUS ")?;
                without.fmt(f)
            }
            Self::Refined(focus, refinement) => {
                focus.fmt(f)?;
                f.write_str(" : ")?;
                refinement.fmt(f)
            }
            Self::Dotted(focus, names) => {
                focus.fmt(f)?;
                f.write_str(" . ")?;
                join(f, names, " . ")
            }
        }
    }
}

impl Display for SubExpression {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(operator) = self.operator {
            write!(f, "{operator} ")?;
        }
        if let Some(MemberOf { fields, .. }) = &self.member_of {
            f.write_str("^ ")?;
            match fields {
                None => {}
                Some(Fields::All) => f.write_str("[*] ")?,
                Some(Fields::Named(names)) => write!(f, "[{}] ", names.join(", "))?,
            }
        }
        self.focus.fmt(f)?;
        if let Some(MemberOf { filters, .. }) = &self.member_of
            && !filters.is_empty()
        {
            f.write_str(" {{ M ")?;
            join(f, filters, ", ")?;
            f.write_str(" }}")?;
        }
        for filter in &self.filters {
            f.write_char(' ')?;
            filter.fmt(f)?;
        }
        if let Some(history) = &self.history {
            f.write_char(' ')?;
            history.fmt(f)?;
        }
        Ok(())
    }
}

impl Display for Operator {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DescendantOf => "<",
            Self::DescendantOrSelfOf => "<<",
            Self::ChildOf => "<!",
            Self::ChildOrSelfOf => "<<!",
            Self::AncestorOf => ">",
            Self::AncestorOrSelfOf => ">>",
            Self::ParentOf => ">!",
            Self::ParentOrSelfOf => ">>!",
            Self::Top => "!!>",
            Self::Bottom => "!!<",
        })
    }
}

impl Display for Focus {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Concept(concept) => concept.fmt(f),
            Self::Any => f.write_char('*'),
            Self::Alternate(identifier) => identifier.fmt(f),
            Self::Nested(expression) => {
                f.write_char('(')?;
                expression.fmt(f)?;
                f.write_char(')')
            }
        }
    }
}

impl Display for ConceptReference {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)?;
        term(f, self.term.as_deref())
    }
}

impl Display for AlternateIdentifier {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.code.chars().all(is_code) {
            write!(f, "{}#{}", self.scheme, self.code)?;
        } else {
            write!(f, "\"{}#{}\"", self.scheme, self.code)?;
        }
        term(f, self.term.as_deref())
    }
}

impl Display for Refinement {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let parts = |f: &mut Formatter<'_>, parts: &[Self], between: &str| {
            for (position, part) in parts.iter().enumerate() {
                if position > 0 {
                    f.write_str(between)?;
                }
                if matches!(part, Self::And(_) | Self::Or(_)) {
                    f.write_char('(')?;
                    part.fmt(f)?;
                    f.write_char(')')?;
                } else {
                    part.fmt(f)?;
                }
            }
            Ok(())
        };
        match self {
            Self::Attribute(attribute) => attribute.fmt(f),
            Self::Group(cardinality, refinement) => {
                cardinality.fmt(f)?;
                f.write_str("{ ")?;
                refinement.fmt(f)?;
                f.write_str(" }")
            }
            Self::And(all) => parts(f, all, ", "),
            Self::Or(any) => parts(f, any, " OR "),
        }
    }
}

/// Nothing for the default, otherwise with a space after it.
impl Display for Cardinality {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if *self == Self::default() {
            return Ok(());
        }
        match self.max {
            Some(max) => write!(f, "[{}..{max}] ", self.min),
            None => write!(f, "[{}..*] ", self.min),
        }
    }
}

impl Display for Attribute {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.cardinality.fmt(f)?;
        if self.reverse {
            f.write_str("R ")?;
        }
        self.name.fmt(f)?;
        f.write_char(' ')?;
        self.value.fmt(f)
    }
}

impl Display for Comparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Concept(equality, set) => {
                write!(f, "{equality} ")?;
                set.fmt(f)
            }
            Self::Number(order, number) => write!(f, "{order} #{number}"),
            Self::Text(equality, terms) => {
                write!(f, "{equality} ")?;
                one_or_set(f, terms)
            }
            Self::Boolean(equality, value) => write!(f, "{equality} {value}"),
        }
    }
}

impl Display for Equality {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
        })
    }
}

impl Display for Order {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        })
    }
}

impl Display for SearchTerm {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Match(words) => {
                let text = words.join(" ").replace('\\', "\\\\").replace('"', "\\\"");
                write!(f, "\"{text}\"")
            }
            Self::Wild(pattern) => write!(f, "wild:\"{}\"", pattern.replace('"', "\\\"")),
        }
    }
}

impl Display for Filter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Description(conditions) => {
                f.write_str("{{ D ")?;
                join(f, conditions, ", ")?;
            }
            Self::Concept(conditions) => {
                f.write_str("{{ C ")?;
                join(f, conditions, ", ")?;
            }
        }
        f.write_str(" }}")
    }
}

/// A condition on what concepts, dates and activity all have.
fn condition<T: Display>(f: &mut Formatter<'_>, name: &str, how: impl Display, what: &[T]) -> fmt::Result {
    write!(f, "{name} {how} ")?;
    one_or_set(f, what)
}

struct Quoted(Time);

impl Display for Quoted {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(date) => write!(f, "\"{date}\""),
            None => f.write_str("\"\""),
        }
    }
}

fn times(f: &mut Formatter<'_>, name: &str, order: Order, times: &[Time]) -> fmt::Result {
    let quoted: Vec<Quoted> = times.iter().copied().map(Quoted).collect();
    condition(f, name, order, &quoted)
}

fn active(f: &mut Formatter<'_>, equality: Equality, active: Option<bool>) -> fmt::Result {
    match active {
        Some(active) => write!(f, "active {equality} {active}"),
        None => write!(f, "active {equality} *"),
    }
}

impl Display for DescriptionFilter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Term(equality, terms) => condition(f, "term", equality, terms),
            Self::Language(equality, codes) => condition(f, "language", equality, codes),
            Self::Type(equality, types) => condition(f, "type", equality, types),
            Self::TypeId(equality, set) => condition(f, "typeId", equality, std::slice::from_ref(set)),
            Self::Dialect(equality, dialects) => {
                let by_alias = dialects
                    .iter()
                    .all(|dialect| matches!(dialect.dialect, DialectName::Alias(_)));
                condition(
                    f,
                    if by_alias { "dialect" } else { "dialectId" },
                    equality,
                    dialects,
                )
            }
            Self::Module(equality, set) => condition(f, "moduleId", equality, std::slice::from_ref(set)),
            Self::EffectiveTime(order, dates) => times(f, "effectiveTime", *order, dates),
            Self::Active(equality, value) => active(f, *equality, *value),
            Self::Id(equality, ids) => condition(f, "id", equality, ids),
        }
    }
}

impl Display for DescriptionType {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Synonym => "syn",
            Self::FullySpecifiedName => "fsn",
            Self::Definition => "def",
        })
    }
}

impl Display for Dialect {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.dialect {
            DialectName::Alias(alias) => f.write_str(alias)?,
            DialectName::Concepts(set) => set.fmt(f)?,
        }
        if self.acceptability.is_empty() {
            return Ok(());
        }
        f.write_str(" (")?;
        join(f, &self.acceptability, " ")?;
        f.write_char(')')
    }
}

impl Display for Acceptability {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Preferred => "prefer",
            Self::Acceptable => "accept",
        })
    }
}

impl Display for ConceptFilter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::DefinitionStatus(equality, statuses) => {
                let word = |&defined: &bool| if defined { "defined" } else { "primitive" };
                let words: Vec<&str> = statuses.iter().map(word).collect();
                condition(f, "definitionStatus", equality, &words)
            }
            Self::DefinitionStatusId(equality, set) => {
                condition(f, "definitionStatusId", equality, std::slice::from_ref(set))
            }
            Self::Module(equality, set) => condition(f, "moduleId", equality, std::slice::from_ref(set)),
            Self::EffectiveTime(order, dates) => times(f, "effectiveTime", *order, dates),
            Self::Active(equality, value) => active(f, *equality, *value),
        }
    }
}

impl Display for MemberFilter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Module(equality, set) => condition(f, "moduleId", equality, std::slice::from_ref(set)),
            Self::EffectiveTime(order, dates) => times(f, "effectiveTime", *order, dates),
            Self::Active(equality, value) => active(f, *equality, *value),
            Self::Field(name, FieldComparison::Value(comparison)) => {
                write!(f, "{name} ")?;
                comparison.fmt(f)
            }
            Self::Field(name, FieldComparison::Time(order, dates)) => times(f, name, *order, dates),
        }
    }
}

impl Display for History {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("{{ + HISTORY")?;
        match self {
            Self::Minimum => f.write_str("-MIN")?,
            Self::Moderate => f.write_str("-MOD")?,
            Self::Maximum => f.write_str("-MAX")?,
            Self::Subset(subset) => {
                f.write_str(" (")?;
                subset.fmt(f)?;
                f.write_char(')')?;
            }
        }
        f.write_str(" }}")
    }
}
