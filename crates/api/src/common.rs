//! Conversions of the types that all areas share: dates, facts, codings, labels, findings, pages.

use jiff::civil::Date;
use vardnav_classification::model::Label;
use vardnav_register::definition::Severity;
use vardnav_register::finding::Finding;
use vardnav_register::record::{Coding, Fact};

use crate::pb::vardnav::r#type::v1 as pb;
use crate::status::{ApiError, BAD_DATE};

/// A date that must be there.
pub fn date(message: Option<&pb::Date>, field: &str) -> Result<Date, ApiError> {
    optional_date(message, field)?.ok_or_else(|| ApiError::field(field, "a date is needed"))
}

/// A date that may be missing.
pub fn optional_date(message: Option<&pb::Date>, field: &str) -> Result<Option<Date>, ApiError> {
    let Some(message) = message else { return Ok(None) };
    let parts = (
        i16::try_from(message.year),
        i8::try_from(message.month),
        i8::try_from(message.day),
    );
    if let (Ok(year @ 1..=9999), Ok(month), Ok(day)) = parts
        && let Ok(date) = Date::new(year, month, day)
    {
        return Ok(Some(date));
    }
    Err(ApiError {
        code: BAD_DATE,
        ..ApiError::field(field, "not a date of the calendar")
    })
}

/// A date as a message.
pub fn date_message(date: Date) -> pb::Date {
    pb::Date {
        year: date.year().into(),
        month: date.month().into(),
        day: date.day().into(),
    }
}

/// Facts from messages.
pub fn facts(messages: Vec<pb::Fact>) -> Vec<Fact> {
    messages
        .into_iter()
        .map(|fact| Fact {
            axis: fact.axis,
            values: fact.values,
        })
        .collect()
}

/// Facts as messages.
pub fn fact_messages(facts: &[Fact]) -> Vec<pb::Fact> {
    facts
        .iter()
        .map(|fact| pb::Fact {
            axis: fact.axis.clone(),
            values: fact.values.clone(),
        })
        .collect()
}

/// A coding from its message.
pub fn coding(message: pb::Coding) -> Coding {
    Coding {
        system: message.system,
        version: some(message.version),
        code: message.code,
    }
}

/// A coding as a message.
pub fn coding_message(coding: &Coding) -> pb::Coding {
    pb::Coding {
        system: coding.system.clone(),
        version: coding.version.clone().unwrap_or_default(),
        code: coding.code.clone(),
    }
}

/// A label as a message.
pub fn label_message(label: &Label) -> pb::Label {
    pb::Label {
        sv: label.sv.clone(),
        en: label.en.clone(),
    }
}

/// The weight of a finding as a message.
pub fn severity_message(severity: Severity) -> pb::Severity {
    match severity {
        Severity::Warning => pb::Severity::Warning,
        Severity::Hold => pb::Severity::Hold,
        Severity::Error => pb::Severity::Error,
    }
}

/// A finding as a message.
pub fn finding_message(finding: &Finding) -> pb::Finding {
    pb::Finding {
        code: finding.code.clone(),
        severity: severity_message(finding.severity).into(),
        path: finding.path.clone(),
        message: finding.message.clone(),
    }
}

/// A finding from its message; a severity that is not stated counts as an error.
pub fn finding(message: pb::Finding) -> Finding {
    let severity = match message.severity() {
        pb::Severity::Warning => Severity::Warning,
        pb::Severity::Hold => Severity::Hold,
        pb::Severity::Error | pb::Severity::Unspecified => Severity::Error,
    };
    Finding {
        code: message.code,
        severity,
        path: message.path,
        message: message.message,
    }
}

/// An empty string is nothing.
pub fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// How many rows a page may have: `asked`, or `default` for 0, never more than `max`.
pub fn page_size(asked: i32, default: usize, max: usize) -> Result<usize, ApiError> {
    match usize::try_from(asked) {
        Ok(0) => Ok(default),
        Ok(size) => Ok(size.min(max)),
        Err(_) => Err(ApiError::field("page_size", "must not be negative")),
    }
}

/// One page of `items` after the one whose key is `token`, with the token of the next page.
/// Items must be in rising order of their key.
pub fn page<T>(
    items: impl Iterator<Item = T>,
    key: impl Fn(&T) -> String,
    token: &str,
    size: usize,
) -> (Vec<T>, String) {
    let mut rest = items.skip_while(|item| !token.is_empty() && key(item).as_str() <= token);
    let rows: Vec<T> = rest.by_ref().take(size).collect();
    let next = if rest.next().is_some() {
        rows.last().map(key).unwrap_or_default()
    } else {
        String::new()
    };
    (rows, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_outside_the_calendar_name_the_field() {
        for (year, month, day) in [
            (2026, 2, 29),
            (0, 1, 1),
            (10_000, 1, 1),
            (2026, 13, 1),
            (2026, 1, 300),
        ] {
            let error = date(Some(&pb::Date { year, month, day }), "contact.date").unwrap_err();
            assert_eq!(error.field, "contact.date");
        }
    }

    #[test]
    fn pages_cover_all_items_once() {
        let items = ["a", "b", "c", "d", "e"];
        let (mut seen, mut token) = (Vec::new(), String::new());
        loop {
            let (rows, next) = page(items.iter(), |item| (**item).to_owned(), &token, 2);
            seen.extend(rows.into_iter().copied());
            if next.is_empty() {
                break;
            }
            token = next;
        }
        assert_eq!(seen, items);
    }
}
