//! Publications as bytes and beside each other.

use jiff::civil::date;
use proptest::prelude::*;

use super::*;

fn label(sv: &str, en: &str) -> Label {
    Label {
        sv: sv.to_owned(),
        en: en.to_owned(),
    }
}

fn key(place: &str, sex: &str) -> RowKey {
    RowKey {
        variant: "register".to_owned(),
        year: 2025,
        place: place.to_owned(),
        sex: sex.to_owned(),
        ..RowKey::default()
    }
}

fn rate(numerator: u64, value: f64) -> Numbers {
    Numbers {
        numerator: Some(numerator),
        denominator: Some(1200.5),
        value: Some(value),
        low: Some(value - 1.5),
        high: Some(value + 1.5),
        undecided: Some(3),
        undecided_denominator: Some(0),
        years: 1,
        standing: "above".to_owned(),
        ..Numbers::default()
    }
}

fn withheld() -> Numbers {
    Numbers {
        years: 1,
        marks: vec![SUPPRESSED.to_owned()],
        ..Numbers::default()
    }
}

/// A publication in which everything stands that can stand there.
fn sample() -> Publication {
    let about = About {
        id: "core-03".to_owned(),
        core_number: 3,
        label: label("Oplanerad återinskrivning", "Unplanned readmission"),
        plain: label("Hur många som skrivs in igen.", "How many are admitted again."),
        numerator: label("återinskrivna", "readmitted"),
        denominator: label("utskrivna", "discharged"),
        population: label("65 år och äldre", "65 and older"),
        exclusions: label("döda", "dead"),
        unit: label("procent", "per cent"),
        factor: 100,
        direction: "lower".to_owned(),
        source: "registret".to_owned(),
        feed: "computed".to_owned(),
        interval: "wilson".to_owned(),
        method_version: "1".to_owned(),
        certainty: "stated".to_owned(),
        note: label("12 poster", "12 entries"),
        goals: vec![(
            "continuity".to_owned(),
            label("Kontinuiteten ska öka", "More continuity"),
        )],
        variants: vec![("register".to_owned(), label("ur registret", "from the register"))],
        breakdowns: vec![("form".to_owned(), label("vårdform", "form of care"))],
        breaks: vec![(date(2024, 1, 1), label("ny källa", "a new source"))],
    };
    let names = [
        (
            ("place".to_owned(), "01".to_owned()),
            label("Stockholms län", "Stockholm"),
        ),
        (("sex".to_owned(), "female".to_owned()), label("kvinnor", "women")),
    ];
    let mut preliminary = rate(40, 12.25);
    preliminary.mark("preliminary");
    let grouped = RowKey {
        breakdown: "form".to_owned(),
        group: "inpatient-care".to_owned(),
        month: 11,
        age_group: "65-79".to_owned(),
        ..key("0180", "")
    };
    let count = Numbers {
        count: Some(7),
        numerator: Some(7),
        years: 3,
        ..Numbers::default()
    };
    let rows = [
        (key("", ""), preliminary),
        (key("01", "female"), withheld()),
        (grouped, count),
    ];
    Publication {
        year: 2025,
        min_count: 5,
        indicators: vec![Published {
            about,
            names: names.into_iter().collect(),
            rows: rows.into_iter().collect(),
        }],
    }
}

#[test]
fn stored_bytes_stay_readable_and_the_same() {
    let stored = include_str!("../../tests/data/publication-v1.txt").trim();
    let bytes = sample().sealed().unwrap();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, stored);
    assert_eq!(Publication::decode(&bytes).unwrap(), sample());
    for cut in 0..bytes.len() {
        assert!(Publication::decode(&bytes[..cut]).is_err());
    }
}

