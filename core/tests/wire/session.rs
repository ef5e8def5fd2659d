//! The document's sessions, played with the engine as the server.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, Automerge, ROOT, ReadDoc};
use meltemi_core::id::{ConnectionId, DocumentId, EffectId, PeerId, StorageId};
use meltemi_core::sync::input::{Input, Role};
use meltemi_core::sync::output::Output;
use meltemi_core::sync::policy::{Access, Policy, Principal, Refusal, Standing};
use meltemi_core::sync::reconcile::{SetSum, item};
use meltemi_core::sync::repo::{Repo, RepoConfig};
use meltemi_core::sync::storage::{Listing, StorageAnswer, StorageRequest};
use meltemi_core::time::Timestamp;
use meltemi_core::wire::exchange::{Changes, Exchange, Hash};
use meltemi_core::wire::frame::{Frame, MELTEMI, PeerMetadata};
use meltemi_core::wire::limits::REPAIR_BYTES;
use negentropy::{Id, Negentropy, NegentropyStorageVector};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::digest::timestamp;
use crate::document::{agrees, frame};

/// Blocks of the document that belong to the sessions.
pub(crate) const NAMES: [&str; 15] = [
    "session-join",
    "session-peer",
    "session-hello",
    "session-page",
    "session-listed",
    "session-want",
    "session-answer",
    "session-changes",
    "session-acknowledged",
    "repair-hello",
    "repair-listed",
    "repair-ask",
    "repair-answer",
    "repair-lookup",
    "repair-found",
];

const DOCUMENT: DocumentId = DocumentId::from_bytes([1; 16]);
const AUTHOR: ConnectionId = ConnectionId(1);
const DEVICE: ConnectionId = ConnectionId(2);
const OTHER: ConnectionId = ConnectionId(3);
const NOW: Timestamp = Timestamp(1_000_000);

/// Takes everything and tells everybody of it.
struct Everything;

impl Policy for Everything {
    fn access(&self, _: &Principal, _: &DocumentId, _: Standing<'_>) -> Access {
        Access::Write
    }

    fn check(&self, _: &DocumentId, _: &Automerge, _: bool) -> Result<Option<String>, Refusal> {
        Ok(Some("thing".to_owned()))
    }

    fn announce(&self, _: &Principal, _: Option<&str>) -> bool {
        true
    }
}

/// A server, and what it has been asked to write.
struct Server {
    repo: Repo<Everything>,
    writing: Option<EffectId>,
}

impl Server {
    fn new() -> Self {
        let config = RepoConfig {
            peer: PeerId("server".to_owned()),
            storage: StorageId("disk".to_owned()),
            seed: [9; 32],
            dials: false,
            follows_all: false,
            kept: 100,
        };
        let mut server = Self {
            repo: Repo::new(config, Everything, NOW),
            writing: None,
        };
        server.told(DEVICE);
        let effect = server.writing.take().expect("a question for the catalogue");
        let nothing = StorageAnswer::Catalogue(Listing::default());
        server.handle(Input::Stored {
            effect,
            result: Ok(nothing),
        });
        server
    }

    fn handle(&mut self, input: Input) {
        self.repo.handle(NOW, input);
    }

    fn connect(&mut self, connection: ConnectionId) {
        self.handle(Input::Connected {
            connection,
            role: Role::Acceptor,
            principal: Principal::built_in(),
        });
    }

    fn take(&mut self, connection: ConnectionId, bytes: Vec<u8>) {
        self.handle(Input::Frame { connection, bytes });
    }

    /// The frames for a connection since the last time.
    fn told(&mut self, connection: ConnectionId) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        while let Some(output) = self.repo.poll() {
            match output {
                Output::Send {
                    connection: to,
                    bytes,
                } if to == connection => frames.push(bytes),
                Output::Storage {
                    effect,
                    request: StorageRequest::Write(_) | StorageRequest::Catalogue,
                } => self.writing = Some(effect),
                _ => {}
            }
        }
        frames
    }

    /// The disk answers: what was written is flushed.
    fn flushed(&mut self) {
        let effect = self.writing.take().expect("a write");
        self.handle(Input::Stored {
            effect,
            result: Ok(StorageAnswer::Written),
        });
    }

    /// A device sends a frame of the document, and gets these frames of it.
    fn play(&mut self, connection: ConnectionId, sent: &str, answers: &[&str]) {
        self.take(connection, frame(sent));
        self.answers(connection, answers);
    }

    fn answers(&mut self, connection: ConnectionId, names: &[&str]) {
        let told = self.told(connection);
        for (name, bytes) in names.iter().zip(&told) {
            agrees(name, bytes);
        }
        assert_eq!(told.len(), names.len(), "frames after {names:?}");
    }
}

/// Changes the title as a device with this actor.
fn titled(doc: &mut Automerge, actor: u8, title: &str) {
    doc.set_actor(ActorId::from([actor; 16]));
    let mut tx = doc.transaction();
    tx.put(ROOT, "title", title).expect("a change");
    tx.commit_with(CommitOptions::default().with_time(0));
}

