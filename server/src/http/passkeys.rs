//! Passkeys: signing in with one, joining with one, and those of the member who asks.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use meltemi_core::sensitive::Sensitive;
use meltemi_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::ApiError;
use super::guard::Person;
use super::join::hash;
use super::payload::{Id, Payload, date};
use super::session::{check_fresh, prove, welcome};
use super::{Shared, roster};
use crate::accounts::AccountsError;
use crate::accounts::audit::Deed;
use crate::accounts::device::DeviceChoice;
use crate::accounts::invitation::{Joining, Way};
use crate::accounts::passkey::Passkey;
use crate::accounts::passkey::ceremony::Site;
use crate::accounts::password::Password;
use crate::auth::{self, Caller};

/// The body of a request that says nothing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// What a passkey has signed for somebody who signs in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignIn {
    credential: Sensitive<Value>,
    #[serde(default)]
    device: Option<String>,
    #[serde(default)]
    device_name: Option<Sensitive<String>>,
}

/// Who is to be made a passkey for, to join with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BeginJoin {
    secret: Sensitive<String>,
    name: Sensitive<String>,
    email: Sensitive<String>,
}

/// What somebody says of themselves who joins with a passkey.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Join {
    secret: Sensitive<String>,
    name: Sensitive<String>,
    email: Sensitive<String>,
    credential: Sensitive<Value>,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    device_name: Option<Sensitive<String>>,
}

/// The password, once more, of who has one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Begin {
    #[serde(default)]
    password: Option<Password>,
}

/// A passkey that was made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Add {
    name: Sensitive<String>,
    credential: Sensitive<Value>,
}

/// What is to change of a passkey.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PasskeyPatch {
    name: Sensitive<String>,
}

/// A passkey, as it is shown.
#[derive(Debug, Serialize)]
pub(super) struct PasskeyView {
    id: String,
    name: Sensitive<String>,
    created: Timestamp,
    /// Day on which it was used last.
    seen: Option<String>,
}

impl PasskeyView {
    fn new(passkey: Passkey) -> Self {
        Self {
            id: passkey.id,
            name: passkey.name,
            created: passkey.created,
            seen: passkey.seen.map(date),
        }
    }
}

fn site(headers: &HeaderMap) -> Result<Site, AccountsError> {
    auth::site(headers).ok_or(AccountsError::NoName)
}

/// `POST /api/session/passkey/begin`: what a passkey is to sign, whosever it is.
pub(super) async fn begin_sign_in(
    State(shared): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    Payload(Nothing {}): Payload<Nothing>,
) -> Result<Json<Value>, ApiError> {
    let now = caller.by().now;
    // It counts until somebody has signed in with it.
    let attempt = shared.attempts.attempt(None, caller.address, now)?;
    attempt.goes_on();
    let site = site(&headers)?;
    let told = shared.accounts(move |accounts| accounts.begin_passkey_sign_in(site, now));
    Ok(Json(told.await?))
}

/// `POST /api/session/passkey`: signs in.
pub(super) async fn sign_in(
    State(shared): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    Payload(form): Payload<SignIn>,
) -> Result<Response, ApiError> {
    let by = caller.by();
    let attempt = shared.attempts.attempt(None, caller.address, by.now)?;
    let choice = DeviceChoice {
        id: form.device,
        name: form.device_name,
    };
    let signed_in = shared
        .accounts(move |accounts| {
            accounts.sign_in_with_passkey(form.credential.expose(), &choice, &by)
        })
        .await?;
    attempt.succeeded();
    shared.attempts.succeeded_at(caller.address);
    welcome(&shared, &headers, &caller, signed_in).await
}

/// `POST /api/join/passkey/begin`: what a passkey is to be made for, to join with it.
pub(super) async fn begin_join(
    State(shared): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    Payload(join): Payload<BeginJoin>,
) -> Result<Json<Value>, ApiError> {
    let now = caller.by().now;
    let attempt = shared.attempts.attempt(None, caller.address, now)?;
    let site = site(&headers)?;
    let hash = hash(&join.secret)?;
    let told = shared
        .accounts(move |accounts| {
            let who = (join.email.expose().as_str(), join.name.expose().as_str());
            accounts.begin_joining(site, &hash, who, now)
        })
        .await?;
    // It counts until somebody has joined with it.
    attempt.goes_on();
    Ok(Json(told))
}

