//! Random terminologies and expressions, drawn from a row of numbers. A row with smaller numbers, or a shorter one,
//! gives something simpler.

use vardnav_terminology::ecl::ast::{
    Acceptability, Attribute, Cardinality, Comparison, ConceptFilter, DescriptionFilter, DescriptionType,
    Dialect, DialectName, Equality, Expression, FieldComparison, Fields, Filter, Focus, History,
    MemberFilter, MemberOf, Operator, Order, Refinement, SearchTerm, SubExpression,
};

use super::small::{
    self, AMERICAN, Concept, Description, Member, ReferenceSet, SWEDISH, Small, Value, WELL_KNOWN,
};

/// The last number of [`WELL_KNOWN`]; ordinary concepts come after it.
const FIRST: usize = WELL_KNOWN.len();
/// Concepts used as attributes and as reference sets, among the ordinary ones.
const KINDS: usize = 3;

pub(crate) const OPERATORS: [Operator; 10] = [
    Operator::DescendantOrSelfOf,
    Operator::DescendantOf,
    Operator::ChildOf,
    Operator::ChildOrSelfOf,
    Operator::AncestorOf,
    Operator::AncestorOrSelfOf,
    Operator::ParentOf,
    Operator::ParentOrSelfOf,
    Operator::Top,
    Operator::Bottom,
];
const ORDERS: [Order; 6] = [
    Order::Equal,
    Order::NotEqual,
    Order::Less,
    Order::LessOrEqual,
    Order::Greater,
    Order::GreaterOrEqual,
];
const NUMBERS: [&str; 5] = ["1", "2", "2.0", "-1.5", "10"];
const TEXTS: [&str; 4] = ["AB", "ab", "AC d", "J45.9"];
const TERMS: [&str; 7] = [
    "Heart attack",
    "attack of the heart (disorder)",
    "hjärta",
    "Hjarta",
    "smørgås",
    "X-ray of heart",
    "5*3",
];
const WORDS: [&str; 9] = [
    "heart", "att", "hjart", "hjärt", "smor", "smör", "x-ray", "(dis", "5*",
];
const PATTERNS: [&str; 6] = ["heart*", "*attack*", "h*t", "hjarta", r"5\*3", "*r*a*"];
const TIMES: [u32; 3] = [20200131, 20210131, 20220131];
const FIELDS: [&str; 3] = ["targetComponentId", "mapTarget", "mapGroup"];

/// Draws from a row of numbers; 0 when it is at its end.
pub(crate) struct Draw<'d> {
    numbers: std::slice::Iter<'d, u16>,
    /// How many concepts the terminology has.
    concepts: usize,
    /// Whether only what the other implementation knows is wished for.
    common: bool,
}

impl<'d> Draw<'d> {
    pub(crate) fn new(numbers: &'d [u16], common: bool) -> Self {
        Self {
            numbers: numbers.iter(),
            concepts: 0,
            common,
        }
    }

    /// The same terminology, with other numbers to draw from.
    pub(crate) fn with(self, numbers: &'d [u16]) -> Self {
        Self {
            numbers: numbers.iter(),
            ..self
        }
    }

