//! The description system of a release: axes, value sets, unsettled points and the list of tables, as TOML.
//! The rules of the tables are read by [`super::tables`]; what names mean is decided where they are compiled.

use serde::Deserialize;
use toml::Spanned;
use vardnav_classification::model::{
    Axis, AxisValue, Combination, Derivation, DescriptionSource, FactSource, Grain, HitPolicy, Label,
    PerformerMap, Table, UnsettledPoint, ValueSet,
};
use vardnav_release::source::Element;

use vardnav_classification::Place as At;

use super::reading::{LabelText, Reading};
use super::tables;

/// Reads `axes.toml`, `value-sets.toml`, `tables.toml`, `tables/*.csv`, `exclusions.csv`,
/// `contradictions.csv` and `unsettled.toml`.
pub fn read(reading: &mut Reading<'_>) -> DescriptionSource {
    let axes: AxesFile = toml(reading, "axes.toml", true);
    noted(reading, "axes.toml", &axes.axis, |axis| (&axis.id, Element::Axis));
    let sets: ValueSetsFile = toml(reading, "value-sets.toml", false);
    noted(reading, "value-sets.toml", &sets.value_set, |set| {
        (&set.id, Element::ValueSet)
    });
    let points: UnsettledFile = toml(reading, "unsettled.toml", false);
    noted(reading, "unsettled.toml", &points.point, |point| {
        (&point.id, Element::Point)
    });
    let (read, layouts) = read_tables(reading);
    let (exclusions, excluding) = combinations(reading, "exclusions.csv", Element::Exclusions);
    let (contradictions, contradicting) =
        combinations(reading, "contradictions.csv", Element::Contradictions);
    let source = DescriptionSource {
        axes: axes.axis.into_iter().map(Axis::from).collect(),
        value_sets: sets.value_set.into_iter().map(ValueSet::from).collect(),
        tables: read,
        points: points.point.into_iter().map(UnsettledPoint::from).collect(),
        exclusions,
        contradictions,
    };
    let is_ground = |file: &str| matches!(file, "axes.toml" | "value-sets.toml" | "tables.toml");
    if source.axes.is_empty() || reading.findings.iter().any(|found| is_ground(&found.place.file)) {
        // Which names there are is not known; what is wrong with their files is noted.
        return source;
    }
    for (table, layout) in source.tables.iter().zip(&layouts) {
        tables::check_names(reading, &source, layout, |at| {
            let rule = table.rules.get(at)?;
            let place = At::Rule {
                table: table.id.clone(),
                rule: rule.id.clone(),
            };
            Some((place.to_string(), rule.alternatives.as_slice()))
        });
    }
    tables::check_names(reading, &source, &excluding, |at| {
        let each = source.exclusions.get(at)?;
        Some((
            At::Exclusion(each.id.clone()).to_string(),
            each.alternatives.as_slice(),
        ))
    });
    tables::check_names(reading, &source, &contradicting, |at| {
        let each = source.contradictions.get(at)?;
        Some((
            At::Contradiction(each.id.clone()).to_string(),
            each.alternatives.as_slice(),
        ))
    });
    source
}

/// Notes where the elements of a list stand in their file.
fn noted<T>(
    reading: &mut Reading<'_>,
    path: &str,
    elements: &[T],
    of: impl Fn(&T) -> (&Spanned<String>, fn(String) -> Element),
) {
    if elements.is_empty() {
        return;
    }
    let Some(file) = reading.optional(path) else {
        return;
    };
    for element in elements {
        let (id, kind) = of(element);
        reading.note(kind(id.get_ref().clone()), &file, id);
    }
}

fn combinations(
    reading: &mut Reading<'_>,
    path: &str,
    element: Element,
) -> (Vec<Combination>, tables::Layout) {
    let Some(file) = reading.optional(path) else {
        return (Vec::new(), tables::Layout::default());
    };
    reading.places.note(element, file.path, 1);
    tables::combinations(reading, &file)
}

fn read_tables(reading: &mut Reading<'_>) -> (Vec<Table>, Vec<tables::Layout>) {
    let list: TablesFile = toml(reading, "tables.toml", true);
    noted(reading, "tables.toml", &list.table, |table| {
        (&table.id, Element::TableEntry)
    });
    let (mut read, mut layouts) = (Vec::new(), Vec::new());
    for table in list.table {
        let id = table.id.into_inner();
        let (rules, layout) = match reading.required(&format!("tables/{id}.csv")) {
            Some(file) => {
                reading.places.note(Element::Table(id.clone()), file.path, 1);
                tables::rules(reading, &file)
            }
            None => (Vec::new(), tables::Layout::default()),
        };
        layouts.push(layout);
        read.push(Table {
            label: table.label.into(),
            hit_policy: match table.hit_policy {
                HitPolicyText::First => HitPolicy::First,
                HitPolicyText::Collect => HitPolicy::Collect,
            },
            grains: table.grains.into_iter().map(Grain::from).collect(),
            values: table.values.into_iter().map(AxisValue::from).collect(),
            rules,
            id,
        });
    }
    (read, layouts)
}

