//! A device: the engine with a storage in memory and a real WebSocket.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::{SinkExt, StreamExt};
use meltemi_core::command::Command;
use meltemi_core::id::{ConnectionId, DocumentId, PeerId, RecordRef, StorageId};
use meltemi_core::record::FieldPath;
use meltemi_core::sync::input::{Input, Role};
use meltemi_core::sync::output::Output;
use meltemi_core::sync::policy::Principal;
use meltemi_core::sync::status::Line;
use meltemi_core::sync::storage::{StorageAdapter, StorageAnswer, StorageRequest};
use meltemi_core::time::Timestamp;
use meltemi_core::view::RecordView;
use meltemi_core::workspace::{Workspace, WorkspaceConfig};
use meltemi_server::storage::memory::MemoryStorage;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::connect_async_with_config;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// How long something may take before a test counts as failed.
pub const DEADLINE: Duration = Duration::from_secs(180);

/// A device that runs until it is dropped.
#[derive(Debug)]
pub struct TestDevice {
    asks: mpsc::UnboundedSender<Ask>,
}

type Work = Box<dyn FnOnce(&mut Workspace) + Send>;
type Condition = Box<dyn FnMut(&Workspace) -> bool + Send>;

enum Ask {
    Do(Work),
    Until(Condition, oneshot::Sender<()>),
    Network(Option<String>),
    Storage(oneshot::Sender<MemoryStorage>),
}

enum Event {
    Open(ConnectionId, mpsc::UnboundedSender<Vec<u8>>),
    Frame(ConnectionId, Vec<u8>),
    Closed(ConnectionId),
    DialFailed,
}

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a time after 1970");
    Timestamp(since.as_millis() as u64)
}

impl TestDevice {
    /// A new device without a network.
    pub fn new(name: &str) -> Self {
        Self::with_storage(name, MemoryStorage::default())
    }

    /// A device that has been used before, without a network.
    pub fn with_storage(name: &str, storage: MemoryStorage) -> Self {
        let (asks, inbox) = mpsc::unbounded_channel();
        let mut seed = [0; 32];
        for (to, from) in seed.iter_mut().zip(name.bytes()) {
            *to = from;
        }
        let config = WorkspaceConfig {
            peer: PeerId(format!("device-{name}")),
            storage: StorageId(format!("storage-{name}")),
            seed,
            dials: true,
            follows_all: true,
            foreign_documents: true,
            kept: 0,
        };
        tokio::spawn(Task::new(config, storage, inbox).run());
        Self { asks }
    }

    /// Lets what is done on it from now on be this member's.
    pub async fn belongs_to(&self, member: &str) {
        let member = Principal(member.to_owned());
        self.with(|workspace| workspace.set_author(Some(member)))
            .await;
    }

    /// A new device that is connected to a server.
    pub async fn connected(name: &str, server: SocketAddr) -> Self {
        let device = Self::new(name);
        device.connect(server).await;
        device
    }

    /// Gives it a network on which the server has this address, and waits until it is connected.
    pub async fn connect(&self, server: SocketAddr) {
        self.dial(format!("ws://{server}/sync")).await;
    }

    /// As [`TestDevice::connect`], with a token.
    pub async fn connect_with(&self, server: SocketAddr, token: &str) {
        self.dial(format!("ws://{server}/sync?access_token={token}"))
            .await;
    }

    async fn dial(&self, url: String) {
        self.ask(Ask::Network(Some(url)));
        self.until("a line to the server", |workspace| {
            workspace.status().line == Line::Online
        })
        .await;
    }

    /// Takes the network away, and waits until the device has noticed.
    pub async fn disconnect(&self) {
        self.ask(Ask::Network(None));
        self.until("no line", |w| {
            matches!(w.status().line, Line::Offline { .. })
        })
        .await;
    }

    /// What is on its disk.
    pub async fn storage(&self) -> MemoryStorage {
        let (reply, storage) = oneshot::channel();
        self.ask(Ask::Storage(reply));
        storage.await.expect("the device runs")
    }

