//! One WebSocket: carries messages between its peer and the driver, and nothing else.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use meltemi_core::id::ConnectionId;
use meltemi_core::sync::policy::Principal;
use meltemi_core::time::Timestamp;
use tokio::io::{AsyncWriteExt, copy, sink as nowhere};
use tokio::sync::watch;
use tokio::time::{interval, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message as Wire};

use crate::driver::{DriverHandle, Message};
use crate::intake::stream::IntakeStream;
use crate::intake::{Intake, IntakeError};
use crate::outbox::{Closing, Outbox, OutboxLevel, OutboxReader, Outgoing};
use crate::sockets::SocketPlace;
use crate::{clock, limits};

/// Close code that tells a client to sign in again before it comes back.
const SIGNED_OUT: u16 = 4401;

/// A WebSocket, with the account of what comes in over it.
pub(crate) type Socket = (WebSocket, Arc<Intake>);

type WebSocket = WebSocketStream<IntakeStream<TokioIo<Upgraded>>>;

/// Why a connection may be open, and how long.
pub(crate) struct Entitlement {
    /// Ends it when the access is taken away.
    pub(crate) place: SocketPlace,
    /// When it ends by itself.
    pub(crate) expires: Option<Timestamp>,
}

/// Serves a connection whose principal is known, until it ends.
pub(crate) async fn serve(
    (socket, intake): Socket,
    connection: ConnectionId,
    principal: Principal,
    driver: DriverHandle,
    (outbox, reader): (Outbox, OutboxReader),
    stopping: watch::Receiver<bool>,
    entitlement: Option<Entitlement>,
) {
    let (sink, stream) = socket.split();
    let level = reader.level();
    if driver
        .send(Message::Connected {
            connection,
            principal,
            outbox,
        })
        .await
        .is_err()
    {
        return;
    }
    let mut writer = Writer { sink, reader };
    let mut input = Reader {
        stream,
        intake,
        connection,
        driver: driver.clone(),
        level,
        stopping,
    };
    let closing = tokio::select! {
        biased;
        closing = lost(entitlement) => Some(closing),
        closing = writer.run() => closing,
        closing = input.run() => closing,
    };
    let reason = closing
        .as_ref()
        .map_or("", |closing| closing.reason.as_str());
    tracing::debug!(connection = connection.0, reason, "connection ends");
    // Told before the farewell, which may take a while.
    let code = closing.as_ref().map(|closing| closing.code);
    let _ = driver
        .send(Message::Disconnected { connection, code })
        .await;
    let Writer { sink, reader } = writer;
    // What still waits is given up now and not after the farewell.
    drop((reader, input.level));
    if let Some(closing) = closing {
        let _ = timeout(limits::CLOSING, farewell(sink, input.stream, closing)).await;
    }
}

