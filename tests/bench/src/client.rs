//! A plain client of the automerge-repo protocol: one connection, no timers, no additions of
//! ours. The same for all servers.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, bail};
use automerge::sync::{Message, State, SyncDoc};
use automerge::{Automerge, ChangeHash};
use futures_util::{SinkExt, StreamExt};
use meltemi_core::genesis;
use meltemi_core::id::{DocumentId, PeerId};
use meltemi_core::wire::frame::{Frame, PROTOCOL, PeerMetadata, Route};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message as Wire;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::documents::Saved;

/// How many connections there were so far.
static CONNECTIONS: AtomicU64 = AtomicU64::new(0);

/// Documents that a client has under way at one time.
pub(crate) const WINDOW: usize = 64;

/// A connection past its handshake.
#[derive(Debug)]
pub(crate) struct Client {
    socket: WebSocketStream<TcpStream>,
    route: Route,
}

/// A document as a client has it.
#[derive(Debug)]
pub(crate) struct Copy {
    id: DocumentId,
    saved: Option<Arc<Saved>>,
    /// Loaded when something of it is to be merged or sent.
    doc: Option<Automerge>,
    state: State,
}

impl Client {
    /// Connects and introduces itself, under another name each time as a page that is opened
    /// anew does: automerge-repo says nothing to a peer it believes to be in step already.
    pub(crate) async fn connect(server: SocketAddr, name: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        let config = WebSocketConfig::default().read_buffer_size(16 * 1024);
        let url = format!("ws://{server}/sync");
        let (socket, _) = client_async_with_config(url, stream, Some(config)).await?;
        let number = CONNECTIONS.fetch_add(1, Ordering::Relaxed);
        let sender = PeerId(format!("{name}-{number}"));
        let mut client = Self {
            socket,
            route: Route {
                sender: sender.clone(),
                target: PeerId(String::new()),
            },
        };
        let join = Frame::Join {
            sender,
            metadata: PeerMetadata {
                ephemeral: true,
                ..PeerMetadata::default()
            },
            versions: vec![PROTOCOL.to_owned()],
        };
        client.send(&join).await?;
        match client.next().await? {
            Frame::Peer { sender, .. } => client.route.target = sender,
            other => bail!("expected the server's introduction, not {other:?}"),
        }
        Ok(client)
    }

    async fn send(&mut self, frame: &Frame) -> anyhow::Result<()> {
        Ok(self
            .socket
            .send(Wire::Binary(frame.encode().into()))
            .await?)
    }

    async fn next(&mut self) -> anyhow::Result<Frame> {
        loop {
            match self.socket.next().await {
                Some(Ok(Wire::Binary(bytes))) => return Ok(Frame::decode(&bytes)?),
                Some(Ok(Wire::Close(frame))) => bail!("the server closed: {frame:?}"),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
                None => bail!("the server closed the connection"),
            }
        }
    }

    /// Sends a sync message; as a request when this client has nothing of the document.
    pub(crate) async fn say(
        &mut self,
        document: DocumentId,
        request: bool,
        data: Vec<u8>,
    ) -> anyhow::Result<()> {
        let frame = Frame::Sync {
            route: self.route.clone(),
            document,
            request,
            data,
        };
        self.send(&frame).await
    }

    /// The next sync message. Safe to drop while it waits.
    pub(crate) async fn hear(&mut self) -> anyhow::Result<(DocumentId, Message)> {
        loop {
            match self.next().await? {
                Frame::Sync { document, data, .. } => {
                    return Ok((document, Message::decode(&data)?));
                }
                Frame::Unavailable {
                    document, refusal, ..
                } => bail!("the server has no document {document}: {refusal:?}"),
                Frame::Error { message, .. } => bail!("the server said: {message}"),
                _ => {}
            }
        }
    }

    /// Brings copies in step with the server, at most `window` at a time. Done with a document
    /// when the server has shown the heads that the copy has.
    pub(crate) async fn sync(&mut self, copies: &mut [Copy], window: usize) -> anyhow::Result<()> {
        let mut waiting = BTreeMap::new();
        let mut next = 0;
        loop {
            while waiting.len() < window && next < copies.len() {
                let copy = &mut copies[next];
                let hello = copy.begin()?;
                self.say(copy.id, copy.heads().is_empty(), hello).await?;
                waiting.insert(copy.id, next);
                next += 1;
            }
            if waiting.is_empty() {
                return Ok(());
            }
            let (document, message) = self.hear().await?;
            let Some(at) = waiting.get(&document) else {
                continue;
            };
            let copy = &mut copies[*at];
            let shown = message.heads.clone();
            if let Some(answer) = copy.take(message)? {
                self.say(document, false, answer).await?;
            }
            if !shown.is_empty() && copy.heads() == shown {
                waiting.remove(&document);
            }
        }
    }

