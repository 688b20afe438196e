//! Steps on a draft's way and after it: what it is based on, referral rounds with their comments, submission, the
//! notice that reporters get, and which callers are one person. Kinds 11 to 19 of the authority's entries; only their
//! fields and bytes stand here.

use jiff::civil::Date;
use vardnav_register::bytes::{DecodeError, DecodeProblem, Reader, Writer};

use super::ITEMS_MAX;
use crate::package::Digest;

/// Longest comment and longest text of a resolution, in bytes.
pub const TEXT_LONG_BYTES_MAX: usize = 20_000;

/// A step. The kind bytes are stored: see [`Step::kind`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The content of a draft is stated to be made from a published release.
    DraftBased {
        /// Id of the draft.
        draft: String,
        /// The content that it is stated of.
        digest: Digest,
        /// The release.
        base: Base,
    },
    /// A draft was submitted for approval.
    DraftSubmitted {
        /// Id of the draft.
        draft: String,
        /// The content that was submitted.
        digest: Digest,
    },
    /// A referral round (remiss) was opened on the content of a draft.
    ReferralOpened {
        /// Id of the draft.
        draft: String,
        /// The content that is referred; the round stays about it.
        digest: Digest,
        /// Number of the round, from 1 within the draft.
        round: u32,
        /// The day on which it was opened.
        opened: Date,
        /// The last day on which comments are taken.
        until: Date,
        /// Who is asked.
        bodies: Vec<Body>,
    },
    /// A comment came in.
    CommentMade {
        /// Id of the draft.
        draft: String,
        /// The comment.
        comment: Comment,
    },
    /// A comment was answered.
    CommentResolved {
        /// Id of the draft.
        draft: String,
        /// Number of the comment.
        comment: u32,
        /// What became of it.
        resolution: Resolution,
        /// Why, for publication.
        text: String,
    },
    /// A referral round was closed before its last day.
    ReferralClosed {
        /// Id of the draft.
        draft: String,
        /// Number of the round.
        round: u32,
        /// The day on which it was closed.
        on: Date,
    },
    /// A caller is an account of a person. It counts for everything the caller ever did.
    CallerLinked {
        /// The caller.
        caller: String,
        /// The person, by whatever name the administrator knows them.
        identity: String,
    },
    /// Reporters were told of a release, on which terms it was published.
    ReleaseAnnounced(Announcement),
    /// A reporter has taken notice of a release.
    NoticeAcknowledged {
        /// Id of the release.
        release: String,
        /// Id of the reporter.
        reporter: String,
    },
}

/// A published release that something is made from or compared with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Base {
    /// Id of the release.
    pub release: String,
    /// Digest of its package.
    pub digest: Digest,
}

/// Somebody who is asked in a referral round.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Body {
    /// Id within the draft.
    pub id: String,
    /// Name for people.
    pub name: String,
}

/// A comment of a body in a referral round.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comment {
    /// Number of the comment, from 1 within the draft.
    pub number: u32,
    /// Number of the round.
    pub round: u32,
    /// Id of the body that it comes from.
    pub body: String,
    /// What it is about.
    pub subject: Subject,
    /// What it says.
    pub text: String,
}

/// What a comment is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Subject {
    /// Kind of element, as the differences between releases name it, or `file`; empty for the draft as a whole.
    pub kind: String,
    /// Its id or path; empty for the draft as a whole.
    pub name: String,
}

/// What became of a comment. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resolution {
    /// Done as the comment asks.
    Accepted = 1,
    /// Done in part.
    Partly = 2,
    /// Not done.
    Rejected = 3,
    /// Read; it asks for nothing.
    Noted = 4,
}

/// How drafts are handled while a release is the newest: its own files say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Procedure {
    /// Least length of a referral round in days; 0 when none is required.
    pub remiss_days_min: u16,
    /// Least days between publication and the first date of care; 0 when none are required.
    pub notice_days_min: u16,
    /// Whether every comment is answered before the draft is submitted.
    pub resolution_required: bool,
    /// Whether authors and approver must be linked to persons.
    pub identities_required: bool,
}

