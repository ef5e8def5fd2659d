//! Who uses this device: what the server says of it, what is kept for times without a connection,
//! and the requests by which somebody signs in, joins or leaves.
//!
//! Screens never wait for any of this: a device that somebody has signed in on once opens its
//! records whatever the server says.

use serde_json::{Value, json};

use super::people::{self, Colleague};

/// Somebody who has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Their id, which is also the author of their changes.
    pub id: String,
    /// Their name.
    pub name: String,
    /// The address they sign in with.
    pub email: String,
    /// The id the server has given to this device, when it was said.
    pub device: Option<String>,
    /// Their roles, each with its programme.
    pub roles: Vec<(String, String)>,
    /// Those with whom they share a programme, as far as they were looked up.
    pub colleagues: Vec<Colleague>,
}

impl Member {
    /// The same without those they work with, who become known later.
    pub fn alone(&self) -> Self {
        Self {
            colleagues: Vec::new(),
            ..self.clone()
        }
    }
}

/// What is known of who uses this device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    /// The server has not answered yet, or cannot be reached; with whoever signed in last here.
    Unheard(Option<Member>),
    /// The server lets everybody in, and nobody signs in.
    Open,
    /// Somebody is signed in.
    SignedIn(Member),
    /// Nobody is signed in; with whoever was last.
    SignedOut(Option<Member>),
}

impl Account {
    /// Whoever uses this device, as far as is known.
    pub fn member(&self) -> Option<&Member> {
        match self {
            Self::SignedIn(member) => Some(member),
            Self::Unheard(member) | Self::SignedOut(member) => member.as_ref(),
            Self::Open => None,
        }
    }

    /// Takes what was kept of the person in their database: outside it there is only their id.
    pub fn fill(&mut self, kept: Member) {
        match self {
            Self::Unheard(Some(member)) | Self::SignedOut(Some(member))
                if member.id == kept.id && member.name.is_empty() =>
            {
                *member = kept;
            }
            Self::SignedIn(member) if member.id == kept.id && member.colleagues.is_empty() => {
                member.colleagues = kept.colleagues;
            }
            _ => {}
        }
    }

    /// Whether signing in comes before anything else: nobody ever has on this device.
    pub fn must_sign_in(&self) -> bool {
        *self == Self::SignedOut(None)
    }

    /// Whether somebody's changes wait for them to sign in again.
    pub fn has_lapsed(&self) -> bool {
        matches!(self, Self::SignedOut(Some(_)))
    }
}

/// What the server answered to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// The body, JSON or nothing.
    pub body: String,
}

/// What an invitation offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Key of the programme.
    pub programme: String,
    /// The role in it.
    pub role: String,
    /// Code of the language that it was made in.
    pub language: String,
}

/// Why a request was refused, in a word that has a text as `account.wrong.{word}`.
pub type Wrong = &'static str;

/// The words that have a text of their own, as the server says them.
pub const WRONG: [&str; 22] = [
    "wrong-credentials",
    "too-many-attempts",
    "invitation-unusable",
    "email-taken",
    "password-too-short",
    "password-too-long",
    "password-breached",
    "bad-field",
    "passkey-cancelled",
    "passkey-known",
    "passkey-missing",
    "passkey-refused",
    "passkeys-need-a-name",
    "no-connection",
    "openid-unavailable",
    "openid-ended",
    "openid-refused",
    "openid-unknown",
    "openid-linked",
    "openid-not-allowed",
    "openid-no-email",
    "other",
];

/// Reads the answer to `GET /api/session`. `kept` is whoever signed in last on this device.
pub fn session(answered: &Answered, kept: Option<Member>) -> Account {
    if answered.status == 401 {
        return Account::SignedOut(kept);
    }
    let value: Value = serde_json::from_str(&answered.body).unwrap_or_default();
    if value["open"] == true {
        return Account::Open;
    }
    match member(&value) {
        Some(mut member) if is_good(answered.status) => {
            let known = kept.filter(|kept| kept.id == member.id);
            member.colleagues = known.map(|kept| kept.colleagues).unwrap_or_default();
            Account::SignedIn(member)
        }
        _ => Account::Unheard(kept),
    }
}

