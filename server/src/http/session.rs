//! Signing in and out, and who one is.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use meltemi_core::sensitive::Sensitive;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::devices::DeviceView;
use super::error::ApiError;
use super::guard::Person;
use super::members::MemberView;
use super::payload::Payload;
use crate::accounts::audit::Deed;
use crate::accounts::device::DeviceChoice;
use crate::accounts::member::Member;
use crate::accounts::password::{self, Password};
use crate::accounts::secret::{SecretHash, SecretKind};
use crate::accounts::session::{Proof, SignedIn};
use crate::accounts::{Accounts, AccountsError, Held, Known};
use crate::auth::{Caller, Denied};

/// What somebody signs in with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignIn {
    email: Sensitive<String>,
    password: Password,
    #[serde(default)]
    device: Option<String>,
    #[serde(default)]
    device_name: Option<Sensitive<String>>,
}

/// Who one is.
#[derive(Debug, Serialize)]
pub(super) struct SessionView {
    /// Whether the server is open to everybody; then there is no member.
    open: bool,
    member: Option<MemberView>,
    device: Option<DeviceView>,
    /// Whether the member has a password.
    password: bool,
    recovery_codes_left: usize,
}

impl SessionView {
    /// Of somebody at a server that asks nobody.
    const fn open() -> Self {
        Self {
            open: true,
            member: None,
            device: None,
            password: false,
            recovery_codes_left: 0,
        }
    }

    /// Of a member, on a device if it is one.
    fn of(member: Member, device: Option<DeviceView>, ways: &Ways) -> Self {
        Self {
            open: false,
            member: Some(MemberView::new(member)),
            device,
            password: ways.password,
            recovery_codes_left: ways.recovery_codes_left,
        }
    }
}

/// What is said of the ways of a member to get in.
struct Ways {
    password: bool,
    recovery_codes_left: usize,
}

fn ways(accounts: &Accounts, member: &str) -> Result<Ways, AccountsError> {
    let proof = accounts.proof_of(member)?;
    Ok(Ways {
        password: proof.is_some_and(|proof| proof.password.is_some()),
        recovery_codes_left: accounts.recovery_left(member)?,
    })
}

/// `POST /api/session`: signs in.
pub(super) async fn sign_in(
    State(shared): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    Payload(form): Payload<SignIn>,
) -> Result<Response, ApiError> {
    let by = caller.by();
    let email = form.email;
    let attempt = shared
        .attempts
        .attempt(Some(email.expose()), caller.address, by.now)?;
    let proof = shared
        .accounts(move |accounts| accounts.proof(email.expose()))
        .await?;
    let (proof, right) = shared
        .attempts
        .hash(move || {
            // Who has no password takes as long as who has another one.
            let hashed = proof.as_ref().and_then(|proof| proof.password.as_ref());
            let right = password::verify(&form.password, hashed);
            (proof, right)
        })
        .await?;
    if !right {
        let whose = proof.map(|proof| proof.member);
        shared
            .accounts(move |accounts| accounts.note_refused(&by, Deed::SignIn, whose.as_deref()))
            .await?;
        return Err(AccountsError::WrongCredentials.into());
    }
    let proof = proof.ok_or(AccountsError::WrongCredentials)?;
    let choice = DeviceChoice {
        id: form.device,
        name: form.device_name,
    };
    let signed_in = shared
        .accounts(move |accounts| accounts.sign_in(&proof, &choice, &by))
        .await?;
    attempt.succeeded();
    welcome(&shared, &headers, &caller, signed_in).await
}

/// Ends the session that a browser has had until now: its cookie is about to be replaced.
async fn end_shown(shared: &Shared, headers: &HeaderMap, caller: &Caller) -> Result<(), ApiError> {
    let shown = shared.authenticator.session_cookie(headers);
    let shown = shown.and_then(|text| SecretHash::of(SecretKind::Session, text));
    let Some(before) = shown else {
        return Ok(());
    };
    let by = caller.by();
    let ended = shared
        .accounts(move |accounts| accounts.sign_out(&before, &by))
        .await?;
    shared.sockets.end(&ended);
    Ok(())
}

/// The answer to somebody who has just signed in, with the cookie; the session that the browser had
/// before ends.
pub(super) async fn welcome(
    shared: &Shared,
    headers: &HeaderMap,
    caller: &Caller,
    signed_in: SignedIn,
) -> Result<Response, ApiError> {
    end_shown(shared, headers, caller).await?;
    for ended in &signed_in.ended {
        shared.sockets.end(ended);
    }
    let member = signed_in.member.id.clone();
    let ways = shared
        .accounts(move |accounts| ways(accounts, &member))
        .await?;
    let device = DeviceView::new(&signed_in.device, Some(&signed_in.device.id));
    let view = SessionView::of(signed_in.member, Some(device), &ways);
    let cookie = shared.authenticator.give_cookie(&signed_in.session);
    let headers = AppendHeaders([(header::SET_COOKIE, cookie)]);
    Ok((StatusCode::CREATED, headers, Json(view)).into_response())
}

