//! Importing content: files in, findings out; what is free of errors is kept and loaded, nothing half.
//!
//! Files wait in memory until they are read whole and compiled. Then their pieces are kept, and last the entries of the
//! authority are written, all at once: a server that stops before leaves everything as it was.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use tokio::sync::{OwnedMutexGuard, mpsc};
use vardnav_api::common::date;
use vardnav_api::release::refusal;
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::terminology::{imported_message, resource_message};
use vardnav_api::vardnav::terminology::v1 as pb;
use vardnav_api::vardnav::r#type::v1 as types;
use vardnav_interchange::codesystem::{ImportFinding, ImportSeverity};
use vardnav_interchange::content::{self, Contents, Editions, Files as _, Read, archive};
use vardnav_release::entry::{AuthorityEntry, ContentKind, ContentRecord, EditionRecord};
use vardnav_release::{AuthorityState, lifecycle};
use vardnav_runtime::caller::Caller;
use vardnav_runtime::clock;
use vardnav_store::{AuthorityError, DecideError, Digest, View};
use vardnav_terminology::Edition;
use vardnav_terminology::model::CodeSystem;
use vardnav_terminology::value_set::ValueSetEdition;

use crate::kept::{Listed, Manifest, Manifests, SpoolError, Spooled};
use crate::{Terminology, not_done};

/// Codes of findings about code systems that were read: what they mean, how to mend it.
pub const CODES: &[(&str, &str, &str)] = &[
    (
        "VN-IMP-020",
        "the code system does not compile",
        "correct the hierarchy or the dates that the message names",
    ),
    (
        "VN-IMP-021",
        "the same version stands in the files twice",
        "import one of them",
    ),
    (
        "VN-IMP-022",
        "the definition of the value set cannot be carried out",
        "correct the filter, pattern or expression that the message names",
    ),
    (
        "VN-IMP-023",
        "the code system belongs to the releases",
        "change it in a draft of a release, or give the content an address of its own",
    ),
    (
        "VN-IMP-024",
        "the version is imported with other content and never changes",
        "give the content a version of its own",
    ),
];

/// Most dates that an import asks for.
const DATES_MAX: usize = 100;

/// Which editions of a release that holds several the first message of an import asks for.
pub(crate) fn editions(message: &pb::ImportContentRequest) -> Result<Editions, ApiError> {
    match (message.all_editions, message.as_of.len()) {
        (false, 0) => Ok(Editions::Newest),
        (true, 0) => Ok(Editions::All),
        (true, _) => Err(ApiError::field("all_editions", "not together with dates")),
        (_, count) if count > DATES_MAX => {
            Err(ApiError::field("as_of", format!("at most {DATES_MAX} dates")))
        }
        _ => {
            let dates = message.as_of.iter().map(|message| date(Some(message), "as_of"));
            Ok(Editions::AsOf(dates.collect::<Result<_, _>>()?))
        }
    }
}

/// Where an import tells how far it is.
pub(crate) type Progress = mpsc::Sender<Result<pb::ImportContentResponse, tonic::Status>>;

/// Held by the import that is under way.
pub(crate) type Turn = OwnedMutexGuard<()>;

/// Something to be kept, with the files it came from.
struct Found {
    record: Record,
    paths: Vec<String>,
    /// Whether the very same content is kept under its name, from whatever files.
    kept: bool,
}

enum Record {
    /// With the edition compiled, until it is in the cache.
    Edition(EditionRecord, Option<Box<Edition>>),
    Content(ContentRecord),
}

impl Record {
    fn blob(&mut self) -> &mut [u8; 32] {
        match self {
            Self::Edition(record, _) => &mut record.blob,
            Self::Content(record) => &mut record.blob,
        }
    }

    /// What would be written; `None` when it is kept already.
    fn decide(
        &self,
        state: &AuthorityState,
        caller: &str,
        at: i64,
    ) -> Result<Option<AuthorityEntry>, ApiError> {
        let decided = match self {
            Self::Edition(record, _) => lifecycle::import_edition(state, caller, at, record),
            Self::Content(record) => lifecycle::import_content(state, caller, at, record),
        };
        decided.map_err(|refused| refusal(&refused))
    }

