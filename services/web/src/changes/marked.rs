//! A text that became another, as one text: what went is struck out, what came is underlined, in between what stayed.

use maud::{Markup, html};

/// Words of a text that are compared word by word; longer texts are shown one after the other.
const WORDS_MAX: usize = 200;

/// A stretch of words and what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Stayed,
    Went,
    Came,
}

/// What was and what is, as one text.
pub(super) fn marked(before: &str, after: &str) -> Markup {
    html! {
        @for (at, (fate, text)) in stretches(before, after).into_iter().enumerate() {
            @if at > 0 { " " }
            @match fate {
                Fate::Stayed => (text),
                Fate::Went => del { (text) },
                Fate::Came => ins { (text) },
            }
        }
    }
}

/// The words of both, each once where they share it, in order.
fn stretches(before: &str, after: &str) -> Vec<(Fate, String)> {
    let old: Vec<&str> = before.split_whitespace().collect();
    let new: Vec<&str> = after.split_whitespace().collect();
    let mut told: Vec<(Fate, String)> = Vec::new();
    let mut tell = |fate: Fate, words: &[&str]| {
        if words.is_empty() {
            return;
        }
        let words = words.join(" ");
        match told.last_mut() {
            Some((last, text)) if *last == fate => {
                text.push(' ');
                text.push_str(&words);
            }
            _ => told.push((fate, words)),
        }
    };
    if old.len() > WORDS_MAX || new.len() > WORDS_MAX {
        tell(Fate::Went, &old);
        tell(Fate::Came, &new);
        return told;
    }
    let shared = shared(&old, &new);
    let (mut at_old, mut at_new) = (0, 0);
    for (in_old, in_new) in shared {
        tell(Fate::Went, old.get(at_old..in_old).unwrap_or_default());
        tell(Fate::Came, new.get(at_new..in_new).unwrap_or_default());
        tell(Fate::Stayed, new.get(in_new..=in_new).unwrap_or_default());
        (at_old, at_new) = (in_old + 1, in_new + 1);
    }
    tell(Fate::Went, old.get(at_old..).unwrap_or_default());
    tell(Fate::Came, new.get(at_new..).unwrap_or_default());
    told
}

/// A longest sequence of words that both have, by their places.
fn shared(old: &[&str], new: &[&str]) -> Vec<(usize, usize)> {
    // Row by row from the end: the most words that the rests from here share.
    let mut rows: Vec<Vec<u32>> = vec![vec![0; new.len() + 1]; old.len() + 1];
    let most = |rows: &[Vec<u32>], row: usize, column: usize| {
        rows.get(row)
            .and_then(|row| row.get(column))
            .copied()
            .unwrap_or(0)
    };
    for (row, word) in old.iter().enumerate().rev() {
        for (column, other) in new.iter().enumerate().rev() {
            let found = if word == other {
                most(&rows, row + 1, column + 1) + 1
            } else {
                most(&rows, row + 1, column).max(most(&rows, row, column + 1))
            };
            if let Some(cell) = rows.get_mut(row).and_then(|row| row.get_mut(column)) {
                *cell = found;
            }
        }
    }
    let (mut row, mut column) = (0, 0);
    let mut places = Vec::new();
    while let (Some(word), Some(other)) = (old.get(row), new.get(column)) {
        if word == other {
            places.push((row, column));
            (row, column) = (row + 1, column + 1);
        } else if most(&rows, row + 1, column) >= most(&rows, row, column + 1) {
            row += 1;
        } else {
            column += 1;
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::{Fate, marked, stretches};

    #[test]
    fn what_stayed_is_told_once() {
        assert_eq!(
            stretches("vård i hemmet av läkare", "vård i bostaden av läkare"),
            [
                (Fate::Stayed, "vård i".to_owned()),
                (Fate::Went, "hemmet".to_owned()),
                (Fate::Came, "bostaden".to_owned()),
                (Fate::Stayed, "av läkare".to_owned()),
            ]
        );
        assert_eq!(stretches("", "ny"), [(Fate::Came, "ny".to_owned())]);
        assert_eq!(stretches("gammal", ""), [(Fate::Went, "gammal".to_owned())]);
        assert!(stretches("", "").is_empty());
    }

    #[test]
    fn both_texts_can_be_read_from_it() {
        let texts = ["a b c d", "b d", "a x c", "d c b a", "a a b", ""];
        for before in texts {
            for after in texts {
                let without = |fate: Fate| {
                    let kept = stretches(before, after)
                        .into_iter()
                        .filter(|(one, _)| *one != fate);
                    kept.map(|(_, text)| text).collect::<Vec<_>>().join(" ")
                };
                assert_eq!(
                    (without(Fate::Came), without(Fate::Went)),
                    (before.to_owned(), after.to_owned())
                );
            }
        }
    }

    #[test]
    fn what_is_too_long_is_told_one_after_the_other() {
        let long = "ord ".repeat(700);
        assert_eq!(stretches(&long, "ord").len(), 2);
        assert_eq!(
            marked("<b>", "<i>").into_string(),
            "<del>&lt;b&gt;</del> <ins>&lt;i&gt;</ins>"
        );
    }
}
