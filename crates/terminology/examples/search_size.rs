//! Measures search on a synthetic edition of the size of SNOMED CT in two languages: build time, memory, and the time
//! of each kind of query. Run in release: `cargo run --release -p vardnav-terminology --example search_size [concepts] [part of a
//! kind's name]`.
#![allow(
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a measurement prints and stops where it fails"
)]

use std::time::{Duration, Instant};

use vardnav_terminology::model::{CodeSystem, Concept, ConceptStatus, Designation, DesignationStatus};
use vardnav_terminology::{ConceptSet, Edition, SearchQuery};

const CONCEPTS: usize = 500_000;
const QUERIES: usize = 500;
/// Each query is timed this often and its best time counts, since others use the machine too.
const REPEATS: usize = 5;

fn main() {
    let count = std::env::args()
        .nth(1)
        .and_then(|count| count.parse().ok())
        .unwrap_or(CONCEPTS);
    let mut chance = Chance(7);
    let source = code_system(count, &mut chance);
    let terms: usize = source
        .concepts
        .iter()
        .map(|concept| concept.designations.len())
        .sum();
    let typed: Vec<Vec<String>> = (0..QUERIES * 4)
        .map(|_| {
            let concept = &source.concepts[chance.below(source.concepts.len())];
            let term = &concept.designations[chance.below(concept.designations.len())].text;
            let words = term.split(|c: char| !c.is_alphanumeric());
            words
                .filter(|word| !word.is_empty())
                .map(str::to_lowercase)
                .collect()
        })
        .collect();
    println!("{count} concepts, {terms} designations; source: {}", memory());
    let (start, used) = (Instant::now(), processor());
    let edition = Edition::compile(source).unwrap();
    println!(
        "compiled in {:.1} s, {:.1} s of the processor; {}",
        start.elapsed().as_secs_f64(),
        processor() - used,
        memory()
    );

    let all: Vec<_> = edition.concepts().map(|concept| concept.index()).collect();
    let mut some = |share: f64| {
        let wanted = all.iter().filter(|_| chance.share() < share);
        ConceptSet::of(&edition, wanted.copied())
    };
    let (few, tenth, most) = (some(50.0 / count as f64), some(0.05), some(0.8));
    // A branch: neighbours in the order of the source.
    let branch = ConceptSet::of(&edition, all[count / 3..count / 3 + count / 100].iter().copied());

    let plain = SearchQuery::default();
    let mut chance = Chance(11);
    measure(
        &edition,
        "1 word, 1 letter",
        plain,
        &queries(&typed, 1, 1..2, &mut chance),
    );
    measure(
        &edition,
        "1 word, 1-8 letters",
        plain,
        &queries(&typed, 1, 1..9, &mut chance),
    );
    measure(
        &edition,
        "2 words, 1-8 letters",
        plain,
        &queries(&typed, 2, 1..9, &mut chance),
    );
    measure(
        &edition,
        "3 words, 1-8 letters",
        plain,
        &queries(&typed, 3, 1..9, &mut chance),
    );
    measure(
        &edition,
        "3 words, 1-3 letters",
        plain,
        &queries(&typed, 3, 1..4, &mut chance),
    );
    let strange = strangers(&typed, 2, 1..5, &mut chance);
    measure(&edition, "2 words of different terms", plain, &strange);
    let strange = strangers(&typed, 3, 1..5, &mut chance);
    measure(&edition, "3 words of different terms", plain, &strange);
    let strange = strangers(&typed, 3, 9..10, &mut chance);
    measure(&edition, "3 whole words of different", plain, &strange);
    for (name, set) in [
        ("50", &few),
        ("5 %", &tenth),
        ("80 %", &most),
        ("1 % branch", &branch),
    ] {
        let query = SearchQuery {
            within: Some(set),
            ..plain
        };
        for words in 1..4 {
            let typed = queries(&typed, words, 1..9, &mut chance);
            measure(&edition, &format!("{words} words within {name}"), query, &typed);
        }
        let strange = strangers(&typed, 3, 1..5, &mut chance);
        measure(&edition, &format!("3 different within {name}"), query, &strange);
    }
    let swedish = SearchQuery {
        language: "sv",
        active_only: true,
        ..plain
    };
    for words in 1..4 {
        let typed = queries(&typed, words, 1..9, &mut chance);
        measure(
            &edition,
            &format!("{words} words, Swedish, active"),
            swedish,
            &typed,
        );
    }
    let codes: Vec<String> = (0..QUERIES)
        .map(|_| {
            let code = edition.concept(all[chance.below(count)]).unwrap().code();
            code.chars().take(1 + chance.below(code.len())).collect()
        })
        .collect();
    measure(&edition, "codes", plain, &codes);
    measure(
        &edition,
        "codes within 50",
        SearchQuery {
            within: Some(&few),
            ..plain
        },
        &codes,
    );
    for words in 1..4 {
        let misspelt: Vec<String> = queries(&typed, words, 6..40, &mut chance)
            .iter()
            .map(|text| misspell(text, &mut chance))
            .collect();
        measure(&edition, &format!("{words} words misspelt"), plain, &misspelt);
    }
    println!("{}", memory());
}

