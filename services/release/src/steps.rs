//! The steps of a draft that its files take part in: put, checked, submitted, approved, published. Each check reads the
//! very content that the step names, over the editions at hand, and what it gave is written with the step.

use std::sync::Arc;

use jiff::civil::Date;
use vardnav_api::proofs::proofs_message;
use vardnav_api::release::{refusal, release_message};
use vardnav_api::status::{ApiError, Fault, Kind};
use vardnav_api::vardnav::release::v1::{self as pb, Release};
use vardnav_interchange::{personal, release as files};
use vardnav_release::AuthorityState;
use vardnav_release::authority::Draft;
use vardnav_release::entry::{AuthorityEntry, Procedure, Proposal};
use vardnav_release::lifecycle::{self, Caution, CheckOutcome, Haste, Publication, Refusal};
use vardnav_release::package::{Digest, Package};
use vardnav_release::source::{ReleaseFinding, ReleaseHead};
use vardnav_runtime::caller::Caller;
use vardnav_runtime::clock;
use vardnav_store::View;

use crate::{Releases, draft_of, failed, on_pool, undecided};

/// What a draft holds, judged just now.
struct Judged {
    digest: Digest,
    outcome: CheckOutcome,
    procedure: Option<Procedure>,
    findings: Vec<ReleaseFinding>,
}

impl Releases {
    /// Makes a draft from the newest release. Without an `id` it is called as the release that it wants to become.
    ///
    /// # Errors
    /// When `release.toml` cannot be read, the id is taken, or the store does not take it.
    pub async fn create(&self, caller: &Caller, id: &str, package: &Package) -> Result<Draft, ApiError> {
        self.create_from(caller, id, None, package).await
    }

    /// As [`Releases::create`], made from the release `base`.
    ///
    /// # Errors
    /// As [`Releases::create`], and when there is no such release.
    pub async fn create_from(
        &self,
        caller: &Caller,
        id: &str,
        base: Option<&str>,
        package: &Package,
    ) -> Result<Draft, ApiError> {
        let proposal = proposal(package)?;
        let id = if id.is_empty() {
            proposal.release.clone()
        } else {
            id.to_owned()
        };
        let at = clock::now_micros();
        let put = |state: &AuthorityState| -> Result<Vec<AuthorityEntry>, Refusal> {
            let put = lifecycle::create(state, &caller.name, at, &id, proposal.clone())?;
            let based = after(state, &put, |state| {
                lifecycle::base(state, &caller.name, at, &id, proposal.digest, base)
            })?;
            Ok(std::iter::once(put).chain(based).collect())
        };
        let view = self.put(package, put).await?;
        draft_of(&view, &id)
    }

    /// Gives a draft other files; with `expected` only when it still holds that content.
    ///
    /// # Errors
    /// As [`Releases::create`], and when the draft is unknown, published or another.
    pub async fn update(
        &self,
        caller: &Caller,
        id: &str,
        expected: Option<Digest>,
        package: &Package,
    ) -> Result<Draft, ApiError> {
        self.update_from(caller, id, expected, None, package).await
    }

    /// As [`Releases::update`]; with `base` the content is made from that release now.
    ///
    /// # Errors
    /// As [`Releases::update`], and when there is no such release.
    pub async fn update_from(
        &self,
        caller: &Caller,
        id: &str,
        expected: Option<Digest>,
        base: Option<&str>,
        package: &Package,
    ) -> Result<Draft, ApiError> {
        let proposal = proposal(package)?;
        let at = clock::now_micros();
        let put = |state: &AuthorityState| -> Result<Vec<AuthorityEntry>, Refusal> {
            let put = lifecycle::update(state, &caller.name, at, id, expected, proposal.clone())?;
            let based = match base {
                None => None,
                Some(_) => after(state, &put, |state| {
                    lifecycle::base(state, &caller.name, at, id, proposal.digest, base)
                })?,
            };
            Ok(std::iter::once(put).chain(based).collect())
        };
        let view = self.put(package, put).await?;
        draft_of(&view, id)
    }

