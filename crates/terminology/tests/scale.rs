//! An edition of the size of SNOMED CT: how long it takes to compile, and what memory. Run by hand:
//! `cargo test --release -p vardnav-terminology --test scale -- --ignored --nocapture`
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops where it fails, and this one tells what it measures"
)]

use std::io::{Read as _, Write as _};
use std::time::Instant;

use vardnav_terminology::model::*;
use vardnav_terminology::{Edition, SearchQuery};

const CONCEPTS: u32 = 500_000;
const WORDS: u64 = 60_000;

/// Numbers from a seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let bits = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, end: u32) -> u32 {
        (self.next() % u64::from(end.max(1))) as u32
    }

    /// A word; the first are the most common.
    fn word(&mut self) -> String {
        let uniform = (self.next() % (1 << 24)) as f64 / f64::from(1 << 24);
        let mut number = (uniform.powi(3) * WORDS as f64) as u64 + 7;
        let mut word = String::new();
        while number > 0 {
            word.push_str(["ka", "ri", "svik", "hjär", "en", "to", "mo", "läk", "ås"][(number % 9) as usize]);
            number /= 9;
        }
        word
    }
}

fn code(number: u32) -> String {
    // Six to nine digits and the partition and check digits of SNOMED.
    format!("{}00{}", 100_000 + u64::from(number) * 97, number % 10)
}

/// So many concepts; to each 3.2 designations and 4.8 attributes, to every fifth a second parent.
fn synthetic(size: u32) -> CodeSystem {
    let mut dice = Dice(1);
    let concepts: Vec<Concept> = (0..size)
        .map(|number| {
            let parent = |dice: &mut Dice| code(number / 10 + dice.below(number / 10 + 1));
            let mut parents = Vec::new();
            if number > 0 {
                parents.push(parent(&mut dice));
            }
            if number > 100 && number.is_multiple_of(5) {
                parents.push(parent(&mut dice));
            }
            let count = 3 + u32::from(number.is_multiple_of(5));
            let designations = (0..count).map(|which| {
                let words: Vec<String> = (0..2 + dice.below(4)).map(|_| dice.word()).collect();
                Designation {
                    text: words.join(" "),
                    language: if which == 0 { "en" } else { "sv" }.to_owned(),
                    status: if which < 2 {
                        DesignationStatus::Recommended
                    } else {
                        DesignationStatus::Accepted
                    },
                    usage: if which == 0 {
                        "http://snomed.info/sct|900000000000003001".to_owned()
                    } else {
                        String::new()
                    },
                    ..Designation::default()
                }
            });
            Concept {
                designations: designations.collect(),
                code: code(number),
                parents,
                ..Concept::default()
            }
        })
        .collect();
    let designations: u32 = concepts
        .iter()
        .map(|concept| concept.designations.len() as u32)
        .sum();
    CodeSystem {
        url: "http://snomed.info/sct".to_owned(),
        version: "synthetic".to_owned(),
        language: "sv".to_owned(),
        concepts,
        components: Some(Box::new(components(&mut dice, size, designations))),
        ..CodeSystem::default()
    }
}

fn components(dice: &mut Dice, size: u32, designations: u32) -> Components {
    let attributes = size / 10 * 48;
    Components {
        concepts: (0..size)
            .map(|number| ConceptComponent {
                module: number % 3,
                effective_time: 20_200_131 + number % 60,
                defined: number.is_multiple_of(3),
            })
            .collect(),
        designations: (0..designations)
            .map(|number| DesignationComponent {
                id: u64::from(number) * 1000 + 11,
                module: number % 3,
                kind: 5 + number % 2,
                case_significance: 8 + number % 3,
                effective_time: 20_200_131 + number % 60,
            })
            .collect(),
        descriptions: Vec::new(),
        acceptabilities: (0..designations * 2)
            .map(|number| Acceptability {
                designation: number / 2,
                dialect: 20 + number % 2,
                preferred: dice.below(2) == 0,
            })
            .collect(),
        attributes: (0..attributes)
            .map(|number| Attribute {
                source: (u64::from(number) * u64::from(size) / u64::from(attributes)) as u32,
                group: (number % 3) as u16,
                kind: 100 + dice.below(100),
                value: if number.is_multiple_of(50) {
                    AttributeValue::Number((number % 400).to_string())
                } else {
                    AttributeValue::Concept(dice.below(size))
                },
            })
            .collect(),
        reference_sets: (0..10)
            .map(|set| ReferenceSet {
                concept: 300 + set,
                fields: vec!["mapTarget".to_owned()],
                members: (0..size / 25)
                    .map(|number| ReferenceSetMember {
                        id: u128::from(dice.next()) << 64,
                        effective_time: 20_260_131,
                        active: true,
                        module: 0,
                        referenced: number * 25 + set,
                        values: vec![FieldValue::Text(format!("I{}", number % 1000))],
                    })
                    .collect(),
            })
            .collect(),
    }
}

