//! A service over a store in memory, and small files to import.
#![allow(dead_code, reason = "each test uses its part")]

use std::io::Read as _;
use std::sync::Arc;

use vardnav_interchange::content::{Files as _, MemoryFiles};
use vardnav_release::Snapshot;
use vardnav_release::entry::EditionRecord;
use vardnav_release::package::Package;
use vardnav_runtime::caller::Caller;
use vardnav_service_terminology::kept::{Spool, Spooled};
use vardnav_service_terminology::{Terminology, load};
use vardnav_store::{Authority, Blobs, Contents, Digest, Loader, Memory, Store};
use vardnav_terminology::Edition;

pub(crate) struct Editions;

impl Loader for Editions {
    fn load_release(&self, _: &Package, _: &[Arc<Edition>]) -> Result<Snapshot, String> {
        Err("no releases here".to_owned())
    }

    fn load_edition(&self, record: &EditionRecord, blobs: &Blobs) -> Result<Edition, String> {
        load::edition(record, blobs, None)
    }

    fn load_contents(&self, blob: &Digest, blobs: &Blobs) -> Result<Contents, String> {
        load::contents(blob, blobs)
    }
}

pub(crate) fn files(digit4: &str) -> Spooled {
    let files = [
        (
            "codes/icd-2021/chapter.txt",
            "\u{feff}09\t\tNionde kapitlet (I00-I99)",
        ),
        ("codes/icd-2021/block.txt", "\u{feff}I30-I52\t\tHjärtblock\n"),
        ("codes/icd-2021/digit3.txt", "\u{feff}I50\t\tPåhittad hjärtsvikt"),
        ("codes/icd-2021/digit4.txt", digit4),
        ("codes/icd-2021/digit5.txt", "\u{feff}I501A\t*\tDjupast"),
        ("codes/kma-2021/level1.txt", "Kod:\t\tKodtext:\nA\t\tGrupp"),
        ("codes/kma-2021/level2.txt", "Kod:\t\tKodtext:\nAA\t\tUndergrupp"),
        ("codes/kma-2021/level3.txt", "Kod:\t\tKodtext:\nAA0\t\tTredje"),
        (
            "codes/kma-2021/level4.txt",
            "Kod:\t\tKodtext:\tBeskrivning:\nAA001\t\tHjärtprov\tVad det är",
        ),
    ];
    let mut spool = Spool::default();
    for (path, text) in files {
        spool.push(path, text.as_bytes()).unwrap();
    }
    spool.finish()
}

pub(crate) const DIGIT4: &str = "\u{feff}I509\t\tHjärtsvikt, ospecificerad";

pub(crate) async fn service() -> (Arc<dyn Store>, Terminology) {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let authority = Authority::open(Arc::clone(&store), Arc::new(Editions))
        .await
        .unwrap();
    (Arc::clone(&store), Terminology::new(store, authority, None))
}

pub(crate) fn caller() -> Caller {
    Caller::trusted("anna")
}

pub(crate) fn spooled(files: &MemoryFiles) -> Spooled {
    let mut spool = Spool::default();
    for path in files.paths() {
        let mut bytes = Vec::new();
        files.open(&path).unwrap().read_to_end(&mut bytes).unwrap();
        spool.push(&path, &bytes).unwrap();
    }
    spool.finish()
}

pub(crate) const MAP: &str = r#"{
  "resourceType": "ConceptMap", "url": "urn:map", "version": "1", "status": "active",
  "group": [{
    "source": "urn:local", "target": "urn:place|7",
    "element": [{"code": "HOME", "target": [
      {"code": "shelter", "relationship": "equivalent",
       "dependsOn": [{"attribute": "unit", "valueString": "S"}],
       "product": [{"attribute": "level", "valueString": "2"}]},
      {"code": "home", "relationship": "equivalent"}]}],
    "unmapped": {"mode": "use-source-code", "relationship": "related-to"}}]}"#;
