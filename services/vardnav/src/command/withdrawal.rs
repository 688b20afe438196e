//! The receipt file of withdrawals: what the server answers turned into it.

use std::collections::BTreeMap;
use std::path::Path;

use vardnav_api::register::kind;
use vardnav_api::status::ApiError;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_interchange::register::withdrawal_file;
use vardnav_register::receipt::{WithdrawalLeaf, WithdrawalReceipt};

use super::report::domain_receipt;
use crate::exit::{Failure, Outcome};
use crate::output;

/// Writes the receipt file, where anything was withdrawn.
pub(crate) fn keep(receipt: Option<pb::Receipt>, to: &Path) -> Outcome {
    let Some(receipt) = receipt else { return Ok(()) };
    let receipt = withdrawal_receipt(receipt).map_err(Failure::failed)?;
    std::fs::write(to, withdrawal_file::write(&receipt))?;
    output::say(format_args!("receipt: {}", to.display()));
    Ok(())
}

/// The receipt of withdrawals as the domain has it.
fn withdrawal_receipt(mut receipt: pb::Receipt) -> Result<WithdrawalReceipt, ApiError> {
    let leaves = std::mem::take(&mut receipt.leaves);
    let rest = domain_receipt(receipt, &BTreeMap::new())?;
    let leaf = |leaf: pb::ReceiptLeaf| {
        Ok(WithdrawalLeaf {
            version: u8::try_from(leaf.version)
                .map_err(|_| ApiError::field("receipt.leaves.version", "is no version of an entry"))?,
            kind: kind(leaf.kind(), "receipt.leaves.kind")?,
            id: leaf.id,
            revision: leaf.revision,
            replaces: leaf.replaces,
            position: leaf.position,
            received: leaf.received_micros,
            reason: leaf.withdrawn,
        })
    };
    Ok(WithdrawalReceipt {
        reporter: rest.reporter,
        leaves: leaves.into_iter().map(leaf).collect::<Result<_, ApiError>>()?,
        head: rest.head,
        proof: rest.proof,
    })
}
