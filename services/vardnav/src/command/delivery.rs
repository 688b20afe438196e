//! `vardnav register deliver`, `delivery` and `withdraw`: the records of some periods in full, opened, sent and closed.
//! A broken connection is taken up again: what was sent before is answered as it was.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_stream::StreamExt as _;
use vardnav_api::register::kind_message;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_interchange::register::records::Form;
use vardnav_register::record::RecordKind;

use crate::cli::delivery::{Deliver, Delivery, Expect, Numbered, Of, Sending, Withdraw};
use crate::client::Client;
use crate::command::report::{self, Delivered, Options};
use crate::command::{completeness, finding_row, hex, withdrawal};
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};

/// How long to wait before a broken connection is tried again.
const PAUSE: Duration = Duration::from_millis(250);

/// Runs `vardnav register delivery`.
pub(crate) async fn run(command: Delivery, client: &Client, format: Format) -> Outcome {
    match command {
        Delivery::Open { of, dry_run } => {
            let opened = open(client, &of, dry_run).await?;
            output::one(format, &row(&opened))
        }
        Delivery::Send {
            file,
            reporter,
            number,
            dry_run,
            sending,
        } => {
            let (input, form) = sending.input.open(&file)?;
            let options = options(&file, sending, form, dry_run, reporter, number);
            report::run(&file, input, options, client, format).await
        }
        Delivery::Close {
            of,
            abandon,
            dry_run,
            expect,
        } => {
            let request = pb::CloseDeliveryRequest {
                reporter: of.reporter,
                number: of.number,
                abandon,
                expect: expected(&expect)?,
                validate_only: dry_run,
            };
            let closed = close(client, request).await?;
            if !abandon && !dry_run && !closed.test {
                completeness::tell_found(client, &closed).await;
            }
            output::one(format, &row(&closed))
        }
        Delivery::List { reporter } => list(client, reporter, format).await,
        Delivery::Show(of) => show(client, of, format).await,
    }
}

/// Runs `vardnav register deliver`: opens, sends, closes.
pub(crate) async fn deliver(command: Deliver, client: &Client, format: Format) -> Outcome {
    let Deliver {
        file,
        of,
        sending,
        close_anyway,
        expect,
    } = command;
    let expect = expected(&expect)?;
    let (input, form) = sending.input.open(&file)?;
    let opened = open(client, &of, false).await?;
    let number = opened.number;
    output::say(format_args!("delivery {number} of {} is open", of.reporter));
    let reporter = of.reporter.clone();
    let sent = report::run(
        &file,
        input,
        options(&file, sending, form, false, reporter, number),
        client,
        format,
    )
    .await;
    match sent {
        Err(Failure::Findings(message)) if !close_anyway => {
            return Err(Failure::Findings(format!(
                "{message}; delivery {number} is still open: mend the lines and deliver the file again"
            )));
        }
        Err(Failure::Findings(message)) => output::say(format_args!("{message}")),
        other => other?,
    }
    let request = pb::CloseDeliveryRequest {
        reporter: of.reporter,
        number,
        expect,
        ..pb::CloseDeliveryRequest::default()
    };
    if expect.is_none() && !close_anyway && !of.test {
        let tried = pb::CloseDeliveryRequest {
            validate_only: true,
            ..request.clone()
        };
        holds_most(&close(client, tried).await?)?;
    }
    let closed = close(client, request).await?;
    let counts = closed.counts.unwrap_or_default();
    output::say(format_args!(
        "delivery {number} is closed: {} kept, {} new, {} changed, {} gone",
        counts.kept, counts.new, counts.changed, counts.gone
    ));
    if !closed.test {
        completeness::tell_found(client, &closed).await;
    }
    Ok(())
}

