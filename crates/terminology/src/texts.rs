//! All texts of an edition in one piece of memory, equal texts once.

use std::collections::HashMap;

/// Where a text lies in [`Texts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Span {
    start: u32,
    len: u32,
}

impl Span {
    /// What is left after `bytes` bytes.
    pub(crate) fn after(self, bytes: usize) -> Self {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).min(self.len);
        Self {
            start: self.start + bytes,
            len: self.len - bytes,
        }
    }
}

/// The texts.
#[derive(Debug)]
pub(crate) struct Texts(Box<str>);

impl Texts {
    /// The text at `span`.
    pub(crate) fn get(&self, span: Span) -> &str {
        let start = span.start as usize;
        self.0.get(start..start + span.len as usize).unwrap_or_default()
    }
}

/// Collects texts.
#[derive(Debug, Default)]
pub(crate) struct TextsBuilder<'s> {
    text: String,
    known: HashMap<&'s str, Span>,
    overflow: bool,
}

impl<'s> TextsBuilder<'s> {
    /// The span of `text`, which is added when new.
    pub(crate) fn intern(&mut self, text: &'s str) -> Span {
        if text.is_empty() {
            return Span::default();
        }
        if let Some(&span) = self.known.get(text) {
            return span;
        }
        let span = self.append(text);
        self.known.insert(text, span);
        span
    }

    /// The span of `text`, added without looking whether it is there.
    pub(crate) fn append(&mut self, text: &str) -> Span {
        match (
            u32::try_from(self.text.len()),
            u32::try_from(self.text.len() + text.len()),
        ) {
            (Ok(start), Ok(end)) => {
                self.text.push_str(text);
                Span {
                    start,
                    len: end - start,
                }
            }
            _ => {
                self.overflow = true;
                Span::default()
            }
        }
    }

    /// Whether some text did not fit into 4 GiB.
    pub(crate) fn overflow(&self) -> bool {
        self.overflow
    }

    pub(crate) fn finish(self) -> Texts {
        Texts(self.text.into())
    }
}
