//! The bytes the index keeps in sled: manifest, blocks of packed entries, fences, stream states, frame lists.
//! Every value carries a checksum of its own and stays under the size at which sled leaves its pages.

use super::frame::LogId;
use super::overlay::{FullKey, StreamState, Tree};
use crate::codec::{Cut, len32, put_text, seal, unseal};
use crate::contract::{RowKey, StreamId};
use crate::tree::Frontier;

/// Stream number and key in the order runs are sorted by.
pub(crate) type KeyBytes = [u8; 20];

/// Entries in a full block: 28 bytes each.
pub(crate) const BLOCK_ENTRIES: usize = 176;
/// Bytes of one chunk of fences (20 bytes each) or filter lines (64 bytes each).
pub(crate) const CHUNK: usize = 4_800;
/// Frames in one list: 16 bytes each.
pub(crate) const LIST_FRAMES: usize = 300;

const FORMAT: u8 = 1;

pub(crate) fn key_bytes(stream: u32, key: &RowKey) -> KeyBytes {
    let mut bytes = [0; 20];
    let (number, rest) = bytes.split_at_mut(4);
    number.copy_from_slice(&stream.to_be_bytes());
    rest.copy_from_slice(key);
    bytes
}

pub(crate) fn full_key_bytes(key: &FullKey) -> KeyBytes {
    key_bytes(key.0, &key.1)
}

/// Which of a run's values.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    Block,
    Fences,
    Filter,
}

/// Where a run's value is kept.
pub(crate) fn run_key(run: u64, part: Part, number: u32) -> Vec<u8> {
    let part = match part {
        Part::Block => b'b',
        Part::Fences => b'f',
        Part::Filter => b'x',
    };
    [
        b"r".as_slice(),
        &run.to_be_bytes(),
        &[part],
        &number.to_be_bytes(),
    ]
    .concat()
}

/// What every value of a run begins with.
pub(crate) fn run_prefix(run: u64) -> Vec<u8> {
    [b"r".as_slice(), &run.to_be_bytes()].concat()
}

/// The run a key belongs to.
pub(crate) fn run_of(key: &[u8]) -> Option<u64> {
    let mut cut = Cut(key);
    (cut.array::<1>()? == *b"r").then_some(())?;
    cut.array().map(u64::from_be_bytes)
}

/// Where the list of frames that begins with position `first` is kept.
pub(crate) fn frames_key(stream: u32, first: u64) -> Vec<u8> {
    [b"p".as_slice(), &stream.to_be_bytes(), &first.to_be_bytes()].concat()
}

/// Where the state of a stream at a generation is kept.
pub(crate) fn state_key(stream: u32, generation: u64) -> Vec<u8> {
    [b"s".as_slice(), &stream.to_be_bytes(), &generation.to_be_bytes()].concat()
}

/// The generation in the key of a state.
pub(crate) fn state_generation(key: &[u8]) -> Option<u64> {
    let (_, generation) = key.split_last_chunk::<8>()?;
    Some(u64::from_be_bytes(*generation))
}

/// A sorted immutable run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RunRecord {
    pub(crate) id: u64,
    pub(crate) level: u8,
    pub(crate) entries: u64,
    pub(crate) blocks: u32,
    pub(crate) fences: u32,
    pub(crate) filters: u32,
}

/// What holds: written last, so that everything it names is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub(crate) log: LogId,
    pub(crate) generation: u64,
    /// The log up to here is indexed.
    pub(crate) log_end: u64,
    pub(crate) next_run: u64,
    /// Oldest first.
    pub(crate) runs: Vec<RunRecord>,
}

