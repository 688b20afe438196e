//! The life cycle over its entries: scenarios from a file, and any order of steps held against what must be true of a
//! published release.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use vardnav_release::authority::{AuthorityState, Stage};
use vardnav_release::entry::{
    AuthorityEntry, Body, EditionRecord, Procedure, Proposal, Reporter, Resolution, Subject,
};
use vardnav_release::lifecycle::{self, CheckOutcome, Haste, Invitation, Publication, Refusal};

const CODES: &str = "urn:codes";

/// One step that somebody tries.
#[derive(Debug, Clone, Default)]
struct Try {
    who: String,
    step: String,
    words: Vec<String>,
    options: BTreeMap<String, Vec<String>>,
}

impl Try {
    fn parse(line: &str) -> Self {
        let mut words = line.split_whitespace();
        let mut parsed = Self {
            who: words.next().unwrap().to_owned(),
            step: words.next().unwrap().to_owned(),
            ..Self::default()
        };
        for word in words {
            let known = ["stale", "resolution", "identities"].contains(&word);
            match word.split_once('=') {
                Some((name, value)) => parsed.option(name, value),
                None if known => parsed.option(word, ""),
                None => parsed.words.push(word.to_owned()),
            }
        }
        parsed
    }

    fn option(&mut self, name: &str, value: &str) {
        let values = self.options.entry(name.to_owned()).or_default();
        values.push(value.replace('_', " "));
    }

    fn one(&self, name: &str) -> Option<&str> {
        self.options.get(name)?.first().map(String::as_str)
    }

    fn number<T: std::str::FromStr + Default>(&self, name: &str) -> T {
        self.one(name)
            .and_then(|text| text.parse().ok())
            .unwrap_or_default()
    }

    fn date(&self, name: &str) -> Option<Date> {
        self.one(name).map(|text| text.parse().unwrap())
    }

    fn check(&self, state: &AuthorityState) -> CheckOutcome {
        let bound = vec![(CODES.to_owned(), "1".to_owned())];
        let mut editions = CheckOutcome::pins(state, &bound);
        if self.one("stale").is_some() {
            editions.clear();
        }
        CheckOutcome {
            errors: self.number("errors"),
            warnings: 0,
            bound,
            editions,
        }
    }

    fn procedure(&self) -> Option<Procedure> {
        let asked = ["remiss", "notice", "resolution", "identities"];
        asked
            .iter()
            .any(|name| self.one(name).is_some())
            .then(|| Procedure {
                remiss_days_min: self.number("remiss"),
                notice_days_min: self.number("notice"),
                resolution_required: self.one("resolution").is_some(),
                identities_required: self.one("identities").is_some(),
            })
    }

    /// What the step would write.
    fn decide(&self, state: &AuthorityState, at: i64, today: Date) -> Result<Vec<AuthorityEntry>, Refusal> {
        let (who, now) = (self.who.as_str(), (at, today));
        let word = |at: usize| self.words.get(at).map_or("", String::as_str);
        let id = word(0);
        let digest = state.draft(id).map_or([0; 32], |draft| draft.proposal.digest);
        let one = |entry: AuthorityEntry| vec![entry];
        match self.step.as_str() {
            "put" => {
                let digest = [word(2).parse().unwrap(); 32];
                let proposal = Proposal {
                    release: word(1).to_owned(),
                    from: date(2026, 1, 1),
                    digest,
                    ..Proposal::default()
                };
                let put = lifecycle::put(state, who, at, id, proposal)?;
                let mut next = state.clone();
                next.apply(&put).unwrap();
                let based = match self.one("base") {
                    None => None,
                    named => lifecycle::base(&next, who, at, id, digest, named)?,
                };
                Ok(std::iter::once(put).chain(based).collect())
            }
            "check" => {
                let errors = self.number("errors");
                lifecycle::checked(state, who, at, id, digest, errors, 0).map(one)
            }
            "refer" => {
                let bodies = self.options.get("body").into_iter().flatten();
                let invitation = Invitation {
                    until: self.date("until").unwrap(),
                    bodies: bodies
                        .map(|name| Body {
                            id: String::new(),
                            name: name.clone(),
                        })
                        .collect(),
                };
                lifecycle::refer(state, who, now, id, digest, &invitation).map(one)
            }
            "close" => lifecycle::close(state, who, now, id).map(one),
            "comment" => {
                let body = self.one("body").unwrap();
                lifecycle::comment(state, who, now, id, body, &Subject::default(), "a comment").map(one)
            }
            "resolve" => {
                let resolution = match word(2) {
                    "accepted" => Resolution::Accepted,
                    "partly" => Resolution::Partly,
                    "rejected" => Resolution::Rejected,
                    _ => Resolution::Noted,
                };
                let number = word(1).parse().unwrap();
                lifecycle::resolve(state, who, at, id, number, resolution, "an answer").map(one)
            }
            "submit" => lifecycle::submit(state, who, now, id, digest, &self.check(state)),
            "approve" => lifecycle::approve(state, who, at, id, digest).map(one),
            "publish" => {
                let haste = match (self.one("short"), self.one("retro")) {
                    (Some(reason), _) => Haste::ShortNotice(reason.to_owned()),
                    (None, Some(reason)) => Haste::Retroactive(reason.to_owned()),
                    (None, None) => Haste::None,
                };
                let terms = Publication {
                    from: self.date("from"),
                    today,
                    haste,
                    procedure: self.procedure(),
                    changes: Vec::new(),
                };
                lifecycle::publish(state, who, at, id, digest, &self.check(state), &terms)
            }
            "link" => lifecycle::link_caller(state, who, at, id, word(1)).map(many),
            "acknowledge" => lifecycle::acknowledge(state, who, at, id, word(1)).map(many),
            "reporter" => {
                let reporter = Reporter {
                    id: id.to_owned(),
                    ..Reporter::default()
                };
                lifecycle::put_reporter(state, who, at, &reporter).map(many)
            }
            step => panic!("no step is called {step}"),
        }
    }
}

