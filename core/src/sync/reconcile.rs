//! Comparing sets of documents: a digest that says whether two are equal, and negentropy's range
//! based set reconciliation, which finds what differs.
//!
//! An item of the set is the SHA-256 of a document's id and its sorted heads. The digest of a set
//! is the SHA-256 of the sum of its items modulo 2^256 and their count, so that it can be kept up
//! to date item by item, in any order.

use negentropy::{Id, Negentropy, NegentropyStorageVector};
use sha2::{Digest, Sha256};

use crate::id::DocumentId;
use crate::wire::exchange::{Hash, Listed};
use crate::wire::limits::REPAIR_BYTES;

/// The item of a document with these heads.
pub fn item(document: &DocumentId, heads: &[Hash]) -> Hash {
    let mut hash = Sha256::new();
    hash.update(document.as_bytes());
    hash.update(heads.as_flattened());
    hash.finalize().into()
}

/// The sum of a set's items.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SetSum {
    sum: [u64; 4],
    count: u64,
}

impl SetSum {
    /// Adds an item that is not in the set.
    pub fn add(&mut self, item: &Hash) {
        self.add_limbs(limbs(item));
        self.count += 1;
    }

    /// Takes out an item that is in the set.
    pub fn remove(&mut self, item: &Hash) {
        // Adding the complement and one.
        self.add_limbs(limbs(item).map(|limb| !limb));
        self.add_limbs([1, 0, 0, 0]);
        self.count = self.count.saturating_sub(1);
    }

    /// Adds the items of a set that has none in common with this one.
    pub fn merge(&mut self, other: &Self) {
        self.add_limbs(other.sum);
        self.count += other.count;
    }

    /// How many items the set has.
    pub fn count(&self) -> u64 {
        self.count
    }

    fn add_limbs(&mut self, other: [u64; 4]) {
        let mut carry = false;
        for (limb, other) in self.sum.iter_mut().zip(other) {
            let (sum, first) = limb.overflowing_add(other);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            *limb = sum;
            carry = first || second;
        }
    }

    /// The digest of the set, and how many items it has.
    pub fn listed(&self) -> Listed {
        let mut hash = Sha256::new();
        for limb in self.sum {
            hash.update(limb.to_le_bytes());
        }
        hash.update(self.count.to_le_bytes());
        Listed {
            root: hash.finalize().into(),
            count: self.count,
        }
    }
}

fn limbs(item: &Hash) -> [u64; 4] {
    let mut limbs = [0; 4];
    for (limb, bytes) in limbs.iter_mut().zip(item.as_chunks::<8>().0) {
        *limb = u64::from_le_bytes(*bytes);
    }
    limbs
}

/// A message of set reconciliation that cannot be worked off.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot compare the sets of documents: {0}")]
pub struct RepairError(String);

impl From<negentropy::Error> for RepairError {
    fn from(error: negentropy::Error) -> Self {
        Self(error.to_string())
    }
}

/// A set that is ready to be compared.
#[derive(Debug)]
pub(crate) struct ItemSet {
    items: NegentropyStorageVector,
    count: usize,
}

/// What a step of a comparison gives the side that began it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Step {
    /// The next message, or nothing when the comparison is over.
    pub(crate) message: Option<Vec<u8>>,
    /// Items that only this side has.
    pub(crate) have: Vec<Hash>,
    /// Items that only the other side has.
    pub(crate) need: Vec<Hash>,
}

impl ItemSet {
    /// The set of these items. A document keeps its place in the order when its heads change.
    pub(crate) fn new<'a>(
        items: impl Iterator<Item = (&'a DocumentId, Hash)>,
    ) -> Result<Self, RepairError> {
        let (mut set, mut count) = (NegentropyStorageVector::new(), 0);
        for (document, item) in items {
            set.insert(place(document), Id::from_byte_array(item))?;
            count += 1;
        }
        set.seal()?;
        Ok(Self { items: set, count })
    }

    /// Of how many items it is.
    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    /// The first message of a comparison.
    pub(crate) fn begin(&self) -> Result<Vec<u8>, RepairError> {
        Ok(self.protocol()?.initiate()?)
    }

    /// The answer of the side that did not begin it.
    pub(crate) fn answer(&self, message: &[u8]) -> Result<Vec<u8>, RepairError> {
        Ok(self.protocol()?.reconcile(message)?)
    }

