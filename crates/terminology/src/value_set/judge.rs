//! One code, judged: which edition is meant, whether it has the code, whether the value set does, what is to be said of
//! the code and of the term it came with.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use super::compiled::ValueSetEdition;
use super::concept;
use super::issue::{Failure, Issue, IssueKind, Part, Severity};
use super::languages::Languages;
use super::member::{self, Asked, Standing, Target};
use super::names::{Judgement, Names};
use super::request::{Coding, ValidateRequest};
use super::scope::Scope;
use super::validate::Validated;
use crate::canonical;
use crate::edition::Edition;
use crate::model::{ConceptReference, Content};
use crate::version;
use crate::view::ConceptView;

/// What codes are judged by.
pub(crate) struct Judge<'c, 'r> {
    pub(crate) scope: Scope<'c>,
    pub(crate) request: &'c ValidateRequest<'r>,
    pub(crate) value_set: Option<Arc<ValueSetEdition>>,
    /// The value set and all it imports.
    pub(crate) reached: Vec<Arc<ValueSetEdition>>,
    /// Something the value set imports is not known.
    pub(crate) is_broken: bool,
    pub(crate) supplements: Vec<Arc<Edition>>,
    pub(crate) languages: Cow<'c, Languages>,
}

/// What came of judging a code.
#[derive(Debug, Default)]
pub(crate) struct Judged<'c> {
    /// Whether it is in the value set, or right where there is none; `None` when that cannot be told.
    pub(crate) in_set: Option<bool>,
    pub(crate) system: String,
    pub(crate) edition: Option<&'c Arc<Edition>>,
    pub(crate) concept_known: bool,
    pub(crate) issues: Vec<Issue>,
    pub(super) display: Option<String>,
    pub(super) inactive: bool,
    pub(super) status: String,
    pub(super) normalized: Option<String>,
}

/// A code as one edition has it.
pub(super) struct Candidate<'c> {
    pub(super) target: Target<'c>,
    pub(super) edition: &'c Arc<Edition>,
    pub(super) concept: Option<ConceptView<'c>>,
    pub(super) standing: Standing,
}

impl Judged<'_> {
    pub(crate) fn into_validated(self) -> Validated {
        let version = self.edition.map(|edition| edition.version().to_owned());
        Validated {
            version: version.filter(|version| !version.is_empty()),
            display: self.display,
            inactive: self.inactive,
            status: self.status,
            normalized_code: self.normalized,
            issues: self.issues,
            ..Validated::default()
        }
    }
}

