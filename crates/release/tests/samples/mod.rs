//! An entry of every kind, each fitting what came before: kept as bytes beside the tests.

use jiff::civil::date;
use vardnav_classification::model::Label;
use vardnav_register::record::{Fact, Principal, Principals, Responsibility};
use vardnav_register::unit::{About, Beds, Opening, Staff, UnitVersion};
use vardnav_release::entry::{
    Announcement, AreaCount, AuthorityEntry, Base, Body, Change, Comment, ConceptMapRecord, ContentKind,
    ContentRecord, EditionPin, EditionRecord, HeadMark, IntroducedKey, KeyPurpose, Procedure, Proposal,
    PublicationRecord, PublicationState, Reporter, Resolution, Step, Subject, UploadRecord, UploadStep,
};

pub(crate) fn unit() -> UnitVersion {
    UnitVersion {
        from: date(2026, 1, 1),
        closed: Some(date(2027, 1, 1)),
        name: "Mobila teamet Öster".to_owned(),
        kind: "mobile-team".to_owned(),
        provider: "2321000131".to_owned(),
        reporters: vec!["region-01".to_owned()],
        principals: Principals {
            responsible: vec![Principal::new("01")],
            ..Principals::default()
        },
        kommun: Some("0180".to_owned()),
        facts: vec![Fact {
            axis: "origin".to_owned(),
            values: vec!["regional-primary-care".to_owned()],
        }],
        hours: "vardagar 8–17".to_owned(),
        beds: vec![Beds {
            kind: "home-place".to_owned(),
            count: 12,
        }],
        about: About::default(),
    }
}

/// A unit that says all that one can say.
pub(crate) fn whole_unit() -> UnitVersion {
    let mut unit = unit();
    unit.principals.performing = vec![
        Principal::new("01"),
        Principal {
            organisation: "0188".to_owned(),
            basis: Some("joint-body".to_owned()),
        },
    ];
    unit.about = About {
        ownership: Some("joint-body".to_owned()),
        responsibilities: vec![Responsibility {
            role: "mas".to_owned(),
            unit: Some("SE2321000131-E0002".to_owned()),
            profession: Some("nurse".to_owned()),
            from: date(2026, 1, 1),
            until: Some(date(2026, 9, 1)),
        }],
        covers: vec!["0188".to_owned()],
        open: vec![Opening {
            first_day: 1,
            last_day: 5,
            from: 480,
            until: 1020,
        }],
        response_minutes: Some(30),
        staff: vec![
            Staff {
                profession: "nurse".to_owned(),
                hundredths: Some(475),
            },
            Staff {
                profession: "physician".to_owned(),
                hundredths: None,
            },
        ],
        successor: Some("SE2321000131-E0002".to_owned()),
    };
    unit
}

pub(crate) fn proposal(release: &str, digest: u8) -> Proposal {
    Proposal {
        release: release.to_owned(),
        title: Label {
            sv: "Startrelease".to_owned(),
            en: "Starter release".to_owned(),
        },
        from: date(2026, 1, 1),
        digest: [digest; 32],
    }
}

/// A map of the reporter that is the first sample.
pub(crate) fn reporter_map(version: &str, blob: u8) -> ConceptMapRecord {
    ConceptMapRecord {
        reporter: "region-01".to_owned(),
        url: "https://region.example/map/besok".to_owned(),
        version: version.to_owned(),
        title: "Besökstyper".to_owned(),
        from: date(2026, 1, 1),
        rows: 12,
        file: "map.csv".to_owned(),
        blob: [blob; 32],
    }
}

/// The steps of drafts, releases and callers, so that each fits what came before.
fn steps() -> Vec<(&'static str, Change)> {
    let base = Base {
        release: "2026.1".to_owned(),
        digest: [1; 32],
    };
    vec![
        (
            "draft-put",
            Change::DraftPut {
                draft: "draft-2".to_owned(),
                proposal: proposal("2026.2", 2),
            },
        ),
        (
            "draft-based",
            Change::Step(Step::DraftBased {
                draft: "draft-2".to_owned(),
                digest: [2; 32],
                base: base.clone(),
            }),
        ),
        (
            "referral-opened",
            Change::Step(Step::ReferralOpened {
                draft: "draft-2".to_owned(),
                digest: [2; 32],
                round: 1,
                opened: date(2026, 1, 2),
                until: date(2026, 4, 2),
                bodies: vec![Body {
                    id: "region-skane".to_owned(),
                    name: "Region Skåne".to_owned(),
                }],
            }),
        ),
        (
            "comment-made",
            Change::Step(Step::CommentMade {
                draft: "draft-2".to_owned(),
                comment: Comment {
                    number: 1,
                    round: 1,
                    body: "region-skane".to_owned(),
                    subject: Subject {
                        kind: "rule".to_owned(),
                        name: "contact-type/C35".to_owned(),
                    },
                    text: "Räkna även besök på särskilt boende.\nSe bilaga.".to_owned(),
                },
            }),
        ),
        (
            "comment-resolved",
            Change::Step(Step::CommentResolved {
                draft: "draft-2".to_owned(),
                comment: 1,
                resolution: Resolution::Partly,
                text: "Tas med från nästa år.".to_owned(),
            }),
        ),
        (
            "referral-closed",
            Change::Step(Step::ReferralClosed {
                draft: "draft-2".to_owned(),
                round: 1,
                on: date(2026, 3, 1),
            }),
        ),
        (
            "draft-submitted",
            Change::Step(Step::DraftSubmitted {
                draft: "draft-2".to_owned(),
                digest: [2; 32],
            }),
        ),
        (
            "caller-linked",
            Change::Step(Step::CallerLinked {
                caller: "anna.admin".to_owned(),
                identity: "anna.andersson".to_owned(),
            }),
        ),
        (
            "release-announced",
            Change::Step(Step::ReleaseAnnounced(Announcement {
                release: "2026.1".to_owned(),
                on: date(2026, 1, 1),
                from: date(2026, 1, 1),
                reason: "första releasen".to_owned(),
                procedure: Some(Procedure {
                    remiss_days_min: 90,
                    notice_days_min: 180,
                    resolution_required: true,
                    identities_required: false,
                }),
                compared: Some(base),
                changes: vec![AreaCount {
                    area: "variables".to_owned(),
                    count: 3,
                }],
                reporters: vec!["region-01".to_owned()],
            })),
        ),
        (
            "notice-acknowledged",
            Change::Step(Step::NoticeAcknowledged {
                release: "2026.1".to_owned(),
                reporter: "region-01".to_owned(),
            }),
        ),
    ]
}

