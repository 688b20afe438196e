//! Taking the fields of a JSON object one by one, with a finding for each that is missing, stated twice, of another
//! kind than asked for, or left over. What the fields mean is decided by [`super::read`].

use std::borrow::Cow;

use jiff::civil::Date;
use vardnav_register::finding::Finding;
use vardnav_register::text::{safe_echo, shape};
use vardnav_register::validate::{Mechanism, finding_without_release};

use super::json::Json;

/// The fields of an object, taken one by one; what is left at the end is not known.
pub(super) struct Fields<'j, 'f> {
    pub(super) entries: Vec<(Cow<'j, str>, Json<'j>)>,
    prefix: String,
    pub(super) findings: &'f mut Vec<Finding>,
}

impl<'j, 'f> Fields<'j, 'f> {
    pub(super) fn of(json: Json<'j>, prefix: String, findings: &'f mut Vec<Finding>) -> Option<Self> {
        match json {
            Json::Object(entries) => Some(Self {
                entries,
                prefix,
                findings,
            }),
            other => {
                let detail = format!("an object, not {}", other.kind());
                findings.push(finding_without_release(
                    Mechanism::FormatUnreadable,
                    prefix,
                    &detail,
                ));
                None
            }
        }
    }

    pub(super) fn path(&self, name: &str) -> String {
        if self.prefix.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.prefix)
        }
    }

    pub(super) fn found(&mut self, mechanism: Mechanism, path: String, detail: &str) {
        self.findings
            .push(finding_without_release(mechanism, path, detail));
    }

    pub(super) fn wrong(&mut self, name: &str, wanted: &str) {
        let path = self.path(name);
        self.found(Mechanism::FormatUnreadable, path, wanted);
    }

    /// Takes a field; `null` is the same as leaving it out.
    fn take(&mut self, name: &str) -> Option<Json<'j>> {
        let at = self.entries.iter().position(|(known, _)| known == name)?;
        let (_, value) = self.entries.remove(at);
        if self.entries.iter().any(|(known, _)| known == name) {
            self.wrong(name, "stated twice");
            self.entries.retain(|(known, _)| known != name);
        }
        Some(value).filter(|value| *value != Json::Null)
    }

    fn required<T>(&mut self, name: &str, read: impl FnOnce(&mut Self, Json<'j>) -> Option<T>) -> Option<T> {
        match self.take(name) {
            Some(value) => read(self, value),
            None => {
                let path = self.path(name);
                self.found(Mechanism::FormatMissingField, path, "");
                None
            }
        }
    }

    fn optional<T>(&mut self, name: &str, read: impl FnOnce(&mut Self, Json<'j>) -> Option<T>) -> Option<T> {
        let value = self.take(name)?;
        read(self, value)
    }

    fn as_text(&mut self, name: &str, value: Json<'j>) -> Option<String> {
        match value {
            Json::Text(text) => Some(text.into_owned()),
            other => {
                self.wrong(name, &format!("a text, not {}", other.kind()));
                None
            }
        }
    }

    fn as_date(&mut self, name: &str, value: Json<'j>) -> Option<Date> {
        let (date, detail) = match &value {
            Json::Text(text) => (read_date(text), shape(text)),
            other => (None, format!("a text, not {}", other.kind())),
        };
        if date.is_none() {
            let path = self.path(name);
            self.found(Mechanism::FormatBadDate, path, &detail);
        }
        date
    }

    fn as_number(&mut self, name: &str, value: &Json<'j>) -> Option<u32> {
        let number = match value {
            Json::Count(number) => u32::try_from(*number).ok(),
            _ => None,
        };
        if number.is_none() {
            self.wrong(name, "a whole number from 0 to 4294967295");
        }
        number
    }

    /// A text; an empty one is missing.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        let text = self.required(name, |fields, value| fields.as_text(name, value))?;
        if text.is_empty() {
            let path = self.path(name);
            self.found(Mechanism::FormatMissingField, path, "");
        }
        some(text)
    }

    /// A text that may be missing; an empty one is.
    pub(super) fn optional_text(&mut self, name: &str) -> Option<String> {
        self.optional(name, |fields, value| fields.as_text(name, value))
            .and_then(some)
    }

    pub(super) fn date(&mut self, name: &str) -> Option<Date> {
        self.required(name, |fields, value| fields.as_date(name, value))
    }

    pub(super) fn optional_date(&mut self, name: &str) -> Option<Date> {
        self.optional(name, |fields, value| fields.as_date(name, value))
    }

    pub(super) fn number(&mut self, name: &str) -> Option<u32> {
        self.required(name, |fields, value| fields.as_number(name, &value))
    }

    pub(super) fn optional_number(&mut self, name: &str) -> Option<u32> {
        self.optional(name, |fields, value| fields.as_number(name, &value))
    }

    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        self.optional(name, |fields, value| match value {
            Json::Flag(flag) => Some(flag),
            other => {
                fields.wrong(name, &format!("true or false, not {}", other.kind()));
                None
            }
        })
    }

    fn list(&mut self, name: &str) -> Vec<Json<'j>> {
        let items = self.optional(name, |fields, value| match value {
            Json::List(items) => Some(items),
            other => {
                fields.wrong(name, &format!("a list, not {}", other.kind()));
                None
            }
        });
        items.unwrap_or_default()
    }

    /// What stands alone or in a list; what cannot be read is left out, and found.
    pub(super) fn one_or_several<T>(
        &mut self,
        name: &str,
        read: impl Fn(Json<'j>, String, &mut Vec<Finding>) -> Option<T>,
    ) -> Vec<T> {
        let path = self.path(name);
        match self.take(name) {
            None => Vec::new(),
            Some(Json::List(items)) => items
                .into_iter()
                .enumerate()
                .filter_map(|(at, item)| read(item, format!("{path}[{at}]"), self.findings))
                .collect(),
            Some(one) => read(one, path, self.findings).into_iter().collect(),
        }
    }

    pub(super) fn texts(&mut self, name: &str) -> Vec<String> {
        let items = self.list(name);
        let path = self.path(name);
        texts(items, &path, self.findings)
    }

    pub(super) fn object(&mut self, name: &str) -> Option<Fields<'j, '_>> {
        let path = self.path(name);
        let value = self.required(name, |_, value| Some(value))?;
        Fields::of(value, path, self.findings)
    }

    pub(super) fn optional_object(&mut self, name: &str) -> Option<Fields<'j, '_>> {
        let path = self.path(name);
        let value = self.take(name)?;
        Fields::of(value, path, self.findings)
    }

    /// A list of objects; those that cannot be read are left out, and found.
    pub(super) fn objects<T>(&mut self, name: &str, read: impl Fn(Fields<'j, '_>) -> Option<T>) -> Vec<T> {
        let items = self.list(name);
        let path = self.path(name);
        items
            .into_iter()
            .enumerate()
            .filter_map(|(at, item)| Fields::of(item, format!("{path}[{at}]"), self.findings).and_then(&read))
            .collect()
    }

    /// Finds the fields that are left.
    pub(super) fn end(self) {
        for (name, _) in &self.entries {
            let path = self.path(&safe_echo(name));
            self.findings
                .push(finding_without_release(Mechanism::FormatUnknownField, path, ""));
        }
    }
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// A date of the form `YYYY-MM-DD`.
fn read_date(text: &str) -> Option<Date> {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text.as_bytes() else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0i16, |number, digit| {
            digit
                .is_ascii_digit()
                .then(|| number * 10 + i16::from(digit - b'0'))
        })
    };
    let (month, day) = (number(&[m1, m2])?, number(&[d1, d2])?);
    Date::new(
        number(&[y1, y2, y3, y4])?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
    )
    .ok()
}

/// The texts of a list; items that are none are left out, and found.
pub(super) fn texts(items: Vec<Json<'_>>, path: &str, findings: &mut Vec<Finding>) -> Vec<String> {
    let mut texts = Vec::with_capacity(items.len());
    for (at, item) in items.into_iter().enumerate() {
        match item {
            Json::Text(text) => texts.push(text.into_owned()),
            other => findings.push(finding_without_release(
                Mechanism::FormatUnreadable,
                format!("{path}[{at}]"),
                &format!("a text, not {}", other.kind()),
            )),
        }
    }
    texts
}
