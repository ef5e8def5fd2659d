//! One provider: what it says of itself, and what of the tokens that it signs is believed.

#[cfg(test)]
mod tests;

use std::time::Instant;

use meltemi_core::sensitive::Sensitive;
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthenticationFlow, CoreClaimName, CoreClaimType, CoreClient,
    CoreClientAuthMethod, CoreGenderClaim, CoreGrantType, CoreIdToken, CoreIdTokenVerifier,
    CoreJsonWebKey, CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType,
    CoreSubjectIdentifierType,
};
use openidconnect::{
    AdditionalProviderMetadata, AuthType, AuthorizationCode, ClaimsVerificationError, CsrfToken,
    EmptyAdditionalClaims, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenClaims, Nonce,
    PkceCodeChallenge, PkceCodeVerifier, ProviderMetadata, RedirectUrl, RequestTokenError, Scope,
    SignatureVerificationError, TokenResponse,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::config::Trusted;
use super::fetch::Fetcher;
use crate::limits;

/// A provider.
pub(crate) struct Provider {
    trusted: Trusted,
    fetcher: Fetcher,
    said: Mutex<Said>,
}

/// What a provider says of itself.
type Metadata = ProviderMetadata<
    MoreMetadata,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// What it may say beside what every provider says.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct MoreMetadata {
    /// Whether it names itself to those whom it sends back (RFC 9207).
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for MoreMetadata {}

/// What it has said of itself.
#[derive(Default)]
struct Said {
    /// The newest, and when it was asked for.
    newest: Option<(Metadata, Instant)>,
    /// When it was asked last because of a key that was not known.
    keys_again: Option<Instant>,
    /// When it gave no answer.
    failed: Option<Instant>,
}

/// Somebody may leave for the provider.
pub(crate) struct Leaving {
    /// Where to.
    pub(crate) address: String,
    /// What the token must repeat.
    pub(crate) nonce: Nonce,
    /// What proves later that it was this server that sent them.
    pub(crate) verifier: PkceCodeVerifier,
}

/// What somebody brings back.
pub(crate) struct Brought {
    /// The code; none if the provider has not let them in.
    pub(crate) code: Option<Sensitive<String>>,
    /// Which provider says to have sent them back.
    pub(crate) issuer: Option<String>,
    /// Where the provider was told to send them.
    pub(crate) callback: String,
    /// What the token must repeat.
    pub(crate) nonce: Nonce,
    /// What proves that it was this server that sent them.
    pub(crate) verifier: PkceCodeVerifier,
}

/// Who somebody is, as a provider says that may say it.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// The provider.
    pub(crate) issuer: String,
    /// Its name for them, which never becomes somebody else's.
    pub(crate) subject: Sensitive<String>,
    /// What they are called.
    pub(crate) name: Option<Sensitive<String>>,
    /// Their address, unless the provider says that it has not checked it.
    pub(crate) email: Option<Sensitive<String>>,
    /// Whether it says that it has.
    verified: bool,
}

