//! The attacks are refused, each with its code.

#![expect(clippy::unwrap_used, reason = "builders for tests")]

use automerge::transaction::Transactable;
use automerge::{AutoCommit, Automerge, ROOT};
use meltemi_core::sync::admission::{read_message, scan_chunks};
use meltemi_core::testing::hostile::{self, RawChange, run, signed, unsigned};
use meltemi_core::wire::limits::{
    CHANGE_OPERATIONS, CHANGE_TIME, HEADS, MESSAGE_BYTES, MESSAGE_OPERATIONS,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::honest::{change_by_change, rich, whole};

fn code(message: &[u8]) -> &'static str {
    read_message(message).unwrap_err().code
}

fn small() -> Automerge {
    let mut doc = AutoCommit::new();
    doc.put(ROOT, "a", 1).unwrap();
    doc.document().clone()
}

#[test]
fn an_operation_bomb_is_refused_before_it_is_applied() {
    let bomb = hostile::op_bomb();
    assert!(bomb.len() < 200, "{} bytes", bomb.len());
    assert_eq!(code(&bomb), "too-many-operations");
    assert_eq!(code(&hostile::predecessor_bomb()), "too-many-operations");
}

#[test]
fn operations_are_limited_for_each_change_and_for_each_message() {
    let most = RawChange::puts(CHANGE_OPERATIONS);
    let one_more = RawChange::puts(CHANGE_OPERATIONS + 1);
    scan_chunks(&most.chunk()).unwrap();
    let refusal = scan_chunks(&one_more.chunk()).unwrap_err();
    assert_eq!(refusal.code, "too-many-operations");
    let fitting = (MESSAGE_OPERATIONS / CHANGE_OPERATIONS) as usize;
    scan_chunks(&most.chunk().repeat(fitting)).unwrap();
    let refusal = scan_chunks(&most.chunk().repeat(fitting + 1)).unwrap_err();
    assert_eq!(refusal.code, "too-many-operations");
}

#[test]
fn what_would_inflate_to_too_much_is_refused() {
    let bomb = hostile::deflate_bomb();
    assert!(bomb.len() < 100_000, "{} bytes", bomb.len());
    assert_eq!(code(&bomb), "too-large");
    assert_eq!(code(&hostile::column_bomb()), "too-large");
    assert_eq!(code(&hostile::text_bomb()), "too-large");
    assert_eq!(code(&vec![0x42; MESSAGE_BYTES + 1]), "too-large");
}

#[test]
fn filters_that_no_automerge_writes_are_refused() {
    read_message(&hostile::filter(1, 10, 7, 2)).unwrap();
    assert_eq!(code(&hostile::probe_bomb()), "bad-filter");
    assert_eq!(code(&hostile::filter_without_bits()), "bad-filter");
    for (entries, bits, probes, bytes) in [
        (0, 10, 7, 0),
        (1, 10, 7, 1),
        (1, 10, 7, 3),
        (1, 10, 0, 2),
        (u64::MAX, 10, 7, 2),
        (10_000_000, 10, 7, 12_500_000 / 2),
    ] {
        let message = hostile::filter(entries, bits, probes, bytes);
        assert_eq!(
            code(&message),
            "bad-filter",
            "{entries} {bits} {probes} {bytes}"
        );
    }
}

#[test]
fn heads_are_limited_whether_stated_or_not() {
    let doc = small();
    assert_eq!(code(&hostile::thousand_heads(&doc)), "too-many-heads");
    assert_eq!(code(&hostile::hidden_heads(&doc)), "too-many-heads");
    let mut change = RawChange::on(&doc);
    change.deps = vec![doc.get_heads()[0]; HEADS as usize + 1];
    let refusal = scan_chunks(&change.chunk()).unwrap_err();
    assert_eq!(refusal.code, "too-many-heads");
}

#[test]
fn counts_are_not_believed() {
    // Heads, needs, filters and changes that the message has no bytes for.
    assert_eq!(code(&[0x42, 200, 1, 0]), "bad-message");
    let lists: [&[u8]; 4] = [&[0x42], &[0x42, 0], &[0x42, 0, 0], &[0x42, 0, 0, 0]];
    for start in lists {
        for count in [u64::from(u32::MAX), u64::MAX] {
            let mut message = start.to_vec();
            message.extend(unsigned(count));
            read_message(&message).unwrap_err();
        }
    }
}

