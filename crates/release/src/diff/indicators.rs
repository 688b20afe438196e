//! Indicators, disclosure, measures, breakdowns, goals and standard populations of a release as elements that can be
//! compared.

use vardnav_indicators::definition::{BrokenDownBy, Indicator};
use vardnav_indicators::measure::{Condition, Figure, Measure, Term};

use super::elements::{grains, sorted};
use super::{Item, Kind};
use crate::source::{Element, Place, ReleaseSource};

pub(super) fn items(source: &ReleaseSource) -> Vec<Item> {
    let place = |element: Element| source.places.of(&element);
    let definitions = &source.indicators;
    let mut items = Vec::new();
    for row in &definitions.indicators {
        items.push(indicator(row, place(Element::Indicator(row.id.clone()))));
    }
    let disclosure = &definitions.disclosure;
    // One that is not stated is the least count.
    let own_floor = Some(disclosure.min_denominator).filter(|least| *least != disclosure.min_count);
    let ladder: Vec<&str> = disclosure.ladder.iter().map(|rung| rung.name()).collect();
    items.push(
        Item::new(Kind::Disclosure, "disclosure", Place::default())
            .with("min-count", disclosure.min_count.to_string())
            .with(
                "min-denominator",
                own_floor.map(|least| least.to_string()).unwrap_or_default(),
            )
            .with("ladder", ladder.join(", ")),
    );
    for row in &definitions.measures {
        items.push(measure(row, place(Element::Measure(row.id.clone()))));
    }
    for row in &definitions.breakdowns {
        let at = place(Element::Breakdown(row.id.clone()));
        let item = Item::new(Kind::Breakdown, &row.id, at)
            .named(&row.label)
            .with("by", row.by.to_string())
            .with("source", &row.source);
        items.push(match &row.by {
            BrokenDownBy::NotAvailable(reason) => {
                item.with("reason-sv", &reason.sv).with("reason-en", &reason.en)
            }
            _ => item,
        });
    }
    for row in &definitions.goals {
        items.push(
            Item::new(Kind::Goal, &row.id, place(Element::Goal(row.id.clone())))
                .named(&row.label)
                .with("adopted", row.adopted.to_string())
                .with("source", &row.source),
        );
    }
    for row in &definitions.standards {
        let bands = row.bands.iter().map(|(from, weight)| format!("{from}: {weight}"));
        let at = place(Element::StandardPopulation(row.id.clone()));
        items.push(
            Item::new(Kind::StandardPopulation, &row.id, at)
                .named(&row.label)
                .with("source", &row.source)
                .with("bands", bands.collect::<Vec<_>>().join(", ")),
        );
    }
    items
}

fn indicator(row: &Indicator, place: Place) -> Item {
    let number = match row.core_number {
        0 => String::new(),
        number => number.to_string(),
    };
    let counted = row
        .counted_grain
        .map(|grain| grains(&[grain]))
        .unwrap_or_default();
    let window = &row.window;
    let window = match window.years {
        1 => window.period.name().to_owned(),
        years => format!(
            "{}, {years} years while below {}",
            window.period.name(),
            window.enough
        ),
    };
    let item = Item::new(Kind::Indicator, &row.id, place)
        .named(&row.label)
        .with("core-number", number)
        .with("plain-sv", &row.plain.sv)
        .with("plain-en", &row.plain.en)
        .with("numerator-sv", &row.numerator.sv)
        .with("numerator-en", &row.numerator.en)
        .with("denominator-sv", &row.denominator.sv)
        .with("denominator-en", &row.denominator.en)
        .with("population-sv", &row.population.sv)
        .with("population-en", &row.population.en)
        .with("exclusions-sv", &row.exclusions.sv)
        .with("exclusions-en", &row.exclusions.en)
        .with("goals", sorted(&row.goals))
        .with("source", &row.source)
        .with("feed", row.feed.name())
        .with("certainty", &row.certainty)
        .with("breakdowns", sorted(&row.breakdowns))
        .with("side-by-side", sorted(&row.side_by_side))
        .with("ratio-between", &row.ratio_between)
        .with("unit-sv", &row.unit.sv)
        .with("unit-en", &row.unit.en)
        .with("factor", row.factor.to_string())
        .with("direction", row.direction.name())
        .with("interval", row.interval.name())
        .with("standard", &row.standard)
        .with("window", window)
        .with("method-version", &row.method_version)
        .with("counted-table", &row.counted_table)
        .with("counted-grain", counted);
    let variants = row.variants.iter().map(|variant| {
        let (sv, feed) = (&variant.label.sv, variant.feed.name());
        format!("{} ({sv}, {feed}): {}", variant.id, figure(&variant.figure))
    });
    let breaks = row
        .breaks
        .iter()
        .map(|of| format!("{}: {}", of.from, of.reason.sv));
    item.with("variants", variants.collect::<Vec<_>>().join("; "))
        .with("breaks", breaks.collect::<Vec<_>>().join("; "))
}

fn measure(row: &Measure, place: Place) -> Item {
    let of: Vec<String> = row.of.iter().map(|part| part.name().to_owned()).collect();
    let joined = |conditions: &[Condition]| {
        let mut conditions: Vec<String> = conditions.iter().map(ToString::to_string).collect();
        conditions.sort_unstable();
        conditions.join("; ")
    };
    Item::new(Kind::Measure, &row.id, place)
        .named(&row.label)
        .with("of", sorted(&of))
        .with("counts", row.counts.to_string())
        .with("dated", row.dated.to_string())
        .with("condition", joined(&row.conditions))
        .with("exclusion", joined(&row.exclusions))
}

fn figure(figure: &Figure) -> String {
    let sum = |terms: &[Term]| {
        let terms: Vec<String> = terms.iter().map(ToString::to_string).collect();
        terms.join(" + ")
    };
    match (figure.numerator.as_slice(), figure.denominator.as_slice()) {
        ([], _) => "-".to_owned(),
        (numerator, []) => sum(numerator),
        (numerator, denominator) => format!("({}) / ({})", sum(numerator), sum(denominator)),
    }
}
