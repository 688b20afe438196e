//! Rows of varying length in two flat arrays (compressed sparse rows). Knows nothing of what the items mean.

use bytemuck::{CheckedBitPattern, NoUninit};

use crate::image::{ImageError, Kept, Reader, Writer};

/// For each row a slice of items.
#[derive(Debug)]
pub(crate) struct Csr<T> {
    offsets: Box<[u32]>,
    items: Box<[T]>,
}

impl<T> Csr<T> {
    /// The items of `row`; empty when there is no such row.
    pub(crate) fn row(&self, row: u32) -> &[T] {
        let row = row as usize;
        let (Some(&start), Some(&end)) = (self.offsets.get(row), self.offsets.get(row + 1)) else {
            return &[];
        };
        self.items.get(start as usize..end as usize).unwrap_or(&[])
    }

    /// How many items all rows hold.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// The items of the rows from `from` up to `to`.
    pub(crate) fn rows(&self, from: u32, to: u32) -> &[T] {
        let at = |row: u32| self.offsets.get(row as usize).copied().unwrap_or_default() as usize;
        self.items.get(at(from)..at(to)).unwrap_or(&[])
    }

    /// Rows that lie in `items` one after another, where `offsets` tells the first item of each and the end.
    pub(crate) fn from_parts(offsets: Vec<u32>, items: Vec<T>) -> Self {
        Self {
            offsets: offsets.into(),
            items: items.into(),
        }
    }

    /// How many items the rows from `from` up to `to` hold together.
    pub(crate) fn count(&self, from: u32, to: u32) -> u32 {
        let at = |row: u32| self.offsets.get(row as usize).copied().unwrap_or_default();
        at(to).saturating_sub(at(from))
    }
}

impl<T: NoUninit + CheckedBitPattern> Kept for Csr<T> {
    fn write<E>(&self, to: &mut Writer<'_, E>) -> Result<(), E> {
        self.offsets.write(to)?;
        self.items.write(to)
    }

    fn read<E>(from: &mut Reader<'_, E>) -> Result<Self, ImageError<E>> {
        let rows = Self {
            offsets: Kept::read(from)?,
            items: Kept::read(from)?,
        };
        let end = rows.offsets.last().copied().unwrap_or_default();
        if end as usize == rows.items.len() && rows.offsets.is_sorted() {
            Ok(rows)
        } else {
            Err(ImageError::Damaged)
        }
    }
}

impl Csr<u32> {
    /// Rows from (row, item) pairs; items keep the order of the pairs within their row.
    pub(crate) fn from_pairs(rows: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        let mut offsets = vec![0_u32; rows + 1];
        for (row, _) in pairs.clone() {
            if let Some(count) = offsets.get_mut(row as usize + 1) {
                *count += 1;
            }
        }
        let mut total = 0;
        for offset in &mut offsets {
            total += *offset;
            *offset = total;
        }
        let mut next = offsets.clone();
        let mut items = vec![0; total as usize];
        for (row, item) in pairs {
            if let Some(position) = next.get_mut(row as usize)
                && let Some(slot) = items.get_mut(*position as usize)
            {
                *slot = item;
                *position += 1;
            }
        }
        Self {
            offsets: offsets.into(),
            items: items.into(),
        }
    }
}

/// Builds a [`Csr`] row by row.
#[derive(Debug)]
pub(crate) struct CsrBuilder<T> {
    offsets: Vec<u32>,
    items: Vec<T>,
}

impl<T> CsrBuilder<T> {
    pub(crate) fn new() -> Self {
        Self::with_capacity(0, 0)
    }

    /// A builder with room for so many rows and items.
    pub(crate) fn with_capacity(rows: usize, items: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self {
            offsets,
            items: Vec::with_capacity(items),
        }
    }

    /// Adds an item to the row that is open.
    pub(crate) fn push(&mut self, item: T) {
        self.items.push(item);
    }

    /// Closes the open row. Items beyond `u32::MAX` must have been refused before.
    pub(crate) fn end_row(&mut self) {
        self.offsets
            .push(u32::try_from(self.items.len()).unwrap_or(u32::MAX));
    }

    /// The rows. Where none holds anything, the rows themselves are not kept either.
    pub(crate) fn finish(self) -> Csr<T> {
        if self.items.is_empty() {
            return Csr {
                offsets: Box::default(),
                items: Box::default(),
            };
        }
        Csr {
            offsets: self.offsets.into(),
            items: self.items.into(),
        }
    }
}
