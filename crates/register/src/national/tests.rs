//! National heads against a register in memory: what is told truly is believed, and no change of it is.

use super::*;
use crate::tree::tests::{leaves as some_leaves, naive_root, subtree_hash};

/// A signature that only this function knows: the message's hash twice.
fn sign(message: &[u8]) -> [u8; 64] {
    let hash = sha256(&[b"secret", message]);
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&hash);
    signature[32..].copy_from_slice(&hash);
    signature
}

fn is_signed(_: &str, message: &[u8], signature: &[u8; 64]) -> bool {
    sign(message) == *signature
}

fn streams(round: u64) -> StreamHeads {
    (0..5 + round / 3)
        .map(|number| {
            let size = 1 + number + round * (number % 2);
            let head = StreamHead {
                size,
                root: naive_root(&some_leaves(size as usize)),
            };
            (format!("reporter/{number:02}"), head)
        })
        .collect()
}

fn signed(mut head: NationalHead) -> NationalHead {
    head.signature = sign(&head.bytes_to_sign());
    head
}

/// Heads with the streams under each.
fn heads(count: u64) -> Vec<(NationalHead, StreamHeads)> {
    let mut chain = Chain::new();
    (0..count)
        .map(|number| {
            let streams = streams(number);
            let head = signed(NationalHead {
                number,
                time: number as i64 * 3,
                streams: streams.len() as u64,
                root: root(&streams),
                history: chain.root(),
                key_id: "k".to_owned(),
                signature: [0; 64],
            });
            chain.push(&head, is_signed).unwrap();
            (head, streams)
        })
        .collect()
}

#[test]
fn a_chain_takes_the_heads_in_order_and_nothing_else() {
    let heads = heads(10);
    let mut chain = Chain::new();
    for (head, streams) in &heads {
        check_streams(head, streams).unwrap();
        chain.push(head, is_signed).unwrap();
    }
    let after = |count: usize| {
        let mut chain = Chain::new();
        for (head, _) in &heads[..count] {
            chain.push(head, is_signed).unwrap();
        }
        chain
    };
    let refused = |head: NationalHead| after(5).push(&head, is_signed).unwrap_err();
    let right = heads[5].0.clone();
    let other_root = NationalHead {
        root: [1; 32],
        ..right.clone()
    };
    assert_eq!(refused(other_root.clone()), NationalError::Signature(5));
    after(5).push(&signed(other_root.clone()), is_signed).unwrap();
    let mut forked = after(5);
    forked.push(&signed(other_root), is_signed).unwrap();
    assert_eq!(
        forked.push(&heads[6].0, is_signed),
        Err(NationalError::History(6))
    );
    let number = NationalError::Number {
        expected: 5,
        found: 6,
    };
    assert_eq!(refused(heads[6].0.clone()), number);
    let early = NationalHead { time: -1, ..right };
    assert_eq!(refused(signed(early)), NationalError::Time(5));
    let (head, streams) = &heads[4];
    let mut fewer = streams.clone();
    fewer.pop_last();
    assert_eq!(check_streams(head, &fewer), Err(NationalError::Streams(4)));
}

#[test]
fn entries_give_back_the_streams_under_every_head() {
    let mut former = StreamHeads::new();
    let mut told = StreamHeads::new();
    for (head, streams) in heads(140) {
        let entry = NationalEntry::new(head.clone(), &streams, &former);
        assert_eq!(entry.whole, head.number.is_multiple_of(WHOLE_EVERY));
        assert!(entry.whole || entry.streams.len() < streams.len());
        let read = NationalEntry::decode(&entry.encode()).unwrap();
        assert_eq!(read, entry);
        told = read.after(if entry.whole { StreamHeads::new() } else { told });
        assert_eq!(told, streams);
        former = streams;
    }
    let bytes = NationalEntry::new(heads(1)[0].0.clone(), &former, &former).encode();
    for end in 0..bytes.len() {
        assert!(NationalEntry::decode(&bytes[..end]).is_err());
    }
}

#[test]
fn an_anchor_leads_from_a_held_head_to_the_national_one() {
    let heads = heads(9);
    let (national, streams) = heads.last().unwrap();
    let name = "reporter/03";
    let held = heads[2].1[name];
    let under = streams[name];
    assert!(under.size > held.size);
    let place = streams.keys().position(|stream| stream == name).unwrap() as u64;
    let tree = leaves(streams);
    let of = some_leaves(under.size as usize);
    let anchor = Anchor {
        national: national.clone(),
        stream: name.to_owned(),
        under,
        place,
        inclusion: MultiProof::build::<ProofError>(tree.len() as u64, &[place], |subtree| {
            Ok(subtree_hash(&tree, subtree))
        })
        .unwrap(),
        since: held.size,
        growth: Consistency::build::<ProofError>(held.size, under.size, |subtree| {
            Ok(subtree_hash(&of, subtree))
        })
        .unwrap()
        .hashes,
    };
    anchor.verify(&held, is_signed).unwrap();
    let other = StreamHead {
        root: [7; 32],
        ..held
    };
    assert!(matches!(
        anchor.verify(&other, is_signed),
        Err(NationalError::Rewritten { .. })
    ));
    let longer = StreamHead {
        size: under.size + 1,
        ..held
    };
    assert!(matches!(
        anchor.verify(&longer, is_signed),
        Err(NationalError::Shorter(_))
    ));
    let elsewhere = Anchor {
        place: place + 1,
        ..anchor.clone()
    };
    assert!(matches!(
        elsewhere.verify(&held, is_signed),
        Err(NationalError::NotUnder { .. })
    ));
    let mut unsigned = anchor;
    unsigned.national.time += 1;
    assert_eq!(
        unsigned.verify(&held, is_signed),
        Err(NationalError::Signature(8))
    );
}
