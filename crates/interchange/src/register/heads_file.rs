//! National heads and anchors as files. Both have exactly one text, as receipts do: whatever was changed in them does
//! not pass for what was given out. A file of heads is one line of JSON a head, in order from the first; an anchor file
//! is one line with an anchor for each receipt.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vardnav_register::hash::{Hash, array_from_hex, to_hex};
use vardnav_register::national::{Anchor, NationalHead, StreamHead, StreamHeads};
use vardnav_register::tree::MultiProof;

const HEAD_FORMAT: &str = "vardnav national head v1";
const ANCHOR_FORMAT: &str = "vardnav anchor v1";
const STREAMS_FORMAT: &str = "vardnav stream heads v1";

/// Why a file of heads or anchors was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeadsFileError {
    /// A line is not a national head in its one form.
    #[error("line {0} is not a national head as it was given out")]
    Head(usize),
    /// The file is not an anchor file in its one form.
    #[error("this is not an anchor file as it was given out")]
    Anchor,
    /// The file does not hold the heads of streams in their one form.
    #[error("this is not a file of heads of streams as it was written")]
    Streams,
}

/// The line of a national head, with its end.
pub fn write_head(head: &NationalHead) -> String {
    line(&HeadDto::of(head))
}

/// The heads of a file.
///
/// # Errors
/// [`HeadsFileError::Head`] for any line that [`write_head`] would not give.
pub fn read_heads(text: &[u8]) -> Result<Vec<NationalHead>, HeadsFileError> {
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    (1..)
        .zip(lines)
        .map(|(number, text)| {
            let head = serde_json::from_slice(text).ok().and_then(HeadDto::into_head);
            head.filter(|head| write_head(head).as_bytes() == text)
                .ok_or(HeadsFileError::Head(number))
        })
        .collect()
}

/// The text of an anchor file.
pub fn write_anchors(anchors: &[Anchor]) -> String {
    line(&AnchorsDto {
        format: ANCHOR_FORMAT.to_owned(),
        anchors: anchors.iter().map(AnchorDto::of).collect(),
    })
}

/// The anchors of a file.
///
/// # Errors
/// [`HeadsFileError::Anchor`] for any text that [`write_anchors`] would not give.
pub fn read_anchors(text: &[u8]) -> Result<Vec<Anchor>, HeadsFileError> {
    let dto: AnchorsDto = serde_json::from_slice(text).map_err(|_| HeadsFileError::Anchor)?;
    let anchors = dto.anchors.into_iter().map(AnchorDto::into_anchor);
    let anchors: Option<Vec<_>> = anchors.collect();
    anchors
        .filter(|anchors| dto.format == ANCHOR_FORMAT && write_anchors(anchors).as_bytes() == text)
        .ok_or(HeadsFileError::Anchor)
}

/// The text of a file of the heads of streams under a national head.
pub fn write_streams(number: u64, streams: &StreamHeads) -> String {
    line(&StreamsDto {
        format: STREAMS_FORMAT.to_owned(),
        number,
        streams: streams
            .iter()
            .map(|(name, head)| (name.clone(), (head.size, to_hex(&head.root))))
            .collect(),
    })
}

/// Number of the national head and heads of the streams of a file.
///
/// # Errors
/// [`HeadsFileError::Streams`] for any text that [`write_streams`] would not give.
pub fn read_streams(text: &[u8]) -> Result<(u64, StreamHeads), HeadsFileError> {
    let dto: StreamsDto = serde_json::from_slice(text).map_err(|_| HeadsFileError::Streams)?;
    let streams = dto.streams.into_iter().map(|(name, (size, root))| {
        let root = array_from_hex(&root)?;
        Some((name, StreamHead { size, root }))
    });
    let streams: Option<StreamHeads> = streams.collect();
    streams
        .filter(|streams| {
            dto.format == STREAMS_FORMAT && write_streams(dto.number, streams).as_bytes() == text
        })
        .map(|streams| (dto.number, streams))
        .ok_or(HeadsFileError::Streams)
}

