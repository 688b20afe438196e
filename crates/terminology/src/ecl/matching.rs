//! Whether a text matches search terms: words that begin words in any order, or a pattern of the whole.
//!
//! Descriptions are compared as the specification recommends (chapter 5.5): without regard to letter case, and
//! asymmetrically, so that a letter without marks in the query stands for its marked forms too, but not the other way
//! about. What is a letter of its own depends on the language: å, ä, ö in Swedish and Finnish; å, æ, ø in Danish and
//! Norwegian. Concrete values are compared letter by letter.

use std::cell::Cell;

use super::ast::SearchTerm;
use crate::letters;

/// How letters are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Collation {
    /// As they stand.
    Exact,
    /// Without case and with marks folded, apart from these letters and what stands for them.
    Folded(Alphabet),
}

/// Which letters are no marked forms of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alphabet {
    Swedish,
    Danish,
    Other,
}

impl Collation {
    /// That of descriptions in a language (BCP 47).
    pub(super) fn of(language: &str) -> Self {
        let primary = language.split('-').next().unwrap_or_default();
        let is = |tags: &[&str]| tags.iter().any(|tag| primary.eq_ignore_ascii_case(tag));
        Self::Folded(if is(&["sv", "fi"]) {
            Alphabet::Swedish
        } else if is(&["da", "nb", "nn", "no"]) {
            Alphabet::Danish
        } else {
            Alphabet::Other
        })
    }

    fn letters(self, text: &str, into: &mut Vec<char>) {
        into.clear();
        match self {
            Self::Exact => into.extend(text.chars()),
            Self::Folded(_) => into.extend(letters::lower(text)),
        }
    }

    /// Whether a letter of the query stands for a letter of the text.
    fn stands_for(self, query: char, letter: char) -> bool {
        query == letter || self.base(letter) == query
    }

    fn base(self, letter: char) -> char {
        match (self, letter) {
            (Self::Exact, _) => letter,
            (Self::Folded(Alphabet::Swedish), 'å' | 'ä' | 'ö') => letter,
            (Self::Folded(Alphabet::Swedish), 'æ') => 'ä',
            (Self::Folded(Alphabet::Swedish), 'ø' | 'œ') => 'ö',
            (Self::Folded(Alphabet::Danish), 'å' | 'æ' | 'ø') => letter,
            (Self::Folded(Alphabet::Danish), 'ä') => 'æ',
            (Self::Folded(Alphabet::Danish), 'ö') => 'ø',
            (Self::Folded(_), 'æ' | 'œ' | 'ß') => letter,
            (Self::Folded(_), _) => letters::fold(letter),
        }
    }
}

/// Search terms made ready; a text matches when one of them does.
pub(super) struct Matcher {
    collation: Collation,
    terms: Vec<Term>,
    /// Memory for the letters of a text.
    letters: Cell<Vec<char>>,
}

#[derive(Debug)]
enum Term {
    Words(Vec<Vec<char>>),
    Pattern(Vec<Piece>),
}

#[derive(Debug, Clone, Copy)]
enum Piece {
    Letter(char),
    Any,
}

impl Matcher {
    pub(super) fn new(terms: &[SearchTerm], collation: Collation) -> Self {
        let letters = |text: &str| {
            let mut letters = Vec::new();
            collation.letters(text, &mut letters);
            letters
        };
        let terms = terms.iter().map(|term| match term {
            SearchTerm::Match(words) => Term::Words(words.iter().map(|word| letters(word)).collect()),
            SearchTerm::Wild(pattern) => Term::Pattern(pieces(&letters(pattern))),
        });
        Self {
            collation,
            terms: terms.collect(),
            letters: Cell::default(),
        }
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        let mut letters = self.letters.take();
        self.collation.letters(text, &mut letters);
        let found = self.terms.iter().any(|term| match term {
            Term::Words(words) => words
                .iter()
                .all(|word| begins_word(word, &letters, self.collation)),
            Term::Pattern(pieces) => is_like(pieces, &letters, self.collation),
        });
        self.letters.set(letters);
        found
    }
}

fn pieces(letters: &[char]) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(letters.len());
    let mut rest = letters.iter();
    while let Some(&letter) = rest.next() {
        pieces.push(match letter {
            '*' => Piece::Any,
            '\\' => Piece::Letter(rest.next().copied().unwrap_or('\\')),
            other => Piece::Letter(other),
        });
    }
    pieces
}

