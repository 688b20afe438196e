//! The tables of one schema while they are followed: how far each stream is taken in, what was erased, which parts there
//! are; and a batch written in one transaction with how far it leads. Whatever stops in the middle of that is followed again
//! from where the last transaction led.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use futures_util::SinkExt as _;
use jiff::civil::Date;
use tokio_postgres::{Client, Transaction};
use vardnav_register::delivery::Place;
use vardnav_register::record::RecordKind;
use vardnav_store::View;

use crate::batch::{Batch, Gone, Reached, Revision};
use crate::copying::Copying;
use crate::error::AnalysisError;
use crate::filled;
use crate::own::Taking;
use crate::shape::{Shape, Shaped};
use crate::tables;

/// Settings of a transaction that takes rows away: by their keys, whatever the database thinks of how many there are.
const BY_KEY: &str =
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off";

/// Kinds of records, with their names.
const KINDS: [RecordKind; 4] = [
    RecordKind::Episode,
    RecordKind::Contact,
    RecordKind::MonitoringPeriod,
    RecordKind::CareRequest,
];

/// The tables of a schema.
pub(crate) struct Work {
    /// The schema.
    pub(crate) schema: String,
    /// Who keeps them.
    pub(crate) taking: Taking,
    /// What they look like.
    pub(crate) shape: Arc<Shape>,
    /// How far each reporter's stream is taken in.
    pub(crate) places: Arc<BTreeMap<String, Place>>,
    /// What was erased, by reporter.
    pub(crate) erased: Arc<HashMap<String, HashSet<Revision>>>,
    /// Reporters whose streams are not read for a while, and why.
    pub(crate) stuck: Arc<BTreeMap<String, String>>,
    parts: BTreeSet<(usize, Date)>,
    /// Names of parts that are noted as filled already.
    filled: BTreeSet<String>,
}

impl Work {
    /// Makes the tables where they are missing, and finds how far they are.
    pub(crate) async fn open(
        client: &mut Client,
        schema: &str,
        taking: &Taking,
        view: &View,
    ) -> Result<Self, AnalysisError> {
        let shape = Shape::of(view);
        let parts = tables::prepare(client, schema, taking, (&shape, view)).await?;
        Ok(Self {
            schema: schema.to_owned(),
            taking: taking.clone(),
            shape: Arc::new(shape),
            places: Arc::new(places(client, schema).await?),
            erased: Arc::new(erased(client, schema).await?),
            stuck: Arc::default(),
            parts,
            filled: BTreeSet::new(),
        })
    }

    /// Gives the tables the columns of the releases of a view.
    pub(crate) async fn reshape(&mut self, client: &mut Client, view: &View) -> Result<(), AnalysisError> {
        let shape = Shape::of(view);
        self.parts = tables::prepare(client, &self.schema, &self.taking, (&shape, view)).await?;
        self.shape = Arc::new(shape);
        Ok(())
    }

    /// Writes a batch; gives whether the tables are to be built anew.
    pub(crate) async fn write(&mut self, client: &mut Client, batch: &Batch) -> Result<bool, AnalysisError> {
        let lacking: Vec<_> = batch.months.difference(&self.parts).copied().collect();
        tables::make_parts(client, &self.schema, &self.shape, lacking.iter().copied()).await?;
        self.parts.extend(lacking);
        let step = client.transaction().await?;
        let is_asked = self.taking.hold(&step).await?;
        let emptied = self.take_away(&step, &batch.gone).await?;
        for (at, rows) in &batch.rows {
            if let Some(shaped) = self.shape.tables.get(*at) {
                copy(&step, &self.schema, shaped, rows).await?;
            }
        }
        let mut filled = self.filled.clone();
        let of = (self.schema.as_str(), self.shape.as_ref());
        filled::note(&step, of, (batch, emptied), &mut filled).await?;
        self.note_erased(&step, &batch.erased).await?;
        self.note_reached(&step, &batch.reached).await?;
        step.commit().await?;
        self.filled = filled;
        self.took(batch);
        Ok(is_asked)
    }

    /// The statements that free the place of rows that are gone, so that nothing is left of what was erased but in the
    /// database's own log and copies.
    pub(crate) fn sweeping(&self) -> Vec<String> {
        let tables = self.shape.tables.iter();
        tables
            .map(|shaped| format!("VACUUM {}.{}", self.schema, tables::quoted(&shaped.name)))
            .collect()
    }

