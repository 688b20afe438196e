//! The store held against itself, while it is used or not: every byte of the log against its checksums, rows against
//! their leaves, leaves against the heads, hash files, index and blobs against the log, cursors against the streams.
//! Changes nothing; what is found is told with file and offset.

mod derived;
mod log;

use self::log::LogCheck;
use super::{Embedded, Shared};
use crate::check::{Finding, Summary, Telling, Told};
use crate::contract::StoreError;

/// A check under way.
struct Check<'a> {
    shared: &'a Shared,
    telling: Telling<'a, dyn FnMut(Told) -> bool + 'a>,
}

impl Embedded {
    /// Holds the store against itself as it stands now; rows appended meanwhile are left out. Works on the disk: call
    /// it outside async tasks. `tell` hears of findings and progress and answers whether to go on.
    ///
    /// # Errors
    /// `Unavailable` when files cannot be read, or `tell` wants no more.
    pub fn check(&self, tell: &mut dyn FnMut(Told) -> bool) -> Result<Summary, StoreError> {
        let mut check = Check {
            shared: &self.shared,
            telling: Telling::new(tell),
        };
        for damage in self.damage() {
            let mut finding = Finding::of("VN-STO-009", damage.place, damage.what);
            finding.lost = damage.lost;
            check.telling.find(finding)?;
        }
        let (end, heads) = self.shared.heads.snapshot();
        check.telling.summary.streams = crate::codec::len64(heads.len());
        LogCheck::new(&mut check, end, &heads).run()?;
        check.index()?;
        check.blobs()?;
        check.projections()?;
        Ok(check.telling.summary)
    }
}
