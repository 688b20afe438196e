//! Stored bytes stay readable, leaves and receipts show every change.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

#[expect(
    dead_code,
    reason = "this test judges nothing, it only needs the sample records"
)]
mod support;

use proptest::prelude::*;
use support::{RECEIVED, contact, episode, monitoring_period, person};
use vardnav_classification::{AxisIndex, FactSet, FactSource, TableResult};
use vardnav_register::bytes::DecodeProblem;
use vardnav_register::content::content_bytes;
use vardnav_register::definition::Severity;
use vardnav_register::delivery::{Closing, Counts, End, KeptNote, Month, Opening, Window};
use vardnav_register::derived::{Derived, Part, PartDerived};
use vardnav_register::entry::*;
use vardnav_register::finding::StoredFinding;
use vardnav_register::hash::{from_hex, to_hex};
use vardnav_register::identity::{PersonKey, normalise, reference_date};
use vardnav_register::mapping::{CodePath, MappedFrom};
use vardnav_register::outcome::{Outcome, is_same};
use vardnav_register::receipt::*;
use vardnav_register::record::*;
use vardnav_register::tree::{Frontier, MultiProof, ProofError, node};

const NONCES: Nonces = Nonces {
    content: [0x11; 32],
    identity: [0x22; 32],
    derived: [0x33; 32],
};

fn derived(record: &Record) -> Derived {
    let part = match record.kind() {
        RecordKind::Episode => Part::Segment(1),
        RecordKind::Contact => Part::Contact,
        RecordKind::MonitoringPeriod | RecordKind::CareRequest => Part::MonitoringPeriod,
    };
    let mut facts = FactSet::new();
    facts.set(AxisIndex::new(0).unwrap(), 0b10, FactSource::Record);
    facts.set(AxisIndex::new(16).unwrap(), 0b11, FactSource::Derived);
    let mut mapped = Vec::new();
    if record.states_codes() {
        let axis = AxisIndex::new(3).unwrap();
        facts.set(axis, 0b100, FactSource::Mapped);
        mapped.extend(
            [
                CodePath::Record(0),
                CodePath::Procedure(1),
                CodePath::Segment(1, 2),
            ]
            .map(|path| MappedFrom {
                axis,
                path,
                map: "https://vardnav.se/map/kva|2026.1".into(),
            }),
        );
    }
    let tables = vec![
        TableResult::Value { value: 2, rule: 5 },
        TableResult::NotApplicable,
        TableResult::Held { possible: 0b101 },
        TableResult::Collected {
            values: 0b1,
            possible: 0b1000,
        },
    ];
    let part = PartDerived {
        part,
        date: record.date(),
        release: "2026.1".into(),
        age: Some(43),
        facts,
        mapped,
        tables,
    };
    Derived {
        outcome: Outcome::Held,
        findings: vec![
            StoredFinding {
                code: "VN-REG-029".into(),
                severity: Severity::Warning,
                path: "diagnoses[0].code".into(),
            },
            StoredFinding {
                code: "VN-REG-041".into(),
                severity: Severity::Hold,
                path: String::new(),
            },
        ],
        protected: false,
        sex: Some(Sex::Male),
        residence: record.residence.clone(),
        parts: vec![part],
        ..Derived::default()
    }
}

fn header(record: &Record, version: u8) -> Header {
    Header {
        version,
        act: Act::Report,
        reporter: "region-norr".into(),
        kind: record.kind(),
        id: record.id.clone(),
        revision: record.revision,
        replaces: record.revision - 1,
        delivery: None,
        received: RECEIVED,
        release: "2026.1".into(),
    }
}

fn entry(record: &Record) -> Entry {
    entry_in(record, VERSION)
}

fn entry_in(record: &Record, version: u8) -> Entry {
    let identity = identity_bytes(&record.person, RECEIVED, version).unwrap();
    let derived = (PersonKey([0x44; 16]), &derived(record));
    Entry::new(
        header(record, version),
        record,
        &identity,
        derived,
        &NONCES,
        vec![0x55; 48],
    )
    .unwrap()
}

