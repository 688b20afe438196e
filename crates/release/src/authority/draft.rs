//! A draft as the stream tells of it: content, authors, checks, referral rounds with their comments, approval.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::entry::{AuthorityEntry, Base, Body, Change, Comment, Proposal, Resolution, Step};
use crate::package::Digest;

/// Most steps of a draft that are kept at hand; the stream holds all of them.
const TRAIL_MAX: usize = 2000;

/// A draft of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Id of the draft.
    pub id: String,
    /// What it proposes now.
    pub proposal: Proposal,
    /// Everybody who put content into it, submitted it or answered comments; none of them may approve it.
    pub authors: BTreeSet<String>,
    /// When the present content was put, in microseconds since 1970-01-01 UTC.
    pub put_at: i64,
    /// The release that it is made from; `None` when there was none.
    pub base: Option<Base>,
    /// The check of the present content.
    pub check: Option<CheckMark>,
    /// The submission of the present content.
    pub submission: Option<Mark>,
    /// The approval of the present content.
    pub approval: Option<Mark>,
    /// Its publication.
    pub publication: Option<Mark>,
    /// Its referral rounds, in the order in which they were opened.
    pub rounds: Vec<Round>,
    /// The comments of all rounds, in the order in which they came.
    pub comments: Vec<KeptComment>,
    /// Its newest steps: who did what, when.
    pub trail: Vec<TrailMark>,
}

/// Who did something, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The caller.
    pub by: String,
    /// When, in microseconds since 1970-01-01 UTC.
    pub at: i64,
}

impl Mark {
    pub(super) fn of(entry: &AuthorityEntry) -> Self {
        Self {
            by: entry.caller.clone(),
            at: entry.at,
        }
    }
}

/// A step in the trail of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailMark {
    /// Who did it, and when.
    pub mark: Mark,
    /// What was done: `put`, `base`, `check`, `refer`, `comment`, `resolve`, `close`, `submit`, `approve`, `publish`,
    /// `announce`.
    pub what: &'static str,
    /// What it was done with: a release, a round, a comment, the outcome of a check; empty for the content.
    pub detail: String,
    /// The content that the draft held.
    pub digest: Digest,
}

/// A check of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckMark {
    /// Who had it checked, and when.
    pub mark: Mark,
    /// Findings that stop publication.
    pub errors: u32,
    /// Findings that deserve a look.
    pub warnings: u32,
}

/// A referral round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// Number, from 1.
    pub number: u32,
    /// The content that it is about.
    pub digest: Digest,
    /// The day on which it was opened.
    pub opened: Date,
    /// The last day on which comments are taken.
    pub until: Date,
    /// Who is asked.
    pub bodies: Vec<Body>,
    /// The day on which it was closed by hand.
    pub closed: Option<Date>,
    /// Who opened it, and when.
    pub mark: Mark,
}

impl Round {
    /// Whether comments are taken on a day.
    pub fn is_open(&self, on: Date) -> bool {
        self.closed.is_none() && on <= self.until
    }

    /// How many days it lasts, or lasted when it was closed by hand.
    pub fn days(&self) -> i32 {
        let end = self.closed.map_or(self.until, |closed| closed.min(self.until));
        (end - self.opened).get_days()
    }

    /// A body that is asked, by id or name.
    pub fn body(&self, named: &str) -> Option<&Body> {
        let named = named.trim();
        self.bodies
            .iter()
            .find(|body| body.id == named || body.name == named)
    }
}

/// A comment with its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptComment {
    /// The comment.
    pub comment: Comment,
    /// Who wrote it down, and when.
    pub mark: Mark,
    /// Its answer; the last one when there were several.
    pub resolved: Option<Resolved>,
}

/// The answer to a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// What became of the comment.
    pub resolution: Resolution,
    /// Why.
    pub text: String,
    /// Who answered, and when.
    pub mark: Mark,
}

