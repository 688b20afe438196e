//! `vardnav register completeness` and `findings`: what there is of each month beside other months, which care units
//! nothing came from, and what is wrong most often with what to do about it. `vardnav register alike`: the contacts that say
//! the same as others.

use clap::Args;
use serde_json::{Value, json};
use vardnav_api::register::kind;
use vardnav_api::vardnav::register::v1 as pb;

use crate::client::Client;
use crate::command::{date_text, enum_text};
use crate::exit::Outcome;
use crate::output::{self, Format};

/// Which months of whom.
#[derive(Debug, Clone, Args)]
pub struct Months {
    /// Reporter; all of them when left out
    pub reporter: Option<String>,
    /// First month, for example 2026-09
    #[arg(long, value_name = "MONTH")]
    pub from: String,
    /// First month no longer included; the one after the first when left out
    #[arg(long, value_name = "MONTH", default_value = "")]
    pub until: String,
}

/// What there is.
#[derive(Debug, Clone, Args)]
pub struct Completeness {
    #[command(flatten)]
    pub months: Months,
    /// A row for each care unit
    #[arg(long, conflicts_with = "kinds")]
    pub units: bool,
    /// A row for each kind of record
    #[arg(long)]
    pub kinds: bool,
}

/// Contacts that say the same, of whom and when.
#[derive(Debug, Clone, Args)]
pub struct Alike {
    /// Reporter
    pub reporter: String,
    /// First month, for example 2026-09
    #[arg(long, value_name = "MONTH")]
    pub from: String,
    /// First month no longer included; the one after the first when left out
    #[arg(long, value_name = "MONTH", default_value = "")]
    pub until: String,
}

