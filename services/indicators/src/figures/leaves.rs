//! Something that is counted at the finest level, by where it lies.

use std::collections::BTreeMap;
use std::ops::Range;

use vardnav_indicators::Residence;
use vardnav_indicators::lattice::Place;
use vardnav_indicators::query::SexGroup;
use vardnav_register::record::Sex;

/// What is counted, by the number of the residence.
pub(super) struct Leaves<T>(BTreeMap<u16, Vec<Leaf<T>>>);

struct Leaf<T> {
    month: i8,
    sex: Option<Sex>,
    age_from: Option<u8>,
    what: T,
}

impl<T> Default for Leaves<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Leaves<T> {
    pub(super) fn add(
        &mut self,
        residence: Residence,
        (month, sex, age_from): (i8, Option<Sex>, Option<u8>),
        what: T,
    ) {
        self.0.entry(residence.number()).or_default().push(Leaf {
            month,
            sex,
            age_from,
            what,
        });
    }

    /// What lies at a place, of some sexes, of ages that a range holds (`None` for all, known or not), in a month (0 for
    /// all).
    pub(super) fn at(
        &self,
        place: Place,
        sexes: SexGroup,
        ages: Option<Range<u16>>,
        month: i8,
    ) -> impl Iterator<Item = &T> {
        let numbers = match place {
            Place::Country => 0..u16::MAX,
            Place::Region(region) => {
                let first = u16::from(region) * 100;
                first..first + 100
            }
            Place::Kommun(kommun) => kommun..kommun.saturating_add(1),
            Place::UnknownKommun(region) => {
                let number = u16::from(region) * 100;
                number..number + 1
            }
            Place::Unknown => 0..1,
        };
        let is_of = move |leaf: &&Leaf<T>| {
            let of_sex = match sexes {
                SexGroup::All => true,
                SexGroup::Only(wanted) => leaf.sex == Some(wanted),
                SexGroup::Unknown => leaf.sex.is_none(),
            };
            let of_age = ages
                .as_ref()
                .is_none_or(|ages| leaf.age_from.is_some_and(|age| ages.contains(&u16::from(age))));
            of_sex && of_age && (month == 0 || leaf.month == month)
        };
        let leaves = self.0.range(numbers).flat_map(|(_, leaves)| leaves);
        leaves.filter(is_of).map(|leaf| &leaf.what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_its_kommuner_and_those_not_known() {
        let mut leaves = Leaves::default();
        for (at, code) in ["0180", "01", "1280"].into_iter().enumerate() {
            let residence = Residence::parse(code).unwrap_or(Residence::UNKNOWN);
            leaves.add(residence, (1, Some(Sex::Female), Some(70)), 1_u64 << at);
        }
        leaves.add(Residence::UNKNOWN, (2, None, None), 8);
        let at = |place, sexes, ages, month| leaves.at(place, sexes, ages, month).sum::<u64>();
        assert_eq!(at(Place::Country, SexGroup::All, None, 0), 15);
        assert_eq!(at(Place::Region(1), SexGroup::All, None, 0), 3);
        assert_eq!(at(Place::UnknownKommun(1), SexGroup::All, None, 0), 2);
        assert_eq!(at(Place::Unknown, SexGroup::All, None, 0), 8);
        assert_eq!(at(Place::Country, SexGroup::Unknown, None, 0), 8);
        assert_eq!(at(Place::Country, SexGroup::All, Some(0..65), 0), 0);
        assert_eq!(at(Place::Country, SexGroup::All, Some(65..150), 1), 7);
        assert_eq!(at(Place::Kommun(1280), SexGroup::Only(Sex::Male), None, 0), 0);
    }
}
