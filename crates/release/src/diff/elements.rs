//! The head, axes, tables, points and combinations of a release as elements that can be compared.

use jiff::civil::Date;
use vardnav_classification::model::{
    AxisValue, Combination, Condition, Derivation, FactSource, Grain, HitPolicy, Label, Outcome, Rule, Table,
};

use super::{Item, Kind};
use crate::source::{Element, Place, ReleaseSource};

pub(super) fn items(source: &ReleaseSource) -> Vec<Item> {
    let mut items = head(source);
    axes(source, &mut items);
    for table in &source.description.tables {
        tables(source, table, &mut items);
    }
    for point in &source.description.points {
        let place = source.places.of(&Element::Point(point.id.clone()));
        items.push(
            Item::new(Kind::Point, &point.id, place)
                .with("chosen", &point.chosen)
                .with("variants", point.variants.join(", "))
                .with("question-sv", &point.question.sv)
                .with("question-en", &point.question.en),
        );
    }
    let exclusions = &source.description.exclusions;
    items.extend(combinations(
        source,
        Kind::Exclusion,
        &Element::Exclusions,
        exclusions,
    ));
    let contradictions = &source.description.contradictions;
    let element = Element::Contradictions;
    items.extend(combinations(
        source,
        Kind::Contradiction,
        &element,
        contradictions,
    ));
    items
}

fn head(source: &ReleaseSource) -> Vec<Item> {
    let head = &source.head;
    let procedure = head.procedure.map(|procedure| {
        format!(
            "remiss_days_min {}, notice_days_min {}, resolution_required {}, identities_required {}",
            procedure.remiss_days_min,
            procedure.notice_days_min,
            procedure.resolution_required,
            procedure.identities_required
        )
    });
    let release = Item::new(Kind::Release, "release", source.places.of(&Element::Head))
        .with("id", &head.id)
        .with("title-sv", &head.title.sv)
        .with("title-en", &head.title.en)
        .with("summary-sv", &head.summary.sv)
        .with("summary-en", &head.summary.en)
        .with("from", head.from.to_string())
        .with("procedure", procedure.unwrap_or_default());
    let editions = head.bindings.iter().map(|binding| {
        let element = Element::Binding(binding.system.clone(), binding.version.clone());
        // With two editions of a code system for different dates, each is told by its first date too.
        let id = binding.from.map_or_else(
            || binding.system.clone(),
            |from| format!("{} {from}", binding.system),
        );
        Item::new(Kind::Edition, id, source.places.of(&element))
            .with("version", &binding.version)
            .with("until", date(binding.until))
            .with("most-detailed", flag(binding.most_detailed))
            .with("refused-endings", binding.refused_endings.join(", "))
    });
    std::iter::once(release).chain(editions).collect()
}

fn axes(source: &ReleaseSource, items: &mut Vec<Item>) {
    for axis in &source.description.axes {
        let place = source.places.of(&Element::Axis(axis.id.clone()));
        let sources: Vec<_> = axis.sources.iter().map(|source| source_name(*source)).collect();
        items.push(
            labelled(
                Item::new(Kind::Axis, &axis.id, place.clone()),
                &axis.label,
                &axis.definition,
            )
            .with("grains", grains(&axis.grains))
            .with("multiple", flag(axis.multiple))
            .with("sources", sources.join(", "))
            .with(
                "derivation",
                axis.derivation.as_ref().map(derivation).unwrap_or_default(),
            ),
        );
        let list = format!("axis {}", axis.id);
        values(Kind::AxisValue, &axis.id, &axis.values, &place, &list, items);
    }
    for set in &source.description.value_sets {
        let place = source.places.of(&Element::ValueSet(set.id.clone()));
        items.push(
            Item::new(Kind::ValueSet, &set.id, place)
                .with("values", sorted(&set.values))
                .with("axis", &set.axis),
        );
    }
}

fn tables(source: &ReleaseSource, table: &Table, items: &mut Vec<Item>) {
    let place = source.places.of(&Element::Table(table.id.clone()));
    let policy = match table.hit_policy {
        HitPolicy::First => "first",
        HitPolicy::Collect => "collect",
    };
    let entry = source.places.of(&Element::TableEntry(table.id.clone()));
    let mut item = Item::new(Kind::Table, &table.id, entry.clone()).named(&table.label);
    "tables".clone_into(&mut item.list);
    items.push(
        item.with("hit-policy", policy)
            .with("grains", grains(&table.grains)),
    );
    values(Kind::TableValue, &table.id, &table.values, &entry, "", items);
    for rule in &table.rules {
        let place = Place {
            line: rule.line,
            ..place.clone()
        };
        // A rule may stand once in each variant of a point.
        let id = match variant(rule) {
            of if of.is_empty() => format!("{}/{}", table.id, rule.id),
            of => format!("{}/{}@{of}", table.id, rule.id),
        };
        let mut item = Item::new(Kind::Rule, id, place)
            .with("outcome", outcome(&rule.outcome))
            .with("condition", alternatives(&rule.alternatives))
            .with("legal-basis", &rule.legal_basis)
            .with("status", &rule.status)
            .with("in-force-from", date(rule.in_force_from));
        if table.hit_policy == HitPolicy::First {
            item.list = format!("rules {}", table.id);
        }
        items.push(item);
    }
}

