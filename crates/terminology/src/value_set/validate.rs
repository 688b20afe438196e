//! Is a code right, and in a value set? The whole answer: membership, versions, statuses, terms.

use std::borrow::Cow;
use std::sync::Arc;

use super::compiled::ValueSetEdition;
use super::issue::{Failure, FailureKind, Issue, IssueKind, Part, Severity};
use super::judge::{Judge, Judged};
use super::request::{Coding, Subject, ValidateRequest};
use super::scope::Scope;
use super::supplement;
use super::used::{self, StatusWarning};
use crate::catalog::Catalog;
use crate::edition::Edition;

/// What came of validating a code.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Validated {
    /// Whether it is right, and in the value set if one was named.
    pub result: bool,
    /// The code, as it was given; of a codeable concept the first that is in the value set.
    pub code: Option<String>,
    /// Its code system.
    pub system: Option<String>,
    /// The version of the code system that answered; `None` when it has none.
    pub version: Option<String>,
    /// The term to show.
    pub display: Option<String>,
    /// It is not in use.
    pub inactive: bool,
    /// What the code system calls its status; empty when it says nothing.
    pub status: String,
    /// The code as the code system writes it, when it was given otherwise.
    pub normalized_code: Option<String>,
    /// Which code of a codeable concept it is, from 0.
    pub coding: Option<usize>,
    /// Everything found, in the order of the codes.
    pub issues: Vec<Issue>,
}

impl Validated {
    /// What is wrong, in one text; empty when nothing is.
    pub fn message(&self) -> String {
        let errors = self
            .issues
            .iter()
            .filter(|issue| issue.severity == Severity::Error);
        let messages: Vec<&str> = errors.map(|issue| issue.message.as_str()).collect();
        messages.join("; ")
    }
}

/// Validates what a request asks of.
///
/// # Errors
/// When the value set is not known or cannot be used, or a supplement is not known.
pub(crate) fn validate(catalog: &Catalog, request: &ValidateRequest<'_>) -> Result<Validated, Failure> {
    let mut scope = Scope::new(catalog, &request.settings);
    let value_set = request
        .value_set
        .map(|wanted| scope.value_set(wanted))
        .transpose()?;
    if let Some(value_set) = &value_set {
        scope.follow(value_set.own());
    }
    let mut broken = None;
    let reached = match &value_set {
        None => Vec::new(),
        Some(top) => match scope.reached(top) {
            Ok(reached) => reached,
            Err(failure) if failure.kind == FailureKind::UnknownValueSet => {
                broken = Some(failure);
                Vec::new()
            }
            Err(failure) => return Err(failure),
        },
    };
    let supplements = supplements(catalog, value_set.as_deref(), request)?;
    let judge = Judge {
        scope,
        request,
        languages: languages(request, value_set.as_deref())?,
        supplements,
        reached,
        is_broken: broken.is_some(),
        value_set,
    };
    let mut validated = match request.subject {
        Subject::Code(coding) | Subject::Coding(coding) => one(&judge, coding)?,
        Subject::CodeableConcept(codings) => several(&judge, codings)?,
    };
    if let Some(failure) = broken {
        validated.issues.push(Issue {
            severity: Severity::Error,
            kind: IssueKind::NotFound,
            part: Part::Whole,
            coding: None,
            message: failure.message,
        });
    }
    let wrong = validated
        .issues
        .iter()
        .any(|issue| issue.severity == Severity::Error);
    validated.result = !wrong;
    Ok(validated)
}

fn supplements(
    catalog: &Catalog,
    value_set: Option<&ValueSetEdition>,
    request: &ValidateRequest<'_>,
) -> Result<Vec<Arc<Edition>>, Failure> {
    match value_set {
        Some(value_set) => supplement::all(catalog, value_set, &request.settings),
        None => supplement::named(catalog, request.settings.supplements.iter()),
    }
}

