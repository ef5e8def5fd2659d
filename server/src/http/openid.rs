//! Signing in at a provider of OpenID Connect: leaving for it, coming back, and the links by which
//! it is known who somebody is.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use meltemi_core::sensitive::Sensitive;
use meltemi_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::ApiError;
use super::guard::{Person, blocking};
use super::payload::{Id, Payload};
use super::session::check_fresh;
use super::{Shared, roster};
use crate::accounts::audit::Deed;
use crate::accounts::device::DeviceChoice;
use crate::accounts::invitation::{Joining, Way};
use crate::accounts::openid::Subject;
use crate::accounts::secret::{Secret, SecretHash, SecretKind};
use crate::accounts::session::SignedIn;
use crate::accounts::{AccountsError, after};
use crate::auth::{Caller, Denied};
use crate::limits;
use crate::openid::flow::{Flow, Purpose};
use crate::openid::provider::{Brought, Identity, Provider};

/// A provider, as it is shown to everybody.
#[derive(Debug, Serialize)]
pub(super) struct ProviderView {
    key: String,
    name: String,
}

/// What somebody leaves for a provider with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Begin {
    #[serde(default)]
    invitation: Option<Sensitive<String>>,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    device: Option<String>,
    #[serde(default)]
    device_name: Option<Sensitive<String>>,
}

/// Nothing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Empty {}

/// Where to go.
#[derive(Debug, Serialize)]
struct Leave {
    address: String,
}

/// What a provider sends somebody back with. It may say more.
#[derive(Debug, Deserialize)]
pub(super) struct Back {
    state: Option<Sensitive<String>>,
    code: Option<Sensitive<String>>,
    error: Option<Sensitive<String>>,
    /// Which provider it was.
    iss: Option<String>,
}

/// A link, as its member sees it.
#[derive(Debug, Serialize)]
pub(super) struct LinkView {
    id: String,
    provider: String,
    created: Timestamp,
}

/// `GET /api/openid`: which providers there are.
pub(super) async fn list(State(shared): State<Shared>) -> Json<Vec<ProviderView>> {
    let trusted = shared.openid.providers().iter().map(Provider::trusted);
    let views = trusted.map(|trusted| ProviderView {
        key: trusted.key.clone(),
        name: trusted.name.clone(),
    });
    Json(views.collect())
}

/// `POST /api/openid/{key}/begin`: leaves to sign in, or to accept an invitation.
pub(super) async fn begin(
    State(shared): State<Shared>,
    caller: Caller,
    Path(key): Id,
    headers: HeaderMap,
    Payload(begin): Payload<Begin>,
) -> Result<Response, ApiError> {
    let now = caller.by().now;
    // It counts until they are back.
    let attempt = shared.attempts.attempt(None, caller.address, now)?;
    let purpose = match begin.invitation {
        None => Purpose::SignIn,
        Some(secret) => {
            let hash = SecretHash::of(SecretKind::Invitation, secret.expose());
            let hash = hash.ok_or(AccountsError::NoInvitation)?;
            shared
                .accounts(move |accounts| accounts.invitation(&hash, now))
                .await?;
            Purpose::Join(hash, begin.language.filter(|code| code.len() <= 20))
        }
    };
    // What is kept until they are back is short.
    let device_name = begin.device_name.map(|name| line(name.expose()).into());
    let device = DeviceChoice {
        id: begin.device.filter(|id| id.len() <= 40),
        name: device_name,
    };
    let left = leave(&shared, &caller, &headers, &key, purpose, device).await;
    attempt.goes_on();
    left
}

/// `POST /api/openid/{key}/link`: leaves to add a way to sign in.
pub(super) async fn begin_link(
    State(shared): State<Shared>,
    person: Person,
    Path(key): Id,
    headers: HeaderMap,
    Payload(Empty {}): Payload<Empty>,
) -> Result<Response, ApiError> {
    check_fresh(&shared, &person).await?;
    let Person(caller, known) = person;
    let now = caller.by().now;
    let attempt = shared.attempts.attempt(None, caller.address, now)?;
    let purpose = Purpose::Link(known.holder.clone());
    let device = DeviceChoice::default();
    let left = leave(&shared, &caller, &headers, &key, purpose, device).await;
    attempt.goes_on();
    left
}

