//! Invitations as the server shows them, and their links.

use meltemi_core::access::Role;
use serde::Deserialize;
use serde_json::{Value, json};

/// An invitation.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Invitation {
    /// Its id.
    pub id: String,
    /// Key of the programme.
    pub programme: String,
    /// The role in it.
    pub role: Role,
    /// The organisation or city whoever joins will belong to.
    pub body: Option<String>,
    /// Code of its language.
    pub language: String,
    /// Who made it, an id.
    pub invited_by: Option<String>,
    /// When it ends, in milliseconds.
    pub expires: f64,
    /// For the link; only in the answer that it was made by.
    pub secret: Option<String>,
}

/// What can be chosen for an invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choices {
    /// Key of the programme.
    pub programme: String,
    /// Word of the role.
    pub role: String,
    /// Reference of the organisation or city, or nothing.
    pub body: String,
    /// Code of the language.
    pub language: String,
    /// Number of days, as it was written.
    pub days: String,
}

/// The body of `POST /api/invitations`. A number of days that is none is left to the server.
pub fn invite_body(choices: &Choices) -> Value {
    let mut body = json!({
        "programme": choices.programme,
        "role": choices.role,
        "language": choices.language,
    });
    if !choices.body.is_empty() {
        body["body"] = choices.body.as_str().into();
    }
    if let Ok(days) = choices.days.trim().parse::<u32>() {
        body["days"] = days.into();
    }
    body
}

/// The link of an invitation. The secret stands behind `#`, where no server sees it.
pub fn link(origin: &str, secret: &str) -> String {
    format!("{origin}/#/join/{secret}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_chosen_is_left_out() {
        let mut choices = Choices {
            programme: "mc2cm".into(),
            role: "reader".into(),
            body: String::new(),
            language: "en".into(),
            days: " 7 ".into(),
        };
        let body = invite_body(&choices);
        let least = json!({ "programme": "mc2cm", "role": "reader", "language": "en", "days": 7 });
        assert_eq!(body, least);
        choices.body = "city/tangier".into();
        choices.days = String::new();
        let body = invite_body(&choices);
        assert_eq!(body["body"], "city/tangier");
        assert_eq!(body.get("days"), None);
    }

    #[test]
    fn the_link_is_one_that_the_client_opens() {
        let link = link("https://mel.example", "mli_abc");
        let (_, fragment) = link.split_once('#').expect("a fragment");
        assert_eq!(crate::app::account::invitation(fragment), Some("mli_abc"));
    }
}
