//! Uploads: where a bad file is wrong, by line and column, and that the same content is kept as the same bytes.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test"
)]

use std::sync::{Arc, LazyLock};

use jiff::civil::{Date, date};
use proptest::prelude::*;
use vardnav_indicators::population::Area;
use vardnav_indicators::series::{Amount, Mark, Period, PointKey};
use vardnav_interchange::release::{self, starter};
use vardnav_interchange::units;
use vardnav_interchange::upload::{self, Against, Content, PROBLEMS_MAX, Problem};
use vardnav_release::entry::{AuthorityEntry, Change, Reporter};
use vardnav_release::{AuthorityState, Snapshot};

static RELEASE: LazyLock<Arc<Snapshot>> = LazyLock::new(|| {
    let package = starter::package().unwrap();
    Arc::new(release::compile(&package, &[]).unwrap())
});

/// A reporter with a ward of hospital beds, and another's.
static STATE: LazyLock<AuthorityState> = LazyLock::new(|| {
    let mut state = AuthorityState::default();
    let mut apply = |change| {
        let entry = AuthorityEntry {
            caller: "anna".to_owned(),
            at: 1,
            change,
        };
        state.apply(&entry).unwrap();
    };
    for id in ["region-01", "region-12"] {
        apply(Change::ReporterPut(Reporter {
            id: id.to_owned(),
            name: id.to_owned(),
            provider: "2321000016".to_owned(),
        }));
        let line = format!(
            r#"{{"hsa_id":"SE2321000016-{id}","versions":[{{"from":"2026-02-01","closed":"2026-09-29","name":"Ward","kind":"hospital-ward","provider":"2321000016","reporters":["{id}"],"beds":{{"hospital":20,"home-place":4}}}}]}}"#
        );
        let unit = units::read_line(&line).unwrap();
        for version in unit.versions {
            apply(Change::UnitPut {
                hsa_id: unit.hsa_id.clone(),
                version: Box::new(version),
            });
        }
    }
    state
});

const TODAY: Date = date(2026, 11, 23);

fn read(kind: &str, file: &str) -> Result<Content, Vec<Problem>> {
    let against = Against {
        today: TODAY,
        release: &RELEASE,
        on: &|date| (date >= RELEASE.from).then(|| Arc::clone(&RELEASE)),
        state: &STATE,
    };
    upload::kind(kind).unwrap().read(file.as_bytes(), &against)
}

fn good(kind: &str, file: &str) -> (Content, String) {
    let content = read(kind, file).unwrap();
    let text = String::from_utf8(content.bytes.clone()).unwrap();
    (content, text)
}

/// Line, column and code of each problem.
fn wrong(kind: &str, file: &str) -> Vec<(u64, &'static str, &'static str)> {
    let mut problems = read(kind, file).unwrap_err();
    problems.sort();
    let place = |problem: Problem| (problem.line, problem.column, problem.code);
    problems.into_iter().map(place).collect()
}

const POPULATION: &str = "date,area,sex,age,count\n";

#[test]
fn a_population_table_has_one_form() {
    let (content, kept) = good(
        "population",
        &format!(
            "\u{feff}{POPULATION}2025-12-31, 0980 ,male,0+,9\r\n2025-12-31,0980,female,5+,7\n2025-12-31,00,male,0+,90\n2025-12-31,0980,female,0-0,1\n2025-12-31,0980,female,1-4,2\n"
        ),
    );
    assert_eq!(
        (content.id.as_str(), content.date, content.rows),
        ("2025-12-31", date(2025, 12, 31), 5)
    );
    // These bytes are stored: they change only as a new form beside this one.
    let form = "date,area,sex,age,count\n2025-12-31,00,male,0+,90\n2025-12-31,0980,female,0,1\n\
                2025-12-31,0980,female,1-4,2\n2025-12-31,0980,female,5+,7\n2025-12-31,0980,male,0+,9\n";
    assert_eq!(kept, form);
    assert_eq!(read("population", &kept).unwrap(), content);
    let table = upload::population::decode(&content.bytes, "SCB").unwrap();
    assert_eq!(table.count(Area::Kommun(980), None, &(0..150)), Some(19));
    assert_eq!(table.source(), "SCB");
}

