//! A client without an engine: it says what a test tells it to, and reports what it hears.

use std::net::SocketAddr;

use automerge::Automerge;
use automerge::sync::{Message as SyncMessage, State, SyncDoc};
use futures_util::{FutureExt, SinkExt, StreamExt};
use meltemi_core::id::{DocumentId, PeerId};
use meltemi_core::wire::exchange::{Changes, Exchange, Stored};
use meltemi_core::wire::frame::{Frame, MELTEMI, PROTOCOL, PeerMetadata, Reason, Route};
use meltemi_tests::device::DEADLINE;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Which protocol a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// That of automerge-repo.
    Plain,
    /// That with Meltemi's additions.
    Meltemi,
}

/// Both of them.
pub(crate) const KINDS: [Kind; 2] = [Kind::Plain, Kind::Meltemi];

/// A client.
pub(crate) struct RawPeer {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    kind: Kind,
    name: String,
    parts: Vec<u8>,
}

/// What a client hears.
#[derive(Debug)]
pub(crate) enum Heard {
    Frame(Frame),
    Closed(Option<(CloseCode, String)>),
}

impl RawPeer {
    /// A connection on which nothing has been said.
    pub(crate) async fn silent(server: SocketAddr, kind: Kind, name: &str) -> Self {
        Self::silent_at(format!("ws://{server}/sync"), kind, name).await
    }

    async fn silent_at(url: String, kind: Kind, name: &str) -> Self {
        let (socket, _) = connect_async(url).await.expect("a connection");
        Self {
            socket,
            kind,
            name: name.to_owned(),
            parts: Vec::new(),
        }
    }

    /// A client that has introduced itself.
    pub(crate) async fn join(server: SocketAddr, kind: Kind, name: &str) -> Self {
        Self::silent(server, kind, name).await.introduced().await
    }

    /// As [`RawPeer::join`], with a token.
    pub(crate) async fn join_with(server: SocketAddr, token: &str, kind: Kind, name: &str) -> Self {
        let url = format!("ws://{server}/sync?access_token={token}");
        Self::silent_at(url, kind, name).await.introduced().await
    }

    async fn introduced(mut self) -> Self {
        self.send(&self.introduction()).await;
        let answer = self.next().await;
        assert!(
            matches!(answer, Heard::Frame(Frame::Peer { .. })),
            "{answer:?}"
        );
        self
    }

    /// Its `join`.
    pub(crate) fn introduction(&self) -> Frame {
        Frame::Join {
            sender: PeerId(self.name.clone()),
            metadata: PeerMetadata {
                meltemi: if self.kind == Kind::Meltemi {
                    MELTEMI
                } else {
                    0
                },
                ..PeerMetadata::default()
            },
            versions: vec![PROTOCOL.to_owned()],
        }
    }

    /// Sends a frame. That the connection has ended is noticed when the answer is read.
    pub(crate) async fn send(&mut self, frame: &Frame) {
        self.send_bytes(frame.encode()).await;
    }

    pub(crate) async fn send_bytes(&mut self, bytes: Vec<u8>) {
        let _ = self.socket.send(Message::Binary(Bytes::from(bytes))).await;
    }

    /// Sends the beginning of a message, which claims to be so long.
    pub(crate) async fn send_beginning(&mut self, length: u64, bytes: usize) {
        let mut begun = vec![0x82, 0xff];
        begun.extend(length.to_be_bytes());
        // The mask, and what it does not change.
        begun.resize(begun.len() + 4 + bytes, 0);
        let _ = self.socket.get_mut().write_all(&begun).await;
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        let _ = self.socket.send(Message::Text(text.into())).await;
    }

    pub(crate) fn route(&self) -> Route {
        Route {
            sender: PeerId(self.name.clone()),
            target: PeerId("server".to_owned()),
        }
    }

    /// Sends a sync message, which also a Meltemi client may do.
    pub(crate) async fn say(&mut self, document: DocumentId, data: Vec<u8>) {
        let frame = Frame::Sync {
            route: self.route(),
            document,
            request: false,
            data,
        };
        self.send(&frame).await;
    }

    /// Asks for a document as a plain client that has nothing of it.
    pub(crate) async fn request(&mut self, document: DocumentId) {
        let message = Automerge::new()
            .generate_sync_message(&mut State::new())
            .expect("a first message");
        let frame = Frame::Sync {
            route: self.route(),
            document,
            request: true,
            data: message.encode(),
        };
        self.send(&frame).await;
    }