/// What reporters are told when a release is published, and the terms of its publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// Id of the release.
    pub release: String,
    /// The day of publication.
    pub on: Date,
    /// First date of care that it applies to.
    pub from: Date,
    /// Why the notice is shorter than the procedure asks; empty when it is not.
    pub reason: String,
    /// The procedure that the release brings; `None` when it brings none.
    pub procedure: Option<Procedure>,
    /// The release that it is compared with; `None` for the first.
    pub compared: Option<Base>,
    /// How much changes, by area; areas without a change are left out.
    pub changes: Vec<AreaCount>,
    /// Ids of the reporters that are told. More of them than an entry holds stand in further entries.
    pub reporters: Vec<String>,
}

/// How many changes an area of a release has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct AreaCount {
    /// The area, as the differences between releases name it.
    pub area: String,
    /// How many.
    pub count: u32,
}

impl Step {
    /// The stored kind byte.
    pub fn kind(&self) -> u8 {
        match self {
            Self::DraftBased { .. } => 11,
            Self::DraftSubmitted { .. } => 12,
            Self::ReferralOpened { .. } => 13,
            Self::CommentMade { .. } => 14,
            Self::CommentResolved { .. } => 15,
            Self::ReferralClosed { .. } => 16,
            Self::CallerLinked { .. } => 17,
            Self::ReleaseAnnounced(_) => 18,
            Self::NoticeAcknowledged { .. } => 19,
        }
    }

    /// Every text that it holds.
    pub(super) fn texts(&self) -> Vec<&str> {
        match self {
            Self::DraftBased { draft, base, .. } => vec![draft, &base.release],
            Self::DraftSubmitted { draft, .. } | Self::ReferralClosed { draft, .. } => vec![draft],
            Self::ReferralOpened { draft, bodies, .. } => {
                let bodies = bodies.iter().flat_map(|body| [&*body.id, &*body.name]);
                std::iter::once(draft.as_str()).chain(bodies).collect()
            }
            Self::CommentMade { draft, comment } => {
                let Subject { kind, name } = &comment.subject;
                vec![draft, &comment.body, kind, name, &comment.text]
            }
            Self::CommentResolved { draft, text, .. } => vec![draft, text],
            Self::CallerLinked { caller, identity } => vec![caller, identity],
            Self::ReleaseAnnounced(told) => {
                let mut texts = vec![&*told.release, &*told.reason];
                texts.extend(told.compared.iter().map(|base| &*base.release));
                texts.extend(told.changes.iter().map(|change| &*change.area));
                texts.extend(told.reporters.iter().map(String::as_str));
                texts
            }
            Self::NoticeAcknowledged { release, reporter } => vec![release, reporter],
        }
    }

    pub(super) fn write(&self, w: &mut Writer) {
        match self {
            Self::DraftBased { draft, digest, base } => {
                w.str(draft);
                w.raw(digest);
                write_base(w, base);
            }
            Self::DraftSubmitted { draft, digest } => {
                w.str(draft);
                w.raw(digest);
            }
            Self::ReferralOpened {
                draft,
                digest,
                round,
                opened,
                until,
                bodies,
            } => {
                w.str(draft);
                w.raw(digest);
                w.u32(*round);
                w.date(*opened);
                w.date(*until);
                w.seq(bodies, |w, body| {
                    w.str(&body.id);
                    w.str(&body.name);
                });
            }
            Self::CommentMade { draft, comment } => {
                w.str(draft);
                w.u32(comment.number);
                w.u32(comment.round);
                w.str(&comment.body);
                w.str(&comment.subject.kind);
                w.str(&comment.subject.name);
                w.str(&comment.text);
            }
            Self::CommentResolved {
                draft,
                comment,
                resolution,
                text,
            } => {
                w.str(draft);
                w.u32(*comment);
                w.u8(*resolution as u8);
                w.str(text);
            }
            Self::ReferralClosed { draft, round, on } => {
                w.str(draft);
                w.u32(*round);
                w.date(*on);
            }
            Self::CallerLinked { caller, identity } => {
                w.str(caller);
                w.str(identity);
            }
            Self::ReleaseAnnounced(told) => write_announcement(w, told),
            Self::NoticeAcknowledged { release, reporter } => {
                w.str(release);
                w.str(reporter);
            }
        }
    }