/// Waits until a connection's right is lost. Lasts for ever where there are no accounts.
async fn lost(entitlement: Option<Entitlement>) -> Closing {
    let Some(Entitlement { mut place, expires }) = entitlement else {
        return std::future::pending().await;
    };
    let expired = async {
        match expires {
            Some(at) => {
                let left = at.0.saturating_sub(clock::now().0);
                tokio::time::sleep(Duration::from_millis(left)).await;
            }
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = place.ended() => {}
        () = expired => {}
    }
    closing(
        SIGNED_OUT,
        "signed out: sign in again, or use another token",
    )
}

/// Sends the close frame and reads until the other side has answered it.
async fn farewell(
    mut sink: SplitSink<WebSocket, Wire>,
    mut stream: SplitStream<WebSocket>,
    closing: Closing,
) {
    let frame = CloseFrame {
        code: closing.code.into(),
        reason: shorten(&closing.reason).into(),
    };
    if sink.send(Wire::Close(Some(frame))).await.is_err() {
        return;
    }
    while let Some(Ok(_)) = stream.next().await {}
    // Of a message that is not read, what comes is thrown away: the other side would not see the
    // reason if the connection was cut off meanwhile.
    if let Ok(socket) = sink.reunite(stream) {
        let mut stream = socket.into_inner().into_inner();
        let _ = stream.shutdown().await;
        let _ = copy(&mut stream, &mut nowhere()).await;
    }
}

struct Writer {
    sink: SplitSink<WebSocket, Wire>,
    reader: OutboxReader,
}

impl Writer {
    /// Sends until the connection is to end. Nothing to say when it has ended already.
    async fn run(&mut self) -> Option<Closing> {
        let mut ping = interval(limits::PING_EVERY);
        loop {
            let message = tokio::select! {
                next = self.reader.next() => match next? {
                    Outgoing::Frame(bytes) => Wire::Binary(bytes.into()),
                    Outgoing::Close(closing) => return Some(closing),
                },
                _ = ping.tick() => Wire::Ping(Vec::new().into()),
            };
            tokio::select! {
                sent = timeout(limits::SENDING, self.sink.send(message)) => match sent {
                    Ok(sent) => sent.ok()?,
                    Err(_) => return Some(Closing::too_slow()),
                },
                closing = self.reader.cut_off() => return Some(closing),
            }
        }
    }
}

struct Reader {
    stream: SplitStream<WebSocket>,
    intake: Arc<Intake>,
    connection: ConnectionId,
    driver: DriverHandle,
    level: OutboxLevel,
    stopping: watch::Receiver<bool>,
}

impl Reader {
    /// Reads until the connection is to end. Nothing to say when the other side has ended it.
    async fn run(&mut self) -> Option<Closing> {
        loop {
            tokio::select! {
                biased;
                // What was read so far is with the driver, which ends the connection.
                Ok(_) = self.stopping.wait_for(|stopping| *stopping) => break,
                () = self.level.low() => {}
            }
            let next = tokio::select! {
                biased;
                Ok(_) = self.stopping.wait_for(|stopping| *stopping) => break,
                next = timeout(limits::SILENCE, self.stream.next()) => next,
            };
            match next {
                // The wait for room was no silence.
                Err(_) if self.intake.has_waited() => {}
                Err(_) => return Some(closing(1001, "no sign of life for too long")),
                Ok(None | Some(Ok(Wire::Close(_)))) => return None,
                Ok(Some(Err(error))) => return Some(broken(&error)),
                Ok(Some(Ok(Wire::Text(_)))) => {
                    return Some(closing(
                        1003,
                        "text messages are not understood here, only binary ones",
                    ));
                }
                Ok(Some(Ok(Wire::Ping(_) | Wire::Pong(_) | Wire::Frame(_)))) => {}
                Ok(Some(Ok(Wire::Binary(bytes)))) => {
                    let message = Message::Frame {
                        connection: self.connection,
                        bytes: bytes.into(),
                        held: self.intake.message(),
                    };
                    if self.driver.send(message).await.is_err() {
                        break;
                    }
                }
            }
        }
        // The writer ends the connection.
        tokio::time::sleep(limits::STOPPING + Duration::from_secs(1)).await;
        None
    }
}

fn closing(code: u16, reason: &str) -> Closing {
    Closing {
        code,
        reason: reason.to_owned(),
    }
}

/// What to say after a message that could not be read.
fn broken(error: &Error) -> Closing {
    let intake = match error {
        Error::Io(error) => error.get_ref().and_then(|inner| inner.downcast_ref()),
        _ => None,
    };
    tracing::debug!(%error, "connection broke");
    let error = intake.copied().unwrap_or(IntakeError::Invalid);
    let code = match error {
        IntakeError::TooLong | IntakeError::NotJoined => 1009,
        IntakeError::NoRoom => 1013,
        IntakeError::Invalid => 1002,
    };
    closing(code, &error.to_string())
}

fn shorten(reason: &str) -> &str {
    &reason[..reason.floor_char_boundary(limits::CLOSE_REASON)]
}