/// How far a draft has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Put, not yet checked.
    Draft,
    /// Checked, with findings that stop it.
    Faulty,
    /// Checked without such findings.
    Checked,
    /// Submitted for approval.
    Submitted,
    /// Approved by another person than its authors.
    Approved,
    /// A release.
    Published,
}

impl Draft {
    pub(super) fn new(id: &str, at: i64, base: Option<Base>) -> Self {
        Self {
            id: id.to_owned(),
            proposal: Proposal::default(),
            authors: BTreeSet::new(),
            put_at: at,
            base,
            check: None,
            submission: None,
            approval: None,
            publication: None,
            rounds: Vec::new(),
            comments: Vec::new(),
            trail: Vec::new(),
        }
    }

    /// Takes other content, which undoes check, submission and approval.
    pub(super) fn put(&mut self, entry: &AuthorityEntry, proposal: &Proposal) {
        self.proposal = proposal.clone();
        self.authors.insert(entry.caller.clone());
        self.put_at = entry.at;
        self.check = None;
        self.submission = None;
        self.approval = None;
        self.note(entry);
    }

    /// Adds a step to the trail, once.
    pub(super) fn note(&mut self, entry: &AuthorityEntry) {
        let (what, detail) = named(&entry.change);
        let mark = TrailMark {
            mark: Mark::of(entry),
            what,
            detail,
            digest: self.proposal.digest,
        };
        if self.trail.last() == Some(&mark) {
            return;
        }
        if self.trail.len() >= TRAIL_MAX {
            self.trail.remove(0);
        }
        self.trail.push(mark);
    }

    /// How far it has come.
    pub fn stage(&self) -> Stage {
        match (&self.check, &self.submission, &self.approval, &self.publication) {
            (_, _, _, Some(_)) => Stage::Published,
            (_, _, Some(_), None) => Stage::Approved,
            (_, Some(_), None, None) => Stage::Submitted,
            (Some(check), None, None, None) if check.errors == 0 => Stage::Checked,
            (Some(_), None, None, None) => Stage::Faulty,
            (None, None, None, None) => Stage::Draft,
        }
    }

    /// A referral round by number.
    pub fn round(&self, number: u32) -> Option<&Round> {
        self.rounds.iter().find(|round| round.number == number)
    }

    /// A comment by number.
    pub fn comment(&self, number: u32) -> Option<&KeptComment> {
        self.comments.iter().find(|kept| kept.comment.number == number)
    }

    /// How many comments wait for an answer.
    pub fn unresolved(&self) -> usize {
        let waits = |kept: &&KeptComment| kept.resolved.is_none();
        self.comments.iter().filter(waits).count()
    }
}

/// What a step is called in the trail, and what it was done with.
fn named(change: &Change) -> (&'static str, String) {
    match change {
        Change::DraftPut { .. } => ("put", String::new()),
        Change::DraftChecked { errors, warnings, .. } => {
            ("check", format!("{errors} errors, {warnings} warnings"))
        }
        Change::DraftApproved { .. } => ("approve", String::new()),
        Change::ReleasePublished { from, .. } => ("publish", from.to_string()),
        Change::Step(Step::DraftBased { base, .. }) => ("base", base.release.clone()),
        Change::Step(Step::DraftSubmitted { .. }) => ("submit", String::new()),
        Change::Step(Step::ReferralOpened { round, .. }) => ("refer", format!("round {round}")),
        Change::Step(Step::CommentMade { comment, .. }) => ("comment", format!("comment {}", comment.number)),
        Change::Step(Step::CommentResolved { comment, .. }) => ("resolve", format!("comment {comment}")),
        Change::Step(Step::ReferralClosed { round, .. }) => ("close", format!("round {round}")),
        Change::Step(Step::ReleaseAnnounced(told)) => {
            ("announce", format!("{} reporters", told.reporters.len()))
        }
        _ => ("", String::new()),
    }
}