fn many(entry: Option<AuthorityEntry>) -> Vec<AuthorityEntry> {
    entry.into_iter().collect()
}

/// A state in which the edition that drafts bind is imported.
fn begin() -> AuthorityState {
    let edition = EditionRecord {
        system: CODES.to_owned(),
        version: "1".to_owned(),
        ..EditionRecord::default()
    };
    let mut state = AuthorityState::default();
    let imported = lifecycle::import_edition(&state, "root", 0, &edition).unwrap();
    state.apply(&imported.unwrap()).unwrap();
    state
}

fn stage(name: &str) -> Stage {
    match name {
        "draft" => Stage::Draft,
        "faulty" => Stage::Faulty,
        "checked" => Stage::Checked,
        "submitted" => Stage::Submitted,
        "approved" => Stage::Approved,
        "published" => Stage::Published,
        other => panic!("no stage is called {other}"),
    }
}

#[test]
fn scenarios_go_as_they_are_told() {
    let mut state = begin();
    let (mut today, mut scenario, mut steps) = (date(2026, 1, 1), "", 0);
    for (at, line) in (1_i64..).zip(include_str!("data/lifecycle.txt").lines()) {
        let told = format!("line {at}, {scenario}: {line}");
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [] | ["#", ..] => {}
            ["scenario", ..] => {
                (state, scenario) = (begin(), line);
            }
            ["day", day] => today = day.parse().unwrap(),
            ["is", id, wanted, rest @ ..] => {
                let draft = state.draft(id).unwrap();
                assert_eq!(draft.stage(), stage(wanted), "{told}");
                assert_eq!(lifecycle::is_behind(&state, draft), rest == ["behind"], "{told}");
            }
            ["told", release, from, retroactive, reason] => {
                let release = state.release(release).unwrap();
                let announced = release.announced.as_ref().unwrap();
                assert_eq!(announced.from.to_string(), *from, "{told}");
                assert_eq!(announced.reason, reason.replace('_', " "), "{told}");
                assert_eq!(
                    release.is_retroactive(),
                    Some(*retroactive == "retroactive"),
                    "{told}"
                );
            }
            _ => {
                let (step, refused) = match line.split_once(" => ") {
                    Some((step, code)) => (step, Some(code)),
                    None => (line, None),
                };
                let decided = Try::parse(step).decide(&state, at, today);
                assert_eq!(decided.as_ref().err().map(Refusal::code), refused, "{told}");
                for entry in decided.into_iter().flatten() {
                    let bytes = entry.sealed().unwrap();
                    state.apply(&AuthorityEntry::decode(&bytes).unwrap()).unwrap();
                }
                steps += 1;
            }
        }
    }
    assert!(steps > 150, "{steps} steps");
}

/// What was done and not refused, in order, with the day.
type Done = Vec<(Date, Try)>;

