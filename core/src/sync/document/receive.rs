//! What a peer sent, applied as a whole or not at all.

use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::sync::{self, SyncDoc};
use automerge::{Automerge, AutomergeError, ChangeHash, ReadDoc, SaveOptions};

use super::{Document, Incoming, Said, empty, fits, has};
use crate::id::ConnectionId;
use crate::sync::admission::{Scan, ScannedChange, equivocation};
use crate::sync::policy::Refusal;
use crate::wire::limits::{DOCUMENT_HEADS, ORPHAN_BYTES, ORPHANS};

impl Document {
    /// Applies what a peer sent as a whole or not at all.
    ///
    /// `check` sees the result and may refuse it. Whatever goes wrong, panics of the library
    /// included, leaves document and sync state as they were. Returns whether anything changed.
    pub(in crate::sync) fn receive(
        &mut self,
        incoming: Incoming,
        check: impl FnOnce(&Automerge, bool) -> Result<Option<String>, Refusal>,
    ) -> Result<bool, Refusal> {
        let scan = &incoming.scan;
        match incoming.said {
            Said::Message(message) => {
                self.receive_message(incoming.connection, message, scan, check)
            }
            Said::Changes(bytes) => {
                let heads = self.receive_changes(&bytes, scan, check)?;
                let new = heads.is_some();
                if let (Some(heads), Some(sent)) =
                    (heads, self.followers.get_mut(&incoming.connection))
                {
                    // It has what it sent: these changes are not sent back to it.
                    sent.extend(heads);
                }
                Ok(new)
            }
        }
    }

    fn receive_message(
        &mut self,
        connection: ConnectionId,
        message: sync::Message,
        scan: &Scan,
        check: impl FnOnce(&Automerge, bool) -> Result<Option<String>, Refusal>,
    ) -> Result<bool, Refusal> {
        let peer = self.peers.entry(connection).or_default();
        if message.changes.is_empty() || peer.state.read_only {
            let (doc, state) = (&mut self.doc, &mut peer.state);
            guard(|| doc.receive_sync_message(state, message))?;
            return Ok(false);
        }
        let bytes: Vec<_> = message.changes.iter().collect();
        let bytes = bytes.concat();
        let size = bytes.len();
        let (mut doc, orphans) = self.copy_for(&bytes, scan)?;
        let peer = self.peers.entry(connection).or_default();
        let mut state = peer.state.clone();
        let before = self.doc.get_heads();
        guard(|| doc.receive_sync_message(&mut state, message))?;
        read_back(&doc, &before)?;
        let changed = doc.get_heads() != before;
        // A peer whose filter was wrong by chance sends changes without what they build on, and is
        // asked for it by the next message. They wait in memory until then, not on the disk. A
        // peer that does not send it when asked has invented them, and so has one that was shown
        // no filter because there is nothing here.
        let missing = doc.get_missing_deps(&[]);
        let invented = before.is_empty()
            || size > ORPHAN_BYTES
            || orphans.len() > ORPHANS
            || peer.missing.iter().any(|asked| missing.contains(asked));
        if !missing.is_empty() && invented {
            self.forget_orphans()?;
            return Err(incomplete());
        }
        peer.missing = missing;
        if changed {
            few_heads(&doc)?;
            self.label = guarded(|| check(&doc, self.label.is_some()))?;
        }
        self.doc = doc;
        self.orphans = orphans;
        peer.state = state;
        self.drop_accepted();
        Ok(changed)
    }

    /// Whether a peer owes what changes of it build on.
    pub(in crate::sync) fn is_owed_by(&self, connection: ConnectionId) -> bool {
        let peer = self.peers.get(&connection);
        peer.is_some_and(|peer| !peer.missing.is_empty())
    }

    /// Forgets a plain peer, and the changes that waited for what it owes. Returns how many bytes
    /// of it waited.
    pub(in crate::sync) fn forget_peer(&mut self, connection: ConnectionId) -> usize {
        let owed = self.is_owed_by(connection);
        self.peers.remove(&connection);
        let of_peer = |sent: &&Incoming| sent.connection == connection;
        let size = self.inbox.iter().filter(of_peer).map(Incoming::size).sum();
        self.inbox.retain(|sent| sent.connection != connection);
        if owed {
            // What cannot be written without them keeps them; they are on no disk.
            drop(self.forget_orphans());
        }
        size
    }

