//! What waits under a derivation: an item of each record whose latest revision does, kept with the results and by the
//! same commit, so that a worklist is of one derivation. What an item is, is said in `vardnav_register::worklist`.

use std::collections::BTreeMap;

use vardnav_register::entry::row_key;
use vardnav_register::rederive::rows::Key;
use vardnav_register::worklist::{Item, Revision, held, row};
use vardnav_store::{StoreError, StreamId};

use super::Trouble;
use super::from_ledger::Anew;
use super::pass::Pass;
use crate::ledger::{self, Former};

/// Most revisions that are looked back through for the first that waits.
const REVISIONS_MAX: u32 = 1000;

/// Records that wait, or no longer do, by the key of the row.
type Waits = BTreeMap<Vec<u8>, Option<Item>>;

/// The key of a record's row under a derivation.
pub(super) fn key(stream: &StreamId, revision: &Revision) -> Vec<u8> {
    let reporter = stream.as_reporter().unwrap_or_default();
    Key::Held.with(&row::key(reporter, revision.kind, &revision.id))
}

impl Pass {
    /// A revision with what it waits for under the plan: nothing when it was erased.
    pub(super) fn revision(&self, former: &Former, anew: Option<&Anew>) -> Result<Revision, Trouble> {
        let waits = anew.map(|anew| {
            held(&anew.record, &anew.derived, |id| {
                let release = self.compiled.release(id, &self.view)?;
                Some(release.description.as_ref())
            })
        });
        let waits = waits.transpose().map_err(|error| Trouble::Release(error.0))?;
        let header = &former.entry.header;
        Ok(Revision {
            position: former.position,
            kind: header.kind,
            id: header.id.clone(),
            revision: header.revision,
            received: header.received,
            held: waits.flatten(),
        })
    }

    /// Takes in the next revision of a record, all before being taken in.
    pub(super) fn wait_of(
        &self,
        stream: &StreamId,
        revision: Revision,
        waits: &mut Waits,
    ) -> Result<(), Trouble> {
        // A first revision that does not wait leaves nothing, and there was nothing before it.
        if revision.held.is_none() && revision.revision == 1 {
            return Ok(());
        }
        let key = key(stream, &revision);
        let former = match waits.remove(&key) {
            Some(former) => former,
            None if revision.revision > 1 => self.item(&key)?,
            None => None,
        };
        waits.insert(key, Item::after(former.as_ref(), revision));
        Ok(())
    }

    /// The item of the latest revision of a record, whatever is kept of it: it waits since the first revision of the
    /// unbroken run of those that wait.
    pub(super) fn item_anew(
        &self,
        stream: &StreamId,
        former: &Former,
        revision: Revision,
    ) -> Result<(Vec<u8>, Option<Item>), Trouble> {
        let key = key(stream, &revision);
        if revision.held.is_none() {
            return Ok((key, None));
        }
        let mut since = revision.received;
        let mut replaced = former.entry.header.replaces;
        for _ in 0..REVISIONS_MAX {
            let Some(before) = self.entry_of(stream, &revision, replaced)? else {
                break;
            };
            let anew = self.anew(stream, vec![before.clone()])?;
            let anew = anew.into_iter().next().flatten();
            let earlier = self.revision(&before, anew.as_ref())?;
            if earlier.held.is_none() {
                break;
            }
            since = earlier.received;
            replaced = before.entry.header.replaces;
        }
        let item = Item::after(None, revision).map(|item| Item { since, ..item });
        Ok((key, item))
    }

    /// The entry of a revision of a record; none of revision 0.
    fn entry_of(&self, stream: &StreamId, of: &Revision, revision: u32) -> Result<Option<Former>, Trouble> {
        if revision == 0 {
            return Ok(None);
        }
        let store = self.store.as_ref();
        let keys = vec![row_key(of.kind, &of.id, revision)];
        let positions: Vec<u64> = self
            .wait(ledger::find(store, stream, keys))?
            .into_iter()
            .flatten()
            .collect();
        let found = self.wait(ledger::read(store, stream, positions))?;
        Ok(found.into_values().next())
    }

    fn item(&self, key: &[u8]) -> Result<Option<Item>, Trouble> {
        let projection = self.projection();
        let Some(bytes) = self.wait(self.store.row(&projection, key))? else {
            return Ok(None);
        };
        let damaged = |_| StoreError::Corrupt(format!("a row of {projection}"));
        Ok(Some(Item::decode(&bytes).map_err(damaged)?))
    }
}
