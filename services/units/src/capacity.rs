//! Capacity of a month: bed-days and listings as they are uploaded, added up by what a question names.

use std::collections::BTreeMap;

use jiff::civil::Date;
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::vardnav::units::v1::{BedSums, CapacityRow, QueryCapacityResponse};
use vardnav_interchange::upload::{bed_days, listings};
use vardnav_register::unit::beds::{BedDay, Capacity};
use vardnav_register::unit::listing::Listing;
use vardnav_register::unit::{CareUnit, UnitVersion};
use vardnav_store::AuthorityError;
use vardnav_store::uploads::Decode;

use super::{Units, failed};

/// By what capacity is added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Kind,
    Kommun,
    Region,
    Unit,
    Bed,
    Ownership,
}

const BY: [(&str, By); 6] = [
    ("kind", By::Kind),
    ("kommun", By::Kommun),
    ("region", By::Region),
    ("unit", By::Unit),
    ("bed", By::Bed),
    ("ownership", By::Ownership),
];

#[derive(Default)]
struct Sums {
    beds: (u64, Capacity),
    home_places: (u64, Capacity),
    listed: u64,
    specialists: u64,
    in_training: u64,
}

impl Units {
    /// Adds up the month. What is of a unit that is not open on its day is left out.
    ///
    /// # Errors
    /// When it is asked by what is none, no release is in force, or uploads cannot be read.
    pub async fn capacity(&self, month: Date, by: &[String]) -> Result<QueryCapacityResponse, ApiError> {
        if by.len() > BY.len() {
            return Err(ApiError::field("by", "one of them is given twice"));
        }
        let mut asked = Vec::new();
        for (index, name) in by.iter().enumerate() {
            let known = BY.iter().find(|(known, _)| known == name);
            let (_, known) = known.ok_or_else(|| {
                let names = BY.map(|(name, _)| name).join(", ");
                ApiError::field(format!("by[{index}]"), format!("one of {names}"))
            })?;
            asked.push(*known);
        }
        let view = self.authority.view();
        let release = view.release_on(month.last_of_month()).ok_or_else(|| {
            let message = "no release is in force in that month";
            ApiError::new(Kind::FailedPrecondition, "VN-API-021", message)
        })?;
        let days: Vec<BedDay> = self
            .of_month(bed_days::NAME, month, |bytes, _| bed_days::decode(bytes))
            .await
            .map_err(|error| failed(&error))?;
        let lists: Vec<Listing> = self
            .of_month(listings::NAME, month, |bytes, _| listings::decode(bytes))
            .await
            .map_err(|error| failed(&error))?;
        let definition = &release.register.units;
        let key = |hsa_id: &str, date: Date, bed: &str| {
            let unit = view.state().unit(hsa_id)?;
            let version = unit.on(date)?;
            let values = asked.iter().map(|by| value(*by, unit, version, bed));
            Some(values.collect::<Vec<_>>())
        };
        let mut rows: BTreeMap<Vec<String>, Sums> = BTreeMap::new();
        for day in &days {
            if let Some(key) = key(&day.unit, day.date, &day.kind) {
                let row = rows.entry(key).or_default();
                let (count, sums) = if definition.home_places.contains(&day.kind) {
                    &mut row.home_places
                } else {
                    &mut row.beds
                };
                *count += 1;
                sums.add(day);
            }
        }
        for listing in &lists {
            if let Some(key) = key(&listing.unit, listing.date, "") {
                let row = rows.entry(key).or_default();
                row.listed += u64::from(listing.listed);
                row.specialists += u64::from(listing.specialists);
                row.in_training += u64::from(listing.in_training);
            }
        }
        let row = |(values, sums): (Vec<String>, Sums)| CapacityRow {
            values,
            beds: Some(sums_message(sums.beds)),
            home_places: Some(sums_message(sums.home_places)),
            listed: sums.listed,
            specialists: sums.specialists,
            in_training: sums.in_training,
        };
        Ok(QueryCapacityResponse {
            rows: rows.into_iter().map(row).collect(),
            guideline_specialist: definition.load.map(|load| load.specialist),
            guideline_in_training: definition.load.map(|load| load.in_training),
        })
    }

    /// What holds of a kind in a month, of all reporters.
    async fn of_month<T: Clone + Send + Sync + 'static>(
        &self,
        kind: &str,
        month: Date,
        decode: Decode<Vec<T>>,
    ) -> Result<Vec<T>, AuthorityError> {
        let month = month.first_of_month();
        let view = self.authority.view();
        let of_month = view.state().uploads().current(kind);
        let ids: Vec<String> = of_month
            .filter(|record| record.date.first_of_month() == month)
            .map(|record| record.id.clone())
            .collect();
        let mut all = Vec::new();
        for id in ids {
            if let Some(held) = self.uploads.held(kind, &id, decode).await? {
                all.extend(held.content.iter().cloned());
            }
        }
        Ok(all)
    }
}

fn value(by: By, unit: &CareUnit, version: &UnitVersion, bed: &str) -> String {
    let kommun = version.kommun.as_deref().unwrap_or_default();
    match by {
        By::Kind => version.kind.clone(),
        By::Kommun => kommun.to_owned(),
        By::Region => kommun.get(..2).unwrap_or_default().to_owned(),
        By::Unit => unit.hsa_id.clone(),
        By::Bed => bed.to_owned(),
        By::Ownership => version.about.ownership.clone().unwrap_or_default(),
    }
}

fn sums_message((days, sums): (u64, Capacity)) -> BedSums {
    BedSums {
        days,
        available: sums.available,
        occupied: sums.occupied,
        overcrowded: sums.overcrowded,
        outliers: sums.outliers,
    }
}
