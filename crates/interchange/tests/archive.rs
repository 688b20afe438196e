//! Archives are read as the folders they hold; what is damaged, too large or hostile is told and not opened.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it fails"
)]

use std::io::{Cursor, Read, Write};
use std::sync::Mutex;

use flate2::Compression;
use flate2::write::GzEncoder;
use vardnav_interchange::content::rf2::{SyntheticOptions, synthetic_files};
use vardnav_interchange::content::{self, Archive, Files, MemoryFiles, Progress};
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

type Bytes = Vec<(String, Vec<u8>)>;

fn bytes(files: &dyn Files) -> Bytes {
    let content = |path: &String| {
        let mut bytes = Vec::new();
        files.open(path).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    };
    files
        .paths()
        .into_iter()
        .map(|path| (path.clone(), content(&path)))
        .collect()
}

fn zip(files: &Bytes, method: CompressionMethod) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in files {
        zip.start_file(
            path.as_str(),
            SimpleFileOptions::default().compression_method(method),
        )
        .unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn tar(files: &Bytes) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, bytes.as_slice()).unwrap();
    }
    tar.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn one(path: &str, bytes: Vec<u8>) -> MemoryFiles {
    MemoryFiles::new([(path.to_owned(), bytes)])
}

/// Codes of what is found when an archive of this name and content is opened; nothing of it may be among the files.
fn refused(path: &str, bytes: Vec<u8>) -> Vec<&'static str> {
    let files = one(path, bytes);
    let (archive, findings) = Archive::open(&files);
    assert_eq!(archive.paths(), Vec::<String>::new());
    assert!(findings.iter().all(|finding| finding.file == path));
    findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn an_edition_is_the_same_in_a_folder_and_in_every_kind_of_archive() {
    let folder = synthetic_files(&SyntheticOptions::of_size(300));
    let plain = content::read(&folder);
    let members = bytes(&folder);
    let single = members
        .iter()
        .map(|(path, bytes)| (format!("{path}.gz"), gzip(bytes)));
    for (what, files) in [
        (
            "stored",
            one("a/edition.zip", zip(&members, CompressionMethod::STORE)),
        ),
        (
            "deflated",
            one("edition.zip", zip(&members, CompressionMethod::DEFLATE)),
        ),
        ("tar", one("edition.tar", tar(&members))),
        ("tar.gz", one("edition.tar.gz", gzip(&tar(&members)))),
        ("tgz", one("edition.tgz", gzip(&tar(&members)))),
        ("gz", MemoryFiles::new(single)),
    ] {
        let read = content::read(&files);
        assert_eq!(read.findings, [], "{what}");
        assert!(
            read.code_systems[0].content == plain.code_systems[0].content,
            "{what}"
        );
        assert!(files.paths().iter().all(|path| content::is_wanted(path)));
    }
}

#[test]
fn paths_begin_with_the_archives_name_and_large_files_are_streamed() {
    let mut large = vec![0_u8; 17 << 20];
    for (at, byte) in large.iter_mut().enumerate() {
        *byte = (at as u32).wrapping_mul(2_654_435_761).to_be_bytes()[0];
    }
    let members: Bytes = vec![
        ("package/first.json".to_owned(), b"{}".to_vec()),
        (format!("package/{}.json", "long".repeat(60)), large),
        ("package/last.json".to_owned(), b"[]".to_vec()),
    ];
    let expected: Bytes = members
        .iter()
        .map(|(path, bytes)| (format!("in/a/{path}"), bytes.clone()))
        .collect();
    for (path, archive) in [
        ("in/a.tgz", gzip(&tar(&members))),
        ("in/a.tar", tar(&members)),
        ("in/a.zip", zip(&members, CompressionMethod::DEFLATE)),
    ] {
        let files = one(path, archive);
        let (archive, findings) = Archive::open(&files);
        assert_eq!(findings, []);
        let mut found = bytes(&archive);
        found.sort();
        let mut expected = expected.clone();
        expected.sort();
        assert!(found == expected, "{path}");
        assert!(archive.paths().iter().all(|path| archive.size(path).is_some()));
    }
}

