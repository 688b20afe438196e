//! Why a step towards a release is refused: in words, with a stable code, and how to go on.

use jiff::civil::Date;

use super::{
    BODIES_MAX, CALLER_BYTES_MAX, ID_BYTES_MAX, PUBLICATIONS_MAX, REVISIONS_MAX, TextFault,
    UPLOAD_ID_BYTES_MAX, UPLOADS_MAX,
};

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
    /// No upload has the kind and id.
    #[error("no upload has that kind and id")]
    UnknownUpload,
    /// It is not said where uploaded data come from.
    #[error("it must be said where the data come from")]
    SourceMissing,
    /// It is not said why an upload is withdrawn.
    #[error("it must be said why the upload is withdrawn")]
    UploadReasonMissing,
    /// An id of an upload is not usable.
    #[error(
        "the upload's id is not at most {UPLOAD_ID_BYTES_MAX} bytes of parts with `/` between, each 1 to \
         {ID_BYTES_MAX} letters, digits, `.`, `_`, `:` or `-`, without a personal number"
    )]
    BadUploadId,
    /// There are as many uploads of the kind, or revisions of the upload, as are kept.
    #[error("at most {UPLOADS_MAX} uploads of a kind are kept, with {REVISIONS_MAX} revisions each")]
    TooManyUploads,
    /// A publication of figures has no title.
    #[error("the publication has no title in Swedish")]
    TitleMissing,
    /// It is not said why published figures are revised.
    #[error("it must be said what changed since the publication before, and why")]
    NoteMissing,
    /// Another publication than the one that is named is the last of the year, or there is none.
    #[error("{}", held(.last))]
    OtherPublication {
        /// The one that holds.
        last: Option<String>,
    },
    /// Figures of a year that is not over cannot be final, and those of a year to come not be published.
    #[error("the year {year} is not over; its figures can be published as preliminary once it has begun")]
    YearNotOver {
        /// The year.
        year: i16,
    },
    /// A final publication is revised by a preliminary one.
    #[error("figures of the year are published as final; a revision of them is final too")]
    PublicationFinal,
    /// As many publications as are kept.
    #[error("at most {PUBLICATIONS_MAX} publications of figures are kept")]
    TooManyPublications,
    /// The draft has not been submitted.
    #[error("draft `{draft}` has not been submitted")]
    NotSubmitted {
        /// Its id.
        draft: String,
    },
    /// The draft is submitted: its content and its referral rest.
    #[error("draft `{draft}` is submitted; put content to take it back")]
    Submitted {
        /// Its id.
        draft: String,
    },
    /// Another release was published since the content was made.
    #[error("draft `{draft}` is made from {base}, but {newest} is published since")]
    Behind {
        /// Its id.
        draft: String,
        /// The release that it is made from.
        base: String,
        /// The newest release.
        newest: String,
    },
    /// The editions that the release binds are others than those it was checked over.
    #[error("an edition that draft `{draft}` binds was imported during the check")]
    EditionsChanged {
        /// Its id.
        draft: String,
    },
    /// No referral round of the length that the procedure asks has been held.
    #[error("draft `{draft}` needs a referral round of at least {days} days before it is submitted")]
    RemissMissing {
        /// Its id.
        draft: String,
        /// The least length.
        days: u16,
    },
    /// A referral round is open.
    #[error("a referral round of draft `{draft}` is open until {until}")]
    RemissOpen {
        /// Its id.
        draft: String,
        /// Its last day.
        until: Date,
    },
    /// Comments wait for an answer.
    #[error("{comments} comments on draft `{draft}` have no resolution")]
    Unresolved {
        /// Its id.
        draft: String,
        /// How many.
        comments: usize,
    },
    /// A referral round is shorter than the procedure asks.
    #[error("a referral round must last at least {days} days, until {until} or later")]
    RoundTooShort {
        /// The least length.
        days: u16,
        /// The earliest last day.
        until: Date,
    },
    /// A referral round asks nobody, asks somebody twice, or asks too many.
    #[error("a referral round asks 1 to {BODIES_MAX} bodies, each once")]
    BadBodies,
    /// The round does not exist, or takes no comments any more.
    #[error("no referral round of draft `{draft}` is open today")]
    NoOpenRound {
        /// Its id.
        draft: String,
    },
    /// The body is not asked in the open rounds.
    #[error("the body is not asked in an open referral round of draft `{draft}`")]
    NotInvited {
        /// Its id.
        draft: String,
    },
    /// No comment has the number.
    #[error("draft `{draft}` has no comment {number}")]
    UnknownComment {
        /// Its id.
        draft: String,
        /// The number.
        number: u32,
    },
    /// The draft has as many rounds or comments as are kept.
    #[error("draft `{draft}` has as many referral rounds, or comments, as are kept")]
    TooManyComments {
        /// Its id.
        draft: String,
    },
    /// The date lies nearer than the procedure's least notice.
    #[error(
        "reporters get notice of at least {days} days: the release applies from {earliest} at the earliest"
    )]
    ShortNotice {
        /// The least notice.
        days: u16,
        /// The earliest first date of care.
        earliest: Date,
    },
    /// The date has come or passed already.
    #[error("the first date of care {from} is not after {today}: records of those days are judged anew")]
    Retroactive {
        /// The first date of care.
        from: Date,
        /// The day of publication.
        today: Date,
    },
    /// The reason for a short notice or a retroactive date is missing.
    #[error("a reason is needed, and published with the release")]
    ReasonMissing,
    /// No release has the id.
    #[error("no release has the id that the draft is based on")]
    UnknownBase,
    /// The procedure asks that authors and approver are linked to persons by somebody else, and this one is not.
    #[error("caller `{caller}` is not linked to a person by anybody but the authors and the approver")]
    IdentityMissing {
        /// The caller.
        caller: String,
    },
    /// A caller would link an account of their own.
    #[error("nobody links an account of their own to a person")]
    OwnLink,
    /// There are as many links of callers as are kept.
    #[error("as many callers are linked as are kept")]
    TooManyLinks,
    /// The reporter was not told of the release, or the release does not exist.
    #[error("the reporter was given no notice of that release")]
    NoNotice,
    /// A comment or an answer is not usable.
    #[error("the text {0}")]
    BadLongText(TextFault),
    /// A text on one line is not usable.
    #[error("the {of} {fault}")]
    BadText {
        /// What it is.
        of: &'static str,
        /// What is wrong with it.
        fault: TextFault,
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
    (
        "VN-REL-221",
        "the draft has not been submitted",
        "submit it first; the procedure in force, or its referral rounds, ask for it",
    ),
    (
        "VN-REL-222",
        "the draft is submitted and rests",
        "put content anew to take it back, then go on",
    ),
    (
        "VN-REL-223",
        "another release was published since the draft was made",
        "look at `release conflicts`, take over what is wanted, and update the draft with the newest release as its base",
    ),
    (
        "VN-REL-224",
        "an edition was imported while the draft was checked",
        "repeat the step",
    ),
    (
        "VN-REL-225",
        "no referral round of the length that the procedure asks was held",
        "refer the draft, and submit it when the round is over",
    ),
    (
        "VN-REL-226",
        "a referral round is open",
        "wait for its last day, or close it",
    ),
    (
        "VN-REL-227",
        "comments have no resolution",
        "resolve each comment; every resolution is published",
    ),
    (
        "VN-REL-228",
        "a referral round is shorter than the procedure asks",
        "choose a later last day",
    ),
    (
        "VN-REL-229",
        "the bodies of a referral round are not as they must be",
        "name 1 to 500 bodies, each once",
    ),
    (
        "VN-REL-230",
        "no referral round is open",
        "open a round; comments are taken until its last day",
    ),
    (
        "VN-REL-231",
        "the body is not asked in the round",
        "use the id or name of a body that is asked, or open a round that asks it",
    ),
    (
        "VN-REL-232",
        "the comment does not exist",
        "look at the numbers that `release comments` gives",
    ),
    (
        "VN-REL-233",
        "the draft has too many referral rounds or comments",
        "make a new draft",
    ),
    (
        "VN-REL-234",
        "the notice to reporters is shorter than the procedure asks",
        "publish from the date named, or state why the notice is short; the reason stays with the release",
    ),
    (
        "VN-REL-235",
        "the release would apply to days that are past",
        "publish from a later date, or state why it is retroactive; the reason stays with the release",
    ),
    (
        "VN-REL-236",
        "the reason is missing",
        "state one; it is published with the release",
    ),
    (
        "VN-REL-237",
        "the release that a draft is based on does not exist",
        "name a published release",
    ),
    (
        "VN-REL-238",
        "a caller is not linked to a person by anybody but the authors and the approver",
        "let an administrator who is neither an author nor the approver link it with `release link`",
    ),
    ("VN-REL-239", "too many callers are linked", "tell the operator"),
    (
        "VN-REL-240",
        "the reporter was given no notice of the release",
        "check the ids with `release notices`",
    ),
    (
        "VN-REL-241",
        "a comment or an answer is not usable",
        "write 1 to 20,000 bytes without personal numbers; send longer answers as several comments, each about one thing",
    ),
    (
        "VN-REL-242",
        "an administrator would link an account of their own to a person",
        "let another administrator link it with `release link`",
    ),
    (
        "VN-REL-243",
        "a release was published with the first date of another, which applies on no day from now on",
        "nothing, if that is meant; otherwise publish a release with another first date",
    ),
    (
        "VN-REL-244",
        "a release was published that ends where one published before begins",
        "nothing, if that is meant; otherwise publish one with the same content that begins later",
    ),
    (
        "VN-REL-245",
        "a release was published for days that are past",
        "derive history anew under it where records of those days are to follow it",
    ),
    (
        "VN-REL-246",
        "the upload does not exist",
        "look at the kinds and ids that `indicator uploads` gives",
    ),
    (
        "VN-REL-247",
        "it is not said where uploaded data come from, or why an upload is withdrawn",
        "state the source, or the reason",
    ),
    (
        "VN-REL-248",
        "the id of an upload is not usable",
        "use letters, digits, `.`, `_`, `:` or `-`, with `/` between parts, and no personal number",
    ),
    (
        "VN-REL-249",
        "there are too many uploads of the kind, or revisions of the upload",
        "put fewer, or tell the operator",
    ),
    (
        "VN-REL-250",
        "a publication of figures has no title, or it is not said what changed in it and why",
        "state a title in Swedish, and with a revision a note that says what changed and why",
    ),
    (
        "VN-REL-251",
        "another publication of the year holds than the one that would be revised",
        "look at it with `indicator publications`, then name it with `--revises`; without a publication leave that out",
    ),
    (
        "VN-REL-252",
        "figures of a year are published as final before it is over, or at all before it has begun",
        "publish them as preliminary while the year runs",
    ),
    (
        "VN-REL-253",
        "a preliminary publication would take the place of a final one",
        "publish the revision as final",
    ),
    (
        "VN-REL-254",
        "there are as many publications of figures as are kept",
        "tell the operator",
    ),
];

