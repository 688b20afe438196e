//! The cases: suites, their setup, and each request with its right answer.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// Suites and cases of this mode are for any server.
const GENERAL: &str = "general";

/// A suite of cases.
pub(crate) struct Suite {
    pub(crate) name: String,
    /// Resources that the cases presume.
    pub(crate) setup: Vec<Value>,
    pub(crate) cases: Vec<Case>,
}

/// A request with its right answer.
pub(crate) struct Case {
    /// `suite/name`, and `#2` after it where a name occurs again.
    pub(crate) id: String,
    pub(crate) operation: String,
    /// Parameters of the request, those of the profile it is made with after them.
    pub(crate) parameters: Vec<Value>,
    pub(crate) response: Value,
    /// `Accept-Language`.
    pub(crate) language: Option<String>,
    /// Most codes that an expansion may have, when the case sets it.
    pub(crate) threshold: Option<usize>,
}

/// The folder with the cases, if it is there.
pub(crate) fn folder() -> Option<PathBuf> {
    let folder = vardnav_tests::root().join("../shared/data/tx-tests");
    folder.join("test-cases.json").exists().then_some(folder)
}

/// The suites for any server.
pub(crate) fn suites(folder: &Path) -> Vec<Suite> {
    let index = read(&folder.join("test-cases.json"));
    let general = |thing: &&Value| thing["mode"].as_str().is_none_or(|mode| mode == GENERAL);
    let suites = array(&index["suites"])
        .iter()
        .filter(|suite| suite["mode"] == GENERAL);
    suites
        .map(|suite| {
            let name = suite["name"].as_str().unwrap().to_owned();
            let files = array(&suite["setup"]).iter();
            let setup = files
                .map(|file| read(&folder.join(file.as_str().unwrap())))
                .collect();
            let mut cases: Vec<Case> = Vec::new();
            for case in array(&suite["tests"]).iter().filter(general) {
                let mut id = format!("{name}/{}", case["name"].as_str().unwrap());
                if cases.iter().any(|other| other.id == id) {
                    id += "#2";
                }
                cases.push(read_case(folder, id, case));
            }
            Suite { name, setup, cases }
        })
        .collect()
}

fn read_case(folder: &Path, id: String, case: &Value) -> Case {
    let file = |name: &str| case[name].as_str().map(|file| read(&folder.join(file)));
    let mut parameters = Vec::new();
    for source in [file("request"), file("profile")].into_iter().flatten() {
        parameters.extend(array(&source["parameter"]).iter().cloned());
    }
    let header = &case["header"];
    Case {
        operation: case["operation"].as_str().unwrap().to_owned(),
        response: file("response").unwrap(),
        language: case["Accept-Language"].as_str().map(str::to_owned),
        threshold: (header["name"] == "X-TOO-COSTLY-THRESHOLD")
            .then(|| header["value"].as_str().unwrap().parse().unwrap()),
        id,
        parameters,
    }
}

/// The items of an array; none when it is not one.
pub(crate) fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A text; empty when it is not one.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn read(path: &Path) -> Value {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    serde_json::from_slice(bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
