//! The device's side of a comparison of what it believes the server to have with what the server
//! has, when the list that answered its hello was not enough.

use super::FollowStage;
use crate::id::{ConnectionId, DocumentId};
use crate::order;
use crate::sync::policy::Policy;
use crate::sync::reconcile::ItemSet;
use crate::sync::repo::Repo;
use crate::wire::exchange::{Hash, Listed};
use crate::wire::frame::Frame;
use crate::wire::limits::WANTED_DOCUMENTS;

impl<P: Policy> Repo<P> {
    /// Begins to compare.
    pub(super) fn compare(&mut self, connection: ConnectionId) {
        let Some(follow) = &mut self.follow else {
            return;
        };
        let begun = ItemSet::new(self.catalogue.mirrored()).and_then(|set| Ok((set.begin()?, set)));
        match begun {
            Ok((data, set)) => {
                follow.compared = true;
                follow.told.clear();
                follow.stage = FollowStage::Comparing {
                    set,
                    have: Vec::new(),
                    need: Vec::new(),
                };
                self.send(connection, &Frame::Repair { data });
            }
            Err(error) => self.repair_failed(connection, &error),
        }
    }

    /// The server has told all that it had to tell, and the digest of what it has.
    pub(super) fn list_ends(&mut self, connection: ConnectionId, listed: Listed) {
        let Some(follow) = &mut self.follow else {
            return;
        };
        let equal = self.catalogue.mirror().listed() == listed;
        if matches!(follow.stage, FollowStage::Comparing { .. }) && !equal {
            return;
        }
        self.status_changed = true;
        let stage = std::mem::replace(&mut follow.stage, FollowStage::Live);
        let compared = follow.compared;
        if equal || compared {
            self.touched.append(&mut follow.early);
        } else {
            self.compare(connection);
        }
        if let FollowStage::LookingUp { have } = stage {
            self.forget(&have);
        }
    }

    /// The server's answer in a comparison of sets.
    pub(in crate::sync::repo) fn compared(&mut self, connection: ConnectionId, answer: &[u8]) {
        let Some(follow) = self.follow.as_mut().filter(|f| f.connection == connection) else {
            return;
        };
        let FollowStage::Comparing { set, have, need } = &mut follow.stage else {
            return;
        };
        match set.step(answer) {
            Ok(step) => {
                have.extend(step.have);
                need.extend(step.need);
                if let Some(data) = step.message {
                    self.send(connection, &Frame::Repair { data });
                    return;
                }
                let (have, items) = (std::mem::take(have), std::mem::take(need));
                self.doubt(&have);
                if let Some(follow) = &mut self.follow {
                    follow.stage = FollowStage::LookingUp { have };
                }
                self.send_parts(connection, &Frame::Lookup { items });
            }
            Err(error) => self.repair_failed(connection, &error),
        }
    }

    /// The server does not have these items: most likely it has more of their documents, which is
    /// asked for beside the lookup, not after it.
    fn doubt(&mut self, items: &[Hash]) {
        let documents = self.mirrored_as(items);
        let Some(follow) = &mut self.follow else {
            return;
        };
        for id in documents.into_iter().take(WANTED_DOCUMENTS) {
            let document = self.documents.get(&id).filter(|d| d.is_loaded());
            let size = self.catalogue.get(&id).map_or(0, |entry| entry.size);
            if let Some(document) = document
                && !follow.asked.contains_key(&id)
                && follow.wants.add(id, size, document.opened)
            {
                follow.received.of += 1;
                follow.bytes.of += size;
                follow.doubted.insert(id);
            }
        }
    }

    /// The server does not have these items any more: what it has of their documents has been
    /// told, or is nothing. It may have got them again since the comparison.
    fn forget(&mut self, items: &[Hash]) {
        let mut gone = self.mirrored_as(items);
        if let Some(follow) = &self.follow {
            gone.retain(|id| !follow.told.contains(id));
        }
        for id in gone {
            self.catalogue.set_synced(id, Vec::new(), None);
            self.mirror_changed(id);
        }
    }

    /// The documents that the mirror has as these items.
    fn mirrored_as(&self, items: &[Hash]) -> Vec<DocumentId> {
        let items = order::set(items);
        let mirrored = self.catalogue.mirrored();
        let among = mirrored.filter(|(_, item)| items.contains(item));
        among.map(|(id, _)| *id).collect()
    }
}