    /// Reads what a kind holds.
    pub(super) fn read(kind: u8, r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match kind {
            11 => Self::DraftBased {
                draft: r.string()?,
                digest: r.array()?,
                base: read_base(r)?,
            },
            12 => Self::DraftSubmitted {
                draft: r.string()?,
                digest: r.array()?,
            },
            13 => Self::ReferralOpened {
                draft: r.string()?,
                digest: r.array()?,
                round: r.u32()?,
                opened: r.date()?,
                until: r.date()?,
                bodies: r.seq(ITEMS_MAX, |r| {
                    Ok(Body {
                        id: r.string()?,
                        name: r.string()?,
                    })
                })?,
            },
            14 => Self::CommentMade {
                draft: r.string()?,
                comment: Comment {
                    number: r.u32()?,
                    round: r.u32()?,
                    body: r.string()?,
                    subject: Subject {
                        kind: r.string()?,
                        name: r.string()?,
                    },
                    text: r.string()?,
                },
            },
            15 => Self::CommentResolved {
                draft: r.string()?,
                comment: r.u32()?,
                resolution: match r.u8()? {
                    1 => Resolution::Accepted,
                    2 => Resolution::Partly,
                    3 => Resolution::Rejected,
                    4 => Resolution::Noted,
                    _ => return Err(r.error(DecodeProblem::Tag)),
                },
                text: r.string()?,
            },
            16 => Self::ReferralClosed {
                draft: r.string()?,
                round: r.u32()?,
                on: r.date()?,
            },
            17 => Self::CallerLinked {
                caller: r.string()?,
                identity: r.string()?,
            },
            18 => Self::ReleaseAnnounced(read_announcement(r)?),
            19 => Self::NoticeAcknowledged {
                release: r.string()?,
                reporter: r.string()?,
            },
            _ => return Err(r.error(DecodeProblem::Tag)),
        })
    }
}

fn write_base(w: &mut Writer, base: &Base) {
    w.str(&base.release);
    w.raw(&base.digest);
}

fn read_base(r: &mut Reader<'_>) -> Result<Base, DecodeError> {
    Ok(Base {
        release: r.string()?,
        digest: r.array()?,
    })
}

fn write_announcement(w: &mut Writer, told: &Announcement) {
    w.str(&told.release);
    w.date(told.on);
    w.date(told.from);
    w.str(&told.reason);
    w.option(told.procedure, |w, procedure| {
        w.u16(procedure.remiss_days_min);
        w.u16(procedure.notice_days_min);
        w.flag(procedure.resolution_required);
        w.flag(procedure.identities_required);
    });
    w.option(told.compared.as_ref(), write_base);
    w.seq(&told.changes, |w, change| {
        w.str(&change.area);
        w.u32(change.count);
    });
    w.seq(&told.reporters, |w, reporter| w.str(reporter));
}

fn read_announcement(r: &mut Reader<'_>) -> Result<Announcement, DecodeError> {
    Ok(Announcement {
        release: r.string()?,
        on: r.date()?,
        from: r.date()?,
        reason: r.string()?,
        procedure: r.option(|r| {
            Ok(Procedure {
                remiss_days_min: r.u16()?,
                notice_days_min: r.u16()?,
                resolution_required: r.flag()?,
                identities_required: r.flag()?,
            })
        })?,
        compared: r.option(read_base)?,
        changes: r.seq(ITEMS_MAX, |r| {
            Ok(AreaCount {
                area: r.string()?,
                count: r.u32()?,
            })
        })?,
        reporters: r.seq(ITEMS_MAX, Reader::string)?,
    })
}
