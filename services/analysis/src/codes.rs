//! Names of codes, by release: the values of axes and decision tables, and the concepts of the release's own code systems.
//! Editions that a release only binds belong to others and are not copied.

use std::collections::BTreeSet;

use tokio_postgres::Transaction;
use vardnav_classification::model::AxisValue;
use vardnav_release::Snapshot;
use vardnav_store::View;

use crate::error::AnalysisError;

/// Most concepts of a code system whose names are told.
const CONCEPTS_MAX: usize = 50_000;

/// A code with its names.
struct Code {
    release: String,
    list: String,
    code: String,
    sv: String,
    en: String,
    source: &'static str,
}

/// Writes the names of every release of a view in place of those that are there.
pub(crate) async fn write(step: &Transaction<'_>, schema: &str, view: &View) -> Result<(), AnalysisError> {
    let mut codes = Vec::new();
    for release in view.releases() {
        of_release(&release, &mut codes);
    }
    let column = |value: fn(&Code) -> &str| -> Vec<String> {
        let texts = codes.iter().map(value);
        texts.map(|text| text.replace('\0', "\u{fffd}")).collect()
    };
    let columns = [
        column(|code| &code.release),
        column(|code| &code.list),
        column(|code| &code.code),
        column(|code| &code.sv),
        column(|code| &code.en),
        column(|code| code.source),
    ];
    let [release, list, code, sv, en, source] = &columns;
    step.execute(&format!("DELETE FROM {schema}.codes"), &[]).await?;
    step.execute(
        &format!(
            "INSERT INTO {schema}.codes (release, list, code, name_sv, name_en, source) \
             SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])"
        ),
        &[release, list, code, sv, en, source],
    )
    .await?;
    Ok(())
}

fn of_release(release: &Snapshot, codes: &mut Vec<Code>) {
    let mut taken = BTreeSet::new();
    let description = release.description.source();
    let axes = description
        .axes
        .iter()
        .map(|axis| ("axis", &axis.id, &axis.values));
    let tables = description
        .tables
        .iter()
        .map(|table| ("table", &table.id, &table.values));
    for (source, list, values) in axes.chain(tables) {
        for AxisValue { code, label } in values {
            if taken.insert((list.clone(), code.clone())) {
                codes.push(Code {
                    release: release.id.clone(),
                    list: list.clone(),
                    code: code.clone(),
                    sv: label.sv.clone(),
                    en: label.en.clone(),
                    source,
                });
            }
        }
    }
    // The axes are code systems as well, with the same codes.
    let is_axis = |url: &str| {
        let id = url.rsplit_once("/axis/").map(|(_, id)| id);
        id.is_some_and(|id| description.axes.iter().any(|axis| axis.id == id))
    };
    let systems = release.catalog.editions().filter(|edition| {
        release.carries(edition.url()) && !is_axis(edition.url()) && edition.len() <= CONCEPTS_MAX
    });
    for edition in systems {
        for concept in edition.concepts() {
            if taken.insert((edition.url().to_owned(), concept.code().to_owned())) {
                let name = |language| {
                    let shown = concept.display(language, None);
                    shown.map(|shown| shown.text.to_owned()).unwrap_or_default()
                };
                codes.push(Code {
                    release: release.id.clone(),
                    list: edition.url().to_owned(),
                    code: concept.code().to_owned(),
                    sv: name("sv"),
                    en: name("en"),
                    source: "code-system",
                });
            }
        }
    }
}