#[test]
fn a_population_that_cannot_be_is_told_where() {
    let rows = |rows: &str| wrong("population", &format!("{POPULATION}{rows}"));
    assert_eq!(
        rows("2025-12-31,0980,male,0+,9\n2025-12-31,0990,male,0+,9\n2025-12-31,26,male,0+,9\n"),
        [(3, "area", "VN-UPL-005"), (4, "area", "VN-UPL-005")]
    );
    assert_eq!(rows("2026-12-31,0980,male,0+,9\n"), [(0, "date", "VN-UPL-004")]);
    // More in the kommun than in its region, of one sex.
    assert_eq!(
        rows(
            "2025-12-31,0980,male,0+,9\n2025-12-31,0980,female,0+,9\n2025-12-31,09,male,0+,8\n2025-12-31,09,female,0+,9\n"
        ),
        [(4, "count", "VN-UPL-010")]
    );
    assert_eq!(rows("2025-12-31,0980,male,0+,x\n"), [(2, "count", "VN-PTB-007")]);
}

const SERIES: &str = "indicator,variant,period,place,sex,age_group,value,low,high,denominator,mark\n";

#[test]
fn a_series_has_one_form() {
    let (content, kept) = good(
        "series",
        &format!(
            "{SERIES}core-01,survey,2025-10-15,01,,,61.50,58,65,900,\ncore-01,survey,2025-10-15,00,female,65-79,60,,,,preliminary\ncore-01,survey,2024-10-15,00,,,,,,,suppressed\n"
        ),
    );
    assert_eq!(
        (content.id.as_str(), content.date, content.rows),
        ("core-01/survey", date(2025, 10, 15), 3)
    );
    // These bytes are stored: they change only as a new form beside this one.
    let form = "indicator,variant,period,place,sex,age_group,breakdown,breakdown_value,value,low,high,numerator,\
                denominator,mark,method_version,break\n\
                core-01,survey,2024-10-15,00,,,,,,,,,,suppressed,,\n\
                core-01,survey,2025-10-15,00,female,65-79,,,60,,,,,preliminary,,\n\
                core-01,survey,2025-10-15,01,,,,,61.5,58,65,,900,,,\n";
    assert_eq!(kept, form);
    assert_eq!(read("series", &kept).unwrap(), content);
    let series = upload::series::decode(&content.bytes).unwrap();
    let key = PointKey::of(Period::Survey(date(2025, 10, 15)), Area::Region(1));
    let point = series.point(&key).unwrap();
    assert_eq!(point.value.map(Amount::to_f64), Some(61.5));
    assert_eq!(point.denominator, Some(900));
    let marks: Vec<_> = series.points().map(|(_, point)| point.mark).collect();
    assert_eq!(marks, [Some(Mark::Suppressed), Some(Mark::Preliminary), None]);
    assert_eq!(series.last_day(), Some(date(2025, 10, 15)));
}

