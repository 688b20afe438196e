//! Pages of figures from outside: what stands on them, and that files hold the same.

use vardnav_indicators::answer::{FigureRow, Mark, Question};
use vardnav_indicators::lattice::Place;
use vardnav_indicators::query::{AgeGroup, Dimension, SexGroup};
use vardnav_indicators::statistics::funnel::Standing;
use vardnav_register::record::Sex;

use super::*;

/// Rows of a made-up answer: values follow from what is asked, so that a test knows them.
pub(super) fn rows(question: &Question, variant: &str) -> Vec<FigureRow> {
    let by = |dimension| question.by.contains(&dimension);
    let kommun = question.place.and_then(vardnav_indicators::Residence::kommun);
    let region = question.place.and_then(vardnav_indicators::Residence::region);
    let places = match (kommun, region) {
        _ if by(Dimension::Region) => (1..=25).map(Place::Region).collect(),
        (None, Some(region)) if by(Dimension::Kommun) => {
            let first = u16::from(region) * 100;
            (first + 80..first + 90).map(Place::Kommun).collect()
        }
        (Some(kommun), _) => vec![Place::Kommun(kommun)],
        (None, Some(region)) => vec![Place::Region(region)],
        (None, None) => vec![Place::Country],
    };
    let sexes = if by(Dimension::Sex) {
        vec![SexGroup::Only(Sex::Female), SexGroup::Only(Sex::Male)]
    } else {
        vec![SexGroup::All]
    };
    let ages = if by(Dimension::AgeGroup) {
        vec![AgeGroup::Group("a".into()), AgeGroup::Group("b".into())]
    } else {
        vec![AgeGroup::All]
    };
    let months = question.months();
    let mut rows = Vec::new();
    for place in &places {
        for sex in &sexes {
            for age in &ages {
                for month in &months {
                    let row = FigureRow {
                        place: *place,
                        sex: *sex,
                        age: age.clone(),
                        month: *month,
                        group: question
                            .breakdown
                            .as_ref()
                            .map_or(String::new(), |_| "g".to_owned()),
                        ..FigureRow::of(variant, question.year)
                    };
                    rows.push(with_value(row, f64::from(question.year) - 1_975.0));
                }
            }
        }
    }
    rows
}

fn with_value(row: FigureRow, of_year: f64) -> FigureRow {
    if row.place == Place::Region(1) {
        return FigureRow {
            marks: [Mark::Suppressed].into(),
            ..row
        };
    }
    let value = match row.place {
        Place::Region(code) => of_year + f64::from(code) / 4.0,
        _ => of_year,
    };
    FigureRow {
        value: Some(value),
        low: Some(value - 0.25),
        high: Some(value + 0.25),
        numerator: Some(1_234),
        denominator: Some(2_468.0),
        standing: (row.place == Place::Region(3)).then_some(Standing::NotToldApart),
        ..row
    }
}

#[tokio::test]
async fn the_start_page_tells_how_it_is_going() {
    let (status, _, page) = get("/").await;
    assert_eq!(status, StatusCode::OK);
    for indicator in &RELEASE.indicators.indicators {
        assert!(
            page.contains(&format!("href=\"/indikatorer/{}\"", indicator.id)),
            "{}",
            indicator.id
        );
    }
    // Percent, a comma, and a difference that is told with its direction.
    assert!(page.contains("51,0\u{a0}%"), "{page}");
    assert!(
        page.contains("Upp 1,0 sedan 2025, bättre") && page.contains("Upp 1,0 sedan 2025, sämre"),
        "{page}"
    );
    assert!(
        page.contains("ännu inga uppgifter"),
        "an indicator without figures says so"
    );
    assert!(page.contains("<datalist") && page.contains("action=\"/plats\""));
    assert_eq!(page.matches("<h1").count(), 1);
}

#[tokio::test]
async fn a_series_is_not_held_against_what_was_before_its_break() {
    let (_, _, page) = get("/indikatorer/core-07").await;
    let one = RELEASE.indicators.indicator("core-07").unwrap();
    assert!(!one.breaks.is_empty());
    assert!(page.contains("id=\"tid\""), "{page}");
}

