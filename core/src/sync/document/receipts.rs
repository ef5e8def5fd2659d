//! Who sent which changes of a document, and when they came in: kept by a server that has accounts,
//! in chunks beside the document.
//!
//! What a change says of its author and its time is its author's word; this is the server's.

use std::collections::{BTreeMap, BTreeSet};

use automerge::{ActorId, ChangeHash, ChangeMetadata};
use minicbor::decode::Error;
use minicbor::{Decoder, Encoder};

use super::Document;
use crate::order;
use crate::sync::policy::Principal;
use crate::sync::storage::{ChunkKey, ChunkKind, StoredChunk};
use crate::time::Timestamp;

/// Milliseconds within which changes of one sender are noted as one when receipts are gathered.
const TOGETHER: u64 = 60_000;

/// That changes came in.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Receipt {
    /// When, by the clock of the server.
    received: Timestamp,
    /// Who sent them.
    sender: Principal,
    /// Which.
    spans: Vec<Span>,
}

/// Changes of one actor that follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Span {
    /// Whose changes.
    actor: ActorId,
    /// Number of the first.
    from: u64,
    /// Number of the last.
    to: u64,
}

impl Document {
    /// What is known of changes that are not in it.
    pub(in crate::sync) fn before(&self) -> Before {
        Before {
            owners: self.receipts.owners.clone(),
            missing: self.missing.clone(),
            waiting: self.orphans_of.keys().copied().collect(),
        }
    }

    /// Notes who sent what came since `before`: the principal, or whoever sent before what had to
    /// wait until now for changes that it builds on.
    pub(in crate::sync) fn note_receipt(
        &mut self,
        now: Timestamp,
        principal: &Principal,
        before: &[ChangeHash],
    ) {
        for orphan in &self.orphans {
            let sender = self.orphans_of.entry(orphan.hash);
            sender.or_insert_with(|| principal.clone());
        }
        let changes = self.doc.get_changes_meta(before);
        let (mut own, mut others) = (Vec::new(), BTreeMap::<Principal, Vec<_>>::new());
        for change in &changes {
            match self.orphans_of.remove(&change.hash) {
                Some(sender) => others.entry(sender).or_default().push(change),
                None => own.push(change),
            }
        }
        self.receipts.note(now, principal, own.into_iter());
        for (sender, changes) in others {
            self.receipts.note(now, &sender, changes.into_iter());
        }
    }
}

/// What a document knows of changes that are not in it.
pub(in crate::sync) struct Before {
    /// Who was the first to send changes of each actor.
    pub(in crate::sync) owners: BTreeMap<ActorId, Principal>,
    /// Changes that the catalogue lists and that the disk has lost.
    pub(in crate::sync) missing: Vec<ChangeHash>,
    /// Changes that wait for others, and were looked at when they came.
    pub(in crate::sync) waiting: BTreeSet<ChangeHash>,
}

/// Those of the changes, told with what they build on, that are or are behind `missing`: they were
/// taken once, and anybody may bring them back.
pub(in crate::sync) fn vouched<'c>(
    missing: &[ChangeHash],
    changes: impl Iterator<Item = (ChangeHash, &'c [ChangeHash])>,
) -> BTreeSet<ChangeHash> {
    if missing.is_empty() {
        return BTreeSet::new();
    }
    let deps = order::map(changes);
    let mut vouched = BTreeSet::new();
    let mut open = missing.to_vec();
    while let Some(hash) = open.pop() {
        if let Some(deps) = deps.get(&hash)
            && vouched.insert(hash)
        {
            open.extend(*deps);
        }
    }
    vouched
}

/// The receipts of a document.
#[derive(Debug, Default)]
pub(in crate::sync) struct Receipts {
    /// In the order in which the changes came.
    all: Vec<Receipt>,
    /// How many of them are on the disk.
    on_disk: usize,
    /// Who was the first to send a change of each actor.
    owners: BTreeMap<ActorId, Principal>,
}

impl Receipts {
    /// Who sent a change, given by its actor and its number, and when it came.
    pub(in crate::sync) fn of(&self, actor: &ActorId, seq: u64) -> Option<(&Principal, Timestamp)> {
        let covers = |span: &Span| span.actor == *actor && (span.from..=span.to).contains(&seq);
        let mut all = self.all.iter();
        let receipt = all.find(|receipt| receipt.spans.iter().any(covers))?;
        Some((&receipt.sender, receipt.received))
    }

