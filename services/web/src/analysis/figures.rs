//! The figures of one indicator: what an address asks for, and the panels that answer it. A page and its files are made
//! from the same panels.

use std::collections::BTreeMap;

use vardnav_classification::model::Label;
use vardnav_indicators::Place;
use vardnav_indicators::answer::{Answered, FigureRow, Question};
use vardnav_indicators::definition::{Breakdown, BrokenDownBy, Direction, Indicator, Variant};
use vardnav_indicators::query::{AgeGroup, Dimension, SexGroup};
use vardnav_indicators::statistics::funnel::Standing;
use vardnav_register::record::Sex;

use super::board::{Board, is_whole, limits, value};
use super::panel::{Drawn, Panel, period};
use crate::address::Language;
use crate::chart::Tone;
use crate::chart::course::{self, Course};
use crate::chart::dots::{Dot, Dots, Row};
use crate::chart::tiles::{Tile, shades};
use crate::typography::{capital, decimal, month};

/// Most rows in a drawing; the table and the files have all.
const DRAWN_MAX: usize = 80;

/// What an address asks for of an indicator.
pub(crate) struct Asked<'i> {
    pub(crate) indicator: &'i Indicator,
    /// The way of counting, and the years that it has.
    pub(crate) variant: &'i Variant,
    pub(crate) years: Vec<i16>,
    /// The year shown.
    pub(crate) year: i16,
    /// The region whose kommuner are shown.
    pub(crate) region: Option<u8>,
    /// The further breakdown that is chosen.
    pub(crate) by: Option<String>,
}

impl<'i> Asked<'i> {
    /// What the address of a page asks for; what it does not name, or names wrongly, is chosen. `None` for an indicator
    /// without a way of counting.
    pub(crate) fn of(board: &Board<'_>, indicator: &'i Indicator) -> Option<Self> {
        let address = board.address;
        let named = address
            .value("variant")
            .and_then(|id| indicator.variants.iter().find(|known| known.id == id));
        let (variant, years) = match named {
            Some(variant) => (variant, board.years(indicator, variant)),
            None => board.shown(indicator)?,
        };
        let newest = years.last().copied().unwrap_or(board.today.year());
        let year = address
            .year()
            .filter(|year| years.contains(year))
            .unwrap_or(newest);
        let region = address.value("region").and_then(|code| code.parse().ok());
        let by = address
            .value("by")
            .filter(|id| further(board, indicator).iter().any(|known| known.id == *id));
        Some(Self {
            indicator,
            variant,
            years,
            year,
            region: region.filter(|code| board.regions().contains_key(code)),
            by: by.map(str::to_owned),
        })
    }

    /// The parameters that a link to the same must have.
    pub(crate) fn parameters(&self) -> Vec<(&'static str, String)> {
        let mut told = vec![
            ("variant", self.variant.id.clone()),
            ("year", self.year.to_string()),
        ];
        told.extend(self.region.map(|code| ("region", format!("{code:02}"))));
        told.extend(self.by.clone().map(|id| ("by", id)));
        told
    }
}

/// The breakdowns that may be chosen: those beside place, sex, age and month.
pub(crate) fn further<'b>(board: &'b Board<'_>, indicator: &Indicator) -> Vec<&'b Breakdown> {
    let definitions = &board.release.indicators;
    let is_further = |by: &BrokenDownBy| match by {
        BrokenDownBy::Axis(axis) => !board.is_of_age(axis),
        BrokenDownBy::KommunGroup(_)
        | BrokenDownBy::Table(_)
        | BrokenDownBy::TableBefore(_)
        | BrokenDownBy::UnitKind => true,
        BrokenDownBy::Region
        | BrokenDownBy::Kommun
        | BrokenDownBy::Sex
        | BrokenDownBy::Month
        | BrokenDownBy::NotAvailable(_) => false,
    };
    indicator
        .breakdowns
        .iter()
        .filter_map(|id| definitions.breakdown(id))
        .filter(|known| is_further(&known.by))
        .collect()
}

