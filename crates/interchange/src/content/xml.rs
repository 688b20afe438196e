//! XML files as trees of elements: one reader for the formats that are written in it. Entities other than the five of
//! XML itself are refused, documents that are named are never opened, and depth and size are bounded.

use std::collections::BTreeSet;
use std::io::Read as _;

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use vardnav_terminology::model::CodeSystem;

use super::{Contents, Files, Read};
use crate::codesystem::Findings;

/// Codes of findings about files of XML and RDF: what they mean, how to mend it.
pub const CODES: &[(&str, &str, &str)] = &[
    (
        "VN-IMP-301",
        "a file of XML or RDF cannot be opened, is too large, or is not UTF-8",
        "save the file as UTF-8, or split it",
    ),
    (
        "VN-IMP-302",
        "the text is not well-formed",
        "correct the line named, or fetch the file again from its owner",
    ),
    (
        "VN-IMP-303",
        "an entity is not one of XML's own",
        "write the characters themselves; entities that a file declares are not followed",
    ),
    (
        "VN-IMP-304",
        "elements are nested too deep or are too many",
        "split the file, or fetch it again from its owner",
    ),
];

/// Largest file, in bytes.
const FILE_BYTES_MAX: u64 = 256 << 20;

/// Deepest nesting of elements.
const DEPTH_MAX: usize = 100;

/// Most elements of a file.
const ELEMENTS_MAX: usize = 20_000_000;

/// Bytes that are looked at to tell which format a file is of.
const HEAD_BYTES: u64 = 64 << 10;

/// An element. Names are without prefix, attributes with it.
#[derive(Debug, Default)]
pub(super) struct Element {
    /// Its name.
    pub(super) name: String,
    /// The line it begins on.
    pub(super) line: u32,
    attributes: Vec<(String, String)>,
    content: Vec<Content>,
}

#[derive(Debug)]
enum Content {
    Element(Element),
    Text(String),
}

impl Element {
    /// The value of an attribute; empty when it has none.
    pub(super) fn attribute(&self, name: &str) -> &str {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.trim())
    }

    /// The elements directly within.
    pub(super) fn elements(&self) -> impl Iterator<Item = &Element> {
        self.content.iter().filter_map(|content| match content {
            Content::Element(element) => Some(element),
            Content::Text(_) => None,
        })
    }

    /// Those of the elements directly within that have a name.
    pub(super) fn named<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Element> {
        self.elements().filter(move |element| element.name == name)
    }

    /// The first element at a path of names below.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Element> {
        match path {
            [] => Some(self),
            [name, rest @ ..] => self
                .elements()
                .filter(|element| element.name == *name)
                .find_map(|element| element.at(rest)),
        }
    }

    /// All text within, white space drawn together.
    pub(super) fn text(&self) -> String {
        let mut words = String::new();
        self.collect(&mut words);
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn collect(&self, words: &mut String) {
        for content in &self.content {
            match content {
                Content::Text(text) => words.push_str(text),
                Content::Element(element) => {
                    words.push(' ');
                    element.collect(words);
                    words.push(' ');
                }
            }
        }
    }
}

/// Reads each of `paths` whose name or root says that it is of a format, and takes what comes of it.
pub(super) fn read_each(
    files: &dyn Files,
    paths: &[String],
    contents: &mut Contents,
    is_ours: impl Fn(&str, &str) -> bool,
    read: impl Fn(&str, &Element, &mut Findings) -> Option<CodeSystem>,
) -> BTreeSet<String> {
    let mut taken = BTreeSet::new();
    for path in paths {
        if !is_ours(path, &root(files, path)) {
            continue;
        }
        taken.insert(path.clone());
        let mut findings = Findings::default();
        let system = text(files, path, &mut findings)
            .and_then(|text| parse(path, &text, &mut findings))
            .and_then(|root| read(path, &root, &mut findings));
        if let Some(content) = system.filter(|_| !findings.any_error()) {
            let paths = vec![path.clone()];
            contents.code_systems.push(Read { content, paths });
        }
        contents.findings.extend(findings.finish());
    }
    taken
}

/// The text of a file (`VN-IMP-301`).
pub(super) fn text(files: &dyn Files, path: &str, findings: &mut Findings) -> Option<String> {
    let mut bytes = Vec::new();
    let read = files
        .open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes));
    if read.is_err() {
        findings.error("VN-IMP-301", path, 0, "the file cannot be read");
        return None;
    }
    if bytes.len() as u64 > FILE_BYTES_MAX {
        let message = format!("the file has more than {FILE_BYTES_MAX} bytes");
        findings.error("VN-IMP-301", path, 0, message);
        return None;
    }
    match String::from_utf8(bytes) {
        Ok(text) => Some(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
        Err(_) => {
            findings.error("VN-IMP-301", path, 0, "the file is not UTF-8");
            None
        }
    }
}

