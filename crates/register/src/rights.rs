//! What touches the secrecy of persons and needs two of those who work with the register: openings of the vault,
//! linkage exports, erasures; and what persons have a right to: corrections asked of reporters. Requests, approvals and
//! uses are entries of a stream of their own, so that each is in the tree like any other; what may be done follows from
//! all of them. Which purposes there are is said by the release in force when something is asked for and when it is
//! approved; what was approved stays so. Decides whether a step may be taken; takes none.

mod bytes;
mod steps;

pub use steps::{IsAnother, LIMITS, Limits, check_purpose};

use std::collections::BTreeMap;

use jiff::civil::Date;
use vardnav_classification::model::Label;

use crate::identity::PersonKey;
use crate::record::RecordKind;

/// A purpose for which the law lets identities be used. Which there are is release data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purpose {
    /// Code, of the form of [`crate::definition::is_list_code`].
    pub code: String,
    /// What it is for.
    pub label: Label,
    /// Ids of the legal bases that it rests on.
    pub legal_bases: Vec<String>,
    /// What may be asked for it; nothing but corrections and what is held of a person when empty.
    pub use_for: Vec<Use>,
    /// First date on which it may be stated.
    pub from: Option<Date>,
    /// First date on which it no longer may.
    pub until: Option<Date>,
}

/// What may be asked for a purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Numbers of persons.
    Opening,
    /// A linkage export.
    Linkage,
    /// An erasure.
    Erasure,
}

impl Use {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Linkage => "linkage",
            Self::Erasure => "erasure",
        }
    }
}

/// A revision of a record in the register.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordRef {
    /// Whose.
    pub reporter: String,
    /// What kind.
    pub kind: RecordKind,
    /// Its id.
    pub id: String,
    /// Its revision.
    pub revision: u32,
    /// Its position in the reporter's stream.
    pub position: u64,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The numbers of persons.
    Persons(Vec<PersonKey>),
    /// The numbers of the persons of records.
    Records(Vec<RecordRef>),
    /// Records with keys that stand for their persons within one project.
    Linkage {
        /// Name of the project: one project, one key a person.
        project: String,
        /// Whose records.
        reporters: Vec<String>,
    },
    /// That revisions of records lose their content.
    Erasure(Vec<RecordRef>),
    /// That everything held of a person loses its content: also what comes in before it is carried out.
    PersonErasure {
        /// A key of the person.
        person: PersonKey,
        /// The reporter whose records it is about; empty for all.
        reporter: String,
        /// The revisions that there were when it was asked.
        records: Vec<RecordRef>,
    },
}

impl Scope {
    /// What it asks for.
    pub fn use_for(&self) -> Use {
        match self {
            Self::Persons(_) | Self::Records(_) => Use::Opening,
            Self::Linkage { .. } => Use::Linkage,
            Self::Erasure(_) | Self::PersonErasure { .. } => Use::Erasure,
        }
    }

    /// How many things it names.
    pub fn size(&self) -> usize {
        match self {
            Self::Persons(persons) => persons.len(),
            Self::Records(records) | Self::Erasure(records) | Self::PersonErasure { records, .. } => {
                records.len()
            }
            Self::Linkage { reporters, .. } => reporters.len(),
        }
    }
}

/// A request that a second person must approve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Code of the purpose.
    pub purpose: String,
    /// Why, in words.
    pub reason: String,
    /// What for.
    pub scope: Scope,
    /// How often it may be used.
    pub uses: u32,
    /// Until when, in microseconds since 1970-01-01 UTC.
    pub until: i64,
}

/// A correction that is asked of reporters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rectification {
    /// Whose data.
    pub person: PersonKey,
    /// Code of the purpose.
    pub purpose: String,
    /// What is to be corrected, in words.
    pub reason: String,
    /// Which revisions, of whichever reporters.
    pub records: Vec<RecordRef>,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Something is asked for; its number is the position of the entry.
    Asked(Asked),
    /// A second person approved it.
    Approved {
        /// Number of the request.
        request: u64,
    },
    /// It was used, for so many things.
    Used {
        /// Number of the request.
        request: u64,
        /// How many numbers or rows were given out, or revisions erased.
        count: u64,
    },
    /// It is withdrawn or refused.
    Ended {
        /// Number of the request.
        request: u64,
    },
    /// A correction is asked of reporters; its number is the position of the entry.
    Rectify(Rectification),
}

/// An entry of the stream of rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RightsEntry {
    /// Who.
    pub caller: String,
    /// When, in microseconds since 1970-01-01 UTC.
    pub at: i64,
    /// What.
    pub step: Step,
}

/// Who did something, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Who.
    pub by: String,
    /// When, in microseconds since 1970-01-01 UTC.
    pub at: i64,
}

