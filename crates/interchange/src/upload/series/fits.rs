//! Whether a row of a series fits the release in force: indicator, variant, period, place, what it is broken down by, and
//! whether its figures can be.

use jiff::civil::Date;
use vardnav_classification::model::Derivation;
use vardnav_indicators::counting::age_groups;
use vardnav_indicators::definition::{BrokenDownBy, Feed, Indicator, Length};
use vardnav_indicators::population::Area;
use vardnav_indicators::series::{Period, Point, PointKey, Series, judge};
use vardnav_release::Snapshot;

use super::super::Against;
use super::super::problem::Problems;
use super::super::rows::Row;

/// Holds a row against the release.
pub(super) fn fits(
    series: &Series,
    row: Row<'_>,
    key: &PointKey,
    point: &Point,
    against: &Against<'_>,
    problems: &mut Problems,
) {
    let Some(indicator) = against.release.indicators.indicator(&series.indicator) else {
        let message = "the library of the release in force has no such indicator";
        return problems.add(row.line, "indicator", "VN-UPL-020", message);
    };
    let variant = indicator.variants.iter().find(|known| known.id == series.variant);
    let wrong = match variant.map(|variant| variant.feed) {
        Some(Feed::Uploaded | Feed::Linked) => None,
        Some(Feed::Computed | Feed::MethodTest) => Some("the variant is counted from the register"),
        None => Some("the indicator has no such variant"),
    };
    if let Some(message) = wrong {
        problems.add(row.line, "variant", "VN-UPL-021", message);
    }
    let last = period(row, key.period, indicator, against.today, problems);
    if let Some(last) = last
        && !against.knows(key.area, last)
    {
        let message = format!("there was no such place on {last}");
        problems.add(row.line, "place", "VN-UPL-005", message);
    }
    breakdowns(row, key, indicator, against.release, problems);
    for fault in judge::faults(point, indicator) {
        let code = match fault {
            judge::Fault::NoValue | judge::Fault::ValueOfNone => "VN-UPL-024",
            judge::Fault::HalfInterval | judge::Fault::BelowInterval | judge::Fault::AboveInterval => {
                "VN-UPL-025"
            }
            _ => "VN-UPL-026",
        };
        problems.add(row.line, fault.column(), code, fault.to_string());
    }
}

/// Holds a period against the window of the indicator; gives its last day, or today while it runs.
fn period(
    row: Row<'_>,
    period: Period,
    indicator: &Indicator,
    today: Date,
    problems: &mut Problems,
) -> Option<Date> {
    let fits = matches!(
        (indicator.window.period, period),
        (Length::Survey, Period::Survey(_) | Period::Year(_))
            | (Length::Year, Period::Year(_))
            | (Length::Month, Period::Year(_) | Period::Month(..))
    );
    if !fits {
        let message = match indicator.window.period {
            Length::Survey => "the indicator is of surveys: a date or a year is needed",
            Length::Year => "the indicator is of years",
            Length::Month => "the indicator is of months and years",
        };
        problems.add(row.line, "period", "VN-UPL-004", message);
    }
    let first = match period {
        Period::Year(year) => Date::new(year, 1, 1).ok()?,
        Period::Month(year, month) => Date::new(year, month, 1).ok()?,
        Period::Survey(date) => date,
    };
    if first > today {
        problems.add(row.line, "period", "VN-UPL-004", "the period has not begun yet");
        return None;
    }
    Some(period.last_day()?.min(today))
}

/// Holds what a row is broken down by against what the indicator offers.
fn breakdowns(
    row: Row<'_>,
    key: &PointKey,
    indicator: &Indicator,
    release: &Snapshot,
    problems: &mut Problems,
) {
    let known = &release.indicators;
    let offered = || indicator.breakdowns.iter().filter_map(|id| known.breakdown(id));
    let mut needs = |column, what: &str, is_used: bool, by: &dyn Fn(&BrokenDownBy) -> bool| {
        if is_used && !offered().any(|breakdown| by(&breakdown.by)) {
            let message = format!("the indicator is not broken down by {what}");
            problems.add(row.line, column, "VN-UPL-022", message);
        }
    };
    let area = key.area;
    let by_age = |by: &BrokenDownBy| {
        let BrokenDownBy::Axis(axis) = by else {
            return false;
        };
        let axis = release.description.axis(axis);
        let axis = axis.and_then(|axis| release.description.axis_definition(axis));
        axis.is_some_and(|axis| matches!(axis.derivation, Some(Derivation::Age(_))))
    };
    let (region, kommun) = (matches!(area, Area::Region(_)), matches!(area, Area::Kommun(_)));
    needs("place", "region", region, &|by| *by == BrokenDownBy::Region);
    needs("place", "kommun", kommun, &|by| *by == BrokenDownBy::Kommun);
    needs("sex", "sex", key.sex.is_some(), &|by| *by == BrokenDownBy::Sex);
    needs("age_group", "age group", !key.age_group.is_empty(), &by_age);
    let ages = age_groups(&release.description);
    if !key.age_group.is_empty() && !ages.iter().any(|(_, code)| *code == key.age_group) {
        problems.add(
            row.line,
            "age_group",
            "VN-UPL-023",
            "the release has no such age group",
        );
    }
    if key.breakdown.is_empty() != key.breakdown_value.is_empty() {
        let message = "a breakdown and its value are stated together";
        return problems.add(row.line, "breakdown_value", "VN-UPL-022", message);
    }
    if key.breakdown.is_empty() {
        return;
    }
    let Some(breakdown) = offered().find(|breakdown| breakdown.id == key.breakdown) else {
        let message = "the indicator offers no such breakdown";
        return problems.add(row.line, "breakdown", "VN-UPL-022", message);
    };
    let value = &key.breakdown_value;
    let is_value = match &breakdown.by {
        BrokenDownBy::Axis(axis) if !by_age(&breakdown.by) => {
            let axis = release.description.axis(axis);
            axis.is_some_and(|axis| release.description.value(axis, value).is_some())
        }
        BrokenDownBy::Table(table) | BrokenDownBy::TableBefore(table) => {
            let table = release.description.table(table);
            table.is_some_and(|(_, table)| table.values.iter().any(|known| known.code == *value))
        }
        // Groups and kinds of units are not the release's own; what is not available, a survey may have asked.
        BrokenDownBy::KommunGroup(_) | BrokenDownBy::UnitKind | BrokenDownBy::NotAvailable(_) => true,
        _ => {
            let message = "the breakdown has a column of its own";
            return problems.add(row.line, "breakdown", "VN-UPL-022", message);
        }
    };
    if !is_value {
        let message = "the breakdown has no such value";
        problems.add(row.line, "breakdown_value", "VN-UPL-022", message);
    }
}
