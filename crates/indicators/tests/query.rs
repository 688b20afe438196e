//! Questions and answers over a small cube.

use jiff::civil::date;
use vardnav_classification::model::{Grain, Label};
use vardnav_indicators::cube::{Cell, Cube, Residence};
use vardnav_indicators::definition::Disclosure;
use vardnav_indicators::query::{
    Answer, Dimension, Figure, Period, Published, Query, QueryError, SexGroup, answer,
};
use vardnav_indicators::{Frame, Place};
use vardnav_register::record::Sex;

fn cube() -> Cube {
    let mut cube = Cube::default();
    let mut add = |value: &str, kommun: Option<&str>, sex, month, count| {
        let residence = kommun.and_then(Residence::parse).unwrap_or(Residence::UNKNOWN);
        let cell = Cell {
            table: "groups".into(),
            value: value.into(),
            grain: Grain::Contact,
            year: 2026,
            month,
            residence,
            sex,
            age_from: Some(80),
        };
        cube.set(&cell, count);
    };
    for month in 1..=12 {
        add("mobile-care", Some("0180"), Some(Sex::Female), month, 40);
        add("mobile-care", Some("0180"), Some(Sex::Male), month, 30);
        add("mobile-care", Some("1290"), Some(Sex::Female), month, 9);
    }
    add("mobile-care", Some("1280"), Some(Sex::Male), 3, 2);
    add("mobile-care", None, Some(Sex::Male), 3, 8);
    cube
}

fn ask(change: impl FnOnce(&mut Query)) -> Result<Answer, QueryError> {
    let cube = cube();
    let frame = Frame {
        kommuner: [180, 188, 1280, 1290].into(),
        ages: vec![
            (0, "0-17".into()),
            (18, "18-64".into()),
            (65, "65-79".into()),
            (80, "80-plus".into()),
        ],
    };
    let mut query = Query {
        table: "groups".into(),
        grain: Grain::Contact,
        values: vec!["mobile-care".into()],
        by: Vec::new(),
        regions: Vec::new(),
        kommuner: Vec::new(),
        sexes: Vec::new(),
        ages: Vec::new(),
        period: Period::Year(2026),
    };
    change(&mut query);
    let values = ["mobile-care".to_owned(), "remote-care".to_owned()];
    answer(
        &query,
        &values,
        |slice| {
            Box::new(Published::new(
                &cube,
                slice,
                frame.clone(),
                &Disclosure::default(),
            ))
        },
        "2026.1",
        Label::default(),
    )
}

fn figures(answer: &Answer) -> Vec<(Place, Figure)> {
    answer.rows.iter().map(|row| (row.place, row.figure)).collect()
}

#[test]
fn totals_and_regions() {
    assert_eq!(
        figures(&ask(|_| {}).unwrap()),
        [(Place::Country, Figure::Count(70 * 12 + 9 * 12 + 10))]
    );
    let regions = ask(|query| query.by = vec![Dimension::Region]).unwrap();
    assert_eq!(
        figures(&regions),
        [
            (Place::Region(1), Figure::Count(840)),
            (Place::Region(12), Figure::Count(110)),
            (Place::Unknown, Figure::Count(8)),
        ]
    );
    assert_eq!(regions.release, "2026.1");
}

#[test]
fn a_small_kommun_and_the_one_that_covers_it_are_marked() {
    let skane = ask(|query| {
        query.by = vec![Dimension::Kommun];
        query.regions = vec![12];
    });
    assert_eq!(
        figures(&skane.unwrap()),
        [
            (Place::Kommun(1280), Figure::Suppressed),
            (Place::Kommun(1290), Figure::Suppressed)
        ]
    );
}

#[test]
fn a_group_without_any_count_answers_zeros() {
    let all = ask(|query| query.values = Vec::new()).unwrap();
    let zero = all.rows.iter().find(|row| row.value == "remote-care").unwrap();
    assert_eq!(zero.figure, Figure::Count(0));
}

#[test]
fn filters_pick_cells_and_never_add_them_up() {
    let women = ask(|query| {
        query.sexes = vec![Sex::Female];
        query.kommuner = vec![180];
        query.period = Period::Month(2026, 2);
    });
    let row = &women.unwrap().rows[0];
    assert_eq!(
        (row.sex, row.month, row.figure),
        (SexGroup::Only(Sex::Female), Some(2), Figure::Count(40))
    );
    assert_eq!(
        ask(|query| query.regions = vec![1, 12]),
        Err(QueryError::NotBrokenDown("region"))
    );
    assert_eq!(
        ask(|query| query.kommuner = vec![180, 188]),
        Err(QueryError::NotBrokenDown("kommun"))
    );
    assert_eq!(
        ask(|query| query.kommuner = vec![1917]),
        Err(QueryError::Unknown("kommun"))
    );
    assert_eq!(
        ask(|query| query.ages = vec!["65-".into()]),
        Err(QueryError::Unknown("age group"))
    );
    assert_eq!(
        ask(|query| query.values = vec!["x".into()]).map(drop),
        Err(QueryError::Unknown("value of the counted table"))
    );
}

#[test]
fn only_calendar_months_and_years_are_periods() {
    assert_eq!(
        Period::between(date(2026, 1, 1), date(2027, 1, 1)),
        Ok(Period::Year(2026))
    );
    assert_eq!(
        Period::between(date(2026, 2, 1), date(2026, 3, 1)),
        Ok(Period::Month(2026, 2))
    );
    for (from, until) in [
        (date(2026, 1, 1), date(2026, 3, 1)),
        (date(2026, 1, 2), date(2026, 2, 2)),
        (date(2026, 2, 1), date(2027, 2, 1)),
        (date(2026, 3, 1), date(2026, 2, 1)),
    ] {
        assert_eq!(
            Period::between(from, until),
            Err(QueryError::NotACalendarPeriod),
            "{from} {until}"
        );
    }
}
