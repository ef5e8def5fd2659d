//! What the engine asks of the layer above it: who may do what, and what is a valid document.

use automerge::{ActorId, Author, Automerge};

use crate::id::DocumentId;

/// The authenticated person or server at the other end of a connection.
///
/// Known before a connection is accepted. Until accounts exist there is one
/// built-in principal, and every connection has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Principal(pub String);

impl Principal {
    /// The principal of every connection as long as there are no accounts.
    pub fn built_in() -> Self {
        Self("built-in".to_owned())
    }
}

/// What a principal may do with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Not even know that it exists.
    None,
    /// Receive it.
    Read,
    /// Receive it and change it.
    Write,
}

/// What is known of a document when somebody's access to it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing<'a> {
    /// Nothing of it is here: what comes of it is checked and asked for again.
    New,
    /// It is here, and this is its label.
    Here(Option<&'a str>),
    /// It is here or may be, and has not been looked at.
    Unread,
}

/// Why a document or a change is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// Stable word for programs.
    pub code: &'static str,
    /// A sentence for a person, saying what to do.
    pub message: String,
}

/// Decides on documents for the engine.
pub trait Policy: Send + 'static {
    /// What `principal` may do with `document`. Asked before anything is allocated for it, and
    /// again with the label that it would have with what the principal sent: a change has to be
    /// allowed by what the document was before it and by what it is after it.
    fn access(
        &self,
        principal: &Principal,
        document: &DocumentId,
        standing: Standing<'_>,
    ) -> Access;

    /// Whether `principal` may send a change of `document` that was made by `actor` and names
    /// `author`. `owner` was the first to send a change of this actor, if that is known; `relayed`
    /// says that it may be somebody else's, if only it is one person's.
    ///
    /// Asked for every change that is new here, before it is kept. Where there are no accounts
    /// there is nobody else whom it could belong to.
    fn authored(
        &self,
        _principal: &Principal,
        _document: &DocumentId,
        _actor: &ActorId,
        _author: Option<&Author<'_>>,
        _owner: Option<&Principal>,
        _relayed: bool,
    ) -> Result<(), Refusal> {
        Ok(())
    }

    /// Whether changes are taken from their authors only. What is not on the disk is then told to
    /// nobody: should it be lost there, others could not bring it back.
    fn is_authored(&self) -> bool {
        false
    }

    /// Whether it is noted who sent which changes, and when they came.
    fn keeps_receipts(&self) -> bool {
        false
    }

    /// Whether `doc` may be kept under the id `document`, and the label its catalogue entry gets.
    ///
    /// Asked after changes were applied and before anything is stored or shown. `accepted` says
    /// that an earlier version of the document passed and got a label: what its history had then
    /// it still has.
    fn check(
        &self,
        document: &DocumentId,
        doc: &Automerge,
        accepted: bool,
    ) -> Result<Option<String>, Refusal>;

    /// Whether a document that is new here and would have this label may be kept beside the others,
    /// of which `labels` says how many there are of each label, and of none.
    ///
    /// Asked by a server, after [`Self::check`], for what peers send, once it has as many documents
    /// as there may be in one programme.
    fn room(
        &self,
        _label: Option<&str>,
        _labels: &mut dyn Iterator<Item = (Option<&str>, u64)>,
    ) -> Result<(), Refusal> {
        Ok(())
    }

    /// Whether changes of `principal` that are refused because of who sends them are for somebody
    /// else to decide on ([`super::output::Output::Withheld`]).
    fn is_decided_on(&self, _principal: &Principal) -> bool {
        false
    }

    /// Whether a label says all that this policy puts into one. A server reads documents whose
    /// label does not when it starts, to label them anew.
    fn is_current(&self, _label: Option<&str>) -> bool {
        true
    }

    /// Whether there may be documents of announced labels that `principal` may not know of. If not,
    /// what a peer may see is known without asking for each document.
    fn hides(&self, _principal: &Principal) -> bool {
        true
    }

    /// Whether a peer that follows the whole collection is told of documents with this label
    /// without asking.
    fn announce(&self, principal: &Principal, label: Option<&str>) -> bool;
}
