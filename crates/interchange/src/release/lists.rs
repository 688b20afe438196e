//! `register/withdrawals.toml` and `register/purposes.toml`: for which reasons records are withdrawn, and for which
//! purposes identities may be used and content erased. What they must be is checked in `vardnav_release::check`.

use serde::Deserialize;
use toml::Spanned;
use vardnav_register::definition::WithdrawalReason;
use vardnav_register::rights::{Purpose, Use};
use vardnav_release::source::Element;

use super::reading::{Day, LabelText, Reading};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WithdrawalsFile {
    #[serde(default)]
    reason: Vec<ReasonText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReasonText {
    code: Spanned<String>,
    label: LabelText,
    from: Option<Day>,
    until: Option<Day>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PurposesFile {
    #[serde(default)]
    purpose: Vec<PurposeText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PurposeText {
    code: Spanned<String>,
    label: LabelText,
    legal_bases: Vec<String>,
    uses: Vec<UseText>,
    from: Option<Day>,
    until: Option<Day>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum UseText {
    Opening,
    Linkage,
    Erasure,
}

/// Reads the reasons of withdrawals.
pub(super) fn withdrawal_reasons(reading: &mut Reading<'_>) -> Vec<WithdrawalReason> {
    let Some(file) = reading.required("register/withdrawals.toml") else {
        return Vec::new();
    };
    let none = Element::WithdrawalReason(String::new());
    reading.places.note(none, file.path, 0);
    let Some(WithdrawalsFile { reason }) = reading.toml(&file) else {
        return Vec::new();
    };
    let reasons = reason.into_iter().map(|text| {
        let element = Element::WithdrawalReason(text.code.get_ref().clone());
        reading.note(element, &file, &text.code);
        WithdrawalReason {
            code: text.code.into_inner(),
            label: text.label.into(),
            from: text.from.map(|day| day.0),
            until: text.until.map(|day| day.0),
        }
    });
    reasons.collect()
}

/// Reads the purposes.
pub(super) fn purposes(reading: &mut Reading<'_>) -> Vec<Purpose> {
    let Some(file) = reading.required("register/purposes.toml") else {
        return Vec::new();
    };
    let none = Element::Purpose(String::new());
    reading.places.note(none, file.path, 0);
    let Some(PurposesFile { purpose }) = reading.toml(&file) else {
        return Vec::new();
    };
    let purposes = purpose.into_iter().map(|text| {
        let element = Element::Purpose(text.code.get_ref().clone());
        reading.note(element, &file, &text.code);
        Purpose {
            code: text.code.into_inner(),
            label: text.label.into(),
            legal_bases: text.legal_bases,
            use_for: text.uses.into_iter().map(use_for).collect(),
            from: text.from.map(|day| day.0),
            until: text.until.map(|day| day.0),
        }
    });
    purposes.collect()
}

fn use_for(text: UseText) -> Use {
    match text {
        UseText::Opening => Use::Opening,
        UseText::Linkage => Use::Linkage,
        UseText::Erasure => Use::Erasure,
    }
}
