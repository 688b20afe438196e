//! Reading the text files of ICD-10-SE and KVÅ: small ones of our own, and the real ones where they are at hand.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops where it fails"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use vardnav_interchange::codesystem::{
    FILE_BYTES_MAX, ICD_10_SE, ImportFinding, ImportSeverity, KKA, KMA, LINE_BYTES_MAX, detect, is_wanted,
    read_folder,
};
use vardnav_terminology::model::CodeSystem;
use vardnav_terminology::{Edition, SearchQuery, Subsumption};

type Files = BTreeMap<String, Vec<u8>>;

fn files(files: &[(&str, &str)]) -> Files {
    files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
        .collect()
}

fn icd() -> Files {
    files(&[
        (
            "icd-2021/chapter.txt",
            "\u{feff}01\t\tFörsta kapitlet (A00-B99)\n09\t\tNionde kapitlet (I00-I99)",
        ),
        (
            "icd-2021/block.txt",
            "\u{feff}A00-A49\t\tYttre block\nA10-A19\t\tInre block\nI30-I52\t\tHjärtblock\n",
        ),
        (
            "icd-2021/digit3.txt",
            "\u{feff}A00\t\tPåhittad kolera\r\nA17\t†\tPåhittad kategori\r\nI50\t\tPåhittad svikt",
        ),
        (
            "icd-2021/digit4.txt",
            "\u{feff}A170\t†\tUnderindelad\nI509\t\tSvikt utan närmare uppgift",
        ),
        (
            "icd-2021/digit5.txt",
            "\u{feff}A0012\t\tUtan fyrställig kod\nA170B\t*\tDjupast",
        ),
    ])
}

fn kka(folder: &str) -> Files {
    files(&[
        (
            &format!("{folder}level1.txt"),
            "\u{feff}Kod:\t\tKodtext:\nA\t\tPåhittad grupp\n",
        ),
        (
            &format!("{folder}level2.txt"),
            "\u{feff}Kod:\t\tKodtext:\tBeskrivning:\nAA  \t\tUndergrupp\tVad den är",
        ),
        (
            &format!("{folder}level3.txt"),
            "\u{feff}Kod:\t\tKodtext:\nAAA\t\tTredje",
        ),
        (
            &format!("{folder}level4.txt"),
            "\u{feff}Kod:\t\tKodtext:\nAAA00\t\tFjärde\nAAB10\t\tUtan tredje\n",
        ),
    ])
}

fn kma(folder: &str) -> Files {
    files(&[
        (
            &format!("{folder}level1.txt"),
            "Kod:\t\tKodtext:\tBeskrivning:\nA\t\tEn annan grupp\tAnnat\nV\t\tFörlopp",
        ),
        (
            &format!("{folder}level2.txt"),
            "Kod:\t\tKodtext:\nAA\t\tUndergrupp\nVA\t\tFörlopp",
        ),
        (&format!("{folder}level3.txt"), "Kod:\t\tKodtext:\nVA9\t\tTredje"),
        (
            &format!("{folder}level4.txt"),
            "Kod:\t\tKodtext:\tBeskrivning:\nAA001\t\tFjärde\tMed text\t\nVA901\t\tSista",
        ),
    ])
}

fn read(files: &Files) -> (Vec<CodeSystem>, Vec<ImportFinding>) {
    read_folder(
        files
            .iter()
            .map(|(path, bytes)| (path.as_str(), bytes.as_slice())),
    )
}

fn edition(system: CodeSystem) -> Edition {
    Edition::compile(system).unwrap()
}

fn parent<'e>(edition: &'e Edition, code: &str) -> Option<&'e str> {
    edition
        .lookup(code)
        .unwrap()
        .parents()
        .next()
        .map(|parent| parent.code())
}

#[test]
fn icd_gets_its_hierarchy_from_ranges_and_beginnings() {
    let (systems, findings) = read(&icd());
    assert_eq!(findings, []);
    let [system] = <[CodeSystem; 1]>::try_from(systems).unwrap();
    assert_eq!(
        (system.url.as_str(), system.version.as_str()),
        (ICD_10_SE, "2021")
    );
    let edition = edition(system);
    assert_eq!(edition.len(), 12);
    for (code, above) in [
        ("01", None),
        ("A00-A49", Some("01")),
        ("A10-A19", Some("A00-A49")),
        ("A00", Some("A00-A49")),
        ("A17", Some("A10-A19")),
        ("A170", Some("A17")),
        ("A170B", Some("A170")),
        ("A0012", Some("A00")),
        ("I50.9", Some("I50")),
    ] {
        assert_eq!(parent(&edition, code), above, "{code}");
    }
    assert_eq!(edition.lookup("A17.0").unwrap().property("mark"), Some("dagger"));
    assert_eq!(
        edition.lookup("A17.0B").unwrap().property("mark"),
        Some("asterisk")
    );
    assert_eq!(edition.lookup("I50").unwrap().property("mark"), None);
    assert_eq!(edition.lookup("i50.9").unwrap().code(), "I509");
    assert_eq!(
        edition.lookup("A10-A19").unwrap().property("level"),
        Some("block")
    );
    assert_eq!(edition.subsumes_codes("01", "A170B"), Ok(Subsumption::Subsumes));
    assert_eq!(
        edition.subsumes_codes("09", "A170B"),
        Ok(Subsumption::NotSubsumed)
    );
}

