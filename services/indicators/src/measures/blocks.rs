//! Cells as they are stored: those of one measure, value, period and region in one block, packed. How a block lies in rows
//! follows from its cells alone, so that the same cells lie in the same rows however they came about. Nothing is read or
//! written here.

use std::collections::{BTreeMap, BTreeSet};

use vardnav_indicators::Residence;
use vardnav_indicators::engine::MeasureCell;
use vardnav_register::bytes::{Reader, Writer};
use vardnav_register::record::Sex;
use vardnav_store::Change;

use super::projected::Cells;
use super::rows::Key;

/// First byte of a row: the form of the rest.
const FORMAT: u8 = 1;
/// Bytes of cells that a row has room for; below what a row may have, so that the last cell fits.
const ROOM: usize = 6_000;
/// A block is parted in at most 2 to this many groups by residence.
const SPLITS_MAX: u8 = 6;
/// Bytes of a cell's key that all cells of a block have in common, before the region.
const COMMON: usize = 9;
/// Stands for an age that is not known.
const NO_AGE: u8 = u8::MAX;

/// A date as the engine's cells hold it.
type Day = jiff::civil::Date;

/// Names a block: what its cells have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Block {
    /// The first cell that may lie in it.
    first: MeasureCell,
}

/// A row that is not of its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Damaged;

impl Block {
    /// The block of a cell.
    pub(super) fn of(cell: &MeasureCell) -> Self {
        Self {
            first: MeasureCell {
                residence: Residence::from_number(u16::from(cell.residence.region().unwrap_or(0)) * 100),
                sex: None,
                age_from: None,
                is_undecided: false,
                from: None,
                until: None,
                ..*cell
            },
        }
    }

    /// The cells of the block.
    fn cells<'a>(&self, cells: &'a Cells) -> impl Iterator<Item = (&'a MeasureCell, &'a u64)> + use<'a> {
        let own = *self;
        cells
            .range(self.first..)
            .take_while(move |(cell, _)| Self::of(cell) == own)
    }

    /// What the keys of its rows begin with.
    fn key(&self) -> Vec<u8> {
        let bytes = self.first.to_bytes();
        let mut key = Key::Cell.with(bytes.get(..COMMON).unwrap_or_default());
        key.push(self.first.residence.region().unwrap_or(0));
        key
    }

    /// Its rows when it has these cells, in their order.
    fn rows(&self, cells: &[(MeasureCell, u64)]) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let key = self.key();
        let mut rows = BTreeMap::new();
        for splits in 0..=SPLITS_MAX {
            let group = |cell: &MeasureCell| cell.residence.number() & ((1 << splits) - 1);
            let mut pieces: BTreeMap<(u16, u16), Writer> = BTreeMap::new();
            let mut last: BTreeMap<u16, (u16, Option<Residence>)> = BTreeMap::new();
            for (cell, count) in cells {
                let group = group(cell);
                let (piece, residence) = last.entry(group).or_default();
                if pieces
                    .get(&(group, *piece))
                    .is_some_and(|open| open.as_slice().len() > ROOM)
                {
                    (*piece, *residence) = (piece.saturating_add(1), None);
                }
                let open = pieces.entry((group, *piece)).or_insert_with(|| {
                    let mut writer = Writer::new();
                    writer.u8(FORMAT);
                    writer
                });
                write(open, cell, *count, *residence == Some(cell.residence));
                *residence = Some(cell.residence);
            }
            if splits == SPLITS_MAX || pieces.keys().all(|(_, piece)| *piece == 0) {
                rows.extend(pieces.into_iter().map(|((group, piece), writer)| {
                    let [high, low] = piece.to_be_bytes();
                    let place = [splits, u8::try_from(group).unwrap_or(u8::MAX), high, low];
                    ([key.as_slice(), &place].concat(), writer.into_bytes())
                }));
                break;
            }
        }
        rows
    }
}