/// Bytes written by version 1, kept for ever: `leaf` and `entry` of each kind, in hexadecimal.
#[test]
fn entries_of_version_1_stay_as_they_are() {
    let stored = include_str!("data/entries-v1.txt");
    stay_as_they_are(stored, 1, || [episode(), contact(), monitoring_period()]);
}

/// As above for version 2: the records state codes.
#[test]
fn entries_of_version_2_stay_as_they_are() {
    let stored = include_str!("data/entries-v2.txt");
    stay_as_they_are(stored, 2, || {
        [episode(), contact(), monitoring_period()].map(with_codes)
    });
}

/// As above for version 3, with an entry of a delivery, a withdrawal and what frames a delivery.
#[test]
fn entries_of_version_3_stay_as_they_are() {
    let stored = include_str!("data/entries-v3.txt");
    let (records, framing): (Vec<&str>, Vec<&str>) = stored
        .lines()
        .filter(|line| !line.starts_with('#'))
        .partition(|line| !line.contains('/'));
    stay_as_they_are(&records.join("\n"), 3, || {
        [episode(), contact(), monitoring_period()].map(with_codes)
    });
    let mut written = Vec::new();
    for (name, entry) in framing_entries() {
        let bytes = entry.encode();
        assert_eq!(StreamEntry::decode(&bytes), Ok(entry.clone()), "{name}");
        written.push(format!("/{name} leaf {}", to_hex(&entry.leaf())));
        written.push(format!("/{name} key {}", to_hex(&entry.key())));
        written.push(format!("/{name} entry {}", to_hex(&bytes)));
    }
    assert_eq!(written, framing);
}

fn framing_entries() -> Vec<(&'static str, StreamEntry)> {
    let month = |text| Month::parse(text).unwrap();
    let delivered = Header {
        delivery: Some(Delivered {
            opened: 7,
            test: false,
        }),
        revision: 3,
        replaces: 1,
        ..header(&contact(), 3)
    };
    let tested = Header {
        delivery: Some(Delivered {
            opened: 7,
            test: true,
        }),
        ..delivered.clone()
    };
    let of = |header: Header| {
        let record = contact();
        let identity = identity_bytes(&record.person, RECEIVED, 3).unwrap();
        let derived = (PersonKey([0x44; 16]), &derived(&record));
        Entry::new(header, &record, &identity, derived, &NONCES, vec![0x55; 48]).unwrap()
    };
    let opening = Opening {
        version: 3,
        reporter: "region-norr".into(),
        number: 2,
        received: RECEIVED,
        register: "near-care".into(),
        periods: vec![month("2026-07"), month("2026-08"), month("2026-09")],
        test: false,
        window: Window::Refresh,
        replaces: vec![1],
        by: "anna".into(),
    };
    let closing = |end| {
        StreamEntry::Closed(Closing {
            version: 3,
            reporter: "region-norr".into(),
            number: 2,
            received: RECEIVED + 5,
            opened: 7,
            end,
            by: "anna".into(),
        })
    };
    let counts = Counts {
        kept: 300,
        new: 2,
        changed: 1,
        gone: 4,
    };
    let withdrawal = Header {
        release: String::new(),
        ..delivered.clone()
    };
    vec![
        ("delivered", StreamEntry::Record(of(delivered))),
        ("tested", StreamEntry::Record(of(tested))),
        (
            "withdrawal",
            StreamEntry::Record(Entry::withdrawal(withdrawal, "not-in-delivery".into())),
        ),
        ("opening", StreamEntry::Opened(opening)),
        (
            "kept",
            StreamEntry::Kept(KeptNote {
                version: 3,
                ..KeptNote::new("region-norr", 7, vec![6, 0, 300, 6])
            }),
        ),
        ("closing", closing(End::Current(counts))),
        ("test-closing", closing(End::Tested(counts))),
        ("abandoned", closing(End::Abandoned)),
    ]
}

