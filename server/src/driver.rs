//! Drives the engine: one thread owns the workspace, hands it what happens, does what it wants.
//!
//! No rule of sync is here. Sockets, the storage thread and the HTTP side talk to it by messages.

mod message;
mod notice;
#[cfg(test)]
mod tests;
mod waiting;

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use meltemi_core::access::{Facts, Roster};
use meltemi_core::command::CommandError;
use meltemi_core::id::{ConnectionId, DocumentId, PeerId, StorageId};
use meltemi_core::sync::input::{Input, Role};
use meltemi_core::sync::output::{Output, Withheld};
use meltemi_core::sync::policy::{Access, Principal};
use meltemi_core::time::Timestamp;
use meltemi_core::view::RecordView;
use meltemi_core::view::history::HistoryView;
use meltemi_core::wire::limits::KEPT_DOCUMENTS;
use meltemi_core::workspace::{Workspace, WorkspaceConfig};
use tokio::sync::{mpsc, oneshot};

use self::waiting::Waiting;
use crate::clock;
use crate::health::Health;
use crate::limits;
use crate::outbox::{Closing, Outbox};
use crate::storage::thread::{Answer, StorageThread};

pub(crate) use self::message::{Counts, HistoryReply, Message, RecordReply};
pub(crate) use self::waiting::AcceptReply;

/// Talks to the driver.
pub(crate) type DriverHandle = mpsc::Sender<Message>;

/// What a driver is made of.
pub(crate) struct Parts {
    /// The lasting name of the storage.
    pub(crate) storage_id: String,
    /// Whether documents that are no records are kept.
    pub(crate) foreign_documents: bool,
    /// Whether changes of members are taken from others.
    pub(crate) accept_relayed: bool,
    /// The thread that does the disk work.
    pub(crate) storage: StorageThread,
    /// Told when the catalogue is loaded.
    pub(crate) health: Health,
    /// Answered once, when the catalogue is loaded.
    pub(crate) ready: oneshot::Sender<()>,
    /// With what numbers of writes are told to devices.
    pub(crate) cursor_key: Option<[u8; 32]>,
    /// Who the members are; none where there are no accounts.
    pub(crate) roster: Option<Roster>,
    /// Where changes go that were refused because of who sent them.
    pub(crate) withheld: mpsc::Sender<Withheld>,
    /// Fresh random bytes.
    pub(crate) seed: [u8; 32],
}

pub(crate) struct Driver {
    workspace: Workspace,
    storage: StorageThread,
    health: Health,
    inbox: mpsc::Receiver<Message>,
    connections: BTreeMap<ConnectionId, Outbox>,
    closed: BTreeMap<u16, u64>,
    waiting: BTreeMap<DocumentId, Vec<Waiting>>,
    accepted: BTreeMap<DocumentId, Vec<(bool, AcceptReply)>>,
    withheld: mpsc::Sender<Withheld>,
    ready: Option<oneshot::Sender<()>>,
    wake: Option<Timestamp>,
    in_flight: usize,
}

impl Driver {
    /// A driver and the way to talk to it.
    pub(crate) fn new(parts: Parts) -> (Self, DriverHandle) {
        let (handle, inbox) = mpsc::channel(limits::DRIVER_MESSAGES);
        let config = WorkspaceConfig {
            // Short: it is in every frame of a plain client.
            peer: PeerId(format!("meltemi-{:.8}", parts.storage_id)),
            storage: StorageId(parts.storage_id),
            seed: parts.seed,
            dials: false,
            follows_all: false,
            foreign_documents: parts.foreign_documents,
            kept: KEPT_DOCUMENTS,
        };
        let mut driver = Self {
            workspace: Workspace::new(config, clock::now()),
            storage: parts.storage,
            health: parts.health,
            inbox,
            connections: BTreeMap::new(),
            closed: BTreeMap::new(),
            waiting: BTreeMap::new(),
            accepted: BTreeMap::new(),
            withheld: parts.withheld,
            ready: Some(parts.ready),
            wake: None,
            in_flight: 0,
        };
        let now = clock::now();
        driver.workspace.set_roster(now, parts.roster);
        if let Some(key) = parts.cursor_key {
            driver.workspace.seal_cursors(key);
        }
        driver.workspace.take_relayed(now, parts.accept_relayed);
        driver.drain();
        (driver, handle)
    }

