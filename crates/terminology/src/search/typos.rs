//! Words that begin with something like what was typed: the fewest insertions, deletions, substitutions and swaps of
//! neighbours (Damerau and Levenshtein's distance, no place edited twice) between it and some beginning of a word.
//! All letters are folded. Numbers and codes are left out: a slip in them means another.

use std::ops::Range;

use crate::search::words::Words;

/// Fewest letters typed for which one edit is allowed, for which the first letter may be the wrong one, and for which
/// two edits are allowed.
const ONE_EDIT: usize = 4;
const OTHER_FIRST: usize = 5;
const TWO_EDITS: usize = 8;

/// Most letters typed that stand for anything but themselves.
const TYPED_MAX: usize = 64;

/// Ranks from here on do not begin with a digit of ASCII.
const PAST_DIGITS: &str = ":";

/// How many edits are allowed in what was typed.
fn allowed(typed: &[char]) -> u8 {
    match typed.len() {
        _ if !typed.iter().all(|letter| letter.is_alphabetic()) => 0,
        ONE_EDIT..TWO_EDITS => 1,
        TWO_EDITS..=TYPED_MAX => 2,
        _ => 0,
    }
}

/// Calls `found` with the ranks of words that begin with something like `typed`, and how many edits lie between: at
/// least one.
pub(super) fn find(words: &Words, typed: &str, mut found: impl FnMut(Range<u32>, u8)) {
    let letters: Vec<char> = typed.chars().collect();
    let edits = allowed(&letters);
    let Some(&first) = letters.first().filter(|_| edits > 0) else {
        return;
    };
    let mut found = |ranks: Range<u32>, distance: u8| {
        for rank in ranks {
            if distance > 0 && words.form(rank).chars().all(char::is_alphabetic) {
                found(rank..rank + 1, distance);
            }
        }
    };
    let same = words.folded_beginning(first.encode_utf8(&mut [0; 4]));
    Walk::new(&letters, edits).over(words, same.clone(), &mut found);
    if letters.len() >= OTHER_FIRST {
        let letter = words.folded_beginning(PAST_DIGITS).start;
        Walk::new(&letters, 1).over(words, letter..same.start.max(letter), &mut found);
        Walk::new(&letters, 1).over(words, same.end.max(letter)..words.len(), &mut found);
    }
}

/// How many edits lie between `typed` and the beginning of `held` that is most like it, at least one and not more than
/// are allowed, and the longest such beginning in letters.
pub(super) fn distance(typed: &[char], held: &[char]) -> Option<(u8, usize)> {
    if !held.iter().all(|letter| letter.is_alphabetic()) {
        return None;
    }
    let edits = match allowed(typed) {
        edits if typed.first() == held.first() => edits,
        edits if typed.len() >= OTHER_FIRST => edits.min(1),
        _ => 0,
    };
    let mut walk = Walk::new(typed, edits);
    let mut best = (u8::MAX, 0);
    for (at, &letter) in held.iter().take(typed.len() + usize::from(edits)).enumerate() {
        walk.step(at, letter);
        if walk.last(at + 1) <= best.0 {
            best = (walk.last(at + 1), at + 1);
        }
    }
    Some(best).filter(|&(distance, _)| (1..=edits).contains(&distance))
}

/// The table of distances between the beginnings of what was typed and those of a word, one row a letter of the word.
/// Words are walked in their order, so that those with a common beginning share its rows.
struct Walk<'t> {
    typed: &'t [char],
    edits: u8,
    /// Row after row; what is more than the edits allowed is one more than they are.
    rows: Vec<u8>,
    /// The letters of the word that lead to each row.
    path: Vec<char>,
    /// By row: the least distance of all typed to a beginning so far.
    best: Vec<u8>,
    /// By row: the least distance in it.
    least: Vec<u8>,
}

impl<'t> Walk<'t> {
    fn new(typed: &'t [char], edits: u8) -> Self {
        let far = edits + 1;
        let first: Vec<u8> = (0..=typed.len())
            .map(|count| u8::try_from(count).unwrap_or(far).min(far))
            .collect();
        Self {
            typed,
            edits,
            best: first.last().copied().into_iter().collect(),
            least: vec![0],
            rows: first,
            path: Vec::new(),
        }
    }

    fn over(mut self, words: &Words, ranks: Range<u32>, found: &mut impl FnMut(Range<u32>, u8)) {
        let mut rank = ranks.start;
        while rank < ranks.end {
            let kept = match rank == ranks.start {
                true => 0,
                false => usize::from(words.shared(rank)).min(self.path.len()),
            };
            let mut letters = words.form(rank).chars().skip(kept);
            let mut depth = kept;
            // How many letters a word must share with this one to be as far from what was typed.
            let mut alike = None;
            while alike.is_none() {
                if self.settled(depth) {
                    alike = Some(depth);
                    break;
                }
                match letters.next() {
                    None => break,
                    Some(letter) if !self.leads_on(depth, letter) => alike = Some(depth + 1),
                    Some(letter) => {
                        self.step(depth, letter);
                        depth += 1;
                    }
                }
            }
            self.cut(depth);
            let next = match alike {
                None => rank + 1,
                Some(letters) => words.next_unlike(rank + 1, ranks.end, letters),
            };
            let distance = self.best.get(depth).copied().unwrap_or(u8::MAX);
            if distance <= self.edits {
                found(rank..next, distance);
            }
            rank = next;
        }
    }