    /// Writes down what is decided of a package, and keeps the package; nothing of one that is refused.
    async fn put(
        &self,
        package: &Package,
        decide: impl Fn(&AuthorityState) -> Result<Vec<AuthorityEntry>, Refusal>,
    ) -> Result<Arc<View>, ApiError> {
        let found = personal::findings(package.files());
        if let Some(first) = found.first() {
            let message = format!(
                "the files hold what must be taken for a personal number: {}",
                first.place
            );
            let faults = found.iter().map(|finding| Fault {
                subject: finding.place.to_string(),
                message: finding.message.clone(),
            });
            return Err(ApiError::new(Kind::InvalidArgument, first.code, message).with_faults(faults));
        }
        let entries = decide(self.authority.view().state()).map_err(|refused| refusal(&refused))?;
        for entry in &entries {
            let sealed = entry.sealed();
            sealed.map_err(|error| ApiError::field("id", error.to_string()))?;
        }
        self.authority.keep_package(package).await.map_err(failed)?;
        self.authority.decide_all(decide).await.map_err(undecided)
    }

    /// Checks what a draft holds and notes the outcome.
    ///
    /// # Errors
    /// When the draft is unknown, published, or changed meanwhile; when its files cannot be had.
    pub async fn check(&self, caller: &Caller, id: &str) -> Result<(Draft, Vec<ReleaseFinding>), ApiError> {
        let (draft, _, findings) = self.checked(caller, id).await?;
        Ok((draft, findings))
    }

    /// As [`Releases::check`], with the digest of what was checked.
    pub(crate) async fn checked(
        &self,
        caller: &Caller,
        id: &str,
    ) -> Result<(Draft, Digest, Vec<ReleaseFinding>), ApiError> {
        let Judged {
            digest,
            outcome,
            findings,
            ..
        } = self.judge(id).await?;
        let (errors, warnings) = (outcome.errors, outcome.warnings);
        let at = clock::now_micros();
        let decide = self
            .authority
            .decide(|state| lifecycle::checked(state, &caller.name, at, id, digest, errors, warnings));
        let view = decide.await.map_err(undecided)?;
        Ok((draft_of(&view, id)?, digest, findings))
    }

    /// What the proofs tell of the tables of a draft; `None` when its files cannot be read or do not compile, which
    /// the findings of its check tell of.
    pub(crate) async fn proofs(&self, digest: Digest) -> Result<Option<pb::Proofs>, ApiError> {
        let package = self.authority.package(&digest).await.map_err(failed)?;
        on_pool(move || {
            let source = files::parse(&package).source?;
            let (system, report) = vardnav_release::check::proofs(&source)?;
            Some(proofs_message(&system, &report))
        })
        .await
    }

    /// Checks a draft again and submits it; with `expected` only when it holds that content.
    ///
    /// # Errors
    /// When the check finds errors, its referral is not done as the procedure asks, it is behind, submitted,
    /// unknown, published or another.
    pub async fn submit(
        &self,
        caller: &Caller,
        id: &str,
        expected: Option<Digest>,
    ) -> Result<Draft, ApiError> {
        let judged = self.judge(id).await?;
        let digest = expected.unwrap_or(judged.digest);
        let now = (clock::now_micros(), clock::today());
        let decide = self
            .authority
            .decide_all(|state| lifecycle::submit(state, &caller.name, now, id, digest, &judged.outcome));
        let view = decide.await.map_err(undecided)?;
        draft_of(&view, id)
    }

    /// Approves a draft; with `expected` only when it holds that content.
    ///
    /// # Errors
    /// When the caller is one of its authors under any account, when it is not checked, faulty, behind, not
    /// submitted where it must be, unknown, published or another.
    pub async fn approve(
        &self,
        caller: &Caller,
        id: &str,
        expected: Option<Digest>,
    ) -> Result<Draft, ApiError> {
        let digest = match expected {
            Some(digest) => digest,
            None => self.draft(id)?.proposal.digest,
        };
        let at = clock::now_micros();
        let decide = self
            .authority
            .decide(|state| lifecycle::approve(state, &caller.name, at, id, digest));
        let view = decide.await.map_err(undecided)?;
        draft_of(&view, id)
    }

