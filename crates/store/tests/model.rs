//! Random operations on the embedded store, with reopening in between, answer as the simple store does.
#![expect(clippy::unwrap_used, reason = "a failed expectation ends the test")]

#[path = "model/steps.rs"]
mod steps;

use std::sync::Arc;

use proptest::prelude::*;
use vardnav_store::suite::Opener;
use vardnav_store::{Embedded, Options, Store};

use self::steps::{both, steps};

struct Folder(tempfile::TempDir);

impl Opener for Folder {
    async fn open(&mut self) -> Arc<dyn Store> {
        let options = Options {
            segment_bytes: 100_000,
            part_rows: 70,
            part_bytes: 30_000,
            fan_in: 2,
        };
        let store = Embedded::open(self.0.path(), options).unwrap();
        assert_eq!(store.damage(), []);
        Arc::new(store)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn embedded_answers_as_memory_does(steps in steps()) {
        both(steps, &mut Folder(tempfile::tempdir().unwrap()));
    }
}
