//! The suite every vault passes. A backend's test hands it what opens the same vault again and again, and a second time
//! beside itself; each case has persons and projects of its own, so that one folder or database serves them all.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a failed expectation ends the test that called it"
)]

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::{Date, date};
use vardnav_register::identity::PersonKey;
use vardnav_register::person::{Kommun, PersonError, PersonEvent, Statement};
use vardnav_register::record::IdentityType;

use super::{IdentityBytes, KeptPerson, VaultKeeper};
use crate::contract::StoreError;

/// Opens the vault under test: what was answered through an earlier handle must be there.
pub trait Opener {
    /// Opens it; handles from before are dropped.
    fn open(&mut self) -> impl Future<Output = Arc<dyn VaultKeeper>>;

    /// Opens it beside a handle that is open, as another server does; where that cannot be, the same again.
    fn beside(&mut self, open: &Arc<dyn VaultKeeper>) -> impl Future<Output = Arc<dyn VaultKeeper>>;
}

/// Runs every case.
pub async fn run(opener: &mut impl Opener) {
    an_identity_has_one_key(opener).await;
    of_two_who_bring_a_person_one_is_first(opener).await;
    many_bring_the_same_at_once(opener).await;
    statements_are_noted_once_and_seen_by_all(opener).await;
    of_two_statements_at_once_each_is_judged_by_all(opener).await;
    numbers_lead_to_persons_and_are_opened(opener).await;
    linkage_has_one_key_a_person(opener).await;
    nonces_open_where_they_belong(opener).await;
    rows_are_told_and_kept_as_they_are(opener).await;
}

/// The text of a number of nobody.
pub fn text(case: u32, n: u32) -> String {
    format!("R99X{case:04}{n:08}")
}

/// The identity of a number of nobody.
pub fn identity(case: u32, n: u32) -> IdentityBytes {
    let mut bytes = vec![IdentityType::Reserve as u8];
    bytes.extend(text(case, n).as_bytes());
    IdentityBytes::kept(bytes.into())
}

fn identities(case: u32, numbers: impl IntoIterator<Item = u32>) -> Vec<IdentityBytes> {
    numbers.into_iter().map(|n| identity(case, n)).collect()
}

fn event(person: PersonKey, statement: Statement) -> PersonEvent {
    PersonEvent {
        person,
        statement,
        at: 7,
        caller: "anna".to_owned(),
        source: "ab".to_owned(),
    }
}

fn lives(code: &str, year: i16) -> Statement {
    Statement::Residence {
        kommun: Kommun::new(code).unwrap(),
        from: date(year, 1, 1),
        until: None,
    }
}

async fn an_identity_has_one_key(opener: &mut impl Opener) {
    let vault = opener.open().await;
    let before = vault.counts().await.unwrap();
    assert_eq!(vault.known(identities(1, 0..3)).await.unwrap(), [None; 3]);
    let keys = vault.resolve(identities(1, [0, 1, 0, 2])).await.unwrap();
    assert_eq!(keys[0], keys[2]);
    let distinct: BTreeSet<PersonKey> = keys.iter().copied().collect();
    assert_eq!(distinct.len(), 3);
    assert_eq!(vault.resolve(Vec::new()).await.unwrap(), []);
    let of_issuers = ["SE-1", "SE-2"]
        .map(|issuer| identity(1, 0).within(issuer))
        .to_vec();
    let of_issuers = vault.resolve(of_issuers).await.unwrap();
    assert!(of_issuers[0] != of_issuers[1] && !distinct.contains(&of_issuers[0]));
    drop(vault);
    let vault = opener.open().await;
    assert_eq!(vault.counts().await.unwrap().persons, before.persons + 5);
    let known = vault.known(identities(1, [2, 9, 0])).await.unwrap();
    assert_eq!(known, [Some(keys[3]), None, Some(keys[0])]);
    assert_eq!(vault.resolve(identities(1, [0, 1, 0, 2])).await.unwrap(), keys);
    let too_many = vault.resolve(identities(1, 0..20_000)).await;
    assert!(matches!(too_many, Err(StoreError::Limit(_))));
}