/// A request as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What is asked for.
    pub asked: Asked,
    /// Who asked.
    pub by: Mark,
    /// Who approved it.
    pub approved: Option<Mark>,
    /// Who ended it.
    pub ended: Option<Mark>,
    /// How often it was used.
    pub used: u32,
    /// For how many things, by all of its uses together.
    pub things: u64,
}

/// Where a request stands at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It waits for a second person.
    Waits,
    /// It may be used.
    Open,
    /// It was used as often as it may be.
    UsedUp,
    /// Its time is over.
    Expired,
    /// It was ended.
    Ended,
}

impl Standing {
    /// Its name in files and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waits => "waits",
            Self::Open => "open",
            Self::UsedUp => "used-up",
            Self::Expired => "expired",
            Self::Ended => "ended",
        }
    }
}

impl Request {
    /// Where it stands.
    pub fn standing(&self, now: i64) -> Standing {
        if self.ended.is_some() {
            Standing::Ended
        } else if self.used >= self.asked.uses {
            Standing::UsedUp
        } else if now >= self.asked.until {
            Standing::Expired
        } else if self.approved.is_some() {
            Standing::Open
        } else {
            Standing::Waits
        }
    }
}

/// All requests and corrections, by number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rights {
    requests: BTreeMap<u64, Request>,
    rectifications: BTreeMap<u64, (Rectification, Mark)>,
    next: u64,
}

impl Rights {
    /// Nothing was asked for.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many entries were taken in.
    pub fn count(&self) -> u64 {
        self.next
    }

    /// The request with a number.
    pub fn request(&self, number: u64) -> Option<&Request> {
        self.requests.get(&number)
    }

    /// All requests by number.
    pub fn requests(&self) -> impl DoubleEndedIterator<Item = (u64, &Request)> {
        self.requests.iter().map(|(number, request)| (*number, request))
    }

    /// All corrections asked for, by number.
    pub fn rectifications(&self) -> impl DoubleEndedIterator<Item = (u64, &Rectification, &Mark)> {
        self.rectifications
            .iter()
            .map(|(number, (rectification, mark))| (*number, rectification, mark))
    }

    /// Takes in the next entry of the stream.
    pub fn apply(&mut self, entry: RightsEntry) {
        let mark = Mark {
            by: entry.caller,
            at: entry.at,
        };
        match entry.step {
            Step::Asked(asked) => {
                let request = Request {
                    asked,
                    by: mark,
                    approved: None,
                    ended: None,
                    used: 0,
                    things: 0,
                };
                self.requests.insert(self.next, request);
            }
            Step::Approved { request } => {
                if let Some(request) = self.requests.get_mut(&request) {
                    request.approved.get_or_insert(mark);
                }
            }
            Step::Used { request, count } => {
                if let Some(request) = self.requests.get_mut(&request) {
                    request.used = request.used.saturating_add(1);
                    request.things = request.things.saturating_add(count);
                }
            }
            Step::Ended { request } => {
                if let Some(request) = self.requests.get_mut(&request) {
                    request.ended.get_or_insert(mark);
                }
            }
            Step::Rectify(rectification) => {
                self.rectifications.insert(self.next, (rectification, mark));
            }
        }
        self.next += 1;
    }
}

/// Why a step is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RightsError {
    /// There is no such purpose.
    #[error("there is no such purpose; known are: {0}")]
    Purpose(String),
    /// The purpose is not one for what is asked.
    #[error("the law gives no {0} for this purpose")]
    NotForPurpose(&'static str),
    /// The reason is empty, too long, or holds a personal number.
    #[error("the reason must be stated in at most {max} bytes, without any personal number", max = LIMITS.reason_bytes)]
    Reason,
    /// The scope is empty or too large, or a name in it is not an id.
    #[error("the scope names nothing, more than {max} things, or something that is no id", max = LIMITS.scope)]
    Scope,
    /// The time or number of uses is none, or too long.
    #[error("a request may be used 1 to {uses} times, for at most {days} days", uses = LIMITS.uses, days = LIMITS.days)]
    Extent,
    /// There is no such request.
    #[error("there is no request with that number")]
    Unknown,
    /// The second person is the first, under some account.
    #[error("somebody other than who asked must approve")]
    Own,
    /// One of the two is not known to be a person by the word of anybody else.
    #[error("`{0}` is not linked to a person in the word of anybody else")]
    Stranger(String),
    /// The request does not stand where the step can be taken.
    #[error("the request {}", said(*.0))]
    Standing(Standing),
    /// Only who asked may use it.
    #[error("only who asked may use what was approved")]
    NotYours,
}

fn said(standing: Standing) -> &'static str {
    match standing {
        Standing::Waits => "waits for a second person",
        Standing::Open => "is approved already",
        Standing::UsedUp => "has been used as often as it may be",
        Standing::Expired => "is past its time",
        Standing::Ended => "was ended",
    }
}

#[cfg(test)]
mod tests;
