//! A plan with the release that it names, compiled with the variants that it takes.

use std::sync::Arc;

use jiff::civil::Date;
use vardnav_api::status::Fault;
use vardnav_classification::DescriptionSystem;
use vardnav_classification::model::VariantRef;
use vardnav_classification::text::Language;
use vardnav_interchange::release::tables::grain_name;
use vardnav_register::rederive::Rederivation;
use vardnav_register::validate::CheckSet;
use vardnav_release::Snapshot;
use vardnav_release::entry::DerivationPlan;
use vardnav_store::View;

use super::Trouble;

/// A plan, ready to derive with.
pub(crate) struct Compiled {
    pub(crate) plan: DerivationPlan,
    /// Under a name of its own where it takes other variants than the published release.
    pub(crate) release: Arc<Snapshot>,
}

impl Compiled {
    /// Compiles a plan.
    ///
    /// # Errors
    /// When the release cannot be loaded, or has no such variant.
    pub(crate) fn new(plan: &DerivationPlan, view: &View) -> Result<Self, Trouble> {
        let release = view
            .release(&plan.release)
            .ok_or_else(|| Trouble::Release(plan.release.clone()))?;
        Self::of(plan, release)
    }

    /// Compiles a plan whose release is at hand.
    ///
    /// # Errors
    /// When the release has no such variant.
    pub(crate) fn of(plan: &DerivationPlan, release: Arc<Snapshot>) -> Result<Self, Trouble> {
        if plan.variants.is_empty() {
            return Ok(Self {
                plan: plan.clone(),
                release,
            });
        }
        let variant = |text: &String| VariantRef::parse(text).ok_or_else(|| Trouble::Release(text.clone()));
        let variants = plan.variants.iter().map(variant).collect::<Result<Vec<_>, _>>()?;
        let source = release.description.source().clone();
        let description = DescriptionSystem::compile_with(source, &variants)
            .map_err(|_| Trouble::Release(plan.release_name()))?;
        let release = Snapshot {
            id: plan.release_name(),
            checks: Arc::new(CheckSet::compile(&release.register, &description)),
            description: Arc::new(description),
            ..release.as_ref().clone()
        };
        Ok(Self {
            plan: plan.clone(),
            release: Arc::new(release),
        })
    }

    /// Where its tables leave a gap under its variants, for care on its dates: nobody proves those with a release.
    pub(crate) fn gaps(&self) -> Vec<Fault> {
        let system = &self.release.description;
        let proofs = system.prove_total(self.plan.from.unwrap_or(Date::MIN), self.plan.until);
        let told = proofs.iter().flat_map(|proof| {
            let from = match proof.from {
                Date::MIN => "the first date there is".to_owned(),
                date => date.to_string(),
            };
            let subject = format!("table {}, {} from {from}", proof.table, grain_name(proof.grain));
            proof.defects.iter().map(move |defect| Fault {
                subject: subject.clone(),
                message: defect.words(system, Language::English),
            })
        });
        told.collect()
    }

    /// What is derived anew, and under what.
    pub(crate) fn rederivation(&self) -> Rederivation<'_> {
        Rederivation {
            release: self.release.view(),
            from: self.plan.from,
            until: self.plan.until,
        }
    }

    /// A release that parts name, this one among them.
    pub(crate) fn release<'a>(&'a self, id: &str, view: &'a View) -> Option<&'a Arc<Snapshot>> {
        match id == self.release.id {
            true => Some(&self.release),
            false => view.snapshot(id),
        }
    }
}
