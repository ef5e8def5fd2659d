//! What people enter about a member, checked before it is kept.

use std::collections::BTreeSet;

use meltemi_core::access::{EVERY_PROGRAMME, Membership};
use meltemi_core::id::RecordRef;
use meltemi_core::sensitive::Sensitive;

use crate::accounts::{AccountsError, checked_name};
use crate::limits;

/// An address as it is compared.
pub(super) fn normal_email(email: &str) -> String {
    email.trim().to_lowercase()
}

/// An address that somebody entered.
pub(in crate::accounts) fn email(email: &str) -> Result<Sensitive<String>, AccountsError> {
    let email = normal_email(&checked_name("email", email)?);
    let parts = email.rsplit_once('@');
    let valid = parts.is_some_and(|(local, host)| !local.is_empty() && !host.is_empty());
    if !valid || email.contains(char::is_whitespace) {
        return Err(AccountsError::BadField("email", "is no e-mail address"));
    }
    Ok(email.into())
}

/// A language that somebody chose.
pub(in crate::accounts) fn language(language: &str) -> Result<String, AccountsError> {
    let letters = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    if language.len() > 20 || !language.split('-').all(letters) {
        return Err(AccountsError::BadField(
            "language",
            "is no language tag such as en or fr",
        ));
    }
    Ok(language.to_owned())
}

/// The record of an organisation or a city.
pub(in crate::accounts) fn body(
    body: Option<RecordRef>,
) -> Result<Option<RecordRef>, AccountsError> {
    let known = |body: &RecordRef| ["organisation", "city"].contains(&body.kind.as_str());
    if body.as_ref().is_some_and(|body| !known(body)) {
        return Err(AccountsError::BadField(
            "body",
            "is no organisation or city, such as city/tangier",
        ));
    }
    Ok(body)
}

/// Roles in programmes, in order and each once.
pub(in crate::accounts) fn memberships(
    memberships: &[Membership],
) -> Result<Vec<Membership>, AccountsError> {
    if memberships.len() > limits::MEMBERSHIPS {
        return Err(AccountsError::TooMany("roles"));
    }
    for Membership { programme, .. } in memberships {
        let key =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
        let named = (1..=100).contains(&programme.len()) && programme.bytes().all(key);
        if !named && programme != EVERY_PROGRAMME {
            return Err(AccountsError::BadField(
                "programme",
                "is no key of a programme: a-z, 0-9, _ and -",
            ));
        }
    }
    let sorted: BTreeSet<Membership> = memberships.iter().cloned().collect();
    Ok(sorted.into_iter().collect())
}
