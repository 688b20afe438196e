//! Files of a month against another reader: what is written is what is read back, every variable of the starter release
//! has a column and none of the vault's, and the texts beside the tables say what is in them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test"
)]

use std::collections::BTreeSet;

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use vardnav_classification::model::Label;
use vardnav_interchange::export::{
    Cell, Column, Kind, Manifest, Place, Scalar, Table, TableWriter, dcat, part_rows, record_row, tables,
    variables,
};
use vardnav_interchange::release::{parse, starter};
use vardnav_release::source::ReleaseSource;

fn release() -> ReleaseSource {
    parse(&starter::package().unwrap()).source.unwrap()
}

fn column(name: &str, kind: Kind, list: bool) -> Column {
    Column {
        name: name.to_owned(),
        place: Place::Held,
        kind,
        list,
        of: String::new(),
        label: Label::default(),
        description: Label::default(),
        codes: String::new(),
        from: None,
        until: None,
        legal_basis: String::new(),
    }
}

fn written(table: &Table, rows: &[Vec<Cell>]) -> Vec<u8> {
    let mut writer = TableWriter::new(Vec::new(), table, &[("vardnav.month", "2026-09")]).unwrap();
    for row in rows {
        writer.push(row.clone()).unwrap();
    }
    let (bytes, facts) = writer.finish().unwrap();
    assert_eq!(facts.rows, rows.len() as u64);
    assert_eq!(facts.bytes, bytes.len() as u64);
    assert_eq!(facts.sha256, <[u8; 32]>::from(Sha256::digest(&bytes)));
    bytes
}

fn scalar(field: &Field) -> Option<Scalar> {
    Some(match field {
        Field::Null => return None,
        Field::Str(text) => Scalar::Text(text.clone()),
        Field::Date(days) => Scalar::Date(*days),
        Field::Bool(flag) => Scalar::Boolean(*flag),
        Field::Long(number) => Scalar::Integer(*number),
        Field::TimestampMicros(micros) => Scalar::Instant(*micros),
        other => panic!("{other:?}"),
    })
}

fn read_back(bytes: Vec<u8>) -> (Vec<Vec<Cell>>, usize) {
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
    let groups = reader.num_row_groups();
    let rows = reader.get_row_iter(None).unwrap().map(|row| {
        let row = row.unwrap();
        let cells = row.get_column_iter().map(|(_, field)| match field {
            Field::ListInternal(list) => Cell::Many(list.elements().iter().map(scalar).collect()),
            field => scalar(field).map_or(Cell::None, Cell::One),
        });
        cells.collect()
    });
    (rows.collect(), groups)
}

fn table_of(columns: Vec<Column>) -> Table {
    Table {
        name: "some-table".to_owned(),
        label: Label::default(),
        kind: None,
        columns,
        named: BTreeSet::new(),
    }
}

fn scalar_of(kind: Kind) -> BoxedStrategy<Scalar> {
    match kind {
        Kind::Text => "[a-zåäö|]{0,9}".prop_map(Scalar::Text).boxed(),
        Kind::Date => any::<i32>().prop_map(Scalar::Date).boxed(),
        Kind::Boolean => any::<bool>().prop_map(Scalar::Boolean).boxed(),
        Kind::Integer => any::<i64>().prop_map(Scalar::Integer).boxed(),
        Kind::Instant => any::<i64>().prop_map(Scalar::Instant).boxed(),
    }
}

fn cell_of((kind, list): (Kind, bool)) -> BoxedStrategy<Cell> {
    let one = scalar_of(kind);
    match list {
        false => prop_oneof![Just(Cell::None), one.prop_map(Cell::One)].boxed(),
        true => {
            let many = prop::collection::vec(prop::option::of(one), 0..4).prop_map(Cell::Many);
            prop_oneof![Just(Cell::None), many].boxed()
        }
    }
}

#[test]
fn principals_of_several_kinds_stand_side_by_side() {
    let tables = tables(&release());
    let parts = tables.iter().find(|table| table.kind.is_none()).unwrap();
    let line = json!({
        "reporter": "joint", "kind": "contact", "id": "c-1", "revision": 1,
        "derived": [{
            "date": "2026-03-01", "release": "2026.1", "tables": {},
            "facts": {"responsible-principal": ["region", "kommun"], "performing-principal": "region"},
        }],
    });
    let rows = part_rows(parts, &line).unwrap();
    let cell = |name: &str| {
        let at = parts.columns.iter().position(|column| column.name == name);
        rows[0][at.unwrap()].clone()
    };
    let text = |text: &str| Some(Scalar::Text(text.to_owned()));
    assert_eq!(
        cell("axis_responsible_principal"),
        Cell::Many(vec![text("region"), text("kommun")])
    );
    assert_eq!(
        cell("axis_performing_principal"),
        Cell::Many(vec![text("region")])
    );
}

