//! Comparisons of sets, as the server answers them.

use crate::id::ConnectionId;
use crate::order;
use crate::sync::closing::Closing;
use crate::sync::policy::Policy;
use crate::sync::reconcile::{ItemSet, RepairError};
use crate::sync::repo::Repo;
use crate::wire::exchange::{Exchange, Hash, Stored};
use crate::wire::frame::Frame;
use crate::wire::limits::{COMPARED_ITEMS, LISTED_DOCUMENTS, REPAIR_ROUNDS};

impl<P: Policy> Repo<P> {
    /// A device compares its set with the one here.
    pub(super) fn repair(&mut self, connection: ConnectionId, message: &[u8]) {
        let Some(peer) = self.peers.get_mut(&connection) else {
            return;
        };
        let set = peer.repair.take();
        if !self.may_compare(connection) {
            return;
        }
        let set = match set {
            Some((set, _)) => Ok(set),
            None => ItemSet::new(self.visible(connection)),
        };
        let answer = set.and_then(|set| Ok((set.answer(message)?, set)));
        match answer {
            Ok((data, set)) => {
                self.keep_set(connection, set);
                self.send(connection, &Frame::Repair { data });
            }
            Err(error) => self.repair_failed(connection, &error),
        }
    }

    /// Keeps the set that a device compares for its next message. When too many items are kept, the
    /// sets that have not been used for longest go: theirs are made anew when they go on.
    fn keep_set(&mut self, connection: ConnectionId, set: ItemSet) {
        let kept = self.peers.iter().filter_map(|(connection, peer)| {
            let (set, used) = peer.repair.as_ref()?;
            Some((*used, *connection, set.count()))
        });
        let mut kept: Vec<_> = kept.collect();
        let mut items = set.count() + kept.iter().map(|(_, _, count)| count).sum::<usize>();
        order::sort_by(&mut kept, Ord::cmp);
        for (_, other, count) in kept {
            if items <= COMPARED_ITEMS {
                break;
            }
            items -= count;
            if let Some(peer) = self.peers.get_mut(&other) {
                peer.repair = None;
            }
        }
        let step = self.step;
        if let Some(peer) = self.peers.get_mut(&connection) {
            peer.repair = Some((set, step));
        }
    }

    /// Whether a device that has said hello may have the catalogue gone through once more; if not,
    /// its connection is closed.
    pub(super) fn may_compare(&mut self, connection: ConnectionId) -> bool {
        let Some(peer) = self.peers.get_mut(&connection) else {
            return false;
        };
        peer.repair_rounds += 1;
        let may = peer.listening && peer.repair_rounds <= REPAIR_ROUNDS;
        if !may {
            self.close(connection, &Closing::TooManyComparisons);
        }
        may
    }

    pub(super) fn repair_failed(&mut self, connection: ConnectionId, error: &RepairError) {
        self.close(connection, &Closing::BadComparison(error.to_string()));
    }

    /// A device asks which documents these items are.
    pub(super) fn lookup(&mut self, connection: ConnectionId, items: Vec<Hash>) {
        if !self.may_compare(connection) {
            return;
        }
        let wanted = order::set(items);
        let found: Vec<Stored> = self
            .visible(connection)
            .filter(|(_, item)| wanted.contains(item))
            .filter_map(|(id, _)| self.catalogue.get(id))
            .map(|entry| self.catalogue.stored(entry))
            .collect();
        let mut pages: Vec<_> = found
            .chunks(LISTED_DOCUMENTS)
            .map(|page| Exchange {
                heads: page.to_vec(),
                ..Exchange::default()
            })
            .collect();
        pages.push(Exchange {
            seq: Some(self.told_seq(connection, self.last_visible(connection))),
            listed: Some(self.visible_sum(connection).listed()),
            ..Exchange::default()
        });
        if let Some(peer) = self.peers.get_mut(&connection) {
            peer.repair = None;
        }
        self.send_pages(connection, pages);
    }
}
