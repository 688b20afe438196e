//! Which callers are accounts of one person. Links are only ever added: what was one person once is one person for
//! everything done before and after, so that nobody gets apart from an own draft.

use std::collections::{BTreeMap, BTreeSet};

/// The links between callers and persons, whatever the case of their letters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identities {
    links: BTreeMap<String, BTreeSet<String>>,
    /// As they were written, in the order in which they were.
    written: Vec<(String, String)>,
}

impl Identities {
    /// Notes that a caller is an account of a person.
    pub(super) fn link(&mut self, caller: &str, identity: &str) {
        let pair = (caller.to_owned(), identity.to_owned());
        if self.written.contains(&pair) {
            return;
        }
        let (one, other) = (key(caller), key(identity));
        self.links.entry(one.clone()).or_default().insert(other.clone());
        self.links.entry(other).or_default().insert(one);
        self.written.push(pair);
    }

    /// Whether two callers are one person: by name, or by links over any number of persons and accounts.
    pub fn is_same(&self, one: &str, other: &str) -> bool {
        let (one, other) = (key(one), key(other));
        let mut seen = BTreeSet::from([one.as_str()]);
        let mut next = vec![one.as_str()];
        while let Some(name) = next.pop() {
            if name == other {
                return true;
            }
            let linked = self.links.get(name).into_iter().flatten();
            next.extend(linked.map(String::as_str).filter(|linked| seen.insert(linked)));
        }
        false
    }

    /// Whether a caller is linked to a person.
    pub fn is_known(&self, caller: &str) -> bool {
        let is = |(known, _): &&(String, String)| known.eq_ignore_ascii_case(caller);
        self.written.iter().any(|pair| is(&pair))
    }

    /// Callers with the person that each is linked to, in the order in which they were linked.
    pub fn links(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.written
            .iter()
            .map(|(caller, identity)| (caller.as_str(), identity.as_str()))
    }
}

fn key(name: &str) -> String {
    name.to_ascii_lowercase()
}
