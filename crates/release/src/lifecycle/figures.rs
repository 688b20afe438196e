//! Whether figures may be published. Which figures there are, and what of them may be shown, is decided before.

use vardnav_register::identity::reference_date;

use super::{Refusal, check_caller, check_id, check_long_text, check_text, entry};
use crate::authority::AuthorityState;
use crate::entry::{AuthorityEntry, Change, PublicationRecord, PublicationState};

/// Most publications that are kept.
pub const PUBLICATIONS_MAX: usize = 10_000;

/// Publishes figures of a year, whose number is given here; `None` when just this is what holds. `revises` names the
/// publication whose place it takes, the last of the year, so that nobody revises what they have not seen.
///
/// # Errors
/// [`Refusal::BadCaller`], [`Refusal::BadId`], [`Refusal::BadText`], [`Refusal::BadLongText`]; [`Refusal::TitleMissing`];
/// [`Refusal::OtherPublication`]; [`Refusal::NoteMissing`]; [`Refusal::YearNotOver`]; [`Refusal::PublicationFinal`];
/// [`Refusal::TooManyPublications`].
pub fn publish_figures(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    revises: Option<&str>,
    record: &PublicationRecord,
) -> Result<Option<AuthorityEntry>, Refusal> {
    check_caller(caller)?;
    check_id("release", &record.release)?;
    check_text("title of the publication", &record.title.sv)?;
    check_text("title of the publication", &record.title.en)?;
    if record.title.sv.trim().is_empty() {
        return Err(Refusal::TitleMissing);
    }
    if !record.note.is_empty() {
        check_long_text(&record.note)?;
    }
    let today = reference_date(at);
    let is_over = today.year() > record.year;
    if today.year() < record.year || record.state == PublicationState::Final && !is_over {
        return Err(Refusal::YearNotOver { year: record.year });
    }
    let last = state.publications().last(record.year).map(|last| &last.record);
    let id = last.map(PublicationRecord::id);
    if id.as_deref() != revises {
        return Err(Refusal::OtherPublication { last: id });
    }
    if let Some(last) = last {
        let same = last.blob == record.blob && last.state == record.state && last.title == record.title;
        if same && last.release == record.release && last.derivation == record.derivation {
            return Ok(None);
        }
        if record.note.trim().is_empty() {
            return Err(Refusal::NoteMissing);
        }
        if last.state == PublicationState::Final && record.state == PublicationState::Preliminary {
            return Err(Refusal::PublicationFinal);
        }
    }
    if state.publications().count() >= PUBLICATIONS_MAX {
        return Err(Refusal::TooManyPublications);
    }
    let record = PublicationRecord {
        number: last.map_or(1, |last| last.number.saturating_add(1)),
        ..record.clone()
    };
    Ok(Some(entry(caller, at, Change::FiguresPublished(record))))
}