/// Tells what there is of each month.
pub(crate) async fn completeness(command: Completeness, client: &Client, format: Format) -> Outcome {
    let mut request = pb::GetCompletenessRequest {
        reporter: command.months.reporter.unwrap_or_default(),
        from: command.months.from,
        until: command.months.until,
        with_units: command.units,
        page_size: 0,
        page_token: String::new(),
    };
    let mut rows = Vec::new();
    loop {
        let page = client
            .quality()
            .get_completeness(request.clone())
            .await?
            .into_inner();
        if request.page_token.is_empty() {
            told_behind(page.behind);
        }
        for period in &page.periods {
            match (command.units, command.kinds) {
                (true, _) => rows.extend(period.units.iter().map(|unit| unit_row(period, unit))),
                (_, true) => rows.extend(period.kinds.iter().map(|kind| kind_row(period, kind))),
                (false, false) => rows.push(period_row(period)),
            }
        }
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    let columns: &[&str] = match (command.units, command.kinds) {
        (true, _) => &[
            "reporter",
            "period",
            "unit",
            "duty",
            "accepted",
            "held",
            "with_findings",
            "spanning",
            "previous_month",
            "same_month_last_year",
        ],
        (_, true) => &[
            "reporter",
            "period",
            "kind",
            "accepted",
            "held",
            "with_findings",
            "previous_month",
            "same_month_last_year",
        ],
        (false, false) => &[
            "reporter",
            "period",
            "accepted",
            "held",
            "with_findings",
            "spanning",
            "previous_month",
            "same_month_last_year",
            "rejected",
            "units_delivered",
            "units_with_duty",
            "deadline",
            "found",
        ],
    };
    output::rows(format, columns, &rows)
}

/// Lists what was found.
pub(crate) async fn findings(command: Months, client: &Client, format: Format) -> Outcome {
    let request = pb::ListFindingsRequest {
        reporter: command.reporter.unwrap_or_default(),
        from: command.from,
        until: command.until,
    };
    let answer = client.quality().list_findings(request).await?.into_inner();
    told_behind(answer.behind);
    if answer.more > 0 {
        output::say(format_args!("{} further codes are left out", answer.more));
    }
    let rows: Vec<Value> = answer.findings.iter().map(finding_row).collect();
    let columns = ["code", "accepted", "held", "rejected", "message", "remedy"];
    output::rows(format, &columns, &rows)
}

/// Lists contacts that say the same as others.
pub(crate) async fn alike(command: Alike, client: &Client, format: Format) -> Outcome {
    let mut request = pb::ListContactsAlikeRequest {
        reporter: command.reporter,
        from: command.from,
        until: command.until,
        page_size: 1_000,
        page_token: String::new(),
    };
    let mut rows = Vec::new();
    loop {
        let page = client
            .quality()
            .list_contacts_alike(request.clone())
            .await?
            .into_inner();
        if request.page_token.is_empty() {
            told_behind(page.behind);
        }
        rows.extend(page.contacts.iter().map(alike_row));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    output::rows(
        format,
        &["code", "id", "revision", "date", "unit", "others"],
        &rows,
    )
}

fn alike_row(contact: &pb::ContactAlike) -> Value {
    json!({
        "code": contact.code,
        "severity": enum_text(contact.severity().as_str_name(), "SEVERITY_"),
        "id": contact.id,
        "revision": contact.revision,
        "date": date_text(contact.date.as_ref()),
        "unit": contact.unit,
        "others": contact.others,
    })
}

fn told_behind(behind: u64) {
    if behind > 0 {
        output::say(format_args!("{behind} entries are not counted yet"));
    }
}

fn period_row(period: &pb::PeriodCompleteness) -> Value {
    let counts = period.records.unwrap_or_default();
    let deadlines = period.deadlines.iter().map(|deadline| {
        json!({
            "register": deadline.register,
            "primary": date_text(deadline.primary.as_ref()),
            "refresh": date_text(deadline.refresh.as_ref()),
        })
    });
    let deadlines: Vec<Value> = deadlines.collect();
    let findings: Vec<Value> = period.findings.iter().map(found_row).collect();
    let mut found: Vec<&str> = period.findings.iter().map(|found| found.code.as_str()).collect();
    found.dedup();
    json!({
        "reporter": period.reporter,
        "period": period.period,
        "accepted": counts.accepted,
        "held": counts.held,
        "with_findings": counts.with_findings,
        "spanning": period.spanning,
        "previous_month": period.previous_month,
        "same_month_last_year": period.same_month_last_year,
        "rejected": period.rejected,
        "units_delivered": period.units_delivered,
        "units_with_duty": period.units_with_duty,
        "units_missing": period.units_missing,
        "kinds": period.kinds.iter().map(|kind| kind_row(period, kind)).collect::<Vec<_>>(),
        "deadline": deadlines.first().map(|deadline| deadline["primary"].clone()),
        "deadlines": deadlines,
        "found": found.join(" "),
        "findings": findings,
    })
}

fn found_row(found: &pb::period_completeness::PeriodFinding) -> Value {
    let ((message_sv, message), (remedy_sv, remedy)) = (label(&found.message), label(&found.remedy));
    json!({
        "code": found.code,
        "severity": enum_text(found.severity().as_str_name(), "SEVERITY_"),
        "records": found.records,
        "kind": kind(found.kind(), "kind").ok().map(|kind| kind.name()),
        "unit": found.unit,
        "usual": found.usual,
        "message": message,
        "message_sv": message_sv,
        "remedy": remedy,
        "remedy_sv": remedy_sv,
    })
}

fn kind_row(period: &pb::PeriodCompleteness, of: &pb::period_completeness::KindCounts) -> Value {
    let counts = of.records.unwrap_or_default();
    json!({
        "reporter": period.reporter,
        "period": period.period,
        "kind": kind(of.kind(), "kind").ok().map(|kind| kind.name()),
        "accepted": counts.accepted,
        "held": counts.held,
        "with_findings": counts.with_findings,
        "previous_month": of.previous_month,
        "same_month_last_year": of.same_month_last_year,
    })
}

fn unit_row(period: &pb::PeriodCompleteness, unit: &pb::period_completeness::UnitCounts) -> Value {
    let counts = unit.records.unwrap_or_default();
    json!({
        "reporter": period.reporter,
        "period": period.period,
        "unit": unit.unit,
        "duty": unit.has_duty,
        "accepted": counts.accepted,
        "held": counts.held,
        "with_findings": counts.with_findings,
        "spanning": unit.spanning,
        "previous_month": unit.previous_month,
        "same_month_last_year": unit.same_month_last_year,
    })
}

fn finding_row(finding: &pb::FindingCount) -> Value {
    let ((message_sv, message), (remedy_sv, remedy)) = (label(&finding.message), label(&finding.remedy));
    json!({
        "code": finding.code,
        "accepted": finding.accepted,
        "held": finding.held,
        "rejected": finding.rejected,
        "message": message,
        "message_sv": message_sv,
        "remedy": remedy,
        "remedy_sv": remedy_sv,
    })
}

/// A text in Swedish and in English.
fn label(label: &Option<vardnav_api::vardnav::r#type::v1::Label>) -> (String, String) {
    let label = label.clone().unwrap_or_default();
    (label.sv, label.en)
}
