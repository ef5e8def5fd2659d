//! A connection and who is at its other end.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{DocumentId, PeerId};
use crate::sync::allowance::Allowance;
use crate::sync::closing::Closing;
use crate::sync::document::Document;
use crate::sync::input::Role;
use crate::sync::policy::{Principal, Refusal};
use crate::sync::reconcile::ItemSet;
use crate::time::Timestamp;
use crate::wire::exchange::Exchange;
use crate::wire::frame::{MELTEMI, PeerMetadata};
use crate::wire::limits::{
    EPHEMERAL_BURST, EPHEMERAL_PER_SECOND, PART_BYTES, PARTED_BYTES_PER_SECOND, PARTED_MILLIS,
};

/// A connection.
pub(super) struct Peer {
    pub(super) role: Role,
    pub(super) principal: Principal,
    pub(super) stage: Stage,
    /// Documents it asked for that were not here, or not for it.
    pub(super) empty: BTreeSet<DocumentId>,
    /// Documents of which it owes what its changes build on.
    pub(super) owing: BTreeSet<DocumentId>,
    /// What stands in the place of documents that are kept from it and that it talks about all the
    /// same. Plain peers only.
    pub(super) hidden: BTreeMap<DocumentId, Document>,
    /// Why nothing more is taken of it about these documents. Plain peers only.
    pub(super) refused: BTreeMap<DocumentId, Refusal>,
    /// What it may send of ephemeral messages.
    pub(super) ephemeral: Allowance,
    /// Documents it has open as a plain client.
    pub(super) open_documents: usize,
    /// When it was last heard of.
    pub(super) heard: Timestamp,
    /// Whether it was asked if it is there, and has not answered.
    pub(super) asked: bool,
    /// What is said to it at the end of this step.
    pub(super) outgoing: Exchange,
    /// Documents it wants that are not in memory yet. What others of its wants have given waits
    /// for them, so that it goes into one frame.
    pub(super) awaited: BTreeSet<DocumentId>,
    /// Bytes of its messages that wait for the disk.
    pub(super) waiting_bytes: usize,
    /// Parts of a long frame so far, and when the first of them came.
    pub(super) parts: Vec<u8>,
    pub(super) parts_since: Option<Timestamp>,
    /// Whether it has said hello and is told of every write from then on.
    pub(super) listening: bool,
    /// Its comparison of sets with this replica, the step when that last went on, and how many
    /// rounds it has had.
    pub(super) repair: Option<(ItemSet, u64)>,
    pub(super) repair_rounds: u32,
}

/// How far the handshake is.
pub(super) enum Stage {
    /// Nothing valid has been said yet.
    Greeting {
        /// When the connection is closed if that stays so.
        deadline: Timestamp,
    },
    /// Both know each other.
    Joined {
        /// The name the peer chose for itself. It names the peer in frames and decides nothing.
        name: PeerId,
        /// What it said of itself.
        metadata: PeerMetadata,
    },
}

impl Peer {
    pub(super) fn new(role: Role, principal: Principal, now: Timestamp, patience: u64) -> Self {
        Self {
            role,
            principal,
            stage: Stage::Greeting {
                deadline: now.plus_millis(patience),
            },
            empty: BTreeSet::new(),
            owing: BTreeSet::new(),
            hidden: BTreeMap::new(),
            refused: BTreeMap::new(),
            ephemeral: Allowance::new(EPHEMERAL_BURST, EPHEMERAL_PER_SECOND, now),
            open_documents: 0,
            heard: now,
            asked: false,
            outgoing: Exchange::default(),
            awaited: BTreeSet::new(),
            waiting_bytes: 0,
            parts: Vec::new(),
            parts_since: None,
            listening: false,
            repair: None,
            repair_rounds: 0,
        }
    }

    /// What is to be said to it now.
    pub(super) fn take_outgoing(&mut self) -> Exchange {
        let mut held = Exchange::default();
        let size: usize = self.outgoing.changes.iter().map(|c| c.bytes.len()).sum();
        if !self.awaited.is_empty() && size < PART_BYTES {
            held.changes = std::mem::take(&mut self.outgoing.changes);
        }
        std::mem::replace(&mut self.outgoing, held)
    }

    /// Until when it must have gone on, and what it is told if it has not. A device waits for the
    /// rest of what its server sends as long as there is a line.
    pub(super) fn due(&self) -> Option<(Timestamp, Closing)> {
        if let Stage::Greeting { deadline } = self.stage {
            return Some((deadline, Closing::NoJoin));
        }
        let since = self.parts_since.filter(|_| self.role == Role::Acceptor)?;
        // What comes steadily over a slow line may take its time.
        let earned = self.parts.len() as u64 * 1_000 / PARTED_BYTES_PER_SECOND;
        let due = since.plus_millis(PARTED_MILLIS + earned);
        Some((due, Closing::NoRest))
    }

    pub(super) fn joined(&self) -> Option<(&PeerId, &PeerMetadata)> {
        match &self.stage {
            Stage::Joined { name, metadata } => Some((name, metadata)),
            Stage::Greeting { .. } => None,
        }
    }

    /// Whether the peer speaks Meltemi's additions as this replica does.
    pub(super) fn is_meltemi(&self) -> bool {
        self.joined()
            .is_some_and(|(_, metadata)| metadata.meltemi >= MELTEMI)
    }
}
