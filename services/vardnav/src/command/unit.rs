//! `vardnav unit`: put, show and list care units.

use std::io::BufRead as _;
use std::path::Path;

use serde_json::{Value, json};
use vardnav_api::vardnav::units::v1 as pb;
use vardnav_interchange::units;

use crate::cli;
use crate::client::Client;
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};

/// Runs the command.
pub(crate) async fn run(command: cli::Unit, client: &Client, format: Format) -> Outcome {
    match command {
        cli::Unit::Put { file } => put(&file, client, format).await,
        cli::Unit::Show { hsa_id } => {
            let answer = client
                .units()
                .get_care_unit(pb::GetCareUnitRequest { hsa_id })
                .await?
                .into_inner();
            output::one(format, &value(answer.unit.unwrap_or_default())?)
        }
        cli::Unit::List { reporter } => {
            let mut rows = Vec::new();
            let mut page_token = String::new();
            loop {
                let reporter = reporter.clone().unwrap_or_default();
                let request = pb::ListCareUnitsRequest {
                    reporter,
                    page_size: 1000,
                    page_token,
                };
                let page = client.units().list_care_units(request).await?.into_inner();
                rows.extend(page.units.iter().map(row));
                page_token = page.next_page_token;
                if page_token.is_empty() {
                    break;
                }
            }
            output::rows(
                format,
                &["hsa_id", "name", "kind", "kommun", "reporters", "from", "closed"],
                &rows,
            )
        }
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
    Ok(client
        .units()
        .put_care_unit(request)
        .await?
        .into_inner()
        .unit
        .unwrap_or_default())
}

async fn put(file: &Path, client: &Client, format: Format) -> Outcome {
    let (mut rows, mut bad) = (Vec::new(), 0_usize);
    for (index, line) in super::report::reader(file)?.lines().enumerate() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let put = match units::read_line(&line) {
            Ok(unit) => put_unit(client, &unit).await,
            Err(error) => Err(Failure::Findings(error.to_string())),
        };
        match put {
            Ok(unit) => rows.push(row(&unit)),
            Err(unreachable @ Failure::Unreachable(_)) => return Err(unreachable),
            Err(error) => {
                bad += 1;
                output::say(format_args!("line {}: {error}", index + 1));
            }
        }
    }
    output::rows(
        format,
        &["hsa_id", "name", "kind", "kommun", "reporters", "from", "closed"],
        &rows,
    )?;
    if bad == 0 {
        Ok(())
    } else {
        Err(Failure::Findings(format!("{bad} lines were refused")))
    }
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
