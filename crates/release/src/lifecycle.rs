//! From draft to release: what may be written to the authority's stream, given what it says so far.
//! Each function answers with the entry to append, or with the refusal; it appends nothing.

mod maps;

pub use maps::put_concept_map;

use jiff::civil::Date;
use vardnav_register::text::holds_personal_number;

use crate::authority::{AuthorityState, Draft, Stage};
use crate::entry::{AuthorityEntry, Change, ContentRecord, EditionPin, EditionRecord, Proposal, Reporter};
use crate::package::{Digest, hex};

/// Longest id of a draft or release, in bytes.
pub const ID_BYTES_MAX: usize = 64;
/// Longest name of a caller, in bytes.
pub const CALLER_BYTES_MAX: usize = 64;
/// So many digits in a row no caller's name has.
const CALLER_DIGITS_END: usize = 6;
/// Longest name of a reporter and title of a release, in bytes.
pub const TEXT_BYTES_MAX: usize = 500;

/// Why a step is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No draft has the id.
    #[error("no draft has that id")]
    UnknownDraft,
    /// The content has not been checked.
    #[error("draft `{draft}` has not been checked")]
    NotChecked {
        /// Its id.
        draft: String,
    },
    /// The step names other content than the draft holds now.
    #[error("draft `{draft}` holds other content ({found}) than the step names")]
    Changed {
        /// Its id.
        draft: String,
        /// Digest of what it holds, in hexadecimal.
        found: String,
    },
    /// The check found errors.
    #[error("draft `{draft}` has {errors} findings that must be mended first")]
    Faulty {
        /// Its id.
        draft: String,
        /// How many.
        errors: u32,
    },
    /// The approver has put content into the draft.
    #[error("draft `{draft}` must be approved by somebody other than its authors")]
    OwnDraft {
        /// Its id.
        draft: String,
    },
    /// It has not been approved.
    #[error("draft `{draft}` has not been approved")]
    NotApproved {
        /// Its id.
        draft: String,
    },
    /// A release with that id is published.
    #[error("release `{release}` is already published and never changes; choose another id")]
    IdTaken {
        /// The id.
        release: String,
    },
    /// The draft is published and cannot be changed.
    #[error("draft `{draft}` is published and never changes; put a new draft")]
    Published {
        /// Its id.
        draft: String,
    },
    /// A draft with that id exists.
    #[error("draft `{draft}` exists; update it or choose another id")]
    DraftExists {
        /// Its id.
        draft: String,
    },
    /// The files speak for dates from a later one only.
    #[error("the release is proven for dates from {from} on and cannot apply before")]
    TooEarly {
        /// First date of care that its files state.
        from: Date,
    },
    /// A caller's name is empty, too long, holds other characters or could hold a personal number.
    #[error(
        "the caller's name is not 1 to {CALLER_BYTES_MAX} of A–Z a–z 0–9 . _ : @ - without six digits in a row"
    )]
    BadCaller,
    /// An id is empty, too long, holds other characters than letters, digits, `.`, `_`, `:`, `-`, or a personal
    /// number.
    #[error(
        "the {of} id is not 1 to {ID_BYTES_MAX} letters, digits, `.`, `_`, `:` or `-`, without a personal number"
    )]
    BadId {
        /// What it is the id of.
        of: &'static str,
    },
    /// A version of a code system is imported with other content.
    #[error(
        "version `{version}` of `{system}` is imported with other content and never changes; import the files \
         under a version of their own"
    )]
    EditionTaken {
        /// Canonical address of the code system.
        system: String,
        /// The version.
        version: String,
    },
    /// No reporter has the id.
    #[error("no reporter has that id")]
    UnknownReporter,
    /// A version of a map is put with other content.
    #[error(
        "version `{version}` of map `{url}` is put with other content and never changes; put the file under a version of its own"
    )]
    MapTaken {
        /// Canonical address of the map.
        url: String,
        /// The version.
        version: String,
    },
    /// The reporter has as many maps as are kept.
    #[error("the reporter has as many maps, or rows in them, as are kept")]
    TooManyMaps,
    /// A text is too long, holds control characters or a personal number.
    #[error(
        "the {of} is longer than {TEXT_BYTES_MAX} bytes, or holds a control character or a personal number"
    )]
    BadText {
        /// What it is.
        of: &'static str,
    },
}

