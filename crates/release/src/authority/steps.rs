//! How the fold takes the steps of drafts, callers and notices. It repeats what they say and decides nothing.

use std::sync::Arc;

use super::{AuthorityState, Draft, FoldError, KeptComment, Mark, Resolved, Round};
use crate::entry::{Announcement, AuthorityEntry, Comment, Step};

impl AuthorityState {
    /// Takes a step in.
    pub(super) fn take_step(&mut self, entry: &AuthorityEntry, step: &Step) -> Result<(), FoldError> {
        match step {
            Step::DraftBased { draft, digest, base } => {
                let draft = self.draft_with(draft, digest)?;
                draft.base = Some(base.clone());
                draft.note(entry);
            }
            Step::DraftSubmitted { draft, digest } => {
                let draft = self.draft_with(draft, digest)?;
                draft.authors.insert(entry.caller.clone());
                draft.submission = Some(Mark::of(entry));
                draft.note(entry);
            }
            Step::ReferralOpened { draft, .. } => self.open_round(entry, draft, step)?,
            Step::CommentMade { draft, comment } => self.take_comment(entry, draft, comment)?,
            Step::CommentResolved {
                draft: id,
                comment,
                resolution,
                text,
            } => {
                let draft = self.any_draft(id)?;
                let mut comments = draft.comments.iter_mut();
                let kept = comments.find(|kept| kept.comment.number == *comment);
                let kept = kept.ok_or_else(|| FoldError::Referral(id.clone()))?;
                kept.resolved = Some(Resolved {
                    resolution: *resolution,
                    text: text.clone(),
                    mark: Mark::of(entry),
                });
                draft.authors.insert(entry.caller.clone());
                draft.note(entry);
            }
            Step::ReferralClosed { draft: id, round, on } => {
                let draft = self.any_draft(id)?;
                let found = draft.rounds.iter_mut().find(|known| known.number == *round);
                let found = found.ok_or_else(|| FoldError::Referral(id.clone()))?;
                found.closed.get_or_insert(*on);
                draft.note(entry);
            }
            Step::CallerLinked { caller, identity } => {
                Arc::make_mut(&mut self.identities).link(caller, identity, Mark::of(entry));
            }
            Step::ReleaseAnnounced(told) => self.announce(entry, told)?,
            Step::NoticeAcknowledged { release, reporter } => {
                let releases = Arc::make_mut(&mut self.releases).iter_mut();
                let found = releases.into_iter().find(|known| known.id == *release);
                let found = found.ok_or_else(|| FoldError::Notice(release.clone()))?;
                let mark = || Mark::of(entry);
                found.acknowledged.entry(reporter.clone()).or_insert_with(mark);
            }
        }
        Ok(())
    }

    fn any_draft(&mut self, id: &str) -> Result<&mut Draft, FoldError> {
        let draft = Arc::make_mut(&mut self.drafts).get_mut(id);
        draft.ok_or_else(|| FoldError::UnknownDraft(id.to_owned()))
    }

    fn open_round(&mut self, entry: &AuthorityEntry, id: &str, step: &Step) -> Result<(), FoldError> {
        let Step::ReferralOpened {
            digest,
            round,
            opened,
            until,
            bodies,
            ..
        } = step
        else {
            return Ok(());
        };
        let draft = self.any_draft(id)?;
        let fresh = Round {
            number: *round,
            digest: *digest,
            opened: *opened,
            until: *until,
            bodies: bodies.clone(),
            closed: None,
            mark: Mark::of(entry),
        };
        match draft.round(*round) {
            Some(known) if *known == fresh => return Ok(()),
            Some(_) => return Err(FoldError::Referral(id.to_owned())),
            None => draft.rounds.push(fresh),
        }
        draft.note(entry);
        Ok(())
    }

    fn take_comment(&mut self, entry: &AuthorityEntry, id: &str, comment: &Comment) -> Result<(), FoldError> {
        let draft = self.any_draft(id)?;
        match draft.comment(comment.number) {
            Some(known) if known.comment == *comment => return Ok(()),
            Some(_) => return Err(FoldError::Referral(id.to_owned())),
            None if draft.round(comment.round).is_none() => {
                return Err(FoldError::Referral(id.to_owned()));
            }
            None => draft.comments.push(KeptComment {
                comment: comment.clone(),
                mark: Mark::of(entry),
                resolved: None,
            }),
        }
        draft.note(entry);
        Ok(())
    }

    /// Further entries add reporters and say the rest as the first does.
    fn announce(&mut self, entry: &AuthorityEntry, told: &Announcement) -> Result<(), FoldError> {
        let wrong = || FoldError::Notice(told.release.clone());
        let releases = Arc::make_mut(&mut self.releases).iter_mut();
        let found = releases.into_iter().find(|known| known.id == told.release);
        let found = found.ok_or_else(wrong)?;
        match &mut found.announced {
            None => found.announced = Some(told.clone()),
            Some(known) => {
                let same = Announcement {
                    reporters: known.reporters.clone(),
                    ..told.clone()
                };
                if *known != same {
                    return Err(wrong());
                }
                for reporter in &told.reporters {
                    if !known.reporters.contains(reporter) {
                        known.reporters.push(reporter.clone());
                    }
                }
            }
        }
        let draft = found.draft.clone();
        self.any_draft(&draft)?.note(entry);
        Ok(())
    }
}
