//! Who may see and change which document here, and what follows when that changes.
//!
//! A document that somebody may not know of must look to them like one that does not exist.

use crate::id::{ConnectionId, DocumentId};
use crate::sync::catalogue::Catalogue;
use crate::sync::closing::Closing;
use crate::sync::document::{Document, Incoming};
use crate::sync::policy::{Access, Policy, Principal, Refusal, Standing};
use crate::sync::repo::Repo;
use crate::sync::repo::pump::{authored, authored_whole};
use crate::time::Timestamp;
use crate::wire::limits::EMPTY_DOCUMENTS;

impl<P: Policy> Repo<P> {
    /// Changes what the policy knows. Connections of principals of whom `farewell` says something
    /// are closed with that as the reason: they are to come back, if they may, and compare what
    /// they have with what they may see now.
    pub fn update_policy(
        &mut self,
        now: Timestamp,
        update: impl FnOnce(&mut P),
        farewell: impl Fn(&Principal) -> Option<&'static str>,
    ) {
        self.advance(now);
        update(&mut self.policy);
        let left: Vec<_> = self
            .peers
            .iter()
            .filter_map(|(connection, peer)| Some((*connection, farewell(&peer.principal)?)))
            .collect();
        for (connection, reason) in left {
            self.close(connection, &Closing::AccessChanged(reason));
        }
        self.settle();
    }

    /// What decides on access.
    pub fn policy(&self) -> &P {
        &self.policy
    }

    /// What a principal may do with a document, as far as it is known.
    pub fn access(&self, principal: &Principal, id: &DocumentId) -> Access {
        let standing = standing(
            id,
            self.documents.get(id),
            &self.catalogue,
            self.catalogue_read,
        );
        self.policy.access(principal, id, standing)
    }

    /// What the peer of a connection may do with a document.
    pub(super) fn access_of(&self, connection: ConnectionId, id: &DocumentId) -> Access {
        let peer = self.peers.get(&connection);
        peer.map_or(Access::None, |peer| self.access(&peer.principal, id))
    }

    /// Whether there is something of a document that a peer may see.
    pub(super) fn has_for(&self, connection: ConnectionId, id: DocumentId) -> bool {
        self.is_here(id) && self.access_of(connection, &id) != Access::None
    }

    /// Whether there is something of a document.
    pub(super) fn is_here(&self, id: DocumentId) -> bool {
        let document = self.documents.get(&id);
        document.is_some_and(|document| !document.is_empty()) || self.catalogue.contains(&id)
    }

    /// Whether a peer may name another document that is not here, or not for it; if not, its
    /// connection is closed.
    pub(super) fn may_enter(&mut self, connection: ConnectionId, id: DocumentId) -> bool {
        if self.has_for(connection, id) {
            return true;
        }
        let Some(peer) = self.peers.get_mut(&connection) else {
            return false;
        };
        peer.empty.insert(id);
        if peer.empty.len() <= EMPTY_DOCUMENTS {
            return true;
        }
        // Those it has made since do not count.
        let mut empty = std::mem::take(&mut peer.empty);
        empty.retain(|id| !self.has_for(connection, *id));
        let few = empty.len() <= EMPTY_DOCUMENTS;
        if let Some(peer) = self.peers.get_mut(&connection) {
            peer.empty = empty;
        }
        if !few {
            self.close(connection, &Closing::TooManyUnknown);
        }
        few
    }

