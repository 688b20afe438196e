//! Deriving history anew: from packed facts and from the ledger, while records are reported at a quarter of the speed
//! at which they are taken. The register is filled straight into its store, without being reported.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use vardnav_api::vardnav::register::v1 as pb;
use vardnav_interchange::register::read::read_record;
use vardnav_interchange::release::{self, starter};
use vardnav_register::derive::{Ages, Attributes, derive};
use vardnav_register::entry::{Act, Entry, Header, Nonces, VERSION, row_key};
use vardnav_register::identity::PersonKey;
use vardnav_register::record::{Body, Record};
use vardnav_register::surroundings::{EpisodeView, ReleaseView, Surroundings};
use vardnav_register::unit::CareUnit;
use vardnav_release::entry::{AuthorityEntry, Change, Proposal};
use vardnav_release::{Package, Snapshot};
use vardnav_store::{Embedded, Options, Row, Store, StreamId};

use super::report::{lanes, send};
use super::{Budget, Figure, grpc};
use crate::client::Client;
use crate::exit::{Failure, Outcome};
use crate::sample;
use crate::server::Node;

/// Different records; further ones are the same under other ids.
const DIFFERENT: usize = 50_000;
/// Rows appended at once.
const BATCH: usize = 2000;
/// Records reported to learn how fast they are taken.
const PACED: usize = 20_000;
/// How often the derivation is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// Under which nothing can be taken over from packed facts: an axis gets its facts from elsewhere.
const OTHER_RELEASE: &str = "2027.1";

/// Measures with `count` records.
pub(crate) async fn measure(count: u64) -> Outcome<Vec<Figure>> {
    let place = tempfile::tempdir()?;
    let node = Node::open(place.path()).await?;
    node.know_sample().await?;
    publish_other(&node).await?;
    let release = node.authority.view().newest_release();
    drop((node, release));
    let filled = fill(place.path(), usize::try_from(count).map_err(Failure::failed)?).await?;

    let node = Node::open(place.path()).await?;
    let (client, _) = grpc::serve(&node).await?;
    let began = Instant::now();
    until(&client, "pack", &[], "2026.1", filled).await?;
    let packing = began.elapsed().as_secs_f64();
    let reported = lanes(PACED);
    let sent = send(std::slice::from_ref(&client), &reported).await?;
    let full = PACED as f64 / sent.seconds;

    let stop = Arc::new(AtomicBool::new(false));
    let ingest = tokio::spawn(paced(client.clone(), full / 4.0, Arc::clone(&stop)));
    let packed = until(&client, "packed", &["U1:outpatient"], "2026.1", filled).await?;
    let ledger = until(&client, "ledger", &[], OTHER_RELEASE, filled).await?;
    stop.store(true, Ordering::Relaxed);
    let pace = ingest.await.map_err(Failure::failed)??;
    let figure = |name: &str, value, unit, budget: Option<f64>| Figure {
        name: name.into(),
        value,
        unit,
        baseline: None,
        budget: budget.map(Budget::AtLeast),
    };
    let records = filled as f64;
    Ok(vec![
        figure(
            "first derivation, facts being packed meanwhile",
            records / packing,
            "records/s",
            None,
        ),
        figure("records reported meanwhile", pace, "records/s", None),
        figure(
            "reclassify from packed facts",
            records / packed,
            "records/s",
            Some(500_000.0),
        ),
        figure(
            "reclassify from the ledger",
            records / ledger,
            "records/s",
            Some(100_000.0),
        ),
    ])
}

