//! Names of what lies in the database, and the keys it lies under.

use meltemi_core::id::DocumentId;
use meltemi_core::sync::storage::{ChunkKey, ChunkKind};

use super::Fields;

/// What something in the database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Holds {
    /// What the catalogue says of a document.
    Entry,
    /// A whole document.
    Snapshot,
    /// Changes of a document.
    Increment,
    /// Changes that a server has refused.
    Refused,
    /// Who sent which changes, and when.
    Receipts,
    /// Something about the database itself; the first bytes of `hash` are its name.
    Note,
}

/// Names something in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name {
    /// The document; zeros for a note.
    pub(crate) document: DocumentId,
    /// What it is.
    pub(crate) holds: Holds,
    /// Hash of a chunk's key; zeros for an entry.
    pub(crate) hash: [u8; 32],
}

impl Name {
    /// The name of a chunk.
    pub(crate) fn chunk(document: DocumentId, key: ChunkKey) -> Self {
        let holds = match key.kind {
            ChunkKind::Snapshot => Holds::Snapshot,
            ChunkKind::Increment => Holds::Increment,
            ChunkKind::Refused => Holds::Refused,
            ChunkKind::Receipts => Holds::Receipts,
        };
        Self {
            document,
            holds,
            hash: key.hash,
        }
    }

    /// The name of a document's catalogue entry.
    pub(crate) fn entry(document: DocumentId) -> Self {
        Self {
            document,
            holds: Holds::Entry,
            hash: [0; 32],
        }
    }

    /// The name of a note about the database.
    pub(crate) fn note(name: &str) -> Self {
        let mut hash = [0; 32];
        for (to, from) in hash.iter_mut().zip(name.bytes()) {
            *to = from;
        }
        Self {
            document: DocumentId::from_bytes([0; 16]),
            holds: Holds::Note,
            hash,
        }
    }

    /// The name of the note that says how far a server's catalogue is known.
    pub(crate) fn cursor_note() -> Self {
        Self::note("cursor")
    }

    /// The name of the note that holds the number of the newest batch.
    pub(crate) fn newest_note() -> Self {
        Self::note("newest")
    }

    /// The name of the note that holds the name of this storage.
    pub(crate) fn storage_id_note() -> Self {
        Self::note("storage-id")
    }

    /// Whether this is [`Name::newest_note`].
    pub(crate) fn is_newest_note(&self) -> bool {
        *self == Self::newest_note()
    }

    /// The key of the chunk of this name, if it names one.
    pub(crate) fn chunk_key(&self) -> Option<ChunkKey> {
        let kind = match self.holds {
            Holds::Snapshot => ChunkKind::Snapshot,
            Holds::Increment => ChunkKind::Increment,
            Holds::Refused => ChunkKind::Refused,
            Holds::Receipts => ChunkKind::Receipts,
            Holds::Entry | Holds::Note => return None,
        };
        Some(ChunkKey {
            kind,
            hash: self.hash,
        })
    }

    /// The name that a database key belongs to.
    pub(crate) fn from_key(key: &[u8]) -> Option<Self> {
        let mut fields = Fields(key.get(1..)?);
        let document = DocumentId::from_bytes(fields.take()?);
        let [holds] = fields.take()?;
        let name = Self {
            document,
            holds: Holds::from_byte(holds)?,
            hash: fields.take()?,
        };
        (fields.0.len() == 2 && key[0] == name.holds.space()).then_some(name)
    }

    /// What the database keys of all chunks of a document begin with.
    pub(crate) fn document(document: &DocumentId) -> Vec<u8> {
        let mut key = vec![Holds::Snapshot.space()];
        key.extend_from_slice(document.as_bytes());
        key
    }

    /// What the database keys of all parts begin with.
    pub(crate) fn prefix(&self) -> Vec<u8> {
        let mut key = Vec::with_capacity(52);
        key.push(self.holds.space());
        key.extend_from_slice(self.document.as_bytes());
        key.push(self.holds.byte());
        key.extend_from_slice(&self.hash);
        key
    }

    /// The database key behind everything of this sort that a document can have.
    pub(crate) fn behind(document: DocumentId, holds: Holds) -> Vec<u8> {
        let mut key = vec![holds.space()];
        key.extend_from_slice(document.as_bytes());
        key.push(u8::MAX);
        key
    }

    /// The database key of one part.
    pub(crate) fn key(&self, part: u16) -> Vec<u8> {
        let mut key = self.prefix();
        key.extend_from_slice(&part.to_be_bytes());
        key
    }
}

impl Holds {
    /// First byte of the database key, so that entries lie together.
    pub(crate) const fn space(self) -> u8 {
        match self {
            Self::Entry => b'e',
            Self::Snapshot | Self::Increment | Self::Refused | Self::Receipts => b'd',
            Self::Note => b'n',
        }
    }

    pub(super) const fn byte(self) -> u8 {
        match self {
            Self::Entry => 0,
            Self::Snapshot => 1,
            Self::Increment => 2,
            Self::Note => 3,
            Self::Refused => 4,
            Self::Receipts => 5,
        }
    }

    pub(super) const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Entry),
            1 => Some(Self::Snapshot),
            2 => Some(Self::Increment),
            3 => Some(Self::Note),
            4 => Some(Self::Refused),
            5 => Some(Self::Receipts),
            _ => None,
        }
    }
}
