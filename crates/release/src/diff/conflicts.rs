//! What two releases made of the same third: where both changed the same, and what only the other changed.

use std::collections::BTreeMap;

use super::{Change, Kind, What};

/// The differences of two releases to a third, side by side.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conflicts {
    /// What both changed, not alike: our change and theirs.
    pub both: Vec<(Change, Change)>,
    /// What only they changed: it is lost unless it is taken over.
    pub theirs: Vec<Change>,
    /// What both changed alike.
    pub alike: Vec<Change>,
}

/// Sorts the differences that they made to a common base by what we made of the same. `ours` and `theirs` are
/// differences from the base.
pub fn conflicts(ours: &[Change], theirs: &[Change]) -> Conflicts {
    let mut of: BTreeMap<(Kind, &str), Vec<&Change>> = BTreeMap::new();
    for change in ours {
        of.entry((change.kind, change.id.as_str()))
            .or_default()
            .push(change);
    }
    let mut found = Conflicts::default();
    // Each release states its own id, title and date.
    for their in theirs.iter().filter(|change| change.kind != Kind::Release) {
        let own = of.get(&(their.kind, their.id.as_str()));
        let own = own.map_or(&[][..], Vec::as_slice);
        let touching: Vec<&&Change> = own.iter().filter(|our| touch(our, their)).collect();
        if touching.iter().any(|our| alike(our, their)) {
            found.alike.push(their.clone());
        } else if touching.is_empty() {
            found.theirs.push(their.clone());
        } else {
            let pair = |our: &&&Change| ((**our).clone(), their.clone());
            found.both.extend(touching.iter().map(pair));
        }
    }
    found
}

/// Whether two changes of one element are of the same: of the same aspect, or one of them of the element as a whole.
fn touch(our: &Change, their: &Change) -> bool {
    let whole = |change: &Change| matches!(change.what, What::Added | What::Removed);
    our.aspect == their.aspect || whole(our) || whole(their)
}

fn alike(our: &Change, their: &Change) -> bool {
    (our.what, our.aspect, &our.after) == (their.what, their.aspect, &their.after)
        && (our.what != What::Changed || our.before == their.before)
}