/// The changes of rows that lead from some cells to the same with other counts; 0 takes a cell away.
pub(super) fn changes(before: &Cells, counts: &[(MeasureCell, u64)]) -> Vec<Change> {
    let mut touched: BTreeMap<Block, BTreeMap<MeasureCell, u64>> = BTreeMap::new();
    for (cell, count) in counts {
        touched.entry(Block::of(cell)).or_default().insert(*cell, *count);
    }
    let mut changes = Vec::new();
    for (block, counts) in touched {
        let was: Vec<(MeasureCell, u64)> = block.cells(before).map(|(cell, count)| (*cell, *count)).collect();
        let mut is: Cells = was.iter().copied().collect();
        is.extend(counts);
        let is: Vec<(MeasureCell, u64)> = is.into_iter().filter(|(_, count)| *count > 0).collect();
        let (was, is) = (block.rows(&was), block.rows(&is));
        let keys: BTreeSet<&Vec<u8>> = was.keys().chain(is.keys()).collect();
        let changed = keys.into_iter().filter(|key| was.get(*key) != is.get(*key));
        changes.extend(changed.map(|key| Change {
            key: key.clone(),
            value: is.get(key).cloned(),
        }));
    }
    changes
}

/// The cells of a row, by the rest of its key and its value.
///
/// # Errors
/// When it is not of its form.
pub(super) fn read(rest: &[u8], value: &[u8]) -> Result<Vec<(MeasureCell, u64)>, Damaged> {
    let common = rest.get(..COMMON).ok_or(Damaged)?;
    let first = [common, &[0, 0, 0, NO_AGE, 0, 0, 0, 0, 0, 0, 0]].concat();
    let first = MeasureCell::from_bytes(&first).map_err(|_| Damaged)?;
    let mut reader = Reader::new(value);
    if reader.u8() != Ok(FORMAT) {
        return Err(Damaged);
    }
    let (mut cells, mut residence) = (Vec::new(), None);
    while reader.remaining() > 0 {
        let (cell, count) = read_cell(&mut reader, &first, residence)?;
        residence = Some(cell.residence);
        cells.push((cell, count));
    }
    Ok(cells)
}

/// Bits of what is said of a cell: its sex, whether it is undecided, from when and until when it holds, and whether it has
/// the residence of the one before.
const UNDECIDED: u8 = 1 << 2;
const FROM: u8 = 1 << 3;
const UNTIL: u8 = 1 << 4;
const SAME: u8 = 1 << 5;

fn write(writer: &mut Writer, cell: &MeasureCell, count: u64, is_same: bool) {
    let flag = |bit: u8, is_set: bool| if is_set { bit } else { 0 };
    writer.u8(cell.sex.map_or(0, |sex| sex as u8)
        | flag(UNDECIDED, cell.is_undecided)
        | flag(FROM, cell.from.is_some())
        | flag(UNTIL, cell.until.is_some())
        | flag(SAME, is_same));
    if !is_same {
        writer.u16(cell.residence.number());
    }
    writer.u8(cell.age_from.unwrap_or(NO_AGE));
    for date in [cell.from, cell.until].into_iter().flatten() {
        writer.date(date);
    }
    writer.varint(count);
}

