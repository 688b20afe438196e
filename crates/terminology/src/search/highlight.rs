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

/// The bytes of `text` at which words typed were found, in order, none meeting another. Each word typed is marked where
/// it fits best, in as many words of the text as it fits so well.
pub(super) fn highlights(text: &str, typed: &[String]) -> Vec<Range<usize>> {
    let mut best: Vec<(Option<Held>, Vec<Range<usize>>)> = vec![(None, Vec::new()); typed.len()];
    let typed: Vec<(Vec<char>, Vec<char>)> = typed
        .iter()
        .map(|word| (word.chars().collect(), word.chars().map(fold).collect()))
        .collect();
    for_each_placed_word(text, |word| {
        let exact: Vec<char> = word.iter().map(|letter| letter.char).collect();
        let folded: Vec<char> = exact.iter().copied().map(fold).collect();
        for ((exactly, loosely), (best, places)) in typed.iter().zip(&mut best) {
            let Some((held, letters)) = held((exactly, loosely), (&exact, &folded)) else {
                continue;
            };
            let held = Some(held);
            if held > *best {
                places.clear();
                *best = held;
            }
            if held == *best {
                places.extend(bytes(word, letters));
            }
        }
    });
    joined(best.into_iter().flat_map(|(_, places)| places).collect())
}

/// How a word holds what was typed, and which of its letters.
fn held(typed: (&[char], &[char]), word: (&[char], &[char])) -> Option<(Held, Range<usize>)> {
    let count = typed.0.len();
    if word.0.starts_with(typed.0) {
        return Some((Held::Letters, 0..count));
    }
    if word.1.starts_with(typed.1) {
        return Some((Held::Folded, 0..count));
    }
    if let Some(start) = inside(typed.1, word.1) {
        return Some((Held::Inside, start..start + count));
    }
    let (edits, letters) = typos::distance(typed.1, word.1)?;
    let held = if edits == 1 { Held::OneEdit } else { Held::TwoEdits };
    Some((held, 0..letters))
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
        crate::letters::for_each_word(typed, |word| words.push(word.to_owned()));
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
