//! Edits that the server does not take: kept beside the document, until a person decides.
//!
//! The document goes back to what the server has accepted and goes on syncing from there. The
//! edits lie in a chunk of their own, with the reason.

use automerge::{ActorId, Automerge, ChangeHash};
use minicbor::{Decoder, Encoder};
use sha2::{Digest, Sha256};

use super::fits::Actors;
use super::receive::guard;
use super::{Document, Phase};
use crate::sync::policy::Refusal;
use crate::sync::storage::{ChunkKey, ChunkKind, StoredChunk};
use crate::time::Timestamp;
use crate::wire::frame::Reason;

/// Edits that were refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sync) struct Aside {
    /// Why.
    pub(in crate::sync) reason: Reason,
    /// When this replica was told.
    pub(in crate::sync) at: Timestamp,
    /// The changes, as Automerge writes them. Nothing when the server has taken nothing of the
    /// document: there is no version to go back to, and what was refused is the document itself.
    pub(in crate::sync) changes: Vec<u8>,
    /// How many changes that is.
    pub(in crate::sync) count: u64,
}

impl Aside {
    /// Whether it is the whole document that was refused.
    pub(in crate::sync) fn is_whole(&self) -> bool {
        self.changes.is_empty()
    }

    /// The chunk it is kept in.
    pub(in crate::sync) fn chunk(&self) -> StoredChunk {
        let mut out = Encoder::new(Vec::new());
        out.array(5)
            .and_then(|out| out.str(&self.reason.code))
            .and_then(|out| out.str(&self.reason.message))
            .and_then(|out| out.u64(self.at.0))
            .and_then(|out| out.u64(self.count))
            .and_then(|out| out.bytes(&self.changes))
            .expect("writing to a vector does not fail");
        let bytes = out.into_writer();
        let key = ChunkKey {
            kind: ChunkKind::Refused,
            hash: ChunkKey::increment(&bytes).hash,
        };
        StoredChunk { key, bytes }
    }

    fn read(bytes: &[u8]) -> Result<Self, minicbor::decode::Error> {
        let mut input = Decoder::new(bytes);
        input.array()?;
        Ok(Self {
            reason: Reason {
                code: input.str()?.to_owned(),
                message: input.str()?.to_owned(),
            },
            at: Timestamp(input.u64()?),
            count: input.u64()?,
            changes: input.bytes()?.to_vec(),
        })
    }
}

impl Document {
    /// Takes a chunk with refused edits. Returns whether it could be read.
    pub(super) fn take_aside(&mut self, chunk: &StoredChunk) -> bool {
        let Ok(aside) = Aside::read(&chunk.bytes) else {
            return false;
        };
        self.chunks.insert(chunk.key, chunk.bytes.len());
        self.put_aside(aside);
        true
    }

    fn put_aside(&mut self, mut aside: Aside) {
        let Some(before) = self.aside.take().filter(|before| !before.is_whole()) else {
            self.aside = Some(aside);
            return;
        };
        if aside.is_whole() {
            self.aside = Some(before);
            return;
        }
        aside.count += before.count;
        aside.changes.splice(..0, before.changes.iter().copied());
        // Another tab may have put the same ones aside: each counts once.
        if let Some(doc) = self.with(&aside) {
            let changes = doc.get_changes(&self.doc.get_heads());
            if changes.len() as u64 == before.count {
                aside = before;
            } else if !changes.is_empty() {
                aside.count = changes.len() as u64;
                let chunks: Vec<_> = changes.iter().map(automerge::Change::raw_bytes).collect();
                aside.changes = chunks.concat();
            }
        }
        self.aside = Some(aside);
    }

