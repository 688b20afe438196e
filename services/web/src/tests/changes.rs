//! What changed, what is out for comments, and what is coming, from outside.

use vardnav_classification::model::Outcome;
use vardnav_release::authority::{KeptComment, Mark, Resolved, Round};
use vardnav_release::diff;
use vardnav_release::entry::{Base, Body as Asked, Comment, Proposal, Resolution, Subject};
use vardnav_release::source::ReleaseSource;

use super::*;

/// The starter release and one that follows it, in source form: a term is another, and one rule gives another value.
static SOURCES: LazyLock<[ReleaseSource; 2]> = LazyLock::new(|| {
    let old = release::parse(&starter::package().unwrap()).source.unwrap();
    let mut new = old.clone();
    new.head.id = "2027.1".into();
    new.head.title = label("Nästa release", "The next release");
    new.head.from = Date::constant(2027, 1, 1);
    for system in &mut new.code_systems {
        system.version = "2027.1".into();
        for concept in &mut system.concepts {
            if concept.code == "hospital-care-at-home" {
                let definition = concept.definitions.first_mut().unwrap();
                definition.text = format!("{} nytt{HOSTILE}", definition.text);
            }
        }
    }
    let tables = &mut new.description.tables;
    let groups = tables.iter_mut().find(|table| table.id == "care-level").unwrap();
    let rule = groups.rules.iter_mut().find(|rule| rule.id == "L20").unwrap();
    rule.outcome = Outcome::Value("specialised".into());
    [old, new]
});

static RELEASES: LazyLock<[Arc<Snapshot>; 2]> = LazyLock::new(|| {
    let compile = |source: &ReleaseSource, digest: u8| {
        let snapshot = Snapshot::compile(source.clone(), [digest; 32], &[]);
        Arc::new(snapshot.unwrap_or_else(|findings| panic!("{findings:#?}")))
    };
    [compile(&SOURCES[0], 1), compile(&SOURCES[1], 2)]
});

/// Two releases, or one and the other as a draft.
struct Following {
    published: usize,
}

impl Source for Following {
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
        RELEASES.iter().take(self.published).cloned().collect()
    }

    fn release_on(&self, date: Date) -> Option<Arc<Snapshot>> {
        let fits = |release: &&Arc<Snapshot>| release.from <= date;
        RELEASES.iter().take(self.published).rev().find(fits).cloned()
    }

    fn under(&self, release: &Snapshot, _: &[String]) -> Option<Arc<DescriptionSystem>> {
        Some(Arc::clone(&release.description))
    }

    fn referrals(&self) -> Vec<Draft> {
        if self.published == 2 {
            return Vec::new();
        }
        vec![draft()]
    }

    fn differences(&self, old: Digest, new: Digest) -> Option<Arc<Vec<Change>>> {
        let of = |digest: Digest| SOURCES.get(usize::from(digest[0]).checked_sub(1)?);
        Some(Arc::new(diff::diff(of(old)?, of(new)?)))
    }

    fn proposed(&self, content: Digest) -> Option<Arc<Snapshot>> {
        RELEASES.iter().find(|release| release.digest == content).cloned()
    }
}

fn draft() -> Draft {
    let mark = Mark {
        by: "somebody.by.name".into(),
        at: 0,
    };
    let body = Asked {
        id: "region-01".into(),
        name: format!("Region Stockholm{HOSTILE}"),
    };
    let comment = |number: u32, kind: &str, name: &str| Comment {
        number,
        round: 1,
        body: "region-01".into(),
        subject: Subject {
            kind: kind.into(),
            name: name.into(),
        },
        text: format!("Synpunkt {number}{HOSTILE}"),
    };
    let answer = Resolved {
        resolution: Resolution::Partly,
        text: "Delvis ändrat.".into(),
        mark: mark.clone(),
    };
    let kept = |comment: Comment, resolved| KeptComment {
        comment,
        mark: mark.clone(),
        resolved,
    };
    Draft {
        id: "next".into(),
        proposal: Proposal {
            release: "2027.1".into(),
            title: label("Nästa release", "The next release"),
            from: Date::constant(2027, 1, 1),
            digest: [3; 32],
        },
        authors: ["an.author".to_owned()].into(),
        put_at: 0,
        base: Some(Base {
            release: "2026.1".into(),
            digest: [1; 32],
        }),
        check: None,
        submission: None,
        approval: None,
        publication: None,
        rounds: vec![Round {
            number: 1,
            digest: [2; 32],
            opened: Date::constant(2026, 11, 1),
            until: Date::constant(2026, 12, 15),
            bodies: vec![body],
            closed: None,
            mark: mark.clone(),
        }],
        comments: vec![
            kept(comment(1, "table", "care-level"), Some(answer)),
            kept(comment(2, "", ""), None),
        ],
        trail: Vec::new(),
    }
}

