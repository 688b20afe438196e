//! `vardnav demo`: from an empty folder to a receipted report and a figure, each step through the same outside that
//! any user has.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use tokio_stream::StreamExt as _;
use vardnav_api::vardnav::indicators::v1 as pb;
use vardnav_api::vardnav::register::v1::{ExportRequest, Reporter};
use vardnav_api::vardnav::r#type::v1::FileChunk;
use vardnav_interchange::register::records::Form;
use vardnav_interchange::release::starter;
use vardnav_release::package::Package;
use vardnav_release::snapshot::Snapshot;
use vardnav_runtime::caller::Callers;
use vardnav_runtime::clock;
use vardnav_runtime::shutdown;

use crate::cli;
use crate::client::{Client, Target};
use crate::command::report::{Options, Summary, finding_counts, reader, report};
use crate::command::upload::send;
use crate::command::{indicator, register, release, unit};
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};
use crate::sample;
use crate::serve::Serving;
use crate::server::Node;

const YEAR: i32 = 2026;
/// How long the figure may take to follow the ledger.
const FOLLOWING_MAX: std::time::Duration = std::time::Duration::from_secs(20);

/// Runs the command.
pub(crate) async fn run(command: cli::Demo, format: Format) -> Outcome {
    let folder = folder()?;
    let outcome = demonstrate(&command, folder.path(), format).await;
    // A folder that cannot be removed is no reason to fail: it lies among the temporary files.
    let _ = folder.close();
    outcome
}

async fn demonstrate(command: &cli::Demo, folder: &Path, format: Format) -> Outcome {
    let node = Node::open_empty(&folder.join("data")).await?;
    node.tend();
    let serving = Serving::start(&node, command.grpc, command.http, Callers::Asserted).await?;
    let connect = |name: &str| {
        let target = Target {
            server: format!("http://{}", serving.grpc),
            data: None,
            caller: name.to_owned(),
            token: None,
        };
        async move { target.connect().await }
    };
    let (anna, bo) = (connect("anna").await?, connect("bo").await?);

    let id = publish(&anna, &bo).await?;
    step(format_args!(
        "release {id}: drafted and checked by anna, approved and published by bo"
    ));
    let reporters = sample::reporters();
    for reporter in &reporters {
        let reporter = Reporter {
            id: reporter.id.clone(),
            name: reporter.name.clone(),
            organisation: reporter.organisation.clone(),
        };
        register::put_reporter(&anna, reporter).await?;
    }
    let units = sample::units();
    for care_unit in &units {
        unit::put_unit(&anna, care_unit).await?;
    }
    step(format_args!(
        "{} reporters and {} care units registered",
        reporters.len(),
        units.len()
    ));

    let uploads = upload(&anna, command.seed).await?;
    step(format_args!(
        "{uploads} uploads put, all of them made up: a population, groups of kommuner, figures of surveys and registers, beds \
         and lists of care units"
    ));

    let file = folder.join("year.ndjson");
    let lines: Vec<String> = sample::generate(
        command.seed,
        usize::try_from(command.count).map_err(Failure::failed)?,
    )
    .collect();
    std::fs::write(&file, lines.join("\n") + "\n")?;
    let options = Options {
        receipts: Some(folder.join("receipts")),
        dry_run: false,
        batch: 1000,
        delivery: None,
        form: Form::Ndjson,
        reporter: None,
    };
    let began = std::time::Instant::now();
    let summary = report(&anna, reader(&file)?, "year".to_owned(), &options, |_| Ok(())).await?;
    step(format_args!(
        "{} records reported in {:.1} s: {} accepted, {} held, {} rejected",
        summary.lines,
        began.elapsed().as_secs_f64(),
        summary.count("accepted"),
        summary.count("held"),
        summary.count("rejected"),
    ));

    let verified = verify(&anna, &summary, &file, folder).await?;
    step(format_args!(
        "receipt {} by a process of its own, from receipt, input and public key alone",
        if verified { "verified" } else { "NOT verified" }
    ));
    let taken = summary.count("accepted") + summary.count("held");
    let figures = figures(&anna, taken).await?;
    let told = json!({
        "release": id,
        "reporters": reporters.iter().map(|reporter| &reporter.id).collect::<Vec<_>>(),
        "reported": summary.lines,
        "accepted": summary.count("accepted"),
        "held": summary.count("held"),
        "rejected": summary.count("rejected"),
        "forms": forms(&anna, &reporters).await?,
        "groups": figures.groups,
        "findings": finding_counts(&summary),
        "receipt_verified": verified,
        "figure": figures.by_region,
        "uploads": uploads,
    });
    show(&told, format)?;
    if command.no_serve {
        serving.stop().await;
    } else {
        output::say(format_args!(
            "\nserving: gRPC {}, web http://{}; stop with Ctrl-C",
            serving.grpc, serving.http
        ));
        shutdown::asked_to_stop().await;
        serving.stop().await;
    }
    if verified {
        Ok(())
    } else {
        Err(Failure::Failed("the receipt was not verified".into()))
    }
}

/// Draft → check → approve by another → publish.
async fn publish(anna: &Client, bo: &Client) -> Outcome<String> {
    let package = starter::package().map_err(Failure::failed)?;
    let chunks = package
        .files()
        .map(|(path, bytes)| FileChunk {
            path: path.to_owned(),
            data: bytes.to_vec().into(),
        })
        .collect();
    let id = release::draft(anna, "", chunks, false, None).await?.id;
    release::advance(anna, bo, &id).await?;
    Ok(id)
}