    /// Who was the first to send a change of this actor.
    pub(in crate::sync) fn owner(&self, actor: &ActorId) -> Option<&Principal> {
        self.owners.get(actor)
    }

    fn own(&mut self, from: usize) {
        for receipt in self.all.iter().skip(from) {
            for span in &receipt.spans {
                if !self.owners.contains_key(&span.actor) {
                    let sender = receipt.sender.clone();
                    self.owners.insert(span.actor.clone(), sender);
                }
            }
        }
    }

    /// Notes that these changes came.
    pub(in crate::sync) fn note<'c>(
        &mut self,
        received: Timestamp,
        sender: &Principal,
        changes: impl Iterator<Item = &'c ChangeMetadata<'c>>,
    ) {
        let mut numbers: BTreeMap<&ActorId, Vec<u64>> = BTreeMap::new();
        for change in changes {
            numbers.entry(&change.actor).or_default().push(change.seq);
        }
        let mut spans: Vec<Span> = Vec::new();
        for (actor, mut seqs) in numbers {
            seqs.sort_unstable();
            for seq in seqs {
                match spans.last_mut() {
                    Some(span) if span.actor == *actor && span.to + 1 == seq => span.to = seq,
                    _ => spans.push(Span {
                        actor: actor.clone(),
                        from: seq,
                        to: seq,
                    }),
                }
            }
        }
        if !spans.is_empty() {
            self.all.push(Receipt {
                received,
                sender: sender.clone(),
                spans,
            });
            self.own(self.all.len() - 1);
        }
    }

    /// A chunk with those that are not on the disk.
    pub(super) fn new_chunk(&self) -> Option<StoredChunk> {
        chunk(self.all.get(self.on_disk..)?)
    }

    /// A chunk with all of them, what came soon after each other gathered.
    pub(super) fn whole_chunk(&self) -> Option<StoredChunk> {
        chunk(&gathered(&self.all))
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// Notes that the first `count` are on the disk.
    pub(super) fn written(&mut self, count: usize) {
        self.on_disk = self.on_disk.max(count);
    }

    /// Takes a chunk from the disk. Returns whether it could be read.
    pub(super) fn take(&mut self, bytes: &[u8]) -> bool {
        let Ok(read) = read(bytes) else {
            return false;
        };
        self.all.extend(read);
        order::sort_by(&mut self.all, |a, b| a.received.cmp(&b.received));
        self.on_disk = self.all.len();
        self.owners.clear();
        self.own(0);
        true
    }
}

fn gathered(all: &[Receipt]) -> Vec<Receipt> {
    let mut gathered: Vec<Receipt> = Vec::new();
    for receipt in all {
        if let ([span], Some(last)) = (&receipt.spans[..], gathered.last_mut())
            && last.sender == receipt.sender
            && receipt.received.0 < last.received.0.saturating_add(TOGETHER)
            && let [before] = &mut last.spans[..]
            && before.actor == span.actor
            && before.to + 1 == span.from
        {
            before.to = span.to;
            continue;
        }
        gathered.push(receipt.clone());
    }
    gathered
}

fn chunk(receipts: &[Receipt]) -> Option<StoredChunk> {
    if receipts.is_empty() {
        return None;
    }
    let mut out = Encoder::new(Vec::new());
    write(&mut out, receipts).expect("writing to a vector does not fail");
    let bytes = out.into_writer();
    let key = ChunkKey {
        kind: ChunkKind::Receipts,
        hash: ChunkKey::increment(&bytes).hash,
    };
    Some(StoredChunk { key, bytes })
}

fn write(
    out: &mut Encoder<Vec<u8>>,
    receipts: &[Receipt],
) -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
    out.array(receipts.len() as u64)?;
    for receipt in receipts {
        out.array(3)?;
        out.u64(receipt.received.0)?;
        out.str(&receipt.sender.0)?;
        out.array(receipt.spans.len() as u64)?;
        for span in &receipt.spans {
            out.array(3)?;
            out.bytes(span.actor.to_bytes())?;
            out.u64(span.from)?;
            out.u64(span.to)?;
        }
    }
    Ok(())
}

