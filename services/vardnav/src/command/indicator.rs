//! `vardnav indicator`: the library and the counts.

use serde_json::{Value, json};
use vardnav_api::vardnav::indicators::v1 as pb;

use crate::cli::{self, By};
use crate::client::Client;
use crate::exit::Outcome;
use crate::output::{self, Format};

/// Runs the command.
pub(crate) async fn run(command: cli::Indicator, client: &Client, format: Format) -> Outcome {
    match command {
        cli::Indicator::List => {
            let request = pb::ListIndicatorsRequest {
                page_size: 1000,
                page_token: String::new(),
            };
            let answer = client.indicators().list_indicators(request).await?.into_inner();
            let rows: Vec<Value> = answer.indicators.iter().map(row).collect();
            output::rows(format, &["id", "core_number", "name", "feed", "source"], &rows)
        }
        cli::Indicator::Show { id } => {
            let answer = client
                .indicators()
                .get_indicator(pb::GetIndicatorRequest { id })
                .await?
                .into_inner();
            output::one(format, &row(&answer.indicator.unwrap_or_default()))
        }
        cli::Indicator::Query {
            id,
            year,
            month,
            group,
            place,
            sex,
            age_group,
            by,
            derivation,
        } => {
            let request = pb::QueryIndicatorRequest {
                indicator: id,
                year,
                month,
                groups: group,
                place,
                sex,
                age_group,
                breakdowns: by.into_iter().map(|by| breakdown(by).into()).collect(),
                page_size: 10_000,
                page_token: String::new(),
                derivation,
            };
            let (rows, coverage) = query(client, request).await?;
            output::rows(
                format,
                &[
                    "group",
                    "place",
                    "sex",
                    "age_group",
                    "month",
                    "count",
                    "suppressed",
                ],
                &rows,
            )?;
            output::say(format_args!(
                "{} entries of {} reporters counted",
                coverage.entries, coverage.reporters
            ));
            Ok(())
        }
    }
}

/// All rows of a query.
pub(crate) async fn query(
    client: &Client,
    mut request: pb::QueryIndicatorRequest,
) -> Outcome<(Vec<Value>, pb::query_indicator_response::Coverage)> {
    let mut rows = Vec::new();
    loop {
        let page = client
            .indicators()
            .query_indicator(request.clone())
            .await?
            .into_inner();
        rows.extend(page.rows.iter().map(|row| {
            json!({
                "group": row.group, "place": row.place, "sex": row.sex, "age_group": row.age_group,
                "month": row.month, "count": row.count, "suppressed": row.suppressed,
            })
        }));
        if page.next_page_token.is_empty() {
            return Ok((rows, page.coverage.unwrap_or_default()));
        }
        request.page_token = page.next_page_token;
    }
}

fn breakdown(by: By) -> pb::Breakdown {
    match by {
        By::Region => pb::Breakdown::Region,
        By::Kommun => pb::Breakdown::Kommun,
        By::Sex => pb::Breakdown::Sex,
        By::AgeGroup => pb::Breakdown::AgeGroup,
        By::Month => pb::Breakdown::Month,
    }
}

fn row(indicator: &pb::Indicator) -> Value {
    let label = |label: &Option<vardnav_api::vardnav::r#type::v1::Label>| {
        let label = label.clone().unwrap_or_default();
        json!({"sv": label.sv, "en": label.en})
    };
    json!({
        "id": indicator.id,
        "core_number": indicator.core_number,
        "name": indicator.label.as_ref().map(|label| label.sv.clone()),
        "label": label(&indicator.label),
        "numerator": label(&indicator.numerator),
        "denominator": label(&indicator.denominator),
        "exclusions": label(&indicator.exclusions),
        "goals": indicator.goals,
        "source": indicator.source,
        "feed": indicator.feed,
        "breakdowns": indicator.breakdowns,
        "method_version": indicator.method_version,
        "certainty": indicator.certainty,
    })
}
