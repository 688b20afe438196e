//! Questions asked over gRPC on loopback: one call a question with many in flight, beside an empty call; and streamed,
//! beside an echo of the same question.

use std::sync::Arc;

use vardnav_api::vardnav::terminology::v1 as pb;

use super::subject::{Loaded, MAP, VALUE_SET};
use crate::bench::{Budget, Figure, grpc, stream};
use crate::exit::Outcome;

/// What is asked about, drawn in turn.
#[derive(Clone)]
struct Questions {
    system: String,
    version: String,
    codes: Arc<Vec<(String, String)>>,
    half_in: Arc<Vec<(String, String)>>,
    words: Arc<Vec<String>>,
}

impl Questions {
    fn drawn(&self, number: u64) -> (String, String) {
        nth(&self.codes, number)
    }

    fn lookup(&self, number: u64, brief: bool) -> pb::LookupRequest {
        pb::LookupRequest {
            system: self.system.clone(),
            version: self.version.clone(),
            code: self.drawn(number).0,
            brief,
            ..Default::default()
        }
    }

    fn validate(&self, number: u64, value_set: &str) -> pb::ValidateCodeRequest {
        let (code, display) = match value_set {
            "" => self.drawn(number),
            _ => nth(&self.half_in, number),
        };
        pb::ValidateCodeRequest {
            system: self.system.clone(),
            version: self.version.clone(),
            code,
            display,
            value_set: value_set.to_owned(),
            ..Default::default()
        }
    }

    fn subsumes(&self, number: u64) -> pb::SubsumesRequest {
        pb::SubsumesRequest {
            system: self.system.clone(),
            version: self.version.clone(),
            code_a: self.drawn(number).0,
            code_b: self.drawn(number + 1).0,
            date: None,
        }
    }

    fn translate(&self, number: u64) -> pb::TranslateRequest {
        pb::TranslateRequest {
            system: self.system.clone(),
            code: self.drawn(number).0,
            concept_map: MAP.to_owned(),
            ..Default::default()
        }
    }

    /// What is typed: the first five letters of a word.
    fn typed(&self, number: u64) -> String {
        nth(&self.words, number).chars().take(5).collect()
    }

    fn search(&self, number: u64) -> pb::SearchRequest {
        pb::SearchRequest {
            text: self.typed(number),
            systems: vec![self.system.clone()],
            ..Default::default()
        }
    }

    /// The first of all codes that a text filter leaves.
    fn expand(&self, number: u64) -> pb::ExpandRequest {
        pb::ExpandRequest {
            composition: Some(pb::Composition {
                include: vec![pb::composition::Part {
                    system: self.system.clone(),
                    ..Default::default()
                }],
                ..Default::default()
            }),
            filter: self.typed(number),
            page_size: 20,
            ..Default::default()
        }
    }
}

/// What stands at a number, counted round and round.
fn nth<T: Clone + Default>(all: &[T], number: u64) -> T {
    let at = usize::try_from(number).unwrap_or_default() % all.len().max(1);
    all.get(at).cloned().unwrap_or_default()
}

pub(super) async fn measure(loaded: &Loaded) -> Outcome<Vec<Figure>> {
    let questions = Questions {
        system: loaded.edition().url().to_owned(),
        version: loaded.edition().version().to_owned(),
        codes: Arc::clone(&loaded.codes),
        half_in: Arc::clone(&loaded.half_in),
        words: Arc::clone(&loaded.words),
    };
    let mut figures = single(loaded, &questions).await?;
    figures.extend(streamed(loaded, &questions).await?);
    Ok(figures)
}

/// A rate of calls, measured between two rates of the empty call.
macro_rules! called {
    ($figures:ident, $loaded:ident, $empty:ident, $questions:ident, $what:literal, $method:ident, $ask:expr, $budget:expr) => {{
        let before = grpc::empty_rate(&$empty).await?;
        let (client, questions) = ($loaded.client.terminology(), $questions.clone());
        let called = grpc::rate(move |number| {
            let mut client = client.clone();
            let ask: fn(&Questions, u64) -> _ = $ask;
            let request = ask(&questions, number);
            async move { client.$method(request).await.map(|_| ()) }
        })
        .await?;
        let after = grpc::empty_rate(&$empty).await?;
        $figures.push(Figure {
            name: format!("{}: {}, 64 in flight", $loaded.name, $what),
            value: called.per_second,
            unit: "calls/s",
            baseline: Some((
                "empty gRPC call",
                f64::midpoint(before.per_second, after.per_second),
            )),
            budget: $budget,
        });
        for (share, value, empty) in [("p50", called.p50, before.p50), ("p99", called.p99, before.p99)] {
            $figures.push(Figure {
                name: format!("{}: {}, {share}", $loaded.name, $what),
                value,
                unit: "ms",
                baseline: Some(("empty gRPC call", empty)),
                budget: None,
            });
        }
    }};
}

