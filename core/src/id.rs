//! Identifiers: documents, records, peers, storages, connections.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// Identifies a document: 16 bytes, written as base58check text.
///
/// The text form is the one automerge-repo uses, so any Automerge client can
/// name a Meltemi record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentId([u8; 16]);

impl DocumentId {
    /// The document with these bytes as its id.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The id of the record `reference` in `programme`.
    ///
    /// Derived, so that two devices which create the same record while offline
    /// create the same document.
    pub fn of_record(programme: &str, reference: &RecordRef) -> Self {
        let mut hash = Sha256::new();
        for part in ["meltemi/1", programme, &reference.kind, &reference.key] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let digest: [u8; 32] = hash.finalize().into();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self(bytes)
    }

    /// The 16 bytes of this id.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bs58::encode(self.0).with_check().into_string())
    }
}

impl fmt::Debug for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DocumentId({self})")
    }
}

/// A text that is no document id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a document id: expected 16 bytes as base58check text")]
pub struct DocumentIdError(String);

impl FromStr for DocumentId {
    type Err = DocumentIdError;

    /// Reads the base58check text, with or without `automerge:` in front.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || DocumentIdError(text.chars().take(64).collect());
        let bare = text.strip_prefix("automerge:").unwrap_or(text);
        // 16 bytes and 4 of checksum are at most 28 characters; longer text is not worth decoding.
        if bare.len() > 32 {
            return Err(error());
        }
        let bytes = bs58::decode(bare)
            .with_check(None)
            .into_vec()
            .map_err(|_| error())?;
        bytes.try_into().map(Self).map_err(|_| error())
    }
}

impl Serialize for DocumentId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DocumentId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Names a record inside its programme: its kind and its key, as `event/ev14`.
///
/// This is how records point at each other. Together with the programme it
/// gives the document id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordRef {
    /// Name of the record kind, as declared in [`crate::record`].
    pub kind: String,
    /// Key of the record within its kind.
    pub key: String,
}

impl RecordRef {
    /// The reference `kind/key`.
    pub fn new(kind: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            key: key.into(),
        }
    }
}

impl fmt::Display for RecordRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.key)
    }
}

/// A text that is no record reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a record reference: expected kind/key, each of a-z, 0-9, _ or -")]
pub struct RecordRefError(String);

impl FromStr for RecordRef {
    type Err = RecordRefError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('/') {
            Some((kind, key)) if is_key(kind) && is_key(key) => Ok(Self::new(kind, key)),
            _ => Err(RecordRefError(text.chars().take(80).collect())),
        }
    }
}

impl Serialize for RecordRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RecordRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Whether `text` can be the key of a record or of an entry: 1 to 64 characters of a-z, 0-9, `_`, `-`.
pub fn is_key(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
}

/// The name a peer gives itself for the time of a connection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PeerId(pub String);

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The lasting name of a storage, the same over restarts and connections.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StorageId(pub String);

/// Names one connection of a driver. The driver gives it and never reuses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ConnectionId(pub u64);

/// Names one storage effect, so that its answer finds back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EffectId(pub u64);

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_same_record_has_the_same_document_on_every_device() {
        let event = RecordRef::new("event", "ev14");
        let id = DocumentId::of_record("mc2cm", &event);
        assert_eq!(id, DocumentId::of_record("mc2cm", &event));
        assert_ne!(id, DocumentId::of_record("other", &event));
        assert_ne!(
            id,
            DocumentId::of_record("mc2cm", &RecordRef::new("event", "ev15"))
        );
        // Parts are length-prefixed: moving a letter across the border gives another document.
        assert_ne!(
            id,
            DocumentId::of_record("mc2c", &RecordRef::new("mevent", "ev14"))
        );
    }

    #[test]
    fn text_form_reads_back_and_rejects_damage() {
        let id = DocumentId::from_bytes([7; 16]);
        let text = id.to_string();
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(format!("automerge:{text}").parse(), Ok(id));
        for bad in [
            "",
            "automerge:",
            "0OIl",
            &text[1..],
            &text.repeat(3),
            "ünïcode",
        ] {
            assert!(bad.parse::<DocumentId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn record_references_read_back() {
        let reference: RecordRef = "city/al-hoceima".parse().expect("a reference");
        assert_eq!(reference.to_string(), "city/al-hoceima");
        for bad in [
            "city",
            "city/",
            "/amman",
            "City/amman",
            "city/a|b",
            "city/a/b",
        ] {
            assert!(bad.parse::<RecordRef>().is_err(), "{bad}");
        }
    }
}
