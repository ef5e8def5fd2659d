//! How a chunk, a catalogue entry or a note lies in the database: cut into parts that describe
//! themselves.
//!
//! Every part carries its own checksums and says what it is a part of. So a damaged or missing
//! part is seen, and the parts can be found again in the bytes of a database that no longer opens.

mod name;

use meltemi_core::id::DocumentId;

pub(crate) use self::name::{Holds, Name};

/// Bytes of content in one part of a sled database.
///
/// sled gathers up to 32 values in one page before it splits it, and puts pages above 128 KiB in
/// blob files, which it never syncs. 32 parts stay below that.
pub(crate) const CONTENT: usize = 3 * 1024;

/// Bytes of content that one part can have at most.
pub(crate) const LONGEST: usize = u16::MAX as usize;

/// What every part begins with; the last byte is the version of this format.
pub(crate) const MAGIC: &[u8; 8] = b"MELTEMI\x01";

/// Bytes before the content.
pub(crate) const HEADER: usize = 8 + 16 + 1 + 32 + 2 + 2 + 4 + 8 + 8 + 4 + 2 + 4 + 4;

/// Which write of this storage a part belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Batch {
    /// Number of the write batch; each is greater than the one before.
    pub(crate) number: u64,
    /// The greatest number that was on the disk when this batch was begun.
    pub(crate) flushed: u64,
    /// Parts in the batch.
    pub(crate) parts: u32,
}

/// The description in front of a part's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// What it is a part of.
    pub(crate) name: Name,
    /// Which part, from 0.
    pub(crate) part: u16,
    /// Of how many.
    pub(crate) parts: u16,
    /// Length of the whole.
    pub(crate) total: u32,
    /// The write it came with.
    pub(crate) batch: Batch,
    /// Length of the content that follows.
    pub(crate) len: u16,
    checksum: u32,
}

/// More than fits in the greatest number of parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} bytes are more than a single chunk may have")]
pub struct TooLong(usize);

/// Number of parts that `len` bytes are cut into, with so many bytes of `content` in each.
pub(crate) fn count(len: usize, content: usize) -> Result<u16, TooLong> {
    u16::try_from(len.div_ceil(content).max(1)).map_err(|_| TooLong(len))
}

/// Cuts `bytes` into parts with so many bytes of `content`, at most [`LONGEST`], each ready to be
/// written under [`Name::key`].
pub(crate) fn cut(
    name: Name,
    batch: Batch,
    bytes: &[u8],
    content: usize,
) -> Result<impl Iterator<Item = (Vec<u8>, Vec<u8>)> + '_, TooLong> {
    let parts = count(bytes.len(), content)?;
    let total = u32::try_from(bytes.len()).map_err(|_| TooLong(bytes.len()))?;
    Ok((0..parts).map(move |part| {
        let from = usize::from(part) * content;
        let content = &bytes[from..bytes.len().min(from + content)];
        (
            name.key(part),
            encode(name, part, parts, total, batch, content),
        )
    }))
}

fn encode(name: Name, part: u16, parts: u16, total: u32, batch: Batch, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER + content.len());
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(name.document.as_bytes());
    out.push(name.holds.byte());
    out.extend_from_slice(&name.hash);
    out.extend_from_slice(&part.to_be_bytes());
    out.extend_from_slice(&parts.to_be_bytes());
    out.extend_from_slice(&total.to_be_bytes());
    out.extend_from_slice(&batch.number.to_be_bytes());
    out.extend_from_slice(&batch.flushed.to_be_bytes());
    out.extend_from_slice(&batch.parts.to_be_bytes());
    // A part holds at most LONGEST bytes, which fits.
    out.extend_from_slice(&(content.len() as u16).to_be_bytes());
    out.extend_from_slice(&crc32fast::hash(content).to_be_bytes());
    let checksum = crc32fast::hash(&out);
    out.extend_from_slice(&checksum.to_be_bytes());
    out.extend_from_slice(content);
    out
}

