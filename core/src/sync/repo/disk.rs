//! The disk: what is asked of it, and what its answers mean.

use automerge::ChangeHash;

use crate::id::{ConnectionId, DocumentId, EffectId};
use crate::sync::catalogue::Catalogue;
use crate::sync::document::{Phase, from_raw, has, to_raw};
use crate::sync::output::Output;
use crate::sync::policy::Policy;
use crate::sync::repo::{Effect, Repo};
use crate::sync::status::NoticeCode;
use crate::sync::storage::{
    Listing, Loaded, StorageAnswer, StorageError, StorageRequest, StoredChunk,
};
use crate::wire::frame::{Frame, Reason};
use crate::wire::limits::LOADS;

/// First wait after a failed write or load, in milliseconds; doubled with each failure in a row.
const FIRST_WAIT: u64 = 500;

/// Longest wait, in milliseconds.
const LONGEST_WAIT: u64 = 30_000;

impl<P: Policy> Repo<P> {
    pub(super) fn stored(&mut self, effect: EffectId, result: Result<StorageAnswer, StorageError>) {
        let Some(what) = self.effects.remove(&effect) else {
            return;
        };
        match (what, result) {
            (Effect::Catalogue, Ok(StorageAnswer::Catalogue(listing))) => self.listed(listing),
            (Effect::Load(id), Ok(StorageAnswer::Loaded(loaded))) => self.loaded_chunks(id, loaded),
            (Effect::Write(id), Ok(StorageAnswer::Written)) => self.written(id),
            (Effect::Synced | Effect::Remove(_), _) => {}
            (Effect::Compact(id), result) => self.compacted(id, result.is_ok()),
            (what, Err(error)) => self.storage_failed(what, error),
            (what, Ok(_)) => {
                let detail = "the answer is not one to this request".to_owned();
                let operation = format!("understand the storage ({what:?})");
                self.storage_failed(what, StorageError::Failed { operation, detail });
            }
        }
    }

    fn listed(&mut self, listing: Listing) {
        self.catalogue_read = true;
        self.catalogue = Catalogue::new(listing.entries);
        self.cursor = listing.cursor;
        // What was asked for before the catalogue was known.
        let early: Vec<_> = self.documents.keys().copied().collect();
        for id in early {
            match (self.catalogue.get(&id), self.documents.get_mut(&id)) {
                (Some(entry), Some(document)) => {
                    document.synced = from_raw(&entry.synced);
                    document.label.clone_from(&entry.label);
                    document.seq = entry.seq;
                    self.load_queue.push_back(id);
                }
                (None, Some(_)) => self.loaded_chunks(id, Loaded::default()),
                (_, None) => {}
            }
        }
        if self.config.follows_all {
            let all: Vec<_> = self.catalogue.iter().map(|entry| entry.document).collect();
            for id in all {
                self.enter(id);
            }
        }
        if !self.config.follows_all {
            self.label_anew();
        }
        self.status_changed = true;
        self.line_timer();
    }

    /// Asks the disk for documents that wait in the queue, a bounded number at once.
    pub(super) fn start_loads(&mut self) {
        while self.loading + self.load_queue.len() < LOADS
            && let Some(id) = self.outdated.pop_front()
        {
            self.enter(id);
        }
        while self.loading < LOADS {
            let Some(id) = self.load_queue.pop_front() else {
                break;
            };
            let Some(document) = self.documents.get_mut(&id) else {
                continue;
            };
            if document.phase != Phase::Queued {
                continue;
            }
            document.phase = Phase::Loading;
            self.loading += 1;
            self.request(Effect::Load(id), StorageRequest::Load(id));
        }
    }

