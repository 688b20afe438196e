//! Drawings as text: what must be in them, and that no number makes them break.

use super::course::{Course, Line, Point};
use super::dots::{Dot, Dots, Row};
use super::scale::Scale;
use super::tiles::{Tile, shades};
use super::*;

fn plain(number: f64, digits: usize) -> String {
    format!("{number:.digits$}")
}

#[test]
fn round_numbers_lie_inside_and_are_told_apart() {
    for (low, high, ticks, digits) in [
        (0.0, 100.0, vec![0.0, 20.0, 40.0, 60.0, 80.0, 100.0], 0),
        (41.2, 42.9, vec![41.5, 42.0, 42.5], 1),
        (-3.0, 3.0, vec![-2.0, 0.0, 2.0], 0),
    ] {
        let scale = Scale::over([low, high].into_iter(), false, 0.0, 100.0);
        let wanted = if low < 0.0 { 3 } else { 6 };
        let found = scale.ticks(wanted);
        assert!(found.windows(2).all(|pair| pair[0] < pair[1]), "{found:?}");
        assert!(
            found.iter().all(|tick| (0.0..=100.0).contains(&scale.at(*tick))),
            "{found:?}"
        );
        let texts: std::collections::BTreeSet<String> = found
            .iter()
            .map(|tick| plain(*tick, scale.digits(wanted)))
            .collect();
        assert_eq!(texts.len(), found.len(), "{found:?}");
        assert!(
            found.iter().any(|tick| ticks.contains(tick)),
            "{found:?} {ticks:?}"
        );
        assert_eq!(scale.digits(wanted), digits);
    }
}

#[test]
fn a_scale_of_anything_is_finite() {
    let odd = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        0.0,
        -0.0,
        1e-300,
        1e300,
        5.0,
    ];
    for a in odd {
        for b in odd {
            for zero in [false, true] {
                let scale = Scale::over([a, b].into_iter(), zero, 0.0, 100.0);
                assert!(scale.ticks(5).len() <= 25);
                for value in [a, b].into_iter().filter(|value| value.is_finite()) {
                    assert!((-3.0..=103.0).contains(&scale.at(value)), "{a} {b} {value}");
                }
            }
        }
    }
}

fn dots() -> Dots {
    let row = |name: &str, value: Option<f64>| Row {
        name: name.to_owned(),
        dots: value
            .map(|value| Dot {
                value,
                interval: Some((value - 2.0, value + 2.0)),
                tone: Tone::First,
            })
            .into_iter()
            .collect(),
        text: value.map_or("..".to_owned(), |value| plain(value, 1)),
        strong: false,
    };
    Dots {
        rows: vec![
            row("North <b>", Some(51.0)),
            row("South", Some(44.5)),
            row("West", None),
        ],
        reference: Some((48.0, "the country 48".to_owned())),
        unit: "per cent".to_owned(),
        number: plain,
        key: Vec::new(),
    }
}

#[test]
fn every_row_has_its_name_its_dot_its_interval_and_its_value() {
    for width in [340.0, 720.0] {
        let drawing = dots().draw(width);
        let text = drawing.inside.into_string();
        assert_eq!(text.matches("<circle").count(), 2, "{text}");
        assert_eq!(text.matches("class=\"interval").count(), 2);
        assert_eq!(text.matches("class=\"reference\"").count(), 1);
        for told in [
            "North &lt;b&gt;",
            "51.0",
            "44.5",
            "..",
            "the country 48",
            "per cent",
        ] {
            assert!(text.contains(told), "{told}: {text}");
        }
        assert!(!text.contains("NaN") && !text.contains("inf"));
    }
}

#[test]
fn dots_lie_in_the_order_of_their_values() {
    let text = dots().draw(720.0).inside.into_string();
    let places: Vec<f64> = text
        .split("cx=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().parse().unwrap())
        .collect();
    assert!(places[0] > places[1], "{places:?}");
}

#[test]
fn a_course_is_not_joined_over_a_gap_or_a_break() {
    let point = |value| {
        Some(Point {
            value,
            interval: None,
            open: false,
        })
    };
    let course = |breaks: Vec<(usize, String)>| Course {
        periods: ["2021", "2022", "2023", "2024", "2025"]
            .map(str::to_owned)
            .to_vec(),
        lines: vec![Line {
            name: "country".to_owned(),
            points: vec![point(1.0), point(2.0), None, point(3.0), point(4.0)],
            tone: Tone::First,
        }],
        breaks,
        unit: String::new(),
        number: plain,
    };
    let moves = |course: &Course| {
        let text = course.draw(600.0).inside.into_string();
        let path = text
            .split("class=\"path first\" d=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap()
            .to_owned();
        (path.matches('M').count(), path.matches('L').count())
    };
    assert_eq!(moves(&course(Vec::new())), (2, 2));
    assert_eq!(moves(&course(vec![(4, "new method".to_owned())])), (3, 1));
}

#[test]
fn names_of_periods_are_left_out_where_there_is_no_room() {
    let course = Course {
        periods: (1..=12).map(|month| format!("month-{month}")).collect(),
        lines: vec![Line {
            name: String::new(),
            points: vec![
                Some(Point {
                    value: 1.0,
                    interval: None,
                    open: false
                });
                12
            ],
            tone: Tone::First,
        }],
        breaks: Vec::new(),
        unit: String::new(),
        number: plain,
    };
    let named = |width: f64| course.draw(width).inside.into_string().matches("month-").count();
    assert_eq!((named(330.0), named(1_200.0)), (4, 12));
}

#[test]
fn shades_follow_the_values_and_nothing_has_none() {
    assert_eq!(shades(&[Some(0.0), Some(10.0), None, Some(5.0)]), [1, 5, 0, 3]);
    assert_eq!(shades(&[Some(7.0), Some(7.0)]), [3, 3]);
    assert_eq!(shades(&[None]), [0]);
}

#[test]
fn every_region_has_a_place_of_its_own_on_the_map() {
    let tiles: Vec<Tile> = (1..=25)
        .map(|region| Tile {
            region,
            name: format!("r{region}"),
            ..Tile::default()
        })
        .collect();
    let text = tiles::draw(&tiles, 400.0).inside.into_string();
    let places: Vec<&str> = text
        .split("<rect")
        .skip(1)
        .map(|rest| rest.split("width").next().unwrap())
        .collect();
    let different: std::collections::BTreeSet<&&str> = places.iter().collect();
    assert_eq!((places.len(), different.len()), (21, 21));
}

#[test]
fn a_file_is_one_document_that_needs_nothing_else() {
    let told = Told {
        title: "Medical assessment <in> time".to_owned(),
        subtitle: "share of those who asked".to_owned(),
        source: vec!["Source & date".to_owned()],
        language: "en",
    };
    let file = svg_file(&dots().draw(720.0), &told);
    assert!(file.starts_with("<?xml") && file.trim_end().ends_with("</svg>"));
    assert!(file.contains("xmlns=\"http://www.w3.org/2000/svg\"") && file.contains("Source &amp; date"));
    assert!(
        !file.contains("var(") && !file.contains("href"),
        "no names of the pages' colours are left"
    );
}
