//! The form of a line, read without copying where JSON allows it.

use std::borrow::Cow;
use std::fmt;

use jiff::civil::Date;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use vardnav_register::text::safe_echo;

use super::{LINE_BYTES_MAX, LineFinding};

/// The fields of a line as they stand.
#[derive(Debug, Default)]
pub(super) struct RawLine<'a> {
    pub(super) id: Option<Cow<'a, str>>,
    pub(super) of: Option<Cow<'a, str>>,
    pub(super) date: Option<Cow<'a, str>>,
    pub(super) facts: Vec<(Cow<'a, str>, Stated<'a>)>,
    pub(super) findings: Vec<LineFinding>,
}

/// What is stated of one axis.
#[derive(Debug)]
pub(super) enum Stated<'a> {
    One(Cow<'a, str>),
    List(Vec<Cow<'a, str>>),
}

impl Stated<'_> {
    pub(super) fn codes(&self) -> impl Iterator<Item = &str> {
        let codes = match self {
            Self::One(code) => std::slice::from_ref(code),
            Self::List(codes) => codes,
        };
        codes.iter().map(AsRef::as_ref)
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self, Self::List(_))
    }
}

impl<'a> RawLine<'a> {
    pub(super) fn read(line: &'a [u8]) -> Result<Self, LineFinding> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > LINE_BYTES_MAX {
            let message = format!("the line is longer than {LINE_BYTES_MAX} bytes");
            return Err(LineFinding::new("VN-CLS-001", "", message));
        }
        let Ok(text) = std::str::from_utf8(line) else {
            return Err(LineFinding::new("VN-CLS-002", "", "the line is not UTF-8"));
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut raw: Self = serde_json::from_str(text).map_err(|error| {
            let message = match error.classify() {
                serde_json::error::Category::Data => "the line is not a JSON object".to_owned(),
                _ => format!(
                    "no JSON object can be read; it breaks off at column {}",
                    error.column()
                ),
            };
            LineFinding::new("VN-CLS-003", "", message)
        })?;
        for (name, missing) in [
            ("id", raw.id.is_none()),
            ("of", raw.of.is_none()),
            ("date", raw.date.is_none()),
        ] {
            if missing && !raw.findings.iter().any(|finding| finding.path == name) {
                raw.findings
                    .push(LineFinding::new("VN-CLS-005", name, "the field is missing"));
            }
        }
        Ok(raw)
    }

    fn text(&mut self, name: &'static str, value: Value<'a>) {
        let slot = match name {
            "id" => &mut self.id,
            "of" => &mut self.of,
            _ => &mut self.date,
        };
        let fault = match value {
            Value::Text(text) if slot.is_none() => {
                *slot = Some(text);
                return;
            }
            Value::Text(_) => "the field stands twice",
            Value::List(_) | Value::Other => "the field is not text",
        };
        self.findings.push(LineFinding::new("VN-CLS-005", name, fault));
    }
}

impl<'de> Deserialize<'de> for RawLine<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(LineVisitor)
    }
}

struct LineVisitor;

impl<'de> Visitor<'de> for LineVisitor {
    type Value = RawLine<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<RawLine<'de>, M::Error> {
        let mut raw = RawLine::default();
        let mut seen = false;
        while let Some(Text(name)) = map.next_key()? {
            match &*name {
                "id" => raw.text("id", map.next_value()?),
                "of" => raw.text("of", map.next_value()?),
                "date" => raw.text("date", map.next_value()?),
                "facts" => {
                    let Facts { stated, findings } = map.next_value()?;
                    raw.findings.extend(findings);
                    if std::mem::replace(&mut seen, true) {
                        raw.findings
                            .push(LineFinding::new("VN-CLS-005", "facts", "the field stands twice"));
                    } else {
                        raw.facts = stated;
                    }
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    let name = safe_echo(&name);
                    let message = format!("no field is called `{name}`; a line has id, of, date, facts");
                    raw.findings.push(LineFinding::new("VN-CLS-004", name, message));
                }
            }
        }
        Ok(raw)
    }
}

/// The facts of a line.
struct Facts<'a> {
    stated: Vec<(Cow<'a, str>, Stated<'a>)>,
    findings: Vec<LineFinding>,
}

impl<'de> Deserialize<'de> for Facts<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FactsVisitor)
    }
}

struct FactsVisitor;

impl FactsVisitor {
    fn not_an_object<'a>() -> Facts<'a> {
        let finding = LineFinding::new(
            "VN-CLS-005",
            "facts",
            "the field is not an object of axes and values",
        );
        Facts {
            stated: Vec::new(),
            findings: vec![finding],
        }
    }
}

impl<'de> Visitor<'de> for FactsVisitor {
    type Value = Facts<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Facts<'de>, M::Error> {
        let mut facts = Facts {
            stated: Vec::with_capacity(16),
            findings: Vec::new(),
        };
        while let Some(Text(axis)) = map.next_key()? {
            let stated = match map.next_value()? {
                Value::Text(code) => Stated::One(code),
                Value::List(codes) => Stated::List(codes),
                Value::Other => {
                    let path = format!("facts.{}", safe_echo(&axis));
                    let message = "the fact is not a code or a list of codes";
                    facts.findings.push(LineFinding::new("VN-CLS-005", path, message));
                    continue;
                }
            };
            facts.stated.push((axis, stated));
        }
        Ok(facts)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Facts<'de>, S::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::not_an_object())
    }

    fn visit_str<E>(self, _: &str) -> Result<Facts<'de>, E> {
        Ok(Self::not_an_object())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Facts<'de>, E> {
        Ok(Self::not_an_object())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Facts<'de>, E> {
        Ok(Self::not_an_object())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Facts<'de>, E> {
        Ok(Self::not_an_object())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Facts<'de>, E> {
        Ok(Self::not_an_object())
    }

    fn visit_unit<E>(self) -> Result<Facts<'de>, E> {
        Ok(Self::not_an_object())
    }
}

/// A text, borrowed from the line unless it has escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// Any JSON value, kept as far as a line may have it.
enum Value<'a> {
    Text(Cow<'a, str>),
    List(Vec<Cow<'a, str>>),
    Other,
}

impl<'de> Deserialize<'de> for Value<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Value<'de>, S::Error> {
        let mut codes = Some(Vec::new());
        while let Some(value) = seq.next_element::<Value<'de>>()? {
            match (value, &mut codes) {
                (Value::Text(code), Some(codes)) => codes.push(code),
                _ => codes = None,
            }
        }
        Ok(codes.map_or(Value::Other, Value::List))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Value<'de>, M::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value<'de>, E> {
        Ok(Value::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value<'de>, E> {
        Ok(Value::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value<'de>, E> {
        Ok(Value::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value<'de>, E> {
        Ok(Value::Other)
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Other)
    }
}

/// A calendar date written as `2026-09-01`.
pub(super) fn date(text: &str) -> Option<Date> {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text.as_bytes() else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_i16, |number, digit| {
            digit
                .is_ascii_digit()
                .then(|| number * 10 + i16::from(digit - b'0'))
        })
    };
    let (year, month, day) = (number(&[y1, y2, y3, y4])?, number(&[m1, m2])?, number(&[d1, d2])?);
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}