async fn single(loaded: &Loaded, questions: &Questions) -> Outcome<Vec<Figure>> {
    let empty = grpc::empty_call().await?;
    let ratio = Some(Budget::RatioAtLeast(0.8));
    let mut figures = Vec::new();
    // The first calls after the work in process are slower, whatever they ask.
    grpc::empty_rate(&empty).await?;
    called!(
        figures,
        loaded,
        empty,
        questions,
        "lookup, brief",
        lookup,
        |of, n| of.lookup(n, true),
        ratio
    );
    called!(
        figures,
        loaded,
        empty,
        questions,
        "lookup, whole record",
        lookup,
        |of, n| of.lookup(n, false),
        None
    );
    called!(
        figures,
        loaded,
        empty,
        questions,
        "validate",
        validate_code,
        |of, n| of.validate(n, ""),
        ratio
    );
    called!(
        figures,
        loaded,
        empty,
        questions,
        "validate in a value set",
        validate_code,
        |of, n| of.validate(n, VALUE_SET),
        ratio
    );
    called!(
        figures,
        loaded,
        empty,
        questions,
        "subsumes",
        subsumes,
        |of, n| of.subsumes(n),
        ratio
    );
    called!(
        figures,
        loaded,
        empty,
        questions,
        "translate",
        translate,
        |of, n| of.translate(n),
        ratio
    );
    let budget = loaded.large.then_some(Budget::AtLeast(10_000.0));
    called!(
        figures,
        loaded,
        empty,
        questions,
        "search",
        search,
        |of, n| of.search(n),
        budget
    );
    // A hundred times what another server of FHIR does with a list of this size.
    let budget = (!loaded.large).then_some(Budget::AtLeast(5_100.0));
    called!(
        figures,
        loaded,
        empty,
        questions,
        "expand with a text filter",
        expand,
        |of, n| of.expand(n),
        budget
    );
    Ok(figures)
}

async fn streamed(loaded: &Loaded, questions: &Questions) -> Outcome<Vec<Figure>> {
    let echo = stream::echo_server::<pb::StreamSubsumesRequest>().await?;
    let question = pb::StreamSubsumesRequest {
        subsumes: Some(questions.subsumes(0)),
    };
    let mut figures = Vec::new();
    let mut client = loaded.client.terminology();
    let before = stream::echo_rate(&echo, question.clone()).await?;
    let asked = questions.clone();
    let lookups = stream::rate(
        move |number| pb::StreamLookupRequest {
            lookup: Some(asked.lookup(number, true)),
        },
        |asked| client.stream_lookup(asked),
    )
    .await?;
    let mut client = loaded.client.terminology();
    let asked = questions.clone();
    let validations = stream::rate(
        move |number| pb::StreamValidateCodeRequest {
            validate_code: Some(asked.validate(number, "")),
        },
        |asked| client.stream_validate_code(asked),
    )
    .await?;
    let mut client = loaded.client.terminology();
    let asked = questions.clone();
    let comparisons = stream::rate(
        move |number| pb::StreamSubsumesRequest {
            subsumes: Some(asked.subsumes(number)),
        },
        |asked| client.stream_subsumes(asked),
    )
    .await?;
    let after = stream::echo_rate(&echo, question).await?;
    for (what, value) in [
        ("lookup, brief", lookups),
        ("validate", validations),
        ("subsumes", comparisons),
    ] {
        figures.push(Figure {
            name: format!("{}: {what}, streamed", loaded.name),
            value,
            unit: "answers/s",
            baseline: Some(("echo stream", f64::midpoint(before, after))),
            budget: Some(Budget::AtLeast(200_000.0)),
        });
    }
    Ok(figures)
}
