//! What is said between server and browser while a passkey is made or used: a challenge that is
//! random, good once and for a short time, and what the passkey has signed.
//!
//! What the bytes mean and whether signatures are right is the library's business.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use meltemi_core::time::Timestamp;
use serde::Serialize;
use serde_json::Value;
use webauthn_rp::bin::{Decode, Encode};
use webauthn_rp::request::auth::AuthenticationVerificationOptions;
use webauthn_rp::request::register::{CredProtect, RegistrationVerificationOptions, UserHandle};
use webauthn_rp::request::{AsciiDomain, PublicKeyCredentialDescriptor, RpId, TimedCeremony};
use webauthn_rp::response::auth::error::AuthCeremonyErr;
use webauthn_rp::response::register::{DynamicState, StaticState};
use webauthn_rp::response::{AuthTransports, CredentialId};
use webauthn_rp::{
    AuthenticatedCredential, DiscoverableAuthentication, DiscoverableAuthenticationServerState,
    DiscoverableCredentialRequestOptions, PublicKeyCredentialCreationOptions, Registration,
    RegistrationServerState,
};

use super::{Handle, Key};
use crate::accounts::secret::SecretHash;
use crate::accounts::{AccountsError, after};
use crate::limits;

/// Length of a handle.
const HANDLE: usize = size_of::<Handle>();

/// Who a server is to browsers.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    /// The host's name, for which passkeys are.
    name: RpId,
    /// Where its pages come from.
    origin: String,
}

/// For whom a passkey is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Begun {
    /// For the member of this id.
    Adding(String),
    /// For somebody with this invitation.
    Joining(SecretHash),
}

/// What waits for the answer of a browser, by challenge.
#[derive(Default)]
pub(crate) struct Ceremonies(Mutex<BTreeMap<u128, Ceremony>>);

struct Ceremony {
    site: Site,
    expires: Timestamp,
    state: State,
}

/// What the library keeps.
enum State {
    Making(RegistrationServerState<HANDLE>, Begun),
    Using(DiscoverableAuthenticationServerState),
}

/// What a passkey has signed, to be compared with what is known of it.
pub(super) struct Signed {
    response: DiscoverableAuthentication<HANDLE>,
    site: Site,
    state: DiscoverableAuthenticationServerState,
}

/// What a signature has turned out to be.
pub(super) enum Verified {
    /// Right; with what is to be kept.
    Now([u8; 7]),
    /// Right, but of a passkey that had signed more often before: there are two of it.
    CounterBack,
}

impl Site {
    /// The site at this host, whose pages come from this origin. Passkeys are for names.
    pub(crate) fn new(host: &str, origin: &str) -> Option<Self> {
        let address = host.trim_start_matches('[').trim_end_matches(']');
        if address.parse::<std::net::IpAddr>().is_ok() {
            return None;
        }
        let name = AsciiDomain::try_from(host.to_owned()).ok()?;
        Some(Self {
            name: RpId::Domain(name),
            origin: origin.to_owned(),
        })
    }
}

impl Ceremonies {
    /// Begins to make a passkey. Gives what the browser is to be told.
    pub(super) fn begin_making(
        &self,
        site: Site,
        handle: &Handle,
        (email, name): (&str, &str),
        known: &[&[u8]],
        whose: Begun,
        now: Timestamp,
    ) -> Result<Value, AccountsError> {
        let Ok(user) = UserHandle::<HANDLE>::decode(*handle);
        let known = known.iter().filter_map(|id| {
            let id = CredentialId::<Vec<u8>>::decode(id.to_vec()).ok()?;
            let transports = AuthTransports::decode(0).ok()?;
            Some(PublicKeyCredentialDescriptor { id, transports })
        });
        let mut options = PublicKeyCredentialCreationOptions::passkey(
            &site.name,
            (&user).into(),
            known.collect(),
        );
        // Many authenticators do not have it. That the person is verified is asked for each time.
        options.extensions.cred_protect = CredProtect::None;
        let begun = options.start_ceremony();
        let (server, client) = begun.map_err(|_| AccountsError::PasskeyRefused)?;
        let mut told = told(&client)?;
        told["rp"]["name"] = "Meltemi".into();
        told["user"]["name"] = email.into();
        told["user"]["displayName"] = name.into();
        let challenge = server.sent_challenge().0;
        self.keep(challenge, site, State::Making(server, whose), now)?;
        Ok(told)
    }

    /// The passkey that a browser has made.
    pub(super) fn finish_making(
        &self,
        credential: &Value,
        whose: &Begun,
        now: Timestamp,
    ) -> Result<Key, AccountsError> {
        self.made(credential, whose, now)
            .ok_or(AccountsError::PasskeyRefused)
    }