/// What the server has from the start.
fn first() -> Automerge {
    let mut doc = Automerge::new();
    titled(&mut doc, 0xa1, "Sea");
    doc
}

/// The same after the device's change.
fn second() -> Automerge {
    let mut doc = first();
    titled(&mut doc, 0xb2, "Wind");
    doc
}

fn heads(doc: &Automerge) -> Vec<Hash> {
    doc.get_heads().iter().map(|head| head.0).collect()
}

fn join(name: &str) -> Vec<u8> {
    let metadata = PeerMetadata {
        storage: None,
        ephemeral: true,
        meltemi: MELTEMI,
    };
    let join = Frame::Join {
        sender: PeerId(name.to_owned()),
        metadata,
        versions: vec!["1".to_owned()],
    };
    join.encode()
}

fn changes(bytes: Vec<u8>) -> Vec<u8> {
    let changes = vec![Changes {
        document: DOCUMENT,
        bytes,
    }];
    let exchange = Exchange {
        changes,
        ..Exchange::default()
    };
    Frame::Exchange(exchange).encode()
}

/// A server that has the first version on its disk, with the number 1.
fn server() -> Server {
    let mut server = Server::new();
    server.connect(AUTHOR);
    server.take(AUTHOR, join("author"));
    server.take(AUTHOR, changes(first().save_nocompress()));
    server.told(AUTHOR);
    server.flushed();
    server.told(AUTHOR);
    server
}

#[test]
fn the_session_of_the_document_is_the_one_of_the_server() {
    let mut server = server();
    server.connect(DEVICE);
    agrees("session-join", &join("device"));
    server.play(DEVICE, "session-join", &["session-peer"]);

    let nothing = SetSum::default().listed();
    let hello = Frame::Hello {
        seq: 0,
        root: nothing.root,
        count: 0,
    };
    agrees("session-hello", &hello.encode());
    server.play(DEVICE, "session-hello", &["session-page", "session-listed"]);

    let want = Exchange {
        want: vec![(DOCUMENT, Vec::new())],
        ..Exchange::default()
    };
    agrees("session-want", &Frame::Exchange(want).encode());
    server.play(DEVICE, "session-want", &["session-answer"]);

    let doc = second();
    let new = doc.get_changes(&first().get_heads());
    let new: Vec<_> = new.iter().map(|change| change.raw_bytes()).collect();
    agrees("session-changes", &changes(new.concat()));
    server.play(DEVICE, "session-changes", &[]);
    server.flushed();
    server.answers(DEVICE, &["session-acknowledged"]);

    let kept = server.repo.document(&DOCUMENT).expect("the document");
    assert_eq!(kept.get_heads(), doc.get_heads());
    let (title, _) = kept.get(ROOT, "title").expect("a map").expect("a title");
    assert_eq!(title.as_str(), Some("Wind"));
}

/// A set as negentropy wants it, made as the document says and not by our code.
fn set(items: &[(u64, Hash)]) -> NegentropyStorageVector {
    let mut set = NegentropyStorageVector::new();
    for (timestamp, item) in items {
        set.insert(*timestamp, Id::from_byte_array(*item))
            .expect("an item");
    }
    set.seal().expect("a set");
    set
}

#[test]
fn the_comparison_of_the_document_is_the_one_of_the_server() {
    let mut server = server();
    server.connect(OTHER);
    server.take(OTHER, join("other"));
    server.told(OTHER);

    // The device believes that the server has a version it never had.
    let believed = item(&DOCUMENT, &[[0xdd; 32]]);
    let mut sum = SetSum::default();
    sum.add(&believed);
    let known = sum.listed();
    let hello = Frame::Hello {
        seq: 0,
        root: known.root,
        count: known.count,
    };
    agrees("repair-hello", &hello.encode());
    server.play(OTHER, "repair-hello", &["repair-listed"]);

    let set = set(&[(timestamp([1; 16]), believed)]);
    let mut comparison = Negentropy::borrowed(&set, REPAIR_BYTES).expect("a comparison");
    let data = comparison.initiate().expect("a first message");
    agrees("repair-ask", &Frame::Repair { data }.encode());
    server.play(OTHER, "repair-ask", &["repair-answer"]);

    let Ok(Frame::Repair { data }) = Frame::decode(&frame("repair-answer")) else {
        panic!("the answer is a message of the comparison");
    };
    let (mut have, mut need) = (Vec::new(), Vec::new());
    let more = comparison
        .reconcile_with_ids(&data, &mut have, &mut need)
        .expect("an answer");
    assert_eq!(more, None);
    assert_eq!(have, [Id::from_byte_array(believed)]);
    let items: Vec<Hash> = need.iter().map(|id| *id.as_bytes()).collect();
    assert_eq!(items, [item(&DOCUMENT, &heads(&first()))]);

    agrees("repair-lookup", &Frame::Lookup { items }.encode());
    server.play(OTHER, "repair-lookup", &["repair-found", "session-listed"]);
}