#[test]
fn a_series_that_does_not_fit_the_release_is_told_by_line_and_column() {
    for (row, at) in [
        (
            "core-99,survey,2025-10-15,00,,,61,,,,",
            ("indicator", "VN-UPL-020"),
        ),
        (
            "core 01,survey,2025-10-15,00,,,61,,,,",
            ("indicator", "VN-UPL-008"),
        ),
        (
            "core-01,national,2025-10-15,00,,,61,,,,",
            ("variant", "VN-UPL-021"),
        ),
        ("core-02,assessed,2025-10,00,,,61,,,,", ("variant", "VN-UPL-021")),
        ("core-01,survey,2025-10,00,,,61,,,,", ("period", "VN-UPL-004")),
        ("core-01,survey,2025-13-15,00,,,61,,,,", ("period", "VN-UPL-004")),
        ("core-01,survey,2026-11-24,00,,,61,,,,", ("period", "VN-UPL-004")),
        ("core-09,national,2025-10,00,,,61,,,,", ("period", "VN-UPL-004")),
        ("core-01,survey,2025-10-15,1,,,61,,,,", ("place", "VN-UPL-005")),
        ("core-01,survey,2025-10-15,26,,,61,,,,", ("place", "VN-UPL-005")),
        ("core-01,survey,2025-10-15,0980,,,61,,,,", ("place", "VN-UPL-022")),
        ("core-01,survey,2025-10-15,00,f,,61,,,,", ("sex", "VN-UPL-023")),
        (
            "core-01,survey,2025-10-15,00,,65-70,61,,,,",
            ("age_group", "VN-UPL-023"),
        ),
        (
            "core-05,survey,2025-10-15,00,,65-79,61,,,,",
            ("age_group", "VN-UPL-022"),
        ),
        ("core-12,national,2025-10,00,male,,6,,,,", ("sex", "VN-UPL-022")),
        (
            "core-01,survey,2025-10-15,00,,,\"61,5\",,,,",
            ("value", "VN-UPL-007"),
        ),
        (
            "core-01,survey,2025-10-15,00,,,61,,,1.5,",
            ("denominator", "VN-UPL-007"),
        ),
        ("core-01,survey,2025-10-15,00,,,,,,,", ("value", "VN-UPL-024")),
        (
            "core-01,survey,2025-10-15,00,,,61,,,,missing",
            ("value", "VN-UPL-024"),
        ),
        ("core-01,survey,2025-10-15,00,,,61,60,,,", ("low", "VN-UPL-025")),
        ("core-01,survey,2025-10-15,00,,,61,62,63,,", ("low", "VN-UPL-025")),
        (
            "core-01,survey,2025-10-15,00,,,61,59,60,,",
            ("high", "VN-UPL-025"),
        ),
        (
            "core-01,survey,2025-10-15,00,,,100.1,,,,",
            ("value", "VN-UPL-026"),
        ),
        ("core-01,survey,2025-10-15,00,,,-1,,,,", ("value", "VN-UPL-026")),
        ("core-01,survey,2025-10-15,00,,,61,,,0,", ("value", "VN-UPL-026")),
        ("core-01,survey,2025-10-15,00,,,61,,,,x", ("mark", "VN-UPL-023")),
    ] {
        let (column, code) = at;
        assert_eq!(
            wrong("series", &format!("{SERIES}{row}\n")),
            [(2, column, code)],
            "{row}"
        );
    }
    // Rates per inhabitant and beds may be above their factor, and no share is.
    let rate = "core-09,national,2025,00,,,120000,,,,\n";
    assert!(read("series", &format!("{SERIES}{rate}")).is_ok());
    let counted = "indicator,variant,period,place,value,numerator,denominator\n";
    let part = |row| wrong("series", &format!("{counted}{row}\n"));
    assert_eq!(
        part("core-11,national,2025,00,50,9,8"),
        [(2, "numerator", "VN-UPL-026")]
    );
    assert_eq!(
        part("core-11,national,2025,00,50,9,"),
        [(2, "denominator", "VN-UPL-026")]
    );
}

#[test]
fn rows_of_the_same_and_of_others_are_told_where() {
    let first = "core-01,survey,2025-10-15,00,,,61,,,,\n";
    let after = |rows: &str| wrong("series", &format!("{SERIES}{first}{rows}"));
    assert_eq!(after(first), [(3, "", "VN-UPL-006")]);
    assert_eq!(
        after("core-04,survey,2025-10-15,00,,,61,,,,\n"),
        [(3, "indicator", "VN-UPL-008")]
    );
    assert_eq!(after("core-01,survey,2025-10-15\n"), [(3, "", "VN-UPL-002")]);
    assert_eq!(
        after("core-01,survey,x,y,z,,61,,,,\ncore-01,survey,2024-10-15,00,,,6 1,,,,\n"),
        [
            (3, "period", "VN-UPL-004"),
            (3, "place", "VN-UPL-005"),
            (3, "sex", "VN-UPL-023"),
            (4, "value", "VN-UPL-007")
        ]
    );
    let many = first.repeat(PROBLEMS_MAX + 10);
    assert_eq!(after(&many).len(), PROBLEMS_MAX);
}

#[test]
fn columns_are_named_in_any_order_and_no_others() {
    let (kept, _) = good(
        "series",
        &format!("{SERIES}core-01,survey,2025-10-15,00,,,61,,,,\n"),
    );
    let (other, _) = good(
        "series",
        "value,place,period,variant,indicator\n61,00,2025-10-15,survey,core-01\n",
    );
    assert_eq!(kept, other);
    let head = |head: &str| wrong("series", &format!("{head}\n"));
    assert_eq!(
        head("indicator,variant,period,place"),
        [(1, "value", "VN-UPL-001")]
    );
    assert_eq!(
        head("indicator,variant,period,place,value,value"),
        [(1, "value", "VN-UPL-001")]
    );
    assert_eq!(
        head("indicator,variant,period,place,value,name"),
        [(1, "", "VN-UPL-001")]
    );
    assert_eq!(wrong("series", ""), [(1, "", "VN-UPL-001")]);
    assert_eq!(
        head("indicator,variant,period,place,value"),
        [(0, "", "VN-UPL-003")]
    );
}

