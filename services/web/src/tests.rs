//! The page from outside.

use std::sync::LazyLock;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, header};
use tower::ServiceExt as _;
use vardnav_interchange::release::{self, starter};

use super::*;

mod changes;
mod figures;
mod quality;

struct Fixed;

/// A text that would become part of a page if it were not escaped.
const HOSTILE: &str = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>&amp;";

/// The starter release, with hostile texts wherever people write texts.
static RELEASE: LazyLock<Arc<Snapshot>> = LazyLock::new(|| {
    let package = starter::package().unwrap();
    let mut source = release::parse(&package).source.unwrap();
    let spoil = |text: &mut String| {
        if !text.is_empty() {
            text.push_str(HOSTILE);
        }
    };
    for system in &mut source.code_systems {
        spoil(&mut system.title);
        for concept in &mut system.concepts {
            spoil(&mut concept.status_reason);
            concept.designations.iter_mut().for_each(|term| {
                spoil(&mut term.text);
                spoil(&mut term.comment);
            });
            concept.definitions.iter_mut().for_each(|definition| {
                spoil(&mut definition.text);
                spoil(&mut definition.source);
            });
            concept.notes.iter_mut().for_each(|note| spoil(&mut note.text));
            concept
                .features
                .iter_mut()
                .for_each(|feature| spoil(&mut feature.text));
            concept.subject_fields.iter_mut().for_each(&spoil);
            concept
                .properties
                .iter_mut()
                .for_each(|property| spoil(&mut property.value));
        }
        for diagram in &mut system.diagrams {
            diagram.title.iter_mut().for_each(|title| spoil(&mut title.text));
        }
    }
    let label = |label: &mut Label| {
        spoil(&mut label.sv);
        spoil(&mut label.en);
    };
    for axis in &mut source.description.axes {
        label(&mut axis.label);
        label(&mut axis.definition);
        axis.values.iter_mut().for_each(|value| label(&mut value.label));
    }
    for table in &mut source.description.tables {
        label(&mut table.label);
        table.values.iter_mut().for_each(|value| label(&mut value.label));
        for rule in &mut table.rules {
            if let vardnav_classification::model::Outcome::Hold { reason } = &mut rule.outcome {
                label(reason);
            }
        }
    }
    source
        .description
        .points
        .iter_mut()
        .for_each(|point| label(&mut point.question));
    let library = &mut source.indicators;
    for indicator in &mut library.indicators {
        label(&mut indicator.label);
        label(&mut indicator.plain);
        label(&mut indicator.numerator);
        label(&mut indicator.denominator);
        label(&mut indicator.population);
        label(&mut indicator.exclusions);
        label(&mut indicator.unit);
        spoil(&mut indicator.source);
        indicator.breaks.iter_mut().for_each(|one| label(&mut one.reason));
        indicator
            .variants
            .iter_mut()
            .for_each(|one| label(&mut one.label));
    }
    library.measures.iter_mut().for_each(|one| label(&mut one.label));
    library.goals.iter_mut().for_each(|one| label(&mut one.label));
    for breakdown in &mut library.breakdowns {
        label(&mut breakdown.label);
        spoil(&mut breakdown.source);
        if let vardnav_indicators::definition::BrokenDownBy::NotAvailable(reason) = &mut breakdown.by {
            label(reason);
        }
    }
    let snapshot = Snapshot::compile(source, package.digest(), &[]);
    Arc::new(snapshot.unwrap_or_else(|findings| panic!("{:#?}", findings.iter().take(5).collect::<Vec<_>>())))
});

fn label(sv: &str, en: &str) -> Label {
    Label {
        sv: sv.into(),
        en: en.into(),
    }
}

