//! What a server promises: acknowledgement, hostile peers, a disk that fails.

use automerge::sync::{State, SyncDoc};
use automerge::transaction::Transactable;
use automerge::{Automerge, ROOT};
use meltemi_core::id::{ConnectionId, PeerId};
use meltemi_core::sync::input::{Input, Role};
use meltemi_core::sync::output::Output;
use meltemi_core::sync::policy::Principal;
use meltemi_core::sync::repo::EditError;
use meltemi_core::sync::status::NoticeCode;
use meltemi_core::sync::storage::{
    CatalogueEntry, ChunkKey, Loaded, StorageAnswer, StorageError, StorageRequest, StoredChunk,
};
use meltemi_core::wire::frame::{Frame, Route};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::bench::{
    Bench, DOCUMENT, LINE, START, doc_with, frames_of, plain, shown_heads, storage_of, upload,
};

#[test]
fn heads_are_shown_only_after_the_disk_has_answered() {
    let mut server = Bench::new(false);
    server.join(LINE, plain());
    let doc = doc_with("a");
    let outputs = upload(&mut server, LINE, &doc);
    assert!(!shown_heads(&outputs, LINE).contains(&doc.get_heads()));
    let (effect, request) = storage_of(&outputs).remove(0);
    assert!(matches!(request, StorageRequest::Write(_)), "{request:?}");

    server.store(effect, Ok(StorageAnswer::Written));
    let outputs = server.outputs();
    assert!(shown_heads(&outputs, LINE).contains(&doc.get_heads()));
    assert!(outputs.contains(&Output::Saved { document: DOCUMENT }));
}

#[test]
fn nothing_is_acknowledged_while_the_disk_is_full_and_it_is_tried_again() {
    let mut server = Bench::new(false);
    server.join(LINE, plain());
    let doc = doc_with("a");
    let outputs = upload(&mut server, LINE, &doc);
    let (effect, _) = storage_of(&outputs).remove(0);
    let full = StorageError::Full {
        document: DOCUMENT,
        detail: "no room".to_owned(),
    };
    server.store(effect, Err(full));
    let outputs = server.outputs();
    assert!(shown_heads(&outputs, LINE).is_empty());
    assert_eq!(
        server.repo.status().notices[0].code,
        NoticeCode::StorageFull
    );
    assert!(!server.repo.disk_works());
    let Some(Output::Wake(at)) = outputs.iter().find(|o| matches!(o, Output::Wake(_))) else {
        panic!("no time for the next attempt in {outputs:?}");
    };

    server.now = *at;
    server.handle(Input::Tick);
    let (effect, _) = server.storage().remove(0);
    server.store(effect, Ok(StorageAnswer::Written));
    assert!(shown_heads(&server.outputs(), LINE).contains(&doc.get_heads()));
    assert!(
        server.repo.status().notices.is_empty(),
        "what is solved is off the list"
    );
    assert!(server.repo.disk_works());
}

#[test]
fn one_garbage_frame_ends_its_connection_and_no_other() {
    let mut server = Bench::new(false);
    let other = ConnectionId(2);
    server.join(LINE, plain());
    server.join(other, plain());
    server.handle(Input::Frame {
        connection: LINE,
        bytes: vec![0xff, 0x00],
    });
    let outputs = server.outputs();
    assert!(matches!(
        frames_of(&outputs, LINE)[..],
        [Frame::Error { .. }]
    ));
    assert!(
        outputs
            .iter()
            .any(|o| matches!(o, Output::Close { connection, .. } if *connection == LINE))
    );
    let outputs = upload(&mut server, other, &doc_with("a"));
    assert_eq!(storage_of(&outputs).len(), 1);
}

#[test]
fn a_document_that_does_not_exist_is_unavailable_without_asking_the_disk() {
    let mut server = Bench::new(false);
    server.join(LINE, plain());
    let message = Automerge::new()
        .generate_sync_message(&mut State::new())
        .expect("a message");
    let route = Route {
        sender: PeerId("there".to_owned()),
        target: PeerId("here".to_owned()),
    };
    let request = Frame::Sync {
        route,
        document: DOCUMENT,
        request: true,
        data: message.encode(),
    };
    server.frame(LINE, &request);
    let outputs = server.outputs();
    assert!(storage_of(&outputs).is_empty());
    assert!(matches!(
        frames_of(&outputs, LINE)[..],
        [Frame::Unavailable { refusal: None, .. }]
    ));
}

#[test]
fn what_the_policy_refuses_is_neither_kept_nor_stored() {
    let mut server = Bench::new(false);
    server.join(LINE, plain());
    let outputs = upload(&mut server, LINE, &doc_with("forbidden"));
    assert!(storage_of(&outputs).is_empty());
    let refused = frames_of(&outputs, LINE).into_iter().any(|frame| {
        matches!(frame, Frame::Unavailable { refusal: Some(r), .. } if r.code == "forbidden")
    });
    assert!(refused, "{outputs:?}");
    assert!(server.repo.document(&DOCUMENT).is_none());
}

