//! All texts of an edition in one piece of memory, equal texts once.

use std::hash::{BuildHasher as _, RandomState};

use bytemuck::{Pod, Zeroable};

use crate::image::{ImageError, Kept, Reader, Writer};

/// Where a text lies in [`Texts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Pod, Zeroable)]
#[repr(C)]
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
        get(&self.0, span)
    }

    /// Whether the text at `span` is `text`. A text of another length is not looked at.
    pub(crate) fn is(&self, span: Span, text: &str) -> bool {
        span.len as usize == text.len() && {
            let start = span.start as usize;
            self.0.as_bytes().get(start..start + text.len()) == Some(text.as_bytes())
        }
    }
}

impl Kept for Texts {
    fn write<E>(&self, to: &mut Writer<'_, E>) -> Result<(), E> {
        to.array(self.0.as_bytes())
    }

    fn read<E>(from: &mut Reader<'_, E>) -> Result<Self, ImageError<E>> {
        Ok(Self(String::read(from)?.into()))
    }
}

/// Collects texts. Those added are known by where they lie in the piece itself, so that none is held twice.
#[derive(Debug, Default)]
pub(crate) struct TextsBuilder {
    text: String,
    /// Open-addressed; an empty span is a free slot.
    slots: Vec<Span>,
    known: usize,
    hasher: RandomState,
    overflow: bool,
}

/// Fewest slots of the table of known texts.
const SLOTS_MIN: usize = 64;

impl TextsBuilder {
    /// The span of `text`, which is added when new.
    pub(crate) fn intern(&mut self, text: &str) -> Span {
        if text.is_empty() {
            return Span::default();
        }
        if (self.known + 1) * 3 > self.slots.len() * 2 {
            self.grow();
        }
        let at = self.slot(text);
        match self.slots.get(at) {
            Some(&span) if span.len > 0 => span,
            _ => {
                let span = self.append(text);
                if let Some(slot) = self.slots.get_mut(at)
                    && span.len > 0
                {
                    *slot = span;
                    self.known += 1;
                }
                span
            }
        }
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

    /// The text at `span`.
    pub(crate) fn get(&self, span: Span) -> &str {
        get(&self.text, span)
    }

    /// Whether some text did not fit into 4 GiB.
    pub(crate) fn overflow(&self) -> bool {
        self.overflow
    }

    pub(crate) fn finish(self) -> Texts {
        Texts(self.text.into())
    }

    /// The slot that has `text`, or the free one where it belongs.
    fn slot(&self, text: &str) -> usize {
        let mask = self.slots.len().saturating_sub(1);
        let mut at = self.hasher.hash_one(text) as usize & mask;
        while let Some(&span) = self.slots.get(at) {
            if span.len == 0 || (span.len as usize == text.len() && self.get(span) == text) {
                break;
            }
            at = (at + 1) & mask;
        }
        at
    }

    fn grow(&mut self) {
        let count = (self.slots.len() * 2).max(SLOTS_MIN);
        let former = std::mem::replace(&mut self.slots, vec![Span::default(); count]);
        for span in former {
            if span.len > 0 {
                let at = self.slot(get(&self.text, span));
                if let Some(slot) = self.slots.get_mut(at) {
                    *slot = span;
                }
            }
        }
    }
}

fn get(text: &str, span: Span) -> &str {
    let start = span.start as usize;
    text.get(start..start + span.len as usize).unwrap_or_default()
}