    /// Shows the server these documents, with nothing changed since the last connection, and
    /// waits until it has shown the same heads. Loads nothing. Counts each document in `done`.
    pub(crate) async fn greet(
        &mut self,
        documents: &[Arc<Saved>],
        window: usize,
        done: &AtomicU64,
    ) -> anyhow::Result<()> {
        let mut waiting = BTreeMap::new();
        let mut rest = documents.iter();
        loop {
            while waiting.len() < window
                && let Some(saved) = rest.next()
            {
                self.say(saved.id, false, saved.hello.clone()).await?;
                waiting.insert(saved.id, saved);
            }
            if waiting.is_empty() {
                return Ok(());
            }
            let (document, message) = self.hear().await?;
            if waiting
                .get(&document)
                .is_some_and(|saved| saved.heads == message.heads)
            {
                waiting.remove(&document);
                done.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Says good-bye and waits for the server's.
    pub(crate) async fn leave(mut self) {
        if self.socket.close(None).await.is_ok() {
            while let Some(Ok(_)) = self.socket.next().await {}
        }
    }
}

impl Copy {
    /// Nothing of a document yet.
    pub(crate) fn nothing(id: DocumentId) -> Self {
        Self {
            id,
            saved: None,
            doc: Some(genesis::empty()),
            state: State::new(),
        }
    }

    /// A document that the server may not have.
    pub(crate) fn new(saved: &Saved) -> anyhow::Result<Self> {
        Ok(Self {
            id: saved.id,
            saved: None,
            doc: Some(saved.load()?),
            state: State::new(),
        })
    }

    /// A document that was in step with the server when the last connection ended, and
    /// perhaps was edited since.
    pub(crate) fn again(saved: &Arc<Saved>) -> Self {
        Self {
            id: saved.id,
            saved: Some(saved.clone()),
            doc: None,
            state: State::new(),
        }
    }

    /// Its heads.
    pub(crate) fn heads(&self) -> Vec<ChangeHash> {
        match (&self.doc, &self.saved) {
            (Some(doc), _) => doc.get_heads(),
            (None, Some(saved)) => saved.heads.clone(),
            (None, None) => Vec::new(),
        }
    }

    /// The loaded document.
    pub(crate) fn doc(&mut self) -> anyhow::Result<&mut Automerge> {
        self.load()?;
        self.doc.as_mut().context("loaded above")
    }

    fn load(&mut self) -> anyhow::Result<()> {
        if let (None, Some(saved)) = (&self.doc, &self.saved) {
            self.doc = Some(saved.load()?);
            self.state = State::decode(&saved.state)?;
        }
        Ok(())
    }

    /// The first message of a connection.
    pub(crate) fn begin(&mut self) -> anyhow::Result<Vec<u8>> {
        if let (None, Some(saved)) = (&self.doc, &self.saved)
            && !saved.hello.is_empty()
        {
            return Ok(saved.hello.clone());
        }
        self.next_message()?.context("no first message")
    }

    /// What there is to say now.
    pub(crate) fn next_message(&mut self) -> anyhow::Result<Option<Vec<u8>>> {
        self.load()?;
        let doc = self.doc.as_ref().context("loaded above")?;
        Ok(doc
            .generate_sync_message(&mut self.state)
            .map(Message::encode))
    }

    /// Takes a message. Returns the answer, if there is one to give.
    pub(crate) fn take(&mut self, message: Message) -> anyhow::Result<Option<Vec<u8>>> {
        if self.doc.is_none() {
            if message.heads == self.heads() && message.changes.is_empty() {
                return Ok(None);
            }
            self.load()?;
            // What was said in the first message.
            let doc = self.doc.as_ref().context("loaded above")?;
            let _ = doc.generate_sync_message(&mut self.state);
        }
        let doc = self.doc.as_mut().context("loaded above")?;
        doc.receive_sync_message(&mut self.state, message)?;
        self.next_message()
    }
}