    /// What the side that began it does with an answer.
    pub(crate) fn step(&self, answer: &[u8]) -> Result<Step, RepairError> {
        let mut protocol = self.protocol()?;
        protocol.set_initiator();
        let (mut have, mut need) = (Vec::new(), Vec::new());
        let message = protocol.reconcile_with_ids(answer, &mut have, &mut need)?;
        let hashes = |ids: Vec<Id>| ids.iter().map(|id| *id.as_bytes()).collect();
        Ok(Step {
            message,
            have: hashes(have),
            need: hashes(need),
        })
    }

    fn protocol(&self) -> Result<Negentropy<'_, NegentropyStorageVector>, RepairError> {
        Ok(Negentropy::borrowed(&self.items, REPAIR_BYTES)?)
    }
}

/// Where a document stands in the order of a set.
fn place(document: &DocumentId) -> u64 {
    let digest: [u8; 32] = Sha256::digest(document.as_bytes()).into();
    let (first, _) = digest.as_chunks::<8>();
    // The greatest number stands for the end of the order.
    u64::from_be_bytes(first[0]) >> 1
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn document(number: u32) -> DocumentId {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        DocumentId::from_bytes(bytes)
    }

    fn set(numbers: impl Iterator<Item = (u32, u8)>) -> Vec<(DocumentId, Hash)> {
        numbers
            .map(|(number, heads)| {
                let document = document(number);
                (document, item(&document, &[[heads; 32]]))
            })
            .collect()
    }

    fn items(set: &[(DocumentId, Hash)]) -> ItemSet {
        ItemSet::new(set.iter().map(|(d, i)| (d, *i))).expect("a set")
    }

    #[test]
    fn the_digest_depends_on_the_items_and_not_on_their_order() {
        let (mut one, mut two) = (SetSum::default(), SetSum::default());
        let set = set((0..50).map(|n| (n, 1)));
        set.iter().for_each(|(_, item)| one.add(item));
        set.iter().rev().for_each(|(_, item)| two.add(item));
        assert_eq!(one.listed(), two.listed());
        two.add(&item(&document(7), &[]));
        assert_ne!(one.listed().root, two.listed().root);
        two.remove(&item(&document(7), &[]));
        assert_eq!(
            one.listed(),
            two.listed(),
            "what comes and goes leaves nothing"
        );
        let (mut front, mut back) = (SetSum::default(), SetSum::default());
        set[..20].iter().for_each(|(_, item)| front.add(item));
        set[20..].iter().for_each(|(_, item)| back.add(item));
        front.merge(&back);
        assert_eq!(front, one);
    }

    #[test]
    fn a_comparison_finds_exactly_what_differs() {
        let here = set((0..500).map(|n| (n, if n == 3 { 9 } else { 1 })));
        let there = set((5..510).map(|n| (n, if n == 400 { 8 } else { 1 })));
        let (ours, theirs) = (items(&here), items(&there));
        let (mut have, mut need) = (Vec::new(), Vec::new());
        let mut message = Some(ours.begin().expect("a message"));
        while let Some(ask) = message {
            let step = ours
                .step(&theirs.answer(&ask).expect("an answer"))
                .expect("a step");
            have.extend(step.have);
            need.extend(step.need);
            message = step.message;
        }
        let only = |one: &[(DocumentId, Hash)], other: &[(DocumentId, Hash)]| {
            let mut only: Vec<_> = one.iter().map(|(_, i)| *i).collect();
            only.retain(|item| !other.iter().any(|(_, o)| o == item));
            only.sort_unstable();
            only
        };
        have.sort_unstable();
        need.sort_unstable();
        assert_eq!(have, only(&here, &there));
        assert_eq!(need, only(&there, &here));
    }

    #[test]
    fn garbage_is_no_message() {
        let set = items(&set((0..50).map(|n| (n, 1))));
        for bytes in [&[][..], &[0x61], &[0x61, 255, 255, 255], &[7; 100]] {
            // Whatever it is, it must neither panic nor answer with more than a frame.
            if let Ok(answer) = set.answer(bytes) {
                assert!(answer.len() as u64 <= REPAIR_BYTES);
            }
        }
    }
}
