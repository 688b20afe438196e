//! What is said of a code that was judged: of its version, of its use, of the term it came with.

use super::issue::{IssueKind, Part, Severity};
use super::judge::{Candidate, Judge, Judged, reference};
use super::member::{Standing, Target};
use super::names::{Judgement, Names};
use super::request::Coding;
use crate::model::ConceptReference;
use crate::view::ConceptView;

impl<'c> Judge<'c, '_> {
    pub(super) fn say_version(
        &self,
        target: &Target<'_>,
        coding: Coding<'_>,
        at: Option<usize>,
        judged: &mut Judged<'c>,
    ) {
        if let Some(unknown) = &target.unknown {
            let message = format!(
                "version `{unknown}` of the code system `{}` is not known; {}",
                coding.system,
                self.scope.versions(coding.system)
            );
            judged.say(at, Severity::Error, IssueKind::NotFound, Part::System, message);
        }
        if let Some(mismatch) = &target.mismatch {
            let severity = if mismatch.floating {
                Severity::Warning
            } else {
                Severity::Error
            };
            let message = format!(
                "the value set means version `{}` of `{}`, the code was given with another",
                mismatch.meant, coding.system
            );
            judged.say(at, severity, IssueKind::VersionMismatch, Part::Version, message);
        }
        if let Some(edition) = target.edition
            && let Some(required) = self.scope.ruled_out(edition)
        {
            let message = format!(
                "version `{}` of `{}` is ruled out: the request requires `{required}`",
                edition.version(),
                edition.url()
            );
            judged.say(
                at,
                Severity::Error,
                IssueKind::VersionError,
                Part::Version,
                message,
            );
        }
    }

    pub(super) fn say_use(
        &self,
        found: &Candidate<'_>,
        concept: ConceptView<'_>,
        coding: Coding<'_>,
        at: Option<usize>,
        judged: &mut Judged<'c>,
    ) {
        let code = concept.code();
        if found.standing == Standing::Inactive {
            let message = format!("`{code}` is not active, and the value set takes active codes alone");
            judged.say(at, Severity::Error, IssueKind::CodeRule, Part::Code, message);
        }
        if judged.inactive && found.standing != Standing::Out {
            let message = format!("`{code}` is not in use; look for what replaces it");
            judged.say(
                at,
                Severity::Warning,
                IssueKind::CodeComment,
                Part::Coding,
                message,
            );
        } else if judged.status == "deprecated" {
            let message = format!("`{code}` is deprecated; its use should be looked over");
            judged.say(at, Severity::Warning, IssueKind::CodeComment, Part::Code, message);
        }
        if reference(found).is_some_and(is_deprecated) {
            let message =
                format!("the value set lists `{code}` as deprecated; its use should be looked over");
            judged.say(at, Severity::Warning, IssueKind::CodeComment, Part::Code, message);
        }
        if self.request.accept_abstract == Some(false) && concept.not_selectable() {
            let message = format!("`{code}` only groups others and may not be used itself");
            judged.say(at, Severity::Error, IssueKind::CodeRule, Part::Code, message);
        }
        if found.edition.case_insensitive() && code != coding.code {
            let message = format!("the code system writes the code `{code}`; it should be written so");
            judged.say(
                at,
                Severity::Information,
                IssueKind::CodeRule,
                Part::Code,
                message,
            );
        }
    }

    pub(super) fn say_display(
        &self,
        names: &Names<'_>,
        display: &str,
        concept: ConceptView<'_>,
        at: Option<usize>,
        judged: &mut Judged<'c>,
    ) {
        let judgement = names.judge(display, &self.languages);
        if judgement == Judgement::Right {
            return;
        }
        let code = concept.code();
        let right = judged.display.as_deref().unwrap_or_default();
        let wrong = match self.request.lenient_display {
            true => Severity::Warning,
            false => Severity::Error,
        };
        let (severity, kind, message) = match judgement {
            Judgement::Right => return,
            Judgement::Deprecated => (
                Severity::Warning,
                IssueKind::DisplayComment,
                format!("the display is no longer one for `{code}`; it is `{right}`"),
            ),
            Judgement::OtherLanguage => (
                Severity::Information,
                IssueKind::InvalidDisplay,
                format!(
                    "`{code}` has no term in the languages asked for; the display is one of another language"
                ),
            ),
            Judgement::Wrong => (
                wrong,
                IssueKind::InvalidDisplay,
                format!("the display is no term for `{code}`; it is `{right}`"),
            ),
            Judgement::WrongWithoutChoice => (
                wrong,
                IssueKind::InvalidDisplay,
                format!(
                    "the display is no term for `{code}`, which has none in the languages asked for; elsewhere it is `{right}`"
                ),
            ),
        };
        judged.say(at, severity, kind, Part::Display, message);
    }
}

/// Whether a value set marks a code that it lists as deprecated.
fn is_deprecated(reference: &ConceptReference) -> bool {
    reference.properties.iter().any(|property| {
        matches!(
            (property.name.as_str(), property.value.as_str()),
            ("deprecated", "true")
                | (
                    "status" | "standards-status" | "standardsStatus",
                    "deprecated" | "withdrawn"
                )
        )
    })
}
