//! What the pages of quality show. Everything of a reporter is asked of the services as over gRPC, behind the same gate,
//! in the name of whoever signed in; what anybody may see is made from what the server itself is told, and holds
//! whether care units reported, nothing of what they did.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderValue, header};
use tokio::runtime::Handle;
use tonic::{Code, Request, Response, Status};
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_api::vardnav::register::v1::quality_service_server::QualityService as _;
use vardnav_api::vardnav::register::v1::worklist_service_server::WorklistService as _;
use vardnav_api::vardnav::r#type::v1 as types;
use vardnav_classification::model::Label;
use vardnav_register::delivery::Month as Period;
use vardnav_register::quality::has_duty;
use vardnav_runtime::caller::{CALLER_METADATA, Caller, Callers};
use vardnav_runtime::clock;
use vardnav_runtime::gate::GateLayer;
use vardnav_service_register::Service;
use vardnav_store::{Authority, View};
use vardnav_web::quality::{
    Common, Coverage, Credential, Deadline, Found, Month, Owner, Quality, Refused, RegionCoverage, Reporter,
    SignedIn, Unit, Waiting,
};

use crate::server::Node;

/// The name under which pages ask where nobody signs in, and for what anybody may see.
const PAGES: &str = "pages";
/// Months of a reporter that are told.
const MONTHS: i32 = 13;
/// Months that anybody is told.
const MONTHS_PUBLIC: i32 = 5;
/// Pages of reporters that are asked for at most, for what anybody may see.
const ASKED_MAX: usize = 100;
/// How long what anybody may see is kept before it is made anew.
const KEPT: Duration = Duration::from_secs(60);

const COMPLETENESS: &str = "/vardnav.register.v1.QualityService/GetCompleteness";
const FINDINGS: &str = "/vardnav.register.v1.QualityService/ListFindings";
const HELD: &str = "/vardnav.register.v1.WorklistService/ListHeld";

/// Where the pages ask.
pub(super) struct Desk {
    gate: GateLayer,
    service: Service,
    authority: Arc<Authority>,
    /// When it was made, and for which state of the authority's stream.
    coverage: Mutex<Option<(Instant, u64, Arc<Coverage>)>>,
}

impl Desk {
    /// A desk over a node's services, behind `gate`.
    pub(super) fn new(node: &Node, gate: GateLayer) -> Self {
        Self {
            gate,
            service: Service::new(Arc::clone(&node.register)),
            authority: Arc::clone(&node.authority),
            coverage: Mutex::default(),
        }
    }

    /// Who is known by a credential.
    pub(super) fn signed_in(&self, credential: &Credential) -> Result<SignedIn, Refused> {
        let caller = self.gate.callers().identify(&headers(credential)?);
        let caller = caller.ok_or(Refused::Unknown)?;
        let view = self.authority.view();
        let own = view
            .reporters()
            .filter(|reporter| caller.may_act_for(&reporter.id));
        let mut reporters: Vec<Reporter> = own
            .map(|reporter| Reporter {
                id: reporter.id.clone(),
                name: reporter.name.clone(),
            })
            .collect();
        reporters.sort_by(|one, other| one.name.cmp(&other.name).then_with(|| one.id.cmp(&other.id)));
        Ok(SignedIn {
            name: caller.name.clone(),
            reporters,
            is_open: matches!(self.gate.callers(), Callers::Asserted),
        })
    }

    /// What there is of a reporter.
    pub(super) fn quality(
        &self,
        credential: &Credential,
        reporter: &str,
        until: Option<&str>,
    ) -> Result<Quality, Refused> {
        let last = match until {
            Some(text) => Period::parse(text).map_err(|_| Refused::Missing)?,
            None => last_whole_month().ok_or(Refused::Missing)?,
        };
        let (first, after) = span(last, MONTHS).ok_or(Refused::Missing)?;
        let named = reporter.to_owned();
        let asked = pb::GetCompletenessRequest {
            reporter: named.clone(),
            from: first.to_string(),
            until: after.to_string(),
            ..Default::default()
        };
        let told = self.ask(COMPLETENESS, credential, asked, |asked| {
            self.service.get_completeness(asked)
        })?;
        let asked = pb::ListFindingsRequest {
            reporter: named.clone(),
            from: first.to_string(),
            until: after.to_string(),
        };
        let found = self.ask(FINDINGS, credential, asked, |asked| {
            self.service.list_findings(asked)
        })?;
        let asked = pb::ListHeldRequest {
            reporter: named,
            groups_only: true,
            ..Default::default()
        };
        let held = self.ask(HELD, credential, asked, |asked| self.service.list_held(asked))?;
        let view = self.authority.view();
        let known = view.reporter(reporter).ok_or(Refused::Missing)?;
        Ok(Quality {
            reporter: Reporter {
                id: known.id.clone(),
                name: known.name.clone(),
            },
            months: told
                .periods
                .into_iter()
                .map(|period| month(period, &view))
                .collect(),
            findings: found.findings.into_iter().map(common).collect(),
            waiting: held
                .groups
                .into_iter()
                .map(|group| waiting(group, &view))
                .collect(),
            held: held.records_held.map_or(0, |count| count.count),
            behind: told.behind.max(held.behind),
        })
    }

