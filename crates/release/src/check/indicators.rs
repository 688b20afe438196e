//! Checks of indicators: each is whole, names only what the release has, and its figures can be computed as stated.
//! Measures have checks of their own beside this ([`super::measures`]).

use std::collections::BTreeSet;

use vardnav_classification::model::Label;
use vardnav_indicators::definition::{BrokenDownBy, Feed, Indicator, Interval, Rung, Variant};
use vardnav_indicators::measure::{Counts, Term};

use super::Findings;
use crate::source::Element;

/// The file of measures, breakdowns, goals and standard populations.
const MEASURES: &str = "measures.toml";

/// Most years that are taken together.
const YEARS_MAX: u8 = 5;

pub(super) fn check(found: &mut Findings<'_>) {
    let indicators = &found.source.indicators.indicators;
    // What measures.toml would declare is not missed where it cannot be read.
    let is_read = !found.source.unread.contains(MEASURES);
    let mut ids = BTreeSet::new();
    for indicator in indicators {
        let at = Element::Indicator(indicator.id.clone());
        unique(found, &at, "indicator id", &indicator.id, &mut ids);
        complete(found, &at, indicator);
        if is_read {
            named(found, &at, indicator);
        }
        method(found, &at, indicator);
        let mut variants = BTreeSet::new();
        for variant in &indicator.variants {
            unique(found, &at, "variant id", &variant.id, &mut variants);
            of_variant(found, &at, indicator, variant);
        }
    }
    if indicators.iter().any(|indicator| indicator.core_number > 0) {
        for number in 1..=12 {
            let count = indicators
                .iter()
                .filter(|indicator| indicator.core_number == number)
                .count();
            if count != 1 {
                let message = format!("core indicator {number} is given {count} times instead of once");
                found.error("VN-REL-108", &Element::Indicator(String::new()), message);
            }
        }
    }
    disclosure(found);
    breakdowns(found);
    goals(found);
    standards(found);
}

/// The rules of disclosure protect, and the ladder leads upwards.
fn disclosure(found: &mut Findings<'_>) {
    let rules = &found.source.indicators.disclosure;
    let mut wrong = Vec::new();
    if rules.min_count < 3 {
        wrong.push("a published count must be 0 or at least 3, better 5".to_owned());
    }
    if rules.min_denominator < rules.min_count {
        wrong.push("the least below the line, `min_denominator`, is less than `min_count`".to_owned());
    }
    let at = |rung: Rung| rules.ladder.iter().position(|known| *known == rung);
    for rung in Rung::ALL {
        if rules.ladder.iter().filter(|known| **known == rung).count() > 1 {
            wrong.push(format!("`{}` stands in the ladder twice", rung.name()));
        }
    }
    if let (Some(region), Some(kommun)) = (at(Rung::Region), at(Rung::Kommun))
        && region < kommun
    {
        wrong.push("the ladder gives up `region` before `kommun`".to_owned());
    }
    for message in wrong {
        found.error("VN-REL-116", &Element::Indicator(String::new()), message);
    }
}

/// It is stated, and not given before.
pub(super) fn unique<'a>(
    found: &mut Findings<'_>,
    at: &Element,
    what: &str,
    id: &'a str,
    before: &mut BTreeSet<&'a str>,
) {
    if id.is_empty() || !before.insert(id) {
        found.error("VN-REL-104", at, format!("{what} `{id}` is empty or given twice"));
    }
}

fn complete(found: &mut Findings<'_>, at: &Element, indicator: &Indicator) {
    let lacks = |label: &Label| label.sv.is_empty() || label.en.is_empty();
    let core = indicator.core_number > 0;
    let missing: Vec<&str> = [
        ("label", lacks(&indicator.label)),
        ("plain", lacks(&indicator.plain)),
        ("numerator", lacks(&indicator.numerator)),
        ("denominator", core && lacks(&indicator.denominator)),
        ("population", lacks(&indicator.population)),
        ("unit", lacks(&indicator.unit)),
        ("goals", core && indicator.goals.is_empty()),
        ("source", indicator.source.is_empty()),
        ("certainty", indicator.certainty.is_empty()),
        ("breakdowns", indicator.breakdowns.is_empty()),
        ("variant", indicator.variants.is_empty()),
        ("method_version", indicator.method_version.is_empty()),
    ]
    .into_iter()
    .filter_map(|(name, missing)| missing.then_some(name))
    .collect();
    if !missing.is_empty() {
        let message = format!("`{}` lacks {}", indicator.id, missing.join(", "));
        found.error("VN-REL-108", at, message);
    }
    let table = indicator.counted_table.as_str();
    let mut tables = found.source.description.tables.iter();
    if !table.is_empty() && !tables.any(|known| known.id == table) {
        let message = format!("`{}` counts table `{table}`, which does not exist", indicator.id);
        found.error("VN-REL-108", at, message);
    }
}