/// `POST /api/join/passkey`: becomes a member with a passkey, and signs in.
pub(super) async fn join(
    State(shared): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    Payload(join): Payload<Join>,
) -> Result<Response, ApiError> {
    let by = caller.by();
    let attempt = shared.attempts.attempt(None, caller.address, by.now)?;
    let hash = hash(&join.secret)?;
    let signed_in = shared
        .accounts(move |accounts| {
            accounts.invitation(&hash, by.now)?;
            let key = accounts.joining_key(&hash, join.credential.expose(), by.now)?;
            let joining = Joining {
                name: join.name,
                email: join.email,
                language: join.language,
                way: Way::Passkey(key),
                device: DeviceChoice {
                    id: None,
                    name: join.device_name,
                },
            };
            accounts.join(&hash, &joining, &by)
        })
        .await?;
    attempt.succeeded();
    shared.attempts.succeeded_at(caller.address);
    roster::changed(&shared).await?;
    welcome(&shared, &headers, &caller, signed_in).await
}

/// `GET /api/passkeys`.
pub(super) async fn list(
    State(shared): State<Shared>,
    Person(_, known): Person,
) -> Result<Json<Vec<PasskeyView>>, ApiError> {
    let passkeys = shared
        .accounts(move |accounts| accounts.passkeys(&known.member.id))
        .await?;
    let views = passkeys.into_iter().map(PasskeyView::new);
    Ok(Json(views.collect()))
}

/// `POST /api/passkeys/begin`: what one more passkey is to be made for.
pub(super) async fn begin(
    State(shared): State<Shared>,
    person: Person,
    headers: HeaderMap,
    Payload(form): Payload<Begin>,
) -> Result<Json<Value>, ApiError> {
    let site = site(&headers)?;
    prove(&shared, &person, form.password).await?;
    let Person(caller, known) = person;
    let now = caller.by().now;
    // It counts until a passkey was added.
    let attempt = shared.attempts.attempt_of(&known.member.id, now)?;
    attempt.goes_on();
    let told = shared.accounts(move |accounts| accounts.begin_passkey(site, &known.member, now));
    Ok(Json(told.await?))
}

/// `POST /api/passkeys`: keeps a passkey that was made.
pub(super) async fn add(
    State(shared): State<Shared>,
    Person(caller, known): Person,
    Payload(form): Payload<Add>,
) -> Result<(StatusCode, Json<PasskeyView>), ApiError> {
    let by = caller.by();
    let member = known.member.id.clone();
    let attempt = shared.attempts.attempt_of(&member, by.now)?;
    let passkey = shared
        .accounts(move |accounts| {
            let member = &known.member.id;
            let added = accounts.add_passkey(member, form.credential.expose(), &form.name, &by);
            if matches!(added, Err(AccountsError::PasskeyRefused)) {
                accounts.note_refused(&by, Deed::PasskeyAdd, Some(member))?;
            }
            added
        })
        .await?;
    attempt.succeeded();
    shared.attempts.succeeded_of(&member);
    Ok((StatusCode::CREATED, Json(PasskeyView::new(passkey))))
}

/// `PATCH /api/passkeys/{id}`.
pub(super) async fn name(
    State(shared): State<Shared>,
    Person(caller, known): Person,
    Path(id): Id,
    Payload(patch): Payload<PasskeyPatch>,
) -> Result<Json<PasskeyView>, ApiError> {
    let by = caller.by();
    let passkey = shared
        .accounts(move |accounts| accounts.name_passkey(&known.member.id, &id, &patch.name, &by))
        .await?;
    Ok(Json(PasskeyView::new(passkey)))
}

/// `DELETE /api/passkeys/{id}`: it lets nobody in any more. Sessions begun with it go on.
pub(super) async fn remove(
    State(shared): State<Shared>,
    person: Person,
    Path(id): Id,
) -> Result<StatusCode, ApiError> {
    check_fresh(&shared, &person).await?;
    let Person(caller, known) = person;
    let by = caller.by();
    shared
        .accounts(move |accounts| accounts.remove_passkey(&known.member.id, &id, &by))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
