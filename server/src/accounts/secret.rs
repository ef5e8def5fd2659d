//! Secrets that the server hands out: 32 random bytes, of which it keeps a hash alone.
//!
//! They have full entropy, so that a plain hash cannot be turned back. Passwords have not; they
//! are in `password.rs`.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use meltemi_core::sensitive::Sensitive;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::clock;

/// What a secret is for. Each begins with letters of its own, so that one that has got into the
/// wrong place is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SecretKind {
    /// Lets somebody join.
    Invitation,
    /// A browser that has signed in.
    Session,
    /// A program.
    Token,
    /// Somebody on their way to a provider of OpenID Connect and back.
    Openid,
}

/// A secret, for the one who is to have it.
#[derive(Debug, Clone)]
pub(crate) struct Secret(Sensitive<String>);

/// What the server keeps of a secret.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct SecretHash(#[serde(with = "hex")] [u8; 32]);

impl SecretKind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Invitation => "mli_",
            Self::Session => "mls_",
            Self::Token => "mlt_",
            Self::Openid => "mlo_",
        }
    }
}

impl Secret {
    /// A new one.
    pub(crate) fn fresh(kind: SecretKind) -> std::io::Result<Self> {
        let bytes = clock::random::<32>()?;
        let text = kind.prefix().to_owned() + &URL_SAFE_NO_PAD.encode(bytes);
        Ok(Self(text.into()))
    }

    /// The text, for its owner.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl SecretHash {
    /// The hash of what somebody sent, if that can be a secret of this kind at all.
    pub(crate) fn of(kind: SecretKind, text: &str) -> Option<Self> {
        let encoded = text.strip_prefix(kind.prefix())?;
        let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
        (bytes.len() == 32).then(|| Self(Sha256::digest(text.as_bytes()).into()))
    }

    /// The hash of a secret that was made here.
    pub(crate) fn of_secret(secret: &Secret) -> Self {
        Self(Sha256::digest(secret.expose().as_bytes()).into())
    }

    /// The bytes under which it is looked up.
    pub(crate) const fn key(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretHash {}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_by_its_kind_and_its_hash() {
        let secret = Secret::fresh(SecretKind::Token).expect("random bytes");
        assert!(secret.expose().starts_with("mlt_"));
        assert_eq!(secret.expose().len(), 4 + 43);
        let hash = SecretHash::of(SecretKind::Token, secret.expose());
        assert_eq!(hash, Some(SecretHash::of_secret(&secret)));
        assert_eq!(SecretHash::of(SecretKind::Session, secret.expose()), None);
        let cut = &secret.expose()[..40];
        assert_eq!(SecretHash::of(SecretKind::Token, cut), None);
        assert_eq!(SecretHash::of(SecretKind::Token, ""), None);
    }

    #[test]
    fn neither_secret_nor_hash_is_printed() {
        let secret = Secret::fresh(SecretKind::Session).expect("random bytes");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(format!("{:?}", SecretHash::of_secret(&secret)), "…");
    }
}
