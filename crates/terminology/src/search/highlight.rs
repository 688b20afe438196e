//! Which parts of a text were typed.

use std::ops::Range;

use crate::letters::{Letter, fold, for_each_placed_word};
use crate::search::{tails, typos};

/// How a word of a text holds what was typed, best last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Held {
    TwoEdits,
    OneEdit,
    Inside,
    Folded,
    Letters,
}

/// A word typed, made ready to be looked for in the texts of many hits.
#[derive(Debug, Clone)]
pub(super) struct Typed {
    exact: Vec<char>,
    folded: Vec<char>,
}

impl Typed {
    pub(super) fn new(word: &str) -> Self {
        Self {
            exact: word.chars().collect(),
            folded: word.chars().map(fold).collect(),
        }
    }
}

/// Where a word typed was found in a text so far.
struct Search<'t> {
    typed: &'t Typed,
    best: Option<Held>,
    places: Vec<Range<usize>>,
}

impl Search<'_> {
    fn note(&mut self, word: &[Letter], held: Held, letters: Range<usize>) {
        if Some(held) > self.best {
            self.places.clear();
            self.best = Some(held);
        }
        if Some(held) == self.best {
            self.places.extend(bytes(word, letters));
        }
    }
}

/// The bytes of `text` at which words typed were found, in order, none meeting another. Each word typed is marked where
/// it fits best, in as many words of the text as it fits so well. Slips are looked for only where nothing else fits.
pub(super) fn highlights(text: &str, typed: &[Typed]) -> Vec<Range<usize>> {
    let mut searches: Vec<Search<'_>> = typed
        .iter()
        .map(|typed| Search {
            typed,
            best: None,
            places: Vec::new(),
        })
        .collect();
    let mut spelt = Spelt::default();
    for_each_placed_word(text, |word| {
        spelt.read(word);
        for search in &mut searches {
            if let Some((held, letters)) = held(search.typed, &spelt) {
                search.note(word, held, letters);
            }
        }
    });
    if searches.iter().any(|search| search.best.is_none()) {
        for_each_placed_word(text, |word| {
            spelt.read(word);
            for search in searches
                .iter_mut()
                .filter(|search| search.best < Some(Held::Inside))
            {
                if let Some((edits, letters)) = typos::distance(&search.typed.folded, &spelt.folded) {
                    let held = if edits == 1 { Held::OneEdit } else { Held::TwoEdits };
                    search.note(word, held, 0..letters);
                }
            }
        });
    }
    joined(searches.into_iter().flat_map(|search| search.places).collect())
}

/// A word's letters, and the same folded; one room for all words of a text.
#[derive(Default)]
struct Spelt {
    exact: Vec<char>,
    folded: Vec<char>,
}

impl Spelt {
    fn read(&mut self, word: &[Letter]) {
        self.exact.clear();
        self.exact.extend(word.iter().map(|letter| letter.char));
        self.folded.clear();
        self.folded.extend(self.exact.iter().copied().map(fold));
    }
}

/// How a word holds what was typed without a slip, and which of its letters.
fn held(typed: &Typed, word: &Spelt) -> Option<(Held, Range<usize>)> {
    let count = typed.exact.len();
    if word.exact.starts_with(&typed.exact) {
        return Some((Held::Letters, 0..count));
    }
    if word.folded.starts_with(&typed.folded) {
        return Some((Held::Folded, 0..count));
    }
    let start = inside(&typed.folded, &word.folded)?;
    Some((Held::Inside, start..start + count))
}

/// The letter of a word at which what was typed first stands inside it.
fn inside(typed: &[char], word: &[char]) -> Option<usize> {
    if typed.len() < tails::TYPED_MIN || !word.iter().all(|letter| letter.is_alphabetic()) {
        return None;
    }
    let starts = word.windows(typed.len()).take(tails::START_MAX).enumerate();
    starts
        .skip(tails::HEAD)
        .find(|&(_, part)| part == typed)
        .map(|(start, _)| start)
}

fn bytes(word: &[Letter], letters: Range<usize>) -> Option<Range<usize>> {
    let part = word.get(letters)?;
    Some(part.first()?.start..part.last()?.end)
}

fn joined(mut places: Vec<Range<usize>>) -> Vec<Range<usize>> {
    places.sort_unstable_by_key(|place| (place.start, place.end));
    let mut joined: Vec<Range<usize>> = Vec::with_capacity(places.len());
    for place in places {
        match joined.last_mut() {
            Some(last) if place.start <= last.end => last.end = last.end.max(place.end),
            _ => joined.push(place),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked<'t>(text: &'t str, typed: &str) -> Vec<&'t str> {
        let mut words = Vec::new();
        crate::letters::for_each_word(typed, |word| words.push(Typed::new(word)));
        let places = highlights(text, &words);
        places.into_iter().map(|place| text.get(place).unwrap()).collect()
    }

    #[test]
    fn beginnings_are_marked_as_they_are_written() {
        assert_eq!(
            marked("Akut hjärtinfarkt i hjärtat", "hjä ak"),
            ["Ak", "hjä", "hjä"]
        );
        assert_eq!(
            marked("Va\u{30a}rd pa\u{30a} o\u{308}n", "vård ö"),
            ["Va\u{30a}rd", "o\u{308}"]
        );
        assert_eq!(marked("Vård, vardag", "vard"), ["vard"]);
        assert_eq!(marked("Vård", "vard"), ["Vård"]);
        assert_eq!(marked("Typ I50.9", "i509"), ["I50.9"]);
    }

    #[test]
    fn insides_and_slips_are_marked_where_nothing_better_is() {
        assert_eq!(marked("Högerhjärtsvikt", "hjartsvikt"), ["hjärtsvikt"]);
        assert_eq!(marked("Diabetes typ 2", "diabets 2"), ["Diabetes", "2"]);
        assert_eq!(marked("Diabetes", "njure"), Vec::<&str>::new());
    }
}
