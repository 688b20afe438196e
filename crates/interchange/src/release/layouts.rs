//! `register/layouts/*.toml`: what the columns of text files of other registers mean. A release without the folder has
//! none. They are for whoever sends such files; nothing of a release rests on them, so they are checked and not compiled.

use vardnav_classification::model::Axis;
use vardnav_release::package::Package;

use super::reading::Reading;
use crate::register::table::layout::Layout;

/// Where layouts stand, and how their files end.
const FOLDER: &str = "register/layouts/";
const ENDING: &str = ".toml";

/// Finds what is wrong with the layouts; `axes` are those of the release.
pub(super) fn check(reading: &mut Reading<'_>, axes: &[Axis]) {
    for path in reading.paths_in(FOLDER, ENDING) {
        let Some(file) = reading.optional(path) else {
            continue;
        };
        match Layout::read(file.text) {
            Err(findings) => {
                for finding in findings {
                    reading.problem(finding.code, path, finding.line, finding.message);
                }
            }
            Ok(layout) => {
                if path != format!("{FOLDER}{}{ENDING}", layout.id) {
                    let message = format!("the file of the layout {} has its name", layout.id);
                    reading.problem("VN-REL-006", path, 0, message);
                }
                for message in strangers(&layout, axes) {
                    reading.problem("VN-REL-021", path, 0, message);
                }
            }
        }
    }
}

/// The layouts of a release that can be read, by name.
pub fn of(package: &Package) -> Vec<Layout> {
    let files = package
        .files()
        .filter(|(path, _)| path.starts_with(FOLDER) && path.ends_with(ENDING));
    files
        .filter_map(|(_, bytes)| Layout::read(std::str::from_utf8(bytes).ok()?).ok())
        .collect()
}

/// Axes and values of a layout that the release does not have.
fn strangers(layout: &Layout, axes: &[Axis]) -> Vec<String> {
    let mut found = Vec::new();
    let stated = layout.columns.iter().flat_map(|column| &column.states);
    let stated = stated.map(|(target, writing)| {
        (
            target,
            writing.values.values().chain(writing.shapes.values()).collect(),
        )
    });
    let constants = layout.constants.iter().map(|(target, text)| (target, vec![text]));
    for (target, values) in stated.chain(constants) {
        let Some(name) = &target.axis else { continue };
        let Some(axis) = axes.iter().find(|axis| axis.id == *name) else {
            found.push(format!("the release has no axis {name}"));
            continue;
        };
        for value in values {
            if !axis.values.iter().any(|known| known.code == *value) {
                found.push(format!("the axis {name} has no value {value}"));
            }
        }
    }
    found
}
