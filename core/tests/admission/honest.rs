//! What Automerge writes is admitted, and counted right.

#![expect(clippy::unwrap_used, reason = "builders for tests")]

use automerge::sync::{ChunkList, Message, MessageVersion, State, SyncDoc};
use automerge::transaction::{CommitOptions, Transactable};
use automerge::{
    ActorId, Author, AutoCommit, Automerge, Change, ObjType, ROOT, ReadDoc, ScalarValue,
};
use meltemi_core::sync::admission::{read_message, scan_chunks};
use meltemi_core::testing::hostile::{self, RawChange};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A document with everything in it that Automerge knows, by three people.
pub(crate) fn rich() -> AutoCommit {
    let mut doc = AutoCommit::new().with_actor(ActorId::from([1; 16]));
    let list = doc.put_object(ROOT, "list", ObjType::List).unwrap();
    let text = doc.put_object(ROOT, "text", ObjType::Text).unwrap();
    let map = doc.put_object(ROOT, "map", ObjType::Map).unwrap();
    doc.put(ROOT, "count", ScalarValue::counter(3)).unwrap();
    for index in 0..20 {
        doc.insert(&list, index, index as i64).unwrap();
        doc.put(&map, format!("key {index}"), index as f64 / 3.0)
            .unwrap();
    }
    doc.splice_text(&text, 0, 0, "a text of a few words, αβγ")
        .unwrap();
    doc.commit_with(CommitOptions::default().with_message("first").with_time(-5));
    let mut forks: Vec<_> = (2..4)
        .map(|actor| doc.fork().with_actor(ActorId::from([actor; 16])))
        .collect();
    for (number, fork) in forks.iter_mut().enumerate() {
        for round in 0..6 {
            fork.put(&map, "shared", format!("{number} {round}"))
                .unwrap();
            fork.put(&map, "bytes", vec![round as u8; 5]).unwrap();
            fork.increment(ROOT, "count", 2).unwrap();
            fork.splice_text(&text, round, 1, "xyz").unwrap();
            fork.delete(&list, round).unwrap();
            fork.insert(&list, 3, "new").unwrap();
            fork.commit();
        }
        fork.delete(&map, format!("key {number}")).unwrap();
        let mark = automerge::marks::Mark::new("bold".to_owned(), true, 2, 9);
        fork.mark(&text, mark, automerge::marks::ExpandMark::Both)
            .unwrap();
        fork.commit();
    }
    for fork in &mut forks {
        doc.merge(fork).unwrap();
    }
    doc.put(&map, "shared", ScalarValue::Null).unwrap();
    doc.put(ROOT, "time", ScalarValue::Timestamp(1_700_000_000_000))
        .unwrap();
    doc.commit();
    doc
}

/// A message with every change of `doc`, each as a chunk of its own.
pub(crate) fn change_by_change(doc: &mut AutoCommit) -> Vec<u8> {
    let chunks = doc
        .get_changes(&[])
        .iter()
        .map(|c| c.raw_bytes().to_vec())
        .collect();
    hostile::message(doc.get_heads(), chunks)
}

/// A message with `doc` as one compressed document.
pub(crate) fn whole(doc: &mut AutoCommit) -> Vec<u8> {
    let mut message = Message::decode(&hostile::message(doc.get_heads(), vec![])).unwrap();
    message.version = MessageVersion::V2;
    message.changes = ChunkList::from(doc.save());
    message.encode()
}

#[test]
fn changes_are_counted_as_automerge_counts_them() {
    let mut doc = rich();
    let admitted = read_message(&change_by_change(&mut doc)).unwrap();
    let changes = doc.get_changes(&[]);
    assert_eq!(admitted.scan.changes.len(), changes.len());
    for (scanned, change) in admitted.scan.changes.iter().zip(&changes) {
        assert_eq!(scanned.hash, change.hash());
        assert_eq!(scanned.deps, change.deps());
        assert_eq!(&scanned.actor, change.actor_id());
        assert_eq!(scanned.other_actors, change.other_actor_ids());
        assert_eq!(scanned.seq, change.seq());
        assert_eq!(scanned.start_op, change.start_op().get());
        assert_eq!(scanned.operations, change.len() as u64);
        assert_eq!(scanned.author, None);
    }
}

#[test]
fn compressed_changes_are_counted_like_plain_ones() {
    let mut doc = rich();
    let plain: Vec<u8> = doc
        .get_changes(&[])
        .iter()
        .flat_map(|c| c.raw_bytes().to_vec())
        .collect();
    let compressed: Vec<u8> = doc
        .get_changes(&[])
        .iter_mut()
        .flat_map(|c| c.bytes().into_owned())
        .collect();
    assert!(compressed.len() < plain.len());
    assert_eq!(
        scan_chunks(&compressed).unwrap(),
        scan_chunks(&plain).unwrap()
    );
}

#[test]
fn a_document_is_counted_with_its_deletions() {
    let mut doc = rich();
    let operations: usize = doc.get_changes(&[]).iter().map(Change::len).sum();
    for bytes in [doc.save(), doc.save_nocompress()] {
        let scan = scan_chunks(&bytes).unwrap();
        assert_eq!(scan.operations(), operations as u64);
        let document = &scan.documents[0];
        assert_eq!(document.changes, doc.get_changes(&[]).len() as u64);
        assert_eq!(document.heads, doc.get_heads());
        assert_eq!(document.actors.len(), 3);
    }
    let admitted = read_message(&whole(&mut doc)).unwrap();
    assert_eq!(admitted.scan.operations(), operations as u64);
}

#[test]
fn an_author_is_read() {
    let author = Author::from(vec![7; 20]);
    let mut doc = AutoCommit::new().with_author(Some(author.clone()));
    doc.put(ROOT, "a", 1).unwrap();
    doc.commit();
    let changes = read_message(&change_by_change(&mut doc))
        .unwrap()
        .scan
        .changes;
    assert_eq!(changes[0].author, Some(author));
    scan_chunks(&doc.save()).unwrap();
}

#[test]
fn two_replicas_synchronise_with_every_message_admitted() {
    let mut left = rich().document().clone();
    let mut right = Automerge::new();
    let (mut to_right, mut to_left) = (State::new(), State::new());
    let mut messages = 0;
    loop {
        let out = left.generate_sync_message(&mut to_right);
        if let Some(message) = &out {
            let message = read_message(&message.clone().encode()).unwrap().message;
            right.receive_sync_message(&mut to_left, message).unwrap();
        }
        let back = right.generate_sync_message(&mut to_left);
        if let Some(message) = &back {
            let message = read_message(&message.clone().encode()).unwrap().message;
            left.receive_sync_message(&mut to_right, message).unwrap();
        }
        messages += 1;
        if out.is_none() && back.is_none() {
            break;
        }
    }
    assert!(messages > 1);
    assert_eq!(left.get_heads(), right.get_heads());
}

#[test]
fn a_change_built_by_hand_is_one_that_automerge_takes() {
    let chunk = RawChange::puts(1_000).chunk();
    let scanned = scan_chunks(&chunk).unwrap();
    let change = Change::from_bytes(chunk).unwrap();
    assert_eq!(scanned.changes[0].operations, change.len() as u64);
    assert_eq!(scanned.changes[0].hash, change.hash());
    let mut doc = Automerge::new();
    doc.apply_changes([change]).unwrap();
    assert!(doc.get(ROOT, "a").unwrap().is_some());
}
