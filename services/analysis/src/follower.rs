//! Following: what became current in the ledger is read, made into rows while the batch before it is written, and written
//! with how far it leads. One server at a time does so; whoever finds the tables held looks again now and then. To build
//! the tables anew is to follow the ledger into others and to put those in the place of the old ones.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use rand::RngCore as _;
use tokio::time::Instant;
use tokio_postgres::Client;
use vardnav_register::delivery::Place;
use vardnav_register::identity::PersonKey;
use vardnav_store::{Authority, Store, StoreError, StreamId, View, current};

use crate::SCHEMA;
use crate::batch::{self, Batch, Making, Reached, Taken};
use crate::connection::connect;
use crate::error::AnalysisError;
use crate::own::{self, Taking};
use crate::persons::{Known, Persons, Secret};
use crate::shape::Shape;
use crate::tables;
use crate::work::Work;

/// Entries of a stream read at a time.
const PAGE: u32 = 2_000;
/// Entries after which no further stream is read for a batch.
const BATCH: usize = 8_000;
/// In how many parts the pages of a batch are made into rows at once.
const AT_ONCE: usize = 2;
/// How long to wait between looks at the streams.
const PAUSE: Duration = Duration::from_millis(200);
/// How often the tables are told to be kept still, when nothing is written.
const RENEW: Duration = Duration::from_secs(1);
/// How long to wait after an error, or while another keeps the tables.
const AGAIN: Duration = Duration::from_secs(1);
/// How often a stream that could not be read on is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(30);
/// How long giving the tables back may take.
const GIVE_BACK_MAX: Duration = Duration::from_secs(2);
/// The schema in which tables are built anew.
const NEXT: &str = "analysis_next";

/// The follower.
pub struct Analysis {
    url: String,
    store: Arc<dyn Store>,
    authority: Arc<Authority>,
    persons: Arc<dyn Persons>,
    holder: String,
}

impl Analysis {
    /// One that keeps the tables in the database that `url` names.
    pub fn new(
        url: &str,
        store: Arc<dyn Store>,
        authority: Arc<Authority>,
        persons: Arc<dyn Persons>,
    ) -> Self {
        let mut chance = [0; 16];
        rand::rng().fill_bytes(&mut chance);
        Self {
            url: url.to_owned(),
            store,
            authority,
            persons,
            holder: format!("{:032x}", u128::from_be_bytes(chance)),
        }
    }

    /// Looks whether the tables can be kept there, before anything relies on it: that the database takes whoever comes, and
    /// that its tables are nobody's or this register's. A database that is away just now may come back and is no error.
    ///
    /// # Errors
    /// Why the tables will not be kept, however often it is tried.
    pub async fn look(&self) -> Result<(), AnalysisError> {
        match self.prepared().await {
            Ok(_) => Ok(()),
            Err(
                error @ (AnalysisError::Address(_)
                | AnalysisError::Refused(_)
                | AnalysisError::Foreign
                | AnalysisError::Newer),
            ) => Err(error),
            Err(error) => {
                tracing::warn!(%error, "the tables for analysts wait");
                Ok(())
            }
        }
    }

    /// A connection to the database, whose tables are this register's.
    async fn prepared(&self) -> Result<Client, AnalysisError> {
        let mut client = connect(&self.url).await?;
        own::prepare(&mut client).await?;
        let first = self.store.read(&StreamId::authority(), 0, 1).await?;
        if let Some(row) = first.first() {
            own::belong(&client, row.leaf.as_slice()).await?;
        }
        Ok(client)
    }