async fn ask(published: usize, path: &str) -> (StatusCode, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = router(Arc::new(Following { published }))
        .oneshot(request)
        .await
        .unwrap();
    let status = response.status();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn what_changed_is_told_with_what_was_and_what_is() {
    let (status, page) = ask(2, "/andringar").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("Nytt i release 2027.1") && page.contains("Ändringar sedan 2026.1"));
    assert!(
        page.contains("<ins>nytt&lt;script&gt;") && !page.contains("<script>alert"),
        "{page}"
    );
    assert!(page.contains("/begrepp/near-care-terms/hospital-care-at-home?release=2027.1"));
    assert!(page.contains("/beslutstabeller/care-level?release=2027.1#L20"));
    assert!(
        page.contains("<del>primary</del> <ins>specialised</ins>"),
        "{page}"
    );
    for link in links(&page) {
        assert_eq!(ask(2, &link).await.0, StatusCode::OK, "{link}");
    }
    let (_, back) = ask(2, "/andringar?from=2027.1&release=2026.1&lang=en").await;
    assert!(
        back.contains("<del>specialised</del> <ins>primary</ins>") && back.contains("Changes since 2027.1")
    );
    let (_, same) = ask(2, "/andringar?from=2027.1").await;
    assert!(same.contains("Inget skiljer dem åt"));
    for path in [
        "/andringar?release=none",
        "/andringar?from=none",
        "/remisser/next",
    ] {
        assert_eq!(ask(2, path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn the_first_release_is_told_by_what_it_holds_and_none_by_words() {
    let (_, page) = ask(1, "/andringar").await;
    assert!(page.contains("Den första releasen") && page.contains("beslutstabeller"));
    assert!(page.contains("På remiss") && page.contains("/remisser/next"));
    let (status, page) = ask(0, "/andringar").await;
    assert!(status == StatusCode::OK && page.contains("inget att jämföra"));
}

#[tokio::test]
async fn a_draft_out_for_comments_is_told_with_them_and_without_the_names_of_persons() {
    let (status, page) = ask(1, "/remisser/next").await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        page.contains("på remiss till och med <time>2026-12-15</time>"),
        "{page}"
    );
    assert!(page.contains("Synpunkt 1&lt;script&gt;") && page.contains("delvis tillgodosedd"));
    assert!(page.contains("väntar på svar") && page.contains("Utkastet i sin helhet"));
    assert!(page.contains("<del>primary</del> <ins>specialised</ins>"));
    assert!(page.contains("har ändrats sedan remissen öppnades"));
    assert!(
        !page.contains("somebody.by.name") && !page.contains("an.author") && !page.contains("<script>alert")
    );
    for link in links(&page) {
        assert_eq!(ask(1, &link).await.0, StatusCode::OK, "{link}");
    }
    assert_eq!(ask(1, "/remisser/none").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_case_is_told_under_what_is_coming() {
    let case = "/klassificera?of=contact&f.level=primary&f.origin=hospital&f.contact-mode=in-person";
    for (published, link) in [(2, "release=2027.1&amp;date=2027-01-01"), (1, "/remisser/next")] {
        let (status, page) = ask(published, case).await;
        assert_eq!(status, StatusCode::OK);
        let (_, coming) = page.split_once("id=\"coming\"").unwrap();
        let (coming, _) = coming.split_once("</section>").unwrap();
        assert!(coming.contains(link), "{coming}");
        assert!(
            coming.contains("<strong>specialiserad vård</strong>") || coming.contains("specialis"),
            "{coming}"
        );
        assert_eq!(coming.contains("på remiss"), published == 1);
    }
    let (_, page) = ask(2, "/klassificera?of=contact&f.origin=municipal").await;
    assert!(page.contains("Ger samma svar."));
    let (_, page) = ask(2, "/klassificera?of=contact&date=2027-03-01").await;
    assert!(!page.contains("id=\"coming\""), "nothing comes after the last");
}