const KINDS: [Kind; 5] = [
    Kind::Text,
    Kind::Date,
    Kind::Boolean,
    Kind::Integer,
    Kind::Instant,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read_back(
        rows in prop::collection::vec(
            KINDS.map(|kind| [cell_of((kind, false)), cell_of((kind, true))]),
            0..20,
        ),
    ) {
        let columns = KINDS.iter().enumerate().flat_map(|(at, kind)| {
            [column(&format!("one_{at}"), *kind, false), column(&format!("many_{at}"), *kind, true)]
        });
        let table = table_of(columns.collect());
        let rows: Vec<Vec<Cell>> = rows.into_iter().map(|row| row.into_iter().flatten().collect()).collect();
        let (read, _) = read_back(written(&table, &rows));
        prop_assert_eq!(read, rows);
    }
}

#[test]
fn groups_of_rows_are_bounded() {
    let table = table_of(vec![column("number", Kind::Integer, false)]);
    let rows: Vec<Vec<Cell>> = (0..50_001)
        .map(|at| vec![Cell::One(Scalar::Integer(at))])
        .collect();
    let (read, groups) = read_back(written(&table, &rows));
    assert_eq!(groups, 2);
    assert_eq!(read, rows);
    let wrong = TableWriter::new(Vec::new(), &table, &[])
        .unwrap()
        .push(vec![Cell::One(Scalar::Text("x".to_owned()))]);
    assert!(wrong.is_err(), "a cell of another kind is refused");
}

#[test]
fn every_variable_has_a_column_but_those_of_the_vault() {
    let release = release();
    let tables = tables(&release);
    for variable in &release.register.variables {
        for kind in &variable.kinds {
            let table = tables.iter().find(|table| table.kind == Some(*kind)).unwrap();
            let columns: Vec<&Column> = table
                .columns
                .iter()
                .filter(|column| column.of == variable.id)
                .collect();
            if variable.path.starts_with("person.") {
                assert!(columns.is_empty(), "{}", variable.path);
            } else {
                assert_eq!(columns.len(), 1, "{}", variable.path);
                assert_eq!(columns[0].label, variable.label);
                assert!(!columns[0].legal_basis.is_empty());
            }
        }
    }
    let parts = tables.last().unwrap();
    for axis in &release.description.axes {
        assert!(
            parts.columns.iter().any(|column| column.of == axis.id),
            "{}",
            axis.id
        );
    }
    for table in &tables {
        let names: BTreeSet<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names.len(), table.columns.len(), "{}", table.name);
        assert!(names.iter().all(|name| !name.contains("person")));
        let plain = |name: &&str| {
            name.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        assert!(names.iter().all(plain), "{names:?}");
        // Its schema is one that the writer takes.
        written(table, &[]);
    }
    let list = String::from_utf8(variables(&tables).unwrap()).unwrap();
    let rows: usize = tables.iter().map(|table| table.columns.len()).sum();
    assert_eq!(list.lines().count(), rows + 1);
    assert!(list.starts_with("\u{feff}Tabell;Variabelnamn;"));
}

