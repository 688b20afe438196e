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
use vardnav_terminology::{ConceptSet, Edition, SearchQuery, search_editions};

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

/// The distance of Damerau and Levenshtein, no place edited twice, by its whole table.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut table = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            table[i][j] = match (i, j) {
                (0, _) => j,
                (_, 0) => i,
                _ => {
                    let other = usize::from(a[i - 1] != b[j - 1]);
                    (table[i - 1][j] + 1)
                        .min(table[i][j - 1] + 1)
                        .min(table[i - 1][j - 1] + other)
                }
            };
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                table[i][j] = table[i][j].min(table[i - 2][j - 2] + 1);
            }
        }
    }
    table[a.len()][b.len()]
}

/// The fewest edits between what was typed and a beginning of a word, if so many are allowed, and the letters of the
/// longest such beginning.
fn edits(held: &str, typed: &str) -> Option<(usize, usize)> {
    let (held, typed): (Vec<char>, Vec<char>) =
        (folded(held).chars().collect(), folded(typed).chars().collect());
    if !held.iter().chain(&typed).all(|c| c.is_alphabetic()) {
        return None;
    }
    let best = (0..=held.len())
        .map(|end| (distance(&typed, &held[..end]), end))
        .min_by_key(|&(edits, end)| (edits, usize::MAX - end))?;
    let allowed = match typed.len() {
        ..4 => 0,
        4..8 => 1,
        _ => 2,
    };
    let first = held[0] == typed[0] || (typed.len() >= 5 && best.0 == 1);
    (best.0 >= 1 && best.0 <= allowed && first).then_some(best)
}

/// What orders the hits: how well the term fits, then the fixed rank of the term.
type Key = (u8, bool, Vec<String>, u8, bool, usize, String, String, usize);

