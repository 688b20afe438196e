//! The page from outside.

use axum::body::{Body, to_bytes};
use axum::http::Request;
use tower::ServiceExt as _;

use super::*;

struct Fixed;

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
        String::from_utf8(bytes.to_vec()).unwrap(),
    )
}

#[tokio::test]
async fn the_start_page_is_swedish_and_tells_what_is_withheld() {
    let (status, headers, page) = get("/").await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap()
            .starts_with("default-src 'none'")
    );
    assert!(
        page.contains("<html lang=\"sv\">") && !page.contains("<script"),
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
    let (_, _, page) = get("/?lang=en&year=2027").await;
    assert!(page.contains("<html lang=\"en\">") && page.contains("withheld") && page.contains("Region &lt;"));
    assert!(
        page.contains("aria-current=\"page\">2027") && page.contains("/?year=2026&amp;lang=en"),
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
