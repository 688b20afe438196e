//! What became of a concept over the editions of its code system, those of releases included.

use jiff::civil::Date;
use vardnav_api::common::date_message;
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::terminology::{event_message, replacement_message, turn_message};
use vardnav_api::vardnav::terminology::v1 as pb;
use vardnav_runtime::clock;
use vardnav_store::View;
use vardnav_terminology::Edition;
use vardnav_terminology::history::{self, Point};

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
    let replacements = newest.map(|edition| history::replacements(edition, &request.code, clock::today()));
    Ok(pb::GetHistoryResponse {
        changes: changes.chain(turns).collect(),
        replacements: replacements
            .unwrap_or_default()
            .iter()
            .map(replacement_message)
            .collect(),
    })
}

/// The editions of a code system from the oldest to the newest: by the date from which they hold, those without one
/// by version.
fn editions<'v>(view: &'v View, system: &str) -> Vec<Dated<'v>> {
    let catalog = view.catalog();
    let bound = |version: &str| {
        let bindings = catalog.bindings(system).iter();
        bindings
            .filter(|binding| binding.version == version)
            .filter_map(|binding| binding.validity.from)
            .min()
    };
    let mut editions: Vec<Dated<'v>> = catalog
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
    editions.sort_by(|a, b| (a.from, a.edition.version()).cmp(&(b.from, b.edition.version())));
    editions
}