impl Source for Fixed {
    fn overview(&self, year: Option<i16>) -> Overview {
        let row = |code: &str, sv: &str, en: &str, figures: [Figure; 2]| Row {
            code: code.into(),
            name: label(sv, en),
            figures: figures.into(),
        };
        Overview {
            release: Some(Release {
                id: "2026.1".into(),
                title: label("Startrelease", "Starter release"),
                from: Date::constant(2026, 1, 1),
            }),
            year: year.unwrap_or(2026),
            years: vec![2026, 2027],
            tables: vec![Table {
                id: "contacts-by-group".into(),
                title: label("Vårdkontakter per grupp", "Care contacts by group"),
                definition: label("Vårdkontakter", "Care contacts"),
                columns: vec![
                    Column {
                        code: "mobile-care".into(),
                        label: label("mobil vård", "mobile care"),
                    },
                    Column {
                        code: "remote-care".into(),
                        label: label("vård på distans", "remote care"),
                    },
                ],
                rows: vec![
                    row(
                        "",
                        "Hela landet",
                        "The whole country",
                        [Figure::Count(12_345), Figure::Count(0)],
                    ),
                    row(
                        "01",
                        "Region <Stockholm>",
                        "",
                        [Figure::Suppressed, Figure::Count(7)],
                    ),
                ],
            }],
            coverage: label("9 poster från 2 uppgiftslämnare", "9 entries of 2 reporters"),
            min_count: 5,
        }
    }

    /// A figure for every place that is asked for, so that pages have something to show; the region with code 1 is
    /// withheld.
    fn figures(&self, indicator: &str, question: &Question) -> Result<Answered, Refusal> {
        let known = RELEASE
            .indicators
            .indicator(indicator)
            .ok_or_else(Refusal::default)?;
        let variant = question.variants.first().cloned().unwrap_or_default();
        Ok(Answered {
            release: RELEASE.id.clone(),
            derivation: "as-reported".into(),
            year: question.year,
            rows: figures::rows(question, &variant),
            groups: [("g".to_owned(), label(HOSTILE, HOSTILE))].into(),
            note: label(HOSTILE, HOSTILE),
            coverage: vardnav_indicators::answer::Coverage::default(),
            unit: known.unit.clone(),
            method: known.interval,
            method_version: known.method_version.clone(),
        })
    }

    fn years(&self, indicator: &str, _: &str) -> Vec<i16> {
        // One indicator has none.
        if indicator == "core-11" {
            Vec::new()
        } else {
            vec![2024, 2025, 2026]
        }
    }

    fn today(&self) -> Date {
        Date::constant(2026, 11, 23)
    }

    fn releases(&self) -> Vec<Arc<Snapshot>> {
        vec![Arc::clone(&RELEASE)]
    }

    fn release_on(&self, date: Date) -> Option<Arc<Snapshot>> {
        (RELEASE.from <= date).then(|| Arc::clone(&RELEASE))
    }

    fn under(&self, release: &Snapshot, variants: &[String]) -> Option<Arc<DescriptionSystem>> {
        let source = release.description.source();
        let choices = source.choices(variants.iter().map(String::as_str)).ok()?;
        DescriptionSystem::compile_with(source.clone(), &choices)
            .ok()
            .map(Arc::new)
    }

    fn metrics(&self) -> String {
        "vardnav_up 1\n".into()
    }
}

async fn get(path: &str) -> (StatusCode, HeaderMap, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = router(Arc::new(Fixed)).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    (
        parts.status,
        parts.headers,
        String::from_utf8_lossy(&bytes).into_owned(),
    )
}

#[tokio::test]
async fn counts_are_swedish_and_tell_what_is_withheld() {
    let (status, headers, page) = get("/indikatorer/contacts-by-group").await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap()
            .starts_with("default-src 'none'")
    );
    assert!(
        page.contains("<html lang=\"sv\">") && !page.contains("<style") && !page.contains("<script>"),
        "{page}"
    );
    assert!(page.contains("12\u{202f}345"), "{page}");
    assert!(
        page.contains("visas inte") && page.contains("Region &lt;Stockholm&gt;"),
        "{page}"
    );
    assert!(page.contains("<caption") && page.contains("scope=\"row\"") && page.contains("scope=\"col\""));
    assert!(page.contains("2026.1"));
}

#[tokio::test]
async fn english_when_asked_for_with_swedish_names_where_there_is_no_other() {
    let (_, _, page) = get("/indikatorer/contacts-by-group?lang=en&year=2027").await;
    assert!(page.contains("<html lang=\"en\">") && page.contains("withheld") && page.contains("Region &lt;"));
    assert!(
        page.contains("aria-current=\"page\">2027") && page.contains("year=2026&amp;lang=en"),
        "{page}"
    );
}

