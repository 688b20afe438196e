//! Reporters' maps from their own codes to facts: putting one and listing them. What a map must be is said in
//! `vardnav_release::maps`, what its files are in `vardnav_interchange::maps`; here they are kept.

use jiff::civil::Date;
use vardnav_api::common::date_message;
use vardnav_api::register::bytes;
use vardnav_api::release::refusal;
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_api::vardnav::r#type::v1 as types;
use vardnav_interchange::{maps as files, personal};
use vardnav_register::identity::reference_date;
use vardnav_release::entry::ConceptMapRecord;
use vardnav_release::package::Package;
use vardnav_release::source::ReleaseFinding;
use vardnav_release::{AuthorityState, Snapshot, lifecycle, maps};
use vardnav_runtime::caller::Caller;
use vardnav_runtime::clock;
use vardnav_store::{AuthorityError, DecideError, Digest};

use crate::{Register, store_error};

impl Register {
    /// Puts a version of a reporter's map; the same again changes nothing. What is wrong with the file stands in the
    /// findings, and then nothing is kept.
    ///
    /// # Errors
    /// When there is not one file, no release is in force, the version is put with other content, or the store does not
    /// take it.
    pub(crate) async fn put_concept_map(
        &self,
        caller: &Caller,
        reporter: &str,
        from: Option<Date>,
        package: Package,
        validate_only: bool,
    ) -> Result<pb::PutConceptMapResponse, ApiError> {
        let at = clock::now_micros();
        let release = self.authority.view().release_on(reference_date(at));
        let release = release.ok_or_else(|| {
            let message = "no release is in force: a map is checked against its axes";
            ApiError::new(Kind::FailedPrecondition, "VN-API-021", message)
        })?;
        let (file, content) = one_file(&package)?;
        let from = from.unwrap_or(release.from);
        let (record, findings, content) = self
            .compute({
                let reporter = reporter.to_owned();
                move || {
                    let (record, findings) = read(&reporter, from, &file, &content, &release);
                    (record, findings, content)
                }
            })
            .await
            .map_err(store_error)?;
        let concept_map = match &record {
            Some(record) => {
                self.keep(caller, at, record, content, validate_only).await?;
                Some(message(record))
            }
            None => None,
        };
        Ok(pb::PutConceptMapResponse {
            concept_map,
            findings: findings.iter().map(finding_message).collect(),
        })
    }

    async fn keep(
        &self,
        caller: &Caller,
        at: i64,
        record: &ConceptMapRecord,
        content: Vec<u8>,
        validate_only: bool,
    ) -> Result<(), ApiError> {
        let decide = |state: &AuthorityState| {
            let entry = lifecycle::put_concept_map(state, &caller.name, at, record);
            entry.map_err(|refused| refusal(&refused))
        };
        if decide(self.authority.view().state())?.is_none() || validate_only {
            return Ok(());
        }
        self.store.put_blob(content).await.map_err(store_error)?;
        let decided = self
            .authority
            .decide_all(|state| Ok(decide(state)?.into_iter().collect()));
        match decided.await {
            Ok(_) => Ok(()),
            Err(DecideError::Refused(refused)) => Err(refused),
            Err(DecideError::Authority(AuthorityError::Entry(error))) => {
                Err(ApiError::field("chunk", error.to_string()))
            }
            Err(DecideError::Authority(error)) => {
                Err(ApiError::new(Kind::Unavailable, "VN-API-010", error.to_string()))
            }
        }
    }
}

/// The one file of an upload.
fn one_file(package: &Package) -> Result<(String, Vec<u8>), ApiError> {
    let mut files = package.files();
    match (files.next(), files.next()) {
        (Some((path, bytes)), None) => Ok((path.to_owned(), bytes.to_vec())),
        _ => Err(ApiError::field("chunk", "one file is needed")),
    }
}

/// The map of a file, unless something is wrong with it.
fn read(
    reporter: &str,
    from: Date,
    file: &str,
    content: &[u8],
    release: &Snapshot,
) -> (Option<ConceptMapRecord>, Vec<ReleaseFinding>) {
    let (map, mut findings) = files::read(file, content);
    findings.extend(personal::findings([(file, content)]));
    if let Some(map) = &map {
        let defects = maps::defects(map, release.description.source());
        findings.extend(defects.into_iter().map(|defect| defect.in_file(file)));
    }
    findings.sort();
    let sound = findings.iter().all(|finding| finding.warning);
    let record = map.filter(|_| sound).map(|map| ConceptMapRecord {
        reporter: reporter.to_owned(),
        url: map.url,
        version: map.version,
        title: map.title,
        from,
        rows: map.rows.len() as u64,
        file: file.to_owned(),
        blob: Digest::of(content).0,
    });
    (record, findings)
}

/// A reporter's map as a message.
pub(crate) fn message(map: &ConceptMapRecord) -> pb::ReporterMap {
    pb::ReporterMap {
        reporter: map.reporter.clone(),
        url: map.url.clone(),
        version: map.version.clone(),
        title: map.title.clone(),
        from: Some(date_message(map.from)),
        rows: map.rows,
        file: map.file.clone(),
        digest: bytes(&map.blob),
    }
}

fn finding_message(finding: &ReleaseFinding) -> pb::MapFinding {
    let severity = match finding.warning {
        true => types::Severity::Warning,
        false => types::Severity::Error,
    };
    pb::MapFinding {
        finding: Some(types::Finding {
            code: finding.code.to_owned(),
            severity: severity.into(),
            path: String::new(),
            message: finding.message.clone(),
        }),
        file: finding.place.file.clone(),
        line: finding.place.line,
    }
}
