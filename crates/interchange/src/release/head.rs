//! `release.toml`: what a release says of itself, the editions it binds, and how drafts are handled while it is the
//! newest.

use serde::Deserialize;
use toml::Spanned;
use vardnav_release::entry::Procedure;
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
    procedure: Option<ProcedureText>,
}

/// Most days that a procedure can ask for.
const DAYS_MAX: u16 = 3660;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProcedureText {
    #[serde(default, deserialize_with = "days")]
    remiss_days_min: u16,
    #[serde(default, deserialize_with = "days")]
    notice_days_min: u16,
    #[serde(default)]
    resolution_required: bool,
    #[serde(default)]
    identities_required: bool,
}

impl From<ProcedureText> for Procedure {
    fn from(text: ProcedureText) -> Self {
        Self {
            remiss_days_min: text.remiss_days_min,
            notice_days_min: text.notice_days_min,
            resolution_required: text.resolution_required,
            identities_required: text.identities_required,
        }
    }
}

fn days<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    let days = u16::deserialize(deserializer)?;
    if days > DAYS_MAX {
        return Err(serde::de::Error::custom(format_args!(
            "more than {DAYS_MAX} days"
        )));
    }
    Ok(days)
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
        procedure: text.procedure.map(Into::into),
    })
}
