//! What is measured: a code system, and a value set and a map over it made from its own codes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::{Date, date};
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use serde_json::{Value, json};
use vardnav_interchange::codesystem::ICD_10_SE;
use vardnav_store::View;
use vardnav_terminology::Edition;

use crate::bench::grpc;
use crate::client::Client;
use crate::exit::{Failure, Outcome};
use crate::server::Node;
use crate::upload;

/// The day that questions are about.
pub(super) const DAY: Date = date(2026, 9, 1);
/// The value set over a subject.
pub(super) const VALUE_SET: &str = "urn:vardnav:bench:value-set";
/// The map over a subject.
pub(super) const MAP: &str = "urn:vardnav:bench:map";
/// Codes in the value set and the map.
const CODES: usize = 10_000;
/// Codes that are asked about.
const ASKED_MAX: usize = 100_000;

/// A code system to measure.
pub(super) struct Subject {
    pub(super) name: &'static str,
    pub(super) files: PathBuf,
    pub(super) url: String,
    /// Whether it is as large as the budgets suppose.
    pub(super) large: bool,
}

/// A subject that is loaded and served.
pub(super) struct Loaded {
    pub(super) name: &'static str,
    pub(super) large: bool,
    pub(super) view: Arc<View>,
    pub(super) client: Client,
    /// Codes with their displays, in random order.
    pub(super) codes: Arc<Vec<(String, String)>>,
    edition: Arc<Edition>,
    _node: Node,
}

impl Loaded {
    pub(super) fn edition(&self) -> &Edition {
        &self.edition
    }
}

impl Subject {
    pub(super) fn icd(files: PathBuf) -> Self {
        Self {
            name: "ICD-10-SE",
            files,
            url: ICD_10_SE.to_owned(),
            large: false,
        }
    }

    pub(super) fn synthetic(files: PathBuf) -> Self {
        Self {
            name: "RF2",
            files,
            url: "http://snomed.info/sct".to_owned(),
            large: true,
        }
    }

    /// Serves what was imported into `data`, with a value set and a map over it.
    pub(super) async fn load(&self, data: &Path) -> Outcome<Loaded> {
        let node = Node::open(data).await?;
        let (client, _) = grpc::serve(&node).await?;
        let edition = self.edition(&node.authority.view())?;
        let codes = drawn(&edition);
        let file = data.join("bench.json");
        std::fs::write(&file, resources(&self.url, &codes).to_string())?;
        upload::import(&client, &[file], upload::Asked::default(), |_| {}).await?;
        Ok(Loaded {
            name: self.name,
            large: self.large,
            view: node.authority.view(),
            client,
            codes: Arc::new(codes),
            edition,
            _node: node,
        })
    }

    fn edition(&self, view: &View) -> Outcome<Arc<Edition>> {
        let edition = view.catalog().in_force(&self.url, DAY).cloned();
        edition.ok_or_else(|| Failure::Failed(format!("{} is not loaded", self.url)))
    }
}

/// Codes with their displays, in random order.
fn drawn(edition: &Edition) -> Vec<(String, String)> {
    let mut codes: Vec<_> = edition
        .concepts()
        .map(|concept| {
            let display = concept.display("", Some(DAY));
            let display = display.map(|term| term.text.to_owned()).unwrap_or_default();
            (concept.code().to_owned(), display)
        })
        .collect();
    codes.shuffle(&mut rand_chacha::ChaCha8Rng::seed_from_u64(1));
    codes.truncate(ASKED_MAX);
    // Cloned, so that the questions lie in memory in the order in which they are asked, as requests do.
    codes.clone()
}

/// A value set that enumerates codes and takes in what is below another, and a map from codes to an axis.
fn resources(url: &str, codes: &[(String, String)]) -> Value {
    let some = || codes.iter().take(CODES);
    let concepts: Vec<Value> = some().map(|(code, _)| json!({"code": code})).collect();
    let elements: Vec<Value> = some()
        .map(|(code, _)| json!({"code": code, "target": [{"code": "clinic", "relationship": "equivalent"}]}))
        .collect();
    json!({
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"resource": {
                "resourceType": "ValueSet", "url": VALUE_SET, "version": "1", "status": "active",
                "compose": {"include": [{"system": url, "concept": concepts}]},
            }},
            {"resource": {
                "resourceType": "ConceptMap", "url": MAP, "version": "1", "status": "active",
                "group": [{"source": url, "target": "https://vardnav.se/axis/place", "element": elements}],
            }},
        ],
    })
}