/// Prefixes of words of one term.
fn queries(
    typed: &[Vec<String>],
    words: usize,
    letters: std::ops::Range<usize>,
    chance: &mut Chance,
) -> Vec<String> {
    let long = typed.iter().filter(|term| term.len() >= words);
    let texts = long.map(|term| {
        let first = chance.below(term.len() - words + 1);
        joined(term[first..first + words].iter(), &letters, chance)
    });
    texts.take(QUERIES).collect()
}

/// Prefixes of words of different terms, which are seldom found together.
fn strangers(
    typed: &[Vec<String>],
    words: usize,
    letters: std::ops::Range<usize>,
    chance: &mut Chance,
) -> Vec<String> {
    (0..QUERIES)
        .map(|_| {
            let picked: Vec<&String> = (0..words)
                .map(|_| {
                    let term = &typed[chance.below(typed.len())];
                    &term[chance.below(term.len())]
                })
                .collect();
            joined(picked.into_iter(), &letters, chance)
        })
        .collect()
}

fn joined<'w>(
    words: impl Iterator<Item = &'w String>,
    letters: &std::ops::Range<usize>,
    chance: &mut Chance,
) -> String {
    let cut: Vec<String> = words
        .map(|word| {
            let letters = letters.start + chance.below(letters.len());
            word.chars().take(letters).collect()
        })
        .collect();
    cut.join(" ")
}

/// One or two edits in the longest word.
fn misspell(text: &str, chance: &mut Chance) -> String {
    let mut words: Vec<Vec<char>> = text.split(' ').map(|word| word.chars().collect()).collect();
    let longest = words.iter_mut().max_by_key(|word| word.len()).unwrap();
    let edits = if longest.len() >= 9 {
        1 + chance.below(2)
    } else {
        1
    };
    for _ in 0..edits {
        let at = 1 + chance.below(longest.len().max(3) - 2);
        match chance.below(4) {
            0 if longest.len() > 4 => drop(longest.remove(at.min(longest.len() - 1))),
            1 => longest.insert(at.min(longest.len()), 'x'),
            2 if at + 1 < longest.len() => longest.swap(at, at + 1),
            _ if at < longest.len() => longest[at] = 'q',
            _ => longest.push('e'),
        }
    }
    let words: Vec<String> = words.into_iter().map(|word| word.into_iter().collect()).collect();
    words.join(" ")
}

fn measure(edition: &Edition, name: &str, query: SearchQuery<'_>, texts: &[String]) {
    if std::env::args().nth(2).is_some_and(|part| !name.contains(&part)) {
        return;
    }
    let mut best = vec![Duration::MAX; texts.len()];
    let mut hits = 0;
    for _ in 0..REPEATS {
        for (best, text) in best.iter_mut().zip(texts) {
            let start = Instant::now();
            let found = edition.search(&SearchQuery { text, ..query });
            *best = start.elapsed().min(*best);
            hits += found.len();
        }
    }
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_by_key(|&at| best[at]);
    let at = |share: f64| best[order[((texts.len() - 1) as f64 * share) as usize]].as_secs_f64() * 1e6;
    let slowest: Vec<&str> = order.iter().rev().take(3).map(|&at| texts[at].as_str()).collect();
    println!(
        "{name:28} p50 {:7.1} µs  p99 {:7.1} µs  most {:7.1} µs  {:5.1} hits  slowest {slowest:?}",
        at(0.5),
        at(0.99),
        at(1.0),
        hits as f64 / (texts.len() * REPEATS) as f64
    );
}

/// Seconds of the processor that this process has used.
fn processor() -> f64 {
    let status = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds = status
        .split_whitespace()
        .next()
        .and_then(|used| used.parse::<f64>().ok());
    nanoseconds.unwrap_or_default() / 1e9
}

fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let value = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name));
        let kib: u64 = line
            .and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
            .unwrap_or_default();
        kib / 1024
    };
    format!("resident {} MiB, peak {} MiB", value("VmRSS"), value("VmHWM"))
}

/// Numbers that look drawn by chance, the same each run.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A rank, each about as frequent as its inverse.
    fn zipf(&mut self, end: usize) -> usize {
        ((end as f64).powf(self.share()) as usize - 1).min(end - 1)
    }
}

const STARTS: [&str; 40] = [
    "s", "k", "p", "t", "b", "m", "f", "h", "l", "r", "d", "g", "v", "n", "st", "sk", "tr", "pr", "kr", "br",
    "gr", "fr", "bl", "pl", "sl", "kl", "sp", "str", "sj", "kn", "", "", "", "", "", "j", "c", "ch", "sv",
    "dr",
];
const VOWELS: [&str; 16] = [
    "a", "e", "i", "o", "u", "y", "å", "ä", "ö", "e", "a", "i", "o", "a", "e", "ia",
];
const ENDS: [&str; 24] = [
    "", "", "", "", "n", "r", "l", "s", "t", "m", "k", "nd", "rt", "st", "ng", "ck", "rm", "ll", "x", "d",
    "p", "g", "f", "",
];

fn stem(swedish: bool, chance: &mut Chance) -> String {
    let mut word = String::new();
    for _ in 0..1 + chance.zipf(4) + usize::from(chance.share() < 0.6) {
        word += STARTS[chance.zipf(STARTS.len())];
        let vowel = VOWELS[chance.below(VOWELS.len())];
        word += match vowel {
            "å" | "ä" if !swedish => "a",
            "ö" if !swedish => "o",
            vowel => vowel,
        };
        word += ENDS[chance.below(ENDS.len())];
    }
    word
}

fn stems(count: usize, swedish: bool, chance: &mut Chance) -> Vec<String> {
    (0..count).map(|_| stem(swedish, chance)).collect()
}

fn code_system(count: usize, chance: &mut Chance) -> CodeSystem {
    let (english, swedish) = (stems(90_000, false, chance), stems(40_000, true, chance));
    let tags = [
        "disorder",
        "procedure",
        "finding",
        "body structure",
        "organism",
        "substance",
        "product",
        "qualifier value",
    ];
    let small = [
        "of",
        "the",
        "with",
        "due to",
        "and",
        "by",
        "left",
        "right",
        "in",
        "structure of",
        "on",
    ];
    let little = [
        "i", "på", "av", "med", "och", "vänster", "höger", "efter", "hos", "utan",
    ];
    let concepts = (0..count).map(|number| {
        let mut phrase = |words: &[String], between: &[&str], compound: f64| {
            let mut text = String::new();
            for word in 0..1 + chance.zipf(6) {
                if word > 0 {
                    text.push(' ');
                    if chance.share() < 0.4 {
                        text += between[chance.zipf(between.len())];
                        text.push(' ');
                    }
                }
                text += &words[chance.zipf(words.len())];
                if chance.share() < compound {
                    text += &words[chance.zipf(words.len())];
                }
            }
            let mut letters = text.chars();
            letters
                .next()
                .into_iter()
                .flat_map(char::to_uppercase)
                .chain(letters)
                .collect::<String>()
        };
        let (name, synonym) = (phrase(&english, &small, 0.05), phrase(&english, &small, 0.05));
        let own = phrase(&swedish, &little, 0.4);
        let tag = tags[chance.zipf(tags.len())];
        let mut designations = vec![
            term(name.clone(), "en", DesignationStatus::Recommended),
            term(format!("{name} ({tag})"), "en", DesignationStatus::Accepted),
            term(own, "sv", DesignationStatus::Recommended),
        ];
        if chance.share() < 0.2 {
            designations.push(term(synonym, "en", DesignationStatus::Accepted));
        }
        let status = match chance.below(8) {
            0 => ConceptStatus::Inactive,
            _ => ConceptStatus::Active,
        };
        // Most codes are as long as each other and spread over the numbers, as identifiers with a check digit are.
        let code = (10_000_000 + number as u64 * 173 % 400_000_000).to_string();
        Concept {
            code,
            designations,
            status,
            ..Concept::default()
        }
    });
    CodeSystem {
        language: "sv".to_owned(),
        concepts: concepts.collect(),
        ..CodeSystem::default()
    }
}

fn term(text: String, language: &str, status: DesignationStatus) -> Designation {
    Designation {
        text,
        language: language.to_owned(),
        status,
        ..Designation::default()
    }
}