fn values(kind: Kind, of: &str, values: &[AxisValue], place: &Place, list: &str, items: &mut Vec<Item>) {
    for value in values {
        let mut item = Item::new(kind, format!("{of}/{}", value.code), place.clone()).named(&value.label);
        list.clone_into(&mut item.list);
        items.push(item);
    }
}

fn combinations<'a>(
    source: &ReleaseSource,
    kind: Kind,
    element: &Element,
    combinations: &'a [Combination],
) -> impl Iterator<Item = Item> + 'a {
    let file = source.places.of(element).file;
    combinations.iter().map(move |combination| {
        let place = Place {
            file: file.clone(),
            line: combination.line,
        };
        Item::new(kind, &combination.id, place)
            .with("condition", alternatives(&combination.alternatives))
            .with("grains", grains(&combination.grains))
    })
}

/// An item with name and definition.
pub(super) fn labelled(item: Item, label: &Label, definition: &Label) -> Item {
    item.named(label)
        .with("definition-sv", &definition.sv)
        .with("definition-en", &definition.en)
}

/// A date as text; empty when there is none.
pub(super) fn date(date: Option<Date>) -> String {
    date.map(|date| date.to_string()).unwrap_or_default()
}

/// A flag as text.
pub(super) fn flag(flag: bool) -> &'static str {
    if flag { "yes" } else { "no" }
}

/// What something applies to.
pub(super) fn grains(grains: &[Grain]) -> String {
    let name = |grain: &Grain| match grain {
        Grain::Contact => "contact",
        Grain::Segment => "segment",
        Grain::MonitoringPeriod => "monitoring-period",
    };
    let names: Vec<_> = grains.iter().map(name).collect();
    names.join(", ")
}

fn source_name(source: FactSource) -> &'static str {
    match source {
        FactSource::Record => "record",
        FactSource::Segment => "segment",
        FactSource::Episode => "episode",
        FactSource::Unit => "unit",
        FactSource::Derived => "derived",
        FactSource::Mapped => "mapped",
    }
}

fn derivation(derivation: &Derivation) -> String {
    match derivation {
        Derivation::Age(bands) => {
            let bands: Vec<_> = bands
                .iter()
                .map(|(from, value)| format!("{from}: {value}"))
                .collect();
            format!("age {}", bands.join(", "))
        }
        Derivation::PrincipalKind { role } => format!("kind of principal {role}"),
        Derivation::PrincipalBasis { roles } => format!("basis of principal {}", roles.join(", ")),
        Derivation::PlanExists { yes, no } => format!("plan exists: {yes}, else {no}"),
        Derivation::Professions => "professions".to_owned(),
        Derivation::Performer(rows) => {
            let row = |row: &vardnav_classification::model::PerformerMap| {
                format!("{}: {} (delegated {})", row.profession, row.value, row.delegated)
            };
            rows.iter().map(row).collect::<Vec<_>>().join(", ")
        }
    }
}

/// A set as text: its order says nothing.
pub(super) fn sorted(values: &[String]) -> String {
    let mut values: Vec<&str> = values.iter().map(String::as_str).collect();
    values.sort_unstable();
    values.join(", ")
}

fn alternatives(alternatives: &[Vec<Condition>]) -> String {
    let rows: Vec<String> = alternatives
        .iter()
        .map(|row| {
            let conditions: Vec<String> = row.iter().map(condition).collect();
            if conditions.is_empty() {
                "any".to_owned()
            } else {
                conditions.join(" & ")
            }
        })
        .collect();
    rows.join(" OR ")
}

fn condition(condition: &Condition) -> String {
    let sign = if condition.negated { "!=" } else { "=" };
    format!("{} {sign} {}", condition.axis, condition.any_of.join("|"))
}

fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Value(value) => value.clone(),
        Outcome::Hold { reason } => format!("held: {} / {}", reason.sv, reason.en),
        Outcome::CatchAll => "held: nothing matched".to_owned(),
    }
}

fn variant(rule: &Rule) -> String {
    let variant = rule.variant.as_ref();
    variant
        .map(|variant| format!("{}:{}", variant.point, variant.name))
        .unwrap_or_default()
}
