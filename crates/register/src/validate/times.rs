//! Dates: within the register's time, in order, inside the episode.

use jiff::civil::Date;

use super::report::Report;
use super::{Mechanism, date_path, episode_id};
use crate::bytes::days_from_date;
use crate::definition::TimeLimits;
use crate::record::{Body, CareRequest, Episode, Record};
use crate::surroundings::{Surroundings, covers};

pub(super) fn check<S: Surroundings + ?Sized>(
    record: &Record,
    reporter: &str,
    received: Date,
    limits: Option<TimeLimits>,
    surroundings: &S,
    report: &mut Report<'_>,
) {
    let limits = limits.unwrap_or_default();
    let last = days_from_date(received).saturating_add(limits.days_ahead);
    let date = record.date();
    if date < limits.earliest {
        report.add(Mechanism::TimeTooEarly, || date_path(record).to_owned());
    }
    if days_from_date(date) > last {
        report.add(Mechanism::TimeTooLate, || date_path(record).to_owned());
    }
    // An end is the first date no longer included: care that ended on the last day has its end on the day after.
    let end_too_late =
        |end: Option<Date>| end.is_some_and(|end| days_from_date(end) > last.saturating_add(1));
    let in_order = |start: Date, end: Option<Date>| end.is_none_or(|end| start < end);

    let interval = match &record.body {
        Body::Contact(contact) => {
            if contact
                .requested
                .is_some_and(|requested| requested > contact.date)
            {
                report.add(Mechanism::TimeOrder, || "requested".to_owned());
            }
            contact.end.map(|end| (contact.date, Some(end)))
        }
        Body::CareRequest(request) => {
            request_dates(request, last, report);
            None
        }
        Body::MonitoringPeriod(period) => Some((period.start, period.end)),
        Body::Episode(episode) => {
            segments(episode, report);
            for (at, plan) in episode.plans.iter().enumerate() {
                if !in_order(plan.from, plan.until) {
                    report.add(Mechanism::TimeOrder, || format!("plans[{at}].until"));
                }
            }
            for (at, one) in episode.responsibilities.iter().enumerate() {
                if !in_order(one.from, one.until) {
                    report.add(Mechanism::TimeOrder, || format!("responsibilities[{at}].until"));
                }
            }
            for (at, segment) in episode.segments.iter().enumerate() {
                if days_from_date(segment.start) > last {
                    report.add(Mechanism::TimeTooLate, || format!("segments[{at}].start"));
                }
                if end_too_late(segment.end) {
                    report.add(Mechanism::TimeTooLate, || format!("segments[{at}].end"));
                }
            }
            Some((episode.start, episode.end))
        }
    };
    if let Some((start, end)) = interval {
        if !in_order(start, end) {
            report.add(Mechanism::TimeOrder, || "end".to_owned());
        }
        if end_too_late(end) {
            report.add(Mechanism::TimeTooLate, || "end".to_owned());
        }
    }
    if let Some(id) = episode_id(record) {
        match surroundings.episode(reporter, id) {
            None => report.add(Mechanism::EpisodeUnknown, || "episode".to_owned()),
            Some(episode) if !episode.covers(date) => {
                report.add(Mechanism::TimeOutsideEpisode, || date_path(record).to_owned());
            }
            Some(_) => {}
        }
    }
}

/// What comes of a request comes on its date or later, an assessment not before the first contact, and nothing after the
/// last day that is taken; and what ended tells how.
fn request_dates(request: &CareRequest, last: i32, report: &mut Report<'_>) {
    let CareRequest {
        date,
        contacted,
        assessed,
        ended,
        ..
    } = request;
    let not_before = |earliest: Option<Date>| earliest.unwrap_or(*date).max(*date);
    for (path, stated, earliest) in [
        ("contacted", contacted, *date),
        ("assessed", assessed, not_before(*contacted)),
        ("ended", ended, *date),
    ] {
        let Some(stated) = *stated else { continue };
        if stated < earliest {
            report.add(Mechanism::TimeOrder, || path.to_owned());
        }
        if days_from_date(stated) > last {
            report.add(Mechanism::TimeTooLate, || path.to_owned());
        }
    }
    if ended.is_some() != request.ending.is_some() {
        report.add(Mechanism::RequestEnding, || "ending".to_owned());
    }
}

/// Segments are half-open, in order, do not overlap and lie in the episode. Gaps between them are allowed.
fn segments(episode: &Episode, report: &mut Report<'_>) {
    if episode.segments.is_empty() {
        report.add(Mechanism::SegmentsMissing, || "segments".to_owned());
    }
    // Where the next segment may start at the earliest; `None` after one without end.
    let mut earliest = Some(episode.start);
    for (at, segment) in episode.segments.iter().enumerate() {
        if segment.end.is_some_and(|end| end <= segment.start) {
            report.add(Mechanism::TimeOrder, || format!("segments[{at}].end"));
        }
        let starts_in_place = earliest.is_some_and(|earliest| segment.start >= earliest)
            && covers(episode.start, episode.end, segment.start);
        if !starts_in_place {
            report.add(Mechanism::SegmentsOrder, || format!("segments[{at}].start"));
        }
        let ends_in_place = match (segment.end, episode.end) {
            (_, None) => true,
            (Some(end), Some(last)) => end <= last,
            (None, Some(_)) => false,
        };
        if !ends_in_place {
            report.add(Mechanism::SegmentsOrder, || format!("segments[{at}].end"));
        }
        earliest = segment.end;
    }
}