/// Breakdowns, goals and the standard population are those of the release, and breaks rise.
fn named(found: &mut Findings<'_>, at: &Element, indicator: &Indicator) {
    let definitions = &found.source.indicators;
    let mut wrong = Vec::new();
    for id in &indicator.breakdowns {
        if definitions.breakdown(id).is_none() {
            wrong.push(format!("breakdown `{id}`, which the release does not declare"));
        }
    }
    let within = [(&indicator.ratio_between, "ratio_between")].into_iter();
    let within = within.filter(|(id, _)| !id.is_empty());
    let always = indicator.side_by_side.iter().map(|id| (id, "side_by_side"));
    for (id, key) in within.chain(always) {
        if !indicator.breakdowns.contains(id) {
            wrong.push(format!("breakdown `{id}` in {key}, which it does not offer"));
        }
    }
    for id in &indicator.goals {
        if !definitions.goals.iter().any(|goal| goal.id == *id) {
            wrong.push(format!("goal `{id}`, which the release does not declare"));
        }
    }
    if !indicator.standard.is_empty() && definitions.standard(&indicator.standard).is_none() {
        wrong.push(format!(
            "standard population `{}`, which the release does not have",
            indicator.standard
        ));
    }
    for wrong in wrong {
        found.error("VN-REL-143", at, format!("`{}` names {wrong}", indicator.id));
    }
    for of in &indicator.breaks {
        found.text(at, &format!("the break of {}", of.from), &of.reason);
    }
    let rises = |pair: &[vardnav_indicators::definition::SeriesBreak]| match pair {
        [first, second] => first.from < second.from,
        _ => true,
    };
    if !indicator.breaks.windows(2).all(rises) {
        let message = format!("the breaks of `{}` do not rise", indicator.id);
        found.error("VN-REL-107", at, message);
    }
}

/// The method of the interval fits what is counted.
fn method(found: &mut Findings<'_>, at: &Element, indicator: &Indicator) {
    let id = &indicator.id;
    if indicator.factor == 0 {
        found.error("VN-REL-116", at, format!("the factor of `{id}` is 0"));
    }
    let window = indicator.window;
    if !(1..=YEARS_MAX).contains(&window.years) {
        let message = format!(
            "`{id}` takes {} years together, not 1 to {YEARS_MAX}",
            window.years
        );
        found.error("VN-REL-116", at, message);
    }
    if window.years > 1 && window.enough == 0 {
        let message = format!("`{id}` takes years together and does not say below how many events");
        found.error("VN-REL-142", at, message);
    }
    if (indicator.interval == Interval::Standardised) == indicator.standard.is_empty() {
        let message =
            format!("`{id}` names a standard population without a standardised rate, or the other way round");
        found.error("VN-REL-142", at, message);
    }
    let computed = indicator
        .variants
        .iter()
        .any(|variant| variant.figure.is_computed());
    if computed && indicator.interval == Interval::Stated {
        let message = format!("the intervals of `{id}` are said to be stated, and a variant is computed");
        found.error("VN-REL-142", at, message);
    }
    if let Some(first) = indicator.variants.first()
        && first.feed != indicator.feed
    {
        let message = format!(
            "the first variant of `{id}` is {}, and the indicator is said to be {}",
            first.feed.name(),
            indicator.feed.name()
        );
        found.error("VN-REL-142", at, message);
    }
}

