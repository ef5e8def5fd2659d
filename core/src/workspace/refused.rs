//! Edits that the server has refused, as a person sees them.

use serde::{Deserialize, Serialize};

use super::Workspace;
use crate::id::DocumentId;
use crate::sync::status::RefusedEdits;
use crate::view::difference::{Difference, difference};
use crate::view::record;

/// The refused edits of a record: why, and what they would change in the accepted version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RefusedView {
    /// Which they are and why they were refused.
    pub edits: RefusedEdits,
    /// What they would change. Nothing when it all stands there already, or was replaced since.
    pub differences: Vec<Difference>,
}

impl Workspace {
    /// The refused edits of a record; none when it has none. With
    /// [`crate::sync::input::Input::Refused`] a person decides about them.
    pub fn refused(&self, document: &DocumentId) -> Option<RefusedView> {
        let mut all = self.repo.refused_edits().into_iter();
        let edits = all.find(|edits| edits.document == *document)?;
        let accepted = record::view(*document, self.repo.document(document)?);
        let whole = record::view(*document, &self.repo.with_refused(document)?);
        let differences = match (accepted, whole) {
            (Ok(accepted), Ok(whole)) => difference(&accepted, &whole),
            // What makes it no record any more cannot be told field by field.
            _ => Vec::new(),
        };
        Some(RefusedView { edits, differences })
    }

    /// The Automerge bytes of a record as it would be with its refused edits, to keep them
    /// elsewhere.
    pub fn refused_bytes(&self, document: &DocumentId) -> Option<Vec<u8>> {
        Some(self.repo.with_refused(document)?.save())
    }
}