/// A revision of a population table.
pub(crate) fn upload(revision: u32, blob: u8) -> UploadRecord {
    UploadRecord {
        kind: "population".to_owned(),
        id: "2025-12-31".to_owned(),
        revision,
        date: date(2025, 12, 31),
        source: "SCB, befolkning 31 december".to_owned(),
        rows: 63_800,
        release: "2026.1".to_owned(),
        blob: [blob; 32],
    }
}

fn uploads() -> Vec<(&'static str, Change)> {
    vec![
        ("upload-put", Change::Upload(UploadStep::Put(upload(1, 5)))),
        (
            "upload-withdrawn",
            Change::Upload(UploadStep::Withdrawn {
                kind: "population".to_owned(),
                id: "2025-12-31".to_owned(),
                revision: 1,
                reason: "fel år".to_owned(),
            }),
        ),
    ]
}

/// A publication of the figures of a year.
pub(crate) fn publication(number: u32, state: PublicationState, note: &str) -> PublicationRecord {
    PublicationRecord {
        year: 2025,
        number,
        title: Label {
            sv: "Nära vård 2025".to_owned(),
            en: "Near care 2025".to_owned(),
        },
        state,
        note: note.to_owned(),
        release: "2026.1".to_owned(),
        derivation: "as-reported".to_owned(),
        head: HeadMark {
            number: 4711,
            time: 1_767_225_600_000_000,
            streams: 24,
            root: [3; 32],
        },
        reporters: 21,
        entries: 2_480_113,
        indicators: 31,
        rows: 81_204,
        revised: if number > 1 { 312 } else { 0 },
        blob: [number as u8; 32],
    }
}

fn publications() -> Vec<(&'static str, Change)> {
    let note = "Region Gotland har rättat hösten.\nTal för 2025 ändras.";
    vec![
        (
            "figures-published",
            Change::FiguresPublished(publication(1, PublicationState::Preliminary, "")),
        ),
        (
            "figures-revised",
            Change::FiguresPublished(publication(2, PublicationState::Final, note)),
        ),
    ]
}

/// One entry of each kind.
pub(crate) fn samples() -> Vec<(&'static str, AuthorityEntry)> {
    let changes = [
        (
            "reporter-put",
            Change::ReporterPut(Reporter {
                id: "region-01".to_owned(),
                name: "Region Stockholm".to_owned(),
                provider: "2321000016".to_owned(),
            }),
        ),
        (
            "unit-put",
            Change::UnitPut {
                hsa_id: "SE2321000131-E0001".to_owned(),
                version: Box::new(unit()),
            },
        ),
        (
            "unit-put-whole",
            Change::UnitPut {
                hsa_id: "SE2321000131-E0001".to_owned(),
                version: Box::new(whole_unit()),
            },
        ),
        (
            "edition-imported",
            Change::EditionImported(EditionRecord {
                system: "urn:oid:1.2.752.116.1.1.1.1.3".to_owned(),
                version: "2021".to_owned(),
                title: "ICD-10-SE".to_owned(),
                concepts: 35_951,
                blob: [7; 32],
            }),
        ),
        (
            "draft-put",
            Change::DraftPut {
                draft: "draft-1".to_owned(),
                proposal: proposal("2026.1", 1),
            },
        ),
        (
            "draft-checked",
            Change::DraftChecked {
                draft: "draft-1".to_owned(),
                digest: [1; 32],
                errors: 0,
                warnings: 2,
            },
        ),
        (
            "draft-approved",
            Change::DraftApproved {
                draft: "draft-1".to_owned(),
                digest: [1; 32],
            },
        ),
        (
            "release-published",
            Change::ReleasePublished {
                draft: "draft-1".to_owned(),
                digest: [1; 32],
                from: date(2026, 1, 1),
                editions: vec![EditionPin {
                    system: "urn:oid:1.2.752.116.1.1.1.1.3".to_owned(),
                    version: "2021".to_owned(),
                    digest: [7; 32],
                }],
            },
        ),
        (
            "key-introduced",
            Change::KeyIntroduced(IntroducedKey {
                purpose: KeyPurpose::Head,
                id: [8; 8],
                public: vec![9; 32],
            }),
        ),
        (
            "content-imported",
            Change::ContentImported(ContentRecord {
                kind: ContentKind::ConceptMap,
                url: "https://example.org/ConceptMap/visits".to_owned(),
                version: "1".to_owned(),
                title: "Visits".to_owned(),
                blob: [8; 32],
            }),
        ),
        ("concept-map-put", Change::ConceptMapPut(reporter_map("1", 6))),
    ];
    changes
        .into_iter()
        .chain(steps())
        .chain(uploads())
        .chain(publications())
        .map(|(name, change)| {
            (
                name,
                AuthorityEntry {
                    caller: "anna".to_owned(),
                    at: 1_767_225_600_000_000,
                    change,
                },
            )
        })
        .collect()
}
