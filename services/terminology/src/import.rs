//! Importing editions: files in, findings out; what is free of errors is kept and loaded, nothing half.

use std::collections::BTreeSet;

use vardnav_api::release::refusal;
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::terminology::code_system_message;
use vardnav_api::vardnav::terminology::v1 as pb;
use vardnav_api::vardnav::r#type::v1 as types;
use vardnav_interchange::codesystem::{self, ImportFinding, ImportSeverity};
use vardnav_release::entry::EditionRecord;
use vardnav_release::package::Package;
use vardnav_release::{AuthorityState, lifecycle};
use vardnav_runtime::caller::Caller;
use vardnav_runtime::clock;
use vardnav_store::{AuthorityError, DecideError, Digest};
use vardnav_terminology::Edition;

use crate::{Terminology, edition_files};

/// An edition read from files, with the blob that keeps them.
struct Found {
    edition: Edition,
    blob: Vec<u8>,
}

impl Terminology {
    /// Imports the editions in a package of files. The same files again change nothing.
    ///
    /// # Errors
    /// When a version is imported with other content, or the store does not take them. What is wrong with the files stands in the findings.
    pub async fn import(
        &self,
        caller: &Caller,
        package: Package,
        validate_only: bool,
    ) -> Result<pb::ImportCodeSystemResponse, ApiError> {
        let read = tokio::task::spawn_blocking(move || read(&package)).await;
        let (found, findings) =
            read.map_err(|_| ApiError::new(Kind::Unavailable, "VN-API-010", "the server is stopping"))?;
        let mut code_systems = Vec::with_capacity(found.len());
        let mut imports = Vec::with_capacity(found.len());
        for Found { edition, blob } in found {
            let digest = Digest::of(&blob);
            code_systems.push(code_system_message(&edition, Some(&digest.0), ""));
            let record = EditionRecord {
                system: edition.url().to_owned(),
                version: edition.version().to_owned(),
                title: edition.title().to_owned(),
                concepts: edition.len() as u64,
                blob: digest.0,
            };
            imports.push((record, blob));
        }
        self.keep(caller, imports, validate_only).await?;
        Ok(pb::ImportCodeSystemResponse {
            code_systems,
            findings: findings.iter().map(finding_message).collect(),
        })
    }

    /// Keeps editions: all of them or none. What is refused leaves no blob behind.
    async fn keep(
        &self,
        caller: &Caller,
        imports: Vec<(EditionRecord, Vec<u8>)>,
        validate_only: bool,
    ) -> Result<(), ApiError> {
        let at = clock::now_micros();
        let decide = |state: &AuthorityState, record: &EditionRecord| {
            lifecycle::import_edition(state, &caller.name, at, record).map_err(|refused| refusal(&refused))
        };
        let view = self.authority.view();
        let (mut records, mut blobs) = (Vec::new(), Vec::new());
        for (record, blob) in imports {
            if decide(view.state(), &record)?.is_some() {
                records.push(record);
                blobs.push(blob);
            }
        }
        if validate_only || records.is_empty() {
            return Ok(());
        }
        for blob in blobs {
            self.store.put_blob(blob).await.map_err(unavailable)?;
        }
        let decided = self.authority.decide_all(|state| {
            let entries = records.iter().map(|record| decide(state, record));
            let entries = entries.collect::<Result<Vec<_>, _>>()?;
            Ok(entries.into_iter().flatten().collect())
        });
        match decided.await {
            Ok(_) => Ok(()),
            Err(DecideError::Refused(refused)) => Err(refused),
            Err(DecideError::Authority(AuthorityError::Entry(error))) => {
                Err(ApiError::field("chunk", error.to_string()))
            }
            Err(DecideError::Authority(error)) => Err(unavailable(error)),
        }
    }
}

/// Reads code system by code system, so that each keeps only its own files.
fn read(package: &Package) -> (Vec<Found>, Vec<ImportFinding>) {
    let groups = codesystem::detect(package.files().map(|(path, _)| path));
    if groups.is_empty() {
        return (Vec::new(), codesystem::read_folder(package.files()).1);
    }
    let same = |a: &Edition, b: &Edition| a.url() == b.url() && a.version() == b.version();
    let (mut found, mut findings) = (Vec::<Found>::new(), Vec::new());
    for group in groups {
        let paths: BTreeSet<&str> = group.paths.iter().map(String::as_str).collect();
        let files = || package.files().filter(|(path, _)| paths.contains(path));
        let (systems, of_group) = codesystem::read_folder(files());
        findings.extend(of_group);
        for system in systems {
            match Edition::compile(system) {
                Ok(edition) if found.iter().any(|other| same(&other.edition, &edition)) => {
                    let message = format!("{} is in another folder already", edition.title());
                    findings.push(ImportFinding::error("VN-IMP-014", &group.folder, 0, message));
                }
                Ok(edition) => found.push(Found {
                    edition,
                    blob: edition_files::encode(files()),
                }),
                Err(problems) => findings.extend(problems.iter().map(|problem| {
                    ImportFinding::error("VN-IMP-020", &group.folder, 0, problem.to_string())
                })),
            }
        }
    }
    (found, findings)
}

/// Codes of findings about code systems that were read: what they mean, how to mend it.
pub const CODES: &[(&str, &str, &str)] = &[(
    "VN-IMP-020",
    "the code system does not compile",
    "correct the hierarchy or the dates that the message names",
)];

fn finding_message(finding: &ImportFinding) -> pb::ImportFinding {
    let severity = match finding.severity {
        ImportSeverity::Warning => types::Severity::Warning,
        ImportSeverity::Error => types::Severity::Error,
    };
    let said = types::Finding {
        code: finding.code.to_owned(),
        severity: severity.into(),
        path: String::new(),
        message: finding.message.clone(),
    };
    pb::ImportFinding {
        finding: Some(said),
        file: finding.file.clone(),
        line: finding.line,
    }
}

fn unavailable(error: impl std::fmt::Display) -> ApiError {
    ApiError::new(Kind::Unavailable, "VN-API-010", error.to_string())
}
