//! The tails of words, by which something typed is found inside them.

use crate::image::kept;
use crate::search::words::{beginning, head};
use crate::texts::{Span, Texts};

/// Fewest letters typed that are looked for inside words.
pub(super) const TYPED_MIN: usize = 4;

/// Letters of a word before its first tail.
pub(super) const HEAD: usize = 3;

/// Letters of a word within which tails begin, so that no word takes up more than its share; their bytes can be
/// counted in one byte. The longest word of ICD-10-SE has 31.
pub(super) const START_MAX: usize = 64;

/// The tails of the words of an edition, folded, in the order of their letters.
#[derive(Debug)]
pub(super) struct Tails {
    /// By position in the order: rank of the word among the folded forms.
    ranks: Box<[u32]>,
    /// By position in the order: bytes of the folded form before the tail.
    starts: Box<[u8]>,
}

kept!(Tails { ranks, starts });

impl Tails {
    /// The tails of folded forms, which lie in `texts`.
    pub(super) fn new(texts: &Texts, folded: &[Span]) -> Self {
        let mut tails: Vec<(u64, u32, u8)> = Vec::new();
        for (rank, &span) in (0..).zip(folded) {
            let form = texts.get(span);
            if !form.chars().all(char::is_alphabetic) {
                continue;
            }
            let starts = (form.chars().count() + 1)
                .saturating_sub(TYPED_MIN)
                .min(START_MAX);
            for (start, _) in form.char_indices().take(starts).skip(HEAD) {
                if let (Some(tail), Ok(start)) = (form.get(start..), u8::try_from(start)) {
                    tails.push((head(tail), rank, start));
                }
            }
        }
        let text = |rank, start| tail(texts, folded, rank, start);
        tails.sort_unstable_by(|a, b| {
            a.0.cmp(&b.0)
                .then_with(|| text(a.1, a.2).cmp(text(b.1, b.2)))
                .then_with(|| (a.1, a.2).cmp(&(b.1, b.2)))
        });
        Self {
            ranks: tails.iter().map(|&(_, rank, _)| rank).collect(),
            starts: tails.into_iter().map(|(_, _, start)| start).collect(),
        }
    }

    /// The ranks of words that have `typed`, which is folded, inside; some more than once.
    pub(super) fn find(&self, texts: &Texts, folded: &[Span], typed: &str) -> &[u32] {
        if typed.chars().count() < TYPED_MIN {
            return &[];
        }
        // Tails lie at the same place in both arrays, so the place of an item tells its start.
        let count = self.ranks.len();
        let text = |at: usize| match (self.ranks.get(at), self.starts.get(at)) {
            (Some(&rank), Some(&start)) => tail(texts, folded, rank, start),
            _ => "",
        };
        let range = beginning(count, text, typed);
        self.ranks
            .get(range.start as usize..range.end as usize)
            .unwrap_or_default()
    }
}

fn tail<'t>(texts: &'t Texts, folded: &[Span], rank: u32, start: u8) -> &'t str {
    folded
        .get(rank as usize)
        .map_or("", |span| texts.get(span.after(usize::from(start))))
}
