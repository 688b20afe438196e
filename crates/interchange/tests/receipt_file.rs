//! Receipt files and key files have one text, and no changed byte in receipt, input or key passes.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use vardnav_interchange::register::read::read_record;
use vardnav_interchange::register::receipt_file::{PublicKey, ReceiptFile, ReceiptFileError};
use vardnav_register::derived::Derived;
use vardnav_register::entry::{Act, Entry, Header, Nonces, VERSION, identity_bytes};
use vardnav_register::hash::{Hash, sha256};
use vardnav_register::identity::PersonKey;
use vardnav_register::receipt::{Receipt, ReceiptLeaf, SignedHead, head_bytes_to_sign, stream_of};
use vardnav_register::tree::{Frontier, MultiProof, ProofError};

const INPUT: &[u8] = include_bytes!("register/records.ndjson");
const KEY: PublicKey = PublicKey([9; 32]);

/// Stands in for Ed25519: whoever knows the key can sign, which is enough to see every changed byte.
fn sign(key: &[u8; 32], message: &[u8]) -> [u8; 64] {
    let (first, second) = (sha256(&[key, message]), sha256(&[message, key]));
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&first);
    signature[32..].copy_from_slice(&second);
    signature
}

/// A receipt file for lines 1 and 3 of the input, in one batch each.
fn file() -> ReceiptFile {
    let received = 1_795_305_600_000_000;
    let reporter = "region-norr";
    let mut tree = Frontier::new();
    let mut hashes: Vec<Hash> = Vec::new();
    let mut leaves = Vec::new();
    for (index, line) in std::str::from_utf8(INPUT).unwrap().lines().enumerate() {
        let record = read_record(line.as_bytes()).unwrap().record;
        let nonces = Nonces {
            content: [1; 32],
            identity: [2; 32],
            derived: [3; 32],
        };
        let header = Header {
            version: VERSION,
            act: Act::Report,
            reporter: reporter.into(),
            kind: record.kind(),
            id: record.id.clone(),
            revision: record.revision,
            replaces: record.revision - 1,
            delivery: None,
            received,
            release: "2026.1".into(),
        };
        let identity = identity_bytes(&record.person, received, VERSION).unwrap();
        let derived = (PersonKey([4; 16]), &Derived::default());
        let entry = Entry::new(header, &record, &identity, derived, &nonces, Vec::new()).unwrap();
        hashes.push(entry.leaf());
        leaves.push(ReceiptLeaf {
            line: index as u64 + 1,
            version: VERSION,
            kind: record.kind(),
            id: record.id,
            revision: record.revision,
            assigned: false,
            replaces: record.revision - 1,
            delivery: None,
            position: tree.append(entry.leaf()),
            received,
            release: "2026.1".into(),
            content_nonce: nonces.content,
            identity_nonce: nonces.identity,
            derived: entry.commitments().derived,
        });
    }
    let (size, root, time) = (tree.size(), tree.root(), received + 5);
    let message = head_bytes_to_sign(&stream_of(reporter), size, &root, time);
    let receipt = |index: usize| {
        let proof = MultiProof::build::<ProofError>(size, &[index as u64], |subtree| {
            let first = subtree.first() as usize;
            let mut part = Frontier::new();
            for leaf in &hashes[first..first + subtree.leaves() as usize] {
                part.append(*leaf);
            }
            Ok(part.root())
        });
        let head = SignedHead {
            size,
            root,
            time,
            key_id: KEY.id(),
            signature: sign(&KEY.0, &message),
        };
        Receipt {
            reporter: reporter.into(),
            leaves: vec![leaves[index].clone()],
            head,
            proof: proof.unwrap(),
        }
    };
    let salt = [7; 32];
    ReceiptFile {
        salt,
        input: sha256(&[&salt, INPUT]),
        receipts: vec![receipt(0), receipt(2)],
    }
}

fn verify(receipt: &[u8], input: &[u8], key: &[u8]) -> Result<usize, ReceiptFileError> {
    let key = PublicKey::read(key)?;
    ReceiptFile::read(receipt)?.verify(input, &key, |key, message, signature| {
        *signature == sign(key, message)
    })
}

#[test]
fn a_receipt_file_proves_its_input() {
    let (text, key) = (file().write(), KEY.write());
    assert!(
        text.starts_with(r#"{"format":"vardnav receipt v1","input":{"salt":"0707"#) && text.ends_with("]}\n")
    );
    assert_eq!(ReceiptFile::read(text.as_bytes()).unwrap(), file());
    assert_eq!(verify(text.as_bytes(), INPUT, key.as_bytes()).unwrap(), 2);
    let none = ReceiptFile {
        receipts: Vec::new(),
        ..file()
    };
    assert_eq!(verify(none.write().as_bytes(), INPUT, key.as_bytes()).unwrap(), 0);
}

#[test]
fn no_changed_byte_passes() {
    let (text, key) = (file().write().into_bytes(), KEY.write().into_bytes());
    let flips = |bytes: &[u8], passes: &dyn Fn(&[u8]) -> bool| -> Vec<(usize, u8)> {
        let mut passed = Vec::new();
        for at in 0..bytes.len() {
            let bit = 1 << (at % 8);
            let mut wrong = bytes.to_vec();
            wrong[at] ^= bit;
            if passes(&wrong) {
                passed.push((at, bit));
            }
        }
        passed
    };
    assert_eq!(flips(&text, &|wrong| verify(wrong, INPUT, &key).is_ok()), []);
    assert_eq!(flips(INPUT, &|wrong| verify(&text, wrong, &key).is_ok()), []);
    assert_eq!(flips(&key, &|wrong| verify(&text, INPUT, wrong).is_ok()), []);
}

#[test]
fn other_texts_of_the_same_receipt_are_refused() {
    let text = file().write();
    let spaced = text.replacen(':', ": ", 1);
    let extended = text.replacen("{\"format\"", "{\"note\":1,\"format\"", 1);
    let twice = format!("{text}{text}");
    for other in [
        text.trim_end(),
        &spaced,
        &extended,
        &twice,
        &text.replace("0707", "0A0A"),
        "",
        "{}",
    ] {
        assert!(
            matches!(ReceiptFile::read(other.as_bytes()), Err(ReceiptFileError::Form)),
            "{other}"
        );
    }
    let key = KEY.write();
    for other in [
        key.trim_end(),
        &format!("{key}\n"),
        &key.to_uppercase(),
        &key.replace("v1", "v2"),
        "",
    ] {
        assert!(
            matches!(PublicKey::read(other.as_bytes()), Err(ReceiptFileError::KeyForm)),
            "{other}"
        );
    }
}

#[test]
fn another_key_or_another_file_is_named() {
    let (text, key) = (file().write(), KEY.write());
    let other_key = PublicKey([8; 32]).write();
    let refused = |input: &[u8], key: &str| {
        verify(text.as_bytes(), input, key.as_bytes())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refused(INPUT, &other_key),
        "receipt 1: the head is not signed by this key"
    );
    assert_eq!(
        refused(b"{}", &key),
        "the input file is not the one that the receipt is for"
    );
}
