//! Members as the server shows them, and what is to change of one.

use meltemi_core::access::{Membership, Role};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// A member.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Member {
    /// Their id.
    pub id: String,
    /// Their name.
    pub name: String,
    /// The address they sign in with.
    pub email: String,
    /// Code of their language.
    pub language: String,
    /// The organisation or city they belong to, as a reference.
    pub body: Option<String>,
    /// Roles.
    pub memberships: Vec<Membership>,
    /// Whether they may do anything at all.
    pub active: bool,
    /// When they joined, in milliseconds.
    pub created: f64,
}

/// What is needed of `GET /api/session` to change what one says of oneself.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Own {
    /// Whoever is signed in.
    pub member: Member,
}

/// The body of the request by which somebody changes their own name and language.
pub fn own_patch(name: &str, language: &str) -> Value {
    json!({ "name": name.trim(), "language": language })
}

impl Member {
    /// The body of a request that changes roles and body to these; none when nothing changes.
    pub fn patch(&self, memberships: &[Membership], body: Option<&str>) -> Option<Value> {
        let mut patch = Map::new();
        if self.memberships != memberships {
            patch.insert("memberships".into(), json!(memberships));
        }
        if self.body.as_deref() != body {
            patch.insert("body".into(), json!(body));
        }
        (!patch.is_empty()).then_some(Value::Object(patch))
    }
}

/// Adds a role, unless it is there.
pub fn add(memberships: &mut Vec<Membership>, programme: &str, role: Role) -> bool {
    let new = Membership {
        programme: programme.to_owned(),
        role,
    };
    let is_new = !memberships.contains(&new);
    if is_new {
        memberships.push(new);
    }
    is_new
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEILA: &str = r#"{"id":"m-1","name":"Leila","email":"l@x.org","language":"fr",
        "body":"city/tangier","memberships":[{"programme":"mc2cm","role":"city_officer"}],
        "active":true,"created":1700000000000}"#;

    #[test]
    fn only_what_changes_is_sent() {
        let leila: Member = serde_json::from_str(LEILA).expect("a member");
        let mut roles = leila.memberships.clone();
        assert_eq!(leila.patch(&roles, Some("city/tangier")), None);
        assert_eq!(leila.patch(&roles, None), Some(json!({ "body": null })));
        assert!(add(&mut roles, "mc2cm", Role::Reader));
        assert!(!add(&mut roles, "mc2cm", Role::Reader));
        let both = json!({ "memberships": [
            { "programme": "mc2cm", "role": "city_officer" },
            { "programme": "mc2cm", "role": "reader" },
        ]});
        assert_eq!(leila.patch(&roles, Some("city/tangier")), Some(both));
    }
}
