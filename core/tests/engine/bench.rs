//! A repo on the test bench: what it is told, what it wants.

use automerge::sync::{Message, State, SyncDoc};
use automerge::transaction::Transactable;
use automerge::{Automerge, ChangeHash, ROOT, ReadDoc};
use meltemi_core::id::{ConnectionId, DocumentId, EffectId, PeerId, StorageId};
use meltemi_core::sync::input::{Input, Role};
use meltemi_core::sync::output::Output;
use meltemi_core::sync::policy::{Access, Policy, Principal, Refusal, Standing};
use meltemi_core::sync::repo::{Repo, RepoConfig};
use meltemi_core::sync::storage::{
    CatalogueEntry, Listing, StorageAnswer, StorageError, StorageRequest,
};
use meltemi_core::time::Timestamp;
use meltemi_core::wire::frame::{Frame, MELTEMI, PeerMetadata, Route};

pub(crate) const START: Timestamp = Timestamp(1_000_000);
pub(crate) const DOCUMENT: DocumentId = DocumentId::from_bytes([7; 16]);
pub(crate) const LINE: ConnectionId = ConnectionId(1);

/// Takes every document but those with `forbidden` in them. A device takes those too.
pub(crate) struct NothingForbidden {
    device: bool,
}

impl Policy for NothingForbidden {
    fn access(&self, _: &Principal, _: &DocumentId, _: Standing<'_>) -> Access {
        Access::Write
    }

    fn check(&self, _: &DocumentId, doc: &Automerge, _: bool) -> Result<Option<String>, Refusal> {
        match doc.get(ROOT, "forbidden") {
            Ok(None) | Ok(Some(_)) if self.device => Ok(Some("thing".to_owned())),
            Ok(None) => Ok(Some("thing".to_owned())),
            _ => Err(Refusal {
                code: "forbidden",
                message: "not this".to_owned(),
            }),
        }
    }

    fn announce(&self, _: &Principal, _: Option<&str>) -> bool {
        true
    }
}

fn config(device: bool) -> RepoConfig {
    RepoConfig {
        peer: PeerId("here".to_owned()),
        storage: StorageId("disk".to_owned()),
        seed: [9; 32],
        dials: device,
        follows_all: device,
        kept: 100,
    }
}

/// A repo with what it wants done.
pub(crate) struct Bench<P = NothingForbidden> {
    pub(crate) repo: Repo<P>,
    pub(crate) now: Timestamp,
}

impl Bench {
    /// A replica whose disk is empty. A device dials and follows all; a server does neither.
    pub(crate) fn new(device: bool) -> Self {
        Self::start(config(device), NothingForbidden { device }, Vec::new())
    }

    /// A server whose disk has these documents.
    pub(crate) fn with_catalogue(entries: Vec<CatalogueEntry>) -> Self {
        Self::start(config(false), NothingForbidden { device: false }, entries)
    }

    /// A device whose disk has this.
    pub(crate) fn device_with(listing: Listing) -> Self {
        Self::begin(config(true), NothingForbidden { device: true }, listing)
    }
}

impl Bench {
    /// From now on every document is taken.
    pub(crate) fn forbid_nothing(&mut self) {
        let update = |policy: &mut NothingForbidden| policy.device = true;
        self.repo.update_policy(self.now, update, |_| None);
    }
}

impl<P: Policy> Bench<P> {
    /// A server whose disk is empty and that asks this policy.
    pub(crate) fn server(policy: P) -> Self {
        Self::start(config(false), policy, Vec::new())
    }

    /// A server whose disk has these documents and that asks this policy.
    pub(crate) fn server_with(policy: P, entries: Vec<CatalogueEntry>) -> Self {
        Self::start(config(false), policy, entries)
    }

    fn start(config: RepoConfig, policy: P, entries: Vec<CatalogueEntry>) -> Self {
        let cursor = None;
        Self::begin(config, policy, Listing { entries, cursor })
    }

    fn begin(config: RepoConfig, policy: P, listing: Listing) -> Self {
        let mut bench = Self {
            repo: Repo::new(config, policy, START),
            now: START,
        };
        let (catalogue, _) = bench.storage().remove(0);
        bench.store(catalogue, Ok(StorageAnswer::Catalogue(listing)));
        bench
    }

    pub(crate) fn handle(&mut self, input: Input) {
        self.repo.handle(self.now, input);
    }

    pub(crate) fn store(&mut self, effect: EffectId, result: Result<StorageAnswer, StorageError>) {
        self.handle(Input::Stored { effect, result });
    }