/// All panels of what is asked for, in the order of the page.
pub(crate) fn panels(board: &Board<'_>, asked: &Asked<'_>) -> Vec<Panel> {
    let mut panels: Vec<Panel> = Vec::new();
    let country = board.ask(
        asked.indicator,
        &board.question(asked.variant, Place::Country, asked.year),
    );
    panels.extend(over_time(board, asked));
    panels.extend(months(board, asked));
    if let Some(country) = &country {
        let whole = country.rows.iter().find(|row| is_whole(row, Place::Country));
        if let Some(whole) = whole {
            let regions = by_region(board, asked, whole);
            panels.extend(regions);
            panels.extend(
                asked
                    .region
                    .and_then(|region| kommuner(board, asked, whole, region)),
            );
            panels.extend(persons(board, asked, whole));
        }
        let mut broken: Vec<&str> = asked.indicator.side_by_side.iter().map(String::as_str).collect();
        broken.extend(
            asked
                .by
                .as_deref()
                .filter(|id| !asked.indicator.side_by_side.iter().any(|known| known == id)),
        );
        panels.extend(
            broken
                .into_iter()
                .filter_map(|id| broken_down(board, asked, id, whole)),
        );
    }
    panels.extend(variants(board, asked));
    panels
}

/// How numbers along an axis are written.
fn axis(language: Language) -> fn(f64, usize) -> String {
    match language {
        Language::Swedish => |number, digits| decimal(number, digits, Language::Swedish),
        Language::English => |number, digits| decimal(number, digits, Language::English),
    }
}

/// What an answer says beside its rows.
fn beside(answer: &Answered) -> Answered {
    Answered {
        rows: Vec::new(),
        ..answer.clone()
    }
}

fn over_time(board: &Board<'_>, asked: &Asked<'_>) -> Option<Panel> {
    let indicator = asked.indicator;
    // Of every way of counting that has more than one year; the chosen one is drawn last, over the others.
    let mut told: Vec<(&Variant, Place, Vec<FigureRow>)> = Vec::new();
    let mut answer = None;
    for variant in &indicator.variants {
        let is_chosen = variant.id == asked.variant.id;
        let course = board.course(
            indicator,
            variant,
            Place::Country,
            &board.years(indicator, variant),
        );
        if course.years.iter().any(|row| value(row).is_some()) {
            if is_chosen || answer.is_none() {
                answer = course.answer;
            }
            told.push((variant, Place::Country, course.years));
        }
    }
    if let Some(region) = asked.region {
        let place = Place::Region(region);
        let course = board.course(indicator, asked.variant, place, &asked.years);
        if course.years.iter().any(|row| value(row).is_some()) {
            told.push((asked.variant, place, course.years));
        }
    }
    let mut years: Vec<i16> = told
        .iter()
        .flat_map(|(_, _, rows)| rows.iter().map(|row| row.year))
        .collect();
    years.sort_unstable();
    years.dedup();
    let (first, last) = (*years.first()?, *years.last()?);
    if first == last {
        return None;
    }
    let many = told
        .iter()
        .filter(|(_, place, _)| *place == Place::Country)
        .count()
        > 1;
    told.sort_by_key(|(variant, place, _)| (variant.id == asked.variant.id, *place != Place::Country));
    let all: Vec<i16> = (first..=last).collect();
    let lines = told.iter().map(|(variant, place, rows)| {
        let tone = match (*place, variant.id == asked.variant.id) {
            (Place::Country, true) if asked.region.is_none() => Tone::First,
            (Place::Country, true) => Tone::Third,
            (Place::Country, false) => Tone::Second,
            _ => Tone::First,
        };
        let name = match *place {
            Place::Country if many => capital(board.language.of(&variant.label)),
            place => board.place(place),
        };
        let point = |year: &i16| point(rows.iter().find(|row| row.year == *year)?);
        course::Line {
            name,
            points: all.iter().map(point).collect(),
            tone,
        }
    });
    let breaks = board
        .breaks(indicator, first, last)
        .into_iter()
        .filter_map(|one| {
            let at = all.iter().position(|year| *year == one.from.year())?;
            Some((at, board.language.of(&one.reason).to_owned()))
        });
    let course = Course {
        periods: all.iter().map(i16::to_string).collect(),
        lines: lines.collect(),
        breaks: breaks.collect(),
        unit: capital(board.language.of(&indicator.unit)),
        number: axis(board.language),
    };
    Some(Panel {
        id: "tid".to_owned(),
        title: board.say("Över tid", "Over time").to_owned(),
        reading: String::new(),
        drawn: Drawn::Course(course),
        rows: told.into_iter().rev().flat_map(|(_, _, rows)| rows).collect(),
        answer: answer?,
        groups_of: String::new(),
    })
}