    /// Address and version, for people.
    fn name(&self) -> String {
        match self {
            Self::Edition(record, _) => format!("{}|{}", record.system, record.version),
            Self::Content(record) => format!("{}|{}", record.url, record.version),
        }
    }

    /// Digest of the blob that is kept under the same name.
    fn known(&self, state: &AuthorityState) -> Option<[u8; 32]> {
        match self {
            Self::Edition(record, _) => Some(state.edition(&record.system, &record.version)?.blob),
            Self::Content(record) => Some(state.content(record.kind, &record.url, &record.version)?.blob),
        }
    }
}

impl Terminology {
    /// Imports what is in a set of files. The same files again change nothing.
    ///
    /// # Errors
    /// When another import is under way, or the store does not take them. What is wrong with the files stands in the
    /// findings.
    pub async fn import(
        &self,
        caller: &Caller,
        files: Spooled,
        validate_only: bool,
        progress: Option<Progress>,
    ) -> Result<pb::import_content_response::Result, ApiError> {
        self.import_editions(caller, files, Editions::Newest, validate_only, progress)
            .await
    }

    /// As [`Terminology::import`], of releases that hold several editions those asked for.
    ///
    /// # Errors
    /// As [`Terminology::import`].
    pub async fn import_editions(
        &self,
        caller: &Caller,
        files: Spooled,
        editions: Editions,
        validate_only: bool,
        progress: Option<Progress>,
    ) -> Result<pb::import_content_response::Result, ApiError> {
        let turn = self.turn()?;
        self.import_in_turn(&turn, caller, files, editions, validate_only, progress)
            .await
    }

    /// The turn to import: one at a time, since files wait in memory.
    pub(crate) fn turn(&self) -> Result<Turn, ApiError> {
        Arc::clone(&self.importing).try_lock_owned().map_err(|_| {
            ApiError::new(
                Kind::Unavailable,
                "VN-API-010",
                "another import is under way; try again when it is done",
            )
        })
    }

    /// As [`Terminology::import_editions`], by who has the turn.
    pub(crate) async fn import_in_turn(
        &self,
        _turn: &Turn,
        caller: &Caller,
        files: Spooled,
        editions: Editions,
        validate_only: bool,
        progress: Option<Progress>,
    ) -> Result<pb::import_content_response::Result, ApiError> {
        let files = Arc::new(files);
        let (reading, told, view) = (Arc::clone(&files), progress.clone(), self.authority.view());
        let read = tokio::task::spawn_blocking(move || read(&reading, &editions, &view, told.as_ref())).await;
        let (all, mut findings) = read.map_err(not_done)?;
        let mut manifests = Manifests::new(&files);
        let mut found = Vec::with_capacity(all.len());
        // By the blob that is kept and the one that came.
        let mut same = BTreeMap::new();
        for mut one in all {
            let listed = manifests.of(&one.paths);
            let known = one.record.known(self.authority.view().state());
            let known = match known {
                Some(known) if !one.kept => {
                    let is_same = match same.get(&(known, listed.digest)) {
                        Some(is_same) => *is_same,
                        None => self.has_same_files(&known, &listed.manifest).await?,
                    };
                    same.insert((known, listed.digest), is_same);
                    if !is_same {
                        findings.push(other_content(&one));
                        continue;
                    }
                    Some(known)
                }
                known => known,
            };
            *one.record.blob() = known.unwrap_or(listed.digest);
            found.push((one, listed));
        }
        let result = result(found.iter().map(|(one, _)| &one.record), &findings);
        self.keep(caller, &files, found, validate_only, progress.as_ref())
            .await?;
        Ok(result)
    }

    /// Whether a kept blob lists the same files.
    async fn has_same_files(&self, known: &[u8; 32], manifest: &Manifest) -> Result<bool, ApiError> {
        let bytes = self.store.get_blob(&Digest(*known)).await.map_err(unavailable)?;
        let kept = bytes.and_then(|bytes| Manifest::decode(&bytes).ok());
        Ok(kept.is_some_and(|kept| kept.has_same_files(manifest)))
    }

