//! JSON text into FHIR's shapes. Says where a text is wrong by line, column and field, and never what it says.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::error::Category;

use super::finding::{Problem, Problems};

/// Deepest that values may lie within each other: 1 000 concepts, each in a list, and what is in the last.
pub(super) const DEPTH_MAX: usize = 2_020;

/// Longest name of a field that is told.
const FIELD_LENGTH_MAX: usize = 40;

/// What kind of resource a text is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sniffed {
    /// No FHIR resource.
    Other,
    /// A resource of this type.
    Resource(String),
}

/// What kind of resource a text is. The whole text is checked to be one JSON value, and not to lie too deep.
pub(super) fn sniff(text: &str) -> Result<Sniffed, Problem> {
    #[derive(serde::Deserialize)]
    #[serde(expecting = "an object")]
    struct Type {
        #[serde(rename = "resourceType")]
        resource_type: Option<String>,
    }
    within_depth(text)?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let sniffed = Type::deserialize(&mut reader).and_then(|sniffed| reader.end().map(|()| sniffed));
    match sniffed {
        Ok(Type {
            resource_type: Some(resource_type),
        }) if !resource_type.is_empty() => Ok(Sniffed::Resource(resource_type)),
        Ok(_) => Ok(Sniffed::Other),
        Err(error) if error.is_data() && serde_json::from_str::<IgnoredAny>(text).is_ok() => {
            Ok(Sniffed::Other)
        }
        Err(error) => Err(problem(&error, "")),
    }
}

/// Reads a text as one of FHIR's shapes. The text has been sniffed, so that it lies no deeper than is allowed.
pub(super) fn decode<T: DeserializeOwned + Default>(text: &str, problems: &mut Problems) -> T {
    match decode_seed(text, PhantomData) {
        Ok(read) => read,
        Err(problem) => {
            problems.add(problem);
            T::default()
        }
    }
}

/// Gives the items of a list that is a field of the text, one by one as they are read, so that they are never all in
/// memory. The text has been sniffed.
pub(super) fn decode_each<T: DeserializeOwned>(
    text: &str,
    field: &'static str,
    take: &mut dyn FnMut(T),
) -> Result<(), Problem> {
    let items = PhantomData;
    decode_seed(text, Field { field, take, items })
}

fn decode_seed<'t, S: DeserializeSeed<'t>>(text: &'t str, seed: S) -> Result<S::Value, Problem> {
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.disable_recursion_limit();
    let reader = serde_stacker::Deserializer::new(&mut reader);
    let mut track = serde_path_to_error::Track::new();
    let reader = serde_path_to_error::Deserializer::new(reader, &mut track);
    let read = seed.deserialize(reader);
    read.map_err(|error| problem(&error, &shown_path(&track.path())))
}

/// A list that is a field of an object; other fields are passed over.
struct Field<'f, T> {
    field: &'static str,
    take: &'f mut dyn FnMut(T),
    items: PhantomData<T>,
}

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for Field<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for Field<'_, T> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        while let Some(key) = access.next_key::<String>()? {
            if key == self.field {
                access.next_value_seed(Items(&mut *self.take))?;
            } else {
                access.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// A list whose items are taken one by one; nothing when there is none.
struct Items<'f, T>(&'f mut dyn FnMut(T));

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for Items<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for Items<'_, T> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a sequence")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        while let Some(item) = access.next_element()? {
            (self.0)(item);
        }
        Ok(())
    }
}

/// Refuses what lies too deep, before anything is read that could exhaust the stack.
fn within_depth(text: &str) -> Result<(), Problem> {
    let (mut depth, mut line) = (0_usize, 1_u32);
    let (mut quoted, mut escaped) = (false, false);
    for byte in text.bytes() {
        if quoted {
            quoted = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => quoted = true,
            b'\n' => line = line.saturating_add(1),
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Err(Problem {
                code: "VN-IMP-207",
                error: true,
                line,
                message: format!("values lie more than {DEPTH_MAX} deep within each other"),
            });
        }
    }
    Ok(())
}

fn problem(error: &serde_json::Error, path: &str) -> Problem {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let (code, what) = match error.classify() {
        Category::Data if text.starts_with("duplicate field") => {
            ("VN-IMP-202", "a field occurs twice".to_owned())
        }
        Category::Data => ("VN-IMP-202", format!("{} was expected", expected(&text))),
        Category::Eof => ("VN-IMP-201", "the text ends too early".to_owned()),
        Category::Syntax | Category::Io => ("VN-IMP-201", "the text is not JSON".to_owned()),
    };
    let place = if path.is_empty() {
        String::new()
    } else {
        format!("{path}: ")
    };
    Problem {
        code,
        error: true,
        line: u32::try_from(line).unwrap_or(u32::MAX),
        message: format!("{place}{what} (column {column})"),
    }
}

/// What a message says was expected; these are our own words and serde's names of types.
fn expected(message: &str) -> &str {
    let expected = message
        .rsplit_once(", expected ")
        .map_or("something else", |(_, rest)| rest);
    expected
        .rsplit_once(" at line ")
        .map_or(expected, |(rest, _)| rest)
}

/// A path to a field, unless it holds what may be anything.
fn shown_path(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let named = |key: &str| {
        key.len() <= FIELD_LENGTH_MAX
            && key
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let known = path.iter().all(|segment| match segment {
        Segment::Seq { .. } => true,
        Segment::Map { key } => named(key),
        Segment::Enum { .. } | Segment::Unknown => false,
    });
    if known { path.to_string() } else { String::new() }
}