fn point(row: &FigureRow) -> Option<course::Point> {
    let open = row.marks.contains(&vardnav_indicators::answer::Mark::Preliminary);
    Some(course::Point {
        value: value(row)?,
        interval: limits(row),
        open,
    })
}

fn months(board: &Board<'_>, asked: &Asked<'_>) -> Option<Panel> {
    let place = asked.region.map_or(Place::Country, Place::Region);
    let rows = board.months(asked.indicator, asked.variant, place, asked.year);
    let answer = board.ask(asked.indicator, &board.question(asked.variant, place, asked.year))?;
    if rows.is_empty() {
        return None;
    }
    let course = Course {
        periods: rows
            .iter()
            .map(|row| month(row.month.unwrap_or(0), board.language).to_owned())
            .collect(),
        lines: vec![course::Line {
            name: board.place(place),
            points: rows.iter().map(point).collect(),
            tone: Tone::First,
        }],
        breaks: Vec::new(),
        unit: capital(board.language.of(&asked.indicator.unit)),
        number: axis(board.language),
    };
    Some(Panel {
        id: "manader".to_owned(),
        title: format!(
            "{} {}",
            board.say("Månad för månad", "Month by month"),
            asked.year
        ),
        reading: board
            .say(
                "Ring: månaden kan ännu ändras.",
                "A ring: the month may change yet.",
            )
            .to_owned(),
        drawn: Drawn::Course(course),
        rows,
        answer: beside(&answer),
        groups_of: String::new(),
    })
}

/// A row of dots for a figure: filled where it can be told from the country, a ring where it cannot.
fn dots_row(board: &Board<'_>, indicator: &Indicator, row: &FigureRow, name: String) -> Row {
    let tone = match row.standing {
        Some(Standing::NotToldApart) => Tone::Third,
        _ => Tone::First,
    };
    let dot = value(row).map(|value| Dot {
        value,
        interval: limits(row),
        tone,
    });
    Row {
        name,
        text: board.told(indicator, row),
        dots: dot.into_iter().collect(),
        strong: row.place == Place::Country,
    }
}

fn reference(board: &Board<'_>, indicator: &Indicator, whole: &FigureRow) -> Option<(f64, String)> {
    // A count of a part is not held against the count of all.
    if indicator.denominator.sv.is_empty() {
        return None;
    }
    let value = value(whole)?;
    Some((
        value,
        format!(
            "{} {}",
            board.say("Landet", "The country"),
            board.number(indicator, value)
        ),
    ))
}

fn ranked(rows: &mut [FigureRow]) {
    let key = |row: &FigureRow| value(row);
    rows.sort_by(|a, b| match (key(a), key(b)) {
        (Some(a), Some(b)) => b.total_cmp(&a),
        (a, b) => b.is_some().cmp(&a.is_some()),
    });
}

fn how_read(board: &Board<'_>, rows: &[FigureRow]) -> String {
    let mut told = Vec::new();
    if rows.iter().any(|row| row.low.is_some()) {
        told.push(board.say(
            "Strecken är 95-procentiga konfidensintervall.",
            "The lines are 95 per cent confidence intervals.",
        ));
    }
    if rows
        .iter()
        .any(|row| row.standing == Some(Standing::NotToldApart))
    {
        told.push(board.say(
            "Ring: går inte att skilja från landet, och ska inte rangordnas.",
            "A ring: cannot be told from the country, and must not be ranked.",
        ));
    }
    if rows.iter().any(FigureRow::is_suppressed) {
        told.push(board.say(
            "Det som inte visas är för litet för att ingen ska kunna kännas igen.",
            "What is withheld is too small for nobody to be recognised.",
        ));
    }
    told.join(" ")
}

