//! Questions asked in process, one after the other on one core.

use std::hint::black_box;
use std::time::Instant;

use rand::{Rng as _, SeedableRng as _};
use vardnav_terminology::ecl;
use vardnav_terminology::translate::TranslateRequest;
use vardnav_terminology::value_set::{
    Coding, ExpandRequest, Settings, Subject as Asked, ValidateRequest, ValueSetRef,
};
use vardnav_terminology::{Edition, SearchQuery};

use super::subject::{DAY, Loaded, MAP, VALUE_SET};
use crate::bench::{Budget, Figure, nanoseconds};
use crate::exit::{Failure, Outcome};

/// Searches of one kind.
const SEARCHES: usize = 5000;
/// Expressions of one kind.
const EXPRESSIONS: usize = 300;

pub(super) fn measure(loaded: &Loaded) -> Outcome<Vec<Figure>> {
    let mut figures = single(loaded);
    figures.extend(in_value_sets(loaded)?);
    figures.extend(searches(loaded));
    if loaded.large {
        figures.extend(expressions(loaded)?);
    }
    Ok(figures)
}

fn single(loaded: &Loaded) -> Vec<Figure> {
    let edition = loaded.edition();
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(2);
    let found: Vec<_> = loaded
        .codes
        .iter()
        .filter_map(|(code, _)| edition.find(code))
        .collect();
    let pairs: Vec<_> = found
        .iter()
        .filter_map(|index| Some((*index, *found.get(rng.random_range(0..found.len()))?)))
        .collect();
    vec![
        at_most(
            loaded,
            "lookup in process",
            nanoseconds(&loaded.codes, |(code, _)| edition.lookup(code).is_some()),
            300.0,
        ),
        at_most(
            loaded,
            "validate in process",
            nanoseconds(&loaded.codes, |(code, display)| {
                let validation = edition.validate_code(code, Some(display), DAY);
                std::mem::discriminant(&validation)
            }),
            500.0,
        ),
        at_most(
            loaded,
            "subsumes in process",
            nanoseconds(&pairs, |(a, b)| edition.subsumes(*a, *b)),
            100.0,
        ),
    ]
}

fn in_value_sets(loaded: &Loaded) -> Outcome<Vec<Figure>> {
    let catalog = loaded.view.catalog();
    let system = loaded.edition().url();
    let settings = Settings {
        date: Some(DAY),
        ..Settings::default()
    };
    let address = ValueSetRef::Address {
        url: VALUE_SET,
        version: "",
    };
    let validate = nanoseconds(&loaded.half_in, |(code, _)| {
        let coding = Coding {
            system,
            code,
            ..Coding::default()
        };
        let question = ValidateRequest {
            settings: settings.clone(),
            ..ValidateRequest::new(Some(address), Asked::Coding(coding))
        };
        catalog
            .validate(&question)
            .is_ok_and(|validated| validated.result)
    });
    let translate = nanoseconds(&loaded.codes, |(code, _)| {
        let question = TranslateRequest {
            coding: Coding {
                system,
                code,
                ..Coding::default()
            },
            map: MAP,
            ..TranslateRequest::default()
        };
        catalog
            .translate(&question)
            .is_ok_and(|translated| translated.result)
    });
    let page = ExpandRequest {
        settings: settings.clone(),
        count: Some(100),
        exclude_nested: true,
        ..ExpandRequest::new(address)
    };
    catalog.expand(&page).map_err(Failure::failed)?;
    let expand = nanoseconds(&[()], |()| catalog.expand(&page).is_ok());
    let filtered: Vec<String> = typed(loaded, 5).into_iter().take(500).collect();
    let filter = nanoseconds(&filtered, |text| {
        let question = ExpandRequest { text, ..page.clone() };
        catalog.expand(&question).is_ok()
    });
    Ok(vec![
        plain(
            loaded,
            "validate in a value set of 10,000 in process",
            validate,
            "ns",
        ),
        plain(loaded, "translate in process", translate, "ns"),
        plain(loaded, "expand: a page of 100 of 10,000", expand / 1000.0, "µs"),
        plain(loaded, "expand with a text filter", filter / 1000.0, "µs"),
    ])
}

fn searches(loaded: &Loaded) -> Vec<Figure> {
    let edition = loaded.edition();
    let mut figures = Vec::new();
    let kinds: [(&str, Vec<String>); 3] = [
        (
            "search, one to five letters typed",
            (1..=5).flat_map(|letters| typed(loaded, letters)).collect(),
        ),
        ("search, two words begun", two_words(edition)),
        ("search, a letter mistyped", misspelt(loaded)),
    ];
    for (kind, texts) in kinds {
        let times = each(texts.iter().take(SEARCHES * 5), |text| {
            edition.search(&SearchQuery {
                text,
                limit: 20,
                ..SearchQuery::default()
            })
        });
        figures.extend(percentiles(loaded, kind, times, Some(1000.0)));
    }
    figures
}

