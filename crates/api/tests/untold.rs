//! Of all reporters together nothing is told of fewer records than the threshold but that there are some.

use jiff::civil::date;
use vardnav_api::worklist::unmatched_message;
use vardnav_register::record::{Fact, RecordKind};
use vardnav_register::worklist::unmatched::{Combination, Occurrence};

#[test]
fn the_facts_of_a_combination_are_told_with_its_count_only() {
    let combination = Combination {
        table: "contact-type".into(),
        rule: "E71".into(),
        guard: false,
        facts: vec![Fact {
            axis: "place".into(),
            values: vec!["clinic".into()],
        }],
    };
    let message = |records: u64, own: bool| {
        let occurrence = Occurrence {
            records,
            reporters: [("region-01".to_owned(), records)].into(),
            first: date(2026, 3, 1),
            last: date(2026, 3, 2),
            example: ("region-01".into(), RecordKind::Contact, "a".into()),
            release: "2026.1".into(),
        };
        let threshold = if own { 0 } else { 5 };
        unmatched_message(&combination, &occurrence, None, own, threshold)
    };
    for records in 1..10 {
        let told = records >= 5;
        let all = message(records, false);
        let count = all.records.unwrap_or_default();
        assert_eq!(count.count, if told { records } else { 0 });
        assert_eq!(all.facts.len(), usize::from(told), "{records}");
        assert_eq!(all.reporters.len(), usize::from(told), "{records}");
        assert_eq!(all.first.is_some() && all.last.is_some(), told, "{records}");
        assert!(all.example.is_none());
        assert_eq!(message(records, true).facts.len(), 1);
    }
}
