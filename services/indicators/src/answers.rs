//! Answers to questions about indicators: from counts by the values of a table, from figures of measures, from uploaded
//! series, or from several of them. What is answered comes from what is at hand, and never waits for the store; who wants
//! what was acknowledged last catches up first.

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use vardnav_api::indicators::question;
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::vardnav::indicators::v1 as pb;
use vardnav_classification::model::{Grain, Label};
use vardnav_indicators::answer::{self, Answered, FigureRow, Question};
use vardnav_indicators::definition::{BrokenDownBy, Indicator, Variant};
use vardnav_indicators::population::PopulationTable;
use vardnav_release::Snapshot;
use vardnav_release::entry::{AS_REPORTED, DerivationPlan};
use vardnav_runtime::clock;
use vardnav_store::uploads::NotAtHand;

use crate::counts::{self, Coverage, FollowError};
use crate::uploads::Stated;
use crate::{ADMINISTER, Indicators, figures, names, statements};

/// How long a question waits for the counts to take in what the register holds.
const CATCH_UP_MAX: Duration = Duration::from_secs(3);

impl Indicators {
    /// The release whose library is shown: the one published last.
    pub(crate) fn release(&self) -> Result<Arc<Snapshot>, ApiError> {
        self.authority.view().newest_release().ok_or_else(|| {
            ApiError::new(
                Kind::FailedPrecondition,
                "VN-API-040",
                "no release is published yet",
            )
        })
    }

    /// The figures that answer a reader's question, from what is at hand: it may be some entries behind, which its coverage
    /// tells. Never waits for the store.
    ///
    /// # Errors
    /// When the indicator is not known or not counted from the register, the question cannot be answered, or nothing is at
    /// hand yet.
    pub fn figures(&self, indicator: &str, question: &Question) -> Result<Answered, ApiError> {
        self.told(indicator, question, &self.choose("", false)?)
    }

    /// As [`Self::figures`], of a derivation that was chosen.
    pub(crate) fn told(&self, id: &str, question: &Question, choice: &Choice) -> Result<Answered, ApiError> {
        let release = self.release()?;
        let indicator = entry(&release, id)?;
        if is_of_counted_table(question, indicator, &release) {
            return self.counted(id, question, choice);
        }
        let stated = self.uploads.stated(question, indicator).map_err(unread)?;
        match stated {
            Some(Stated { rows, note }) if !asks_for_computed(question, indicator) => {
                let told = answered(question, indicator, &release, rows);
                Ok(Answered { note, ..told })
            }
            stated => {
                let mut told = self.measured(question, indicator, choice, &release)?;
                if let Some(Stated { rows, note }) = stated {
                    told.rows.extend(rows);
                    told.note.sv = format!("{}; {}", told.note.sv, note.sv);
                    told.note.en = format!("{}; {}", told.note.en, note.en);
                    told.groups =
                        names::groups(&told.rows, indicator, question.breakdown.as_deref(), &release);
                }
                Ok(told)
            }
        }
    }

    /// Takes in what a question is answered from, as far as that goes in a few seconds.
    ///
    /// # Errors
    /// When the counts of a derivation that readers are not answered from cannot be read.
    pub(crate) async fn catch_up_for(
        &self,
        id: &str,
        question: &Question,
        choice: &Choice,
    ) -> Result<(), ApiError> {
        let release = self.release()?;
        let indicator = entry(&release, id)?;
        if is_of_counted_table(question, indicator, &release) {
            // A stream that cannot be followed is logged where it is followed.
            let _ = tokio::time::timeout(CATCH_UP_MAX, self.counts.catch_up()).await;
            return self.read(choice).await;
        }
        self.uploads.read().await.map_err(|error| {
            tracing::warn!(%error, "an upload cannot be read");
            counts::unread()
        })?;
        if indicator
            .variants
            .iter()
            .any(|variant| variant.figure.is_computed())
        {
            // As above.
            let _ = tokio::time::timeout(CATCH_UP_MAX, self.measures.catch_up()).await;
            let _ = self.measures.left().await;
        }
        Ok(())
    }

    /// All rows of counts that answer a reader's question, with what they rest on.
    ///
    /// # Errors
    /// When the indicator is not known or not counted from the register, the derivation is not one that readers are
    /// answered from, or the question cannot be answered.
    pub fn ask(
        &self,
        request: &pb::QueryIndicatorRequest,
    ) -> Result<(vardnav_indicators::Answer, Coverage), ApiError> {
        let choice = self.choose(&request.derivation, false)?;
        let release = self.release()?;
        let indicator = entry(&release, &request.indicator)?;
        let question = question(request, indicator, &release.indicators, &release.description)?;
        let (answer, coverage, _) = self.ask_of(&request.indicator, &question, choice.plan())?;
        Ok((answer, coverage))
    }

