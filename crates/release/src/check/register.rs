//! Checks of the register's part: variables, validation checks, legal bases, reasons of withdrawals, purposes, limits.

use std::collections::BTreeSet;

use vardnav_register::definition::{Check, FAMILIES, NOT_IN_DELIVERY, Severity, Variable, is_list_code};
use vardnav_register::validate::{
    CODED_PATHS, MAP_MECHANISMS, MECHANISMS, Mechanism, OPTIONAL_MECHANISMS, OPTIONAL_PATHS, RECORD_PATHS,
    TOGETHER, bounds, parameters,
};

use super::Findings;
use crate::source::Element;

/// Checks the register's part.
pub(super) fn check(found: &mut Findings<'_>) {
    let register = &found.source.register;
    legal_bases(found);
    variables(found, &register.variables);
    checks(found, &register.checks);
    withdrawal_reasons(found);
    purposes(found);
    units(found);
    limits(found);
}

fn legal_bases(found: &mut Findings<'_>) {
    let mut ids = BTreeSet::new();
    for basis in &found.source.register.legal_bases {
        let at = Element::LegalBasis(basis.id.clone());
        if basis.id.is_empty() || !ids.insert(basis.id.as_str()) {
            found.error(
                "VN-REL-104",
                &at,
                format!("legal basis `{}` is empty or given twice", basis.id),
            );
        }
        if basis.citation.trim().is_empty() {
            found.error(
                "VN-REL-112",
                &at,
                format!("legal basis `{}` has no citation", basis.id),
            );
        }
        found.text(&at, &format!("legal basis `{}`", basis.id), &basis.summary);
        if !matches!(basis.status.as_str(), "statutory" | "proposed") {
            let message = format!("legal basis `{}` is neither statutory nor proposed", basis.id);
            found.error("VN-REL-102", &at, message);
        }
    }
}

fn variables(found: &mut Findings<'_>, variables: &[Variable]) {
    let mut ids = BTreeSet::new();
    let mut paths = BTreeSet::new();
    for variable in variables {
        let at = Element::Variable(variable.id.clone());
        let name = format!("variable `{}`", variable.id);
        if variable.id.is_empty() || !ids.insert(variable.id.as_str()) {
            found.error("VN-REL-104", &at, format!("{name} is empty or given twice"));
        }
        if !paths.insert(variable.path.as_str()) {
            found.error(
                "VN-REL-104",
                &at,
                format!("path `{}` has two variables", variable.path),
            );
        }
        match RECORD_PATHS.iter().find(|known| known.path == variable.path) {
            None => {
                let message = format!("path `{}` is not one of a record", variable.path);
                found.error("VN-REL-115", &at, message);
            }
            Some(known) => {
                let has = |kind| known.kinds.contains(kind);
                if variable.kinds.is_empty() || !variable.kinds.iter().all(has) {
                    let path = known.path;
                    let message = format!("{name} names kinds of record that do not have `{path}`");
                    found.error("VN-REL-115", &at, message);
                }
            }
        }
        if variable.until.is_some_and(|until| until <= variable.from) {
            let message = format!("{name} ends before it begins");
            found.error("VN-REL-107", &at, message);
        }
        found.text(&at, &format!("the label of {name}"), &variable.label);
        found.text(&at, &format!("the definition of {name}"), &variable.definition);
        bases(found, &at, &name, variable);
        for url in &variable.code_systems {
            found.code_system(&at, &name, url);
        }
        if !variable.code_systems.is_empty() && !CODED_PATHS.contains(&variable.path.as_str()) {
            let message = format!("{name} names a code system, but `{}` is not coded", variable.path);
            found.error("VN-REL-111", &at, message);
        }
    }
    for path in RECORD_PATHS.iter().map(|known| known.path) {
        if !paths.contains(path) && !OPTIONAL_PATHS.contains(&path) {
            let message = format!("path `{path}` can be reported but has no variable");
            found.error("VN-REL-115", &Element::Variable(String::new()), message);
        }
    }
}

