//! How long reading Release Format 2 of national size takes, and how much memory. Run by hand, optimised:
//! `cargo test --release -p vardnav-interchange --test rf2_size -- --ignored --nocapture`.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement that stops where it fails and prints what it measures"
)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;
use std::time::Instant;

use vardnav_interchange::content::rf2::{SyntheticOptions, synthetic};
use vardnav_interchange::content::{self, Files};

/// Files on disk.
struct Folder(BTreeMap<String, PathBuf>);

impl Files for Folder {
    fn paths(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    fn size(&self, path: &str) -> Option<u64> {
        Some(fs::metadata(self.0.get(path)?).ok()?.len())
    }

    fn open<'f>(&'f self, path: &str) -> io::Result<Box<dyn BufRead + Send + 'f>> {
        let path = self.0.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(BufReader::with_capacity(1 << 18, File::open(path)?)))
    }
}

/// Mebibytes of memory that the system tells of this process.
fn memory(what: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what));
    let kib: Option<u64> = line.and_then(|line| line.trim_matches([':', ' ', '\t', 'k', 'B']).parse().ok());
    kib.unwrap_or_default() >> 10
}

#[test]
#[ignore = "takes a minute and a gigabyte of disk"]
fn an_edition_of_national_size() {
    let root = std::env::temp_dir().join(format!("vardnav-rf2-{}", std::process::id()));
    let mut folder = Folder(BTreeMap::new());
    let begin = Instant::now();
    let mut open: Option<(String, File)> = None;
    synthetic(&SyntheticOptions::default(), &mut |path, bytes| {
        if open.as_ref().is_none_or(|(name, _)| name != path) {
            let place = root.join(path);
            fs::create_dir_all(place.parent().unwrap_or(&root))?;
            open = Some((path.to_owned(), File::create(&place)?));
            folder.0.insert(path.to_owned(), place);
        }
        open.as_mut().map_or(Ok(()), |(_, file)| file.write_all(bytes))
    })
    .unwrap();
    let bytes: u64 = folder.paths().iter().filter_map(|path| folder.size(path)).sum();
    println!(
        "written: {:.1?}, {} MiB in {} files",
        begin.elapsed(),
        bytes >> 20,
        folder.0.len()
    );
    println!(
        "memory before reading: {} MiB, highest {}",
        memory("VmRSS"),
        memory("VmHWM")
    );
    let begin = Instant::now();
    let contents = content::read(&folder);
    println!(
        "read: {:.1?}, memory {} MiB, highest {}",
        begin.elapsed(),
        memory("VmRSS"),
        memory("VmHWM")
    );
    let _ = fs::remove_dir_all(&root);
    assert_eq!(contents.findings, []);
    let system = &contents.code_systems.first().unwrap().content;
    let components = system.components.as_ref().unwrap();
    println!(
        "{} concepts, {} designations, {} attributes, {} acceptabilities",
        system.concepts.len(),
        components.designations.len(),
        components.attributes.len(),
        components.acceptabilities.len()
    );
}