/// The name of a file's root element; empty when none is found near its beginning.
pub(super) fn root(files: &dyn Files, path: &str) -> String {
    let mut head = Vec::new();
    let read = files
        .open(path)
        .and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut head));
    if read.is_err() {
        return String::new();
    }
    let head = String::from_utf8_lossy(&head);
    let mut reader = Reader::from_str(head.trim_start_matches('\u{feff}'));
    loop {
        match reader.read_event() {
            Ok(Event::Start(start) | Event::Empty(start)) => {
                return start.local_name().into_inner().to_owned();
            }
            Ok(Event::Eof) | Err(_) => return String::new(),
            Ok(_) => {}
        }
    }
}

/// The root element of a text.
pub(super) fn parse(path: &str, text: &str, findings: &mut Findings) -> Option<Element> {
    let mut reader = Reader::from_str(text);
    let mut lines = Lines {
        text: text.as_bytes(),
        offset: 0,
        line: 1,
    };
    let mut open: Vec<Element> = vec![Element::default()];
    let mut count = 0;
    loop {
        let line = lines.at(reader.buffer_position());
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(_) => {
                let line = lines.at(reader.error_position());
                findings.error("VN-IMP-302", path, line, "the text is not well-formed XML");
                return None;
            }
        };
        match event {
            Event::Start(ref start) | Event::Empty(ref start) => {
                count += 1;
                if open.len() > DEPTH_MAX || count > ELEMENTS_MAX {
                    let message =
                        format!("more than {DEPTH_MAX} elements deep, or more than {ELEMENTS_MAX} in all");
                    findings.error("VN-IMP-304", path, line, message);
                    return None;
                }
                let Some(element) = element(start, line) else {
                    findings.error("VN-IMP-302", path, line, "an attribute cannot be read");
                    return None;
                };
                open.push(element);
                if matches!(event, Event::Empty(_)) {
                    close(&mut open);
                }
            }
            Event::End(_) => close(&mut open),
            Event::Text(text) => add(&mut open, &text.xml10_content()),
            Event::CData(text) => add(&mut open, &text.xml10_content()),
            Event::GeneralRef(reference) => {
                let mut letter = [0; 4];
                let known = match reference.resolve_char_ref() {
                    Ok(Some(character)) => Some(&*character.encode_utf8(&mut letter)),
                    _ => resolve_xml_entity(&reference.xml10_content()),
                };
                let Some(known) = known else {
                    findings.error("VN-IMP-303", path, line, "an entity is not one of XML's own");
                    return None;
                };
                add(&mut open, known);
            }
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    let top = (open.len() == 1).then(|| open.pop()).flatten();
    let root = top.and_then(|top| {
        top.content.into_iter().find_map(|content| match content {
            Content::Element(element) => Some(element),
            Content::Text(_) => None,
        })
    });
    if root.is_none() {
        findings.error(
            "VN-IMP-302",
            path,
            0,
            "the text ends before its root element does",
        );
    }
    root
}

fn element(start: &BytesStart<'_>, line: u32) -> Option<Element> {
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.ok()?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
        attributes.push((attribute.key.into_inner().to_owned(), value.into_owned()));
    }
    Some(Element {
        name: start.local_name().into_inner().to_owned(),
        line,
        attributes,
        content: Vec::new(),
    })
}

fn close(open: &mut Vec<Element>) {
    if open.len() > 1
        && let Some(element) = open.pop()
        && let Some(above) = open.last_mut()
    {
        above.content.push(Content::Element(element));
    }
}

fn add(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        match element.content.last_mut() {
            Some(Content::Text(before)) => before.push_str(text),
            _ => element.content.push(Content::Text(text.to_owned())),
        }
    }
}

/// Lines of offsets that only grow.
struct Lines<'t> {
    text: &'t [u8],
    offset: usize,
    line: u32,
}

impl Lines<'_> {
    fn at(&mut self, offset: u64) -> u32 {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX).min(self.text.len());
        if let Some(passed) = self.text.get(self.offset..offset) {
            let newlines = memchr::memchr_iter(b'\n', passed).count();
            self.line = self
                .line
                .saturating_add(u32::try_from(newlines).unwrap_or(u32::MAX));
            self.offset = offset;
        }
        self.line
    }
}
