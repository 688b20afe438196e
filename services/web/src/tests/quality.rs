//! Quality from outside: what anybody sees, who is let in, what a reporter sees, and that a token is told to nobody.

use axum::http::Method;

use super::*;
use crate::quality::{Common, Deadline, Found, Month, Owner, RegionCoverage, Reporter, Unit, Waiting};

const TOKEN: &str = "a-known-token";

/// A source that knows one token, or lets everybody in who sits at the machine.
struct Guarded {
    is_open: bool,
}

fn reporter() -> Reporter {
    Reporter {
        id: "region-01".into(),
        name: format!("Region Stockholm{HOSTILE}"),
    }
}

impl Source for Guarded {
    fn overview(&self, year: Option<i16>) -> Overview {
        Fixed.overview(year)
    }

    fn figures(&self, indicator: &str, question: &Question) -> Result<Answered, Refusal> {
        Fixed.figures(indicator, question)
    }

    fn years(&self, indicator: &str, variant: &str) -> Vec<i16> {
        Fixed.years(indicator, variant)
    }

    fn today(&self) -> Date {
        Fixed.today()
    }

    fn releases(&self) -> Vec<Arc<Snapshot>> {
        Fixed.releases()
    }

    fn release_on(&self, date: Date) -> Option<Arc<Snapshot>> {
        Fixed.release_on(date)
    }

    fn under(&self, release: &Snapshot, variants: &[String]) -> Option<Arc<DescriptionSystem>> {
        Fixed.under(release, variants)
    }

    fn signed_in(&self, credential: &Credential) -> Result<SignedIn, Refused> {
        if self.is_open || credential.stated() == Some(TOKEN) {
            return Ok(SignedIn {
                name: "journal-system".into(),
                reporters: vec![reporter()],
                is_open: self.is_open,
            });
        }
        Err(Refused::Unknown)
    }

    fn quality(&self, credential: &Credential, id: &str, until: Option<&str>) -> Result<Quality, Refused> {
        self.signed_in(credential)?;
        match (id, until) {
            ("region-01", None | Some("2026-10")) => {}
            ("region-02", _) => return Err(Refused::NotAllowed),
            _ => return Err(Refused::Missing),
        }
        let hostile = || label(&format!("fel{HOSTILE}"), "wrong");
        let found = Found {
            code: "VN-REG-060".into(),
            records: 12,
            usual: 120,
            unit: "SE2321000016-1".into(),
            message: hostile(),
            remedy: hostile(),
        };
        let month = |period: &str| Month {
            period: period.into(),
            accepted: 1_234,
            held: 5,
            with_findings: 2,
            rejected: 1,
            previous: 1_000,
            last_year: 0,
            units_with_duty: 3,
            units_delivered: 2,
            missing: vec![Unit {
                hsa_id: "SE2321000016-2".into(),
                name: format!("Mottagning{HOSTILE}"),
            }],
            deadlines: vec![Deadline {
                register: "par".into(),
                primary: Some(Date::constant(2026, 11, 15)),
                refresh: None,
            }],
            found: vec![found.clone()],
        };
        Ok(Quality {
            reporter: reporter(),
            months: vec![month("2026-09"), month("2026-10")],
            findings: vec![Common {
                code: "VN-REG-010".into(),
                accepted: 1,
                held: 2,
                rejected: 3,
                message: hostile(),
                remedy: hostile(),
            }],
            waiting: vec![Waiting {
                unit: Unit::default(),
                what: hostile(),
                table: label("vårdnivå", "level"),
                owner: Owner::ReportingUnit,
                records: 5,
                oldest_days: 40,
                remedy: hostile(),
            }],
            held: 5,
            behind: 7,
        })
    }

    fn coverage(&self) -> Arc<Coverage> {
        let region = |code: &str, name: &str, months: &[(u32, u32)]| RegionCoverage {
            code: code.into(),
            name: name.into(),
            months: months.to_vec(),
        };
        Arc::new(Coverage {
            months: vec!["2026-09".into(), "2026-10".into()],
            regions: vec![
                region("01", &format!("Stockholms län{HOSTILE}"), &[(4, 4), (4, 3)]),
                region("25", "Norrbottens län", &[(0, 0), (2, 0)]),
            ],
        })
    }
}