async fn leave(
    shared: &Shared,
    caller: &Caller,
    headers: &HeaderMap,
    key: &str,
    purpose: Purpose,
    device: DeviceChoice,
) -> Result<Response, ApiError> {
    let provider = shared.openid.provider(key);
    let provider = provider.ok_or(AccountsError::NoSuch("provider"))?;
    // The guard has let nothing on but what comes from a page of this server.
    let origin = headers.get(header::ORIGIN);
    let origin = origin.and_then(|origin| origin.to_str().ok());
    let origin = origin.filter(|origin| origin.len() <= 300);
    let callback = shared.openid.callback(origin.ok_or(Denied::CrossSite)?);
    let [state, browser] = [(); 2].map(|()| Secret::fresh(SecretKind::Openid));
    let state = state.map_err(AccountsError::from)?;
    let browser = browser.map_err(AccountsError::from)?;
    let leaving = provider.leave(&callback, state.expose()).await?;
    let now = caller.by().now;
    let before = shared.authenticator.session_cookie(headers);
    let flow = Flow {
        provider: key.to_owned(),
        purpose,
        callback,
        verifier: leaving.verifier,
        nonce: leaving.nonce,
        browser: SecretHash::of_secret(&browser),
        before: before.and_then(|text| SecretHash::of(SecretKind::Session, text)),
        device,
        address: caller.address,
        expires: after(now, limits::OPENID_FLOW),
    };
    let begun = shared
        .openid
        .flows
        .begin(&SecretHash::of_secret(&state), flow, now);
    begun.map_err(|_| ApiError::unavailable("too many people sign in at once; try again"))?;
    let cookie = shared.authenticator.give_way_cookie(&browser);
    let headers = AppendHeaders([(header::SET_COOKIE, cookie)]);
    let address = leaving.address;
    Ok((headers, Json(Leave { address })).into_response())
}

/// `GET /api/openid/callback`: comes back. Answers with a page of the client in every case.
pub(super) async fn callback(
    State(shared): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    query: Result<Query<Back>, QueryRejection>,
) -> Response {
    let mut cookies = vec![(header::SET_COOKIE, shared.authenticator.take_way_cookie())];
    let mut page = "/#/sign-in";
    let done = match come_back(&shared, &caller, &headers, query) {
        Ok((flow, back)) => {
            if matches!(flow.purpose, Purpose::Link(_)) {
                page = "/office.html#password";
            }
            finish(&shared, &caller, flow, back).await
        }
        Err(error) => Err(error),
    };
    let place = match done {
        Ok(Some(signed_in)) => {
            let cookie = shared.authenticator.give_cookie(&signed_in.session);
            cookies.push((header::SET_COOKIE, cookie));
            "/".to_owned()
        }
        Ok(None) => format!("{page}?linked"),
        Err(error) => format!("{page}?wrong={}", error.code()),
    };
    let place = [(header::LOCATION, place)];
    (StatusCode::SEE_OTHER, AppendHeaders(cookies), place).into_response()
}

/// Which way it was that somebody comes back from. It is used up.
fn come_back(
    shared: &Shared,
    caller: &Caller,
    headers: &HeaderMap,
    query: Result<Query<Back>, QueryRejection>,
) -> Result<(Flow, Back), ApiError> {
    let now = caller.by().now;
    let attempt = shared.attempts.attempt(None, caller.address, now)?;
    let ended = || {
        let message = "this way to sign in was used, is too old, or began on another browser";
        ApiError::new(StatusCode::FORBIDDEN, "openid-ended", message)
    };
    let Query(back) = query.map_err(|_| ended())?;
    let hash = |text: &str| SecretHash::of(SecretKind::Openid, text);
    let browser = shared.authenticator.way_cookie(headers).and_then(hash);
    let state = back.state.as_ref().and_then(|state| hash(state.expose()));
    let state = state.ok_or_else(ended)?;
    let flow = shared.openid.flows.take(&state, browser.as_ref(), now);
    let flow = flow.ok_or_else(ended)?;
    // Having left counts until it is known who it is.
    attempt.succeeded();
    Ok((flow, back))
}

/// Who has signed in; nobody if it was a link that was made.
async fn finish(
    shared: &Shared,
    caller: &Caller,
    flow: Flow,
    back: Back,
) -> Result<Option<SignedIn>, ApiError> {
    let by = caller.by();
    let left_from = flow.address;
    let (deed, whose) = match &flow.purpose {
        Purpose::SignIn | Purpose::Join(..) => (Deed::OpenidSignIn, None),
        Purpose::Link(holder) => (Deed::OpenidLink, Some(holder.member.clone())),
    };
    let entered = enter(shared, caller, flow, back).await;
    let refused = entered.as_ref().err();
    if refused.is_some_and(ApiError::is_about_request) {
        shared
            .accounts(move |accounts| accounts.note_refused(&by, deed, whose.as_deref()))
            .await?;
    }
    let signed_in = entered?;
    shared.attempts.succeeded_at(left_from);
    Ok(signed_in)
}

