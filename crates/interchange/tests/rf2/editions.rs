//! Several editions from one release of type Full.

use jiff::civil::date;
use vardnav_interchange::codesystem::{ImportFinding, ImportSeverity};
use vardnav_interchange::content::{self, Editions, rf2};
use vardnav_terminology::model::{CodeSystem, ConceptStatus};

use super::{BAD_HEART, MODULE, SET, Texts, codes, files, only, small};

/// The small edition as a release of type Full, with rows of former and later dates.
fn small_full() -> Texts {
    let mut texts: Texts = small()
        .into_iter()
        .map(|(path, text)| (path.replace("Snapshot", "Full"), text))
        .collect();
    let mut add = |part: &str, rows: &[&str]| {
        let (_, text) = texts.iter_mut().find(|(path, _)| path.contains(part)).unwrap();
        for row in rows {
            text.push_str(&row.replace(' ', "\t"));
            text.push_str("\r\n");
        }
    };
    add(
        "sct2_Concept_Full_INT",
        &[
            "49999999102 20100131 1 900000000000207008 900000000000074008",
            "89999999106 20240301 1 900000000000207008 900000000000074008",
        ],
    );
    add(
        "ModuleDependency",
        &[
            "00000000-0000-4000-8000-000000000191 20241130 1 69999999101 900000000000534007 900000000000207008 20241130 20240301",
            "00000000-0000-4000-8000-000000000192 20241130 1 69999999101 900000000000534007 900000000000012004 20241130 20240101",
        ],
    );
    texts
}

fn any_error(findings: &[ImportFinding]) -> bool {
    findings
        .iter()
        .any(|finding| finding.severity == ImportSeverity::Error)
}

fn read_all(texts: &Texts, editions: &Editions) -> (Vec<CodeSystem>, Vec<ImportFinding>) {
    let mut all = Vec::new();
    let contents = content::read_editions(&files(texts), editions, &|_| {}, &mut |read| {
        all.push(read.content)
    });
    assert!(contents.code_systems.is_empty());
    (all, contents.findings)
}

#[test]
fn a_full_release_holds_the_editions_that_its_modules_published() {
    let core = "http://snomed.info/sct/900000000000207008/version";
    let own = format!("http://snomed.info/sct/{MODULE}/version");
    let (all, findings) = read_all(&small_full(), &Editions::All);
    assert!(!any_error(&findings), "{findings:?}");
    let versions: Vec<&str> = all.iter().map(|edition| edition.version.as_str()).collect();
    let expected = [
        format!("{core}/20020131"),
        format!("{core}/20100131"),
        format!("{core}/20110731"),
        format!("{core}/20180731"),
        format!("{core}/20210731"),
        format!("{core}/20240101"),
        format!("{own}/20240531"),
        format!("{own}/20241130"),
    ];
    assert_eq!(versions, expected);
    let status = |edition: usize, code: &str| {
        let mut concepts = all[edition].concepts.iter();
        concepts
            .find(|concept| concept.code == code)
            .map(|concept| concept.status)
    };
    assert_eq!(status(0, BAD_HEART), None);
    assert_eq!(status(1, BAD_HEART), Some(ConceptStatus::Active));
    assert_eq!(status(3, BAD_HEART), Some(ConceptStatus::Inactive));
    assert_eq!(
        (status(5, SET), status(6, SET)),
        (None, Some(ConceptStatus::Active))
    );
    assert_eq!(
        (status(6, "89999999106"), status(7, "89999999106")),
        (None, Some(ConceptStatus::Active)),
        "a module is as the edition depends on it, not as it was on the day"
    );
    for edition in all {
        let read = content::read_version(&files(&small_full()), &edition.url, &edition.version);
        assert!(read.unwrap() == edition, "{}", edition.version);
    }
    let unknown = content::read_version(&files(&small_full()), rf2::URL, &format!("{own}/20240601"));
    assert!(unknown.is_err());
}

#[test]
fn editions_are_asked_for_by_date() {
    let versions = |dates: &[jiff::civil::Date]| {
        let (all, findings) = read_all(&small_full(), &Editions::AsOf(dates.to_vec()));
        let dates = all
            .iter()
            .map(|edition| edition.version.rsplit('/').next().unwrap().to_owned());
        (dates.collect::<Vec<_>>(), any_error(&findings))
    };
    let found = |dates: &[&str]| (dates.iter().map(|date| (*date).to_owned()).collect(), false);
    assert_eq!(versions(&[date(2024, 5, 30)]), found(&["20240101"]));
    assert_eq!(versions(&[date(2024, 5, 31)]), found(&["20240531"]));
    let several = [
        date(2027, 1, 1),
        date(2024, 6, 1),
        date(2024, 7, 1),
        date(2012, 1, 1),
    ];
    assert_eq!(versions(&several), found(&["20110731", "20240531", "20241130"]));
    assert_eq!(versions(&[date(2001, 1, 1)]), (vec![], true));
    let (none, findings) = read_all(&small(), &Editions::All);
    assert!(none.is_empty() && codes(&findings).iter().all(|code| *code == "VN-IMP-118"));
    let (none, findings) = read_all(&Texts::new(), &Editions::All);
    assert!(none.is_empty() && codes(&findings) == ["VN-IMP-118"]);
    let newest = only(content::read(&files(&small_full())));
    assert!(read_all(&small_full(), &Editions::AsOf(vec![date(2027, 1, 1)])).0 == [newest]);
}
