//! `register/deliveries.toml`: the registers that deliveries are for, with their windows. A release without the file has
//! none.

use serde::Deserialize;
use toml::Spanned;
use vardnav_register::definition::LegalBasis;
use vardnav_register::delivery::{LockException, Month, RegisterRule};
use vardnav_register::text::is_id;
use vardnav_release::source::Element;

use super::reading::{Day, LabelText, Reading};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeliveriesFile {
    register: Vec<RegisterText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegisterText {
    id: Spanned<String>,
    name: LabelText,
    legal_basis: String,
    #[serde(default)]
    whole: bool,
    primary_days: u16,
    refresh_days: u16,
    #[serde(default)]
    exception: Vec<ExceptionText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExceptionText {
    reporter: String,
    periods: Vec<String>,
    until: Day,
}

/// Reads the registers; `bases` are the release's legal bases.
pub(super) fn read(reading: &mut Reading<'_>, bases: &[LegalBasis]) -> Vec<RegisterRule> {
    let Some(file) = reading.optional("register/deliveries.toml") else {
        return Vec::new();
    };
    let Some(DeliveriesFile { register }) = reading.toml(&file) else {
        return Vec::new();
    };
    let mut rules: Vec<RegisterRule> = Vec::with_capacity(register.len());
    for text in register {
        reading.note(Element::Register(text.id.get_ref().clone()), &file, &text.id);
        let line = file.line_of(text.id.span().start);
        let id = text.id.into_inner();
        let mut wrong = |message: String| reading.problem("VN-REL-022", file.path, line, message);
        if rules.iter().any(|rule| rule.id == id) {
            wrong(format!("the register {id} stands twice"));
        }
        if !bases.iter().any(|basis| basis.id == text.legal_basis) {
            wrong(format!(
                "the legal basis {} is not among those of the release",
                text.legal_basis
            ));
        }
        if text.refresh_days < text.primary_days {
            wrong("refresh_days is less than primary_days".to_owned());
        }
        let mut exceptions = Vec::with_capacity(text.exception.len());
        for exception in text.exception {
            let periods: Result<Vec<Month>, _> = exception
                .periods
                .iter()
                .map(|period| Month::parse(period))
                .collect();
            match periods {
                Ok(periods) if !periods.is_empty() && is_id(&exception.reporter) => {
                    exceptions.push(LockException {
                        reporter: exception.reporter,
                        periods,
                        until: exception.until.0,
                    });
                }
                _ => wrong("an exception names a reporter and months of the form 2026-09".to_owned()),
            }
        }
        rules.push(RegisterRule {
            id,
            name: text.name.into(),
            legal_basis: text.legal_basis,
            whole: text.whole,
            primary_days: text.primary_days,
            refresh_days: text.refresh_days,
            exceptions,
        });
    }
    rules
}
