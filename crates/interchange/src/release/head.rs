//! `release.toml`: what a release says of itself, and the editions it binds.

use serde::Deserialize;
use toml::Spanned;
use vardnav_release::source::{EditionBinding, Element, ReleaseHead};

use super::reading::{Day, LabelText, Reading};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadFile {
    id: Spanned<String>,
    title: LabelText,
    summary: LabelText,
    from: Day,
    #[serde(default)]
    edition: Vec<EditionText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EditionText {
    system: Spanned<String>,
    version: String,
    from: Option<Day>,
    until: Option<Day>,
    #[serde(default)]
    most_detailed: bool,
    #[serde(default)]
    refused_endings: Vec<String>,
}

/// Reads the head.
pub(super) fn read(reading: &mut Reading<'_>) -> Option<ReleaseHead> {
    let file = reading.required("release.toml")?;
    let text: HeadFile = reading.toml(&file)?;
    reading.note(Element::Head, &file, &text.id);
    let mut bindings = Vec::new();
    for edition in text.edition {
        let system = edition.system.get_ref().clone();
        let element = Element::Binding(system.clone(), edition.version.clone());
        reading.note(element, &file, &edition.system);
        bindings.push(EditionBinding {
            system,
            version: edition.version,
            from: edition.from.map(|day| day.0),
            until: edition.until.map(|day| day.0),
            most_detailed: edition.most_detailed,
            refused_endings: edition.refused_endings,
        });
    }
    Some(ReleaseHead {
        id: text.id.into_inner(),
        title: text.title.into(),
        summary: text.summary.into(),
        from: text.from.0,
        bindings,
    })
}
