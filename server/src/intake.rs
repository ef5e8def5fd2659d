//! What comes in over connections before the driver has taken it: a message that is not small needs
//! room, of which a principal and the server have so much and no more. Without room nothing more is
//! read from a connection.

pub(crate) mod stream;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;

use crate::limits;

// The longest message finds room.
const _: () = assert!(
    limits::MESSAGE_BYTES <= limits::INTAKE_BYTES_PER_PRINCIPAL
        && limits::INTAKE_BYTES_PER_PRINCIPAL <= limits::INTAKE_BYTES
);

/// Room for bytes that come in.
#[derive(Debug, Clone)]
pub(crate) struct Room(Arc<Semaphore>);

/// Why nothing more is read from a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IntakeError {
    /// A message has too many bytes.
    #[error("messages may have {} bytes at most", limits::MESSAGE_BYTES)]
    TooLong,
    /// The first message has too many bytes for one that has not joined.
    #[error("messages may have {} bytes at most before join", limits::SMALL_BYTES)]
    NotJoined,
    /// Others held the room for too long.
    #[error("the server has no room for this message now; connect again later")]
    NoRoom,
    /// This is no WebSocket.
    #[error("the connection broke: what came is no valid WebSocket message")]
    Invalid,
}

/// What comes in over one connection.
#[derive(Debug)]
pub(crate) struct Intake {
    of_principal: Room,
    of_server: Room,
    standing: watch::Sender<Standing>,
    /// Whether it began or ended to wait for room since this was asked last.
    waited: AtomicBool,
    /// Room of the message that is complete and not yet read.
    complete: Mutex<Permits>,
}

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Standing {
    /// It has said nothing.
    Silent,
    /// Its first message is with the driver.
    Heard,
    /// The engine has taken its first message.
    Joined,
}

/// Room that is held: given back when this is dropped.
#[derive(Debug, Default)]
struct Permits {
    bytes: usize,
    of_principal: Option<OwnedSemaphorePermit>,
    of_server: Option<OwnedSemaphorePermit>,
}

/// The room of a message that is on its way to the driver.
#[derive(Debug)]
pub(crate) struct Held {
    intake: Arc<Intake>,
    _permits: Permits,
}

impl Room {
    /// Room for so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes)))
    }

    async fn take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let bytes = u32::try_from(bytes).ok()?;
        // It is never closed.
        self.0.clone().acquire_many_owned(bytes).await.ok()
    }
}

impl Intake {
    /// Of a connection that has said nothing.
    pub(crate) fn new(of_principal: &Room, of_server: &Room) -> Arc<Self> {
        Arc::new(Self {
            of_principal: of_principal.clone(),
            of_server: of_server.clone(),
            standing: watch::Sender::new(Standing::Silent),
            waited: AtomicBool::new(false),
            complete: Mutex::default(),
        })
    }

    /// The room of the message that was just read. It is given back when the driver has it.
    pub(crate) fn message(self: &Arc<Self>) -> Held {
        self.rise_to(Standing::Heard);
        let permits = std::mem::take(&mut *self.lock());
        Held {
            intake: self.clone(),
            _permits: permits,
        }
    }

    /// Whether it began or ended to wait for room since this was asked last.
    pub(crate) fn has_waited(&self) -> bool {
        self.waited.swap(false, Ordering::Relaxed)
    }

    /// Waits for room.
    async fn room(self: Arc<Self>, bytes: usize) -> Result<Permits, IntakeError> {
        if *self.standing.borrow() == Standing::Silent {
            return Err(IntakeError::NotJoined);
        }
        self.waited.store(true, Ordering::Relaxed);
        let found = async {
            let mut standing = self.standing.subscribe();
            let joined = standing.wait_for(|standing| *standing == Standing::Joined);
            joined.await.ok()?;
            // First its own: who waits for that takes nothing from others.
            let of_principal = self.of_principal.take(bytes).await?;
            let of_server = self.of_server.take(bytes).await?;
            Some(Permits {
                bytes,
                of_principal: Some(of_principal),
                of_server: Some(of_server),
            })
        };
        let found = timeout(limits::ROOM, found).await.ok().flatten();
        self.waited.store(true, Ordering::Relaxed);
        found.ok_or(IntakeError::NoRoom)
    }

    /// Notes that a message is complete.
    fn complete(&self, permits: Permits) {
        *self.lock() = permits;
    }

    fn rise_to(&self, to: Standing) {
        self.standing.send_if_modified(|standing| {
            let rises = *standing < to;
            if rises {
                *standing = to;
            }
            rises
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Permits> {
        self.complete.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permits {
    fn add(&mut self, more: Self) {
        fn merge(into: &mut Option<OwnedSemaphorePermit>, more: Option<OwnedSemaphorePermit>) {
            match (into, more) {
                (Some(into), Some(more)) => into.merge(more),
                (into, more) => *into = more,
            }
        }
        self.bytes += more.bytes;
        merge(&mut self.of_principal, more.of_principal);
        merge(&mut self.of_server, more.of_server);
    }
}

impl Held {
    /// The engine has taken the message, and the connection goes on: it has joined.
    pub(crate) fn taken(self) {
        self.intake.rise_to(Standing::Joined);
    }
}
