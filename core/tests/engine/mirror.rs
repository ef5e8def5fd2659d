//! What a device knows of the server's documents, and what it makes of it.

use automerge::Automerge;
use meltemi_core::id::{ConnectionId, PeerId, StorageId};
use meltemi_core::sync::input::{Input, Role};
use meltemi_core::sync::policy::Principal;
use meltemi_core::sync::repo::EditError;
use meltemi_core::wire::exchange::{Exchange, Stored};
use meltemi_core::wire::frame::{Frame, MELTEMI, PeerMetadata};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::bench::{Bench, DOCUMENT, LINE, START, doc_with, frames_of, plain, upload};

fn meltemi() -> PeerMetadata {
    PeerMetadata {
        storage: Some(StorageId("there".to_owned())),
        ephemeral: false,
        meltemi: MELTEMI,
    }
}

/// A device with a line to a server.
fn connected() -> Bench {
    let mut device = Bench::new(true);
    device.handle(Input::Connected {
        connection: LINE,
        role: Role::Dialer,
        principal: Principal::built_in(),
    });
    let peer = Frame::Peer {
        sender: PeerId("there".to_owned()),
        target: PeerId("here".to_owned()),
        metadata: meltemi(),
        version: "1".to_owned(),
    };
    device.frame(LINE, &peer);
    device
}

/// The server says that it has this.
fn has(doc: &Automerge) -> Frame {
    let stored = Stored {
        document: DOCUMENT,
        heads: doc.get_heads().iter().map(|head| head.0).collect(),
        size: 10,
    };
    Frame::Exchange(Exchange {
        heads: vec![stored],
        ..Exchange::default()
    })
}

fn wants(device: &mut Bench) -> usize {
    let frames = frames_of(&device.outputs(), LINE);
    let wants = frames.iter().map(|frame| match frame {
        Frame::Exchange(exchange) => exchange.want.len(),
        _ => 0,
    });
    wants.sum()
}

#[test]
fn what_is_made_here_and_is_on_the_server_already_does_not_wait() {
    let mut device = connected();
    let doc = doc_with("a");
    device.frame(LINE, &has(&doc));
    let edit = |own: &mut Automerge| {
        own.apply_changes(doc.get_changes(&[])).expect("changes");
        Ok::<_, EditError>(())
    };
    device.repo.edit(START, DOCUMENT, edit).expect("an edit");
    assert_eq!(device.repo.status().waiting, 0);
}

#[test]
fn a_document_that_was_absent_is_asked_for_when_somebody_has_brought_it() {
    let mut device = connected();
    let doc = doc_with("a");
    device.frame(LINE, &has(&doc));
    assert_eq!(wants(&mut device), 1);
    let absent = Frame::Exchange(Exchange {
        absent: vec![DOCUMENT],
        ..Exchange::default()
    });
    device.frame(LINE, &absent);
    assert_eq!(wants(&mut device), 0);
    device.frame(LINE, &has(&doc));
    assert_eq!(wants(&mut device), 1);
}

#[test]
fn a_meltemi_peer_is_told_of_documents_by_exchanges_alone() {
    let mut server = Bench::new(false);
    server.join(LINE, meltemi());
    let hello = Frame::Hello {
        seq: 0,
        root: [0; 32],
        count: 0,
    };
    server.frame(LINE, &hello);
    let other = ConnectionId(2);
    server.join(other, plain());
    let outputs = upload(&mut server, other, &doc_with("a"));
    let (write, _) = crate::bench::storage_of(&outputs).remove(0);
    let written = meltemi_core::sync::storage::StorageAnswer::Written;
    server.store(write, Ok(written));
    let frames = frames_of(&server.outputs(), LINE);
    assert!(matches!(&frames[..], [Frame::Exchange(told)] if told.heads.len() == 1));
}