fn by_region(board: &Board<'_>, asked: &Asked<'_>, whole: &FigureRow) -> Vec<Panel> {
    let indicator = asked.indicator;
    if !board.offers(indicator, |by| *by == BrokenDownBy::Region) {
        return Vec::new();
    }
    let question = Question {
        by: vec![Dimension::Region],
        ..board.question(asked.variant, Place::Country, asked.year)
    };
    let Some(answer) = board.ask(indicator, &question) else {
        return Vec::new();
    };
    let mut rows: Vec<FigureRow> = answer
        .rows
        .iter()
        .filter(|row| matches!(row.place, Place::Region(_)) && is_whole(row, row.place))
        .cloned()
        .collect();
    if !rows.iter().any(|row| value(row).is_some() || row.is_suppressed()) {
        return Vec::new();
    }
    ranked(&mut rows);
    let dots = Dots {
        rows: rows
            .iter()
            .map(|row| {
                let mut drawn = dots_row(board, indicator, row, short(&board.place(row.place)));
                drawn.strong = matches!(row.place, Place::Region(code) if asked.region == Some(code));
                drawn
            })
            .collect(),
        reference: reference(board, indicator, whole),
        key: Vec::new(),
        unit: capital(board.language.of(&indicator.unit)),
        number: axis(board.language),
    };
    let values: Vec<Option<f64>> = rows.iter().map(value).collect();
    let tiles: Vec<Tile> = rows
        .iter()
        .zip(shades(&values))
        .filter_map(|(row, shade)| {
            let Place::Region(region) = row.place else {
                return None;
            };
            Some(Tile {
                region,
                name: short(&board.place(row.place)),
                text: match value(row) {
                    Some(value) => board.number(indicator, value),
                    None => "..".to_owned(),
                },
                shade,
                link: None,
            })
        })
        .collect();
    let listed: Vec<FigureRow> = std::iter::once(whole.clone()).chain(rows).collect();
    let panel = |id: &str, title: &str, reading: String, drawn: Drawn| Panel {
        id: id.to_owned(),
        title: format!("{title} {}", asked.year),
        reading,
        drawn,
        rows: listed.clone(),
        answer: beside(&answer),
        groups_of: String::new(),
    };
    vec![
        panel(
            "regioner",
            board.say("Regionerna", "The regions"),
            how_read(board, &listed),
            Drawn::Dots(dots),
        ),
        panel(
            "karta",
            board.say("Regionerna på kartan", "The regions on the map"),
            board
                .say(
                    "Varje ruta är en region, ungefär där den ligger. Mörkare är ett högre värde.",
                    "Every tile is a region, about where it lies. Darker is a higher value.",
                )
                .to_owned(),
            Drawn::Tiles(tiles),
        ),
    ]
}

/// The name of a region as it fits a tile: without what regions are called by.
fn short(name: &str) -> String {
    let name = name.strip_prefix("Region ").unwrap_or(name);
    let name = name.strip_suffix(" län").unwrap_or(name);
    // Most names of counties end with the genitive.
    let is_genitive = name.ends_with('s') && !name.ends_with("ss");
    match name {
        "Jämtland Härjedalen" => "Jämtland".to_owned(),
        "Västra Götalands" | "Västra Götalandsregionen" => "V. Götaland".to_owned(),
        name if is_genitive => name.strip_suffix('s').unwrap_or(name).to_owned(),
        name => name.to_owned(),
    }
}