const GROUPS: &str = "grouping,from,kommun,group,name_sv\n";

/// Every kommun in one of two groups.
fn grouped() -> String {
    let against = Against {
        today: TODAY,
        release: &RELEASE,
        on: &|_| None,
        state: &AuthorityState::default(),
    };
    let kommuner = against.kommuner(date(2023, 1, 1));
    assert_eq!(kommuner.len(), 290);
    let row = |kommun: &u16| match kommun % 2 {
        0 => format!("skr-2023,2023-01-01,{kommun:04},a,Små\n"),
        _ => format!("skr-2023,2023-01-01,{kommun:04},b,Stora\n"),
    };
    kommuner.iter().map(row).collect()
}

#[test]
fn groups_hold_every_kommun_once() {
    let rows = grouped();
    let (content, kept) = good("kommun-groups", &format!("{GROUPS}{rows}"));
    assert_eq!((content.id.as_str(), content.rows), ("skr-2023/2023-01-01", 290));
    assert!(
        kept.starts_with("grouping,from,kommun,group,name_sv,name_en\nskr-2023,2023-01-01,0114,a,Små,\n")
    );
    let groups = upload::groups::decode(&content.bytes).unwrap();
    assert_eq!(
        groups.groups().map(|(code, _)| code).collect::<Vec<_>>(),
        ["a", "b"]
    );
    assert_eq!(groups.group_of(980), Some("a"));
    assert_eq!(
        groups.kommuner_of("a").count() + groups.kommuner_of("b").count(),
        290
    );

    let with = |more: &str| wrong("kommun-groups", &format!("{GROUPS}{rows}{more}\n"));
    assert_eq!(
        with("skr-2023,2023-01-01,0980,b,Stora"),
        [(292, "kommun", "VN-UPL-006")]
    );
    assert_eq!(
        with("skr-2023,2023-01-01,0981,b,Stor"),
        [(292, "kommun", "VN-UPL-005"), (292, "name_sv", "VN-UPL-032")]
    );
    assert_eq!(
        with("skr-2023,2023-01-02,09,b,Stora"),
        [(292, "kommun", "VN-UPL-005")]
    );
    let without = rows.replacen("skr-2023,2023-01-01,0114,a,Små\n", "", 1);
    assert_eq!(
        wrong("kommun-groups", &format!("{GROUPS}{without}")),
        [(0, "kommun", "VN-UPL-031")]
    );
    let other = rows.replace("skr-2023", "skr-1999");
    assert_eq!(
        wrong("kommun-groups", &format!("{GROUPS}{other}")),
        [(2, "grouping", "VN-UPL-030")]
    );
    let named = rows.replace("Små", "191212121212");
    assert!(wrong("kommun-groups", &format!("{GROUPS}{named}")).contains(&(2, "name_sv", "VN-UPL-009")));
}

proptest! {
    #[test]
    fn amounts_come_back_from_their_text(millionths in -1_000_000_000_000i64..1_000_000_000_000) {
        let amount = Amount::from_millionths(millionths);
        prop_assert_eq!(Amount::parse(&amount.to_string()), Some(amount));
        let text = amount.to_string();
        prop_assert!(!text.contains('.') || !text.ends_with('0'), "{}", text);
    }

    #[test]
    fn what_is_no_amount_is_none(text in "[-+0-9.e ]{0,9}") {
        if let Some(amount) = Amount::parse(&text) {
            prop_assert_eq!(Some(amount.to_f64()), text.parse::<f64>().ok());
        }
    }

    #[test]
    fn any_bytes_are_answered_and_what_is_taken_is_kept_in_its_one_form(
        kind in 0usize..3,
        rows in proptest::collection::vec("(core-01,survey,202[0-5]-0[1-9]-1[0-9],0[0-3],(male)?,,[0-9]{0,3}(\\.[0-9]{1,2})?,,,[0-9]{0,2},(missing)?|.{0,20})", 0..4),
    ) {
        let file = format!("{SERIES}{}\n", rows.join("\n"));
        if let Ok(content) = read(upload::KINDS[kind].name(), &file) {
            let kept = String::from_utf8(content.bytes.clone()).unwrap();
            prop_assert_eq!(read("series", &kept), Ok(content));
        }
    }
}

