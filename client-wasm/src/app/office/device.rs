//! One's own devices, tokens and session, as the server shows them.

use serde::Deserialize;

/// A device.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Device {
    /// Its id.
    pub id: String,
    /// Its name; `?` when it never said one.
    pub name: String,
    /// When it was first seen, in milliseconds.
    pub created: f64,
    /// The day on which it was seen last.
    pub seen: String,
    /// When it was revoked, in milliseconds.
    pub revoked: Option<f64>,
    /// Whether it is this one.
    pub current: bool,
}

/// A passkey.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Passkey {
    /// Its id.
    pub id: String,
    /// Its name; `?` when it never got one.
    pub name: String,
    /// When it was made, in milliseconds.
    pub created: f64,
    /// The day on which it was used last.
    pub seen: Option<String>,
}

/// What a token can be for.
pub const SCOPES: [&str; 3] = ["sync", "read", "metrics"];

/// An access token.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Token {
    /// Its id.
    pub id: String,
    /// What it was called when it was made.
    pub name: String,
    /// What it is for.
    pub scopes: Vec<String>,
    /// When it ends, in milliseconds.
    pub expires: f64,
    /// The day on which it was used last.
    pub seen: Option<String>,
    /// The token itself; only in the answer that it was made by.
    pub secret: Option<String>,
}

/// What the screens need of `GET /api/session`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Session {
    /// How many recovery codes have not been used.
    pub recovery_codes_left: u64,
    /// Whether they have a password.
    pub password: bool,
}

/// New recovery codes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Codes {
    /// The codes, shown once.
    pub codes: Vec<String>,
}
