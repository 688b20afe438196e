//! The canonical encoding v1: the primitives that every stored byte of the register and of the authority's
//! stream is written with. One value has one encoding, so bytes can be compared and hashed.
//!
//! Fixed-width numbers are little-endian. Lengths and counts are minimal LEB128 varints. A string is its length
//! in bytes and its UTF-8; an option is a 0 or 1 and then the value; a date is the number of days since
//! 1970-01-01 as `i32`. [`Reader`] is total: whatever the bytes are, it answers or gives a [`DecodeError`], and
//! never reserves more memory than the input is long.
//!
//! What the bytes mean is not decided here.

mod days;

pub use days::{date_from_days, days_from_date};

use jiff::civil::Date;

/// Longest string or byte string that is written or read, in bytes.
pub const BYTES_MAX: usize = 16 * 1024 * 1024;

/// Why bytes could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at byte {at}")]
pub struct DecodeError {
    /// Where reading stopped, in bytes from the start.
    pub at: usize,
    /// What was wrong there.
    pub problem: DecodeProblem,
}

impl DecodeError {
    /// The error of a version that is not known, whatever follows it.
    pub(crate) fn unknown_version() -> Self {
        Self {
            at: 0,
            problem: DecodeProblem::Version,
        }
    }
}

/// What can be wrong with bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeProblem {
    /// The bytes end in the middle of a value.
    #[error("the bytes end in the middle of a value")]
    Truncated,
    /// Bytes follow the last value.
    #[error("bytes follow the last value")]
    Trailing,
    /// A varint is longer than it needs to be or exceeds 64 bits.
    #[error("a variable-length number is not in its shortest form")]
    Varint,
    /// A length or count exceeds its limit.
    #[error("a length exceeds its limit")]
    TooLong,
    /// A string is not UTF-8.
    #[error("a string is not UTF-8")]
    Utf8,
    /// A flag is neither 0 nor 1, or a tag names nothing.
    #[error("a tag has no meaning")]
    Tag,
    /// A day number lies outside the calendar.
    #[error("a day number lies outside the calendar")]
    Date,
    /// The version of the format is not known.
    #[error("the version of the format is not known")]
    Version,
    /// The value could have been written shorter or in another order: the bytes are not canonical.
    #[error("the bytes are not in canonical form")]
    NotCanonical,
}

/// Writes canonical bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// An empty writer.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty writer with room for `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(capacity),
        }
    }

    /// What was written.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    /// What was written, as the writer ends.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Forgets what was written and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// One byte.
    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// Two bytes, little-endian.
    pub fn u16(&mut self, value: u16) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// Four bytes, little-endian.
    pub fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// Eight bytes, little-endian.
    pub fn u64(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// Four bytes, little-endian, two's complement.
    pub fn i32(&mut self, value: i32) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// Eight bytes, little-endian, two's complement.
    pub fn i64(&mut self, value: i64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// A number in its shortest LEB128 form.
    pub fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    /// A flag: 0 or 1.
    pub fn flag(&mut self, value: bool) {
        self.bytes.push(u8::from(value));
    }

    /// Bytes without a length: for digests, nonces and other fixed widths.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// That many zeros, without a length.
    pub fn zeros(&mut self, count: usize) {
        self.bytes.resize(self.bytes.len() + count, 0);
    }

    /// A length and that many bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.varint(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    /// A string as its length in bytes and its UTF-8.
    pub fn str(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// A date as days since 1970-01-01.
    pub fn date(&mut self, date: Date) {
        self.i32(days_from_date(date));
    }

    /// A 0, or a 1 and the value as `write` writes it.
    pub fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        match value {
            None => self.u8(0),
            Some(value) => {
                self.u8(1);
                write(self, value);
            }
        }
    }

    /// A count and the items, each as `write` writes it.
    pub fn seq<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.varint(items.len() as u64);
        for item in items {
            write(self, item);
        }
    }

    /// An optional string.
    pub fn option_str(&mut self, text: Option<&str>) {
        self.option(text, |w, text| w.str(text));
    }

    /// An optional date.
    pub fn option_date(&mut self, date: Option<Date>) {
        self.option(date, |w, date| w.date(date));
    }
}