    /// Whether those who are to report did, by region and month.
    pub(super) fn coverage(&self) -> Arc<Coverage> {
        let view = self.authority.view();
        let mut kept = self.coverage.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((made, position, coverage)) = &*kept
            && made.elapsed() < KEPT
            && *position == view.position()
        {
            return Arc::clone(coverage);
        }
        // Others wait meanwhile, so that it is made once.
        let coverage = Arc::new(self.covered(&view).unwrap_or_default());
        *kept = Some((Instant::now(), view.position(), Arc::clone(&coverage)));
        coverage
    }

    fn covered(&self, view: &View) -> Option<Coverage> {
        let (first, after) = span(last_whole_month()?, MONTHS_PUBLIC)?;
        let months: Vec<Period> = std::iter::successors(Some(first), |month| Some(month.next()))
            .take_while(|month| *month < after)
            .collect();
        let mut silent: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
        let mut page_token = String::new();
        for _ in 0..ASKED_MAX {
            let mut asked = Request::new(pb::GetCompletenessRequest {
                from: first.to_string(),
                until: after.to_string(),
                page_token: page_token.clone(),
                ..Default::default()
            });
            asked.extensions_mut().insert(Arc::new(Caller::trusted(PAGES)));
            let told = block_on(self.service.get_completeness(asked)).ok()?.into_inner();
            for period in told.periods {
                let units = period.units_missing.into_iter();
                silent
                    .entry(period.period)
                    .or_default()
                    .extend(units.map(|unit| (period.reporter.clone(), unit)));
            }
            page_token = told.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        let mut regions: BTreeMap<String, Vec<(u32, u32)>> = BTreeMap::new();
        let reporters: Vec<&str> = view.reporters().map(|reporter| reporter.id.as_str()).collect();
        for (at, month) in months.iter().enumerate() {
            let quiet = silent.get(&month.to_string());
            for unit in view.units() {
                let own = reporters
                    .iter()
                    .filter(|reporter| has_duty(unit, reporter, *month));
                let own: Vec<&&str> = own.collect();
                let Some(region) = (!own.is_empty()).then(|| region_of(unit, *month)).flatten() else {
                    continue;
                };
                let is_quiet = |reporter: &&&str| {
                    let named = (reporter.to_string(), unit.hsa_id.clone());
                    quiet.is_some_and(|quiet| quiet.contains(&named))
                };
                let row = regions
                    .entry(region)
                    .or_insert_with(|| vec![(0, 0); months.len()]);
                if let Some((of, did)) = row.get_mut(at) {
                    *of += 1;
                    *did += u32::from(!own.iter().all(is_quiet));
                }
            }
        }
        let release = view.release_on(clock::today()).or_else(|| view.newest_release());
        let named = |code: &str| {
            let release = release.as_ref()?;
            let date = clock::today();
            let geography = release
                .catalog
                .in_force(&release.register.geography_system, date)?;
            let term = geography.lookup(code)?.display("sv", Some(date))?;
            Some(term.text.to_owned())
        };
        Some(Coverage {
            months: months.iter().map(ToString::to_string).collect(),
            regions: regions
                .into_iter()
                .map(|(code, months)| RegionCoverage {
                    name: named(&code).unwrap_or_else(|| code.clone()),
                    code,
                    months,
                })
                .collect(),
        })
    }

    /// Asks a service what whoever states the credential may ask.
    fn ask<Q, A, F>(
        &self,
        path: &str,
        credential: &Credential,
        asked: Q,
        service: impl FnOnce(Request<Q>) -> F,
    ) -> Result<A, Refused>
    where
        F: Future<Output = Result<Response<A>, Status>>,
    {
        let (_, caller) = self
            .gate
            .admit(path, &headers(credential)?)
            .map_err(|status| refused(&status))?;
        let mut asked = Request::new(asked);
        asked.extensions_mut().insert(caller);
        let told = block_on(service(asked)).map_err(|status| refused(&status))?;
        Ok(told.into_inner())
    }
}

/// Waits for something on a thread where pages are made.
fn block_on<A>(asked: impl Future<Output = Result<A, Status>>) -> Result<A, Status> {
    match Handle::try_current() {
        Ok(handle) => handle.block_on(asked),
        Err(_) => Err(Status::unavailable("no runtime")),
    }
}

/// What a caller would state over gRPC.
fn headers(credential: &Credential) -> Result<HeaderMap, Refused> {
    let mut headers = HeaderMap::new();
    headers.insert(CALLER_METADATA, HeaderValue::from_static(PAGES));
    if let Some(token) = credential.stated() {
        let mut bearer = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| Refused::Unknown)?;
        bearer.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, bearer);
    }
    Ok(headers)
}

