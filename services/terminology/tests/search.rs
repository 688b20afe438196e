//! Searches and validations as they are asked for: pages, sets, languages.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it fails"
)]

mod support;

use tonic::{Code, Request};
use vardnav_api::vardnav::terminology::v1 as pb;
use vardnav_api::vardnav::terminology::v1::terminology_service_server::TerminologyService as _;
use vardnav_interchange::codesystem::{ICD_10_SE, KMA};
use vardnav_service_terminology::kept::Spool;

use crate::support::{DIGIT4, MAP, caller, files, service};

#[tokio::test]
async fn a_search_is_paged_and_takes_no_other_token() {
    let (_, service) = service().await;
    service
        .import(&caller(), files(DIGIT4), false, None)
        .await
        .unwrap();
    let search = |token: &str| {
        Request::new(pb::SearchRequest {
            text: "hjart".to_owned(),
            page_size: 1,
            page_token: token.to_owned(),
            ..Default::default()
        })
    };
    let (mut codes, mut token) = (Vec::new(), String::new());
    loop {
        let answer = service.search(search(&token)).await.unwrap().into_inner();
        codes.extend(answer.hits.into_iter().map(|hit| hit.code));
        token = answer.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(codes, ["AA001", "I30-I52", "I50", "I509"]);
    assert_eq!(
        service.search(search("-1")).await.unwrap_err().code(),
        Code::InvalidArgument
    );
    let given = service
        .search(search(""))
        .await
        .unwrap()
        .into_inner()
        .next_page_token;
    let parts: Vec<&str> = given.split('.').collect();
    for forged in [
        "1".to_owned(),
        format!("{}.{}.{}", usize::MAX, parts[1], parts[2]),
        format!("1000.{}.{}", parts[1], parts[2]),
        format!("1.{}.0", parts[1]),
    ] {
        let error = service.search(search(&forged)).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument, "{forged}");
    }
    let other = Request::new(pb::SearchRequest {
        text: "prov".to_owned(),
        page_token: given.clone(),
        ..Default::default()
    });
    let error = service.search(other).await.unwrap_err();
    assert!(error.message().contains("another question"), "{error}");
    // What is imported meanwhile moves the pages.
    let mut spool = Spool::default();
    spool.push("map.json", MAP.as_bytes()).unwrap();
    service
        .import(&caller(), spool.finish(), false, None)
        .await
        .unwrap();
    let error = service.search(search(&given)).await.unwrap_err();
    assert_eq!(error.code(), Code::Aborted);
}

#[tokio::test]
async fn a_search_tells_that_there_are_more_hits_than_can_be_paged_to() {
    let (_, service) = service().await;
    let concept = |number: usize| format!(r#"{{"code":"c{number}","display":"svikt {number}"}}"#);
    let system = |url: &str, count: usize| {
        let concepts: Vec<String> = (0..count).map(concept).collect();
        format!(
            r#"{{"resourceType":"CodeSystem","url":"{url}","version":"1","status":"active","content":"complete",
            "concept":[{}]}}"#,
            concepts.join(",")
        )
    };
    let mut spool = Spool::default();
    spool
        .push("many.json", system("urn:many", 1001).as_bytes())
        .unwrap();
    spool
        .push("few.json", system("urn:few", 1000).as_bytes())
        .unwrap();
    service
        .import(&caller(), spool.finish(), false, None)
        .await
        .unwrap();
    for (url, code) in [("urn:many", Some("VN-TERM-030")), ("urn:few", None)] {
        let (mut hits, mut token, mut pages) = (0, String::new(), 0);
        loop {
            let request = pb::SearchRequest {
                text: "svikt".to_owned(),
                systems: vec![url.to_owned()],
                page_size: 90,
                page_token: token,
                ..Default::default()
            };
            let answer = service.search(Request::new(request)).await.unwrap().into_inner();
            hits += answer.hits.len();
            pages += 1;
            token = answer.next_page_token;
            if token.is_empty() {
                let told = answer.findings.first().map(|finding| finding.code.as_str());
                assert_eq!(told, code, "{url}");
                break;
            }
            assert_eq!(answer.findings, []);
        }
        assert_eq!((hits, pages), (1000, 12), "{url}");
    }
}

#[tokio::test]
async fn a_validation_shows_the_term_in_the_language_wished_for() {
    let (_, service) = service().await;
    let system = r#"{"resourceType":"CodeSystem","url":"urn:s","version":"1","status":"active","content":"complete",
        "language":"sv","concept":[{"code":"1","display":"hjärtsvikt",
        "designation":[{"language":"en","value":"heart failure"}]}]}"#;
    let mut spool = Spool::default();
    spool.push("system.json", system.as_bytes()).unwrap();
    service
        .import(&caller(), spool.finish(), false, None)
        .await
        .unwrap();
    let validate = |language: &str| {
        let request = pb::ValidateCodeRequest {
            system: "urn:s".to_owned(),
            code: "1".to_owned(),
            language: language.to_owned(),
            ..Default::default()
        };
        let service = service.clone();
        async move { service.validate_code(Request::new(request)).await }
    };
    for (language, right) in [
        ("", "hjärtsvikt"),
        ("en", "heart failure"),
        ("fi, en;q=0.5", "heart failure"),
        ("fi", "hjärtsvikt"),
    ] {
        let answer = validate(language).await.unwrap().into_inner();
        assert_eq!(answer.display, right, "{language}");
    }
    let error = validate("s v").await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn an_expression_holds_a_search_to_one_code_system() {
    let (_, service) = service().await;
    service
        .import(&caller(), files(DIGIT4), false, None)
        .await
        .unwrap();
    let search = |ecl: &str, systems: &[&str]| {
        let request = pb::SearchRequest {
            text: "hjärt".to_owned(),
            ecl: ecl.to_owned(),
            systems: systems.iter().map(|&system| system.to_owned()).collect(),
            ..Default::default()
        };
        let service = service.clone();
        async move { service.search(Request::new(request)).await }
    };
    let hits = search("*", &[KMA]).await.unwrap().into_inner().hits;
    assert_eq!(hits.len(), 1);
    let error = search("*", &[KMA, ICD_10_SE]).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert!(error.message().contains("one code system"), "{error}");
    let error = search("<< I50", &[ICD_10_SE]).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert!(error.message().contains("numbers"), "{error}");
}