#[test]
fn filters_that_would_divide_by_zero_or_compute_for_minutes_are_refused() {
    for filter in [
        [1, 0, 7].as_slice(),
        &[1, 10, 0xff, 0xff, 0xff, 0x7f, 0, 0],
        &[1, 10, 0, 0, 0],
    ] {
        let mut server = Bench::new(false);
        server.join(LINE, plain());
        // A message with no heads, no needs, one summary with no last sync and this filter.
        let mut data = vec![0x42, 0, 0, 1, 0, filter.len() as u8];
        data.extend(filter);
        data.push(0);
        let route = Route {
            sender: PeerId("x".to_owned()),
            target: PeerId("y".to_owned()),
        };
        server.frame(
            LINE,
            &Frame::Sync {
                route,
                document: DOCUMENT,
                request: false,
                data,
            },
        );
        let outputs = server.outputs();
        let refused = frames_of(&outputs, LINE).into_iter().any(|frame| {
            matches!(
                frame,
                Frame::Unavailable {
                    refusal: Some(_),
                    ..
                }
            )
        });
        assert!(refused, "{filter:?}: {outputs:?}");
    }
}

#[test]
fn who_does_not_say_who_he_is_is_closed() {
    let mut server = Bench::new(false);
    let principal = Principal::built_in();
    server.handle(Input::Connected {
        connection: LINE,
        role: Role::Acceptor,
        principal,
    });
    let outputs = server.outputs();
    let Some(Output::Wake(deadline)) = outputs.iter().find(|o| matches!(o, Output::Wake(_))) else {
        panic!("no deadline in {outputs:?}");
    };
    server.now = *deadline;
    server.handle(Input::Tick);
    assert!(
        server
            .outputs()
            .iter()
            .any(|o| matches!(o, Output::Close { .. }))
    );
}

#[test]
fn what_the_catalogue_lists_and_the_disk_lacks_is_told_and_not_forgotten() {
    let doc = doc_with("a");
    let lost = [3; 32];
    let mut heads: Vec<_> = doc.get_heads().iter().map(|head| head.0).collect();
    heads.push(lost);
    let mut server = Bench::with_catalogue(vec![CatalogueEntry {
        document: DOCUMENT,
        heads,
        label: Some("thing".to_owned()),
        synced: Vec::new(),
        seq: 1,
        size: 0,
    }]);
    server.handle(Input::Open { document: DOCUMENT });
    let (load, _) = server.storage().remove(0);
    let bytes = doc.save();
    let chunks = vec![StoredChunk {
        key: ChunkKey::increment(&bytes),
        bytes,
    }];
    server.store(
        load,
        Ok(StorageAnswer::Loaded(Loaded {
            chunks,
            damaged: Vec::new(),
        })),
    );
    server.outputs();
    assert_eq!(server.repo.status().notices[0].code, NoticeCode::Damaged);

    let edit = |doc: &mut Automerge| {
        doc.transact::<_, _, automerge::AutomergeError>(|tx| tx.put(ROOT, "b", 2))
            .expect("a put");
        Ok::<_, EditError>(())
    };
    server.repo.edit(START, DOCUMENT, edit).expect("an edit");
    let (_, request) = server.storage().remove(0);
    let StorageRequest::Write(batch) = request else {
        panic!("a write, not {request:?}")
    };
    assert!(
        batch.entry.is_some_and(|entry| entry.heads.contains(&lost)),
        "the loss stays in the catalogue"
    );
}

#[test]
fn a_lost_catalogue_entry_is_written_again() {
    let doc = doc_with("a");
    let mut server = Bench::with_catalogue(vec![CatalogueEntry {
        document: DOCUMENT,
        heads: Vec::new(),
        label: None,
        synced: Vec::new(),
        seq: 1,
        size: 0,
    }]);
    server.handle(Input::Open { document: DOCUMENT });
    let (load, _) = server.storage().remove(0);
    let bytes = doc.save();
    let key = ChunkKey::increment(&bytes);
    let loaded = Loaded {
        chunks: vec![StoredChunk { key, bytes }],
        damaged: Vec::new(),
    };
    server.store(load, Ok(StorageAnswer::Loaded(loaded)));
    let (_, request) = server.storage().remove(0);
    let StorageRequest::Write(batch) = request else {
        panic!("a write, not {request:?}")
    };
    let heads: Vec<_> = doc.get_heads().iter().map(|head| head.0).collect();
    let entry = batch.entry.expect("an entry");
    assert_eq!(
        (entry.heads, entry.label.as_deref()),
        (heads, Some("thing"))
    );
    assert_eq!(batch.remove, [key], "the snapshot replaces what was read");
}
