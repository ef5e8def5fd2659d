//! The exchange: what two Meltemi peers tell each other about many documents in one frame.
//!
//! A map of what there is, so that empty parts cost nothing; deflated as a whole when that makes
//! it smaller, which it does for the changes of similar documents.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use minicbor::data::Type;
use minicbor::{Decoder, Encoder};

use crate::id::DocumentId;
use crate::wire::decode::{DecodeError, each_entry};
use crate::wire::frame::Reason;
use crate::wire::limits::{
    EXCHANGE_BYTES, EXCHANGE_DOCUMENTS, NAME_CHARS, PART_BYTES, SENTENCE_CHARS,
};

/// A change hash.
pub type Hash = [u8; 32];

/// Changes of fewer bytes are not worth deflating.
const DEFLATED_FROM: usize = 256;

/// Bytes for what stands around the documents of a piece: keys, lengths, the end of a list.
const AROUND: usize = 256;

/// What one frame says about documents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exchange {
    /// What is on the server's disk, flushed. This is the acknowledgement.
    pub heads: Vec<Stored>,
    /// The device knows everything of the server's catalogue up to this number.
    pub seq: Option<u64>,
    /// The answer to a hello ends here.
    pub listed: Option<Listed>,
    /// Changes for the other side, or its answer to a want, which may be empty.
    pub changes: Vec<Changes>,
    /// Documents the device wants and follows from now on, with the heads it has.
    pub want: Vec<(DocumentId, Vec<Hash>)>,
    /// Documents whose changes are not taken.
    pub refused: Vec<(DocumentId, Reason)>,
    /// Wanted documents that are not to be had.
    pub absent: Vec<DocumentId>,
    /// Documents the device has had and is to have no more.
    pub gone: Vec<DocumentId>,
}

/// A document on the server's disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Which one.
    pub document: DocumentId,
    /// Its heads, sorted. None: the server has nothing of it.
    pub heads: Vec<Hash>,
    /// About how many bytes it has.
    pub size: u64,
}

/// The end of a list of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// Digest of everything the device may see, see [`crate::sync::reconcile`].
    pub root: Hash,
    /// How many documents that is.
    pub count: u64,
}

/// Changes of one document: chunks as Automerge writes them, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// Of which document.
    pub document: DocumentId,
    /// The chunks.
    pub bytes: Vec<u8>,
}

impl Exchange {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The same in pieces, each small enough for one frame as far as a single document allows.
    ///
    /// What is acknowledged comes after the changes, the end of a list last.
    pub fn split(self) -> Vec<Self> {
        let mut pieces = Vec::new();
        let mut piece = Self::default();
        let mut size = 0;
        let mut room = |piece: &mut Self, bytes: usize| {
            if size > 0 && size + bytes > PART_BYTES - AROUND {
                pieces.push(std::mem::take(piece));
                size = 0;
            }
            size += bytes;
        };
        for (document, heads) in self.want {
            room(&mut piece, 24 + 32 * heads.len());
            piece.want.push((document, heads));
        }
        for changes in self.changes {
            room(&mut piece, 24 + changes.bytes.len());
            piece.changes.push(changes);
        }
        for refused in self.refused {
            room(
                &mut piece,
                48 + refused.1.code.len() + refused.1.message.len(),
            );
            piece.refused.push(refused);
        }
        for document in self.absent {
            room(&mut piece, 17);
            piece.absent.push(document);
        }
        for document in self.gone {
            room(&mut piece, 17);
            piece.gone.push(document);
        }
        for stored in self.heads {
            room(&mut piece, 32 + 32 * stored.heads.len());
            piece.heads.push(stored);
        }
        piece.seq = self.seq;
        piece.listed = self.listed;
        if !piece.is_empty() {
            pieces.push(piece);
        }
        pieces
    }

