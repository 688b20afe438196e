//! Which callers are accounts of one person. Links are only ever added: what was one person once is one person for
//! everything done before and after, so that nobody gets apart from an own draft. Who wrote a link stays with it,
//! so that nobody vouches for themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::Mark;

/// That a caller is an account of a person, in the word of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The caller.
    pub caller: String,
    /// The person.
    pub identity: String,
    /// Who wrote it, and when.
    pub mark: Mark,
}

/// The links between callers and persons, whatever the case of their letters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identities {
    links: BTreeMap<String, BTreeSet<String>>,
    /// As they were written, in the order in which they were.
    written: Vec<Link>,
}

impl Identities {
    /// Notes that a caller is an account of a person. The same in the word of another is a link of its own.
    pub(super) fn link(&mut self, caller: &str, identity: &str, mark: Mark) {
        if self.is_written(caller, identity, &mark.by) {
            return;
        }
        let (one, other) = (key(caller), key(identity));
        self.links.entry(one.clone()).or_default().insert(other.clone());
        self.links.entry(other).or_default().insert(one);
        self.written.push(Link {
            caller: caller.to_owned(),
            identity: identity.to_owned(),
            mark,
        });
    }

    /// Whether somebody wrote that very link already.
    pub fn is_written(&self, caller: &str, identity: &str, by: &str) -> bool {
        self.written.iter().any(|link| {
            link.caller == caller && link.identity == identity && link.mark.by.eq_ignore_ascii_case(by)
        })
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

    /// Whether a caller is linked to a person in the word of somebody who is none of `parties`, under any account.
    pub fn is_known(&self, caller: &str, parties: &[&str]) -> bool {
        let of_caller = |link: &&Link| link.caller.eq_ignore_ascii_case(caller);
        let is_party = |by: &str| parties.iter().any(|party| self.is_same(party, by));
        self.written
            .iter()
            .filter(of_caller)
            .any(|link| !is_party(&link.mark.by))
    }

    /// The links, in the order in which they were written.
    pub fn links(&self) -> &[Link] {
        &self.written
    }
}

fn key(name: &str) -> String {
    name.to_ascii_lowercase()
}
