//! Classifying over gRPC on loopback: cases a second on one stream, beside a server that sends the very same messages
//! back.

use vardnav_api::common::date_message;
use vardnav_api::vardnav::classification::v1 as pb;
use vardnav_api::vardnav::r#type::v1::Fact;
use vardnav_interchange::classify_lines::read_form;

use crate::bench::{Budget, Figure, grpc, stream};
use crate::client::Client;
use crate::command::classify::grain;
use crate::exit::{Failure, Outcome};
use crate::server::Node;

/// Cases in one message.
const BATCH: usize = 100;

/// Measures.
pub(super) async fn measure(lines: &[Vec<u8>]) -> Outcome<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let node = Node::open(folder.path()).await?;
    let (client, _) = grpc::serve(&node).await?;
    let cases: Vec<pb::Case> = lines.iter().filter_map(|line| case(line)).collect();
    let messages: Vec<pb::ClassifyStreamRequest> = cases
        .chunks_exact(BATCH)
        .map(|cases| pb::ClassifyStreamRequest {
            cases: cases.to_vec(),
            ..pb::ClassifyStreamRequest::default()
        })
        .collect();
    let first = messages
        .first()
        .cloned()
        .ok_or_else(|| Failure::Failed("the sample gave too few cases".into()))?;
    let answer = client
        .classification()
        .classify_stream(tokio_stream::once(first.clone()))
        .await?
        .into_inner()
        .message()
        .await?
        .unwrap_or_default();
    let wrong = answer
        .classifications
        .iter()
        .filter(|case| case.results.is_empty())
        .count();
    if wrong > 0 || answer.classifications.len() != BATCH {
        return Err(Failure::Failed(format!(
            "{wrong} of {BATCH} cases were not classified"
        )));
    }
    let echo = stream::echo_server::<pb::ClassifyStreamRequest>().await?;
    let before = stream::echo_rate(&echo, first.clone()).await?;
    let whole = classified(&client, &messages, false).await?;
    let brief = classified(&client, &messages, true).await?;
    let after = stream::echo_rate(&echo, first).await?;
    let figure = |what: &str, messages: f64| Figure {
        name: format!("classify over gRPC, streamed, {BATCH} cases a message{what}"),
        value: messages * BATCH as f64,
        unit: "cases/s",
        baseline: Some((
            "echo stream of the cases",
            f64::midpoint(before, after) * BATCH as f64,
        )),
        budget: Some(Budget::AtLeast(200_000.0)),
    };
    Ok(vec![
        figure("", whole),
        figure(", without what might still be", brief),
    ])
}

/// Messages of cases classified a second.
async fn classified(client: &Client, messages: &[pb::ClassifyStreamRequest], brief: bool) -> Outcome<f64> {
    let messages: Vec<_> = messages
        .iter()
        .cloned()
        .map(|message| pb::ClassifyStreamRequest { brief, ..message })
        .collect();
    let mut service = client.classification();
    stream::rate(
        move |number| {
            let at = usize::try_from(number).unwrap_or_default() % messages.len().max(1);
            messages.get(at).cloned().unwrap_or_default()
        },
        |cases| service.classify_stream(cases),
    )
    .await
}

/// A line of facts as a case.
fn case(line: &[u8]) -> Option<pb::Case> {
    let form = read_form(line).ok()?;
    let facts = form.facts().map(|(axis, codes)| Fact {
        axis: axis.to_owned(),
        values: codes.map(str::to_owned).collect(),
    });
    Some(pb::Case {
        id: form.id.to_string(),
        of: grain(form.grain).into(),
        date: Some(date_message(form.date)),
        facts: facts.collect(),
    })
}
