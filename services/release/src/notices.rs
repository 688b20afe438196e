//! What reporters are told of releases, and that they have taken notice.

use vardnav_api::common::{page, page_size};
use vardnav_api::release::notice_messages;
use vardnav_api::status::{ApiError, Kind};
use vardnav_api::vardnav::release::v1 as pb;
use vardnav_release::AuthorityState;
use vardnav_release::lifecycle;
use vardnav_runtime::caller::Caller;
use vardnav_runtime::clock;

use crate::{PAGE_DEFAULT, PAGE_MAX, Releases, undecided};

impl Releases {
    /// A page of the notices that reporters were given whom the caller acts for.
    pub(crate) fn notices(
        &self,
        caller: &Caller,
        request: &pb::ListNoticesRequest,
    ) -> Result<pb::ListNoticesResponse, ApiError> {
        if !request.reporter.is_empty() {
            acts(caller, &request.reporter)?;
        }
        let view = self.authority.view();
        let wanted = |reporter: &str| {
            if request.reporter.is_empty() {
                caller.may_act_for(reporter)
            } else {
                request.reporter == reporter
            }
        };
        let size = page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)?;
        let rows = given(view.state(), wanted).into_iter();
        let (rows, next_page_token) = page(rows, |(key, _)| key.clone(), &request.page_token, size);
        Ok(pb::ListNoticesResponse {
            notices: rows.into_iter().map(|(_, notice)| notice).collect(),
            next_page_token,
        })
    }

    /// Notes that a reporter has taken notice.
    pub(crate) async fn acknowledge(
        &self,
        caller: &Caller,
        request: &pb::AcknowledgeNoticeRequest,
    ) -> Result<pb::Notice, ApiError> {
        acts(caller, &request.reporter)?;
        let at = clock::now_micros();
        let decide = self.authority.decide_all(|state| {
            let (release, reporter) = (&request.release, &request.reporter);
            let taken = lifecycle::acknowledge(state, &caller.name, at, release, reporter)?;
            Ok(taken.into_iter().collect())
        });
        let view = decide.await.map_err(undecided)?;
        let release = view.state().release(&request.release);
        let own = |reporter: &str| reporter == request.reporter;
        let notice = release.and_then(|release| notice_messages(release, own).next());
        notice.ok_or_else(|| ApiError::not_found("the notice"))
    }
}

fn acts(caller: &Caller, reporter: &str) -> Result<(), ApiError> {
    if caller.may_act_for(reporter) {
        return Ok(());
    }
    Err(ApiError::new(
        Kind::PermissionDenied,
        "VN-API-020",
        "the caller does not act for this reporter",
    ))
}

/// The notices to some reporters, the newest release first, with keys that rise in this order.
fn given(state: &AuthorityState, wanted: impl Fn(&str) -> bool) -> Vec<(String, pb::Notice)> {
    let mut rows = Vec::new();
    for (position, release) in state.releases().enumerate() {
        for notice in notice_messages(release, &wanted) {
            rows.push((
                format!("{:020} {}", usize::MAX - position, notice.reporter),
                notice,
            ));
        }
    }
    rows.sort_by(|(one, _), (other, _)| one.cmp(other));
    rows
}
