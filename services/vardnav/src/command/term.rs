//! `vardnav term`: look up, search, validate, compare codes.

use serde_json::{Value, json};
use vardnav_api::vardnav::terminology::v1 as pb;

use crate::cli;
use crate::client::Client;
use crate::command::{date, date_text, enum_text, finding_row};
use crate::exit::{Failure, Outcome};
use crate::output::{self, Format};

/// Short names of well-known code systems.
const SHORT_NAMES: [(&str, &str); 1] = [("icd-10-se", "urn:oid:1.2.752.116.1.1.1.1.3")];

/// Runs the command.
pub(crate) async fn run(command: cli::Term, client: &Client, format: Format) -> Outcome {
    match command {
        cli::Term::Lookup { code, edition } => lookup(code, edition, client, format).await,
        cli::Term::Search {
            text,
            system,
            language,
            limit,
        } => {
            let request = pb::SearchRequest {
                text: text.join(" "),
                systems: system.iter().map(|system| address(system)).collect(),
                language: language.unwrap_or_default(),
                page_size: limit,
                page_token: String::new(),
            };
            let answer = client.terminology().search(request).await?.into_inner();
            let rows: Vec<Value> = answer.hits.iter().map(hit).collect();
            output::rows(
                format,
                &["code", "display", "matched", "status", "system", "version"],
                &rows,
            )?;
            if rows.is_empty() {
                Err(Failure::Findings("nothing found".into()))
            } else {
                Ok(())
            }
        }
        cli::Term::Validate {
            code,
            display,
            edition,
        } => {
            let request = pb::ValidateCodeRequest {
                system: address(&edition.system),
                version: edition.version.unwrap_or_default(),
                code,
                display: display.unwrap_or_default(),
                date: date(edition.date),
            };
            let answer = client.terminology().validate_code(request).await?.into_inner();
            let value = json!({
                "valid": answer.valid,
                "display": answer.display,
                "version": answer.version,
                "findings": answer.findings.iter().map(finding_row).collect::<Vec<_>>(),
            });
            output::one(format, &value)?;
            if answer.valid {
                Ok(())
            } else {
                Err(Failure::Findings("the code is not valid".into()))
            }
        }
        cli::Term::Subsumes { a, b, edition } => {
            let request = pb::SubsumesRequest {
                system: address(&edition.system),
                version: edition.version.unwrap_or_default(),
                code_a: a,
                code_b: b,
                date: date(edition.date),
            };
            let answer = client.terminology().subsumes(request).await?.into_inner();
            output::one(
                format,
                &json!({"outcome": enum_text(answer.outcome().as_str_name(), "SUBSUMPTION_")}),
            )
        }
    }
}

/// The address of a code system: as given, or expanded from its short name.
pub(crate) fn address(name: &str) -> String {
    if name.contains(':') {
        return name.to_owned();
    }
    SHORT_NAMES.iter().find(|(short, _)| *short == name).map_or_else(
        || format!("https://vardnav.se/CodeSystem/{name}"),
        |(_, url)| (*url).to_owned(),
    )
}

async fn lookup(code: String, edition: cli::Edition, client: &Client, format: Format) -> Outcome {
    let request = pb::LookupRequest {
        system: address(&edition.system),
        version: edition.version.unwrap_or_default(),
        code,
        date: date(edition.date),
        language: String::new(),
    };
    let answer = client.terminology().lookup(request).await?.into_inner();
    let concept = answer.concept.unwrap_or_default();
    let value = json!({
        "code": concept.code,
        "display": concept.display,
        "status": enum_text(concept.status().as_str_name(), "CONCEPT_STATUS_"),
        "version": answer.version,
        "valid_from": date_text(concept.valid_from.as_ref()),
        "valid_until": date_text(concept.valid_until.as_ref()),
        "designations": concept.designations.iter().map(|designation| json!({
            "text": designation.text,
            "language": designation.language,
            "status": enum_text(designation.status().as_str_name(), "DESIGNATION_STATUS_"),
            "valid_from": date_text(designation.valid_from.as_ref()),
            "valid_until": date_text(designation.valid_until.as_ref()),
            "scope": designation.scope,
            "comment": designation.comment,
        })).collect::<Vec<_>>(),
        "definitions": concept.definitions.iter().map(|definition| json!({
            "text": definition.text,
            "language": definition.language,
            "source": definition.source,
            "paraphrase": definition.paraphrase,
            "domain": definition.domain,
            "decided": definition.decided,
        })).collect::<Vec<_>>(),
        "parents": concept.parents,
        "children": concept.children,
        "relations": concept.relations.iter().map(|relation| json!({
            "kind": relation.kind,
            "target": relation.target,
            "valid_from": date_text(relation.valid_from.as_ref()),
            "valid_until": date_text(relation.valid_until.as_ref()),
            "scope": relation.scope,
            "source": relation.source,
        })).collect::<Vec<_>>(),
        "properties": concept.properties.iter().map(|property| (property.name.clone(), json!(property.value)))
            .collect::<serde_json::Map<_, _>>(),
        "notes": concept.notes.iter().map(|note| json!({"language": note.language, "text": note.text}))
            .collect::<Vec<_>>(),
    });
    output::one(format, &value)
}

fn hit(hit: &pb::SearchHit) -> Value {
    json!({
        "code": hit.code,
        "display": hit.display,
        "matched": hit.matched,
        "status": enum_text(hit.matched_status().as_str_name(), "DESIGNATION_STATUS_"),
        "system": hit.system,
        "version": hit.version,
    })
}
