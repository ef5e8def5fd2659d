//! Accepting an invitation.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use meltemi_core::access::Role;
use meltemi_core::id::RecordRef;
use meltemi_core::sensitive::Sensitive;
use meltemi_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::ApiError;
use super::guard::Person;
use super::members::MemberView;
use super::payload::Payload;
use super::session::{new_password, welcome};
use super::{Shared, roster};
use crate::accounts::AccountsError;
use crate::accounts::device::DeviceChoice;
use crate::accounts::invitation::{Joining, Way};
use crate::accounts::password::Password;
use crate::accounts::secret::{SecretHash, SecretKind};
use crate::auth::Caller;

/// An invitation, as it is shown by its secret.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Look {
    secret: Sensitive<String>,
}

/// What an invitation offers.
#[derive(Debug, Serialize)]
pub(super) struct Offer {
    programme: String,
    role: Role,
    body: Option<RecordRef>,
    language: String,
    expires: Timestamp,
}

/// What somebody says of themselves who joins.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Join {
    secret: Sensitive<String>,
    name: Sensitive<String>,
    email: Sensitive<String>,
    password: Password,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    device_name: Option<Sensitive<String>>,
}

/// The hash of an invitation that somebody sent.
pub(super) fn hash(secret: &Sensitive<String>) -> Result<SecretHash, AccountsError> {
    SecretHash::of(SecretKind::Invitation, secret.expose()).ok_or(AccountsError::NoInvitation)
}

/// `POST /api/join/look`: what an invitation offers.
pub(super) async fn look(
    State(shared): State<Shared>,
    caller: Caller,
    Payload(look): Payload<Look>,
) -> Result<Json<Offer>, ApiError> {
    let now = caller.by().now;
    let attempt = shared.attempts.attempt(None, caller.address, now)?;
    let hash = hash(&look.secret)?;
    let invitation = shared
        .accounts(move |accounts| accounts.invitation(&hash, now))
        .await?;
    attempt.succeeded();
    Ok(Json(Offer {
        programme: invitation.membership.programme,
        role: invitation.membership.role,
        body: invitation.body,
        language: invitation.language,
        expires: invitation.expires,
    }))
}

/// `POST /api/join`: becomes a member, and signs in.
pub(super) async fn join(
    State(shared): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    Payload(join): Payload<Join>,
) -> Result<Response, ApiError> {
    let by = caller.by();
    let attempt = shared.attempts.attempt(None, caller.address, by.now)?;
    let hash = hash(&join.secret)?;
    let now = by.now;
    // Before time is spent on the password.
    shared
        .accounts(move |accounts| accounts.invitation(&hash, now))
        .await?;
    let joining = Joining {
        name: join.name,
        email: join.email,
        language: join.language,
        way: Way::Password(new_password(&shared, join.password).await?),
        device: DeviceChoice {
            id: None,
            name: join.device_name,
        },
    };
    let signed_in = shared
        .accounts(move |accounts| accounts.join(&hash, &joining, &by))
        .await?;
    attempt.succeeded();
    roster::changed(&shared).await?;
    welcome(&shared, &headers, &caller, signed_in).await
}

/// `POST /api/join/role`: accepts one more role as a member.
pub(super) async fn join_as_member(
    State(shared): State<Shared>,
    Person(caller, known): Person,
    Payload(look): Payload<Look>,
) -> Result<Json<MemberView>, ApiError> {
    let by = caller.by();
    let attempt = shared.attempts.attempt(None, caller.address, by.now)?;
    let hash = hash(&look.secret)?;
    let member = shared
        .accounts(move |accounts| accounts.join_as_member(&hash, &known.holder, &by))
        .await?;
    attempt.succeeded();
    roster::changed(&shared).await?;
    Ok(Json(MemberView::new(member)))
}
