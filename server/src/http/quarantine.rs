//! Changes in quarantine: for coordinators to decide on, and for those who sent them to know.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
use crate::accounts::quarantine::{Decision, Named, Quarantined, State as Outcome};
use crate::accounts::{AccountsError, Known};
use crate::auth::Caller;
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

/// `POST /api/quarantine/{id}`: a decision. What is accepted is in the record, on the disk, before it
/// counts as decided, so that nothing is lost between the two.
pub(super) async fn decide(
    State(shared): State<Shared>,
    Person(caller, known): Person,
    Path(id): Id,
    Payload(decision): Payload<Decision>,
) -> Result<Json<Named>, ApiError> {
    let deciding = shared.deciding.begin(&id).ok_or_else(under_way)?;
    if decision.decision == Outcome::Accepted {
        let (viewer, which) = (known.clone(), id.clone());
        let (entry, changes) = shared
            .accounts(move |accounts| accounts.quarantined_changes(Some(&viewer.member), &which))
            .await?;
        if entry.is_taken() {
            return Err(AccountsError::Decided.into());
        }
        // Goes on when nobody waits for it any more: what is in the record counts as decided.
        let task = tokio::spawn(async move {
            let _deciding = deciding;
            accept(&shared, &entry, changes).await?;
            end(&shared, caller, known, id, decision).await
        });
        let late = || {
            let message = "the record could not be read and written in time; it goes on, look again \
                           later";
            ApiError::unavailable(message)
        };
        let ended = timeout(limits::QUERY, task).await.map_err(|_| late())?;
        return ended.map_err(|_| late())?;
    }
    end(&shared, caller, known, id, decision).await
}

/// Notes what was decided.
async fn end(
    shared: &Shared,
    caller: Caller,
    known: Arc<Known>,
    id: String,
    decision: Decision,
) -> Result<Json<Named>, ApiError> {
    let by = caller.by();
    let entry = shared
        .accounts(move |accounts| accounts.decide(Some(&known.member), &id, &decision, &by))
        .await?;
    Ok(Json(entry))
}

fn under_way() -> ApiError {
    ApiError::unavailable("somebody is deciding on this just now; look again later")
}

/// Entries of quarantine that are being decided on: nobody else decides on them meanwhile.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deciding(Arc<Mutex<BTreeSet<String>>>);

/// That one is. Ends when dropped.
struct UnderWay(Deciding, String);

impl Deciding {
    fn all(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing when somebody has begun already.
    fn begin(&self, id: &str) -> Option<UnderWay> {
        let new = self.all().insert(id.to_owned());
        new.then(|| UnderWay(self.clone(), id.to_owned()))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.all().remove(&self.1);
    }
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
    match answer.await.map_err(|_| stopping())? {
        Ok(_) => Ok(()),
        Err(refusal) => Err(ApiError::new(
            StatusCode::CONFLICT,
            refusal.code,
            refusal.message,
        )),
    }
}
