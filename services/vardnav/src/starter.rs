//! What a fresh folder starts with: the starter release, by the same path as any later one, and on loopback the
//! sample's reporters and units.

use std::time::Duration;

use vardnav_api::status::ApiError;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_interchange::release::starter;
use vardnav_runtime::caller::Caller;
use vardnav_service_register::Register;
use vardnav_service_release::Releases;
use vardnav_service_units::Units;
use vardnav_store::Authority;

use crate::exit::{Failure, Outcome};
use crate::sample;

/// Drafts the starter release.
pub(crate) const DRAFTER: &str = "starter-drafter";
/// Approves and publishes it: not the one who drafted it.
pub(crate) const APPROVER: &str = "starter-approver";

/// How often the starter release is tried to be published while another server does the same.
const TRIES: usize = 20;
/// How long to wait between.
const PAUSE: Duration = Duration::from_millis(250);

/// Publishes the starter release when there is none: draft, check, approval by another caller, publication. Steps that
/// were done before an earlier stop, or by another server that begins at the same time, are not done again.
pub(crate) async fn publish(releases: &Releases, authority: &Authority) -> Outcome {
    let mut tries = 0;
    loop {
        tries += 1;
        match try_to_publish(releases, authority).await {
            Err(_) if tries < TRIES => tokio::time::sleep(PAUSE).await,
            other => return other,
        }
        authority.refresh().await.map_err(Failure::failed)?;
    }
}

async fn try_to_publish(releases: &Releases, authority: &Authority) -> Outcome {
    if authority.view().state().releases().next().is_some() {
        return Ok(());
    }
    let (drafter, approver) = (Caller::trusted(DRAFTER), Caller::trusted(APPROVER));
    let package = starter::package().map_err(Failure::failed)?;
    let id = match authority
        .view()
        .state()
        .drafts()
        .next()
        .map(|draft| draft.id.clone())
    {
        Some(id) => id,
        None => releases.create(&drafter, "", &package).await.map_err(refused)?.id,
    };
    let (_, findings) = releases.check(&drafter, &id).await.map_err(refused)?;
    if let Some(finding) = findings.iter().find(|finding| !finding.warning) {
        return Err(Failure::Failed(format!("the starter release: {finding}")));
    }
    releases.approve(&approver, &id, None).await.map_err(refused)?;
    releases.publish(&approver, &id, None).await.map_err(refused)?;
    Ok(())
}

/// Registers the sample's reporters and units; what is known already stays as it is.
pub(crate) async fn know_sample(register: &Register, units: &Units, authority: &Authority) -> Outcome {
    let caller = Caller::trusted(APPROVER);
    let view = authority.view();
    let unknown = sample::reporters()
        .into_iter()
        .filter(|reporter| view.reporter(&reporter.id).is_none())
        .map(|reporter| pb::Reporter {
            id: reporter.id,
            name: reporter.name,
            organisation: reporter.organisation,
        });
    register
        .put_reporters(&caller, unknown.collect())
        .await
        .map_err(refused)?;
    let unknown: Vec<_> = sample::units()
        .into_iter()
        .filter(|unit| view.unit(&unit.hsa_id).is_none())
        .collect();
    units.put_all(&caller, &unknown).await.map_err(refused)?;
    Ok(())
}

fn refused(error: ApiError) -> Failure {
    let place = if error.field.is_empty() {
        String::new()
    } else {
        format!("{}: ", error.field)
    };
    Failure::Failed(format!("{place}{}", error.message))
}
