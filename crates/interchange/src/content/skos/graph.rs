//! The statements of a file of RDF, by subject.

use std::collections::HashMap;

use oxrdf::{NamedOrBlankNode, Term, Triple};
use oxrdfxml::RdfXmlParser;
use oxttl::TurtleParser;

use crate::codesystem::Findings;

/// Most statements of a file.
const STATEMENTS_MAX: usize = 10_000_000;

/// What a statement says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Object {
    /// A thing: an address, or `_:` and a name within the file.
    Node(String),
    /// A text with its language, empty when it has none.
    Text(String, String),
}

/// Statements by subject, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Graph {
    subjects: Vec<(String, Vec<(String, Object)>)>,
    positions: HashMap<String, usize>,
}

impl Graph {
    /// All subjects.
    pub(super) fn subjects(&self) -> impl Iterator<Item = &str> {
        self.subjects.iter().map(|(subject, _)| subject.as_str())
    }

    /// What is said of a subject by a predicate.
    pub(super) fn objects<'g>(&'g self, subject: &str, predicate: &str) -> std::vec::IntoIter<&'g Object> {
        let said = self.all(subject).iter().filter(|(known, _)| known == predicate);
        said.map(|(_, object)| object).collect::<Vec<_>>().into_iter()
    }

    /// The things that a subject leads to by a predicate.
    pub(super) fn nodes<'g>(
        &'g self,
        subject: &str,
        predicate: &str,
    ) -> impl Iterator<Item = &'g str> + use<'g> {
        let objects = self.objects(subject, predicate);
        objects.filter_map(|object| match object {
            Object::Node(node) => Some(node.as_str()),
            Object::Text(..) => None,
        })
    }

    /// The texts of a subject by a predicate, with their languages.
    pub(super) fn texts<'g>(
        &'g self,
        subject: &str,
        predicate: &str,
    ) -> impl Iterator<Item = (&'g str, &'g str)> + use<'g> {
        let objects = self.objects(subject, predicate);
        objects.filter_map(|object| match object {
            Object::Node(_) => None,
            Object::Text(text, language) => Some((text.as_str(), language.as_str())),
        })
    }

    /// The first text by the first of some predicates that has one; empty when none has.
    pub(super) fn text(&self, subject: &str, predicates: &[String]) -> &str {
        let mut texts = predicates
            .iter()
            .filter_map(|predicate| self.texts(subject, predicate).next());
        texts.next().map_or("", |(text, _)| text)
    }

    fn all(&self, subject: &str) -> &[(String, Object)] {
        self.positions
            .get(subject)
            .and_then(|at| self.subjects.get(*at))
            .map_or(&[], |(_, statements)| statements)
    }

    fn add(&mut self, triple: Triple) {
        let subject = match triple.subject {
            NamedOrBlankNode::NamedNode(node) => node.into_string(),
            NamedOrBlankNode::BlankNode(node) => format!("_:{}", node.as_str()),
        };
        let object = match triple.object {
            Term::NamedNode(node) => Object::Node(node.into_string()),
            Term::BlankNode(node) => Object::Node(format!("_:{}", node.as_str())),
            Term::Literal(literal) => Object::Text(
                literal.value().to_owned(),
                literal.language().unwrap_or_default().to_owned(),
            ),
        };
        let next = self.subjects.len();
        let at = *self.positions.entry(subject.clone()).or_insert(next);
        if at == next {
            self.subjects.push((subject, Vec::new()));
        }
        if let Some((_, statements)) = self.subjects.get_mut(at) {
            statements.push((triple.predicate.into_string(), object));
        }
    }
}

/// The statements of a text in Turtle.
pub(super) fn turtle(path: &str, text: &str, findings: &mut Findings) -> Option<Graph> {
    let mut graph = Graph::default();
    for (count, triple) in TurtleParser::new().for_slice(text.as_bytes()).enumerate() {
        match triple {
            Ok(_) if count >= STATEMENTS_MAX => return too_many(path, findings),
            Ok(triple) => graph.add(triple),
            Err(error) => {
                let line = u32::try_from(error.location().start.line)
                    .unwrap_or(u32::MAX)
                    .saturating_add(1);
                findings.error("VN-IMP-302", path, line, "the text is not Turtle");
                return None;
            }
        }
    }
    Some(graph)
}

/// The statements of a text in RDF/XML.
pub(super) fn rdf_xml(path: &str, text: &str, findings: &mut Findings) -> Option<Graph> {
    if nests_entities(text) {
        let message = "the file declares entities within entities, or too many";
        findings.error("VN-IMP-335", path, 0, message);
        return None;
    }
    let mut graph = Graph::default();
    let mut parser = RdfXmlParser::new().for_slice(text.as_bytes());
    let mut count = 0;
    while let Some(triple) = parser.next() {
        count += 1;
        match triple {
            Ok(_) if count > STATEMENTS_MAX => return too_many(path, findings),
            Ok(triple) => graph.add(triple),
            Err(_) => {
                let offset = usize::try_from(parser.buffer_position()).unwrap_or(usize::MAX);
                let before = text.as_bytes().get(..offset).unwrap_or_default();
                let newlines = memchr::memchr_iter(b'\n', before).count();
                let line = u32::try_from(newlines).unwrap_or(u32::MAX).saturating_add(1);
                findings.error("VN-IMP-302", path, line, "the text is not RDF/XML");
                return None;
            }
        }
    }
    Some(graph)
}

fn too_many(path: &str, findings: &mut Findings) -> Option<Graph> {
    let message = format!("the file has more than {STATEMENTS_MAX} statements");
    findings.error("VN-IMP-335", path, 0, message);
    None
}

/// Whether entities are declared by way of others, so that a short text stands for a long one. Files shorten the
/// addresses of vocabularies by entities, which need nothing of the kind.
fn nests_entities(text: &str) -> bool {
    const LENGTH_MAX: usize = 1000;
    text.split("<!ENTITY").skip(1).any(|rest| {
        let declared = rest.split('>').next().unwrap_or_default();
        declared.contains('&') || declared.contains('%') || declared.len() > LENGTH_MAX
    })
}
