//! Entries of the authority's stream as bytes: they come back, their bytes never change, whatever is read is canonical, and
//! any of them is taken twice as once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod samples;

use jiff::civil::{Date, date};
use proptest::prelude::*;
use vardnav_classification::model::Label;
use vardnav_register::record::{Fact, Principal, Principals, Responsibility};
use vardnav_register::unit::{About, Beds, Opening, Staff, UnitVersion};
use vardnav_release::authority::AuthorityState;
use vardnav_release::entry::{
    AuthorityEntry, Change, ContentKind, ContentRecord, EditionPin, EditionRecord, EntryError, IntroducedKey,
    KeyPurpose, Proposal, PublicationRecord, PublicationState, Reporter, UploadRecord, UploadStep,
};

use samples::{publication, samples, unit};

#[test]
fn stored_bytes_of_every_kind_stay_readable_and_the_same() {
    let stored: Vec<(&str, &str)> = include_str!("data/entries-v1.txt")
        .lines()
        .filter_map(|line| line.split_once(' '))
        .collect();
    let samples = samples();
    assert_eq!(stored.len(), samples.len());
    for ((name, entry), (stored_name, stored)) in samples.iter().zip(stored) {
        assert_eq!(*name, stored_name);
        let hex: String = entry.encode().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, stored, "{name}");
        assert_eq!(
            AuthorityEntry::decode(&entry.encode()).as_ref(),
            Ok(entry),
            "{name}"
        );
    }
}

#[test]
fn what_would_not_be_read_again_is_not_sealed() {
    let mut long = unit();
    long.reporters = (0..5000).map(|number| format!("r{number}")).collect();
    let change = Change::UnitPut {
        hsa_id: "SE2321000131-E0001".to_owned(),
        version: Box::new(long),
    };
    let entry = AuthorityEntry {
        caller: "anna".to_owned(),
        at: 1,
        change,
    };
    assert!(matches!(entry.sealed(), Err(EntryError::Unreadable(_))));
    for (name, entry) in samples() {
        assert_eq!(entry.sealed(), Ok(entry.encode()), "{name}");
    }
}

fn text() -> impl Strategy<Value = String> {
    "[a-zåäö0-9 .-]{0,12}"
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(text(), 0..4)
}

fn day() -> impl Strategy<Value = Date> {
    (1900i16..2100, 1i8..=12, 1i8..=28).prop_map(|(year, month, day)| date(year, month, day))
}

fn any_holders() -> impl Strategy<Value = Vec<Principal>> {
    let holder = (text(), proptest::option::of(text()));
    let holder = holder.prop_map(|(organisation, basis)| Principal { organisation, basis });
    prop_oneof![
        proptest::option::of(text()).prop_map(Principal::alone),
        proptest::collection::vec(holder, 0..3),
    ]
}

fn any_about() -> impl Strategy<Value = About> {
    let responsibility = (
        text(),
        proptest::option::of(text()),
        proptest::option::of(text()),
        day(),
        proptest::option::of(day()),
    );
    let responsibility = responsibility.prop_map(|(role, unit, profession, from, until)| Responsibility {
        role,
        unit,
        profession,
        from,
        until,
    });
    let opening = any::<(u8, u8, u16, u16)>().prop_map(|(first_day, last_day, from, until)| Opening {
        first_day,
        last_day,
        from,
        until,
    });
    let staff = (text(), any::<Option<u32>>()).prop_map(|(profession, hundredths)| Staff {
        profession,
        hundredths,
    });
    (
        proptest::option::of(text()),
        proptest::collection::vec(responsibility, 0..3),
        texts(),
        proptest::collection::vec(opening, 0..3),
        any::<Option<u16>>(),
        proptest::collection::vec(staff, 0..3),
        proptest::option::of(text()),
    )
        .prop_map(
            |(ownership, responsibilities, covers, open, response_minutes, staff, successor)| About {
                ownership,
                responsibilities,
                covers,
                open,
                response_minutes,
                staff,
                successor,
            },
        )
}

fn any_unit() -> impl Strategy<Value = UnitVersion> {
    let names = (text(), text(), text(), text());
    let principals = proptest::array::uniform4(any_holders());
    let about = prop_oneof![Just(About::default()), any_about()];
    let facts = proptest::collection::vec((text(), texts()), 0..4);
    let beds = proptest::collection::vec((text(), any::<u32>()), 0..4);
    (
        day(),
        proptest::option::of(day()),
        names,
        texts(),
        principals,
        proptest::option::of(text()),
        facts,
        (beds, about),
    )
        .prop_map(
            |(
                from,
                closed,
                (name, kind, provider, hours),
                reporters,
                principals,
                kommun,
                facts,
                (beds, about),
            )| {
                let [responsible, performing, bed_owner, payer] = principals;
                UnitVersion {
                    from,
                    closed,
                    name,
                    kind,
                    provider,
                    reporters,
                    principals: Principals {
                        responsible,
                        performing,
                        bed_owner,
                        payer,
                    },
                    kommun,
                    facts: facts
                        .into_iter()
                        .map(|(axis, values)| Fact { axis, values })
                        .collect(),
                    hours,
                    beds: beds
                        .into_iter()
                        .map(|(kind, count)| Beds { kind, count })
                        .collect(),
                    about,
                }
            },
        )
}