    fn below(&mut self, end: usize) -> usize {
        usize::from(self.numbers.next().copied().unwrap_or_default()) % end
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    fn chance(&mut self, of: usize) -> bool {
        self.below(of) == of - 1
    }

    fn some<T>(&mut self, most: usize, item: impl Fn(&mut Self) -> T) -> Vec<T> {
        (0..1 + self.below(most)).map(|_| item(self)).collect()
    }

    /// A concept, its position; mostly an ordinary one.
    fn concept(&mut self) -> usize {
        if self.chance(4) {
            self.below(self.concepts)
        } else {
            self.ordinary()
        }
    }

    /// An ordinary concept.
    fn ordinary(&mut self) -> usize {
        FIRST + self.below(self.concepts - FIRST)
    }

    fn kind(&mut self) -> usize {
        FIRST + self.below(KINDS)
    }

    pub(crate) fn terminology(&mut self) -> Small {
        self.concepts = FIRST + KINDS + 2 + self.below(14);
        let mut small = Small::default();
        for number in 0..self.concepts {
            let id = WELL_KNOWN.get(number).copied().unwrap_or_else(|| id(number));
            let mut concept = Concept {
                id,
                active: self.common || number < FIRST + KINDS || !self.chance(6),
                ..Concept::default()
            };
            if (small::SAME_AS..=small::REPLACED_BY).contains(&number) {
                concept.parents.insert(small::HISTORICAL);
            }
            if number > FIRST && concept.active {
                for _ in 0..self.below(3) {
                    let parent = FIRST + self.below(number - FIRST);
                    if small.concepts[parent].active {
                        concept.parents.insert(parent);
                    }
                }
            }
            small.concepts.push(concept);
        }
        for number in 0..self.concepts {
            let module = self.ordinary();
            let time = self.one(&TIMES);
            let defined = self.chance(2);
            let descriptions = (0..self.below(3))
                .map(|place| self.description((number * 3 + place) as u64))
                .collect();
            let concept = &mut small.concepts[number];
            concept.module = module;
            concept.time = if self.chance(5) && !self.common { 0 } else { time };
            concept.defined = defined;
            concept.descriptions = descriptions;
        }
        for _ in 0..self.below(60) {
            let (source, target) = (self.ordinary(), self.ordinary());
            let value = match self.below(8) {
                5 => Value::Number(self.one(&NUMBERS).to_owned()),
                6 => Value::Text(self.one(&TEXTS).to_owned()),
                7 if !self.common => Value::Boolean(self.chance(2)),
                _ => Value::Concept(target),
            };
            let attribute = small::Attribute {
                source,
                group: self.below(3) as u16,
                kind: self.kind(),
                value,
            };
            let active = |concept: usize| small.concepts[concept].active;
            // A relationship is given once, and by and to active concepts.
            if active(source) && active(target) && !small.attributes.contains(&attribute) {
                small.attributes.push(attribute);
            }
        }
        let mut sets = vec![small::SAME_AS, small::REPLACED_BY];
        sets.extend(FIRST..FIRST + KINDS);
        for concept in sets {
            let members = (0..self.below(5)).map(|_| self.member(concept)).collect();
            small.reference_sets.push(ReferenceSet {
                concept,
                fields: fields(concept).iter().map(|&field| field.to_owned()).collect(),
                members,
            });
        }
        small
    }

    fn description(&mut self, id: u64) -> Description {
        let language = self.one(&["en", "sv", "en-GB"]).to_owned();
        let mut standings = Vec::new();
        for dialect in [SWEDISH, AMERICAN] {
            if self.chance(2) {
                standings.push((dialect, self.chance(2)));
            }
        }
        Description {
            standings,
            id: 1_000_000 + id,
            term: self.one(&TERMS).to_owned(),
            language,
            kind: self.one(&[small::FSN, small::SYNONYM, small::DEFINITION]),
            module: self.ordinary(),
            time: self.one(&TIMES),
            active: !self.chance(4),
        }
    }

    fn member(&mut self, set: usize) -> Member {
        Member {
            active: !self.chance(4),
            module: self.ordinary(),
            time: self.one(&TIMES),
            referenced: self.concept(),
            values: fields(set)
                .iter()
                .map(|&field| match field {
                    "targetComponentId" => Value::Concept(self.concept()),
                    "mapTarget" => Value::Text(self.one(&TEXTS).to_owned()),
                    _ => Value::Integer(self.below(3) as i64),
                })
                .collect(),
        }
    }

    pub(crate) fn expression(&mut self, depth: usize) -> Expression {
        let sub = |draw: &mut Self| draw.sub(depth.saturating_sub(1));
        match self.below(if depth == 0 { 1 } else { 8 }) {
            3 => Expression::And((0..2 + self.below(2)).map(|_| sub(self)).collect()),
            4 => Expression::Or((0..2 + self.below(2)).map(|_| sub(self)).collect()),
            5 => Expression::Minus(Box::new(sub(self)), Box::new(sub(self))),
            6 => Expression::Dotted(
                Box::new(sub(self)),
                self.some(2, |draw| draw.name(depth.saturating_sub(1))),
            ),
            1 | 2 => {
                let focus = if self.chance(2) {
                    sub(self)
                } else {
                    SubExpression::of(Focus::Any)
                };
                Expression::Refined(Box::new(focus), self.refinement(depth - 1, false))
            }
            _ => Expression::Sub(Box::new(self.sub(depth))),
        }
    }

    fn sub(&mut self, depth: usize) -> SubExpression {
        let mut sub = SubExpression::of(self.focus(depth));
        if self.chance(2) {
            let operators = if self.common { 8 } else { OPERATORS.len() };
            sub.operator = Some(self.one(&OPERATORS[..operators]));
        }
        if self.chance(6) {
            sub.member_of = Some(MemberOf::default());
            if matches!(sub.focus, Focus::Concept(_)) {
                sub.focus = Focus::Concept(id(self.kind()).into());
            }
            if !self.common {
                sub.member_of = Some(self.member_of(depth));
            }
        }
        if depth > 0 && !self.common {
            if self.chance(4) {
                sub.filters = self.some(2, |draw| draw.filter(depth - 1));
            }
            if self.chance(8) {
                sub.history = Some(match self.below(4) {
                    0 => History::Maximum,
                    1 => History::Minimum,
                    2 => History::Moderate,
                    _ => History::Subset(Box::new(self.expression(depth - 1))),
                });
            }
        }
        sub
    }

    fn focus(&mut self, depth: usize) -> Focus {
        match self.below(if depth == 0 { 5 } else { 7 }) {
            4 => Focus::Any,
            5 | 6 => Focus::Nested(Box::new(self.expression(depth - 1))),
            _ => {
                let number = self.concept() + usize::from(self.chance(20)) * 100;
                Focus::Concept(
                    WELL_KNOWN
                        .get(number)
                        .copied()
                        .unwrap_or_else(|| id(number))
                        .into(),
                )
            }
        }
    }

    fn name(&mut self, depth: usize) -> SubExpression {
        match self.below(6) {
            4 => SubExpression::of(Focus::Any),
            5 => self.sub(depth),
            _ => SubExpression::of(Focus::Concept(id(self.kind()).into())),
        }
    }

    fn member_of(&mut self, depth: usize) -> MemberOf {
        MemberOf {
            fields: self.chance(4).then(|| {
                Fields::Named(vec![
                    self.one(&["referencedComponentId", "moduleId", FIELDS[0]])
                        .to_owned(),
                ])
            }),
            filters: if self.chance(2) {
                self.some(2, |draw| draw.member_filter(depth))
            } else {
                Vec::new()
            },
        }
    }

    fn refinement(&mut self, depth: usize, grouped: bool) -> Refinement {
        match self.below(if depth == 0 { 1 } else { 6 }) {
            1 | 2 if !grouped => {
                let inner = self.refinement(depth - 1, true);
                Refinement::Group(self.cardinality(), Box::new(inner))
            }
            3 | 4 => Refinement::And(
                (0..2 + self.below(2))
                    .map(|_| self.refinement(depth - 1, grouped))
                    .collect(),
            ),
            5 => Refinement::Or(
                (0..2 + self.below(2))
                    .map(|_| self.refinement(depth - 1, grouped))
                    .collect(),
            ),
            _ => Refinement::Attribute(Box::new(self.attribute(depth, grouped))),
        }
    }

    fn cardinality(&mut self) -> Cardinality {
        if self.chance(3) {
            let min = self.one(&[1, 0, 2]);
            let max = (!self.chance(2)).then(|| min + self.below(2) as u32);
            Cardinality { min, max }
        } else {
            Cardinality::default()
        }
    }

    fn attribute(&mut self, depth: usize, grouped: bool) -> Attribute {
        let mut value = self.comparison(depth);
        // What the other implementation understands otherwise is told where the two are compared.
        let reverse = self.chance(5) && !(grouped && self.common) && matches!(value, Comparison::Concept(..));
        if self.common {
            match &mut value {
                Comparison::Concept(equality, _) | Comparison::Text(equality, _) => {
                    *equality = Equality::Equal
                }
                Comparison::Number(order, _) if *order == Order::NotEqual => *order = Order::Equal,
                _ => {}
            }
        }
        let cardinality = if reverse && self.common {
            Cardinality::default()
        } else {
            self.cardinality()
        };
        Attribute {
            cardinality,
            reverse,
            name: self.name(depth),
            value,
        }
    }

    fn equality(&mut self) -> Equality {
        self.one(&[Equality::Equal, Equality::NotEqual])
    }

    fn comparison(&mut self, depth: usize) -> Comparison {
        match self.below(8) {
            5 => Comparison::Number(self.one(&ORDERS), self.one(&NUMBERS).to_owned()),
            6 if self.common => {
                let word = self.one(&["AB", "ab"]).to_owned();
                Comparison::Text(Equality::Equal, vec![SearchTerm::Match(vec![word])])
            }
            6 => Comparison::Text(
                self.equality(),
                self.texts(&["AB", "A", "d", "J45.9", "j45"], &["A*", "J45.9"]),
            ),
            7 if !self.common => Comparison::Boolean(self.equality(), self.chance(2)),
            0 | 4 => Comparison::Concept(Equality::Equal, SubExpression::of(Focus::Any)),
            _ => Comparison::Concept(self.equality(), self.sub(depth)),
        }
    }

    fn texts(&mut self, words: &[&str], patterns: &[&str]) -> Vec<SearchTerm> {
        self.some(2, |draw| {
            if draw.chance(3) {
                SearchTerm::Wild(draw.one(patterns).to_owned())
            } else {
                SearchTerm::Match(draw.some(2, |draw| draw.one(words).to_owned()))
            }
        })
    }

    fn times(&mut self) -> Vec<Option<u32>> {
        self.some(2, |draw| {
            let time = draw.one(&TIMES);
            (!draw.chance(5)).then_some(time)
        })
    }

    fn is_active(&mut self) -> Option<bool> {
        self.one(&[Some(true), Some(false), None])
    }

    fn filter(&mut self, depth: usize) -> Filter {
        if self.chance(3) {
            Filter::Concept(self.some(2, |draw| draw.concept_filter(depth)))
        } else {
            Filter::Description(self.some(3, |draw| draw.description_filter(depth)))
        }
    }

    fn concept_filter(&mut self, depth: usize) -> ConceptFilter {
        let equality = self.equality();
        match self.below(5) {
            0 => ConceptFilter::Active(equality, self.is_active()),
            1 => ConceptFilter::DefinitionStatus(equality, self.some(2, |draw| draw.chance(2))),
            2 => ConceptFilter::DefinitionStatusId(equality, self.sub(depth)),
            3 => ConceptFilter::Module(equality, self.sub(depth)),
            _ => ConceptFilter::EffectiveTime(self.one(&ORDERS), self.times()),
        }
    }

    fn description_filter(&mut self, depth: usize) -> DescriptionFilter {
        const TYPES: [DescriptionType; 3] = [
            DescriptionType::Synonym,
            DescriptionType::FullySpecifiedName,
            DescriptionType::Definition,
        ];
        let equality = self.equality();
        match self.below(10) {
            1 => DescriptionFilter::Language(
                equality,
                self.some(2, |draw| draw.one(&["en", "sv", "de"]).to_owned()),
            ),
            2 => DescriptionFilter::Type(equality, self.some(2, |draw| draw.one(&TYPES))),
            3 => DescriptionFilter::TypeId(equality, self.sub(depth)),
            4 => DescriptionFilter::Dialect(equality, self.some(2, Self::dialect)),
            5 => DescriptionFilter::Dialect(
                equality,
                vec![Dialect {
                    dialect: DialectName::Concepts(self.sub(depth)),
                    acceptability: self.acceptability(),
                }],
            ),
            6 => DescriptionFilter::Module(equality, self.sub(depth)),
            7 => DescriptionFilter::EffectiveTime(self.one(&ORDERS), self.times()),
            8 => DescriptionFilter::Active(equality, self.is_active()),
            9 => DescriptionFilter::Id(equality, self.some(3, |draw| 1_000_000 + draw.below(60) as u64)),
            _ => DescriptionFilter::Term(equality, self.texts(&WORDS, &PATTERNS)),
        }
    }

    fn dialect(&mut self) -> Dialect {
        Dialect {
            dialect: DialectName::Alias(self.one(&["sv-se", "sv", "en-us"]).to_owned()),
            acceptability: self.acceptability(),
        }
    }

    fn acceptability(&mut self) -> Vec<Acceptability> {
        match self.below(3) {
            0 => Vec::new(),
            1 => vec![Acceptability::Preferred],
            _ => vec![Acceptability::Acceptable],
        }
    }

    fn member_filter(&mut self, depth: usize) -> MemberFilter {
        let equality = self.equality();
        let field =
            |name: &str, comparison| MemberFilter::Field(name.to_owned(), FieldComparison::Value(comparison));
        match self.below(6) {
            0 => MemberFilter::Active(equality, self.is_active()),
            1 => MemberFilter::Module(equality, self.sub(depth)),
            2 => MemberFilter::EffectiveTime(self.one(&ORDERS), self.times()),
            3 => field(
                "mapTarget",
                Comparison::Text(equality, self.texts(&["AB", "A", "j45"], &["a*"])),
            ),
            4 => field(
                "mapGroup",
                Comparison::Number(self.one(&ORDERS), self.one(&NUMBERS).to_owned()),
            ),
            _ => field(
                self.one(&["targetComponentId", "referencedComponentId", "mapTarget"]),
                Comparison::Concept(equality, self.sub(depth)),
            ),
        }
    }
}

/// Identifier of an ordinary concept. The check digit is right, since the other implementation wants it so.
pub(crate) fn id(number: usize) -> u64 {
    let digits = 100_000 + number as u64;
    (0..10)
        .map(|check| digits * 1000 + check)
        .find(|&id| verhoeff(id) == 0)
        .unwrap()
}

/// Fields of a reference set.
fn fields(set: usize) -> &'static [&'static str] {
    match set {
        small::SAME_AS | small::REPLACED_BY => &FIELDS[..1],
        FIRST => &[],
        _ => &FIELDS[1..],
    }
}

fn verhoeff(number: u64) -> usize {
    const PERMUTED: [usize; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let multiply = |a: usize, b: usize| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b) % 5,
        (false, true) => 5 + (a - b) % 5,
        (false, false) => (5 + a - b) % 5,
    };
    number
        .to_string()
        .bytes()
        .rev()
        .enumerate()
        .fold(0, |check, (position, digit)| {
            let digit = (0..position % 8).fold(usize::from(digit - b'0'), |digit, _| PERMUTED[digit]);
            multiply(check, digit)
        })
}