/// Reads canonical bytes, borrowing strings from them.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, at: 0 }
    }

    /// How many bytes are left.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// How many bytes have been read.
    pub fn position(&self) -> usize {
        self.at
    }

    /// An error at the present position.
    pub fn error(&self, problem: DecodeProblem) -> DecodeError {
        DecodeError { at: self.at, problem }
    }

    /// Ends reading.
    ///
    /// # Errors
    /// [`DecodeProblem::Trailing`] when bytes are left.
    pub fn finish(self) -> Result<(), DecodeError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.error(DecodeProblem::Trailing))
        }
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// [`DecodeProblem::Truncated`] when fewer are left.
    pub fn raw(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let Some((head, rest)) = self.rest.split_at_checked(count) else {
            return Err(self.error(DecodeProblem::Truncated));
        };
        self.rest = rest;
        self.at += count;
        Ok(head)
    }

    /// The next `N` bytes: a digest, a nonce, a key.
    ///
    /// # Errors
    /// [`DecodeProblem::Truncated`] when fewer are left.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let Some((head, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(self.error(DecodeProblem::Truncated));
        };
        self.rest = rest;
        self.at += N;
        Ok(*head)
    }

    /// One byte.
    ///
    /// # Errors
    /// [`DecodeProblem::Truncated`] at the end.
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Two bytes, little-endian.
    ///
    /// # Errors
    /// [`DecodeProblem::Truncated`] when fewer are left.
    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_le_bytes)
    }

    /// Four bytes, little-endian.
    ///
    /// # Errors
    /// [`DecodeProblem::Truncated`] when fewer are left.
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight bytes, little-endian.
    ///
    /// # Errors
    /// [`DecodeProblem::Truncated`] when fewer are left.
    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_le_bytes)
    }

    /// Four bytes, little-endian, two's complement.
    ///
    /// # Errors
    /// [`DecodeProblem::Truncated`] when fewer are left.
    pub fn i32(&mut self) -> Result<i32, DecodeError> {
        self.array().map(i32::from_le_bytes)
    }

    /// Eight bytes, little-endian, two's complement.
    ///
    /// # Errors
    /// [`DecodeProblem::Truncated`] when fewer are left.
    pub fn i64(&mut self) -> Result<i64, DecodeError> {
        self.array().map(i64::from_le_bytes)
    }

    /// A number in its shortest LEB128 form.
    ///
    /// # Errors
    /// [`DecodeProblem::Truncated`]; [`DecodeProblem::Varint`] when it is longer than needed or too large.
    pub fn varint(&mut self) -> Result<u64, DecodeError> {
        let start = self.at;
        let refuse = DecodeError {
            at: start,
            problem: DecodeProblem::Varint,
        };
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let part = u64::from(byte & 0x7f);
            if shift == 63 && part > 1 {
                return Err(refuse);
            }
            value |= part << shift;
            if byte & 0x80 == 0 {
                return if byte == 0 && shift > 0 {
                    Err(refuse)
                } else {
                    Ok(value)
                };
            }
        }
        Err(refuse)
    }

    /// A flag.
    ///
    /// # Errors
    /// [`DecodeProblem::Truncated`]; [`DecodeProblem::Tag`] when it is neither 0 nor 1.
    pub fn flag(&mut self) -> Result<bool, DecodeError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.error(DecodeProblem::Tag)),
        }
    }

    /// A length and that many bytes.
    ///
    /// # Errors
    /// [`DecodeProblem::Truncated`], [`DecodeProblem::Varint`], [`DecodeProblem::TooLong`].
    pub fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.varint()?;
        match usize::try_from(length) {
            Ok(length) if length <= BYTES_MAX => self.raw(length),
            _ => Err(self.error(DecodeProblem::TooLong)),
        }
    }

    /// A string.
    ///
    /// # Errors
    /// As [`Reader::bytes`], and [`DecodeProblem::Utf8`].
    pub fn str(&mut self) -> Result<&'a str, DecodeError> {
        let bytes = self.bytes()?;
        std::str::from_utf8(bytes).map_err(|_| self.error(DecodeProblem::Utf8))
    }

    /// A string, owned.
    ///
    /// # Errors
    /// As [`Reader::str`].
    pub fn string(&mut self) -> Result<String, DecodeError> {
        self.str().map(str::to_owned)
    }

    /// A date.
    ///
    /// # Errors
    /// [`DecodeProblem::Truncated`]; [`DecodeProblem::Date`] outside the years −9999 to 9999.
    pub fn date(&mut self) -> Result<Date, DecodeError> {
        let days = self.i32()?;
        date_from_days(days).ok_or_else(|| self.error(DecodeProblem::Date))
    }

    /// An optional value.
    ///
    /// # Errors
    /// Those of [`Reader::flag`] and of `read`.
    pub fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        if self.flag()? {
            read(self).map(Some)
        } else {
            Ok(None)
        }
    }

    /// A count that may not exceed `limit`, nor the bytes left (every item takes at least one).
    ///
    /// # Errors
    /// [`DecodeProblem::Truncated`], [`DecodeProblem::Varint`], [`DecodeProblem::TooLong`].
    pub fn count(&mut self, limit: usize) -> Result<usize, DecodeError> {
        let count = self.varint()?;
        match usize::try_from(count) {
            Ok(count) if count > limit => Err(self.error(DecodeProblem::TooLong)),
            Ok(count) if count > self.rest.len() => Err(self.error(DecodeProblem::Truncated)),
            Ok(count) => Ok(count),
            Err(_) => Err(self.error(DecodeProblem::TooLong)),
        }
    }

    /// A sequence of at most `limit` items.
    ///
    /// # Errors
    /// Those of [`Reader::count`] and of `read`.
    pub fn seq<T>(
        &mut self,
        limit: usize,
        mut read: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let count = self.count(limit)?;
        // A large item may take many times the room of its bytes: grow with what is really there.
        let mut items = Vec::with_capacity(count.min(64));
        for _ in 0..count {
            items.push(read(self)?);
        }
        Ok(items)
    }

    /// An optional string, owned.
    ///
    /// # Errors
    /// Those of [`Reader::flag`] and [`Reader::str`].
    pub fn option_string(&mut self) -> Result<Option<String>, DecodeError> {
        self.option(Self::string)
    }

    /// An optional date.
    ///
    /// # Errors
    /// Those of [`Reader::flag`] and [`Reader::date`].
    pub fn option_date(&mut self) -> Result<Option<Date>, DecodeError> {
        self.option(Self::date)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn days_count_from_the_epoch() {
        let days = |y, m, d| days_from_date(Date::constant(y, m, d));
        assert_eq!(days(1970, 1, 1), 0);
        assert_eq!(days(1969, 12, 31), -1);
        assert_eq!(days(2000, 2, 29), 11_016);
        assert_eq!(days(2026, 9, 1), 20_697);
    }

    #[test]
    fn long_form_numbers_are_refused() {
        for bytes in [
            &[0x80u8, 0x00][..],
            &[0xff, 0x00],
            &[0xff; 11],
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
        ] {
            assert_eq!(
                Reader::new(bytes).varint().unwrap_err().problem,
                DecodeProblem::Varint
            );
        }
    }

    #[test]
    fn a_count_cannot_promise_more_than_is_there() {
        let mut writer = Writer::new();
        writer.varint(u64::from(u32::MAX));
        let bytes = writer.into_bytes();
        let error = Reader::new(&bytes).seq(usize::MAX, Reader::u8).unwrap_err();
        assert_eq!(error.problem, DecodeProblem::Truncated);
    }

    proptest! {
        #[test]
        fn numbers_come_back(a: u8, b: u16, c: u32, d: u64, e: i64, f: u64, g: i32) {
            let mut w = Writer::new();
            w.u8(a); w.u16(b); w.u32(c); w.u64(d); w.i64(e); w.varint(f); w.i32(g);
            let bytes = w.into_bytes();
            let mut r = Reader::new(&bytes);
            prop_assert_eq!((r.u8()?, r.u16()?, r.u32()?, r.u64()?), (a, b, c, d));
            prop_assert_eq!((r.i64()?, r.varint()?, r.i32()?), (e, f, g));
            r.finish()?;
        }

        #[test]
        fn texts_and_options_come_back(texts: Vec<Option<String>>) {
            let mut w = Writer::new();
            w.seq(&texts, |w, text| w.option_str(text.as_deref()));
            let bytes = w.into_bytes();
            let mut r = Reader::new(&bytes);
            prop_assert_eq!(r.seq(usize::MAX, Reader::option_string)?, texts);
            r.finish()?;
        }

        #[test]
        fn dates_come_back_and_follow_the_calendar(days in -4_371_587i32..=2_932_896) {
            let date = date_from_days(days).unwrap();
            prop_assert_eq!(days_from_date(date), days);
            if let Ok(next) = date.tomorrow() {
                prop_assert_eq!(days_from_date(next), days + 1);
            }
        }

        #[test]
        fn reading_anything_never_panics(bytes: Vec<u8>) {
            let mut r = Reader::new(&bytes);
            while r.remaining() > 0 {
                let before = r.remaining();
                let _ = r.clone().date();
                let _ = r.clone().str();
                let _ = r.clone().seq(100, Reader::option_string);
                if r.varint().is_err() || r.remaining() == before { break; }
            }
        }
    }
}
