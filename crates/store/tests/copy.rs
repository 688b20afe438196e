//! A store is copied into another of any kind: stopped anywhere, while the source grows, and never into one that holds
//! anything else.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};
use vardnav_register::entry::{Act, Entry, EntryBody, Header, VERSION};
use vardnav_register::erasure::{Erasure, Target};
use vardnav_register::record::RecordKind;
use vardnav_register::rights::{Asked, RecordRef, RightsEntry, Scope, Step};
use vardnav_register::tree::MultiProof;
use vardnav_store::copy::{Compared, Copied, CopyError, Progress, Verdict, Wish, compare, copy, vault};
use vardnav_store::postgres::private::{Private, QUICK};
use vardnav_store::postgres::{self, Postgres, PostgresVault};
use vardnav_store::suite::{read_all, sample_rows};
use vardnav_store::vault::suite::identity;
use vardnav_store::{
    Change, Digest, Embedded, FileVault, Memory, Options, Row, Store, StreamId, Vault as _, VaultKeeper,
    subtree_hashes,
};

/// Where stores of a test are.
struct Ground {
    folder: tempfile::TempDir,
    private: Option<Private>,
    count: AtomicU64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Memory,
    Embedded,
    Postgres,
}

impl Ground {
    fn new() -> Self {
        let private = Private::start(QUICK).unwrap();
        if private.is_none() {
            eprintln!("without PostgreSQL: this machine has none");
        }
        Self {
            folder: tempfile::tempdir().unwrap(),
            private,
            count: AtomicU64::new(0),
        }
    }

    fn kinds(&self) -> Vec<Kind> {
        let mut kinds = vec![Kind::Memory, Kind::Embedded];
        kinds.extend(self.private.as_ref().map(|_| Kind::Postgres));
        kinds
    }

    async fn store(&self, kind: Kind) -> Arc<dyn Store> {
        let name = format!("s{}", self.count.fetch_add(1, Ordering::Relaxed));
        match kind {
            Kind::Memory => Arc::new(Memory::new()),
            Kind::Embedded => {
                let folder = self.folder.path().join(name);
                Arc::new(Embedded::open(&folder, Options::default()).unwrap())
            }
            Kind::Postgres => {
                let url = self.private.as_ref().unwrap().database(&name).await.unwrap();
                let options = postgres::Options {
                    volatile: true,
                    ..postgres::Options::default()
                };
                Arc::new(Postgres::open(&url, options).await.unwrap())
            }
        }
    }
}

fn stream(name: &str) -> StreamId {
    StreamId::new(name).unwrap()
}

/// Rows whose leaves are those of their bytes, as streams of reporters and of the authority have them.
fn rows_of(from: u64, count: u64) -> Vec<Row> {
    let mut rows = sample_rows(from, count);
    for row in &mut rows {
        row.leaf = Sha256::new()
            .chain_update([0])
            .chain_update(&row.bytes)
            .finalize()
            .into();
    }
    rows
}

async fn extend(store: &dyn Store, name: &str, rows: Vec<Row>) {
    let stream = stream(name);
    let size = store.head(&stream).await.unwrap().size;
    store.append(&stream, size, rows).await.unwrap();
}

async fn fill(store: &dyn Store) {
    extend(store, "authority", rows_of(0, 40)).await;
    extend(store, "audit", rows_of(100, 700)).await;
    for reporter in 0..12 {
        let rows = rows_of(reporter * 1_000, 1 + reporter * 37);
        extend(store, &format!("reporter/{reporter}"), rows).await;
    }
    extend(store, "large", sample_rows(50_000, 2_500)).await;
    extend(store, "large", sample_rows(60_000, 1_500)).await;
    for blob in 0..20_u64 {
        store
            .put_blob(vec![7; (blob * blob * 500) as usize])
            .await
            .unwrap();
    }
}

fn go_on(_: Progress) -> bool {
    true
}

async fn whole(from: &dyn Store, to: &dyn Store) -> Copied {
    copy(from, to, &Wish::default(), &go_on).await.unwrap()
}

