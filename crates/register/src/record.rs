//! What is reported and keyed: episodes with their segments, contacts, monitoring periods.
//! Plain data after conversion from files or messages; nothing here validates or classifies.

use jiff::civil::Date;

/// Kinds of record. The numbers are stored bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum RecordKind {
    /// An episode of care with its segments.
    Episode = 1,
    /// A care contact (vårdkontakt).
    Contact = 2,
    /// A period of monitoring.
    MonitoringPeriod = 3,
}

/// One reported record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Id given by the reporter.
    pub id: String,
    /// Revision, from 1.
    pub revision: u32,
    /// Who it is about.
    pub person: Person,
    /// Kommun of residence (SCB code, four digits) on the date; `None` for protected identities and unknown.
    pub residence: Option<String>,
    /// Principals (huvudmän) by role, as coded organisations.
    pub principals: Principals,
    /// HSA-id of the care unit.
    pub unit: Option<String>,
    /// Facts on axes, stated of the record as a whole.
    pub facts: Vec<Fact>,
    /// Codes of the reporter's own or of others, stated of the record as a whole: maps lead from them to facts.
    pub codes: Vec<Coding>,
    /// What is particular to the kind.
    pub body: Body,
}

/// What is particular to a kind of record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// An episode.
    Episode(Episode),
    /// A contact.
    Contact(Contact),
    /// A monitoring period.
    MonitoringPeriod(MonitoringPeriod),
}

/// The person a record is about, as reported. Never stored outside the vault.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// What kind of number identifies the person.
    pub identity_type: IdentityType,
    /// The number as reported.
    pub identity: String,
    /// Legal sex, where the number does not tell it.
    pub sex: Option<Sex>,
    /// Date of birth, where the number does not tell it.
    pub birth_date: Option<Date>,
    /// Whether the person's identity is protected: then no geography below the country is stored.
    pub protected: bool,
}

impl std::fmt::Debug for Person {
    /// Never shows the number or the date of birth.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Person")
            .field("identity_type", &self.identity_type)
            .finish_non_exhaustive()
    }
}

/// Kinds of identity number. The numbers are stored bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum IdentityType {
    /// personnummer
    Personnummer = 1,
    /// samordningsnummer
    Samordningsnummer = 2,
    /// A reserve number (reservnummer), national or regional: an unlinked identity.
    Reserve = 3,
}

/// Legal sex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Sex {
    /// kvinna
    Female = 1,
    /// man
    Male = 2,
}

/// Principals by role, each an SCB code: two digits for a region, four for a kommun.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Principals {
    /// Answers for the care by law.
    pub responsible: Option<String>,
    /// Performs it.
    pub performing: Option<String>,
    /// Owns the bed.
    pub bed_owner: Option<String>,
    /// Pays.
    pub payer: Option<String>,
}

/// Facts of one axis. Several values only where the axis allows them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fact {
    /// Axis id.
    pub axis: String,
    /// Value codes; empty or `unknown` is the same as leaving the axis out.
    pub values: Vec<String>,
}

/// A code of a code system.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Coding {
    /// Canonical address of the code system.
    pub system: String,
    /// Edition it was taken from; `None` for the one in force on the date.
    pub version: Option<String>,
    /// The code.
    pub code: String,
}

/// An episode: intervals of care for one person that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Episode {
    /// First date.
    pub start: Date,
    /// First date no longer included; `None` while it is open.
    pub end: Option<Date>,
    /// How it ended.
    pub end_mode: Option<String>,
    /// Who decided to start it.
    pub decided_by: Option<String>,
    /// Plans that hold during it.
    pub plans: Vec<Plan>,
    /// Intervals in which the facts are constant, in order.
    pub segments: Vec<Segment>,
}

/// An interval of an episode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// First date.
    pub start: Date,
    /// First date no longer included; `None` while it is open.
    pub end: Option<Date>,
    /// HSA-id of the care unit, when not the episode's.
    pub unit: Option<String>,
    /// Facts stated of the segment.
    pub facts: Vec<Fact>,
    /// Codes stated of the segment: maps lead from them to facts.
    pub codes: Vec<Coding>,
}

/// A plan: SIP, vårdplan and others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Kind of plan.
    pub kind: String,
    /// Legal basis.
    pub legal_basis: Option<String>,
    /// Parties, as coded organisations.
    pub parties: Vec<String>,
    /// Date from which it holds.
    pub from: Date,
    /// First date on which it no longer holds.
    pub until: Option<Date>,
}

/// A care contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Date of the contact.
    pub date: Date,
    /// Id of the episode it belongs to, in the same reporter's stream.
    pub episode: Option<String>,
    /// Professions that took part, as values of the profession axis.
    pub professions: Vec<String>,
    /// Whether the act was delegated.
    pub delegated: Option<bool>,
    /// Main reason for the contact.
    pub reason: Option<Coding>,
    /// Diagnoses, main diagnosis first.
    pub diagnoses: Vec<Coding>,
    /// Procedures performed.
    pub procedures: Vec<Coding>,
    /// Date on which care was requested, for the three-day indicators.
    pub requested: Option<Date>,
    /// Whether it is the first contact for a new or worsened problem.
    pub first_contact: Option<bool>,
}

/// A period in which values of a patient are followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonitoringPeriod {
    /// First date.
    pub start: Date,
    /// First date no longer included; `None` while it is open.
    pub end: Option<Date>,
    /// Id of the episode it belongs to.
    pub episode: Option<String>,
    /// HSA-id of the unit that ordered it.
    pub ordered_by: Option<String>,
    /// What is measured.
    pub measures: Vec<String>,
    /// Whether thresholds are set.
    pub thresholds: Option<bool>,
    /// Whether somebody has a duty to respond.
    pub response_duty: Option<bool>,
    /// How many alarms were assessed.
    pub assessed_alarms: Option<u32>,
}
