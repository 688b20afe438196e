//! How the leaf of a row follows from its bytes, where that is known: for whoever holds rows against their leaves.

use vardnav_register::entry::Entry;

use crate::contract::{Hash, StreamId};
use crate::tree::leaf;

/// Whether the bytes of a row have a leaf; of streams of which it is not known how leaves are made, any.
pub(crate) fn has_leaf(stream: &StreamId, bytes: &[u8], of: &Hash) -> bool {
    let plain = || leaf(bytes) == *of;
    if stream.as_reporter().is_some() {
        return Entry::decode(bytes).is_ok_and(|entry| entry.leaf() == *of) || plain();
    }
    (*stream != StreamId::authority() && *stream != StreamId::audit()) || plain()
}
