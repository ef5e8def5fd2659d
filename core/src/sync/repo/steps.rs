//! What every step of the engine begins and ends with: timers that are due, and what is left over
//! when an input is worked off.

use crate::id::DocumentId;
use crate::sync::document::Phase;
use crate::sync::output::Output;
use crate::sync::policy::Policy;
use crate::sync::repo::{Effect, Repo};
use crate::sync::storage::StorageRequest;
use crate::time::Timestamp;

impl<P: Policy> Repo<P> {
    /// Works off what is due by now.
    pub(super) fn timers(&mut self) {
        let now = self.now;
        let late: Vec<_> = self
            .peers
            .iter()
            .filter_map(|(id, peer)| Some((*id, peer.due()?)))
            .filter(|(_, (due, _))| *due <= now)
            .collect();
        for (connection, (_, closing)) in late {
            self.close(connection, &closing);
        }
        let due: Vec<_> = self
            .retries()
            .filter(|(_, retry)| *retry <= now)
            .map(|(id, _)| id)
            .collect();
        for id in due {
            match self.documents.get_mut(&id) {
                Some(document) if !document.is_loaded() => {
                    document.phase = Phase::Queued;
                    self.load_queue.push_back(id);
                }
                _ => self.pump(id),
            }
        }
        if self.catalogue_retry.is_some_and(|at| at <= now) {
            self.catalogue_retry = None;
            self.request(Effect::Catalogue, StorageRequest::Catalogue);
        }
        self.line_alive();
        self.line_timer();
    }

    /// Documents with which the disk is to be tried again, and when.
    fn retries(&self) -> impl Iterator<Item = (DocumentId, Timestamp)> {
        let documents = self.retrying.iter().filter_map(|id| self.documents.get(id));
        documents.filter_map(|document| Some((document.id, document.retry()?)))
    }

    /// Ends a step: starts loads, tells of the status, and asks to be woken.
    pub(super) fn settle(&mut self) {
        self.follow_on();
        self.start_loads();
        self.forget_empty();
        self.recount();
        self.say_outgoing();
        self.evict();
        let documents = &self.documents;
        self.retrying
            .retain(|id| documents.get(id).is_some_and(|d| d.retry().is_some()));
        if std::mem::take(&mut self.status_changed) {
            self.outputs.push_back(Output::Status);
        }
        let next = self
            .peers
            .values()
            .filter_map(|peer| peer.due().map(|(due, _)| due))
            .chain(self.retries().map(|(_, retry)| retry))
            .chain(self.catalogue_retry)
            .chain(self.line.wake())
            .chain(self.line_quiet())
            .min()
            .map(|at| self.shown(at));
        if let Some(at) = next.filter(|at| self.wake != Some(*at)) {
            self.outputs.push_back(Output::Wake(at));
        }
        self.wake = next;
    }
}
