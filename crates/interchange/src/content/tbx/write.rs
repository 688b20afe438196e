//! Code systems as TBX in the DCA style. Kept are terms with their status and comment, definitions with their source,
//! notes, features, subject fields, superordinate concepts, associative and partitive relations; dates, domains,
//! scopes, statuses of concepts and properties have no place in TBX.

use std::collections::{BTreeSet, HashMap};
use std::io;

use quick_xml::events::{BytesDecl, BytesText, Event};
use quick_xml::writer::Writer;
use vardnav_terminology::model::{CodeSystem, Concept, DesignationStatus, RelationKind};

/// Writes a code system.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write(system: &CodeSystem, out: impl io::Write) -> io::Result<()> {
    let ids: HashMap<&str, String> = system
        .concepts
        .iter()
        .enumerate()
        .map(|(at, concept)| (concept.code.as_str(), id(at, &concept.code)))
        .collect();
    let mut writer = Tbx {
        xml: Writer::new_with_indent(out, b' ', 1),
        system,
        ids,
    };
    writer.document()
}

/// An id that XML allows: the code where it is one, or else the position.
fn id(at: usize, code: &str) -> String {
    let mut letters = code.chars();
    let begins = letters.next().is_some_and(|letter| letter.is_ascii_alphabetic());
    let goes_on = letters.all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.'));
    if begins && goes_on {
        code.to_owned()
    } else {
        format!("_{at}")
    }
}

/// A language, or that of the code system where none is stated.
fn own<'l>(system: &'l CodeSystem, language: &'l str) -> &'l str {
    if language.is_empty() {
        &system.language
    } else {
        language
    }
}

struct Tbx<'s, W: io::Write> {
    xml: Writer<W>,
    system: &'s CodeSystem,
    ids: HashMap<&'s str, String>,
}

impl<W: io::Write> Tbx<'_, W> {
    fn document(&mut self) -> io::Result<()> {
        let system = self.system;
        self.xml
            .write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let root = [
            ("type", "TBX-Basic"),
            ("style", "dca"),
            ("xml:lang", system.language.as_str()),
            ("xmlns", "urn:iso:std:iso:30042:ed-2"),
        ];
        self.element("tbx", &root, |tbx| {
            tbx.element("tbxHeader", &[], |tbx| {
                tbx.element("fileDesc", &[], |tbx| {
                    tbx.element("titleStmt", &[], |tbx| tbx.text("title", &[], &system.title))?;
                    tbx.element("sourceDesc", &[], |tbx| {
                        tbx.text("p", &[], &format!("{}|{}", system.url, system.version))
                    })
                })
            })?;
            tbx.element("text", &[], |tbx| {
                tbx.element("body", &[], |tbx| {
                    system.concepts.iter().try_for_each(|concept| tbx.entry(concept))
                })
            })
        })
    }

    fn entry(&mut self, concept: &Concept) -> io::Result<()> {
        let system = self.system;
        let id = self.ids.get(concept.code.as_str()).cloned().unwrap_or_default();
        self.element("conceptEntry", &[("id", &id)], |tbx| {
            if id != concept.code {
                tbx.text("admin", &[("type", "conceptIdentifier")], &concept.code)?;
            }
            for field in &concept.subject_fields {
                tbx.text("descrip", &[("type", "subjectField")], field)?;
            }
            for parent in &concept.parents {
                tbx.reference("superordinateConceptGeneric", parent)?;
            }
            for relation in &concept.relations {
                match relation.kind {
                    RelationKind::Associative => tbx.reference("crossReference", &relation.target)?,
                    RelationKind::Partitive => {
                        tbx.reference("subordinateConceptPartitive", &relation.target)?;
                    }
                    RelationKind::Distinguish | RelationKind::ReplacedBy | RelationKind::Replaces => {}
                }
            }
            let languages: BTreeSet<&str> = concept
                .designations
                .iter()
                .map(|term| &term.language)
                .chain(concept.definitions.iter().map(|definition| &definition.language))
                .chain(
                    concept
                        .notes
                        .iter()
                        .chain(&concept.features)
                        .map(|note| &note.language),
                )
                .map(|language| own(system, language))
                .collect();
            languages
                .into_iter()
                .try_for_each(|language| tbx.section(concept, language))
        })
    }

    fn section(&mut self, concept: &Concept, language: &str) -> io::Result<()> {
        let system = self.system;
        // TBX has no terms without a language: `und` stands for one that is not stated.
        let stated = if language.is_empty() { "und" } else { language };
        self.element("langSec", &[("xml:lang", stated)], |tbx| {
            for definition in &concept.definitions {
                if own(system, &definition.language) == language {
                    tbx.element("descripGrp", &[], |tbx| {
                        tbx.text("descrip", &[("type", "definition")], &definition.text)?;
                        if definition.source.is_empty() {
                            return Ok(());
                        }
                        tbx.text("admin", &[("type", "source")], &definition.source)
                    })?;
                }
            }
            for feature in &concept.features {
                if own(system, &feature.language) == language {
                    tbx.text("descrip", &[("type", "characteristic")], &feature.text)?;
                }
            }
            for note in &concept.notes {
                if own(system, &note.language) == language {
                    tbx.text("note", &[], &note.text)?;
                }
            }
            for term in &concept.designations {
                if own(system, &term.language) != language {
                    continue;
                }
                tbx.element("termSec", &[], |tbx| {
                    tbx.text("term", &[], &term.text)?;
                    let status = match term.status {
                        DesignationStatus::Recommended => "preferredTerm-admn-sts",
                        DesignationStatus::Accepted => "admittedTerm-admn-sts",
                        DesignationStatus::Deprecated => "deprecatedTerm-admn-sts",
                    };
                    tbx.text("termNote", &[("type", "administrativeStatus")], status)?;
                    if term.comment.is_empty() {
                        return Ok(());
                    }
                    tbx.text("note", &[], &term.comment)
                })?;
            }
            Ok(())
        })
    }

    fn reference(&mut self, kind: &str, code: &str) -> io::Result<()> {
        let id = self.ids.get(code).cloned().unwrap_or_default();
        self.text("ref", &[("type", kind), ("target", &id)], code)
    }

    fn text(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) -> io::Result<()> {
        let element = self
            .xml
            .create_element(name)
            .with_attributes(attributes.iter().copied());
        element.write_text_content(BytesText::new(text)).map(drop)
    }

    fn element(
        &mut self,
        name: &str,
        attributes: &[(&str, &str)],
        within: impl FnOnce(&mut Self) -> io::Result<()>,
    ) -> io::Result<()> {
        let start = quick_xml::events::BytesStart::new(name).with_attributes(attributes.iter().copied());
        self.xml.write_event(Event::Start(start.borrow()))?;
        within(self)?;
        self.xml.write_event(Event::End(start.to_end()))
    }
}