/// A line of the kernel's account of this process, in MB.
fn memory(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let found = status.lines().find(|found| found.starts_with(line));
    let kilobytes = found.and_then(|found| found.split_whitespace().nth(1)?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() / 1000
}

fn say(what: &str, from: Instant) {
    println!(
        "{what}: {:.2} s; {} MB resident, {} MB at most",
        from.elapsed().as_secs_f64(),
        memory("VmRSS"),
        memory("VmHWM")
    );
}

#[test]
#[ignore = "takes half a minute and a gigabyte"]
fn the_size_of_snomed_ct() {
    let from = Instant::now();
    let source = synthetic(CONCEPTS);
    say("generated", from);
    let from = Instant::now();
    let edition = Edition::compile(source).unwrap();
    say("compiled", from);
    let place = std::env::temp_dir().join("vardnav-scale.image");
    let from = Instant::now();
    let mut file = std::io::BufWriter::new(std::fs::File::create(&place).unwrap());
    edition.write_image(&mut |piece| file.write_all(piece)).unwrap();
    file.flush().unwrap();
    say("image written", from);
    println!("image: {} MB", place.metadata().unwrap().len() / 1_000_000);
    drop(edition);
    let from = Instant::now();
    let mut file = std::fs::File::open(&place).unwrap();
    let edition = Edition::read_image(&mut |piece| file.read_exact(piece)).unwrap();
    say("read in its place", from);
    let from = Instant::now();
    let root = edition.find(&code(0)).unwrap();
    assert_eq!(edition.descendants(root).len(), CONCEPTS as usize - 1);
    say("descendants of the root", from);
    let hits = edition.search(&SearchQuery {
        text: "karisvik",
        limit: 10,
        ..SearchQuery::default()
    });
    assert!(!hits.is_empty());
}

/// Nanoseconds a question takes, of many in random order.
fn nanoseconds<Q, A>(what: &str, questions: &[Q], ask: impl Fn(&Q) -> A) {
    let mut best = f64::MAX;
    for _ in 0..20 {
        let from = Instant::now();
        for question in questions {
            std::hint::black_box(ask(question));
        }
        best = best.min(from.elapsed().as_secs_f64() * 1e9 / questions.len() as f64);
    }
    println!("{what}: {best:.0} ns");
}

#[test]
#[ignore = "measures"]
fn questions_to_an_edition_of_the_size_of_icd_10() {
    let size = 40_000;
    let edition = Edition::compile(synthetic(size)).unwrap();
    let mut dice = Dice(2);
    let codes: Vec<(String, String)> = (0..size)
        .map(|_| {
            let code = code(dice.below(size));
            let concept = edition.lookup(&code).unwrap();
            (code, concept.display("", None).unwrap().text.to_owned())
        })
        .collect();
    let pairs: Vec<_> = codes
        .iter()
        .map(|(code, _)| {
            (
                edition.find(code).unwrap(),
                edition.find(&codes[dice.below(size) as usize].0).unwrap(),
            )
        })
        .collect();
    let today = jiff::civil::date(2026, 9, 1);
    nanoseconds("lookup", &codes, |(code, _)| edition.lookup(code).is_some());
    nanoseconds("validate", &codes, |(code, display)| {
        std::mem::discriminant(&edition.validate_code(code, Some(display), today))
    });
    nanoseconds("subsumes", &pairs, |&(a, b)| edition.subsumes(a, b));
    nanoseconds("descendants", &pairs, |&(a, _)| edition.descendants(a).len());
}

#[test]
#[ignore = "reads what the other left"]
fn the_image_of_it() {
    let place = std::env::temp_dir().join("vardnav-scale.image");
    let from = Instant::now();
    let mut file = std::fs::File::open(place).unwrap();
    let edition = Edition::read_image(&mut |piece| file.read_exact(piece)).unwrap();
    say("image read", from);
    assert_eq!(edition.len(), CONCEPTS as usize);
    let from = Instant::now();
    let found = (0..CONCEPTS)
        .filter(|&number| edition.lookup(&code(number)).is_some())
        .count();
    say("all codes looked up", from);
    assert_eq!(found, CONCEPTS as usize);
}
