//! Signing in at an organisation, by OpenID Connect: which there are, leaving for one, and what is
//! said to whoever comes back.

use serde_json::{Value, json};

use super::account::{Answered, WRONG, Wrong, is_good, wrong};

/// An organisation whose people sign in there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// What addresses name it by.
    pub key: String,
    /// What people know it by.
    pub name: String,
}

/// Reads the answer to `GET /api/openid`. None if it cannot be read.
pub fn providers(answered: &Answered) -> Vec<Provider> {
    let value: Value = serde_json::from_str(&answered.body).unwrap_or_default();
    let all = value.as_array().filter(|_| is_good(answered.status));
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let read = |value: &Value| {
        Some(Provider {
            key: text(&value["key"])?,
            name: text(&value["name"])?,
        })
    };
    all.into_iter().flatten().filter_map(read).collect()
}

/// The address and the body of the request by which somebody leaves for a provider: to join with
/// an invitation, or else to sign in.
pub fn leave(
    key: &str,
    invitation: Option<&str>,
    language: &str,
    device: (Option<&str>, &str),
) -> (String, String) {
    let mut body = json!({ "device_name": device.1 });
    if let Some(id) = device.0 {
        body["device"] = id.into();
    }
    if let Some(secret) = invitation {
        body["invitation"] = secret.into();
        body["language"] = language.into();
    }
    (format!("/api/openid/{key}/begin"), body.to_string())
}

/// Where to go, from the answer to that request.
pub fn address(answered: &Answered) -> Result<String, Wrong> {
    if !is_good(answered.status) {
        return Err(wrong(answered));
    }
    let value: Value = serde_json::from_str(&answered.body).unwrap_or_default();
    let address = value["address"].as_str().unwrap_or_default();
    // Nothing else is a page to go to.
    let page = address.starts_with("https://") || address.starts_with("http://");
    page.then(|| address.to_owned()).ok_or("other")
}

/// Why somebody who comes back has not got what they left for, from the fragment `#…?wrong=CODE`.
pub fn came_back(fragment: &str) -> Option<Wrong> {
    let (_, code) = fragment.split_once("?wrong=")?;
    let known = WRONG.iter().find(|word| **word == code);
    Some(known.copied().unwrap_or("other"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, body: &str) -> Answered {
        Answered {
            status,
            body: body.to_owned(),
        }
    }

    #[test]
    fn providers_are_read_and_nothing_else_is() {
        let list = r#"[{"key":"cities","name":"Union of Cities"},{"key":7}]"#;
        let read = providers(&answered(200, list));
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].name, "Union of Cities");
        for (status, body) in [(200, "<html>"), (503, list), (200, "{}")] {
            assert_eq!(providers(&answered(status, body)), []);
        }
    }

    #[test]
    fn one_leaves_for_pages_only() {
        let to = |body: &str| address(&answered(200, body));
        let page = r#"{"address":"https://login.cities.example/x?y=1"}"#;
        assert_eq!(
            to(page).as_deref(),
            Ok("https://login.cities.example/x?y=1")
        );
        assert_eq!(to(r#"{"address":"javascript:alert(1)"}"#), Err("other"));
        assert_eq!(to("{}"), Err("other"));
        let gone = r#"{"code":"openid-unavailable","message":""}"#;
        assert_eq!(address(&answered(503, gone)), Err("openid-unavailable"));
    }

    #[test]
    fn an_invitation_is_taken_along() {
        let (path, body) = leave("cities", Some("mli_x"), "fr", (None, "Firefox"));
        assert_eq!(path, "/api/openid/cities/begin");
        let body: Value = serde_json::from_str(&body).expect("JSON");
        let told = json!({ "invitation": "mli_x", "language": "fr", "device_name": "Firefox" });
        assert_eq!(body, told);
        let (_, body) = leave("cities", None, "fr", (Some("d-1"), "Firefox"));
        let body: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(body, json!({ "device": "d-1", "device_name": "Firefox" }));
    }

    #[test]
    fn whoever_comes_back_is_told_why() {
        let told = came_back("#/sign-in?wrong=openid-ended");
        assert_eq!(told, Some("openid-ended"));
        assert_eq!(came_back("/sign-in?wrong=<b>"), Some("other"));
        let linking = came_back("#password?wrong=openid-linked");
        assert_eq!(linking, Some("openid-linked"));
        assert_eq!(came_back("#/sign-in"), None);
        assert_eq!(came_back("#dates"), None);
    }
}
