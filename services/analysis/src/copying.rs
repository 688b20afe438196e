//! Rows in PostgreSQL's binary form of COPY: values as they are, so that no value is ever read as SQL. Knows types and
//! bytes only.

use bytes::{BufMut as _, Bytes, BytesMut};
use vardnav_interchange::export::{Cell, Column, Kind, Scalar};

/// Bytes that go to the database together.
const CHUNK: usize = 256 << 10;
/// Days from 1970-01-01, which cells count from, to 2000-01-01, which the database does.
const EPOCH_DAYS: i32 = 10_957;
/// The same in microseconds.
const EPOCH_MICROS: i64 = EPOCH_DAYS as i64 * 86_400_000_000;
const BEGINNING: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const END: i16 = -1;
const NULL: i32 = -1;

/// Rows of a table, gathered to be copied into it.
#[derive(Debug)]
pub(crate) struct Copying {
    columns: i16,
    buffer: BytesMut,
    chunks: Vec<Bytes>,
    rows: u64,
}

impl Copying {
    /// Nothing yet, for a table with so many columns.
    pub(crate) fn new(columns: usize) -> Self {
        Self {
            columns: i16::try_from(columns).unwrap_or(i16::MAX),
            buffer: BytesMut::new(),
            chunks: Vec::new(),
            rows: 0,
        }
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Begins a row; its values follow, one for each column.
    pub(crate) fn begin(&mut self) {
        if self.buffer.len() >= CHUNK {
            self.chunks.push(self.buffer.split().freeze());
        }
        self.buffer.put_i16(self.columns);
        self.rows += 1;
    }

    /// A date, in days since 1970-01-01.
    pub(crate) fn date(&mut self, days: i32) {
        self.buffer.put_i32(4);
        self.buffer.put_i32(days.saturating_sub(EPOCH_DAYS));
    }

    /// A key of 16 bytes (`uuid`).
    pub(crate) fn key(&mut self, key: [u8; 16]) {
        self.buffer.put_i32(16);
        self.buffer.put_slice(&key);
    }

    /// A small number (`integer`).
    pub(crate) fn small(&mut self, number: i32) {
        self.buffer.put_i32(4);
        self.buffer.put_i32(number);
    }

    /// The cell of a column.
    pub(crate) fn cell(&mut self, column: &Column, cell: &Cell) {
        match cell {
            Cell::None => self.buffer.put_i32(NULL),
            Cell::One(scalar) => self.scalar(scalar),
            Cell::Many(elements) => self.list(column.kind, elements),
        }
    }

    fn scalar(&mut self, scalar: &Scalar) {
        match scalar {
            Scalar::Text(text) => self.text(text),
            Scalar::Date(days) => self.date(*days),
            Scalar::Boolean(flag) => {
                self.buffer.put_i32(1);
                self.buffer.put_u8(u8::from(*flag));
            }
            Scalar::Integer(number) => {
                self.buffer.put_i32(8);
                self.buffer.put_i64(*number);
            }
            Scalar::Instant(micros) => {
                self.buffer.put_i32(8);
                self.buffer.put_i64(micros.saturating_sub(EPOCH_MICROS));
            }
        }
    }

    /// A text; a zero byte, which the database's texts cannot hold, is told by the letter for what cannot be shown.
    fn text(&mut self, text: &str) {
        match text.contains('\0') {
            true => self.bytes(text.replace('\0', "\u{fffd}").as_bytes()),
            false => self.bytes(text.as_bytes()),
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.buffer.put_i32(length(bytes.len()));
        self.buffer.put_slice(bytes);
    }

    fn list(&mut self, kind: Kind, elements: &[Option<Scalar>]) {
        let at = self.buffer.len();
        self.buffer.put_i32(0);
        self.buffer.put_i32(i32::from(!elements.is_empty()));
        self.buffer
            .put_i32(i32::from(elements.iter().any(Option::is_none)));
        self.buffer.put_u32(element(kind));
        if !elements.is_empty() {
            self.buffer.put_i32(length(elements.len()));
            self.buffer.put_i32(1);
        }
        for element in elements {
            match element {
                None => self.buffer.put_i32(NULL),
                Some(scalar) => self.scalar(scalar),
            }
        }
        let bytes = length(self.buffer.len() - at - 4).to_be_bytes();
        if let Some(place) = self.buffer.get_mut(at..at + 4) {
            place.copy_from_slice(&bytes);
        }
    }

    /// What is sent, in order: beginning, rows, end.
    pub(crate) fn chunks(&self) -> impl Iterator<Item = Bytes> {
        let end = Bytes::copy_from_slice(&END.to_be_bytes());
        let rest = Bytes::copy_from_slice(&self.buffer);
        let rows = self.chunks.iter().cloned().chain([rest, end]);
        [Bytes::from_static(BEGINNING)].into_iter().chain(rows)
    }

    /// Adds the rows of another, of the same table.
    pub(crate) fn extend(&mut self, other: Self) {
        self.chunks.push(self.buffer.split().freeze());
        self.chunks.extend(other.chunks);
        self.chunks.push(other.buffer.freeze());
        self.rows += other.rows;
    }
}

/// A length as the database takes it; whatever is read from the ledger is far shorter.
fn length(length: usize) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}

/// The database's number for the type of a list's elements.
fn element(kind: Kind) -> u32 {
    match kind {
        Kind::Text => 25,
        Kind::Date => 1082,
        Kind::Boolean => 16,
        Kind::Integer => 20,
        Kind::Instant => 1184,
    }
}

#[cfg(test)]
mod tests {
    use futures_util::SinkExt as _;
    use vardnav_classification::model::Label;
    use vardnav_interchange::export::Place;
    use vardnav_store::postgres::private::{Private, QUICK};

