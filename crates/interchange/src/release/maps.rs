//! The maps of a release: `maps/*.csv`, in the order of their names, which is the order in which they are asked.

use vardnav_register::mapping::MapSource;
use vardnav_release::source::Element;

use super::reading::Reading;
use crate::maps::read_csv;

/// Reads the maps. One that states no version has the release's.
pub(super) fn read(reading: &mut Reading<'_>, release: &str) -> Vec<MapSource> {
    let mut maps = Vec::new();
    for path in reading.paths_in("maps/", ".csv") {
        let Some(file) = reading.optional(path) else {
            continue;
        };
        let (mut map, findings) = read_csv(path, file.text);
        reading.findings.extend(findings);
        if map.version.is_empty() {
            release.clone_into(&mut map.version);
        }
        reading.places.note(Element::Map(map.url.clone()), path, 1);
        maps.push(map);
    }
    maps
}
