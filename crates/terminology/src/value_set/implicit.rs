//! Value sets that no one wrote down: all codes of a code system, and those that SNOMED CT's addresses name.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::compiled::ValueSetEdition;
use super::filter::SNOMED;
use crate::catalog::Catalog;
use crate::model::{Filter, FilterOperator, Include, ValueSet};

/// What the address of an implicit value set of SNOMED CT holds after the code system or its edition.
const MARK: &str = "?fhir_vs";

/// Implicit value sets that are kept.
const KEPT_MAX: usize = 32;
/// Longest address, in bytes, under which one is kept.
const KEPT_URL_MAX: usize = 4096;

/// The implicit value sets of SNOMED CT asked for lately, the last one first: what they mean is kept with them. Their
/// addresses say all there is to them, so that catalogs may share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct ImplicitValueSets(Arc<Mutex<VecDeque<Arc<ValueSetEdition>>>>);

impl ImplicitValueSets {
    /// The implicit value set with an address, if there is one.
    pub(crate) fn find(&self, catalog: &Catalog, url: &str, version: &str) -> Option<Arc<ValueSetEdition>> {
        if !url.contains(MARK) || url.len() + version.len() > KEPT_URL_MAX {
            return value_set(catalog, url, version).map(Arc::new);
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |set: &Arc<ValueSetEdition>| set.source().url == url && set.source().version == version;
        let set = match kept.iter().position(is_it) {
            Some(at) => kept.remove(at)?,
            None => Arc::new(value_set(catalog, url, version)?),
        };
        kept.truncate(KEPT_MAX - 1);
        kept.push_front(Arc::clone(&set));
        Some(set)
    }
}

/// The implicit value set with an address, if there is one.
fn value_set(catalog: &Catalog, url: &str, version: &str) -> Option<ValueSetEdition> {
    let include = match url.split_once(MARK) {
        Some((head, question)) => snomed(head, question)?,
        None => {
            let edition = catalog.all_codes(url)?;
            Include {
                system: edition.to_owned(),
                version: version.to_owned(),
                ..Include::default()
            }
        }
    };
    Some(ValueSetEdition::compile(ValueSet {
        url: url.to_owned(),
        version: version.to_owned(),
        include: vec![include],
        ..ValueSet::default()
    }))
}

/// `http://snomed.info/sct`, or an edition or version of it, followed by `?fhir_vs` and what is asked for.
fn snomed(head: &str, question: &str) -> Option<Include> {
    let version = match head.strip_prefix(SNOMED)? {
        "" => "",
        path if path.starts_with('/') => head,
        _ => return None,
    };
    let filter = match question.split_once('/') {
        None if question.is_empty() => None,
        None if question == "=refset" => Some(expression("^ *")),
        Some(("=isa", code)) => Some(Filter {
            property: "concept".to_owned(),
            operator: FilterOperator::IsA,
            value: code.to_owned(),
        }),
        Some(("=refset", code)) => Some(expression(&format!("^ {code}"))),
        Some(("=ecl", text)) => Some(expression(&decoded(text))),
        _ => return None,
    };
    Some(Include {
        system: SNOMED.to_owned(),
        version: version.to_owned(),
        filters: filter.into_iter().collect(),
        ..Include::default()
    })
}

fn expression(text: &str) -> Filter {
    Filter {
        property: "constraint".to_owned(),
        operator: FilterOperator::Equal,
        value: text.to_owned(),
    }
}

/// A text without percent-encoding; what is not encoded properly stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let encoded = (first == b'%')
            .then(|| after.split_at_checked(2))
            .flatten()
            .and_then(|(digits, after)| Some((hex(digits)?, after)));
        let byte;
        (byte, rest) = match encoded {
            Some((byte, after)) => (byte, after),
            None => (first, after),
        };
        bytes.push(byte);
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

fn hex(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok()?;
    u8::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_snomed_are_read() {
        let filter = |question: &str| snomed(SNOMED, question).map(|include| include.filters);
        assert_eq!(filter(""), Some(vec![]));
        assert_eq!(filter("=ecl/%3C%20404684003").unwrap()[0].value, "< 404684003");
        assert_eq!(filter("=isa/404684003").unwrap()[0].operator, FilterOperator::IsA);
        assert_eq!(filter("=refset/1").unwrap()[0].value, "^ 1");
        assert_eq!(filter("=other/1"), None);
        assert!(snomed("http://snomed.info/sctx", "").is_none());
        assert_eq!(decoded("100%"), "100%");
    }
}