#[tokio::test]
async fn every_region_has_its_row_and_what_is_withheld_is_said() {
    let (_, _, page) = get("/indikatorer/core-02?year=2025").await;
    for part in [
        "id=\"regioner\"",
        "id=\"karta\"",
        "id=\"kon-alder\"",
        "id=\"tid\"",
        "id=\"manader\"",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(page.contains("<details id=\"regioner-table\">") && page.contains("visas inte"));
    assert!(page.contains("Ring: går inte att skilja från landet"));
    assert!(
        page.contains("50,0\u{a0}%") && page.contains("56,2\u{a0}%"),
        "the country and the last region"
    );
    assert!(page.contains("1\u{202f}234"));
}

#[tokio::test]
async fn files_hold_the_rows_of_the_figure() {
    let (status, headers, csv) = get("/indikatorer/core-02/regioner.csv?year=2025&variant=assessed").await;
    assert_eq!(
        (status, &headers[header::CONTENT_TYPE]),
        (StatusCode::OK, &"text/csv; charset=utf-8".parse().unwrap())
    );
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 1 + 1 + 25, "{csv}");
    let columns = lines[0].split(',').count();
    assert!(lines[0].starts_with("indicator,variant,release,derivation,method_version,place,place_name"));
    assert!(
        lines[1].starts_with("core-02,assessed,2026.1,as-reported,"),
        "{}",
        lines[1]
    );
    assert!(
        lines
            .iter()
            .any(|line| line.ends_with(",suppressed") && line.contains(",,,,,,,")),
        "{csv}"
    );
    assert!(
        lines
            .iter()
            .skip(1)
            .all(|line| line.contains('"') || line.split(',').count() == columns)
    );

    let (_, _, json) = get("/indikatorer/core-02/regioner.json?year=2025&variant=assessed").await;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["rows"].as_array().unwrap().len(), 26);
    assert_eq!(json["rows"][0]["value"], 50.0);
    assert!(json["citation"].as_str().unwrap().contains("2026-11-23"));

    let (_, headers, svg) = get("/indikatorer/core-02/regioner.svg?year=2025").await;
    assert_eq!(headers[header::CONTENT_TYPE], "image/svg+xml");
    assert!(svg.starts_with("<?xml") && !svg.contains("var(--"));
    assert_escaped("svg", &svg);
    let png = router(Arc::new(Fixed)).oneshot(
        Request::get("/indikatorer/core-02/karta.png")
            .body(Body::empty())
            .unwrap(),
    );
    let png = to_bytes(png.await.unwrap().into_body(), usize::MAX)
        .await
        .unwrap();
    assert!(png.starts_with(b"\x89PNG") && png.len() > 5_000, "{}", png.len());
    for path in [
        "/indikatorer/core-02/none.csv",
        "/indikatorer/core-02/regioner.xml",
        "/indikatorer/none/tid.csv",
    ] {
        assert_eq!(get(path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_kommun_stands_beside_its_region_and_the_country() {
    let (status, _, page) = get("/kommun/0180").await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        page.contains("Hela landet") && page.contains("visas inte"),
        "its region is withheld"
    );
    assert_eq!(
        page.matches("<tr").count(),
        1 + RELEASE.indicators.indicators.len()
    );
    let (_, _, csv) = get("/kommun/0180.csv").await;
    assert!(
        csv.lines()
            .any(|line| line.starts_with("core-02,") && line.contains(",0180,")),
        "{csv}"
    );
    for path in [
        "/kommun/9999",
        "/kommun/180",
        "/kommun/x",
        "/region/99",
        "/kommun/0180.svg",
        "/region/1",
    ] {
        assert_eq!(get(path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn what_is_typed_leads_to_its_place_or_to_those_it_may_be() {
    let (_, _, page) = get("/kommun/0180").await;
    let name = page
        .split("<h1>")
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap()
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&");
    for typed in [name.to_lowercase(), "0180".to_owned()] {
        let (status, headers, _) =
            get(&format!("/plats?q={}&lang=en", crate::address::segment(&typed))).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{typed}");
        assert_eq!(headers[header::LOCATION], "/kommun/0180?lang=en");
    }
    let (status, _, page) = get("/plats?q=stad").await;
    assert!(
        status == StatusCode::OK && page.matches("href=\"/kommun/").count() > 1,
        "{page}"
    );
    let (_, _, page) = get("/plats?q=%3Csvg%20onload%3E").await;
    assert!(page.contains("heter så"));
    assert_escaped("/plats", &page);
}

#[tokio::test]
async fn two_regions_stand_beside_each_other() {
    let (status, _, page) = get("/jamfor?a=03&b=12").await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        page.contains("51,8\u{a0}%") && page.contains("54,0\u{a0}%"),
        "{page}"
    );
    let (_, _, csv) = get("/jamfor.csv?a=03&b=12").await;
    assert!(csv.contains(",03,") && csv.contains(",12,"));
    assert_eq!(get("/jamfor").await.0, StatusCode::OK);
}
