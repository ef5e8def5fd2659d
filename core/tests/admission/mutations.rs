//! Honest changes with a few bytes changed and the checksum put right, so that what was changed is
//! looked at and not just the checksum.

use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::{Automerge, Change};
use meltemi_core::sync::admission::{Scan, read_message};
use meltemi_core::testing::hostile;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::honest::rich;

/// A change to a byte: set, flipped, added to, taken out or doubled.
#[derive(Debug, Clone)]
enum Mutation {
    Set(Index, u8),
    Flip(Index, u8),
    Add(Index, u8),
    Remove(Index),
    Double(Index),
}

impl Mutation {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let at = match self {
            Self::Set(at, _) | Self::Flip(at, _) | Self::Add(at, _) => at,
            Self::Remove(at) | Self::Double(at) => at,
        };
        let at = at.index(bytes.len());
        match self {
            Self::Set(_, value) => bytes[at] = *value,
            Self::Flip(_, bit) => bytes[at] ^= 1 << (bit % 8),
            Self::Add(_, value) => bytes[at] = bytes[at].wrapping_add(*value),
            Self::Remove(_) => {
                bytes.remove(at);
            }
            Self::Double(_) => bytes.insert(at, bytes[at]),
        }
    }
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, value)| Mutation::Set(at, value)),
        (any::<Index>(), any::<u8>()).prop_map(|(at, bit)| Mutation::Flip(at, bit)),
        (any::<Index>(), prop_oneof![Just(1), Just(255)])
            .prop_map(|(at, value)| Mutation::Add(at, value)),
        any::<Index>().prop_map(Mutation::Remove),
        any::<Index>().prop_map(Mutation::Double),
    ]
}

/// The bytes of a chunk after its magic, checksum, kind and length.
fn body(chunk: &[u8]) -> Vec<u8> {
    let length = chunk[9..].iter().take_while(|byte| *byte & 0x80 != 0);
    chunk[10 + length.count()..].to_vec()
}

/// Applies chunks that were admitted to an empty document. Nothing if Automerge refuses them.
fn apply(chunks: &[Vec<u8>]) -> Option<Automerge> {
    let mut doc = Automerge::new();
    doc.load_incremental(&chunks.concat()).ok()?;
    Some(doc)
}

fn admit(chunks: &[Vec<u8>]) -> Option<Scan> {
    let message = hostile::message(vec![], chunks.to_vec());
    read_message(&message).ok().map(|admitted| admitted.scan)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_bytes_are_admitted_or_refused(bytes in vec(any::<u8>(), 0..300)) {
        let _ = read_message(&bytes);
        let _ = read_message(&[&[0x42, 0, 0, 0][..], &bytes].concat());
        let _ = admit(&[hostile::chunk(0, &bytes)]);
        let _ = admit(&[hostile::chunk(1, &bytes)]);
    }

    #[test]
    fn a_changed_document_that_is_admitted_makes_no_panic(
        mutations in vec(mutation(), 1..4),
    ) {
        let mut document = body(&BODIES.document);
        for mutation in &mutations {
            mutation.apply(&mut document);
        }
        let chunks = [hostile::chunk(0, &document)];
        if let Some(scan) = admit(&chunks) && let Some(doc) = apply(&chunks) {
            let changes = catch_unwind(AssertUnwindSafe(|| doc.get_changes(&[])));
            let operations = changes.map_or(0, |c| c.iter().map(Change::len).sum::<usize>());
            prop_assert!(operations as u64 <= scan.operations());
        }
    }

    // Whether a change fits its document cannot be seen without that, and Automerge panics on
    // some that do not: who applies must be prepared to catch it.
    #[test]
    fn a_changed_change_that_is_admitted_costs_no_more_than_was_counted(
        which in any::<Index>(),
        mutations in vec(mutation(), 1..4),
    ) {
        let which = which.index(BODIES.changes.len());
        let mut change = body(&BODIES.changes[which]);
        for mutation in &mutations {
            mutation.apply(&mut change);
        }
        let mut chunks = BODIES.changes[..which].to_vec();
        chunks.push(hostile::chunk(1, &change));
        if let Some(scan) = admit(&chunks) {
            let counted = scan.changes.last().map(|change| change.operations);
            let change = Change::from_bytes(chunks[which].clone());
            prop_assert!(change.is_err() || change.ok().map(|c| c.len() as u64) == counted);
            let applied = catch_unwind(|| apply(&chunks));
            if let Ok(Some(doc)) = applied {
                let changes = catch_unwind(AssertUnwindSafe(|| doc.get_changes(&[])));
                let operations = changes.map_or(0, |c| c.iter().map(Change::len).sum::<usize>());
                prop_assert!(operations as u64 <= scan.operations());
            }
        }
    }
}

/// What is changed.
struct Bodies {
    document: Vec<u8>,
    changes: Vec<Vec<u8>>,
}

static BODIES: std::sync::LazyLock<Bodies> = std::sync::LazyLock::new(|| {
    let mut doc = rich();
    Bodies {
        document: doc.save_nocompress(),
        changes: doc
            .get_changes(&[])
            .iter()
            .map(|change| change.raw_bytes().to_vec())
            .collect(),
    }
});
