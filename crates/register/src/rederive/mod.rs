//! Deriving history anew: under a named release (or variant of one), for care on some dates, with the surroundings as
//! they are now. Contacts that were reported before their episode, and contacts of an episode that was revised since,
//! are thereby set right. What the ledger holds stays as it is.
//!
//! There are two ways, and they agree. The long one, [`rederive`], goes from the reported content: maps, units,
//! episodes, plans, professions. The short one, [`Columns`] read by [`Columnar`], goes from facts that were packed
//! when the record was taken: the facts stay and only the tables are run again. It is taken only where nothing that
//! makes facts is other than it was; where that is not certain it says so, and the long way is taken for that record.
//!
//! Nothing here loads, stores or counts.

mod columnar;
mod columns;
mod episodes;
pub mod rows;
mod translation;
mod units;

pub use columnar::{Anew, Columnar, PartAnew};
pub use columns::{BLOCK_BYTES_MAX, BLOCK_ENTRIES_MAX, Columns, EntryColumn, unit_hash};
pub use episodes::Episodes;
pub use units::UnitColumns;

use jiff::civil::Date;
use vardnav_classification::DescriptionSystem;

use crate::definition::Severity;
use crate::derive::{Attributes, derive};
use crate::derived::Derived;
use crate::identity::PersonKey;
use crate::mapping::ReporterMaps;
use crate::outcome::Outcome;
use crate::record::Record;
use crate::surroundings::{EpisodeView, ReleaseView, Surroundings};
use crate::unit::CareUnit;
use crate::validate::Mechanism;

/// Which parts are derived anew, and under what: those dated in an interval, under one release. Other parts keep what
/// the ledger's entries hold.
#[derive(Clone, Copy)]
pub struct Rederivation<'a> {
    /// The release. One that takes other variants than the published one has an id of its own.
    pub release: ReleaseView<'a>,
    /// First date of care; `None` for the first there is.
    pub from: Option<Date>,
    /// First date of care no longer included; `None` for no end.
    pub until: Option<Date>,
}

impl Rederivation<'_> {
    /// Whether parts dated so are derived anew.
    pub fn covers(&self, date: Date) -> bool {
        self.from.is_none_or(|from| from <= date) && self.until.is_none_or(|until| date < until)
    }
}

/// What follows of a record under a plan, from its content. `former` is what was derived when it was taken: sex, ages,
/// protection and the parts outside the plan come from it, and the findings of its reporting stay. `surroundings` are
/// those of now; their episodes are [`episode_anew`]'s.
pub fn rederive<S: Surroundings + ?Sized>(
    record: &Record,
    reporter: &str,
    former: &Derived,
    plan: &Rederivation<'_>,
    surroundings: &S,
) -> Derived {
    let planned = Planned { plan, surroundings };
    let anew = derive(record, reporter, &Attributes::before(former), &planned);
    let kept = former.parts.iter().filter(|part| !plan.covers(part.date));
    let mut parts: Vec<_> = kept.cloned().chain(anew.parts).collect();
    parts.sort_by_key(|part| part.part);
    let mut derived = Derived {
        findings: former.findings.clone(),
        residence: former.residence.clone(),
        parts,
        ..anew
    };
    derived.outcome = if derived.is_held() || is_held_by_findings(former, surroundings) {
        Outcome::Held
    } else {
        Outcome::Accepted
    };
    derived
}

/// Whether something else than a value that waits held the record when it was taken.
fn is_held_by_findings<S: Surroundings + ?Sized>(former: &Derived, surroundings: &S) -> bool {
    if former.outcome != Outcome::Held {
        return false;
    }
    let says_that_values_wait = |code: &str| {
        let dates = former.parts.iter().map(|part| part.date);
        dates
            .filter_map(|date| Some((surroundings.release_on(date)?, date)))
            .any(|(release, date)| release.checks.code_of(Mechanism::ClassificationHeld, date) == Some(code))
    };
    let mut findings = former.findings.iter();
    findings.any(|finding| finding.severity == Severity::Hold && !says_that_values_wait(&finding.code))
}

/// The view of an episode under a plan, for its contacts and monitoring periods. `system` finds the description system
/// of a release by its id. `None` when the record is no episode.
pub fn episode_anew<'a, S: Surroundings + ?Sized>(
    record: &Record,
    reporter: &str,
    (person, former): (Option<PersonKey>, &Derived),
    plan: &Rederivation<'a>,
    surroundings: &S,
    system: impl Fn(&str) -> Option<&'a DescriptionSystem>,
) -> Option<EpisodeView> {
    let anew = rederive(record, reporter, former, plan, surroundings);
    EpisodeView::of(record, person, &anew, |id| match id == plan.release.id {
        true => Some(plan.release.system),
        false => system(id),
    })
}

/// The surroundings with the plan's release in force on its dates, and none on others.
struct Planned<'a, S: ?Sized> {
    plan: &'a Rederivation<'a>,
    surroundings: &'a S,
}

impl<S: Surroundings + ?Sized> Surroundings for Planned<'_, S> {
    fn release_on(&self, date: Date) -> Option<ReleaseView<'_>> {
        self.plan.covers(date).then_some(self.plan.release)
    }

    fn unit(&self, hsa_id: &str) -> Option<&CareUnit> {
        self.surroundings.unit(hsa_id)
    }

    fn reporter_known(&self, reporter: &str) -> bool {
        self.surroundings.reporter_known(reporter)
    }

    fn episode(&self, reporter: &str, id: &str) -> Option<&EpisodeView> {
        self.surroundings.episode(reporter, id)
    }

    fn reporter_maps(&self, reporter: &str) -> Option<&ReporterMaps> {
        self.surroundings.reporter_maps(reporter)
    }
}