impl Manifest {
    /// Of a log of which nothing is indexed.
    pub(crate) fn empty(log: LogId) -> Self {
        Self {
            log,
            generation: 0,
            log_end: 0,
            next_run: 0,
            runs: Vec::new(),
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = vec![FORMAT];
        out.extend(self.log);
        out.extend(self.generation.to_le_bytes());
        out.extend(self.log_end.to_le_bytes());
        out.extend(self.next_run.to_le_bytes());
        for run in &self.runs {
            out.extend(run.id.to_le_bytes());
            out.push(run.level);
            out.extend(run.entries.to_le_bytes());
            out.extend(run.blocks.to_le_bytes());
            out.extend(run.fences.to_le_bytes());
            out.extend(run.filters.to_le_bytes());
        }
        seal(out)
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut cut = Cut(unseal(bytes)?);
        (cut.u8()? == FORMAT).then_some(())?;
        let mut manifest = Self {
            log: cut.array()?,
            generation: cut.u64()?,
            log_end: cut.u64()?,
            next_run: cut.u64()?,
            runs: Vec::new(),
        };
        while !cut.is_empty() {
            manifest.runs.push(RunRecord {
                id: cut.u64()?,
                level: cut.u8()?,
                entries: cut.u64()?,
                blocks: cut.u32()?,
                fences: cut.u32()?,
                filters: cut.u32()?,
            });
        }
        Some(manifest)
    }
}

/// Entries of a block, sorted by key.
pub(crate) fn encode_block(run: u64, entries: &[(KeyBytes, u64)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(12 + entries.len() * 28);
    out.extend(run.to_le_bytes());
    for (key, position) in entries {
        out.extend(key);
        out.extend(position.to_le_bytes());
    }
    seal(out)
}

/// The packed entries of a block that belongs to `run`.
pub(crate) fn decode_block(run: u64, bytes: &[u8]) -> Option<&[[u8; 28]]> {
    let mut cut = Cut(unseal(bytes)?);
    (cut.u64()? == run).then_some(())?;
    let (entries, rest) = cut.0.as_chunks::<28>();
    rest.is_empty().then_some(entries)
}

/// Key and position of a packed entry.
pub(crate) fn unpack(entry: &[u8; 28]) -> (KeyBytes, u64) {
    let mut key = [0; 20];
    let (front, position) = entry
        .split_last_chunk::<8>()
        .map_or((&[][..], 0), |(f, p)| (f, u64::from_le_bytes(*p)));
    for (to, from) in key.iter_mut().zip(front) {
        *to = *from;
    }
    (key, position)
}

/// First positions of frames with their offsets.
pub(crate) fn encode_frames(frames: &[(u64, u64)]) -> Vec<u8> {
    seal(
        frames
            .iter()
            .flat_map(|(first, offset)| [first.to_le_bytes(), offset.to_le_bytes()])
            .flatten()
            .collect(),
    )
}

pub(crate) fn decode_frames(bytes: &[u8]) -> Option<Vec<(u64, u64)>> {
    let mut cut = Cut(unseal(bytes)?);
    let mut frames = Vec::new();
    while !cut.is_empty() {
        frames.push((cut.u64()?, cut.u64()?));
    }
    Some(frames)
}

pub(crate) fn encode_state(state: &StreamState) -> Vec<u8> {
    let mut out = vec![FORMAT];
    out.extend(state.number.to_le_bytes());
    put_text(&mut out, state.id.as_str());
    match &state.tree {
        Tree::Whole(frontier) => {
            out.push(1);
            frontier.encode(&mut out);
        }
        Tree::Broken { size, root } => {
            out.push(2);
            out.extend(size.to_le_bytes());
            out.extend(root);
        }
    }
    seal(out)
}

pub(crate) fn decode_state(bytes: &[u8]) -> Option<StreamState> {
    let mut cut = Cut(unseal(bytes)?);
    (cut.u8()? == FORMAT).then_some(())?;
    let number = cut.u32()?;
    let id = StreamId::new(cut.text()?).ok()?;
    let tree = match cut.u8()? {
        1 => Tree::Whole(Frontier::decode(&mut cut)?),
        2 => Tree::Broken {
            size: cut.u64()?,
            root: cut.array()?,
        },
        _ => return None,
    };
    cut.is_empty().then_some(StreamState { number, id, tree })
}

/// The number a chunk or block has, from its place in a list.
pub(crate) fn number(place: usize) -> u32 {
    len32(place)
}
