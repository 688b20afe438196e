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

/// Hits of a search that are asked for at once.
const SEARCH_PAGE: i32 = 100;

/// Items of an expansion that are asked for at once.
const EXPAND_PAGE: usize = 1000;

/// Runs the command.
pub(crate) async fn run(command: cli::Term, client: &Client, format: Format) -> Outcome {
    match command {
        cli::Term::Lookup { code, edition } => lookup(code, edition, client, format).await,
        cli::Term::Search {
            text,
            system,
            language,
            value_set,
            ecl,
            date: on,
            active,
            limit,
        } => {
            let request = pb::SearchRequest {
                text: text.join(" "),
                systems: system.iter().map(|system| address(system)).collect(),
                language: language.unwrap_or_default(),
                page_size: limit.min(SEARCH_PAGE),
                page_token: String::new(),
                value_set: value_set.unwrap_or_default(),
                ecl: ecl.unwrap_or_default(),
                date: date(on),
                active_only: active,
            };
            search(request, limit, client, format).await
        }
        cli::Term::Validate {
            code,
            display,
            value_set,
            edition,
        } => {
            let request = pb::ValidateCodeRequest {
                system: address(&edition.system),
                version: edition.version.unwrap_or_default(),
                code,
                display: display.unwrap_or_default(),
                date: date(edition.date),
                value_set: value_set.unwrap_or_default(),
                language: String::new(),
            };
            let answer = client.terminology().validate_code(request).await?.into_inner();
            let value = json!({
                "valid": answer.valid,
                "code": answer.code,
                "inactive": answer.inactive,
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
        command @ cli::Term::Expand { .. } => expand(command, client, format).await,
        cli::Term::Translate {
            code,
            system,
            to,
            map,
            reverse,
        } => {
            let target_system = if to.is_empty() { to } else { address(&to) };
            let request = pb::TranslateRequest {
                system: address(&system),
                code,
                target_system,
                concept_map: map,
                reverse,
                ..Default::default()
            };
            translate(request, client, format).await
        }
        cli::Term::History { code, system } => {
            let request = pb::GetHistoryRequest {
                system: address(&system),
                code,
            };
            history(request, client, format).await
        }
    }
}

/// Pages until enough is there.
async fn search(mut request: pb::SearchRequest, limit: i32, client: &Client, format: Format) -> Outcome {
    let limit = usize::try_from(limit).map_err(|_| Failure::Usage("--limit must not be negative".into()))?;
    let mut rows: Vec<Value> = Vec::new();
    loop {
        let page = client.terminology().search(request.clone()).await?.into_inner();
        rows.extend(page.hits.iter().map(hit));
        if rows.len() >= limit || page.next_page_token.is_empty() {
            for finding in page.findings.iter().filter(|_| rows.len() < limit) {
                output::say(format_args!("{} {}", finding.code, finding.message));
            }
            break;
        }
        request.page_token = page.next_page_token;
    }
    rows.truncate(limit);
    let columns = ["code", "display", "matched", "status", "system", "version"];
    output::rows(format, &columns, &rows)?;
    if rows.is_empty() {
        Err(Failure::Findings("nothing found".into()))
    } else {
        Ok(())
    }
}

/// Pages until enough is there.
async fn expand(command: cli::Term, client: &Client, format: Format) -> Outcome {
    let cli::Term::Expand {
        value_set,
        ecl,
        filter,
        language,
        active,
        limit,
        system,
        date: on,
    } = command
    else {
        return Ok(());
    };
    let mut request = pb::ExpandRequest {
        value_set: value_set.unwrap_or_default(),
        ecl: ecl.unwrap_or_default(),
        system: address(&system),
        date: date(on),
        filter,
        language,
        active_only: active,
        page_size: i32::try_from(limit.min(EXPAND_PAGE)).unwrap_or_default(),
        ..Default::default()
    };
    let mut rows: Vec<Value> = Vec::new();
    let total = loop {
        let page = client.terminology().expand(request.clone()).await?.into_inner();
        for finding in &page.findings {
            output::say(format_args!("{} {}", finding.code, finding.message));
        }
        rows.extend(page.items.iter().map(|item| {
            json!({
                "system": item.system,
                "version": item.version,
                "code": item.code,
                "display": item.display,
                "inactive": item.inactive,
                "not_selectable": item.not_selectable,
            })
        }));
        if rows.len() >= limit || page.next_page_token.is_empty() {
            break page.total;
        }
        request.page_token = page.next_page_token;
    };
    rows.truncate(limit);
    output::say(format_args!("{} of {total}", rows.len()));
    output::rows(
        format,
        &["code", "display", "inactive", "system", "version"],
        &rows,
    )
}

async fn translate(request: pb::TranslateRequest, client: &Client, format: Format) -> Outcome {
    let answer = client.terminology().translate(request).await?.into_inner();
    for finding in &answer.findings {
        output::say(format_args!("{} {}", finding.code, finding.message));
    }
    let rows: Vec<Value> = answer
        .targets
        .iter()
        .map(|target| {
            json!({
                "system": target.system,
                "code": target.code,
                "display": target.display,
                "relationship": enum_text(target.relationship().as_str_name(), "RELATIONSHIP_"),
                "map": target.concept_map,
                "comment": target.comment,
                "version": target.version,
                "depends_on": properties(&target.depends_on),
                "products": properties(&target.products),
                "unmapped": target.unmapped,
            })
        })
        .collect();
    output::rows(
        format,
        &["system", "code", "display", "relationship", "map"],
        &rows,
    )?;
    if answer.found {
        Ok(())
    } else {
        Err(Failure::Findings("the code has no counterpart".into()))
    }
}

fn properties(properties: &[pb::Property]) -> Vec<Value> {
    let properties = properties.iter();
    properties
        .map(|property| json!({"name": property.name, "value": property.value}))
        .collect()
}

async fn history(request: pb::GetHistoryRequest, client: &Client, format: Format) -> Outcome {
    let answer = client.terminology().get_history(request).await?.into_inner();
    let rows: Vec<Value> = answer
        .changes
        .iter()
        .map(|change| {
            json!({
                "version": change.version,
                "from": date_text(change.from.as_ref()),
                "release": change.release,
                "kind": change.kind,
                "before": change.before,
                "after": change.after,
            })
        })
        .collect();
    for step in &answer.replacements {
        let scope = if step.scope.is_empty() {
            "everywhere"
        } else {
            &step.scope
        };
        output::say(format_args!("replaced by {} ({scope})", step.code));
    }
    output::rows(format, &["version", "from", "kind", "before", "after"], &rows)
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
        brief: false,
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
        "properties": by_name(&concept.properties),
        "component": concept.component.as_ref().map(|component| json!({
            "module": component.module,
            "effective_time": component.effective_time,
            "defined": component.defined,
        })),
        "attributes": concept.attributes.iter().map(attribute).collect::<Vec<_>>(),
        "reference_sets": concept.reference_sets,
        "notes": concept.notes.iter().map(|note| json!({"language": note.language, "text": note.text}))
            .collect::<Vec<_>>(),
    });
    output::one(format, &value)
}

fn attribute(attribute: &pb::concept::Attribute) -> Value {
    use pb::concept::attribute::Value as Of;
    let value = match &attribute.value {
        Some(Of::Concept(code)) => json!(code),
        Some(Of::Number(number)) => json!(format!("#{number}")),
        Some(Of::Text(text)) => json!(text),
        Some(Of::Boolean(value)) => json!(value),
        None => Value::Null,
    };
    json!({"group": attribute.group, "attribute": attribute.kind, "value": value})
}

/// Properties by name: a value, or a list where there are several.
fn by_name(properties: &[pb::Property]) -> Value {
    let mut named = serde_json::Map::new();
    for property in properties {
        let value = json!(property.value);
        let entry = named.entry(property.name.clone()).or_insert(Value::Null);
        match entry {
            Value::Null => *entry = value,
            Value::Array(values) => values.push(value),
            one => *one = json!([one.clone(), value]),
        }
    }
    named.into()
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
