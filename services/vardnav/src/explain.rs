//! `vardnav explain`: what a code means and how to mend it. Codes of checks are told by the starter release, all
//! others by the lists that stand beside the code that answers with them.

use serde_json::{Value, json};
use vardnav_api::{status, terminology};
use vardnav_interchange::release::{self, starter};
use vardnav_interchange::{classify_lines, codesystem, content, maps, population_table, register, upload};
use vardnav_register::definition::Check;
use vardnav_release::snapshot::Snapshot;
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
    vardnav_service_register::CODES,
    vardnav_service_terminology::CODES,
    release::CODES,
    maps::CODES,
    population_table::CODES,
    upload::CODES,
    upload::bed_days::CODES,
    upload::groups::CODES,
    upload::months::CODES,
    upload::population::CODES,
    upload::series::CODES,
    register::population::CODES,
    check::CODES,
    lifecycle::CODES,
    package::CODES,
    terminology::CODES,
    vardnav_store::check::CODES,
    status::CODES,
];

/// The pages in Swedish of what stands in [`CODES`]: `code | cause | remedy`, one a line.
const PAGES_SV: &str = include_str!("explain/pages.sv.txt");

/// Runs the command: the page of a code, or of all there are.
pub(crate) fn run(code: Option<&str>, format: Format) -> Outcome {
    match code {
        Some(code) => output::one(format, &explained(code)?),
        None => {
            let columns = ["code", "family", "severity", "message", "remedy"];
            let pages: Vec<Value> = all()?.into_iter().map(|page| listed(&page)).collect();
            output::rows(format, &columns, &pages)
        }
    }
}

fn explained(code: &str) -> Result<Value, Failure> {
    if let Some(page) = of_lists(code) {
        return Ok(page);
    }
    let release = starter()?;
    let check = release.register.checks.iter().find(|check| check.code == code);
    let check = check
        .ok_or_else(|| Failure::Findings(format!("`{code}` is no finding code of release {}", release.id)))?;
    Ok(of_check(check, &release))
}

/// Every page, in the order of the codes.
fn all() -> Result<Vec<Value>, Failure> {
    let release = starter()?;
    let codes = CODES.iter().copied().flatten();
    let of_checks = release
        .register
        .checks
        .iter()
        .map(|check| of_check(check, &release));
    let mut pages: Vec<Value> = codes
        .filter_map(|(code, ..)| of_lists(code))
        .chain(of_checks)
        .collect();
    pages.sort_by_key(|page| page.get("code").map(ToString::to_string));
    Ok(pages)
}

/// A page as a row: cause and remedy in Swedish, in English where there is no Swedish.
fn listed(page: &Value) -> Value {
    let text = |name: &str| {
        let text = page.get(name);
        text.and_then(|text| text.get("sv").or_else(|| text.get("en")))
            .cloned()
    };
    json!({
        "code": page.get("code"),
        "family": page.get("family"),
        "severity": page.get("severity"),
        "message": text("message"),
        "remedy": text("remedy"),
    })
}

/// The page of a code that is no check of a release.
fn of_lists(code: &str) -> Option<Value> {
    let mut codes = CODES.iter().copied().flatten();
    let (code, meaning, remedy) = codes.find(|(known, ..)| *known == code)?;
    let in_swedish = pages_sv().find(|(known, ..)| known == code);
    let (message, remedy) = match in_swedish {
        Some((_, cause_sv, remedy_sv)) => (
            json!({"sv": cause_sv, "en": meaning}),
            json!({"sv": remedy_sv, "en": remedy}),
        ),
        None => (json!({"en": meaning}), json!({"en": remedy})),
    };
    Some(json!({"code": code, "message": message, "remedy": remedy}))
}

/// Code, cause and remedy in Swedish.
fn pages_sv() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let pages = PAGES_SV.lines().filter(|line| !line.starts_with('#'));
    pages.filter_map(|page| {
        let (code, texts) = page.split_once(" | ")?;
        let (cause, remedy) = texts.split_once(" | ")?;
        Some((code, cause, remedy))
    })
}

fn of_check(check: &Check, release: &Snapshot) -> Value {
    let mut bases = release.register.legal_bases.iter();
    let basis = bases.find(|basis| basis.id == check.legal_basis);
    json!({
        "code": check.code,
        "family": check.family,
        "severity": format!("{:?}", check.severity).to_lowercase(),
        "message": {"sv": check.message.sv, "en": check.message.en},
        "remedy": {"sv": check.remedy.sv, "en": check.remedy.en},
        "legal_basis": basis.map(|basis| &basis.citation),
        "release": release.id,
    })
}

fn starter() -> Result<Snapshot, Failure> {
    let package = starter::package().map_err(Failure::failed)?;
    release::compile(&package, &[])
        .map_err(|findings| Failure::Failed(format!("the starter release has {} findings", findings.len())))
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
        let mut in_swedish = BTreeMap::new();
        for (code, cause, remedy) in pages_sv() {
            *in_swedish.entry(code).or_insert(0) += 1;
            assert!(!cause.is_empty() && !remedy.is_empty(), "{code}");
        }
        assert_eq!(
            in_swedish.len(),
            PAGES_SV.lines().filter(|line| !line.starts_with('#')).count(),
            "a line is no page"
        );
        assert_eq!(listed, in_swedish, "pages in English and in Swedish");
    }

    #[test]
    fn every_page_is_listed_once_in_both_languages() {
        let pages = all().unwrap();
        let codes: Vec<&str> = pages.iter().map(|page| page["code"].as_str().unwrap()).collect();
        assert!(codes.is_sorted_by(|one, next| one < next), "{codes:?}");
        for page in &pages {
            for text in ["/message/sv", "/message/en", "/remedy/sv", "/remedy/en"] {
                assert!(page.pointer(text).is_some_and(|text| text != ""), "{page}");
            }
            assert!(listed(page)["message"].is_string());
        }
        assert!(written().keys().all(|code| codes.contains(&code.as_str())));
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
