//! Elements of FHIR that give a name its value: extensions, properties of concepts, parameters, conditions of maps.
//! Numbers are kept as written.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

/// Which field holds the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum NameField {
    /// `url`, of an extension.
    #[default]
    Url,
    /// `code`, of a property.
    Code,
    /// `name`, of a parameter.
    Name,
    /// `attribute`, of a condition in R5.
    Attribute,
    /// `property`, of a condition in R4, whose value is plain text.
    Property,
}

/// A name with its value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Valued {
    pub(super) field: NameField,
    pub(super) name: String,
    pub(super) value: Option<Value>,
    pub(super) extension: Vec<Valued>,
}

/// A value: what kind it is of, and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) kind: ValueKind,
    /// A coding is `system|code`.
    pub(super) text: String,
}

/// Kinds of values that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueKind {
    Boolean,
    Canonical,
    Code,
    Coding,
    Date,
    DateTime,
    Decimal,
    Id,
    Instant,
    Integer,
    Integer64,
    Markdown,
    Oid,
    PositiveInt,
    String,
    UnsignedInt,
    Uri,
    Url,
    Uuid,
}

/// The field of each kind of value.
const FIELDS: [(&str, ValueKind); 19] = [
    ("valueBoolean", ValueKind::Boolean),
    ("valueCanonical", ValueKind::Canonical),
    ("valueCode", ValueKind::Code),
    ("valueCoding", ValueKind::Coding),
    ("valueDate", ValueKind::Date),
    ("valueDateTime", ValueKind::DateTime),
    ("valueDecimal", ValueKind::Decimal),
    ("valueId", ValueKind::Id),
    ("valueInstant", ValueKind::Instant),
    ("valueInteger", ValueKind::Integer),
    ("valueInteger64", ValueKind::Integer64),
    ("valueMarkdown", ValueKind::Markdown),
    ("valueOid", ValueKind::Oid),
    ("valuePositiveInt", ValueKind::PositiveInt),
    ("valueString", ValueKind::String),
    ("valueUnsignedInt", ValueKind::UnsignedInt),
    ("valueUri", ValueKind::Uri),
    ("valueUrl", ValueKind::Url),
    ("valueUuid", ValueKind::Uuid),
];

impl Valued {
    /// An extension with a value.
    pub(super) fn extension(url: impl Into<String>, kind: ValueKind, text: impl Into<String>) -> Self {
        Self::new(NameField::Url, url, kind, text)
    }

    /// An extension made of others.
    pub(super) fn of(url: impl Into<String>, extension: Vec<Valued>) -> Self {
        Self {
            field: NameField::Url,
            name: url.into(),
            value: None,
            extension,
        }
    }

    /// A name with its value.
    pub(super) fn new(
        field: NameField,
        name: impl Into<String>,
        kind: ValueKind,
        text: impl Into<String>,
    ) -> Self {
        let value = Value {
            kind,
            text: text.into(),
        };
        Self {
            field,
            name: name.into(),
            value: Some(value),
            extension: Vec::new(),
        }
    }

    /// The text of its value; empty when it has none.
    pub(super) fn text(&self) -> &str {
        self.value.as_ref().map_or("", |value| value.text.as_str())
    }
}

/// A code with its code system (FHIR `Coding`).
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default, expecting = "an object")]
pub(super) struct Coding {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) system: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) code: String,
}

impl Coding {
    /// `system|code`; the code alone when it names no system.
    pub(super) fn into_text(self) -> String {
        if self.system.is_empty() {
            self.code
        } else {
            format!("{}|{}", self.system, self.code)
        }
    }

    /// The other way round.
    pub(super) fn from_text(text: &str) -> Self {
        let (system, code) = text.rsplit_once('|').unwrap_or(("", text));
        Self {
            system: system.to_owned(),
            code: code.to_owned(),
        }
    }
}

impl<'de> Deserialize<'de> for Valued {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ValuedVisitor)
    }
}

struct ValuedVisitor;

impl<'de> Visitor<'de> for ValuedVisitor {
    type Value = Valued;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Valued, A::Error> {
        let mut valued = Valued::default();
        while let Some(Key(field)) = access.next_key()? {
            let name_field = match &*field {
                "url" => NameField::Url,
                "code" => NameField::Code,
                "name" => NameField::Name,
                "attribute" => NameField::Attribute,
                "property" => NameField::Property,
                "extension" => {
                    valued.extension = access.next_value()?;
                    continue;
                }
                "value" => {
                    let text = access.next_value()?;
                    let kind = ValueKind::String;
                    valued.value = Some(Value { kind, text });
                    continue;
                }
                other => {
                    match FIELDS.iter().find(|(field, _)| *field == other) {
                        Some((_, kind)) => valued.value = Some(read_value(*kind, &mut access)?),
                        None => drop(access.next_value::<IgnoredAny>()?),
                    }
                    continue;
                }
            };
            valued.field = name_field;
            valued.name = access.next_value()?;
        }
        Ok(valued)
    }
}

/// The name of a field, borrowed where it holds no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl<'de> Visitor<'de> for Name {
            type Value = Key<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(Name)
    }
}

fn read_value<'de, A: MapAccess<'de>>(kind: ValueKind, access: &mut A) -> Result<Value, A::Error> {
    let text = match kind {
        ValueKind::Boolean => access.next_value::<bool>()?.to_string(),
        ValueKind::Coding => access.next_value::<Coding>()?.into_text(),
        ValueKind::Decimal | ValueKind::Integer | ValueKind::PositiveInt | ValueKind::UnsignedInt => {
            let raw = access.next_value::<Box<RawValue>>()?;
            if !is_number(raw.get()) {
                return Err(serde::de::Error::custom("invalid type: value, expected a number"));
            }
            raw.get().to_owned()
        }
        _ => access.next_value()?,
    };
    Ok(Value { kind, text })
}

impl Serialize for Valued {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let name_field = match self.field {
            NameField::Url => "url",
            NameField::Code => "code",
            NameField::Name => "name",
            NameField::Attribute => "attribute",
            NameField::Property => "property",
        };
        if !self.extension.is_empty() {
            map.serialize_entry("extension", &self.extension)?;
        }
        map.serialize_entry(name_field, &self.name)?;
        if let Some(value) = &self.value {
            if self.field == NameField::Property {
                map.serialize_entry("value", &value.text)?;
            } else {
                write_value(value, &mut map)?;
            }
        }
        map.end()
    }
}

fn write_value<M: SerializeMap>(value: &Value, map: &mut M) -> Result<(), M::Error> {
    let field = FIELDS
        .iter()
        .find_map(|(field, kind)| (*kind == value.kind).then_some(*field))
        .unwrap_or("valueString");
    match value.kind {
        ValueKind::Boolean => map.serialize_entry(field, &(value.text == "true")),
        ValueKind::Coding => map.serialize_entry(field, &Coding::from_text(&value.text)),
        ValueKind::Decimal | ValueKind::Integer | ValueKind::PositiveInt | ValueKind::UnsignedInt => {
            match RawValue::from_string(value.text.clone()) {
                Ok(raw) => map.serialize_entry(field, &raw),
                Err(_) => map.serialize_entry("valueString", &value.text),
            }
        }
        _ => map.serialize_entry(field, &value.text),
    }
}

/// Whether a text is a number as JSON writes it.
pub(super) fn is_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = text
        .split_once(['e', 'E'])
        .map_or((text, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) = mantissa
        .split_once('.')
        .map_or((mantissa, None), |(w, f)| (w, Some(f)));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}