#[test]
fn every_flipped_bit_of_what_frames_a_delivery_is_refused_or_changes_the_leaf() {
    for (name, entry) in framing_entries() {
        let (bytes, leaf) = (entry.encode(), entry.leaf());
        let sealed = bytes.windows(48).position(|window| window == [0x55; 48]);
        let sealed = sealed.map_or(0..0, |at| at..at + 48);
        for at in (0..bytes.len()).filter(|at| !sealed.contains(at)) {
            for bit in 0..8 {
                let mut wrong = bytes.clone();
                wrong[at] ^= 1 << bit;
                if let Ok(other) = StreamEntry::decode(&wrong) {
                    assert_ne!(other.leaf(), leaf, "{name}: byte {at} bit {bit}");
                }
            }
        }
    }
}

#[test]
fn nothing_of_a_withdrawal_is_erased() {
    let (_, withdrawal) = framing_entries().swap_remove(2);
    let entry = withdrawal.record().unwrap();
    assert!(entry.is_withdrawal());
    assert_eq!((entry.record(), entry.derived()), (Ok(None), Ok(None)));
    assert_eq!(entry.erased(), entry);
    let length = entry.encode().len();
    assert_eq!(entry.erased_to(length), Some(entry.clone()));
    assert_eq!(entry.erased_to(length + 1), None);
}

/// A record that states codes, a segment's before the record's.
fn with_codes(mut record: Record) -> Record {
    if let Body::Episode(episode) = &mut record.body {
        episode.segments[0].codes = vec![support::coding("urn:local:ward", "A1")];
    }
    record.codes = vec![
        Coding {
            version: Some("2026".into()),
            ..support::coding("urn:local:visit", "H")
        },
        support::coding("urn:local:visit", "B"),
    ];
    record
}

fn stay_as_they_are(stored: &str, version: u8, records: impl Fn() -> [Record; 3]) {
    let mut written = String::new();
    for record in records() {
        let entry = entry_in(&record, version);
        let (name, leaf, bytes) = (
            record.kind().name(),
            to_hex(&entry.leaf()),
            to_hex(&entry.encode()),
        );
        written.push_str(&format!("{name} leaf {leaf}\n{name} entry {bytes}\n"));
    }
    let kept: String = stored
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(written, kept);

    for (line, record) in kept
        .lines()
        .filter(|line| line.contains(" entry "))
        .zip(records())
    {
        let bytes = from_hex(line.rsplit(' ').next().unwrap()).unwrap();
        let entry = Entry::decode(&bytes).unwrap();
        assert_eq!(entry.header, header(&record, version));
        assert_eq!(
            entry.derived(),
            Ok(Some((PersonKey([0x44; 16]), derived(&record))))
        );
        let mut without_person = Record {
            person: Person::withheld(),
            ..record
        };
        without_person.facts.sort();
        if let Body::Episode(episode) = &mut without_person.body {
            episode
                .segments
                .iter_mut()
                .for_each(|segment| segment.facts.sort());
        }
        assert_eq!(entry.record(), Ok(Some(without_person)));
    }
}

#[test]
fn an_entry_holds_no_identity_number() {
    let bytes = entry(&contact()).encode();
    for number in ["198211059954", "8211059954", "9954"] {
        assert!(
            !bytes
                .windows(number.len())
                .any(|window| window == number.as_bytes())
        );
    }
    assert!(!format!("{:?}", entry(&contact())).contains("11, 11"));
}

#[test]
fn every_flipped_byte_is_refused_or_changes_the_leaf() {
    let entry = entry(&contact());
    let (bytes, leaf) = (entry.encode(), entry.leaf());
    // Where the sealed nonce lies: the vault's seal guards it, not the leaf.
    let sealed = bytes.windows(48).position(|window| window == [0x55; 48]).unwrap();
    for at in (0..bytes.len()).filter(|at| !(sealed..sealed + 48).contains(at)) {
        for bit in 0..8 {
            let mut wrong = bytes.clone();
            wrong[at] ^= 1 << bit;
            if let Ok(other) = Entry::decode(&wrong) {
                assert_ne!(other.leaf(), leaf, "byte {at} bit {bit}");
            }
        }
    }
    assert_eq!(
        Entry::decode(&bytes[1..]).unwrap_err().problem,
        DecodeProblem::Tag
    );
    let mut newer = bytes;
    newer[1] = VERSION + 1;
    assert_eq!(Entry::decode(&newer).unwrap_err().problem, DecodeProblem::Version);
}