/// The languages in which terms are judged: those the request wishes, or those the value set says.
fn languages<'a>(
    request: &'a ValidateRequest<'_>,
    value_set: Option<&ValueSetEdition>,
) -> Result<Cow<'a, super::languages::Languages>, Failure> {
    let wished = &request.settings.languages;
    let Some(value_set) = value_set.filter(|_| wished.is_empty()) else {
        return Ok(Cow::Borrowed(wished));
    };
    let own = &value_set.own().languages;
    if !own.is_empty() {
        return Ok(Cow::Owned(own.clone()));
    }
    let language = &value_set.source().language;
    if language.is_empty() {
        return Ok(Cow::Borrowed(wished));
    }
    super::languages::Languages::parse(language)
        .map(Cow::Owned)
        .map_err(|reason| Failure::new(FailureKind::Languages, reason))
}

fn one(judge: &Judge<'_, '_>, coding: Coding<'_>) -> Result<Validated, Failure> {
    let mut judged = judge.judge(coding, None)?;
    if judged.in_set == Some(false) && judge.value_set.is_some() {
        judged
            .issues
            .push(judge.not_in_value_set(Severity::Error, IssueKind::NotInValueSet, None));
    }
    let stated = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let code = stated(coding.code);
    let system = Some(std::mem::take(&mut judged.system)).filter(|system| !system.is_empty());
    let statuses = statuses(judge, &judged);
    let mut validated = judged.into_validated();
    validated.code = code;
    validated.system = system;
    validated.issues.extend(statuses);
    Ok(validated)
}

fn several(judge: &Judge<'_, '_>, codings: &[Coding<'_>]) -> Result<Validated, Failure> {
    let mut issues = Vec::new();
    let mut all = Vec::with_capacity(codings.len());
    for (at, &coding) in codings.iter().enumerate() {
        let mut judged = judge.judge(coding, Some(at))?;
        if judged.in_set == Some(false) && judge.value_set.is_some() {
            let kind = IssueKind::ThisCodeNotInValueSet;
            issues.push(judge.not_in_value_set(Severity::Information, kind, Some(at)));
        }
        issues.append(&mut judged.issues);
        all.push((at, coding, judged));
    }
    let none = all.iter().all(|(_, _, judged)| judged.in_set == Some(false));
    if none && judge.value_set.is_some() {
        issues.push(judge.not_in_value_set(Severity::Error, IssueKind::NotInValueSet, None));
    }
    let only = all.len() == 1;
    let first = all
        .into_iter()
        .find(|(_, _, judged)| only || judged.in_set == Some(true));
    let mut validated = Validated::default();
    if let Some((at, coding, judged)) = first {
        let found = judged.in_set == Some(true);
        issues.extend(statuses(judge, &judged));
        let known = judged.concept_known && !judge.is_broken;
        let system = judged.system.clone();
        if found || known {
            validated = judged.into_validated();
        }
        if found {
            validated.code = Some(coding.code.to_owned());
            validated.system = Some(system);
            validated.coding = Some(at);
        }
    }
    validated.issues = issues;
    Ok(validated)
}

/// What is to be said of the state of what was used for a code that is in the value set.
fn statuses(judge: &Judge<'_, '_>, judged: &Judged<'_>) -> Vec<Issue> {
    let Some(value_set) = judge.value_set.as_deref() else {
        return Vec::new();
    };
    if judged.in_set != Some(true) || judge.request.membership_only {
        return Vec::new();
    }
    let issue = |warning: StatusWarning| Issue {
        severity: Severity::Information,
        kind: IssueKind::StatusCheck,
        part: Part::Whole,
        coding: None,
        message: format!(
            "the {} `{}` is {}",
            if warning.is_value_set {
                "value set"
            } else {
                "code system"
            },
            warning.canonical,
            warning.status.code()
        ),
    };
    let editions = judged.edition.map_or(&[][..], std::slice::from_ref);
    used::warnings(value_set, &judge.reached, editions)
        .map(issue)
        .collect()
}
