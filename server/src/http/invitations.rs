//! Invitations, for coordinators.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use meltemi_core::access::{Membership, Role};
use meltemi_core::id::RecordRef;
use meltemi_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::error::ApiError;
use super::guard::Person;
use super::payload::{Id, Payload, days};
use crate::accounts::invitation::{Invitation, NewInvitation};

/// An invitation to be made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Invite {
    programme: String,
    role: Role,
    #[serde(default)]
    body: Option<RecordRef>,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    days: Option<u32>,
}

/// An invitation, as it is shown.
#[derive(Debug, Serialize)]
pub(super) struct InvitationView {
    id: String,
    programme: String,
    role: Role,
    body: Option<RecordRef>,
    language: String,
    invited_by: Option<String>,
    created: Timestamp,
    expires: Timestamp,
    /// For the link, once.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl InvitationView {
    fn new(invitation: Invitation) -> Self {
        Self {
            id: invitation.id,
            programme: invitation.membership.programme,
            role: invitation.membership.role,
            body: invitation.body,
            language: invitation.language,
            invited_by: invitation.invited_by,
            created: invitation.created,
            expires: invitation.expires,
            secret: None,
        }
    }
}

/// `GET /api/invitations`: those that can still be used.
pub(super) async fn list(
    State(shared): State<Shared>,
    Person(caller, known): Person,
) -> Result<Json<Vec<InvitationView>>, ApiError> {
    let now = caller.by().now;
    let invitations = shared
        .accounts(move |accounts| accounts.invitations(Some(&known.member), now))
        .await?;
    Ok(Json(
        invitations.into_iter().map(InvitationView::new).collect(),
    ))
}

/// `POST /api/invitations`.
pub(super) async fn make(
    State(shared): State<Shared>,
    Person(caller, known): Person,
    Payload(invite): Payload<Invite>,
) -> Result<(StatusCode, Json<InvitationView>), ApiError> {
    let by = caller.by();
    let language = invite.language;
    let new = NewInvitation {
        membership: Membership {
            programme: invite.programme,
            role: invite.role,
        },
        body: invite.body,
        language: language.unwrap_or_else(|| known.member.language.clone()),
        lasts: days(invite.days),
    };
    let (invitation, secret) = shared
        .accounts(move |accounts| accounts.invite(Some(&known.member), &new, &by))
        .await?;
    let view = InvitationView {
        secret: Some(secret.expose().to_owned()),
        ..InvitationView::new(invitation)
    };
    Ok((StatusCode::CREATED, Json(view)))
}

/// `DELETE /api/invitations/{id}`.
pub(super) async fn withdraw(
    State(shared): State<Shared>,
    Person(caller, known): Person,
    Path(id): Id,
) -> Result<StatusCode, ApiError> {
    let by = caller.by();
    shared
        .accounts(move |accounts| accounts.withdraw(Some(&known.member), &id, &by))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
