//! Population files: read line by line, each statement noted of the person its number leads to. The same file again
//! changes nothing.

use jiff::civil::Date;
use vardnav_api::common::finding_message;
use vardnav_api::status::ApiError;
use vardnav_api::vardnav::admin::v1 as pb;
use vardnav_interchange::register::population::{Line, Named, Reader, Said};
use vardnav_register::definition::Severity;
use vardnav_register::finding::Finding;
use vardnav_register::hash::{Hasher, to_hex};
use vardnav_register::identity::PersonKey;
use vardnav_register::person::{PersonError, PersonEvent, Statement};
use vardnav_runtime::clock;
use vardnav_store::{IdentityBytes, StoreError};

use super::{VaultAdmin, store_error};

/// Lines noted together.
const GROUP: usize = 2_000;
/// Most lines that are held back until the whole file is found to be right.
const LINES_MAX: usize = 2_000_000;
/// Findings told one by one.
const FINDINGS_MAX: usize = 1_000;

/// A file on its way.
pub(super) struct Import {
    caller: String,
    at: i64,
    reader: Reader,
    digest: Hasher,
    validate_only: bool,
    go_on: bool,
    lines: Vec<(u64, Named, Said)>,
    answer: pb::ImportPopulationResponse,
}

impl Import {
    /// A file of which nothing is read.
    pub(super) fn new(caller: &str, today: Date, validate_only: bool, go_on: bool) -> Self {
        Self {
            caller: caller.to_owned(),
            at: clock::now_micros(),
            reader: Reader::new(today),
            digest: Hasher::new(),
            validate_only,
            go_on,
            lines: Vec::new(),
            answer: pb::ImportPopulationResponse::default(),
        }
    }

    /// Takes a piece.
    ///
    /// # Errors
    /// When the file is too long to be noted at once.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), ApiError> {
        self.digest.update(piece);
        for line in self.reader.push(piece) {
            self.take(line);
        }
        if self.lines.len() > LINES_MAX {
            let what = format!("a population file has at most {LINES_MAX} lines; cut it");
            return Err(store_error(StoreError::Limit(what)));
        }
        Ok(())
    }

    fn take(&mut self, line: Line) {
        self.answer.lines += 1;
        match line.content {
            Ok((named, said)) => self.lines.push((line.number, named, said)),
            Err(finding) => self.found(line.number, &finding),
        }
    }

    fn found(&mut self, line: u64, finding: &Finding) {
        self.answer.wrong += 1;
        if self.answer.findings.len() < FINDINGS_MAX {
            self.answer.findings.push(pb::PopulationFinding {
                line,
                finding: Some(finding_message(finding)),
            });
        }
    }

    /// Notes what the file says.
    ///
    /// # Errors
    /// When the vault cannot be written: what was noted before stays, and the same file may be taken in again.
    pub(super) async fn finish(
        mut self,
        admin: &VaultAdmin,
    ) -> Result<pb::ImportPopulationResponse, ApiError> {
        let reader = std::mem::replace(&mut self.reader, Reader::new(Date::MIN));
        if let Some(line) = reader.finish() {
            self.take(line);
        }
        if self.validate_only || (self.answer.wrong > 0 && !self.go_on) {
            return Ok(self.answer);
        }
        let digest = std::mem::take(&mut self.digest);
        let source = to_hex(&digest.finish());
        let lines = std::mem::take(&mut self.lines);
        for group in lines.chunks(GROUP) {
            self.note(admin, group, &source).await.map_err(store_error)?;
        }
        Ok(self.answer)
    }

    async fn note(
        &mut self,
        admin: &VaultAdmin,
        group: &[(u64, Named, Said)],
        source: &str,
    ) -> Result<(), StoreError> {
        let vault = &admin.vault;
        let identities = group.iter().map(|(_, named, _)| identity(named)).collect();
        let persons = vault.resolve(identities).await?;
        let mut events: Vec<(u64, PersonEvent)> = Vec::new();
        for ((line, _, said), person) in group.iter().zip(persons) {
            let mut say = |person: PersonKey, statement| {
                let event = PersonEvent {
                    person,
                    statement,
                    at: self.at,
                    caller: self.caller.clone(),
                    source: source.to_owned(),
                };
                events.push((*line, event));
            };
            match said {
                Said::Of(statement) => say(person, *statement),
                Said::NumberChanged { to, from } => {
                    let holder = vault.lead(identity(to), person).await?;
                    say(person, Statement::NumberChanged { from: *from });
                    // The new number was somebody's already: it is the same person under two keys.
                    let known = vault.keys(person).await?;
                    if !known.contains(&holder) {
                        say(person, Statement::Merged { into: holder });
                    }
                }
                Said::Merged { into } => {
                    let leaders = vault.resolve(vec![identity(into)]).await?;
                    for into in leaders {
                        say(person, Statement::Merged { into });
                    }
                }
            }
        }
        let (lines, events): (Vec<u64>, Vec<PersonEvent>) = events.into_iter().unzip();
        for (line, noted) in lines.into_iter().zip(vault.note(events).await?) {
            match noted {
                Ok(true) => self.answer.noted += 1,
                Ok(false) => self.answer.known += 1,
                Err(error) => self.found(line, &misfit(error)),
            }
        }
        Ok(())
    }
}

fn identity(named: &Named) -> IdentityBytes {
    IdentityBytes::given_by(named.identity_type, &named.number, &named.issuer)
}

fn misfit(error: PersonError) -> Finding {
    Finding {
        code: "VN-POP-007".to_owned(),
        severity: Severity::Error,
        path: "event".to_owned(),
        message: error.to_string(),
    }
}