    /// The places after a batch.
    pub(crate) fn places_after(&self, batch: &Batch) -> Arc<BTreeMap<String, Place>> {
        let mut places = BTreeMap::clone(&self.places);
        let reached = batch.reached.iter();
        places.extend(reached.map(|(reporter, reached)| (reporter.clone(), reached.place)));
        Arc::new(places)
    }

    /// What was erased after a batch.
    pub(crate) fn erased_after(&self, batch: &Batch) -> Arc<HashMap<String, HashSet<Revision>>> {
        if batch.erased.is_empty() {
            return Arc::clone(&self.erased);
        }
        let mut erased = HashMap::clone(&self.erased);
        for (reporter, revision) in &batch.erased {
            erased
                .entry(reporter.clone())
                .or_default()
                .insert(revision.clone());
        }
        Arc::new(erased)
    }

    /// Which streams are not read after a batch.
    pub(crate) fn stuck_after(&self, batch: &Batch) -> Arc<BTreeMap<String, String>> {
        if batch.stuck.is_empty() {
            return Arc::clone(&self.stuck);
        }
        let mut stuck = BTreeMap::clone(&self.stuck);
        stuck.extend(batch.stuck.clone());
        Arc::new(stuck)
    }

    fn took(&mut self, batch: &Batch) {
        for (reporter, error) in &batch.stuck {
            tracing::warn!(reporter, %error, "a stream is not taken into the tables for analysts further");
        }
        self.stuck = self.stuck_after(batch);
        self.places = self.places_after(batch);
        self.erased = self.erased_after(batch);
    }

    /// Takes rows away; gives the tables and months that they were of.
    async fn take_away(
        &self,
        step: &Transaction<'_>,
        gone: &[Gone],
    ) -> Result<BTreeSet<(usize, Date)>, AnalysisError> {
        let mut emptied = BTreeSet::new();
        if gone.is_empty() {
            return Ok(emptied);
        }
        step.batch_execute(BY_KEY).await?;
        for kind in KINDS {
            let of_kind: Vec<&Gone> = gone.iter().filter(|gone| gone.kind == kind).collect();
            if of_kind.is_empty() {
                continue;
            }
            let reporters: Vec<&str> = of_kind.iter().map(|gone| gone.reporter.as_str()).collect();
            let ids: Vec<&str> = of_kind.iter().map(|gone| gone.id.as_str()).collect();
            let revisions: Vec<i64> = of_kind
                .iter()
                .map(|gone| gone.revision.map_or(-1, i64::from))
                .collect();
            let tables = [self.shape.table(Some(kind)), self.shape.table(None)];
            for (at, shaped) in tables.into_iter().flatten() {
                let of_kind = match shaped.table.kind {
                    Some(_) => String::new(),
                    None => format!(" AND t.kind = {}", tables::literal(kind.name())),
                };
                let text = format!(
                    "WITH gone AS (DELETE FROM {}.{} t USING unnest($1::text[], $2::text[], $3::bigint[]) AS k(reporter, id, revision) \
                     WHERE t.reporter = k.reporter AND t.id = k.id{of_kind} AND (k.revision < 0 OR t.revision = k.revision) \
                     RETURNING t.month) SELECT DISTINCT to_char(month, 'YYYY-MM-DD') FROM gone",
                    self.schema,
                    tables::quoted(&shaped.name),
                );
                for row in step.query(&text, &[&reporters, &ids, &revisions]).await? {
                    let month: String = row.try_get(0)?;
                    emptied.extend(month.parse().ok().map(|month: Date| (at, month)));
                }
            }
        }
        Ok(emptied)
    }

    async fn note_erased(
        &self,
        step: &Transaction<'_>,
        erased: &[(String, Revision)],
    ) -> Result<(), AnalysisError> {
        if erased.is_empty() {
            return Ok(());
        }
        let reporters: Vec<&str> = erased.iter().map(|(reporter, _)| reporter.as_str()).collect();
        let kinds: Vec<&str> = erased.iter().map(|(_, (kind, _, _))| kind.name()).collect();
        let ids: Vec<&str> = erased.iter().map(|(_, (_, id, _))| id.as_str()).collect();
        let revisions: Vec<i64> = erased
            .iter()
            .map(|(_, (_, _, revision))| i64::from(*revision))
            .collect();
        let text = format!(
            "INSERT INTO {}.erased (reporter, kind, id, revision) \
             SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) ON CONFLICT DO NOTHING",
            self.schema
        );
        step.execute(&text, &[&reporters, &kinds, &ids, &revisions])
            .await?;
        Ok(())
    }