fn toml<T: serde::de::DeserializeOwned + Default>(reading: &mut Reading<'_>, path: &str, needed: bool) -> T {
    let file = if needed {
        reading.required(path)
    } else {
        reading.optional(path)
    };
    file.and_then(|file| reading.toml(&file)).unwrap_or_default()
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct AxesFile {
    #[serde(default)]
    axis: Vec<AxisText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AxisText {
    id: Spanned<String>,
    label: LabelText,
    definition: LabelText,
    grains: Vec<GrainText>,
    sources: Vec<SourceText>,
    #[serde(default)]
    multiple: bool,
    values: Vec<ValueText>,
    derivation: Option<DerivationText>,
}

impl From<AxisText> for Axis {
    fn from(text: AxisText) -> Self {
        Self {
            id: text.id.into_inner(),
            label: text.label.into(),
            definition: text.definition.into(),
            values: text.values.into_iter().map(AxisValue::from).collect(),
            multiple: text.multiple,
            grains: text.grains.into_iter().map(Grain::from).collect(),
            sources: text.sources.into_iter().map(FactSource::from).collect(),
            derivation: text.derivation.map(Derivation::from),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ValueText {
    code: String,
    sv: String,
    en: String,
}

impl From<ValueText> for AxisValue {
    fn from(text: ValueText) -> Self {
        Self {
            code: text.code,
            label: Label {
                sv: text.sv,
                en: text.en,
            },
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum GrainText {
    Contact,
    Segment,
    MonitoringPeriod,
}

impl From<GrainText> for Grain {
    fn from(text: GrainText) -> Self {
        match text {
            GrainText::Contact => Self::Contact,
            GrainText::Segment => Self::Segment,
            GrainText::MonitoringPeriod => Self::MonitoringPeriod,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SourceText {
    Record,
    Segment,
    Episode,
    Unit,
    Derived,
    Mapped,
}

impl From<SourceText> for FactSource {
    fn from(text: SourceText) -> Self {
        match text {
            SourceText::Record => Self::Record,
            SourceText::Segment => Self::Segment,
            SourceText::Episode => Self::Episode,
            SourceText::Unit => Self::Unit,
            SourceText::Derived => Self::Derived,
            SourceText::Mapped => Self::Mapped,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
enum DerivationText {
    Age { bands: Vec<BandText> },
    PrincipalKind { role: String },
    PrincipalBasis { roles: Vec<String> },
    PlanExists { yes: String, no: String },
    Professions,
    Performer { map: Vec<PerformerText> },
}

impl From<DerivationText> for Derivation {
    fn from(text: DerivationText) -> Self {
        match text {
            DerivationText::Age { bands } => {
                Self::Age(bands.into_iter().map(|band| (band.from, band.value)).collect())
            }
            DerivationText::PrincipalKind { role } => Self::PrincipalKind { role },
            DerivationText::PrincipalBasis { roles } => Self::PrincipalBasis { roles },
            DerivationText::PlanExists { yes, no } => Self::PlanExists { yes, no },
            DerivationText::Professions => Self::Professions,
            DerivationText::Performer { map } => Self::Performer(
                map.into_iter()
                    .map(|text| PerformerMap {
                        profession: text.profession,
                        value: text.value,
                        delegated: text.delegated,
                    })
                    .collect(),
            ),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BandText {
    from: u16,
    value: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PerformerText {
    profession: String,
    value: String,
    delegated: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ValueSetsFile {
    #[serde(default)]
    value_set: Vec<ValueSetText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ValueSetText {
    id: Spanned<String>,
    axis: String,
    values: Vec<String>,
}

impl From<ValueSetText> for ValueSet {
    fn from(text: ValueSetText) -> Self {
        Self {
            id: text.id.into_inner(),
            axis: text.axis,
            values: text.values,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct UnsettledFile {
    #[serde(default)]
    point: Vec<PointText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PointText {
    id: Spanned<String>,
    question: LabelText,
    #[serde(default)]
    variants: Vec<String>,
    #[serde(default)]
    chosen: String,
}

impl From<PointText> for UnsettledPoint {
    fn from(text: PointText) -> Self {
        Self {
            id: text.id.into_inner(),
            question: text.question.into(),
            variants: text.variants,
            chosen: text.chosen,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TablesFile {
    #[serde(default)]
    table: Vec<TableText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct TableText {
    id: Spanned<String>,
    label: LabelText,
    hit_policy: HitPolicyText,
    grains: Vec<GrainText>,
    values: Vec<ValueText>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum HitPolicyText {
    First,
    Collect,
}
