//! The outcome of a record, and the decision whether it is new. Pure: the former entry and the latest revision are
//! looked up by the caller.

use crate::content::content_bytes;
use crate::definition::Severity;
use crate::derive::{Attributes, derive};
use crate::derived::Derived;
use crate::entry::{Entry, EntryBody, Header, Nonce, commit_content, commit_identity, identity_bytes};
use crate::finding::Finding;
use crate::identity::{Identity, identify, reference_date};
use crate::record::Record;
use crate::surroundings::Surroundings;
use crate::validate::{contradictions, mapping, validate, validate_identified, waiting};

/// What became of a record. The numbers are stored bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(u8)]
pub enum Outcome {
    /// Taken, and everything derived that can be.
    #[default]
    Accepted = 1,
    /// Taken; some derived value waits.
    Held = 2,
    /// Not taken.
    Rejected = 3,
}

impl Outcome {
    /// The outcome with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Accepted, Self::Held, Self::Rejected]
            .into_iter()
            .find(|outcome| *outcome as u8 == number)
    }

    /// Its name in files and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Held => "held",
            Self::Rejected => "rejected",
        }
    }

    /// The outcome that findings lead to: any error rejects, any hold holds.
    pub fn of(findings: &[Finding]) -> Self {
        match findings.iter().map(|finding| finding.severity).max() {
            Some(Severity::Error) => Self::Rejected,
            Some(Severity::Hold) => Self::Held,
            Some(Severity::Warning) | None => Self::Accepted,
        }
    }
}

/// A record judged: everything that can be said before its person is resolved and former entries are looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// What becomes of it, unless it turns out to be another person's or to have other content.
    pub outcome: Outcome,
    /// What was found.
    pub findings: Vec<Finding>,
    /// Who it is about and what was derived, with outcome and findings as they are stored; `None` when it is
    /// rejected.
    pub accepted: Option<(Identity, Derived)>,
}

/// Validates a record, derives, looks for contradictions and values that wait. `received` is the instant that goes
/// into the header of its entry, in microseconds since 1970-01-01 UTC. The day of reporting is its
/// [`reference_date`], here and in [`identity_bytes`]: the identity that the vault resolves and the one committed to
/// get their century from the same day.
pub fn assess<S: Surroundings + ?Sized>(
    record: &Record,
    reporter: &str,
    received: i64,
    surroundings: &S,
) -> Assessment {
    let received = reference_date(received);
    let mut findings = validate(record, reporter, received, surroundings);
    let rejected = |findings| Assessment {
        outcome: Outcome::Rejected,
        findings,
        accepted: None,
    };
    if Outcome::of(&findings) == Outcome::Rejected {
        return rejected(findings);
    }
    let patterns = surroundings
        .release_on(record.date())
        .map_or(&[][..], |release| &release.register.reserve_patterns);
    let Ok(identity) = identify(&record.person, received, patterns) else {
        // Validation finds what is wrong with a number, also without a release's checks, except a reserve number
        // of no known pattern where the release has no check for it.
        let mechanism = crate::validate::Mechanism::IdentityReservePattern;
        findings.push(crate::validate::finding_without_release(
            mechanism,
            "person.number".to_owned(),
            "",
        ));
        return rejected(findings);
    };
    let attributes = Attributes::of(&record.person, &identity);
    let described = describe(record, reporter, &attributes, findings, surroundings);
    Assessment {
        outcome: described.outcome,
        findings: described.findings,
        accepted: described.derived.map(|derived| (identity, derived)),
    }
}

/// A record judged whose person was identified before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reassessment {
    /// What becomes of it.
    pub outcome: Outcome,
    /// What was found.
    pub findings: Vec<Finding>,
    /// What was derived, with outcome and findings as they are stored; `None` when it is rejected.
    pub derived: Option<Derived>,
}

/// As [`assess`], of a revision made from the one before it: the person is withheld, and what was derived `before` tells
/// sex, ages and protection. Checks of the person's number are not repeated; it is that of the revision before.
pub fn assess_identified<S: Surroundings + ?Sized>(
    record: &Record,
    reporter: &str,
    received: i64,
    before: &Derived,
    surroundings: &S,
) -> Reassessment {
    let findings = validate_identified(record, reporter, reference_date(received), surroundings);
    if Outcome::of(&findings) == Outcome::Rejected {
        return Reassessment {
            outcome: Outcome::Rejected,
            findings,
            derived: None,
        };
    }
    describe(
        record,
        reporter,
        &Attributes::before(before),
        findings,
        surroundings,
    )
}