impl Header {
    /// Reads the description at the start of `bytes`, if its checksum holds.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (described, rest) = bytes.split_at_checked(HEADER - 4)?;
        if !described.starts_with(MAGIC)
            || rest.get(..4)? != crc32fast::hash(described).to_be_bytes()
        {
            return None;
        }
        let mut fields = Fields(&described[MAGIC.len()..]);
        let document = DocumentId::from_bytes(fields.take()?);
        let [holds] = fields.take()?;
        Some(Self {
            name: Name {
                document,
                holds: Holds::from_byte(holds)?,
                hash: fields.take()?,
            },
            part: u16::from_be_bytes(fields.take()?),
            parts: u16::from_be_bytes(fields.take()?),
            total: u32::from_be_bytes(fields.take()?),
            batch: Batch {
                number: u64::from_be_bytes(fields.take()?),
                flushed: u64::from_be_bytes(fields.take()?),
                parts: u32::from_be_bytes(fields.take()?),
            },
            len: u16::from_be_bytes(fields.take()?),
            checksum: u32::from_be_bytes(fields.take()?),
        })
    }

    /// The content that follows this description at the start of `bytes`, if its checksum holds.
    pub(crate) fn content<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let content = bytes.get(HEADER..HEADER + usize::from(self.len))?;
        (crc32fast::hash(content) == self.checksum).then_some(content)
    }
}

struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }
}

/// Puts the parts of one thing together again. They come in order.
#[derive(Debug, Default)]
pub(crate) struct Assembly {
    bytes: Vec<u8>,
    first: Option<Header>,
    next: u16,
    broken: bool,
}

impl Assembly {
    /// Adds the value of the next part.
    pub(crate) fn add(&mut self, name: &Name, value: &[u8]) {
        let read = Header::read(value).and_then(|h| Some((h, h.content(value)?)));
        let Some((header, content)) = read else {
            self.broken = true;
            return;
        };
        let first = *self.first.get_or_insert(header);
        let fits = header.name == *name
            && header.part == self.next
            && header.parts == first.parts
            && header.total == first.total
            && header.batch.number == first.batch.number;
        if fits {
            self.bytes.extend_from_slice(content);
            self.next = self.next.saturating_add(1);
        } else {
            self.broken = true;
        }
    }

    /// The whole, if nothing of it is damaged or missing.
    pub(crate) fn finish(self) -> Option<Vec<u8>> {
        let first = self.first?;
        let whole =
            !self.broken && self.next == first.parts && self.bytes.len() == first.total as usize;
        whole.then_some(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use meltemi_core::sync::storage::ChunkKey;

    use super::*;

    fn parts(bytes: &[u8]) -> (Name, Vec<Vec<u8>>) {
        let name = Name::chunk(DocumentId::from_bytes([3; 16]), ChunkKey::increment(bytes));
        let parts = cut(
            name,
            Batch {
                number: 9,
                flushed: 8,
                parts: 1,
            },
            bytes,
            CONTENT,
        )
        .expect("short");
        (name, parts.map(|(_, value)| value).collect())
    }

    fn assemble(name: &Name, parts: &[Vec<u8>]) -> Option<Vec<u8>> {
        let mut assembly = Assembly::default();
        parts.iter().for_each(|part| assembly.add(name, part));
        assembly.finish()
    }

    #[test]
    fn what_was_cut_comes_together_again() {
        for len in [0, 1, CONTENT - 1, CONTENT, CONTENT + 1, 10 * CONTENT] {
            let bytes: Vec<u8> = (0..len).map(|i| i as u8).collect();
            let (name, parts) = parts(&bytes);
            assert_eq!(
                parts.len(),
                usize::from(count(len, CONTENT).expect("short"))
            );
            assert_eq!(assemble(&name, &parts), Some(bytes));
        }
    }

    #[test]
    fn a_flipped_bit_or_a_missing_part_is_seen() {
        let (name, good) = parts(&vec![5; 2 * CONTENT + 7]);
        for part in 0..good.len() {
            let mut missing = good.clone();
            missing.remove(part);
            assert_eq!(assemble(&name, &missing), None);
            for at in (0..good[part].len()).step_by(97) {
                let mut flipped = good.clone();
                flipped[part][at] ^= 4;
                assert_eq!(assemble(&name, &flipped), None, "part {part}, byte {at}");
            }
        }
    }
}
