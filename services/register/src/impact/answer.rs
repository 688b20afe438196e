//! What is told of a preview, as messages: counts that may be told, and of a sample what they say of the whole.

use std::collections::BTreeMap;

use vardnav_api::common::label_message;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_indicators::impact::{Countings, IndicatorImpact, Told, told, told_in};
use vardnav_indicators::{Place, Residence};
use vardnav_register::impact::{By, Cell, Estimate, Frame, Group};
use vardnav_register::worklist::Want;

use super::Preview;
use super::run::Tally;

/// Cells of a message.
const CELLS: usize = 1000;
/// Rules that are told of.
const RULES_MAX: usize = 100;

/// How counts are told.
struct Telling {
    min_count: u64,
    /// Of a sample: its records, and all records.
    sample: Option<(u64, u64)>,
}

/// The answer of a preview. `entries` is how many were read in how many seconds.
pub(super) fn messages(
    preview: &Preview,
    frame: &Frame<'_>,
    countings: &Countings<'_>,
    tally: &Tally,
    (entries, seconds): (u64, f64),
) -> Vec<pb::PreviewImpactResponse> {
    let newest = preview.view.newest_release();
    let min_count = newest.map_or(u64::MAX, |release| release.indicators.disclosure.min_count.into());
    let telling = Telling {
        min_count,
        sample: (!preview.sample.is_all()).then_some((tally.sampled, tally.records)),
    };
    let cells = telling.cells(preview, frame, tally);
    let mut messages: Vec<pb::PreviewImpactResponse> = cells
        .chunks(CELLS)
        .map(|cells| pb::PreviewImpactResponse {
            cells: cells.to_vec(),
            ..Default::default()
        })
        .collect();
    let indicators = tally.counts.answer(countings, min_count);
    messages.extend(indicators.iter().map(|indicator| pb::PreviewImpactResponse {
        indicators: vec![telling.indicator(indicator)],
        ..Default::default()
    }));
    messages.push(pb::PreviewImpactResponse {
        impact: Some(telling.impact(preview, frame, tally, (entries, seconds))),
        ..Default::default()
    });
    messages
}

impl Telling {
    fn impact(
        &self,
        preview: &Preview,
        frame: &Frame<'_>,
        tally: &Tally,
        (entries, seconds): (u64, f64),
    ) -> pb::Impact {
        let impact = &tally.impact;
        let wants = impact.wants(frame).into_iter().map(|(table, want, parts)| {
            let (axis, rule) = match want {
                Want::Fact(axis) => (axis, String::new()),
                Want::Rule(rule) | Want::Check(rule) => (String::new(), rule),
            };
            pb::ImpactWant {
                table,
                axis,
                rule,
                parts: Some(self.count(parts)),
            }
        });
        let rules = impact.rules(frame).into_iter().take(RULES_MAX);
        pb::Impact {
            release: preview.compiled.plan.release_name(),
            entries,
            records: impact.records,
            parts: impact.parts,
            sampled: self.sample.map(|(sampled, _)| sampled),
            sampled_from: self.sample.map(|(_, records)| records),
            moved: Some(self.count(impact.moved)),
            held_before: Some(self.count(impact.held_before)),
            becomes_held: Some(self.count(impact.becomes_held)),
            released: Some(self.count(impact.released)),
            wants: wants.collect(),
            rules: rules
                .map(|moved| pb::ImpactRule {
                    table: moved.table,
                    from: moved.from,
                    to: moved.to,
                    parts: Some(self.count(moved.parts)),
                })
                .collect(),
            fewer_than: self.min_count,
            from_ledger: tally.from_ledger,
            seconds,
        }
    }

    /// The matrix. What is told of one pair of values is decided for all groups of the breakdown at once.
    fn cells(&self, preview: &Preview, frame: &Frame<'_>, tally: &Tally) -> Vec<pb::ImpactCell> {
        let mut pairs: BTreeMap<(usize, String, String), Vec<Cell>> = BTreeMap::new();
        // Regions are told as the sums of their kommuner, so that both are decided alike.
        let by = match preview.by {
            By::Region => By::Kommun,
            by => by,
        };
        for cell in tally.impact.matrix(frame, by) {
            if preview.with_unmoved || cell.from != cell.to {
                let pair = (cell.order, cell.from.clone(), cell.to.clone());
                pairs.entry(pair).or_default().push(cell);
            }
        }
        let mut cells = Vec::new();
        for ((_, from, to), members) in pairs {
            let table = members.first().map(|cell| cell.table.clone());
            for (group, parts) in self.groups(preview, &members) {
                cells.push(pb::ImpactCell {
                    group,
                    table: table.clone().unwrap_or_default(),
                    from: from.clone(),
                    to: to.clone(),
                    parts: Some(parts),
                });
            }
        }
        cells
    }

