//! The header of a CSV file of records: the separator is recognised from it, and each of its names is that of a field.

use vardnav_register::finding::Finding;
use vardnav_register::record::RecordKind;
use vardnav_register::text::safe_echo;
use vardnav_register::validate::{Mechanism, finding_without_release};

use super::Table;
use super::column::{Column, Source, Writing};
use super::field::Target;
use super::split::split;

/// What may stand between the cells of a CSV file.
const SEPARATORS: [char; 3] = [',', ';', '\t'];

/// The separator with which most names of a line are names of fields; `None` when no line of records begins so: it
/// has no `id` or no person's number.
pub fn separator_of(header: &str) -> Option<char> {
    let known = |separator: &char| {
        let names = split(header, *separator, true).unwrap_or_default();
        names.iter().filter(|name| Target::named(name).is_some()).count()
    };
    let best = SEPARATORS.into_iter().max_by_key(known)?;
    let names = split(header, best, true).ok()?;
    names
        .iter()
        .any(|name| matches!(name.as_ref(), "id" | "person.number"))
        .then_some(best)
}

impl Table {
    /// The table that a header begins; of records of a kind, where no column states it.
    ///
    /// # Errors
    /// A finding for each name that names nothing or stands twice. Names are repeated only where they look like those of
    /// our own kind, as a file without header begins with a record.
    pub(super) fn of_header(header: &str, kind: Option<RecordKind>) -> Result<(Self, char), Vec<Finding>> {
        let wrong =
            |path: String, detail: &str| finding_without_release(Mechanism::FormatUnreadable, path, detail);
        let Some(separator) = separator_of(header) else {
            let detail = "the first line names the columns, and id and person.number are among them";
            return Err(vec![wrong(String::new(), detail)]);
        };
        let names = split(header, separator, true).unwrap_or_default();
        let mut columns: Vec<Column> = Vec::with_capacity(names.len());
        let mut findings = Vec::new();
        for (at, name) in names.iter().enumerate() {
            let Some(target) = Target::named(name) else {
                // Spreadsheets leave columns without a name at the end.
                if !name.is_empty() {
                    let mechanism = Mechanism::FormatUnknownField;
                    let detail = format!("column {}", at + 1);
                    findings.push(finding_without_release(mechanism, safe_echo(name), &detail));
                }
                continue;
            };
            if columns.iter().any(|column| column.target == target) {
                findings.push(wrong(target.name(), "the column stands twice"));
                continue;
            }
            let writing = Writing::of_field(&target);
            columns.push(Column {
                name: target.name(),
                source: Source::Cell(at),
                target,
                writing,
                required: false,
            });
        }
        let has_kind = columns.iter().any(|column| column.target.name() == "kind");
        if let (Some(kind), false, Some(target)) = (kind, has_kind, Target::named("kind")) {
            columns.push(Column::of_lines(target, Source::Constant(kind.name().to_owned())));
        }
        match findings.is_empty() {
            true => Ok((Self::new(columns, names.len()), separator)),
            false => Err(findings),
        }
    }
}
