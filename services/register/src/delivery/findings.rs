//! What is found of records on account of deliveries and withdrawals. These findings are of the register's own order, not
//! of a release's checks.

use vardnav_register::definition::Severity;
use vardnav_register::finding::Finding;

/// Codes of these findings: what they mean, what to do.
pub const CODES: &[(&str, &str, &str)] = &[
    (
        "VN-DEL-001",
        "the delivery is not open",
        "open a delivery for the periods and report the record in it",
    ),
    (
        "VN-DEL-002",
        "an open delivery holds a revision of the record",
        "report the record in that delivery, or close the delivery first",
    ),
    (
        "VN-DEL-003",
        "the record belongs to none of the delivery's periods",
        "report it in a delivery for a month that it spans",
    ),
    (
        "VN-DEL-004",
        "the reporter has no such record",
        "check the kind and the id",
    ),
    (
        "VN-DEL-005",
        "the record is withdrawn as another revision than the next",
        "show the record, and withdraw it as the revision after its last",
    ),
    (
        "VN-DEL-006",
        "the delivery holds as many records as one may",
        "close it, or give it up and deliver fewer periods at once",
    ),
];

/// The records' delivery is not open.
pub(crate) fn not_open(number: u32) -> Finding {
    error(
        "VN-DEL-001",
        "",
        format!("delivery {number} is not open: open one for the periods and report the record in it"),
    )
}

/// An open delivery holds a revision of the record.
pub(crate) fn waits(number: u32) -> Finding {
    error(
        "VN-DEL-002",
        "id",
        format!(
            "delivery {number} is open and holds a revision of the record: report it there, or close the delivery first"
        ),
    )
}

/// The record belongs to none of the delivery's periods.
pub(crate) fn other_period(number: u32) -> Finding {
    error(
        "VN-DEL-003",
        "",
        format!("the record belongs to none of the periods of delivery {number}"),
    )
}

/// There is no such record.
pub(crate) fn unknown_record() -> Finding {
    error("VN-DEL-004", "id", "the reporter has no such record".to_owned())
}

/// The record is withdrawn as another revision than the next.
pub(crate) fn other_revision(expected: u32) -> Finding {
    error(
        "VN-DEL-005",
        "revision",
        format!("the next revision is {expected}"),
    )
}

/// The delivery takes no more records.
pub(crate) fn full(number: u32, most: usize) -> Finding {
    error(
        "VN-DEL-006",
        "",
        format!("delivery {number} holds {most} records, which is the most: deliver fewer periods at once"),
    )
}

fn error(code: &str, path: &str, message: String) -> Finding {
    Finding {
        code: code.to_owned(),
        severity: Severity::Error,
        path: path.to_owned(),
        message,
    }
}
