//! Code systems as SKOS in Turtle. Kept are terms with their status, definitions with their source, notes, subject
//! fields, examples, superordinate concepts, associative relations, replacements without their dates and scope, and
//! that a concept is out of use; dates, domains, other statuses, relations and properties have no place in SKOS.

use std::collections::HashMap;
use std::io;

use oxrdf::{BlankNode, Literal, NamedNode, NamedOrBlankNode, Term, Triple};
use oxttl::TurtleSerializer;
use oxttl::turtle::WriterTurtleSerializer;
use vardnav_terminology::model::{CodeSystem, Concept, ConceptStatus, DesignationStatus, RelationKind};

use super::{DCT, IRI, OWL, RDF, SKOS};

/// Writes a code system.
///
/// # Errors
/// When `out` cannot be written to, or the code system's address is not one.
pub fn write<W: io::Write>(system: &CodeSystem, out: W) -> io::Result<()> {
    let serializer = [("skos", SKOS), ("dct", DCT), ("owl", OWL), ("rdf", RDF)]
        .into_iter()
        .try_fold(TurtleSerializer::new(), |serializer, (name, space)| {
            serializer.with_prefix(name, space)
        })
        .map_err(io::Error::other)?;
    let mut turtle = Turtle {
        out: serializer.for_writer(out),
        system,
        addresses: system
            .concepts
            .iter()
            .map(|concept| Ok((concept.code.as_str(), address(system, concept)?)))
            .collect::<io::Result<_>>()?,
        definitions: 0,
    };
    turtle.scheme()?;
    system
        .concepts
        .iter()
        .try_for_each(|concept| turtle.concept(concept))?;
    turtle.out.finish().map(drop)
}

struct Turtle<'s, W: io::Write> {
    out: WriterTurtleSerializer<W>,
    system: &'s CodeSystem,
    addresses: HashMap<&'s str, NamedNode>,
    definitions: u64,
}

impl<W: io::Write> Turtle<'_, W> {
    fn scheme(&mut self) -> io::Result<()> {
        let system = self.system;
        let scheme: NamedOrBlankNode = node(&system.url)?.into();
        self.say(&scheme, RDF, "type", node(&format!("{SKOS}ConceptScheme"))?)?;
        let title = language(&system.title, &system.language)?;
        self.say(&scheme, DCT, "title", title)?;
        for (space, name, text) in [
            (OWL, "versionInfo", &system.version),
            (DCT, "language", &system.language),
            (DCT, "publisher", &system.publication.publisher),
            (DCT, "description", &system.publication.description),
            (DCT, "rights", &system.publication.copyright),
        ] {
            if !text.is_empty() {
                self.say(&scheme, space, name, Literal::new_simple_literal(text))?;
            }
        }
        Ok(())
    }

    fn concept(&mut self, concept: &Concept) -> io::Result<()> {
        let system = self.system;
        let subject: NamedOrBlankNode = address(system, concept)?.into();
        self.say(&subject, RDF, "type", node(&format!("{SKOS}Concept"))?)?;
        self.say(&subject, SKOS, "inScheme", node(&system.url)?)?;
        self.say(
            &subject,
            SKOS,
            "notation",
            Literal::new_simple_literal(&concept.code),
        )?;
        if matches!(concept.status, ConceptStatus::Inactive | ConceptStatus::Withdrawn) {
            self.say(&subject, OWL, "deprecated", Literal::from(true))?;
        }
        let own = |tag: &str| {
            if tag.is_empty() {
                system.language.clone()
            } else {
                tag.to_owned()
            }
        };
        for term in &concept.designations {
            let name = match term.status {
                DesignationStatus::Recommended => "prefLabel",
                DesignationStatus::Accepted => "altLabel",
                DesignationStatus::Deprecated => "hiddenLabel",
            };
            self.say(&subject, SKOS, name, language(&term.text, &own(&term.language))?)?;
        }
        for definition in &concept.definitions {
            let text = language(&definition.text, &own(&definition.language))?;
            if definition.source.is_empty() {
                self.say(&subject, SKOS, "definition", text)?;
                continue;
            }
            self.definitions += 1;
            let blank = BlankNode::new(format!("d{}", self.definitions)).map_err(io::Error::other)?;
            self.say(&subject, SKOS, "definition", blank.clone())?;
            let blank: NamedOrBlankNode = blank.into();
            self.say(&blank, RDF, "value", text)?;
            self.say(
                &blank,
                DCT,
                "source",
                Literal::new_simple_literal(&definition.source),
            )?;
        }
        for note in &concept.notes {
            self.say(
                &subject,
                SKOS,
                "scopeNote",
                language(&note.text, &own(&note.language))?,
            )?;
        }
        for field in &concept.subject_fields {
            self.say(&subject, DCT, "subject", Literal::new_simple_literal(field))?;
        }
        for property in concept
            .properties
            .iter()
            .filter(|property| property.name == "example")
        {
            self.say(
                &subject,
                SKOS,
                "example",
                Literal::new_simple_literal(&property.value),
            )?;
        }
        self.leads(&subject, concept)
    }

    /// What a concept leads to.
    fn leads(&mut self, subject: &NamedOrBlankNode, concept: &Concept) -> io::Result<()> {
        for parent in &concept.parents {
            let parent = self.of_code(parent)?;
            self.say(subject, SKOS, "broader", parent)?;
        }
        for relation in &concept.relations {
            let (space, name) = match relation.kind {
                RelationKind::Associative => (SKOS, "related"),
                RelationKind::ReplacedBy => (DCT, "isReplacedBy"),
                RelationKind::Replaces => (DCT, "replaces"),
                RelationKind::Partitive | RelationKind::Distinguish => continue,
            };
            let target = self.of_code(&relation.target)?;
            self.say(subject, space, name, target)?;
        }
        Ok(())
    }

    fn of_code(&self, code: &str) -> io::Result<NamedNode> {
        match self.addresses.get(code) {
            Some(address) => Ok(address.clone()),
            None => node(&plain(self.system, code)),
        }
    }

    fn say(
        &mut self,
        subject: &NamedOrBlankNode,
        space: &str,
        name: &str,
        object: impl Into<Term>,
    ) -> io::Result<()> {
        let triple = Triple::new(subject.clone(), node(&format!("{space}{name}"))?, object);
        self.out.serialize_triple(triple.as_ref())
    }
}

/// The address of a concept.
fn address(system: &CodeSystem, concept: &Concept) -> io::Result<NamedNode> {
    let stated = concept.properties.iter().find(|property| property.name == IRI);
    match stated {
        Some(property) => node(&property.value),
        None => node(&plain(system, &concept.code)),
    }
}

/// The address of a concept that states none, its code percent-encoded where an address needs it.
fn plain(system: &CodeSystem, code: &str) -> String {
    let mut address = format!("{}/", system.url);
    for byte in code.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            address.push(char::from(byte));
        } else {
            address.push_str(&format!("%{byte:02X}"));
        }
    }
    address
}

fn node(address: &str) -> io::Result<NamedNode> {
    NamedNode::new(address).map_err(io::Error::other)
}

fn language(text: &str, tag: &str) -> io::Result<Literal> {
    if tag.is_empty() {
        return Ok(Literal::new_simple_literal(text));
    }
    Literal::new_language_tagged_literal(text, tag).map_err(io::Error::other)
}
