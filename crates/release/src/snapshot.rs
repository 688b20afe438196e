//! A release compiled: immutable, shared by everything that classifies, validates, looks up or counts under it.
//! A snapshot is a cache; the package and the editions are what is kept.

use std::sync::Arc;

use jiff::civil::Date;
use vardnav_classification::DescriptionSystem;
use vardnav_classification::model::Label;
use vardnav_indicators::definition::IndicatorDefinitions;
use vardnav_register::definition::RegisterDefinition;
use vardnav_register::mapping::CodeMap;
use vardnav_register::surroundings::{CodeStatus, Codes, PrincipalKind, ReleaseView};
use vardnav_register::validate::CheckSet;
use vardnav_terminology::model::Validity;
use vardnav_terminology::translate::ConceptMapIndex;
use vardnav_terminology::{Catalog, CatalogError, Edition};

use crate::package::Digest;
use crate::source::{EditionBinding, Element, Place, ReleaseFinding, ReleaseSource};
use crate::{axes, check};

/// A compiled release.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Id.
    pub id: String,
    /// Digest of its package.
    pub digest: Digest,
    /// First date of care it applies to.
    pub from: Date,
    /// Name for people.
    pub title: Label,
    /// What it brings.
    pub summary: Label,
    /// Axes and decision tables.
    pub description: Arc<DescriptionSystem>,
    /// Variables, checks, legal bases, limits.
    pub register: RegisterDefinition,
    /// Indicators and disclosure.
    pub indicators: IndicatorDefinitions,
    /// The release's own code systems, those bound editions that are loaded, and its maps as concept maps.
    pub catalog: Catalog,
    /// Editions of external code systems that it binds, loaded or not.
    pub bindings: Vec<EditionBinding>,
    /// What deserves a look: findings that do not stop publication.
    pub warnings: Vec<ReleaseFinding>,
    /// The validation checks, compiled.
    pub checks: Arc<CheckSet>,
    /// Its maps from codes to facts, in the order in which they are asked.
    pub maps: Vec<Arc<CodeMap>>,
}

impl Snapshot {
    /// Checks and compiles a release. Of `editions` those that it binds are taken into its catalog.
    ///
    /// # Errors
    /// All findings of the check, and what the compilers of its parts found, when one of them is an error.
    pub fn compile(
        source: ReleaseSource,
        digest: Digest,
        editions: &[Arc<Edition>],
    ) -> Result<Self, Vec<ReleaseFinding>> {
        let mut findings = check::check(&source);
        let catalog = catalog(&source, editions, &mut findings);
        let ReleaseSource {
            head,
            description,
            register,
            indicators,
            places,
            maps,
            ..
        } = source;
        let compiled = DescriptionSystem::compile(description);
        match (compiled, findings.iter().any(|finding| !finding.warning)) {
            (Ok(description), false) => Ok(Self {
                checks: Arc::new(CheckSet::compile(&register, &description)),
                id: head.id,
                digest,
                from: head.from,
                title: head.title,
                summary: head.summary,
                description: Arc::new(description),
                register,
                indicators,
                catalog,
                bindings: head.bindings,
                warnings: findings,
                maps: maps.iter().map(|map| Arc::new(CodeMap::compile(map))).collect(),
            }),
            (Ok(_), true) => Err(findings),
            (Err(problems), _) => {
                if !findings.iter().any(|finding| finding.code == "VN-REL-103") {
                    let place = places.of(&Element::Head);
                    findings.extend(problems.iter().map(|problem| {
                        ReleaseFinding::error("VN-REL-103", place.clone(), problem.to_string())
                    }));
                }
                Err(findings)
            }
        }
    }

    /// The same release with other editions loaded: its own code systems stay, of `editions` the bound ones are
    /// taken.
    pub fn with_editions(&self, editions: &[Arc<Edition>]) -> Self {
        let mut catalog = Catalog::new();
        let own = self
            .catalog
            .editions()
            .filter(|edition| self.carries(edition.url()));
        for edition in own.chain(editions.iter().filter(|edition| self.binds(edition))) {
            // An edition given twice is there already.
            let _ = catalog.insert(Arc::clone(edition));
        }
        for binding in &self.bindings {
            // The bindings were taken without an error when the release was compiled.
            let _ = bind(&mut catalog, binding);
        }
        for map in self.catalog.concept_maps() {
            // Each has another address or version, as it had before.
            let _ = catalog.insert_concept_map(Arc::clone(map));
        }
        Self {
            catalog,
            ..self.clone()
        }
    }