const BED_DAYS: &str = "reporter,date,unit,kind,available,occupied,overcrowded,outliers\n";

#[test]
fn bed_days_have_one_form() {
    let file = "date,unit,kind,reporter,available,occupied,outliers\n\
                2026-09-02,SE2321000016-region-01,hospital,region-01,20,19,2\n\
                2026-09-01,SE2321000016-region-01,home-place,region-01,4,4,\n";
    let (content, kept) = good("bed-days", file);
    assert_eq!(
        (content.id.as_str(), content.date, content.rows),
        ("region-01/2026-09", date(2026, 9, 1), 2)
    );
    // These bytes are stored: they change only as a new form beside this one.
    let form = format!(
        "{BED_DAYS}region-01,2026-09-01,SE2321000016-region-01,home-place,4,4,0,0\n\
         region-01,2026-09-02,SE2321000016-region-01,hospital,20,19,0,2\n"
    );
    assert_eq!(kept, form);
    assert_eq!(read("bed-days", &kept).unwrap(), content);
    assert_eq!(upload::bed_days::decode(&content.bytes).unwrap().len(), 2);
    assert_eq!(
        upload::kind("bed-days").unwrap().reporter(&content.id),
        Some("region-01")
    );
}

#[test]
fn bed_days_that_cannot_be_are_told_where() {
    let rows = |rows: &str| wrong("bed-days", &format!("{BED_DAYS}{rows}"));
    let own = "SE2321000016-region-01";
    assert_eq!(
        rows(&format!(
            "region-01,2026-09-01,{own},hospital,20,21,0,0\n\
             region-01,2026-09-01,{own},hospital,20,20,0,0\n\
             region-01,2026-09-29,{own},hospital,20,20,0,0\n\
             region-01,2026-08-30,{own},hospital,20,20,0,0\n\
             region-01,2026-09-02,{own},hammock,20,20,0,0\n\
             region-01,2026-09-02,SE2321000016-region-12,hospital,20,20,0,0\n\
             region-01,2026-09-02,SE2321000016-nowhere,hospital,20,20,0,0\n"
        )),
        [
            (2, "occupied", "VN-UPL-051"),
            (3, "", "VN-UPL-006"),
            (4, "date", "VN-UPL-042"),
            (5, "date", "VN-UPL-040"),
            (6, "kind", "VN-UPL-050"),
            (7, "unit", "VN-UPL-041"),
            (8, "unit", "VN-UPL-041"),
        ]
    );
    assert_eq!(
        rows(&format!(
            "region-01,2027-01-01,{own},hospital,-1,x,,\nregion-12,2026-09-01,{own},hospital,1,1,,\n"
        )),
        [
            (2, "available", "VN-UPL-007"),
            (2, "date", "VN-UPL-004"),
            (2, "occupied", "VN-UPL-007"),
            (3, "reporter", "VN-UPL-008"),
        ]
    );
    assert_eq!(rows(""), [(0, "", "VN-UPL-003")]);
}

#[test]
fn listings_have_one_form_and_are_told_where_they_cannot_be() {
    let head = "reporter,date,unit,listed,specialists,in_training\n";
    let own = "SE2321000016-region-01";
    let (content, kept) = good(
        "listings",
        &format!("{head}region-01,2026-09-01,{own},9000,6.5,2\n"),
    );
    // These bytes are stored: they change only as a new form beside this one.
    assert_eq!(kept, format!("{head}region-01,2026-09-01,{own},9000,6.50,2.00\n"));
    assert_eq!(read("listings", &kept).unwrap(), content);
    assert_eq!(
        upload::listings::decode(&content.bytes).unwrap()[0].specialists,
        650
    );
    assert_eq!(
        wrong(
            "listings",
            &format!(
                "{head}region-01,2026-09-01,{own},9000,6.505,2\n\
                 region-01,2026-09-01,{own},,6,1.\n\
                 region-01,2026-01-31,{own},9000,6,1\n"
            )
        ),
        [
            (2, "specialists", "VN-UPL-007"),
            (3, "in_training", "VN-UPL-007"),
            (3, "listed", "VN-UPL-007"),
            (4, "date", "VN-UPL-040"),
            (4, "date", "VN-UPL-042"),
        ]
    );
}
