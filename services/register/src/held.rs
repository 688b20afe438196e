//! The worklist as a gRPC service: who may see what of it, pages, and what the authority is told of all reporters.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tonic::{Request, Response, Status};
use vardnav_api::common::page_size;
use vardnav_api::register::kind;
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_api::vardnav::register::v1::worklist_service_server::WorklistService;
use vardnav_api::worklist::{
    count_message, filter, group_message, held_message, supplied, unmatched_message,
};
use vardnav_classification::DescriptionSystem;
use vardnav_classification::model::{Label, Outcome};
use vardnav_register::record::RecordKind;
use vardnav_register::worklist::groups::{Filter, Group, GroupKey, Groups};
use vardnav_register::worklist::unmatched::Unmatched;
use vardnav_register::worklist::{Item, Want, remedy, row};
use vardnav_runtime::caller::Caller;
use vardnav_runtime::clock;
use vardnav_runtime::gate::caller;
use vardnav_runtime::limits::BATCH_RECORDS_MAX;
use vardnav_store::{StoreError, View};

use crate::service::{Service, own_stream};
use crate::supply::{Chosen, Supply};
use crate::worklist::Source;
use crate::{Register, names, store_error};

/// How long a question waits for a derivation to take in what the register holds, and how often it looks.
const CATCH_UP_MAX: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(50);
const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 1000;
/// Groups in an answer.
const GROUPS_SHOWN_MAX: usize = 1000;
/// The permission to see the counts of all reporters.
const ADMINISTER: &str = "register.administer";

#[tonic::async_trait]
impl WorklistService for Service {
    async fn list_held(
        &self,
        request: Request<pb::ListHeldRequest>,
    ) -> Result<Response<pb::ListHeldResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let size = page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)?;
        let own = may_see(&self.register, &caller, &request.reporter)?;
        let now = clock::now_micros();
        let filter = filter(request.filter.unwrap_or_default(), now);
        if !own && filter.since_until.is_some() {
            // Differences of counts by age would tell of single records.
            return Err(ApiError::field("filter.older_than_days", "only of one reporter").into());
        }
        let view = self.register.authority.view();
        names::check_filter(&filter, systems(&view))?;
        let asked = Asked {
            filter,
            counted: true,
            after: position(&request.page_token)?,
            size: if own && !request.groups_only { size } else { 0 },
            reporter: request.reporter,
        };
        let (source, behind) = self.register.held_source().await.map_err(store_error)?;
        if asked.size > 0 {
            self.register
                .note(&caller, "worklist", &asked.reporter, None)
                .await
                .map_err(store_error)?;
        }
        let found = self.register.held(&source, asked).await?;
        let view = self.register.authority.view();
        let threshold = if own { 0 } else { threshold(&view) };
        let reason = |release: &str, table: &str, rule: &str| reason(&view, release, table, rule);
        let (mut groups, mut more_groups, mut count) = (Vec::new(), 0, None);
        if let Some(counted) = found.groups {
            // The sum over groups would tell what is withheld of single ones.
            count = own.then(|| count_message(counted.records, threshold));
            let mut ranked: Vec<_> = counted.groups.iter().collect();
            ranked.sort_by_key(|(_, group)| Reverse(shown(group.records, threshold)));
            more_groups = ranked.len().saturating_sub(GROUPS_SHOWN_MAX) as u64;
            let ranked = ranked.into_iter().take(GROUPS_SHOWN_MAX);
            groups = ranked
                .map(|(key, group)| {
                    let remedy = remedy_of(&view, key, group);
                    group_message(key, group, &remedy, now, threshold)
                })
                .collect();
        }
        let records = found.items.iter().map(|item| held_message(item, now, reason));
        Ok(Response::new(pb::ListHeldResponse {
            groups,
            more_groups,
            records_held: count,
            records: records.collect(),
            next_page_token: found.next,
            behind,
            derivation: source.id,
        }))
    }

    async fn supply_fact(
        &self,
        request: Request<pb::SupplyFactRequest>,
    ) -> Result<Response<pb::SupplyFactResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        own_stream(&self.register, &caller, &request.reporter)?;
        let supplied = supplied(request.fact, request.segment)?;
        let view = self.register.authority.view();
        names::check_fact(&supplied.fact, systems(&view))?;
        let (chosen, next_page_token) = if request.keys.is_empty() {
            let (source, _) = self.register.held_source().await.map_err(store_error)?;
            let mut filter = filter(request.filter.unwrap_or_default(), clock::now_micros());
            let axis = filter.axis.get_or_insert_with(|| supplied.fact.axis.clone());
            if *axis != supplied.fact.axis {
                return Err(ApiError::field("filter.axis", "the axis of the fact, or none").into());
            }
            names::check_filter(&filter, systems(&view))?;
            let asked = Asked {
                reporter: request.reporter.clone(),
                filter,
                after: position(&request.page_token)?,
                counted: false,
                size: BATCH_RECORDS_MAX,
            };
            let found = self.register.held(&source, asked).await?;
            let chosen = found.items.into_iter().map(|item| Chosen {
                kind: item.kind,
                id: item.id,
                revision: item.revision,
            });
            (chosen.collect(), found.next)
        } else {
            (named(request.keys)?, String::new())
        };
        self.register
            .note(&caller, "supply", &request.reporter, None)
            .await
            .map_err(store_error)?;
        let supply = Supply {
            reporter: request.reporter,
            supplied,
            chosen,
            validate_only: request.validate_only,
        };
        let answer = self.register.supply(supply).await.map_err(store_error)?;
        Ok(Response::new(pb::SupplyFactResponse {
            next_page_token,
            ..answer
        }))
    }

    async fn list_unmatched(
        &self,
        request: Request<pb::ListUnmatchedRequest>,
    ) -> Result<Response<pb::ListUnmatchedResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let size = page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)?;
        let own = may_see(&self.register, &caller, &request.reporter)?;
        let from: usize = match request.page_token.as_str() {
            "" => 0,
            token => token.parse().map_err(|_| not_a_token())?,
        };
        let (source, behind) = self.register.held_source().await.map_err(store_error)?;
        if own {
            self.register
                .note(&caller, "unmatched", &request.reporter, None)
                .await
                .map_err(store_error)?;
        }
        let table = (!request.table.is_empty()).then_some(request.table.as_str());
        let view = self.register.authority.view();
        if let Some(table) = table {
            names::check_table(table, systems(&view))?;
        }
        let unmatched = self.register.unmatched(&source, &request.reporter, table).await?;
        let view = self.register.authority.view();
        let threshold = if own { 0 } else { threshold(&view) };
        let ranked = unmatched.ranked(threshold);
        let page = ranked.iter().skip(from).take(size);
        let combinations: Vec<_> = page
            .map(|(combination, occurrence)| {
                let reason = reason(&view, &occurrence.release, &combination.table, &combination.rule);
                unmatched_message(combination, occurrence, reason, own, threshold)
            })
            .collect();
        let next = from.saturating_add(combinations.len());
        let next_page_token = if next < ranked.len() && !combinations.is_empty() {
            next.to_string()
        } else {
            String::new()
        };
        Ok(Response::new(pb::ListUnmatchedResponse {
            combinations,
            next_page_token,
            behind,
            derivation: source.id,
        }))
    }
}

