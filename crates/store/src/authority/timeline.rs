//! Which edition of a code system is in force on which dates by the releases: each release speaks for the dates on which
//! it is in force, and for no others. Only deciding: the catalog is built by the view.

use std::collections::BTreeMap;

use jiff::civil::Date;
use vardnav_release::Snapshot;
use vardnav_terminology::Binding;
use vardnav_terminology::model::{Content, Validity};

use super::view::View;

/// The bindings by code system, none on the dates of another: what a release binds, and its own code systems in its
/// version, cut to the dates from the release's first until the next release's. The first release that speaks of a
/// code system speaks for all dates before it too. A release that cannot be loaded leaves its dates open.
pub(super) fn bindings(view: &View) -> BTreeMap<&str, Vec<Binding>> {
    let state = view.state();
    let mut spans: Vec<(Date, Option<Date>, &Snapshot)> = state
        .releases()
        .filter_map(|release| {
            let until = state.superseded_from(&release.id);
            let is_ever_in_force = until.is_none_or(|until| release.from < until);
            let snapshot = view.snapshot(&release.id).filter(|_| is_ever_in_force)?;
            Some((release.from, until, snapshot.as_ref()))
        })
        .collect();
    spans.sort_by_key(|(from, _, _)| *from);
    let mut bindings: BTreeMap<&str, Vec<Binding>> = BTreeMap::new();
    for (from, until, snapshot) in spans {
        for (system, stated) in stated(snapshot) {
            let known = bindings.entry(system).or_default();
            let span = Validity {
                from: (!known.is_empty()).then_some(from),
                until,
            };
            known.extend(stated.into_iter().filter_map(|binding| {
                let validity = intersection(span, binding.validity)?;
                Some(Binding { validity, ..binding })
            }));
        }
    }
    bindings
}

/// What a release says of code systems: its bindings as they are stated, and its own code systems on every date.
fn stated(snapshot: &Snapshot) -> BTreeMap<&str, Vec<Binding>> {
    let mut stated: BTreeMap<&str, Vec<Binding>> = BTreeMap::new();
    for binding in &snapshot.bindings {
        stated.entry(&binding.system).or_default().push(Binding {
            version: binding.version.clone(),
            validity: Validity {
                from: binding.from,
                until: binding.until,
            },
        });
    }
    let editions = snapshot.catalog.editions();
    for edition in editions.filter(|edition| edition.content() != Content::Supplement) {
        stated.entry(edition.url()).or_insert_with(|| {
            vec![Binding {
                version: edition.version().to_owned(),
                validity: Validity::default(),
            }]
        });
    }
    stated
}

/// The dates that are in both; `None` when there are none.
fn intersection(one: Validity, other: Validity) -> Option<Validity> {
    let from = one.from.max(other.from);
    let until = match (one.until, other.until) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
    let is_empty = matches!((from, until), (Some(from), Some(until)) if until <= from);
    (!is_empty).then_some(Validity { from, until })
}
