//! A file of lines of cells as records, one at a time and bounded.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::{self, BufRead};
use std::sync::Arc;

use vardnav_register::record::RecordKind;
use vardnav_register::validate::{Mechanism, finding_without_release};

use super::draft::{Draft, Row};
use super::encoding::Decoder;
use super::given::Given;
use super::layout::HeaderLine;
use super::split::{Unsplit, split};
use super::{Table, TableForm, TextFile};
use crate::register::lines::{LineContent, Lines};
use crate::register::read::{Refused, read_tree, refused};
use crate::register::records::{Places, RecordLine};

/// Reads records from a table.
#[derive(Debug)]
pub struct Rows<R> {
    lines: Lines<R>,
    decoder: Decoder,
    state: State,
    /// Whether the register gives the revisions.
    delivered: bool,
    /// The reporter of lines that name none.
    reporter: Option<String>,
    draft: Option<Draft>,
    given: Given,
    /// A line before the next record that could not be read.
    spoilt: Option<u64>,
    ready: VecDeque<RecordLine>,
}

#[derive(Debug)]
enum State {
    /// The first line names the columns.
    Header(Naming),
    /// The first line says nothing.
    Skip(Known),
    /// Lines of records come.
    Records(Known),
    /// Nothing is read any more.
    Ended,
}

/// What the names in a header are.
#[derive(Debug)]
enum Naming {
    /// Fields; of records of this kind, where no column states it.
    Fields(Option<RecordKind>),
    /// Columns of a layout.
    Layout(TextFile),
}

/// What lines of records are read with.
#[derive(Debug, Clone)]
struct Known {
    table: Arc<Table>,
    separator: char,
    quoting: bool,
}

impl<R: BufRead> Rows<R> {
    /// Reads a table.
    pub fn new(reader: R, form: TableForm, delivered: bool, reporter: Option<String>) -> Self {
        let encoding = form.encoding();
        let state = match form {
            TableForm::Csv { kind, .. } => State::Header(Naming::Fields(kind)),
            TableForm::Text(file) => {
                let known = file.layout.table(None, file.key.as_ref()).map(|table| Known {
                    table: Arc::new(table),
                    separator: file.layout.separator,
                    quoting: file.layout.quoting,
                });
                match (file.layout.header, known) {
                    (HeaderLine::None, Some(known)) => State::Records(known),
                    (HeaderLine::Skipped, Some(known)) => State::Skip(known),
                    _ => State::Header(Naming::Layout(file)),
                }
            }
        };
        Self {
            lines: Lines::new(reader),
            decoder: Decoder::new(encoding),
            state,
            delivered,
            reporter,
            draft: None,
            given: Given::default(),
            spoilt: None,
            ready: VecDeque::new(),
        }
    }

