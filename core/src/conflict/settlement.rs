//! Settlements as they stand in a document: in the map `settlements` at the
//! root, under the text of the register's path, as one JSON text each.
//! One text in one register, so that choice and reason never come from two people.

use automerge::{Automerge, ObjId, ObjType, ROOT, ReadDoc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Origin, Settlement};
use crate::genesis::SETTLEMENTS;
use crate::order;
use crate::record::FieldPath;
use crate::view::Problem;

/// The JSON text of a settlement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stored {
    pub(crate) chosen: Value,
    #[serde(default)]
    pub(crate) rejected: Vec<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

impl Stored {
    /// Reads a register of the map of settlements.
    pub(crate) fn parse(value: &automerge::Value<'_>) -> Option<Self> {
        serde_json::from_str(value.as_str()?).ok()
    }
}

/// The map of settlements of a record.
pub(crate) fn map<R: ReadDoc>(doc: &R) -> Option<ObjId> {
    match doc.get(ROOT, SETTLEMENTS) {
        Ok(Some((value, id))) if value.as_objtype() == Some(ObjType::Map) => Some(id),
        _ => None,
    }
}

/// All settlements, newest last, and what in their map cannot be read.
pub(crate) fn settlements(doc: &Automerge) -> (Vec<Settlement>, Vec<Problem>) {
    let (mut settlements, mut problems) = (Vec::new(), Vec::new());
    let problem = |what: String| Problem {
        path: SETTLEMENTS.to_owned(),
        what,
    };
    let Some(map) = map(doc) else {
        problems.push(problem(
            "another program replaced the map of settlements".to_owned(),
        ));
        return (settlements, problems);
    };
    for key in doc.keys(&map) {
        let Ok(path) = key.parse::<FieldPath>() else {
            problems.push(problem(format!(
                "found {key:?}, expected the path of a field"
            )));
            continue;
        };
        for (value, id) in doc.get_all(&map, key.as_str()).unwrap_or_default() {
            match Stored::parse(&value) {
                Some(Stored {
                    chosen,
                    rejected,
                    reason,
                }) => settlements.push(Settlement {
                    path: path.clone(),
                    chosen,
                    rejected,
                    reason,
                    origin: Origin::of_operation(doc, &id),
                }),
                None => problems.push(problem(format!("the settlement of {key} is unreadable"))),
            }
        }
    }
    order::sort_by(&mut settlements, |a, b| {
        let key = |it: &Settlement| it.origin.time;
        key(a)
            .cmp(&key(b))
            .then_with(|| a.origin.change.cmp(&b.origin.change))
            .then_with(|| a.path.cmp(&b.path))
    });
    (settlements, problems)
}