    /// Counts by the values of a table, by the definitions of the period.
    fn ask_of(
        &self,
        id: &str,
        question: &Question,
        plan: Option<&DerivationPlan>,
    ) -> Result<(vardnav_indicators::Answer, Coverage, Arc<Snapshot>), ApiError> {
        let view = self.authority.view();
        let last = Date::new(question.year, 12, 31).ok();
        let planned = last.and_then(|last| view.release(&plan.filter(|plan| plan.covers(last))?.release));
        let release = planned
            .or_else(|| view.release_on(last?))
            .map_or_else(|| self.release(), Ok)?;
        let (table, grain) = counted(entry(&release, id)?)?;
        of_counted_table(question, &release, table)?;
        let derivation = plan.map(|plan| plan.id.as_str());
        let query = question.of_table(table, grain);
        let (answer, coverage) = self.counts.answer(&query, &release, derivation)?;
        Ok((answer, coverage, release))
    }

    /// Counts by the values of a table.
    fn counted(&self, id: &str, question: &Question, choice: &Choice) -> Result<Answered, ApiError> {
        let (answer, coverage, release) = self.ask_of(id, question, choice.plan())?;
        let rows = answer
            .rows
            .iter()
            .map(|row| FigureRow::of_count(row, question.year));
        let rows = rows.collect();
        // The groups are those of the counted table, whatever breakdown was named.
        let question = Question {
            breakdown: None,
            ..question.clone()
        };
        let told = answered(&question, entry(&release, id)?, &release, rows);
        Ok(Answered {
            derivation: choice.plan().map_or(AS_REPORTED, |plan| &plan.id).to_owned(),
            note: answer.coverage,
            coverage: answer::Coverage {
                reporters: coverage.reporters,
                entries: coverage.entries,
                behind: 0,
            },
            ..told
        })
    }

    /// Figures that are sums of measures.
    fn measured(
        &self,
        question: &Question,
        indicator: &Indicator,
        choice: &Choice,
        release: &Arc<Snapshot>,
    ) -> Result<Answered, ApiError> {
        let projected = self.measures.served().ok_or_else(counts::unread)?;
        let derivation = projected.plan.derivation_id().unwrap_or(AS_REPORTED);
        if let Choice::Other(other) = choice
            && other.id != derivation
        {
            let message = "figures of measures are told of the derivation that readers are answered from";
            return Err(ApiError::field("derivation", message));
        }
        // The definitions that were projected: those of a newer release are told once its projection is built.
        let release = match projected.plan.release.id == release.id {
            true => release,
            false => &projected.plan.release,
        };
        let indicator = entry(release, &indicator.id)?;
        let populations = self.uploads.populations_at_hand().map_err(unread)?;
        let populations: Vec<Arc<PopulationTable>> =
            populations.into_iter().map(|held| held.content).collect();
        let ground = figures::Ground {
            projected: &projected,
            release,
            frame: counts::frame(release, question.year),
            today: clock::today(),
            decisions: &self.decisions,
            populations: &populations,
        };
        let rows = figures::answer(question, indicator, &ground)?;
        let (reporters, entries) = projected.coverage();
        let behind = self.measures.behind();
        let mut answered = Answered {
            derivation: derivation.to_owned(),
            note: Label {
                sv: format!(
                    "{entries} poster från {reporters} uppgiftslämnare, {behind} ej räknade än; vad som saknar uppgift \
                     redovisas som ej avgjort"
                ),
                en: format!(
                    "{entries} entries of {reporters} reporters, {behind} not counted yet; what lacks a fact is told as \
                     undecided"
                ),
            },
            coverage: answer::Coverage {
                reporters,
                entries,
                behind,
            },
            ..answered(question, indicator, release, rows)
        };
        let told = projected.told_of_units();
        let variants = indicator.variants.iter();
        statements::tell(
            &mut answered,
            question.month,
            &release.indicators,
            variants,
            &told,
        );
        Ok(answered)
    }

    /// The derivation that a request names, or else the one that readers are answered from.
    ///
    /// # Errors
    /// When there is none of that id, or it is another and the caller does not administer the register.
    pub(crate) fn choose(&self, asked: &str, administers: bool) -> Result<Choice, ApiError> {
        let view = self.authority.view();
        let derivations = view.state().derivations();
        let active = derivations.active();
        match asked {
            "" => Ok(active.map_or(Choice::AsReported, |active| Choice::Active(active.plan.clone()))),
            AS_REPORTED if active.is_none() || administers => Ok(Choice::AsReported),
            id if active.is_some_and(|active| active.plan.id == id) => self.choose("", administers),
            _ if !administers => Err(ApiError::new(
                Kind::PermissionDenied,
                "VN-API-022",
                format!(
                    "the permission `{ADMINISTER}` is needed for a derivation that readers are not answered from"
                ),
            )),
            id => {
                let known = derivations.standing(id);
                let known = known.ok_or_else(|| ApiError::not_found("the derivation"))?;
                Ok(Choice::Other(known.plan.clone()))
            }
        }
    }

