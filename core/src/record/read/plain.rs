//! JSON of what no declaration describes, so that unknown fields are shown and exported.

use automerge::{ChangeHash, ObjId, ObjType, ReadDoc};
use serde_json::{Map, Value};

use super::register::{get_all, keys, text};
use crate::record::value;

/// Deeper values are cut: a document may nest without end.
const MAX_DEPTH: usize = 16;

/// The shown one of concurrent values; `None` when there is none.
pub(crate) fn plain<R: ReadDoc>(
    doc: &R,
    at: Option<&[ChangeHash]>,
    all: &[(automerge::Value<'_>, ObjId)],
) -> Option<Value> {
    let (found, id) = all.last()?;
    Some(json(doc, at, found, id, MAX_DEPTH))
}

fn json<R: ReadDoc>(
    doc: &R,
    at: Option<&[ChangeHash]>,
    found: &automerge::Value<'_>,
    id: &ObjId,
    depth: usize,
) -> Value {
    let kind = match found {
        automerge::Value::Scalar(scalar) => return value::plain(scalar),
        automerge::Value::Object(kind) => kind,
    };
    if depth == 0 {
        return Value::Null;
    }
    match kind {
        ObjType::Text => Value::String(text(doc, at, id)),
        ObjType::List => {
            let length = match at {
                None => doc.length(id),
                Some(heads) => doc.length_at(id, heads),
            };
            let item = |index: usize| {
                let found = match at {
                    None => doc.get(id, index),
                    Some(heads) => doc.get_at(id, index, heads),
                };
                let (found, item) = found.ok()??;
                Some(json(doc, at, &found, &item, depth - 1))
            };
            Value::Array((0..length).filter_map(item).collect())
        }
        ObjType::Map | ObjType::Table => {
            let member = |key: String| {
                let (found, id) = get_all(doc, at, id, &key).pop()?;
                Some((key, json(doc, at, &found, &id, depth - 1)))
            };
            let mut members = Map::new();
            members.extend(keys(doc, at, id).into_iter().filter_map(member));
            Value::Object(members)
        }
    }
}
