//! The compiled form of an edition as bytes, so that it is there at once when a server starts. A cache: it is made anew
//! from the source whenever it does not fit. Knows where neither its bytes come from nor where they go.
//!
//! An image is a mark, a version, then array after array as they lie in memory, each after a header that tells how many
//! items it has, and at the end a hash of everything. Whoever changes what an array means, without changing the size of
//! its items, raises [`VERSION`].

mod arrays;
mod head;

use crate::edition::Edition;

pub(crate) use arrays::{Kept, Reader, Writer, kept};

/// Version of the form. Images of another version are not read.
const VERSION: u32 = 5;

/// What an image begins with; the last part shows the order of bytes within a number.
const MARK: [u32; 4] = [
    u32::from_le_bytes(*b"VNte"),
    u32::from_le_bytes(*b"rmim"),
    VERSION,
    0x0102_0304,
];

/// Why an image was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageError<E> {
    /// Its bytes could not be had.
    #[error("the image cannot be read: {0}")]
    Source(E),
    /// It is none, or of another version, or from another kind of machine.
    #[error("this is no image of an edition that this version reads")]
    Version,
    /// It is not as it was written.
    #[error("the image is damaged")]
    Damaged,
    /// There is no memory for it.
    #[error("there is not memory enough for the image")]
    Memory,
}

impl Edition {
    /// Writes the edition's image, piece by piece.
    ///
    /// # Errors
    /// The first that `sink` gives.
    pub fn write_image<E>(&self, sink: &mut dyn FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let mut to = Writer::new(sink);
        to.array(&MARK)?;
        self.write(&mut to)?;
        to.finish()
    }

    /// The edition in an image. `source` fills what it is given from where it stopped before.
    ///
    /// # Errors
    /// The first that `source` gives; or the image is not what was written by this version.
    pub fn read_image<E>(source: &mut dyn FnMut(&mut [u8]) -> Result<(), E>) -> Result<Self, ImageError<E>> {
        let mut from = Reader::new(source);
        let mark = from.array::<u32>().map_err(|error| match error {
            ImageError::Damaged | ImageError::Memory => ImageError::Version,
            other => other,
        })?;
        if *mark != MARK {
            return Err(ImageError::Version);
        }
        let edition = Self::read(&mut from)?;
        from.finish()?;
        Ok(edition)
    }
}
