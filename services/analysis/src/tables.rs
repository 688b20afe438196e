//! The tables in the database: made, extended by what a release adds, commented, and open to the analysts' role. A part of
//! a table is made for each month that rows are of, beside the table and then attached, so that whoever reads it is not
//! waited for. What is in the tables is not looked at here.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;
use jiff::civil::Date;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, GenericClient, Transaction};
use vardnav_store::View;

use crate::codes;
use crate::error::AnalysisError;
use crate::filled;
use crate::own::Taking;
use crate::shape::{Shape, Shaped};
use crate::{ROLE, SCHEMA};

/// The version of what rows are made into: tables of another are built anew.
const LAYOUT: i32 = 1;
/// Months before and from these have one part of each table together.
const FIRST_MONTH: Date = Date::constant(2000, 1, 1);
const LAST_MONTH: Date = Date::constant(2100, 1, 1);

/// Those beside the shape without which nothing can be gone on with.
const BEGUN: [&str; 2] = ["taken", "erased"];

/// The tables that the follower keeps beside those of the shape; analysts read `codes` and `lag` of them.
const BESIDE: &str = "
CREATE TABLE IF NOT EXISTS {schema}.about (layout integer PRIMARY KEY);
CREATE TABLE IF NOT EXISTS {schema}.taken (
    reporter text COLLATE \"C\" PRIMARY KEY,
    position bigint NOT NULL,
    within bytea,
    ledger bigint NOT NULL,
    received timestamptz,
    current_at timestamptz
) WITH (fillfactor = 50);
CREATE TABLE IF NOT EXISTS {schema}.erased (
    reporter text COLLATE \"C\" NOT NULL,
    kind text NOT NULL,
    id text COLLATE \"C\" NOT NULL,
    revision bigint NOT NULL,
    PRIMARY KEY (reporter, kind, id, revision)
);
CREATE TABLE IF NOT EXISTS {schema}.filled (part text COLLATE \"C\" PRIMARY KEY);
CREATE TABLE IF NOT EXISTS {schema}.codes (
    release text NOT NULL,
    list text NOT NULL,
    code text NOT NULL,
    name_sv text NOT NULL,
    name_en text NOT NULL,
    source text NOT NULL,
    PRIMARY KEY (release, list, code)
);
COMMENT ON TABLE {schema}.codes IS 'Koder med namn, per utgåva.\nCodes with their names, by release.';
COMMENT ON COLUMN {schema}.codes.list IS 'axel, beslutstabell eller kodsystem / axis, decision table or code system';
COMMENT ON COLUMN {schema}.codes.source IS 'axis, table, code-system';
CREATE OR REPLACE VIEW {schema}.lag AS
SELECT t.reporter, t.position AS taken_in, t.ledger AS in_ledger, t.ledger - t.position AS behind,
       CASE WHEN t.position < t.ledger AND t.received IS NULL AND t.current_at IS NULL THEN NULL
            WHEN t.position < t.ledger
            THEN round(extract(epoch FROM greatest(least(f.looked - t.received, f.looked - t.current_at), interval '0')), 3)
            ELSE 0 END AS seconds_behind,
       t.received AS newest_received, f.looked AS looked_at
  FROM {schema}.taken t CROSS JOIN analysis_own.follower f;
COMMENT ON VIEW {schema}.lag IS
'Hur långt tabellerna följt registret, per uppgiftslämnare.\nHow far the tables have followed the register, by reporter.';
COMMENT ON COLUMN {schema}.lag.taken_in IS 'poster i uppgiftslämnarens ström som är intagna / entries of the reporter''s stream taken in';
COMMENT ON COLUMN {schema}.lag.in_ledger IS 'poster i strömmen vid senaste titten / entries in the stream when last looked at';
COMMENT ON COLUMN {schema}.lag.seconds_behind IS
'hur gammalt det som inte tagits in högst är; tomt innan något tagits in / how old what is not taken in is at most; empty before anything is';
COMMENT ON COLUMN {schema}.lag.looked_at IS 'när registret senast lästes / when the register was last looked at';
";

/// Makes what is missing and tells what columns mean. Gives the parts that the tables have.
///
/// # Errors
/// `Changed` when a column is of another type than it is to be, and `Missing` when some of the tables that analysts read
/// are there and others are not: what those held is not known to whoever goes on.
pub(crate) async fn prepare(
    client: &mut Client,
    schema: &str,
    taking: &Taking,
    (shape, view): (&Shape, &View),
) -> Result<BTreeSet<(usize, Date)>, AnalysisError> {
    let step = client.transaction().await?;
    taking.hold(&step).await?;
    // Tables that are built take what a release adds; of those that are read a new one may have been dropped.
    if schema == SCHEMA {
        whole(&step, schema, shape).await?;
    }
    step.batch_execute(&format!("CREATE SCHEMA IF NOT EXISTS {schema}"))
        .await?;
    step.batch_execute(&BESIDE.replace("{schema}", schema).replace("\\n", "\n"))
        .await?;
    step.execute(
        &format!("INSERT INTO {schema}.about (layout) VALUES ($1) ON CONFLICT DO NOTHING"),
        &[&LAYOUT],
    )
    .await?;
    for shaped in &shape.tables {
        let has = columns(&step, schema, &shaped.name).await?;
        let text = match has.is_empty() {
            true => creation(schema, shaped),
            false => extension(schema, shaped, &has)?,
        };
        step.batch_execute(&text).await?;
        step.batch_execute(&comments(schema, shaped)).await?;
    }
    codes::write(&step, schema, view).await?;
    let parts = parts(&step, schema, shape).await?;
    step.commit().await?;
    grant(client, schema, shape).await?;
    Ok(parts)
}

/// Finds out whether the tables of a schema are all there with every part that was filled, or none is.
///
/// # Errors
/// `Missing` when only some are, or somebody else dropped or emptied a part.
pub(crate) async fn whole(
    client: &impl GenericClient,
    schema: &str,
    shape: &Shape,
) -> Result<(), AnalysisError> {
    let shaped = shape.tables.iter().map(|shaped| shaped.name.clone());
    let names: Vec<String> = shaped.chain(BEGUN.map(str::to_owned)).collect();
    match missing(client, schema, &names).await?.as_slice() {
        lacking if lacking.len() == names.len() => Ok(()),
        [first, ..] => Err(AnalysisError::Missing(format!("{schema}.{first}"))),
        [] => match filled::lacking(client, schema).await? {
            Some(part) => Err(AnalysisError::Missing(format!(
                "{schema}.{part}, or what it held,"
            ))),
            None => Ok(()),
        },
    }
}

/// Which tables of a schema are not there.
async fn missing(
    client: &impl GenericClient,
    schema: &str,
    names: &[String],
) -> Result<Vec<String>, AnalysisError> {
    const MISSING: &str = "SELECT name FROM unnest($2::text[]) AS n(name) WHERE NOT EXISTS ( \
                           SELECT FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace \
                           WHERE s.nspname::text = $1 AND c.relname::text = n.name)";
    let rows = client.query(MISSING, &[&schema, &names]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Whether the tables of the schema are of this program's layout, or not there yet.
pub(crate) async fn is_of_layout(client: &Client) -> Result<bool, AnalysisError> {
    let there = client
        .query_one(
            "SELECT to_regclass($1) IS NOT NULL",
            &[&format!("{SCHEMA}.about")],
        )
        .await?;
    if !there.try_get::<_, bool>(0)? {
        return Ok(true);
    }
    let rows = client
        .query(&format!("SELECT layout FROM {SCHEMA}.about"), &[])
        .await?;
    let layouts = rows.iter().map(|row| row.try_get::<_, i32>(0));
    let layouts: Vec<i32> = layouts.collect::<Result<_, _>>()?;
    match layouts.as_slice() {
        [layout] if *layout > LAYOUT => Err(AnalysisError::Newer),
        layouts => Ok(layouts == [LAYOUT]),
    }
}

/// Makes the parts of tables for months that have none yet.
pub(crate) async fn make_parts(
    client: &mut Client,
    schema: &str,
    shape: &Shape,
    months: impl Iterator<Item = (usize, Date)>,
) -> Result<(), AnalysisError> {
    for (at, month) in months {
        let (Some(shaped), Some((from, until))) = (shape.tables.get(at), bounds(month)) else {
            continue;
        };
        let part = format!("{schema}.{}", quoted(&part_name(&shaped.name, month)));
        let table = format!("{schema}.{}", quoted(&shaped.name));
        let step = client.transaction().await?;
        step.batch_execute(&format!(
            "CREATE TABLE {part} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS); \
             ALTER TABLE {table} ATTACH PARTITION {part} FOR VALUES FROM ('{from}') TO ('{until}')"
        ))
        .await?;
        step.commit().await?;
    }
    Ok(())
}

/// A name as SQL takes it, whatever it holds.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\"").replace('\0', ""))
}

/// A text as SQL takes it, whatever it holds.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''").replace('\0', ""))
}

/// The month's first day and the next one's; `None` where months have one part together.
fn bounds(month: Date) -> Option<(Date, Date)> {
    let next = month.checked_add(1.month()).ok()?;
    (FIRST_MONTH <= month && month < LAST_MONTH).then_some((month, next))
}

/// The part of a table that has the rows of a month.
pub(crate) fn part_of(table: &str, month: Date) -> String {
    if month < FIRST_MONTH {
        format!("{table}_earlier")
    } else if month >= LAST_MONTH {
        format!("{table}_later")
    } else {
        part_name(table, month)
    }
}

fn part_name(table: &str, month: Date) -> String {
    format!("{table}_{:04}_{:02}", month.year(), month.month())
}

/// The columns that a table has, with their types; none when it is not there.
async fn columns(
    step: &Transaction<'_>,
    schema: &str,
    table: &str,
) -> Result<BTreeMap<String, String>, AnalysisError> {
    const COLUMNS: &str = "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute \
                           WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped";
    let name = format!("{schema}.{}", quoted(table));
    let rows = step.query(COLUMNS, &[&name]).await?;
    let columns = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
    columns.collect()
}

fn creation(schema: &str, shaped: &Shaped) -> String {
    let table = format!("{schema}.{}", quoted(&shaped.name));
    let key: &[&str] = match shaped.table.kind {
        Some(_) => &["reporter", "id", "month"],
        None => &["reporter", "kind", "id", "part", "month"],
    };
    let columns = shaped.described().map(|(name, kind, _)| {
        let further = match key.contains(&name) {
            true if kind == "text" => " COLLATE \"C\" NOT NULL",
            true => " NOT NULL",
            false => "",
        };
        format!("{} {kind}{further}", quoted(name))
    });
    let columns: Vec<String> = columns.collect();
    let mut text = format!(
        "CREATE TABLE {table} ({}, PRIMARY KEY ({})) PARTITION BY RANGE (month);",
        columns.join(", "),
        key.join(", ")
    );
    if shaped.table.kind.is_some() {
        text += &format!("CREATE INDEX ON {table} (person);");
    }
    for (name, from, until) in [
        (
            "earlier",
            "MINVALUE".to_owned(),
            literal(&FIRST_MONTH.to_string()),
        ),
        ("later", literal(&LAST_MONTH.to_string()), "MAXVALUE".to_owned()),
    ] {
        let part = quoted(&format!("{}_{name}", shaped.name));
        text += &format!(
            "CREATE TABLE {schema}.{part} PARTITION OF {table} FOR VALUES FROM ({from}) TO ({until});"
        );
    }
    text
}

fn extension(schema: &str, shaped: &Shaped, has: &BTreeMap<String, String>) -> Result<String, AnalysisError> {
    let table = format!("{schema}.{}", quoted(&shaped.name));
    let mut text = String::new();
    for (name, kind, _) in shaped.described() {
        match has.get(name) {
            None => text += &format!("ALTER TABLE {table} ADD COLUMN {} {kind};", quoted(name)),
            Some(known) if *known == kind => {}
            Some(_) => return Err(AnalysisError::Changed(format!("{}.{name}", shaped.name))),
        }
    }
    Ok(text)
}

fn comments(schema: &str, shaped: &Shaped) -> String {
    let table = format!("{schema}.{}", quoted(&shaped.name));
    let label = &shaped.table.label;
    let mut text = format!(
        "COMMENT ON TABLE {table} IS {};",
        literal(&format!("{}\n{}", label.sv, label.en))
    );
    for (name, _, meaning) in shaped.described() {
        text += &format!(
            "COMMENT ON COLUMN {table}.{} IS {};",
            quoted(name),
            literal(&meaning)
        );
    }
    text
}

/// The parts that tables have.
async fn parts(
    step: &Transaction<'_>,
    schema: &str,
    shape: &Shape,
) -> Result<BTreeSet<(usize, Date)>, AnalysisError> {
    const PARTS: &str = "SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
                         WHERE i.inhparent = to_regclass($1)";
    let mut parts = BTreeSet::new();
    for (at, shaped) in shape.tables.iter().enumerate() {
        let name = format!("{schema}.{}", quoted(&shaped.name));
        for row in step.query(PARTS, &[&name]).await? {
            let part: String = row.try_get(0)?;
            let month = part.strip_prefix(&format!("{}_", shaped.name));
            let month = month.and_then(|month| format!("{}-01", month.replace('_', "-")).parse().ok());
            parts.extend(month.map(|month: Date| (at, month)));
        }
    }
    Ok(parts)
}

/// Lets the analysts' role read the tables, and nothing else. Where the role is missing and may not be made here, what is
/// to be run is told, and the tables are kept all the same.
async fn grant(client: &Client, schema: &str, shape: &Shape) -> Result<(), AnalysisError> {
    const IS_THERE: &str = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)";
    let there: bool = client.query_one(IS_THERE, &[&ROLE]).await?.try_get(0)?;
    if !there {
        let made = client.batch_execute(&format!("CREATE ROLE {ROLE} NOLOGIN")).await;
        match made {
            Ok(()) => {}
            Err(error) if error.code() == Some(&SqlState::DUPLICATE_OBJECT) => {}
            Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                tracing::warn!(
                    "the role of analysts cannot be made: have `CREATE ROLE {ROLE} NOLOGIN` run by whoever may, and \
                     start the server again"
                );
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
    }
    let tables = shape.tables.iter().map(|shaped| quoted(&shaped.name));
    let beside = ["codes", "lag"].map(str::to_owned);
    let named: Vec<String> = tables
        .chain(beside)
        .map(|name| format!("{schema}.{name}"))
        .collect();
    let text = format!(
        "GRANT USAGE ON SCHEMA {schema} TO {ROLE}; GRANT SELECT ON {} TO {ROLE}",
        named.join(", ")
    );
    Ok(client.batch_execute(&text).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_are_no_sql() {
        assert_eq!(quoted("a\"; DROP TABLE x; --"), "\"a\"\"; DROP TABLE x; --\"");
        assert_eq!(literal("it's\0 '; --"), "'it''s ''; --'");
    }

    #[tokio::test]
    async fn tables_of_which_some_are_gone_are_not_whole() {
        use vardnav_store::postgres::private::{Private, QUICK};
        let Some(private) = Private::start(QUICK).unwrap() else {
            return;
        };
        let client = crate::connection::connect(&private.url("postgres"))
            .await
            .unwrap();
        let shape = Shape {
            releases: BTreeSet::new(),
            tables: Vec::new(),
        };
        whole(&client, SCHEMA, &shape).await.unwrap();
        let made = "CREATE SCHEMA analysis; CREATE TABLE analysis.taken (); CREATE TABLE analysis.erased ()";
        client.batch_execute(made).await.unwrap();
        whole(&client, SCHEMA, &shape).await.unwrap();
        // A part that was filled is there and holds rows.
        let filled = "CREATE TABLE analysis.filled (part text); INSERT INTO analysis.filled VALUES ('contact_2026_01')";
        client.batch_execute(filled).await.unwrap();
        for (change, is_whole) in [
            ("CREATE TABLE analysis.contact_2026_01 (id int)", false),
            ("INSERT INTO analysis.contact_2026_01 VALUES (1)", true),
            ("TRUNCATE analysis.contact_2026_01", false),
            ("INSERT INTO analysis.contact_2026_01 VALUES (1)", true),
            ("DROP TABLE analysis.contact_2026_01", false),
        ] {
            client.batch_execute(change).await.unwrap();
            let found = whole(&client, SCHEMA, &shape).await;
            assert_eq!(found.is_ok(), is_whole, "{change}: {found:?}");
            assert!(
                is_whole
                    || matches!(&found, Err(AnalysisError::Missing(part)) if part.contains("contact_2026_01"))
            );
        }
        client.batch_execute("DELETE FROM analysis.filled").await.unwrap();
        client.batch_execute("DROP TABLE analysis.taken").await.unwrap();
        assert!(matches!(
            whole(&client, SCHEMA, &shape).await,
            Err(AnalysisError::Missing(table)) if table == "analysis.taken"
        ));
    }

    #[test]
    fn months_of_care_have_parts_of_their_own() {
        let bounds_of = |text: &str| bounds(text.parse().unwrap());
        assert_eq!(
            bounds_of("2026-12-01"),
            Some((Date::constant(2026, 12, 1), Date::constant(2027, 1, 1)))
        );
        assert_eq!(bounds_of("1999-12-01"), None);
        assert_eq!(bounds_of("2100-01-01"), None);
        assert_eq!(
            part_name("care_request", Date::constant(2026, 3, 1)),
            "care_request_2026_03"
        );
    }
}
