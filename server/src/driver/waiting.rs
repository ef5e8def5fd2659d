//! Those who wait for a document to be loaded.

use meltemi_core::sync::policy::{Principal, Refusal};
use tokio::sync::oneshot;

use super::RecordReply;

/// Where the outcome of accepting changes goes: whether anything of them was new.
pub(crate) type AcceptReply = oneshot::Sender<Result<bool, Refusal>>;

/// Somebody who waits for a document to be loaded.
pub(super) enum Waiting {
    Record(Principal, RecordReply),
    Accept(Vec<u8>, AcceptReply),
}

impl Waiting {
    /// Whether nobody takes the answer any more.
    pub(super) fn is_given_up(&self) -> bool {
        match self {
            Self::Record(_, reply) => reply.is_closed(),
            Self::Accept(_, reply) => reply.is_closed(),
        }
    }
}