fn of_variant(found: &mut Findings<'_>, at: &Element, indicator: &Indicator, variant: &Variant) {
    let name = format!("variant `{}` of `{}`", variant.id, indicator.id);
    found.text(at, &name, &variant.label);
    let figure = &variant.figure;
    let counted = matches!(variant.feed, Feed::Computed | Feed::MethodTest);
    if counted != figure.is_computed() {
        let message = match counted {
            true => format!("{name} is counted from the register and has no numerator"),
            false => format!("{name} is {} and has a numerator", variant.feed.name()),
        };
        found.error("VN-REL-142", at, message);
        return;
    }
    let needs_denominator = matches!(
        indicator.interval,
        Interval::Wilson | Interval::ByPerson | Interval::ByUnit | Interval::Standardised
    );
    if counted && needs_denominator && figure.denominator.is_empty() {
        let message = format!("{name} has no denominator, and its interval is of a ratio");
        found.error("VN-REL-142", at, message);
    }
    for term in figure.terms() {
        let is_read = !found.source.unread.contains(MEASURES);
        if is_read && found.source.indicators.measure(&term.measure).is_none() {
            let message = format!("{name} names measure `{}`, which does not exist", term.measure);
            found.error("VN-REL-141", at, message);
        }
        if term.times == 0 {
            found.error("VN-REL-116", at, format!("{name} counts a measure 0 times"));
        }
    }
    for (sum, which) in [
        (&figure.numerator, "numerator"),
        (&figure.denominator, "denominator"),
    ] {
        if sum.len() > 1 && sum.iter().any(|term| counts_persons(found, term)) {
            let message =
                format!("the {which} of {name} adds persons to something, who would be counted twice");
            found.error("VN-REL-142", at, message);
        }
    }
}

fn counts_persons(found: &Findings<'_>, term: &Term) -> bool {
    let measure = found.source.indicators.measure(&term.measure);
    measure.is_some_and(|measure| measure.counts == Counts::Persons)
}

fn breakdowns(found: &mut Findings<'_>) {
    let mut ids = BTreeSet::new();
    for breakdown in &found.source.indicators.breakdowns {
        let at = Element::Breakdown(breakdown.id.clone());
        let name = format!("breakdown `{}`", breakdown.id);
        unique(found, &at, "breakdown id", &breakdown.id, &mut ids);
        found.text(&at, &name, &breakdown.label);
        let description = &found.source.description;
        let is_whole = super::description::is_whole(found.source);
        match &breakdown.by {
            BrokenDownBy::Axis(axis)
                if is_whole && !description.axes.iter().any(|known| known.id == *axis) =>
            {
                let message = format!("{name} names axis `{axis}`, which does not exist");
                found.error("VN-REL-141", &at, message);
            }
            BrokenDownBy::Table(table) | BrokenDownBy::TableBefore(table)
                if is_whole && !description.tables.iter().any(|known| known.id == *table) =>
            {
                let message = format!("{name} names table `{table}`, which does not exist");
                found.error("VN-REL-141", &at, message);
            }
            BrokenDownBy::KommunGroup(_) if breakdown.source.is_empty() => {
                let message = format!("{name} groups kommuner and does not name its source");
                found.error("VN-REL-113", &at, message);
            }
            BrokenDownBy::NotAvailable(reason) => {
                found.text(&at, &format!("the reason why {name} is not available"), reason);
            }
            _ => {}
        }
    }
}

fn goals(found: &mut Findings<'_>) {
    let mut ids = BTreeSet::new();
    for goal in &found.source.indicators.goals {
        let at = Element::Goal(goal.id.clone());
        unique(found, &at, "goal keyword", &goal.id, &mut ids);
        found.text(&at, &format!("goal `{}`", goal.id), &goal.label);
        if goal.source.is_empty() {
            found.error(
                "VN-REL-113",
                &at,
                format!("goal `{}` does not name its source", goal.id),
            );
        }
    }
}

fn standards(found: &mut Findings<'_>) {
    let mut ids = BTreeSet::new();
    for standard in &found.source.indicators.standards {
        let at = Element::StandardPopulation(standard.id.clone());
        let name = format!("standard population `{}`", standard.id);
        unique(found, &at, "standard population id", &standard.id, &mut ids);
        found.text(&at, &name, &standard.label);
        if standard.source.is_empty() {
            found.error("VN-REL-113", &at, format!("{name} does not name its source"));
        }
        if !standard.is_sound() {
            let message = format!("the bands of {name} do not rise from age 0, or all weights are 0");
            found.error("VN-REL-144", &at, message);
        }
    }
}