    /// Goes back to `accepted`, and keeps what came after it beside the document; where nothing was
    /// accepted the document stays as it is, and the reason is kept. Returns whether there was
    /// something to be refused.
    ///
    /// Only while no write is under way.
    pub(in crate::sync) fn set_aside(
        &mut self,
        accepted: &[ChangeHash],
        reason: Reason,
        now: Timestamp,
    ) -> Result<bool, Refusal> {
        debug_assert!(
            !matches!(self.phase, Phase::Writing(_)),
            "no write is under way"
        );
        let accepted: Vec<_> = accepted.iter().filter(|h| self.has(h)).copied().collect();
        let refused = self.doc.get_changes(&accepted);
        if refused.is_empty() {
            return Ok(false);
        }
        if accepted.is_empty() {
            let known = self.aside.as_ref().filter(|aside| aside.is_whole());
            if known.is_some_and(|aside| aside.reason == reason) {
                return Ok(true);
            }
            self.put_aside(Aside {
                reason,
                at: now,
                changes: Vec::new(),
                count: 0,
            });
            self.rewrite = true;
            return Ok(true);
        }
        let doc = &self.doc;
        let fork = guard(|| doc.fork_at(&accepted))?;
        let chunks: Vec<_> = refused.iter().map(automerge::Change::raw_bytes).collect();
        let aside = Aside {
            reason,
            at: now,
            changes: chunks.concat(),
            count: refused.len() as u64,
        };
        self.doc = fork.with_actor(next_actor(self.doc.get_actor(), &self.doc.get_heads()));
        self.put_aside(aside);
        self.actors = Actors::default();
        self.orphans = Vec::new();
        self.on_disk = Vec::new();
        self.rewrite = true;
        Ok(true)
    }

    /// The document as it would be with the refused edits.
    pub(in crate::sync) fn with_aside(&self) -> Option<Automerge> {
        self.with(self.aside.as_ref()?)
    }

    fn with(&self, aside: &Aside) -> Option<Automerge> {
        let mut doc = self.doc.clone();
        guard(|| doc.load_incremental(&aside.changes)).ok()?;
        Some(doc)
    }

    /// Forgets that the whole document was refused when some of it has been taken after all: what
    /// else there is in it is sent again. Returns whether that was so.
    pub(in crate::sync) fn drop_whole(&mut self) -> bool {
        let taken = self.is_refused_whole() && self.synced.iter().any(|head| self.has(head));
        if taken {
            self.aside = None;
            self.rewrite = true;
        }
        taken
    }

    /// Whether the server has refused all of the document.
    pub(in crate::sync) fn is_refused_whole(&self) -> bool {
        self.aside.as_ref().is_some_and(Aside::is_whole)
    }

    /// Forgets the refused edits when all of them have been taken after all.
    pub(super) fn drop_accepted(&mut self) {
        if self.is_refused_whole() {
            return;
        }
        let Some(with) = self.with_aside() else {
            return;
        };
        if with.get_changes_meta(&self.doc.get_heads()).is_empty() {
            self.aside = None;
            self.rewrite = true;
        }
    }

    /// Takes the refused edits into the document again, or drops them. Returns whether that was
    /// possible; edits that do not go into the document stay where they are. A document that was
    /// refused as a whole stays: whoever drops it removes it.
    pub(in crate::sync) fn end_aside(&mut self, again: bool) -> bool {
        if again {
            let Some(doc) = self.with_aside() else {
                return false;
            };
            self.doc = doc;
        }
        self.aside = None;
        self.rewrite = true;
        true
    }
}

/// The actor of the changes after some were put aside. Those keep their numbers, and another change
/// of their actor would get the same ones.
fn next_actor(actor: &ActorId, heads: &[ChangeHash]) -> ActorId {
    let mut hash = Sha256::new();
    hash.update(actor.to_bytes());
    for head in heads {
        hash.update(head.0);
    }
    ActorId::from(&hash.finalize()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn refused_edits_read_back() {
        let aside = Aside {
            reason: Reason {
                code: "read-only".to_owned(),
                message: "you may not".to_owned(),
            },
            at: Timestamp(5),
            changes: vec![1, 2, 3],
            count: 2,
        };
        let chunk = aside.chunk();
        assert_eq!(chunk.key.kind, ChunkKind::Refused);
        assert_eq!(Aside::read(&chunk.bytes).ok(), Some(aside));
        for length in 0..chunk.bytes.len() {
            assert!(Aside::read(&chunk.bytes[..length]).is_err());
        }
    }
}
