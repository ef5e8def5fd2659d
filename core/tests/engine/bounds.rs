//! What one peer can make a server keep, and what one bad document can do to the others.

use automerge::sync::Message;
use automerge::transaction::Transactable;
use automerge::{Automerge, ROOT};
use meltemi_core::id::{ConnectionId, DocumentId, PeerId};
use meltemi_core::sync::output::Output;
use meltemi_core::sync::policy::{Access, Policy, Principal, Refusal, Standing};
use meltemi_core::sync::storage::{
    CatalogueEntry, ChunkKey, Loaded, StorageAnswer, StorageRequest, StoredChunk,
};
use meltemi_core::testing::hostile::message;
use meltemi_core::wire::exchange::Exchange;
use meltemi_core::wire::frame::{Frame, Route};
use meltemi_core::wire::limits::{AWAITED_DOCUMENTS, FRAME_BYTES, LOADS};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::bench::{Bench, DOCUMENT, LINE, doc_with, meltemi, plain, storage_of};

/// Documents on the disk: many more than a server keeps.
const STORED: u64 = 1_000;

fn id(number: u64) -> DocumentId {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    DocumentId::from_bytes(bytes)
}

fn entries(doc: &Automerge) -> Vec<CatalogueEntry> {
    let heads: Vec<_> = doc.get_heads().iter().map(|head| head.0).collect();
    let entry = |number| CatalogueEntry {
        heads: heads.clone(),
        label: Some("thing".to_owned()),
        ..CatalogueEntry::unknown(id(number))
    };
    (0..STORED).map(entry).collect()
}

/// Gives the engine what it asks of the disk until it asks for nothing more. Returns the most
/// loads it asked for at once.
fn serve_disk<P: Policy>(bench: &mut Bench<P>, doc: &Automerge) -> usize {
    let bytes = doc.save();
    let chunk = StoredChunk {
        key: ChunkKey::increment(&bytes),
        bytes,
    };
    let mut most = 0;
    loop {
        let asked = bench.storage();
        if asked.is_empty() {
            return most;
        }
        let loads = asked
            .iter()
            .filter(|(_, request)| matches!(request, StorageRequest::Load(_)));
        most = most.max(loads.count());
        for (effect, request) in asked {
            let answer = match request {
                StorageRequest::Load(_) => StorageAnswer::Loaded(Loaded {
                    chunks: vec![chunk.clone()],
                    damaged: Vec::new(),
                }),
                StorageRequest::Synced(_) => StorageAnswer::Noted,
                _ => StorageAnswer::Written,
            };
            bench.store(effect, Ok(answer));
        }
    }
}

fn request(document: DocumentId, data: Vec<u8>) -> Frame {
    Frame::Sync {
        route: Route {
            sender: PeerId("there".to_owned()),
            target: PeerId("here".to_owned()),
        },
        document,
        request: true,
        data,
    }
}

#[test]
fn documents_of_a_peer_that_never_answers_go_out_of_memory() {
    let doc = doc_with("a");
    let mut server = Bench::with_catalogue(entries(&doc));
    server.join(LINE, plain());
    for number in 0..STORED {
        server.frame(LINE, &request(id(number), message(Vec::new(), Vec::new())));
        serve_disk(&mut server, &doc);
    }
    let loaded = server.repo.metrics().loaded;
    assert!(loaded <= 200, "{loaded} documents are kept");
    // It still has them open: what somebody changes is sent to it.
    let other = ConnectionId(2);
    server.join(other, plain());
    let mut changed = doc.clone();
    changed
        .transact::<_, _, automerge::AutomergeError>(|tx| tx.put(ROOT, "b", 2))
        .expect("a change");
    let change = changed.get_last_local_change().expect("the change");
    let data = message(changed.get_heads(), vec![change.raw_bytes().to_vec()]);
    server.frame(other, &request(id(0), data));
    let mut told = false;
    loop {
        let outputs = server.outputs();
        told |= outputs.iter().any(|output| match output {
            Output::Send { connection, bytes } if *connection == LINE => {
                match Frame::decode(bytes).expect("a frame") {
                    Frame::Sync { document, data, .. } => {
                        let message = Message::decode(&data).expect("a message");
                        document == id(0) && message.heads == changed.get_heads()
                    }
                    _ => false,
                }
            }
            _ => false,
        });
        let asked = storage_of(&outputs);
        if asked.is_empty() {
            break;
        }
        for (effect, request) in asked {
            let bytes = doc.save();
            let key = ChunkKey::increment(&bytes);
            let answer = match request {
                StorageRequest::Load(_) => StorageAnswer::Loaded(Loaded {
                    chunks: vec![StoredChunk { key, bytes }],
                    damaged: Vec::new(),
                }),
                _ => StorageAnswer::Written,
            };
            server.store(effect, Ok(answer));
        }
    }
    assert!(told);
}

