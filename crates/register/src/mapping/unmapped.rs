//! Which codes of a record no map knows.

use jiff::civil::Date;

use crate::mapping::{CodePath, Maps, codes_of_record, codes_of_segment};
use crate::record::{Body, Coding, Record};
use crate::surroundings::Surroundings;

/// A code that no map knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmapped {
    /// Where it stands in the record.
    pub path: CodePath,
    /// The maps of its code system that were asked, `url|version`; none when there is no map for the system.
    pub asked: Vec<String>,
}

/// The codes of a record that no map knows on their date, in the order in which they stand: those of the record as a
/// whole with a contact's procedures, then those of the segments. Where no release is in force none is told.
pub fn unmapped<S: Surroundings + ?Sized>(
    record: &Record,
    reporter: &str,
    surroundings: &S,
) -> Vec<Unmapped> {
    let own = surroundings.reporter_maps(reporter);
    let mut found = Vec::new();
    let mut ask = |path: CodePath, coding: &Coding, date: Date| {
        let Some(release) = surroundings.release_on(date) else {
            return;
        };
        let maps = Maps {
            reporter: own,
            release: release.maps,
        };
        if !maps.knows(coding, date) {
            let asked = maps.asked(&coding.system, date).map(str::to_owned);
            found.push(Unmapped {
                path,
                asked: asked.collect(),
            });
        }
    };
    for (path, coding) in codes_of_record(record) {
        ask(path, coding, record.date());
    }
    if let Body::Episode(episode) = &record.body {
        for (index, segment) in episode.segments.iter().enumerate() {
            for (path, coding) in codes_of_segment(index, &segment.codes) {
                ask(path, coding, segment.start);
            }
        }
    }
    found
}
