//! What a simulated machine holds: files as they are and as they would be found after a power cut, names likewise,
//! and the faults that are to come.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use super::disk::SimulatedDisk;
use super::values::Values;
use crate::disk::Disk;

/// Bytes that a disk writes all or none of.
const SECTOR: u64 = 512;

/// A change to a file that is not durable yet.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Write(u64, Vec<u8>),
    Length(u64),
}

/// A file.
#[derive(Debug, Default, Clone)]
pub(super) struct Inode {
    /// As it is read.
    pub(super) now: Vec<u8>,
    /// As it is on the disk.
    pub(super) durable: Vec<u8>,
    pub(super) pending: Vec<Change>,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Node {
    File(u64),
    Folder,
}

/// A change of names that is not durable yet.
#[derive(Debug, Clone)]
pub(super) enum Naming {
    Set(PathBuf, Node),
    Unset(PathBuf),
    Move(PathBuf, PathBuf),
}

/// How an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The device fails.
    Device,
    /// There is no room.
    Full,
    /// Some bytes are written, then the device fails.
    Short,
    /// The power is cut just there: nothing is done any more until the machine starts again.
    Dead,
}

/// What an operation is about, and the operation: `log.write`.
type Point = (&'static str, &'static str);

/// A failure to come.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    /// Only at this point; at any when there is none.
    pub(crate) point: Option<String>,
    /// Calls that still go well.
    pub(crate) after: u32,
    /// Calls that fail then.
    pub(crate) times: u32,
    pub(crate) kind: Kind,
}

pub(super) struct State {
    pub(super) inodes: BTreeMap<u64, Inode>,
    pub(super) names: BTreeMap<PathBuf, Node>,
    durable_names: BTreeMap<PathBuf, Node>,
    /// By folder.
    pending_names: BTreeMap<PathBuf, Vec<Naming>>,
    next: u64,
    pub(super) chance: StdRng,
    faults: Vec<Fault>,
    /// Bytes that can still be written, when there is an end to it.
    pub(super) room: Option<u64>,
    values: BTreeMap<PathBuf, Arc<Values>>,
    /// Points met, and points that failed.
    met: BTreeSet<Point>,
    failed: BTreeSet<Point>,
    has_failed: bool,
    dead: bool,
    /// Operations so far: a seed that replays gives the same number.
    operations: u64,
    syncs: u64,
}

/// A simulated machine.
pub(crate) struct Machine {
    state: Arc<Mutex<State>>,
}