    /// Sends the changes of a sync message, each kind of client in its way.
    pub(crate) async fn offer(&mut self, document: DocumentId, message: Vec<u8>) {
        match self.kind {
            Kind::Plain => self.say(document, message).await,
            Kind::Meltemi => {
                let message = SyncMessage::decode(&message).expect("a sync message");
                let bytes = message.changes.iter().collect::<Vec<_>>().concat();
                let changes = vec![Changes { document, bytes }];
                let exchange = Exchange {
                    changes,
                    ..Exchange::default()
                };
                for part in Frame::Exchange(exchange).encode_parts() {
                    self.send_bytes(part).await;
                }
            }
        }
    }

    /// Says hello as a device that knows nothing.
    pub(crate) async fn hello(&mut self) {
        let hello = Frame::Hello {
            seq: 0,
            root: [0; 32],
            count: 0,
        };
        self.send(&hello).await;
    }

    /// The next thing it hears.
    pub(crate) async fn next(&mut self) -> Heard {
        timeout(DEADLINE, self.hear())
            .await
            .expect("the server answers")
    }

    /// What it has heard already.
    pub(crate) fn heard(&mut self) -> Option<Heard> {
        self.hear().now_or_never()
    }

    async fn hear(&mut self) -> Heard {
        loop {
            let bytes = match self.socket.next().await {
                Some(Ok(Message::Binary(bytes))) => bytes,
                Some(Ok(Message::Close(frame))) => {
                    let reason = frame.map(|frame| (frame.code, frame.reason.to_string()));
                    return Heard::Closed(reason);
                }
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => return Heard::Closed(None),
            };
            match Frame::decode(&bytes).expect("the server writes frames") {
                Frame::Part { left, data } => {
                    self.parts.extend(data);
                    if left == 0 {
                        let whole = std::mem::take(&mut self.parts);
                        let frame = Frame::decode(&whole).expect("the server writes frames");
                        return Heard::Frame(frame);
                    }
                }
                frame => return Heard::Frame(frame),
            }
        }
    }

    /// Waits for the first frame of which `pick` makes something.
    pub(crate) async fn until<T>(&mut self, mut pick: impl FnMut(&Frame) -> Option<T>) -> T {
        loop {
            match self.next().await {
                Heard::Frame(frame) => {
                    if let Some(picked) = pick(&frame) {
                        return picked;
                    }
                }
                Heard::Closed(reason) => panic!("closed: {reason:?}"),
            }
        }
    }

    /// The code with which what it sent about a document is refused.
    pub(crate) async fn refusal(&mut self, document: DocumentId) -> String {
        self.until(|frame| match frame {
            Frame::Unavailable {
                document: about,
                refusal: Some(reason),
                ..
            } if *about == document => Some(reason.code.clone()),
            Frame::Exchange(exchange) => {
                let refused = exchange
                    .refused
                    .iter()
                    .find(|(about, _)| *about == document);
                refused.map(|(_, reason)| reason.code.clone())
            }
            _ => None,
        })
        .await
    }

    /// Waits until the server shows heads of a document in which `hash` is.
    pub(crate) async fn acknowledged(&mut self, document: DocumentId, hash: [u8; 32]) {
        let answer: Result<(), String> = self
            .until(|frame| match frame {
                Frame::Unavailable {
                    refusal: Some(reason),
                    ..
                } => Some(Err(reason.code.clone())),
                Frame::Exchange(exchange) => {
                    let refused = exchange.refused.first();
                    let mut stored = exchange.heads.iter();
                    let shown = |stored: &Stored| {
                        stored.document == document && stored.heads.contains(&hash)
                    };
                    refused
                        .map(|(_, reason)| Err(reason.code.clone()))
                        .or_else(|| stored.any(shown).then_some(Ok(())))
                }
                Frame::Sync {
                    document: about,
                    data,
                    ..
                } if *about == document => {
                    let message = SyncMessage::decode(data).expect("a sync message");
                    let mut heads = message.heads.iter();
                    heads.any(|head| head.0 == hash).then_some(Ok(()))
                }
                _ => None,
            })
            .await;
        assert_eq!(answer, Ok(()));
    }

    /// Waits for the `error` frame and the end that follows it; the code and the sentence of both.
    pub(crate) async fn ending(&mut self) -> Reason {
        let mut said = None;
        loop {
            match self.next().await {
                Heard::Frame(frame @ Frame::Error { .. }) => said = ending_reason(frame),
                Heard::Frame(_) => {}
                Heard::Closed(Some((code, reason))) => {
                    assert_eq!(code, CloseCode::Policy, "{reason}");
                    let said = said.expect("an error frame before the end");
                    assert!(said.message.starts_with(&reason), "{said:?}, {reason:?}");
                    return said;
                }
                Heard::Closed(None) => panic!("ended without a reason"),
            }
        }
    }
}

/// The code and the sentence of an `error` frame.
pub(crate) fn ending_reason(frame: Frame) -> Option<Reason> {
    let Frame::Error { code, message, .. } = frame else {
        return None;
    };
    let code = code.expect("a closing has a code");
    Some(Reason { code, message })
}
