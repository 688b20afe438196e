//! `vardnav explain`: what a finding code means and how to mend it, from the starter release.

use serde_json::json;
use vardnav_interchange::classify_lines;
use vardnav_interchange::release::{self, starter};

use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};

/// Runs the command.
pub(crate) fn run(code: &str, format: Format) -> Outcome {
    if let Some((code, meaning)) = classify_lines::CODES.iter().find(|(known, _)| *known == code) {
        return output::one(format, &json!({"code": code, "message": {"en": meaning}}));
    }
    let package = starter::package().map_err(Failure::failed)?;
    let release = release::compile(&package, &[]).map_err(|findings| {
        Failure::Failed(format!("the starter release has {} findings", findings.len()))
    })?;
    let check = release.register.checks.iter().find(|check| check.code == code);
    let check = check
        .ok_or_else(|| Failure::Findings(format!("`{code}` is no finding code of release {}", release.id)))?;
    let basis = release
        .register
        .legal_bases
        .iter()
        .find(|basis| basis.id == check.legal_basis);
    output::one(
        format,
        &json!({
            "code": check.code,
            "family": check.family,
            "severity": format!("{:?}", check.severity).to_lowercase(),
            "message": {"sv": check.message.sv, "en": check.message.en},
            "remedy": {"sv": check.remedy.sv, "en": check.remedy.en},
            "legal_basis": basis.map(|basis| &basis.citation),
            "release": release.id,
        }),
    )
}
