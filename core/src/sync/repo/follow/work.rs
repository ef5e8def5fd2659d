//! What a device asks for and sends: in which order, and how much at once.

use automerge::ChangeHash;

use crate::id::DocumentId;
use crate::sync::document::{from_raw, to_raw};
use crate::sync::policy::Policy;
use crate::sync::repo::{Effect, Repo};
use crate::sync::storage::StorageRequest;
use crate::wire::exchange::Changes;
use crate::wire::limits::{UNANSWERED_BYTES, WANTED_BYTES};

impl<P: Policy> Repo<P> {
    /// A person opened a document: it comes before the others.
    pub(in crate::sync::repo) fn follow_opened(&mut self, id: DocumentId) {
        if let Some(follow) = &mut self.follow {
            follow.wants.hurry(&id);
            follow.opened.insert(id);
        }
    }

    /// Sees what there is to ask for and to send, and does as much of it as the line takes.
    pub(in crate::sync::repo) fn follow_on(&mut self) {
        if !self.learned.heads.is_empty() || self.learned.cursor.is_some() {
            let learned = std::mem::take(&mut self.learned);
            self.request(Effect::Synced, StorageRequest::Synced(learned));
        }
        if self.follow.is_none() || !self.catalogue_read {
            return;
        }
        let touched: Vec<_> = self.touched.iter().copied().collect();
        for id in touched {
            self.consider(id);
        }
        self.ask_wanted();
        self.send_own();
    }

    fn consider(&mut self, id: DocumentId) {
        if self.is_refused_whole(&id) {
            self.pump(id);
        }
        let Some(follow) = &mut self.follow else {
            return;
        };
        if follow.left_alone.contains(&id) || follow.doubted.contains(&id) {
            return;
        }
        let entry = self.catalogue.get(&id);
        let mirror = entry
            .map(|entry| from_raw(&entry.synced))
            .unwrap_or_default();
        let document = self.documents.get(&id);
        let (lacking, sending) = match document {
            // What it lacks is known once it is in memory.
            Some(document) if !document.is_loaded() || !document.inbox.is_empty() => return,
            Some(document) => {
                let lacking = !mirror.iter().all(|head| document.has(head));
                let ahead = document.is_found() && document.is_saved() && document.is_ahead();
                // What was refused as a whole goes on top of what the server has, if it has any.
                (lacking, ahead && !(lacking && document.is_refused_whole()))
            }
            None => (!mirror.is_empty(), false),
        };
        let gone = follow.gone.contains(&id);
        if lacking && !gone && !follow.asked.contains_key(&id) && !follow.early.contains(&id) {
            let size = entry.map_or(0, |entry| entry.size);
            let open = document.is_some_and(|document| document.opened);
            if follow.wants.add(id, size, open) {
                follow.received.of += 1;
                follow.bytes.of += size;
                self.status_changed = true;
            }
        }
        if sending {
            follow.sends.insert(id);
        }
    }

    fn ask_wanted(&mut self) {
        let now = self.now;
        let Some(follow) = &mut self.follow else {
            return;
        };
        let Some(peer) = self.peers.get_mut(&follow.connection) else {
            return;
        };
        let mut under_way: u64 = follow.asked.values().map(|(size, _)| size).sum();
        while follow.asked.len() < follow.window
            && (follow.asked.is_empty() || under_way < WANTED_BYTES)
        {
            let Some((size, id)) = follow.wants.next() else {
                break;
            };
            let have = self.documents.get(&id).map(|d| to_raw(&d.synced));
            peer.outgoing.want.push((id, have.unwrap_or_default()));
            follow.asked.insert(id, (size, now));
            under_way += size;
        }
        // What is lost there is sent again: no more is asked about than is soon sent.
        let mut room = follow
            .window
            .saturating_sub(follow.asked.len() + follow.sends.len() + follow.sent.len());
        for id in &follow.doubted {
            if room == 0 {
                break;
            }
            if !follow.asked.contains_key(id)
                && let Some(document) = self.documents.get(id)
            {
                peer.outgoing.want.push((*id, to_raw(&document.synced)));
                follow.asked.insert(*id, (0, now));
                room -= 1;
            }
        }
    }

    fn send_own(&mut self) {
        let Some(follow) = &mut self.follow else {
            return;
        };
        if follow.compares && !follow.is_live() {
            return;
        }
        let Some(peer) = self.peers.get_mut(&follow.connection) else {
            return;
        };
        let mut unanswered: usize = follow.sent.values().map(|sent| sent.bytes).sum();
        while unanswered < UNANSWERED_BYTES {
            // What a person looks at first.
            let open = follow.opened.iter().find(|id| follow.sends.contains(id));
            let Some(id) = open.or_else(|| follow.sends.first()).copied() else {
                break;
            };
            follow.sends.remove(&id);
            let Some(document) = self.documents.get(&id) else {
                continue;
            };
            let sent = follow.sent.entry(id).or_default();
            let mut base = document.synced.clone();
            base.extend(&sent.heads);
            let heads = document.doc.get_heads();
            if heads.iter().all(|head| base.contains(head)) {
                continue;
            }
            // What the server was only believed to have may turn out to be missing there.
            let lacking = document.doc.get_changes_meta(&document.synced);
            let lacks = |head: &ChangeHash| lacking.iter().any(|change| change.hash == *head);
            sent.heads = heads.into_iter().filter(lacks).collect();
            for bytes in document.changes_since(&base) {
                unanswered += bytes.len();
                sent.bytes += bytes.len();
                peer.outgoing.changes.push(Changes {
                    document: id,
                    bytes,
                });
            }
        }
    }
}
