//! What slows down those who guess: attempts are counted for each account and each network
//! address, and passwords are hashed a few at a time.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use meltemi_core::time::Timestamp;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use super::error::ApiError;
use super::guard::blocking;
use crate::accounts::rate::Buckets;
use crate::limits;

/// Counts attempts, and hashes passwords.
pub(crate) struct Attempts {
    accounts: Buckets<[u8; 32]>,
    addresses: Buckets<IpAddr>,
    waiting: Semaphore,
    hashing: Arc<Semaphore>,
}

/// An attempt that was let through. It counts, unless it turns out to be right.
#[must_use]
pub(crate) struct Attempt<'a> {
    attempts: &'a Attempts,
    account: Option<[u8; 32]>,
    address: Option<IpAddr>,
}

impl Attempts {
    /// Nobody has tried anything yet.
    pub(crate) fn new() -> Self {
        Self {
            accounts: Buckets::new(limits::SIGN_IN_ACCOUNT, limits::SIGN_IN_COUNTED),
            addresses: Buckets::new(limits::SIGN_IN_ADDRESS, limits::SIGN_IN_COUNTED),
            waiting: Semaphore::new(limits::HASHING_WAITING),
            hashing: Arc::new(Semaphore::new(limits::HASHING)),
        }
    }

    /// Lets somebody at this network address try something on the account of this name.
    pub(crate) fn attempt(
        &self,
        account: Option<&str>,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<Attempt<'_>, ApiError> {
        let address = counted(address);
        self.addresses.take(&address, now).map_err(slow)?;
        let account = account.map(|account| key("account", account));
        if let Some(account) = &account {
            self.accounts.take(account, now).map_err(slow)?;
        }
        Ok(Attempt {
            attempts: self,
            account,
            address: Some(address),
        })
    }

    /// Lets a member who is signed in try something. It counts for the member, wherever that is,
    /// and not among attempts to sign in as the member.
    pub(crate) fn attempt_of(&self, member: &str, now: Timestamp) -> Result<Attempt<'_>, ApiError> {
        let account = key("member", member);
        self.accounts.take(&account, now).map_err(slow)?;
        Ok(Attempt {
            attempts: self,
            account: Some(account),
            address: None,
        })
    }

    /// Does something that takes much time and memory, when it is its turn.
    pub(crate) async fn hash<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let busy = || ApiError::unavailable("too many people sign in at once; try again");
        let _waiting = self.waiting.try_acquire().map_err(|_| busy())?;
        let turn = self.hashing.clone().acquire_owned().await;
        let turn = turn.map_err(|_| busy())?;
        // Goes on when nobody waits for it any more.
        blocking(move || {
            let done = work();
            drop(turn);
            done
        })
        .await
    }
}

impl Attempts {
    /// An attempt from this address, let through a while ago, has turned out to be right.
    pub(crate) fn succeeded_at(&self, address: IpAddr) {
        self.addresses.give_back(&counted(address));
    }

    /// The same of an attempt of this member.
    pub(crate) fn succeeded_of(&self, member: &str) {
        self.accounts.give_back(&key("member", member));
    }
}

impl Attempt<'_> {
    /// It is known later whether it is right; until then it counts.
    pub(crate) fn goes_on(self) {}

    /// It was right, so it was no guess.
    pub(crate) fn succeeded(self) {
        if let Some(address) = &self.address {
            self.attempts.addresses.give_back(address);
        }
        if let Some(account) = &self.account {
            self.attempts.accounts.give_back(account);
        }
    }
}

fn slow(wait: Duration) -> ApiError {
    tracing::warn!("too many attempts to sign in");
    ApiError::too_many(wait, "there were too many attempts; wait and try again")
}

/// What is kept of a name: names may be long.
/// What is counted: names that somebody gives are apart from members who are known.
fn key(kind: &str, name: &str) -> [u8; 32] {
    let name = name.trim().to_lowercase();
    Sha256::digest(format!("{kind}\0{name}")).into()
}

/// The address that is counted: who has one of IPv6 has 2^64 of them.
fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(network.into())
        }
        IpAddr::V4(address) => IpAddr::V4(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_one_household_is_counted_as_one() {
        let counted = |text: &str| counted(text.parse().expect("an address"));
        assert_eq!(counted("2001:db8::1"), counted("2001:db8::ffff:2"));
        assert_ne!(counted("2001:db8::1"), counted("2001:db8:0:1::1"));
        assert_eq!(counted("::ffff:192.0.2.1"), counted("192.0.2.1"));
    }

    #[test]
    fn guesses_run_out_and_what_was_right_does_not_count() {
        let attempts = Attempts::new();
        let address = IpAddr::from([192, 0, 2, 1]);
        let now = Timestamp(1_000_000);
        for _ in 0..100 {
            let right = attempts.attempt(Some("ana@cities.example"), address, now);
            right.expect("it is let through").succeeded();
        }
        for _ in 0..limits::SIGN_IN_ACCOUNT.burst {
            let wrong = attempts.attempt(Some("Ana@cities.example "), address, now);
            drop(wrong.expect("it is let through"));
        }
        assert!(
            attempts
                .attempt(Some("ana@cities.example"), address, now)
                .is_err()
        );
        assert!(
            attempts
                .attempt(Some("ben@cities.example"), address, now)
                .is_ok()
        );
    }

    #[test]
    fn what_a_member_tries_counts_for_that_member_alone() {
        let attempts = Attempts::new();
        let now = Timestamp(1_000_000);
        let burst = limits::SIGN_IN_ACCOUNT.burst;
        for _ in 0..10 * burst {
            let right = attempts.attempt_of("m-ana", now);
            right.expect("it is let through").succeeded();
        }
        for _ in 0..burst {
            let begun = attempts.attempt_of("m-ana", now);
            begun.expect("it is let through").goes_on();
        }
        assert!(attempts.attempt_of("m-ana", now).is_err());
        // Nobody takes a member's attempts by giving that name at the door.
        for _ in 0..burst {
            let address = IpAddr::from([192, 0, 2, 1]);
            let tried = attempts.attempt(Some("m-ben"), address, now);
            tried.expect("it is let through").goes_on();
        }
        assert!(attempts.attempt_of("m-ben", now).is_ok());
        attempts.succeeded_of("m-ana");
        assert!(attempts.attempt_of("m-ana", now).is_ok());
    }
}