    pub(crate) fn outputs(&mut self) -> Vec<Output> {
        std::iter::from_fn(|| self.repo.poll()).collect()
    }

    pub(crate) fn storage(&mut self) -> Vec<(EffectId, StorageRequest)> {
        storage_of(&self.outputs())
    }

    pub(crate) fn join(&mut self, connection: ConnectionId, metadata: PeerMetadata) {
        self.join_as(connection, Principal::built_in(), metadata);
    }

    pub(crate) fn join_as(
        &mut self,
        connection: ConnectionId,
        principal: Principal,
        metadata: PeerMetadata,
    ) {
        self.handle(Input::Connected {
            connection,
            role: Role::Acceptor,
            principal,
        });
        let join = Frame::Join {
            sender: PeerId("there".to_owned()),
            metadata,
            versions: vec!["1".to_owned()],
        };
        self.frame(connection, &join);
        self.outputs();
    }

    pub(crate) fn frame(&mut self, connection: ConnectionId, frame: &Frame) {
        self.handle(Input::Frame {
            connection,
            bytes: frame.encode(),
        });
    }

    pub(crate) fn sync(&mut self, connection: ConnectionId, message: Message) {
        let route = Route {
            sender: PeerId("there".to_owned()),
            target: PeerId("here".to_owned()),
        };
        let frame = Frame::Sync {
            route,
            document: DOCUMENT,
            request: false,
            data: message.encode(),
        };
        self.frame(connection, &frame);
    }
}

pub(crate) fn storage_of(outputs: &[Output]) -> Vec<(EffectId, StorageRequest)> {
    let storage = outputs.iter().filter_map(|output| match output {
        Output::Storage { effect, request } => Some((*effect, request.clone())),
        _ => None,
    });
    storage.collect()
}

pub(crate) fn frames_of(outputs: &[Output], to: ConnectionId) -> Vec<Frame> {
    let frames = outputs.iter().filter_map(|output| match output {
        Output::Send { connection, bytes } if *connection == to => {
            Some(Frame::decode(bytes).expect("the engine writes frames"))
        }
        _ => None,
    });
    frames.collect()
}

/// The sync messages that a plain peer gets.
pub(crate) fn messages(outputs: &[Output], to: ConnectionId) -> Vec<Message> {
    let frames = frames_of(outputs, to).into_iter();
    let messages = frames.filter_map(|frame| match frame {
        Frame::Sync { data, .. } => Some(Message::decode(&data).expect("a sync message")),
        _ => None,
    });
    messages.collect()
}

pub(crate) fn shown_heads(outputs: &[Output], to: ConnectionId) -> Vec<Vec<ChangeHash>> {
    let messages = messages(outputs, to).into_iter();
    messages.map(|message| message.heads).collect()
}

pub(crate) fn plain() -> PeerMetadata {
    PeerMetadata::default()
}

pub(crate) fn meltemi() -> PeerMetadata {
    PeerMetadata {
        meltemi: MELTEMI,
        ..PeerMetadata::default()
    }
}

/// The codes of all refusals that a peer gets.
pub(crate) fn refusals(outputs: &[Output], to: ConnectionId) -> Vec<String> {
    let mut codes = Vec::new();
    for frame in frames_of(outputs, to) {
        match frame {
            Frame::Unavailable {
                refusal: Some(reason),
                ..
            } => codes.push(reason.code),
            Frame::Exchange(exchange) => {
                codes.extend(exchange.refused.into_iter().map(|(_, reason)| reason.code));
            }
            _ => {}
        }
    }
    codes
}

pub(crate) fn doc_with(key: &str) -> Automerge {
    let mut doc = Automerge::new();
    doc.transact::<_, _, automerge::AutomergeError>(|tx| tx.put(ROOT, key, 1))
        .expect("a change");
    doc
}

/// The two messages by which a peer hands over a document: its heads, then its changes.
pub(crate) fn upload(bench: &mut Bench, connection: ConnectionId, doc: &Automerge) -> Vec<Output> {
    let mut state = State::new();
    let hello = doc
        .generate_sync_message(&mut state)
        .expect("a first message");
    bench.sync(connection, hello);
    let answer = bench.outputs();
    let mut own = doc.clone();
    for frame in frames_of(&answer, connection) {
        if let Frame::Sync { data, .. } = frame {
            let message = Message::decode(&data).expect("a sync message");
            own.receive_sync_message(&mut state, message)
                .expect("a sound message");
        }
    }
    let changes = own.generate_sync_message(&mut state).expect("the changes");
    bench.sync(connection, changes);
    bench.outputs()
}
