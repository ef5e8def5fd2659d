//! Changes that a server does not take because of who sent them. It gives them to its driver, so
//! that somebody who may can look at them and take them after all.

use automerge::Automerge;

use crate::id::{ConnectionId, DocumentId};
use crate::sync::admission;
use crate::sync::document::receive::unreadable;
use crate::sync::document::{Document, Incoming};
use crate::sync::input::Role;
use crate::sync::output::{Output, Withheld};
use crate::sync::policy::{Policy, Principal, Refusal};
use crate::sync::repo::Repo;
use crate::sync::repo::pump::authored_whole;
use crate::time::Timestamp;

/// Changes of somebody, kept until it is known whether they are taken.
pub(super) struct Copied {
    principal: Principal,
    changes: Vec<u8>,
}

/// Refused changes that are taken after all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Who sent them.
    pub sender: Principal,
    /// The changes, as Automerge writes them.
    pub changes: Vec<u8>,
    /// Whether they are taken though they are of others: that was why they were refused, and it
    /// was decided on.
    pub foreign: bool,
}

impl<P: Policy> Repo<P> {
    /// A copy of what somebody sent, if somebody else may decide on it should it be refused.
    pub(super) fn copied(&self, connection: ConnectionId, incoming: &Incoming) -> Option<Copied> {
        let peer = self.peers.get(&connection)?;
        if peer.role != Role::Acceptor || !self.policy.is_decided_on(&peer.principal) {
            return None;
        }
        let changes = incoming.changes();
        (!changes.is_empty()).then(|| Copied {
            principal: peer.principal.clone(),
            changes,
        })
    }

    /// Takes changes that were refused, because somebody who may has decided so. Returns whether
    /// anything of them was new. The document must be loaded.
    ///
    /// # Errors
    /// A [`Refusal`] when they are no changes, build on others that are not here, would make a
    /// document that cannot be kept, or are somebody else's than the sender's, unless that was why
    /// they were refused.
    pub fn accept(
        &mut self,
        now: Timestamp,
        id: DocumentId,
        refused: Accepted,
    ) -> Result<bool, Refusal> {
        self.advance(now);
        let Accepted {
            sender,
            changes,
            foreign,
        } = refused;
        let scan = admission::scan_chunks(&changes)?;
        let unloaded = match self.documents.get(&id) {
            Some(document) => !document.is_loaded(),
            None => self.catalogue.contains(&id),
        };
        if unloaded {
            return Err(unreadable("the document is not in memory"));
        }
        let actor = &self.actor;
        let document = self
            .documents
            .entry(id)
            .or_insert_with(|| Document::new(id, actor, None));
        let policy = &self.policy;
        let (before, known) = (document.doc.get_heads(), document.before());
        let accepted = document.receive_changes(&changes, &scan, |doc, accepted| {
            let new = doc.get_changes_meta(&before);
            authored_whole(policy, &sender, &id, &known, new, foreign)?;
            policy.check(&id, doc, accepted)
        });
        if accepted.is_ok() && policy.keeps_receipts() {
            document.note_receipt(self.now, &sender, &before);
        }
        if accepted.as_ref().is_ok_and(Option::is_some) {
            self.outputs.push_back(Output::Changed {
                document: id,
                local: false,
            });
            self.pump(id);
        } else if document.is_empty() && document.peers.is_empty() {
            self.documents.remove(&id);
        }
        self.settle();
        accepted.map(|heads| heads.is_some())
    }

    /// A copy of a document with changes that are not in it. The document stays as it is; what is
    /// not here begins empty.
    ///
    /// # Errors
    /// A [`Refusal`] when they are no changes, or build on others that are not here.
    pub fn with_changes(&self, id: DocumentId, changes: &[u8]) -> Result<Automerge, Refusal> {
        let scan = admission::scan_chunks(changes)?;
        let mut copy = Document::new(id, &self.actor, None);
        if let Some(doc) = self.document(&id) {
            copy.doc = doc.clone();
        }
        copy.receive_changes(changes, &scan, |_, _| Ok(None))?;
        Ok(copy.doc)
    }

    /// Gives refused changes to the driver.
    pub(super) fn withhold(
        &mut self,
        copied: Option<Copied>,
        document: DocumentId,
        label: Option<String>,
        refusal: &Refusal,
    ) {
        let of_person = matches!(refusal.code, "read-only" | "not-allowed" | "foreign-author");
        let Some(copied) = copied.filter(|_| of_person) else {
            return;
        };
        let entry = self.catalogue.get(&document);
        let here = entry.and_then(|entry| entry.label.clone());
        self.outputs.push_back(Output::Withheld(Withheld {
            principal: copied.principal,
            document,
            label: here.or(label),
            code: refusal.code,
            changes: copied.changes,
        }));
    }
}