#[tokio::test]
async fn files_hold_what_the_page_shows() {
    let (_, headers, csv) = get("/figures/contacts-by-group.csv").await;
    assert_eq!(headers[header::CONTENT_TYPE], "text/csv; charset=utf-8");
    assert_eq!(
        csv,
        "indicator,release,year,region,region_name,group,count,suppressed\r\n\
         contacts-by-group,2026.1,2026,,Hela landet,mobile-care,12345,false\r\n\
         contacts-by-group,2026.1,2026,,Hela landet,remote-care,0,false\r\n\
         contacts-by-group,2026.1,2026,01,Region <Stockholm>,mobile-care,,true\r\n\
         contacts-by-group,2026.1,2026,01,Region <Stockholm>,remote-care,7,false\r\n"
    );
    let (_, _, json) = get("/figures/contacts-by-group.json?year=2027").await;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["year"], 2027);
    assert_eq!(json["rows"][1]["figures"][0]["count"], serde_json::Value::Null);
    assert_eq!(json["rows"][1]["figures"][0]["suppressed"], true);
}

#[tokio::test]
async fn health_metrics_and_what_does_not_exist() {
    assert_eq!(get("/healthz").await.2, "ok\n");
    assert_eq!(get("/metrics").await.2, "vardnav_up 1\n");
    for path in ["/figures/other.csv", "/figures/contacts-by-group.xml", "/nothing"] {
        assert_eq!(get(path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn the_library_tells_every_indicator_whole() {
    let (status, _, page) = get("/indikatorer").await;
    assert_eq!(status, StatusCode::OK);
    let library = &RELEASE.indicators;
    for indicator in &library.indicators {
        assert!(
            page.contains(&format!("href=\"/indikatorer/{}\"", indicator.id)),
            "{}",
            indicator.id
        );
        let (status, _, page) = get(&format!("/indikatorer/{}?release={}", indicator.id, RELEASE.id)).await;
        assert_eq!(status, StatusCode::OK, "{}", indicator.id);
        let told = |text: &str| page.contains(&maud::html! { (text) }.into_string());
        assert!(told(&indicator.plain.sv) && told(&indicator.numerator.sv) && told(&indicator.source));
        for variant in &indicator.variants {
            assert!(told(&variant.label.sv), "{} {}", indicator.id, variant.id);
            for measure in variant
                .figure
                .terms()
                .filter_map(|term| library.measure(&term.measure))
            {
                assert!(
                    told(&measure.label.sv) && measure.all_conditions().all(|one| told(&one.to_string()))
                );
            }
        }
        for breakdown in indicator.breakdowns.iter().filter_map(|id| library.breakdown(id)) {
            assert!(told(&breakdown.label.sv), "{} {}", indicator.id, breakdown.id);
        }
    }
    let first = page.find("/indikatorer/core-01").unwrap();
    assert!(first < page.find("/indikatorer/core-12").unwrap());
    for path in [
        "/indikatorer?release=none",
        "/indikatorer/none",
        "/indikatorer/core-01?release=none",
    ] {
        assert_eq!(get(path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

/// That nothing of what people wrote became part of the page.
fn assert_escaped(path: &str, page: &str) {
    for part in ["<script>", "<img src=x", "onerror=alert(1)>"] {
        assert!(!page.contains(part), "{path}: {part}");
    }
}

/// The addresses on a page that lead to others of ours.
fn links(page: &str) -> Vec<String> {
    let links = page
        .split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    links
        .filter(|link| link.starts_with('/'))
        .map(|link| link.replace("&amp;", "&"))
        .collect()
}

#[tokio::test]
async fn every_page_that_links_lead_to_is_there_and_escapes_what_people_wrote() {
    let mut waiting = vec!["/".to_owned()];
    let mut seen = std::collections::BTreeSet::new();
    let mut hostile = 0;
    while let Some(path) = waiting.pop() {
        if seen.len() > 1_500 || !seen.insert(path.clone()) {
            continue;
        }
        let (status, headers, page) = get(&path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        if headers[header::CONTENT_TYPE] == "text/html; charset=utf-8" {
            assert_escaped(&path, &page);
            hostile += usize::from(page.contains("&lt;script&gt;"));
            // Cases lead to cases without an end; they have a test of their own.
            let further = links(&page).into_iter().filter(|link| !link.contains("f."));
            waiting.extend(further.filter(|link| !seen.contains(link)));
        }
    }
    assert!(
        seen.len() > 500 && hostile > 300,
        "{} pages, {hostile}",
        seen.len()
    );
}

#[tokio::test]
async fn a_term_that_is_advised_against_leads_to_the_one_to_use() {
    let (status, _, page) = get("/begrepp?q=sluten%20prim%C3%A4rv%C3%A5rd").await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        page.contains("avrådd")
            && page.contains("använd ")
            && page.contains("/begrepp/near-care-terms/primary-care-bed")
    );
    let (_, _, page) = get("/begrepp/near-care-terms/primary-care-bed").await;
    assert!(page.contains("föreslaget") && page.contains("särskiljande") | page.contains("Särskiljande"));
    let (status, headers, json) = get("/begrepp/near-care-terms/primary-care-bed.json").await;
    assert_eq!(
        (status, &headers[header::CONTENT_TYPE]),
        (StatusCode::OK, &"application/json".parse().unwrap())
    );
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["status"], "proposed");
    let terms = json["designations"].as_array().unwrap();
    assert!(terms.iter().any(|term| term["status"] == "deprecated"));
    assert_eq!(json["history"][0]["what"], "introduced");
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again_and_what_is_large_is_packed() {
    let ask = async |headers: &[(&str, &str)]| {
        let mut request = Request::get("/begrepp");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        router(Arc::new(Fixed))
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap()
    };
    let plain = ask(&[]).await;
    let tag = plain.headers()[header::ETAG].to_str().unwrap().to_owned();
    assert!(!plain.headers().contains_key(header::CONTENT_ENCODING));
    let packed = ask(&[("accept-encoding", "br, gzip")]).await;
    assert_eq!(packed.headers()[header::CONTENT_ENCODING], "gzip");
    assert_eq!(packed.headers()[header::ETAG], tag.as_str());
    let whole = to_bytes(plain.into_body(), usize::MAX).await.unwrap();
    let small = to_bytes(packed.into_body(), usize::MAX).await.unwrap();
    let mut text = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&small[..]), &mut text).unwrap();
    assert_eq!(text, whole);
    let again = ask(&[("if-none-match", &tag)]).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert!(to_bytes(again.into_body(), usize::MAX).await.unwrap().is_empty());
    assert!(
        !ask(&[("accept-encoding", "gzip;q=0")])
            .await
            .headers()
            .contains_key(header::CONTENT_ENCODING)
    );
}

#[tokio::test]
async fn the_switch_of_language_keeps_the_page() {
    let (_, _, page) = get("/begrepp?q=a%26b&release=2026.1").await;
    assert!(
        page.contains("href=\"/begrepp?q=a%26b&amp;release=2026.1&amp;lang=en\""),
        "{page}"
    );
    let (_, _, page) = get("/om?lang=en").await;
    assert!(page.contains("href=\"/om\" lang=\"sv\"") && page.contains("<html lang=\"en\">"));
}

#[tokio::test]
async fn nothing_is_found_where_there_is_nothing() {
    for path in [
        "/begrepp/none",
        "/begrepp/near-care-terms/none",
        "/begrepp/near-care-terms/none.json",
        "/begrepp?release=none",
        "/begrepp-diagram/near-care-terms/none",
        "/static/style-0.css",
    ] {
        let (status, headers, page) = get(path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.contains("Sidan finns inte") && headers.contains_key(header::CONTENT_SECURITY_POLICY));
    }
    let (status, _, page) = get("/begrepp?q=qzxqzx").await;
    assert!(status == StatusCode::OK && page.contains("Inget begrepp hittades"));
}

#[tokio::test]
async fn cases_lead_to_cases_and_escape_what_people_wrote() {
    let mut waiting = vec![
        "/klassificera?of=segment".to_owned(),
        "/klassificera?of=monitoring-period&lang=en".to_owned(),
        "/klassificera?of=contact&f.place=ordinary-housing&f.professions=nurse".to_owned(),
    ];
    let mut seen = std::collections::BTreeSet::new();
    while let Some(path) = waiting.pop() {
        if seen.len() >= 60 || !seen.insert(path.clone()) {
            continue;
        }
        let (status, _, page) = get(&path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert_escaped(&path, &page);
        let further = links(&page)
            .into_iter()
            .filter(|link| link.starts_with("/klassificera?"));
        waiting.extend(further.filter(|link| !seen.contains(link)));
    }
    assert!(seen.len() >= 50, "{}", seen.len());
}

#[tokio::test]
async fn the_page_of_a_case_says_what_the_tables_give() {
    let system = &RELEASE.description;
    let date = Date::constant(2026, 11, 23);
    for (grain, name) in [
        (vardnav_classification::Grain::Contact, "contact"),
        (vardnav_classification::Grain::Segment, "segment"),
    ] {
        for value in [
            "hospital-ward",
            "ordinary-housing",
            "clinic",
            "mobile-unit",
            "other",
        ] {
            let mut facts = vardnav_classification::FactSet::new();
            let source = vardnav_classification::FactSource::Record;
            system
                .state(grain, &mut facts, "place", std::iter::once(value), source)
                .unwrap();
            let (_, _, page) = get(&format!("/klassificera?of={name}&f.place={value}")).await;
            assert!(
                page.contains(&format!("<option value=\"{value}\" selected>")),
                "{value}"
            );
            for table in system.explain(grain, date, &facts).tables() {
                for found in table.matched() {
                    let rule = format!("/beslutstabeller/{}#{}", table.id(), found.rule.id);
                    assert!(page.contains(&rule), "{value}: {rule}");
                }
            }
        }
    }
}

#[tokio::test]
async fn what_means_nothing_is_told_and_variants_are_links() {
    let (status, _, page) = get("/klassificera?f.place=nowhere&f.none=x&variant=U1:none").await;
    assert!(
        status == StatusCode::OK && page.contains("utelämnat: place, none."),
        "{page}"
    );
    let (_, _, page) = get("/klassificera?of=segment&variant=U1:inpatient").await;
    assert!(page.contains("Avgjort under andra varianter än releasens: U1:inpatient"));
    assert!(page.contains("variant=U1%3Ainpatient&amp;") || page.contains("value=\"U1:inpatient\""));
    let (status, _, page) = get("/beslutstabeller/groups").await;
    assert!(status == StatusCode::OK && page.contains("id=\"G20\"") && page.contains("gäller inte"));
    for path in ["/beslutstabeller/none", "/klassificera?release=none"] {
        assert_eq!(get(path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

struct Broken;

impl Source for Broken {
    fn overview(&self, _: Option<i16>) -> Overview {
        panic!("a source that breaks")
    }

    fn figures(&self, _: &str, _: &Question) -> Result<Answered, Refusal> {
        Err(Refusal::default())
    }

    fn years(&self, _: &str, _: &str) -> Vec<i16> {
        Vec::new()
    }

    fn today(&self) -> Date {
        Fixed.today()
    }

    fn releases(&self) -> Vec<Arc<Snapshot>> {
        Vec::new()
    }

    fn release_on(&self, _: Date) -> Option<Arc<Snapshot>> {
        None
    }

    fn under(&self, _: &Snapshot, _: &[String]) -> Option<Arc<DescriptionSystem>> {
        None
    }
}

#[tokio::test]
async fn what_breaks_is_a_page_and_what_is_empty_says_so() {
    let ask = async |path: &str| {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router(Arc::new(Broken)).oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    };
    let (status, page) = ask("/om").await;
    assert!(status == StatusCode::INTERNAL_SERVER_ERROR && page.contains("Något gick fel hos oss"));
    let (status, page) = ask("/").await;
    assert!(status == StatusCode::OK && page.contains("Ingen release är publicerad"));
    let (status, page) = ask("/begrepp").await;
    assert!(status == StatusCode::OK && page.contains("Ingen release är publicerad"));
    let (status, page) = ask("/klassificera").await;
    assert!(status == StatusCode::OK && page.contains("inga beslutstabeller"));
}
