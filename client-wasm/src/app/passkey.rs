//! Passkeys as the screens see them: what is sent before and after the browser has asked for one.

use serde_json::Value;

use super::account::Wrong;

/// What the browser is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Make a passkey.
    Make,
    /// Sign with one.
    Use,
}

/// Words for what can go wrong with passkeys, each with a text as `account.wrong.{word}`.
pub const WRONG: [&str; 5] = [
    "passkey-cancelled",
    "passkey-known",
    "passkey-missing",
    "passkey-refused",
    "passkeys-need-a-name",
];

/// What is said to the server around it.
#[derive(Debug, Clone)]
pub struct Steps {
    /// What the browser is to do.
    pub step: Step,
    /// The address that takes what the browser answers; it begins at `{path}/begin`.
    pub path: &'static str,
    /// The body to begin with.
    pub begin: Value,
    /// The body to end with, without what the browser answers.
    pub end: Value,
}

impl Steps {
    /// The body to end with.
    pub fn ended(mut self, credential: &str) -> Result<String, Wrong> {
        self.end["credential"] = serde_json::from_str(credential).map_err(|_| "other")?;
        Ok(self.end.to_string())
    }
}

/// The word for what a browser says when it gives no passkey.
pub fn refusal(name: &str) -> Wrong {
    match name {
        "NotAllowedError" | "AbortError" => "passkey-cancelled",
        "InvalidStateError" => "passkey-known",
        "NotSupportedError" | "SecurityError" | "ConstraintError" => "passkey-missing",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_browser_answers_is_sent_with_the_rest() {
        let steps = Steps {
            step: Step::Use,
            path: "/api/session/passkey",
            begin: serde_json::json!({}),
            end: serde_json::json!({ "device": "d-1" }),
        };
        let body = steps.clone().ended(r#"{"id":"AA"}"#).expect("a body");
        assert_eq!(body, r#"{"credential":{"id":"AA"},"device":"d-1"}"#);
        assert_eq!(steps.ended("undefined"), Err("other"));
    }

    #[test]
    fn what_a_browser_refuses_has_a_word() {
        assert_eq!(refusal("NotAllowedError"), "passkey-cancelled");
        assert_eq!(refusal("InvalidStateError"), "passkey-known");
        assert_eq!(refusal("whatever"), "other");
    }
}