/// Codes of refusals: what they mean, how to go on.
pub const CODES: &[(&str, &str, &str)] = &[
    (
        "VN-REL-201",
        "the draft does not exist",
        "check its id, or create it",
    ),
    ("VN-REL-202", "the draft has not been checked", "check it first"),
    (
        "VN-REL-203",
        "the draft changed meanwhile",
        "read it again, then repeat the step",
    ),
    (
        "VN-REL-204",
        "the check found errors",
        "correct them, put the draft anew and check it",
    ),
    (
        "VN-REL-205",
        "no one approves a draft of their own",
        "ask someone else to approve it",
    ),
    (
        "VN-REL-206",
        "the draft is not approved",
        "let someone else approve it first",
    ),
    (
        "VN-REL-207",
        "a release with that id is published",
        "choose another id; what is published never changes",
    ),
    (
        "VN-REL-208",
        "the draft is published and cannot be changed",
        "make a new draft",
    ),
    (
        "VN-REL-209",
        "an id is not usable",
        "use 1 to 64 letters, digits, `.`, `_`, `:` or `-`",
    ),
    (
        "VN-REL-210",
        "a draft with that id exists",
        "update it, or choose another id",
    ),
    (
        "VN-REL-211",
        "the release is proven for later dates only",
        "publish from the date its files state or a later one",
    ),
    (
        "VN-REL-212",
        "the caller's name is not usable",
        "use 1 to 64 letters, digits and . _ : @ -, without six digits in a row",
    ),
    (
        "VN-REL-213",
        "the version of the code system is imported with other content",
        "import the files under a version of their own; what releases bind never changes",
    ),
    (
        "VN-REL-214",
        "a text is too long, or holds a control character or a personal number",
        "shorten it, and leave personal numbers out",
    ),
    (
        "VN-REL-215",
        "the reporter is not registered",
        "register it first",
    ),
    (
        "VN-REL-216",
        "the version of the map is put with other content",
        "state a version of its own in the file; what records were judged by never changes",
    ),
    (
        "VN-REL-217",
        "a reporter has too many maps",
        "put fewer versions, and rows only for the codes in use",
    ),
];

impl Refusal {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownDraft => "VN-REL-201",
            Self::NotChecked { .. } => "VN-REL-202",
            Self::Changed { .. } => "VN-REL-203",
            Self::Faulty { .. } => "VN-REL-204",
            Self::OwnDraft { .. } => "VN-REL-205",
            Self::NotApproved { .. } => "VN-REL-206",
            Self::IdTaken { .. } => "VN-REL-207",
            Self::Published { .. } => "VN-REL-208",
            Self::BadId { .. } => "VN-REL-209",
            Self::DraftExists { .. } => "VN-REL-210",
            Self::TooEarly { .. } => "VN-REL-211",
            Self::BadCaller => "VN-REL-212",
            Self::EditionTaken { .. } => "VN-REL-213",
            Self::BadText { .. } => "VN-REL-214",
            Self::UnknownReporter => "VN-REL-215",
            Self::MapTaken { .. } => "VN-REL-216",
            Self::TooManyMaps => "VN-REL-217",
        }
    }
}

/// Makes a draft.
///
/// # Errors
/// [`Refusal::DraftExists`], and those of [`put`].
pub fn create(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    draft: &str,
    proposal: Proposal,
) -> Result<AuthorityEntry, Refusal> {
    match state.draft(draft).map(Draft::stage) {
        None => put(state, caller, at, draft, proposal),
        Some(Stage::Published) => Err(Refusal::Published {
            draft: draft.to_owned(),
        }),
        Some(_) => Err(Refusal::DraftExists {
            draft: draft.to_owned(),
        }),
    }
}

/// Gives a draft other content. With `expected` only when it holds that content now.
///
/// # Errors
/// [`Refusal::UnknownDraft`], [`Refusal::Changed`], and those of [`put`].
pub fn update(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    draft: &str,
    expected: Option<Digest>,
    proposal: Proposal,
) -> Result<AuthorityEntry, Refusal> {
    let found = state.draft(draft).ok_or(Refusal::UnknownDraft)?.proposal.digest;
    open(state, draft, &expected.unwrap_or(found))?;
    put(state, caller, at, draft, proposal)
}