    fn loaded_chunks(&mut self, id: DocumentId, loaded: Loaded) {
        self.loading = self.loading.saturating_sub(1);
        self.wait_no_more(id);
        let Some(document) = self.documents.get_mut(&id) else {
            return;
        };
        document.phase = Phase::Ready;
        let mut damaged = loaded.damaged.len();
        if !document.take_chunks(loaded.chunks) {
            damaged += 1;
        }
        let elsewhere = std::mem::take(&mut document.elsewhere);
        if !document.take_chunks(elsewhere) {
            damaged += 1;
        }
        document.on_disk = document.doc.get_heads();
        if let Some(entry) = self.catalogue.get(&id)
            && !document.compare(entry)
        {
            damaged += 1;
        }
        document.synced.retain(|head| has(&document.doc, head));
        let lost = !document.missing.is_empty();
        let found = document.is_found();
        let outdated = !self.policy.is_current(document.label.as_deref());
        if found && (document.label.is_none() || outdated) {
            let before = document.label.take();
            let accepted = before.is_some();
            document.label = self
                .policy
                .check(&id, &document.doc, accepted)
                .unwrap_or_default();
            document.relabelled = !self.config.follows_all && document.label != before;
        }
        if document.opened {
            self.outputs.push_back(Output::Opened {
                document: id,
                found,
            });
        }
        if found {
            self.outputs.push_back(Output::Changed {
                document: id,
                local: false,
            });
        }
        if damaged > 0 {
            let message = format!(
                "stored parts of document {id} are damaged; what could be read is shown, and devices that have more send it again"
            );
            self.notice(NoticeCode::Damaged, Some(id), message);
        }
        if lost {
            self.tell_lost(id);
        }
        let document = self.documents.get(&id).map(|d| to_raw(&d.synced));
        let mirror = self.catalogue.get(&id).map(|entry| &entry.synced);
        if mirror != document.as_ref() {
            // The server has told of it before it could be read.
            self.mirror_reached(id);
        }
        self.status_changed = true;
        self.pump(id);
        self.line_timer();
    }

    /// A compaction that failed is tried again after a later write.
    fn compacted(&mut self, id: DocumentId, done: bool) {
        if let Some(document) = self.documents.get_mut(&id) {
            document.compacted(done);
            self.pump(id);
        }
    }

    /// The disk has answered about a document: nobody is kept waiting for it.
    fn wait_no_more(&mut self, id: DocumentId) {
        for peer in self.peers.values_mut() {
            peer.awaited.remove(&id);
        }
    }

    fn written(&mut self, id: DocumentId) {
        let document = self.documents.get_mut(&id);
        let Some(document) = document.filter(|document| document.phase != Phase::Shut) else {
            return;
        };
        let Phase::Writing(writing) = std::mem::replace(&mut document.phase, Phase::Ready) else {
            return;
        };
        self.catalogue.end_write(writing.seq);
        self.counts.writes += 1;
        document.written(writing);
        let mut entry = document.entry(&document.on_disk);
        self.keep_mirror(&mut entry);
        let before = self.catalogue.get(&id).map(|entry| entry.label.clone());
        self.catalogue.insert(entry);
        self.tell_written(id);
        if let Some(before) = before {
            self.tell_gone(id, before.as_deref());
        }
        let Some(document) = self.documents.get(&id) else {
            return;
        };
        if document.is_saved() {
            self.outputs.push_back(Output::Saved { document: id });
        }
        self.resolve(|n| {
            n.document != Some(id)
                || !matches!(n.code, NoticeCode::StorageFull | NoticeCode::StorageFailed)
        });
        self.pump(id);
    }

    fn storage_failed(&mut self, what: Effect, error: StorageError) {
        let code = match &error {
            StorageError::Full { .. } => NoticeCode::StorageFull,
            StorageError::Failed { .. } => NoticeCode::StorageFailed,
        };
        match what {
            Effect::Catalogue => {
                self.catalogue_retry = Some(self.now.plus_millis(FIRST_WAIT));
                self.notice(code, None, error.to_string());
            }
            Effect::Load(id) => {
                self.loading = self.loading.saturating_sub(1);
                self.wait_no_more(id);
                if let Some(document) = self.documents.get_mut(&id) {
                    document.phase = Phase::Unread {
                        retry: self.now.plus_millis(FIRST_WAIT),
                    };
                    self.retrying.insert(id);
                    self.touched.insert(id);
                }
                self.notice(code, Some(id), error.to_string());
            }
            Effect::Write(id) => self.write_failed(id, code, &error),
            Effect::Synced | Effect::Compact(_) | Effect::Remove(_) => {}
        }
    }

