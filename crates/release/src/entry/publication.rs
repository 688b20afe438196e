//! Publications of figures in the authority's stream: a year's figures as they were shown on a day, frozen. What was
//! published stays as it is; a revision is a publication of its own. The rows are a blob; here stands what they rest on.

use vardnav_classification::model::Label;
use vardnav_register::bytes::{DecodeError, DecodeProblem, Reader, Writer};

use crate::package::Digest;

/// The kind byte, which is stored.
pub(super) const KIND: u8 = 27;

/// A publication of the figures of a year.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PublicationRecord {
    /// The calendar year that the figures are about.
    pub year: i16,
    /// Number within the year, from 1. Each takes the place of the one before it.
    pub number: u32,
    /// Title for people.
    pub title: Label,
    /// Whether the figures are to stand.
    pub state: PublicationState,
    /// What changed since the publication before, and why; empty for the first of a year.
    pub note: String,
    /// Id of the release whose definitions and rules of disclosure decided.
    pub release: String,
    /// Id of the derivation that was counted.
    pub derivation: String,
    /// The national head that holds all that was counted.
    pub head: HeadMark,
    /// How many reporters had reported.
    pub reporters: u32,
    /// How many entries were counted.
    pub entries: u64,
    /// How many indicators have figures in it.
    pub indicators: u32,
    /// How many figures there are.
    pub rows: u64,
    /// How many of them are other than in the publication before.
    pub revised: u64,
    /// Digest of the blob that holds the figures.
    pub blob: Digest,
}

/// Whether published figures are to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum PublicationState {
    /// Records of the year are still expected.
    #[default]
    Preliminary,
    /// The figures are to stand, and are revised only where they turn out to be wrong.
    Final,
}

/// A national head by what it says of the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HeadMark {
    /// Its number.
    pub number: u64,
    /// When it was signed, in microseconds since 1970-01-01 UTC.
    pub time: i64,
    /// How many streams it is over.
    pub streams: u64,
    /// Its root.
    pub root: Digest,
}

impl PublicationRecord {
    /// The id to cite: year and number, as `2026-1`.
    pub fn id(&self) -> String {
        publication_id(self.year, self.number)
    }

    /// Id of the publication whose place it takes.
    pub fn revises(&self) -> Option<String> {
        let before = self.number.checked_sub(1).filter(|number| *number > 0)?;
        Some(publication_id(self.year, before))
    }
}

fn publication_id(year: i16, number: u32) -> String {
    format!("{year:04}-{number}")
}

impl PublicationState {
    /// Stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Preliminary => "preliminary",
            Self::Final => "final",
        }
    }

    /// Name for people.
    pub fn label(self) -> Label {
        let (sv, en) = match self {
            Self::Preliminary => ("preliminär", "preliminary"),
            Self::Final => ("slutlig", "final"),
        };
        Label {
            sv: sv.to_owned(),
            en: en.to_owned(),
        }
    }
}

pub(super) fn texts(record: &PublicationRecord) -> Vec<&str> {
    let PublicationRecord {
        title,
        note,
        release,
        derivation,
        ..
    } = record;
    vec![&title.sv, &title.en, note, release, derivation]
}

pub(super) fn write(w: &mut Writer, record: &PublicationRecord) {
    w.i32(record.year.into());
    w.u32(record.number);
    w.str(&record.title.sv);
    w.str(&record.title.en);
    w.u8(match record.state {
        PublicationState::Preliminary => 1,
        PublicationState::Final => 2,
    });
    w.str(&record.note);
    w.str(&record.release);
    w.str(&record.derivation);
    w.u64(record.head.number);
    w.i64(record.head.time);
    w.u64(record.head.streams);
    w.raw(&record.head.root);
    w.u32(record.reporters);
    w.varint(record.entries);
    w.u32(record.indicators);
    w.varint(record.rows);
    w.varint(record.revised);
    w.raw(&record.blob);
}

pub(super) fn read(r: &mut Reader<'_>) -> Result<PublicationRecord, DecodeError> {
    Ok(PublicationRecord {
        year: {
            let year = r.i32()?;
            i16::try_from(year).map_err(|_| r.error(DecodeProblem::Tag))?
        },
        number: r.u32()?,
        title: Label {
            sv: r.string()?,
            en: r.string()?,
        },
        state: match r.u8()? {
            1 => PublicationState::Preliminary,
            2 => PublicationState::Final,
            _ => return Err(r.error(DecodeProblem::Tag)),
        },
        note: r.string()?,
        release: r.string()?,
        derivation: r.string()?,
        head: HeadMark {
            number: r.u64()?,
            time: r.i64()?,
            streams: r.u64()?,
            root: r.array()?,
        },
        reporters: r.u32()?,
        entries: r.varint()?,
        indicators: r.u32()?,
        rows: r.varint()?,
        revised: r.varint()?,
        blob: r.array()?,
    })
}