#[test]
fn kva_is_two_code_systems_wherever_the_folder_begins() {
    let mut both = kka("kva-2021/kka/");
    both.extend(kma("kva-2021/kma/"));
    let mut all = both.clone();
    all.extend(icd());
    all.extend(files(&[("README.md", "about"), ("geo/lan.csv", "01,Stockholm")]));
    for (folder, expected) in [
        (both, vec![KKA, KMA]),
        (all, vec![ICD_10_SE, KKA, KMA]),
        (kka("kka-2021-text/"), vec![KKA]),
        (kka("some-2021/"), vec![KKA]),
        (kma("some-2021/"), vec![KMA]),
    ] {
        let (systems, findings) = read(&folder);
        assert_eq!(findings, []);
        assert_eq!(
            systems
                .iter()
                .map(|system| system.url.as_str())
                .collect::<Vec<_>>(),
            expected
        );
        assert!(systems.iter().all(|system| system.version == "2021"));
    }
    let (mut systems, findings) = read(&kka(""));
    assert_eq!(codes(&findings), ["VN-IMP-013"]);
    let kka = edition(systems.remove(0));
    assert_eq!(kka.version(), "undated");
    assert_eq!(
        (parent(&kka, "AAA00"), parent(&kka, "AAB10")),
        (Some("AAA"), Some("AA"))
    );
    let definition = kka.lookup("AA").unwrap().definitions().next().unwrap();
    assert_eq!((definition.text, definition.paraphrase), ("Vad den är", false));
    let (mut systems, _) = read(&kma("kma-2021/"));
    let kma = edition(systems.remove(0));
    assert_eq!(
        (parent(&kma, "AA001"), parent(&kma, "VA901")),
        (Some("AA"), Some("VA9"))
    );
}

fn codes(findings: &[ImportFinding]) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.code).collect()
}

/// Puts `text` in the place of a file of the small ICD-10-SE, and gives the findings, which must be errors.
fn broken(name: &str, text: &[u8]) -> Vec<ImportFinding> {
    let mut files = icd();
    files.insert(format!("icd-2021/{name}"), text.to_vec());
    let (systems, findings) = read(&files);
    assert_eq!(systems, [], "nothing is half loaded");
    assert!(
        findings
            .iter()
            .all(|finding| finding.severity == ImportSeverity::Error)
    );
    findings
}

#[test]
fn what_is_wrong_is_told_with_file_and_line() {
    let long = format!("A00\t\t{}", "x".repeat(LINE_BYTES_MAX));
    let huge = vec![b'x'; FILE_BYTES_MAX + 1];
    let cases: [(&str, &[u8], &str, u32); 13] = [
        ("digit3.txt", b"A00\t\tb\nA17\t\tf\xf6rsta", "VN-IMP-001", 2),
        ("digit3.txt", b"\xff\xfeA\x000\x00", "VN-IMP-001", 0),
        ("digit3.txt", b"A00\t\ta\x07b", "VN-IMP-001", 1),
        ("digit3.txt", b"A00\t\ta\nA17", "VN-IMP-003", 2),
        ("digit3.txt", b"A00\t\t ", "VN-IMP-003", 1),
        ("digit3.txt", b"A00\t\ta\tb", "VN-IMP-003", 1),
        ("digit3.txt", b"", "VN-IMP-003", 0),
        ("digit3.txt", b"19121212-1212\t\ta", "VN-IMP-004", 1),
        ("digit3.txt", b"A00\t\ta\nA17\t\tb\nA00\t\tc", "VN-IMP-005", 3),
        ("digit4.txt", b"A000\t\ta\nC000\t\tb", "VN-IMP-006", 2),
        ("digit4.txt", b"A000\t+\ta", "VN-IMP-007", 1),
        ("digit3.txt", long.as_bytes(), "VN-IMP-008", 1),
        ("digit3.txt", &huge, "VN-IMP-009", 0),
    ];
    for (name, text, code, line) in cases {
        let findings = broken(name, text);
        let finding = &findings[0];
        assert_eq!((finding.code, finding.line), (code, line), "{name}: {finding:?}");
        assert_eq!(finding.file, format!("icd-2021/{name}"));
        assert!(!finding.message.contains("19121212"));
    }
    assert_eq!(
        codes(&broken("chapter.txt", "01\t\tUtan spann".as_bytes()))[0],
        "VN-IMP-006"
    );
    let findings = broken("digit3.txt", "fel\n".repeat(500).as_bytes());
    assert_eq!(findings.len(), 101);
    assert_eq!(
        findings.last().unwrap().message,
        "400 more findings are not shown"
    );
}

