//! What became of a concept over the editions of its code system, those of releases included.

use jiff::civil::Date;
use vardnav_api::common::date_message;
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::terminology::{event_message, replacement_message, turn_message};
use vardnav_api::vardnav::terminology::v1 as pb;
use vardnav_runtime::clock;
use vardnav_store::View;
use vardnav_terminology::history::{self, Point};
use vardnav_terminology::{Edition, compare_versions};

use crate::answer;

/// An edition with what is known of when it holds.
struct Dated<'v> {
    edition: &'v Edition,
    from: Option<Date>,
    release: &'v str,
}

pub(crate) fn history(
    view: &View,
    request: &pb::GetHistoryRequest,
) -> Result<pb::GetHistoryResponse, ApiError> {
    let editions = editions(view, &request.system);
    if editions.is_empty() {
        return Err(ApiError::new(
            Kind::NotFound,
            "VN-API-030",
            "the code system is not known",
        ));
    }
    let points: Vec<Point<'_>> = editions
        .iter()
        .map(|dated| Point {
            label: dated.edition.version(),
            date: dated.from,
            edition: dated.edition,
        })
        .collect();
    let events = history::history(&request.code, &points);
    if events.is_empty() {
        return Err(answer::unknown_code("code"));
    }
    let release = |version: &str| {
        let of = editions.iter().find(|dated| dated.edition.version() == version);
        of.map_or("", |dated| dated.release).to_owned()
    };
    let changes = events.iter().map(|event| pb::get_history_response::Change {
        version: event.label.to_owned(),
        from: event.date.map(date_message),
        release: release(event.label),
        ..event_message(&event.what)
    });
    let newest = editions.last().map(|dated| dated.edition);
    let concept = newest.and_then(|edition| edition.lookup(&request.code));
    let turns = concept.map(history::turns).unwrap_or_default();
    let turns = turns.iter().map(|turn| pb::get_history_response::Change {
        version: newest
            .map(|edition| edition.version().to_owned())
            .unwrap_or_default(),
        release: newest
            .map(|edition| release(edition.version()))
            .unwrap_or_default(),
        ..turn_message(turn)
    });
    let today = clock::today();
    let current = view.catalog().in_force(&request.system, today);
    let current = current.map(AsRef::as_ref).or(newest);
    let replacements = current.map(|edition| history::replacements(edition, &request.code, today));
    Ok(pb::GetHistoryResponse {
        changes: changes.chain(turns).collect(),
        replacements: replacements
            .unwrap_or_default()
            .iter()
            .map(replacement_message)
            .collect(),
    })
}

/// The editions of a code system from the oldest to the newest.
fn editions<'v>(view: &'v View, system: &str) -> Vec<Dated<'v>> {
    let catalog = view.catalog();
    let bound = |version: &str| {
        let bindings = catalog.bindings(system).iter();
        bindings
            .filter(|binding| binding.version == version)
            .map(|binding| binding.validity.from)
            .min()
            .flatten()
    };
    let editions = catalog
        .editions()
        .filter(|edition| edition.url() == system)
        .map(|edition| {
            let release = view.state().release(edition.version());
            let carried = release.filter(|release| {
                view.snapshot(&release.id)
                    .is_some_and(|snapshot| snapshot.catalog.edition(system, edition.version()).is_some())
            });
            Dated {
                edition,
                from: carried
                    .map(|release| release.from)
                    .or_else(|| bound(edition.version())),
                release: carried.map_or("", |release| &release.id),
            }
        })
        .collect();
    from_oldest(editions, |dated| (dated.from, dated.edition.version()))
}

/// Things from the oldest to the newest: those with a date by date, the others by version, and each of these before the
/// first with a date whose version is newer.
fn from_oldest<T>(things: Vec<T>, key: impl Fn(&T) -> (Option<Date>, &str)) -> Vec<T> {
    let (mut dated, mut undated): (Vec<T>, Vec<T>) =
        things.into_iter().partition(|thing| key(thing).0.is_some());
    let by_version = |a: &T, b: &T| compare_versions(key(a).1, key(b).1);
    dated.sort_by(|a, b| key(a).0.cmp(&key(b).0).then_with(|| by_version(a, b)));
    undated.sort_by(by_version);
    let mut ordered = Vec::with_capacity(dated.len().saturating_add(undated.len()));
    let mut undated = undated.into_iter().peekable();
    for thing in dated {
        while let Some(older) = undated.next_if(|other| by_version(other, &thing).is_lt()) {
            ordered.push(older);
        }
        ordered.push(thing);
    }
    ordered.extend(undated);
    ordered
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, date};

    use super::from_oldest;

    #[test]
    fn dates_order_where_there_are_some_and_versions_elsewhere() {
        let day = |year| Some(date(year, 1, 1));
        let order = |things: &[(Option<Date>, &'static str)]| -> Vec<&'static str> {
            let ordered = from_oldest(things.to_vec(), |thing| (thing.0, thing.1));
            ordered.into_iter().map(|(_, version)| version).collect()
        };
        assert_eq!(order(&[(None, "10"), (None, "9"), (None, "2")]), ["2", "9", "10"]);
        assert_eq!(order(&[(None, "2027"), (day(2026), "2026")]), ["2026", "2027"]);
        assert_eq!(
            order(&[(day(2027), "1"), (None, "2025"), (day(2026), "2026.9")]),
            ["2025", "2026.9", "1"]
        );
        assert_eq!(order(&[(day(2026), "10"), (day(2026), "9")]), ["9", "10"]);
    }
}
