//! What was said of a care unit, with what each statement changed.

use vardnav_api::units::version_message;
use vardnav_api::vardnav::units::v1::{GetCareUnitHistoryResponse, UnitStatement as StatementMessage};
use vardnav_release::authority::UnitStatement;

pub(crate) fn answer(said: &[UnitStatement]) -> GetCareUnitHistoryResponse {
    let mut statements = Vec::with_capacity(said.len());
    for (index, statement) in said.iter().enumerate() {
        let version = &statement.version;
        let earlier = said.iter().take(index).rev();
        let same = earlier.clone().find(|other| other.version.from == version.from);
        // Of a new first date, what changes on it: against the version that held until then.
        let before = same.or_else(|| {
            let before = earlier.filter(|other| other.version.from < version.from);
            before.reduce(|one, other| {
                if other.version.from > one.version.from {
                    other
                } else {
                    one
                }
            })
        });
        let changed = before.map(|before| version.changed_from(&before.version));
        statements.push(StatementMessage {
            version: Some(version_message(version)),
            put_by: statement.mark.by.clone(),
            put_micros: statement.mark.at,
            changed: changed
                .unwrap_or_default()
                .into_iter()
                .map(str::to_owned)
                .collect(),
        });
    }
    GetCareUnitHistoryResponse { statements }
}
