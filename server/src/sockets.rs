//! Which connections are open and whose they are, so that they can be ended at once when a
//! session, a device, a token or a member loses its access.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::accounts::{Ended, Holder};
use crate::limits;

/// All open connections.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sockets(Arc<Mutex<Open>>);

#[derive(Debug, Default)]
struct Open {
    next: u64,
    held: BTreeMap<u64, (Holder, watch::Sender<bool>)>,
    by_address: HashMap<IpAddr, usize>,
}

/// An open connection's place among them. Free again when this is dropped.
#[derive(Debug)]
pub(crate) struct SocketPlace {
    sockets: Sockets,
    number: u64,
    address: IpAddr,
    ended: watch::Receiver<bool>,
}

/// There are enough connections from this network address.
#[derive(Debug, thiserror::Error)]
#[error("too many devices are connected from this network address; try again later")]
pub(crate) struct TooMany;

impl Sockets {
    /// A place for a connection.
    pub(crate) fn enter(&self, holder: Holder, address: IpAddr) -> Result<SocketPlace, TooMany> {
        let mut open = self.lock();
        let count = open.by_address.entry(address).or_default();
        if *count >= limits::CONNECTIONS_PER_ADDRESS {
            return Err(TooMany);
        }
        *count += 1;
        let number = open.next;
        open.next += 1;
        let (end, ended) = watch::channel(false);
        open.held.insert(number, (holder, end));
        Ok(SocketPlace {
            sockets: self.clone(),
            number,
            address,
            ended,
        })
    }

    /// Ends the connections of those who have lost their access.
    pub(crate) fn end(&self, ended: &Ended) {
        for (holder, end) in self.lock().held.values() {
            if ended.concerns(holder) {
                end.send_replace(true);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SocketPlace {
    /// Waits until the connection has to end.
    pub(crate) async fn ended(&mut self) {
        // The sender is dropped with this place.
        let _ = self.ended.wait_for(|ended| *ended).await;
    }
}

impl Drop for SocketPlace {
    fn drop(&mut self) {
        let mut open = self.sockets.lock();
        open.held.remove(&self.number);
        if let Some(count) = open.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.by_address.remove(&self.address);
            }
        }
    }
}