    /// Whether no letter after the first `depth` of a word can make it more like what was typed.
    fn settled(&self, depth: usize) -> bool {
        self.least.get(depth) >= self.best.get(depth)
    }

    /// Whether a letter after the first `depth` can lead to anything near enough. Where all edits are used up, only the
    /// letters typed next can.
    fn leads_on(&self, depth: usize, letter: char) -> bool {
        if self.least.get(depth).is_none_or(|&least| least < self.edits) {
            return true;
        }
        let swap = |row: &[u8], last: char| {
            let pairs = self.typed.iter().zip(self.typed.iter().skip(1));
            row.iter()
                .zip(pairs)
                .any(|(&edits, (&former, &latter))| edits < self.edits && former == letter && latter == last)
        };
        let mut next = self.row(depth).iter().zip(self.typed);
        next.any(|(&edits, &typed)| edits <= self.edits && typed == letter)
            || match (depth.checked_sub(1), self.path.get(depth.wrapping_sub(1))) {
                (Some(before), Some(&last)) => swap(self.row(before), last),
                _ => false,
            }
    }

    fn width(&self) -> usize {
        self.typed.len() + 1
    }

    fn row(&self, depth: usize) -> &[u8] {
        let width = self.width();
        self.rows
            .get(depth * width..(depth + 1) * width)
            .unwrap_or_default()
    }

    fn last(&self, depth: usize) -> u8 {
        self.row(depth).last().copied().unwrap_or(u8::MAX)
    }

    /// Forgets the rows after that of `depth` letters.
    fn cut(&mut self, depth: usize) {
        self.rows.truncate((depth + 1) * self.width());
        self.path.truncate(depth);
        self.best.truncate(depth + 1);
        self.least.truncate(depth + 1);
    }

    /// Adds the row of a letter that follows the first `depth`, whatever came after them before.
    fn step(&mut self, depth: usize, letter: char) {
        self.cut(depth);
        let far = self.edits + 1;
        let width = self.width();
        self.rows.resize((depth + 2) * width, far);
        let (before, row) = self.rows.split_at_mut((depth + 1) * width);
        let above = before.get(depth * width..).unwrap_or_default();
        let swapped = depth
            .checked_sub(1)
            .and_then(|above| before.get(above * width..depth * width))
            .filter(|_| depth > 0);
        let former = self.path.last().copied();
        let cell = |row: &[u8], at: usize| row.get(at).copied().unwrap_or(far);
        let mut nearest = far;
        // Beyond the edits allowed from the diagonal, all is too far.
        let edits = usize::from(self.edits);
        let (start, end) = (
            (depth + 1).saturating_sub(edits),
            (depth + 1 + edits).min(self.typed.len()),
        );
        for at in start..=end {
            let Some(here) = at.checked_sub(1).and_then(|here| self.typed.get(here)) else {
                // No letter typed: all of the word's are inserted.
                if let Some(slot) = row.first_mut() {
                    *slot = u8::try_from(depth + 1).unwrap_or(far).min(far);
                    nearest = nearest.min(*slot);
                }
                continue;
            };
            let mut least = cell(above, at - 1) + u8::from(*here != letter);
            least = least.min(cell(above, at) + 1).min(cell(row, at - 1) + 1);
            if let (Some(swapped), Some(earlier)) = (swapped, at.checked_sub(2))
                && former == Some(*here)
                && self.typed.get(earlier) == Some(&letter)
            {
                least = least.min(cell(swapped, earlier) + 1);
            }
            if let Some(slot) = row.get_mut(at) {
                *slot = least.min(far);
                nearest = nearest.min(*slot);
            }
        }
        let last = cell(row, width - 1);
        let best = self.best.last().copied().unwrap_or(far).min(last);
        self.path.push(letter);
        self.best.push(best);
        self.least.push(nearest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(typed: &str, held: &str) -> Option<(u8, usize)> {
        let letters = |text: &str| text.chars().collect::<Vec<_>>();
        distance(&letters(typed), &letters(held))
    }

    #[test]
    fn one_edit_from_four_letters_two_from_eight() {
        assert_eq!(of("hart", "hjartinfarkt"), Some((1, 5)));
        assert_eq!(of("har", "hjarta"), None);
        assert_eq!(of("diabets", "diabetes"), Some((1, 8)));
        assert_eq!(of("hjatr", "hjartsvikt"), Some((1, 5)));
        assert_eq!(of("infrakt", "infarkt"), Some((1, 7)));
        assert_eq!(of("hjartinfrkat", "hjartinfarkt"), Some((2, 12)));
        assert_eq!(of("pnumoni", "pneumoni"), Some((1, 8)));
        assert_eq!(of("pnumni", "pneumoni"), None);
    }

    #[test]
    fn the_first_letter_may_differ_in_long_words_by_one_edit() {
        assert_eq!(of("jart", "hjarta"), None);
        assert_eq!(of("jarta", "hjarta"), Some((1, 6)));
        assert_eq!(of("jartsvkt", "hjartsvikt"), None);
        assert_eq!(of("ajrtsvikt", "jartsvikt"), Some((1, 9)));
        assert_eq!(of("ajrtsvkt", "jartsvikt"), None);
    }

    #[test]
    fn words_with_digits_stand_for_themselves() {
        assert_eq!(of("covid19", "covid18"), None);
        assert_eq!(of("covit", "covid19"), None);
    }
}
