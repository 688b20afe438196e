//! What the address of a page asks to have classified: release, date, what is described, facts, variants.

use std::sync::Arc;

use jiff::civil::Date;
use vardnav_classification::{AxisIndex, DescriptionSystem, FactSet, FactSource, Grain};
use vardnav_release::Snapshot;

use crate::Source;
use crate::address::{Address, segment};

/// Parameter that names a release.
pub(super) const RELEASE: &str = "release";
/// Parameter that names the date.
pub(super) const DATE: &str = "date";
/// Parameter that says what is described.
pub(super) const GRAIN: &str = "of";
/// Parameter that names a variant of an unsettled point.
pub(super) const VARIANT: &str = "variant";
/// What the parameters of facts begin with, before the id of the axis.
const FACT: &str = "f.";
/// Variants that are read.
const VARIANTS_MAX: usize = 32;

/// The grains by their names in addresses.
pub(super) const GRAINS: [(Grain, &str); 3] = [
    (Grain::Contact, "contact"),
    (Grain::Segment, "segment"),
    (Grain::MonitoringPeriod, "monitoring-period"),
];

/// What is to be classified, and by what.
pub(super) struct Asked {
    pub(super) release: Arc<Snapshot>,
    pub(super) system: Arc<DescriptionSystem>,
    pub(super) date: Date,
    pub(super) grain: Grain,
    pub(super) facts: FactSet,
    /// Variants in place of the release's own.
    pub(super) variants: Vec<String>,
    /// Facts in the address that mean nothing here.
    pub(super) ignored: Vec<String>,
    /// Whether the address names the release.
    named: bool,
    /// Whether the address names the date.
    dated: bool,
}

impl Asked {
    /// Reads an address. `None` when no release is in force, or none of that name is published.
    pub(super) fn of(source: &dyn Source, address: &Address) -> Option<Self> {
        let stated = address.value(DATE).and_then(|date| date.parse::<Date>().ok());
        let date = stated.unwrap_or_else(|| source.today());
        let named = address.value(RELEASE);
        let release = match named {
            Some(id) => source.releases().into_iter().find(|release| release.id == id),
            None => source.release_on(date),
        }?;
        let wanted = address.value(GRAIN);
        let grain = GRAINS
            .iter()
            .find(|(_, name)| wanted == Some(name))
            .map_or(Grain::Contact, |(grain, _)| *grain);
        let variants: Vec<String> = address
            .values(VARIANT)
            .take(VARIANTS_MAX)
            .map(str::to_owned)
            .collect();
        let (system, variants) = match source.under(&release, &variants) {
            Some(system) => (system, variants),
            None => (Arc::clone(&release.description), Vec::new()),
        };
        let (facts, ignored) = facts(&system, grain, address);
        Some(Self {
            system,
            date,
            grain,
            facts,
            variants,
            ignored,
            named: named.is_some(),
            dated: stated.is_some(),
            release,
        })
    }

    /// Name of the parameter of an axis.
    pub(super) fn parameter(axis: &str) -> String {
        format!("{FACT}{axis}")
    }

    /// Name of what is described, in addresses.
    pub(super) fn grain_name(&self) -> &'static str {
        grain_name(self.grain)
    }

    /// What an address says to ask the same; `whole` with release and date, so that it always leads to the same.
    pub(super) fn parameters(&self, whole: bool) -> Vec<(String, String)> {
        self.parameters_of(&self.facts, &self.variants, whole)
    }

    /// As [`Self::parameters`], of other facts and variants.
    pub(super) fn parameters_of(
        &self,
        facts: &FactSet,
        variants: &[String],
        whole: bool,
    ) -> Vec<(String, String)> {
        let mut all = vec![(GRAIN.to_owned(), self.grain_name().to_owned())];
        if whole || self.named {
            all.push((RELEASE.to_owned(), self.release.id.clone()));
        }
        if whole || self.dated {
            all.push((DATE.to_owned(), self.date.to_string()));
        }
        for slot in self.slots() {
            let axis = self.system.axis_id(slot);
            let values = vardnav_classification::facts::bits(facts.values(slot));
            all.extend(values.map(|value| {
                let code = self.system.value_code(slot, value).to_owned();
                (Self::parameter(axis), code)
            }));
        }
        all.extend(
            variants
                .iter()
                .map(|variant| (VARIANT.to_owned(), variant.clone())),
        );
        all
    }

    /// The axes, and tables, whose facts may be stated of what is described.
    pub(super) fn slots(&self) -> impl Iterator<Item = AxisIndex> {
        let system = Arc::clone(&self.system);
        let grain = self.grain;
        let count = system.source().axes.len() + system.source().tables.len();
        (0..count)
            .filter_map(AxisIndex::new)
            .filter(move |slot| match system.axis_definition(*slot) {
                Some(axis) => axis.grains.contains(&grain),
                None => system.takes_fact(*slot, grain),
            })
    }

    /// A link to the decision tables, or one of them, of the same release under the same variants.
    pub(super) fn tables_link(&self, address: &Address, table: &str) -> String {
        let path = if table.is_empty() {
            "/beslutstabeller".to_owned()
        } else {
            format!("/beslutstabeller/{}", segment(table))
        };
        let mut parameters: Vec<(&str, &str)> = Vec::new();
        if self.named {
            parameters.push((RELEASE, &self.release.id));
        }
        parameters.extend(self.variants.iter().map(|variant| (VARIANT, variant.as_str())));
        address.to(&path, &parameters)
    }

    /// Whether the address names the release.
    pub(super) fn is_named(&self) -> bool {
        self.named
    }
}

fn grain_name(grain: Grain) -> &'static str {
    GRAINS
        .iter()
        .find(|(known, _)| *known == grain)
        .map_or("contact", |(_, name)| name)
}

/// The facts of an address, and the parameters that mean nothing.
pub(super) fn facts(system: &DescriptionSystem, grain: Grain, address: &Address) -> (FactSet, Vec<String>) {
    let mut facts = FactSet::new();
    let mut ignored = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for (name, _) in address.parameters() {
        let Some(axis) = name.strip_prefix(FACT) else {
            continue;
        };
        if seen.contains(&axis) {
            continue;
        }
        seen.push(axis);
        if address.value(name).is_none() {
            continue;
        }
        let fits = system
            .axis(axis)
            .and_then(|slot| system.axis_definition(slot))
            .is_none_or(|definition| definition.grains.contains(&grain));
        if !fits {
            ignored.push(axis.to_owned());
            continue;
        }
        let stated = system.state(grain, &mut facts, axis, address.values(name), FactSource::Record);
        if stated.is_err() {
            ignored.push(axis.to_owned());
        }
    }
    (facts, ignored)
}
