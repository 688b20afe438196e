//! How long a clinical terminology of some size takes to leave and to come back, and how much memory. Run by hand,
//! optimised: `cargo test --release -p vardnav-interchange --test export_size -- --ignored --nocapture`; the number of
//! concepts is taken from `CONCEPTS`, 50 000 by default.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement that stops where it fails and prints what it measures"
)]

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;
use std::time::Instant;

use vardnav_interchange::content::fhir::{FhirVersion, write_code_system};
use vardnav_interchange::content::rf2::{SyntheticOptions, synthetic_files};
use vardnav_interchange::content::{self, Files, csv};
use vardnav_terminology::Edition;

/// Files of a folder.
struct Folder(PathBuf);

impl Files for Folder {
    fn paths(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    fn size(&self, path: &str) -> Option<u64> {
        Some(fs::metadata(self.0.join(path)).ok()?.len())
    }

    fn open<'f>(&'f self, path: &str) -> io::Result<Box<dyn BufRead + Send + 'f>> {
        Ok(Box::new(BufReader::with_capacity(
            1 << 18,
            File::open(self.0.join(path))?,
        )))
    }
}

/// Mebibytes of memory that the system tells of this process.
fn memory(what: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what));
    let kib: Option<u64> = line.and_then(|line| line.trim_matches([':', ' ', '\t', 'k', 'B']).parse().ok());
    kib.unwrap_or_default() >> 10
}

/// Runs a step, and tells how long it took and how much memory at most.
fn step<T>(what: &str, run: impl FnOnce() -> T) -> T {
    // Forgets the highest so far.
    let _ = fs::write("/proc/self/clear_refs", "5");
    let (before, begin) = (memory("VmRSS"), Instant::now());
    let done = run();
    println!(
        "{what}: {:.2?}, memory before {before} MiB, highest {} MiB",
        begin.elapsed(),
        memory("VmHWM")
    );
    done
}

#[test]
#[ignore = "takes a minute"]
fn a_clinical_terminology_leaves_and_comes_back() {
    let concepts = std::env::var("CONCEPTS").ok().and_then(|text| text.parse().ok());
    let options = SyntheticOptions::of_size(concepts.unwrap_or(50_000));
    let root = std::env::temp_dir().join(format!("vardnav-export-{}", std::process::id()));
    let edition = step("made, read and compiled", || {
        let mut contents = content::read(&synthetic_files(&options));
        Edition::compile(contents.code_systems.remove(0).content).unwrap()
    });
    let source = step("source of the edition", || edition.to_source());
    let fhir = Folder(root.join("fhir"));
    fs::create_dir_all(&fhir.0).unwrap();
    step("FHIR written", || {
        let mut file = File::create(fhir.0.join("CodeSystem.json")).unwrap();
        write_code_system(&source, FhirVersion::R5, &mut file).unwrap();
    });
    println!("{} MiB", fhir.size("CodeSystem.json").unwrap() >> 20);
    let tables = Folder(root.join("csv"));
    fs::create_dir_all(&tables.0).unwrap();
    step("CSV written", || {
        let mut open: Option<(String, File)> = None;
        csv::write_code_system(&source, "sct", &mut |path, bytes| {
            if open.as_ref().is_none_or(|(name, _)| name != path) {
                open = Some((path.to_owned(), File::create(tables.0.join(path))?));
            }
            open.as_mut().map_or(Ok(()), |(_, file)| file.write_all(bytes))
        })
        .unwrap();
    });
    let sizes = tables.paths();
    let bytes: u64 = sizes.iter().filter_map(|path| tables.size(path)).sum();
    println!("{} MiB in {} files", bytes >> 20, sizes.len());
    for (what, files) in [("FHIR read", &fhir), ("CSV read", &tables)] {
        let contents = step(what, || content::read(files));
        assert_eq!(contents.findings, []);
        assert!(contents.code_systems.first().unwrap().content == source);
    }
    let _ = fs::remove_dir_all(&root);
}