    /// Does something with its workspace.
    pub async fn with<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Workspace) -> R + Send + 'static,
    ) -> R {
        let (reply, result) = oneshot::channel();
        self.ask(Ask::Do(Box::new(move |workspace| {
            let _ = reply.send(work(workspace));
        })));
        result.await.expect("the device runs")
    }

    /// Waits until `condition` holds.
    pub async fn until(
        &self,
        what: &str,
        condition: impl FnMut(&Workspace) -> bool + Send + 'static,
    ) {
        let (reply, held) = oneshot::channel();
        self.ask(Ask::Until(Box::new(condition), reply));
        if timeout(DEADLINE, held).await.is_err() {
            let status = self.with(|workspace| workspace.status()).await;
            panic!("waited in vain for {what}; status: {status:?}");
        }
    }

    /// Waits until the server has shown that it has everything of this device.
    pub async fn synced(&self) {
        self.until("everything on the server", |workspace| {
            let status = workspace.status();
            status.waiting == 0 && status.line == Line::Online && status.receiving.is_none()
        })
        .await;
    }

    /// Begins a record.
    pub async fn create(&self, kind: &str, key: &str, values: &[(&str, Value)]) -> DocumentId {
        let values = values
            .iter()
            .map(|(path, value)| (path.parse().expect("a path"), value.clone()));
        self.execute(Command::CreateRecord {
            programme: "test".to_owned(),
            reference: RecordRef::new(kind, key),
            values: values.collect(),
        })
        .await
    }

    /// Sets one field.
    pub async fn set(&self, document: DocumentId, path: &str, value: Value) {
        let path: FieldPath = path.parse().expect("a path");
        self.execute(Command::SetField {
            document,
            path,
            value,
            base: None,
        })
        .await;
    }

    /// Carries out a command.
    pub async fn execute(&self, command: Command) -> DocumentId {
        let executed = self
            .with(move |workspace| workspace.execute(now(), &command))
            .await;
        executed.expect("the command is valid").document
    }

    /// A record as this device sees it.
    pub async fn record(&self, document: DocumentId) -> RecordView {
        self.with(move |workspace| workspace.record(&document))
            .await
            .expect("the record is here")
    }

    /// Waits until a record is here and `condition` holds for it.
    pub async fn until_record(
        &self,
        document: DocumentId,
        what: &str,
        mut condition: impl FnMut(&RecordView) -> bool + Send + 'static,
    ) {
        self.until(what, move |w| {
            w.record(&document).is_ok_and(|record| condition(&record))
        })
        .await;
    }

    fn ask(&self, ask: Ask) {
        assert!(self.asks.send(ask).is_ok(), "the device runs");
    }
}

struct Task {
    workspace: Workspace,
    storage: MemoryStorage,
    inbox: mpsc::UnboundedReceiver<Ask>,
    events: mpsc::UnboundedReceiver<Event>,
    event: mpsc::UnboundedSender<Event>,
    server: Option<String>,
    line: Option<(ConnectionId, mpsc::UnboundedSender<Vec<u8>>)>,
    connections: u64,
    wake: Option<Timestamp>,
    waiting: Vec<(Condition, oneshot::Sender<()>)>,
}

impl Task {
    fn new(
        config: WorkspaceConfig,
        storage: MemoryStorage,
        inbox: mpsc::UnboundedReceiver<Ask>,
    ) -> Self {
        let (event, events) = mpsc::unbounded_channel();
        Self {
            workspace: Workspace::new(config, now()),
            storage,
            inbox,
            events,
            event,
            server: None,
            line: None,
            connections: 0,
            wake: None,
            waiting: Vec::new(),
        }
    }

    async fn run(mut self) {
        loop {
            self.drain();
            let pause = self.wake.map_or(DEADLINE, |at| {
                Duration::from_millis(at.0.saturating_sub(now().0))
            });
            tokio::select! {
                ask = self.inbox.recv() => match ask {
                    Some(ask) => self.asked(ask),
                    None => return,
                },
                Some(event) = self.events.recv() => self.happened(event),
                // The timer of the engine, not a pause of a test.
                () = sleep_until(Instant::now() + pause) => {
                    self.wake = None;
                    self.workspace.handle(now(), Input::Tick);
                }
            }
        }
    }

