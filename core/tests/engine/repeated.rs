//! One frame that says the same thing again and again.

use automerge::Automerge;
use meltemi_core::id::{ConnectionId, DocumentId};
use meltemi_core::sync::output::Output;
use meltemi_core::sync::storage::StorageAnswer;
use meltemi_core::wire::exchange::{Changes, Exchange};
use meltemi_core::wire::frame::Frame;
use meltemi_core::wire::limits::DOCUMENT_PIECES;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::bench::{
    Bench, DOCUMENT, LINE, doc_with, frames_of, meltemi, plain, refusals, storage_of, upload,
};

/// A server that has a document on its disk, and a Meltemi peer.
fn with_document(doc: &Automerge) -> Bench {
    let mut server = Bench::new(false);
    server.join(ConnectionId(9), plain());
    let outputs = upload(&mut server, ConnectionId(9), doc);
    for (effect, _) in storage_of(&outputs) {
        server.store(effect, Ok(StorageAnswer::Written));
    }
    server.join(LINE, meltemi());
    server.outputs();
    server
}

fn pieces(document: DocumentId, bytes: &[u8], count: usize) -> Frame {
    let bytes = bytes.to_vec();
    Frame::Exchange(Exchange {
        changes: vec![Changes { document, bytes }; count],
        ..Exchange::default()
    })
}

#[test]
fn a_document_that_is_wanted_many_times_in_one_frame_is_sent_once() {
    let mut server = with_document(&doc_with("a"));
    let want = Exchange {
        want: vec![(DOCUMENT, Vec::new()); 1_000],
        ..Exchange::default()
    };
    server.frame(LINE, &Frame::Exchange(want));
    let sent = frames_of(&server.outputs(), LINE).into_iter();
    let sent = sent.filter_map(|frame| match frame {
        Frame::Exchange(exchange) => Some(exchange.changes.len()),
        _ => None,
    });
    assert_eq!(sent.sum::<usize>(), 1);
}

#[test]
fn a_document_in_endless_pieces_ends_the_connection() {
    let doc = doc_with("a");
    let mut server = with_document(&doc);
    let closed = |outputs: &[Output]| outputs.iter().any(|o| matches!(o, Output::Close { .. }));
    server.frame(LINE, &pieces(DOCUMENT, &doc.save(), DOCUMENT_PIECES));
    assert!(!closed(&server.outputs()));
    server.frame(LINE, &pieces(DOCUMENT, &doc.save(), DOCUMENT_PIECES + 1));
    assert!(closed(&server.outputs()));
}

#[test]
fn of_a_document_that_is_refused_nothing_more_of_the_same_frame_is_looked_at() {
    let mut server = with_document(&doc_with("a"));
    let forbidden = doc_with("forbidden").save();
    server.frame(
        LINE,
        &pieces(DocumentId::from_bytes([1; 16]), &forbidden, 5),
    );
    let outputs = server.outputs();
    assert_eq!(refusals(&outputs, LINE), ["forbidden"]);
    assert_eq!(server.repo.metrics().refusals["forbidden"], 1);
}