fn expressions(loaded: &Loaded) -> Outcome<Vec<Figure>> {
    let edition = loaded.edition();
    let attributes = attributes(edition);
    let codes = || loaded.codes.iter().map(|(code, _)| code).take(EXPRESSIONS);
    let hierarchical: Vec<String> = codes().map(|code| format!("<< {code} OR >> {code}")).collect();
    let refined: Vec<String> = codes()
        .zip(attributes.iter().cycle())
        .map(|(code, attribute)| format!("<< 138875005 : {attribute} = << {code}"))
        .collect();
    let mut figures = Vec::new();
    for (kind, texts) in [("ECL, hierarchy", hierarchical), ("ECL, one refinement", refined)] {
        let parsed = texts.iter().map(|text| ecl::parse(text).map_err(Failure::failed));
        let parsed = parsed.collect::<Outcome<Vec<_>>>()?;
        let limits = ecl::Limits::default();
        let times = each(parsed.iter(), |expression| {
            ecl::evaluate(edition, expression, &limits).map(|set| set.len())
        });
        figures.extend(percentiles(loaded, kind, times, None));
    }
    Ok(figures)
}

/// Codes of a few attributes that concepts have.
fn attributes(edition: &Edition) -> Vec<String> {
    let below = edition.find("106237007").or_else(|| edition.find("410662002"));
    let found = below.map(|concept| edition.descendants(concept));
    let codes = found.iter().flat_map(|set| set.iter());
    let codes = codes.filter_map(|concept| Some(edition.concept(concept)?.code().to_owned()));
    codes.take(5).collect::<Vec<_>>()
}

/// Beginnings of words of the terms.
fn typed(loaded: &Loaded, letters: usize) -> Vec<String> {
    let long = loaded.words.iter().filter(|word| word.chars().count() > letters);
    let begun = long.map(|word| word.chars().take(letters).collect());
    begun.take(SEARCHES).collect()
}

/// Beginnings of two neighbouring words of terms.
fn two_words(edition: &Edition) -> Vec<String> {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(4);
    let step = (edition.len() / SEARCHES).max(1);
    let terms = edition
        .concepts()
        .step_by(step)
        .filter_map(|concept| Some(concept.designations().last()?.text));
    let texts = terms.filter_map(|text| {
        let words: Vec<&str> = text.split_whitespace().collect();
        let begun = |word: &str| word.chars().take(3).collect::<String>();
        let pair = words
            .windows(2)
            .nth(rng.random_range(0..words.len().max(2) - 1))?;
        Some(pair.iter().map(|word| begun(word)).collect::<Vec<_>>().join(" "))
    });
    texts.take(SEARCHES).collect()
}

/// Words with two neighbouring letters in the wrong order.
fn misspelt(loaded: &Loaded) -> Vec<String> {
    let long = loaded.words.iter().filter(|word| word.chars().count() > 5);
    let wrong = long.map(|word| {
        let mut letters: Vec<char> = word.chars().collect();
        letters.swap(2, 3);
        letters.into_iter().collect()
    });
    wrong.take(SEARCHES).collect()
}

/// Microseconds of `work` on each item, in rising order.
fn each<T, R>(items: impl Iterator<Item = T> + Clone, work: impl Fn(T) -> R) -> Vec<f64> {
    for item in items.clone().take(200) {
        black_box(work(item));
    }
    let mut times: Vec<f64> = items
        .map(|item| {
            let began = Instant::now();
            black_box(work(black_box(item)));
            began.elapsed().as_nanos() as f64 / 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times
}

fn percentiles(loaded: &Loaded, kind: &str, times: Vec<f64>, most: Option<f64>) -> Vec<Figure> {
    let at = |share: f64| {
        let place = (times.len() as f64 * share) as usize;
        times
            .get(place.min(times.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    };
    vec![
        plain(loaded, &format!("{kind}, p50"), at(0.5), "µs"),
        Figure {
            budget: most.map(Budget::AtMost),
            ..plain(loaded, &format!("{kind}, p99"), at(0.99), "µs")
        },
    ]
}

fn at_most(loaded: &Loaded, what: &str, value: f64, most: f64) -> Figure {
    Figure {
        budget: Some(Budget::AtMost(most)),
        ..plain(loaded, what, value, "ns")
    }
}

fn plain(loaded: &Loaded, what: &str, value: f64, unit: &'static str) -> Figure {
    Figure {
        name: format!("{}: {what}", loaded.name),
        value,
        unit,
        baseline: None,
        budget: None,
    }
}