#[test]
fn two_changes_of_one_actor_under_one_number_are_refused() {
    assert_eq!(code(&hostile::equivocation(&small())), "equivocation");
}

#[test]
fn attacks_that_need_the_document_are_left_to_what_has_it() {
    let doc = small();
    let scan = read_message(&hostile::orphan_change(&doc)).unwrap().scan;
    assert!(!doc.get_heads().contains(&scan.changes[0].deps[0]));
    let scan = read_message(&hostile::skipped_seq(&doc)).unwrap().scan;
    assert_eq!(scan.changes[0].seq, 3);
    let scan = read_message(&hostile::unknown_actor(&doc)).unwrap().scan;
    assert_eq!(scan.changes[0].other_actors.len(), 1);
    read_message(&hostile::unknown_object(&doc)).unwrap();
}

#[test]
fn a_message_cut_off_anywhere_is_refused() {
    let mut doc = rich();
    for message in [change_by_change(&mut doc), whole(&mut doc)] {
        read_message(&message).unwrap();
        // The flags at the end may be missing.
        for length in 0..message.len() {
            read_message(&message[..length]).unwrap_err();
        }
    }
}

#[test]
fn a_flipped_bit_in_a_change_is_refused() {
    let mut doc = rich();
    for message in [change_by_change(&mut doc), whole(&mut doc)] {
        let start = message.len() / 2;
        for position in start..(start + 200).min(message.len()) {
            let mut damaged = message.clone();
            damaged[position] ^= 1;
            read_message(&damaged).unwrap_err();
        }
    }
}

#[test]
fn chunks_of_other_kinds_are_refused() {
    let change = RawChange::puts(1).chunk();
    for kind in [3, 4, 255] {
        let refusal = scan_chunks(&hostile::chunk(kind, &change)).unwrap_err();
        assert_eq!(refusal.code, "bad-chunk");
    }
    let mut wrong_start = change.clone();
    wrong_start[0] = 0;
    assert_eq!(scan_chunks(&wrong_start).unwrap_err().code, "bad-chunk");
    // A second chunk in the same element is walked as well.
    let two = [change, RawChange::puts(hostile::BOMB_OPERATIONS).chunk()].concat();
    let message = hostile::message(vec![], vec![two]);
    assert_eq!(code(&message), "too-many-operations");
}

#[test]
fn changes_that_automerge_panics_on_alone_are_refused() {
    let refused = |change: &RawChange| {
        assert_eq!(scan_chunks(&change.chunk()).unwrap_err().code, "bad-chunk");
    };
    let mut no_seq = RawChange::puts(1);
    no_seq.seq = 0;
    refused(&no_seq);
    let mut late_author = RawChange::puts(1);
    late_author.seq = 2;
    late_author.extra = vec![1, 1, 9];
    refused(&late_author);
    let mut past_the_end = RawChange::puts(2);
    past_the_end.start_op = u64::from(u32::MAX);
    refused(&past_the_end);
    // Counters and actors that do not fit.
    let huge = unsigned(1 << 40);
    refused(
        &RawChange::puts(1)
            .with(0x01, run(1, &[0]))
            .with(0x02, run(1, &huge)),
    );
    refused(
        &RawChange::puts(1)
            .with(0x01, run(1, &[5]))
            .with(0x02, run(1, &[1])),
    );
    let predecessor = RawChange::puts(1)
        .with(0x70, run(1, &[1]))
        .with(0x71, run(1, &[0]));
    refused(&predecessor.with(0x73, run(1, &huge)));
    // A run whose length has no positive counterpart.
    let lowest = vec![
        0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f, 1,
    ];
    refused(&RawChange::puts(1).with(0x42, lowest));
    // A value of more bytes than a machine has.
    refused(&RawChange::puts(1).with(0x56, run(1, &unsigned(u64::MAX - 9))));
}

