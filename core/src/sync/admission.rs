//! What a sync message must pass before it touches a document.
//!
//! The checks here need no document. Access is asked before, and whether the
//! result may be kept is asked after applying, both by [`super::repo::Repo`].

use automerge::sync::{Message, ReadMessageError};

use crate::sync::policy::Refusal;
use crate::wire::limits::{BLOOM_BITS_PER_ENTRY, BLOOM_ENTRIES, BLOOM_PROBES};

/// Reads a sync message and checks that answering it cannot cost more than its size.
///
/// # Errors
/// A [`Refusal`] with code `bad-message` when the bytes are no sync message, or `bad-filter` when
/// its Bloom filter has parameters that no Automerge writes: zero entries of bits would divide by
/// zero, a billion probes would compute for minutes.
pub(crate) fn read_message(data: &[u8]) -> Result<Message, Refusal> {
    let message = Message::decode(data).map_err(|error: ReadMessageError| Refusal {
        code: "bad-message",
        message: format!("the sync message cannot be read: {error}"),
    })?;
    for have in &message.have {
        if !sane_filter(&have.bloom.to_bytes()) {
            return Err(Refusal {
                code: "bad-filter",
                message: "the sync message has a filter that no Automerge writes".to_owned(),
            });
        }
    }
    Ok(message)
}

/// Whether an encoded filter is empty, or has the parameters of Automerge and as many bits as it
/// says.
fn sane_filter(bytes: &[u8]) -> bool {
    if bytes.is_empty() {
        return true;
    }
    let mut rest = bytes;
    let (Some(entries), Some(bits), Some(probes)) =
        (leb128(&mut rest), leb128(&mut rest), leb128(&mut rest))
    else {
        return false;
    };
    entries <= BLOOM_ENTRIES
        && bits == BLOOM_BITS_PER_ENTRY
        && probes == BLOOM_PROBES
        && rest.len() as u64 == (entries * bits).div_ceil(8)
}

/// Takes an unsigned LEB128 number off the front.
fn leb128(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..63).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Placeholder of the merge with the admission branch.
pub(crate) fn scan_chunks(_bytes: &[u8]) -> Result<(), Refusal> {
    Ok(())
}
