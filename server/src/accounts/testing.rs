//! Accounts with people in them, for the tests of this module.

use std::time::Duration;

use meltemi_core::access::{Membership, Role};
use meltemi_core::sensitive::Sensitive;
use meltemi_core::time::Timestamp;

use super::audit::By;
use super::device::DeviceChoice;
use super::invitation::{Joining, NewInvitation, Way};
use super::member::Member;
use super::password::{self, Hashed};
use super::secret::{Secret, SecretHash, SecretKind};
use super::session::SignedIn;
use super::{Accounts, AccountsError};

/// A day.
pub(super) const DAY: u64 = 24 * 60 * 60 * 1000;

/// Everybody's password.
pub(super) const PASSWORD: &str = "a lighthouse keeper";

/// Somebody at a time.
pub(super) fn at(now: u64) -> By {
    By {
        now: Timestamp(now),
        ..By::address("192.0.2.7".to_owned())
    }
}

/// Hashing takes time: once is enough.
pub(super) fn hashed() -> Hashed {
    static HASHED: std::sync::OnceLock<Hashed> = std::sync::OnceLock::new();
    HASHED
        .get_or_init(|| password::hash(&Sensitive::new(PASSWORD.to_owned())).expect("a hash"))
        .clone()
}

pub(super) fn joining(name: &str) -> Joining {
    Joining {
        name: Sensitive::new(name.to_owned()),
        email: Sensitive::new(format!("{name}@cities.example")),
        language: None,
        way: Way::Password(hashed()),
        device: DeviceChoice::default(),
    }
}

pub(super) fn membership(programme: &str, role: Role) -> Membership {
    Membership {
        programme: programme.to_owned(),
        role,
    }
}

pub(super) fn invitation(programme: &str, role: Role) -> NewInvitation {
    NewInvitation {
        membership: membership(programme, role),
        body: None,
        language: "fr".to_owned(),
        lasts: Some(Duration::from_hours(24)),
    }
}

/// Accounts with a first coordinator.
pub(super) fn begun() -> (Accounts, SignedIn) {
    let accounts = Accounts::in_memory().expect("accounts");
    let link = accounts.first_coordinator(Timestamp(DAY)).expect("a link");
    let hash = SecretHash::of_secret(&link.expect("there is no member yet"));
    let first = accounts.join(&hash, &joining("ana"), &at(DAY));
    let first = first.expect("she joins");
    (accounts, first)
}

/// Somebody who is invited and joins.
pub(super) fn join(accounts: &Accounts, by: &Member, name: &str, new: &NewInvitation) -> SignedIn {
    let (_, secret) = accounts.invite(Some(by), new, &at(DAY)).expect("invited");
    join_with(accounts, &secret, name).expect("joined")
}

pub(super) fn join_with(
    accounts: &Accounts,
    secret: &Secret,
    name: &str,
) -> Result<SignedIn, AccountsError> {
    let hash = SecretHash::of(SecretKind::Invitation, secret.expose());
    accounts.join(&hash.expect("a secret"), &joining(name), &at(DAY))
}

/// Whether a session still lets in.
pub(super) fn lets_in(accounts: &Accounts, signed_in: &SignedIn, now: u64) -> bool {
    let hash = SecretHash::of_secret(&signed_in.session);
    let known = accounts.known_by_session(&hash, Timestamp(now));
    known.expect("accounts").is_some()
}
