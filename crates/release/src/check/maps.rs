//! Checks of a release's maps from codes to facts: they stand by themselves, and each is right for the release's axes.

use std::collections::BTreeSet;

use vardnav_classification::model::FactSource;

use super::Findings;
use crate::maps;
use crate::source::{Element, Place};

/// Checks the maps.
pub(super) fn check(found: &mut Findings<'_>) {
    let release = found.source;
    for axis in &release.description.axes {
        let place = |source| axis.sources.iter().position(|taken| *taken == source);
        if let (Some(mapped), Some(record)) = (place(FactSource::Mapped), place(FactSource::Record))
            && mapped < record
        {
            let message = format!("axis `{}` takes mapped facts before stated ones", axis.id);
            found.error("VN-REL-135", &Element::Head, message);
        }
    }
    let mut urls = BTreeSet::new();
    for map in &release.maps {
        let at = Element::Map(map.url.clone());
        if !map.url.is_empty() && !urls.insert(map.url.as_str()) {
            found.error("VN-REL-104", &at, "two maps have the same address");
        }
        for defect in maps::defects(map, &release.description) {
            let place = Place {
                line: defect.line,
                ..release.places.of(&at)
            };
            found.at(defect.code, place, defect.message);
        }
    }
}