/// Finds out who it is, and does what they have left for.
async fn enter(
    shared: &Shared,
    caller: &Caller,
    flow: Flow,
    back: Back,
) -> Result<Option<SignedIn>, ApiError> {
    let provider = shared.openid.provider(&flow.provider);
    let provider = provider.ok_or(AccountsError::NoSuch("provider"))?;
    let brought = Brought {
        code: back.code.filter(|_| back.error.is_none()),
        issuer: back.iss,
        callback: flow.callback,
        nonce: flow.nonce,
        verifier: flow.verifier,
    };
    let identity = provider.identity(brought).await.inspect_err(|error| {
        let provider = &flow.provider;
        tracing::warn!(provider, %error, "somebody did not get in by OpenID Connect");
    })?;
    if !provider.trusted().admits(&identity) {
        return Err(AccountsError::OtherProvider.into());
    }
    let subject = Subject {
        issuer: identity.issuer.clone(),
        subject: identity.subject.clone(),
        body: provider.trusted().body.clone(),
    };
    let (by, device) = (caller.by(), flow.device);
    let signed_in = match flow.purpose {
        Purpose::SignIn => {
            shared
                .accounts(move |accounts| accounts.openid_sign_in(&subject, &device, &by))
                .await?
        }
        Purpose::Join(invitation, language) => {
            let joining = joining(identity, language, Way::Openid(subject), device)?;
            let joined = shared
                .accounts(move |accounts| accounts.join(&invitation, &joining, &by))
                .await?;
            roster::changed(shared).await?;
            joined
        }
        Purpose::Link(holder) => {
            let authenticator = shared.authenticator.clone();
            let asked = holder.clone();
            let known = blocking(move || authenticator.is_still_known(&asked)).await??;
            if !known {
                return Err(Denied::SignInNeeded.into());
            }
            shared
                .accounts(move |accounts| accounts.openid_link(&holder, &subject, &by))
                .await?;
            return Ok(None);
        }
    };
    for ended in &signed_in.ended {
        shared.sockets.end(ended);
    }
    // Coming back from another site the browser does not show its session, so it was noted before.
    if let Some(before) = flow.before {
        let by = caller.by();
        let ended = shared
            .accounts(move |accounts| accounts.sign_out(&before, &by))
            .await?;
        shared.sockets.end(&ended);
    }
    Ok(Some(signed_in))
}

/// What a provider says of somebody who joins.
fn joining(
    identity: Identity,
    language: Option<String>,
    way: Way,
    device: DeviceChoice,
) -> Result<Joining, ApiError> {
    let email = identity.email.ok_or_else(|| {
        let message = "the provider does not tell the e-mail address, which members need";
        ApiError::new(StatusCode::FORBIDDEN, "openid-no-email", message)
    })?;
    let name = identity.name.as_ref().map(|name| line(name.expose()));
    let name = name.filter(|name| !name.trim().is_empty());
    let local = || line(email.expose().split('@').next().unwrap_or_default());
    Ok(Joining {
        name: name.unwrap_or_else(local).into(),
        email,
        language,
        way,
        device,
    })
}

/// A single line of an ordinary length.
fn line(text: &str) -> String {
    let letters = text.chars().filter(|letter| !letter.is_control());
    letters.take(limits::NAME_LONGEST).collect()
}

/// `GET /api/openid/links`: at which providers one can sign in.
pub(super) async fn links(
    State(shared): State<Shared>,
    Person(_, known): Person,
) -> Result<Json<Vec<LinkView>>, ApiError> {
    let links = shared
        .accounts(move |accounts| accounts.openid_links(&known.member.id))
        .await?;
    let views = links.into_iter().map(|link| LinkView {
        provider: match shared.openid.name_of(&link.issuer) {
            Some(name) => name.to_owned(),
            None => link.issuer,
        },
        id: link.id,
        created: link.created,
    });
    Ok(Json(views.collect()))
}

/// `DELETE /api/openid/links/{id}`.
pub(super) async fn unlink(
    State(shared): State<Shared>,
    person: Person,
    Path(id): Id,
) -> Result<StatusCode, ApiError> {
    check_fresh(&shared, &person).await?;
    let Person(caller, known) = person;
    let by = caller.by();
    shared
        .accounts(move |accounts| accounts.openid_unlink(&known.member.id, &id, &by))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