#[test]
fn what_is_not_in_its_one_form_is_not_sealed() {
    let changed = |change: fn(&mut Published)| {
        let mut publication = sample();
        change(&mut publication.indicators[0]);
        publication.sealed().is_err()
    };
    assert!(changed(|published| {
        published.rows.insert(key("03", ""), rate(1, f64::NAN));
    }));
    assert!(changed(|published| {
        let twice = vec![SUPPRESSED.to_owned(), SUPPRESSED.to_owned()];
        let numbers = Numbers {
            marks: twice,
            ..Numbers::default()
        };
        published.rows.insert(key("03", ""), numbers);
    }));
    let mut twice = sample();
    twice.indicators.push(twice.indicators[0].clone());
    assert!(twice.sealed().is_err());
    // A text that nothing names makes other bytes of the same figures.
    let bytes = sample().encode();
    let extra = [&bytes[..25], &[bytes[25] + 1, 0], &bytes[26..]].concat();
    assert!(Publication::decode(&extra).is_err());
}

#[test]
fn a_figure_that_became_another_is_marked_and_stays_so() {
    let first = sample();
    let mut same = sample();
    assert_eq!(same.revise(&first), Revision::default());
    assert_eq!(same, first);

    let mut second = sample();
    let rows = &mut second.indicators[0].rows;
    rows.insert(key("", ""), rate(41, 12.5));
    rows.insert(key("03", ""), rate(9, 1.0));
    rows.remove(&key("01", "female"));
    let revision = second.revise(&first);
    assert_eq!(
        revision,
        Revision {
            changed: 1,
            added: 1,
            gone: 1
        }
    );
    let marks = |publication: &Publication, at: &RowKey| publication.indicators[0].rows[at].marks.clone();
    assert_eq!(marks(&second, &key("", "")), [REVISED]);
    assert!(marks(&second, &key("03", "")).is_empty());

    // Published again without a change it is the same, mark and all.
    let mut third = second.clone();
    for numbers in third.indicators[0].rows.values_mut() {
        numbers.marks.retain(|mark| mark != REVISED);
    }
    assert_eq!(third.revise(&second), Revision::default());
    assert_eq!(third, second);
}

#[test]
fn what_was_withheld_stays_withheld_and_that_a_figure_now_is_is_a_change() {
    let first = sample();
    let withheld = |publication: &Publication, at: &RowKey| {
        let numbers = &publication.indicators[0].rows[at];
        numbers.is_marked(SUPPRESSED) && numbers.numerator.is_none() && numbers.value.is_none()
    };
    let female = key("01", "female");
    assert!(withheld(&first, &female));
    let mut shown = sample();
    shown.indicators[0].rows.insert(female.clone(), rate(8, 3.0));
    let before = shown.clone();
    assert_eq!(shown.revise(&first).changed, 0);
    assert!(withheld(&shown, &female));
    let mut hidden = sample();
    assert_eq!(hidden.revise(&before).changed, 1);
    let mut final_ = sample();
    let numbers = final_.indicators[0].rows.get_mut(&key("", "")).unwrap();
    numbers.marks.clear();
    assert_eq!(final_.revise(&first).changed, 0);
}

proptest! {
    #[test]
    fn figures_come_back_from_their_bytes(
        rows in proptest::collection::btree_map("[a-c]{0,2}", (any::<Option<u64>>(), -1e9..1e9_f64), 0..8),
        flip in any::<(usize, u8)>(),
    ) {
        let mut publication = sample();
        for (place, (count, value)) in rows {
            let numbers = Numbers { count, value: Some(value + 0.0), ..Numbers::default() };
            publication.indicators[0].rows.insert(key(&place, "male"), numbers);
        }
        let mut bytes = publication.sealed()?;
        prop_assert_eq!(Publication::decode(&bytes)?, publication);
        // Whatever is read is in its one form.
        let at = flip.0 % bytes.len();
        bytes[at] = flip.1;
        if let Ok(read) = Publication::decode(&bytes) {
            prop_assert_eq!(read.encode(), bytes);
        }
    }
}