/// Puts the sample's made-up uploads; answers how many.
async fn upload(client: &Client, seed: u64) -> Outcome<usize> {
    let package = starter::package().map_err(Failure::failed)?;
    let release = starter_release(&package)?;
    let mut uploads = sample::uploads(seed, &release);
    uploads.extend(sample::statements(seed, &sample::units(), clock::today()));
    for made in &uploads {
        let header = pb::UploadHeader {
            kind: made.kind.to_owned(),
            source: made.source.clone(),
            validate_only: false,
        };
        let answer = send(client, header, made.file.as_bytes()).await?;
        if let Some(found) = answer.findings.first() {
            let message = found.finding.clone().unwrap_or_default().message;
            return Err(Failure::Failed(format!(
                "a made-up {}: line {}: {message}",
                made.kind, found.line
            )));
        }
    }
    Ok(uploads.len())
}

fn starter_release(package: &Package) -> Outcome<Snapshot> {
    vardnav_interchange::release::compile(package, &[])
        .map_err(|findings| Failure::Failed(format!("the starter release has {} findings", findings.len())))
}

/// Lets this very program, started anew, prove the receipt offline.
async fn verify(client: &Client, summary: &Summary, input: &Path, folder: &Path) -> Outcome<bool> {
    let Some(receipt) = &summary.receipt else {
        return Ok(false);
    };
    let key = folder.join("register.key");
    std::fs::write(&key, register::public_key(client).await?)?;
    let status = tokio::process::Command::new(std::env::current_exe()?)
        .args(["-o", "json", "register", "prove"])
        .arg(receipt)
        .arg("--input")
        .arg(input)
        .arg("--key")
        .arg(key)
        .stdout(std::process::Stdio::null())
        .status()
        .await?;
    Ok(status.success())
}

/// How many contacts, segments and monitoring periods have each form at each level, as the register holds them: of
/// each, the first two values that its tables decided.
async fn forms(client: &Client, reporters: &[sample::Reporter]) -> Outcome<Vec<Value>> {
    let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
    for reporter in reporters {
        let request = ExportRequest {
            reporter: reporter.id.clone(),
            ..Default::default()
        };
        let mut pieces = client.register().export(request).await?.into_inner();
        while let Some(piece) = pieces.next().await {
            for part in piece?.revisions.iter().flat_map(|revision| &revision.derived) {
                let mut decided = part
                    .values
                    .iter()
                    .filter(|value| value.held || !value.rule.is_empty());
                let mut value = || match decided.next() {
                    Some(value) => value.values.first().cloned().unwrap_or_else(|| "held".to_owned()),
                    None => "none".to_owned(),
                };
                *counts.entry((value(), value())).or_default() += 1;
            }
        }
    }
    let row = |((form, level), count)| json!({"form": form, "level": level, "count": count});
    Ok(counts.into_iter().map(row).collect())
}

struct Figures {
    groups: Vec<Value>,
    by_region: Value,
}

/// Counts by group for the country, and by region for one group, once the figures have followed the ledger.
async fn figures(client: &Client, taken: u64) -> Outcome<Figures> {
    let ask = |indicator: &str, groups: Vec<String>, breakdowns: Vec<String>| pb::QueryIndicatorRequest {
        indicator: indicator.to_owned(),
        year: YEAR,
        groups,
        breakdowns,
        ..Default::default()
    };
    let began = std::time::Instant::now();
    loop {
        let (contacts, coverage) = indicator::query(client, ask("contacts-by-group", vec![], vec![])).await?;
        if coverage.entries < taken && began.elapsed() < FOLLOWING_MAX {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            continue;
        }
        let (segments, _) = indicator::query(client, ask("segments-by-group", vec![], vec![])).await?;
        let mut groups: BTreeMap<String, u64> = BTreeMap::new();
        for row in contacts.iter().chain(&segments) {
            let group = row["group"].as_str().unwrap_or_default().to_owned();
            *groups.entry(group).or_default() += row["count"].as_u64().unwrap_or_default();
        }
        let by_region = ask(
            "contacts-by-group",
            vec!["mobile-care".into()],
            vec!["region".to_owned()],
        );
        let (rows, _) = indicator::query(client, by_region).await?;
        return Ok(Figures {
            groups: groups
                .into_iter()
                .map(|(group, count)| json!({"group": group, "count": count}))
                .collect(),
            by_region: json!({"indicator": "contacts-by-group", "group": "mobile-care", "year": YEAR, "rows": rows}),
        });
    }
}

fn show(told: &Value, format: Format) -> Outcome {
    if format != Format::Table {
        return output::one(format, told);
    }
    let rows = |name: &str| {
        told.get(name)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    output::say("\nforms of care by level");
    output::rows(format, &["form", "level", "count"], &rows("forms"))?;
    output::say("\nfindings by rule");
    output::rows(format, &["finding", "severity", "records"], &rows("findings"))?;
    output::say("\ncontacts and segments by group");
    output::rows(format, &["group", "count"], &rows("groups"))?;
    output::say(format_args!(
        "\ncontacts of mobile care by region of residence, {YEAR}"
    ));
    output::rows(
        format,
        &["place", "count", "suppressed"],
        told.pointer("/figure/rows")
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice),
    )
}

fn step(what: impl std::fmt::Display) {
    output::say(format_args!("✓ {what}"));
}

fn folder() -> Outcome<tempfile::TempDir> {
    tempfile::Builder::new()
        .prefix("vardnav-demo-")
        .tempdir()
        .map_err(Failure::from)
}
