//! Letters as they are compared: lower case, composed, and folded to their base letter (å, ä → a; ö → o) where a
//! search falls back to that; and the words of a text.

/// The characters of `text` in lower case, with combining marks composed or, where no composed letter is known,
/// left out.
pub(crate) fn lower(text: &str) -> impl Iterator<Item = char> + '_ {
    placed(text).map(|letter| letter.char)
}

/// A letter as it is compared, and the bytes of the text that it stands for, those of combining marks with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) char: char,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

fn placed(text: &str) -> impl Iterator<Item = Letter> + '_ {
    let all = text.char_indices().flat_map(|(start, written)| {
        let end = start + written.len_utf8();
        written
            .to_lowercase()
            .map(move |char| Letter { char, start, end })
    });
    let mut rest = all.peekable();
    std::iter::from_fn(move || {
        let mut letter = rest.find(|letter| !is_mark(letter.char))?;
        while let Some(mark) = rest.next_if(|letter| is_mark(letter.char)) {
            letter.char = compose(letter.char, mark.char);
            letter.end = mark.end;
        }
        Some(letter)
    })
}

/// Whether two texts are the same apart from case, composition and runs of white space.
pub(crate) fn same_text(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    // Letter by letter, as far as neither white space nor combining marks come in.
    let (mut left, mut right) = (a.chars(), b.chars());
    loop {
        match (left.next(), right.next()) {
            (None, None) => return true,
            (Some(x), Some(y)) if x == y => {}
            (Some(x), Some(y)) if x.is_alphanumeric() && y.is_alphanumeric() => {
                if !x.to_lowercase().eq(y.to_lowercase()) {
                    let decomposed =
                        left.as_str().starts_with(is_mark) || right.as_str().starts_with(is_mark);
                    return decomposed && spaced(a).eq(spaced(b));
                }
            }
            _ => return spaced(a).eq(spaced(b)),
        }
    }
}

/// The base letter: å, ä, á → a; ö, ø → o; é → e; the letter itself where it has none.
pub(crate) fn fold(letter: char) -> char {
    match letter {
        'à'..='æ' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'ð' | 'đ' | 'ď' => 'd',
        'è'..='ë' | 'ē' | 'ę' | 'ě' => 'e',
        'ì'..='ï' | 'ī' => 'i',
        'ł' => 'l',
        'ñ' | 'ń' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ő' | 'œ' => 'o',
        'ř' => 'r',
        'ß' | 'ś' | 'š' | 'ş' => 's',
        'ť' => 't',
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => 'u',
        'ý' | 'ÿ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        other => other,
    }
}

/// Calls `take` with each word of `text`: runs of letters and digits, in lower case. The full stop of a code as
/// ICD-10 prints it (`I50.9`) is no boundary and is left out, so that both forms give the same word.
pub(crate) fn for_each_word(text: &str, mut take: impl FnMut(&str)) {
    if text.is_ascii() {
        return for_each_ascii_word(text.as_bytes(), take);
    }
    let mut word = String::new();
    for_each_placed_word(text, |letters| {
        word.clear();
        word.extend(letters.iter().map(|letter| letter.char));
        take(&word);
    });
}

fn for_each_ascii_word(text: &[u8], mut take: impl FnMut(&str)) {
    let mut word = String::new();
    let mut bytes = text.iter().peekable();
    while let Some(&byte) = bytes.next() {
        if byte.is_ascii_alphanumeric() {
            word.push(char::from(byte.to_ascii_lowercase()));
        } else if byte == b'.'
            && is_category(word.as_bytes())
            && bytes.peek().is_some_and(|next| next.is_ascii_alphanumeric())
        {
        } else if !word.is_empty() {
            take(&word);
            word.clear();
        }
    }
    if !word.is_empty() {
        take(&word);
    }
}

/// Calls `take` with the letters of each word of `text`, as [`for_each_word`] parts it.
pub(crate) fn for_each_placed_word(text: &str, mut take: impl FnMut(&[Letter])) {
    if text.is_ascii() {
        return for_each_placed_ascii_word(text.as_bytes(), take);
    }
    let mut word: Vec<Letter> = Vec::new();
    let mut letters = placed(text).peekable();
    while let Some(letter) = letters.next() {
        if letter.char.is_alphanumeric() {
            word.push(letter);
        } else if letter.char == '.'
            && starts_code(&word)
            && letters.peek().is_some_and(|next| next.char.is_alphanumeric())
        {
        } else if !word.is_empty() {
            take(&word);
            word.clear();
        }
    }
    if !word.is_empty() {
        take(&word);
    }
}

