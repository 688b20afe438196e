//! Which parts of the tables hold rows: written down with the rows, so that a part that was dropped or emptied by somebody
//! else is noticed, whenever that was. What is to be done then is said elsewhere.

use std::collections::BTreeSet;

use jiff::civil::Date;
use tokio_postgres::{GenericClient, Transaction};

use crate::batch::Batch;
use crate::error::AnalysisError;
use crate::shape::Shape;
use crate::tables::{part_of, quoted};

/// A part: the position of its table in the shape, and a month of its rows.
type Part = (usize, Date);

/// Notes the parts that a batch filled, and those that it took the last rows from; `emptied` are those that it took rows
/// from.
pub(crate) async fn note(
    step: &Transaction<'_>,
    (schema, shape): (&str, &Shape),
    (batch, emptied): (&Batch, BTreeSet<Part>),
    known: &mut BTreeSet<String>,
) -> Result<(), AnalysisError> {
    let name = |(at, month): &Part| Some(part_of(&shape.tables.get(*at)?.name, *month));
    let mut empty = Vec::new();
    for part in emptied.difference(&batch.months).filter_map(name) {
        if !holds(step, schema, &part).await? {
            known.remove(&part);
            empty.push(part);
        }
    }
    if !empty.is_empty() {
        let text = format!("DELETE FROM {schema}.filled WHERE part = ANY ($1)");
        step.execute(&text, &[&empty]).await?;
    }
    let new = batch.months.iter().filter_map(name);
    let new: Vec<String> = new.filter(|part| !known.contains(part)).collect();
    if !new.is_empty() {
        let text =
            format!("INSERT INTO {schema}.filled (part) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING");
        step.execute(&text, &[&new]).await?;
        known.extend(new);
    }
    Ok(())
}

/// The first part that was filled and holds nothing now, or is not there.
pub(crate) async fn lacking(
    client: &impl GenericClient,
    schema: &str,
) -> Result<Option<String>, AnalysisError> {
    const THERE: &str = "SELECT to_regclass($1) IS NOT NULL";
    let there = |part: &str| format!("{schema}.{}", quoted(part));
    let noted = client.query_one(THERE, &[&there("filled")]).await?;
    if !noted.try_get::<_, bool>(0)? {
        return Ok(None);
    }
    let text = format!("SELECT part FROM {schema}.filled ORDER BY part");
    for row in client.query(&text, &[]).await? {
        let part: String = row.try_get(0)?;
        let is_there = client.query_one(THERE, &[&there(&part)]).await?;
        if !is_there.try_get::<_, bool>(0)? || !holds(client, schema, &part).await? {
            return Ok(Some(part));
        }
    }
    Ok(None)
}

async fn holds(client: &impl GenericClient, schema: &str, part: &str) -> Result<bool, AnalysisError> {
    let text = format!("SELECT EXISTS (SELECT FROM {schema}.{})", quoted(part));
    Ok(client.query_one(&text, &[]).await?.try_get(0)?)
}