impl Machine {
    pub(crate) fn new(seed: u64) -> Self {
        let state = State {
            inodes: BTreeMap::new(),
            names: BTreeMap::from([(PathBuf::from("/"), Node::Folder)]),
            durable_names: BTreeMap::from([(PathBuf::from("/"), Node::Folder)]),
            pending_names: BTreeMap::new(),
            next: 0,
            chance: StdRng::seed_from_u64(seed),
            faults: Vec::new(),
            room: None,
            values: BTreeMap::new(),
            met: BTreeSet::new(),
            failed: BTreeSet::new(),
            has_failed: false,
            dead: false,
            operations: 0,
            syncs: 0,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn disk(&self) -> Arc<dyn Disk> {
        Arc::new(SimulatedDisk {
            state: Arc::clone(&self.state),
        })
    }

    /// Keyed values that lie under a path.
    pub(crate) fn values(&self, path: &Path) -> Arc<Values> {
        let mut state = self.state();
        let values = state.values.entry(path.to_owned()).or_default();
        Arc::clone(values)
    }

    /// Keyed values are moved away.
    pub(crate) fn forget_values(&self, path: &Path) -> io::Result<()> {
        let removed = self.state().values.remove(path);
        removed.map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Makes something more fail, or nothing any more.
    pub(crate) fn arm(&self, fault: Option<Fault>) {
        let mut state = self.state();
        for values in state.values.values() {
            values.fail(false);
        }
        match fault {
            Some(fault) => state.faults.push(fault),
            None => state.faults.clear(),
        }
    }

    /// Whether a failure is still to come.
    pub(crate) fn is_armed(&self) -> bool {
        let state = self.state();
        !state.faults.is_empty() || state.dead
    }

    /// Whether the power is cut.
    pub(crate) fn is_dead(&self) -> bool {
        self.state().dead
    }

    /// Leaves room for so many bytes, or no end of it.
    pub(crate) fn leave_room(&self, bytes: Option<u64>) {
        let mut state = self.state();
        for values in state.values.values() {
            values.fail(bytes.is_some());
        }
        state.room = bytes;
    }

    /// Whether there is an end to the room.
    pub(crate) fn room_is_short(&self) -> bool {
        self.state().room.is_some()
    }

    /// Whether anything failed since a fault was armed last.
    pub(crate) fn has_failed(&self) -> bool {
        self.state().has_failed
    }

    /// Points met and points that failed.
    pub(crate) fn points(&self) -> (BTreeSet<String>, BTreeSet<String>) {
        let state = self.state();
        let named = |points: &BTreeSet<Point>| {
            let names = points
                .iter()
                .map(|(subject, operation)| format!("{subject}.{operation}"));
            names.collect()
        };
        (named(&state.met), named(&state.failed))
    }

    /// Syncs of files and folders so far.
    pub(crate) fn synced(&self) -> u64 {
        self.state().syncs
    }

    pub(crate) fn operations(&self) -> u64 {
        self.state().operations
    }

    /// The power is cut: what was not synced is there, torn or gone.
    pub(crate) fn cut_power(&self) {
        let mut state = self.state();
        let state = &mut *state;
        for (_, namings) in std::mem::take(&mut state.pending_names) {
            let kept = state.chance.random_range(0..=namings.len());
            for naming in namings.iter().take(kept) {
                name(&mut state.durable_names, naming);
            }
        }
        let lost = |path: &PathBuf, names: &BTreeMap<PathBuf, Node>| {
            path.ancestors().skip(1).any(|above| !names.contains_key(above))
        };
        let all = state.durable_names.clone();
        state.durable_names.retain(|path, _| !lost(path, &all));
        state.names.clone_from(&state.durable_names);
        for inode in state.inodes.values_mut() {
            tear(inode, &mut state.chance);
        }
        for values in state.values.values() {
            values.cut_power(&mut state.chance);
        }
        state.faults.clear();
        state.room = None;
        state.dead = false;
    }
}

/// Leaves of what is pending whatever may have reached the disk.
fn tear(inode: &mut Inode, chance: &mut StdRng) {
    let share: f64 = [0.0, 0.5, 0.9, 1.0][chance.random_range(0..4)];
    for change in std::mem::take(&mut inode.pending) {
        match change {
            Change::Length(length) => {
                if chance.random_bool(share) {
                    inode.durable.resize(usize::try_from(length).unwrap(), 0);
                }
            }
            Change::Write(offset, bytes) => {
                let end = offset + bytes.len() as u64;
                // The length may be known of a file whose bytes never came.
                if chance.random_bool(0.2) && inode.durable.len() < end as usize {
                    inode.durable.resize(end as usize, 0);
                }
                let mut at = offset;
                while at < end {
                    let next = ((at / SECTOR + 1) * SECTOR).min(end);
                    if chance.random_bool(share) {
                        put(
                            &mut inode.durable,
                            at,
                            &bytes[(at - offset) as usize..(next - offset) as usize],
                        );
                    }
                    at = next;
                }
            }
        }
    }
    inode.now.clone_from(&inode.durable);
}

/// Writes into a file, which grows by zeros where needed.
pub(super) fn put(file: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    let offset = usize::try_from(offset).unwrap();
    let end = offset + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[offset..end].copy_from_slice(bytes);
}

fn name(names: &mut BTreeMap<PathBuf, Node>, naming: &Naming) {
    match naming {
        Naming::Set(path, node) => {
            names.insert(path.clone(), *node);
        }
        Naming::Unset(path) => {
            names.remove(path);
        }
        Naming::Move(from, to) => {
            if let Some(node) = names.remove(from) {
                names.insert(to.clone(), node);
            }
        }
    }
}

impl State {
    /// Counts an operation at a point and answers how it fails, if it does.
    pub(super) fn meet(&mut self, path: &Path, operation: &'static str) -> Result<(), Kind> {
        self.operations += 1;
        self.syncs += u64::from(matches!(operation, "sync" | "names"));
        if self.dead {
            return Err(Kind::Dead);
        }
        let point = (subject(path), operation);
        self.met.insert(point);
        let concerned = |fault: &Fault| {
            let parts = fault.point.as_ref().and_then(|wanted| wanted.split_once('.'));
            parts.is_none_or(|wanted| wanted == point)
        };
        let Some(place) = self.faults.iter().position(concerned) else {
            return Ok(());
        };
        let fault = &mut self.faults[place];
        if fault.after > 0 {
            fault.after -= 1;
            return Ok(());
        }
        let kind = fault.kind;
        self.dead = kind == Kind::Dead;
        fault.times -= 1;
        if fault.times == 0 {
            self.faults.remove(place);
        }
        self.failed.insert(point);
        self.has_failed = true;
        Err(kind)
    }

    /// A new file under a name.
    pub(super) fn create(&mut self, path: &Path) -> u64 {
        self.next += 1;
        self.inodes.insert(self.next, Inode::default());
        self.rename(Naming::Set(path.to_owned(), Node::File(self.next)), path);
        self.next
    }

    /// Changes names at once, and durably when the folder is synced.
    pub(super) fn rename(&mut self, naming: Naming, of: &Path) {
        name(&mut self.names, &naming);
        let folder = of.parent().unwrap().to_owned();
        self.pending_names.entry(folder).or_default().push(naming);
    }

    /// The names in a folder become durable.
    pub(super) fn settle_names(&mut self, folder: &Path) {
        for naming in self.pending_names.remove(folder).unwrap_or_default() {
            name(&mut self.durable_names, &naming);
        }
    }

    /// How many of so many bytes find room.
    pub(super) fn take_room(&mut self, bytes: usize) -> usize {
        match &mut self.room {
            None => bytes,
            Some(left) => {
                let taken = (*left).min(bytes as u64);
                *left -= taken;
                taken as usize
            }
        }
    }

    /// What was written to a file becomes durable.
    pub(super) fn settle(&mut self, inode: u64) {
        let inode = self.inodes.get_mut(&inode).unwrap();
        for change in std::mem::take(&mut inode.pending) {
            match change {
                Change::Write(offset, bytes) => put(&mut inode.durable, offset, &bytes),
                Change::Length(length) => inode.durable.resize(usize::try_from(length).unwrap(), 0),
            }
        }
    }

    /// A sync failed: what was to be written stays to be written, or is forgotten as if it had been.
    pub(super) fn unsettle(&mut self, inode: u64) {
        if self.chance.random_bool(0.5) {
            let mut torn = self.inodes[&inode].clone();
            tear(&mut torn, &mut self.chance);
            let inode = self.inodes.get_mut(&inode).unwrap();
            inode.durable = torn.durable;
            inode.pending.clear();
        }
    }

    pub(super) fn some_of(&mut self, range: RangeInclusive<usize>) -> usize {
        self.chance.random_range(range)
    }
}

/// What a path is about, as write points are named.
fn subject(path: &Path) -> &'static str {
    let path = path.to_str().unwrap();
    let below = path
        .strip_prefix("/store")
        .unwrap_or(path)
        .trim_start_matches('/');
    match below.split(['/', '.']).next().unwrap() {
        "log" => "log",
        "hashes" => "hashes",
        "blobs" => "blobs",
        "quarantine" => "quarantine",
        "store" => "id",
        "damage" => "note",
        "index" => "rebuild",
        "redaction" => "redaction",
        "projections" => "purge",
        "vault" => "vault",
        _ => "folder",
    }
}