fn bases(found: &mut Findings<'_>, at: &Element, name: &str, variable: &Variable) {
    if variable.bases.is_empty() {
        found.legal_basis(at, name, "");
    }
    let registers = &found.source.register.deliveries;
    for basis in &variable.bases {
        found.legal_basis(at, name, &basis.legal_basis);
        found.interval(at, &format!("a basis of {name}"), basis.from, basis.until);
        for id in &basis.registers {
            if !registers.iter().any(|register| register.id == *id) {
                let message =
                    format!("a basis of {name} is for register `{id}`, which the release does not have");
                found.error("VN-REL-129", at, message);
            }
        }
    }
}

fn checks(found: &mut Findings<'_>, checks: &[Check]) {
    let mut codes = BTreeSet::new();
    for check in checks {
        let at = Element::Check(check.code.clone());
        let name = format!("check `{}`", check.code);
        if check.code.is_empty() || !codes.insert(check.code.as_str()) {
            found.error("VN-REL-104", &at, format!("{name} is empty or given twice"));
        }
        found.text(&at, &format!("the message of {name}"), &check.message);
        found.text(&at, &format!("the remedy of {name}"), &check.remedy);
        if !check.legal_basis.is_empty() {
            found.legal_basis(&at, &name, &check.legal_basis);
        }
        if !FAMILIES.contains(&check.family.as_str()) {
            let message = format!("{name} is of family `{}`, which does not exist", check.family);
            found.error("VN-REL-109", &at, message);
        }
        let mechanism = Mechanism::from_name(&check.mechanism);
        let taken = mechanism.map_or(&[][..], parameters);
        for (parameter, value) in &check.parameters {
            if !taken.iter().any(|(known, _)| known == parameter) {
                let message = format!("{name} sets `{parameter}`, which its mechanism does not ask for");
                found.error("VN-REL-109", &at, message);
            }
            let bounds = mechanism.map_or(0..=u32::MAX, |mechanism| bounds(mechanism, parameter));
            if !bounds.contains(value) {
                let (least, most) = bounds.into_inner();
                let message = format!("`{parameter}` of {name} is not {least} to {most}");
                found.error("VN-REL-116", &at, message);
            }
        }
        if mechanism.is_some_and(|mechanism| TOGETHER.contains(&mechanism))
            && check.severity != Severity::Warning
        {
            let message = format!("{name} is about records together and is not a warning");
            found.error("VN-REL-117", &at, message);
        }
        let description = &found.source.description;
        let named = description
            .exclusions
            .iter()
            .chain(&description.contradictions)
            .any(|combination| combination.id == check.code);
        if !named && !MECHANISMS.contains(&check.mechanism.as_str()) {
            let message = format!(
                "{name} names mechanism `{}`, which does not exist",
                check.mechanism
            );
            found.error("VN-REL-109", &at, message);
        }
    }
    let takes_codes = |variable: &Variable| OPTIONAL_PATHS.contains(&variable.path.as_str());
    let asks_maps = found.source.register.variables.iter().any(takes_codes);
    for mechanism in MECHANISMS {
        if !asks_maps && MAP_MECHANISMS.contains(mechanism) || OPTIONAL_MECHANISMS.contains(mechanism) {
            continue;
        }
        if !checks.iter().any(|check| check.mechanism == *mechanism) {
            let message = format!("mechanism `{mechanism}` has no check");
            found.error("VN-REL-109", &Element::Check(String::new()), message);
        }
    }
}

fn withdrawal_reasons(found: &mut Findings<'_>) {
    let reasons = &found.source.register.withdrawal_reasons;
    if reasons.is_empty() && !found.source.unread.contains("register/withdrawals.toml") {
        let at = Element::WithdrawalReason(String::new());
        found.error(
            "VN-REL-139",
            &at,
            "there is no reason for which records are withdrawn",
        );
    }
    let mut codes = BTreeSet::new();
    for reason in reasons {
        let at = Element::WithdrawalReason(reason.code.clone());
        let name = format!("reason `{}`", reason.code);
        if reason.code == NOT_IN_DELIVERY {
            let message = format!("{name} is the one that the register itself gives");
            found.error("VN-REL-139", &at, message);
        }
        list_code(found, &at, (&name, &reason.code), &mut codes);
        found.text(&at, &format!("the label of {name}"), &reason.label);
        found.interval(&at, &name, reason.from, reason.until);
    }
}

