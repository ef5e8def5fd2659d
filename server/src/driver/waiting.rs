//! Those who wait for a document to be loaded.

use std::ops::Range;

use meltemi_core::sync::policy::{Principal, Refusal};
use meltemi_core::sync::repo::Accepted;
use tokio::sync::oneshot;

use super::{HistoryReply, RecordReply};

/// Where the outcome of accepting changes goes: whether anything of them was new.
pub(crate) type AcceptReply = oneshot::Sender<Result<bool, Refusal>>;

/// Somebody who waits for a document to be loaded.
pub(super) enum Waiting {
    Record(Principal, RecordReply),
    History(Principal, Range<usize>, HistoryReply),
    Accept(Accepted, AcceptReply),
}

impl Waiting {
    /// Whether nobody takes the answer any more.
    pub(super) fn is_given_up(&self) -> bool {
        match self {
            Self::Record(_, reply) => reply.is_closed(),
            Self::History(_, _, reply) => reply.is_closed(),
            Self::Accept(_, reply) => reply.is_closed(),
        }
    }
}
