//! Arrays to bytes and back, with a hash of all.

use bytemuck::{CheckedBitPattern, NoUninit, Pod, Zeroable};

use super::ImageError;

/// What an image keeps.
pub(crate) trait Kept: Sized {
    /// Writes it.
    fn write<E>(&self, to: &mut Writer<'_, E>) -> Result<(), E>;

    /// Reads what was written.
    fn read<E>(from: &mut Reader<'_, E>) -> Result<Self, ImageError<E>>;
}

/// Implements [`Kept`] for structures, field by field. A field that is left out does not compile.
macro_rules! kept {
    ($($structure:ty { $($field:ident),* $(,)? })*) => {
        $(impl $crate::image::Kept for $structure {
            fn write<E>(&self, to: &mut $crate::image::Writer<'_, E>) -> Result<(), E> {
                let Self { $($field),* } = self;
                $($crate::image::Kept::write($field, to)?;)*
                Ok(())
            }

            fn read<E>(
                from: &mut $crate::image::Reader<'_, E>,
            ) -> Result<Self, $crate::image::ImageError<E>> {
                Ok(Self { $($field: $crate::image::Kept::read(from)?),* })
            }
        })*
    };
}
pub(crate) use kept;

/// Bytes that are read at once.
const CHUNK: usize = 1 << 18;

/// A part of the buffer, aligned for every kind of item.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// Where an image goes.
pub(crate) struct Writer<'s, E> {
    sink: &'s mut dyn FnMut(&[u8]) -> Result<(), E>,
    hash: Hash,
}

impl<'s, E> Writer<'s, E> {
    pub(super) fn new(sink: &'s mut dyn FnMut(&[u8]) -> Result<(), E>) -> Self {
        Self {
            sink,
            hash: Hash::default(),
        }
    }

    /// Writes an array.
    pub(crate) fn array<T: NoUninit>(&mut self, items: &[T]) -> Result<(), E> {
        let count = items.len() as u64;
        self.bytes(bytemuck::bytes_of(&[count, check::<T>(count)]))?;
        self.bytes(bytemuck::cast_slice(items))
    }

    pub(super) fn finish(self) -> Result<(), E> {
        (self.sink)(&self.hash.finish().to_le_bytes())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), E> {
        self.hash.add(bytes);
        (self.sink)(bytes)
    }
}

/// Where an image comes from.
pub(crate) struct Reader<'s, E> {
    source: &'s mut dyn FnMut(&mut [u8]) -> Result<(), E>,
    hash: Hash,
    buffer: Vec<Line>,
}

impl<'s, E> Reader<'s, E> {
    pub(super) fn new(source: &'s mut dyn FnMut(&mut [u8]) -> Result<(), E>) -> Self {
        Self {
            source,
            hash: Hash::default(),
            buffer: Vec::new(),
        }
    }

    /// Reads an array.
    pub(crate) fn array<T: CheckedBitPattern>(&mut self) -> Result<Box<[T]>, ImageError<E>> {
        let mut header = [0_u64; 2];
        (self.source)(bytemuck::bytes_of_mut(&mut header)).map_err(ImageError::Source)?;
        self.hash.add(bytemuck::bytes_of(&header));
        let [count, checked] = header;
        if checked != check::<T>(count) {
            return Err(ImageError::Damaged);
        }
        let count = usize::try_from(count).map_err(|_| ImageError::Memory)?;
        let mut items: Vec<T> = Vec::new();
        items.try_reserve_exact(count).map_err(|_| ImageError::Memory)?;
        // A whole number of items and of the hash's blocks.
        let chunk = (CHUNK / size_of::<T>().max(1)).max(1) & !(BLOCK - 1);
        let mut left = count;
        while left > 0 {
            let take = left.min(chunk.max(1));
            let bytes = room(&mut self.buffer, take * size_of::<T>());
            (self.source)(bytes).map_err(ImageError::Source)?;
            self.hash.add(bytes);
            let read: &[T] = bytemuck::checked::try_cast_slice(bytes).map_err(|_| ImageError::Damaged)?;
            items.extend_from_slice(read);
            left -= take;
        }
        Ok(items.into_boxed_slice())
    }

    /// Reads the hash, which must be that of all that was read.
    pub(super) fn finish(self) -> Result<(), ImageError<E>> {
        let mut hash = [0; 8];
        (self.source)(&mut hash).map_err(ImageError::Source)?;
        if u64::from_le_bytes(hash) == self.hash.finish() {
            Ok(())
        } else {
            Err(ImageError::Damaged)
        }
    }
}

/// The first bytes of the buffer, which grows to have so many.
fn room(buffer: &mut Vec<Line>, bytes: usize) -> &mut [u8] {
    let lines = bytes.div_ceil(size_of::<Line>());
    if buffer.len() < lines {
        buffer.resize(lines, Line::zeroed());
    }
    let room: &mut [u8] = bytemuck::cast_slice_mut(buffer);
    room.get_mut(..bytes).unwrap_or_default()
}

/// What stands beside the count of an array, so that neither a damaged count nor items of another size are believed.
fn check<T>(count: u64) -> u64 {
    mixed(count ^ mixed(size_of::<T>() as u64))
}