fn any_change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (text(), text(), text()).prop_map(|(id, name, provider)| Change::ReporterPut(Reporter {
            id,
            name,
            provider
        })),
        (text(), any_unit()).prop_map(|(hsa_id, version)| Change::UnitPut {
            hsa_id,
            version: Box::new(version)
        }),
        (text(), text(), text(), any::<u64>(), any::<[u8; 32]>()).prop_map(
            |(system, version, title, concepts, blob)| {
                Change::EditionImported(EditionRecord {
                    system,
                    version,
                    title,
                    concepts,
                    blob,
                })
            }
        ),
        (any::<bool>(), text(), text(), text(), any::<[u8; 32]>()).prop_map(
            |(map, url, version, title, blob)| {
                let kind = if map {
                    ContentKind::ConceptMap
                } else {
                    ContentKind::ValueSet
                };
                Change::ContentImported(ContentRecord {
                    kind,
                    url,
                    version,
                    title,
                    blob,
                })
            }
        ),
        (text(), text(), text(), text(), day(), any::<[u8; 32]>()).prop_map(
            |(draft, release, sv, en, from, digest)| Change::DraftPut {
                draft,
                proposal: Proposal {
                    release,
                    title: Label { sv, en },
                    from,
                    digest
                },
            }
        ),
        (text(), any::<[u8; 32]>(), any::<u32>(), any::<u32>()).prop_map(
            |(draft, digest, errors, warnings)| Change::DraftChecked {
                draft,
                digest,
                errors,
                warnings
            }
        ),
        (text(), any::<[u8; 32]>()).prop_map(|(draft, digest)| Change::DraftApproved { draft, digest }),
        (
            text(),
            any::<[u8; 32]>(),
            day(),
            proptest::collection::vec((text(), text(), any::<[u8; 32]>()), 0..3)
        )
            .prop_map(|(draft, digest, from, editions)| Change::ReleasePublished {
                draft,
                digest,
                from,
                editions: editions
                    .into_iter()
                    .map(|(system, version, digest)| EditionPin {
                        system,
                        version,
                        digest
                    })
                    .collect(),
            }),
        (any::<bool>(), any::<[u8; 8]>(), any::<Vec<u8>>()).prop_map(|(head, id, public)| {
            let purpose = if head { KeyPurpose::Head } else { KeyPurpose::Vault };
            Change::KeyIntroduced(IntroducedKey { purpose, id, public })
        }),
        // Few ids and revisions, so that they follow on each other now and then.
        ("[ab]", 1u32..4, day(), text(), any::<u64>(), any::<[u8; 32]>()).prop_map(
            |(id, revision, date, source, rows, blob)| {
                Change::Upload(UploadStep::Put(UploadRecord {
                    kind: "population".to_owned(),
                    id,
                    revision,
                    date,
                    source,
                    rows,
                    release: "2026.1".to_owned(),
                    blob,
                }))
            }
        ),
        (1u32..4, any::<bool>(), text(), any::<i16>()).prop_map(|(number, is_final, note, year)| {
            let state = match is_final {
                true => PublicationState::Final,
                false => PublicationState::Preliminary,
            };
            let year = year.clamp(2025, 2026);
            Change::FiguresPublished(PublicationRecord {
                year,
                ..publication(number, state, &note)
            })
        }),
        ("[ab]", 1u32..4, text()).prop_map(|(id, revision, reason)| {
            Change::Upload(UploadStep::Withdrawn {
                kind: "population".to_owned(),
                id,
                revision,
                reason,
            })
        }),
    ]
}

proptest! {
    #[test]
    fn entries_come_back_from_their_bytes(caller in text(), at: i64, change in any_change()) {
        let entry = AuthorityEntry { caller, at, change };
        let bytes = entry.encode();
        prop_assert_eq!(AuthorityEntry::decode(&bytes)?, entry);
        for cut in 0..bytes.len() {
            prop_assert!(AuthorityEntry::decode(&bytes[..cut]).is_err());
        }
    }

    #[test]
    fn reading_anything_is_safe_and_what_is_read_is_canonical(bytes: Vec<u8>) {
        if let Ok(entry) = AuthorityEntry::decode(&bytes) {
            prop_assert_eq!(entry.encode(), bytes);
        }
    }

    #[test]
    fn applying_twice_is_applying_once(changes in proptest::collection::vec(any_change(), 1..8)) {
        let mut state = AuthorityState::default();
        for change in changes {
            let entry = AuthorityEntry { caller: "anna".to_owned(), at: 1, change };
            let before = state.clone();
            match state.apply(&entry) {
                Err(_) => prop_assert_eq!(&state, &before),
                Ok(()) => {
                    let once = state.clone();
                    state.apply(&entry)?;
                    prop_assert_eq!(&state, &once);
                }
            }
        }
    }
}
