//! Recovery codes: ten that open an account whose password is lost, each once.

use meltemi_core::sensitive::Sensitive;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::password::{PasswordError, hash_under};
use crate::clock;

/// How many a member has.
const COUNT: usize = 10;

/// Letters and digits that are not taken for one another.
const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";

/// Codes for a member, to be shown once.
pub(crate) type RecoveryCodes = Vec<Sensitive<String>>;

/// What the server keeps of a member's codes: hashes under one salt. Used ones are gone.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct RecoveryHashes {
    #[serde(with = "hex")]
    salt: [u8; 16],
    hashes: Vec<CodeHash>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct CodeHash(#[serde(with = "hex")] [u8; 32]);

/// A code that was hashed to be compared.
pub(crate) struct HashedCode(CodeHash);

/// New codes of 80 random bits each. Hashing them takes a while.
pub(crate) fn make() -> Result<(RecoveryCodes, RecoveryHashes), PasswordError> {
    let random = |error: std::io::Error| PasswordError::Hash(error.to_string());
    let salt = clock::random().map_err(random)?;
    let mut codes = Vec::with_capacity(COUNT);
    let mut hashes = Vec::with_capacity(COUNT);
    for _ in 0..COUNT {
        let letters = clock::random::<16>().map_err(random)?;
        let letters = letters.map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
        let groups: Vec<String> = letters
            .chunks(4)
            .map(|group| group.iter().collect())
            .collect();
        let code = groups.join("-");
        hashes.push(CodeHash(hash_under(&salt, &normal(&code))?));
        codes.push(Sensitive::new(code));
    }
    Ok((codes, RecoveryHashes { salt, hashes }))
}

impl RecoveryHashes {
    /// Codes that nobody has, to spend time on.
    pub(crate) const fn none() -> Self {
        Self {
            salt: [0; 16],
            hashes: Vec::new(),
        }
    }

    /// Hashes what somebody entered, to be compared with these. Takes a while.
    pub(crate) fn hash(&self, code: &Sensitive<String>) -> Result<HashedCode, PasswordError> {
        let code: String = normal(code.expose()).chars().take(64).collect();
        hash_under(&self.salt, &code).map(|hash| HashedCode(CodeHash(hash)))
    }

    /// Uses a code up. Whether it was one.
    pub(crate) fn redeem(&mut self, code: &HashedCode) -> bool {
        let before = self.hashes.len();
        self.hashes.retain(|hash| {
            let same: bool = hash.0.ct_eq(&code.0.0).into();
            !same
        });
        self.hashes.len() < before
    }

    /// How many are left.
    pub(crate) const fn left(&self) -> usize {
        self.hashes.len()
    }
}

/// Spaces, hyphens and capitals make no difference.
fn normal(code: &str) -> String {
    let letters = code.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_works_once_however_it_is_written() {
        let (codes, mut hashes) = make().expect("codes");
        assert_eq!((codes.len(), hashes.left()), (COUNT, COUNT));
        let written = codes[3].expose().to_uppercase().replace('-', " ");
        let hashed = hashes.hash(&Sensitive::new(written)).expect("a hash");
        assert!(hashes.redeem(&hashed));
        assert!(!hashes.redeem(&hashed));
        assert_eq!(hashes.left(), COUNT - 1);
        let wrong = hashes.hash(&Sensitive::new("aaaa-bbbb".to_owned()));
        assert!(!hashes.redeem(&wrong.expect("a hash")));
    }
}