    /// Publishes an approved draft, for dates of care from `from` or from the date its files state.
    ///
    /// # Errors
    /// As [`Releases::publish_with`].
    pub async fn publish(&self, caller: &Caller, id: &str, from: Option<Date>) -> Result<Release, ApiError> {
        self.publish_with(caller, id, from, Haste::None).await
    }

    /// As [`Releases::publish`], with a reason where the release applies sooner than the procedure asks.
    ///
    /// # Errors
    /// When it is not approved, a check made now finds errors, its release id is taken, or `from` lies before the
    /// date its files state or sooner than the procedure asks.
    pub async fn publish_with(
        &self,
        caller: &Caller,
        id: &str,
        from: Option<Date>,
        haste: Haste,
    ) -> Result<Release, ApiError> {
        let (release, _) = self.publish_told(caller, id, from, haste).await?;
        Ok(release)
    }

    /// As [`Releases::publish_with`], with what the publication does that may be meant otherwise.
    pub(crate) async fn publish_told(
        &self,
        caller: &Caller,
        id: &str,
        from: Option<Date>,
        haste: Haste,
    ) -> Result<(Release, Vec<Caution>), ApiError> {
        let judged = self.judge(id).await?;
        let newest = self.authority.view();
        let changes = match judged.outcome.errors {
            0 => self.changed_areas(newest.state(), judged.digest).await?,
            _ => Vec::new(),
        };
        let terms = Publication {
            from,
            today: clock::today(),
            haste,
            procedure: judged.procedure,
            changes,
        };
        let (at, digest, outcome) = (clock::now_micros(), judged.digest, &judged.outcome);
        let decide = self
            .authority
            .decide_all(|state| lifecycle::publish(state, &caller.name, at, id, digest, outcome, &terms));
        let view = decide.await.map_err(undecided)?;
        let release = draft_of(&view, id)?.proposal.release;
        let published = view
            .state()
            .release(&release)
            .ok_or_else(|| ApiError::not_found("the release"))?;
        let cautions = lifecycle::cautions(view.state(), &release, terms.today);
        Ok((release_message(published, view.state(), terms.today), cautions))
    }

    /// Reads, checks and compiles what a draft holds, over the editions at hand.
    async fn judge(&self, id: &str) -> Result<Judged, ApiError> {
        let view = self.authority.view();
        let digest = draft_of(&view, id)?.proposal.digest;
        let package = self.authority.package(&digest).await.map_err(failed)?;
        let head = head(&package)?;
        let bound: Vec<_> = head
            .bindings
            .into_iter()
            .map(|binding| (binding.system, binding.version))
            .collect();
        let editions: Vec<_> = view.editions().cloned().collect();
        let findings = on_pool(move || match files::compile(&package, &editions) {
            Ok(snapshot) => snapshot.warnings,
            Err(findings) => findings,
        });
        let findings = findings.await?;
        let warnings = findings.iter().filter(|finding| finding.warning).count();
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Ok(Judged {
            digest,
            outcome: CheckOutcome {
                errors: count(findings.len() - warnings),
                warnings: count(warnings),
                editions: CheckOutcome::pins(view.state(), &bound),
                bound,
            },
            procedure: head.procedure,
            findings,
        })
    }
}

/// What is decided once an entry is taken in.
fn after<T>(
    state: &AuthorityState,
    entry: &AuthorityEntry,
    decide: impl FnOnce(&AuthorityState) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let mut next = state.clone();
    // An entry that was just decided under the state fits it.
    let _ = next.apply(entry);
    decide(&next)
}

fn head(package: &Package) -> Result<ReleaseHead, ApiError> {
    files::parse_head(package).map_err(|findings| {
        let finding = findings.into_iter().next();
        finding.map_or_else(
            || ApiError::field("chunk", "release.toml cannot be read"),
            |finding| ApiError::new(Kind::InvalidArgument, finding.code, finding.to_string()),
        )
    })
}

fn proposal(package: &Package) -> Result<Proposal, ApiError> {
    let head = head(package)?;
    Ok(Proposal {
        release: head.id,
        title: head.title,
        from: head.from,
        digest: package.digest(),
    })
}