async fn of_two_who_bring_a_person_one_is_first(opener: &mut impl Opener) {
    let one = opener.open().await;
    let other = opener.beside(&one).await;
    let sought: Vec<_> = (0..4).map(|n| one.seek(identity(2, n)).unwrap()).collect();
    let found = one.look(&sought).await.unwrap().found;
    assert!(found.iter().all(|found| !found.is_known));
    assert_eq!(
        one.look(&sought).await.unwrap().found,
        found,
        "drawn once for a while"
    );
    let drawn = |place: usize, key: PersonKey| sought[place].clone().under(key);
    let keys: Vec<PersonKey> = found.iter().map(|found| found.person).collect();
    // Another server drew another key for one of them, and is faster.
    let first = PersonKey([7; 16]);
    assert_eq!(other.keep(vec![drawn(1, first)]).await.unwrap(), [first]);
    let kept = one
        .keep((0..3).map(|place| drawn(place, keys[place])).collect())
        .await;
    assert_eq!(kept.unwrap(), [keys[0], first, keys[2]]);
    for vault in [&one, &other] {
        let found = vault.look(&sought).await.unwrap().found;
        let known: Vec<bool> = found.iter().map(|found| found.is_known).collect();
        assert_eq!(known, [true, true, true, false]);
        assert_eq!(found[1].person, first);
    }
}

async fn many_bring_the_same_at_once(opener: &mut impl Opener) {
    let one = opener.open().await;
    let other = opener.beside(&one).await;
    let before = one.counts().await.unwrap();
    let mut asking = Vec::new();
    for asker in 0..8_u32 {
        let vault = Arc::clone(if asker % 2 == 0 { &one } else { &other });
        let order = move |n: u32| (n * 7 + asker * 13) % 300;
        asking.push(tokio::spawn(async move {
            let keys = vault.resolve(identities(3, (0..300).map(order))).await.unwrap();
            let mut keys: Vec<_> = (0..300).map(order).zip(keys).collect();
            keys.sort_unstable();
            keys
        }));
    }
    let mut all = BTreeSet::new();
    for asker in asking {
        all.insert(asker.await.unwrap());
    }
    assert_eq!(all.len(), 1, "everybody was told the same");
    let keys: BTreeSet<PersonKey> = all.iter().flatten().map(|(_, key)| *key).collect();
    assert_eq!(keys.len(), 300);
    assert_eq!(other.counts().await.unwrap().persons, before.persons + 300);
}

async fn statements_are_noted_once_and_seen_by_all(opener: &mut impl Opener) {
    let one = opener.open().await;
    let other = opener.beside(&one).await;
    let keys = one.resolve(identities(4, 0..4)).await.unwrap();
    let events = vec![
        event(keys[0], lives("0180", 2024)),
        event(keys[0], lives("0180", 2024)),
        event(keys[0], lives("1280", 2025)),
        event(keys[1], Statement::Died { on: date(2026, 2, 3) }),
        event(keys[2], Statement::Merged { into: keys[1] }),
        event(keys[1], Statement::Merged { into: keys[2] }),
    ];
    let circle = Err(PersonError::Circle);
    let noted = one.note(events.clone()).await.unwrap();
    assert_eq!(noted, [Ok(true), Ok(false), Ok(true), Ok(true), Ok(true), circle]);
    let counts = other.counts().await.unwrap();
    let again = other.note(events.clone()).await.unwrap();
    assert!(again[..5].iter().all(|noted| *noted == Ok(false)) && again[5] == circle);
    assert_eq!(one.counts().await.unwrap(), counts, "the same again adds nothing");
    let sought: Vec<_> = (0..5).map(|n| other.seek(identity(4, n)).unwrap()).collect();
    for vault in [&other, &one] {
        let people = vault.look(&sought).await.unwrap();
        let state = |n: usize, year| people.state(people.found[n].person, date(year, 6, 1));
        assert_eq!(state(0, 2024).residence, Kommun::new("0180"));
        assert_eq!(state(0, 2026).residence, Kommun::new("1280"));
        assert!(
            [1, 2]
                .iter()
                .all(|n| state(*n, 2020).died == Some(date(2026, 2, 3)))
        );
        assert!(people.is_same(keys[1], keys[2]) && !people.is_same(keys[1], keys[0]));
        assert_eq!((state(3, 2026).died, state(4, 2026).residence), (None, None));
    }
    // One says it, and the next question of the other knows.
    let on = date(2026, 3, 1);
    for (vault, asked, protected) in [(&one, &other, true), (&other, &one, false)] {
        let said = match protected {
            true => Statement::ProtectionBegan { on },
            false => Statement::ProtectionEnded { on },
        };
        assert_eq!(vault.note(vec![event(keys[3], said)]).await.unwrap(), [Ok(true)]);
        let stated = asked.stated(&[keys[3]]).await.unwrap();
        assert_eq!(stated.state(keys[3], Date::MAX).protected, protected);
    }
    drop((one, other));
    let vault = opener.open().await;
    assert_eq!(vault.keys(keys[2]).await.unwrap(), [keys[1], keys[2]]);
    let stated = vault.stated(&keys).await.unwrap();
    assert_eq!(
        stated.state(keys[0], date(2026, 1, 1)).residence,
        Kommun::new("1280")
    );
    assert!(!stated.state(keys[3], Date::MAX).protected);
}

