//! Completeness and findings over a store in memory: what is told of a month beside its counts, and that it follows what
//! stands.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[expect(dead_code, reason = "this test needs a part of the bench")]
mod bench;

use bench::*;
use jiff::civil::Date;
use vardnav_api::vardnav::register::v1 as pb;
use vardnav_api::vardnav::register::v1::quality_service_server::QualityService as _;

impl Bench {
    async fn completeness(&self, from: &str, until: &str) -> Vec<pb::PeriodCompleteness> {
        let request = pb::GetCompletenessRequest {
            reporter: NORTH.into(),
            from: from.into(),
            until: until.into(),
            ..Default::default()
        };
        let answer = self.service.get_completeness(asked(request, trusted())).await;
        let answer = answer.unwrap().into_inner();
        assert_eq!(answer.behind, 0);
        answer.periods
    }
}

#[tokio::test]
async fn a_month_is_told_with_the_deadlines_of_each_register() {
    let bench = Bench::new().await;
    let months = bench.completeness("2026-09", "2026-11").await;
    let told: Vec<_> = months
        .iter()
        .map(|month| {
            let date = |message: &Option<vardnav_api::vardnav::r#type::v1::Date>| {
                vardnav_api::common::date(message.as_ref(), "date").unwrap()
            };
            let deadlines = month.deadlines.iter().map(|deadline| {
                let (primary, refresh) = (date(&deadline.primary), date(&deadline.refresh));
                (deadline.register.as_str(), primary, refresh)
            });
            (month.period.as_str(), deadlines.collect::<Vec<_>>())
        })
        .collect();
    let date = jiff::civil::date;
    // 31 days after the last of the month, and 92; of near care 400.
    let of = |primary: Date, refresh: Date, near: Date| {
        vec![
            ("near-care", primary, near),
            ("par-inpatient", primary, refresh),
            ("par-outpatient", primary, refresh),
            ("municipal-register", primary, refresh),
        ]
    };
    let september = of(date(2026, 10, 31), date(2026, 12, 31), date(2027, 11, 4));
    let october = of(date(2026, 12, 1), date(2027, 1, 31), date(2027, 12, 5));
    assert_eq!(told, [("2026-09", september), ("2026-10", october)]);
}
