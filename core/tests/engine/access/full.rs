//! A programme has so many documents and no more, whoever sends them.

use automerge::sync::{Message, State, SyncDoc};
use automerge::{ActorId, Automerge};
use meltemi_core::access::Role;
use meltemi_core::command::create_record::create;
use meltemi_core::id::{ConnectionId, DocumentId};
use meltemi_core::sync::storage::{CatalogueEntry, StorageRequest, WriteBatch};
use meltemi_core::wire::frame::Frame;
use meltemi_core::wire::limits::PROGRAMME_DOCUMENTS;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::table::{join, say};
use super::{End, PROGRAMME, START, record};

const LINE: ConnectionId = ConnectionId(1);

/// A server with `count` documents of the programme.
fn server(count: usize) -> End {
    let mut server = End::new("server", false);
    server.insert("outcome/o1", &[]);
    for number in 1..count as u64 {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&number.to_be_bytes());
        let document = DocumentId::from_bytes(id);
        let entry = CatalogueEntry {
            heads: vec![[1; 32]],
            label: Some(format!("outcome {PROGRAMME} peers -")),
            seq: number + 100,
            ..CatalogueEntry::unknown(document)
        };
        let batch = WriteBatch {
            document,
            put: Vec::new(),
            remove: Vec::new(),
            entry: Some(entry),
        };
        server
            .disk
            .answer(&StorageRequest::Write(batch))
            .expect("the disk works");
    }
    let mut server = server.again("server", false);
    join(&mut server, LINE, Role::Coordinator);
    server
}

/// Sends a document as a plain client does. The codes of refusals that came back.
fn send(server: &mut End, document: DocumentId, doc: &Automerge) -> Vec<String> {
    let mut doc = doc.clone();
    let mut state = State::new();
    let mut codes = Vec::new();
    while let Some(message) = doc.generate_sync_message(&mut state) {
        let answers = say(server, LINE, document, &message);
        if answers.is_empty() {
            break;
        }
        for frame in answers {
            match frame {
                Frame::Sync { data, .. } => {
                    let message = Message::decode(&data).expect("a sync message");
                    doc.receive_sync_message(&mut state, message)
                        .expect("a sound message");
                }
                Frame::Unavailable { refusal, .. } => {
                    codes.extend(refusal.map(|reason| reason.code));
                    return codes;
                }
                _ => {}
            }
        }
    }
    codes
}

#[test]
fn a_new_document_of_a_full_programme_is_refused_and_others_are_not() {
    let mut server = server(PROGRAMME_DOCUMENTS);
    let (document, doc) = record("outcome/o2", &[], 7);
    assert_eq!(send(&mut server, document, &doc), ["programme-full"]);
    assert!(!server.workspace.catalogue().any(|e| e.document == document));

    // One that is there is changed as ever.
    let (document, mut doc) = record("outcome/o1", &[], 9);
    doc.set_actor(ActorId::from([7; 16]));
    doc.empty_commit(automerge::transaction::CommitOptions::default());
    assert!(send(&mut server, document, &doc).is_empty());
    let mut here = server.workspace.catalogue();
    let heads: Vec<_> = doc.get_heads().iter().map(|head| head.0).collect();
    assert!(here.any(|e| e.document == document && e.heads == heads));
    drop(here);

    // So is one of another programme.
    let reference = "outcome/o2".parse().expect("a record");
    let (document, doc) =
        create("other", &reference, &[], ActorId::from([7; 16]), START).expect("a record");
    assert!(send(&mut server, document, &doc).is_empty());
}

#[test]
fn the_last_document_of_a_programme_is_taken() {
    let mut server = server(PROGRAMME_DOCUMENTS - 1);
    let (document, doc) = record("outcome/o2", &[], 7);
    assert!(send(&mut server, document, &doc).is_empty());
    assert!(server.workspace.catalogue().any(|e| e.document == document));
    let (document, doc) = record("outcome/o3", &[], 7);
    assert_eq!(send(&mut server, document, &doc), ["programme-full"]);
}
