//! Those who are on their way: they have left for a provider and are to come back.
//!
//! Each way is good once, for a short time, and for the browser on which it was begun: that is
//! known by a cookie. Kept in memory only; after a restart people begin anew.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use meltemi_core::time::Timestamp;
use openidconnect::{Nonce, PkceCodeVerifier};

use crate::accounts::Holder;
use crate::accounts::device::DeviceChoice;
use crate::accounts::secret::SecretHash;

/// What somebody has left for.
#[derive(Debug)]
pub(crate) enum Purpose {
    /// To sign in.
    SignIn,
    /// To accept an invitation; with the language of their page.
    Join(SecretHash, Option<String>),
    /// To add a way to sign in, as a member.
    Link(Holder),
}

/// Somebody on their way.
#[derive(Debug)]
pub(crate) struct Flow {
    /// Key of the provider.
    pub(crate) provider: String,
    /// What for.
    pub(crate) purpose: Purpose,
    /// Where the provider was told to send them back to.
    pub(crate) callback: String,
    /// What proves to the provider that it was this server that sent them.
    pub(crate) verifier: PkceCodeVerifier,
    /// What the token must repeat.
    pub(crate) nonce: Nonce,
    /// Hash of the cookie of their browser.
    pub(crate) browser: SecretHash,
    /// The session that the browser had.
    pub(crate) before: Option<SecretHash>,
    /// Their device.
    pub(crate) device: DeviceChoice,
    /// The network address they left from.
    pub(crate) address: IpAddr,
    /// Until when they can come back.
    pub(crate) expires: Timestamp,
}

/// All who are on their way, by the hash of what the provider sends back with them.
pub(crate) struct Flows {
    most: usize,
    begun: Mutex<HashMap<[u8; 32], Flow>>,
}

/// There are too many.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl Flows {
    /// Nobody yet, and never more than so many.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            begun: Mutex::new(HashMap::new()),
        }
    }

    /// Somebody leaves.
    pub(crate) fn begin(&self, state: &SecretHash, flow: Flow, now: Timestamp) -> Result<(), Full> {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        if begun.len() >= self.most {
            begun.retain(|_, flow| now < flow.expires);
            if begun.len() >= self.most {
                return Err(Full);
            }
        }
        begun.insert(*state.key(), flow);
        Ok(())
    }

    /// Somebody comes back, on this browser. Whatever becomes of it, they do not come back again.
    pub(crate) fn take(
        &self,
        state: &SecretHash,
        browser: Option<&SecretHash>,
        now: Timestamp,
    ) -> Option<Flow> {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let flow = begun.remove(state.key())?;
        (now < flow.expires && browser == Some(&flow.browser)).then_some(flow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::secret::{Secret, SecretKind};

    fn hash() -> SecretHash {
        let secret = Secret::fresh(SecretKind::Openid).expect("a secret");
        SecretHash::of_secret(&secret)
    }

    fn flow(browser: SecretHash, expires: u64) -> Flow {
        Flow {
            provider: "cities".to_owned(),
            purpose: Purpose::SignIn,
            callback: String::new(),
            verifier: PkceCodeVerifier::new("v".repeat(43)),
            nonce: Nonce::new("n".to_owned()),
            browser,
            before: None,
            device: DeviceChoice::default(),
            address: IpAddr::from([192, 0, 2, 1]),
            expires: Timestamp(expires),
        }
    }

    #[test]
    fn a_way_is_good_once_in_time_and_on_one_browser() {
        let flows = Flows::new(10);
        let (state, browser) = (hash(), hash());
        let begin = || {
            let begun = flows.begin(&state, flow(browser, 100), Timestamp(0));
            begun.expect("there is room");
        };
        begin();
        assert!(flows.take(&hash(), Some(&browser), Timestamp(99)).is_none());
        assert!(flows.take(&state, Some(&browser), Timestamp(99)).is_some());
        assert!(flows.take(&state, Some(&browser), Timestamp(99)).is_none());
        for (browser, now) in [(Some(browser), 100), (Some(hash()), 1), (None, 1)] {
            begin();
            let taken = flows.take(&state, browser.as_ref(), Timestamp(now));
            assert!(taken.is_none(), "{now}");
        }
        // It was used up by the wrong browser.
        assert!(flows.take(&state, Some(&browser), Timestamp(1)).is_none());
    }

    #[test]
    fn there_are_never_too_many() {
        let flows = Flows::new(2);
        let begin = |now| flows.begin(&hash(), flow(hash(), 100), Timestamp(now));
        assert_eq!((begin(0), begin(0), begin(0)), (Ok(()), Ok(()), Err(Full)));
        assert_eq!(begin(100), Ok(()));
    }
}
