//! What the server answers to requests of administration: a value, or why not.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::app::account::{Answered, Wrong, is_good};
use crate::app::failure::failure;
use crate::app::passkey;
use crate::app::protocol::Failure;

/// Codes that have a text of their own, as `office.refused.{code}`. For all others the sentence of
/// the server says more.
pub const PLAIN: [&str; 9] = [
    "last-way",
    "no-connection",
    "password-breached",
    "password-too-long",
    "password-too-short",
    "sign-in-again",
    "too-many-attempts",
    "unreadable",
    "wrong-credentials",
];

/// A refusal, as the server writes it.
#[derive(Deserialize)]
struct Refusal {
    code: String,
    message: String,
}

/// The body of an answer, or why the server refused.
pub fn accepted(answered: Answered) -> Result<String, Failure> {
    if is_good(answered.status) {
        return Ok(answered.body);
    }
    let refusal: Result<Refusal, _> = serde_json::from_str(&answered.body);
    let code = refusal.map_or_else(
        |_| failure("unreadable", format!("status {}", answered.status)),
        |refusal| failure(&refusal.code, refusal.message),
    );
    Err(code)
}

/// The same for what was done with a passkey.
pub fn of_passkey(answered: Result<Answered, Wrong>) -> Result<String, Failure> {
    accepted(answered.map_err(|word| failure(word, word))?)
}

/// Reads the body of an answer.
pub fn read<T: DeserializeOwned>(body: &str) -> Result<T, Failure> {
    serde_json::from_str(body).map_err(|error| failure("unreadable", error.to_string()))
}

/// What is said when there was no answer at all.
pub fn unheard(why: String) -> Failure {
    failure("no-connection", why)
}

/// The key of the text for a refusal; none for those of which the server's sentence says more.
pub fn plain(failure: &Failure) -> Option<String> {
    let code = failure.code.as_str();
    if PLAIN.contains(&code) {
        return Some(format!("office.refused.{code}"));
    }
    let passkey = passkey::WRONG.contains(&code);
    passkey.then(|| format!("account.wrong.{code}"))
}

/// Whether somebody has to sign in again.
pub fn has_lapsed(failure: &Failure) -> bool {
    failure.code == "sign-in-needed"
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
    fn a_refusal_keeps_the_sentence_of_the_server() {
        let body = r#"{"code":"last-coordinator","message":"mc2cm would have none"}"#;
        let refused = accepted(answered(409, body)).expect_err("a refusal");
        assert_eq!(
            refused,
            failure("last-coordinator", "mc2cm would have none")
        );
        assert_eq!(plain(&refused), None);
        assert!(!has_lapsed(&refused));
    }

    #[test]
    fn what_is_no_answer_of_this_server_is_said_to_be_so() {
        let refused = accepted(answered(502, "<html>")).expect_err("a refusal");
        assert_eq!(
            plain(&refused).as_deref(),
            Some("office.refused.unreadable")
        );
        assert!(read::<Vec<u8>>("{").is_err());
        assert_eq!(read::<Vec<u8>>("[1]"), Ok(vec![1]));
    }
}
