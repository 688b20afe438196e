//! `vardnav unit`: the registry of care units, what is reported of them month by month, and capacity.

use std::path::Path;

use jiff::civil::Date;
use serde_json::{Value, json};
use vardnav_api::common::date_message;
use vardnav_api::vardnav::indicators::v1 as uploads;
use vardnav_api::vardnav::units::v1 as pb;
use vardnav_interchange::units;
use vardnav_interchange::upload::{bed_days, listings};

use crate::cli::{self, Monthly};
use crate::client::Client;
use crate::command::upload;
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};

const COLUMNS: [&str; 7] = ["hsa_id", "name", "kind", "kommun", "reporters", "from", "closed"];

/// Runs the command.
pub(crate) async fn run(command: cli::Unit, client: &Client, format: Format) -> Outcome {
    match command {
        cli::Unit::Put { file } => put(&file, client, format).await,
        cli::Unit::Show { hsa_id } => {
            let request = pb::GetCareUnitRequest { hsa_id };
            let answer = client.units().get_care_unit(request).await?.into_inner();
            output::one(format, &value(answer.unit.unwrap_or_default())?)
        }
        cli::Unit::List { reporter } => list(reporter, client, format).await,
        cli::Unit::History { hsa_id } => history(hsa_id, client, format).await,
        cli::Unit::Close { hsa_id, on } => close(vec![hsa_id], &on, String::new(), client, format).await,
        cli::Unit::Merge { hsa_ids, into, on } => close(hsa_ids, &on, into, client, format).await,
        cli::Unit::Beds(step) => monthly(bed_days::NAME, step, client, format).await,
        cli::Unit::Listings(step) => monthly(listings::NAME, step, client, format).await,
        cli::Unit::Capacity { by, month } => capacity(by, &month, client, format).await,
    }
}

/// Puts one unit.
pub(crate) async fn put_unit(
    client: &Client,
    unit: &vardnav_register::unit::CareUnit,
) -> Outcome<pb::CareUnit> {
    let request = pb::PutCareUnitRequest {
        unit: Some(vardnav_api::units::unit_message(unit)),
        validate_only: false,
    };
    let answer = client.units().put_care_unit(request).await?;
    Ok(answer.into_inner().unit.unwrap_or_default())
}

async fn list(reporter: Option<String>, client: &Client, format: Format) -> Outcome {
    let mut rows = Vec::new();
    let mut request = pb::ListCareUnitsRequest {
        reporter: reporter.unwrap_or_default(),
        page_size: 1000,
        page_token: String::new(),
    };
    loop {
        let page = client
            .units()
            .list_care_units(request.clone())
            .await?
            .into_inner();
        for unit in page.units {
            rows.push(match format {
                Format::Json | Format::Ndjson => value(unit)?,
                Format::Table | Format::Csv => row(&unit),
            });
        }
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return output::rows(format, &COLUMNS, &rows);
        }
    }
}

async fn put(file: &Path, client: &Client, format: Format) -> Outcome {
    let (mut rows, mut bad) = (Vec::new(), 0_usize);
    let mut text = String::new();
    std::io::Read::read_to_string(&mut super::report::reader(file)?, &mut text)?;
    for (place, read) in units::read_file(&text) {
        let put = match read {
            Ok(unit) => put_unit(client, &unit).await,
            Err(error) => Err(Failure::Findings(error.to_string())),
        };
        match put {
            Ok(unit) => rows.push(row(&unit)),
            Err(unreachable @ Failure::Unreachable(_)) => return Err(unreachable),
            Err(error) => {
                bad += 1;
                output::say(format_args!("line {place}: {error}"));
            }
        }
    }
    output::rows(format, &COLUMNS, &rows)?;
    if bad == 0 {
        Ok(())
    } else {
        Err(Failure::Findings(format!("{bad} lines were refused")))
    }
}

async fn history(hsa_id: String, client: &Client, format: Format) -> Outcome {
    let request = pb::GetCareUnitHistoryRequest {
        hsa_id: hsa_id.clone(),
    };
    let answer = client.units().get_care_unit_history(request).await?.into_inner();
    let mut rows = Vec::new();
    for statement in answer.statements {
        let version = statement.version.unwrap_or_default();
        let mut row = json!({
            "from": super::date_text(version.from.as_ref()),
            "put": jiff::Timestamp::from_microsecond(statement.put_micros).map_err(Failure::failed)?.to_string(),
            "put_by": statement.put_by,
            "changed": statement.changed,
        });
        let unit = pb::CareUnit {
            hsa_id: hsa_id.clone(),
            versions: vec![version],
        };
        if let (Some(row), Value::Object(mut unit)) = (row.as_object_mut(), value(unit)?) {
            let version = unit.get_mut("versions").and_then(|versions| versions.get_mut(0));
            row.insert("version".to_owned(), version.map(Value::take).unwrap_or_default());
        }
        rows.push(row);
    }
    output::rows(format, &["put", "put_by", "from", "changed"], &rows)
}

