//! Derivations in the authority's stream: that history is derived anew under a plan, that it no longer is, and which
//! derivation readers are answered from.

use jiff::civil::Date;
use vardnav_register::bytes::{DecodeError, DecodeProblem, Reader, Writer};

/// Names what the ledger's entries hold, beside the derivations that are planned.
pub const AS_REPORTED: &str = "as-reported";

/// Most variants that a plan names.
const VARIANTS_MAX: usize = 64;

/// A step of a derivation. The kinds are stored: see [`DerivationStep::kind`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DerivationStep {
    /// History is derived anew from now on.
    Planned(DerivationPlan),
    /// A derivation is given up: what was derived is forgotten.
    Cancelled {
        /// Its id.
        id: String,
    },
    /// Readers are answered from a derivation from now on, unless they name another.
    Switched {
        /// Its id, or [`AS_REPORTED`].
        id: String,
        /// What they were answered from until then: an id, or [`AS_REPORTED`].
        from: String,
        /// Why; may be empty.
        reason: String,
    },
}

/// What is derived anew, and under what.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DerivationPlan {
    /// Id of the derivation.
    pub id: String,
    /// Id of a published release.
    pub release: String,
    /// Variants in place of those that the release takes, each `point:variant`, in the order of the points.
    pub variants: Vec<String>,
    /// First date of care; `None` for the first there is.
    pub from: Option<Date>,
    /// First date of care no longer included; `None` for no end.
    pub until: Option<Date>,
}

impl DerivationPlan {
    /// Whether parts dated so are derived anew.
    pub fn covers(&self, date: Date) -> bool {
        self.from.is_none_or(|from| from <= date) && self.until.is_none_or(|until| date < until)
    }

    /// What parts that are derived so name as their release: the release's id and, after a `+`, each variant that it
    /// does not take itself.
    pub fn release_name(&self) -> String {
        let mut name = self.release.clone();
        for variant in &self.variants {
            name.push('+');
            name.push_str(variant);
        }
        name
    }
}

impl DerivationStep {
    /// The stored kind byte.
    pub(super) fn kind(&self) -> u8 {
        match self {
            Self::Planned(_) => 20,
            Self::Cancelled { .. } => 21,
            Self::Switched { .. } => 22,
        }
    }

    /// Whether a kind byte is of a derivation. 23 and 24 are reserved for steps of derivations and are read as none.
    pub(super) fn is_kind(kind: u8) -> bool {
        (20..=24).contains(&kind)
    }

    pub(super) fn texts(&self) -> Vec<&str> {
        match self {
            Self::Planned(plan) => {
                let variants = plan.variants.iter().map(String::as_str);
                [&*plan.id, &*plan.release].into_iter().chain(variants).collect()
            }
            Self::Cancelled { id } => vec![id],
            Self::Switched { id, from, reason } => vec![id, from, reason],
        }
    }

    pub(super) fn write(&self, w: &mut Writer) {
        match self {
            Self::Planned(plan) => {
                w.str(&plan.id);
                w.str(&plan.release);
                w.seq(&plan.variants, |w, variant| w.str(variant));
                w.option_date(plan.from);
                w.option_date(plan.until);
            }
            Self::Cancelled { id } => w.str(id),
            Self::Switched { id, from, reason } => {
                w.str(id);
                w.str(from);
                w.str(reason);
            }
        }
    }

    pub(super) fn read(kind: u8, r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match kind {
            20 => Self::Planned(DerivationPlan {
                id: r.string()?,
                release: r.string()?,
                variants: r.seq(VARIANTS_MAX, Reader::string)?,
                from: r.option_date()?,
                until: r.option_date()?,
            }),
            21 => Self::Cancelled { id: r.string()? },
            22 => Self::Switched {
                id: r.string()?,
                from: r.string()?,
                reason: r.string()?,
            },
            _ => return Err(r.error(DecodeProblem::Tag)),
        })
    }
}
