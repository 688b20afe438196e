//! What is reported and keyed: episodes with their segments, contacts, monitoring periods, care requests.
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
    /// A care request (vårdbegäran), whether or not it was ever met.
    CareRequest = 4,
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
    /// Principals (huvudmän) by role, as coded organisations, each with its basis.
    pub principals: Principals,
    /// Organisationsnummer of the care provider (vårdgivare), where it is not the care unit's.
    pub provider: Option<String>,
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
    /// A care request.
    CareRequest(CareRequest),
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

/// Principals by role. Several may hold a role jointly: then each of them stands there by itself, with its own basis.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Principals {
    /// Answer for the care by law.
    pub responsible: Vec<Principal>,
    /// Perform it.
    pub performing: Vec<Principal>,
    /// Own the bed.
    pub bed_owner: Vec<Principal>,
    /// Pay.
    pub payer: Vec<Principal>,
}

/// One who holds a role of principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// SCB code: two digits for a region, four for a kommun. Who is both, as Gotland, is named by the code of the
    /// office it acts in: `09` as a region, `0980` as a kommun.
    pub organisation: String,
    /// On which basis it holds the role: a code of the release; `None` when it is not stated.
    pub basis: Option<String>,
}

impl Principals {
    /// The names of the roles, in the order in which they are written.
    pub const ROLES: [&'static str; 4] = ["responsible", "performing", "bed_owner", "payer"];

    /// The roles by name with those who hold them, in the order of [`Self::ROLES`].
    pub fn by_role(&self) -> [(&'static str, &[Principal]); 4] {
        let [responsible, performing, bed_owner, payer] = Self::ROLES;
        [
            (responsible, &self.responsible),
            (performing, &self.performing),
            (bed_owner, &self.bed_owner),
            (payer, &self.payer),
        ]
    }

    /// Who holds a role; nobody where the name is no role's. A dash in the name stands for a low line.
    pub fn of_role(&self, role: &str) -> &[Principal] {
        match role {
            "responsible" => &self.responsible,
            "performing" => &self.performing,
            "bed-owner" | "bed_owner" => &self.bed_owner,
            "payer" => &self.payer,
            _ => &[],
        }
    }
}

impl Principal {
    /// One whose basis is not stated.
    pub fn new(organisation: impl Into<String>) -> Self {
        Self {
            organisation: organisation.into(),
            basis: None,
        }
    }

    /// A role as it is where one holds it at most and no basis is stated.
    pub fn alone(organisation: Option<String>) -> Vec<Self> {
        organisation.into_iter().map(Self::new).collect()
    }

    /// The first of those who hold a role, where only one is asked for.
    pub fn first(holders: &[Self]) -> Option<&str> {
        holders.first().map(|holder| holder.organisation.as_str())
    }
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
    /// Who answers for what during it, by role and time.
    pub responsibilities: Vec<Responsibility>,
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

/// A responsibility that somebody has from a date: by unit or profession, never by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Responsibility {
    /// Its role: a code of the release, such as the physician responsible, the named physician (fast läkarkontakt) or the
    /// named care contact (fast vårdkontakt).
    pub role: String,
    /// HSA-id of the care unit that has it.
    pub unit: Option<String>,
    /// Profession of whoever has it, as a value of the profession axis.
    pub profession: Option<String>,
    /// First date.
    pub from: Date,
    /// First date no longer included; `None` while it lasts.
    pub until: Option<Date>,
}

/// A care contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Date of the contact.
    pub date: Date,
    /// First date no longer included, where the contact lasted beyond its date.
    pub end: Option<Date>,
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
    /// External causes of injury or poisoning.
    pub external_causes: Vec<Coding>,
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

/// A care request (vårdbegäran): what was asked for, and what came of it. Reported also when nothing did, so that waiting
/// is counted for those who were never met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CareRequest {
    /// Date on which care was requested.
    pub date: Date,
    /// What it was about: a code of the release, such as a new or a worsened problem.
    pub problem: Option<String>,
    /// By which channel it came: a code of the release.
    pub channel: Option<String>,
    /// Main reason for the request.
    pub reason: Option<Coding>,
    /// Professions that were asked for or met it, as values of the profession axis.
    pub professions: Vec<String>,
    /// Date of the first contact; `None` when there was none.
    pub contacted: Option<Date>,
    /// Date of the medical assessment; `None` when there was none.
    pub assessed: Option<Date>,
    /// How it ended: a code of the release; `None` while it is open.
    pub ending: Option<String>,
    /// Date on which it ended; `None` while it is open.
    pub ended: Option<Date>,
}