async fn compared(from: &dyn Store, to: &dyn Store) -> Compared {
    compare(from, to, &Wish::default(), true, &go_on).await.unwrap()
}

/// Copies, and is stopped when it has told of progress so many times; then again, a little later, until it is whole.
async fn copy_with_stops(from: &dyn Store, to: &dyn Store) -> (u64, u64) {
    let (mut stops, mut rows_held) = (0, 0);
    loop {
        let told = AtomicU64::new(0);
        let patience = 1 + stops * (stops + 3);
        let tell = |_: Progress| told.fetch_add(1, Ordering::Relaxed) < patience;
        let wish = Wish {
            reread: stops % 5 == 0,
            ..Wish::default()
        };
        match copy(from, to, &wish, &tell).await {
            Ok(copied) => return (stops, copied.streams.iter().map(|stream| stream.held).sum()),
            Err(CopyError::Stopped) => stops += 1,
            Err(error) => panic!("{error}"),
        }
        let held: u64 = to
            .streams()
            .await
            .unwrap()
            .iter()
            .map(|(_, head)| head.size)
            .sum();
        assert!(held >= rows_held, "what was copied stays");
        rows_held = held;
    }
}

async fn is_the_same(from: &dyn Store, to: &dyn Store) {
    let streams = from.streams().await.unwrap();
    assert_eq!(to.streams().await.unwrap(), streams);
    for (stream, head) in &streams {
        let rows = read_all(from, stream).await.unwrap();
        assert!(read_all(to, stream).await.unwrap() == rows, "{stream}");
        let keys = rows.iter().take(50).map(|row| row.key).collect::<Vec<_>>();
        let found = to.find(stream, keys.clone()).await.unwrap();
        assert_eq!(from.find(stream, keys).await.unwrap(), found);
        let leaves = [0, head.size / 2, head.size - 1];
        let leaves: Vec<u64> = leaves
            .into_iter()
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect();
        let plan = MultiProof::plan(head.size, &leaves).unwrap();
        let hashes = subtree_hashes(to, stream, &plan).await.unwrap();
        let proof = MultiProof::assemble(head.size, &leaves, hashes).unwrap();
        let proven: Vec<_> = leaves.iter().map(|at| (*at, rows[*at as usize].leaf)).collect();
        proof.verify(head.size, &proven, &head.root).unwrap();
    }
    let digests = from.blobs(None, 10_000).await.unwrap();
    assert_eq!(to.blobs(None, 10_000).await.unwrap(), digests);
    for digest in &digests {
        let bytes = to.get_blob(digest).await.unwrap().unwrap();
        assert_eq!(Digest::of(&bytes), *digest);
    }
    let told = compared(from, to).await;
    assert!(told.is_same() && !told.differs(), "{told:?}");
    assert_eq!(told.streams_same, streams.len() as u64);
    assert_eq!(told.blobs_same, digests.len() as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_store_is_copied_into_any_other_with_stops_and_more_later() {
    let ground = Ground::new();
    for one in ground.kinds() {
        let from = ground.store(one).await;
        fill(&*from).await;
        for other in ground.kinds() {
            let to = ground.store(other).await;
            let (stops, held) = copy_with_stops(&*from, &*to).await;
            assert!(
                stops > 3 && held > 0,
                "{one:?} to {other:?}: {stops} stops, {held} held"
            );
            is_the_same(&*from, &*to).await;
            let again = whole(&*from, &*to).await;
            assert_eq!((again.rows, again.blobs_new, again.erased), (0, 0, 0));
            assert_eq!(
                again.reread,
                again.streams.iter().map(|stream| stream.held).sum::<u64>()
            );
        }
        // What comes later, and what is erased later.
        let to = ground.store(ground.kinds()[ground.kinds().len() - 1]).await;
        whole(&*from, &*to).await;
        extend(&*from, "large", sample_rows(90_000, 300)).await;
        extend(&*from, "reporter/new", rows_of(70_000, 30)).await;
        let large = stream("large");
        let length = from.read(&large, 2_000, 1).await.unwrap()[0].bytes.len();
        from.redact(&large, 2_000, vec![0; length]).await.unwrap();
        from.put_blob(b"later".to_vec()).await.unwrap();
        let before = compared(&*from, &*to).await;
        assert_eq!(
            (before.rows_behind, before.streams.len(), before.blobs.len()),
            (330, 2, 1)
        );
        assert!(!before.differs() && !before.is_same());
        let more = whole(&*from, &*to).await;
        assert_eq!((more.rows, more.erased, more.blobs_new), (330, 1, 1), "{one:?}");
        is_the_same(&*from, &*to).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_is_written_to_is_copied_up_to_where_it_was() {
    let ground = Ground::new();
    for kind in ground.kinds() {
        let (from, to) = (ground.store(kind).await, ground.store(Kind::Embedded).await);
        let writer = {
            let from = Arc::clone(&from);
            tokio::spawn(async move {
                for batch in 0..60_u64 {
                    for reporter in 0..3 {
                        extend(&*from, &format!("reporter/{reporter}"), rows_of(batch * 50, 50)).await;
                    }
                }
            })
        };
        let mut copies = 0;
        while !writer.is_finished() {
            let before = from.streams().await.unwrap();
            let copied = whole(&*from, &*to).await;
            for (stream, head) in before {
                let of = copied.streams.iter().find(|of| of.stream == stream).unwrap();
                assert!(of.head.size >= head.size);
                assert_eq!(to.head(&stream).await.unwrap(), of.head);
            }
            assert!(!compared(&*from, &*to).await.differs());
            copies += 1;
        }
        writer.await.unwrap();
        whole(&*from, &*to).await;
        is_the_same(&*from, &*to).await;
        assert!(copies > 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_into_a_target_that_holds_anything_else() {
    let ground = Ground::new();
    for kind in ground.kinds() {
        let from = ground.store(kind).await;
        extend(&*from, "audit", rows_of(0, 300)).await;
        extend(&*from, "more", sample_rows(0, 10)).await;
        let cases = [
            ("which the source does not have", "elsewhere", sample_rows(0, 1)),
            ("of which the source has 300", "audit", rows_of(0, 301)),
            ("are not the first 7", "audit", rows_of(1, 7)),
            ("are not the first 10", "more", sample_rows(1, 10)),
        ];
        for (said, name, held) in cases {
            let to = ground.store(kind).await;
            extend(&*to, name, held).await;
            let before = to.streams().await.unwrap();
            let refused = copy(&*from, &*to, &Wish::default(), &go_on).await;
            let Err(CopyError::NoBeginning(why)) = refused else {
                panic!("{refused:?}");
            };
            assert!(why.contains(said), "{why}");
            assert_eq!(to.streams().await.unwrap(), before, "{said}");
            let told = compared(&*from, &*to).await;
            assert!(
                !told.is_same() && told.differs() != told.is_ahead(),
                "{said}: {told:?}"
            );
            assert_eq!(told.is_ahead(), !said.contains("not the first"), "{said}");
        }
        let to = ground.store(kind).await;
        to.put_blob(b"of its own".to_vec()).await.unwrap();
        let refused = copy(&*from, &*to, &Wish::default(), &go_on).await;
        assert!(matches!(refused, Err(CopyError::NoBeginning(_))), "{refused:?}");
        assert_eq!(to.streams().await.unwrap(), []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_without_its_leaf_is_not_copied() {
    let (from, to) = (Memory::new(), Memory::new());
    extend(&from, "reporter/one", sample_rows(0, 3)).await;
    let refused = copy(&from, &to, &Wish::default(), &go_on).await;
    assert!(matches!(refused, Err(CopyError::Damaged(_))), "{refused:?}");
    assert_eq!(to.streams().await.unwrap(), []);
}

/// A reporter is moved to a database of its own, reports there, and comes back with what it reported.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_streams_of_a_reporter_move_to_another_database_and_back() {
    let ground = Ground::new();
    for kind in ground.kinds() {
        let (home, away) = (ground.store(kind).await, ground.store(kind).await);
        fill(&*home).await;
        extend(&*home, "refused/3", sample_rows(0, 4)).await;
        extend(&*away, "reporter/of-there", rows_of(5, 5)).await;
        let wish = Wish {
            streams: vec![stream("reporter/3"), stream("refused/3")],
            ..Wish::default()
        };
        let moved = copy(&*home, &*away, &wish, &go_on).await.unwrap();
        assert_eq!((moved.streams.len(), moved.rows, moved.blobs), (2, 116, 0));
        assert!(
            compare(&*home, &*away, &wish, true, &go_on)
                .await
                .unwrap()
                .is_same()
        );
        assert_eq!(away.streams().await.unwrap().len(), 3);
        extend(&*away, "reporter/3", rows_of(900_000, 25)).await;
        let back = copy(&*away, &*home, &wish, &go_on).await.unwrap();
        assert_eq!((back.rows, back.reread), (25, 116));
        let name = stream("reporter/3");
        assert_eq!(home.head(&name).await.unwrap(), away.head(&name).await.unwrap());
        assert!(read_all(&*home, &name).await.unwrap() == read_all(&*away, &name).await.unwrap());
        // What was reported on both sides meanwhile is told, and neither takes the place of the other.
        extend(&*away, "reporter/3", rows_of(1, 1)).await;
        extend(&*home, "reporter/3", rows_of(2, 2)).await;
        let refused = copy(&*away, &*home, &wish, &go_on).await;
        assert!(matches!(refused, Err(CopyError::NoBeginning(_))), "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn projections_are_compared_where_both_have_followed_as_far() {
    let ground = Ground::new();
    for kind in ground.kinds() {
        let (from, to) = (ground.store(Kind::Memory).await, ground.store(kind).await);
        extend(&*from, "audit", rows_of(0, 9)).await;
        whole(&*from, &*to).await;
        let audit = stream("audit");
        let put = |key: &str, value: &str| Change {
            key: key.into(),
            value: Some(value.into()),
        };
        let verdict = async || {
            let told = compared(&*from, &*to).await;
            assert_eq!(told.projections.len(), 1);
            (
                told.projections[0].verdict,
                told.projections[0].rows,
                told.differs(),
            )
        };
        from.commit("counts", &audit, 0, 9, vec![put("a", "1"), put("b", "2")])
            .await
            .unwrap();
        assert_eq!(verdict().await, (Verdict::Behind, 0, false));
        to.commit("counts", &audit, 0, 4, vec![put("a", "1")])
            .await
            .unwrap();
        assert_eq!(verdict().await, (Verdict::Behind, 0, false));
        to.commit("counts", &audit, 4, 9, vec![put("b", "2")])
            .await
            .unwrap();
        assert_eq!(verdict().await, (Verdict::Same, 2, false));
        to.commit("counts", &audit, 9, 9, vec![put("b", "3")])
            .await
            .unwrap();
        assert_eq!(verdict().await, (Verdict::Other, 2, true));
        to.clear("counts").await.unwrap();
        assert_eq!(verdict().await, (Verdict::Behind, 0, false));
    }
}

/// Two copies of the same source into the same target at the same time end in one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_copies_at_once_do_not_harm_each_other() {
    let ground = Ground::new();
    for kind in ground.kinds() {
        let (from, to) = (ground.store(Kind::Memory).await, ground.store(kind).await);
        fill(&*from).await;
        tokio::join!(whole(&*from, &*to), whole(&*from, &*to));
        is_the_same(&*from, &*to).await;
    }
}

/// Persons have the same keys in a vault that became a copy, and one with another key takes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vault_is_copied_into_one_with_the_same_key() {
    let ground = Ground::new();
    let at = |name: &str| ground.folder.path().join(name);
    let numbers = |count: u32| (0..count).map(|n| identity(2, n)).collect::<Vec<_>>();
    let from = FileVault::open(&at("one")).unwrap();
    let keys = from.resolve(numbers(40)).await.unwrap();
    from.linkage("heart", &keys).await.unwrap();
    for name in ["other", "of-database"] {
        std::fs::create_dir(at(name)).unwrap();
        std::fs::copy(at("one").join("key"), at(name).join("key")).unwrap();
    }
    let mut targets: Vec<Arc<dyn VaultKeeper>> = vec![Arc::new(FileVault::open(&at("other")).unwrap())];
    if let Some(private) = &ground.private {
        let url = private.database("vault").await.unwrap();
        let options = postgres::Options {
            volatile: true,
            ..postgres::Options::default()
        };
        let store = Postgres::open(&url, options).await.unwrap();
        let opened = PostgresVault::open_existing(&store, &at("of-database")).await;
        targets.push(Arc::new(opened.unwrap()));
    }
    for to in targets {
        for _ in 0..2 {
            let counts = vault(&from, &*to).await.unwrap();
            assert_eq!(counts, from.counts().await.unwrap());
        }
        assert_eq!(to.resolve(numbers(40)).await.unwrap(), keys);
        let linked = to.linkage("heart", &keys).await.unwrap();
        assert_eq!(from.linkage("heart", &keys).await.unwrap(), linked);
        to.resolve(vec![identity(2, 900)]).await.unwrap();
        let ahead = vault(&from, &*to).await;
        assert!(matches!(ahead, Err(CopyError::NoBeginning(_))), "{ahead:?}");
    }
    // With the same key and other persons, of whom some may have been taken before that was seen.
    std::fs::create_dir(at("apart")).unwrap();
    std::fs::copy(at("one").join("key"), at("apart").join("key")).unwrap();
    let apart = FileVault::open(&at("apart")).unwrap();
    apart.resolve(numbers(3)).await.unwrap();
    let refused = vault(&from, &apart).await.unwrap_err();
    let said = refused.to_string();
    assert!(matches!(refused, CopyError::NoBeginning(_)), "{said}");
    assert!(
        !said.contains("nothing was written") && said.contains("stays in it"),
        "{said}"
    );
    let stranger = FileVault::open(&at("stranger")).unwrap();
    let refused = vault(&from, &stranger).await;
    assert!(matches!(refused, Err(CopyError::NoBeginning(_))), "{refused:?}");
    assert_eq!(stranger.counts().await.unwrap().persons, 0);
}

/// The entry of a contact whose content is a secret.
fn contact(position: u64) -> Entry {
    let header = Header {
        version: VERSION,
        act: Act::Report,
        reporter: "one".to_owned(),
        kind: RecordKind::Contact,
        id: format!("c-{position}"),
        revision: 1,
        replaces: 0,
        delivery: None,
        received: 7,
        release: "2026".to_owned(),
    };
    let body = EntryBody::Whole {
        content: format!("a secret of {position} {}", "x".repeat(200)).into_bytes(),
        content_nonce: [1; 32],
        sealed_identity_nonce: vec![2; 48],
        derived: vec![3; 60],
        derived_nonce: [4; 32],
    };
    Entry {
        header,
        identity: [5; 32],
        body,
    }
}

fn contacts(from: u64, count: u64) -> Vec<Row> {
    let rows = (from..from + count).map(|position| {
        let entry = contact(position);
        let mut row = sample_rows(position, 1).remove(0);
        (row.leaf, row.bytes) = (entry.leaf(), entry.encode());
        row
    });
    rows.collect()
}

async fn say(store: &dyn Store, step: Step) {
    let entry = RightsEntry {
        caller: "anna".to_owned(),
        at: 7,
        step,
    };
    let mut row = sample_rows(900, 1).remove(0);
    (row.leaf, row.bytes) = (entry.leaf(), entry.encode());
    extend(store, "rights", vec![row]).await;
}

/// Asks for an erasure and tells of it; the content is there as before. Gives the number of the request.
async fn tell_of_erasure(store: &dyn Store, positions: &[u64]) -> u64 {
    let request = store.head(&StreamId::rights()).await.unwrap().size;
    let record = |position: &u64| RecordRef {
        reporter: "one".to_owned(),
        kind: RecordKind::Contact,
        id: format!("c-{position}"),
        revision: 1,
        position: *position,
    };
    let asked = Asked {
        purpose: "person-right".to_owned(),
        reason: "asked for".to_owned(),
        scope: Scope::Erasure(positions.iter().map(record).collect()),
        uses: 1,
        until: 9,
    };
    say(store, Step::Asked(asked)).await;
    say(store, Step::Approved { request }).await;
    let target = |position: &u64| Target {
        position: *position,
        leaf: contact(*position).leaf(),
        kind: RecordKind::Contact,
        id: format!("c-{position}"),
        revision: 1,
    };
    let erasure = Erasure {
        reporter: "one".to_owned(),
        request,
        at: 7,
        basis: "person-right".to_owned(),
        requested_by: "anna".to_owned(),
        approved_by: "bo".to_owned(),
        targets: positions.iter().map(target).collect(),
    };
    let row = Row {
        key: erasure.key(),
        leaf: erasure.leaf(),
        bytes: erasure.encode(),
    };
    extend(store, "reporter/one", vec![row]).await;
    request
}

/// Erases the content that was told to go, and says that it is done.
async fn erase(store: &dyn Store, request: u64, positions: &[u64]) {
    let stream = stream("reporter/one");
    for position in positions {
        let length = contact(*position).encode().len();
        let erased = contact(*position).erased_to(length).unwrap().encode();
        store.redact(&stream, *position, erased).await.unwrap();
    }
    let count = positions.len() as u64;
    say(store, Step::Used { request, count }).await;
}

async fn secrets(store: &dyn Store) -> usize {
    let rows = read_all(store, &stream("reporter/one")).await.unwrap();
    let is_secret = |bytes: &[u8]| bytes.windows(11).any(|part| part == b"a secret of");
    rows.iter().filter(|row| is_secret(&row.bytes)).count()
}

/// What is erased in the source after it was copied is erased in the target by the next copy, however little that one
/// reads again, and until then nobody says that both are the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_copied_before_it_was_erased_does_not_stay() {
    let ground = Ground::new();
    let light = Wish {
        reread: false,
        ..Wish::default()
    };
    for kind in ground.kinds() {
        let (from, to) = (ground.store(Kind::Memory).await, ground.store(kind).await);
        extend(&*from, "reporter/one", contacts(0, 900)).await;
        let gone = [3, 4, 700, 890];
        let request = tell_of_erasure(&*from, &gone).await;
        copy(&*from, &*to, &light, &go_on).await.unwrap();
        assert_eq!(secrets(&*to).await, 900);
        erase(&*from, request, &gone).await;
        // Done, and only the stream of rights says so.
        let rights = Wish {
            streams: vec![StreamId::rights()],
            ..light.clone()
        };
        copy(&*from, &*to, &rights, &go_on).await.unwrap();
        let told = compared(&*from, &*to).await;
        assert_eq!((told.rows_kept, told.rows_behind), (4, 0), "{told:?}");
        assert!(!told.is_same() && !told.differs(), "{told:?}");
        let copied = copy(&*from, &*to, &light, &go_on).await.unwrap();
        assert_eq!((copied.erased, copied.rows, copied.reread), (4, 0, 0));
        assert_eq!(secrets(&*to).await, 896);
        is_the_same(&*from, &*to).await;
    }
}

/// What is erased in the source in the middle of a copy is erased in the target when that ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_erased_while_it_is_copied_does_not_stay() {
    let ground = Ground::new();
    for kind in ground.kinds() {
        let (from, to) = (ground.store(Kind::Memory).await, ground.store(kind).await);
        extend(&*from, "reporter/one", contacts(0, 50)).await;
        from.put_blob(b"blob".to_vec()).await.unwrap();
        let gone = [0, 49];
        let request = tell_of_erasure(&*from, &gone).await;
        let tell = |progress: Progress| {
            if progress.step == "blobs" && progress.done == 0 {
                let from = Arc::clone(&from);
                let erasing = async move { erase(&*from, request, &gone).await };
                #[expect(
                    clippy::disallowed_methods,
                    reason = "who hears of progress has no future to wait in"
                )]
                tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(erasing));
            }
            true
        };
        let copied = copy(&*from, &*to, &Wish::default(), &tell).await.unwrap();
        assert_eq!((copied.erased, secrets(&*to).await), (2, 48), "{kind:?}");
        let told = compared(&*from, &*to).await;
        assert_eq!((told.rows_kept, told.rows_behind), (0, 1), "{told:?}");
    }
}