impl<'c> Judge<'c, '_> {
    /// Judges a code. That it is not in the value set is left to the caller to say.
    pub(crate) fn judge(&self, coding: Coding<'_>, at: Option<usize>) -> Result<Judged<'c>, Failure> {
        if coding.system.is_empty() {
            return self.judge_without_system(coding, at);
        }
        let mut judged = Judged {
            system: coding.system.to_owned(),
            ..Judged::default()
        };
        if self.scope.catalog.versions(coding.system).next().is_none() {
            self.judge_unknown_system(coding, at, &mut judged);
            return Ok(judged);
        }
        let targets = self.targets(coding);
        let mentioned = !targets.is_empty();
        let targets = match mentioned {
            true => targets,
            false => {
                let mut target = member::target(&self.scope, coding.system, "", None, coding.version);
                if self.value_set.is_some() {
                    target.mismatch = None;
                }
                vec![target]
            }
        };
        let mut best: Option<Candidate<'c>> = None;
        for target in targets {
            let Some(edition) = target.edition.or(target.other) else {
                self.say_version(&target, coding, at, &mut judged);
                continue;
            };
            let candidate = self.candidate(target, edition, coding)?;
            let better = best
                .as_ref()
                .is_none_or(|best| self.compare(&candidate, best, coding) == Ordering::Greater);
            if better {
                best = Some(candidate);
            }
        }
        if let Some(best) = best {
            self.conclude(best, coding, at, &mut judged);
        }
        Ok(judged)
    }

    /// That a code is not in the value set.
    pub(crate) fn not_in_value_set(
        &self,
        severity: Severity,
        kind: IssueKind,
        coding: Option<usize>,
    ) -> Issue {
        let head = match kind {
            IssueKind::ThisCodeNotInValueSet => "this code is not",
            _ => "no code given is",
        };
        let source = self.value_set.as_ref().map(|set| set.source());
        let message = match source.filter(|source| !source.url.is_empty()) {
            Some(source) => {
                let bar = if source.version.is_empty() { "" } else { "|" };
                format!("{head} in the value set `{}{bar}{}`", source.url, source.version)
            }
            None => format!("{head} in the value set of the request"),
        };
        Issue {
            severity,
            kind,
            part: Part::Code,
            coding,
            message,
        }
    }

    fn judge_without_system(&self, coding: Coding<'_>, at: Option<usize>) -> Result<Judged<'c>, Failure> {
        let mut judged = Judged {
            in_set: Some(false),
            ..Judged::default()
        };
        if !self.request.infer_system || self.value_set.is_none() {
            let message = "the code states no code system, so it means nothing; state the code system";
            judged.say(
                at,
                Severity::Warning,
                IssueKind::InvalidData,
                Part::Coding,
                message,
            );
            return Ok(judged);
        }
        let systems = self.inferred(coding)?;
        match systems.as_slice() {
            [only] => {
                let inferred = Coding {
                    system: only,
                    ..coding
                };
                return self.judge(inferred, at);
            }
            [] => {
                let message = "no code system of the value set has the code in it";
                judged.say(at, Severity::Error, IssueKind::CannotInfer, Part::Code, message);
            }
            several => {
                let message = format!("several code systems could be meant: {}", several.join(", "));
                judged.say(at, Severity::Error, IssueKind::CannotInfer, Part::Code, message);
            }
        }
        Ok(judged)
    }

    /// The code systems of the value set with which a code is in it.
    fn inferred(&self, coding: Coding<'_>) -> Result<Vec<String>, Failure> {
        let mut systems: Vec<String> = Vec::new();
        let clauses = self.reached.iter().flat_map(|set| set.included());
        for (source, _) in clauses.filter(|(source, _)| !source.system.is_empty()) {
            if systems.contains(&source.system) {
                continue;
            }
            let stated = Coding {
                system: &source.system,
                ..coding
            };
            for target in self.targets(stated) {
                let Some(edition) = target.edition else { continue };
                if matches!(self.candidate(target, edition, stated)?.standing, Standing::In(_)) {
                    systems.push(source.system.clone());
                    break;
                }
            }
        }
        Ok(systems)
    }

    fn judge_unknown_system(&self, coding: Coding<'_>, at: Option<usize>, judged: &mut Judged<'c>) {
        if let Some(supplement) = self.scope.catalog.supplement(coding.system, "") {
            let message = format!(
                "`{}` is a supplement to `{}`; state that code system",
                coding.system,
                supplement.supplements()
            );
            judged.say(at, Severity::Error, IssueKind::InvalidData, Part::System, message);
            return;
        }
        let clauses = || {
            let all = self.reached.iter().flat_map(|set| set.included());
            all.filter(|(source, _)| source.system == coding.system)
        };
        let listed = clauses().any(|(source, clause)| clause.reference(source, coding.code, false).is_some());
        let mentioned = clauses().any(|(source, _)| source.concepts.is_empty());
        let name = canonical::join(coding.system, coding.version);
        let message = format!("the code system `{name}` is not known, so the code cannot be looked up");
        let severity = if listed {
            Severity::Warning
        } else {
            Severity::Error
        };
        judged.say(at, severity, IssueKind::NotFound, Part::System, message);
        judged.in_set = match (self.value_set.is_some() && !self.is_broken, listed, mentioned) {
            (false, _, _) => None,
            (true, true, _) => Some(true),
            (true, false, true) => None,
            (true, false, false) => Some(false),
        };
    }

    /// The editions that the value set's clauses mean for a code: those that fit the version it was reported with, or
    /// where none does all.
    fn targets<'s>(&'s self, coding: Coding<'_>) -> Vec<Target<'c>> {
        let mut targets: Vec<Target<'c>> = Vec::new();
        let mut note = |target: Target<'c>| {
            let same = |other: &Target<'c>| match (other.edition, target.edition) {
                (Some(other), Some(edition)) => Arc::ptr_eq(other, edition),
                (None, None) => other.unknown == target.unknown,
                _ => false,
            };
            if !targets.iter().any(same) {
                targets.push(target);
            }
        };
        let clauses = |set: &'s Arc<ValueSetEdition>| set.included().map(move |(source, _)| (set, source));
        for (set, source) in self.reached.iter().flat_map(clauses) {
            if source.system == coding.system {
                note(member::target(
                    &self.scope,
                    coding.system,
                    &source.version,
                    set.own().locked,
                    coding.version,
                ));
            }
        }
        let fits = |target: &Target<'c>| target.mismatch.is_none() && target.unknown.is_none();
        if targets.iter().any(fits) {
            targets.retain(fits);
        }
        targets
    }

    fn candidate(
        &self,
        target: Target<'c>,
        edition: &'c Arc<Edition>,
        coding: Coding<'_>,
    ) -> Result<Candidate<'c>, Failure> {
        let found = edition.find(coding.code);
        let concept = found.and_then(|index| edition.concept(index));
        let standing = match (&self.value_set, found) {
            (None, Some(_)) => Standing::In(None),
            (Some(set), Some(concept)) if !self.is_broken && target.edition.is_some() => {
                let reported = match target.mismatch {
                    None => coding.version,
                    Some(_) => "",
                };
                let asked = Asked {
                    edition,
                    concept,
                    code: coding.code,
                    reported,
                    versions_match: set.own().versions_match,
                };
                member::standing(&self.scope, set, asked)?
            }
            _ => Standing::Out,
        };
        Ok(Candidate {
            target,
            edition,
            concept,
            standing,
        })
    }

    /// Which of two candidates answers better.
    fn compare(&self, a: &Candidate<'_>, b: &Candidate<'_>, coding: Coding<'_>) -> Ordering {
        let place = |candidate: &Candidate<'_>| match (&candidate.standing, candidate.concept) {
            (Standing::In(_), _) => 3,
            (Standing::Inactive, _) => 2,
            (Standing::Out, Some(_)) => 1,
            (Standing::Out, None) => 0,
        };
        let right = |candidate: &Candidate<'_>| match (coding.display, candidate.concept) {
            (Some(display), Some(concept)) => {
                let names = Names::new(concept, &self.supplements, reference(candidate), self.scope.date);
                names.judge(display, &self.languages) == Judgement::Right
            }
            _ => false,
        };
        place(a)
            .cmp(&place(b))
            .then_with(|| right(a).cmp(&right(b)))
            .then_with(|| version::compare(a.edition.version(), b.edition.version()))
    }

    fn conclude(&self, found: Candidate<'c>, coding: Coding<'_>, at: Option<usize>, judged: &mut Judged<'c>) {
        self.say_version(&found.target, coding, at, judged);
        let edition = found.edition;
        judged.edition = Some(edition);
        let tellable = found.target.edition.is_some() && !self.is_broken;
        let Some(concept) = found.concept else {
            judged.in_set = Some(false);
            let name = canonical::join(edition.url(), edition.version());
            if edition.content() == Content::Complete {
                let message = format!("the code system `{name}` does not have the code");
                if !self.request.membership_only {
                    judged.say(at, Severity::Error, IssueKind::InvalidCode, Part::Code, message);
                }
            } else {
                let message = format!("what is here of the code system `{name}` does not have the code");
                judged.say(at, Severity::Warning, IssueKind::InvalidCode, Part::Code, message);
                judged.in_set = Some(self.takes_all(edition));
            }
            judged.in_set = judged.in_set.filter(|_| tellable);
            return;
        };
        judged.concept_known = true;
        judged.inactive = concept::is_inactive(concept, self.scope.date);
        judged.in_set = tellable.then_some(matches!(found.standing, Standing::In(_)));
        let names = Names::new(concept, &self.supplements, reference(&found), self.scope.date);
        judged.display = names.shown(&self.languages).map(|term| term.text.to_owned());
        judged.status = match concept::status(concept) {
            "active" => String::new(),
            status => status.to_owned(),
        };
        if concept.code() != coding.code {
            judged.normalized = Some(concept.code().to_owned());
        }
        if self.request.membership_only {
            return;
        }
        self.say_use(&found, concept, coding, at, judged);
        if let Some(display) = coding.display {
            self.say_display(&names, display, concept, at, judged);
        }
    }

    /// Whether the value set takes all codes of an edition, whatever they are.
    fn takes_all(&self, edition: &Edition) -> bool {
        let Some(value_set) = &self.value_set else {
            return true;
        };
        let mut clauses = value_set.included();
        clauses.any(|(source, clause)| {
            source.system == edition.url()
                && source.concepts.is_empty()
                && clause.tests.is_empty()
                && clause.value_sets.is_empty()
        })
    }
}

impl Judged<'_> {
    /// Adds an issue.
    pub(super) fn say(
        &mut self,
        coding: Option<usize>,
        severity: Severity,
        kind: IssueKind,
        part: Part,
        message: impl Into<String>,
    ) {
        self.issues.push(Issue {
            severity,
            kind,
            part,
            coding,
            message: message.into(),
        });
    }
}

/// How the value set lists a candidate, when it says more of it than its code.
pub(super) fn reference<'s>(candidate: &'s Candidate<'_>) -> Option<&'s ConceptReference> {
    match &candidate.standing {
        Standing::In(reference) => reference.as_deref(),
        _ => None,
    }
}
