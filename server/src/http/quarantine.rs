//! Changes in quarantine: for coordinators to decide on, and for those who sent them to know.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use meltemi_core::id::DocumentId;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::Shared;
use super::error::ApiError;
use super::guard::Person;
use super::payload::{Id, Payload};
use crate::accounts::AccountsError;
use crate::accounts::quarantine::{Decision, Named, Quarantined, State as Outcome};
use crate::driver::Message;
use crate::limits;

/// `GET /api/quarantine`: what one decides on, and what became of one's own.
pub(super) async fn list(
    State(shared): State<Shared>,
    Person(_, known): Person,
) -> Result<Json<Vec<Named>>, ApiError> {
    let entries = shared
        .accounts(move |accounts| accounts.quarantined(Some(&known.member)))
        .await?;
    Ok(Json(entries))
}

/// `GET /api/quarantine/{id}/changes`: the changes, as Automerge writes them.
pub(super) async fn changes(
    State(shared): State<Shared>,
    Person(_, known): Person,
    Path(id): Id,
) -> Result<impl IntoResponse, ApiError> {
    let (_, changes) = shared
        .accounts(move |accounts| accounts.quarantined_changes(Some(&known.member), &id))
        .await?;
    Ok((
        [(header::CONTENT_TYPE, "application/octet-stream")],
        changes,
    ))
}

/// `POST /api/quarantine/{id}`: a decision. What is accepted is in the record before it counts as
/// decided, so that nothing is lost between the two.
pub(super) async fn decide(
    State(shared): State<Shared>,
    Person(caller, known): Person,
    Path(id): Id,
    Payload(decision): Payload<Decision>,
) -> Result<Json<Named>, ApiError> {
    if decision.decision == Outcome::Accepted {
        let (viewer, which) = (known.clone(), id.clone());
        let (entry, changes) = shared
            .accounts(move |accounts| accounts.quarantined_changes(Some(&viewer.member), &which))
            .await?;
        if entry.is_taken() {
            return Err(AccountsError::Decided.into());
        }
        accept(&shared, &entry, changes).await?;
    }
    let by = caller.by();
    let entry = shared
        .accounts(move |accounts| accounts.decide(Some(&known.member), &id, &decision, &by))
        .await?;
    Ok(Json(entry))
}

async fn accept(shared: &Shared, entry: &Quarantined, changes: Vec<u8>) -> Result<(), ApiError> {
    let document: DocumentId = entry.document.parse().map_err(|_| {
        tracing::error!(entry = entry.id, "quarantine names no document");
        ApiError::unavailable("this entry cannot be read; see the log of the server")
    })?;
    let stopping = || ApiError::unavailable("the server is stopping");
    let refused = entry.accepted(changes);
    let (reply, answer) = oneshot::channel();
    let message = Message::Accept {
        document,
        refused,
        reply,
    };
    let sent = shared.driver.send(message).await;
    sent.map_err(|_| stopping())?;
    let answer = timeout(limits::QUERY, answer).await.map_err(|_| {
        let message =
            format!("document {document} could not be read and written in time; try again later");
        ApiError::unavailable(message)
    })?;
    match answer.map_err(|_| stopping())? {
        Ok(_) => Ok(()),
        Err(refusal) => Err(ApiError::new(
            StatusCode::CONFLICT,
            refusal.code,
            refusal.message,
        )),
    }
}