fn for_each_placed_ascii_word(text: &[u8], mut take: impl FnMut(&[Letter])) {
    let mut word: Vec<Letter> = Vec::new();
    let mut bytes = text.iter().enumerate().peekable();
    while let Some((start, &byte)) = bytes.next() {
        if byte.is_ascii_alphanumeric() {
            word.push(Letter {
                char: char::from(byte.to_ascii_lowercase()),
                start,
                end: start + 1,
            });
        } else if byte == b'.'
            && starts_code(&word)
            && bytes.peek().is_some_and(|(_, next)| next.is_ascii_alphanumeric())
        {
        } else if !word.is_empty() {
            take(&word);
            word.clear();
        }
    }
    if !word.is_empty() {
        take(&word);
    }
}

fn starts_code(word: &[Letter]) -> bool {
    let byte = |letter: &Letter| u8::try_from(letter.char).unwrap_or(u8::MAX);
    matches!(word, [a, b, c] if is_category(&[byte(a), byte(b), byte(c)]))
}

/// Whether the bytes are a category of ICD-10: a letter and two digits.
pub(crate) fn is_category(bytes: &[u8]) -> bool {
    matches!(bytes, [letter, tens, ones]
        if letter.is_ascii_alphabetic() && tens.is_ascii_digit() && ones.is_ascii_digit())
}

fn spaced(text: &str) -> impl Iterator<Item = char> + '_ {
    let mut pending = false;
    let mut started = false;
    let mut letters = lower(text).peekable();
    std::iter::from_fn(move || {
        while letters.next_if(|c| c.is_whitespace()).is_some() {
            pending = started;
        }
        letters.peek()?;
        started = true;
        if std::mem::take(&mut pending) {
            Some(' ')
        } else {
            letters.next()
        }
    })
}

fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

fn compose(letter: char, mark: char) -> char {
    match (letter, mark) {
        ('a', '\u{30a}') => 'å',
        ('a', '\u{308}') => 'ä',
        ('o', '\u{308}') => 'ö',
        ('u', '\u{308}') => 'ü',
        ('e', '\u{308}') => 'ë',
        ('i', '\u{308}') => 'ï',
        ('a', '\u{301}') => 'á',
        ('e', '\u{301}') => 'é',
        ('i', '\u{301}') => 'í',
        ('o', '\u{301}') => 'ó',
        ('u', '\u{301}') => 'ú',
        ('y', '\u{301}') => 'ý',
        ('a', '\u{300}') => 'à',
        ('e', '\u{300}') => 'è',
        ('a', '\u{302}') => 'â',
        ('e', '\u{302}') => 'ê',
        ('o', '\u{302}') => 'ô',
        ('n', '\u{303}') => 'ñ',
        ('c', '\u{327}') => 'ç',
        _ => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut words = Vec::new();
        for_each_word(text, |word| words.push(word.to_owned()));
        words
    }

    #[test]
    fn words_are_lower_case_runs_of_letters_and_digits() {
        assert_eq!(
            words("Hälso- och sjukvård, i HEMMET"),
            ["hälso", "och", "sjukvård", "i", "hemmet"]
        );
        assert_eq!(words("  "), Vec::<String>::new());
    }

    #[test]
    fn a_code_with_and_without_its_full_stop_is_one_word() {
        assert_eq!(words("I50.9"), ["i509"]);
        assert_eq!(words("I50."), ["i50"]);
        assert_eq!(words("A00-A09"), ["a00", "a09"]);
        assert_eq!(words("3.5 mg"), ["3", "5", "mg"]);
    }

    #[test]
    fn words_of_ascii_are_found_as_those_of_any_text() {
        for text in [
            "I50.9",
            "I50.",
            "A00-A09 b.c",
            "3.5 mg",
            " Of  THE x",
            "",
            "J44.1J44.1",
        ] {
            let mut found: Vec<Vec<Letter>> = Vec::new();
            for_each_placed_word(text, |word| found.push(word.to_vec()));
            let spelt = |word: &Vec<Letter>| word.iter().map(|letter| letter.char).collect::<String>();
            assert_eq!(words(text), found.iter().map(spelt).collect::<Vec<_>>());
            // A word beside them that is not of ASCII leads the other way.
            let mut right: Vec<Vec<Letter>> = Vec::new();
            for_each_placed_word(&format!("{text} å"), |word| right.push(word.to_vec()));
            right.pop();
            assert_eq!(found, right, "{text}");
        }
    }

    #[test]
    fn letters_know_the_bytes_they_stand_for() {
        let mut places = Vec::new();
        for_each_placed_word("A\u{30a}R \u{130}", |word| {
            places.extend(word.iter().map(|letter| (letter.char, letter.start, letter.end)));
        });
        assert_eq!(places, [('å', 0, 3), ('r', 3, 4), ('i', 5, 7)]);
    }

    #[test]
    fn decomposed_letters_equal_composed_ones() {
        assert!(same_text("Va\u{30a}rd pa\u{30a}  o\u{308}n", " vård på ön"));
        assert!(!same_text("vård på ön", "vård påön"));
        assert!(!same_text("vård", "vard"));
    }
}