#[test]
fn damage_anywhere_is_told_and_nothing_is_read_of_it() {
    let folder = synthetic_files(&SyntheticOptions::of_size(100));
    let members = bytes(&folder);
    for (path, whole) in [
        ("a.zip", zip(&members, CompressionMethod::DEFLATE)),
        ("a.tgz", gzip(&tar(&members))),
        ("a.zip", zip(&members, CompressionMethod::STORE)),
    ] {
        for place in (0..20).map(|part| whole.len() / 20 * part + 11) {
            let mut damaged = whole.clone();
            damaged[place] ^= 0x55;
            let read = content::read(&one(path, damaged));
            let same = |read: &content::Contents| {
                read.code_systems.first().map(|read| &read.content)
                    == content::read(&folder)
                        .code_systems
                        .first()
                        .map(|read| &read.content)
            };
            assert!(!read.findings.is_empty() || same(&read), "{path} at {place}");
            assert!(read.code_systems.is_empty() || same(&read), "{path} at {place}");
        }
        let mut cut = whole.clone();
        cut.truncate(whole.len() / 2);
        let read = content::read(&one(path, cut));
        assert!(read.code_systems.is_empty() && !read.findings.is_empty());
    }
    assert_eq!(refused("a.zip", b"no archive".to_vec()), ["VN-IMP-121"]);
    assert_eq!(refused("a.tgz", b"no archive".to_vec()), ["VN-IMP-121"]);
    assert_eq!(refused("a.tar", vec![b'x'; 2048]), ["VN-IMP-121"]);
}

#[test]
fn a_bomb_is_not_opened() {
    let zeros = vec![("zeros.json".to_owned(), vec![0; 40 << 20])];
    assert_eq!(
        refused("a.zip", zip(&zeros, CompressionMethod::DEFLATE)),
        ["VN-IMP-122"]
    );
    assert_eq!(refused("a.tgz", gzip(&tar(&zeros))), ["VN-IMP-122"]);
    let files = one("zeros.json.gz", gzip(&zeros[0].1));
    let (archive, _) = Archive::open(&files);
    let read = archive.open("zeros.json").unwrap().read_to_end(&mut Vec::new());
    assert!(read.is_err());
    let many = (0..50_001)
        .map(|number| (format!("{number}.json"), Vec::new()))
        .collect();
    assert_eq!(refused("a.tar", tar(&many)), ["VN-IMP-122"]);
}

#[test]
fn paths_that_lead_out_and_links_are_refused() {
    for path in ["../a.json", "/a.json", "a/../../b.json", "a\\b.json", "a//b.json"] {
        let files = vec![(path.to_owned(), Vec::new())];
        assert_eq!(
            refused("a.zip", zip(&files, CompressionMethod::STORE)),
            ["VN-IMP-123"],
            "{path}"
        );
    }
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    tar.append_link(&mut header, "a.json", "/etc/hostname").unwrap();
    assert_eq!(refused("a.tar", tar.into_inner().unwrap()), ["VN-IMP-123"]);
}

#[test]
fn names_that_clash_and_archives_in_archives_are_told() {
    let members = vec![("b.json".to_owned(), b"{}".to_vec())];
    let files = MemoryFiles::new([
        ("a.zip".to_owned(), zip(&members, CompressionMethod::STORE)),
        ("a/b.json".to_owned(), b"[]".to_vec()),
    ]);
    let (archive, findings) = Archive::open(&files);
    assert_eq!((findings[0].code, findings.len()), ("VN-IMP-125", 1));
    assert_eq!(bytes(&archive), [("a/b.json".to_owned(), b"[]".to_vec())]);
    let inner = vec![("inner.zip".to_owned(), zip(&members, CompressionMethod::STORE))];
    let files = one("outer.zip", zip(&inner, CompressionMethod::STORE));
    let (_, findings) = Archive::open(&files);
    assert_eq!(
        (findings[0].code, findings[0].file.as_str()),
        ("VN-IMP-126", "outer/inner.zip")
    );
}

#[test]
fn it_is_told_how_far_the_reading_is() {
    let files = synthetic_files(&SyntheticOptions::of_size(10_000));
    let told: Mutex<Vec<(String, u64, Option<u64>)>> = Mutex::default();
    let contents = content::read_watched(&files, &|Progress { file, done, of }| {
        told.lock().unwrap().push((file.to_owned(), done, of));
    });
    assert_eq!(contents.code_systems.len(), 1);
    let told = told.into_inner().unwrap();
    for path in files.paths() {
        let of_file: Vec<_> = told.iter().filter(|(file, ..)| *file == path).collect();
        assert!(of_file.is_sorted_by_key(|(_, done, _)| *done));
        let (_, done, of) = of_file.last().unwrap();
        assert_eq!((Some(*done), *of), (files.size(&path), files.size(&path)));
    }
}