    /// The encoded body, and whether it is deflated.
    pub(crate) fn encode(&self) -> (Vec<u8>, bool) {
        let mut out = Encoder::new(Vec::new());
        self.write(&mut out)
            .expect("writing to a vector does not fail");
        let body = out.into_writer();
        let changes: usize = self.changes.iter().map(|c| c.bytes.len()).sum();
        if changes < DEFLATED_FROM {
            return (body, false);
        }
        let mut deflate = DeflateEncoder::new(Vec::new(), Compression::default());
        deflate
            .write_all(&body)
            .and_then(|()| deflate.finish())
            .ok()
            .filter(|deflated| deflated.len() < body.len())
            .map_or((body, false), |deflated| (deflated, true))
    }

    fn write(
        &self,
        out: &mut Encoder<Vec<u8>>,
    ) -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
        let present = [
            !self.heads.is_empty(),
            self.seq.is_some(),
            self.listed.is_some(),
            !self.changes.is_empty(),
            !self.want.is_empty(),
            !self.refused.is_empty(),
            !self.absent.is_empty(),
            !self.gone.is_empty(),
        ];
        out.map(present.iter().filter(|p| **p).count() as u64)?;
        if !self.want.is_empty() {
            out.str("want")?.array(self.want.len() as u64)?;
            for (document, heads) in &self.want {
                out.array(2)?.bytes(document.as_bytes())?;
                out.bytes(heads.as_flattened())?;
            }
        }
        if !self.changes.is_empty() {
            out.str("changes")?.array(self.changes.len() as u64)?;
            for changes in &self.changes {
                out.array(2)?.bytes(changes.document.as_bytes())?;
                out.bytes(&changes.bytes)?;
            }
        }
        if !self.refused.is_empty() {
            out.str("refused")?.array(self.refused.len() as u64)?;
            for (document, reason) in &self.refused {
                out.array(3)?.bytes(document.as_bytes())?;
                out.str(&reason.code)?.str(&reason.message)?;
            }
        }
        if !self.absent.is_empty() {
            out.str("absent")?.array(self.absent.len() as u64)?;
            for document in &self.absent {
                out.bytes(document.as_bytes())?;
            }
        }
        if !self.gone.is_empty() {
            out.str("gone")?.array(self.gone.len() as u64)?;
            for document in &self.gone {
                out.bytes(document.as_bytes())?;
            }
        }
        if !self.heads.is_empty() {
            out.str("heads")?.array(self.heads.len() as u64)?;
            for stored in &self.heads {
                out.array(3)?.bytes(stored.document.as_bytes())?;
                out.bytes(stored.heads.as_flattened())?.u64(stored.size)?;
            }
        }
        if let Some(seq) = self.seq {
            out.str("seq")?.u64(seq)?;
        }
        if let Some(listed) = &self.listed {
            out.str("listed")?.array(2)?;
            out.bytes(&listed.root)?.u64(listed.count)?;
        }
        Ok(())
    }

    /// Reads a body.
    pub(crate) fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        let mut input = Decoder::new(body);
        let mut exchange = Self::default();
        each_entry(&mut input, |key, input| exchange.read(key, input))?;
        if input.position() != body.len() {
            return Err(malformed("the end of the body"));
        }
        Ok(exchange)
    }

    /// Whether what stands under this key has been read.
    fn has(&self, key: &str) -> bool {
        match key {
            "heads" => !self.heads.is_empty(),
            "changes" => !self.changes.is_empty(),
            "want" => !self.want.is_empty(),
            "refused" => !self.refused.is_empty(),
            "absent" => !self.absent.is_empty(),
            "gone" => !self.gone.is_empty(),
            "seq" => self.seq.is_some(),
            "listed" => self.listed.is_some(),
            _ => false,
        }
    }

    fn read(&mut self, key: &str, input: &mut Decoder<'_>) -> Result<(), DecodeError> {
        if self.has(key) {
            return Err(malformed("each key once"));
        }
        match key {
            "heads" => each(input, |input| {
                fields(input, 3)?;
                let stored = Stored {
                    document: document(input)?,
                    heads: hashes(input)?,
                    size: input.u64()?,
                };
                self.heads.push(stored);
                Ok(())
            }),
            "changes" => each(input, |input| {
                fields(input, 2)?;
                let changes = Changes {
                    document: document(input)?,
                    bytes: input.bytes()?.to_vec(),
                };
                self.changes.push(changes);
                Ok(())
            }),
            "want" => each(input, |input| {
                fields(input, 2)?;
                self.want.push((document(input)?, hashes(input)?));
                Ok(())
            }),
            "refused" => each(input, |input| {
                fields(input, 3)?;
                let document = document(input)?;
                let code = input.str()?.chars().take(NAME_CHARS).collect();
                let message = input.str()?.chars().take(SENTENCE_CHARS).collect();
                self.refused.push((document, Reason { code, message }));
                Ok(())
            }),
            "absent" => each(input, |input| {
                self.absent.push(document(input)?);
                Ok(())
            }),
            "gone" => each(input, |input| {
                self.gone.push(document(input)?);
                Ok(())
            }),
            "seq" => {
                self.seq = Some(input.u64()?);
                Ok(())
            }
            "listed" => {
                fields(input, 2)?;
                let root = input.bytes()?.try_into().map_err(|_| malformed("a root"))?;
                let count = input.u64()?;
                self.listed = Some(Listed { root, count });
                Ok(())
            }
            _ => Ok(input.skip()?),
        }
    }
}