/// Every label is of an older version.
struct NewLabels;

impl Policy for NewLabels {
    fn access(&self, _: &Principal, _: &DocumentId, _: Standing<'_>) -> Access {
        Access::Write
    }

    fn check(&self, _: &DocumentId, _: &Automerge, _: bool) -> Result<Option<String>, Refusal> {
        Ok(Some("new thing".to_owned()))
    }

    fn is_current(&self, label: Option<&str>) -> bool {
        label == Some("new thing")
    }

    fn announce(&self, _: &Principal, _: Option<&str>) -> bool {
        true
    }
}

#[test]
fn a_catalogue_with_old_labels_is_labelled_anew_a_few_documents_at_a_time() {
    let doc = doc_with("a");
    let mut server = Bench::server_with(NewLabels, entries(&doc));
    let most = serve_disk(&mut server, &doc);
    assert!((1..=LOADS).contains(&most), "{most} loads at once");
    let labelled = |entry: &&CatalogueEntry| entry.label.as_deref() == Some("new thing");
    assert_eq!(
        server.repo.catalogue().filter(labelled).count() as u64,
        STORED
    );
    assert!(server.repo.metrics().loaded <= 200);
}

#[test]
fn a_device_that_wants_everything_at_once_is_closed() {
    let doc = doc_with("a");
    let mut many = entries(&doc);
    let extra = (STORED..2_000).map(|number| CatalogueEntry {
        document: id(number),
        ..many[0].clone()
    });
    let extra: Vec<_> = extra.collect();
    many.extend(extra);
    let mut server = Bench::with_catalogue(many);
    server.join(LINE, meltemi());
    let want = |count: usize| Exchange {
        want: (0..count as u64)
            .map(|number| (id(number), Vec::new()))
            .collect(),
        ..Exchange::default()
    };
    server.frame(LINE, &Frame::Exchange(want(AWAITED_DOCUMENTS)));
    let closed = |outputs: &[Output]| outputs.iter().any(|o| matches!(o, Output::Close { .. }));
    assert!(!closed(&server.outputs()));
    let other = ConnectionId(2);
    server.join(other, meltemi());
    server.frame(other, &Frame::Exchange(want(AWAITED_DOCUMENTS + 1)));
    assert!(closed(&server.outputs()));
}

