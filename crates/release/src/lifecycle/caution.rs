//! What a publication does that may be meant otherwise. Nothing of it is refused; whoever publishes is told.

use jiff::civil::Date;

use crate::authority::AuthorityState;

/// What a publication does that may be meant otherwise.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Caution {
    /// Another release begins on the same date: from now on it applies on no day.
    #[error(
        "release `{other}` begins on the same date {from} and applies on no day from now on: of two the one published \
         last applies"
    )]
    TakesPlaceOf {
        /// The other release.
        other: String,
        /// The date.
        from: Date,
    },
    /// A release that is published already begins later: this one ends there.
    #[error("it applies until {until} only, when release `{other}` begins, which is published already")]
    EndsWith {
        /// The other release.
        other: String,
        /// Its first date.
        until: Date,
    },
    /// Its first date is past or today, while another release applies on it: records of those days were judged by that one.
    #[error(
        "it begins on {from}, and today is {today}: records of those days were derived under release `{other}` and stay \
         so until they are derived anew"
    )]
    Retroactive {
        /// Its first date.
        from: Date,
        /// The day of publication.
        today: Date,
        /// The release that applied on its first date until now.
        other: String,
    },
}

impl Caution {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TakesPlaceOf { .. } => "VN-REL-243",
            Self::EndsWith { .. } => "VN-REL-244",
            Self::Retroactive { .. } => "VN-REL-245",
        }
    }
}

/// What there is to tell of the publication of a release, as the stream stands once it is published, on a day.
pub fn cautions(state: &AuthorityState, release: &str, today: Date) -> Vec<Caution> {
    let Some(own) = state.release(release) else {
        return Vec::new();
    };
    let from = own.from;
    let earlier = || state.releases().take_while(|other| other.id != release);
    let mut cautions = Vec::new();
    let same = earlier().filter(|other| other.from == from);
    cautions.extend(same.map(|other| Caution::TakesPlaceOf {
        other: other.id.clone(),
        from,
    }));
    let next = earlier()
        .filter(|other| other.from > from)
        .min_by_key(|other| other.from);
    cautions.extend(next.map(|other| Caution::EndsWith {
        other: other.id.clone(),
        until: other.from,
    }));
    let before = earlier()
        .filter(|other| other.from <= from)
        .max_by_key(|other| other.from);
    if let Some(other) = before.filter(|_| from <= today) {
        cautions.push(Caution::Retroactive {
            from,
            today,
            other: other.id.clone(),
        });
    }
    cautions
}
