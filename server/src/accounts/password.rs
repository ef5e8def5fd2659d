//! Passwords: what one must be, and how the server keeps it (argon2id).

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use meltemi_core::sensitive::Sensitive;
use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};

use crate::{clock, limits};

/// What is compared with a password of somebody who is not a member, so that the answer takes as
/// long. It is the hash of nothing that anybody knows.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5aXNoZXJlLi4u$\
                      8kM0oY1cZyXWb0z2rQ3tV7nJ5hL9pD4sF6gK1aE2uC8";

/// A password as somebody entered it.
pub(crate) type Password = Sensitive<String>;

/// What the server keeps of a password: algorithm, parameters, salt and hash in the usual notation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Hashed(Sensitive<String>);

/// Why a password cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PasswordError {
    /// Too short.
    #[error("a password has at least {} characters", limits::PASSWORD_SHORTEST)]
    TooShort,
    /// Too long.
    #[error("a password has at most {} characters", limits::PASSWORD_LONGEST)]
    TooLong,
    /// On the list.
    #[error("this password is known from a breach of another service; choose another one")]
    Breached,
    /// The list cannot be read.
    #[error("cannot read the list of breached passwords: {0}")]
    List(io::Error),
    /// The hash cannot be made.
    #[error("cannot hash the password: {0}")]
    Hash(String),
}

