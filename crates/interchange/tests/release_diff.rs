//! What differs between releases, told of edits of the starter release that a file lists; and where two edits meet.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use vardnav_interchange::release::{self as files, starter};
use vardnav_release::diff::{self, Change, What, words};
use vardnav_release::package::Package;
use vardnav_release::source::ReleaseSource;

#[derive(Default)]
struct Case {
    file: String,
    find: String,
    replace: String,
    wanted: Vec<String>,
    sv: String,
    en: String,
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in include_str!("data/release_diff.txt").lines() {
        let (sign, rest) = line.split_once(' ').unwrap_or((line, ""));
        let unfolded = || rest.replace("\\n", "\n");
        if sign == "@" {
            cases.push(Case {
                file: rest.to_owned(),
                ..Case::default()
            });
            continue;
        }
        let Some(case) = cases.last_mut() else { continue };
        match sign {
            "-" => case.find = unfolded(),
            "+" => case.replace = unfolded(),
            "=" => case.wanted.push(rest.to_owned()),
            "sv" => rest.clone_into(&mut case.sv),
            "en" => rest.clone_into(&mut case.en),
            _ => {}
        }
    }
    cases
}

fn edited(edits: &[(&str, &str, &str)]) -> ReleaseSource {
    let package = starter::package().unwrap();
    let files = package.files().map(|(path, bytes)| {
        let mut text = String::from_utf8(bytes.to_vec()).unwrap();
        for (_, find, replace) in edits.iter().filter(|(file, ..)| *file == path) {
            assert!(text.contains(find), "{path} holds {find:?}");
            text = text.replacen(find, replace, 1);
        }
        (path.to_owned(), text.into_bytes())
    });
    let package = Package::new(files.collect::<Vec<_>>()).unwrap();
    let parsed = files::parse(&package);
    parsed.source.unwrap()
}

fn key(change: &Change) -> String {
    let key = format!(
        "{} {} {} {}",
        change.kind.name(),
        change.id,
        change.what.name(),
        change.aspect
    );
    key.trim_end().to_owned()
}

#[test]
fn each_edit_is_told_as_what_it_is_and_nothing_else() {
    let starter = edited(&[]);
    assert_eq!(diff::diff(&starter, &starter), []);
    let cases = cases();
    assert!(cases.len() > 20);
    for case in cases {
        let next = edited(&[(&case.file, &case.find, &case.replace)]);
        let changes = diff::diff(&starter, &next);
        let found: Vec<String> = changes.iter().map(key).collect();
        assert_eq!(found, case.wanted, "{}: {}", case.file, case.replace);
        let told = words::line(&changes[0]);
        for (said, wanted) in [(told.sv, &case.sv), (told.en, &case.en)] {
            let said = said.rsplit_once(" [").map_or(said.as_str(), |(said, _)| said);
            assert!(wanted.is_empty() || said == wanted, "{said}\n{wanted}");
        }
        let place = if changes[0].what == What::Removed {
            &changes[0].old
        } else {
            &changes[0].new
        };
        let has_place = changes[0].kind.name() != "disclosure";
        assert_eq!(place.file == case.file, has_place, "{place:?} of {}", case.file);
        let back: Vec<What> = diff::diff(&next, &starter)
            .iter()
            .map(|change| change.what)
            .collect();
        assert_eq!(back.len(), changes.len(), "as much differs the other way");
    }
}

#[test]
fn a_draft_and_a_release_meet_where_both_changed_the_same() {
    let required = ("register/variables.toml", "required = true", "required = false");
    let basis = (
        "register/variables.toml",
        "legal_basis = \"SFS-1998-543\"",
        "legal_basis = \"SFS-2001-707-4\"",
    );
    let limit = |days: &'static str| ("register/limits.toml", "days_ahead = 62", days);
    let place = (
        "value-sets.toml",
        "\"special-housing\"]",
        "\"special-housing\", \"school\"]",
    );
    let base = edited(&[]);
    let ours = edited(&[required, limit("days_ahead = 31")]);
    let theirs = edited(&[required, basis, limit("days_ahead = 30"), place]);
    let (ours, theirs) = (diff::diff(&base, &ours), diff::diff(&base, &theirs));
    let found = diff::conflicts(&ours, &theirs);
    let keys = |changes: &[Change]| changes.iter().map(key).collect::<Vec<_>>();
    assert_eq!(keys(&found.alike), ["variable VN-V-001 changed required"]);
    assert_eq!(
        keys(&found.theirs),
        [
            "value-set dwelling changed values",
            "variable VN-V-001 changed legal-basis"
        ]
    );
    let [(our, their)] = found.both.as_slice() else {
        panic!("{:?}", found.both)
    };
    assert_eq!((our.after.as_str(), their.after.as_str()), ("31", "30"));
    assert!(words::conflict(our, their).sv.starts_with("båda ändrar"));
}