/// What is derived of a record that is valid as it stands, and what is found in that.
fn describe<S: Surroundings + ?Sized>(
    record: &Record,
    reporter: &str,
    attributes: &Attributes<'_>,
    mut findings: Vec<Finding>,
    surroundings: &S,
) -> Reassessment {
    let mut derived = derive(record, reporter, attributes, surroundings);
    findings.extend(mapping(record, reporter, surroundings));
    findings.extend(contradictions(&derived, surroundings));
    if Outcome::of(&findings) == Outcome::Rejected {
        return Reassessment {
            outcome: Outcome::Rejected,
            findings,
            derived: None,
        };
    }
    findings.extend(waiting(&derived, surroundings));
    let outcome = if derived.is_held() {
        Outcome::Held
    } else {
        Outcome::of(&findings)
    };
    derived.outcome = outcome;
    derived.findings = findings.iter().map(Finding::stored).collect();
    Reassessment {
        outcome,
        findings,
        derived: Some(derived),
    }
}

/// Whether a revision is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is the next revision: to be appended.
    New,
    /// It was reported before with the same content: the former entry is the answer.
    Same,
    /// It was reported before with other content: refused.
    OtherContent,
    /// It is not the next revision: refused.
    RevisionGap {
        /// The revision that would be taken.
        expected: u32,
    },
}

/// Decides whether a revision is new. `latest` is the latest revision reported of the record (0 for none), `same`
/// whether the former entry of this very revision has the same content (`None` when there is no such entry).
pub fn standing(revision: u32, latest: u32, same: Option<bool>) -> Standing {
    let expected = latest.saturating_add(1);
    match same {
        Some(true) => Standing::Same,
        Some(false) => Standing::OtherContent,
        None if revision == expected => Standing::New,
        None => Standing::RevisionGap { expected },
    }
}

/// Whether a record says the same as a former entry: both commitments are computed again under the former nonces.
/// An erased entry has no nonces left and is the same as nothing.
pub fn is_same(record: &Record, former: &Entry, identity_nonce: &Nonce) -> bool {
    let EntryBody::Whole {
        content_nonce,
        content,
        ..
    } = &former.body
    else {
        return false;
    };
    let Header {
        received, version, ..
    } = former.header;
    content_bytes(record, version).is_ok_and(|bytes| {
        bytes == *content && commit_content(content_nonce, &bytes) == former.commitments().content
    }) && identity_bytes(&record.person, received, version)
        .is_ok_and(|bytes| commit_identity(identity_nonce, &bytes) == former.identity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_follow_one_another() {
        assert_eq!(standing(1, 0, None), Standing::New);
        assert_eq!(standing(2, 1, None), Standing::New);
        assert_eq!(standing(1, 1, Some(true)), Standing::Same);
        assert_eq!(standing(1, 3, Some(false)), Standing::OtherContent);
        assert_eq!(standing(2, 0, None), Standing::RevisionGap { expected: 1 });
        assert_eq!(standing(0, 0, None), Standing::RevisionGap { expected: 1 });
        assert_eq!(
            standing(5, u32::MAX, None),
            Standing::RevisionGap { expected: u32::MAX }
        );
    }

    #[test]
    fn the_gravest_finding_decides() {
        let finding = |severity| Finding {
            code: String::new(),
            severity,
            path: String::new(),
            message: String::new(),
        };
        assert_eq!(Outcome::of(&[]), Outcome::Accepted);
        assert_eq!(Outcome::of(&[finding(Severity::Warning)]), Outcome::Accepted);
        assert_eq!(
            Outcome::of(&[finding(Severity::Hold), finding(Severity::Warning)]),
            Outcome::Held
        );
        assert_eq!(
            Outcome::of(&[finding(Severity::Hold), finding(Severity::Error)]),
            Outcome::Rejected
        );
    }
}