fn read(bytes: &[u8]) -> Result<Vec<Receipt>, Error> {
    let mut input = Decoder::new(bytes);
    let mut receipts = Vec::new();
    for _ in 0..list(&mut input)? {
        list(&mut input)?;
        let received = Timestamp(input.u64()?);
        let sender = Principal(input.str()?.to_owned());
        let mut spans = Vec::new();
        for _ in 0..list(&mut input)? {
            list(&mut input)?;
            spans.push(Span {
                actor: ActorId::from(input.bytes()?),
                from: input.u64()?,
                to: input.u64()?,
            });
        }
        receipts.push(Receipt {
            received,
            sender,
            spans,
        });
    }
    Ok(receipts)
}

fn list(input: &mut Decoder<'_>) -> Result<u64, Error> {
    input
        .array()?
        .ok_or_else(|| Error::message("a list without a length"))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn receipt(received: u64, sender: &str, actor: u8, from: u64, to: u64) -> Receipt {
        Receipt {
            received: Timestamp(received),
            sender: Principal(sender.to_owned()),
            spans: vec![Span {
                actor: ActorId::from([actor; 16]),
                from,
                to,
            }],
        }
    }

    #[test]
    fn receipts_read_back_in_the_order_in_which_changes_came() {
        let mut receipts = Receipts {
            all: vec![receipt(5, "ana", 1, 1, 4)],
            ..Receipts::default()
        };
        let first = receipts.new_chunk().expect("one is new");
        receipts.written(1);
        assert_eq!(receipts.new_chunk(), None);
        receipts.all.push(receipt(9, "ben", 1, 5, 5));
        let second = receipts.new_chunk().expect("one is new");
        let mut read = Receipts::default();
        assert!(read.take(&second.bytes) && read.take(&first.bytes));
        assert_eq!(read.all, receipts.all);
        assert_eq!(read.new_chunk(), None);
        let owner = read.owner(&ActorId::from([1; 16])).expect("somebody");
        assert_eq!(owner.0, "ana", "the first to send keeps it");
        for length in 0..second.bytes.len() {
            assert!(!read.take(&second.bytes[..length]));
        }
    }

    #[test]
    fn who_goes_on_with_an_actor_from_before_has_sent_what_they_added_only() {
        let receipts = Receipts {
            all: vec![receipt(5, "ben", 1, 3, 4)],
            ..Receipts::default()
        };
        let mut read = Receipts::default();
        assert!(read.take(&receipts.whole_chunk().expect("a chunk").bytes));
        let actor = ActorId::from([1; 16]);
        let by = |seq| read.of(&actor, seq).map(|(sender, _)| sender.0.as_str());
        assert_eq!([2, 3, 4, 5].map(by), [None, Some("ben"), Some("ben"), None]);
    }

    #[test]
    fn what_was_lost_may_come_back_with_what_is_behind_it_and_nothing_after_it() {
        let hash = |byte| ChangeHash([byte; 32]);
        let deps = [hash(1), hash(2)];
        let changes = [
            (hash(1), &deps[..0]),
            (hash(2), &deps[..1]),
            (hash(3), &deps[1..]),
        ];
        let of = |missing: &[ChangeHash]| vouched(missing, changes.iter().copied());
        assert_eq!(of(&[hash(2)]), [hash(1), hash(2)].into());
        assert_eq!(of(&[hash(9)]), [].into());
        assert_eq!(of(&[]), [].into());
    }

    #[test]
    fn what_one_sent_within_a_minute_is_gathered_and_nothing_else() {
        let receipts = Receipts {
            all: vec![
                receipt(1_000, "ana", 1, 1, 1),
                receipt(2_000, "ana", 1, 2, 2),
                receipt(3_000, "ben", 2, 1, 1),
                receipt(4_000, "ana", 1, 3, 3),
                receipt(90_000, "ana", 1, 4, 4),
            ],
            on_disk: 5,
            ..Receipts::default()
        };
        let mut read = Receipts::default();
        assert!(read.take(&receipts.whole_chunk().expect("a chunk").bytes));
        let expected = [
            receipt(1_000, "ana", 1, 1, 2),
            receipt(3_000, "ben", 2, 1, 1),
            receipt(4_000, "ana", 1, 3, 3),
            receipt(90_000, "ana", 1, 4, 4),
        ];
        assert_eq!(read.all, expected);
    }
}