fn kommuner(board: &Board<'_>, asked: &Asked<'_>, whole: &FigureRow, region: u8) -> Option<Panel> {
    let indicator = asked.indicator;
    if !board.offers(indicator, |by| *by == BrokenDownBy::Kommun) {
        return None;
    }
    let place = Place::Region(region);
    let question = Question {
        by: vec![Dimension::Kommun],
        ..board.question(asked.variant, place, asked.year)
    };
    let answer = board.ask(indicator, &question)?;
    let is_of = |row: &&FigureRow| {
        matches!(row.place, Place::Kommun(code) if code / 100 == u16::from(region))
            && is_whole(row, row.place)
    };
    let mut rows: Vec<FigureRow> = answer.rows.iter().filter(is_of).cloned().collect();
    ranked(&mut rows);
    if rows.is_empty() {
        return None;
    }
    let dots = Dots {
        rows: rows
            .iter()
            .take(DRAWN_MAX)
            .map(|row| dots_row(board, indicator, row, board.place(row.place)))
            .collect(),
        reference: reference(board, indicator, whole),
        key: Vec::new(),
        unit: capital(board.language.of(&indicator.unit)),
        number: axis(board.language),
    };
    let title = format!(
        "{} {}, {}",
        board.say("Kommunerna i", "The kommuner of"),
        board.place(place),
        asked.year
    );
    Some(Panel {
        id: "kommuner".to_owned(),
        title,
        reading: how_read(board, &rows),
        drawn: Drawn::Dots(dots),
        rows,
        answer: beside(&answer),
        groups_of: String::new(),
    })
}

/// By sex, by age, or by both.
fn persons(board: &Board<'_>, asked: &Asked<'_>, whole: &FigureRow) -> Option<Panel> {
    let indicator = asked.indicator;
    let by_sex = board.offers(indicator, |by| *by == BrokenDownBy::Sex);
    let by_age = board.offers_ages(indicator);
    let mut by = Vec::new();
    by.extend(by_sex.then_some(Dimension::Sex));
    by.extend(by_age.then_some(Dimension::AgeGroup));
    let place = asked.region.map_or(Place::Country, Place::Region);
    let ask = |by: Vec<Dimension>| {
        board
            .ask(
                indicator,
                &Question {
                    by,
                    ..board.question(asked.variant, place, asked.year)
                },
            )
            .filter(|answer| answer.rows.iter().any(|row| value(row).is_some()))
    };
    if by.is_empty() {
        return None;
    }
    // A series may be stated by either and not by both.
    let both = ask(by.clone());
    let answers: Vec<Answered> = match both {
        Some(both) => vec![both],
        None => by.into_iter().filter_map(|one| ask(vec![one])).collect(),
    };
    let rows: Vec<FigureRow> = answers
        .iter()
        .flat_map(|answer| &answer.rows)
        .filter(|row| {
            row.place == place
                && row.group.is_empty()
                && row.sex != SexGroup::Unknown
                && row.age != AgeGroup::Unknown
        })
        .cloned()
        .collect();
    let answer = beside(answers.first()?);
    let mut ages: Vec<AgeGroup> = Vec::new();
    for row in &rows {
        if !ages.contains(&row.age) {
            ages.push(row.age.clone());
        }
    }
    let crossed = answers.len() == 1 && by_sex && ages.iter().any(|age| *age != AgeGroup::All);
    let drawn = if crossed {
        ages.iter()
            .map(|age| two_sexes(board, indicator, &rows, age))
            .collect()
    } else {
        rows.iter()
            .map(|row| {
                let name = if row.age == AgeGroup::All {
                    board.sex(row.sex)
                } else {
                    board.age(&row.age)
                };
                Row {
                    strong: false,
                    ..dots_row(board, indicator, row, name)
                }
            })
            .collect()
    };
    let key = [
        (Tone::First, SexGroup::Only(Sex::Female)),
        (Tone::Second, SexGroup::Only(Sex::Male)),
    ];
    let dots = Dots {
        rows: drawn,
        reference: reference(board, indicator, whole),
        key: if crossed {
            key.into_iter()
                .map(|(tone, sex)| (tone, board.sex(sex)))
                .collect()
        } else {
            Vec::new()
        },
        unit: capital(board.language.of(&indicator.unit)),
        number: axis(board.language),
    };
    let title = match (by_sex, by_age) {
        (true, true) => board.say(
            "Kvinnor och män i olika åldrar",
            "Women and men of different ages",
        ),
        (true, false) => board.say("Kvinnor och män", "Women and men"),
        _ => board.say("Olika åldrar", "Different ages"),
    };
    Some(Panel {
        id: "kon-alder".to_owned(),
        title: format!("{title}, {} {}", board.place(place), asked.year),
        reading: how_read(board, &rows),
        drawn: Drawn::Dots(dots),
        rows,
        answer,
        groups_of: String::new(),
    })
}

