//! The bytes of a line as text: UTF-8, Windows-1252 or ISO 8859-1.

use std::borrow::Cow;
use std::str::FromStr;

/// How a file is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// Recognised from the first line with anything beyond ASCII: UTF-8 when it is that, otherwise Windows-1252.
    #[default]
    Recognise,
    /// UTF-8.
    Utf8,
    /// Windows-1252, of which ISO 8859-1 without its control characters is a part.
    Windows1252,
    /// ISO 8859-1.
    Iso8859_1,
}

impl Encoding {
    /// The names that [`FromStr`] takes.
    pub const NAMES: [&'static str; 4] = ["recognise", "utf-8", "windows-1252", "iso-8859-1"];
}

impl FromStr for Encoding {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name.to_ascii_lowercase().as_str() {
            "recognise" => Ok(Self::Recognise),
            "utf-8" | "utf8" => Ok(Self::Utf8),
            "windows-1252" | "cp1252" => Ok(Self::Windows1252),
            "iso-8859-1" | "latin-1" | "latin1" => Ok(Self::Iso8859_1),
            _ => Err(format!("one of {}", Self::NAMES.join(", "))),
        }
    }
}

/// What the bytes 0x80 to 0x9f stand for in Windows-1252; NUL where they stand for nothing.
const WINDOWS_1252: [char; 32] = [
    '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘', '’', '“',
    '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
];

/// Decodes the lines of one file, in order.
#[derive(Debug, Clone)]
pub struct Decoder {
    encoding: Encoding,
}

impl Decoder {
    /// Begins a file.
    pub fn new(encoding: Encoding) -> Self {
        Self { encoding }
    }

    /// The text of a line.
    ///
    /// # Errors
    /// What is wrong with it, without what it says.
    pub fn decode<'a>(&mut self, line: &'a [u8]) -> Result<Cow<'a, str>, String> {
        if line.starts_with(&[0xff, 0xfe]) || line.starts_with(&[0xfe, 0xff]) {
            return Err("it looks like UTF-16; save the file as UTF-8".to_owned());
        }
        let text = match std::str::from_utf8(line) {
            Ok(text) if line.is_ascii() => Cow::Borrowed(text),
            read => self.beyond_ascii(line, read)?,
        };
        match text.chars().position(|c| c.is_control() && c != '\t') {
            None => Ok(text),
            Some(at) => Err(format!("character {} is a control character", at + 1)),
        }
    }

    fn beyond_ascii<'a>(
        &mut self,
        line: &'a [u8],
        read: Result<&'a str, std::str::Utf8Error>,
    ) -> Result<Cow<'a, str>, String> {
        if self.encoding == Encoding::Recognise {
            self.encoding = match read {
                Ok(_) => Encoding::Utf8,
                Err(_) => Encoding::Windows1252,
            };
        }
        match (self.encoding, read) {
            (Encoding::Utf8 | Encoding::Recognise, Ok(text)) => Ok(Cow::Borrowed(text)),
            (Encoding::Utf8 | Encoding::Recognise, Err(error)) => {
                Err(format!("byte {} is of another encoding", error.valid_up_to() + 1))
            }
            (Encoding::Iso8859_1, _) => Ok(line.iter().map(|byte| char::from(*byte)).collect()),
            (Encoding::Windows1252, _) => {
                let text: String = line.iter().map(|byte| windows_1252(*byte)).collect();
                match text.chars().position(|c| c == '\0') {
                    None => Ok(Cow::Owned(text)),
                    Some(at) => Err(format!("byte {} stands for nothing in Windows-1252", at + 1)),
                }
            }
        }
    }
}

fn windows_1252(byte: u8) -> char {
    let special = byte.checked_sub(0x80).map(usize::from);
    match special.and_then(|at| WINDOWS_1252.get(at)) {
        Some(character) => *character,
        None => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_beyond_ascii_tells_the_encoding() {
        let mut latin = Decoder::new(Encoding::Recognise);
        assert_eq!(latin.decode(b"plain").unwrap(), "plain");
        assert_eq!(latin.decode(b"v\xe5rd \x96 \x80").unwrap(), "vård – €");
        // From here on the file is Windows-1252, whatever its lines look like.
        assert_eq!(latin.decode("å".as_bytes()).unwrap(), "Ã¥");
        assert!(latin.decode(b"a\x81").unwrap_err().contains("byte 2"));
        let mut utf8 = Decoder::new(Encoding::Recognise);
        assert_eq!(utf8.decode("vård".as_bytes()).unwrap(), "vård");
        assert!(utf8.decode(b"v\xe5rd").unwrap_err().contains("byte 2"));
        assert_eq!(utf8.decode("gård".as_bytes()).unwrap(), "gård");
    }

    #[test]
    fn a_stated_encoding_is_held_to() {
        let decode = |name: &str, line: &'static [u8]| Decoder::new(name.parse().unwrap()).decode(line);
        assert!(decode("utf-8", b"\xe5").is_err());
        assert_eq!(decode("ISO-8859-1", b"\xe5\xa0").unwrap(), "å\u{a0}");
        assert!(decode("latin-1", b"\x96").is_err());
        assert_eq!(decode("windows-1252", b"\x96").unwrap(), "–");
        assert!(
            decode("recognise", b"\xff\xfea\0")
                .unwrap_err()
                .contains("UTF-16")
        );
        assert!(decode("recognise", b"a\0b").is_err());
        assert!("ebcdic".parse::<Encoding>().is_err());
    }
}