#[test]
fn the_leaf_covers_the_version() {
    let entry = entry(&contact());
    let newer = Entry {
        header: Header {
            version: VERSION + 1,
            ..entry.header.clone()
        },
        ..entry.clone()
    };
    assert_ne!(newer.leaf(), entry.leaf());
    assert_eq!(entry.encode()[..2], [1, VERSION]);

    // What the newer version's bytes are is not known here, so nothing is computed or read in it.
    let unknown = |error: vardnav_register::bytes::DecodeError| error.problem == DecodeProblem::Version;
    assert!(content_bytes(&contact(), VERSION + 1).is_err_and(unknown));
    assert!(matches!(
        identity_bytes(&person(), RECEIVED, VERSION + 1),
        Err(IdentityBytesError::Version(error)) if unknown(error)
    ));
    assert!(newer.record().is_err_and(unknown));
    assert!(newer.derived().is_err_and(unknown));
    assert!(!is_same(&contact(), &newer, &NONCES.identity));
}

#[test]
fn erasure_fits_in_place() {
    for record in [episode(), contact(), monitoring_period()] {
        let entry = entry(&record);
        let length = entry.encode().len();
        let erased = entry.erased_to(length).unwrap();
        let bytes = erased.encode();
        assert_eq!((bytes.len(), erased.leaf()), (length, entry.leaf()));
        assert_eq!(erased.header, entry.header);
        assert_eq!(Entry::decode(&bytes), Ok(erased.clone()));
        assert_eq!(erased.erased_to(length), Some(erased.clone()));
        let shortest = entry.erased().encode().len();
        for length in shortest..shortest + 300 {
            assert_eq!(entry.erased_to(length).unwrap().encode().len(), length);
        }
        assert_eq!(entry.erased_to(shortest - 1), None);
        assert_eq!(entry.erased_to(usize::MAX), None);

        let mut wrong = bytes.clone();
        *wrong.last_mut().unwrap() = 1;
        assert_eq!(
            Entry::decode(&wrong).unwrap_err().problem,
            DecodeProblem::NotCanonical
        );
        wrong.pop();
        assert_eq!(
            Entry::decode(&wrong).unwrap_err().problem,
            DecodeProblem::Truncated
        );
    }
}

#[test]
fn erasure_keeps_header_and_leaf() {
    let entry = entry(&contact());
    let erased = entry.erased();
    assert_eq!((erased.leaf(), &erased.header), (entry.leaf(), &entry.header));
    assert_eq!(Entry::decode(&erased.encode()), Ok(erased.clone()));
    assert_eq!((erased.record(), erased.derived()), (Ok(None), Ok(None)));
    assert!(!is_same(&contact(), &erased, &NONCES.identity));
}

#[test]
fn the_same_content_is_known_again_however_it_is_written() {
    let former = entry(&contact());
    let mut again = contact();
    again.facts.reverse();
    again.person.identity = "821105-9954".into();
    assert!(is_same(&again, &former, &NONCES.identity));
    again.person.protected = true;
    assert!(!is_same(&again, &former, &NONCES.identity));
    let mut other = contact();
    other.residence = None;
    assert!(!is_same(&other, &former, &NONCES.identity));
    assert!(!is_same(&contact(), &former, &[0; 32]));
}