fn line(dto: &impl Serialize) -> String {
    // Serialising texts, whole numbers and lists of them cannot fail.
    let mut text = serde_json::to_string(dto).unwrap_or_default();
    text.push('\n');
    text
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadDto {
    format: String,
    number: u64,
    time: i64,
    streams: u64,
    root: String,
    history: String,
    key_id: String,
    signature: String,
}

impl HeadDto {
    fn of(head: &NationalHead) -> Self {
        Self {
            format: HEAD_FORMAT.to_owned(),
            number: head.number,
            time: head.time,
            streams: head.streams,
            root: to_hex(&head.root),
            history: to_hex(&head.history),
            key_id: head.key_id.clone(),
            signature: to_hex(&head.signature),
        }
    }

    fn into_head(self) -> Option<NationalHead> {
        (self.format == HEAD_FORMAT).then_some(())?;
        Some(NationalHead {
            number: self.number,
            time: self.time,
            streams: self.streams,
            root: array_from_hex(&self.root)?,
            history: array_from_hex(&self.history)?,
            key_id: self.key_id,
            signature: array_from_hex(&self.signature)?,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnchorsDto {
    format: String,
    anchors: Vec<AnchorDto>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnchorDto {
    national: HeadDto,
    stream: String,
    size: u64,
    root: String,
    place: u64,
    inclusion: Vec<String>,
    since: u64,
    growth: Vec<String>,
}

impl AnchorDto {
    fn of(anchor: &Anchor) -> Self {
        Self {
            national: HeadDto::of(&anchor.national),
            stream: anchor.stream.clone(),
            size: anchor.under.size,
            root: to_hex(&anchor.under.root),
            place: anchor.place,
            inclusion: texts(&anchor.inclusion.hashes),
            since: anchor.since,
            growth: texts(&anchor.growth),
        }
    }

    fn into_anchor(self) -> Option<Anchor> {
        Some(Anchor {
            national: self.national.into_head()?,
            stream: self.stream,
            under: StreamHead {
                size: self.size,
                root: array_from_hex(&self.root)?,
            },
            place: self.place,
            inclusion: MultiProof {
                hashes: hashes(&self.inclusion)?,
            },
            since: self.since,
            growth: hashes(&self.growth)?,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StreamsDto {
    format: String,
    number: u64,
    streams: BTreeMap<String, (u64, String)>,
}

fn texts(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(|hash| to_hex(hash)).collect()
}

fn hashes(texts: &[String]) -> Option<Vec<Hash>> {
    texts.iter().map(|text| array_from_hex(text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> NationalHead {
        NationalHead {
            number: 3,
            time: -1,
            streams: 2,
            root: [1; 32],
            history: [2; 32],
            key_id: "0123456789abcdef".to_owned(),
            signature: [3; 64],
        }
    }

    fn every_change_is_refused(text: &str, is_read: impl Fn(&[u8]) -> bool) {
        for at in 0..text.len() {
            let mut bent = text.as_bytes().to_vec();
            bent[at] ^= 0x20;
            // A changed letter of a name is another name, and never what was given out: the proof tells.
            if is_read(&bent) {
                assert!(bent[at].is_ascii_alphanumeric(), "{at}: {text}");
            }
        }
        let spaced = text.replacen(':', ": ", 1);
        assert!(!is_read(spaced.as_bytes()));
    }

    #[test]
    fn heads_anchors_and_streams_have_one_text() {
        let text = write_head(&head());
        assert_eq!(read_heads(text.as_bytes()), Ok(vec![head()]));
        let two = text.clone() + &text;
        assert_eq!(read_heads(two.as_bytes()), Ok(vec![head(), head()]));
        let torn = two.strip_suffix('\n').unwrap();
        assert_eq!(read_heads(torn.as_bytes()), Err(HeadsFileError::Head(2)));
        every_change_is_refused(&text, |text| read_heads(text).is_ok());
        let anchor = Anchor {
            national: head(),
            stream: "reporter/r".to_owned(),
            under: StreamHead {
                size: 9,
                root: [4; 32],
            },
            place: 1,
            inclusion: MultiProof {
                hashes: vec![[5; 32]],
            },
            since: 7,
            growth: vec![[6; 32], [7; 32]],
        };
        let text = write_anchors(std::slice::from_ref(&anchor));
        assert_eq!(read_anchors(text.as_bytes()), Ok(vec![anchor.clone()]));
        every_change_is_refused(&text, |text| read_anchors(text).is_ok());
        let streams = StreamHeads::from([(anchor.stream, anchor.under)]);
        let text = write_streams(4, &streams);
        assert_eq!(read_streams(text.as_bytes()), Ok((4, streams)));
        every_change_is_refused(&text, |text| read_streams(text).is_ok());
    }
}
