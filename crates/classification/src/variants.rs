//! Other variants of the same source: the rules of every variant of every unsettled point are kept side by side, and
//! here another choice among them is taken. The source that others decide by is left as it is.

use core::fmt;

use thiserror::Error;

use crate::compile::{DescriptionSystem, Place, Problem};
use crate::model::{DescriptionSource, UnsettledPoint, VariantRef};

/// Why a choice of a variant cannot be taken. Names what there is, and not what was asked for: whether that may be
/// repeated is the caller's to judge.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{fault}")]
pub struct WrongChoice {
    /// Position among the choices.
    pub position: usize,
    /// What is wrong with it.
    pub fault: ChoiceFault,
}

/// What is wrong with a choice.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ChoiceFault {
    /// It does not name a point and a variant.
    #[error("write a variant as `point:variant`; there are {}", .known.join(", "))]
    Form {
        /// Every choice there is, as `point:variant`.
        known: Vec<String>,
    },
    /// No point that has variants is called so.
    #[error("no unsettled point with variants has this name; there are {}", .known.join(", "))]
    NoPoint {
        /// The points that have variants.
        known: Vec<String>,
    },
    /// The point has no such variant.
    #[error("`{point}` has no such variant; it has {}", .known.join(", "))]
    NoVariant {
        /// The point.
        point: String,
        /// Its variants.
        known: Vec<String>,
    },
    /// The point was chosen for before.
    #[error("a variant of `{point}` is chosen twice")]
    Twice {
        /// The point.
        point: String,
    },
}

impl VariantRef {
    /// Reads `point:variant`; `None` when it has another form.
    pub fn parse(text: &str) -> Option<Self> {
        let (point, name) = text.split_once(':')?;
        (!point.is_empty() && !name.is_empty()).then(|| Self {
            point: point.to_owned(),
            name: name.to_owned(),
        })
    }
}

impl fmt::Display for VariantRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.point, self.name)
    }
}

impl DescriptionSource {
    /// Reads choices written as `point:variant`, in the order of the points.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn choices<'t>(
        &self,
        texts: impl IntoIterator<Item = &'t str>,
    ) -> Result<Vec<VariantRef>, Vec<WrongChoice>> {
        let mut choices: Vec<(usize, VariantRef)> = Vec::new();
        let mut wrong = Vec::new();
        for (position, text) in texts.into_iter().enumerate() {
            match self.choice(text, &choices) {
                Ok(choice) => choices.push(choice),
                Err(fault) => wrong.push(WrongChoice { position, fault }),
            }
        }
        choices.sort_by_key(|(at, _)| *at);
        if wrong.is_empty() {
            Ok(choices.into_iter().map(|(_, choice)| choice).collect())
        } else {
            Err(wrong)
        }
    }

    fn choice(&self, text: &str, before: &[(usize, VariantRef)]) -> Result<(usize, VariantRef), ChoiceFault> {
        let open = || self.points.iter().filter(|point| !point.variants.is_empty());
        let choice = VariantRef::parse(text).ok_or_else(|| ChoiceFault::Form {
            known: open().flat_map(of_point).collect(),
        })?;
        let is_meant = |point: &UnsettledPoint| point.id == choice.point && !point.variants.is_empty();
        let Some((at, point)) = self.points.iter().enumerate().find(|(_, point)| is_meant(point)) else {
            return Err(ChoiceFault::NoPoint {
                known: open().map(|point| point.id.clone()).collect(),
            });
        };
        let point_id = || point.id.clone();
        if !point.variants.contains(&choice.name) {
            return Err(ChoiceFault::NoVariant {
                point: point_id(),
                known: point.variants.clone(),
            });
        }
        if before.iter().any(|(other, _)| *other == at) {
            return Err(ChoiceFault::Twice { point: point_id() });
        }
        Ok((at, choice))
    }

    /// Those of the choices that the source does not take anyway.
    pub fn departures<'c>(&self, choices: &'c [VariantRef]) -> impl Iterator<Item = &'c VariantRef> {
        choices.iter().filter(move |choice| {
            let taken = |point: &UnsettledPoint| point.id == choice.point && point.chosen == choice.name;
            !self.points.iter().any(taken)
        })
    }
}

impl DescriptionSystem {
    /// Compiles a source with some variants in place of those it takes. The other points stay as they are.
    ///
    /// # Errors
    /// As [`Self::compile`]: a choice of a variant that its point does not have is a problem of the point.
    pub fn compile_with(mut source: DescriptionSource, choices: &[VariantRef]) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        for choice in choices {
            match source.points.iter_mut().find(|point| point.id == choice.point) {
                Some(point) => point.chosen.clone_from(&choice.name),
                None => problems.push(Problem {
                    place: Place::Point(choice.point.clone()),
                    line: 0,
                    message: "is chosen for, but is not stated".to_owned(),
                }),
            }
        }
        if problems.is_empty() {
            Self::compile(source)
        } else {
            Err(problems)
        }
    }

    /// The variants that are taken, of every point that has any.
    pub fn variants(&self) -> impl Iterator<Item = VariantRef> {
        let open = self
            .source()
            .points
            .iter()
            .filter(|point| !point.variants.is_empty());
        open.map(|point| VariantRef {
            point: point.id.clone(),
            name: point.chosen.clone(),
        })
    }
}

/// The choices of a point, as they are written.
fn of_point(point: &UnsettledPoint) -> impl Iterator<Item = String> {
    point.variants.iter().map(|name| format!("{}:{name}", point.id))
}
