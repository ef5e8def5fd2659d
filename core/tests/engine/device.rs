//! What a device promises: retries, what waits, other tabs.

use automerge::transaction::Transactable;
use automerge::{Automerge, ROOT};
use meltemi_core::sync::input::{Input, Role};
use meltemi_core::sync::output::Output;
use meltemi_core::sync::policy::Principal;
use meltemi_core::sync::repo::EditError;
use meltemi_core::sync::status::Line;
use meltemi_core::sync::storage::{ChunkKey, StorageAnswer, StoredChunk};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::bench::{Bench, DOCUMENT, LINE, START, doc_with, storage_of};

#[test]
fn attempts_to_connect_come_less_and_less_often_until_one_succeeds() {
    let mut device = Bench::new(true);
    let mut waits = Vec::new();
    for _ in 0..10 {
        device.handle(Input::DialFailed);
        device.outputs();
        let Line::Offline { since, retry } = device.repo.status().line else {
            panic!("offline after a failed attempt");
        };
        assert_eq!(since, START, "offline since the start");
        waits.push(retry.0 - device.now.0);
        device.now = retry;
        device.handle(Input::Tick);
        assert!(device.outputs().contains(&Output::Dial));
    }
    assert!(
        waits[0] <= 1_000 && waits[9] >= 30_000 && waits[9] <= 60_000,
        "{waits:?}"
    );
}

#[test]
fn a_clock_that_is_set_back_does_not_stop_the_line() {
    let mut device = Bench::new(true);
    device.now = START.plus_millis(5_000_000_000);
    device.handle(Input::DialFailed);
    device.outputs();
    device.now = START.plus_millis(10);
    device.handle(Input::Tick);
    let outputs = device.outputs();
    let wake = outputs.iter().find_map(|output| match output {
        Output::Wake(at) => Some(*at),
        _ => None,
    });
    let wake = wake.expect("a new time to wake up");
    assert!(wake > device.now && wake <= device.now.plus_millis(1_000));
    assert!(matches!(device.repo.status().line, Line::Offline { retry, .. } if retry == wake));
    device.now = wake;
    device.handle(Input::Tick);
    assert!(device.outputs().contains(&Output::Dial));
}

#[test]
fn a_tick_that_comes_too_early_is_followed_by_another() {
    let mut device = Bench::new(true);
    device.handle(Input::DialFailed);
    let wake = |outputs: Vec<Output>| outputs.into_iter().find(|o| matches!(o, Output::Wake(_)));
    let first = wake(device.outputs());
    device.now = START.plus_millis(1);
    device.handle(Input::Tick);
    assert!(first.is_some());
    assert_eq!(wake(device.outputs()), first);
}

#[test]
fn a_document_of_first_changes_alone_waits_too() {
    let mut device = Bench::new(true);
    let edit = |doc: &mut Automerge| {
        let mut tx = doc.transaction();
        tx.put(ROOT, "a", 1).expect("a put");
        tx.commit_with(automerge::transaction::CommitOptions::default().with_time(0));
        Ok::<_, EditError>(())
    };
    device.repo.edit(START, DOCUMENT, edit).expect("an edit");
    let status = device.repo.status();
    assert_eq!((status.unsaved, status.waiting), (1, 1));
}

#[test]
fn a_change_waits_until_a_server_that_keeps_it_shows_it() {
    let mut device = Bench::new(true);
    let edit = |doc: &mut Automerge| {
        let mut tx = doc.transaction();
        tx.put(ROOT, "a", 1).expect("a put");
        tx.commit_with(automerge::transaction::CommitOptions::default().with_time(5));
        Ok::<_, EditError>(())
    };
    device.repo.edit(START, DOCUMENT, edit).expect("an edit");
    assert_eq!(
        (device.repo.status().unsaved, device.repo.status().waiting),
        (1, 1)
    );
    let (effect, _) = device.storage().remove(0);
    device.store(effect, Ok(StorageAnswer::Written));
    assert_eq!(
        (device.repo.status().unsaved, device.repo.status().waiting),
        (0, 1)
    );

    let mut server = Bench::new(false);
    let principal = Principal::built_in();
    device.handle(Input::Connected {
        connection: LINE,
        role: Role::Dialer,
        principal: principal.clone(),
    });
    server.handle(Input::Connected {
        connection: LINE,
        role: Role::Acceptor,
        principal,
    });
    let mut withheld = None;
    loop {
        let (up, down) = (device.outputs(), server.outputs());
        if up.is_empty() && down.is_empty() {
            break;
        }
        for output in up {
            if let Output::Send { bytes, .. } = output {
                server.handle(Input::Frame {
                    connection: LINE,
                    bytes,
                });
            }
        }
        for output in down {
            match output {
                Output::Send { bytes, .. } => {
                    device.handle(Input::Frame {
                        connection: LINE,
                        bytes,
                    });
                }
                Output::Storage { effect, .. } => withheld = Some(effect),
                _ => {}
            }
        }
    }
    assert_eq!(
        device.repo.status().waiting,
        1,
        "the server's disk has not answered"
    );
    server.store(
        withheld.expect("a write on the server"),
        Ok(StorageAnswer::Written),
    );
    for output in server.outputs() {
        if let Output::Send { bytes, .. } = output {
            device.handle(Input::Frame {
                connection: LINE,
                bytes,
            });
        }
    }
    let status = device.repo.status();
    assert_eq!((status.waiting, status.line), (0, Line::Online));
    assert!(status.synced_at.is_some());
}

#[test]
fn what_another_tab_wrote_is_shown_sent_on_and_not_written_again() {
    let mut device = Bench::new(true);
    device.outputs();
    let doc = doc_with("a");
    let bytes = doc.save();
    let chunk = StoredChunk {
        key: ChunkKey::increment(&bytes),
        bytes,
    };
    device.handle(Input::WrittenElsewhere {
        document: DOCUMENT,
        chunks: vec![chunk],
    });
    let outputs = device.outputs();
    assert!(outputs.contains(&Output::Changed {
        document: DOCUMENT,
        local: false
    }));
    assert!(storage_of(&outputs).is_empty());
    assert_eq!(
        device.repo.document(&DOCUMENT).map(Automerge::get_heads),
        Some(doc.get_heads())
    );
    assert!(device.repo.is_saved(&DOCUMENT));
}

#[test]
fn what_the_server_was_seen_to_have_is_never_taken_back() {
    let mut device = Bench::new(true);
    let doc = doc_with("a");
    let bytes = doc.save();
    let chunk = StoredChunk {
        key: ChunkKey::increment(&bytes),
        bytes,
    };
    device.handle(Input::WrittenElsewhere {
        document: DOCUMENT,
        chunks: vec![chunk],
    });
    let heads = doc.get_heads().iter().map(|head| head.0).collect();
    device.handle(Input::SyncedElsewhere {
        document: DOCUMENT,
        heads,
    });
    device.handle(Input::SyncedElsewhere {
        document: DOCUMENT,
        heads: Vec::new(),
    });
    let edit = |doc: &mut Automerge| {
        let mut tx = doc.transaction();
        tx.put(ROOT, "b", 2).expect("a put");
        tx.commit_with(automerge::transaction::CommitOptions::default().with_time(5));
        Ok::<_, EditError>(())
    };
    device.repo.edit(START, DOCUMENT, edit).expect("an edit");
    assert_eq!(device.repo.status().waiting, 1, "only the new change waits");
}
