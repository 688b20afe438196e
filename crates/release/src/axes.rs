//! The axes of a description system as code systems, so that their values are found, looked up and mapped to like any
//! other code.

use vardnav_classification::model::{Axis, DescriptionSource, Label};
use vardnav_register::mapping::AXIS_PREFIX;
use vardnav_terminology::model::{CodeSystem, Concept, Designation, Publication};

/// One code system an axis, in their order. `version` is the release's id.
pub(crate) fn code_systems(source: &DescriptionSource, version: &str) -> Vec<CodeSystem> {
    source
        .axes
        .iter()
        .map(|axis| code_system(axis, version))
        .collect()
}

fn code_system(axis: &Axis, version: &str) -> CodeSystem {
    let concepts = axis.values.iter().map(|value| Concept {
        code: value.code.clone(),
        designations: designations(&value.label),
        ..Concept::default()
    });
    CodeSystem {
        url: format!("{AXIS_PREFIX}{}", axis.id),
        version: version.to_owned(),
        title: axis.label.sv.clone(),
        language: "sv".to_owned(),
        publication: Publication {
            description: axis.definition.sv.clone(),
            ..Default::default()
        },
        concepts: concepts.collect(),
        ..CodeSystem::default()
    }
}

fn designations(label: &Label) -> Vec<Designation> {
    [("sv", &label.sv), ("en", &label.en)]
        .into_iter()
        .filter(|(_, text)| !text.trim().is_empty())
        .map(|(language, text)| Designation {
            text: text.clone(),
            language: language.to_owned(),
            ..Designation::default()
        })
        .collect()
}