/// Refuses to close a delivery that would withdraw more than it holds: an empty or a wrong file would do so.
fn holds_most(tried: &pb::Delivery) -> Outcome {
    let pb::DeliveryCounts {
        kept,
        new,
        changed,
        gone,
    } = tried.counts.unwrap_or_default();
    if gone <= kept + new + changed {
        return Ok(());
    }
    Err(Failure::Findings(format!(
        "delivery {0} is still open: closing it would withdraw {gone} records of its months, more than the {1} that it \
         holds; if that is meant, close it with --expect kept={kept},new={new},changed={changed},gone={gone}",
        tried.number,
        kept + new + changed,
    )))
}

/// Runs `vardnav register withdraw`.
pub(crate) async fn withdraw(command: Withdraw, client: &Client, format: Format) -> Outcome {
    let kind = RecordKind::from_name(&command.kind)
        .ok_or_else(|| Failure::Usage("no such kind of record".into()))?;
    let name = |id: String| pb::withdraw_records_request::RecordName {
        kind: kind_message(kind).into(),
        id,
        revision: 0,
    };
    let request = pb::WithdrawRecordsRequest {
        reporter: command.reporter,
        records: command.ids.into_iter().map(name).collect(),
        reason: command.reason,
        validate_only: command.dry_run,
    };
    let kept = command.receipt.as_deref().map(withdrawal::Kept::at).transpose()?;
    let answer = match client.register().withdraw_records(request).await {
        Ok(answer) => answer.into_inner(),
        Err(status) => {
            kept.map_or(Ok(()), withdrawal::Kept::remove)?;
            return Err(status.into());
        }
    };
    if let Some(kept) = kept {
        kept.keep(answer.receipt)?;
    }
    let refused = answer
        .outcomes
        .iter()
        .filter(|outcome| !outcome.withdrawn)
        .count();
    let rows: Vec<Value> = answer
        .outcomes
        .iter()
        .map(|outcome| {
            json!({
                "kind": kind.name(),
                "id": (!outcome.id.is_empty()).then_some(&outcome.id),
                "revision": outcome.revision,
                "outcome": if outcome.withdrawn { "withdrawn" } else { "refused" },
                "findings": outcome.findings.iter().map(finding_row).collect::<Vec<_>>(),
                "position": outcome.position,
                "leaf": (!outcome.leaf.is_empty()).then(|| hex(&outcome.leaf)),
            })
        })
        .collect();
    let columns = ["kind", "id", "revision", "outcome", "findings", "leaf"];
    output::rows(format, &columns, &rows)?;
    match refused {
        0 => Ok(()),
        refused => Err(Failure::Findings(format!(
            "{refused} of {} were refused",
            rows.len()
        ))),
    }
}

/// Sends batches of a delivery and gives their answers, in order. While the server cannot be reached it is tried again
/// for `retry`; what it had taken it answers as before.
pub(crate) async fn send(
    client: &Client,
    requests: Vec<pb::ReportRequest>,
    retry: Duration,
) -> Outcome<Vec<pb::ReportResponse>> {
    let mut since = None;
    loop {
        let failure = match send_once(client, requests.clone()).await {
            Ok(answers) => return Ok(answers),
            Err(failure) => failure,
        };
        let since = *since.get_or_insert_with(Instant::now);
        match failure {
            Failure::Unreachable(_) if since.elapsed() < retry => tokio::time::sleep(PAUSE).await,
            other => return Err(other),
        }
    }
}

async fn send_once(client: &Client, requests: Vec<pb::ReportRequest>) -> Outcome<Vec<pb::ReportResponse>> {
    let expected = requests.len();
    // A stream that ends in the middle is a server that went away.
    let broken = |status| match Failure::from(status) {
        Failure::Failed(message) => Failure::Unreachable(message),
        other => other,
    };
    let stream = client.register().report(tokio_stream::iter(requests)).await;
    let mut stream = stream.map_err(broken)?.into_inner();
    let mut answers = Vec::with_capacity(expected);
    while let Some(answer) = stream.next().await {
        answers.push(answer.map_err(broken)?);
    }
    match answers.len() == expected {
        true => Ok(answers),
        false => Err(Failure::Unreachable("the server ended the stream".into())),
    }
}

