//! `vardnav explain`: what a code means and how to mend it. Codes of checks are told by the starter release, all
//! others by the lists that stand beside the code that answers with them.

use serde_json::{Value, json};
use vardnav_api::{status, terminology};
use vardnav_interchange::release::{self, starter};
use vardnav_interchange::{classify_lines, codesystem, content, maps};
use vardnav_release::{check, lifecycle, package};

use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};

/// Code, meaning and remedy of everything that is not a check of a release.
const CODES: &[&[(&str, &str, &str)]] = &[
    classify_lines::CODES,
    codesystem::CODES,
    content::archive::CODES,
    content::claml::CODES,
    content::csv::CODES,
    content::fhir::CODES,
    content::left_out::CODES,
    content::rf2::CODES,
    content::skos::CODES,
    content::tbx::CODES,
    content::xml::CODES,
    vardnav_service_terminology::CODES,
    release::CODES,
    maps::CODES,
    check::CODES,
    lifecycle::CODES,
    package::CODES,
    terminology::CODES,
    vardnav_store::check::CODES,
    status::CODES,
];

/// Runs the command.
pub(crate) fn run(code: &str, format: Format) -> Outcome {
    output::one(format, &explained(code)?)
}

fn explained(code: &str) -> Result<Value, Failure> {
    let known = CODES.iter().copied().flatten().find(|(known, ..)| *known == code);
    if let Some((code, meaning, remedy)) = known {
        return Ok(json!({
            "code": code,
            "message": {"en": meaning},
            "remedy": {"en": remedy},
        }));
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
    Ok(json!({
        "code": check.code,
        "family": check.family,
        "severity": format!("{:?}", check.severity).to_lowercase(),
        "message": {"sv": check.message.sv, "en": check.message.en},
        "remedy": {"sv": check.remedy.sv, "en": check.remedy.en},
        "legal_basis": basis.map(|basis| &basis.citation),
        "release": release.id,
    }))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};

    use super::*;

    /// Source files of a folder, tests left out.
    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                if name != "tests" && name != "target" {
                    sources(&path, found);
                }
            } else if name.ends_with(".rs") && name != "tests.rs" {
                found.push(path);
            }
        }
    }

    /// How often each string that is a code stands in the sources.
    fn written() -> BTreeMap<String, usize> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut files = Vec::new();
        sources(&root.join("crates"), &mut files);
        sources(&root.join("services"), &mut files);
        assert!(files.len() > 100);
        let mut codes = BTreeMap::new();
        for file in files {
            let text = std::fs::read_to_string(file).unwrap();
            for code in text.split('"').filter(|code| code.starts_with("VN-")) {
                let is_code = code
                    .rsplit_once('-')
                    .is_some_and(|(_, number)| number.len() == 3 && number.parse::<u16>().is_ok());
                if is_code {
                    *codes.entry(code.to_owned()).or_default() += 1;
                }
            }
        }
        codes
    }

    #[test]
    fn every_code_in_the_sources_is_explained_once_and_none_is_explained_in_vain() {
        let written = written();
        let unexplained: Vec<&String> = written.keys().filter(|code| explained(code).is_err()).collect();
        assert!(unexplained.is_empty(), "not explained: {unexplained:?}");
        let mut listed = BTreeMap::new();
        for (code, meaning, remedy) in CODES.iter().copied().flatten() {
            *listed.entry(*code).or_insert(0) += 1;
            assert!(!meaning.is_empty() && !remedy.is_empty(), "{code}");
            assert!(
                written[*code] > 1,
                "{code} is explained, but nothing answers with it"
            );
        }
        assert!(listed.values().all(|times| *times == 1), "{listed:?}");
    }

    #[test]
    fn what_a_mechanism_answers_without_a_release_is_explained_in_both_languages() {
        for name in vardnav_register::validate::MECHANISMS {
            let code = vardnav_register::validate::Mechanism::from_name(name)
                .unwrap()
                .code();
            let explained = explained(&code).unwrap_or_else(|_| panic!("{code}"));
            for text in ["/message/sv", "/message/en", "/remedy/sv", "/remedy/en"] {
                assert!(
                    explained.pointer(text).is_some_and(|text| text != ""),
                    "{code} {text}"
                );
            }
        }
    }
}
