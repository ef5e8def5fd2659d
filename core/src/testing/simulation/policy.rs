//! Who may see what in a simulated world, and what is no valid document there.

use automerge::{Automerge, ROOT, ReadDoc};

use super::people::{HIDDEN, hidden};
use crate::genesis;
use crate::id::DocumentId;
use crate::sync::policy::{Access, Policy, Principal, Refusal, Standing};

/// A key at the root of a document that the server must never keep.
pub(super) const FORBIDDEN: &str = "forbidden";

/// Everybody may see and change everything, but one kind is hidden from one device and from plain
/// clients.
#[derive(Default)]
pub(super) struct SimulatedPolicy {
    /// Takes what the server refuses: on a device, and in a test of the simulation itself.
    pub(super) takes_all: bool,
}

/// The name of who runs a replica.
pub(super) fn principal(replica: usize) -> Principal {
    Principal(format!("principal-{replica}"))
}

/// Whether the hidden kind is hidden from this replica.
pub(super) fn is_blind(replica: usize) -> bool {
    replica >= 2
}

fn sees_all(principal: &Principal) -> bool {
    ["principal-0", "principal-1"].contains(&principal.0.as_str())
}

impl Policy for SimulatedPolicy {
    fn access(&self, principal: &Principal, document: &DocumentId, _: Standing<'_>) -> Access {
        if sees_all(principal) || *document != hidden() {
            Access::Write
        } else {
            Access::None
        }
    }

    fn keeps_receipts(&self) -> bool {
        true
    }

    fn check(
        &self,
        document: &DocumentId,
        doc: &Automerge,
        accepted: bool,
    ) -> Result<Option<String>, Refusal> {
        let identity = if accepted {
            genesis::recognise(document, doc)
        } else {
            genesis::identify(document, doc)
        };
        let identity = identity.map_err(|error| Refusal {
            code: error.code(),
            message: error.to_string(),
        })?;
        match doc.get(ROOT, FORBIDDEN) {
            Ok(Some(_)) if !self.takes_all => Err(Refusal {
                code: "forbidden",
                message: "nobody may do this".to_owned(),
            }),
            _ => Ok(Some(identity.kind.name.to_owned())),
        }
    }

    fn announce(&self, principal: &Principal, label: Option<&str>) -> bool {
        label.is_some_and(|label| sees_all(principal) || label != HIDDEN.0)
    }
}