/// Women and men of an age beside each other.
fn two_sexes(board: &Board<'_>, indicator: &Indicator, rows: &[FigureRow], age: &AgeGroup) -> Row {
    let of = |sex: Sex| {
        rows.iter()
            .find(|row| row.age == *age && row.sex == SexGroup::Only(sex))
    };
    let told = [(of(Sex::Female), Tone::First), (of(Sex::Male), Tone::Second)];
    let texts: Vec<String> = told
        .iter()
        .map(|(row, _)| row.map_or_else(|| "..".to_owned(), |row| board.told(indicator, row)))
        .collect();
    let dots = told.iter().filter_map(|(row, tone)| {
        let row = (*row)?;
        Some(Dot {
            value: value(row)?,
            interval: limits(row),
            tone: *tone,
        })
    });
    Row {
        name: board.age(age),
        dots: dots.collect(),
        text: texts.join("  "),
        strong: false,
    }
}

/// By the values of a further breakdown.
fn broken_down(board: &Board<'_>, asked: &Asked<'_>, id: &str, whole: Option<&FigureRow>) -> Option<Panel> {
    let indicator = asked.indicator;
    let breakdown = board.release.indicators.breakdown(id)?;
    let place = asked.region.map_or(Place::Country, Place::Region);
    let question = Question {
        breakdown: Some(id.to_owned()),
        ..board.question(asked.variant, place, asked.year)
    };
    let answer = board.ask(indicator, &question)?;
    let mut rows: Vec<FigureRow> = answer
        .rows
        .iter()
        .filter(|row| {
            row.place == place
                && !row.group.is_empty()
                && row.sex == SexGroup::All
                && row.age == AgeGroup::All
        })
        .cloned()
        .collect();
    if !rows.iter().any(|row| value(row).is_some()) {
        return None;
    }
    ranked(&mut rows);
    let dots = Dots {
        rows: rows
            .iter()
            .take(DRAWN_MAX)
            .map(|row| dots_row(board, indicator, row, board.group(&row.group, &answer.groups)))
            .map(|row| Row { strong: false, ..row })
            .collect(),
        reference: whole.and_then(|whole| reference(board, indicator, whole)),
        key: Vec::new(),
        unit: capital(board.language.of(&indicator.unit)),
        number: axis(board.language),
    };
    let name = capital(board.language.of(&breakdown.label));
    let mut reading = how_read(board, &rows);
    for apart in answer
        .apart
        .iter()
        .filter(|apart| apart.breakdown == id && apart.variant == asked.variant.id)
    {
        reading = format!("{reading} {}", apart_words(board, apart, &answer.groups));
    }
    Some(Panel {
        id: id.to_owned(),
        title: format!("{name}, {} {}", board.place(place), asked.year),
        reading: reading.trim().to_owned(),
        drawn: Drawn::Dots(dots),
        rows,
        answer: beside(&answer),
        groups_of: name,
    })
}

/// How far groups lie apart, in words.
fn apart_words(
    board: &Board<'_>,
    apart: &vardnav_indicators::answer::Apart,
    groups: &BTreeMap<String, Label>,
) -> String {
    let number = |number: Option<f64>| number.map(|number| decimal(number, 2, board.language));
    let Some(ratio) = number(apart.ratio) else {
        return String::new();
    };
    let (highest, lowest) = (
        board.group(&apart.highest, groups),
        board.group(&apart.lowest, groups),
    );
    let limits = match (number(apart.low), number(apart.high)) {
        (Some(low), Some(high)) => format!(" ({low}–{high})"),
        _ => String::new(),
    };
    match board.language {
        Language::Swedish => format!("{highest} ligger {ratio} gånger så högt som {lowest}{limits}."),
        Language::English => format!("{highest} is {ratio} times as high as {lowest}{limits}."),
    }
}