    /// The next record or line that is none, in the order of the file; `None` at the end. After a header that is wrong
    /// nothing of the file is read, as nobody can tell what its cells mean.
    ///
    /// # Errors
    /// Whatever the reader answers.
    pub fn next_record(&mut self) -> io::Result<Option<RecordLine>> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Ok(Some(ready));
            }
            if !self.next_line()? {
                self.finish();
                return Ok(self.ready.pop_front());
            }
        }
    }

    /// The reader, wherever it stands.
    pub fn into_inner(self) -> R {
        self.lines.into_inner()
    }

    /// Takes a line; whether there was one.
    fn next_line(&mut self) -> io::Result<bool> {
        let Some(line) = self.lines.next_line()? else {
            return Ok(false);
        };
        let number = line.number;
        let text = match line.content {
            LineContent::TooLong => Err(refused(Mechanism::FormatLineTooLong, "")),
            LineContent::Bytes(bytes) => self
                .decoder
                .decode(bytes)
                .map_err(|detail| refused(Mechanism::FormatEncoding, &detail)),
        };
        match &self.state {
            // The rest is read to its end all the same, for the digest of the file.
            State::Ended => {}
            State::Skip(known) => self.state = State::Records(known.clone()),
            State::Header(naming) => match text.and_then(|text| naming.known(&text)) {
                Ok(known) => self.state = State::Records(known),
                Err(refused) => {
                    self.state = State::Ended;
                    self.ready.push_back(RecordLine {
                        line: number,
                        read: Err(refused),
                        places: Places::of_unread(number),
                    });
                }
            },
            State::Records(known) => {
                let table = Arc::clone(&known.table);
                let row = text.and_then(|text| {
                    let cells = split(&text, known.separator, known.quoting).map_err(unsplit)?;
                    let cells = fitting(cells, table.width)?;
                    Ok(Row::read(&table, number, &cells))
                });
                match row {
                    Ok(row) => self.take(&table, row),
                    Err(refused) => self.pass_over(&table, number, refused),
                }
            }
        }
        Ok(true)
    }

    fn take(&mut self, table: &Arc<Table>, row: Row) {
        if let Some(draft) = &mut self.draft
            && draft.goes_on_in(table, &row)
        {
            draft.add(table, row);
            return;
        }
        self.finish();
        let twice = self.given.take(table, &row);
        let mut draft = Draft::begin(table, row);
        draft.findings.extend(twice);
        if let (Some(line), true) = (self.spoilt.take(), draft.is_joined(table)) {
            draft.spoil(line);
        }
        let is_joined = draft.is_joined(table);
        self.draft = Some(draft);
        if !is_joined {
            self.finish();
        }
    }

    /// A line that cannot be read: it is told by itself, and what stands beside it may not be whole.
    fn pass_over(&mut self, table: &Table, line: u64, refused: Box<Refused>) {
        if let Some(draft) = &mut self.draft
            && draft.is_joined(table)
        {
            draft.spoil(line);
        }
        self.finish();
        self.spoilt = Some(line);
        self.ready.push_back(RecordLine {
            line,
            read: Err(refused),
            places: Places::of_unread(line),
        });
    }

    /// Ends the record under way.
    fn finish(&mut self) {
        let (Some(draft), State::Records(known)) = (self.draft.take(), &self.state) else {
            return;
        };
        let line = draft.line();
        let (tree, findings, groups) = draft.end(self.reporter.as_deref());
        self.ready.push_back(RecordLine {
            line,
            read: read_tree(tree, self.delivered, findings),
            places: Places::of_rows(Arc::clone(&known.table), line, groups),
        });
    }
}

impl Naming {
    /// What the lines after a header are read with.
    fn known(&self, header: &str) -> Result<Known, Box<Refused>> {
        match self {
            Self::Fields(kind) => match Table::of_header(header, *kind) {
                Ok((table, separator)) => Ok(Known {
                    table: Arc::new(table),
                    separator,
                    quoting: true,
                }),
                Err(findings) => Err(Box::new(Refused {
                    findings,
                    ..Refused::default()
                })),
            },
            Self::Layout(TextFile { layout, key, .. }) => {
                let cells = split(header, layout.separator, layout.quoting).map_err(unsplit)?;
                let names: Vec<&str> = cells.iter().map(|cell| cell.as_ref()).collect();
                let Some(table) = layout.table(Some(&names), key.as_ref()) else {
                    let detail =
                        "the first line names each column that the layout needs or makes ids of, once";
                    return Err(refused(Mechanism::FormatUnreadable, detail));
                };
                Ok(Known {
                    table: Arc::new(table),
                    separator: layout.separator,
                    quoting: layout.quoting,
                })
            }
        }
    }
}

fn unsplit(error: Unsplit) -> Box<Refused> {
    let detail = match error {
        Unsplit::Open(cell) => format!("the quote of cell {cell} is not closed on the line"),
        Unsplit::AfterQuote(cell) => format!("something follows the closing quote of cell {cell}"),
    };
    refused(Mechanism::FormatUnreadable, &detail)
}

/// The cells of a line that has as many as there are columns; empty ones may follow.
fn fitting(mut cells: Vec<Cow<'_, str>>, width: usize) -> Result<Vec<Cow<'_, str>>, Box<Refused>> {
    while cells.len() > width && cells.last().is_some_and(|cell| cell.is_empty()) {
        cells.pop();
    }
    match cells.len() == width {
        true => Ok(cells),
        false => {
            let detail = format!("{} cells in a line of {width} columns", cells.len());
            let finding = finding_without_release(Mechanism::FormatUnreadable, String::new(), &detail);
            Err(Box::new(Refused {
                findings: vec![finding],
                ..Refused::default()
            }))
        }
    }
}