async fn of_two_statements_at_once_each_is_judged_by_all(opener: &mut impl Opener) {
    let one = opener.open().await;
    let other = opener.beside(&one).await;
    let keys = one.resolve(identities(5, 0..40)).await.unwrap();
    let before = one.counts().await.unwrap();
    let mut noting = Vec::new();
    for (place, pair) in keys.as_chunks::<2>().0.iter().enumerate() {
        for (vault, [person, into]) in [(&one, *pair), (&other, [pair[1], pair[0]])] {
            let vault = Arc::clone(vault);
            let merged = event(person, Statement::Merged { into });
            let lives = event(person, lives("0180", 2000 + i16::try_from(place).unwrap()));
            noting.push(tokio::spawn(async move {
                vault.note(vec![lives, merged]).await.unwrap()
            }));
        }
    }
    let mut noted = Vec::new();
    for noting in noting {
        noted.push(noting.await.unwrap());
    }
    for (place, pair) in noted.as_chunks::<2>().0.iter().enumerate() {
        assert!(pair.iter().all(|noted| noted[0] == Ok(true)), "{place}: {pair:?}");
        let merged: BTreeSet<bool> = pair.iter().map(|noted| noted[1] == Ok(true)).collect();
        assert_eq!(
            merged.len(),
            2,
            "{place}: one of the two is the other's: {pair:?}"
        );
    }
    for vault in [&one, &other] {
        assert_eq!(vault.counts().await.unwrap().stated, before.stated + 60);
    }
}

async fn numbers_lead_to_persons_and_are_opened(opener: &mut impl Opener) {
    let one = opener.open().await;
    let other = opener.beside(&one).await;
    let keys = one.resolve(identities(6, 0..3)).await.unwrap();
    assert_eq!(one.lead(identity(6, 90), keys[0]).await.unwrap(), keys[0]);
    assert_eq!(other.lead(identity(6, 90), keys[1]).await.unwrap(), keys[0]);
    assert_eq!(other.lead(identity(6, 91), keys[0]).await.unwrap(), keys[0]);
    assert_eq!(one.lead(identity(6, 2), keys[0]).await.unwrap(), keys[2]);
    assert_eq!(other.resolve(identities(6, [90])).await.unwrap(), keys[..1]);
    let merged = event(keys[2], Statement::Merged { into: keys[0] });
    one.note(vec![merged]).await.unwrap();
    drop((one, other));
    let vault = opener.open().await;
    for asked in [keys[0], keys[2]] {
        let numbers = vault.open_numbers(vec![asked]).await.unwrap();
        let of = |person: PersonKey| {
            let numbers = numbers.iter().filter(|number| number.person == person);
            let texts = numbers.map(|number| number.identity.reveal().unwrap().1.to_owned());
            texts.collect::<Vec<_>>()
        };
        assert_eq!(of(keys[0]), [text(6, 0), text(6, 90), text(6, 91)]);
        assert_eq!(of(keys[2]), [text(6, 2)]);
        assert_eq!(numbers.len(), 4);
    }
    assert_eq!(vault.open_numbers(vec![PersonKey([0; 16])]).await.unwrap(), []);
}