/// Puts a draft: makes it, or gives it other content, which undoes check and approval.
///
/// # Errors
/// [`Refusal::BadCaller`], [`Refusal::BadId`], [`Refusal::BadText`], [`Refusal::IdTaken`], [`Refusal::Published`].
pub fn put(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    draft: &str,
    proposal: Proposal,
) -> Result<AuthorityEntry, Refusal> {
    check_caller(caller)?;
    check_id("draft", draft)?;
    check_id("release", &proposal.release)?;
    check_text("title of the release", &proposal.title.sv)?;
    check_text("title of the release", &proposal.title.en)?;
    if state
        .draft(draft)
        .is_some_and(|draft| draft.stage() == Stage::Published)
    {
        return Err(Refusal::Published {
            draft: draft.to_owned(),
        });
    }
    if state.release(&proposal.release).is_some() {
        return Err(Refusal::IdTaken {
            release: proposal.release,
        });
    }
    Ok(entry(
        caller,
        at,
        Change::DraftPut {
            draft: draft.to_owned(),
            proposal,
        },
    ))
}

/// Notes the outcome of a check of the content with `digest`.
///
/// # Errors
/// [`Refusal::UnknownDraft`], [`Refusal::Published`], [`Refusal::Changed`].
pub fn checked(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    draft: &str,
    digest: Digest,
    errors: u32,
    warnings: u32,
) -> Result<AuthorityEntry, Refusal> {
    check_caller(caller)?;
    open(state, draft, &digest)?;
    Ok(entry(
        caller,
        at,
        Change::DraftChecked {
            draft: draft.to_owned(),
            digest,
            errors,
            warnings,
        },
    ))
}

/// Approves the content with `digest`.
///
/// # Errors
/// [`Refusal::UnknownDraft`], [`Refusal::Published`], [`Refusal::Changed`], [`Refusal::NotChecked`],
/// [`Refusal::Faulty`], [`Refusal::OwnDraft`].
pub fn approve(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    draft: &str,
    digest: Digest,
) -> Result<AuthorityEntry, Refusal> {
    check_caller(caller)?;
    let known = open(state, draft, &digest)?;
    sound(known)?;
    // Names that differ in letter case alone are one person's.
    if known
        .authors
        .iter()
        .any(|author| author.eq_ignore_ascii_case(caller))
    {
        return Err(Refusal::OwnDraft {
            draft: draft.to_owned(),
        });
    }
    Ok(entry(
        caller,
        at,
        Change::DraftApproved {
            draft: draft.to_owned(),
            digest,
        },
    ))
}

/// Publishes the content with `digest`: from then on it is the release for dates of care from `from` on, or from
/// the date that its files state. `bound` are the editions that it binds, by code system and version; what those at
/// hand hold is written down.
///
/// # Errors
/// Those of [`approve`] save [`Refusal::OwnDraft`], and [`Refusal::NotApproved`], [`Refusal::IdTaken`],
/// [`Refusal::TooEarly`].
pub fn publish(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    draft: &str,
    digest: Digest,
    from: Option<Date>,
    bound: &[(String, String)],
) -> Result<AuthorityEntry, Refusal> {
    check_caller(caller)?;
    let known = open(state, draft, &digest)?;
    sound(known)?;
    if known.approval.is_none() {
        return Err(Refusal::NotApproved {
            draft: draft.to_owned(),
        });
    }
    if state.release(&known.proposal.release).is_some() {
        return Err(Refusal::IdTaken {
            release: known.proposal.release.clone(),
        });
    }
    let from = from.unwrap_or(known.proposal.from);
    if from < known.proposal.from {
        return Err(Refusal::TooEarly {
            from: known.proposal.from,
        });
    }
    let at_hand = |(system, version): &(String, String)| {
        state.edition(system, version).map(|edition| EditionPin {
            system: edition.system.clone(),
            version: edition.version.clone(),
            digest: edition.blob,
        })
    };
    let change = Change::ReleasePublished {
        draft: draft.to_owned(),
        digest,
        from,
        editions: bound.iter().filter_map(at_hand).collect(),
    };
    Ok(entry(caller, at, change))
}

