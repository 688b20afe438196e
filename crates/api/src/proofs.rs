//! Conversions of what the proofs of a release's tables tell.

use vardnav_classification::DescriptionSystem;
use vardnav_classification::model::Grain;
use vardnav_classification::text::Language;
use vardnav_classification::verify::{Comparison, Defect, Example, Report, TableReport, VariantProof};

use crate::common::{date_message, label_message};
use crate::pb::vardnav::release::v1 as pb;
use crate::pb::vardnav::r#type::v1 as common;

/// What the proofs tell of a description system as a message.
pub fn proofs_message(system: &DescriptionSystem, report: &Report) -> pb::Proofs {
    pb::Proofs {
        proven: report.is_proven(),
        undecided: report.is_undecided(),
        tables: report.tables.iter().map(|told| table(system, told)).collect(),
        variants: variants(system, report),
        comparisons: report.comparisons.iter().map(comparison).collect(),
        lines_sv: report.lines(system, Language::Swedish),
        lines_en: report.lines(system, Language::English),
    }
}

fn variants(system: &DescriptionSystem, report: &Report) -> Vec<pb::proofs::Variant> {
    let by_variant = report
        .variants
        .chunk_by(|one, other| one.variant == other.variant);
    let message = |proofs: &[VariantProof]| {
        let variant = &proofs.first()?.variant;
        let faults = proofs.iter().flat_map(|VariantProof { proof, .. }| {
            let fault = |defect| pb::proofs::VariantFault {
                table: proof.table.clone(),
                grain: grain(proof.grain).to_owned(),
                from: Some(date_message(proof.from)),
                defect: Some(words(system, defect)),
            };
            proof.defects.iter().map(fault)
        });
        let faults: Vec<_> = faults.collect();
        Some(pb::proofs::Variant {
            point: variant.point.clone(),
            variant: variant.name.clone(),
            proven: faults.is_empty(),
            faults,
        })
    };
    by_variant.filter_map(message).collect()
}

fn words(system: &DescriptionSystem, defect: &Defect) -> common::Label {
    common::Label {
        sv: defect.words(system, Language::Swedish),
        en: defect.words(system, Language::English),
    }
}

fn table(system: &DescriptionSystem, told: &TableReport) -> pb::proofs::Table {
    let settling = told.settling.iter().map(|settling| pb::proofs::Settling {
        value: settling.value.clone(),
        axes: settling
            .axes
            .iter()
            .map(|axes| pb::proofs::AxisSet { axes: axes.clone() })
            .collect(),
        more: settling.more,
    });
    pb::proofs::Table {
        table: told.proof.table.clone(),
        grain: grain(told.proof.grain).to_owned(),
        from: Some(date_message(told.proof.from)),
        combinations: told.proof.combinations,
        proven: told.proof.defects.is_empty(),
        defects: told
            .proof
            .defects
            .iter()
            .map(|defect| words(system, defect))
            .collect(),
        holds: told
            .holds
            .iter()
            .map(|hold| pb::proofs::Hold {
                rule: hold.rule.clone(),
                line: hold.line,
                reason: Some(label_message(&hold.reason)),
                example: facts(&hold.example),
            })
            .collect(),
        overlaps: told
            .overlaps
            .iter()
            .map(|overlap| pb::proofs::Overlap {
                rule: overlap.rule.clone(),
                gives: overlap.gives.clone().unwrap_or_default(),
                behind: overlap.behind.clone(),
                would_give: overlap.would_give.clone().unwrap_or_default(),
                example: facts(&overlap.example),
            })
            .collect(),
        settling: settling.collect(),
        more: told.more,
    }
}

fn comparison(compared: &Comparison) -> pb::proofs::Comparison {
    let differences = compared.differences.iter();
    let differences = differences.map(|difference| pb::proofs::Difference {
        table: difference.table.clone(),
        grain: grain(difference.grain).to_owned(),
        from: Some(date_message(difference.from)),
        one: difference.one.clone().unwrap_or_default(),
        other: difference.other.clone().unwrap_or_default(),
        example: facts(&difference.example),
    });
    pb::proofs::Comparison {
        point: compared.point.clone(),
        one: compared.one.clone(),
        other: compared.other.clone(),
        differences: differences.collect(),
        more: compared.more,
    }
}

fn facts(example: &Example) -> Vec<common::Fact> {
    let fact = |fact: &vardnav_classification::verify::ExampleFact| common::Fact {
        axis: fact.axis.clone(),
        values: fact.values.clone(),
    };
    example.facts.iter().map(fact).collect()
}

fn grain(grain: Grain) -> &'static str {
    match grain {
        Grain::Contact => "contact",
        Grain::Segment => "segment",
        Grain::MonitoringPeriod => "monitoring-period",
    }
}
