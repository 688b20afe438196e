//! The receipt file of withdrawals: what the server answers turned into it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use vardnav_api::register::kind;
use vardnav_api::status::ApiError;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_interchange::register::withdrawal_file;
use vardnav_register::receipt::{WithdrawalLeaf, WithdrawalReceipt};

use super::report::domain_receipt;
use crate::exit::{Failure, Outcome};
use crate::output;

/// A receipt file that is to be written: made before anything is withdrawn, so that nothing is withdrawn whose receipt
/// has no place, and no other file is written over.
pub(crate) struct Kept {
    file: File,
    path: PathBuf,
}

impl Kept {
    /// Makes the file, which must not be there.
    pub(crate) fn at(path: &Path) -> Outcome<Self> {
        let file = File::create_new(path)
            .map_err(|error| Failure::Usage(format!("cannot make {}: {error}", path.display())))?;
        Ok(Self {
            file,
            path: path.to_owned(),
        })
    }

    /// Writes the receipt, where anything was withdrawn; otherwise the file is removed again.
    pub(crate) fn keep(mut self, receipt: Option<pb::Receipt>) -> Outcome {
        let Some(receipt) = receipt else {
            return self.remove();
        };
        let receipt = withdrawal_receipt(receipt).map_err(Failure::failed)?;
        let named = |error| Failure::Failed(format!("{}: {error}", self.path.display()));
        let written = self.file.write_all(withdrawal_file::write(&receipt).as_bytes());
        written.map_err(named)?;
        output::say(format_args!("receipt: {}", self.path.display()));
        Ok(())
    }

    /// Removes the file.
    pub(crate) fn remove(self) -> Outcome {
        std::fs::remove_file(&self.path)
            .map_err(|error| Failure::Failed(format!("{}: {error}", self.path.display())))
    }
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
