//! What is measured: a code system, and a value set and a map over it made from its own codes.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::{Date, date};
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use serde_json::{Value, json};
use vardnav_interchange::codesystem::ICD_10_SE;
use vardnav_store::View;
use vardnav_terminology::{ConceptSet, Edition};

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
    /// The same to hold against the value set: in turn one that it takes and one that it does not.
    pub(super) half_in: Arc<Vec<(String, String)>>,
    /// Words of the terms, drawn at random as often as they occur.
    pub(super) words: Arc<Vec<String>>,
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
        let members = Members::choose(&edition, &codes);
        let file = data.join("bench.json");
        std::fs::write(&file, resources(&self.url, &codes, &members).to_string())?;
        upload::import(&client, &[file], upload::Asked::default(), |_| {}).await?;
        Ok(Loaded {
            name: self.name,
            large: self.large,
            view: node.authority.view(),
            client,
            half_in: Arc::new(members.half_in(&codes)),
            words: Arc::new(words(&edition)),
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

/// Words of terms, drawn at random as often as they occur.
fn words(edition: &Edition) -> Vec<String> {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
    let step = (edition.len() / ASKED_MAX).max(1);
    let texts = edition
        .concepts()
        .step_by(step)
        .flat_map(|concept| concept.designations());
    let mut words: Vec<String> = texts
        .flat_map(|term| term.text.split_whitespace())
        .map(str::to_owned)
        .collect();
    words.shuffle(&mut rng);
    words.truncate(ASKED_MAX);
    // As codes are, so that they lie in memory in the order in which they are asked.
    words.clone()
}

/// What the value set takes: a concept with all below it, and codes that it enumerates.
struct Members {
    top: String,
    listed: Vec<String>,
    all: HashSet<String>,
}

impl Members {
    /// Chooses so many codes, a tenth of them at most below one concept.
    fn choose(edition: &Edition, codes: &[(String, String)]) -> Self {
        let below = |code: &str| {
            let top = edition.find(code)?;
            Some((code.to_owned(), edition.descendants(top)))
        };
        let hierarchical = codes.iter().filter_map(|(code, _)| below(code));
        let hierarchical = hierarchical.take(CODES).filter(|(_, set)| set.len() < CODES / 10);
        let (top, set) = hierarchical
            .max_by_key(|(_, set)| set.len())
            .unwrap_or_else(|| (String::new(), ConceptSet::of(edition, [])));
        let concepts = set.iter().filter_map(|concept| edition.concept(concept));
        let mut all: HashSet<String> = concepts.map(|concept| concept.code().to_owned()).collect();
        all.insert(top.clone());
        let mut listed = Vec::new();
        for (code, _) in codes {
            if all.len() >= CODES.min(codes.len() / 2) {
                break;
            }
            if all.insert(code.clone()) {
                listed.push(code.clone());
            }
        }
        Self { top, listed, all }
    }

    /// Codes with their displays: in turn one that the value set takes and one that it does not.
    fn half_in(&self, codes: &[(String, String)]) -> Vec<(String, String)> {
        let (within, without): (Vec<_>, Vec<_>) = codes
            .iter()
            .partition(|(code, _)| self.all.contains(code.as_str()));
        let pairs = within.iter().cycle().zip(&without);
        let drawn: Vec<_> = pairs
            .flat_map(|(one, other)| [(*one).clone(), (*other).clone()])
            .collect();
        drawn.into_iter().take(ASKED_MAX).collect()
    }
}

/// A value set that enumerates codes and takes in what is below another, and a map from codes to an axis.
fn resources(url: &str, codes: &[(String, String)], members: &Members) -> Value {
    let concepts: Vec<Value> = members.listed.iter().map(|code| json!({"code": code})).collect();
    let below = json!({"property": "concept", "op": "is-a", "value": members.top});
    let some = codes.iter().take(CODES);
    let elements: Vec<Value> = some
        .map(|(code, _)| json!({"code": code, "target": [{"code": "clinic", "relationship": "equivalent"}]}))
        .collect();
    json!({
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"resource": {
                "resourceType": "ValueSet", "url": VALUE_SET, "version": "1", "status": "active",
                "compose": {"include": [{"system": url, "concept": concepts}, {"system": url, "filter": [below]}]},
            }},
            {"resource": {
                "resourceType": "ConceptMap", "url": MAP, "version": "1", "status": "active",
                "group": [{"source": url, "target": "https://vardnav.se/axis/place", "element": elements}],
            }},
        ],
    })
}