#[test]
fn times_whose_difference_would_overflow_are_refused() {
    let most = CHANGE_TIME as i64;
    let at = |time| {
        let mut change = RawChange::puts(1);
        change.time = signed(time);
        scan_chunks(&change.chunk())
    };
    for time in [0, most, -most] {
        at(time).unwrap();
    }
    for time in [most + 1, -most - 1, i64::MAX, i64::MIN] {
        assert_eq!(at(time).unwrap_err().code, "bad-chunk");
    }
}

/// A document of one actor with these columns of changes and of operations.
fn document_of(changes: &[(u8, Vec<u8>)], operations: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut body = vec![1, 1, 0xab, 1];
    body.extend([0; 32]);
    for columns in [changes, operations] {
        body.push(columns.len() as u8);
        for (kind, bytes) in columns {
            body.extend(unsigned(u64::from(*kind)));
            body.extend(unsigned(bytes.len() as u64));
        }
    }
    for (_, bytes) in changes.iter().chain(operations) {
        body.extend(bytes);
    }
    hostile::chunk(0, &body)
}

#[test]
fn a_document_whose_changes_claim_other_operations_than_it_has_is_refused() {
    // Two changes of one actor, the second on the first; each row sets the same key.
    let document = |ends: [i64; 2], ids: &[i64], action: u8| {
        let changes = [
            (0x01, run(2, &[0])),
            (0x03, run(2, &[1])),
            (
                0x13,
                [run(1, &signed(ends[0])), run(1, &signed(ends[1] - ends[0]))].concat(),
            ),
            (0x40, [run(1, &[0]), run(1, &[1])].concat()),
            (0x43, run(1, &[0])),
            (0x56, run(2, &[0])),
        ];
        let rows = ids.len() as u64;
        let steps = ids
            .iter()
            .scan(0, |last, id| Some(id - std::mem::replace(last, *id)));
        let operations = [
            (0x15, run(rows, b"\x01a")),
            (0x21, run(rows, &[0])),
            (0x23, steps.flat_map(|step| run(1, &signed(step))).collect()),
            (0x34, unsigned(rows)),
            (0x42, run(rows, &[action])),
            (0x56, run(rows, &[0])),
            (0x80, run(rows, &[0])),
        ];
        scan_chunks(&document_of(&changes, &operations))
    };
    assert_eq!(document([2, 3], &[1, 2, 3], 1).unwrap().operations(), 3);
    // Its author had made others before, which are not among those it builds on.
    document([2, 6], &[1, 2, 5, 6], 1).unwrap();
    document([2, 2], &[1, 2], 1).unwrap();
    // What deletes has no row of its own, and only a number can be added to a counter.
    document([2, 3], &[1, 2, 3], 3).unwrap_err();
    document([2, 3], &[1, 2, 3], 5).unwrap_err();
    for (ends, ids) in [
        ([2, 4], &[1, 2, 3][..]),
        ([2, 5], &[1, 2, 3, 5]),
        ([2, 3], &[1, 3]),
        ([2, 3], &[1, 2]),
        ([2, 3], &[1, 2, 3, 4]),
        ([2, 9], &[9, 8, 6, 2, 1]),
    ] {
        let refusal = document(ends, ids, 1).unwrap_err();
        assert_eq!(refusal.code, "bad-chunk", "{ends:?} {ids:?}");
    }
}

/// Somebody who goes on from an older version of a document numbers operations after the newest.
#[test]
fn a_document_with_a_change_to_an_older_version_is_admitted() {
    let mut doc = AutoCommit::new();
    doc.put(ROOT, "a", 1).unwrap();
    let old = doc.get_heads();
    doc.put(ROOT, "b", 2).unwrap();
    doc.put(ROOT, "c", 3).unwrap();
    doc.commit();
    doc.isolate(&old);
    doc.put(ROOT, "d", 4).unwrap();
    doc.delete(ROOT, "a").unwrap();
    doc.commit();
    doc.integrate();
    let bytes = doc.save();
    Automerge::load(&bytes).unwrap();
    assert_eq!(scan_chunks(&bytes).unwrap().documents[0].changes, 3);
}