async fn linkage_has_one_key_a_person(opener: &mut impl Opener) {
    let one = opener.open().await;
    let other = opener.beside(&one).await;
    let keys = one.resolve(identities(7, 0..20)).await.unwrap();
    let (heart, again) = tokio::join!(one.linkage("heart", &keys), other.linkage("heart", &keys));
    let heart = heart.unwrap();
    assert_eq!(again.unwrap(), heart, "a project has one secret");
    let lung = other.linkage("lung", &keys).await.unwrap();
    let all: BTreeSet<[u8; 16]> = heart.iter().chain(&lung).copied().collect();
    assert_eq!(all.len(), 40);
    assert!(keys.iter().all(|key| !all.contains(&key.0)));
    let merged = event(keys[7], Statement::Merged { into: keys[3] });
    one.note(vec![merged]).await.unwrap();
    drop((one, other));
    let linked = opener.open().await.linkage("heart", &keys).await.unwrap();
    assert_eq!(linked[7], heart[3]);
    assert!((0..20).filter(|n| *n != 7).all(|n| linked[n] == heart[n]));
}

async fn nonces_open_where_they_belong(opener: &mut impl Opener) {
    let one = opener.open().await;
    let other = opener.beside(&one).await;
    let sealed = one.seal_nonce(&[7; 32], b"entry 1").unwrap();
    assert_eq!(other.unseal_nonce(&sealed, b"entry 1").unwrap(), [7; 32]);
    assert!(other.unseal_nonce(&sealed, b"entry 2").is_err());
    assert_eq!(one.id().unwrap(), other.id().unwrap());
}

/// Every number that a vault keeps.
pub async fn all_kept(vault: &dyn VaultKeeper) -> Vec<KeptPerson> {
    let (mut all, mut from) = (Vec::new(), Vec::new());
    loop {
        let kept = vault.kept_persons(&from).await.unwrap();
        all.extend(kept.persons);
        match kept.next {
            Some(next) => from = next,
            None => return all,
        }
    }
}

async fn rows_are_told_and_kept_as_they_are(opener: &mut impl Opener) {
    let vault = opener.open().await;
    let keys = vault.resolve(identities(8, 0..30)).await.unwrap();
    vault.lead(identity(8, 90), keys[0]).await.unwrap();
    let counts = vault.counts().await.unwrap();
    let all = all_kept(vault.as_ref()).await;
    assert_eq!(all.len() as u64, counts.persons);
    assert!(matches!(
        vault.kept_persons(b"nowhere").await,
        Err(StoreError::Limit(_))
    ));
    // What is there stays, and nobody is led elsewhere by it.
    vault.keep_persons(all.clone()).await.unwrap();
    let mut elsewhere = all[0].clone();
    elsewhere.person = PersonKey([9; 16]);
    let mut foreign = all[0].clone();
    (foreign.lookup, foreign.sealed[2]) = ([9; 32], foreign.sealed[2] ^ 1);
    for wrong in [elsewhere, foreign] {
        let refused = vault.keep_persons(vec![wrong]).await;
        assert!(matches!(refused, Err(StoreError::Corrupt(_))), "{refused:?}");
    }
    let mut events = Vec::new();
    loop {
        let some = vault.kept_events(events.len() as u64).await.unwrap();
        match some.is_empty() {
            true => break,
            false => events.extend(some),
        }
    }
    assert_eq!(events.len() as u64, counts.events);
    assert_eq!(vault.kept_events(3).await.unwrap()[0], events[3]);
    let again = vault.keep_events(0, events.clone()).await;
    assert!(matches!(again, Err(StoreError::Conflict { .. })));
    let moved = vault.keep_events(counts.events, vec![events[0].clone()]).await;
    assert!(
        matches!(moved, Err(StoreError::Corrupt(_))),
        "sealed to another place"
    );
    assert_eq!(vault.counts().await.unwrap(), counts);
}
