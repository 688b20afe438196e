//! Search agrees with an oracle that looks at every term of every concept.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it fails"
)]

use jiff::civil::{Date, date};
use proptest::prelude::*;
use vardnav_terminology::model::{
    CodeSystem, Concept, ConceptStatus, Designation, DesignationStatus, Validity,
};
use vardnav_terminology::{Edition, SearchQuery};

const DATE: Date = date(2026, 3, 1);

fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let letters: Vec<char> = text.to_lowercase().chars().collect();
    for (at, &letter) in letters.iter().enumerate() {
        let word: Vec<char> = words.last().unwrap().chars().collect();
        let category =
            word.len() == 3 && word[0].is_ascii_alphabetic() && word[1..].iter().all(char::is_ascii_digit);
        let goes_on = letters.get(at + 1).is_some_and(|next| next.is_alphanumeric());
        match letter {
            '.' if category && goes_on => {}
            letter if letter.is_alphanumeric() => words.last_mut().unwrap().push(letter),
            _ => words.push(String::new()),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn folded(word: &str) -> String {
    word.replace(['å', 'ä'], "a").replace('ö', "o")
}

/// Whether a word has what was typed inside, both of letters only.
fn inside(held: &str, typed: &str) -> bool {
    let (held, typed): (Vec<char>, Vec<char>) =
        (folded(held).chars().collect(), folded(typed).chars().collect());
    let letters = held.iter().chain(&typed).all(|c| c.is_alphabetic());
    letters && typed.len() >= 4 && (3..held.len()).any(|start| held[start..].starts_with(&typed))
}

/// What orders the hits: how well the term fits, then the fixed rank of the term.
type Key = (u8, bool, Vec<String>, u8, bool, usize, String, String, usize);

fn key(concept: &Concept, term: Option<(usize, &Designation)>, typed: &[String]) -> Option<Key> {
    let text = term.map_or("", |(_, term)| term.text.as_str());
    let (text_words, code_words) = (words(text), words(&concept.code));
    let held: Vec<&String> = text_words.iter().chain(&code_words).collect();
    let all =
        |holds: fn(&str, &str) -> bool| typed.iter().all(|word| held.iter().any(|held| holds(held, word)));
    let whole = all(|held, word| held == word);
    let letters = all(|held, word| held.starts_with(word));
    let fold = all(|held, word| folded(held).starts_with(&folded(word)));
    let within = all(|held, word| folded(held).starts_with(&folded(word)) || inside(held, word));
    let equal = text_words == typed || code_words == typed;
    let (last, head) = typed.split_last().unwrap();
    let code = typed
        .iter()
        .any(|word| word.contains(|c: char| c.is_ascii_digit()))
        && code_words.len() > head.len()
        && code_words[..head.len()] == *head
        && code_words[head.len()].starts_with(last);
    let grade = match () {
        () if equal => 0,
        () if code => 1,
        () if letters => 2,
        () if fold => 3,
        () if within => 4,
        () => return None,
    };
    let inactive = concept.status != ConceptStatus::Active;
    let status = term.map_or(0, |(_, term)| match term.status {
        DesignationStatus::Recommended => 0,
        DesignationStatus::Accepted => 1,
        DesignationStatus::Deprecated => 2,
    });
    let by_code = if grade == 1 { code_words } else { Vec::new() };
    let code_text = concept.code.clone();
    if grade == 1 {
        // Ordered by code alone; which term stands for the concept follows the rank of its terms.
        return Some((1, inactive, by_code, 0, false, 0, String::new(), code_text, 0));
    }
    let whole = grade == 0 || (grade == 2 && whole);
    let position = term.map_or(0, |(position, _)| position);
    Some((
        grade,
        inactive,
        by_code,
        status,
        !whole,
        text.chars().count(),
        text.to_owned(),
        code_text,
        position,
    ))
}

fn oracle(source: &CodeSystem, query: &SearchQuery<'_>) -> Vec<String> {
    let typed = words(query.text);
    if typed.is_empty() {
        return Vec::new();
    }
    let mut best: Vec<(Key, String)> = Vec::new();
    for concept in &source.concepts {
        let on = |validity: Validity| query.date.is_none_or(|date| validity.contains(date));
        let terms: Vec<Option<(usize, &Designation)>> = if concept.designations.is_empty() {
            if query.language.is_empty() {
                vec![None]
            } else {
                vec![]
            }
        } else {
            concept.designations.iter().enumerate().map(Some).collect()
        };
        let keys = terms
            .into_iter()
            .filter(|term| {
                on(concept.validity)
                    && term.is_none_or(|(_, term)| {
                        on(term.validity) && (query.language.is_empty() || term.language == query.language)
                    })
            })
            .filter_map(|term| key(concept, term, &typed));
        best.extend(keys.min().map(|key| (key, concept.code.clone())));
    }
    best.sort();
    best.into_iter().take(query.limit).map(|(_, code)| code).collect()
}

fn designations() -> impl Strategy<Value = Designation> {
    let status = prop_oneof![
        Just(DesignationStatus::Recommended),
        Just(DesignationStatus::Accepted),
        Just(DesignationStatus::Deprecated)
    ];
    let from =
        prop_oneof![4 => Just(None), 1 => Just(Some(date(2026, 2, 1))), 1 => Just(Some(date(2026, 4, 1)))];
    (
        prop_oneof![
            "[aåbö][aåb1ö]{0,2}( [aåb1Ö.-]{1,3}){0,2}",
            "(ab|åb|ba|bö|Abo){2,5}1?( [aåbö]{1,9}){0,2}",
        ],
        prop_oneof![3 => Just("sv"), 1 => Just("en")],
        status,
        from,
    )
        .prop_map(|(text, language, status, from)| Designation {
            text,
            language: language.to_owned(),
            status,
            validity: Validity { from, until: None },
            ..Designation::default()
        })
}

fn systems() -> impl Strategy<Value = CodeSystem> {
    let concept = (
        "[ab][0-2]{1,3}(-[ab1])?",
        prop::collection::vec(designations(), 0..4),
        prop_oneof![5 => Just(ConceptStatus::Active), 1 => Just(ConceptStatus::Inactive)],
    );
    prop::collection::vec(concept, 1..60).prop_map(|concepts| {
        let mut concepts: Vec<Concept> = concepts
            .into_iter()
            .map(|(code, designations, status)| Concept {
                code,
                designations,
                status,
                ..Concept::default()
            })
            .collect();
        concepts.sort_by(|a, b| a.code.cmp(&b.code));
        concepts.dedup_by(|a, b| a.code == b.code);
        CodeSystem {
            language: "sv".to_owned(),
            concepts,
            ..CodeSystem::default()
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn agrees_with_a_look_at_every_term(
        source in systems(),
        text in prop_oneof![
            "[aåbAo1]{1,2}( ?[aåbö1.]{1,3}){0,2}",
            "(ab|åb|ba|bÖ|bo){1,3}1?( [aåb]{1,4})?",
        ],
        language in prop_oneof![3 => Just(""), 1 => Just("sv"), 1 => Just("en")],
        dated in any::<bool>(),
        limit in 1_usize..12,
    ) {
        let edition = Edition::compile(source.clone()).unwrap();
        let query = SearchQuery { text: &text, language, date: dated.then_some(DATE), limit, ..SearchQuery::default() };
        let found: Vec<String> =
            edition.search(&query).iter().map(|hit| hit.concept.code().to_owned()).collect();
        prop_assert_eq!(found, oracle(&source, &query));
        let hits = edition.search(&query);
        prop_assert!(hits.is_sorted_by(|a, b| a.compare(b).is_le()));
    }
}