    /// Keeps what was found: all of it or nothing. What is refused leaves no blob behind.
    async fn keep(
        &self,
        caller: &Caller,
        files: &Spooled,
        found: Vec<(Found, Arc<Listed>)>,
        validate_only: bool,
        progress: Option<&Progress>,
    ) -> Result<(), ApiError> {
        let at = clock::now_micros();
        let view = self.authority.view();
        let mut new = Vec::new();
        for (one, listed) in found {
            if one.record.decide(view.state(), &caller.name, at)?.is_some() {
                new.push((one, listed));
            }
        }
        if validate_only || new.is_empty() {
            return Ok(());
        }
        let mut records = Vec::with_capacity(new.len());
        // Editions of one release, and the resources of one package, have the same files.
        let mut blobs = BTreeMap::new();
        for (one, listed) in &mut new {
            let first = blobs.entry(*one.record.blob());
            first.or_insert_with(|| (one.paths.clone(), Arc::clone(listed)));
        }
        let total = blobs
            .values()
            .map(|(paths, _)| files.pieces(paths).count() as u64);
        let (total, mut done) = (total.sum(), 0);
        for (paths, listed) in blobs.values() {
            for piece in files.pieces(paths) {
                tell(progress, "keeping", done, total);
                self.store.put_blob(piece.clone()).await.map_err(unavailable)?;
                done += 1;
            }
            self.store
                .put_blob(listed.bytes.clone())
                .await
                .map_err(unavailable)?;
        }
        tell(progress, "keeping", done, total);
        for (one, _) in new {
            records.push(self.cached(one.record).await);
        }
        let decided = self.authority.decide_all(|state| {
            let entries = records
                .iter()
                .map(|record| record.decide(state, &caller.name, at));
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

    /// Puts a compiled edition into the cache, from which the authority takes it, and lets go of it.
    async fn cached(&self, record: Record) -> Record {
        match (record, self.cache.clone()) {
            (Record::Edition(record, Some(edition)), Some(cache)) => {
                let blob = record.blob;
                // Without the cache the authority compiles it once more.
                let _ = tokio::task::spawn_blocking(move || cache.put(&edition, &blob)).await;
                Record::Edition(record, None)
            }
            (record, _) => record,
        }
    }
}

/// Reads and compiles.
fn read(
    files: &Spooled,
    editions: &Editions,
    view: &View,
    progress: Option<&Progress>,
) -> (Vec<Found>, Vec<ImportFinding>) {
    let told =
        |step: content::Progress<'_>| tell(progress, step.file, step.done, step.of.unwrap_or_default());
    let all = files.paths();
    let (mut found, mut of_systems) = (Vec::new(), Vec::new());
    let mut compile = |Read { content, paths }: Read<CodeSystem>| {
        if view.releases().any(|release| release.carries(&content.url)) {
            let file = paths.first().map_or("", String::as_str);
            let message = format!(
                "{} is a code system of the releases; draft a release to change it",
                content.url
            );
            of_systems.push(ImportFinding::error("VN-IMP-023", file, 0, message));
            return;
        }
        tell(progress, "compiling", 0, content.concepts.len() as u64);
        match Edition::compile(content) {
            Ok(edition) => found.push(Found {
                kept: is_kept(view, &edition),
                record: Record::Edition(edition_record(&edition), Some(Box::new(edition))),
                paths: sent(&all, &paths),
            }),
            Err(problems) => {
                let file = paths.first().map_or("", String::as_str);
                of_systems.extend(
                    problems
                        .iter()
                        .map(|problem| ImportFinding::error("VN-IMP-020", file, 0, problem.to_string())),
                );
            }
        }
    };
    let Contents {
        value_sets,
        concept_maps,
        mut findings,
        ..
    } = content::read_editions(files, editions, &told, &mut compile);
    findings.append(&mut of_systems);
    let catalog = view.catalog();
    for Read { content, paths } in value_sets {
        let compiled = ValueSetEdition::compile(content);
        let set = compiled.source();
        if let Some(failure) = compiled.failure() {
            let file = paths.first().map_or("", String::as_str);
            let message = format!("{}: {}", set.url, failure.message);
            findings.push(ImportFinding::error("VN-IMP-022", file, 0, message));
            continue;
        }
        let known = catalog.value_set(&set.url, &set.version);
        found.push(Found {
            kept: known.is_some_and(|known| known.source() == set),
            record: content_record(ContentKind::ValueSet, &set.url, &set.version, &set.title),
            paths: sent(&all, &paths),
        });
    }
    for Read { content: map, paths } in concept_maps {
        let known = catalog.concept_map(&map.url, &map.version);
        found.push(Found {
            kept: known.is_some_and(|known| *known.source() == map),
            record: content_record(ContentKind::ConceptMap, &map.url, &map.version, &map.title),
            paths: sent(&all, &paths),
        });
    }
    (once(found, &mut findings), findings)
}

/// Whether the very same edition is loaded.
fn is_kept(view: &View, edition: &Edition) -> bool {
    let known = view.catalog().edition(edition.url(), edition.version());
    known.is_some_and(|known| known.len() == edition.len() && image_digest(known) == image_digest(edition))
}

fn image_digest(edition: &Edition) -> [u8; 32] {
    let mut hash = Sha256::new();
    let written = edition.write_image(&mut |bytes: &[u8]| {
        hash.update(bytes);
        Ok::<(), std::convert::Infallible>(())
    });
    match written {
        Ok(()) => hash.finalize().into(),
        Err(never) => match never {},
    }
}

/// Each name once: of what comes twice the first, with a finding.
fn once(found: Vec<Found>, findings: &mut Vec<ImportFinding>) -> Vec<Found> {
    let mut names = BTreeSet::new();
    let name = |record: &Record| match record {
        Record::Edition(record, _) => (0, record.system.clone(), record.version.clone()),
        Record::Content(record) => (record.kind as u8, record.url.clone(), record.version.clone()),
    };
    let mut kept = Vec::with_capacity(found.len());
    for one in found {
        if names.insert(name(&one.record)) {
            kept.push(one);
        } else {
            let file = one.paths.first().map_or("", String::as_str);
            let message = "the same version stands in other files already";
            findings.push(ImportFinding::error("VN-IMP-021", file, 0, message));
        }
    }
    kept
}

/// The files as they were sent that hold what was read: files themselves, or the archives that they lie in.
fn sent(all: &[String], paths: &[String]) -> Vec<String> {
    let holds = |sent: &String| paths.iter().any(|path| archive::came_from(path, sent));
    all.iter().filter(|sent| holds(sent)).cloned().collect()
}

fn edition_record(edition: &Edition) -> EditionRecord {
    EditionRecord {
        system: edition.url().to_owned(),
        version: edition.version().to_owned(),
        title: edition.title().to_owned(),
        concepts: edition.len() as u64,
        blob: [0; 32],
    }
}

fn content_record(kind: ContentKind, url: &str, version: &str, title: &str) -> Record {
    Record::Content(ContentRecord {
        kind,
        url: url.to_owned(),
        version: version.to_owned(),
        title: title.to_owned(),
        blob: [0; 32],
    })
}

/// That a version is imported already, with other content.
fn other_content(one: &Found) -> ImportFinding {
    let file = one.paths.first().map_or("", String::as_str);
    let message = format!(
        "{} is imported with other content and never changes; give this a version of its own",
        one.record.name()
    );
    ImportFinding::error("VN-IMP-024", file, 0, message)
}

fn result<'f>(
    found: impl Iterator<Item = &'f Record>,
    findings: &[ImportFinding],
) -> pb::import_content_response::Result {
    let mut result = pb::import_content_response::Result {
        findings: findings.iter().map(finding_message).collect(),
        ..Default::default()
    };
    for record in found {
        match record {
            Record::Edition(record, _) => result.code_systems.push(imported_message(record)),
            Record::Content(record) if record.kind == ContentKind::ValueSet => {
                result.value_sets.push(resource_message(record));
            }
            Record::Content(record) => result.concept_maps.push(resource_message(record)),
        }
    }
    result
}

/// Tells how far the import is. Nobody waits for somebody who does not listen.
fn tell(progress: Option<&Progress>, step: &str, done: u64, total: u64) {
    if let Some(progress) = progress {
        let step = pb::import_content_response::Progress {
            step: step.to_owned(),
            done,
            total,
        };
        let _ = progress.try_send(Ok(pb::ImportContentResponse {
            progress: Some(step),
            ..Default::default()
        }));
    }
}

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

/// Why files are refused before they are read.
pub(crate) fn spool_error(error: SpoolError) -> ApiError {
    ApiError::field("chunk", error.to_string())
}

fn unavailable(error: impl std::fmt::Display) -> ApiError {
    ApiError::new(Kind::Unavailable, "VN-API-010", error.to_string())
}
