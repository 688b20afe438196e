//! Random operations answer as the simple store does. Not beside the embedded store in one process: a process that is begun
//! at that moment holds the lock of a folder that is closed and opened again.

use std::cell::Cell;

use proptest::prelude::*;
use tokio::runtime::Builder;

use super::steps::{both, steps};
use super::{Database, server};

#[test]
fn answers_as_memory_does() {
    let Some(private) = server() else { return };
    let cases = Cell::new(0);
    let config = ProptestConfig {
        cases: 12,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(steps in steps())| {
        let name = format!("model-{}", cases.replace(cases.get() + 1));
        let made = Builder::new_current_thread().enable_all().build().unwrap();
        let url = made.block_on(private.database(&name)).unwrap();
        both(steps, &mut Database(url));
    });
}
