//! The inhabitants that figures are of, out of the population table of the year.

use std::ops::Range;

use vardnav_indicators::definition::Variant;
use vardnav_indicators::lattice::Place;
use vardnav_indicators::population::{AGES, Area, PopulationTable};
use vardnav_indicators::query::{AgeGroup, SexGroup};

use super::{Ground, is_population};

/// Whether figures of a variant are of inhabitants.
pub(super) fn is_of_inhabitants(variant: &Variant, ground: &Ground<'_>) -> bool {
    let terms = &variant.figure.denominator;
    !terms.is_empty() && terms.iter().all(|term| is_population(term, ground.release))
}

/// The ages of a group; `None` where they are not known.
pub(super) fn ages(group: &AgeGroup, ground: &Ground<'_>) -> Option<Range<u16>> {
    match group {
        AgeGroup::All => Some(0..AGES),
        AgeGroup::Unknown => None,
        AgeGroup::Group(code) => {
            let known = &ground.frame.ages;
            let at = known.iter().position(|(_, known)| known == code)?;
            let from = known.get(at).map(|(from, _)| u16::from(*from))?;
            let until = known.get(at + 1).map_or(AGES, |(from, _)| u16::from(*from));
            Some(from..until)
        }
    }
}

/// The inhabitants of some areas whom a variant is about, of some sexes and ages, by the last population table of the
/// year or before.
pub(super) fn inhabitants(
    variant: &Variant,
    ground: &Ground<'_>,
    year: i16,
    areas: impl Fn(&PopulationTable) -> Option<Vec<Area>>,
    sexes: SexGroup,
    ages: &Range<u16>,
) -> Option<u64> {
    let tables = ground.populations.iter();
    let table = tables
        .filter(|table| table.date().year() <= year)
        .max_by_key(|table| table.date())?;
    let sex = match sexes {
        SexGroup::All => None,
        SexGroup::Only(sex) => Some(sex),
        SexGroup::Unknown => return None,
    };
    let areas = areas(table)?;
    let mut sum = 0_u64;
    for term in &variant.figure.denominator {
        let mut measures = ground.release.indicators.measures.iter();
        let ordinal = measures.position(|measure| measure.id == term.measure)?;
        for counted in ground.projected.plan.engine.inhabitants(ordinal)? {
            let own = counted.start.max(ages.start)..counted.end.min(ages.end);
            if !own.is_empty() {
                let count = table.count_of(&areas, sex, &own)?;
                sum = sum.saturating_add(count.saturating_mul(term.times.into()));
            }
        }
    }
    Some(sum)
}

/// The areas of a table that make up a place; `None` where it has none of them.
pub(super) fn areas(table: &PopulationTable, place: Place) -> Option<Vec<Area>> {
    let known = table.areas();
    let kommuner = |region: Option<u8>| -> Vec<Area> {
        let is_of = |area: &Area| match area {
            Area::Kommun(kommun) => region.is_none_or(|region| kommun / 100 == u16::from(region)),
            _ => false,
        };
        known.iter().copied().filter(is_of).collect()
    };
    let (own, parts) = match place {
        Place::Country => (Area::Country, {
            let regions: Vec<Area> = known
                .iter()
                .copied()
                .filter(|area| matches!(area, Area::Region(_)))
                .collect();
            if regions.is_empty() {
                kommuner(None)
            } else {
                regions
            }
        }),
        Place::Region(region) => (Area::Region(region), kommuner(Some(region))),
        Place::Kommun(kommun) => (Area::Kommun(kommun), Vec::new()),
        Place::UnknownKommun(_) | Place::Unknown => return None,
    };
    if known.contains(&own) {
        return Some(vec![own]);
    }
    (!parts.is_empty()).then_some(parts)
}
