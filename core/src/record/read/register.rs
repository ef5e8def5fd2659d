//! What stands in one register or behind one container key: all concurrent values of it.

use std::collections::BTreeMap;

use automerge::{ActorId, ChangeHash, ObjId, ObjType, ReadDoc, ScalarValue};
use serde_json::Value;

use super::super::{Merge, Scalar};
use crate::order;
use crate::record::value;

/// The concurrent values of a register, Automerge's own choice last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Values {
    /// The readable ones, in JSON form, each with the operation that wrote it.
    pub(crate) all: Vec<(Value, ObjId)>,
    /// What is wrong with those that cannot be read.
    pub(crate) unreadable: Vec<String>,
}

impl Values {
    /// Reads the register `key` of the map `obj`.
    pub(crate) fn read<R: ReadDoc>(
        doc: &R,
        at: Option<&[ChangeHash]>,
        obj: &ObjId,
        key: &str,
        scalar: &Scalar,
    ) -> Self {
        Self::of(doc, at, &get_all(doc, at, obj, key), scalar)
    }

    /// Reads concurrent values found in a register.
    pub(crate) fn of<R: ReadDoc>(
        doc: &R,
        at: Option<&[ChangeHash]>,
        found: &[(automerge::Value<'_>, ObjId)],
        scalar: &Scalar,
    ) -> Self {
        let mut values = Self::default();
        for (found, id) in found {
            let json = match found {
                automerge::Value::Scalar(found) => value::to_json(scalar, found),
                // Some programs write every string as a text.
                automerge::Value::Object(ObjType::Text) => {
                    value::to_json(scalar, &ScalarValue::Str(text(doc, at, id).into()))
                }
                automerge::Value::Object(_) => Err(format!(
                    "found a container, expected {}",
                    value::expected(scalar)
                )),
            };
            match json {
                Ok(json) => values.all.push((json, id.clone())),
                Err(what) => values.unreadable.push(what),
            }
        }
        values
    }

    /// The value to show; `null` when there is none.
    pub(crate) fn shown(&self, merge: Merge, scalar: &Scalar) -> &Value {
        const EMPTY: &Value = &Value::Null;
        let mut all = self.all.iter().map(|(value, _)| value);
        match (merge, scalar) {
            (Merge::Strictest, Scalar::Code(vocabulary)) => all
                .max_by_key(|value| {
                    // A word only a newer version knows may be the strictest of all.
                    let strictness = |word| vocabulary.position(word).unwrap_or(usize::MAX);
                    value.as_str().map(strictness)
                })
                .unwrap_or(EMPTY),
            _ => all.next_back().unwrap_or(EMPTY),
        }
    }

    /// Whether a person has to choose.
    pub(crate) fn is_open(&self, merge: Merge) -> bool {
        let mut all = self.all.iter().map(|(value, _)| value);
        let first = all.next();
        merge != Merge::Quiet && all.any(|value| Some(value) != first)
    }
}

/// The container behind `key` in the map `obj`.
pub(crate) enum Found {
    /// It is there. `beside` says what else stands on the same key, so that it is hidden.
    Here {
        /// The container.
        id: ObjId,
        /// Whether something else was put on its key.
        beside: bool,
    },
    /// Nothing is there.
    Nothing,
    /// Something else is there: a string where a text is expected, say.
    Other(automerge::Value<'static>),
}

/// Looks for a container. Of several, the one that `genesis` made counts, which all replicas share.
pub(crate) fn container<R: ReadDoc>(
    doc: &R,
    at: Option<&[ChangeHash]>,
    obj: &ObjId,
    key: &str,
    wanted: ObjType,
    genesis: &ActorId,
) -> Found {
    container_of(&get_all(doc, at, obj, key), wanted, genesis)
}

/// The container among the concurrent values of its key.
pub(crate) fn container_of(
    all: &[(automerge::Value<'_>, ObjId)],
    wanted: ObjType,
    genesis: &ActorId,
) -> Found {
    let fits = |value: &automerge::Value<'_>| value.as_objtype() == Some(wanted);
    let ours = |id: &ObjId| matches!(id, ObjId::Id(_, actor, _) if actor == genesis);
    let best = all
        .iter()
        .filter(|(value, _)| fits(value))
        .max_by_key(|(_, id)| ours(id));
    match (best, all.last()) {
        (Some((_, id)), _) => Found::Here {
            id: id.clone(),
            beside: all.len() > 1,
        },
        (None, Some((value, _))) => Found::Other(value.to_owned()),
        (None, None) => Found::Nothing,
    }
}

/// All concurrent values of `key` in `obj`; none if `obj` is no map.
pub(crate) fn get_all<'a, R: ReadDoc>(
    doc: &'a R,
    at: Option<&[ChangeHash]>,
    obj: &ObjId,
    key: &str,
) -> Vec<(automerge::Value<'a>, ObjId)> {
    match at {
        None => doc.get_all(obj, key),
        Some(heads) => doc.get_all_at(obj, key, heads),
    }
    .unwrap_or_default()
}

/// The keys of a map.
pub(crate) fn keys<R: ReadDoc>(doc: &R, at: Option<&[ChangeHash]>, obj: &ObjId) -> Vec<String> {
    match at {
        None => doc.keys(obj).collect(),
        Some(heads) => doc.keys_at(obj, heads).collect(),
    }
}

/// The content of a text.
pub(crate) fn text<R: ReadDoc>(doc: &R, at: Option<&[ChangeHash]>, obj: &ObjId) -> String {
    match at {
        None => doc.text(obj),
        Some(heads) => doc.text_at(obj, heads),
    }
    .unwrap_or_default()
}

/// A map of a document, read in one go: its keys in order, each with its concurrent values.
///
/// Asking the document for each key costs far more.
pub(crate) struct Level(BTreeMap<String, Vec<(automerge::Value<'static>, ObjId)>>);

impl Level {
    /// Reads the map `obj`.
    pub(crate) fn read<R: ReadDoc>(doc: &R, at: Option<&[ChangeHash]>, obj: &ObjId) -> Self {
        let range = match at {
            None => doc.map_range(obj, ..),
            Some(heads) => doc.map_range_at(obj, .., heads),
        };
        let values = range.map(|item| {
            let key = item.key.to_string();
            let all = if item.conflict {
                get_all(doc, at, obj, &key)
                    .into_iter()
                    .map(|(value, id)| (value.into_owned(), id))
                    .collect()
            } else {
                let id = item.id();
                vec![(item.value.into_value(), id)]
            };
            (key, all)
        });
        Self(order::map(values))
    }

    /// The concurrent values of `key`, Automerge's own choice last.
    pub(crate) fn all(&self, key: &str) -> &[(automerge::Value<'static>, ObjId)] {
        self.0.get(key).map_or(&[], Vec::as_slice)
    }

    /// The keys.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