/// Imports an edition; `None` when it is imported already.
///
/// # Errors
/// [`Refusal::BadCaller`], [`Refusal::BadText`]; [`Refusal::EditionTaken`] when its version holds other content.
pub fn import_edition(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    edition: &EditionRecord,
) -> Result<Option<AuthorityEntry>, Refusal> {
    check_caller(caller)?;
    check_text("address of the code system", &edition.system)?;
    check_text("version of the edition", &edition.version)?;
    check_text("title of the edition", &edition.title)?;
    match state.edition(&edition.system, &edition.version) {
        Some(known) if known.blob == edition.blob => Ok(None),
        Some(_) => Err(Refusal::EditionTaken {
            system: edition.system.clone(),
            version: edition.version.clone(),
        }),
        None => Ok(Some(entry(caller, at, Change::EditionImported(edition.clone())))),
    }
}

/// Imports a value set or concept map; `None` when it is there already.
///
/// # Errors
/// [`Refusal::BadCaller`], [`Refusal::BadText`]; [`Refusal::EditionTaken`] when its version holds other content.
pub fn import_content(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    content: &ContentRecord,
) -> Result<Option<AuthorityEntry>, Refusal> {
    check_caller(caller)?;
    check_text("address", &content.url)?;
    check_text("version", &content.version)?;
    check_text("title", &content.title)?;
    match state.content(content.kind, &content.url, &content.version) {
        Some(known) if known.blob == content.blob => Ok(None),
        Some(_) => Err(Refusal::EditionTaken {
            system: content.url.clone(),
            version: content.version.clone(),
        }),
        None => Ok(Some(entry(caller, at, Change::ContentImported(content.clone())))),
    }
}

/// Registers or changes a reporter; `None` when nothing would change.
///
/// # Errors
/// [`Refusal::BadCaller`], [`Refusal::BadId`], [`Refusal::BadText`].
pub fn put_reporter(
    state: &AuthorityState,
    caller: &str,
    at: i64,
    reporter: &Reporter,
) -> Result<Option<AuthorityEntry>, Refusal> {
    check_caller(caller)?;
    check_id("reporter", &reporter.id)?;
    check_text("name of the reporter", &reporter.name)?;
    check_text("provider of the reporter", &reporter.provider)?;
    if state.reporter(&reporter.id) == Some(reporter) {
        return Ok(None);
    }
    Ok(Some(entry(caller, at, Change::ReporterPut(reporter.clone()))))
}

fn entry(caller: &str, at: i64, change: Change) -> AuthorityEntry {
    AuthorityEntry {
        caller: caller.to_owned(),
        at,
        change,
    }
}

/// The draft, when it is not published and holds just that content.
fn open<'a>(state: &'a AuthorityState, draft: &str, digest: &Digest) -> Result<&'a Draft, Refusal> {
    let known = state.draft(draft).ok_or(Refusal::UnknownDraft)?;
    if known.stage() == Stage::Published {
        return Err(Refusal::Published {
            draft: draft.to_owned(),
        });
    }
    if known.proposal.digest != *digest {
        return Err(Refusal::Changed {
            draft: draft.to_owned(),
            found: hex(&known.proposal.digest),
        });
    }
    Ok(known)
}

/// Checked without findings that stop it.
fn sound(draft: &Draft) -> Result<(), Refusal> {
    match &draft.check {
        None => Err(Refusal::NotChecked {
            draft: draft.id.clone(),
        }),
        Some(check) if check.errors > 0 => Err(Refusal::Faulty {
            draft: draft.id.clone(),
            errors: check.errors,
        }),
        Some(_) => Ok(()),
    }
}

fn check_caller(caller: &str) -> Result<(), Refusal> {
    let fits = (1..=CALLER_BYTES_MAX).contains(&caller.len())
        && caller
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._:@-".contains(&b))
        && caller
            .split(|letter: char| !letter.is_ascii_digit())
            .all(|digits| digits.len() < CALLER_DIGITS_END);
    if fits { Ok(()) } else { Err(Refusal::BadCaller) }
}

fn check_id(of: &'static str, id: &str) -> Result<(), Refusal> {
    let fits = (1..=ID_BYTES_MAX).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'-'))
        && !holds_personal_number(id);
    if fits { Ok(()) } else { Err(Refusal::BadId { of }) }
}

fn check_text(of: &'static str, text: &str) -> Result<(), Refusal> {
    let fits =
        text.len() <= TEXT_BYTES_MAX && !text.chars().any(char::is_control) && !holds_personal_number(text);
    if fits {
        Ok(())
    } else {
        Err(Refusal::BadText { of })
    }
}