    /// Takes what a peer says of a document that is kept from it, and answers as if nothing of the
    /// document were here: in its place is an empty one, of which nothing is kept.
    pub(super) fn receive_hidden(
        &mut self,
        connection: ConnectionId,
        id: DocumentId,
        incoming: Incoming,
        request: bool,
    ) {
        // Whatever is answered, and though nothing of it is told: somebody may decide on it.
        let copied = self.copied(connection, &incoming);
        self.withhold(copied, id, None, &not_allowed());
        let Some(peer) = self.peers.get_mut(&connection) else {
            return;
        };
        let plain = !peer.is_meltemi();
        let mut blank = peer
            .hidden
            .remove(&id)
            .unwrap_or_else(|| Document::new(id, &self.actor, None));
        if plain {
            blank.peers.entry(connection).or_default().requested |= request;
        }
        let (policy, principal) = (&self.policy, &peer.principal);
        let received = authored(policy, principal, &blank, &incoming.scan).and_then(|()| {
            let whole = !incoming.scan.documents.is_empty();
            let known = whole.then(|| blank.before());
            blank.receive(incoming, |doc, accepted| {
                if let Some(known) = &known {
                    let new = doc.get_changes_meta(&[]);
                    authored_whole(policy, principal, &id, known, new, false)?;
                }
                let label = policy.check(&id, doc, accepted)?;
                may_become(policy, principal, &id, label)
            })
        });
        match received {
            Err(refusal) => self.refuse(connection, id, refusal),
            Ok(true) => self.refuse(connection, id, not_allowed()),
            Ok(false) if plain => {
                let owed = blank.is_owed_by(connection);
                if !self.may_owe(connection, id, owed) {
                    return;
                }
                let answer = blank.answer_for(connection);
                if let Some(peer) = self.peers.get_mut(&connection) {
                    peer.hidden.insert(id, blank);
                }
                self.send_answer(connection, id, answer);
            }
            Ok(false) => {}
        }
    }

    /// The label of a document has changed: who was told of it and may not know of it any more is
    /// told that, and gets nothing more of it.
    pub(super) fn tell_gone(&mut self, id: DocumentId, before: Option<&str>) {
        let after = self.catalogue.get(&id).and_then(|e| e.label.as_deref());
        if after == before {
            return;
        }
        let (mut meltemi, mut plain) = (Vec::new(), Vec::new());
        for (connection, peer) in &self.peers {
            if peer.is_meltemi() {
                let told = |label| self.lists(*connection, &id, label);
                if peer.listening && told(before) && !told(after) {
                    meltemi.push(*connection);
                }
            } else if self
                .documents
                .get(&id)
                .is_some_and(|d| d.peers.contains_key(connection))
                && self.access(&peer.principal, &id) == Access::None
            {
                plain.push(*connection);
            }
        }
        for connection in meltemi {
            if let Some(document) = self.documents.get_mut(&id) {
                document.followers.remove(&connection);
            }
            if let Some(peer) = self.peers.get_mut(&connection) {
                peer.outgoing.heads.retain(|older| older.document != id);
                peer.outgoing.gone.push(id);
            }
        }
        for connection in plain {
            if let Some(document) = self.documents.get_mut(&id) {
                let size = document.forget_peer(connection);
                self.taken_out(connection, size);
            }
            self.send_unavailable(connection, id, None);
        }
    }

    /// Finds the documents whose label does not say what the policy needs now, or is lost. They
    /// are loaded a few at a time; each is labelled when it is in memory.
    pub(super) fn label_anew(&mut self) {
        self.outdated = self
            .catalogue
            .iter()
            .filter(|e| e.heads.is_empty() || !self.policy.is_current(e.label.as_deref()))
            .map(|entry| entry.document)
            .collect();
    }
}

/// What is known of a document.
pub(super) fn standing<'a>(
    id: &DocumentId,
    document: Option<&'a Document>,
    catalogue: &'a Catalogue,
    catalogue_read: bool,
) -> Standing<'a> {
    match (document, catalogue.get(id)) {
        (Some(document), _) if document.is_found() => Standing::Here(document.label.as_deref()),
        (_, Some(entry)) if entry.heads.is_empty() => Standing::Unread,
        (_, Some(entry)) => Standing::Here(entry.label.as_deref()),
        (_, None) if !catalogue_read => Standing::Unread,
        (_, None) => Standing::New,
    }
}

/// Whether a principal may write a document that has this label with what the principal sent.
pub(super) fn may_become<P: Policy>(
    policy: &P,
    principal: &Principal,
    id: &DocumentId,
    label: Option<String>,
) -> Result<Option<String>, Refusal> {
    match policy.access(principal, id, Standing::Here(label.as_deref())) {
        Access::Write => Ok(label),
        Access::None | Access::Read => Err(not_allowed()),
    }
}

/// What is said to changes of a document that the sender may not write, before or after them.
fn not_allowed() -> Refusal {
    Refusal {
        code: "not-allowed",
        message: "your role does not allow you to write this record; ask a coordinator".to_owned(),
    }
}
