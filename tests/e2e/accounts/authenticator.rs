//! A passkey in software: it makes a key and signs as a browser with a security key does, and
//! otherwise where a test wants it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A passkey.
#[derive(Clone)]
pub(super) struct Passkey {
    key: SigningKey,
    id: [u8; 16],
    handle: String,
    name: String,
    /// How often it has signed.
    pub(super) count: u32,
}

/// Whether somebody was there and has shown who they are.
const PRESENT: u8 = 1;
const VERIFIED: u8 = 4;

/// A key is in the data.
const KEY: u8 = 64;

/// What a passkey signs besides its own data.
pub(super) struct Asked<'a> {
    /// What the server asks for.
    pub(super) options: &'a Value,
    /// The origin of the page that the browser shows.
    pub(super) origin: &'a str,
    /// Whether somebody has shown who they are.
    pub(super) verified: bool,
}

impl<'a> Asked<'a> {
    /// As it is meant.
    pub(super) fn new(options: &'a Value, origin: &'a str) -> Self {
        Self {
            options,
            origin,
            verified: true,
        }
    }

    fn client_data(&self, kind: &str) -> Vec<u8> {
        let (challenge, origin) = (&self.options["challenge"], self.origin);
        format!(
            "{{\"type\":\"webauthn.{kind}\",\"challenge\":{challenge},\
             \"origin\":\"{origin}\",\"crossOrigin\":false}}"
        )
        .into_bytes()
    }

    fn flags(&self) -> u8 {
        PRESENT | if self.verified { VERIFIED } else { 0 }
    }
}

impl Passkey {
    /// A new one, and what the browser sends of it.
    pub(super) fn make(asked: &Asked<'_>) -> (Self, Value) {
        let options = asked.options;
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let seed: [u8; 32] = Sha256::digest(text(&options["challenge"])).into();
        let mut id = [0; 16];
        id.copy_from_slice(&seed[..16]);
        let passkey = Self {
            key: SigningKey::from_bytes(&seed),
            id,
            handle: text(&options["user"]["id"]),
            name: text(&options["rp"]["id"]),
            count: 0,
        };
        let mut data = passkey.data(asked.flags() | KEY);
        data.extend([0; 16]);
        data.extend([0, 16]);
        data.extend(id);
        // {1: OKP, 3: EdDSA, -1: Ed25519, -2: x} in CBOR.
        data.extend([0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 0x20]);
        data.extend(passkey.key.verifying_key().to_bytes());
        let length = u8::try_from(data.len()).expect("a short text");
        let mut attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        attestation.push(length);
        attestation.extend(data);
        let credential = passkey.credential(json!({
            "clientDataJSON": encode(&asked.client_data("create")),
            "attestationObject": encode(&attestation),
        }));
        (passkey, credential)
    }

    /// Signs what the server asks for.
    pub(super) fn sign(&mut self, asked: &Asked<'_>) -> Value {
        self.count += 1;
        let client_data = asked.client_data("get");
        let data = self.data(asked.flags());
        let hash = Sha256::digest(&client_data);
        let signature = self.key.sign(&[&*data, &*hash].concat());
        self.credential(json!({
            "clientDataJSON": encode(&client_data),
            "authenticatorData": encode(&data),
            "signature": encode(&signature.to_bytes()),
            "userHandle": self.handle,
        }))
    }

    /// The same key for another name of the server.
    pub(super) fn named(&self, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..self.clone()
        }
    }

    /// Another key under the same id, as somebody has it who knows the id alone.
    pub(super) fn forged(&self) -> Self {
        Self {
            key: SigningKey::from_bytes(&[7; 32]),
            ..self.clone()
        }
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let mut data = Sha256::digest(&self.name).to_vec();
        data.push(flags);
        data.extend(self.count.to_be_bytes());
        data
    }

    fn credential(&self, response: Value) -> Value {
        json!({
            "id": encode(&self.id),
            "rawId": encode(&self.id),
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
        })
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