/// What is asked of the worklist.
struct Asked {
    /// The reporter; empty for all.
    reporter: String,
    filter: Filter,
    /// The record after which the page begins.
    after: Option<(RecordKind, String)>,
    /// Whether the first page comes with groups.
    counted: bool,
    /// How many records a page has.
    size: usize,
}

/// What was found.
#[derive(Default)]
struct Found {
    /// Groups of everything; on the first page.
    groups: Option<Groups>,
    items: Vec<Item>,
    /// Token of the next page.
    next: String,
}

impl Found {
    fn take(&mut self, asked: &Asked, reporter: &str, item: Item) {
        let matches = match &mut self.groups {
            Some(groups) => groups.add(reporter, &item, &asked.filter),
            None => asked.filter.matches(&item),
        };
        if !matches || asked.size == 0 {
            return;
        }
        if self.items.len() < asked.size {
            self.items.push(item);
        } else if self.next.is_empty() {
            self.next = self.items.last().map(token).unwrap_or_default();
        }
    }
}

impl Register {
    /// What is held by what readers are answered from, with how many entries that has not taken in after a moment's
    /// waiting.
    async fn held_source(&self) -> Result<(Source, u64), StoreError> {
        let view = self.authority.view();
        let Some(active) = view.state().derivations().active() else {
            return Ok((Source::as_reported(), self.worklist.caught_up().await?));
        };
        let id = &active.plan.id;
        let until = Instant::now() + CATCH_UP_MAX;
        loop {
            let (done, total) = self.progress(id).await?;
            if done >= total || Instant::now() >= until {
                return Ok((Source::derivation(id), total.saturating_sub(done)));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Counts what is asked for, on the first page, and gives a page of it.
    async fn held(&self, source: &Source, asked: Asked) -> Result<Found, ApiError> {
        let prefix = prefix(&asked.reporter);
        let mut from = Some(match &asked.after {
            Some((kind, id)) => {
                let mut after = row::key(&asked.reporter, *kind, id);
                after.push(0);
                after
            }
            None => prefix.clone(),
        });
        let mut found = Found {
            groups: (asked.counted && asked.after.is_none()).then(Groups::default),
            ..Found::default()
        };
        let asked = Arc::new(asked);
        while let Some(key) = from {
            let wanted = if found.groups.is_some() {
                usize::MAX
            } else {
                asked.size + 1
            };
            let of = Arc::clone(&asked);
            let take = move |found: &mut Found, reporter: &str, item| found.take(&of, reporter, item);
            let page = self.worklist.items(source, (&prefix, &key), wanted, found, take);
            let next;
            (found, next) = page.await.map_err(store_error)?;
            if found.groups.as_ref().is_some_and(|groups| groups.full) {
                return Err(too_many("groups"));
            }
            from = next.filter(|_| found.groups.is_some() || found.next.is_empty());
        }
        Ok(found)
    }

    async fn unmatched(
        &self,
        source: &Source,
        reporter: &str,
        table: Option<&str>,
    ) -> Result<Unmatched, ApiError> {
        let prefix = prefix(reporter);
        let table = table.map(str::to_owned);
        let mut unmatched = Unmatched::default();
        let mut from = Some(prefix.clone());
        while let Some(key) = from {
            let of = table.clone();
            let take = move |unmatched: &mut Unmatched, reporter: &str, item: Item| {
                unmatched.add(reporter, &item, of.as_deref());
            };
            let page = self
                .worklist
                .items(source, (&prefix, &key), usize::MAX, unmatched, take);
            (unmatched, from) = page.await.map_err(store_error)?;
            if unmatched.full {
                return Err(too_many("combinations"));
            }
        }
        Ok(unmatched)
    }
}

/// Whether the caller sees a reporter's records; of all reporters together those who administer the register see counts.
fn may_see(register: &Register, caller: &Caller, reporter: &str) -> Result<bool, ApiError> {
    if !reporter.is_empty() {
        own_stream(register, caller, reporter)?;
        return Ok(true);
    }
    if caller.may(ADMINISTER) {
        return Ok(false);
    }
    let message = "name a reporter that the caller acts for; all reporters together are for those who administer the register";
    Err(ApiError::new(Kind::PermissionDenied, "VN-API-020", message))
}

/// The description systems of all releases: care of any date may be held.
fn systems(view: &View) -> impl Iterator<Item = &DescriptionSystem> + Clone {
    let releases = view.state().releases();
    let snapshots: Vec<&DescriptionSystem> = releases
        .filter_map(|release| view.snapshot(&release.id))
        .map(|snapshot| snapshot.description.as_ref())
        .collect();
    snapshots.into_iter()
}

fn named(keys: Vec<pb::supply_fact_request::Key>) -> Result<Vec<Chosen>, ApiError> {
    if keys.len() > BATCH_RECORDS_MAX {
        return Err(ApiError::field(
            "keys",
            format!("at most {BATCH_RECORDS_MAX} keys"),
        ));
    }
    let mut seen = std::collections::BTreeSet::new();
    let mut chosen = Vec::with_capacity(keys.len());
    for (index, key) in keys.into_iter().enumerate() {
        let kind = kind(key.kind(), &format!("keys[{index}].kind"))?;
        if !seen.insert((kind, key.id.clone())) {
            return Err(ApiError::field(
                format!("keys[{index}]"),
                "names a record for the second time",
            ));
        }
        chosen.push(Chosen {
            kind,
            id: key.id,
            revision: 1,
        });
    }
    Ok(chosen)
}

fn prefix(reporter: &str) -> Vec<u8> {
    if reporter.is_empty() {
        Vec::new()
    } else {
        row::prefix(reporter)
    }
}

fn token(item: &Item) -> String {
    format!("{}:{}", item.kind as u8, item.id)
}

fn position(token: &str) -> Result<Option<(RecordKind, String)>, ApiError> {
    if token.is_empty() {
        return Ok(None);
    }
    let read = || {
        let (kind, id) = token.split_once(':')?;
        Some((RecordKind::from_number(kind.parse().ok()?)?, id.to_owned()))
    };
    read().map(Some).ok_or_else(not_a_token)
}

fn not_a_token() -> ApiError {
    ApiError::field("page_token", "not a token of an earlier answer")
}

fn too_many(what: &str) -> ApiError {
    let message = format!("there are more {what} than an answer counts: ask for one reporter, unit or table");
    ApiError::new(Kind::ResourceExhausted, "VN-API-012", message)
}

/// A count as it ranks: those that are not told are all alike.
fn shown(count: u64, threshold: u64) -> u64 {
    if count < threshold { 0 } else { count }
}

/// The least count that is told of all reporters together; without a release none is.
fn threshold(view: &View) -> u64 {
    let release = view.newest_release();
    release.map_or(u64::MAX, |release| release.indicators.disclosure.min_count.into())
}

fn remedy_of(view: &View, key: &GroupKey, group: &Group) -> Label {
    let axis = match &key.want {
        Want::Fact(axis) => axis.as_str(),
        Want::Rule(_) | Want::Check(_) => "",
    };
    let release = view.snapshot(&group.release);
    remedy(
        axis,
        key.owner,
        release.map(|release| release.description.as_ref()),
    )
}

/// Why a row holds.
fn reason(view: &View, release: &str, table: &str, rule: &str) -> Option<Label> {
    let (_, table) = view.snapshot(release)?.description.table(table)?;
    match &table.rules.iter().find(|known| known.id == rule)?.outcome {
        Outcome::Hold { reason } => Some(reason.clone()),
        Outcome::Value(_) | Outcome::CatchAll => None,
    }
}
