//! What reporters are told of releases.

use serde_json::{Map, Value, json};
use vardnav_api::vardnav::release::v1 as pb;

use crate::client::Client;
use crate::command::date_text;
use crate::exit::Outcome;
use crate::output::{self, Format};

const PAGE: i32 = 1000;
const COLUMNS: [&str; 8] = [
    "release",
    "reporter",
    "given",
    "effective",
    "days",
    "changes",
    "short_notice_reason",
    "acknowledged_by",
];

/// Lists notices.
pub(super) async fn list(client: &Client, reporter: Option<String>, format: Format) -> Outcome {
    let reporter = reporter.unwrap_or_default();
    let mut rows = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = pb::ListNoticesRequest {
            reporter: reporter.clone(),
            page_size: PAGE,
            page_token,
        };
        let answer = client.release().list_notices(request).await?.into_inner();
        rows.extend(answer.notices.iter().map(|notice| row(notice, format)));
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            return output::rows(format, &COLUMNS, &rows);
        }
    }
}

/// Notes that notice was taken.
pub(super) async fn acknowledge(
    client: &Client,
    release: String,
    reporter: String,
    format: Format,
) -> Outcome {
    let request = pb::AcknowledgeNoticeRequest { release, reporter };
    let answer = client.release().acknowledge_notice(request).await?.into_inner();
    output::one(format, &row(&answer.notice.unwrap_or_default(), format))
}

fn row(notice: &pb::Notice, format: Format) -> Value {
    let areas = notice.areas.iter();
    let changes = if matches!(format, Format::Json | Format::Ndjson) {
        let areas = areas.map(|area| (area.area.clone(), json!(area.count)));
        Value::Object(areas.collect::<Map<_, _>>())
    } else {
        let areas: Vec<_> = areas
            .map(|area| format!("{} {}", area.count, area.area))
            .collect();
        json!(areas.join(", "))
    };
    json!({
        "release": notice.release,
        "title": notice.title.as_ref().map(|title| title.sv.clone()),
        "reporter": notice.reporter,
        "given": date_text(notice.given.as_ref()),
        "effective": date_text(notice.effective.as_ref()),
        "days": notice.days,
        "changes": changes,
        "compared": notice.compared,
        "short_notice_reason": notice.short_notice_reason,
        "acknowledged_by": notice.acknowledged_by,
        "acknowledged": super::micros(notice.acknowledged_micros),
    })
}
