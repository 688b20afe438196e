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
        for letter in text.chars() {
            match (self, letter) {
                (Self::Exact, _) => into.push(letter),
                (_, letter) if letter.is_ascii() => into.push(letter.to_ascii_lowercase()),
                // What may have to be composed is left to those who know how.
                (_, '\u{300}'..='\u{36f}') => {
                    into.clear();
                    into.extend(letters::lower(text));
                    return;
                }
                (_, letter) => into.extend(letter.to_lowercase()),
            }
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
    bytes: Cell<Vec<u8>>,
}

enum Term {
    Words(Vec<Part>),
    /// What stands between the places where anything may stand.
    Pattern(Vec<Part>),
}

/// Letters of a query; also as bytes where all are ASCII, since then texts that are so too take no decoding.
struct Part {
    letters: Vec<char>,
    bytes: Option<Vec<u8>>,
}

impl Part {
    fn new(letters: Vec<char>) -> Self {
        let bytes = letters
            .iter()
            .map(|&letter| u8::try_from(letter).ok().filter(u8::is_ascii));
        Self {
            bytes: bytes.collect(),
            letters,
        }
    }
}

impl Matcher {
    pub(super) fn new(terms: &[SearchTerm], collation: Collation) -> Self {
        let letters = |text: &str| {
            let mut letters = Vec::new();
            collation.letters(text, &mut letters);
            letters
        };
        let terms = terms.iter().map(|term| match term {
            SearchTerm::Match(words) => {
                Term::Words(words.iter().map(|word| Part::new(letters(word))).collect())
            }
            SearchTerm::Wild(pattern) => {
                Term::Pattern(parts(&letters(pattern)).into_iter().map(Part::new).collect())
            }
        });
        Self {
            collation,
            terms: terms.collect(),
            letters: Cell::default(),
            bytes: Cell::default(),
        }
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        if text.is_ascii() {
            return self.matches_ascii(text.as_bytes());
        }
        let mut letters = self.letters.take();
        self.collation.letters(text, &mut letters);
        let same = |&query: &char, &letter: &char| self.collation.stands_for(query, letter);
        let found = self.terms.iter().any(|term| match term {
            Term::Words(words) => words
                .iter()
                .all(|word| begins_word(&word.letters, &letters, same, |letter| letter.is_alphanumeric())),
            Term::Pattern(parts) => {
                let parts: Vec<&[char]> = parts.iter().map(|part| part.letters.as_slice()).collect();
                is_like(&parts, &letters, same)
            }
        });
        self.letters.set(letters);
        found
    }

    /// As `matches`. No letter beyond ASCII in a query stands for one within it.
    fn matches_ascii(&self, text: &[u8]) -> bool {
        let mut bytes = self.bytes.take();
        bytes.clear();
        bytes.extend_from_slice(text);
        if self.collation != Collation::Exact {
            bytes.make_ascii_lowercase();
        }
        let same = |query: &u8, letter: &u8| query == letter;
        let found = self.terms.iter().any(|term| match term {
            Term::Words(words) => words.iter().all(|word| {
                let word = word.bytes.as_deref();
                word.is_some_and(|word| begins_word(word, &bytes, same, u8::is_ascii_alphanumeric))
            }),
            Term::Pattern(parts) => {
                let parts: Option<Vec<&[u8]>> = parts.iter().map(|part| part.bytes.as_deref()).collect();
                parts.is_some_and(|parts| is_like(&parts, &bytes, same))
            }
        });
        self.bytes.set(bytes);
        found
    }
}

/// The parts of a pattern between its `*`.
fn parts(pattern: &[char]) -> Vec<Vec<char>> {
    let mut parts = Vec::new();
    let mut part = Vec::new();
    let mut rest = pattern.iter();
    while let Some(&letter) = rest.next() {
        match letter {
            '*' => parts.push(std::mem::take(&mut part)),
            '\\' => part.push(rest.next().copied().unwrap_or('\\')),
            other => part.push(other),
        }
    }
    parts.push(part);
    parts
}

fn begins<T>(query: &[T], text: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    query.len() <= text.len() && query.iter().zip(text).all(|(query, letter)| same(query, letter))
}

/// Whether `word` stands where a word of the text begins: at its start, or after what is no letter or digit.
fn begins_word<T>(
    word: &[T],
    text: &[T],
    same: impl Fn(&T, &T) -> bool + Copy,
    is_alphanumeric: impl Fn(&T) -> bool,
) -> bool {
    let mut inside = false;
    text.iter().enumerate().any(|(at, letter)| {
        let starts = !inside;
        inside = is_alphanumeric(letter);
        starts && begins(word, text.get(at..).unwrap_or_default(), same)
    })
}

/// Whether a text is these parts in their order, with anything between them.
fn is_like<T>(parts: &[&[T]], text: &[T], same: impl Fn(&T, &T) -> bool + Copy) -> bool {
    let [first, between @ .., last] = parts else {
        return parts
            .first()
            .is_some_and(|only| only.len() == text.len() && begins(only, text, same));
    };
    if !begins(first, text, same) {
        return false;
    }
    let mut rest = text.get(first.len()..).unwrap_or_default();
    for part in between {
        // The first place where it stands leaves most for the others.
        let Some(at) = (0..=rest.len()).find(|&at| begins(part, rest.get(at..).unwrap_or_default(), same))
        else {
            return false;
        };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    let end = rest.len().checked_sub(last.len());
    end.is_some_and(|end| begins(last, rest.get(end..).unwrap_or_default(), same))
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
