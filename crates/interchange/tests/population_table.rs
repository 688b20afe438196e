//! Population tables: what a good one answers, and where a bad one is wrong.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use jiff::civil::date;
use vardnav_indicators::population::{Area, PopulationTable};
use vardnav_interchange::population_table::{PROBLEMS_MAX, ROWS_MAX, read};
use vardnav_register::record::Sex;

const HEADER: &str = "date,area,sex,age,count\n";

fn table(rows: &str) -> PopulationTable {
    read(format!("{HEADER}{rows}").as_bytes(), "test").unwrap()
}

/// Line, column and code of each problem.
fn wrong(rows: &str) -> Vec<(u64, &'static str, &'static str)> {
    let problems = read(format!("{HEADER}{rows}").as_bytes(), "test").unwrap_err();
    problems
        .into_iter()
        .map(|problem| (problem.line, problem.column, problem.code))
        .collect()
}

#[test]
fn ages_are_had_in_the_bands_that_the_table_holds() {
    let table = table(
        "2025-12-31,0980,female,0-4,100\n2025-12-31,0980,female,5,20\n2025-12-31,0980,female,6+,3000\n\
         2025-12-31,0980,male,0-5,130\n2025-12-31,0980,male,6+,2900\n2025-12-31,00,male,0+,5000000\n",
    );
    assert_eq!((table.date(), table.source()), (date(2025, 12, 31), "test"));
    let gotland = Area::parse("0980").unwrap();
    assert_eq!(table.areas(), [Area::Country, gotland]);
    let count = |sex, ages| table.count(gotland, sex, &ages);
    assert_eq!(count(Some(Sex::Female), 0..6), Some(120));
    assert_eq!(count(Some(Sex::Female), 0..150), Some(3_120));
    assert_eq!(count(Some(Sex::Female), 6..u16::MAX), Some(3_000));
    assert_eq!(count(None, 0..6), Some(250));
    // Not in its bands, not held for a sex, not held at all.
    assert_eq!(count(Some(Sex::Female), 0..4), None);
    assert_eq!(count(None, 0..5), None);
    assert_eq!(count(None, 5..6), None);
    assert_eq!(table.count(Area::Country, None, &(0..150)), None);
    assert_eq!(
        table.count(Area::Country, Some(Sex::Male), &(0..150)),
        Some(5_000_000)
    );
    assert_eq!(table.count(Area::Region(9), None, &(0..150)), None);
    assert_eq!(table.count_of(&[gotland], None, &(0..6)), Some(250));
    assert_eq!(table.count_of(&[gotland, Area::Region(1)], None, &(0..6)), None);
}

#[test]
fn areas_are_written_as_they_are_read() {
    for code in ["00", "01", "09", "25", "0114", "0980", "2584"] {
        assert_eq!(Area::parse(code).unwrap().to_string(), code);
    }
    for code in ["", "0", "9", "980", "0000", "0100", "0x80", "09800", " 09"] {
        assert_eq!(Area::parse(code), None, "{code}");
    }
}

#[test]
fn what_is_wrong_is_told_by_line_and_column() {
    let good = "2025-12-31,0980,female,0-4,100\n";
    for (rows, at) in [
        ("2025-12-32,0980,female,0-4,100\n", (2, "date", "VN-PTB-003")),
        ("31/12/2025,0980,female,0-4,100\n", (2, "date", "VN-PTB-003")),
        ("2025-12-31,980,female,0-4,100\n", (2, "area", "VN-PTB-004")),
        ("2025-12-31,0980,kvinna,0-4,100\n", (2, "sex", "VN-PTB-005")),
        ("2025-12-31,0980,female,4-0,100\n", (2, "age", "VN-PTB-006")),
        ("2025-12-31,0980,female,0 år,100\n", (2, "age", "VN-PTB-006")),
        ("2025-12-31,0980,female,150,100\n", (2, "age", "VN-PTB-006")),
        ("2025-12-31,0980,female,0-4,\n", (2, "count", "VN-PTB-007")),
        ("2025-12-31,0980,female,0-4,-1\n", (2, "count", "VN-PTB-007")),
        ("2025-12-31,0980,female,0-4,1 000\n", (2, "count", "VN-PTB-007")),
        ("2025-12-31,0980,female,0-4\n", (2, "", "VN-PTB-002")),
        ("2025-12-31,0980,fem\u{1}ale,0-4,1,\n", (2, "", "VN-PTB-002")),
    ] {
        assert_eq!(wrong(rows), [at], "{rows}");
        let (_, column, code) = at;
        assert_eq!(wrong(&format!("{good}{rows}")), [(3, column, code)], "{rows}");
    }
    for second in [
        "2025-12-31,0980,female,0-4,1\n",
        "2025-12-31,0980,female,4-9,1\n",
        "2025-12-31,0980,female,0+,1\n",
    ] {
        assert_eq!(
            wrong(&format!("{good}{second}")),
            [(3, "", "VN-PTB-008")],
            "{second}"
        );
    }
    assert_eq!(
        wrong(&format!("{good}2024-12-31,0980,male,0-4,1\n")),
        [(3, "date", "VN-PTB-003")]
    );
    assert_eq!(
        wrong("x,x,x,x,x\n"),
        [
            (2, "date", "VN-PTB-003"),
            (2, "area", "VN-PTB-004"),
            (2, "sex", "VN-PTB-005"),
            (2, "age", "VN-PTB-006"),
            (2, "count", "VN-PTB-007"),
        ]
    );
}

#[test]
fn a_table_without_columns_or_rows_or_end_is_refused() {
    let code = |bytes: &[u8]| read(bytes, "test").unwrap_err()[0].code;
    assert_eq!(code(b""), "VN-PTB-001");
    assert_eq!(code(b"area,date,sex,age,count\n"), "VN-PTB-001");
    assert_eq!(code(HEADER.as_bytes()), "VN-PTB-009");
    assert_eq!(
        code(&[HEADER.as_bytes(), b"2025-12-31,0980,\xff,1,1\n"].concat()),
        "VN-PTB-002"
    );
    let many = "2025-12-31,0980,female,0-4,1\n".repeat(PROBLEMS_MAX + 10);
    assert_eq!(wrong(&many).len(), PROBLEMS_MAX);
    let rows = (0..=ROWS_MAX).map(|n| {
        let (kommun, age) = (n / 140, n % 140);
        let area = (kommun / 99 + 1) * 100 + kommun % 99 + 1;
        format!("2025-12-31,{area:04},female,{age},1\n")
    });
    let found = wrong(&rows.collect::<String>());
    assert!(found.contains(&(0, "", "VN-PTB-009")), "{:?}", found.first());
}

#[test]
fn a_byte_order_mark_and_line_ends_of_windows_do_not_matter() {
    let text = format!("\u{feff}{HEADER}2025-12-31,00,female,0+,7\n").replace('\n', "\r\n");
    let table = read(text.as_bytes(), "test").unwrap();
    assert_eq!(table.count(Area::Country, Some(Sex::Female), &(0..150)), Some(7));
}
