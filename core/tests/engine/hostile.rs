//! Peers that ask for more than is theirs: what they may leave behind, and for how long.

use automerge::sync::{State, SyncDoc};
use automerge::{Automerge, Change, ReadDoc};
use meltemi_core::id::{ConnectionId, DocumentId, PeerId};
use meltemi_core::sync::input::Input;
use meltemi_core::sync::output::Output;
use meltemi_core::sync::storage::{CatalogueEntry, StorageAnswer, StorageRequest};
use meltemi_core::testing::hostile::{RawChange, filter_without_bits, message};
use meltemi_core::wire::exchange::{Changes, Exchange};
use meltemi_core::wire::frame::{Frame, Route};
use meltemi_core::wire::limits::{
    EMPTY_DOCUMENTS, EPHEMERAL_BURST, EPHEMERAL_PER_SECOND, OWING_DOCUMENTS,
    PARTED_BYTES_PER_SECOND, PARTED_MILLIS, REFUSED_DOCUMENTS,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::bench::{
    Bench, DOCUMENT, LINE, START, doc_with, frames_of, meltemi, plain, refusals, shown_heads,
    storage_of, upload,
};

const OTHER: ConnectionId = ConnectionId(2);

fn numbered(number: usize) -> DocumentId {
    let mut bytes = [0x55; 16];
    bytes[..4].copy_from_slice(&(number as u32).to_be_bytes());
    DocumentId::from_bytes(bytes)
}

fn route() -> Route {
    Route {
        sender: PeerId("there".to_owned()),
        target: PeerId("here".to_owned()),
    }
}

fn sync(document: DocumentId, request: bool, data: Vec<u8>) -> Frame {
    Frame::Sync {
        route: route(),
        document,
        request,
        data,
    }
}

fn request(document: DocumentId) -> Frame {
    let first = Automerge::new().generate_sync_message(&mut State::new());
    sync(document, true, first.expect("a first message").encode())
}

fn changes(document: DocumentId, doc: &Automerge) -> Frame {
    Frame::Exchange(Exchange {
        changes: vec![Changes {
            document,
            bytes: doc.save_nocompress(),
        }],
        ..Exchange::default()
    })
}

fn is_closed(outputs: &[Output]) -> bool {
    let close = |output: &Output| matches!(output, Output::Close { .. });
    outputs.iter().any(close)
}

/// Lets the disk take everything that is to be written.
fn write_all(bench: &mut Bench) -> Vec<Output> {
    let mut outputs = bench.outputs();
    for (effect, _) in storage_of(&outputs) {
        bench.store(effect, Ok(StorageAnswer::Written));
        outputs.extend(bench.outputs());
    }
    outputs
}

/// A server that has a document of which the peer at `OTHER` knows.
fn with_document() -> (Bench, Automerge) {
    let mut server = Bench::new(false);
    server.join(OTHER, plain());
    let doc = doc_with("a");
    for (effect, _) in storage_of(&upload(&mut server, OTHER, &doc)) {
        server.store(effect, Ok(StorageAnswer::Written));
    }
    server.outputs();
    (server, doc)
}

#[test]
fn a_refusal_does_not_hide_what_is_on_the_disk_and_not_in_memory() {
    let doc = doc_with("a");
    let mut server = Bench::with_catalogue(vec![CatalogueEntry {
        document: DOCUMENT,
        heads: doc.get_heads().iter().map(|head| head.0).collect(),
        label: Some("thing".to_owned()),
        synced: Vec::new(),
        seq: 1,
        size: 0,
    }]);
    server.join(LINE, plain());
    server.join(OTHER, plain());
    server.frame(LINE, &sync(DOCUMENT, false, filter_without_bits()));
    assert_eq!(refusals(&server.outputs(), LINE), ["bad-filter"]);
    server.frame(OTHER, &request(DOCUMENT));
    let outputs = server.outputs();
    let wanted = storage_of(&outputs);
    assert!(
        matches!(wanted[..], [(_, StorageRequest::Load(DOCUMENT))]),
        "{outputs:?}"
    );
}

#[test]
fn what_does_not_exist_is_not_kept_in_memory_and_told_when_it_comes() {
    let mut server = Bench::new(false);
    server.join(LINE, plain());
    server.join(OTHER, plain());
    server.frame(LINE, &request(DOCUMENT));
    assert!(matches!(
        frames_of(&server.outputs(), LINE)[..],
        [Frame::Unavailable { .. }]
    ));
    assert!(!server.repo.is_loaded(&DOCUMENT));
    let doc = doc_with("a");
    let outputs = upload(&mut server, OTHER, &doc);
    let (effect, _) = storage_of(&outputs).remove(0);
    server.store(effect, Ok(StorageAnswer::Written));
    let shown = shown_heads(&server.outputs(), LINE);
    assert!(shown.contains(&doc.get_heads()), "{shown:?}");
}

#[test]
fn who_asks_for_too_much_that_does_not_exist_is_closed_and_who_makes_it_is_not() {
    for metadata in [plain(), meltemi()] {
        let mut server = Bench::new(false);
        server.join(LINE, metadata.clone());
        let ask = |number| match metadata.meltemi {
            0 => request(numbered(number)),
            _ => Frame::Exchange(Exchange {
                want: vec![(numbered(number), Vec::new())],
                ..Exchange::default()
            }),
        };
        for number in 0..EMPTY_DOCUMENTS {
            server.frame(LINE, &ask(number));
            assert!(!is_closed(&server.outputs()), "{number}");
        }
        // The same ones again are no new ones.
        server.frame(LINE, &ask(0));
        assert!(!is_closed(&server.outputs()));
        server.frame(LINE, &ask(EMPTY_DOCUMENTS));
        assert!(is_closed(&server.outputs()));
    }
    let mut server = Bench::new(false);
    server.join(LINE, meltemi());
    for number in 0..2 * EMPTY_DOCUMENTS {
        server.frame(LINE, &changes(numbered(number), &doc_with("a")));
        assert!(!is_closed(&write_all(&mut server)), "{number}");
    }
    assert_eq!(server.repo.catalogue().count(), 2 * EMPTY_DOCUMENTS);
}

#[test]
fn who_is_refused_too_often_is_closed() {
    let mut server = Bench::new(false);
    server.join(LINE, plain());
    for number in 0..REFUSED_DOCUMENTS {
        let frame = sync(numbered(number), false, filter_without_bits());
        server.frame(LINE, &frame);
        assert_eq!(refusals(&server.outputs(), LINE), ["bad-filter"]);
        // Refused once, refused for as long as the connection lasts.
        server.frame(LINE, &request(numbered(number)));
        assert_eq!(refusals(&server.outputs(), LINE), ["bad-filter"]);
    }
    let frame = sync(numbered(REFUSED_DOCUMENTS), false, filter_without_bits());
    server.frame(LINE, &frame);
    assert!(is_closed(&server.outputs()));
}

/// A change on top of one that does not exist.
fn orphan(number: u8) -> RawChange {
    let mut change = RawChange::puts(1);
    change.deps = vec![automerge::ChangeHash([number; 32])];
    change.start_op = 2;
    change.actor = [number; 16].into();
    change
}

fn sent(change: &RawChange) -> Vec<u8> {
    let hash = Change::from_bytes(change.chunk()).expect("a change").hash();
    message(vec![hash], vec![change.chunk()])
}

#[test]
fn who_owes_ancestors_gets_one_chance_whatever_else_he_leaves_out() {
    let (mut server, doc) = with_document();
    server.join(LINE, plain());
    server.frame(LINE, &sync(DOCUMENT, false, sent(&orphan(1))));
    let outputs = server.outputs();
    assert_eq!(refusals(&outputs, LINE), [""; 0]);
    assert_eq!(storage_of(&outputs), []);
    server.frame(LINE, &sync(DOCUMENT, false, sent(&orphan(2))));
    let outputs = server.outputs();
    assert_eq!(refusals(&outputs, LINE), ["missing-dependencies"]);
    let here = server.repo.document(&DOCUMENT).expect("the document");
    assert_eq!(here.get_heads(), doc.get_heads());
    assert_eq!(here.get_missing_deps(&[]), [], "orphans are forgotten");
}

#[test]
fn orphans_go_with_their_connection_and_there_are_none_of_new_documents() {
    let (mut server, _) = with_document();
    server.join(LINE, plain());
    server.frame(LINE, &sync(DOCUMENT, false, sent(&orphan(1))));
    let missing = |server: &Bench| {
        let document = server.repo.document(&DOCUMENT).expect("the document");
        document.get_missing_deps(&[]).len()
    };
    assert_eq!(missing(&server), 1);
    server.handle(Input::Disconnected { connection: LINE });
    assert_eq!(missing(&server), 0);
    server.outputs();
    server.join(LINE, plain());
    server.frame(LINE, &sync(numbered(1), false, sent(&orphan(1))));
    assert_eq!(refusals(&server.outputs(), LINE), ["missing-dependencies"]);
    assert!(!server.repo.is_loaded(&numbered(1)));
}

#[test]
fn a_connection_may_owe_ancestors_of_a_few_documents() {
    let mut server = Bench::new(false);
    server.join(OTHER, meltemi());
    server.join(LINE, plain());
    for number in 0..=OWING_DOCUMENTS {
        server.frame(OTHER, &changes(numbered(number), &doc_with("a")));
        write_all(&mut server);
        server.frame(LINE, &sync(numbered(number), false, sent(&orphan(1))));
        let outputs = server.outputs();
        assert_eq!(is_closed(&outputs), number == OWING_DOCUMENTS, "{number}");
    }
}

#[test]
fn ephemeral_messages_are_relayed_as_often_as_a_person_moves() {
    let (mut server, _) = with_document();
    server.join(LINE, plain());
    server.frame(LINE, &request(DOCUMENT));
    server.outputs();
    let relayed = |server: &mut Bench| {
        for count in 0..2 * EPHEMERAL_BURST {
            let frame = Frame::Ephemeral {
                route: route(),
                document: DOCUMENT,
                count,
                session: "session".to_owned(),
                data: vec![0xf6],
            };
            server.frame(LINE, &frame);
        }
        frames_of(&server.outputs(), OTHER).len() as u64
    };
    assert_eq!(relayed(&mut server), EPHEMERAL_BURST);
    assert_eq!(relayed(&mut server), 0);
    server.now = server.now.plus_millis(1_000);
    assert_eq!(relayed(&mut server), EPHEMERAL_PER_SECOND);
}

/// A peer that has sent the first part of a frame, with so many bytes.
fn with_a_part(bytes: u64) -> Bench {
    let mut server = Bench::new(false);
    server.join(LINE, meltemi());
    let data = vec![0xa0; bytes as usize];
    server.frame(LINE, &Frame::Part { left: 9, data });
    server
}

#[test]
fn a_frame_in_parts_that_does_not_end_ends_its_connection() {
    let mut server = with_a_part(1);
    let woken = |at| move |output: &Output| *output == Output::Wake(at);
    let due = server.now.plus_millis(PARTED_MILLIS);
    assert!(server.outputs().iter().any(woken(due)));
    // Parts with next to nothing in them and other frames give no more time.
    server.now = START.plus_millis(PARTED_MILLIS - 1);
    for frame in [
        Frame::Ping,
        Frame::Part {
            left: 8,
            data: vec![0xa0],
        },
    ] {
        server.frame(LINE, &frame);
    }
    assert!(!is_closed(&server.outputs()));
    server.now = due;
    server.handle(Input::Tick);
    let outputs = server.outputs();
    let reason = outputs.iter().find_map(|output| match output {
        Output::Close { reason, .. } => Some(reason.as_str()),
        _ => None,
    });
    let said = "the rest of a long frame did not come in time; connect again";
    assert_eq!(reason, Some(said));
    assert!(
        frames_of(&outputs, LINE).iter().any(
            |frame| matches!(frame, Frame::Error { code: Some(code), .. } if code == "no-rest")
        )
    );
}

#[test]
fn parts_that_come_slowly_but_steadily_have_the_time_they_need() {
    let bytes = 100 * PARTED_BYTES_PER_SECOND;
    let mut server = with_a_part(bytes);
    let mut ticks = |millis| {
        server.now = server.now.plus_millis(millis);
        server.handle(Input::Tick);
        is_closed(&server.outputs())
    };
    assert!(!ticks(PARTED_MILLIS + 99_999));
    assert!(ticks(1));
}

#[test]
fn a_frame_in_parts_that_has_ended_is_waited_for_no_more() {
    let mut server = Bench::new(false);
    server.join(LINE, meltemi());
    let ping = Frame::Ping.encode();
    for (left, data) in [(1, &ping[..2]), (0, &ping[2..])] {
        let data = data.to_vec();
        server.frame(LINE, &Frame::Part { left, data });
    }
    server.now = server.now.plus_millis(10 * PARTED_MILLIS);
    server.handle(Input::Tick);
    let outputs = server.outputs();
    assert!(!is_closed(&outputs));
    let answered = frames_of(&outputs, LINE);
    assert!(answered.contains(&Frame::Pong), "{answered:?}");
}
