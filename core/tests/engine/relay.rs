//! Who is sent what is still being written, and who has to wait for the disk.

use automerge::sync::{State, SyncDoc};
use automerge::transaction::Transactable;
use automerge::{Automerge, ChangeHash, ROOT};
use meltemi_core::id::ConnectionId;
use meltemi_core::sync::output::Output;
use meltemi_core::sync::storage::StorageAnswer;
use meltemi_core::wire::exchange::{Changes, Exchange};
use meltemi_core::wire::frame::Frame;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::bench::{
    Bench, DOCUMENT, LINE, doc_with, frames_of, meltemi, messages, plain, shown_heads, storage_of,
    upload,
};

const WRITER: ConnectionId = LINE;
const READER: ConnectionId = ConnectionId(2);
const DEVICE: ConnectionId = ConnectionId(3);

/// A server with a document that a plain writer, a plain reader and a device have open.
fn open() -> (Bench, Automerge, State) {
    let mut server = Bench::new(false);
    server.join(WRITER, plain());
    server.join(READER, plain());
    server.join(DEVICE, meltemi());
    let mut doc = doc_with("a");
    let outputs = upload(&mut server, WRITER, &doc);
    write(&mut server, &outputs);
    let mut writer = State::new();
    meet(&mut server, WRITER, &mut doc, &mut writer);
    let mut copy = Automerge::new();
    meet(&mut server, READER, &mut copy, &mut State::new());
    assert_eq!(copy.get_heads(), doc.get_heads());
    let hello = Frame::Hello {
        seq: 0,
        root: [0; 32],
        count: 0,
    };
    server.frame(DEVICE, &hello);
    let want = Exchange {
        want: vec![(DOCUMENT, Vec::new())],
        ..Exchange::default()
    };
    server.frame(DEVICE, &Frame::Exchange(want));
    assert_eq!(changes(&server.outputs(), DEVICE).len(), 1);
    (server, doc, writer)
}

/// Syncs a copy with the server until neither has anything to say.
fn meet(server: &mut Bench, connection: ConnectionId, doc: &mut Automerge, state: &mut State) {
    while let Some(message) = doc.generate_sync_message(state) {
        server.sync(connection, message);
        for answer in messages(&server.outputs(), connection) {
            doc.receive_sync_message(state, answer)
                .expect("a sound message");
        }
    }
}

/// Edits, and says so until the server has got it. Returns what the server then wants done.
fn edit(
    server: &mut Bench,
    connection: ConnectionId,
    (doc, state): (&mut Automerge, &mut State),
    title: &str,
) -> Vec<Output> {
    doc.transact::<_, _, automerge::AutomergeError>(|tx| tx.put(ROOT, "title", title))
        .expect("a change");
    loop {
        let message = doc.generate_sync_message(state).expect("an edit");
        let all = !message.changes.is_empty();
        server.sync(connection, message);
        if all {
            return server.outputs();
        }
        for answer in messages(&server.outputs(), connection) {
            doc.receive_sync_message(state, answer)
                .expect("a sound message");
        }
    }
}

/// The disk does what it was asked for.
fn write(server: &mut Bench, outputs: &[Output]) -> Vec<Output> {
    for (effect, _) in storage_of(outputs) {
        server.store(effect, Ok(StorageAnswer::Written));
    }
    server.outputs()
}

fn changes(outputs: &[Output], to: ConnectionId) -> Vec<Changes> {
    let exchanges = frames_of(outputs, to).into_iter();
    let changes = exchanges.filter_map(|frame| match frame {
        Frame::Exchange(exchange) => Some(exchange.changes),
        _ => None,
    });
    changes.flatten().collect()
}

fn told(outputs: &[Output], to: ConnectionId, heads: &[ChangeHash]) -> bool {
    let heads: Vec<_> = heads.iter().map(|head| head.0).collect();
    frames_of(outputs, to).into_iter().any(|frame| {
        matches!(frame, Frame::Exchange(exchange)
            if exchange.heads.iter().any(|stored| stored.heads == heads))
    })
}