    /// Whether a code system is the release's own, and not one that it binds.
    pub fn carries(&self, system: &str) -> bool {
        !self.bindings.iter().any(|binding| binding.system == system)
            && self.catalog.editions().any(|edition| edition.url() == system)
    }

    /// Whether the release binds this edition on some date.
    pub fn binds(&self, edition: &Edition) -> bool {
        self.bindings
            .iter()
            .any(|binding| binding.system == edition.url() && binding.version == edition.version())
    }

    /// What records need of the release.
    pub fn view(&self) -> ReleaseView<'_> {
        ReleaseView {
            id: &self.id,
            system: &self.description,
            register: &self.register,
            checks: &self.checks,
            codes: self,
            maps: &self.maps,
        }
    }
}

impl Codes for Snapshot {
    fn check(&self, system: &str, version: Option<&str>, code: &str, date: Date) -> CodeStatus {
        match self.catalog.check(system, version, code, date) {
            vardnav_terminology::CodeStatus::Valid => CodeStatus::Valid,
            vardnav_terminology::CodeStatus::NotValidOnDate => CodeStatus::NotValidOnDate,
            vardnav_terminology::CodeStatus::Unknown => CodeStatus::Unknown,
            vardnav_terminology::CodeStatus::NotLoaded => CodeStatus::NotLoaded,
            vardnav_terminology::CodeStatus::UnknownSystem => CodeStatus::UnknownSystem,
        }
    }

    fn principal_kind(&self, code: &str) -> Option<PrincipalKind> {
        let geography = self
            .catalog
            .in_force(&self.register.geography_system, self.from)?;
        match geography.lookup(code)?.property("kind")? {
            "region" => Some(PrincipalKind::Region),
            "kommun" => Some(PrincipalKind::Kommun),
            _ => None,
        }
    }

    fn is_detailed_enough(&self, system: &str, version: Option<&str>, code: &str, date: Date) -> bool {
        let binding = self.bindings.iter().find(|binding| {
            binding.system == system
                && version.map_or_else(|| binding.holds_on(date), |version| binding.version == version)
        });
        let Some(binding) = binding else { return true };
        let refused = binding
            .refused_endings
            .iter()
            .any(|ending| code.ends_with(ending.as_str()));
        let too_general = binding.most_detailed
            && self
                .catalog
                .edition(system, &binding.version)
                .and_then(|edition| edition.lookup(code))
                .is_some_and(|concept| !concept.is_leaf());
        !refused && !too_general
    }
}

fn catalog(source: &ReleaseSource, editions: &[Arc<Edition>], findings: &mut Vec<ReleaseFinding>) -> Catalog {
    let mut catalog = Catalog::new();
    let axes = axes::code_systems(&source.description, &source.head.id);
    for system in source.code_systems.iter().chain(&axes) {
        match Edition::compile(system.clone()) {
            Ok(edition) => {
                // An address given twice is a finding of the check.
                let _ = catalog.insert(Arc::new(edition));
            }
            Err(problems) => {
                for problem in problems {
                    let element = Element::Concept(system.url.clone(), problem.code.clone());
                    let place = source.places.of(&element);
                    if !known(findings, &place) {
                        findings.push(ReleaseFinding::error("VN-REL-106", place, problem.to_string()));
                    }
                }
            }
        }
    }
    for map in &source.maps {
        // An address given twice is a finding of the check.
        let _ = catalog.insert_concept_map(Arc::new(ConceptMapIndex::compile(map.to_concept_map())));
    }
    let bindings = &source.head.bindings;
    for edition in editions {
        let wanted = |binding: &&EditionBinding| {
            binding.system == edition.url() && binding.version == edition.version()
        };
        if bindings.iter().any(|binding| wanted(&binding)) {
            // An edition given twice is there already.
            let _ = catalog.insert(Arc::clone(edition));
        }
    }
    for binding in bindings {
        if let Err(error) = bind(&mut catalog, binding) {
            let element = Element::Binding(binding.system.clone(), binding.version.clone());
            let place = source.places.of(&element);
            if !known(findings, &place) {
                findings.push(ReleaseFinding::error("VN-REL-107", place, error.to_string()));
            }
        }
    }
    catalog
}

fn bind(catalog: &mut Catalog, binding: &EditionBinding) -> Result<(), CatalogError> {
    let validity = Validity {
        from: binding.from,
        until: binding.until,
    };
    catalog.bind(&binding.system, &binding.version, validity)
}

/// Whether an error is noted at a place already.
fn known(findings: &[ReleaseFinding], place: &Place) -> bool {
    findings
        .iter()
        .any(|finding| !finding.warning && finding.place == *place)
}