async fn ask(
    is_open: bool,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (StatusCode, HeaderMap, String) {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let response = router(Arc::new(Guarded { is_open }))
        .oneshot(request)
        .await
        .unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert!(!text.contains(TOKEN), "{path}");
    (parts.status, parts.headers, text)
}

#[tokio::test]
async fn anybody_sees_by_region_whether_units_reported_and_nothing_else() {
    let (status, headers, page) = ask(false, Method::GET, "/kvalitet", &[], "").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers[header::CACHE_CONTROL], "private, no-store");
    assert!(
        page.contains("3 av 6") && page.contains("50\u{a0}%"),
        "the country: {page}"
    );
    assert!(page.contains("3 av 4") && page.contains("75\u{a0}%") && page.contains("0 av 2"));
    assert!(page.contains("type=\"password\"") && page.contains("action=\"/kvalitet/inloggning\""));
    assert_escaped("/kvalitet", &page);
    for path in ["/kvalitet/rapportorer", "/kvalitet/rapportorer/region-01"] {
        let (status, _, page) = ask(false, Method::GET, path, &[("cookie", "vardnav-token=other")], "").await;
        assert!(
            status == StatusCode::UNAUTHORIZED && !page.contains("VN-REG"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_token_lets_its_reporters_in_until_it_is_given_up() {
    let form = format!("token={TOKEN}");
    let (status, headers, _) = ask(false, Method::POST, "/kvalitet/inloggning?lang=en", &[], &form).await;
    assert_eq!(
        (status, &headers[header::LOCATION]),
        (
            StatusCode::SEE_OTHER,
            &"/kvalitet/rapportorer?lang=en".parse().unwrap()
        )
    );
    let cookie = headers[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(
        ["HttpOnly", "SameSite=Strict", "Secure", "Path=/kvalitet"]
            .iter()
            .all(|part| cookie.contains(part))
    );
    let kept = cookie.split(';').next().unwrap();
    let (status, _, page) = ask(
        false,
        Method::GET,
        "/kvalitet/rapportorer",
        &[("cookie", kept)],
        "",
    )
    .await;
    assert!(status == StatusCode::OK && page.contains("/kvalitet/rapportorer/region-01"));
    let path = "/kvalitet/rapportorer/region-01";
    let (status, headers, page) = ask(false, Method::GET, path, &[("cookie", kept)], "").await;
    assert_eq!(
        (status, &headers[header::CACHE_CONTROL]),
        (StatusCode::OK, &"private, no-store".parse().unwrap())
    );
    assert_escaped(path, &page);
    for told in [
        "Oktober 2026",
        "1\u{202f}234",
        "+24\u{a0}%",
        "VN-REG-060",
        "brukar vara 120",
        "Mottagning",
        "2026-11-15",
        "VN-REG-010",
        "ni kan ange den",
        "äldst 40",
        "7 poster är inte räknade",
        "journal-system",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    let (status, _, _) = ask(
        false,
        Method::GET,
        "/kvalitet/rapportorer/region-02",
        &[("cookie", kept)],
        "",
    )
    .await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, _, _) = ask(
        false,
        Method::GET,
        "/kvalitet/rapportorer/none",
        &[("cookie", kept)],
        "",
    )
    .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (_, headers, _) = ask(
        false,
        Method::POST,
        "/kvalitet/utloggning",
        &[("cookie", kept)],
        "",
    )
    .await;
    assert!(
        headers[header::SET_COOKIE]
            .to_str()
            .unwrap()
            .contains("Max-Age=0")
    );
}

#[tokio::test]
async fn what_is_not_known_and_what_comes_from_elsewhere_is_let_in_nowhere() {
    let (status, headers, page) = ask(false, Method::POST, "/kvalitet/inloggning", &[], "token=other").await;
    assert!(status == StatusCode::UNAUTHORIZED && !headers.contains_key(header::SET_COOKIE));
    assert!(page.contains("role=\"alert\"") && !page.contains("value=\"other\""));
    let form = format!("token={TOKEN}");
    let afar = [("sec-fetch-site", "cross-site")];
    let (status, headers, _) = ask(false, Method::POST, "/kvalitet/inloggning", &afar, &form).await;
    assert!(status == StatusCode::FORBIDDEN && !headers.contains_key(header::SET_COOKIE));
    let long = "token=".to_owned() + &"x".repeat(5_000);
    let (status, _, _) = ask(false, Method::POST, "/kvalitet/inloggning", &[], &long).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn without_credentials_only_this_machine_by_its_own_name_sees_all() {
    let path = "/kvalitet/rapportorer/region-01";
    let (status, _, page) = ask(true, Method::GET, path, &[("host", "127.0.0.1:8080")], "").await;
    assert!(status == StatusCode::OK && page.contains("har ingen inloggning"));
    let (status, _, _) = ask(true, Method::GET, path, &[("host", "elsewhere.example:8080")], "").await;
    assert_eq!(
        status,
        StatusCode::UNAUTHORIZED,
        "a name that leads here from elsewhere"
    );
}
