//! Variables, checks, legal bases, reasons of withdrawals, purposes, registers of deliveries, limits and maps of a
//! release as elements that can be compared.

use vardnav_register::definition::{Check, Severity, Variable};
use vardnav_register::delivery::RegisterRule;
use vardnav_register::unit::definition::{LoadGuideline, UnitDefinition};

use super::elements::{date, flag, labelled, sorted};
use super::{Item, Kind};
use crate::source::{Element, Place, ReleaseSource};

pub(super) fn items(source: &ReleaseSource) -> Vec<Item> {
    let place = |element: Element| source.places.of(&element);
    let register = &source.register;
    let mut items: Vec<Item> = Vec::new();
    items.extend(
        register
            .variables
            .iter()
            .map(|row| variable(row, place(Element::Variable(row.id.clone())))),
    );
    items.extend(
        register
            .checks
            .iter()
            .map(|row| check(row, place(Element::Check(row.code.clone())))),
    );
    items.extend(register.legal_bases.iter().map(|basis| {
        let at = place(Element::LegalBasis(basis.id.clone()));
        Item::new(Kind::LegalBasis, &basis.id, at)
            .with("citation", &basis.citation)
            .with("summary-sv", &basis.summary.sv)
            .with("summary-en", &basis.summary.en)
            .with("status", &basis.status)
            .with("from", date(basis.from))
    }));
    items.extend(register.withdrawal_reasons.iter().map(|reason| {
        let at = place(Element::WithdrawalReason(reason.code.clone()));
        Item::new(Kind::WithdrawalReason, &reason.code, at)
            .named(&reason.label)
            .with("from", date(reason.from))
            .with("until", date(reason.until))
    }));
    items.extend(register.purposes.iter().map(|purpose| {
        let at = place(Element::Purpose(purpose.code.clone()));
        let uses: Vec<&str> = purpose.use_for.iter().map(|used| used.name()).collect();
        Item::new(Kind::Purpose, &purpose.code, at)
            .named(&purpose.label)
            .with("legal-basis", purpose.legal_bases.join(", "))
            .with("uses", uses.join(", "))
            .with("from", date(purpose.from))
            .with("until", date(purpose.until))
    }));
    let units = &register.units;
    if *units != UnitDefinition::default() {
        let load =
            |part: fn(LoadGuideline) -> u32| units.load.map_or(String::new(), |load| part(load).to_string());
        items.push(
            Item::new(Kind::Units, "units", place(Element::Units))
                .with("kinds", &units.kinds)
                .with("responsibilities", &units.responsibilities)
                .with("bases", &units.bases)
                .with("ownerships", &units.ownerships)
                .with("profession-axis", &units.profession_axis)
                .with("bed-axis", &units.bed_axis)
                .with("home-places", units.home_places.join(", "))
                .with("specialist", load(|load| load.specialist))
                .with("in-training", load(|load| load.in_training)),
        );
    }
    for rule in &register.deliveries {
        deliveries(rule, &place(Element::Register(rule.id.clone())), &mut items);
    }
    items.extend(register.reserve_patterns.iter().map(|row| {
        let id = format!("{}/{}", row.issuer, row.pattern);
        Item::new(Kind::ReservePattern, id, place(Element::Limits))
    }));
    items.push(
        Item::new(Kind::Limits, "limits", place(Element::Limits))
            .with("earliest", register.limits.earliest.to_string())
            .with("days-ahead", register.limits.days_ahead.to_string())
            .with("age-max", register.limits.age_max.to_string())
            .with("geography", &register.geography_system)
            .with("collects-on-proposals", flag(register.collects_on_proposals)),
    );
    maps(source, &mut items);
    items
}

/// A register that deliveries are for, and who is excepted from its lock.
fn deliveries(rule: &RegisterRule, place: &Place, items: &mut Vec<Item>) {
    items.push(
        Item::new(Kind::Register, &rule.id, place.clone())
            .named(&rule.name)
            .with("legal-basis", &rule.legal_basis)
            .with("whole", flag(rule.whole))
            .with("primary-days", rule.primary_days.to_string())
            .with("refresh-days", rule.refresh_days.to_string()),
    );
    items.extend(rule.exceptions.iter().map(|exception| {
        let id = format!("{}/{}", rule.id, exception.reporter);
        let mut periods = exception.periods.clone();
        periods.sort_unstable();
        let periods: Vec<String> = periods.iter().map(ToString::to_string).collect();
        Item::new(Kind::LockException, id, place.clone())
            .with("periods", periods.join(", "))
            .with("until", exception.until.to_string())
    }));
}

fn variable(variable: &Variable, place: Place) -> Item {
    let kinds: Vec<_> = variable.kinds.iter().map(|kind| kind.name()).collect();
    labelled(
        Item::new(Kind::Variable, &variable.id, place),
        &variable.label,
        &variable.definition,
    )
    .with("path", &variable.path)
    .with("kinds", kinds.join(", "))
    .with("legal-basis", bases(variable))
    .with("required", flag(variable.required))
    .with("code-systems", sorted(&variable.code_systems))
    .with("from", variable.from.to_string())
    .with("until", date(variable.until))
}

/// The bases of a variable, each with the registers and dates that it is for.
fn bases(variable: &Variable) -> String {
    let told = variable.bases.iter().map(|basis| {
        let mut told = basis.legal_basis.clone();
        if !basis.registers.is_empty() {
            told.push_str(&format!(" ({})", sorted(&basis.registers)));
        }
        for (word, date) in [("from", basis.from), ("until", basis.until)] {
            if let Some(date) = date {
                told.push_str(&format!(" {word} {date}"));
            }
        }
        told
    });
    told.collect::<Vec<_>>().join(", ")
}

fn check(check: &Check, place: Place) -> Item {
    let severity = match check.severity {
        Severity::Warning => "warning",
        Severity::Hold => "hold",
        Severity::Error => "error",
    };
    let parameter = |(name, value): &(String, u32)| format!("{name} {value}");
    let parameters: Vec<String> = check.parameters.iter().map(parameter).collect();
    Item::new(Kind::Check, &check.code, place)
        .with("message-sv", &check.message.sv)
        .with("message-en", &check.message.en)
        .with("severity", severity)
        .with("mechanism", &check.mechanism)
        .with("family", &check.family)
        .with("remedy-sv", &check.remedy.sv)
        .with("remedy-en", &check.remedy.en)
        .with("legal-basis", &check.legal_basis)
        .with("from", date(check.from))
        .with("until", date(check.until))
        .with("parameters", parameters.join(", "))
}

fn maps(source: &ReleaseSource, items: &mut Vec<Item>) {
    for map in &source.maps {
        let place = source.places.of(&Element::Map(map.url.clone()));
        let mut item = Item::new(Kind::Map, &map.url, place.clone());
        item.name.clone_from(&map.title);
        "maps".clone_into(&mut item.list);
        items.push(item.with("title", &map.title));
        for row in &map.rows {
            let until = row.validity.until.map(|until| format!(" until {until}"));
            let from = row.validity.from.map(|from| format!(" {from}"));
            let id = format!(
                "{}|{}|{}|{}|{}{}",
                map.url,
                row.system,
                row.code,
                row.axis,
                row.value,
                from.unwrap_or_default()
            );
            let place = Place {
                line: row.line,
                ..place.clone()
            };
            items.push(
                Item::new(Kind::MapRow, id, place)
                    .with("relationship", format!("{:?}", row.relationship))
                    .with("until", until.unwrap_or_default()),
            );
        }
    }
}
