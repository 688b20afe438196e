//! What an image keeps of a code system as a whole.

use super::arrays::{kept, kept_values};
use super::{ImageError, Kept, Reader, Writer};
use crate::model::{
    CodeSystem, Content, Diagram, DiagramNode, LocalizedText, PropertyDefinition, PropertyKind, Publication,
    PublicationStatus,
};

impl Kept for CodeSystem {
    fn write<E>(&self, to: &mut Writer<'_, E>) -> Result<(), E> {
        for text in [&self.url, &self.version, &self.title, &self.language] {
            text.write(to)?;
        }
        self.publication.write(to)?;
        self.content.write(to)?;
        self.supplements.write(to)?;
        self.case_insensitive.write(to)?;
        self.value_set.write(to)?;
        self.properties.write(to)?;
        self.diagrams.write(to)
    }

    fn read<E>(from: &mut Reader<'_, E>) -> Result<Self, ImageError<E>> {
        Ok(Self {
            url: Kept::read(from)?,
            version: Kept::read(from)?,
            title: Kept::read(from)?,
            language: Kept::read(from)?,
            publication: Kept::read(from)?,
            content: Kept::read(from)?,
            supplements: Kept::read(from)?,
            case_insensitive: Kept::read(from)?,
            value_set: Kept::read(from)?,
            properties: Kept::read(from)?,
            diagrams: Kept::read(from)?,
            concepts: Vec::new(),
            components: None,
        })
    }
}

kept! {
    Publication {
        name, status, experimental, date, publisher, steward, description, copyright, standards_status,
    }
    PropertyDefinition { name, uri, description, kind }
    Diagram { id, title, nodes }
    DiagramNode { code, column, row }
    LocalizedText { language, text }
}

kept_values!(Content, PropertyKind, PublicationStatus);
