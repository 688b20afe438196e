//! The files of an imported edition as one blob: what is kept, and how it becomes an edition again. The official
//! files themselves are kept, so that an edition can be read anew when reading gets better.

use vardnav_interchange::codesystem::read_folder;
use vardnav_register::bytes::{DecodeError, DecodeProblem, Reader, Writer};
use vardnav_release::entry::EditionRecord;
use vardnav_terminology::Edition;

/// Version of the blob that is written.
const VERSION: u8 = 1;
/// Most files of one edition.
const FILES_MAX: usize = 64;

/// The blob of files: version, then path and bytes of each.
pub(crate) fn encode<'f>(files: impl Iterator<Item = (&'f str, &'f [u8])>) -> Vec<u8> {
    let files: Vec<_> = files.collect();
    let mut writer = Writer::new();
    writer.u8(VERSION);
    writer.seq(&files, |writer, (path, bytes)| {
        writer.str(path);
        writer.bytes(bytes);
    });
    writer.into_bytes()
}

fn decode(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, DecodeError> {
    let mut reader = Reader::new(bytes);
    if reader.u8()? != VERSION {
        return Err(reader.error(DecodeProblem::Version));
    }
    let files = reader.seq(FILES_MAX, |reader| {
        Ok((reader.string()?, reader.bytes()?.to_vec()))
    })?;
    reader.finish()?;
    Ok(files)
}

/// The edition in a blob.
///
/// # Errors
/// For people: the blob cannot be read, or does not hold the edition that the record names.
pub fn load(record: &EditionRecord, blob: &[u8]) -> Result<Edition, String> {
    let files = decode(blob).map_err(|error| error.to_string())?;
    let (systems, findings) = read_folder(
        files
            .iter()
            .map(|(path, bytes)| (path.as_str(), bytes.as_slice())),
    );
    let system = systems
        .into_iter()
        .find(|system| system.url == record.system && system.version == record.version);
    let system = system.ok_or_else(|| {
        let first = findings
            .first()
            .map(|finding| finding.message.clone())
            .unwrap_or_default();
        format!("its files do not hold it: {first}")
    })?;
    Edition::compile(system).map_err(|problems| {
        let first = problems.first().map(ToString::to_string).unwrap_or_default();
        format!("{} problems, the first: {first}", problems.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_back_as_they_were() {
        let files = [("icd/chapter.txt", &b"01\t\tA"[..]), ("icd/block.txt", &b""[..])];
        let blob = encode(files.into_iter());
        let back = decode(&blob).unwrap();
        assert_eq!(
            back.iter()
                .map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
                .collect::<Vec<_>>(),
            files
        );
        for end in 0..blob.len() {
            assert!(decode(&blob[..end]).is_err());
        }
    }
}
