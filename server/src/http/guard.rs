//! What every request must show before it gets anywhere, and before its body is read.

use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{Shared, error::ApiError};
use crate::accounts::token::Scope;
use crate::accounts::{AccountsError, Known};
use crate::auth::{Caller, Denied, Shown};
use crate::clock;
use crate::door::Peer;

/// What a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// Nothing: files of the client, signs of life, and what somebody does to get in.
    Nothing,
    /// A session.
    Session,
    /// A session, or a token for this.
    SessionOr(Scope),
    /// Somebody who coordinates everything, or a token of theirs; nothing on this machine.
    Counts,
}

/// What is sent to these by whoever gets in.
const GETTING_IN: [&str; 8] = [
    "/api/session",
    "/api/session/passkey",
    "/api/session/passkey/begin",
    "/api/join",
    "/api/join/look",
    "/api/join/passkey",
    "/api/join/passkey/begin",
    "/api/recovery",
];

/// What each address needs. What is not named here needs a session.
fn need(method: &Method, path: &str) -> Need {
    match (method, path) {
        (_, "/sync") => Need::SessionOr(Scope::Sync),
        (_, "/metrics") => Need::Counts,
        (&Method::POST, path) if GETTING_IN.contains(&path) => Need::Nothing,
        (&Method::GET, "/api/openid" | "/api/openid/callback") => Need::Nothing,
        (&Method::POST, path) if begins_openid(path) => Need::Nothing,
        (&Method::GET, "/api/session" | "/api/records") => Need::SessionOr(Scope::Read),
        (&Method::GET, path) if path.starts_with("/api/records/") => Need::SessionOr(Scope::Read),
        (_, "/api") => Need::Session,
        (_, path) if path.starts_with("/api/") => Need::Session,
        _ => Need::Nothing,
    }
}

/// Whether somebody leaves for a provider of OpenID Connect: `/api/openid/{key}/begin`.
fn begins_openid(path: &str) -> bool {
    let key = path.strip_prefix("/api/openid/");
    let key = key.and_then(|rest| rest.strip_suffix("/begin"));
    key.is_some_and(|key| !key.is_empty() && !key.contains('/'))
}

/// Lets a request on that may go on.
pub(crate) async fn guard(
    State(shared): State<Shared>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let address = shared.authenticator.address(headers, peer.ip());
    let forwarded = headers.contains_key("x-forwarded-for") || headers.contains_key("forwarded");
    let claim = claim(&shared, &request);
    let known = match claim {
        Ok(claim) => know(&shared, claim).await,
        Err(refused) => Err(refused),
    };
    let caller = match known.and_then(|known| as_named(&request, known)) {
        Ok(known) => Caller { known, address },
        Err(refused) => return refused.into_response(),
    };
    if request.uri().path() == "/metrics" && shared.authenticator.accounts().is_some() {
        // A proxy that says for whom it asks asks for somebody else.
        let here = address.is_loopback() && !forwarded;
        if let Err(refused) = counts(caller.known.as_deref(), here) {
            return refused.into_response();
        }
    }
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// Whether whoever opens `/sync` is the member that the address names, if it names one: a page that
/// holds the records of one person is not to sync them as another who has signed in meanwhile.
fn as_named(request: &Request, known: Option<Arc<Known>>) -> Result<Option<Arc<Known>>, ApiError> {
    let query = request
        .uri()
        .query()
        .filter(|_| request.uri().path() == "/sync");
    let mut pairs = query.unwrap_or_default().split('&');
    let named = pairs.find_map(|pair| pair.strip_prefix("member="));
    let other = |known: &Arc<Known>| named.is_some_and(|named| named != known.member.id);
    if known.as_ref().is_some_and(other) {
        return Err(Denied::SignInNeeded.into());
    }
    Ok(known)
}

/// Whether somebody may read what the server counts: of all programmes together.
fn counts(known: Option<&Known>, here: bool) -> Result<(), ApiError> {
    match known {
        Some(known) => Ok(known.member.check_counts()?),
        None if here => Ok(()),
        None => Err(Denied::SignInNeeded.into()),
    }
}

/// What a request shows, and what a token must be for.
type Claim = Option<(Option<Shown>, Option<Scope>)>;

/// Checks all that can be checked without the accounts. Nothing is claimed where nothing is needed.
fn claim(shared: &Shared, request: &Request) -> Result<Claim, ApiError> {
    let (method, path, headers) = (request.method(), request.uri().path(), request.headers());
    let authenticator = &shared.authenticator;
    authenticator.check_host(headers)?;
    if path == "/sync" {
        authenticator.check_origin(headers).inspect_err(|denied| {
            tracing::warn!(%denied, "connection refused");
        })?;
    }
    let changes = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if changes && path.starts_with("/api/") {
        authenticator.check_same_origin(headers)?;
        if *method != Method::DELETE {
            check_json(headers)?;
        }
    }
    let query = request.uri().query().filter(|_| path == "/sync");
    let shown = authenticator.shown(headers, query);
    let scope = match need(method, path) {
        Need::Nothing => return Ok(None),
        Need::Counts if shown.is_none() => return Ok(None),
        Need::Counts => Some(Scope::Metrics),
        Need::Session => None,
        Need::SessionOr(scope) => Some(scope),
    };
    if shown.is_none() && authenticator.accounts().is_some() {
        return Err(Denied::SignInNeeded.into());
    }
    Ok(Some((shown, scope)))
}

async fn know(shared: &Shared, claim: Claim) -> Result<Option<Arc<Known>>, ApiError> {
    let Some((shown, scope)) = claim else {
        return Ok(None);
    };
    let authenticator = shared.authenticator.clone();
    let known = blocking(move || authenticator.know(shown, scope, clock::now())).await??;
    Ok(known.map(Arc::new))
}

/// Forms of other sites send other types without asking.
fn check_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let media = headers.get(header::CONTENT_TYPE);
    let media = media
        .and_then(|media| media.to_str().ok())
        .unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    if media.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let message = "send JSON, and say so: content-type: application/json";
    Err(ApiError::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "not-json",
        message,
    ))
}

