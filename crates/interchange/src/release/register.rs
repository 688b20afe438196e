//! `register/`: variables, legal bases, validation checks and limits.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;
use vardnav_register::definition::{
    Check, LegalBasis, RegisterDefinition, ReservePattern, Severity, TimeLimits, Variable, VariableBasis,
};
use vardnav_register::record::RecordKind;
use vardnav_register::unit::definition::{LoadGuideline, UnitDefinition};
use vardnav_release::source::Element;

use super::reading::{Day, LabelText, Reading};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VariablesFile {
    variable: Vec<VariableText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VariableText {
    id: Spanned<String>,
    path: String,
    label: LabelText,
    definition: LabelText,
    kinds: Vec<KindText>,
    /// For every register; with it no `basis` is stated.
    legal_basis: Option<Spanned<String>>,
    #[serde(default)]
    basis: Vec<BasisText>,
    #[serde(default)]
    required: bool,
    code_system: Option<SystemsText>,
    from: Day,
    until: Option<Day>,
}

/// A basis for some registers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BasisText {
    legal_basis: String,
    #[serde(default)]
    registers: Vec<String>,
    from: Option<Day>,
    until: Option<Day>,
}

/// One code system, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum SystemsText {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum KindText {
    Episode,
    Contact,
    MonitoringPeriod,
    CareRequest,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LegalFile {
    basis: Vec<LegalText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LegalText {
    id: Spanned<String>,
    citation: String,
    summary: LabelText,
    status: String,
    from: Option<Day>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChecksFile {
    check: Vec<CheckText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckText {
    code: Spanned<String>,
    family: String,
    mechanism: String,
    severity: SeverityText,
    message: LabelText,
    remedy: LabelText,
    #[serde(default)]
    legal_basis: String,
    from: Option<Day>,
    until: Option<Day>,
    #[serde(default)]
    parameters: BTreeMap<String, u32>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum SeverityText {
    Warning,
    Hold,
    Error,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsFile {
    earliest: Spanned<Day>,
    days_ahead: i32,
    age_max: u16,
    geography: String,
    /// Whether variables are collected on legal bases that are only proposed.
    #[serde(default)]
    collects_on_proposals: bool,
    #[serde(default)]
    reserve: Vec<ReserveText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReserveText {
    issuer: String,
    pattern: String,
}

/// What `register/units.toml` says; a release without it checks nothing of units.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct UnitsFile {
    kinds: String,
    responsibilities: String,
    bases: String,
    ownerships: String,
    profession_axis: String,
    bed_axis: String,
    home_places: Vec<String>,
    load: Option<LoadText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LoadText {
    specialist: u32,
    in_training: u32,
}

/// Reads the register's part.
pub(super) fn read(reading: &mut Reading<'_>) -> RegisterDefinition {
    let mut definition = RegisterDefinition {
        variables: variables(reading),
        checks: checks(reading),
        legal_bases: legal_bases(reading),
        withdrawal_reasons: super::lists::withdrawal_reasons(reading),
        purposes: super::lists::purposes(reading),
        ..RegisterDefinition::default()
    };
    definition.deliveries = super::deliveries::read(reading, &definition.legal_bases);
    definition.units = units(reading);
    if let Some(file) = reading.required("register/limits.toml")
        && let Some(text) = reading.toml::<LimitsFile>(&file)
    {
        reading.note(Element::Limits, &file, &text.earliest);
        definition.limits = TimeLimits {
            earliest: text.earliest.get_ref().0,
            days_ahead: text.days_ahead,
            age_max: text.age_max,
        };
        definition.geography_system = text.geography;
        definition.collects_on_proposals = text.collects_on_proposals;
        definition.reserve_patterns = text
            .reserve
            .into_iter()
            .map(|ReserveText { issuer, pattern }| ReservePattern { issuer, pattern })
            .collect();
    }
    definition
}

fn units(reading: &mut Reading<'_>) -> UnitDefinition {
    let Some(file) = reading.optional("register/units.toml") else {
        return UnitDefinition::default();
    };
    reading.places.note(Element::Units, file.path, 0);
    let text: UnitsFile = reading.toml(&file).unwrap_or_default();
    UnitDefinition {
        kinds: text.kinds,
        responsibilities: text.responsibilities,
        bases: text.bases,
        ownerships: text.ownerships,
        profession_axis: text.profession_axis,
        bed_axis: text.bed_axis,
        home_places: text.home_places,
        load: text.load.map(|load| LoadGuideline {
            specialist: load.specialist,
            in_training: load.in_training,
        }),
    }
}

fn variables(reading: &mut Reading<'_>) -> Vec<Variable> {
    let Some(file) = reading.required("register/variables.toml") else {
        return Vec::new();
    };
    reading
        .places
        .note(Element::Variable(String::new()), file.path, 0);
    let Some(VariablesFile { variable }) = reading.toml(&file) else {
        return Vec::new();
    };
    variable
        .into_iter()
        .map(|text| {
            reading.note(Element::Variable(text.id.get_ref().clone()), &file, &text.id);
            if let Some(both) = text.legal_basis.as_ref().filter(|_| !text.basis.is_empty()) {
                let line = file.line_of(both.span().start);
                let message = "`legal_basis` holds for every register: state it, or `basis` for each";
                reading.problem("VN-REL-102", file.path, line, message);
            }
            Variable {
                id: text.id.into_inner(),
                path: text.path,
                label: text.label.into(),
                definition: text.definition.into(),
                kinds: text.kinds.into_iter().map(kind).collect(),
                bases: bases(text.legal_basis, text.basis),
                required: text.required,
                code_systems: match text.code_system {
                    Some(SystemsText::One(system)) => vec![system],
                    Some(SystemsText::Several(systems)) => systems,
                    None => Vec::new(),
                },
                from: text.from.0,
                until: text.until.map(|day| day.0),
            }
        })
        .collect()
}

fn bases(every: Option<Spanned<String>>, some: Vec<BasisText>) -> Vec<VariableBasis> {
    let every = every.map(|basis| VariableBasis::of_every_register(basis.into_inner()));
    let some = some.into_iter().map(|text| VariableBasis {
        legal_basis: text.legal_basis,
        registers: text.registers,
        from: text.from.map(|day| day.0),
        until: text.until.map(|day| day.0),
    });
    every.into_iter().chain(some).collect()
}

fn legal_bases(reading: &mut Reading<'_>) -> Vec<LegalBasis> {
    let Some(file) = reading.required("register/legal.toml") else {
        return Vec::new();
    };
    reading
        .places
        .note(Element::LegalBasis(String::new()), file.path, 0);
    let Some(LegalFile { basis }) = reading.toml(&file) else {
        return Vec::new();
    };
    basis
        .into_iter()
        .map(|text| {
            reading.note(Element::LegalBasis(text.id.get_ref().clone()), &file, &text.id);
            LegalBasis {
                id: text.id.into_inner(),
                citation: text.citation,
                summary: text.summary.into(),
                status: text.status,
                from: text.from.map(|day| day.0),
            }
        })
        .collect()
}

fn checks(reading: &mut Reading<'_>) -> Vec<Check> {
    let Some(file) = reading.required("register/checks.toml") else {
        return Vec::new();
    };
    reading.places.note(Element::Check(String::new()), file.path, 0);
    let Some(ChecksFile { check }) = reading.toml(&file) else {
        return Vec::new();
    };
    check
        .into_iter()
        .map(|text| {
            reading.note(Element::Check(text.code.get_ref().clone()), &file, &text.code);
            Check {
                code: text.code.into_inner(),
                family: text.family,
                mechanism: text.mechanism,
                severity: match text.severity {
                    SeverityText::Warning => Severity::Warning,
                    SeverityText::Hold => Severity::Hold,
                    SeverityText::Error => Severity::Error,
                },
                message: text.message.into(),
                remedy: text.remedy.into(),
                legal_basis: text.legal_basis,
                from: text.from.map(|day| day.0),
                until: text.until.map(|day| day.0),
                parameters: text.parameters.into_iter().collect(),
            }
        })
        .collect()
}

fn kind(text: KindText) -> RecordKind {
    match text {
        KindText::Episode => RecordKind::Episode,
        KindText::Contact => RecordKind::Contact,
        KindText::MonitoringPeriod => RecordKind::MonitoringPeriod,
        KindText::CareRequest => RecordKind::CareRequest,
    }
}