fn options(
    file: &Path,
    sending: Sending,
    form: Form,
    dry_run: bool,
    reporter: String,
    number: u32,
) -> Options {
    Options {
        form,
        reporter: Some(reporter.clone()),
        receipts: sending.receipts,
        dry_run,
        batch: usize::from(sending.batch),
        delivery: Some(Delivered {
            reporter,
            number,
            input: report::input_name(file),
            retry: Duration::from_secs(sending.retry),
        }),
    }
}

async fn open(client: &Client, of: &Of, validate_only: bool) -> Outcome<pb::Delivery> {
    let request = pb::OpenDeliveryRequest {
        reporter: of.reporter.clone(),
        register: of.register.clone(),
        periods: of.periods.clone(),
        test: of.test,
        validate_only,
    };
    let answer = client.register().open_delivery(request).await?.into_inner();
    Ok(answer.delivery.unwrap_or_default())
}

async fn close(client: &Client, request: pb::CloseDeliveryRequest) -> Outcome<pb::Delivery> {
    let answer = client.register().close_delivery(request).await?.into_inner();
    Ok(answer.delivery.unwrap_or_default())
}

async fn list(client: &Client, reporter: String, format: Format) -> Outcome {
    let mut rows = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = pb::ListDeliveriesRequest {
            reporter: reporter.clone(),
            page_size: 1000,
            page_token,
        };
        let page = client.register().list_deliveries(request).await?.into_inner();
        rows.extend(page.deliveries.iter().map(row));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let columns = [
        "number", "register", "periods", "state", "window", "test", "kept", "new", "changed", "gone",
    ];
    output::rows(format, &columns, &rows)
}

async fn show(client: &Client, of: Numbered, format: Format) -> Outcome {
    let request = pb::GetDeliveryRequest {
        reporter: of.reporter,
        number: of.number,
    };
    let answer = client.register().get_delivery(request).await?.into_inner();
    let mut told = row(&answer.delivery.unwrap_or_default());
    let inputs = answer.inputs.iter();
    let inputs: Vec<Value> = inputs
        .map(|input| json!({"input": input.input, "last_line": input.last_line}))
        .collect();
    if let Some(fields) = told.as_object_mut() {
        fields.insert("inputs".to_owned(), Value::Array(inputs));
    }
    output::one(format, &told)
}

fn row(delivery: &pb::Delivery) -> Value {
    let counts = delivery.counts;
    let count = |of: fn(&pb::DeliveryCounts) -> u64| counts.as_ref().map(of);
    json!({
        "reporter": delivery.reporter,
        "number": delivery.number,
        "register": delivery.register,
        "periods": delivery.periods,
        "state": super::enum_text(delivery.state().as_str_name(), "DELIVERY_STATE_"),
        "window": super::enum_text(delivery.window().as_str_name(), "DELIVERY_WINDOW_"),
        "test": delivery.test,
        "replaces": delivery.replaces,
        "kept": count(|counts| counts.kept),
        "new": count(|counts| counts.new),
        "changed": count(|counts| counts.changed),
        "gone": count(|counts| counts.gone),
        "opened_by": delivery.opened_by,
        "opened_position": delivery.opened_position,
        "closed_by": delivery.closed_by,
        "closed_position": delivery.closed_position,
    })
}

/// Counts as `--expect` states them.
fn expected(expect: &Expect) -> Outcome<Option<pb::DeliveryCounts>> {
    let Some(text) = &expect.expect else {
        return Ok(None);
    };
    let mut counts = pb::DeliveryCounts::default();
    for part in text.split(',') {
        let (name, count) = part.split_once('=').unwrap_or((part, ""));
        let field = match name.trim() {
            "kept" => &mut counts.kept,
            "new" => &mut counts.new,
            "changed" => &mut counts.changed,
            "gone" => &mut counts.gone,
            _ => return Err(wrong_counts()),
        };
        *field = count.trim().parse().map_err(|_| wrong_counts())?;
    }
    Ok(Some(counts))
}

fn wrong_counts() -> Failure {
    Failure::Usage("--expect takes counts such as kept=10,new=2,changed=0,gone=1".into())
}