#[test]
fn what_waits_for_the_disk_of_a_plain_peer_is_bounded_in_bytes() {
    const PIECE: usize = 1024 * 1024;
    let mut server = Bench::new(false);
    server.join(LINE, plain());
    let mut doc = Automerge::new();
    let mut sent = 0;
    loop {
        let noise: Vec<u8> = (0..PIECE)
            .map(|at| (at * 31 + sent) as u8 ^ (at >> 7) as u8)
            .collect();
        doc.transact::<_, _, automerge::AutomergeError>(|tx| tx.put(ROOT, "a", noise))
            .expect("a change");
        let change = doc.get_last_local_change().expect("the change");
        let chunk = change.raw_bytes().to_vec();
        sent += chunk.len();
        server.frame(
            LINE,
            &request(DOCUMENT, message(doc.get_heads(), vec![chunk])),
        );
        let outputs = server.outputs();
        if outputs
            .iter()
            .any(|output| matches!(output, Output::Close { .. }))
        {
            break;
        }
        // The first is being written all the time.
        assert!(sent <= FRAME_BYTES + 2 * PIECE, "{sent} bytes wait");
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod shut {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use meltemi_core::wire::exchange::Changes;

    use super::*;
    use crate::bench::frames_of;

    /// Fails at one document, as the library might.
    struct Fails;

    impl Policy for Fails {
        fn access(&self, _: &Principal, _: &DocumentId, _: Standing<'_>) -> Access {
            Access::Write
        }

        fn authored(
            &self,
            _: &Principal,
            document: &DocumentId,
            _: &automerge::ActorId,
            _: Option<&automerge::Author<'_>>,
            _: Option<&Principal>,
            _: bool,
        ) -> Result<(), Refusal> {
            assert_ne!(*document, id(1), "the library fails");
            Ok(())
        }

        fn check(
            &self,
            id: &DocumentId,
            _: &Automerge,
            _: bool,
        ) -> Result<Option<String>, Refusal> {
            assert_ne!(*id, super::id(2), "the library fails");
            Ok(None)
        }

        fn announce(&self, _: &Principal, _: Option<&str>) -> bool {
            true
        }
    }

    #[test]
    fn a_document_that_the_library_fails_at_is_shut_and_the_others_go_on() {
        let mut server = Bench::server(Fails);
        server.join(LINE, meltemi());
        // As changes, which are asked about one by one.
        let changes = doc_with("a").get_changes(&[]);
        let bytes: Vec<_> = changes.iter().map(|change| change.raw_bytes()).collect();
        let bytes = bytes.concat();
        let changes = [id(1), id(2), DOCUMENT].map(|document| Changes {
            document,
            bytes: bytes.clone(),
        });
        let exchange = Exchange {
            changes: changes.to_vec(),
            ..Exchange::default()
        };
        for _ in 0..2 {
            server.frame(LINE, &Frame::Exchange(exchange.clone()));
        }
        let outputs = server.outputs();
        let written: Vec<_> = storage_of(&outputs)
            .into_iter()
            .filter_map(|(_, request)| match request {
                StorageRequest::Write(batch) => Some(batch.document),
                _ => None,
            })
            .collect();
        assert_eq!(written, [DOCUMENT]);
        // What fails while it is only tried is refused, what fails in between shuts the document.
        let metrics = server.repo.metrics();
        assert_eq!((metrics.shut, metrics.refusals["bad-changes"]), (1, 2));
        assert!(
            !outputs
                .iter()
                .any(|output| matches!(output, Output::Close { .. }))
        );
    }

    /// Fails at telling Ben, once it is switched on.
    #[derive(Clone, Default)]
    struct FailsAtBen(Arc<AtomicBool>);

    impl Policy for FailsAtBen {
        fn access(&self, principal: &Principal, _: &DocumentId, _: Standing<'_>) -> Access {
            assert!(
                principal.0 != "ben" || !self.0.load(Ordering::Relaxed),
                "the library fails"
            );
            Access::Write
        }

        fn check(&self, _: &DocumentId, _: &Automerge, _: bool) -> Result<Option<String>, Refusal> {
            Ok(Some("thing".to_owned()))
        }

        fn announce(&self, _: &Principal, _: Option<&str>) -> bool {
            true
        }
    }

    fn changes(document: DocumentId, bytes: &[u8]) -> Frame {
        Frame::Exchange(Exchange {
            changes: vec![Changes {
                document,
                bytes: bytes.to_vec(),
            }],
            ..Exchange::default()
        })
    }

    fn write_of(outputs: &[Output]) -> meltemi_core::id::EffectId {
        let writes = storage_of(outputs).into_iter();
        let mut writes = writes.filter(|(_, r)| matches!(r, StorageRequest::Write(_)));
        writes.next().expect("a write").0
    }

    #[test]
    fn a_document_that_is_shut_while_it_is_written_stays_shut_and_holds_nobody_up() {
        let policy = FailsAtBen::default();
        let mut server = Bench::server(policy.clone());
        let ben = ConnectionId(2);
        server.join_as(LINE, Principal("ana".to_owned()), meltemi());
        server.join_as(ben, Principal("ben".to_owned()), meltemi());
        let mut doc = doc_with("a");
        server.frame(LINE, &changes(id(3), &doc.save()));
        let write = write_of(&server.outputs());
        server.store(write, Ok(StorageAnswer::Written));
        let want = Exchange {
            want: vec![(id(3), Vec::new())],
            ..Exchange::default()
        };
        server.frame(ben, &Frame::Exchange(want));
        server.outputs();

        policy.0.store(true, Ordering::Relaxed);
        doc.transact::<_, _, automerge::AutomergeError>(|tx| tx.put(ROOT, "b", 2))
            .expect("a change");
        let change = doc.get_last_local_change().expect("the change");
        server.frame(LINE, &changes(id(3), change.raw_bytes()));
        let write = write_of(&server.outputs());
        assert_eq!(server.repo.metrics().shut, 1);
        policy.0.store(false, Ordering::Relaxed);
        server.store(write, Ok(StorageAnswer::Written));
        assert!(!server.repo.is_loaded(&id(3)));
        assert!(
            server
                .outputs()
                .iter()
                .all(|o| !matches!(o, Output::Saved { .. }))
        );

        // What others write after it counts as written.
        server.frame(LINE, &changes(DOCUMENT, &doc_with("c").save()));
        let write = write_of(&server.outputs());
        server.store(write, Ok(StorageAnswer::Written));
        assert!(
            server
                .outputs()
                .contains(&Output::Saved { document: DOCUMENT })
        );
        let hello = Frame::Hello {
            seq: 0,
            root: [0; 32],
            count: 0,
        };
        server.frame(LINE, &hello);
        let told = frames_of(&server.outputs(), LINE).into_iter();
        let seqs = told.filter_map(|frame| match frame {
            Frame::Exchange(exchange) => exchange.seq,
            _ => None,
        });
        assert_eq!(seqs.max(), Some(3));
    }
}