/// Whether the server has said who uses this device, and not something on the way to it.
pub fn has_said(answered: &Answered) -> bool {
    !matches!(session(answered, None), Account::Unheard(_))
}

/// Reads who has signed in from the answer to a request that lets somebody in.
pub fn welcome(answered: &Answered) -> Result<Member, Wrong> {
    let value: Value = serde_json::from_str(&answered.body).unwrap_or_default();
    if is_good(answered.status) {
        return member(&value).ok_or("other");
    }
    Err(wrong(answered))
}

/// Reads what an invitation offers.
pub fn offer(answered: &Answered) -> Result<Offer, Wrong> {
    if !is_good(answered.status) {
        return Err(wrong(answered));
    }
    let value: Value = serde_json::from_str(&answered.body).unwrap_or_default();
    match (value["programme"].as_str(), value["role"].as_str()) {
        (Some(programme), Some(role)) => Ok(Offer {
            programme: programme.to_owned(),
            role: role.to_owned(),
            language: value["language"].as_str().unwrap_or_default().to_owned(),
        }),
        _ => Err("other"),
    }
}

/// The word for a refusal.
pub fn wrong(answered: &Answered) -> Wrong {
    if answered.status == 429 {
        return "too-many-attempts";
    }
    let value: Value = serde_json::from_str(&answered.body).unwrap_or_default();
    let code = value["code"].as_str().unwrap_or_default();
    let known = WRONG.iter().find(|word| **word == code);
    known.copied().unwrap_or("other")
}

/// Whether a request did what it was for.
pub fn is_good(status: u16) -> bool {
    (200..300).contains(&status)
}

/// The body of `POST /api/session`.
pub fn sign_in_body(email: &str, password: &str, device: Option<&str>, name: &str) -> String {
    let mut body = here(device, name);
    body["email"] = email.into();
    body["password"] = password.into();
    body.to_string()
}

/// What a body says of this device when somebody signs in on it: its id of an earlier time, its
/// name.
pub fn here(device: Option<&str>, name: &str) -> Value {
    let mut body = json!({ "device_name": name });
    if let Some(device) = device {
        body["device"] = device.into();
    }
    body
}

/// The body of `POST /api/join`.
pub fn join_body(secret: &str, who: (&str, &str, &str), language: &str, device: &str) -> String {
    let (name, email, password) = who;
    json!({
        "secret": secret,
        "name": name,
        "email": email,
        "password": password,
        "language": language,
        "device_name": device,
    })
    .to_string()
}

/// The body of `POST /api/recovery`: address, code and new password.
pub fn recovery_body(who: (&str, &str, &str), device: Option<&str>, name: &str) -> String {
    let (email, code, password) = who;
    let mut body =
        json!({ "email": email, "code": code, "password": password, "device_name": name });
    if let Some(device) = device {
        body["device"] = device.into();
    }
    body.to_string()
}

/// What this device keeps of whoever signed in.
pub fn keep(member: &Member) -> String {
    let roles = member.roles.iter();
    let roles: Vec<Value> = roles
        .map(|(programme, role)| json!({ "programme": programme, "role": role }))
        .collect();
    json!({
        "member": {
            "id": member.id, "name": member.name, "email": member.email, "memberships": roles,
        },
        "device": { "id": member.device },
        "people": people::keep(&member.colleagues),
    })
    .to_string()
}

/// Reads what [`keep`] has written. What cannot be read is nobody.
pub fn kept(text: &str) -> Option<Member> {
    member(&serde_json::from_str(text).ok()?)
}