#[test]
fn others_are_sent_an_edit_before_the_disk_has_answered_and_its_writer_is_told_afterwards() {
    let (mut server, mut doc, mut writer) = open();
    let outputs = edit(&mut server, WRITER, (&mut doc, &mut writer), "b");
    let heads = doc.get_heads();

    assert!(shown_heads(&outputs, READER).contains(&heads));
    assert_eq!(changes(&outputs, DEVICE).len(), 1);
    assert!(shown_heads(&outputs, WRITER).is_empty());
    assert!(!told(&outputs, DEVICE, &heads), "it is not on the disk yet");

    let outputs = write(&mut server, &outputs);
    assert!(shown_heads(&outputs, WRITER).contains(&heads));
    assert!(told(&outputs, DEVICE, &heads));
    assert!(changes(&outputs, DEVICE).is_empty(), "it was sent already");
    assert!(shown_heads(&outputs, READER).is_empty());
}

#[test]
fn whoever_brings_an_edit_waits_for_the_disk() {
    let (mut server, mut doc, _) = open();
    let mut reader = State::new();
    meet(&mut server, READER, &mut doc, &mut reader);
    let first = edit(&mut server, READER, (&mut doc, &mut reader), "b");
    let heads = doc.get_heads();
    assert!(shown_heads(&first, WRITER).contains(&heads));
    assert!(shown_heads(&first, READER).is_empty());
    // What it says after that covers the first edit, too, and the server does not know it yet.
    reader.in_flight = false;
    let second = edit(&mut server, READER, (&mut doc, &mut reader), "c");
    assert!(shown_heads(&second, READER).is_empty());

    let outputs = write(&mut server, &first);
    assert!(
        !shown_heads(&outputs, READER).contains(&doc.get_heads()),
        "the second edit is being written now"
    );
    let outputs = write(&mut server, &outputs);
    assert!(shown_heads(&outputs, READER).contains(&doc.get_heads()));
}

#[test]
fn what_is_relayed_shows_nothing_that_came_after_it() {
    let (mut server, mut doc, mut writer) = open();
    let (mut copy, mut reader) = (doc.fork(), State::new());
    meet(&mut server, READER, &mut copy, &mut reader);
    // Both have heard all, so that an edit goes with the next message.
    let mut outputs = edit(&mut server, READER, (&mut copy, &mut reader), "b");
    outputs.extend(write(&mut server, &outputs));
    for answer in messages(&outputs, READER) {
        copy.receive_sync_message(&mut reader, answer)
            .expect("a sound message");
    }
    for answer in messages(&outputs, WRITER) {
        doc.receive_sync_message(&mut writer, answer)
            .expect("a sound message");
    }
    let say = |server: &mut Bench, from, doc: &mut Automerge, state: &mut State| {
        doc.transact::<_, _, automerge::AutomergeError>(|tx| tx.put(ROOT, "title", "c"))
            .expect("a change");
        let message = doc.generate_sync_message(state).expect("an edit");
        assert!(!message.changes.is_empty());
        server.sync(from, message);
    };
    say(&mut server, WRITER, &mut doc, &mut writer);
    // The disk is quicker than whoever takes what is to be sent, and so is the reader.
    let effect = std::iter::from_fn(|| server.repo.poll()).find_map(|output| match output {
        Output::Storage { effect, .. } => Some(effect),
        _ => None,
    });
    say(&mut server, READER, &mut copy, &mut reader);
    server.store(effect.expect("a write"), Ok(StorageAnswer::Written));
    let outputs = server.outputs();
    let shown = shown_heads(&outputs, READER).concat();
    assert!(shown.contains(&doc.get_heads()[0]));
    let own = copy.get_heads()[0];
    assert!(!shown.contains(&own), "it is being written now");

    let outputs = write(&mut server, &outputs);
    assert!(shown_heads(&outputs, READER).concat().contains(&own));
}
