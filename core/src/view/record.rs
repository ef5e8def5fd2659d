//! The view of a whole record.

use automerge::Automerge;

use super::RecordView;
use crate::conflict::settlement;
use crate::genesis::{self, NotARecord};
use crate::id::DocumentId;
use crate::record::read;

/// Everything in the record that `doc`, found under the id `document`, holds.
pub fn view(document: DocumentId, doc: &Automerge) -> Result<RecordView, NotARecord> {
    let identity = genesis::recognise(&document, doc)?;
    let reading = read::read(doc, identity.kind, &genesis::actor(&document));
    let (settlements, unreadable) = settlement::settlements(doc);
    let mut problems = reading.problems;
    problems.extend(unreadable);
    Ok(RecordView {
        id: document,
        programme: identity.programme,
        kind: identity.reference.kind,
        key: identity.reference.key,
        schema: identity.schema,
        newer_schema: identity.schema > identity.kind.schema,
        heads: doc
            .get_heads()
            .iter()
            .map(|head| head.to_string())
            .collect(),
        fields: reading.fields,
        unknown: reading.unknown,
        conflicts: reading.conflicts,
        settlements,
        problems,
        missing: reading.missing,
        removed: reading.removed,
    })
}
