//! A server with a disk, to which anything may be said and which must serve afterwards.

use std::collections::BTreeMap;

use automerge::sync::{Message, State, SyncDoc};
use automerge::{Automerge, ChangeHash};
use meltemi_core::id::{ConnectionId, DocumentId, EffectId, PeerId, StorageId};
use meltemi_core::sync::input::{Input, Role};
use meltemi_core::sync::output::Output;
use meltemi_core::sync::policy::Principal;
use meltemi_core::sync::storage::{StorageAnswer, StorageError, StorageRequest};
use meltemi_core::testing::disk::Disk;
use meltemi_core::time::{Date, Timestamp};
use meltemi_core::wire::frame::{Frame, PeerMetadata, Route};
use meltemi_core::workspace::{Workspace, WorkspaceConfig};

use crate::valid::{self, START, valid};

/// Messages after which two replicas of a small record must agree.
const ROUNDS: usize = 32;

/// Milliseconds after which the engine has tried everything again that failed.
const LONG: u64 = 60_000;

/// A replica without its driver.
pub(crate) struct Server {
    pub(crate) workspace: Workspace,
    pub(crate) disk: Disk,
    pub(crate) now: Timestamp,
    /// What was asked of the disk and is not answered.
    pub(crate) pending: BTreeMap<EffectId, StorageRequest>,
    next_connection: u64,
}

impl Server {
    /// A server that has said what it wants first, and got no answer. With `foreign` it takes
    /// documents that are no records.
    pub(crate) fn silent(disk: Disk, foreign: bool) -> Self {
        Self::new(disk, foreign, false)
    }

    /// A device whose disk has answered.
    pub(crate) fn device(disk: Disk) -> Self {
        let mut device = Self::new(disk, false, true);
        device.answer_all();
        device
    }

    fn new(disk: Disk, foreign: bool, dials: bool) -> Self {
        let config = WorkspaceConfig {
            peer: PeerId("server".to_owned()),
            storage: StorageId("disk".to_owned()),
            seed: [9; 32],
            dials,
            follows_all: dials,
            foreign_documents: foreign,
            kept: 4,
        };
        let mut server = Self {
            workspace: Workspace::new(config, START),
            disk,
            now: START,
            pending: BTreeMap::new(),
            next_connection: 0,
        };
        server.drain();
        server
    }

    /// A server whose disk has answered.
    pub(crate) fn with_disk(disk: Disk, foreign: bool) -> Self {
        let mut server = Self::silent(disk, foreign);
        server.answer_all();
        server
    }

    /// Tells the engine something. Returns the frames that it sends; what it asks of the disk
    /// waits.
    pub(crate) fn handle(&mut self, input: Input) -> Vec<(ConnectionId, Frame)> {
        self.workspace.handle(self.now, input);
        self.drain()
    }

    fn drain(&mut self) -> Vec<(ConnectionId, Frame)> {
        let mut sent = Vec::new();
        while let Some(output) = self.workspace.poll() {
            match output {
                Output::Send { connection, bytes } => {
                    let frame = Frame::decode(&bytes).expect("the engine writes frames");
                    sent.push((connection, frame));
                }
                Output::Storage { effect, request } => {
                    self.pending.insert(effect, request);
                }
                _ => {}
            }
        }
        sent
    }

    /// Gives an answer of the disk to the engine.
    pub(crate) fn store(
        &mut self,
        effect: EffectId,
        result: Result<StorageAnswer, StorageError>,
    ) -> Vec<(ConnectionId, Frame)> {
        self.handle(Input::Stored { effect, result })
    }

    /// The disk answers what it was asked, until nothing is left.
    pub(crate) fn answer_all(&mut self) -> Vec<(ConnectionId, Frame)> {
        let mut sent = Vec::new();
        while let Some((effect, request)) = self.pending.pop_first() {
            let result = self.disk.answer(&request);
            sent.extend(self.store(effect, result));
        }
        sent
    }

    /// Opens a connection under a new name.
    pub(crate) fn connect(&mut self) -> ConnectionId {
        self.line(Role::Acceptor)
    }

    /// Opens a connection in this role.
    pub(crate) fn line(&mut self, role: Role) -> ConnectionId {
        let connection = ConnectionId(self.next_connection);
        self.next_connection += 1;
        self.handle(Input::Connected {
            connection,
            role,
            principal: Principal::built_in(),
        });
        connection
    }

    /// Opens a connection and introduces a plain client on it.
    pub(crate) fn join(&mut self) -> ConnectionId {
        let connection = self.connect();
        let join = Frame::Join {
            sender: PeerId("there".to_owned()),
            metadata: PeerMetadata::default(),
            versions: vec!["1".to_owned()],
        };
        self.handle(Input::Frame {
            connection,
            bytes: join.encode(),
        });
        connection
    }

    /// Sends a sync message and lets the disk answer.
    pub(crate) fn sync(
        &mut self,
        connection: ConnectionId,
        document: DocumentId,
        data: &[u8],
    ) -> Vec<(ConnectionId, Frame)> {
        let bytes = sync_frame(document, false, data.to_vec()).encode();
        let mut sent = self.handle(Input::Frame { connection, bytes });
        sent.extend(self.answer_all());
        sent
    }