#[test]
fn a_record_without_codes_is_known_again_in_the_version_it_was_taken_in() {
    for version in [1, 2] {
        let former = entry_in(&contact(), version);
        assert!(is_same(&contact(), &former, &NONCES.identity), "{version}");
        // Version 1 has no room for codes: with them it is another record.
        assert!(
            !is_same(&with_codes(contact()), &former, &NONCES.identity),
            "{version}"
        );
    }
    let coded = with_codes(contact());
    assert!(is_same(&coded, &entry_in(&coded, 2), &NONCES.identity));
    let mut other = coded.clone();
    other.codes.reverse();
    assert!(!is_same(&other, &entry_in(&coded, 2), &NONCES.identity));
    for record in [contact(), episode()].map(with_codes) {
        assert_eq!(
            content_bytes(&record, 1).unwrap_err().problem,
            DecodeProblem::Version
        );
    }
}

#[test]
fn rows_are_told_apart_by_kind_id_and_revision() {
    let keys = [
        row_key(RecordKind::Contact, "a", 1),
        row_key(RecordKind::Episode, "a", 1),
        row_key(RecordKind::Contact, "b", 1),
        row_key(RecordKind::Contact, "a", 2),
    ];
    assert_eq!(keys.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
    assert_eq!(entry(&contact()).key(), row_key(RecordKind::Contact, "c-1", 1));
}

/// A receipt for episode and contact among other leaves. The signature is the message's SHA-256 twice.
fn receipt() -> (Receipt, Vec<Record>) {
    let records = vec![episode(), contact()];
    let mut tree = Frontier::new();
    let mut hashes = Vec::new();
    let mut leaves = Vec::new();
    for at in 0u64..5 {
        hashes.push(match records.get(at as usize) {
            Some(record) => entry(record).leaf(),
            None => [at as u8; 32],
        });
        tree.append(hashes[at as usize]);
    }
    for (record, line) in records.iter().zip([3, 1]) {
        let entry = entry(record);
        leaves.push(ReceiptLeaf {
            line,
            version: entry.header.version,
            kind: record.kind(),
            id: record.id.clone(),
            revision: 1,
            assigned: false,
            replaces: 0,
            delivery: None,
            position: leaves.len() as u64,
            received: RECEIVED,
            release: "2026.1".into(),
            content_nonce: NONCES.content,
            identity_nonce: NONCES.identity,
            derived: entry.commitments().derived,
        });
    }
    let proof = MultiProof::build::<ProofError>(5, &[0, 1], |subtree| {
        let first = subtree.first() as usize;
        Ok(match subtree.leaves() {
            1 => hashes[first],
            _ => node(&hashes[first], &hashes[first + 1]),
        })
    });
    let (root, time) = (tree.root(), RECEIVED + 1);
    let message = head_bytes_to_sign("reporter/region-norr", 5, &root, time);
    let head = SignedHead {
        size: 5,
        root,
        time,
        key_id: "k".into(),
        signature: signature(&message),
    };
    (
        Receipt {
            reporter: "region-norr".into(),
            leaves,
            head,
            proof: proof.unwrap(),
        },
        records,
    )
}

fn signature(message: &[u8]) -> [u8; 64] {
    let half = vardnav_register::hash::sha256(&[message]);
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&half);
    signature[32..].copy_from_slice(&half);
    signature
}

fn check(receipt: &Receipt, records: &[Record]) -> Result<(), ReceiptError> {
    verify(
        receipt,
        |leaf| records.iter().find(|record| record.id == leaf.id),
        |key, message, signed| key == "k" && *signed == signature(message),
    )
}