fn purposes(found: &mut Findings<'_>) {
    let purposes = &found.source.register.purposes;
    if purposes.is_empty() && !found.source.unread.contains("register/purposes.toml") {
        let at = Element::Purpose(String::new());
        found.error(
            "VN-REL-139",
            &at,
            "there is no purpose for which identities are used",
        );
    }
    let mut codes = BTreeSet::new();
    for purpose in purposes {
        let at = Element::Purpose(purpose.code.clone());
        let name = format!("purpose `{}`", purpose.code);
        list_code(found, &at, (&name, &purpose.code), &mut codes);
        found.text(&at, &format!("the label of {name}"), &purpose.label);
        found.interval(&at, &name, purpose.from, purpose.until);
        if purpose.legal_bases.is_empty() {
            found.legal_basis(&at, &name, "");
        }
        for basis in &purpose.legal_bases {
            found.legal_basis(&at, &name, basis);
        }
    }
}

fn list_code<'a>(
    found: &mut Findings<'_>,
    at: &Element,
    (name, code): (&str, &'a str),
    codes: &mut BTreeSet<&'a str>,
) {
    if !is_list_code(code) {
        let message = format!("the code of {name} is not 1 to 64 of a–z, 0–9 and `-`");
        found.error("VN-REL-139", at, message);
    }
    if !codes.insert(code) {
        found.error("VN-REL-104", at, format!("{name} is given twice"));
    }
    found.harmless(at, "the code", code);
}

fn units(found: &mut Findings<'_>) {
    let (units, description) = (&found.source.register.units, &found.source.description);
    for url in [
        &units.kinds,
        &units.responsibilities,
        &units.bases,
        &units.ownerships,
    ] {
        if !url.is_empty() {
            found.code_system(&Element::Units, "the registry of care units", url);
        }
    }
    let axis = |id: &str| description.axes.iter().find(|axis| axis.id == id);
    for id in [&units.profession_axis, &units.bed_axis] {
        if !id.is_empty() && axis(id).is_none() {
            let message = format!("there is no axis `{id}`");
            found.error("VN-REL-150", &Element::Units, message);
        }
    }
    for kind in &units.home_places {
        let mut values = axis(&units.bed_axis).into_iter().flat_map(|axis| &axis.values);
        if !values.any(|value| value.code == *kind) {
            let message = format!("the axis of beds has no value `{kind}`");
            found.error("VN-REL-150", &Element::Units, message);
        }
    }
    if units
        .load
        .is_some_and(|load| load.specialist == 0 || load.in_training == 0)
    {
        let message = "a physician answers for nobody";
        found.error("VN-REL-150", &Element::Units, message);
    }
}

fn limits(found: &mut Findings<'_>) {
    let register = &found.source.register;
    let limits = register.limits;
    if !(0..=366).contains(&limits.days_ahead) {
        found.error("VN-REL-116", &Element::Limits, "days ahead must be 0 to 366");
    }
    if !(100..=150).contains(&limits.age_max) {
        found.error(
            "VN-REL-116",
            &Element::Limits,
            "the highest age must be 100 to 150 years",
        );
    }
    if limits.earliest > found.source.head.from {
        let message = "the earliest date of care lies after the date from which the release applies";
        found.error("VN-REL-107", &Element::Limits, message);
    }
    for pattern in &register.reserve_patterns {
        if pattern.issuer.is_empty() || pattern.pattern.len() < 8 || pattern.pattern.len() > 32 {
            found.error(
                "VN-REL-116",
                &Element::Limits,
                "a reserve-number pattern has 8 to 32 places and an issuer",
            );
        }
    }
    let url = register.geography_system.clone();
    found.code_system(&Element::Limits, "the register", &url);
}