/// What stands in the way of another publication of a year.
fn held(last: &Option<String>) -> String {
    match last {
        Some(last) => format!("publication {last} of the year holds; name it as the one that is revised"),
        None => "nothing of the year is published that could be revised".to_owned(),
    }
}

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
            Self::NotSubmitted { .. } => "VN-REL-221",
            Self::Submitted { .. } => "VN-REL-222",
            Self::Behind { .. } => "VN-REL-223",
            Self::EditionsChanged { .. } => "VN-REL-224",
            Self::RemissMissing { .. } => "VN-REL-225",
            Self::RemissOpen { .. } => "VN-REL-226",
            Self::Unresolved { .. } => "VN-REL-227",
            Self::RoundTooShort { .. } => "VN-REL-228",
            Self::BadBodies => "VN-REL-229",
            Self::NoOpenRound { .. } => "VN-REL-230",
            Self::NotInvited { .. } => "VN-REL-231",
            Self::UnknownComment { .. } => "VN-REL-232",
            Self::TooManyComments { .. } => "VN-REL-233",
            Self::ShortNotice { .. } => "VN-REL-234",
            Self::Retroactive { .. } => "VN-REL-235",
            Self::ReasonMissing => "VN-REL-236",
            Self::UnknownBase => "VN-REL-237",
            Self::IdentityMissing { .. } => "VN-REL-238",
            Self::TooManyLinks => "VN-REL-239",
            Self::NoNotice => "VN-REL-240",
            Self::BadLongText(_) => "VN-REL-241",
            Self::OwnLink => "VN-REL-242",
            Self::UnknownUpload => "VN-REL-246",
            Self::SourceMissing | Self::UploadReasonMissing => "VN-REL-247",
            Self::BadUploadId => "VN-REL-248",
            Self::TooManyUploads => "VN-REL-249",
            Self::TitleMissing | Self::NoteMissing => "VN-REL-250",
            Self::OtherPublication { .. } => "VN-REL-251",
            Self::YearNotOver { .. } => "VN-REL-252",
            Self::PublicationFinal => "VN-REL-253",
            Self::TooManyPublications => "VN-REL-254",
        }
    }
}