fn read_cell(
    reader: &mut Reader<'_>,
    first: &MeasureCell,
    before: Option<Residence>,
) -> Result<(MeasureCell, u64), Damaged> {
    let wrong = |_| Damaged;
    let flags = reader.u8().map_err(wrong)?;
    let residence = match flags & SAME {
        0 => Residence::from_number(reader.u16().map_err(wrong)?),
        _ => before.ok_or(Damaged)?,
    };
    let age = reader.u8().map_err(wrong)?;
    let mut date = |bit: u8| -> Result<Option<Day>, Damaged> {
        match flags & bit {
            0 => Ok(None),
            _ => reader.date().map(Some).map_err(wrong),
        }
    };
    let (from, until) = (date(FROM)?, date(UNTIL)?);
    let cell = MeasureCell {
        residence,
        sex: match flags & 3 {
            0 => None,
            1 => Some(Sex::Female),
            2 => Some(Sex::Male),
            _ => return Err(Damaged),
        },
        age_from: (age != NO_AGE).then_some(age),
        is_undecided: flags & UNDECIDED != 0,
        from,
        until,
        ..*first
    };
    Ok((cell, reader.varint().map_err(wrong)?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;
    use vardnav_indicators::engine::{BrokenDown, Counted, Value};
    use vardnav_store::VALUE_LIMIT;

    use super::*;

    fn cell(measure: u16, month: i8, place: u16, age: Option<u8>, from: Option<i8>) -> MeasureCell {
        MeasureCell {
            counted: Counted::Measure(measure),
            value: measure.is_multiple_of(2).then_some(BrokenDown {
                breakdown: 1,
                value: Value::Of(3),
            }),
            year: 2026,
            month,
            residence: Residence::from_number(place),
            sex: age.is_some().then_some(Sex::Male),
            age_from: age,
            is_undecided: place.is_multiple_of(3),
            from: from.map(|day| date(2026, 1, day)),
            until: from.map(|day| date(2026, 2, day)),
        }
    }

    fn cells() -> impl Strategy<Value = Vec<(MeasureCell, u64)>> {
        let place = prop_oneof![Just(0_u16), Just(100), 101_u16..140, 2_500_u16..2_600];
        let age = proptest::option::of(0_u8..100);
        let one = (
            0_u16..3,
            0_i8..3,
            place,
            age,
            proptest::option::of(1_i8..28),
            0_u64..400,
        );
        let one = one.prop_map(|(measure, month, place, age, from, count)| {
            (cell(measure, month, place, age, from), count)
        });
        proptest::collection::vec(one, 0..2_000)
    }

    /// Applies changes to rows.
    fn apply(rows: &mut BTreeMap<Vec<u8>, Vec<u8>>, changes: Vec<Change>) {
        for change in changes {
            assert!(
                change
                    .value
                    .as_ref()
                    .is_none_or(|value| value.len() <= VALUE_LIMIT)
            );
            match change.value {
                Some(value) => drop(rows.insert(change.key, value)),
                None => assert!(
                    rows.remove(&change.key).is_some(),
                    "only what is there is removed"
                ),
            }
        }
    }

    fn merged(cells: &mut Cells, counts: &[(MeasureCell, u64)]) {
        for (cell, count) in counts {
            match count {
                0 => drop(cells.remove(cell)),
                count => drop(cells.insert(*cell, *count)),
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn rows_hold_their_cells_and_follow_from_them_alone(first in cells(), second in cells()) {
            let (mut held, mut rows) = (Cells::new(), BTreeMap::new());
            for counts in [&first, &second] {
                apply(&mut rows, changes(&held, counts));
                merged(&mut held, counts);
            }
            let mut read_back = Cells::new();
            for (key, value) in &rows {
                let rest = Key::Cell.rest(key).unwrap();
                read_back.extend(read(rest, value).unwrap());
            }
            prop_assert_eq!(&read_back, &held);
            let mut at_once = BTreeMap::new();
            let all: Vec<_> = held.iter().map(|(cell, count)| (*cell, *count)).collect();
            apply(&mut at_once, changes(&Cells::new(), &all));
            prop_assert_eq!(rows, at_once);
        }
    }

    #[test]
    fn a_block_that_grows_is_parted_and_comes_together_again() {
        let many: Vec<_> = (101..200)
            .flat_map(|place| (0..100).map(move |age| (cell(1, 5, place, Some(age), None), 1_000)))
            .collect();
        let mut rows = BTreeMap::new();
        apply(&mut rows, changes(&Cells::new(), &many));
        assert!(rows.len() > 4);
        let held: Cells = many.iter().copied().collect();
        let few: Vec<_> = many.iter().skip(3).map(|(cell, _)| (*cell, 0)).collect();
        apply(&mut rows, changes(&held, &few));
        assert_eq!(rows.len(), 1);
    }

    /// What is stored is read back for ever.
    #[test]
    fn stored_bytes_stay_as_they_are() {
        let counts = [
            (cell(2, 11, 180, Some(65), Some(2)), 300),
            (cell(2, 11, 180, Some(70), None), 1),
        ];
        let mut rows = BTreeMap::new();
        apply(&mut rows, changes(&Cells::new(), &counts));
        let key = [b"c".as_slice(), &[1, 0, 0, 2, 2, 3, 7, 0xea, 11, 1, 0, 0, 0, 0]].concat();
        let value = rows.get(&key).unwrap();
        assert_eq!(read(&key[1..], value).unwrap(), counts);
        assert_eq!(value.len(), 1 + (1 + 2 + 1 + 8 + 2) + (1 + 1 + 1));
        for cut in 2..value.len() {
            let read = read(&key[1..], &value[..cut]);
            assert!(read.is_err() || read.unwrap().len() < 2);
        }
        assert_eq!(read(&key[1..], &[2]), Err(Damaged));
    }
}
