//! The shape of the workspace: which room may know which, what no pure room may know, what stands at the top.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// `(room, rooms of ours it may know)`.
const EDGES: &[(&str, &[&str])] = &[
    ("terminology", &[]),
    ("classification", &["terminology"]),
    ("register", &["terminology", "classification"]),
    ("indicators", &["terminology", "classification", "register"]),
    (
        "release",
        &["terminology", "classification", "register", "indicators"],
    ),
    (
        "store",
        &[
            "terminology",
            "classification",
            "register",
            "indicators",
            "release",
        ],
    ),
    (
        "interchange",
        &[
            "terminology",
            "classification",
            "register",
            "indicators",
            "release",
        ],
    ),
    (
        "api",
        &[
            "terminology",
            "classification",
            "register",
            "indicators",
            "release",
        ],
    ),
    ("runtime", &[]),
];

const PURE: &[&str] = &[
    "terminology",
    "classification",
    "register",
    "indicators",
    "release",
];

/// What a pure room may use from outside.
const PURE_MAY_USE: &[&str] = &["jiff", "thiserror", "sha2", "regex", "bytemuck", "statrs"];

/// What every service may know.
const SERVICES_MAY_KNOW: &[&str] = &[
    "api",
    "runtime",
    "store",
    "interchange",
    "terminology",
    "classification",
    "register",
    "indicators",
    "release",
];

const TOP: &[&str] = &["proto", "crates", "services", "tests"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

fn manifest(folder: &Path) -> toml::Table {
    std::fs::read_to_string(folder.join("Cargo.toml"))
        .unwrap()
        .parse()
        .unwrap()
}

fn dependencies(folder: &Path) -> BTreeSet<String> {
    let manifest = manifest(folder);
    manifest
        .get("dependencies")
        .and_then(|table| table.as_table())
        .into_iter()
        .flatten()
        .map(|(name, _)| name.clone())
        .collect()
}

fn folders(parent: &str) -> BTreeMap<String, PathBuf> {
    std::fs::read_dir(root().join(parent))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), path))
        .collect()
}

fn ours(dependencies: &BTreeSet<String>) -> BTreeSet<String> {
    dependencies
        .iter()
        .filter_map(|name| name.strip_prefix("vardnav-"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn rooms_know_only_what_they_may() {
    let found = folders("crates");
    assert_eq!(
        found.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        EDGES.iter().map(|(room, _)| *room).collect::<BTreeSet<_>>(),
        "rooms under crates/ and rooms in this table differ"
    );
    for (room, allowed) in EDGES {
        for known in ours(&dependencies(&found[*room])) {
            assert!(
                allowed.contains(&known.as_str()),
                "`{room}` must not depend on `{known}`"
            );
        }
    }
}

#[test]
fn pure_rooms_use_nothing_that_reads_writes_or_serialises() {
    for room in PURE {
        for used in dependencies(&root().join("crates").join(room)) {
            if !used.starts_with("vardnav-") {
                assert!(
                    PURE_MAY_USE.contains(&used.as_str()),
                    "pure `{room}` must not use `{used}`"
                );
            }
        }
    }
}

#[test]
fn services_know_rooms_and_never_each_other() {
    for (service, folder) in folders("services") {
        for known in ours(&dependencies(&folder)) {
            let composes = service == "vardnav";
            assert!(
                composes || SERVICES_MAY_KNOW.contains(&known.as_str()),
                "service `{service}` must not depend on `{known}`"
            );
        }
    }
}

#[test]
fn the_top_level_is_as_laid_out() {
    for entry in std::fs::read_dir(root()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() && !name.starts_with('.') && name != "target" {
            assert!(
                TOP.contains(&name.as_str()),
                "`{name}/` does not belong at the top level"
            );
        }
    }
}

#[test]
fn every_room_takes_the_workspace_lints() {
    for (name, folder) in folders("crates").into_iter().chain(folders("services")) {
        let lints = manifest(&folder);
        assert_eq!(
            lints["lints"]["workspace"].as_bool(),
            Some(true),
            "`{name}` does not take the workspace lints"
        );
    }
}

#[test]
fn pure_rooms_read_no_clock_and_draw_no_chance() {
    const WORDS: &[&str] = &[
        "SystemTime",
        "Instant::now",
        "std::fs",
        "std::net",
        "std::env",
        "rand::",
        "tokio",
    ];
    for room in PURE {
        let mut files = Vec::new();
        collect(&root().join("crates").join(room).join("src"), &mut files);
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for word in WORDS {
                let used = code
                    .lines()
                    .any(|line| line.contains(word) && !line.trim_start().starts_with("//"));
                assert!(!used, "{} uses `{word}`", file.display());
            }
        }
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "tests") {
                collect(&path, files);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && path.file_name().is_none_or(|name| name != "tests.rs")
        {
            files.push(path);
        }
    }
}