/// Plans a derivation; answers the seconds until so many entries are derived.
async fn until(client: &Client, id: &str, variants: &[&str], release: &str, entries: u64) -> Outcome<f64> {
    let began = Instant::now();
    let request = pb::StartReclassificationRequest {
        id: id.to_owned(),
        release: release.to_owned(),
        variants: variants.iter().map(|variant| (*variant).to_owned()).collect(),
        ..Default::default()
    };
    client.register().start_reclassification(request).await?;
    loop {
        let request = pb::ListReclassificationsRequest::default();
        let known = client
            .register()
            .list_reclassifications(request)
            .await?
            .into_inner();
        let derivation = known.derivations.into_iter().find(|known| known.id == id);
        let progress = derivation.and_then(|known| known.progress).unwrap_or_default();
        if progress.done >= entries {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    let seconds = began.elapsed().as_secs_f64();
    let request = pb::CancelReclassificationRequest { id: id.to_owned() };
    client.register().cancel_reclassification(request).await?;
    Ok(seconds)
}

/// Reports at a pace until it is stopped; answers the pace that was kept.
async fn paced(client: Client, per_second: f64, stop: Arc<AtomicBool>) -> Outcome<f64> {
    let (began, mut records) = (Instant::now(), 0_usize);
    for round in 0.. {
        for batch in lanes(PACED).into_iter().flatten() {
            for (piece, some) in batch.records.chunks(250).enumerate() {
                let due = Duration::from_secs_f64(records as f64 / per_second);
                tokio::time::sleep(due.saturating_sub(began.elapsed())).await;
                if stop.load(Ordering::Relaxed) {
                    return Ok(records as f64 / began.elapsed().as_secs_f64());
                }
                let records_of = some.iter().cloned().map(|mut record| {
                    record.id = format!("p{round}-{piece}-{}", record.id);
                    record
                });
                let request = pb::ReportRequest {
                    reporter: batch.reporter.clone(),
                    records: records_of.collect(),
                    ..Default::default()
                };
                let mut answers = client
                    .register()
                    .report(tokio_stream::iter([request]))
                    .await?
                    .into_inner();
                while answers.message().await?.is_some() {}
                records += some.len();
            }
        }
    }
    Ok(0.0)
}

/// Publishes a release of a later date under which an axis gets its facts from elsewhere.
async fn publish_other(node: &Node) -> Outcome {
    let package = starter::package().map_err(Failure::failed)?;
    let files = package.files().map(|(path, bytes)| {
        let text = String::from_utf8_lossy(bytes);
        let text = match path {
            "release.toml" => text
                .replace("\"2026.1\"", "\"2027.1\"")
                .replace("from = 2026-01-01", "from = 2027-01-01"),
            "axes.toml" => text.replace(
                "sources = [\"record\", \"mapped\", \"episode\"]",
                "sources = [\"record\", \"mapped\", \"segment\", \"episode\"]",
            ),
            _ => return (path.to_owned(), bytes.to_vec()),
        };
        (path.to_owned(), text.into_bytes())
    });
    let package = Package::new(files).map_err(Failure::failed)?;
    let digest = node
        .authority
        .keep_package(&package)
        .await
        .map_err(Failure::failed)?;
    let (draft, from) = ("bench".to_owned(), jiff::civil::date(2027, 1, 1));
    let proposal = Proposal {
        release: OTHER_RELEASE.to_owned(),
        from,
        digest,
        ..Proposal::default()
    };
    let put = Change::DraftPut {
        draft: draft.clone(),
        proposal,
    };
    let published = Change::ReleasePublished {
        draft,
        digest,
        from,
        editions: Vec::new(),
    };
    let entry = |change| AuthorityEntry {
        caller: "bench".to_owned(),
        at: 0,
        change,
    };
    let view = node
        .authority
        .append_all(vec![entry(put), entry(published)])
        .await;
    match view.map_err(Failure::failed)?.release(OTHER_RELEASE) {
        Some(_) => Ok(()),
        None => Err(Failure::Failed("the other release does not compile".into())),
    }
}

/// What the records of the register are derived with.
struct World {
    release: Snapshot,
    units: HashMap<String, CareUnit>,
    episodes: HashMap<String, EpisodeView>,
}

impl Surroundings for World {
    fn release_on(&self, date: jiff::civil::Date) -> Option<ReleaseView<'_>> {
        (date >= self.release.from).then(|| self.release.view())
    }

    fn unit(&self, hsa_id: &str) -> Option<&CareUnit> {
        self.units.get(hsa_id)
    }

    fn reporter_known(&self, _reporter: &str) -> bool {
        true
    }

    fn episode(&self, reporter: &str, id: &str) -> Option<&EpisodeView> {
        self.episodes.get(&format!("{reporter} {id}"))
    }
}

/// Appends entries of records straight to the store; answers how many.
pub(super) async fn fill(place: &Path, count: usize) -> Outcome<u64> {
    let package = starter::package().map_err(Failure::failed)?;
    let release = release::compile(&package, &[]).map_err(|findings| {
        Failure::Failed(format!("the starter release has {} findings", findings.len()))
    })?;
    let units = sample::units()
        .into_iter()
        .map(|unit| (unit.hsa_id.clone(), unit));
    let mut world = World {
        release,
        units: units.collect(),
        episodes: HashMap::new(),
    };
    let different: Vec<(String, Record)> = sample::generate_good(1, count.min(DIFFERENT))
        .filter_map(|line| read_record(line.as_bytes()).ok())
        .map(|read| (read.reporter, read.record))
        .collect();
    let store = open(&place.join("store")).await?;
    let mut waiting: HashMap<String, Vec<Row>> = HashMap::new();
    let mut filled = 0;
    for round in 0..count.div_ceil(different.len().max(1)) {
        world.episodes.clear();
        for (reporter, record) in &different {
            if filled as usize >= count {
                break;
            }
            let row = row(&mut world, reporter, record.clone(), round)?;
            let rows = waiting.entry(reporter.clone()).or_default();
            rows.push(row);
            filled += 1;
            if rows.len() >= BATCH {
                append(&store, reporter, std::mem::take(rows)).await?;
            }
        }
    }
    for (reporter, rows) in waiting {
        append(&store, &reporter, rows).await?;
    }
    Ok(filled)
}

/// Opens the store once the node before has let go of it.
async fn open(folder: &Path) -> Outcome<Embedded> {
    let mut tries = 0;
    loop {
        tries += 1;
        match Embedded::open(folder, Options::default()) {
            Ok(store) => return Ok(store),
            Err(error) if tries > 100 => return Err(Failure::failed(error)),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn append(store: &Embedded, reporter: &str, rows: Vec<Row>) -> Outcome {
    let stream = StreamId::reporter(reporter).map_err(Failure::failed)?;
    let head = store.head(&stream).await.map_err(Failure::failed)?;
    store
        .append(&stream, head.size, rows)
        .await
        .map_err(Failure::failed)?;
    Ok(())
}

fn row(world: &mut World, reporter: &str, mut record: Record, round: usize) -> Outcome<Row> {
    record.id = format!("r{round}-{}", record.id);
    let named = |id: &str| format!("r{round}-{id}");
    match &mut record.body {
        Body::Contact(contact) => contact.episode = contact.episode.as_deref().map(named),
        Body::MonitoringPeriod(period) => period.episode = period.episode.as_deref().map(named),
        Body::Episode(_) | Body::CareRequest(_) => {}
    }
    let person = Attributes {
        sex: record.person.sex,
        ages: Ages::Born(jiff::civil::date(1950, 5, 5)),
        protected: false,
    };
    let derived = derive(&record, reporter, &person, world);
    let header = Header {
        version: VERSION,
        act: Act::Report,
        reporter: reporter.to_owned(),
        kind: record.kind(),
        id: record.id.clone(),
        revision: record.revision,
        replaces: record.revision - 1,
        delivery: None,
        received: 1_798_761_600_000_000,
        release: world.release.id.clone(),
    };
    let nonces = Nonces {
        content: [1; 32],
        identity: [2; 32],
        derived: [3; 32],
    };
    let person = key(&record, round);
    let entry = Entry::new(
        header,
        &record,
        &[0; 24],
        (person, &derived),
        &nonces,
        vec![0; 60],
    );
    let entry = entry.map_err(Failure::failed)?;
    let system = |_: &str| Some(world.release.description.as_ref());
    if let Some(view) = EpisodeView::of(&record, Some(person), &derived, system) {
        world.episodes.insert(format!("{reporter} {}", record.id), view);
    }
    Ok(Row {
        key: row_key(record.kind(), &record.id, record.revision),
        leaf: entry.leaf(),
        bytes: entry.encode(),
    })
}

/// The key of a person: another one in every round, as the records are.
fn key(record: &Record, round: usize) -> PersonKey {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, round, &record.person.identity).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    PersonKey((half(0) << 64 | half(1)).to_be_bytes())
}