    /// Reads the counts of what was chosen.
    ///
    /// # Errors
    /// When a derivation that readers are not answered from has not caught up, or its counts cannot be read. Readers
    /// are answered from the counts at hand; coverage says how far they have come.
    async fn read(&self, choice: &Choice) -> Result<(), ApiError> {
        let (plan, other) = match choice {
            Choice::AsReported => return Ok(()),
            Choice::Active(plan) => (plan, false),
            Choice::Other(plan) => (plan, true),
        };
        let id = plan.id.as_str();
        let unread = |error: FollowError| {
            tracing::warn!(%error, derivation = %id, "counts cannot be read");
            counts::unread()
        };
        if other {
            let left = self.counts.left_after(id, CATCH_UP_MAX).await.map_err(unread)?;
            if left > 0 {
                let message = format!("the derivation is {left} entries behind; ask again when it follows");
                return Err(ApiError::new(Kind::FailedPrecondition, "VN-API-026", message));
            }
        }
        let read = tokio::time::timeout(CATCH_UP_MAX, self.counts.read_derived(id)).await;
        match read {
            Ok(Err(error)) if other => Err(unread(error)),
            Err(_) if other => Err(counts::unread()),
            Ok(Err(error)) => {
                unread(error);
                Ok(())
            }
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }
}

/// What a question is answered from.
pub(crate) enum Choice {
    /// What the entries hold.
    AsReported,
    /// The derivation that readers are answered from.
    Active(DerivationPlan),
    /// Another one.
    Other(DerivationPlan),
}

impl Choice {
    fn plan(&self) -> Option<&DerivationPlan> {
        match self {
            Self::AsReported => None,
            Self::Active(plan) | Self::Other(plan) => Some(plan),
        }
    }
}

pub(crate) fn entry<'a>(release: &'a Snapshot, id: &str) -> Result<&'a Indicator, ApiError> {
    let mut library = release.indicators.indicators.iter();
    library
        .find(|indicator| indicator.id == id)
        .ok_or_else(|| ApiError::not_found("an indicator with that id"))
}

/// The table and grain that an indicator counts.
fn counted(indicator: &Indicator) -> Result<(&str, Grain), ApiError> {
    match indicator.counted_grain {
        Some(grain) if !indicator.counted_table.is_empty() => Ok((&indicator.counted_table, grain)),
        _ => Err(ApiError::new(
            Kind::FailedPrecondition,
            "VN-API-042",
            "the indicator is described but not counted from the register",
        )),
    }
}

/// Rows as the answer to a question, resting on nothing yet.
fn answered(
    question: &Question,
    indicator: &Indicator,
    release: &Snapshot,
    rows: Vec<FigureRow>,
) -> Answered {
    Answered {
        release: release.id.clone(),
        derivation: String::new(),
        year: question.year,
        groups: names::groups(&rows, indicator, question.breakdown.as_deref(), release),
        rows,
        note: Label::default(),
        coverage: answer::Coverage::default(),
        unit: indicator.unit.clone(),
        method: indicator.interval,
        method_version: indicator.method_version.clone(),
    }
}

fn unread(_: NotAtHand) -> ApiError {
    counts::unread()
}

/// Whether a question names a variant that is computed.
fn asks_for_computed(question: &Question, indicator: &Indicator) -> bool {
    let named = |variant: &&Variant| question.variants.contains(&variant.id);
    let mut asked = indicator.variants.iter().filter(named);
    asked.any(|variant| variant.figure.is_computed())
}

/// Whether a question is about counts by the values of the indicator's table. What names a variant, or another breakdown,
/// is answered from its measures.
fn is_of_counted_table(question: &Question, indicator: &Indicator, release: &Snapshot) -> bool {
    counted(indicator).is_ok_and(|(table, _)| {
        question.variants.is_empty() && of_counted_table(question, release, table).is_ok()
    })
}

/// Counts by the values of a table are broken down by those, and by what every figure has.
fn of_counted_table(question: &Question, release: &Snapshot, table: &str) -> Result<(), ApiError> {
    let other = question.breakdown.as_ref().filter(|id| {
        let known = release.indicators.breakdown(id);
        !known.is_some_and(|known| matches!(&known.by, BrokenDownBy::Table(of) if of == table))
    });
    match other {
        Some(id) => {
            let message = format!("figures of it are not broken down by `{id}`");
            Err(ApiError::field("breakdowns", message))
        }
        None => Ok(()),
    }
}
