//! Uploads: data that are no records. What a kind's files are is said in `vardnav_interchange::upload`, how uploads are
//! kept in `vardnav_store::uploads`. Here a file is read on a thread that may block and held against what is in force, and
//! what holds is given to whoever computes with it.

mod answer;
mod service;
mod stated;

pub use stated::Stated;

use std::sync::{Arc, Weak};
use std::time::Duration;

use jiff::civil::Date;
use vardnav_api::release::refusal;
use vardnav_api::status::{ApiError, Kind as ErrorKind};
use vardnav_indicators::grouping::KommunGroups;
use vardnav_indicators::population::PopulationTable;
use vardnav_indicators::series::Series;
use vardnav_interchange::upload::{self, Against, Content, FILE_BYTES_MAX, Kind, Problem};
use vardnav_register::identity::reference_date;
use vardnav_register::unit::beds::BedDay;
use vardnav_register::unit::listing::Listing;
use vardnav_release::authority::KeptUpload;
use vardnav_release::entry::UploadRecord;
use vardnav_release::lifecycle::Refusal;
use vardnav_runtime::caller::Caller;
use vardnav_runtime::clock;
use vardnav_store::uploads::{Held, NotAtHand, PutUpload, UploadKeeper};
use vardnav_store::{Authority, AuthorityError, DecideError, View};

/// Files that are taken at once: each is held in memory whole.
const TAKING_MAX: usize = 8;

/// How long to wait between looks at what holds.
const PAUSE: Duration = Duration::from_millis(500);

/// Uploads behind the service.
pub struct Uploads {
    keeper: UploadKeeper,
    taking: tokio::sync::Semaphore,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// It holds, or would.
    Kept(Box<PutUpload>),
    /// What is wrong with it; nothing was kept.
    Refused(Vec<Problem>),
}

/// Reads what holds, so that it is at hand, again and again until the uploads are dropped.
pub(crate) async fn follow(uploads: Weak<Uploads>) {
    let mut reported = String::new();
    while let Some(uploads) = uploads.upgrade() {
        match uploads.read().await {
            Ok(()) => reported.clear(),
            Err(error) => {
                let text = error.to_string();
                if text != reported {
                    tracing::warn!(%error, "an upload cannot be read");
                    reported = text;
                }
            }
        }
        drop(uploads);
        tokio::time::sleep(PAUSE).await;
    }
}

impl Uploads {
    /// Uploads that `authority` keeps.
    pub fn new(authority: Arc<Authority>) -> Self {
        Self {
            keeper: UploadKeeper::new(authority),
            taking: tokio::sync::Semaphore::new(TAKING_MAX),
        }
    }

    /// What keeps them.
    pub fn keeper(&self) -> &UploadKeeper {
        &self.keeper
    }

    /// Puts a file of a kind: the next revision of the upload whose id the file gives. The same again changes nothing.
    ///
    /// # Errors
    /// When the kind is not known, it is not said where the data come from, no release is in force, the caller does not
    /// act for the reporter that an upload is of, or the store does not take it. What is wrong with the file is no error.
    pub async fn put(
        &self,
        caller: &Caller,
        kind: &str,
        source: &str,
        file: Vec<u8>,
        validate_only: bool,
    ) -> Result<Put, ApiError> {
        let kind = known(kind)?;
        if file.len() > FILE_BYTES_MAX {
            return Err(too_large());
        }
        let at = clock::now_micros();
        let today = reference_date(at);
        let view = self.keeper.authority().view();
        let read = tokio::task::spawn_blocking(move || read(kind, &file, today, &view)).await;
        let (read, release) = read.map_err(|_| unread())??;
        let content = match read {
            Ok(content) => content,
            Err(problems) => return Ok(Put::Refused(problems)),
        };
        own(kind, &content.id, caller)?;
        let record = UploadRecord {
            kind: kind.name().to_owned(),
            id: content.id,
            date: content.date,
            source: source.trim().to_owned(),
            rows: content.rows,
            release,
            ..UploadRecord::default()
        };
        let put = self
            .keeper
            .put(&caller.name, at, record, content.bytes, validate_only);
        Ok(Put::Kept(Box::new(put.await.map_err(refused)?)))
    }

    /// Withdraws an upload; one that is withdrawn already stays so.
    ///
    /// # Errors
    /// When there is none, no reason is stated, the caller does not act for the reporter that it is of, or the store does
    /// not take it.
    pub async fn withdraw(
        &self,
        caller: &Caller,
        kind: &str,
        id: &str,
        reason: &str,
    ) -> Result<KeptUpload, ApiError> {
        own(known(kind)?, id, caller)?;
        let at = clock::now_micros();
        let withdrawn = self.keeper.withdraw(&caller.name, at, kind, id, reason);
        withdrawn.await.map_err(refused)
    }