const BLOCK: usize = 32;

/// A hash of bytes, four numbers side by side. Every step can be undone, so that one changed byte always shows.
#[derive(Debug, Default)]
struct Hash {
    lanes: [u64; 4],
}

impl Hash {
    /// Adds bytes. Cutting them differently gives the same only where all but the last are whole blocks.
    fn add(&mut self, bytes: &[u8]) {
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        for block in blocks {
            self.block(block);
        }
        if !rest.is_empty() {
            let mut block = [0; BLOCK];
            for (to, from) in block.iter_mut().zip(rest) {
                *to = *from;
            }
            self.block(&block);
        }
    }

    fn block(&mut self, block: &[u8; BLOCK]) {
        let (words, _) = block.as_chunks::<8>();
        for (lane, word) in self.lanes.iter_mut().zip(words) {
            *lane = mixed(*lane ^ u64::from_le_bytes(*word));
        }
    }

    fn finish(&self) -> u64 {
        self.lanes.iter().fold(1, |hash, lane| mixed(hash ^ lane))
    }
}

fn mixed(bits: u64) -> u64 {
    let bits = (bits ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (bits ^ (bits >> 31)).wrapping_mul(0x94d0_49bb_1331_11eb)
}

impl<T: NoUninit + CheckedBitPattern> Kept for Box<[T]> {
    fn write<E>(&self, to: &mut Writer<'_, E>) -> Result<(), E> {
        to.array(self)
    }

    fn read<E>(from: &mut Reader<'_, E>) -> Result<Self, ImageError<E>> {
        from.array()
    }
}

impl<T: NoUninit + CheckedBitPattern, const N: usize> Kept for [T; N] {
    fn write<E>(&self, to: &mut Writer<'_, E>) -> Result<(), E> {
        to.array(self)
    }

    fn read<E>(from: &mut Reader<'_, E>) -> Result<Self, ImageError<E>> {
        let items = from.array()?;
        Self::try_from(&*items).map_err(|_| ImageError::Damaged)
    }
}

impl Kept for String {
    fn write<E>(&self, to: &mut Writer<'_, E>) -> Result<(), E> {
        to.array(self.as_bytes())
    }

    fn read<E>(from: &mut Reader<'_, E>) -> Result<Self, ImageError<E>> {
        Self::from_utf8(from.array()?.into_vec()).map_err(|_| ImageError::Damaged)
    }
}

impl<T: Kept> Kept for Vec<T> {
    fn write<E>(&self, to: &mut Writer<'_, E>) -> Result<(), E> {
        (self.len() as u64).write(to)?;
        self.iter().try_for_each(|item| item.write(to))
    }

    fn read<E>(from: &mut Reader<'_, E>) -> Result<Self, ImageError<E>> {
        let count = u64::read(from)?;
        (0..count).map(|_| T::read(from)).collect()
    }
}

impl<T: Kept> Kept for Option<T> {
    fn write<E>(&self, to: &mut Writer<'_, E>) -> Result<(), E> {
        self.is_some().write(to)?;
        self.as_ref().map_or(Ok(()), |item| item.write(to))
    }

    fn read<E>(from: &mut Reader<'_, E>) -> Result<Self, ImageError<E>> {
        bool::read(from)?.then(|| T::read(from)).transpose()
    }
}

/// Implements [`Kept`] for single values.
macro_rules! kept_values {
    ($($value:ty),*) => {
        $(impl $crate::image::Kept for $value {
            fn write<E>(&self, to: &mut $crate::image::Writer<'_, E>) -> Result<(), E> {
                to.array(&[*self])
            }

            fn read<E>(
                from: &mut $crate::image::Reader<'_, E>,
            ) -> Result<Self, $crate::image::ImageError<E>> {
                let items = from.array()?;
                items.first().copied().ok_or($crate::image::ImageError::Damaged)
            }
        })*
    };
}
pub(super) use kept_values;

kept_values!(bool, u16, u32, u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_changed_byte_always_shows() {
        let bytes: Vec<u8> = (0..100).collect();
        let hash = |bytes: &[u8]| {
            let mut hash = Hash::default();
            hash.add(bytes);
            hash.finish()
        };
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                assert_ne!(hash(&changed), hash(&bytes));
            }
        }
    }

    #[test]
    fn an_array_longer_than_the_buffer_comes_back() {
        let items: Vec<[u32; 3]> = (0..100_000).map(|number| [number, 1, 2]).collect();
        let mut bytes: Vec<u8> = Vec::new();
        let mut sink = |piece: &[u8]| -> Result<(), ()> {
            bytes.extend_from_slice(piece);
            Ok(())
        };
        let mut to = Writer::new(&mut sink);
        to.array(&items).unwrap();
        to.finish().unwrap();
        let mut left = bytes.as_slice();
        let mut source = |piece: &mut [u8]| -> Result<(), ()> {
            let (taken, rest) = left.split_at_checked(piece.len()).ok_or(())?;
            piece.copy_from_slice(taken);
            left = rest;
            Ok(())
        };
        let mut from = Reader::new(&mut source);
        assert_eq!(*from.array::<[u32; 3]>().unwrap(), items);
        from.finish().unwrap();
    }
}