    use super::*;

    fn column(kind: Kind, list: bool) -> Column {
        Column {
            name: "x".to_owned(),
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

    #[tokio::test]
    async fn the_database_reads_values_as_they_are_and_none_as_sql() {
        let Some(private) = Private::start(QUICK).unwrap() else {
            return;
        };
        let client = crate::connection::connect(&private.url("postgres"))
            .await
            .unwrap();
        let hostile = "x'); DROP TABLE t; --\\.\n\t\"{NULL,}\0";
        let text = |text: &str| Scalar::Text(text.to_owned());
        client
            .batch_execute(
                "CREATE TABLE t (key uuid, day date, small integer, text text, flag boolean, number bigint, \
                 at timestamptz, texts text[], days date[], flags boolean[], numbers bigint[], ats timestamptz[])",
            )
            .await
            .unwrap();
        let one = [
            (Kind::Text, text(hostile)),
            (Kind::Boolean, Scalar::Boolean(true)),
            (Kind::Integer, Scalar::Integer(-7)),
            (Kind::Instant, Scalar::Instant(1_500_000)),
        ];
        let many = [
            (Kind::Text, vec![Some(text(hostile)), None, Some(text(""))]),
            (
                Kind::Date,
                vec![Some(Scalar::Date(0)), Some(Scalar::Date(-1)), None],
            ),
            (Kind::Boolean, Vec::new()),
            (Kind::Integer, vec![Some(Scalar::Integer(i64::MAX))]),
            (Kind::Instant, vec![Some(Scalar::Instant(0))]),
        ];
        let mut rows = Copying::new(12);
        for full in [true, false] {
            rows.begin();
            rows.key([0xab; 16]);
            rows.date(20_454);
            rows.small(3);
            for (kind, scalar) in &one {
                let cell = if full {
                    Cell::One(scalar.clone())
                } else {
                    Cell::None
                };
                rows.cell(&column(*kind, false), &cell);
            }
            for (kind, list) in &many {
                let cell = if full {
                    Cell::Many(list.clone())
                } else {
                    Cell::None
                };
                rows.cell(&column(*kind, true), &cell);
            }
        }
        let mut more = Copying::new(12);
        more.extend(rows);
        let sink = client.copy_in("COPY t FROM STDIN (FORMAT binary)").await.unwrap();
        let mut sink = std::pin::pin!(sink);
        for chunk in more.chunks() {
            sink.feed(chunk).await.unwrap();
        }
        assert_eq!(sink.finish().await.unwrap(), more.rows());
        let told = client
            .query(
                "SELECT key::text, day::text, small::text, text, flag::text, number::text, at::text, texts::text, \
                 days::text, flags::text, numbers::text, ats::text FROM t ORDER BY text NULLS LAST",
                &[],
            )
            .await
            .unwrap();
        let told: Vec<Vec<Option<String>>> = told
            .iter()
            .map(|row| (0..12).map(|at| row.get(at)).collect())
            .collect();
        let shown = hostile.replace('\0', "\u{fffd}");
        let quoted = shown.replace('\\', "\\\\").replace('"', "\\\"");
        let texts = format!("{{\"{quoted}\",NULL,\"\"}}");
        let wanted = [
            "abababab-abab-abab-abab-abababababab",
            "2026-01-01",
            "3",
            &shown,
            "true",
            "-7",
            "1970-01-01 00:00:01.5+00",
            &texts,
            "{1970-01-01,1969-12-31,NULL}",
            "{}",
            "{9223372036854775807}",
            "{\"1970-01-01 00:00:00+00\"}",
        ];
        let wanted: Vec<Option<String>> = wanted.iter().map(|text| Some((*text).to_owned())).collect();
        assert_eq!(told[0], wanted);
        assert!(told[1][3..].iter().all(Option::is_none));
    }
}
