//! From kept files to what answers: editions, value sets and maps, as the authority asks for them when it starts.

use vardnav_interchange::content::{self, Files as _};
use vardnav_release::entry::EditionRecord;
use vardnav_store::{Blobs, Contents, Digest};
use vardnav_terminology::Edition;
use vardnav_terminology::model::CodeSystem;

use crate::cache::EditionCache;
use crate::kept::{Kept, Manifest};

/// The edition that a record names: from the cache when it is there, else compiled from its files, and cached.
///
/// # Errors
/// For people: the files are missing, cannot be read, or do not hold the edition.
pub fn edition(
    record: &EditionRecord,
    blobs: &Blobs,
    cache: Option<&EditionCache>,
) -> Result<Edition, String> {
    let one = std::slice::from_ref(record);
    let loaded = editions(one, blobs, cache).pop();
    loaded.unwrap_or_else(|| Err("it was not read".to_owned()))
}

/// The editions that records of one blob name, each as [`edition`] gives it: the files are read once for all of them.
pub fn editions(
    records: &[EditionRecord],
    blobs: &Blobs,
    cache: Option<&EditionCache>,
) -> Vec<Result<Edition, String>> {
    let cached = |record: &EditionRecord| cache?.get(&record.system, &record.version, &record.blob);
    let mut loaded: Vec<Option<Result<Edition, String>>> =
        records.iter().map(|record| cached(record).map(Ok)).collect();
    let missing = records.iter().zip(0..).zip(&loaded);
    let missing: Vec<(&EditionRecord, usize)> = missing
        .filter(|(_, loaded)| loaded.is_none())
        .map(|(record, _)| record)
        .collect();
    let reason = match missing.first() {
        None => String::new(),
        Some((first, _)) => match kept(&Digest(first.blob), blobs) {
            Err(reason) => reason,
            Ok(files) => {
                let wanted: Vec<(&str, &str)> = missing
                    .iter()
                    .map(|(record, _)| (record.system.as_str(), record.version.as_str()))
                    .collect();
                let findings = content::read_versions(&files, &wanted, &mut |at, system| {
                    if let Some((record, place)) = missing.get(at)
                        && let Some(slot) = loaded.get_mut(*place)
                    {
                        *slot = Some(compiled(system, record, cache));
                    }
                });
                let first = findings.first().map(|finding| finding.message.clone());
                format!("its files do not hold it: {}", first.unwrap_or_default())
            }
        },
    };
    let loaded = loaded.into_iter();
    loaded
        .map(|loaded| loaded.unwrap_or_else(|| Err(reason.clone())))
        .collect()
}

fn compiled(
    system: CodeSystem,
    record: &EditionRecord,
    cache: Option<&EditionCache>,
) -> Result<Edition, String> {
    let edition = Edition::compile(system).map_err(|problems| {
        let first = problems.first().map(ToString::to_string).unwrap_or_default();
        format!("{} problems, the first: {first}", problems.len())
    })?;
    if let Some(cache) = cache {
        cache.put(&edition, &record.blob);
    }
    Ok(edition)
}

/// The value sets and concept maps in kept files.
///
/// # Errors
/// For people: the files are missing or cannot be read.
pub fn contents(blob: &Digest, blobs: &Blobs) -> Result<Contents, String> {
    let files = kept(blob, blobs)?;
    let read = content::read(&files);
    Ok(Contents {
        value_sets: read.value_sets.into_iter().map(|read| read.content).collect(),
        concept_maps: read.concept_maps.into_iter().map(|read| read.content).collect(),
    })
}

fn kept<'b>(blob: &Digest, blobs: &'b Blobs) -> Result<Kept<'b>, String> {
    let bytes = blobs.get(blob).map_err(|error| error.to_string())?;
    let bytes = bytes.ok_or_else(|| "its blob is missing".to_owned())?;
    let manifest = Manifest::decode(&bytes).map_err(|error| error.to_string())?;
    let files = Kept::new(manifest, blobs);
    if files.paths().is_empty() {
        return Err("its blob names no file".to_owned());
    }
    Ok(files)
}