/// Ways of counting beside each other, where several have a figure of the year.
fn variants(board: &Board<'_>, asked: &Asked<'_>) -> Option<Panel> {
    let indicator = asked.indicator;
    let mut rows = Vec::new();
    let mut answer = None;
    for variant in &indicator.variants {
        if !board.years(indicator, variant).contains(&asked.year) {
            continue;
        }
        let Some(told) = board.ask(indicator, &board.question(variant, Place::Country, asked.year)) else {
            continue;
        };
        rows.extend(
            told.rows
                .iter()
                .find(|row| is_whole(row, Place::Country) && value(row).is_some())
                .cloned(),
        );
        answer = answer.or_else(|| Some(beside(&told)));
    }
    if rows.len() < 2 {
        return None;
    }
    let name = |row: &FigureRow| {
        let known = indicator.variants.iter().find(|known| known.id == row.variant);
        known.map_or_else(
            || row.variant.clone(),
            |known| capital(board.language.of(&known.label)),
        )
    };
    let dots = Dots {
        rows: rows
            .iter()
            .map(|row| Row {
                strong: row.variant == asked.variant.id,
                ..dots_row(board, indicator, row, name(row))
            })
            .collect(),
        reference: None,
        key: Vec::new(),
        unit: capital(board.language.of(&indicator.unit)),
        number: axis(board.language),
    };
    Some(Panel {
        id: "satt".to_owned(),
        title: format!(
            "{} {}",
            board.say(
                "Sätten att räkna bredvid varandra",
                "The ways of counting beside each other"
            ),
            asked.year
        ),
        reading: how_read(board, &rows),
        drawn: Drawn::Dots(dots),
        rows,
        answer: answer?,
        groups_of: String::new(),
    })
}

/// How a figure has moved since the last period that it may be held against, and whether that is for the better.
pub(crate) struct Moved {
    /// In words.
    pub(crate) words: String,
    /// Whether it is better; `None` where that cannot be said.
    pub(crate) better: Option<bool>,
}

/// How the last of some figures stands to the one before it.
pub(crate) fn moved(board: &Board<'_>, indicator: &Indicator, rows: &[FigureRow]) -> Option<Moved> {
    let mut told = rows.iter().rev().filter(|row| value(row).is_some());
    let (last, before) = (told.next()?, told.next()?);
    let since = period(board, before);
    let no = |words: String| Some(Moved { words, better: None });
    if last.variant != before.variant || !board.breaks(indicator, before.year, last.year).is_empty() {
        return no(format!(
            "{} {since}",
            board.say("går inte att jämföra med", "cannot be compared with")
        ));
    }
    if let (Some((low, high)), Some((earlier_low, earlier_high))) = (limits(last), limits(before))
        && low <= earlier_high
        && earlier_low <= high
    {
        return no(format!(
            "{} {since}",
            board.say("ingen säker skillnad mot", "no certain difference from")
        ));
    }
    let difference = value(last)? - value(before)?;
    if difference == 0.0 {
        return no(format!("{} {since}", board.say("som", "as in")));
    }
    let amount = board.number(indicator, difference.abs()).replace("\u{a0}%", "");
    let way = if difference > 0.0 {
        board.say("upp", "up")
    } else {
        board.say("ner", "down")
    };
    let better = match indicator.direction {
        Direction::Higher => Some(difference > 0.0),
        Direction::Lower => Some(difference < 0.0),
        Direction::None => None,
    };
    let judged = match better {
        Some(true) => board.say(", bättre", ", better"),
        Some(false) => board.say(", sämre", ", worse"),
        None => "",
    };
    Some(Moved {
        words: format!("{way} {amount} {} {since}{judged}", board.say("sedan", "since")),
        better,
    })
}