    /// The counts of one pair of values by group, as they may be told; all together first.
    fn groups(&self, preview: &Preview, cells: &[Cell]) -> Vec<(String, pb::ImpactCount)> {
        let numbers = || (1..=u16::MAX).map(Place::Kommun);
        let places = match preview.by {
            By::Nothing => {
                let parts = cells.iter().map(|cell| cell.parts).sum();
                return vec![(String::new(), self.count(parts))];
            }
            By::Region | By::Kommun => {
                let counts = cells.iter().map(|cell| {
                    let (group, part) = places(cell.group);
                    (group, part, cell.parts)
                });
                told_in(counts, self.min_count)
            }
            By::Reporter => {
                let counts = numbers().zip(cells).map(|(place, cell)| (place, cell.parts));
                told(counts, self.min_count)
            }
        };
        let reporter = |number: u32| {
            let (stream, _) = preview.streams.get(usize::try_from(number).ok()?)?;
            stream.as_reporter().map(str::to_owned)
        };
        let name = |place: Place| match (preview.by, place) {
            (_, Place::Country) => Some(String::new()),
            (By::Reporter, Place::Kommun(number)) => {
                let cell = cells.get(usize::from(number.checked_sub(1)?))?;
                match cell.group {
                    Group::Reporter(number) => reporter(number),
                    _ => None,
                }
            }
            (By::Kommun, Place::Kommun(number)) => Some(format!("{number:04}")),
            (By::Kommun, Place::UnknownKommun(region)) => Some(format!("{region:02}00")),
            (By::Region, Place::Region(region)) => Some(format!("{region:02}")),
            (_, Place::Unknown) => Some("?".to_owned()),
            _ => None,
        };
        places
            .into_iter()
            .filter_map(|(place, told)| Some((name(place)?, self.told(told))))
            .collect()
    }

    fn indicator(&self, of: &IndicatorImpact) -> pb::ImpactIndicator {
        let figures = of.rows.iter().map(|row| pb::ImpactFigure {
            value: row.value.clone(),
            region: match row.place {
                Place::Country => String::new(),
                Place::Region(region) => format!("{region:02}"),
                _ => "?".to_owned(),
            },
            before: Some(self.told(row.before)),
            after: Some(self.told(row.after)),
            difference: row.difference,
            relative: row.difference.and_then(|difference| match row.before {
                Told::Count(before) if before > 0 => Some(difference as f64 / before as f64),
                _ => None,
            }),
        });
        pb::ImpactIndicator {
            id: of.id.clone(),
            label: Some(label_message(&of.label)),
            table: of.table.clone(),
            differs: of.differs,
            figures: figures.collect(),
        }
    }

    /// A count that stands alone.
    fn count(&self, count: u64) -> pb::ImpactCount {
        self.told(match count > 0 && count < self.min_count {
            true => Told::Hidden,
            false => Told::Count(count),
        })
    }

    fn told(&self, told: Told) -> pb::ImpactCount {
        let Told::Count(count) = told else {
            return pb::ImpactCount::default();
        };
        let estimate = self
            .sample
            .map(|(sampled, records)| Estimate::of(count, sampled, records));
        pb::ImpactCount {
            count: Some(count),
            estimate: estimate.map(|estimate| estimate.count),
            error: estimate.map(|estimate| estimate.error),
        }
    }
}

/// The group and the part of a kommun by its number.
fn places(group: Group) -> (Place, Place) {
    let residence = match group {
        Group::Kommun(number) => Residence::from_number(number),
        _ => Residence::UNKNOWN,
    };
    let Some(region) = residence.region() else {
        return (Place::Unknown, Place::Unknown);
    };
    let kommun = residence.kommun().map(Place::Kommun);
    (
        Place::Region(region),
        kommun.unwrap_or(Place::UnknownKommun(region)),
    )
}
