//! National heads and anchors as messages.

use prost::bytes::Bytes;
use vardnav_register::hash::{array_from_hex, to_hex};
use vardnav_register::national::{Anchor, NationalHead, StreamHead, StreamHeads};
use vardnav_register::tree::MultiProof;

use crate::register::{bytes, hash};
use crate::status::ApiError;
use crate::vardnav::register::v1 as pb;

/// A national head as a message.
pub fn national_message(head: &NationalHead) -> pb::NationalHead {
    pb::NationalHead {
        number: head.number,
        time_micros: head.time,
        streams: head.streams,
        root: bytes(&head.root),
        history: bytes(&head.history),
        key_id: bytes(&array_from_hex::<8>(&head.key_id).unwrap_or_default()),
        signature: bytes(&head.signature),
    }
}

/// A national head from a message.
///
/// # Errors
/// When a hash or the signature has another length than it must have.
pub fn national(message: &pb::NationalHead) -> Result<NationalHead, ApiError> {
    let signature = message.signature.as_ref().try_into();
    Ok(NationalHead {
        number: message.number,
        time: message.time_micros,
        streams: message.streams,
        root: hash(&message.root, "root")?,
        history: hash(&message.history, "history")?,
        key_id: to_hex(&message.key_id),
        signature: signature.map_err(|_| ApiError::field("signature", "not 64 bytes"))?,
    })
}

/// Heads of streams as messages.
pub fn stream_messages(streams: &StreamHeads) -> Vec<pb::StreamHead> {
    let message = |(stream, head): (&String, &StreamHead)| stream_message(stream, head);
    streams.iter().map(message).collect()
}

/// The head of a stream as a message.
pub fn stream_message(stream: &str, head: &StreamHead) -> pb::StreamHead {
    pb::StreamHead {
        stream: stream.to_owned(),
        size: head.size,
        root: bytes(&head.root),
    }
}

/// The head of a stream from a message.
///
/// # Errors
/// When the root has another length than it must have.
pub fn stream_head(message: &pb::StreamHead) -> Result<StreamHead, ApiError> {
    Ok(StreamHead {
        size: message.size,
        root: hash(&message.root, "root")?,
    })
}

/// An anchor as a message.
pub fn anchor_message(anchor: &Anchor) -> pb::GetAnchorResponse {
    let hashes = |hashes: &[[u8; 32]]| hashes.iter().map(|hash| bytes(hash)).collect();
    pb::GetAnchorResponse {
        national: Some(national_message(&anchor.national)),
        under: Some(stream_message(&anchor.stream, &anchor.under)),
        place: anchor.place,
        inclusion: hashes(&anchor.inclusion.hashes),
        growth: hashes(&anchor.growth),
    }
}

/// An anchor from a message, for the head of `since` leaves that somebody holds.
///
/// # Errors
/// When something is missing or has another length than it must have.
pub fn anchor(message: &pb::GetAnchorResponse, since: u64) -> Result<Anchor, ApiError> {
    let missing = |field| ApiError::field(field, "missing");
    let hashes = |hashes: &[Bytes], field| {
        hashes
            .iter()
            .map(|bytes| hash(bytes, field))
            .collect::<Result<Vec<_>, _>>()
    };
    let under = message.under.as_ref().ok_or_else(|| missing("under"))?;
    Ok(Anchor {
        national: national(message.national.as_ref().ok_or_else(|| missing("national"))?)?,
        stream: under.stream.clone(),
        under: stream_head(under)?,
        place: message.place,
        inclusion: MultiProof {
            hashes: hashes(&message.inclusion, "inclusion")?,
        },
        since,
        growth: hashes(&message.growth, "growth")?,
    })
}
