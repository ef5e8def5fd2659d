//! Whom the ids in the history of a record stand for: those with whom one shares a programme.

use meltemi_core::id::RecordRef;
use serde_json::{Value, json};

/// Somebody with whom one shares a programme, or oneself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Colleague {
    /// Their id, the author of their changes.
    pub id: String,
    /// Their name.
    pub name: String,
    /// The record of their organisation or city.
    pub body: Option<RecordRef>,
}

/// Reads the answer to `GET /api/people`, or what [`keep`] has written. Nobody, if it is neither.
pub fn read(value: &Value) -> Vec<Colleague> {
    let all = value.as_array().into_iter().flatten();
    let colleague = |one: &Value| {
        Some(Colleague {
            id: one["id"].as_str()?.to_owned(),
            name: one["name"].as_str()?.to_owned(),
            body: one["body"].as_str().and_then(|body| body.parse().ok()),
        })
    };
    all.filter_map(colleague).collect()
}

/// What is kept of them beside the records, for times without a connection.
pub fn keep(colleagues: &[Colleague]) -> Value {
    let one = |colleague: &Colleague| {
        let body = colleague.body.as_ref().map(ToString::to_string);
        json!({ "id": colleague.id, "name": colleague.name, "body": body })
    };
    colleagues.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colleagues_are_kept_as_the_server_names_them() {
        let answer = json!([
            { "id": "m-1", "name": "Leila", "body": "city/tangier" },
            { "id": "m-2", "name": "Rami", "body": null },
            { "id": 3 },
        ]);
        let people = read(&answer);
        assert_eq!(people.len(), 2);
        assert_eq!(people[0].body, Some(RecordRef::new("city", "tangier")));
        assert_eq!(read(&keep(&people)), people);
        assert_eq!(read(&json!("a captive portal")), []);
    }
}