/// Why somebody's identity is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotProved {
    /// The provider gives no answer, or not one that is understood.
    #[error("the provider gives no answer that is understood: {0}")]
    Unavailable(&'static str),
    /// It has not let them in, or does not take the code.
    #[error("the provider has not let them in, or does not take the code")]
    Code,
    /// Another provider has sent them.
    #[error("another provider has sent them back")]
    OtherIssuer,
    /// What it says cannot be believed.
    #[error("the token is not accepted: {0}")]
    Token(&'static str),
}

/// Signatures that only the provider can make. Those by a shared secret are not among them, and
/// neither is none.
const SIGNATURES: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

type Claims = IdTokenClaims<EmptyAdditionalClaims, CoreGenderClaim>;

impl Provider {
    /// A provider that nothing was asked yet.
    pub(super) fn new(trusted: Trusted, fetcher: &Fetcher) -> Self {
        Self {
            fetcher: fetcher.of(trusted.issuer.url()),
            trusted,
            said: Mutex::default(),
        }
    }

    /// What the file says of it.
    pub(crate) const fn trusted(&self) -> &Trusted {
        &self.trusted
    }

    /// Where somebody goes to prove who they are, and comes back with `state`.
    pub(crate) async fn leave(&self, callback: &str, state: &str) -> Result<Leaving, NotProved> {
        let metadata = self.metadata().await?;
        let client = self.client(&metadata, callback)?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let state = CsrfToken::new(state.to_owned());
        let request = client.authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            move || state,
            Nonce::new_random,
        );
        let scopes = ["profile", "email"].map(|name| Scope::new(name.to_owned()));
        let request = request.add_scopes(scopes).set_pkce_challenge(challenge);
        let (address, _, nonce) = request.url();
        Ok(Leaving {
            address: address.into(),
            nonce,
            verifier,
        })
    }

    /// Who somebody is who comes back with a code.
    pub(crate) async fn identity(&self, brought: Brought) -> Result<Identity, NotProved> {
        let metadata = self.metadata().await?;
        let client = self.client(&metadata, &brought.callback)?;
        let names_itself = metadata.additional_metadata();
        let names_itself = names_itself.authorization_response_iss_parameter_supported;
        let other = match &brought.issuer {
            Some(issuer) => issuer != self.trusted.issuer.as_str(),
            None => names_itself,
        };
        if other {
            return Err(NotProved::OtherIssuer);
        }
        let code = brought.code.ok_or(NotProved::Code)?;
        let code = AuthorizationCode::new(code.expose().clone());
        let exchange = client.exchange_code(code);
        let exchange = exchange.map_err(|_| NotProved::Unavailable("it takes no codes"))?;
        let exchange = exchange.set_pkce_verifier(brought.verifier);
        let answer = exchange.request_async(&self.fetcher).await;
        let answer = answer.map_err(|error| match error {
            RequestTokenError::ServerResponse(_) => NotProved::Code,
            RequestTokenError::Parse(..) => NotProved::Token("it cannot be read"),
            RequestTokenError::Request(_) => NotProved::Unavailable("it cannot be reached"),
            RequestTokenError::Other(_) => NotProved::Unavailable("it is not understood"),
        })?;
        let token = answer.id_token().ok_or(NotProved::Token("there is none"))?;
        let verify = |keys: CoreJsonWebKeySet| self.verify(token, &brought.nonce, keys);
        let claims = match verify(metadata.jwks().clone()) {
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            )) => match self.newer_keys(&metadata).await? {
                Some(keys) => verify(keys),
                None => return Err(NotProved::Token("signature")),
            },
            verified => verified,
        };
        self.believe(&claims.map_err(|error| NotProved::Token(why(&error)))?)
    }

    fn verify(
        &self,
        token: &CoreIdToken,
        nonce: &Nonce,
        keys: CoreJsonWebKeySet,
    ) -> Result<Claims, ClaimsVerificationError> {
        // As for a client without a secret: what is signed with one is then never accepted.
        let (client, issuer) = (&self.trusted.client_id, &self.trusted.issuer);
        let verifier = CoreIdTokenVerifier::new_public_client(client.clone(), issuer.clone(), keys)
            .set_allowed_algs(SIGNATURES);
        token.claims(&verifier, nonce).cloned()
    }

    /// What a token says whose signature, issuer, audience, time and nonce are right.
    fn believe(&self, claims: &Claims) -> Result<Identity, NotProved> {
        let party = claims.authorized_party();
        if party.is_some_and(|party| *party != self.trusted.client_id) {
            return Err(NotProved::Token("audience"));
        }
        let verified = claims.email_verified();
        let email = claims.email().filter(|_| verified != Some(false));
        let name = claims.name().and_then(|name| name.get(None));
        let name = name.map(|name| name.as_str());
        let name = name.or_else(|| claims.preferred_username().map(|name| name.as_str()));
        Ok(Identity {
            issuer: claims.issuer().as_str().to_owned(),
            subject: claims.subject().as_str().to_owned().into(),
            name: name.map(|name| name.to_owned().into()),
            email: email.map(|email| email.as_str().to_owned().into()),
            verified: verified == Some(true),
        })
    }

    /// What the provider says of itself and its keys. Asked when it is needed, and kept for a
    /// while: a key that it has withdrawn is not believed for longer.
    async fn metadata(&self) -> Result<Metadata, NotProved> {
        let wanted = Instant::now();
        let mut said = self.said.lock().await;
        if let Some((newest, asked)) = &said.newest
            && asked.elapsed() < limits::OPENID_KNOWN
        {
            return Ok(newest.clone());
        }
        // Whoever has waited while it did not answer need not wait for that again.
        if said.failed.is_some_and(|failed| failed >= wanted) {
            return Err(NotProved::Unavailable("it cannot be reached"));
        }
        let asked = Instant::now();
        let found = Metadata::discover_async(self.trusted.issuer.clone(), &self.fetcher).await;
        match found {
            Ok(found) => {
                said.newest = Some((found.clone(), asked));
                Ok(found)
            }
            Err(error) => {
                said.failed = Some(Instant::now());
                let provider = &self.trusted.key;
                tracing::warn!(provider, %error, "a provider of OpenID Connect does not answer");
                Err(NotProved::Unavailable("it cannot be reached"))
            }
        }
    }

    /// Its keys, asked anew because one was not known; nothing if that was done a moment ago.
    async fn newer_keys(&self, used: &Metadata) -> Result<Option<CoreJsonWebKeySet>, NotProved> {
        let mut said = self.said.lock().await;
        // Somebody else may have asked meanwhile.
        if let Some((newest, _)) = &said.newest
            && newest.jwks() != used.jwks()
        {
            return Ok(Some(newest.jwks().clone()));
        }
        let again = said.keys_again;
        if again.is_some_and(|again| again.elapsed() < limits::OPENID_KEYS_AGAIN) {
            return Ok(None);
        }
        said.keys_again = Some(Instant::now());
        let keys = CoreJsonWebKeySet::fetch_async(used.jwks_uri(), &self.fetcher).await;
        let keys = keys.map_err(|_| NotProved::Unavailable("it cannot be reached"))?;
        let asked = Instant::now();
        said.newest = Some((used.clone().set_jwks(keys.clone()), asked));
        Ok(Some(keys))
    }

    fn client(&self, metadata: &Metadata, callback: &str) -> Result<Client, NotProved> {
        // Its keys were asked for by the same rule.
        let tokens = metadata.token_endpoint().map(|endpoint| endpoint.url());
        let mut places = tokens
            .into_iter()
            .chain([metadata.authorization_endpoint().url()]);
        if !places.all(|place| self.fetcher.may_ask(place)) {
            return Err(NotProved::Unavailable("its sign-in is not at https://"));
        }
        let callback = RedirectUrl::new(callback.to_owned());
        let callback =
            callback.map_err(|_| NotProved::Unavailable("there is no way back to this server"))?;
        let Trusted {
            client_id,
            client_secret,
            ..
        } = self.trusted.clone();
        let client = CoreClient::from_provider_metadata(metadata.clone(), client_id, client_secret);
        let ways = metadata.token_endpoint_auth_methods_supported();
        let takes = |way| ways.is_some_and(|ways| ways.contains(&way));
        let in_body = takes(CoreClientAuthMethod::ClientSecretPost)
            && !takes(CoreClientAuthMethod::ClientSecretBasic);
        Ok(client.set_redirect_uri(callback).set_auth_type(if in_body {
            AuthType::RequestBody
        } else {
            AuthType::BasicAuth
        }))
    }
}

impl Trusted {
    /// Whether the provider is believed about this person: their address, checked by it, is in one
    /// of the domains that are its own, if there are any.
    pub(crate) fn admits(&self, identity: &Identity) -> bool {
        let domain = identity.email.as_ref().filter(|_| identity.verified);
        let domain = domain.and_then(|email| email.expose().rsplit_once('@'));
        let domain = domain.map(|(_, domain)| domain.trim().to_lowercase());
        self.email_domains.is_empty()
            || domain.is_some_and(|domain| self.email_domains.contains(&domain))
    }
}

/// A word for what is wrong with a token. What the token says is not repeated: it is of people.
const fn why(error: &ClaimsVerificationError) -> &'static str {
    use ClaimsVerificationError as E;
    use SignatureVerificationError as S;
    match error {
        E::Expired(_) => "expired",
        E::InvalidAudience(_) => "audience",
        E::InvalidIssuer(_) => "issuer",
        E::InvalidNonce(_) => "nonce",
        E::SignatureVerification(S::NoSignature | S::DisallowedAlg(_) | S::UnsupportedAlg(_)) => {
            "algorithm"
        }
        E::SignatureVerification(_) => "signature",
        _ => "form",
    }
}