fn refused(status: &Status) -> Refused {
    match status.code() {
        Code::Unauthenticated => Refused::Unknown,
        Code::PermissionDenied => Refused::NotAllowed,
        Code::NotFound | Code::InvalidArgument | Code::OutOfRange => Refused::Missing,
        _ => Refused::Unavailable,
    }
}

/// The last month that is over.
fn last_whole_month() -> Option<Period> {
    Period::from_number(Period::of(clock::today()).number() - 1)
}

/// The first of so many months up to the last, and the one after it.
fn span(last: Period, months: i32) -> Option<(Period, Period)> {
    let first = Period::from_number(last.number() - months + 1)?;
    Some((first, Period::from_number(last.number() + 1)?))
}

/// The region of a care unit in a month, by the kommun that it lies in.
fn region_of(unit: &vardnav_register::unit::CareUnit, month: Period) -> Option<String> {
    let last = month.next().first_day().yesterday().ok()?;
    let version = unit.on(last).or_else(|| unit.versions.last())?;
    version.kommun.as_ref()?.get(..2).map(str::to_owned)
}

fn label(message: Option<types::Label>) -> Label {
    let message = message.unwrap_or_default();
    Label {
        sv: message.sv,
        en: message.en,
    }
}

fn unit(hsa_id: String, view: &View) -> Unit {
    let today = clock::today();
    let known = view.unit(&hsa_id);
    let version = known.and_then(|unit| unit.on(today).or_else(|| unit.versions.last()));
    Unit {
        name: version.map(|version| version.name.clone()).unwrap_or_default(),
        hsa_id,
    }
}

fn month(told: pb::PeriodCompleteness, view: &View) -> Month {
    let records = told.records.unwrap_or_default();
    let date = |date: Option<types::Date>| {
        vardnav_api::common::optional_date(date.as_ref(), "date")
            .ok()
            .flatten()
    };
    let deadlines = told.deadlines.into_iter().map(|due| Deadline {
        register: due.register,
        primary: date(due.primary),
        refresh: date(due.refresh),
    });
    let found = told.findings.into_iter().map(|found| Found {
        code: found.code,
        records: found.records,
        usual: found.usual,
        unit: found.unit,
        message: label(found.message),
        remedy: label(found.remedy),
    });
    Month {
        period: told.period,
        accepted: records.accepted,
        held: records.held,
        with_findings: records.with_findings,
        rejected: told.rejected,
        previous: told.previous_month,
        last_year: told.same_month_last_year,
        units_with_duty: told.units_with_duty,
        units_delivered: told.units_delivered,
        missing: told.units_missing.into_iter().map(|id| unit(id, view)).collect(),
        deadlines: deadlines.collect(),
        found: found.collect(),
    }
}

fn common(told: pb::FindingCount) -> Common {
    Common {
        code: told.code,
        accepted: told.accepted,
        held: told.held,
        rejected: told.rejected,
        message: label(told.message),
        remedy: label(told.remedy),
    }
}

fn waiting(told: pb::HeldGroup, view: &View) -> Waiting {
    let owner = match told.owner() {
        pb::HeldOwner::ReportingUnit => Owner::ReportingUnit,
        pb::HeldOwner::UnitRegistration => Owner::UnitRegistration,
        pb::HeldOwner::Authority => Owner::Authority,
        pb::HeldOwner::Unspecified => Owner::Nobody,
    };
    let named = |id: &str| {
        let release = view.newest_release()?;
        let source = release.description.source();
        let axis = source
            .axes
            .iter()
            .find(|axis| axis.id == id)
            .map(|axis| &axis.label);
        let table = || {
            source
                .tables
                .iter()
                .find(|table| table.id == id)
                .map(|table| &table.label)
        };
        axis.or_else(table).cloned()
    };
    let own = |text: String| Label {
        en: text.clone(),
        sv: text,
    };
    let what = if !told.axis.is_empty() {
        named(&told.axis).unwrap_or_else(|| own(told.axis))
    } else if !told.rule.is_empty() {
        Label {
            sv: format!("regel {}", told.rule),
            en: format!("rule {}", told.rule),
        }
    } else {
        own(told.check)
    };
    Waiting {
        unit: unit(told.unit, view),
        what,
        table: named(&told.table).unwrap_or_else(|| own(told.table)),
        owner,
        records: told.records.map_or(0, |count| count.count),
        oldest_days: told.oldest_days,
        remedy: label(told.remedy),
    }
}
