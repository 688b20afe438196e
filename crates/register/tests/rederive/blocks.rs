//! Blocks of packed facts: how large they are, where they are cut, which version they are of.

use vardnav_register::bytes::{DecodeError, DecodeProblem};
use vardnav_register::record::{Body, Record};
use vardnav_register::rederive::*;

use crate::history::*;
use crate::support::*;

#[test]
fn a_block_is_bounded_and_says_which_version_it_is_of() {
    let mut history = History::of(&[]);
    for number in 0..200u8 {
        history.report(Record {
            id: format!("c-{number}"),
            ..a_contact(0, number, number, number, number)
        });
    }
    let mut block = Columns::new();
    let taken = history
        .entries
        .iter()
        .take_while(|entry| block.push(entry).unwrap())
        .count();
    assert!((64..=BLOCK_ENTRIES_MAX).contains(&taken), "{taken}");
    let mut bytes = block.encode();
    assert!(bytes.len() <= BLOCK_BYTES_MAX);
    assert!(
        bytes.len() / taken <= 44,
        "{} bytes an entry",
        bytes.len() / taken
    );
    bytes[0] = 2;
    assert_eq!(
        Columns::decode(&bytes).unwrap_err(),
        DecodeError {
            at: 1,
            problem: DecodeProblem::Version
        }
    );

    // A record of many parts alone is larger than a block: the ledger is left to say what it is.
    let mut long = episode();
    let Body::Episode(body) = &mut long.body else {
        unreachable!()
    };
    body.segments = vec![body.segments[1].clone(); 5000];
    history.report(long);
    let mut block = Columns::new();
    assert!(block.push(history.entries.last().unwrap()).unwrap());
    assert!(!block.entries()[0].complete);
    assert!(block.encode().len() < 100);
}

#[test]
fn blocks_are_cut_where_they_were_whenever_packing_was_stopped() {
    let mut history = History::of(&[]);
    for number in 0..120u8 {
        history.report(Record {
            id: format!("record-{number}"),
            ..a_contact(
                0,
                number.wrapping_mul(37),
                number,
                number.wrapping_mul(11),
                number,
            )
        });
        // Episodes of several segments fill a block before it has all the entries that it may have.
        let mut episode = an_episode(
            number,
            number.wrapping_mul(7),
            number,
            number.wrapping_mul(3),
            number,
        );
        episode.id = format!("episode-{number}");
        if let Body::Episode(body) = &mut episode.body {
            body.segments = body.segments.iter().cycle().take(6).cloned().collect();
        }
        history.report(episode);
    }
    let cut = |stops: usize| -> Vec<Vec<u8>> {
        let (mut blocks, mut block) = (Vec::new(), Columns::new());
        for (at, entry) in history.entries.iter().enumerate() {
            if at % stops == 0 {
                block = Columns::decode(&block.encode()).unwrap().reopened();
            }
            if !block.push(entry).unwrap() {
                blocks.push(block.encode());
                block = Columns::new();
                assert!(block.push(entry).unwrap());
            }
        }
        blocks.push(block.encode());
        blocks
    };
    let never = cut(usize::MAX);
    assert!(never.len() > 2, "{} blocks", never.len());
    for stops in [1, 2, 3, 7, 50] {
        assert!(cut(stops) == never, "stopped every {stops} entries");
    }
}

#[test]
fn an_entry_of_no_record_keeps_its_place() {
    let mut history = History::of(&[]);
    history.report(a_contact(0, 1, 1, 1, 1));
    let entry = history.entries.last().unwrap();
    let mut block = Columns::new();
    assert!(block.push(entry).unwrap());
    assert!(block.push_nothing());
    assert!(block.push(entry).unwrap());
    let block = Columns::decode(&block.encode()).unwrap();
    let erased: Vec<bool> = block.entries().iter().map(|entry| entry.erased).collect();
    assert_eq!(erased, [false, true, false]);
}