    /// Keeps the tables until `stop`. Whatever goes wrong is logged and tried again.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let mut told = String::new();
        loop {
            let error = tokio::select! {
                () = &mut stop => break,
                kept = self.keep_on(&mut told) => match kept {
                    Err(error) => error,
                    Ok(never) => match never {},
                },
            };
            let text = error.to_string();
            match error {
                AnalysisError::Foreign if text != told => {
                    tracing::error!(%error, "no tables for analysts are kept")
                }
                AnalysisError::Held => tracing::debug!("another server keeps the tables for analysts"),
                _ if text != told => tracing::warn!(%error, "the tables for analysts wait"),
                _ => {}
            }
            told = match error {
                // Another keeps them: nothing of this one went wrong.
                AnalysisError::Held => String::new(),
                _ => text,
            };
            tokio::select! {
                () = &mut stop => break,
                () = tokio::time::sleep(AGAIN) => {}
            }
        }
        let given_back = tokio::time::timeout(GIVE_BACK_MAX, self.give_back());
        if !matches!(given_back.await, Ok(Ok(()))) {
            tracing::debug!("the tables for analysts were not given back, and are free in a while");
        }
    }

    /// Takes the tables and keeps them until something goes wrong.
    ///
    /// # Errors
    /// What went wrong; [`AnalysisError::Held`] when another server keeps them.
    pub async fn keep(&self) -> Result<Infallible, AnalysisError> {
        self.keep_on(&mut String::new()).await
    }

    /// As [`Analysis::keep`]; `told` is what was told of an earlier try, and nothing once the tables hold what the ledger
    /// does.
    async fn keep_on(&self, told: &mut String) -> Result<Infallible, AnalysisError> {
        let mut following = self.begin().await?;
        loop {
            self.catch_up(&mut following).await?;
            if !std::mem::take(told).is_empty() {
                tracing::info!("the tables for analysts go on, and hold what the register does");
            }
            tokio::time::sleep(PAUSE).await;
            if following.tried.elapsed() >= TRY_AGAIN {
                following.work.stuck = Arc::default();
                tables::whole(&following.client, SCHEMA, &following.work.shape).await?;
                following.tried = Instant::now();
            }
            if following.renewed.elapsed() >= RENEW {
                following.asked = following.work.taking.renew(&following.client).await?;
                following.renewed = Instant::now();
            }
        }
    }

    /// Takes in everything that the ledger holds now, and ends: for tests and whoever composes otherwise.
    ///
    /// # Errors
    /// As [`Analysis::keep`].
    pub async fn once(&self) -> Result<(), AnalysisError> {
        let mut following = self.begin().await?;
        self.catch_up(&mut following).await?;
        following.work.taking.give_back(&following.client).await
    }

    async fn begin(&self) -> Result<Following, AnalysisError> {
        let mut client = self.prepared().await?;
        let taking = Taking::take(&client, &self.holder).await?;
        let secret = own::secret(&client).await?;
        let mut asked = taking.renew(&client).await?;
        let is_of_layout = tables::is_of_layout(&client).await?;
        if asked || !is_of_layout {
            self.rebuild(&mut client, &taking, &secret).await?;
            asked = false;
        }
        let view = self.authority.view();
        let work = match Work::open(&mut client, SCHEMA, &taking, &view).await {
            Err(error @ (AnalysisError::Changed(_) | AnalysisError::Missing(_))) => {
                tracing::warn!(%error, "the tables for analysts are not as they were made");
                self.rebuild(&mut client, &taking, &secret).await?;
                Work::open(&mut client, SCHEMA, &taking, &view).await?
            }
            opened => opened?,
        };
        Ok(Following {
            client,
            work,
            secret,
            asked,
            renewed: Instant::now(),
            tried: Instant::now(),
        })
    }

    async fn give_back(&self) -> Result<(), AnalysisError> {
        let client = connect(&self.url).await?;
        // Whoever keeps them under the same name is this one.
        let taking = Taking::take(&client, &self.holder).await?;
        taking.give_back(&client).await
    }

    /// Takes in what the ledger holds, until nothing is left; builds the tables anew when that is asked for.
    async fn catch_up(&self, following: &mut Following) -> Result<(), AnalysisError> {
        let mut ahead: Option<Batch> = None;
        loop {
            if ahead.is_none() {
                self.change(following).await?;
                let work = &mut following.work;
                ahead = self.next(&mut following.client, work, &following.secret).await?;
            }
            let Some(batch) = ahead.take() else {
                return Ok(());
            };
            let Following {
                client,
                work,
                secret,
                asked,
                ..
            } = &mut *following;
            // What is read ahead is read into the tables as they are, so a change of them waits for the next time.
            let is_changing = *asked || !work.shape.is_of(&self.authority.view());
            let reading = Reading {
                shape: Arc::clone(&work.shape),
                stuck: work.stuck_after(&batch),
                places: work.places_after(&batch),
                erased: work.erased_after(&batch),
            };
            let further = async {
                match is_changing {
                    true => Ok(None),
                    false => self.read(reading, secret).await,
                }
            };
            let (written, further) = tokio::join!(work.write(client, &batch), further);
            if !batch.erased.is_empty() {
                tokio::spawn(sweep(self.url.clone(), work.sweeping()));
            }
            *asked = written?;
            following.renewed = Instant::now();
            ahead = match further {
                // It is read again, with the columns of that release.
                Err(AnalysisError::Release(_)) => None,
                further => further?,
            };
        }
    }

    /// Builds the tables anew when that is asked for, and gives them the columns of new releases.
    async fn change(&self, following: &mut Following) -> Result<(), AnalysisError> {
        let Following {
            client,
            work,
            secret,
            asked,
            ..
        } = following;
        let view = self.authority.view();
        if *asked {
            let taking = work.taking.clone();
            self.rebuild(client, &taking, secret).await?;
            *work = Work::open(client, SCHEMA, &taking, &view).await?;
            *asked = false;
        }
        match work.shape.is_of(&view) {
            true => Ok(()),
            false => work.reshape(client, &view).await,
        }
    }

    /// The batch that comes next. An entry may be of a release that this server has not seen yet.
    async fn next(
        &self,
        client: &mut Client,
        work: &mut Work,
        secret: &Secret,
    ) -> Result<Option<Batch>, AnalysisError> {
        let reading = |work: &Work| Reading {
            shape: Arc::clone(&work.shape),
            stuck: Arc::clone(&work.stuck),
            places: Arc::clone(&work.places),
            erased: Arc::clone(&work.erased),
        };
        match self.read(reading(work), secret).await {
            Err(AnalysisError::Release(_)) => {
                let view = self.authority.refresh().await;
                let view = view.map_err(|error| AnalysisError::Broken(error.to_string()))?;
                work.reshape(client, &view).await?;
                self.read(reading(work), secret).await
            }
            read => read,
        }
    }

    /// Reads what comes next of the streams and makes it into rows; nothing when all is taken in.
    async fn read(&self, reading: Reading, secret: &Secret) -> Result<Option<Batch>, AnalysisError> {
        let mut taken = Vec::new();
        let mut behind = BTreeMap::new();
        let mut stuck = BTreeMap::new();
        let mut entries = 0;
        for (stream, head) in self.store.streams().await? {
            let Some(reporter) = stream.as_reporter() else {
                continue;
            };
            let place = reading.places.get(reporter).copied().unwrap_or_default();
            if place.cursor >= head.size || reading.stuck.contains_key(reporter) {
                continue;
            }
            if entries >= BATCH {
                let reached = Reached {
                    place,
                    size: head.size,
                    received: None,
                };
                behind.insert(reporter.to_owned(), reached);
                continue;
            }
            match self.page(&stream, reporter, place, head.size).await {
                Ok(Some(read)) => {
                    // Positions passed count as well, so that a batch is bounded in time.
                    entries += read.page.entries.len().max(1);
                    taken.push(read);
                }
                Ok(None) => {}
                Err(AnalysisError::Store(StoreError::Corrupt(what))) => {
                    stuck.insert(reporter.to_owned(), what);
                }
                Err(error) => return Err(error),
            }
        }
        if taken.is_empty() && stuck.is_empty() {
            return Ok(None);
        }
        let mut batch = self.rows(taken, reading, secret).await?;
        batch.reached.extend(behind);
        batch.stuck.extend(stuck);
        Ok(Some(batch))
    }

    async fn page(
        &self,
        stream: &StreamId,
        reporter: &str,
        place: Place,
        size: u64,
    ) -> Result<Option<Taken>, AnalysisError> {
        let page = current::followed_page(self.store.as_ref(), stream, place, size, PAGE).await?;
        Ok(page.map(|page| Taken {
            reporter: reporter.to_owned(),
            size,
            page,
        }))
    }

    /// The rows of some pages, made on the blocking pool.
    async fn rows(
        &self,
        taken: Vec<Taken>,
        reading: Reading,
        secret: &Secret,
    ) -> Result<Batch, AnalysisError> {
        let persons: Vec<PersonKey> = batch::persons(&taken).into_iter().collect();
        let known = self.persons.known(persons.clone()).await?;
        let known: HashMap<_, _> = persons.into_iter().zip(known).collect();
        let (view, secret) = (self.authority.view(), secret.clone());
        let reading = Arc::new((reading, known, view, secret));
        let mut parts: Vec<Vec<Taken>> = (0..AT_ONCE).map(|_| Vec::new()).collect();
        for page in taken {
            // The part with the fewest entries gets it.
            let entries =
                |part: &&mut Vec<Taken>| -> usize { part.iter().map(|taken| taken.page.entries.len()).sum() };
            if let Some(part) = parts.iter_mut().min_by_key(entries) {
                part.push(page);
            }
        }
        let making = parts.into_iter().filter(|part| !part.is_empty()).map(|part| {
            let with = Arc::clone(&reading);
            tokio::task::spawn_blocking(move || make(part, &with))
        });
        let mut batch = Batch::default();
        for made in making.collect::<Vec<_>>() {
            let made = made.await;
            batch.extend(made.map_err(|error| AnalysisError::Broken(error.to_string()))??);
        }
        Ok(batch)
    }

    /// Follows the ledger into new tables, and puts them in the place of the old ones.
    async fn rebuild(
        &self,
        client: &mut Client,
        taking: &Taking,
        secret: &Secret,
    ) -> Result<(), AnalysisError> {
        tracing::info!("the tables for analysts are built anew");
        let step = client.transaction().await?;
        taking.hold(&step).await?;
        step.batch_execute(&format!("DROP SCHEMA IF EXISTS {NEXT} CASCADE"))
            .await?;
        // Of requests that come while it is under way another building follows.
        let asked = step
            .query_one("SELECT rebuild::text FROM analysis_own.follower", &[])
            .await?;
        let asked: Option<String> = asked.try_get(0)?;
        step.commit().await?;
        let mut work = Work::open(client, NEXT, taking, &self.authority.view()).await?;
        loop {
            while let Some(batch) = self.next(client, &mut work, secret).await? {
                work.write(client, &batch).await?;
            }
            match swap(client, taking, asked.as_deref()).await {
                // Who reads the old tables is waited for, and what is reported meanwhile is followed.
                Err(AnalysisError::Busy) => tokio::time::sleep(AGAIN).await,
                swapped => {
                    swapped?;
                    break;
                }
            }
        }
        tracing::info!("the tables for analysts were built anew");
        Ok(())
    }
}