#[test]
fn a_missing_file_or_folder_is_told_and_the_rest_is_read() {
    let mut files = icd();
    files.remove("icd-2021/digit4.txt");
    files.extend(kma("kma-2021/"));
    files.extend(kma("again/kma-2021/"));
    let (systems, findings) = read(&files);
    assert_eq!(systems.len(), 1);
    assert_eq!(systems[0].url, KMA);
    assert_eq!(codes(&findings), ["VN-IMP-002", "VN-IMP-014"]);
    assert_eq!(codes(&read(&Files::new()).1), ["VN-IMP-012"]);
    assert!(is_wanted("a/b/level1.txt") && !is_wanted("a/b/readme.txt"));
    let detected = detect(files.keys().map(String::as_str));
    let folders: Vec<_> = detected.iter().map(|found| found.folder.as_str()).collect();
    assert_eq!(folders, ["again/kma-2021", "icd-2021", "kma-2021"]);
}

/// The folder of real files: `VARDNAV_DATA`, else `../shared/data` beside the workspace.
fn data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = std::env::var_os("VARDNAV_DATA").map_or(beside, PathBuf::from);
    folder.join("icd-10-se-2021").is_dir().then_some(folder)
}

fn load(folder: &Path, prefix: &str, files: &mut Files) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            load(&path, &format!("{name}/"), files);
        } else if is_wanted(&name) {
            files.insert(name, std::fs::read(path).unwrap());
        }
    }
}

#[test]
fn the_real_files_give_every_code() {
    let Some(folder) = data() else {
        println!("skipped: no real code systems here; name their folder in VARDNAV_DATA");
        return;
    };
    let mut files = Files::new();
    load(&folder, "", &mut files);
    let (systems, findings) = read(&files);
    assert_eq!(findings, []);
    let editions: Vec<Edition> = systems.into_iter().map(edition).collect();
    let [icd, kka, kma] = &editions[..] else {
        panic!("{} code systems", editions.len())
    };
    for (edition, url, concepts) in [(icd, ICD_10_SE, 35_951), (kka, KKA, 8_130), (kma, KMA, 4_666)] {
        assert_eq!(
            (edition.url(), edition.version(), edition.len()),
            (url, "2021", concepts)
        );
    }

    let marks = |mark| {
        icd.concepts()
            .filter(|concept| concept.property("mark") == Some(mark))
            .count()
    };
    assert_eq!((marks("dagger"), marks("asterisk")), (82, 433));
    assert_eq!(
        icd.concepts()
            .filter(|concept| concept.parents().next().is_none())
            .count(),
        22
    );
    assert_eq!(icd.lookup("I50.9").unwrap().code(), "I509");
    assert_eq!(icd.subsumes_codes("09", "I50.9"), Ok(Subsumption::Subsumes));
    assert_eq!(parent(icd, "V7401"), Some("V74"));
    let query = SearchQuery {
        text: "hjärtins",
        limit: 10,
        ..SearchQuery::default()
    };
    let hits = icd.search(&query);
    assert_eq!(hits[0].concept.code(), "I50");
    assert!(hits.iter().any(|hit| hit.concept.code() == "I509"));
    let folded = icd.search(&SearchQuery {
        text: "hjartinsuff",
        ..query
    });
    assert_eq!(folded[0].concept.code(), "I50");
    let typed = icd.search(&SearchQuery {
        text: "hjärtsvikt",
        ..query
    });
    assert_eq!(
        typed[0].concept.code(),
        "P290",
        "the shortest term that has a word beginning with it"
    );
    let found: Vec<&str> = typed.iter().map(|hit| hit.concept.code()).collect();
    assert_eq!(
        found[6..8],
        ["I500", "I501"],
        "höger- and vänsterhjärtsvikt, after all that have a word beginning with it"
    );
    let group = |edition: &Edition| {
        edition
            .lookup("A")
            .unwrap()
            .display("", None)
            .unwrap()
            .text
            .to_owned()
    };
    assert_ne!(
        group(kka),
        group(kma),
        "the same group code means different things"
    );
    assert_eq!(kma.lookup("AA001").unwrap().definitions().len(), 1);
}
