//! What a device does when a list of the server ends: it compares roots, and the sets if they
//! differ.

use super::FollowStage;
use crate::id::ConnectionId;
use crate::order;
use crate::sync::policy::Policy;
use crate::sync::reconcile::ItemSet;
use crate::sync::repo::Repo;
use crate::wire::exchange::{Hash, Listed};
use crate::wire::frame::Frame;

impl<P: Policy> Repo<P> {
    /// A list of the server ends here.
    pub(super) fn list_ends(&mut self, connection: ConnectionId, listed: Listed) {
        let Some(follow) = &mut self.follow else {
            return;
        };
        self.status_changed = true;
        let stage = std::mem::replace(&mut follow.stage, FollowStage::Live);
        if let FollowStage::LookingUp { have } = stage {
            self.touched.append(&mut follow.early);
            self.forget(&have);
            return;
        }
        if self.catalogue.mirror().listed() == listed || follow.compared {
            self.touched.append(&mut follow.early);
            return;
        }
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
                follow.stage = FollowStage::LookingUp { have };
                self.send_parts(connection, &Frame::Lookup { items });
            }
            Err(error) => self.repair_failed(connection, &error),
        }
    }

    /// The server does not have these items any more: what it has of their documents has been
    /// told, or is nothing. It may have got them again since the comparison.
    fn forget(&mut self, items: &[Hash]) {
        let items = order::set(items);
        let mirrored = self.catalogue.mirrored();
        let told = self.follow.as_ref().map(|follow| &follow.told);
        let gone: Vec<_> = mirrored
            .filter(|(id, item)| {
                items.contains(item) && !told.is_some_and(|told| told.contains(id))
            })
            .map(|(id, _)| *id)
            .collect();
        for id in gone {
            if !self.doubts(id) {
                self.forget_one(id);
            }
        }
    }
}
