//! A connection and who is at its other end.

use crate::id::PeerId;
use crate::sync::input::Role;
use crate::sync::policy::Principal;
use crate::time::Timestamp;
use crate::wire::frame::PeerMetadata;

/// A connection.
pub(super) struct Peer {
    pub(super) role: Role,
    pub(super) principal: Principal,
    pub(super) stage: Stage,
    /// Documents without content that exist in memory because this peer asked for them.
    pub(super) empty_documents: usize,
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
    pub(super) fn joined(&self) -> Option<(&PeerId, &PeerMetadata)> {
        match &self.stage {
            Stage::Joined { name, metadata } => Some((name, metadata)),
            Stage::Greeting { .. } => None,
        }
    }

    /// Whether the peer speaks Meltemi's additions.
    pub(super) fn is_meltemi(&self) -> bool {
        self.joined()
            .is_some_and(|(_, metadata)| metadata.meltemi > 0)
    }

    /// Whether the peer keeps what it is given, and shows heads only once they are on its disk.
    pub(super) fn is_durable(&self) -> bool {
        self.joined()
            .is_some_and(|(_, m)| m.meltemi > 0 && m.storage.is_some() && !m.ephemeral)
    }
}