#[test]
fn a_receipt_proves_what_was_sent_and_nothing_else() {
    let (receipt, records) = receipt();
    assert_eq!(check(&receipt, &records), Ok(()));

    let refused = |change: fn(&mut Receipt)| {
        let mut wrong = receipt.clone();
        change(&mut wrong);
        check(&wrong, &records).unwrap_err()
    };
    let in_tree = ReceiptError::Proof(ProofError::Root);
    assert_eq!(refused(|r| r.reporter.push('x')), ReceiptError::Signature);
    assert_eq!(refused(|r| r.head.size = 6), ReceiptError::Signature);
    assert_eq!(refused(|r| r.head.root[0] ^= 1), ReceiptError::Signature);
    assert_eq!(refused(|r| r.head.time += 1), ReceiptError::Signature);
    assert_eq!(refused(|r| r.head.key_id = "l".into()), ReceiptError::Signature);
    assert_eq!(refused(|r| r.head.signature[63] ^= 1), ReceiptError::Signature);
    assert_eq!(refused(|r| r.leaves[0].received += 1), in_tree);
    assert_eq!(refused(|r| r.leaves[0].release.push('x')), in_tree);
    assert_eq!(refused(|r| r.leaves[0].content_nonce[0] ^= 1), in_tree);
    assert_eq!(refused(|r| r.leaves[0].identity_nonce[0] ^= 1), in_tree);
    assert_eq!(refused(|r| r.leaves[0].derived[0] ^= 1), in_tree);
    assert_eq!(refused(|r| r.leaves[0].version = 1), in_tree);
    assert_eq!(
        refused(|r| r.leaves[0].version = VERSION + 1),
        ReceiptError::Version { line: 3 }
    );
    assert_eq!(
        refused(|r| r.leaves[0].revision = 2),
        ReceiptError::RecordMissing { line: 3 }
    );
    assert_eq!(
        refused(|r| r.leaves[0].position = 1),
        ReceiptError::Position { position: 1 }
    );
    assert_eq!(
        refused(|r| r.leaves[0].position = 5),
        ReceiptError::Proof(ProofError::Leaves)
    );
    assert_eq!(refused(|r| r.proof.hashes[0][0] ^= 1), in_tree);
    assert_eq!(
        refused(|r| r.proof.hashes.clear()),
        ReceiptError::Proof(ProofError::Length)
    );

    for change in [
        |record: &mut Record| record.residence = Some("2482".into()),
        |record: &mut Record| record.person.identity = "199012119948".into(),
        |record: &mut Record| record.person.sex = Some(Sex::Male),
        |record: &mut Record| record.facts[0].values[0].push('x'),
    ] {
        let mut other = records.clone();
        change(&mut other[1]);
        assert_eq!(check(&receipt, &other), Err(in_tree));
    }
}

#[test]
fn the_head_is_signed_over_fixed_bytes() {
    let bytes = head_bytes_to_sign("audit", 1, &[0xaa; 32], -1);
    let wanted = [
        b"vardnav head v1".as_slice(),
        &[5],
        b"audit",
        &[1, 0, 0, 0, 0, 0, 0, 0],
        &[0xaa; 32],
        &[0xff; 8],
    ];
    assert_eq!(bytes, wanted.concat());
}

#[test]
fn the_instant_gives_ten_digit_numbers_their_century() {
    let number = |identity: &str| {
        let person = Person {
            identity: identity.into(),
            ..person()
        };
        normalise(&person, reference_date(RECEIVED))
            .unwrap()
            .reveal()
            .to_owned()
    };
    assert_eq!(number("821105-9954"), "198211059954");
    assert_eq!(number("090527+1474"), "190905271474");
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic_and_have_one_form(mut bytes: Vec<u8>, kind in 1u8..8) {
        if let Some(first) = bytes.first_mut() {
            *first = kind;
        }
        if let Ok(entry) = StreamEntry::decode(&bytes) {
            prop_assert_eq!(entry.encode(), bytes.clone());
        }
        if let Ok(entry) = Entry::decode(&bytes) {
            prop_assert_eq!(entry.encode(), bytes);
        }
    }

    #[test]
    fn damaged_entries_are_read_without_panic(at in 0usize..400, byte: u8, cut in 0usize..400) {
        let mut bytes = entry(&episode()).encode();
        let length = bytes.len();
        bytes[at % length] = byte;
        bytes.truncate(length - cut.min(length));
        if let Ok(entry) = Entry::decode(&bytes) {
            let _ = (entry.record(), entry.derived(), entry.leaf());
            prop_assert_eq!(entry.encode(), bytes);
        }
    }
}