    fn made(&self, credential: &Value, whose: &Begun, now: Timestamp) -> Option<Key> {
        let bytes = serde_json::to_vec(credential).ok()?;
        let response = Registration::from_json_relaxed(&bytes).ok()?;
        let challenge = response.challenge_relaxed().ok()?.0;
        let Ceremony { site, state, .. } = self.take(challenge, now)?;
        let State::Making(state, begun) = state else {
            return None;
        };
        if begun != *whose {
            return None;
        }
        let options = RegistrationVerificationOptions::<'_, '_, &str, &str> {
            allowed_origins: &[&site.origin],
            error_on_unsolicited_extensions: false,
            ..RegistrationVerificationOptions::default()
        };
        let made = state.verify(&site.name, &response, &options).ok()?;
        let Ok(handle) = made.user_id().encode();
        let Ok(public) = made.static_state().encode();
        let Ok(state) = made.dynamic_state().encode();
        Some(Key {
            credential: made.id().as_ref().to_vec(),
            handle,
            public,
            state,
        })
    }

    /// Begins to use a passkey. Gives what the browser is to be told.
    pub(super) fn begin_using(&self, site: Site, now: Timestamp) -> Result<Value, AccountsError> {
        let options = DiscoverableCredentialRequestOptions::passkey(&site.name);
        let begun = options.start_ceremony();
        let (server, client) = begun.map_err(|_| AccountsError::PasskeyRefused)?;
        let told = told(&client)?;
        let challenge = server.sent_challenge().0;
        self.keep(challenge, site, State::Using(server), now)?;
        Ok(told)
    }

    /// What a passkey has signed, if it was asked to.
    pub(super) fn finish_using(
        &self,
        credential: &Value,
        now: Timestamp,
    ) -> Result<Signed, AccountsError> {
        self.used(credential, now)
            .ok_or(AccountsError::PasskeyRefused)
    }

    fn used(&self, credential: &Value, now: Timestamp) -> Option<Signed> {
        let bytes = serde_json::to_vec(credential).ok()?;
        let response = DiscoverableAuthentication::from_json_relaxed(&bytes).ok()?;
        let challenge = response.challenge_relaxed().ok()?.0;
        let Ceremony { site, state, .. } = self.take(challenge, now)?;
        let State::Using(state) = state else {
            return None;
        };
        Some(Signed {
            response,
            site,
            state,
        })
    }

    /// Keeps what was begun, in the place of what the same person has begun to make before. Nobody
    /// else's is forgotten for it: when there is too much, it is refused.
    fn keep(
        &self,
        challenge: u128,
        site: Site,
        state: State,
        now: Timestamp,
    ) -> Result<(), AccountsError> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Making(_, whose) = &state {
            let own = |other: &State| matches!(other, State::Making(_, of) if of == whose);
            all.retain(|_, ceremony| !own(&ceremony.state));
        }
        if all.len() >= limits::CEREMONIES_PUBLIC {
            all.retain(|_, ceremony| now < ceremony.expires);
        }
        let used = |ceremony: &&Ceremony| matches!(ceremony.state, State::Using(_));
        let public = matches!(state, State::Using(_))
            && all.values().filter(used).count() >= limits::CEREMONIES_PUBLIC;
        if all.len() >= limits::CEREMONIES || public {
            return Err(AccountsError::Busy);
        }
        let ceremony = Ceremony {
            site,
            expires: after(now, limits::CEREMONY),
            state,
        };
        all.insert(challenge, ceremony);
        Ok(())
    }

    /// Takes what was begun with this challenge; whatever comes of it, it is over then.
    fn take(&self, challenge: u128, now: Timestamp) -> Option<Ceremony> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = all.remove(&challenge);
        found.filter(|ceremony| now < ceremony.expires)
    }
}

impl Signed {
    /// Id of the passkey, as the authenticator knows it.
    pub(super) fn credential(&self) -> &[u8] {
        self.response.raw_id().into_inner()
    }

    /// Compares it with what is known of the passkey.
    pub(super) fn verify(self, key: &Key) -> Option<Verified> {
        let Self {
            response,
            site,
            state,
        } = self;
        let Ok(user) = UserHandle::<HANDLE>::decode(key.handle);
        let public = StaticState::decode(&*key.public).ok()?;
        let known = DynamicState::decode(key.state).ok()?;
        let credential = AuthenticatedCredential::new(response.raw_id(), &user, public, known);
        let mut credential = credential.ok()?;
        let options = AuthenticationVerificationOptions::<'_, '_, &str, &str> {
            allowed_origins: &[&site.origin],
            error_on_unsolicited_extensions: false,
            ..AuthenticationVerificationOptions::default()
        };
        match state.verify(&site.name, &response, &mut credential, &options) {
            Ok(_) => {
                let Ok(state) = credential.dynamic_state().encode();
                Some(Verified::Now(state))
            }
            Err(AuthCeremonyErr::SignatureCounter) => Some(Verified::CounterBack),
            Err(_) => None,
        }
    }
}

/// What the library tells a browser, as JSON.
fn told(client: &impl Serialize) -> Result<Value, AccountsError> {
    serde_json::to_value(client).map_err(|_| AccountsError::PasskeyRefused)
}