/// `GET /api/session`: who one is. Keeps the cookie alive.
pub(super) async fn show(
    State(shared): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Some(known) = caller.known else {
        return Ok(Json(SessionView::open()).into_response());
    };
    let held = known.holder.clone();
    let (devices, ways) = shared
        .accounts(move |accounts| {
            let devices = accounts.devices(Some(&held.member))?;
            Ok((devices, ways(accounts, &held.member)?))
        })
        .await?;
    let member = known.member.clone();
    let Held::Session { device: id, .. } = &known.holder.by else {
        return Ok(Json(SessionView::of(member, None, &ways)).into_response());
    };
    let device = devices.iter().find(|device| device.id == *id);
    let device = device.map(|device| DeviceView::new(device, Some(id)));
    let view = SessionView::of(member, device, &ways);
    let session = shared.authenticator.session_cookie(&headers);
    let cookie = session.map(|session| shared.authenticator.renew_cookie(session));
    let cookie = AppendHeaders(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
    Ok((cookie, Json(view)).into_response())
}

/// `DELETE /api/session`: signs out.
pub(super) async fn sign_out(
    State(shared): State<Shared>,
    Person(caller, known): Person,
) -> Result<Response, ApiError> {
    let session = session_of(&known)?;
    let by = caller.by();
    let ended = shared
        .accounts(move |accounts| accounts.sign_out(&session, &by))
        .await?;
    shared.sockets.end(&ended);
    let cookie = [(header::SET_COOKIE, shared.authenticator.take_cookie())];
    Ok((StatusCode::NO_CONTENT, cookie).into_response())
}

/// The session of somebody who is let in by one.
pub(super) fn session_of(known: &Known) -> Result<SecretHash, ApiError> {
    match &known.holder.by {
        Held::Session { session, .. } => Ok(*session),
        Held::Token(_) => Err(Denied::Scope.into()),
    }
}

/// Lets on whoever has signed in a short while ago: who has found an open device must not change by
/// what its owner signs in.
pub(super) async fn check_fresh(
    shared: &Shared,
    Person(caller, known): &Person,
) -> Result<(), ApiError> {
    let (session, now) = (session_of(known)?, caller.by().now);
    let fresh = shared.accounts(move |accounts| accounts.is_fresh(&session, now));
    if fresh.await? {
        return Ok(());
    }
    Err(AccountsError::SignInAgain.into())
}

/// Whether this is the password of the member who asks. Counts as an attempt to sign in. Who has
/// no password must have signed in just now.
pub(super) async fn prove(
    shared: &Shared,
    Person(caller, known): &Person,
    password: Option<Password>,
) -> Result<Proof, ApiError> {
    let by = caller.by();
    let (member, session, now) = (known.member.id.clone(), session_of(known)?, by.now);
    let (proof, fresh) = shared
        .accounts(move |accounts| {
            let proof = accounts.proof_of(&member)?;
            let proof = proof.ok_or(AccountsError::WrongCredentials)?;
            Ok((proof, accounts.is_fresh(&session, now)?))
        })
        .await?;
    if proof.password.is_none() {
        let again = || AccountsError::SignInAgain.into();
        return fresh.then_some(proof).ok_or_else(again);
    }
    let needed = AccountsError::BadField("password", "is needed");
    let password = password.ok_or(needed)?;
    let account = known.member.email.expose();
    let attempt = shared
        .attempts
        .attempt(Some(account), caller.address, by.now)?;
    let (proof, right) = shared
        .attempts
        .hash(move || {
            let right = password::verify(&password, proof.password.as_ref());
            (proof, right)
        })
        .await?;
    if !right {
        let whose = known.member.id.clone();
        shared
            .accounts(move |accounts| accounts.note_refused(&by, Deed::SignIn, Some(&whose)))
            .await?;
        return Err(AccountsError::WrongCredentials.into());
    }
    attempt.succeeded();
    Ok(proof)
}

/// Hashes a new password, if it may be one.
pub(super) async fn new_password(
    shared: &Shared,
    password: Password,
) -> Result<password::Hashed, ApiError> {
    let password = shared
        .accounts(move |accounts| {
            accounts.check_password(&password)?;
            Ok(password)
        })
        .await?;
    let hashed = shared.attempts.hash(move || password::hash(&password));
    Ok(hashed.await?.map_err(AccountsError::from)?)
}
