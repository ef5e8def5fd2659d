//! Changes that somebody else proposes for a record, as whoever decides on them sees them.

use serde::{Deserialize, Serialize};

use super::Workspace;
use crate::id::DocumentId;
use crate::sync::policy::Refusal;
use crate::view::RecordView;
use crate::view::difference::{Difference, difference};
use crate::view::record;

/// What changes would make of a record. The record itself stays as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProposedView {
    /// The record as it would be with them.
    pub record: RecordView,
    /// Heads of the version here that it is compared with, as hex; none when there is no such
    /// record here.
    pub base: Vec<String>,
    /// What they would change. Nothing when it all stands there already, or was replaced since.
    pub differences: Vec<Difference>,
}

impl Workspace {
    /// What changes, as Automerge writes them, would make of the record in a document.
    ///
    /// # Errors
    /// A [`Refusal`] when they are no changes, build on others that are not here, or make no record.
    pub fn proposed(&self, document: &DocumentId, changes: &[u8]) -> Result<ProposedView, Refusal> {
        let with = self.repo.with_changes(*document, changes)?;
        let record = record::view(*document, &with).map_err(|error| Refusal {
            code: "no-kind",
            message: error.to_string(),
        })?;
        let here = self.repo.document(document);
        let before = here.and_then(|doc| record::view(*document, doc).ok());
        // A record that is new has nothing before.
        let before = before.unwrap_or_else(|| RecordView {
            heads: Vec::new(),
            fields: serde_json::Map::new(),
            conflicts: Vec::new(),
            ..record.clone()
        });
        Ok(ProposedView {
            differences: difference(&before, &record),
            base: before.heads,
            record,
        })
    }
}