    /// Asserts that what was taken of a message can be shown, is on the disk, and reaches a new
    /// client. A message that was refused, or that brought nothing, has done no harm by that.
    pub(crate) fn assert_kept(&mut self) {
        self.assert_sound();
        let heads = self.heads(&valid::document());
        if heads.is_empty() || heads == valid().server.get_heads() {
            return;
        }
        let mut restarted = Self::with_disk(self.disk.clone(), false);
        restarted.handle(Input::Open {
            document: valid::document(),
        });
        restarted.answer_all();
        let kept = restarted.heads(&valid::document());
        assert_eq!(kept, heads, "after a restart the document is another one");
    }

    /// Asserts that a device has these changes of its own after a restart, whatever it was told,
    /// and that its document is one that others can load.
    pub(crate) fn assert_keeps(&mut self, own: &[ChangeHash]) {
        let mut restarted = Self::device(self.disk.clone());
        let document = valid::document();
        restarted.handle(Input::Open { document });
        restarted.answer_all();
        restarted.show();
        let kept = restarted.workspace.document(&document);
        let kept = kept.expect("the device's record is on its disk");
        // What it was told to be refused lies beside the record.
        let aside = restarted.workspace.refused_bytes(&document);
        let aside = aside.and_then(|bytes| Automerge::load(&bytes).ok());
        let in_doc =
            |doc: &Automerge, hash: &ChangeHash| doc.get_change_meta_by_hash(hash).is_some();
        let has = |hash: &ChangeHash| {
            in_doc(kept, hash) || aside.as_ref().is_some_and(|doc| in_doc(doc, hash))
        };
        assert!(own.iter().all(has), "changes of the device are gone");
        let copy = Automerge::load(&kept.save()).expect("what a device keeps, others can load");
        assert_eq!(copy.get_heads(), kept.get_heads());
    }

    /// Asserts that what was taken can be shown and reaches a new client.
    pub(crate) fn assert_sound(&mut self) {
        let heads = self.heads(&valid::document());
        if !heads.is_empty() && heads != valid().server.get_heads() {
            self.show();
            self.download(valid::document());
        }
    }

    /// Asserts that after whatever the disk did, the server has recovered and a new client can
    /// download both records.
    pub(crate) fn assert_serves(&mut self) {
        self.disk.full = false;
        self.answer_all();
        for _ in 0..2 {
            self.now = self.now.plus_millis(LONG);
            self.handle(Input::Tick);
            self.answer_all();
        }
        self.show();
        let found = self.download(valid::other());
        assert!(!found.get_heads().is_empty(), "a valid record is gone");
        if self.heads(&valid::document()) != valid().server.get_heads() {
            self.download(valid::document());
        }
    }

    /// Calls everything that makes something to look at from documents.
    fn show(&self) {
        for document in [valid::document(), valid::other()] {
            // A document that is no record is told apart, by an error.
            let _ = self.workspace.record(&document);
        }
        self.workspace.summaries("event");
        self.workspace.overview("2021-03-16".parse::<Date>().ok());
        self.workspace.status();
    }

    fn heads(&self, document: &DocumentId) -> Vec<ChangeHash> {
        let document = self.workspace.document(document);
        document.map(Automerge::get_heads).unwrap_or_default()
    }

    /// Whether the catalogue gives a document these heads.
    fn lists(&self, document: &DocumentId, heads: &[ChangeHash]) -> bool {
        let mut listed = self.workspace.catalogue();
        let entry = listed.find(|entry| entry.document == *document);
        entry.is_some_and(|entry| {
            entry
                .heads
                .iter()
                .copied()
                .map(ChangeHash)
                .eq(heads.iter().copied())
        })
    }

    /// What a new client gets of a document.
    fn download(&mut self, document: DocumentId) -> Automerge {
        let connection = self.join();
        let mut doc = valid::empty();
        let mut state = State::new();
        for _ in 0..ROUNDS {
            let Some(message) = doc.generate_sync_message(&mut state) else {
                break;
            };
            for (to, frame) in self.sync(connection, document, &message.encode()) {
                if let Frame::Sync { data, .. } = frame
                    && to == connection
                {
                    let message = Message::decode(&data).expect("a sync message");
                    doc.receive_sync_message(&mut state, message)
                        .expect("what the server has taken, others can take");
                }
            }
        }
        let (got, theirs) = (doc.get_heads(), self.heads(&document));
        // Nobody needs it in memory any more, once the client has what is on the disk.
        let put_out = theirs.is_empty() && self.lists(&document, &got);
        assert!(put_out || got == theirs, "the download did not end");
        self.handle(Input::Disconnected { connection });
        doc
    }
}

/// A frame that carries a sync message.
pub(crate) fn sync_frame(document: DocumentId, request: bool, data: Vec<u8>) -> Frame {
    Frame::Sync {
        route: Route {
            sender: PeerId("there".to_owned()),
            target: PeerId("server".to_owned()),
        },
        document,
        request,
        data,
    }
}
