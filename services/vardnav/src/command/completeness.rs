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

/// Says what is found of records together in the periods of a delivery that was closed, while they can be completed. Says
/// nothing to somebody who may deliver and not look.
pub(crate) async fn tell_found(client: &Client, delivery: &pb::Delivery) {
    let periods = &delivery.periods;
    for period in periods {
        let request = pb::GetCompletenessRequest {
            reporter: delivery.reporter.clone(),
            from: period.clone(),
            ..pb::GetCompletenessRequest::default()
        };
        let Ok(answer) = client.quality().get_completeness(request).await else {
            return;
        };
        let answer = answer.into_inner();
        told_behind(answer.behind);
        for found in answer.periods.iter().flat_map(|month| &month.findings) {
            output::say(format_args!("{period}: {}", sentence(found)));
        }
    }
}

/// A finding of records together as a sentence.
fn sentence(found: &pb::period_completeness::PeriodFinding) -> String {
    let ((_, message), (_, remedy)) = (label(&found.message), label(&found.remedy));
    let of = match kind(found.kind(), "kind") {
        Ok(kind) => format!("{} of kind {}", found.records, kind.name()),
        Err(_) if !found.unit.is_empty() => format!("{} of {}", found.records, found.unit),
        Err(_) => found.records.to_string(),
    };
    let usual = match found.usual {
        0 => String::new(),
        usual => format!(", usually {usual}"),
    };
    format!("{} {message} ({of}{usual}); {remedy}", found.code)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_of_records_together_is_said_with_what_it_is_of() {
        let label = |text: &str| {
            Some(vardnav_api::vardnav::r#type::v1::Label {
                sv: String::new(),
                en: text.to_owned(),
            })
        };
        let found = pb::period_completeness::PeriodFinding {
            code: "VN-REG-055".to_owned(),
            records: 3,
            message: label("it departs"),
            remedy: label("check it"),
            ..Default::default()
        };
        assert_eq!(sentence(&found), "VN-REG-055 it departs (3); check it");
        let of_unit = pb::period_completeness::PeriodFinding {
            unit: "SE-1".to_owned(),
            usual: 40,
            ..found.clone()
        };
        assert_eq!(
            sentence(&of_unit),
            "VN-REG-055 it departs (3 of SE-1, usually 40); check it"
        );
        let of_kind = pb::period_completeness::PeriodFinding {
            kind: pb::RecordKind::Contact.into(),
            usual: 40,
            ..found
        };
        assert_eq!(
            sentence(&of_kind),
            "VN-REG-055 it departs (3 of kind contact, usually 40); check it"
        );
    }
}