fn member(value: &Value) -> Option<Member> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let member = &value["member"];
    let memberships = member["memberships"].as_array();
    let roles = memberships.into_iter().flatten().filter_map(|membership| {
        Some((
            text(&membership["programme"])?,
            text(&membership["role"])?.replace('-', "_"),
        ))
    });
    Some(Member {
        id: text(&member["id"])?,
        name: text(&member["name"]).unwrap_or_default(),
        email: text(&member["email"]).unwrap_or_default(),
        device: text(&value["device"]["id"]),
        roles: roles.collect(),
        colleagues: people::read(&value["people"]),
    })
}

/// The secret in the fragment of an invitation's address, `#/join/…`.
pub fn invitation(fragment: &str) -> Option<&str> {
    let secret = fragment.trim_start_matches('#').strip_prefix("/join/")?;
    Some(secret).filter(|secret| !secret.is_empty())
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

    const LEILA: &str = r#"{"open":false,"member":{"id":"m-1","name":"Leila","email":"l@x.org",
        "memberships":[{"programme":"mc2cm","role":"city-officer"}]},"device":{"id":"d-1"}}"#;

    fn leila() -> Member {
        kept(LEILA).expect("a member")
    }

    #[test]
    fn whoever_signed_in_is_known_again_without_a_connection() {
        let leila = leila();
        assert_eq!(leila.device.as_deref(), Some("d-1"));
        assert_eq!(leila.roles, [("mc2cm".into(), "city_officer".into())]);
        assert_eq!(kept(&keep(&leila)), Some(leila));
        assert_eq!(kept("{"), None);
    }

    #[test]
    fn what_the_database_knows_of_the_person_is_taken_and_nothing_else() {
        let mut account = Account::Unheard(kept(r#"{"member":{"id":"m-1"}}"#));
        let omar = Member {
            id: "m-2".to_owned(),
            ..leila()
        };
        account.fill(omar);
        assert_eq!(account.member().map(|member| &*member.name), Some(""));
        account.fill(leila());
        assert_eq!(account, Account::Unheard(Some(leila())));
        let newer = Member {
            name: "Leila A.".to_owned(),
            ..leila()
        };
        account.fill(newer);
        assert_eq!(account, Account::Unheard(Some(leila())));
    }

    #[test]
    fn what_the_server_says_decides_and_what_it_cannot_say_does_not() {
        let kept = Some(leila());
        let ask = |status, body: &str| session(&answered(status, body), kept.clone());
        assert_eq!(ask(200, LEILA), Account::SignedIn(leila()));
        assert_eq!(ask(200, r#"{"open":true}"#), Account::Open);
        assert!(ask(401, "").has_lapsed());
        assert_eq!(ask(502, "<html>"), Account::Unheard(kept.clone()));
        assert_eq!(ask(200, "a captive portal"), Account::Unheard(kept.clone()));
        for (status, body, said) in [
            (200, LEILA, true),
            (401, "", true),
            (200, "a captive portal", false),
            (500, r#"{"code":"internal"}"#, false),
            (502, LEILA, false),
        ] {
            assert_eq!(has_said(&answered(status, body)), said, "{status} {body}");
        }
        assert!(session(&answered(401, ""), None).must_sign_in());
        assert!(!session(&answered(503, ""), None).must_sign_in());
    }

    #[test]
    fn refusals_have_a_word_each() {
        let refusal = |status, code: &str| {
            let body = json!({ "code": code, "message": "" }).to_string();
            welcome(&answered(status, &body)).expect_err("a refusal")
        };
        assert_eq!(refusal(401, "wrong-credentials"), "wrong-credentials");
        assert_eq!(refusal(429, "anything"), "too-many-attempts");
        assert_eq!(refusal(500, "never-heard-of"), "other");
        assert_eq!(welcome(&answered(201, LEILA)), Ok(leila()));
        assert_eq!(welcome(&answered(201, "{}")), Err("other"));
    }

    #[test]
    fn invitations_are_in_the_fragment() {
        assert_eq!(invitation("#/join/mli_abc"), Some("mli_abc"));
        assert_eq!(invitation("/join/mli_abc"), Some("mli_abc"));
        assert_eq!(invitation("#/join/"), None);
        assert_eq!(invitation("#dates"), None);
    }
}
