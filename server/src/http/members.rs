//! Members, for those who coordinate their programmes, and for themselves.

use axum::Json;
use axum::extract::{Path, State};
use meltemi_core::access::Membership;
use meltemi_core::id::RecordRef;
use meltemi_core::sensitive::Sensitive;
use meltemi_core::time::Timestamp;
use serde::Serialize;

use super::error::ApiError;
use super::guard::Person;
use super::payload::{Id, Payload};
use super::{Shared, roster};
use crate::accounts::member::{Member, MemberPatch};

/// A member, as it is shown.
#[derive(Debug, Serialize)]
pub(super) struct MemberView {
    id: String,
    name: Sensitive<String>,
    email: Sensitive<String>,
    language: String,
    body: Option<RecordRef>,
    memberships: Vec<Membership>,
    active: bool,
    created: Timestamp,
}

impl MemberView {
    pub(super) fn new(member: Member) -> Self {
        Self {
            id: member.id,
            name: member.name,
            email: member.email,
            language: member.language,
            body: member.body,
            memberships: member.memberships,
            active: member.active,
            created: member.created,
        }
    }
}

/// `GET /api/members`: the members of programmes that one coordinates, and oneself.
pub(super) async fn list(
    State(shared): State<Shared>,
    Person(_, known): Person,
) -> Result<Json<Vec<MemberView>>, ApiError> {
    let members = shared
        .accounts(move |accounts| accounts.members_seen_by(Some(&known.member)))
        .await?;
    Ok(Json(members.into_iter().map(MemberView::new).collect()))
}

/// Somebody, as their colleagues see them.
#[derive(Debug, Serialize)]
pub(super) struct PersonView {
    id: String,
    name: Sensitive<String>,
    body: Option<RecordRef>,
}

/// `GET /api/people`: who the authors of changes are, of those with whom one shares a programme.
pub(super) async fn people(
    State(shared): State<Shared>,
    Person(_, known): Person,
) -> Result<Json<Vec<PersonView>>, ApiError> {
    let members = shared
        .accounts(move |accounts| accounts.colleagues(&known.member))
        .await?;
    let people = members.into_iter().map(|member| PersonView {
        id: member.id,
        name: member.name,
        body: member.body,
    });
    Ok(Json(people.collect()))
}

/// `GET /api/members/{id}`.
pub(super) async fn one(
    State(shared): State<Shared>,
    Person(_, known): Person,
    Path(id): Id,
) -> Result<Json<MemberView>, ApiError> {
    let member = shared
        .accounts(move |accounts| accounts.member_seen_by(Some(&known.member), &id))
        .await?;
    Ok(Json(MemberView::new(member)))
}

/// `PATCH /api/members/{id}`.
pub(super) async fn change(
    State(shared): State<Shared>,
    Person(caller, known): Person,
    Path(id): Id,
    Payload(patch): Payload<MemberPatch>,
) -> Result<Json<MemberView>, ApiError> {
    let by = caller.by();
    let (member, ended) = shared
        .accounts(move |accounts| accounts.change_member(Some(&known.member), &id, &patch, &by))
        .await?;
    // So that they are told to sign in again, and not that something has changed.
    for ended in &ended {
        shared.sockets.end(ended);
    }
    roster::changed(&shared).await?;
    Ok(Json(MemberView::new(member)))
}
