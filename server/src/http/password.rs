//! Changing a password, and getting a new one with a recovery code.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use meltemi_core::sensitive::Sensitive;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::error::ApiError;
use super::guard::Person;
use super::payload::Payload;
use super::session::{new_password, prove, session_of, welcome};
use crate::accounts::AccountsError;
use crate::accounts::audit::Deed;
use crate::accounts::device::DeviceChoice;
use crate::accounts::password::Password;
use crate::accounts::recovery::{self, RecoveryCodes, RecoveryHashes};
use crate::auth::Caller;

/// A new password.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangePassword {
    /// None of somebody who has no password yet.
    #[serde(default)]
    current: Option<Password>,
    new: Password,
}

/// The password, once more, of who has one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MakeCodes {
    #[serde(default)]
    password: Option<Password>,
}

/// New codes, shown once.
#[derive(Debug, Serialize)]
pub(super) struct CodesView {
    codes: RecoveryCodes,
}

/// A new password for somebody who has lost theirs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recover {
    email: Sensitive<String>,
    code: Sensitive<String>,
    password: Password,
    #[serde(default)]
    device: Option<String>,
    #[serde(default)]
    device_name: Option<Sensitive<String>>,
}

/// `POST /api/password`: changes it, and ends all other sessions.
pub(super) async fn change(
    State(shared): State<Shared>,
    person: Person,
    Payload(form): Payload<ChangePassword>,
) -> Result<StatusCode, ApiError> {
    let session = session_of(&person.1)?;
    let proof = prove(&shared, &person, form.current).await?;
    let hashed = new_password(&shared, form.new).await?;
    let by = person.0.by();
    let ended = shared
        .accounts(move |accounts| accounts.change_password(&proof, hashed, &session, &by))
        .await?;
    shared.sockets.end(&ended);
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/recovery/codes`: new ones; the old ones are void.
pub(super) async fn codes(
    State(shared): State<Shared>,
    person: Person,
    Payload(form): Payload<MakeCodes>,
) -> Result<(StatusCode, Json<CodesView>), ApiError> {
    let proof = prove(&shared, &person, form.password).await?;
    let made = shared.attempts.hash(recovery::make).await?;
    let (codes, hashes) = made.map_err(AccountsError::from)?;
    let by = person.0.by();
    shared
        .accounts(move |accounts| accounts.set_recovery(&proof, hashes, &by))
        .await?;
    Ok((StatusCode::CREATED, Json(CodesView { codes })))
}

/// `POST /api/recovery`: a new password with a code. Ends all sessions, and begins one.
pub(super) async fn recover(
    State(shared): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    Payload(form): Payload<Recover>,
) -> Result<Response, ApiError> {
    let by = caller.by();
    let email = form.email;
    let attempt = shared
        .attempts
        .attempt(Some(email.expose()), caller.address, by.now)?;
    // Says the same to everybody, whoever there is.
    let hashed = new_password(&shared, form.password).await?;
    let found = shared
        .accounts(move |accounts| accounts.recovery(email.expose()))
        .await?;
    let (proof, hashes) = found.unzip();
    let hashes = hashes.unwrap_or_else(RecoveryHashes::none);
    let code = shared
        .attempts
        .hash(move || hashes.hash(&form.code))
        .await?;
    let code = code.map_err(AccountsError::from)?;
    let choice = DeviceChoice {
        id: form.device,
        name: form.device_name,
    };
    let recovered = shared
        .accounts(move |accounts| {
            let recovered = match proof {
                Some(proof) => accounts.recover(&proof.member, &code, hashed, &choice, &by),
                None => Err(AccountsError::WrongCredentials),
            };
            if matches!(recovered, Err(AccountsError::WrongCredentials)) {
                accounts.note_refused(&by, Deed::Recovery, None)?;
            }
            recovered
        })
        .await?;
    attempt.succeeded();
    welcome(&shared, &headers, &caller, recovered).await
}