    fn asked(&mut self, ask: Ask) {
        match ask {
            Ask::Do(work) => work(&mut self.workspace),
            Ask::Until(condition, reply) => self.waiting.push((condition, reply)),
            Ask::Storage(reply) => {
                let _ = reply.send(self.storage.clone());
            }
            Ask::Network(Some(server)) => {
                self.server = Some(server);
                self.workspace.handle(now(), Input::Reconnect);
            }
            Ask::Network(None) => {
                self.server = None;
                if let Some((connection, _)) = self.line.take() {
                    self.workspace
                        .handle(now(), Input::Disconnected { connection });
                }
            }
        }
    }

    fn happened(&mut self, event: Event) {
        let input = match event {
            Event::Open(connection, sender) => {
                self.line = Some((connection, sender));
                let principal = Principal::built_in();
                Input::Connected {
                    connection,
                    role: Role::Dialer,
                    principal,
                }
            }
            Event::Frame(connection, bytes) => Input::Frame { connection, bytes },
            Event::Closed(connection) => {
                self.line.take_if(|(line, _)| *line == connection);
                Input::Disconnected { connection }
            }
            Event::DialFailed => Input::DialFailed,
        };
        self.workspace.handle(now(), input);
    }

    fn drain(&mut self) {
        while let Some(output) = self.workspace.poll() {
            match output {
                Output::Send { connection, bytes } => {
                    if let Some((_, line)) = self.line.as_ref().filter(|(c, _)| *c == connection) {
                        let _ = line.send(bytes);
                    }
                }
                Output::Close { connection, .. } => {
                    self.line.take_if(|(line, _)| *line == connection);
                }
                Output::Storage { effect, request } => {
                    let result = match request {
                        StorageRequest::Catalogue => {
                            self.storage.catalogue().map(StorageAnswer::Catalogue)
                        }
                        StorageRequest::Load(id) => {
                            self.storage.load(&id).map(StorageAnswer::Loaded)
                        }
                        StorageRequest::Write(batch) => self
                            .storage
                            .write(&[batch])
                            .remove(0)
                            .map(|()| StorageAnswer::Written),
                        StorageRequest::Synced(synced) => {
                            self.storage.synced(&synced).map(|()| StorageAnswer::Noted)
                        }
                    };
                    self.workspace
                        .handle(now(), Input::Stored { effect, result });
                }
                Output::Dial => self.dial(),
                Output::Wake(at) => self.wake = Some(at),
                Output::Changed { .. }
                | Output::Opened { .. }
                | Output::Saved { .. }
                | Output::Status
                | Output::Withheld(_) => {}
            }
        }
        let workspace = &self.workspace;
        for (_, reply) in self
            .waiting
            .extract_if(.., |(condition, _)| condition(workspace))
        {
            let _ = reply.send(());
        }
    }

    fn dial(&mut self) {
        self.connections += 1;
        let connection = ConnectionId(self.connections);
        let events = self.event.clone();
        let Some(url) = self.server.clone() else {
            let _ = events.send(Event::DialFailed);
            return;
        };
        tokio::spawn(async move {
            // Without waiting to fill packets, as browsers do.
            // Buffers of the usual size would be cleared for every frame of a few hundred bytes.
            let config = WebSocketConfig::default().read_buffer_size(16 * 1024);
            let connected = connect_async_with_config(url, Some(config), true).await;
            let Ok((socket, _)) = connected else {
                let _ = events.send(Event::DialFailed);
                return;
            };
            let (mut sink, mut stream) = socket.split();
            let (sender, mut queue) = mpsc::unbounded_channel::<Vec<u8>>();
            let _ = events.send(Event::Open(connection, sender));
            loop {
                tokio::select! {
                    bytes = queue.recv() => match bytes {
                        Some(bytes) => if sink.send(Message::Binary(bytes.into())).await.is_err() {
                            break;
                        },
                        None => break,
                    },
                    message = stream.next() => match message {
                        Some(Ok(Message::Binary(bytes))) => {
                            let _ = events.send(Event::Frame(connection, bytes.to_vec()));
                        }
                        Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                        Some(Ok(_)) => {}
                    },
                }
            }
            let _ = events.send(Event::Closed(connection));
        });
    }
}
