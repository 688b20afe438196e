//! Texts that callers write: what each may be, and which of it one is not. A fault never repeats the text.

use vardnav_register::text::{holds_personal_number, id_holds_personal_number};

use super::{CALLER_BYTES_MAX, ID_BYTES_MAX, Refusal, TEXT_BYTES_MAX, UPLOAD_ID_BYTES_MAX};
use crate::entry::TEXT_LONG_BYTES_MAX;

/// So many digits in a row no caller's name has.
const CALLER_DIGITS_END: usize = 6;

/// What is wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TextFault {
    /// There is none.
    #[error("is empty")]
    Empty,
    /// It is too long.
    #[error("has {bytes} bytes, {most} are allowed")]
    Length {
        /// How many bytes it has.
        bytes: usize,
        /// How many it may have.
        most: usize,
    },
    /// It holds a control character.
    #[error("holds a control character; write plain text")]
    Control,
    /// It holds a personal number, however that is written.
    #[error("holds what must be taken for a personal number; leave it out")]
    PersonalNumber,
}

pub(super) fn check_caller(caller: &str) -> Result<(), Refusal> {
    let fits = (1..=CALLER_BYTES_MAX).contains(&caller.len())
        && caller
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._:@-".contains(&b))
        && caller
            .split(|letter: char| !letter.is_ascii_digit())
            .all(|digits| digits.len() < CALLER_DIGITS_END);
    if fits { Ok(()) } else { Err(Refusal::BadCaller) }
}

pub(super) fn check_id(of: &'static str, id: &str) -> Result<(), Refusal> {
    let fits = (1..=ID_BYTES_MAX).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'-'))
        && !id_holds_personal_number(id);
    if fits { Ok(()) } else { Err(Refusal::BadId { of }) }
}

/// An id of an upload: parts as ids are, with strokes between.
pub(super) fn check_upload_id(id: &str) -> Result<(), Refusal> {
    let fits = id.len() <= UPLOAD_ID_BYTES_MAX && id.split('/').all(|part| check_id("upload", part).is_ok());
    if fits { Ok(()) } else { Err(Refusal::BadUploadId) }
}

/// A text on one line, which may be empty.
pub(super) fn check_text(of: &'static str, text: &str) -> Result<(), Refusal> {
    check(text, TEXT_BYTES_MAX, |_| false).map_err(|fault| Refusal::BadText { of, fault })
}

/// A text over several lines.
pub(super) fn check_long_text(text: &str) -> Result<(), Refusal> {
    let checked = match text.trim().is_empty() {
        true => Err(TextFault::Empty),
        false => check(text, TEXT_LONG_BYTES_MAX, |letter| matches!(letter, '\n' | '\t')),
    };
    checked.map_err(Refusal::BadLongText)
}

fn check(text: &str, most: usize, allowed: impl Fn(char) -> bool) -> Result<(), TextFault> {
    if text.len() > most {
        let bytes = text.len();
        return Err(TextFault::Length { bytes, most });
    }
    if text.chars().any(|letter| letter.is_control() && !allowed(letter)) {
        return Err(TextFault::Control);
    }
    match holds_personal_number(text) {
        true => Err(TextFault::PersonalNumber),
        false => Ok(()),
    }
}