/// Does something that waits for the disk.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "a request failed");
        ApiError::unavailable("the server could not answer; its log says why")
    })
}

impl Shared {
    /// Does something with the accounts.
    pub(super) async fn accounts<T: Send + 'static>(
        &self,
        work: impl FnOnce(&crate::accounts::Accounts) -> Result<T, AccountsError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let accounts = self.authenticator.accounts().cloned().ok_or_else(|| {
            let message = "this server was started with --open and has no accounts";
            ApiError::new(StatusCode::CONFLICT, "open-server", message)
        })?;
        Ok(blocking(move || work(&accounts)).await??)
    }
}

/// Who asks, as the guard has found out.
impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| Denied::SignInNeeded.into())
    }
}

/// Somebody who is signed in.
pub(super) struct Person(pub(super) Caller, pub(super) Arc<Known>);

impl FromRequestParts<Shared> for Person {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, shared).await?;
        match caller.known.clone() {
            Some(known) => Ok(Self(caller, known)),
            None => {
                // Says that there are no accounts, if so.
                shared.accounts(|_| Ok(())).await?;
                Err(Denied::SignInNeeded.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_needs_a_session() {
        for (method, path, expected) in [
            ("GET", "/", Need::Nothing),
            ("GET", "/healthz", Need::Nothing),
            ("GET", "/events/ev14", Need::Nothing),
            ("GET", "/sync", Need::SessionOr(Scope::Sync)),
            ("GET", "/metrics", Need::Counts),
            ("GET", "/api/records", Need::SessionOr(Scope::Read)),
            ("GET", "/api/records/xyz", Need::SessionOr(Scope::Read)),
            ("POST", "/api/records/xyz", Need::Session),
            ("POST", "/api/session", Need::Nothing),
            ("GET", "/api/session", Need::SessionOr(Scope::Read)),
            ("DELETE", "/api/session", Need::Session),
            ("POST", "/api/join", Need::Nothing),
            ("POST", "/api/join/look", Need::Nothing),
            ("POST", "/api/join/role", Need::Session),
            ("POST", "/api/join/passkey", Need::Nothing),
            ("POST", "/api/session/passkey/begin", Need::Nothing),
            ("GET", "/api/session/passkey", Need::Session),
            ("POST", "/api/passkeys", Need::Session),
            ("POST", "/api/passkeys/begin", Need::Session),
            ("POST", "/api/recovery", Need::Nothing),
            ("POST", "/api/recovery/codes", Need::Session),
            ("GET", "/api/openid", Need::Nothing),
            ("GET", "/api/openid/callback", Need::Nothing),
            ("POST", "/api/openid/cities/begin", Need::Nothing),
            ("GET", "/api/openid/cities/begin", Need::Session),
            ("POST", "/api/openid/cities/x/begin", Need::Session),
            ("POST", "/api/openid/cities/link", Need::Session),
            ("GET", "/api/openid/links", Need::Session),
            ("DELETE", "/api/openid/links/o-1", Need::Session),
            ("GET", "/api/members", Need::Session),
            ("GET", "/api/audit", Need::Session),
            ("GET", "/api/whatever/comes", Need::Session),
            ("GET", "/api", Need::Session),
        ] {
            let method = method.parse().expect("a method");
            assert_eq!(need(&method, path), expected, "{method} {path}");
        }
    }
}