/// Whether two callers are one person by the links made anywhere in what was done.
fn same_person(done: &Done, one: &str, other: &str) -> bool {
    let mut names = BTreeSet::from([one.to_lowercase()]);
    loop {
        let before = names.len();
        for (_, link) in done.iter().filter(|(_, done)| done.step == "link") {
            let pair = [link.words[0].to_lowercase(), link.words[1].to_lowercase()];
            if pair.iter().any(|name| names.contains(name)) {
                names.extend(pair);
            }
        }
        if names.len() == before {
            return names.contains(&other.to_lowercase());
        }
    }
}

/// What must be true of the publication that was done last, told from what was done alone.
fn assert_rightly_published(done: &Done) {
    let ((today, publish), before) = done.split_last().unwrap();
    let before = before.to_vec();
    let id = publish.words[0].as_str();
    let of_draft = |step: &str| {
        let step = step.to_owned();
        before
            .iter()
            .enumerate()
            .filter(move |(_, (_, done))| done.step == step && done.words[0] == id)
    };
    let (put, _) = of_draft("put").next_back().expect("it was put");
    let after = |step: &str| of_draft(step).rfind(|(at, _)| *at > put);
    // Whoever submits has it checked.
    let checks = after("check").into_iter().chain(after("submit"));
    let (_, (_, check)) = checks.max_by_key(|(at, _)| *at).expect("it was checked");
    assert_eq!(check.number::<u32>("errors"), 0, "its last check was clean");
    assert_eq!(
        publish.number::<u32>("errors"),
        0,
        "so was the one at publication"
    );
    let (_, (_, approval)) = after("approve").expect("it was approved");
    for step in ["put", "submit", "resolve"] {
        for (_, (_, done)) in of_draft(step) {
            assert!(
                !same_person(&before, &done.who, &approval.who),
                "{} approved an own draft",
                approval.who
            );
        }
    }
    let earlier: Vec<&(Date, Try)> = before.iter().filter(|(_, done)| done.step == "publish").collect();
    let Some((_, newest)) = earlier.last() else { return };
    let newest_id = before
        .iter()
        .rfind(|(_, done)| done.step == "put" && done.words[0] == newest.words[0])
        .map(|(_, put)| put.words[1].clone())
        .unwrap();
    let first_put = of_draft("put").next().unwrap().0;
    let based = of_draft("put")
        .filter_map(|(_, (_, put))| put.one("base"))
        .next_back();
    let published_before = before[..first_put]
        .iter()
        .rfind(|(_, done)| done.step == "publish");
    match based {
        Some(base) => assert_eq!(base, newest_id, "it is made from the newest release"),
        None => assert_eq!(
            published_before.map(|(_, done)| &done.words[0]),
            Some(&newest.words[0]),
            "nothing was published under it"
        ),
    }
    assert!(
        earlier.iter().all(|(_, done)| done.words[0] != id),
        "it is published once"
    );
    let Some(procedure) = newest.procedure() else {
        return;
    };
    if procedure.identities_required {
        let steps = ["put", "submit", "resolve"];
        let authors = steps.iter().flat_map(|step| of_draft(step));
        let mut parties: Vec<&str> = authors.map(|(_, (_, done))| done.who.as_str()).collect();
        parties.push(&approval.who);
        for party in &parties {
            let vouched = before.iter().any(|(_, link)| {
                link.step == "link"
                    && link.words[0].eq_ignore_ascii_case(party)
                    && !parties.iter().any(|party| same_person(&before, party, &link.who))
            });
            assert!(vouched, "somebody else says who {party} is");
        }
    }
    assert!(after("submit").is_some(), "it was submitted");
    let from = publish.date("from").unwrap_or(date(2026, 1, 1));
    let hasty = from < *today + i64::from(procedure.notice_days_min).days();
    let reason = publish.one("short").or(publish.one("retro"));
    assert!(
        procedure.notice_days_min == 0 || !hasty || reason.is_some_and(|reason| !reason.trim().is_empty()),
        "notice was given"
    );
    let submitted = after("submit").unwrap().0;
    let mut longest = 0;
    let mut open: Vec<(Date, Date)> = Vec::new();
    for (day, step) in &before[..submitted] {
        match step.step.as_str() {
            "refer" if step.words[0] == id => open.push((*day, step.date("until").unwrap())),
            "close" if step.words[0] == id => {
                let last = open.iter_mut().rfind(|(_, until)| until >= day).unwrap();
                last.1 = *day;
            }
            _ => {}
        }
    }
    for (from, until) in open {
        longest = longest.max((until - from).get_days());
    }
    assert!(longest >= i32::from(procedure.remiss_days_min), "it was referred");
    if procedure.resolution_required {
        let comments = of_draft("comment").count();
        let resolved: BTreeSet<&String> = of_draft("resolve").map(|(_, (_, done))| &done.words[1]).collect();
        assert_eq!(resolved.len(), comments, "every comment was answered");
    }
}