    /// The population tables that hold, by date.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub async fn populations(&self) -> Result<Vec<Held<PopulationTable>>, AuthorityError> {
        self.keeper
            .held_all(upload::population::NAME, |bytes, record| {
                upload::population::decode(bytes, &record.source)
            })
            .await
    }

    /// The series of a variant of an indicator; `None` when none holds.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn series_of(
        &self,
        indicator: &str,
        variant: &str,
    ) -> Result<Option<Held<Series>>, AuthorityError> {
        let id = upload::series::id_of(indicator, variant);
        self.keeper
            .held(upload::series::NAME, &id, |bytes, _| {
                upload::series::decode(bytes)
            })
            .await
    }

    /// The bed-days that hold, by reporter and month.
    ///
    /// # Errors
    /// When some of them cannot be read.
    pub async fn bed_days(&self) -> Result<Vec<Held<Vec<BedDay>>>, AuthorityError> {
        self.keeper
            .held_all(upload::bed_days::NAME, |bytes, _| upload::bed_days::decode(bytes))
            .await
    }

    /// The listings that hold, by reporter and month.
    ///
    /// # Errors
    /// When some of them cannot be read.
    pub async fn listings(&self) -> Result<Vec<Held<Vec<Listing>>>, AuthorityError> {
        self.keeper
            .held_all(upload::listings::NAME, |bytes, _| upload::listings::decode(bytes))
            .await
    }

    /// Reads what figures are told of, so that it is at hand: population tables, series and divisions of kommuner.
    ///
    /// # Errors
    /// When one of them cannot be read; the other kinds are read all the same.
    pub async fn read(&self) -> Result<(), AuthorityError> {
        let series = self
            .keeper
            .held_all(upload::series::NAME, |bytes, _| upload::series::decode(bytes));
        let series = series.await.map(drop);
        let groups = self
            .keeper
            .held_all(upload::groups::NAME, |bytes, _| upload::groups::decode(bytes));
        let groups = groups.await.map(drop);
        self.populations().await.map(drop).and(series).and(groups)
    }

    /// As [`Self::populations`], from what is at hand.
    ///
    /// # Errors
    /// When one of them was not read yet.
    pub fn populations_at_hand(&self) -> Result<Vec<Held<PopulationTable>>, NotAtHand> {
        self.keeper.all_at_hand(upload::population::NAME)
    }

    /// As [`Self::series_of`], from what is at hand.
    ///
    /// # Errors
    /// When it was not read yet.
    pub fn series_at_hand(&self, indicator: &str, variant: &str) -> Result<Option<Held<Series>>, NotAtHand> {
        let id = upload::series::id_of(indicator, variant);
        self.keeper.at_hand(upload::series::NAME, &id)
    }

    /// A division of kommuner as it holds on a date: of its tables the one with the latest date that is not after it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn groups_of(
        &self,
        grouping: &str,
        on: Date,
    ) -> Result<Option<Held<KommunGroups>>, AuthorityError> {
        let view = self.keeper.authority().view();
        let tables = view.state().uploads().current(upload::groups::NAME);
        let of_grouping = tables.filter(|record| record.id.split('/').next() == Some(grouping));
        let until = of_grouping.filter(|record| record.date <= on);
        let Some(record) = until.max_by_key(|record| record.date) else {
            return Ok(None);
        };
        self.keeper
            .held(upload::groups::NAME, &record.id, |bytes, _| {
                upload::groups::decode(bytes)
            })
            .await
    }
}

/// Reads a file against what is in force; answers the id of the release too.
fn read(
    kind: &dyn Kind,
    file: &[u8],
    today: Date,
    view: &View,
) -> Result<(Result<Content, Vec<Problem>>, String), ApiError> {
    let release = view.release_on(today).ok_or_else(|| {
        let message = "no release is in force: an upload is held against its definitions";
        ApiError::new(ErrorKind::FailedPrecondition, "VN-API-021", message)
    })?;
    let against = Against {
        today,
        release: &release,
        on: &|date| view.release_on(date),
        state: view.state(),
    };
    Ok((kind.read(file, &against), release.id.clone()))
}

/// The kind with a name.
fn known(kind: &str) -> Result<&'static dyn Kind, ApiError> {
    upload::kind(kind).ok_or_else(|| {
        let names: Vec<_> = upload::KINDS.iter().map(|kind| kind.name()).collect();
        ApiError::field("kind", format!("one of {}", names.join(", ")))
    })
}

/// That the caller acts for the reporter that an upload is of.
fn own(kind: &dyn Kind, id: &str, caller: &Caller) -> Result<(), ApiError> {
    match kind.reporter(id) {
        Some(reporter) if !caller.may_act_for(reporter) => Err(ApiError::new(
            ErrorKind::PermissionDenied,
            "VN-API-020",
            "the caller does not act for the reporter that the upload is of",
        )),
        _ => Ok(()),
    }
}

fn too_large() -> ApiError {
    let message = format!("a file of an upload has at most {FILE_BYTES_MAX} bytes");
    ApiError::new(ErrorKind::ResourceExhausted, "VN-API-012", message)
}

fn unread() -> ApiError {
    let message = "the upload cannot be read; the operator has been told";
    ApiError::new(ErrorKind::Internal, "VN-API-013", message)
}

fn failed(error: &AuthorityError) -> ApiError {
    match error {
        AuthorityError::Entry(error) => ApiError::field("header", error.to_string()),
        _ => ApiError::new(ErrorKind::Unavailable, "VN-API-010", error.to_string()),
    }
}

fn refused(error: DecideError<Refusal>) -> ApiError {
    match error {
        DecideError::Refused(refused) => refusal(&refused),
        DecideError::Authority(error) => failed(&error),
    }
}