/// Whether `word` stands where a word of the text begins: at its start, or after what is no letter or digit.
fn begins_word(word: &[char], text: &[char], collation: Collation) -> bool {
    let mut inside = false;
    text.iter().enumerate().any(|(at, &letter)| {
        let begins = !inside;
        inside = letter.is_alphanumeric();
        begins
            && text.get(at..at + word.len()).is_some_and(|here| {
                word.iter()
                    .zip(here)
                    .all(|(&query, &letter)| collation.stands_for(query, letter))
            })
    })
}

/// Whether the whole text is as the pieces tell.
fn is_like(pieces: &[Piece], text: &[char], collation: Collation) -> bool {
    let (mut piece, mut letter) = (0, 0);
    // Where to go on from when what follows the last `*` does not fit: let it take one letter more.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match (pieces.get(piece), text.get(letter)) {
            (None, None) => return true,
            (Some(Piece::Any), _) => {
                retry = Some((piece + 1, letter));
                piece += 1;
                continue;
            }
            (Some(&Piece::Letter(query)), Some(&here)) if collation.stands_for(query, here) => {
                piece += 1;
                letter += 1;
                continue;
            }
            _ => {}
        }
        match &mut retry {
            Some((after, taken)) if *taken < text.len() => {
                *taken += 1;
                (piece, letter) = (*after, *taken);
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(term: SearchTerm, text: &str, language: &str) -> bool {
        Matcher::new(&[term], Collation::of(language)).matches(text)
    }

    fn words(query: &str, text: &str, language: &str) -> bool {
        let words = query.split(' ').map(str::to_owned).collect();
        matches(SearchTerm::Match(words), text, language)
    }

    fn wild(pattern: &str, text: &str) -> bool {
        matches(SearchTerm::Wild(pattern.to_owned()), text, "en")
    }

    #[test]
    fn words_begin_words_in_any_order() {
        assert!(words("heart att", "Heart attack (disorder)", "en"));
        assert!(words("att heart", "Heart attack", "en"));
        assert!(words("disorder", "Heart attack (disorder)", "en"));
        assert!(words("J45.9", "J45.9", "en"));
        assert!(!words("eart", "Heart attack", "en"));
        assert!(!words("heart rate", "Heart attack", "en"));
    }

    #[test]
    fn marks_are_folded_one_way_and_by_language() {
        for (query, text, language, found) in [
            ("resume", "Résumé", "en", true),
            ("résumé", "resume", "en", false),
            ("sjogren", "Sjögren", "en", true),
            ("sjogren", "Sjøgren", "en", true),
            ("sjögren", "Sjøgren", "en", false),
            ("sjogren", "Sjögren", "sv", false),
            ("sjögren", "Sjøgren", "sv-SE", true),
            ("Ångström", "ångstrøm", "sv", true),
            ("Ångstrøm", "ångström", "sv", false),
            ("angstrom", "ångström", "sv", false),
            ("resume", "résumé", "sv", true),
            ("sjøgren", "sjögren", "da", true),
        ] {
            assert_eq!(words(query, text, language), found, "{query} {text} {language}");
        }
    }

    #[test]
    fn patterns_are_of_the_whole() {
        assert!(wild("cardi*opathy", "Cardiomyopathy"));
        assert!(wild("cardi*opathy", "cardiac channelopathy"));
        assert!(wild("*itis", "Conjunctivitis itis"));
        assert!(wild("*a*b*", "xxaxxbxx"));
        assert!(wild(r"5\*3", "5*3"));
        assert!(!wild(r"5\*3", "5x3"));
        assert!(!wild("cardi*opathy", "atrial cardiopathy"));
        assert!(!wild("cardiopathy", "cardiopathy "));
        assert!(!wild("a", ""));
    }

    #[test]
    fn exact_letters_are_compared_as_they_stand() {
        let matcher = Matcher::new(&[SearchTerm::Match(vec!["PANADOL".to_owned()])], Collation::Exact);
        assert!(matcher.matches("PANADOL FORTE"));
        assert!(!matcher.matches("Panadol"));
    }
}