fn key(
    concept: &Concept,
    term: Option<(usize, &Designation)>,
    typed: &[String],
    known: &[bool],
) -> Option<Key> {
    let text = term.map_or("", |(_, term)| term.text.as_str());
    let (text_words, code_words) = (words(text), words(&concept.code));
    let held: Vec<&String> = text_words.iter().chain(&code_words).collect();
    let all =
        |holds: fn(&str, &str) -> bool| typed.iter().all(|word| held.iter().any(|held| holds(held, word)));
    let whole = all(|held, word| held == word);
    let letters = all(|held, word| held.starts_with(word));
    let fold = all(|held, word| folded(held).starts_with(&folded(word)));
    let within = all(|held, word| folded(held).starts_with(&folded(word)) || inside(held, word));
    let like = || -> Option<usize> {
        let each = typed.iter().zip(known).map(|(typed, &known)| {
            let edits = held.iter().filter_map(|held| {
                if folded(held).starts_with(&folded(typed)) || inside(held, typed) {
                    return Some(0);
                }
                edits(held, typed).map(|(edits, _)| edits).filter(|_| !known)
            });
            edits.min()
        });
        each.sum()
    };
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
        () => match like()? {
            1 => 5,
            2 => 6,
            _ => return None,
        },
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

fn oracle(source: &CodeSystem, query: &SearchQuery<'_>, within: Option<&[bool]>) -> Vec<String> {
    let typed = words(query.text);
    if typed.is_empty() {
        return Vec::new();
    }
    // A word that three terms hold stands for itself.
    let known: Vec<bool> = typed
        .iter()
        .map(|typed| {
            let held = source.concepts.iter().flat_map(|concept| {
                let coded = words(&concept.code).contains(typed);
                let texts = concept.designations.iter().map(move |term| words(&term.text));
                let bare = concept.designations.is_empty().then(Vec::new);
                texts
                    .chain(bare)
                    .filter(move |words| coded || words.contains(typed))
            });
            held.count() >= 3
        })
        .collect();
    let mut best: Vec<(Key, String)> = Vec::new();
    for (number, concept) in source.concepts.iter().enumerate() {
        let active = concept.status == ConceptStatus::Active;
        // On a date only codes that may be used then.
        let usable = query.active_only || query.date.is_some();
        if (usable && !active) || within.is_some_and(|within| !within[number % within.len()]) {
            continue;
        }
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
            .filter_map(|term| key(concept, term, &typed, &known));
        best.extend(keys.min().map(|key| (key, concept.code.clone())));
    }
    best.sort();
    let exact = best.iter().filter(|(key, _)| key.0 < 5).count();
    if exact >= 3 {
        best.truncate(exact);
    }
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

/// Which bytes of a text were typed.
fn marked(text: &str, typed: &[String]) -> Vec<bool> {
    // The words, each with the places of its letters; one letter is one letter in lower case here.
    let letters: Vec<(usize, char)> = text.char_indices().collect();
    let mut places: Vec<Vec<(usize, char)>> = Vec::new();
    let mut rest = letters.iter().copied().filter(|(_, c)| c.is_alphanumeric());
    for word in words(text) {
        places.push(rest.by_ref().take(word.chars().count()).collect());
    }
    let mut marks = vec![false; text.len()];
    for typed in typed {
        let count = typed.chars().count();
        let fits: Vec<(u8, usize, usize, usize)> = words(text)
            .iter()
            .enumerate()
            .filter_map(|(at, held)| {
                let (folds, letters): (Vec<char>, Vec<char>) =
                    (folded(typed).chars().collect(), folded(held).chars().collect());
                Some(if held.starts_with(typed.as_str()) {
                    (0, at, 0, count)
                } else if letters.starts_with(&folds) {
                    (1, at, 0, count)
                } else if inside(held, typed) {
                    let start = (3..).find(|&start| letters[start..].starts_with(&folds)).unwrap();
                    (2, at, start, start + count)
                } else {
                    let (edits, end) = edits(held, typed)?;
                    (2 + edits as u8, at, 0, end)
                })
            })
            .collect();
        let best = fits.iter().map(|fit| fit.0).min();
        for (_, at, start, end) in fits.into_iter().filter(|fit| Some(fit.0) == best) {
            let (last, letter) = places[at][end - 1];
            marks[places[at][start].0..last + letter.len_utf8()].fill(true);
        }
    }
    marks
}

/// A code system large enough for common words, which are kept as bits, drawn from few letters.
fn large() -> CodeSystem {
    let mut state = 1_u64;
    let mut below = |end: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % end
    };
    let parts = [
        "sten", "ber", "åb", "ab", "öron", "hjärt", "svikt", "o", "st", "berg",
    ];
    let concepts = (0..8000).map(|number| {
        let designations = (0..3).map(|_| {
            let words = (0..=below(4)).map(|_| {
                (0..=below(3))
                    .map(|_| parts[(below(10) * below(10) / 9) as usize])
                    .collect::<String>()
            });
            Designation {
                text: words.collect::<Vec<_>>().join(" "),
                language: ["sv", "en"][usize::from(below(4) == 0)].to_owned(),
                status: [DesignationStatus::Recommended, DesignationStatus::Accepted][below(2) as usize],
                ..Designation::default()
            }
        });
        Concept {
            code: format!("{number:05}"),
            designations: designations.collect(),
            status: [ConceptStatus::Active, ConceptStatus::Inactive][usize::from(below(5) == 0)],
            ..Concept::default()
        }
    });
    CodeSystem {
        language: "sv".to_owned(),
        concepts: concepts.collect(),
        ..CodeSystem::default()
    }
}

#[test]
fn agrees_where_words_are_common() {
    let source = large();
    let edition = Edition::compile(source.clone()).unwrap();
    let (all, few, some) = (
        vec![true],
        {
            let mut few = vec![false; 400];
            few[7] = true;
            few
        },
        vec![true, false, false],
    );
    let plain = SearchQuery::default();
    let swedish = SearchQuery {
        language: "sv",
        active_only: true,
        ..plain
    };
    let queries = [
        ("st be", plain, &all),
        ("hjätrsvikt ber", swedish, &some),
        ("hjartsvikt", swedish, &few),
    ];
    for (text, query, within) in queries {
        let concepts = edition.concepts().map(|concept| concept.index());
        let set = ConceptSet::of(
            &edition,
            concepts.filter(|index| within[index.position() % within.len()]),
        );
        let query = SearchQuery {
            text,
            limit: 700,
            within: Some(&set).filter(|_| within.len() > 1),
            ..query
        };
        let codes = |query: &SearchQuery<'_>| -> Vec<String> {
            let hits = edition.search(query);
            hits.iter().map(|hit| hit.concept.code().to_owned()).collect()
        };
        let found = codes(&query);
        assert_eq!(found, oracle(&source, &query, Some(within)), "{text}");
        let first = codes(&SearchQuery { limit: 20, ..query });
        assert_eq!(first[..], found[..found.len().min(20)], "{text}");
    }
}

