//! Look-up, validation, subsumption and search: in process, and over gRPC beside an empty call. Codes are drawn at
//! random from ICD-10-SE when its official files are at hand (`VARDNAV_DATA`), else from the starter release.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::civil::date;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use vardnav_api::vardnav::terminology::v1 as pb;
use vardnav_interchange::codesystem;
use vardnav_interchange::release::{self, starter};
use vardnav_terminology::{Edition, SearchQuery};

use super::{Budget, Figure, grpc, nanoseconds};
use crate::exit::{Failure, Outcome};
use crate::server::Node;
use crate::{output, upload};

/// Where the official files lie when `VARDNAV_DATA` does not say.
const DATA_DEFAULT: &str = "../shared/data";

/// Measures.
pub(crate) async fn measure() -> Outcome<Vec<Figure>> {
    let folder = PathBuf::from(std::env::var_os("VARDNAV_DATA").unwrap_or_else(|| DATA_DEFAULT.into()));
    let official = folder.join("icd-10-se-2021");
    let edition = if official.is_dir() {
        from_files(&official)?
    } else {
        from_starter()?
    };
    output::say(format_args!(
        "  {} {}: {} concepts",
        edition.title(),
        edition.version(),
        edition.len()
    ));

    let mut figures = in_process(&edition)?;
    let place = tempfile::tempdir()?;
    let node = Node::open(place.path()).await?;
    let (client, _) = grpc::serve(&node).await?;
    if official.is_dir() {
        upload::import(&client, std::slice::from_ref(&official), false, |_| {}).await?;
    }
    let empty = grpc::empty_call().await?;
    let codes: Arc<Vec<String>> = Arc::new(drawn(&edition).into_iter().map(|(code, _)| code).collect());
    let (system, version) = (edition.url().to_owned(), edition.version().to_owned());
    let code = move |codes: &[String], number: u64| {
        codes
            .get(usize::try_from(number).unwrap_or_default() % codes.len().max(1))
            .cloned()
            .unwrap_or_default()
    };

    let before = grpc::empty_rate(&empty).await?;
    let lookup = {
        let (client, codes, system, version) = (
            client.terminology(),
            Arc::clone(&codes),
            system.clone(),
            version.clone(),
        );
        grpc::rate(move |number| {
            let mut client = client.clone();
            let request = pb::LookupRequest {
                system: system.clone(),
                version: version.clone(),
                code: code(&codes, number),
                ..Default::default()
            };
            async move { client.lookup(request).await.map(|_| ()) }
        })
        .await?
    };
    let between = grpc::empty_rate(&empty).await?;
    let subsumes = {
        let (client, codes) = (client.terminology(), Arc::clone(&codes));
        grpc::rate(move |number| {
            let mut client = client.clone();
            let request = pb::SubsumesRequest {
                system: system.clone(),
                version: version.clone(),
                code_a: code(&codes, number),
                code_b: code(&codes, number + 1),
                date: None,
            };
            async move { client.subsumes(request).await.map(|_| ()) }
        })
        .await?
    };
    let after = grpc::empty_rate(&empty).await?;
    figures.push(over(
        ("lookup over gRPC, 64 in flight", lookup),
        f64::midpoint(before, between),
    ));
    figures.push(over(
        ("subsumes over gRPC, 64 in flight", subsumes),
        f64::midpoint(between, after),
    ));
    Ok(figures)
}

fn over((name, value): (&'static str, f64), empty: f64) -> Figure {
    let baseline = Some(("empty gRPC call", empty));
    Figure {
        name,
        value,
        unit: "calls/s",
        baseline,
        budget: Some(Budget::RatioAtLeast(0.8)),
    }
}

fn in_process(edition: &Edition) -> Outcome<Vec<Figure>> {
    let today = date(2026, 9, 1);
    let codes = drawn(edition);
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(2);
    let found: Vec<_> = codes.iter().filter_map(|(code, _)| edition.find(code)).collect();
    let pairs: Vec<_> = found
        .iter()
        .filter_map(|index| Some((*index, *found.get(rng.random_range(0..found.len()))?)))
        .collect();
    let typed: Vec<String> = codes
        .iter()
        .filter_map(|(_, display)| display.split_whitespace().find(|word| word.chars().count() > 4))
        .map(|word| word.chars().take(5).collect())
        .take(2000)
        .collect();
    let at_most = |name, value, most| Figure {
        name,
        value,
        unit: "ns",
        baseline: None,
        budget: Some(Budget::AtMost(most)),
    };
    Ok(vec![
        at_most(
            "lookup in process",
            nanoseconds(&codes, |(code, _)| edition.lookup(code).is_some()),
            300.0,
        ),
        at_most(
            "validate in process",
            nanoseconds(&codes, |(code, display)| {
                let validation = edition.validate_code(code, Some(display), today);
                std::mem::discriminant(&validation)
            }),
            500.0,
        ),
        at_most(
            "subsumes in process",
            nanoseconds(&pairs, |(a, b)| edition.subsumes(*a, *b)),
            100.0,
        ),
        at_most(
            "search in process, five letters typed",
            nanoseconds(&typed, |text| {
                edition
                    .search(&SearchQuery {
                        text,
                        limit: 20,
                        ..SearchQuery::default()
                    })
                    .len()
            }),
            1_000_000.0,
        ),
    ])
}

/// Codes with their displays, in random order.
fn drawn(edition: &Edition) -> Vec<(String, String)> {
    let mut codes: Vec<_> = edition
        .concepts()
        .map(|concept| {
            (
                concept.code().to_owned(),
                concept
                    .display("", Some(date(2026, 9, 1)))
                    .map(|term| term.text.to_owned())
                    .unwrap_or_default(),
            )
        })
        .collect();
    codes.shuffle(&mut rand_chacha::ChaCha8Rng::seed_from_u64(1));
    // Cloned, so that the questions lie in memory in the order in which they are asked, as requests do.
    codes.clone()
}

fn from_files(folder: &std::path::Path) -> Outcome<Edition> {
    let chunks = upload::chunks(folder)?;
    let mut files: std::collections::BTreeMap<String, Vec<u8>> = std::collections::BTreeMap::new();
    for chunk in chunks {
        files
            .entry(format!("icd-10-se-2021/{}", chunk.path))
            .or_default()
            .extend_from_slice(&chunk.data);
    }
    let (systems, _) = codesystem::read_folder(
        files
            .iter()
            .map(|(path, bytes)| (path.as_str(), bytes.as_slice())),
    );
    let system = systems
        .into_iter()
        .next()
        .ok_or_else(|| Failure::Failed("the official files cannot be read".into()))?;
    Edition::compile(system)
        .map_err(|problems| Failure::Failed(format!("{} problems in the files", problems.len())))
}

fn from_starter() -> Outcome<Edition> {
    let package = starter::package().map_err(Failure::failed)?;
    let parsed = release::parse(&package);
    let systems = parsed
        .source
        .map(|source| source.code_systems)
        .unwrap_or_default();
    let largest = systems.into_iter().max_by_key(|system| system.concepts.len());
    let largest = largest.ok_or_else(|| Failure::Failed("the starter release has no code system".into()))?;
    Edition::compile(largest)
        .map_err(|problems| Failure::Failed(format!("{} problems in the release", problems.len())))
}