/// Inflates a body, up to the limit.
///
/// # Errors
/// If the bytes are not deflated, or have more content than is allowed.
pub(crate) fn inflate(deflated: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let mut body = Vec::new();
    DeflateDecoder::new(deflated)
        .take(EXCHANGE_BYTES as u64 + 1)
        .read_to_end(&mut body)
        .map_err(|_| malformed("deflated bytes"))?;
    if body.len() > EXCHANGE_BYTES {
        return Err(DecodeError::TooLarge);
    }
    Ok(body)
}

/// Calls `item` for every item of the list that follows; nothing is taken on the list's word.
fn each(
    input: &mut Decoder<'_>,
    mut item: impl FnMut(&mut Decoder<'_>) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    let mut left = input.array()?;
    for _ in 0..=EXCHANGE_DOCUMENTS {
        match &mut left {
            Some(0) => return Ok(()),
            Some(count) => *count -= 1,
            None if input.datatype()? == Type::Break => return Ok(input.skip()?),
            None => {}
        }
        item(input)?;
    }
    Err(DecodeError::TooLarge)
}

fn fields(input: &mut Decoder<'_>, count: u64) -> Result<(), DecodeError> {
    if input.array()? == Some(count) {
        return Ok(());
    }
    Err(malformed("the right number of fields"))
}

fn document(input: &mut Decoder<'_>) -> Result<DocumentId, DecodeError> {
    let bytes = input.bytes()?.try_into();
    bytes
        .map(DocumentId::from_bytes)
        .map_err(|_| malformed("a document id"))
}

fn hashes(input: &mut Decoder<'_>) -> Result<Vec<Hash>, DecodeError> {
    let (hashes, rest) = input.bytes()?.as_chunks();
    if rest.is_empty() {
        return Ok(hashes.to_vec());
    }
    Err(malformed("hashes of 32 bytes"))
}

fn malformed(expected: &str) -> DecodeError {
    DecodeError::Malformed(format!("expected {expected}"))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_body_that_says_something_twice_is_refused() {
        let exchange = Exchange {
            want: vec![(DocumentId::from_bytes([1; 16]), Vec::new())],
            ..Exchange::default()
        };
        let (body, _) = exchange.encode();
        assert_eq!(Exchange::decode(&body), Ok(exchange));
        // The map of one entry, with that entry twice.
        let twice = [&[0xa2], &body[1..], &body[1..]].concat();
        assert_eq!(Exchange::decode(&twice), Err(malformed("each key once")));
    }
}