async fn close(
    hsa_ids: Vec<String>,
    on: &str,
    successor: String,
    client: &Client,
    format: Format,
) -> Outcome {
    let on: Date = on
        .parse()
        .map_err(|_| Failure::Usage("the date is not written as YYYY-MM-DD".to_owned()))?;
    let request = pb::CloseCareUnitsRequest {
        hsa_ids,
        closed: Some(date_message(on)),
        successor,
    };
    let answer = client.units().close_care_units(request).await?.into_inner();
    let rows: Vec<Value> = answer.units.iter().map(row).collect();
    output::rows(format, &COLUMNS, &rows)
}

async fn monthly(kind: &str, step: Monthly, client: &Client, format: Format) -> Outcome {
    match step {
        Monthly::Report {
            file,
            source,
            dry_run,
        } => {
            let header = uploads::UploadHeader {
                kind: kind.to_owned(),
                source,
                validate_only: dry_run,
            };
            upload::put(&file, header, client, format).await
        }
        Monthly::Show {
            reporter,
            month,
            revision,
        } => upload::rows(kind.to_owned(), format!("{reporter}/{month}"), revision, client).await,
    }
}

async fn capacity(by: Vec<String>, month: &str, client: &Client, format: Format) -> Outcome {
    let month: Date = format!("{month}-01")
        .parse()
        .map_err(|_| Failure::Usage("the month is not written as YYYY-MM".to_owned()))?;
    let request = pb::QueryCapacityRequest {
        month: Some(date_message(month)),
        by: by.clone(),
    };
    let answer = client.units().query_capacity(request).await?.into_inner();
    let mut rows = Vec::new();
    for message in &answer.rows {
        let mut row = serde_json::Map::new();
        for (by, value) in by.iter().zip(&message.values) {
            row.insert(by.clone(), json!(value));
        }
        let (beds, home) = (
            message.beds.unwrap_or_default(),
            message.home_places.unwrap_or_default(),
        );
        let both = pb::BedSums {
            days: beds.days + home.days,
            available: beds.available + home.available,
            occupied: beds.occupied + home.occupied,
            overcrowded: beds.overcrowded + home.overcrowded,
            outliers: beds.outliers + home.outliers,
        };
        sums(&mut row, "", beds);
        sums(&mut row, "_with_home", both);
        row.insert("listed".into(), json!(message.listed));
        row.insert("specialists".into(), hundredths(message.specialists));
        row.insert("in_training".into(), hundredths(message.in_training));
        let guideline = answer.guideline_specialist.zip(answer.guideline_in_training);
        let most = guideline.map(|(specialist, in_training)| {
            message.specialists * u64::from(specialist) + message.in_training * u64::from(in_training)
        });
        let load = most.map_or(Value::Null, |most| per_100(message.listed * 100, most));
        row.insert("load".into(), load);
        rows.push(Value::Object(row));
    }
    let mut columns: Vec<&str> = by.iter().map(String::as_str).collect();
    columns.extend([
        "available",
        "occupied",
        "occupancy",
        "overcrowded_per_100",
        "outliers_per_100",
        "available_with_home",
        "occupancy_with_home",
        "listed",
        "specialists",
        "in_training",
        "load",
    ]);
    output::rows(format, &columns, &rows)
}

fn sums(row: &mut serde_json::Map<String, Value>, ending: &str, sums: pb::BedSums) {
    for (name, value) in [
        ("available", json!(sums.available)),
        ("occupied", json!(sums.occupied)),
        ("occupancy", per_100(sums.occupied, sums.available)),
        ("overcrowded_per_100", per_100(sums.overcrowded, sums.available)),
        ("outliers_per_100", per_100(sums.outliers, sums.available)),
    ] {
        row.insert(format!("{name}{ending}"), value);
    }
}

/// So many per 100, with one decimal; nothing of nothing.
fn per_100(part: u64, whole: u64) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "sums of a month are far below 2^52")]
    let share = || (1000.0 * part as f64 / whole as f64).round() / 10.0;
    if whole == 0 { Value::Null } else { json!(share()) }
}

fn hundredths(number: u64) -> Value {
    json!(format!("{}.{:02}", number / 100, number % 100))
}

fn value(unit: pb::CareUnit) -> Outcome<Value> {
    let unit = vardnav_api::units::unit(unit).map_err(Failure::failed)?;
    let line = units::write_line(&unit).map_err(Failure::failed)?;
    serde_json::from_str(&line).map_err(Failure::failed)
}

fn row(unit: &pb::CareUnit) -> Value {
    let newest = unit.versions.last().cloned().unwrap_or_default();
    json!({
        "hsa_id": unit.hsa_id,
        "name": newest.name,
        "kind": newest.kind,
        "kommun": newest.kommun,
        "reporters": newest.reporters,
        "from": super::date_text(newest.from.as_ref()),
        "closed": super::date_text(newest.closed.as_ref()),
    })
}