    /// A write failed as a whole: keeps the changes in memory, shows nobody their heads, and
    /// tries again later.
    fn write_failed(&mut self, id: DocumentId, code: NoticeCode, error: &StorageError) {
        let document = self.documents.get_mut(&id);
        let Some(document) = document.filter(|document| document.phase != Phase::Shut) else {
            return;
        };
        let attempts = match &document.phase {
            Phase::Writing(writing) => {
                self.catalogue.end_write(writing.seq);
                document.rewrite |= writing.rewrites;
                writing.attempts
            }
            _ => 0,
        };
        let wait = FIRST_WAIT
            .saturating_mul(1 << attempts.min(16))
            .min(LONGEST_WAIT);
        let retry = self.now.plus_millis(wait);
        document.phase = Phase::Failed {
            attempts: attempts.saturating_add(1),
            retry,
        };
        self.retrying.insert(id);
        let senders: Vec<ConnectionId> = document.senders().collect();
        self.notice(code, Some(id), error.to_string());
        if attempts > 0 {
            return;
        }
        for connection in senders {
            if self.peers.get(&connection).is_some_and(|p| p.is_meltemi()) {
                let frame = Frame::Notice {
                    route: self.route(connection),
                    document: Some(id),
                    reason: Reason {
                        code: "storage".to_owned(),
                        message: "the other side could not save; your changes stay on this device and it tries again".to_owned(),
                    },
                };
                self.send(connection, &frame);
            }
        }
    }

    /// Another process wrote chunks to the storage that this one shares.
    pub(super) fn written_elsewhere(&mut self, id: DocumentId, chunks: Vec<StoredChunk>) {
        let known = self.catalogue.contains(&id) || !self.catalogue_read;
        let document = self.enter(id);
        if !document.is_loaded() {
            document.elsewhere.extend(chunks);
            return;
        }
        let before: Vec<ChangeHash> = document.doc.get_heads();
        let intact = document.take_chunks(chunks.clone());
        let new: Vec<_> = document
            .doc
            .get_changes_meta(&before)
            .iter()
            .map(|c| c.hash)
            .collect();
        let changed = !new.is_empty();
        document.add_on_disk(new);
        self.aside_elsewhere(id, &chunks);
        self.written_after_removal(id);
        let Some(document) = self.documents.get_mut(&id) else {
            return;
        };
        if !known && changed {
            let entry = document.entry(&document.on_disk);
            self.catalogue.insert(entry);
        }
        if !intact {
            let message = format!("another tab wrote a part of document {id} that cannot be read");
            self.notice(NoticeCode::Damaged, Some(id), message);
        }
        if changed {
            if let Some(document) = self.documents.get_mut(&id) {
                let accepted = document.label.is_some();
                document.label = self
                    .policy
                    .check(&id, &document.doc, accepted)
                    .unwrap_or_default();
            }
            self.outputs.push_back(Output::Changed {
                document: id,
                local: false,
            });
        }
        self.pump(id);
    }

    /// Another process that shares the storage learned what the server has.
    pub(super) fn synced_elsewhere(&mut self, id: DocumentId, heads: &[[u8; 32]]) {
        let document = self.enter(id);
        document.add_synced(from_raw(heads));
        let synced = to_raw(&document.synced);
        self.catalogue.set_synced(id, synced, None);
        self.touched.insert(id);
        if self.is_refused_whole(&id) {
            self.pump(id);
        }
    }
}
