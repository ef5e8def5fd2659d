//! What a server tells devices in the place of the numbers of its writes. Those would tell how much
//! is written that a device may not know of.
//!
//! A number is turned into another one by a permutation that follows from a secret and from whom
//! it is told: a Feistel network of four rounds with SHA-256. A device only gives it back.

use sha2::{Digest, Sha256};

use crate::id::ConnectionId;
use crate::sync::policy::{Policy, Principal};
use crate::sync::repo::Repo;

/// Rounds of the permutation. Four make one of pseudorandom functions that nobody can tell from
/// chance (M. Luby, C. Rackoff, SIAM J. Comput. 17(2), 1988).
const ROUNDS: u8 = 4;

/// The secret of a server.
#[derive(Clone)]
pub(super) struct CursorKey([u8; 32]);

impl CursorKey {
    fn round(&self, round: u8, principal: &Principal, half: u32) -> u32 {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update([round]);
        hash.update(half.to_be_bytes());
        hash.update(principal.0.as_bytes());
        let digest = hash.finalize();
        u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
    }

    fn seal(&self, principal: &Principal, number: u64) -> u64 {
        let (mut left, mut right) = halves(number);
        for round in 0..ROUNDS {
            (left, right) = (right, left ^ self.round(round, principal, right));
        }
        whole(left, right)
    }

    fn open(&self, principal: &Principal, sealed: u64) -> u64 {
        let (mut left, mut right) = halves(sealed);
        for round in (0..ROUNDS).rev() {
            (left, right) = (right ^ self.round(round, principal, left), left);
        }
        whole(left, right)
    }
}

const fn halves(number: u64) -> (u32, u32) {
    ((number >> 32) as u32, number as u32)
}

fn whole(left: u32, right: u32) -> u64 {
    u64::from(left) << 32 | u64::from(right)
}

impl<P: Policy> Repo<P> {
    /// Tells numbers of writes so that only this server can read them again, with a secret that
    /// outlives restarts. Without one they are told as they are.
    pub fn seal_cursors(&mut self, key: [u8; 32]) {
        self.cursor_key = Some(CursorKey(key));
    }

    /// How the number of a write is told to a peer.
    pub(super) fn told_seq(&self, connection: ConnectionId, seq: u64) -> u64 {
        match (&self.cursor_key, self.peers.get(&connection)) {
            (Some(key), Some(peer)) => key.seal(&peer.principal, seq),
            _ => seq,
        }
    }

    /// The last number up to which a peer may be told of every write: that of a document it may
    /// know of. One of others, told twice, would say whether anything hidden was written between.
    pub(super) fn last_visible(&self, connection: ConnectionId) -> u64 {
        let settled = self.catalogue.settled();
        let entries = self.catalogue.iter().filter(|entry| entry.seq <= settled);
        let visible =
            entries.filter(|entry| self.lists(connection, &entry.document, entry.label.as_deref()));
        visible.map(|entry| entry.seq).max().unwrap_or(0)
    }

    /// The number of a write that a peer was told so; any number if it was told none. Nothing is 0.
    pub(super) fn heard_seq(&self, connection: ConnectionId, told: u64) -> u64 {
        match (&self.cursor_key, self.peers.get(&connection)) {
            (Some(key), Some(peer)) if told > 0 => key.open(&peer.principal, told),
            _ => told,
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn numbers_come_back_and_tell_nobody_anything() {
        let key = CursorKey([7; 32]);
        let (ana, ben) = (Principal("m-ana".into()), Principal("m-ben".into()));
        let mut close = 0;
        for number in 0..1_000 {
            let sealed = key.seal(&ana, number);
            assert_eq!(key.open(&ana, sealed), number);
            assert_ne!(key.open(&ben, sealed), number);
            assert_ne!(key.seal(&ben, number), sealed);
            close += u32::from(sealed.abs_diff(key.seal(&ana, number + 1)) < 1 << 32);
            assert_ne!(CursorKey([8; 32]).seal(&ana, number), sealed);
        }
        assert!(close < 5, "numbers beside each other are far apart");
    }
}
