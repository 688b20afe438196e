//! What is projected: the measures of the release published last, with what was derived as it is read: by the entries, or
//! by the derivation that readers are answered from. Another release, other editions of the code systems that measures
//! name, or another derivation is another projection.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::Date;
use vardnav_indicators::engine::{Engine, Ground};
use vardnav_indicators::measure::Condition;
use vardnav_release::Snapshot;
use vardnav_release::entry::DerivationPlan;
use vardnav_store::{Digest, View};

use super::rows::{FORM, PREFIX};
use crate::counts::FollowError;

/// What is projected.
#[derive(Clone)]
pub(crate) struct Plan {
    /// Name of the projection.
    pub(crate) name: String,
    /// The release whose definitions are computed.
    pub(crate) release: Arc<Snapshot>,
    /// Its measures, made ready.
    pub(crate) engine: Arc<Engine>,
    /// The derivation whose results are taken.
    pub(crate) derivation: Option<DerivationPlan>,
}

impl Plan {
    /// The name of the projection that a view asks for on a day; `None` before a release is published.
    pub(crate) fn wanted(view: &View, today: Date) -> Option<String> {
        let release = view.newest_release()?;
        let derivation = view.state().derivations().active();
        Some(name(
            &release,
            derivation.map(|active| &active.plan),
            &unit_kinds(view),
            today.year(),
        ))
    }

    /// The plan that a view asks for on a day.
    ///
    /// # Errors
    /// When the release has more than can be counted.
    pub(crate) fn of(view: &View, today: Date) -> Result<Option<Self>, FollowError> {
        let Some(release) = view.newest_release() else {
            return Ok(None);
        };
        let derivation = view.state().derivations().active();
        let derivation = derivation.map(|active| active.plan.clone());
        let kinds = unit_kinds(view);
        let releases: Vec<Arc<Snapshot>> = view.releases().collect();
        let systems = releases
            .iter()
            .map(|release| (release.id.as_str(), release.description.as_ref()));
        let ground = Ground {
            definitions: &release.indicators,
            system: &release.description,
            unit_kinds: &kinds,
            through: today.year(),
        };
        let engine =
            Engine::new(&ground, systems).map_err(|error| FollowError::Damaged(error.to_string()))?;
        Ok(Some(Self {
            name: name(&release, derivation.as_ref(), &kinds, today.year()),
            engine: Arc::new(engine),
            release,
            derivation,
        }))
    }

    /// Id of the derivation.
    pub(crate) fn derivation_id(&self) -> Option<&str> {
        self.derivation.as_ref().map(|plan| plan.id.as_str())
    }

    /// The ordinal of a breakdown whose values cells tell.
    pub(crate) fn breakdown(&self, id: &str) -> Option<(u8, &[String])> {
        let mut known = (0..).zip(self.engine.breakdowns());
        known.find_map(|(at, (known, values))| (known == id).then_some((at, values)))
    }
}

/// Kinds of the care units, by name.
fn unit_kinds(view: &View) -> Vec<String> {
    let versions = view.units().flat_map(|unit| &unit.versions);
    let kinds: BTreeSet<&String> = versions.map(|version| &version.kind).collect();
    kinds.into_iter().cloned().collect()
}

/// The name: a digest of the release, of the editions that measures ask, of the kinds of units, of the derivation, and of
/// the year through which what is open is counted.
fn name(
    release: &Snapshot,
    derivation: Option<&DerivationPlan>,
    unit_kinds: &[String],
    through: i16,
) -> String {
    let measures = release.indicators.measures.iter();
    let systems: BTreeSet<&str> = measures
        .flat_map(|measure| measure.all_conditions())
        .filter_map(|condition| match condition {
            Condition::Below { system, .. } => Some(system.as_str()),
            _ => None,
        })
        .collect();
    let mut editions: Vec<(&str, &str)> = release
        .catalog
        .editions()
        .filter(|edition| systems.contains(edition.url()))
        .map(|edition| (edition.url(), edition.version()))
        .collect();
    editions.sort_unstable();
    let all = format!(
        "{:?} {editions:?} {unit_kinds:?} {:?} {through}",
        release.digest,
        derivation.map(|plan| plan.id.as_str()),
    );
    let digest = Digest::of(all.as_bytes()).to_string();
    format!("{PREFIX}{FORM}{}", digest.get(..32).unwrap_or(&digest))
}