#[test]
fn lines_become_rows() {
    let release = release();
    let tables = tables(&release);
    let line = json!({
        "reporter": "region-x", "kind": "episode", "id": "e-1", "revision": 2, "outcome": "held",
        "position": 7, "received": "2026-10-01T12:00:00.000001Z", "leaf": "ab", "sex": "female", "age": 81,
        "residence": "0180", "residence_source": "population",
        "record": {
            "unit": "SE-1", "start": "2026-09-02",
            "principals": {"responsible": "01", "performing": [{"organisation": "0180", "basis": "contract"}, "0184"]},
            "facts": {"enrolment": "home-care", "several": ["a", "b"]},
            "segments": [
                {"start": "2026-09-02", "end": "2026-09-05", "unit": "SE-2"},
                {"start": "2026-09-05", "codes": [{"system": "s", "code": "c"}, {"system": "s", "version": "v", "code": "d"}]},
            ],
        },
        "derived": [
            {"segment": 0, "date": "2026-09-02", "release": "2026.1", "facts": {"place": "home", "new-axis": "x"},
             "tables": {"new-table": {"values": ["y"], "rule": "r"}, "old-table": {"values": "held", "rule": ""}}},
        ],
    });
    let table = tables.iter().find(|table| table.name == "episode").unwrap();
    let row = record_row(table, &line).unwrap();
    let (read, _) = read_back(written(table, std::slice::from_ref(&row)));
    assert_eq!(read, std::slice::from_ref(&row));
    let of = |name: &str| {
        let at = table.columns.iter().position(|column| column.name == name);
        row[at.unwrap_or_else(|| panic!("{name}"))].clone()
    };
    let text = |text: &str| Some(Scalar::Text(text.to_owned()));
    assert_eq!(of("id"), Cell::One(text("e-1").unwrap()));
    assert_eq!(of("revision"), Cell::One(Scalar::Integer(2)));
    assert_eq!(of("residence"), Cell::None);
    assert_eq!(of("residence_known"), Cell::One(text("0180").unwrap()));
    assert_eq!(of("residence_source"), Cell::One(text("population").unwrap()));
    assert_eq!(of("start"), Cell::One(Scalar::Date(20_698)));
    assert_eq!(of("end"), Cell::None);
    assert_eq!(of("received"), Cell::One(Scalar::Instant(1_790_856_000_000_001)));
    assert_eq!(
        of("facts"),
        Cell::Many(vec![
            text("enrolment=home-care"),
            text("several=a"),
            text("several=b")
        ])
    );
    let dates = vec![Some(Scalar::Date(20_698)), Some(Scalar::Date(20_701))];
    assert_eq!(of("segments_start"), Cell::Many(dates));
    assert_eq!(
        of("segments_end"),
        Cell::Many(vec![Some(Scalar::Date(20_701)), None])
    );
    assert_eq!(of("segments_unit"), Cell::Many(vec![text("SE-2"), None]));
    assert_eq!(of("principals_responsible"), Cell::Many(vec![text("01")]));
    assert_eq!(
        of("principals_performing"),
        Cell::Many(vec![text("0180"), text("0184")])
    );
    assert_eq!(
        of("principals_basis"),
        Cell::Many(vec![text("performing:0180=contract")])
    );
    assert_eq!(of("segments_codes"), Cell::Many(vec![None, text("s|c;s|v|d")]));

    let parts = tables.last().unwrap();
    let rows = part_rows(parts, &line).unwrap();
    assert_eq!(rows.len(), 1);
    let of = |name: &str| {
        let at = parts.columns.iter().position(|column| column.name == name);
        rows[0][at.unwrap_or_else(|| panic!("{name}"))].clone()
    };
    assert_eq!(of("axis_place"), Cell::One(text("home").unwrap()));
    assert_eq!(
        of("other"),
        Cell::Many(vec![text("new-table=y"), text("new-axis=x")])
    );
    assert_eq!(of("held"), Cell::Many(vec![text("old-table")]));
    assert_eq!(of("segment"), Cell::One(Scalar::Integer(0)));

    let mut wrong = line.clone();
    wrong["record"]["start"] = json!("soon");
    assert!(
        record_row(table, &wrong).is_err(),
        "a date that is none is not left out"
    );
}

#[test]
fn manifest_and_catalogue_name_the_files_with_their_hashes() {
    let tables = tables(&release());
    let writer = TableWriter::new(Vec::new(), &tables[0], &[]).unwrap();
    let (_, facts) = writer.finish().unwrap();
    let manifest = Manifest {
        month: "2026-09".to_owned(),
        release: "2026.1".to_owned(),
        release_digest: "00".to_owned(),
        derivation: "as-reported".to_owned(),
        created: "2026-10-01T00:00:00Z".to_owned(),
        token: "c1,region-x=7".to_owned(),
        heads: Vec::new(),
        files: vec![(format!("{}.parquet", tables[0].name), facts.clone())],
    };
    let read: Value = serde_json::from_slice(&manifest.write()).unwrap();
    assert_eq!(read["position"], "c1,region-x=7");
    let hash = read["files"][0]["sha256"].as_str().unwrap().to_owned();
    assert_eq!(hash.len(), 64);
    let catalogue: Value =
        serde_json::from_slice(&dcat(&manifest, &tables, ("2026-09-01", "2026-09-30"))).unwrap();
    let distribution = &catalogue["dcat:distribution"][0];
    assert_eq!(
        distribution["spdx:checksum"]["spdx:checksumValue"]["@value"],
        hash.as_str()
    );
    assert_eq!(catalogue["dct:temporal"]["dcat:endDate"]["@value"], "2026-09-30");
}
