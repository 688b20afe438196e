//! A receipt of withdrawals proves by itself, and no changed byte in it passes.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use vardnav_interchange::register::receipt_file::{PublicKey, ReceiptFile};
use vardnav_interchange::register::withdrawal_file::{read, verify, write};
use vardnav_register::entry::VERSION;
use vardnav_register::hash::{Hash, sha256};
use vardnav_register::receipt::{
    SignedHead, WithdrawalLeaf, WithdrawalReceipt, head_bytes_to_sign, stream_of,
};
use vardnav_register::record::RecordKind;
use vardnav_register::tree::{Frontier, MultiProof, ProofError};

const KEY: PublicKey = PublicKey([9; 32]);
const REPORTER: &str = "region-norr";

/// Stands in for Ed25519: whoever knows the key can sign, which is enough to see every changed byte.
fn sign(key: &[u8; 32], message: &[u8]) -> [u8; 64] {
    let (first, second) = (sha256(&[key, message]), sha256(&[message, key]));
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&first);
    signature[32..].copy_from_slice(&second);
    signature
}

fn leaf(id: &str, position: u64, reason: &str) -> WithdrawalLeaf {
    WithdrawalLeaf {
        version: VERSION,
        kind: RecordKind::Contact,
        id: id.into(),
        revision: 2,
        replaces: 1,
        position,
        received: 1_795_305_600_000_000,
        reason: reason.into(),
    }
}

/// Two withdrawals in a stream of five entries, the later one told first.
fn receipt() -> WithdrawalReceipt {
    let leaves = vec![leaf("c-4", 4, "wrong-person"), leaf("c-1", 1, "duplicate")];
    let mut hashes: Vec<Hash> = (0..5).map(|entry| [entry; 32]).collect();
    for leaf in &leaves {
        hashes[usize::try_from(leaf.position).unwrap()] = leaf.hash(REPORTER).unwrap();
    }
    let tree = |leaves: &[Hash]| {
        let mut tree = Frontier::new();
        for leaf in leaves {
            tree.append(*leaf);
        }
        tree
    };
    let whole = tree(&hashes);
    let (size, root, time) = (whole.size(), whole.root(), 1_795_305_600_000_005);
    let proof = MultiProof::build::<ProofError>(size, &[1, 4], |subtree| {
        let first = usize::try_from(subtree.first()).unwrap();
        let leaves = usize::try_from(subtree.leaves()).unwrap();
        Ok(tree(&hashes[first..first + leaves]).root())
    });
    let message = head_bytes_to_sign(&stream_of(REPORTER), size, &root, time);
    WithdrawalReceipt {
        reporter: REPORTER.into(),
        leaves,
        head: SignedHead {
            size,
            root,
            time,
            key_id: KEY.id(),
            signature: sign(&KEY.0, &message),
        },
        proof: proof.unwrap(),
    }
}

fn proves(text: &[u8]) -> Option<usize> {
    let receipt = read(text).ok()?;
    verify(&receipt, &KEY, |key, message, signature| {
        *signature == sign(key, message)
    })
    .ok()
}

#[test]
fn a_receipt_of_withdrawals_proves_by_itself_and_no_changed_byte_passes() {
    let text = write(&receipt());
    assert_eq!(read(text.as_bytes()).unwrap(), receipt());
    assert_eq!(proves(text.as_bytes()), Some(2));
    for at in 0..text.len() {
        let mut wrong = text.clone().into_bytes();
        wrong[at] ^= 1 << (at % 8);
        assert_eq!(proves(&wrong), None, "byte {at}");
    }
    assert_eq!(proves(text.trim_end().as_bytes()), None);
    // It is no receipt of reports, nor is that one of withdrawals.
    assert!(ReceiptFile::read(text.as_bytes()).is_err());

    let mut other = receipt();
    other.leaves[1].reason = "other".into();
    assert_eq!(proves(write(&other).as_bytes()), None);
    other = receipt();
    other.leaves[1].version = 2;
    assert_eq!(proves(write(&other).as_bytes()), None);
}
