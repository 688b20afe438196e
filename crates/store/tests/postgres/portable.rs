//! Only what PostgreSQL shares with the distributed engines that speak as it does: every statement and table of the store
//! is read here as text.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Words that no statement has, and why.
const FOREIGN: &[(&str, &str)] = &[
    ("SERIAL", "a sequence is a hot spot"),
    ("BIGSERIAL", "a sequence is a hot spot"),
    ("SEQUENCE", "a sequence is a hot spot"),
    ("NEXTVAL", "a sequence is a hot spot"),
    ("IDENTITY", "a sequence is a hot spot"),
    ("REFERENCES", "a key between tables crosses shards"),
    ("FOREIGN", "a key between tables crosses shards"),
    ("LISTEN", "notifications stay on one server"),
    ("NOTIFY", "notifications stay on one server"),
    ("UNLISTEN", "notifications stay on one server"),
    ("PG_NOTIFY", "notifications stay on one server"),
    ("TRIGGER", "what happens stands in the statement"),
    ("FUNCTION", "what happens stands in the statement"),
    ("PROCEDURE", "what happens stands in the statement"),
    ("PLPGSQL", "what happens stands in the statement"),
    ("EXTENSION", "not every engine has it"),
    ("UNLOGGED", "it is lost in a crash"),
    ("TEMPORARY", "it stays on one connection"),
    ("TEMP", "it stays on one connection"),
    ("LOCK", "locks of tables stay on one server"),
    ("INHERITS", "not every engine has it"),
    ("PARTITION", "not every engine has it"),
    ("MERGE", "not every engine has it"),
    ("CTID", "the place of a row is one engine's own"),
    ("XMIN", "the version of a row is one engine's own"),
    ("OID", "not every engine has it"),
    ("TABLESPACE", "not every engine has it"),
    ("COPY", "a statement of its own transaction"),
];
/// Beginnings of such words.
const FOREIGN_BEGINNINGS: &[(&str, &str)] = &[
    ("PG_ADVISORY", "advisory locks stay on one server"),
    ("PG_TRY_ADVISORY", "advisory locks stay on one server"),
    ("PG_", "tables and functions of one engine"),
];
/// By what tables may be sharded.
const SHARDED_BY: &[&str] = &[
    "stream",
    "digest",
    "projection",
    "name",
    "lookup",
    "person",
    "vault",
];
/// Tables that are small and the same for all.
const SMALL: &[&str] = &["migrations", "migrations_served"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/postgres")
}

fn files(folder: &Path, extension: &str, found: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, extension, found);
        } else if path.extension().is_some_and(|had| had == extension) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            found.insert(name, std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// What stands between quotation marks in a file of Rust, and is SQL by its looks; joined where it was broken.
fn literals(text: &str) -> Vec<String> {
    let code: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    let mut found = Vec::new();
    let mut open: Option<String> = None;
    let mut letters = code.chars();
    while let Some(letter) = letters.next() {
        match (&mut open, letter) {
            (None, '"') => open = Some(String::new()),
            (None, _) => {}
            (Some(_), '"') => found.extend(open.take()),
            (Some(text), '\\') => match letters.next() {
                Some('\n') | None => {}
                Some(escaped) => text.extend(['\\', escaped]),
            },
            (Some(text), other) => text.push(other),
        }
    }
    found
}

fn words(text: &str) -> Vec<String> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// What a text uses that is not shared.
fn foreign(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for word in words(text) {
        // Statements are written with their words in capitals; names of columns are not.
        let upper = word.to_ascii_uppercase();
        for (known, why) in FOREIGN {
            if upper == *known {
                found.push(format!("{word}: {why}"));
            }
        }
        for (known, why) in FOREIGN_BEGINNINGS {
            if upper.starts_with(known) {
                found.push(format!("{word}: {why}"));
            }
        }
    }
    found
}

/// What is wrong with the tables that a text makes.
fn badly_sharded(text: &str) -> Vec<String> {
    let flat = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("--"))
        .collect::<Vec<_>>()
        .join(" ");
    let mut found = Vec::new();
    for statement in flat.split(';').map(str::trim).filter(|text| !text.is_empty()) {
        let of = words(statement);
        let first_of = |after: &str| {
            let (_, columns) = statement.split_once(after)?;
            let (_, columns) = columns.split_once('(')?;
            words(columns).into_iter().next()
        };
        match of.first().map(String::as_str) {
            Some("CREATE") if of[1] == "TABLE" => {
                let name = of[2..]
                    .iter()
                    .find(|word| !["IF", "NOT", "EXISTS"].contains(&word.as_str()));
                let name = name.unwrap().clone();
                let key = first_of("PRIMARY KEY");
                let right = key.as_deref().is_some_and(|key| SHARDED_BY.contains(&key));
                if !right && !SMALL.contains(&name.as_str()) {
                    found.push(format!("the key of {name} begins with {key:?}"));
                }
            }
            Some("CREATE") if of[1] == "INDEX" || of[1] == "UNIQUE" => {
                let column = first_of(" ON ");
                if !column
                    .as_deref()
                    .is_some_and(|column| SHARDED_BY.contains(&column))
                {
                    found.push(format!("an index begins with {column:?}: {statement}"));
                }
            }
            Some("ALTER" | "UPDATE" | "INSERT" | "DELETE" | "DROP") => {}
            other => found.push(format!("{other:?} is no statement of a migration")),
        }
    }
    found
}