fn tries() -> impl Strategy<Value = String> {
    let who = prop::sample::select(vec!["a", "A", "b", "c"]);
    let draft = prop::sample::select(vec!["d", "e"]);
    let step = prop_oneof![
        3 => (draft.clone(), 1..3_u8, prop::sample::select(vec!["", " base=2026.d", " base=2026.e"]))
            .prop_map(|(draft, digest, base)| format!("put {draft} 2026.{draft} {digest}{base}")),
        4 => (draft.clone(), 0..5_u8)
            .prop_map(|(draft, errors)| format!("check {draft} errors={}", errors / 4)),
        2 => (draft.clone(), 1..4_u8).prop_map(|(draft, day)| {
            format!("refer {draft} until=2026-01-0{day} body=X")
        }),
        1 => draft.clone().prop_map(|draft| format!("close {draft}")),
        1 => draft.clone().prop_map(|draft| format!("comment {draft} body=X")),
        2 => (draft.clone(), 1..3_u8).prop_map(|(draft, comment)| format!("resolve {draft} {comment} noted")),
        3 => draft.clone().prop_map(|draft| format!("submit {draft}")),
        4 => draft.clone().prop_map(|draft| format!("approve {draft}")),
        6 => (draft, 0..6_u8, 1..9_u8, prop::sample::select(vec![
            "", " remiss=1 resolution", " notice=2", " remiss=1 notice=1", " identities",
        ])).prop_map(|(draft, haste, day, procedure)| {
            let haste = match haste { 0 => " short=why", 1 => " retro=why", 2 => " errors=1", _ => "" };
            format!("publish {draft} from=2026-01-0{day}{haste}{procedure}")
        }),
        1 => Just("link a x".to_owned()),
        1 => Just("link b x".to_owned()),
        1 => (prop::sample::select(vec!["a", "b", "c"]), 1..4_u8)
            .prop_map(|(caller, person)| format!("link {caller} p{person}")),
        1 => Just("day".to_owned()),
    ];
    (who, step).prop_map(|(who, step)| format!("{who} {step}"))
}

/// What a way to two published releases needs, so that random steps around it often lead there.
const WAY: [&str; 9] = [
    "a put d 2026.d 1",
    "a check d",
    "b approve d",
    "c publish d from=2026-01-05",
    "a put e 2026.e 2",
    "a check e",
    "a submit e",
    "c approve e",
    "c publish e from=2026-01-08",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn no_order_of_steps_publishes_what_may_not_be(
        between in prop::collection::vec(prop::collection::vec(tries(), 0..4), WAY.len()),
        dropped in prop::collection::vec(0..12_u8, WAY.len()),
        linkers in prop::option::of(prop::array::uniform2(prop::sample::select(vec!["a", "b", "c"]))),
    ) {
        let way = WAY.iter().zip(dropped).zip(between).flat_map(|((step, dropped), mut steps)| {
            match (linkers, *step) {
                _ if dropped == 0 => {}
                // Persons are asked for, and linked by whom it may be.
                (Some([one, other]), "c publish d from=2026-01-05") => {
                    steps.push(format!("{step} identities"));
                    steps.push(format!("{one} link a p1"));
                    steps.push(format!("{other} link c p3"));
                }
                _ => steps.push((*step).to_owned()),
            }
            steps
        });
        let (mut state, mut done, mut today) = (begin(), Done::new(), date(2026, 1, 1));
        for (at, line) in (1_i64..).zip(way) {
            if line.ends_with(" day") {
                today = today.tomorrow().unwrap();
                continue;
            }
            let tried = Try::parse(&line);
            let Ok(entries) = tried.decide(&state, at, today) else { continue };
            for entry in &entries {
                state.apply(entry).unwrap();
            }
            done.push((today, tried.clone()));
            if tried.step == "publish" {
                assert_rightly_published(&done);
            }
        }
    }
}
