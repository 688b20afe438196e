//! What maps could not make of a record's codes: codes and code systems that none of them knows, codes that contradict
//! each other, maps that lead nowhere. Maps are named as they were published or put, codes by their shape. Warnings about facts that are missing; nothing here refuses a record for itself.

use jiff::civil::Date;
use vardnav_classification::model::Grain;

use super::Mechanism;
use super::report::Report;
use crate::finding::Finding;
use crate::mapping::{CodePath, Mapped, Maps, ReporterMaps, codes_of_record, codes_of_segment};
use crate::record::{Body, Coding, Record};
use crate::surroundings::{ReleaseView, Surroundings};
use crate::text::shape;

/// What was found when maps were asked about a record's codes. The codes of the record as a whole are asked about on
/// its own date; those of a segment on the segment's first. Of a contact's procedures no map need know anything.
pub fn mapping<S: Surroundings + ?Sized>(record: &Record, reporter: &str, surroundings: &S) -> Vec<Finding> {
    let mut findings = Vec::new();
    let own = surroundings.reporter_maps(reporter);
    let date = record.date();
    let (grain, segments) = match &record.body {
        Body::Contact(_) => (Grain::Contact, &[][..]),
        Body::MonitoringPeriod(_) => (Grain::MonitoringPeriod, &[][..]),
        Body::Episode(episode) => (Grain::Segment, episode.segments.as_slice()),
        Body::CareRequest(_) => return findings,
    };
    if codes_of_record(record).next().is_some()
        && let Some(release) = surroundings.release_on(date)
    {
        let asked = Asked { release, own, date };
        asked.about(|| codes_of_record(record), grain, "codes", &mut findings);
    }
    for (index, segment) in segments
        .iter()
        .enumerate()
        .filter(|(_, segment)| !segment.codes.is_empty())
    {
        let date = segment.start;
        if let Some(release) = surroundings.release_on(date) {
            let asked = Asked { release, own, date };
            let codes = || codes_of_segment(index, &segment.codes);
            asked.about(codes, grain, &format!("segments[{index}].codes"), &mut findings);
        }
    }
    findings
}

/// The maps asked on a date.
struct Asked<'a> {
    release: ReleaseView<'a>,
    own: Option<&'a ReporterMaps>,
    date: Date,
}

impl<'a> Asked<'a> {
    fn about<C: Iterator<Item = (CodePath, &'a Coding)>>(
        &self,
        codes: impl Fn() -> C,
        grain: Grain,
        place: &str,
        findings: &mut Vec<Finding>,
    ) {
        let Self { release, own, date } = *self;
        let maps = Maps {
            reporter: own,
            release: release.maps,
        };
        let mut report = Report::new(Some(release.checks), date);
        for (path, coding) in codes() {
            let optional = matches!(path, CodePath::Procedure(_));
            if optional || maps.knows(coding, date) {
                continue;
            }
            let asked: Vec<&str> = maps.asked(&coding.system, date).collect();
            if asked.is_empty() {
                let path = || format!("{path}.system");
                report.add_shape(Mechanism::MapSystemUnknown, path, &coding.system);
            } else {
                let detail = format!("{}; asked {}", shape(&coding.code), asked.join(", "));
                report.add_with(Mechanism::MapCodeUnknown, || format!("{path}.code"), &detail);
            }
        }
        let mapped = Mapped::of(codes(), maps, release.system, grain, date);
        for axis in mapped.contradicted() {
            let from: Vec<String> = mapped
                .from(*axis)
                .map(|from| format!("{} by {}", from.path, from.map))
                .collect();
            let detail = format!("axis {}: {}", release.system.axis_id(*axis), from.join(", "));
            report.add_with(Mechanism::MapContradiction, || place.to_owned(), &detail);
        }
        for (path, map) in mapped.misled() {
            report.add_with(Mechanism::MapMisled, || format!("{path}.code"), map);
        }
        findings.extend(report.into_findings());
    }
}