fn argon() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(19 * 1024, 2, 1, None)
        .map_err(|error| PasswordError::Hash(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Whether somebody may take this password. Any characters will do.
pub(crate) fn check(
    password: &Password,
    breached: Option<&BreachedPasswords>,
) -> Result<(), PasswordError> {
    let length = password.expose().chars().count();
    if length < limits::PASSWORD_SHORTEST {
        return Err(PasswordError::TooShort);
    }
    if length > limits::PASSWORD_LONGEST {
        return Err(PasswordError::TooLong);
    }
    match breached.map(|list| list.contains(password)).transpose() {
        Ok(Some(true)) => Err(PasswordError::Breached),
        Ok(_) => Ok(()),
        Err(error) => Err(PasswordError::List(error)),
    }
}

/// Hashes a password. Takes a while and 19 MiB.
pub(crate) fn hash(password: &Password) -> Result<Hashed, PasswordError> {
    let failed = |error: argon2::password_hash::Error| PasswordError::Hash(error.to_string());
    let salt = clock::random::<16>().map_err(|error| PasswordError::Hash(error.to_string()))?;
    let salt = SaltString::encode_b64(&salt).map_err(failed)?;
    let hash = argon()?.hash_password(password.expose().as_bytes(), &salt);
    Ok(Hashed(hash.map_err(failed)?.to_string().into()))
}

/// Whether it is the password that was hashed. Takes as long when there is nothing to compare with.
pub(crate) fn verify(password: &Password, hashed: Option<&Hashed>) -> bool {
    let known = hashed.map_or(NOBODY, |hashed| hashed.0.expose());
    let Ok(parsed) = PasswordHash::new(known) else {
        return false;
    };
    // A longer one was never taken, and takes longer.
    let long = password.expose().len() > 4 * limits::PASSWORD_LONGEST;
    let bytes = if long { "" } else { password.expose() }.as_bytes();
    let same = argon().is_ok_and(|argon| argon.verify_password(bytes, &parsed).is_ok());
    same && hashed.is_some() && !long
}

/// Hashes something short under a salt that is shared with others like it.
pub(super) fn hash_under(salt: &[u8; 16], text: &str) -> Result<[u8; 32], PasswordError> {
    let mut hash = [0; 32];
    argon()?
        .hash_password_into(text.as_bytes(), salt, &mut hash)
        .map_err(|error| PasswordError::Hash(error.to_string()))?;
    Ok(hash)
}

/// A file with the SHA-1 hashes of breached passwords: a line each, as hexadecimal digits, in
/// order, and after a colon how often (the form in which Pwned Passwords is handed out).
#[derive(Debug)]
pub(crate) struct BreachedPasswords(PathBuf);

impl BreachedPasswords {
    /// The list in a file.
    ///
    /// # Errors
    /// When it cannot be read, or is no such list.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let mut line = Vec::new();
        File::open(path)?.take(40).read_to_end(&mut line)?;
        if line.len() == 40 && line.iter().all(u8::is_ascii_hexdigit) {
            return Ok(Self(path.to_owned()));
        }
        let message = "it does not begin with a SHA-1 hash of 40 hexadecimal digits";
        Err(io::Error::new(io::ErrorKind::InvalidData, message))
    }

    /// Searches the list by halves. It may be larger than the memory.
    fn contains(&self, password: &Password) -> io::Result<bool> {
        let wanted = hex::encode_upper(Sha1::digest(password.expose().as_bytes()));
        let mut file = File::open(&self.0)?;
        // The line that is looked for begins in this range, if it is there.
        let (mut from, mut to) = (0, file.metadata()?.len());
        while from < to {
            let middle = from.midpoint(to);
            let Some((begin, line)) = line_from(&mut file, middle, to)? else {
                to = middle;
                continue;
            };
            match line.to_ascii_uppercase().as_slice().cmp(wanted.as_bytes()) {
                std::cmp::Ordering::Equal => return Ok(true),
                std::cmp::Ordering::Less => from = begin + 1,
                std::cmp::Ordering::Greater => to = middle,
            }
        }
        Ok(false)
    }
}

/// The first line that begins at `from` or after it and before `to`: where, and its first 40 bytes.
fn line_from(file: &mut File, from: u64, to: u64) -> io::Result<Option<(u64, Vec<u8>)>> {
    let mut begin = from;
    if from > 0 {
        // The byte before tells whether a line begins here.
        file.seek(SeekFrom::Start(from - 1))?;
        let mut rest = Vec::new();
        Read::by_ref(file).take(256).read_to_end(&mut rest)?;
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            return Ok(None);
        };
        begin = from + end as u64;
    }
    if begin >= to {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(begin))?;
    let mut line = Vec::new();
    Read::by_ref(file).take(40).read_to_end(&mut line)?;
    Ok((line.len() == 40).then_some((begin, line)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Sensitive::new(text.to_owned())
    }

    #[test]
    fn a_password_is_known_again_and_no_other_is() {
        let hashed = hash(&password("a lighthouse keeper")).expect("a hash");
        assert!(verify(&password("a lighthouse keeper"), Some(&hashed)));
        assert!(!verify(&password("a lighthouse keeper "), Some(&hashed)));
        assert!(!verify(&password("a lighthouse keeper"), None));
        let other = hash(&password("a lighthouse keeper")).expect("a hash");
        assert_ne!(hashed, other);
        assert!(
            hashed
                .0
                .expose()
                .starts_with("$argon2id$v=19$m=19456,t=2,p=1$")
        );
        assert_eq!(format!("{hashed:?}"), "Hashed(…)");
    }

    #[test]
    fn somebody_unknown_costs_as_much_as_a_wrong_password() {
        let nobody = PasswordHash::new(NOBODY).expect("a hash");
        let known = hash(&password("a lighthouse keeper")).expect("a hash");
        let known = PasswordHash::new(known.0.expose()).expect("a hash");
        assert_eq!(nobody.params, known.params);
        assert_eq!(nobody.algorithm, known.algorithm);
        assert_eq!(
            nobody.hash.map(|hash| hash.len()),
            known.hash.map(|hash| hash.len())
        );
    }

    #[test]
    fn passwords_are_long_enough_and_of_any_kind() {
        for good in ["twelve chars", "كلمة سر طويلة", &"x".repeat(256)] {
            assert!(check(&password(good), None).is_ok(), "{good}");
        }
        assert!(matches!(
            check(&password("eleven char"), None),
            Err(PasswordError::TooShort)
        ));
        assert!(matches!(
            check(&password(&"x".repeat(257)), None),
            Err(PasswordError::TooLong)
        ));
    }

    #[test]
    fn breached_passwords_are_found_in_a_list_of_any_length() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("list");
        for count in [1, 2, 3, 7, 100] {
            let texts: Vec<String> = (0..count).map(|n| format!("password {n:04}")).collect();
            let mut lines: Vec<String> = texts
                .iter()
                .map(|text| hex::encode_upper(Sha1::digest(text)) + ":" + &text.len().to_string())
                .collect();
            lines.sort();
            for end in ["\n", "\r\n"] {
                std::fs::write(&path, lines.join(end)).expect("it is written");
                let list = BreachedPasswords::open(&path).expect("a list");
                for text in &texts {
                    assert!(list.contains(&password(text)).expect("read"), "{text}");
                }
                for n in 0..50 {
                    let other = password(&format!("no password {n}"));
                    assert!(!list.contains(&other).expect("read"));
                }
                let refused = check(&password("password 0000"), Some(&list));
                assert!(matches!(refused, Err(PasswordError::Breached)));
            }
        }
        std::fs::write(&path, "password\n").expect("it is written");
        assert!(BreachedPasswords::open(&path).is_err());
    }
}