    /// Applies changes. Returns the newest of them, or nothing when all were known.
    pub(in crate::sync) fn receive_changes(
        &mut self,
        bytes: &[u8],
        scan: &Scan,
        check: impl FnOnce(&Automerge, bool) -> Result<Option<String>, Refusal>,
    ) -> Result<Option<Vec<ChangeHash>>, Refusal> {
        let known = |change: &ScannedChange| has(&self.doc, &change.hash);
        if scan.documents.is_empty() && scan.changes.iter().all(known) {
            return Ok(None);
        }
        let before = self.doc.get_heads();
        let (mut doc, orphans) = self.copy_for(bytes, scan)?;
        if orphans.iter().any(|orphan| scan.changes.contains(orphan)) {
            return Err(incomplete());
        }
        guard(|| doc.load_incremental(bytes))?;
        read_back(&doc, &before)?;
        let heads = doc.get_heads();
        if heads == before {
            return Ok(None);
        }
        few_heads(&doc)?;
        self.label = guarded(|| check(&doc, self.label.is_some()))?;
        self.doc = doc;
        self.orphans = orphans;
        self.drop_accepted();
        Ok(Some(
            heads.into_iter().filter(|h| !before.contains(h)).collect(),
        ))
    }

    /// A copy that the chunks in `bytes` fit, and the changes that will wait in it because they
    /// build on others that are not here.
    fn copy_for(
        &mut self,
        bytes: &[u8],
        scan: &Scan,
    ) -> Result<(Automerge, Vec<ScannedChange>), Refusal> {
        self.actors.follow(&self.doc);
        let mut doc = self.doc.clone();
        let mut actors = self.actors.clone();
        // What changes build on may be in the whole document that they come with.
        if let Some(documents) = bytes.get(..scan.document_bytes())
            && !documents.is_empty()
            && !scan.changes.is_empty()
        {
            guard(|| doc.load_incremental(documents))?;
            actors.follow(&doc);
        }
        let changes = || scan.changes.iter();
        let with_orphans = fits::check(&doc, actors.clone(), self.orphans.iter().chain(changes()));
        if self.orphans.is_empty() {
            return Ok((doc, with_orphans?));
        }
        if let Ok(orphans) = with_orphans {
            return Ok((doc, orphans));
        }
        // Whoever sent the orphans may have invented them: they must not keep others' changes out.
        self.forget_orphans()?;
        let doc = without_orphans(&doc)?;
        let orphans = fits::check(&doc, actors, changes())?;
        Ok((doc, orphans))
    }

    /// Drops the changes that wait for what they build on.
    pub(super) fn forget_orphans(&mut self) -> Result<(), Refusal> {
        self.doc = without_orphans(&self.doc)?;
        self.orphans.clear();
        self.orphans_of.clear();
        Ok(())
    }
}

/// Runs a call into the library. Where panics unwind, one is caught.
pub(super) fn guard<T>(call: impl FnOnce() -> Result<T, AutomergeError>) -> Result<T, Refusal> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(result)) => Ok(result),
        Ok(Err(AutomergeError::DuplicateSeqNumber(..))) => Err(equivocation()),
        Ok(Err(error)) => Err(unreadable(&error.to_string())),
        Err(_) => Err(unreadable("the library could not process it")),
    }
}

/// As [`guard`], for what may refuse by itself.
fn guarded<T>(call: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    catch_unwind(AssertUnwindSafe(call))
        .unwrap_or_else(|_| Err(unreadable("the library could not read what they make")))
}

/// Reads what came since `before` as it would be read to send it on. Automerge applies some
/// impossible operations and panics only here, and writes others differently than they came, after
/// which their hash is another one; everybody else would then fail at them.
pub(super) fn read_back(doc: &Automerge, before: &[ChangeHash]) -> Result<(), Refusal> {
    let changes = guard(|| Ok(doc.get_changes(before)))?;
    if changes.iter().all(|change| has(doc, &change.hash())) {
        return Ok(());
    }
    Err(unreadable("the library would not write them as they came"))
}

/// What is said to changes that build on changes nobody has sent.
fn incomplete() -> Refusal {
    Refusal {
        code: "missing-dependencies",
        message: "the changes build on others that are not here; send those first or with them"
            .to_owned(),
    }
}

/// The document without changes that wait for what they build on.
fn without_orphans(doc: &Automerge) -> Result<Automerge, Refusal> {
    let options = SaveOptions {
        retain_orphans: false,
        ..SaveOptions::default()
    };
    let mut clean = empty(doc.get_actor());
    guard(|| clean.load_incremental(&doc.save_with_options(options)))?;
    Ok(clean)
}

/// Refuses a document that has been pulled into more directions than people do.
fn few_heads(doc: &Automerge) -> Result<(), Refusal> {
    if doc.get_heads().len() <= DOCUMENT_HEADS {
        return Ok(());
    }
    Err(Refusal {
        code: "too-many-heads",
        message: format!(
            "the document would have more than {DOCUMENT_HEADS} versions side by side; merge \
             them before sending"
        ),
    })
}

pub(in crate::sync) fn unreadable(detail: &str) -> Refusal {
    Refusal {
        code: "bad-changes",
        message: format!("the changes cannot be applied: {detail}"),
    }
}