#[test]
fn nothing_is_used_that_other_engines_lack() {
    let (mut code, mut migrations) = (BTreeMap::new(), BTreeMap::new());
    files(&folder(), "rs", &mut code);
    files(&folder(), "sql", &mut migrations);
    // The tests' own server is PostgreSQL and nothing else.
    assert!(code.remove("private.rs").is_some());
    assert!(code.len() > 5 && !migrations.is_empty());
    let mut found = Vec::new();
    let mut statements = 0;
    for (name, text) in &code {
        for literal in literals(text) {
            let first = literal.split_whitespace().next().unwrap_or_default().to_owned();
            let is_statement = !first.is_empty() && first.chars().all(|letter| letter.is_ascii_uppercase());
            statements += usize::from(is_statement);
            // Of the rest nothing is a statement, but parts of some may be.
            let parts = literal.contains('$') || literal.contains("FROM") || is_statement;
            if parts {
                found.extend(
                    foreign(&literal)
                        .into_iter()
                        .map(|what| format!("{name}: {what}: {literal}")),
                );
            }
            if literal.starts_with("CREATE") {
                found.extend(
                    badly_sharded(&literal)
                        .into_iter()
                        .map(|what| format!("{name}: {what}")),
                );
            }
        }
    }
    for (name, text) in &migrations {
        let statements: Vec<_> = text.lines().filter(|line| !line.starts_with("--")).collect();
        found.extend(
            foreign(&statements.join("\n"))
                .into_iter()
                .map(|what| format!("{name}: {what}")),
        );
        found.extend(
            badly_sharded(text)
                .into_iter()
                .map(|what| format!("{name}: {what}")),
        );
    }
    assert!(statements > 20, "only {statements} statements were seen");
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn the_lint_sees_what_it_must() {
    for text in [
        "SELECT pg_advisory_lock(1)",
        "CREATE TABLE a (id BIGSERIAL PRIMARY KEY)",
        "SELECT nextval('a')",
        "LISTEN news",
        "CREATE TRIGGER a BEFORE UPDATE ON b",
        "stream text REFERENCES heads (stream)",
        "id bigint GENERATED ALWAYS AS IDENTITY",
        "DELETE FROM a WHERE ctid IN (SELECT ctid FROM a)",
    ] {
        assert!(!foreign(text).is_empty(), "{text}");
    }
    for text in [
        "CREATE TABLE a (position bigint, stream text, PRIMARY KEY (position, stream))",
        "CREATE INDEX b ON ledger (key, stream)",
        "CREATE UNIQUE INDEX b ON ledger (key)",
        "CREATE TABLE a (stream text)",
        "GRANT ALL ON a TO b",
    ] {
        assert!(!badly_sharded(text).is_empty(), "{text}");
    }
    let fine = "CREATE TABLE a (stream text, PRIMARY KEY (stream)); CREATE INDEX b ON a (stream, key)";
    assert_eq!(badly_sharded(fine), Vec::<String>::new());
    assert_eq!(literals("const A: &str = \"SELECT \\\n 1\";"), ["SELECT  1"]);
}
