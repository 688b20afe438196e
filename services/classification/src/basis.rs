//! What decides cases: a release named or those in force by date, each under the variants asked for.

use std::sync::Arc;

use jiff::civil::Date;
use vardnav_api::status::ApiError;
use vardnav_classification::DescriptionSystem;
use vardnav_interchange::classify_lines::{LineFinding, no_release};
use vardnav_release::snapshot::Snapshot;
use vardnav_store::authority::View;

use crate::variants::{Chosen, Variants};

/// Variants that one question may name. There are not so many unsettled points.
pub(crate) const VARIANTS_MAX: usize = 64;

/// Where the cases of one question find what decides them.
pub(crate) struct Basis<'a> {
    releases: Releases<'a>,
    asked: &'a [String],
    variants: &'a Variants,
    /// What decided the case before.
    last: Option<(Arc<Snapshot>, Found<Arc<Decider>>)>,
}

/// What was asked for, or why nothing decides.
pub(crate) type Found<T> = Result<T, Vec<LineFinding>>;

enum Releases<'a> {
    Named(Arc<Snapshot>),
    ByDate(&'a View),
}

/// What decides a case.
pub(crate) struct Decider {
    /// The release.
    pub(crate) release: Arc<Snapshot>,
    /// Its description system, under the variants.
    pub(crate) system: Arc<DescriptionSystem>,
    /// The variants asked for.
    pub(crate) variants: Vec<String>,
}

impl<'a> Basis<'a> {
    /// The release with this id, or those in force when it is empty, under the variants asked for.
    ///
    /// # Errors
    /// When there is no release of that id, or there are too many variants.
    pub(crate) fn of(
        view: &'a View,
        release: &str,
        asked: &'a [String],
        variants: &'a Variants,
    ) -> Result<Self, ApiError> {
        if asked.len() > VARIANTS_MAX {
            return Err(ApiError::field(
                "variants",
                format!("at most {VARIANTS_MAX} variants"),
            ));
        }
        let releases = if release.is_empty() {
            Releases::ByDate(view)
        } else {
            let named = view.release(release);
            Releases::Named(named.ok_or_else(|| ApiError::not_found("a release with that id"))?)
        };
        Ok(Self {
            releases,
            asked,
            variants,
            last: None,
        })
    }

    /// What decides cases of a date.
    ///
    /// # Errors
    /// Findings: that no release applies, or which variants the one that applies has.
    pub(crate) fn on(&mut self, date: Date) -> Found<Arc<Decider>> {
        let release = match &self.releases {
            Releases::Named(release) => Arc::clone(release),
            Releases::ByDate(view) => view.release_on(date).ok_or_else(|| vec![no_release(date)])?,
        };
        if let Some((known, found)) = &self.last
            && Arc::ptr_eq(known, &release)
        {
            return found.clone();
        }
        let found = self.variants.of(&release, self.asked);
        let found = found.map(|Chosen { system, variants }| {
            Arc::new(Decider {
                release: Arc::clone(&release),
                system,
                variants,
            })
        });
        self.last = Some((release, found.clone()));
        found
    }
}