    async fn note_reached(
        &self,
        step: &Transaction<'_>,
        reached: &BTreeMap<String, Reached>,
    ) -> Result<(), AnalysisError> {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let reporters: Vec<&str> = reached.keys().map(String::as_str).collect();
        let of = |value: fn(&Reached) -> u64| -> Vec<i64> {
            reached.values().map(|reached| number(value(reached))).collect()
        };
        let (positions, sizes) = (of(|reached| reached.place.cursor), of(|reached| reached.size));
        let within: Vec<Option<Vec<u8>>> = reached
            .values()
            .map(|reached| reached.place.within_bytes().map(|bytes| bytes.to_vec()))
            .collect();
        let received: Vec<Option<i64>> = reached.values().map(|reached| reached.received).collect();
        let text = format!(
            "INSERT INTO {}.taken AS t (reporter, position, within, ledger, received, current_at) \
             SELECT reporter, position, within, ledger, 'epoch'::timestamptz + received * interval '1 microsecond', \
                    CASE WHEN position >= ledger THEN now() END \
               FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::bigint[], $5::bigint[]) \
                    AS r(reporter, position, within, ledger, received) \
             ON CONFLICT (reporter) DO UPDATE SET position = excluded.position, within = excluded.within, \
                    ledger = excluded.ledger, received = coalesce(excluded.received, t.received), \
                    current_at = coalesce(excluded.current_at, t.current_at)",
            self.schema
        );
        step.execute(&text, &[&reporters, &positions, &within, &sizes, &received])
            .await?;
        Ok(())
    }
}

/// Copies rows into a table.
async fn copy(
    step: &Transaction<'_>,
    schema: &str,
    shaped: &Shaped,
    rows: &Copying,
) -> Result<(), AnalysisError> {
    let names: Vec<String> = shaped.names().map(tables::quoted).collect();
    let text = format!(
        "COPY {schema}.{} ({}) FROM STDIN (FORMAT binary)",
        tables::quoted(&shaped.name),
        names.join(", ")
    );
    let sink = step.copy_in(&text).await?;
    let mut sink = std::pin::pin!(sink);
    for chunk in rows.chunks() {
        sink.feed(chunk).await?;
    }
    let written = sink.finish().await?;
    match written == rows.rows() {
        true => Ok(()),
        false => Err(AnalysisError::Broken(format!(
            "{written} rows were copied into {} instead of {}",
            shaped.name,
            rows.rows()
        ))),
    }
}

async fn places(client: &Client, schema: &str) -> Result<BTreeMap<String, Place>, AnalysisError> {
    let text = format!("SELECT reporter, position, within FROM {schema}.taken");
    let rows = client.query(&text, &[]).await?;
    let places = rows.iter().map(|row| {
        let (reporter, position): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
        let within: Option<Vec<u8>> = row.try_get(2)?;
        let cursor = u64::try_from(position).unwrap_or_default();
        let place = Place::of(cursor, within.as_deref());
        let place = place.ok_or_else(|| AnalysisError::Broken(format!("{schema}.taken: {reporter}")))?;
        Ok((reporter, place))
    });
    places.collect()
}

async fn erased(client: &Client, schema: &str) -> Result<HashMap<String, HashSet<Revision>>, AnalysisError> {
    let text = format!("SELECT reporter, kind, id, revision FROM {schema}.erased");
    let mut erased: HashMap<String, HashSet<Revision>> = HashMap::new();
    for row in client.query(&text, &[]).await? {
        let (reporter, kind, id): (String, String, String) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let revision = u32::try_from(row.try_get::<_, i64>(3)?).unwrap_or_default();
        if let Some(kind) = KINDS.into_iter().find(|known| known.name() == kind) {
            erased.entry(reporter).or_default().insert((kind, id, revision));
        }
    }
    Ok(erased)
}