#[test]
fn on_a_date_only_codes_that_may_be_used_are_found() {
    let term = |text: &str| Designation {
        text: text.to_owned(),
        language: "sv".to_owned(),
        ..Designation::default()
    };
    let statuses = [
        ConceptStatus::Inactive,
        ConceptStatus::Active,
        ConceptStatus::Withdrawn,
        ConceptStatus::Proposed,
    ];
    let concepts = statuses.iter().zip(1..).map(|(&status, number)| Concept {
        code: format!("N{number}"),
        status,
        designations: vec![term("njursten")],
        ..Concept::default()
    });
    let source = CodeSystem {
        concepts: concepts.collect(),
        ..CodeSystem::default()
    };
    let edition = Edition::compile(source).unwrap();
    let found = |text: &str, date: Option<Date>| -> Vec<String> {
        let query = SearchQuery {
            text,
            date,
            ..SearchQuery::default()
        };
        let hits = edition.search(&query);
        hits.iter().map(|hit| hit.concept.code().to_owned()).collect()
    };
    for text in ["njursten", "njur", "N2", "n"] {
        assert_eq!(found(text, Some(DATE)), ["N2"], "{text}");
    }
    assert_eq!(found("njursten", None).len(), 4);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn agrees_with_a_look_at_every_term(
        source in systems(),
        text in prop_oneof![
            "[aåbAo1]{1,2}( ?[aåbö1.]{1,3}){0,2}",
            "(ab|åb|ba|bÖ|bo){1,3}1?( [aåb]{1,4})?",
            "(ab|åb|ba|bo|o|a){3,6}( (ab|ba|ob|o){2,6})?",
        ],
        language in prop_oneof![3 => Just(""), 1 => Just("sv"), 1 => Just("en")],
        dated in any::<bool>(),
        within in prop::option::of(prop::collection::vec(any::<bool>(), 1..8)),
        active_only in prop::bool::weighted(0.2),
        limit in 1_usize..12,
    ) {
        let edition = Edition::compile(source.clone()).unwrap();
        let set = within.as_ref().map(|within| {
            let concepts = edition.concepts().map(|concept| concept.index());
            ConceptSet::of(&edition, concepts.filter(|index| within[index.position() % within.len()]))
        });
        let date = dated.then_some(DATE);
        let query = SearchQuery { text: &text, language, date, within: set.as_ref(), active_only, limit };
        let hits = edition.search(&query);
        let found: Vec<String> = hits.iter().map(|hit| hit.concept.code().to_owned()).collect();
        prop_assert_eq!(found, oracle(&source, &query, within.as_deref()));
        prop_assert!(hits.is_sorted_by(|a, b| a.compare(b).is_le()));
        let typed = words(&text);
        for hit in hits {
            let term = hit.designation.map_or("", |designation| designation.text);
            let places = hit.highlights();
            prop_assert!(places.is_sorted_by(|a, b| a.end < b.start));
            let mut marks = vec![false; term.len()];
            for place in places {
                prop_assert!(term.get(place.clone()).is_some_and(|part| !part.is_empty()));
                marks[place].fill(true);
            }
            prop_assert_eq!(marks, marked(term, &typed), "{:?} in {:?}", typed, term);
        }
    }

    #[test]
    fn a_search_of_several_editions_is_one_of_all_their_concepts(
        sources in prop::collection::vec(systems(), 2..4),
        text in prop_oneof!["[aåb1]{1,3}", "(ab|ba|bo|o){2,5}( [abo]{1,3})?"],
        limit in 1_usize..12,
    ) {
        // Codes of different editions differ, so that the whole is a code system too.
        let sources: Vec<CodeSystem> = sources
            .into_iter()
            .zip('a'..)
            .map(|(mut source, letter)| {
                source.concepts.iter_mut().for_each(|concept| concept.code = format!("{}/{letter}", concept.code));
                source
            })
            .collect();
        let mut whole = CodeSystem { language: "sv".to_owned(), ..CodeSystem::default() };
        whole.concepts = sources.iter().flat_map(|source| source.concepts.clone()).collect();
        whole.concepts.sort_by(|a, b| a.code.cmp(&b.code));
        let query = SearchQuery { text: &text, limit, ..SearchQuery::default() };
        let editions: Vec<Edition> = sources.into_iter().map(|source| Edition::compile(source).unwrap()).collect();
        let hits = search_editions(&query, editions.iter().map(|edition| (edition, None)));
        let found: Vec<String> = hits.iter().map(|hit| hit.concept.code().to_owned()).collect();
        prop_assert_eq!(found, oracle(&whole, &query, None));
    }
}
