//! Checks of drafts and of folders: findings, and what the proofs of the tables tell.

use serde_json::{Value, json};
use vardnav_api::proofs::proofs_message;
use vardnav_api::release::finding_message;
use vardnav_api::vardnav::release::v1 as pb;
use vardnav_api::vardnav::r#type::v1::{Fact, Severity};
use vardnav_interchange::release as files;

use crate::client::Client;
use crate::command::{date_text, facts_value, finding_row};
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};

const COLUMNS: [&str; 6] = ["code", "severity", "file", "line", "path", "message"];

/// Checks a draft of the server.
pub(super) async fn draft(
    client: &Client,
    id: String,
    brief: bool,
    language: &str,
    format: Format,
) -> Outcome {
    let request = pb::CheckDraftRequest {
        id,
        with_proofs: !brief,
    };
    let answer = client.release().check_draft(request).await?.into_inner();
    show(&answer.findings, answer.proofs.as_ref(), language, format)
}

/// Checks a folder in this process.
pub(super) fn folder(name: &str, brief: bool, language: &str, format: Format) -> Outcome {
    if !name.contains(std::path::is_separator) {
        output::say(format_args!(
            "`{name}` is a folder here and is checked as such; --draft checks the draft of that id"
        ));
    }
    let package = super::diff::folder(name)?;
    let findings: Vec<_> = files::check(&package).iter().map(finding_message).collect();
    let source = files::parse(&package).source.filter(|_| !brief);
    let proofs = source.and_then(|source| vardnav_release::check::proofs(&source));
    let proofs = proofs.map(|(system, report)| proofs_message(&system, &report));
    show(&findings, proofs.as_ref(), language, format)
}

/// Findings as rows; what the proofs tell as lines beside them or, as JSON, as a row of its own.
fn show(
    findings: &[pb::ReleaseFinding],
    proofs: Option<&pb::Proofs>,
    language: &str,
    format: Format,
) -> Outcome {
    let mut rows: Vec<Value> = findings.iter().map(finding).collect();
    if let (Format::Json | Format::Ndjson, Some(proofs)) = (format, proofs) {
        rows.push(json!({"proofs": row(proofs)}));
    }
    output::rows(format, &COLUMNS, &rows)?;
    if let (Format::Table, Some(proofs)) = (format, proofs) {
        let lines = if language == "en" {
            &proofs.lines_en
        } else {
            &proofs.lines_sv
        };
        lines.iter().for_each(output::say);
    }
    let severities = findings.iter().filter_map(|found| found.finding.as_ref());
    match severities
        .filter(|finding| finding.severity() == Severity::Error)
        .count()
    {
        0 => {
            output::say("checked: no errors");
            Ok(())
        }
        count => Err(Failure::Findings(format!("{count} errors"))),
    }
}

fn finding(found: &pb::ReleaseFinding) -> Value {
    let mut row = found.finding.as_ref().map(finding_row).unwrap_or_default();
    if let Some(fields) = row.as_object_mut() {
        fields.insert("file".into(), json!(found.file));
        fields.insert("line".into(), json!(found.line));
    }
    row
}

fn row(proofs: &pb::Proofs) -> Value {
    json!({
        "proven": proofs.proven,
        "undecided": proofs.undecided,
        "tables": proofs.tables.iter().map(table).collect::<Vec<_>>(),
        "variants": proofs.variants.iter().map(variant).collect::<Vec<_>>(),
        "comparisons": proofs.comparisons.iter().map(comparison).collect::<Vec<_>>(),
        "text": {"sv": proofs.lines_sv, "en": proofs.lines_en},
    })
}

fn table(told: &pb::proofs::Table) -> Value {
    let facts = |facts: &[Fact]| facts_value(facts);
    let defects = told.defects.iter();
    let holds = told.holds.iter().map(|hold| {
        let reason = hold.reason.clone().unwrap_or_default();
        json!({
            "rule": hold.rule, "line": hold.line, "reason": {"sv": reason.sv, "en": reason.en},
            "example": facts(&hold.example),
        })
    });
    let overlaps = told.overlaps.iter().map(|overlap| {
        json!({
            "rule": overlap.rule, "gives": overlap.gives, "behind": overlap.behind,
            "would_give": overlap.would_give, "example": facts(&overlap.example),
        })
    });
    let settling = told.settling.iter().map(|settling| {
        let axes = settling.axes.iter().map(|set| &set.axes).collect::<Vec<_>>();
        json!({"value": settling.value, "axes": axes, "more": settling.more})
    });
    json!({
        "table": told.table,
        "grain": told.grain,
        "from": date_text(told.from.as_ref()),
        "combinations": told.combinations,
        "proven": told.proven,
        "defects": defects.map(|text| json!({"sv": text.sv, "en": text.en})).collect::<Vec<_>>(),
        "holds": holds.collect::<Vec<_>>(),
        "overlaps": overlaps.collect::<Vec<_>>(),
        "settling": settling.collect::<Vec<_>>(),
        "more": told.more,
    })
}

fn variant(told: &pb::proofs::Variant) -> Value {
    let faults = told.faults.iter().map(|fault| {
        let defect = fault.defect.clone().unwrap_or_default();
        json!({
            "table": fault.table, "grain": fault.grain, "from": date_text(fault.from.as_ref()),
            "defect": {"sv": defect.sv, "en": defect.en},
        })
    });
    json!({
        "point": told.point, "variant": told.variant, "proven": told.proven,
        "faults": faults.collect::<Vec<_>>(),
    })
}

fn comparison(compared: &pb::proofs::Comparison) -> Value {
    let differences = compared.differences.iter().map(|difference| {
        json!({
            "table": difference.table, "grain": difference.grain,
            "from": date_text(difference.from.as_ref()), "one": difference.one, "other": difference.other,
            "example": facts_value(&difference.example),
        })
    });
    json!({
        "point": compared.point,
        "one": compared.one,
        "other": compared.other,
        "differences": differences.collect::<Vec<_>>(),
        "more": compared.more,
    })
}
