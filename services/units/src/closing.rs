//! Closing care units, and merging several into one that takes over: all of them in one append, or none.

use jiff::civil::Date;
use vardnav_api::status::ApiError;
use vardnav_register::unit::CareUnit;
use vardnav_runtime::caller::Caller;

use super::Units;

/// Most units closed at once.
const CLOSED_MAX: usize = 100;

impl Units {
    /// Closes units from a date on. A successor must be open on that date.
    ///
    /// # Errors
    /// When a unit is not known, not open on the day before, or has versions from the date on; when the successor is not
    /// open; and as [`Units::put_all`].
    pub async fn close(
        &self,
        caller: &Caller,
        hsa_ids: &[String],
        closed: Date,
        successor: Option<String>,
    ) -> Result<Vec<CareUnit>, ApiError> {
        if !(1..=CLOSED_MAX).contains(&hsa_ids.len()) {
            let message = format!("1 to {CLOSED_MAX} units are needed");
            return Err(ApiError::field("hsa_ids", message));
        }
        let view = self.authority.view();
        if let Some(successor) = &successor {
            let unit = view.state().unit(successor);
            if hsa_ids.contains(successor) || unit.and_then(|unit| unit.on(closed)).is_none() {
                return Err(ApiError::field(
                    "successor",
                    "not a registered care unit that is open on the date and is not closed itself",
                ));
            }
        }
        let mut units = Vec::new();
        for (index, hsa_id) in hsa_ids.iter().enumerate() {
            let refuse = |message: &str| ApiError::field(format!("hsa_ids[{index}]"), message);
            let known = view.state().unit(hsa_id);
            let mut unit = known.cloned().ok_or_else(|| refuse("no such care unit"))?;
            let last = unit.versions.last_mut();
            let last = last.filter(|last| last.from < closed && last.closed.is_none());
            let last = last.ok_or_else(|| {
                refuse("the unit is closed already, or has a version that begins on the date or after it")
            })?;
            last.closed = Some(closed);
            last.about.successor.clone_from(&successor);
            units.push(unit);
        }
        self.put_all(caller, &units).await?;
        Ok(units)
    }
}
