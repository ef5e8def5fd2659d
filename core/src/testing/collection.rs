//! Many small records as an engine writes them, so that a storage can be filled with a whole
//! collection in seconds.

use automerge::ActorId;
use serde_json::json;

use crate::access::Facts;
use crate::command::CommandError;
use crate::command::create_record::create;
use crate::id::{DocumentId, RecordRef, StorageId};
use crate::record::Class;
use crate::sync::storage::{CatalogueEntry, ChunkKey, Cursor, StoredChunk, Synced, WriteBatch};
use crate::time::Timestamp;

/// The programme of the records.
pub const PROGRAMME: &str = "collection";

/// Which record has this number.
pub fn reference(number: u64) -> RecordRef {
    RecordRef::new("organisation", format!("body{number}"))
}

/// The document of the record of this number.
pub fn document(number: u64) -> DocumentId {
    DocumentId::of_record(PROGRAMME, &reference(number))
}

/// What the catalogue says of the record of this number.
fn label(number: u64) -> String {
    let facts = Facts {
        programme: PROGRAMME.to_owned(),
        kind: "organisation".to_owned(),
        class: Some(Class::Peers),
        owners: [reference(number)].into(),
    };
    facts.to_string()
}

/// What a server writes when it gets the record of this number, counted from 1, as its write of
/// this number.
///
/// # Errors
/// When the record cannot be made, which would be a defect.
pub fn write(number: u64) -> Result<WriteBatch, CommandError> {
    let values = [
        ("names/en".parse(), json!(format!("Association {number}"))),
        ("acronym".parse(), json!("A.S.B.L.")),
    ];
    let values: Vec<_> = values
        .into_iter()
        .filter_map(|(path, value)| Some((path.ok()?, value)))
        .collect();
    let actor = ActorId::from([7; 16]);
    let made = Timestamp(1_700_000_000_000 + number);
    let (document, doc) = create(PROGRAMME, &reference(number), &values, actor, made)?;
    let heads: Vec<_> = doc.get_heads().iter().map(|head| head.0).collect();
    let chunk = StoredChunk {
        key: ChunkKey::snapshot(&heads),
        bytes: doc.save(),
    };
    let entry = CatalogueEntry {
        heads,
        label: Some(label(number)),
        seq: number,
        size: chunk.bytes.len() as u64,
        ..CatalogueEntry::unknown(document)
    };
    Ok(WriteBatch {
        document,
        put: vec![chunk],
        remove: Vec::new(),
        entry: Some(entry),
    })
}

/// What a device has noted when it is in step with a server that has made these writes.
pub fn in_step(server: &str, writes: &[WriteBatch]) -> Synced {
    let entries = || writes.iter().filter_map(|write| write.entry.as_ref());
    Synced {
        heads: entries()
            .map(|entry| (entry.document, entry.heads.clone()))
            .collect(),
        cursor: Some(Cursor {
            server: StorageId(server.to_owned()),
            seq: entries().map(|entry| entry.seq).max().unwrap_or(0),
        }),
    }
}