/// Puts the tables that were built anew in the place of the old ones.
async fn swap(client: &mut Client, taking: &Taking, asked: Option<&str>) -> Result<(), AnalysisError> {
    let step = client.transaction().await?;
    taking.hold(&step).await?;
    step.batch_execute(&format!(
        "DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; ALTER SCHEMA {NEXT} RENAME TO {SCHEMA}"
    ))
    .await?;
    step.execute(
        "UPDATE analysis_own.follower SET rebuild = NULL WHERE rebuild::text IS NOT DISTINCT FROM $1",
        &[&asked],
    )
    .await?;
    Ok(step.commit().await?)
}

/// The tables while they are kept.
struct Following {
    client: Client,
    work: Work,
    secret: Secret,
    /// Whether they are to be built anew.
    asked: bool,
    renewed: Instant,
    /// When streams that could not be read were tried last.
    tried: Instant,
}

/// What pages are made into rows with.
type With = (Reading, HashMap<PersonKey, Known>, Arc<View>, Secret);

/// The rows of some pages.
fn make(taken: Vec<Taken>, (reading, known, view, secret): &With) -> Result<Batch, AnalysisError> {
    let making = Making {
        shape: &reading.shape,
        view,
        secret,
        known,
        erased: &reading.erased,
    };
    let mut batch = Batch::default();
    for page in taken {
        let reporter = page.reporter.clone();
        let mut of_page = Batch::default();
        match of_page.take(page, &making) {
            Ok(()) => batch.extend(of_page),
            Err(error @ AnalysisError::Release(_)) => return Err(error),
            // Its stream waits, the others go on.
            Err(error) => drop(batch.stuck.insert(reporter, error.to_string())),
        }
    }
    Ok(batch)
}

/// Frees the place of rows that are gone, on a connection of its own: it takes its time.
async fn sweep(url: String, statements: Vec<String>) {
    let swept = async {
        let client = connect(&url).await?;
        client.batch_execute("SET statement_timeout = 0").await?;
        for statement in &statements {
            client.batch_execute(statement).await?;
        }
        Ok::<_, AnalysisError>(())
    };
    if let Err(error) = swept.await {
        tracing::warn!(%error, "the place of erased rows is freed by the database's own vacuum later");
    }
}

/// From where, and into what, streams are read.
struct Reading {
    shape: Arc<Shape>,
    /// Streams that are not read for a while.
    stuck: Arc<BTreeMap<String, String>>,
    places: Arc<BTreeMap<String, Place>>,
    erased: Arc<HashMap<String, HashSet<batch::Revision>>>,
}