    /// Works until [`Message::Stop`], or until nobody can talk to it any more.
    pub(crate) async fn run(mut self) {
        loop {
            let now = clock::now();
            if self.wake.is_some_and(|wake| wake <= now) {
                self.wake = None;
                self.handle(Input::Tick);
                continue;
            }
            // Without a wish of the engine nothing wakes it, but the loop has to wait for something.
            let pause = self.wake.map_or(Duration::from_secs(3600), |wake| {
                Duration::from_millis(wake.0.saturating_sub(now.0))
            });
            tokio::select! {
                biased;
                answer = self.storage.answers.recv() => match answer {
                    Some(answer) => self.stored(answer),
                    None => {
                        tracing::error!("the storage thread has ended; the server stops");
                        break;
                    }
                },
                message = self.inbox.recv() => match message {
                    Some(Message::Stop) | None => break,
                    Some(message) => self.take(message),
                },
                () = tokio::time::sleep(pause) => {}
            }
        }
        self.stop().await;
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Connected {
                connection,
                principal,
                outbox,
            } => {
                self.connections.insert(connection, outbox);
                self.handle(Input::Connected {
                    connection,
                    role: Role::Acceptor,
                    principal,
                });
            }
            Message::Frame {
                connection,
                bytes,
                held,
            } => {
                // Frames that were under way when the connection was closed are nobody's.
                if self.connections.contains_key(&connection) {
                    self.handle(Input::Frame { connection, bytes });
                }
                if self.connections.contains_key(&connection) {
                    held.taken();
                }
            }
            Message::Disconnected { connection, code } => {
                if let Some(code) = code {
                    *self.closed.entry(code).or_default() += 1;
                }
                if self.connections.remove(&connection).is_some() {
                    self.handle(Input::Disconnected { connection });
                }
            }
            Message::Roster { roster, reply } => {
                self.workspace.set_roster(clock::now(), Some(roster));
                self.drain();
                let _ = reply.send(());
            }
            Message::List {
                principal,
                kind,
                reply,
            } => {
                let listed = |label: &str| kind.is_none_or(|kind| kind == Facts::kind_in(label));
                let entries = self.workspace.catalogue_for(&principal);
                let documents = entries
                    .filter(|e| e.label.as_deref().is_some_and(listed))
                    .map(|e| e.document);
                let _ = reply.send(documents.collect());
            }
            Message::Record {
                principal,
                document,
                reply,
            } => {
                if self.workspace.may(&principal, &document) == Access::None {
                    let _ = reply.send(Err(CommandError::NotHere(document)));
                } else {
                    self.when_loaded(document, Waiting::Record(principal, reply));
                }
            }
            Message::History {
                principal,
                document,
                part,
                reply,
            } => {
                if self.workspace.may(&principal, &document) == Access::None {
                    let _ = reply.send(Err(CommandError::NotHere(document)));
                } else {
                    self.when_loaded(document, Waiting::History(principal, part, reply));
                }
            }
            Message::Accept {
                document,
                refused,
                reply,
            } => {
                self.when_loaded(document, Waiting::Accept(refused, reply));
                self.drain();
            }
            Message::Metrics { reply } => {
                let _ = reply.send(Counts {
                    engine: self.workspace.metrics(),
                    closed: self.closed.clone(),
                });
            }
            Message::Stop => {}
        }
    }

    /// Answers somebody, as soon as the document is loaded.
    fn when_loaded(&mut self, document: DocumentId, who: Waiting) {
        if self.workspace.is_loaded(&document) {
            self.answer(document, who);
            return;
        }
        let waiting = self.waiting.entry(document).or_default();
        // Those who gave up waiting are not kept.
        waiting.retain(|who| !who.is_given_up());
        waiting.push(who);
        self.handle(Input::Open { document });
    }

    fn answer(&mut self, document: DocumentId, who: Waiting) {
        match who {
            Waiting::Record(principal, reply) => {
                let _ = reply.send(self.record_for(&principal, document));
            }
            Waiting::History(principal, part, reply) => {
                let _ = reply.send(self.history_for(&principal, document, part));
            }
            Waiting::Accept(refused, reply) => {
                match self.workspace.accept(clock::now(), document, refused) {
                    // Told when it is on the disk: it is decided on then, and tried no more.
                    Ok(new) if !self.workspace.is_saved(&document) => {
                        let accepted = self.accepted.entry(document).or_default();
                        accepted.retain(|(_, reply)| !reply.is_closed());
                        accepted.push((new, reply));
                    }
                    result => drop(reply.send(result)),
                }
            }
        }
    }

    /// A record that is loaded. What somebody may not see is not there.
    fn record_for(
        &self,
        principal: &Principal,
        document: DocumentId,
    ) -> Result<Box<RecordView>, CommandError> {
        if self.workspace.may(principal, &document) == Access::None {
            return Err(CommandError::NotHere(document));
        }
        self.workspace.record(&document).map(Box::new)
    }

    fn history_for(
        &self,
        principal: &Principal,
        document: DocumentId,
        part: Range<usize>,
    ) -> Result<HistoryView, CommandError> {
        if self.workspace.may(principal, &document) == Access::None {
            return Err(CommandError::NotHere(document));
        }
        self.workspace.history(&document, part.start, part.len())
    }

    fn stored(&mut self, (effect, result): Answer) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.handle(Input::Stored { effect, result });
        if self.ready.is_some() && self.workspace.is_ready() {
            self.health.catalogue_loaded();
            let documents = self.workspace.catalogue().count();
            tracing::info!(documents, "the catalogue is loaded");
            if let Some(ready) = self.ready.take() {
                let _ = ready.send(());
            }
        }
    }

    fn handle(&mut self, input: Input) {
        self.workspace.handle(clock::now(), input);
        self.drain();
    }

    fn drain(&mut self) {
        let mut status = false;
        loop {
            // What is passed on goes first: nobody waits for the disk's work to begin.
            let mut requests = Vec::new();
            while let Some(output) = self.workspace.poll() {
                status |= output == Output::Status;
                match output {
                    Output::Storage { effect, request } => requests.push((effect, request)),
                    output => self.perform(output),
                }
            }
            for (effect, request) in requests {
                if self.storage.request(effect, request) {
                    self.in_flight += 1;
                }
            }
            if !std::mem::take(&mut status) {
                return;
            }
            // On a server nobody looks at the list of notices, so they go to the log.
            for notice in self.workspace.status().notices {
                let document = notice.document.map(tracing::field::display);
                tracing::warn!(code = ?notice.code, document, "{}", notice::loggable(&notice));
                self.workspace
                    .handle(clock::now(), Input::Dismiss { notice: 0 });
            }
        }
    }

    fn perform(&mut self, output: Output) {
        match output {
            Output::Send { connection, bytes } => {
                let sent = self
                    .connections
                    .get(&connection)
                    .is_none_or(|outbox| outbox.send(bytes));
                if !sent {
                    tracing::warn!(
                        connection = connection.0,
                        "closed: takes messages too slowly"
                    );
                    self.connections.remove(&connection);
                    self.workspace
                        .handle(clock::now(), Input::Disconnected { connection });
                }
            }
            Output::Close { connection, reason } => {
                tracing::info!(connection = connection.0, reason, "closed by the engine");
                if let Some(outbox) = self.connections.remove(&connection) {
                    outbox.close(Closing { code: 1008, reason });
                }
            }
            Output::Wake(at) => self.wake = Some(at),
            Output::Opened { document, .. } => {
                for who in self.waiting.remove(&document).into_iter().flatten() {
                    self.answer(document, who);
                }
            }
            Output::Withheld(withheld) => {
                // The sender's device has them too, and says so; this is the coordinators' copy.
                if self.withheld.try_send(withheld).is_err() {
                    tracing::warn!(
                        "refused changes were not put into quarantine: too many at once"
                    );
                }
            }
            Output::Saved { document } => {
                for (new, reply) in self.accepted.remove(&document).into_iter().flatten() {
                    let _ = reply.send(Ok(new));
                }
            }
            Output::Storage { .. } | Output::Dial | Output::Changed { .. } | Output::Status => {}
        }
    }

    /// Takes what waits, lets writes in flight end and their answers go out, closes connections.
    async fn stop(mut self) {
        self.inbox.close();
        while let Some(message) = self.inbox.recv().await {
            self.take(message);
        }
        let finish = async {
            while self.in_flight > 0 {
                match self.storage.answers.recv().await {
                    Some(answer) => self.stored(answer),
                    None => return,
                }
            }
        };
        if tokio::time::timeout(limits::STOPPING, finish)
            .await
            .is_err()
        {
            tracing::error!(
                writes = self.in_flight,
                "stopped before the storage had answered"
            );
        }
        for (_, outbox) in std::mem::take(&mut self.connections) {
            let reason = "the server is stopping; connect again later".to_owned();
            outbox.close(Closing { code: 1001, reason });
        }
    }
}
