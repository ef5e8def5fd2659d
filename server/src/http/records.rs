//! Records as JSON, for other programs to read.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use meltemi_core::command::CommandError;
use meltemi_core::id::{DocumentId, DocumentIdError};
use meltemi_core::record::KINDS;
use meltemi_core::sync::policy::Principal;
use meltemi_core::view::RecordView;
use meltemi_core::view::history::HistoryView;
use serde::Deserialize;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{Shared, error::ApiError};
use crate::auth::Caller;
use crate::driver::Message;
use crate::limits;

/// Which records are asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    kind: Option<String>,
}

/// All records, or all of one kind, as one array. Sent record by record.
pub(crate) async fn list(
    State(shared): State<Shared>,
    caller: Caller,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(which) = which.map_err(|_| {
        ApiError::new(
            StatusCode::BAD_REQUEST,
            "bad-query",
            "only kind can be asked for, as ?kind=event",
        )
    })?;
    let kind = which.kind.as_deref().map(known_kind).transpose()?;
    let (reply, documents) = oneshot::channel();
    let principal = caller.principal();
    let message = Message::List {
        principal: principal.clone(),
        kind,
        reply,
    };
    ask(&shared, message).await?;
    let documents = documents.await.map_err(|_| stopping())?;
    let items = stream::unfold(Items::new(shared, principal, documents), Items::next);
    Ok((
        [(header::CONTENT_TYPE, "application/json")],
        Body::from_stream(items),
    )
        .into_response())
}

/// One record.
pub(crate) async fn one(
    State(shared): State<Shared>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<RecordView>, ApiError> {
    let document = document_id(&id)?;
    record(&shared, &caller.principal(), document)
        .await
        .map(|record| Json(*record))
}

/// Which part of a history is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    #[serde(default)]
    skip: usize,
    #[serde(default)]
    count: Option<usize>,
}

/// `GET /api/records/{id}/history`: who changed what, by whom it was sent and when it came in.
pub(crate) async fn history(
    State(shared): State<Shared>,
    caller: Caller,
    Path(id): Path<String>,
    part: Result<Query<Part>, QueryRejection>,
) -> Result<Json<HistoryView>, ApiError> {
    let Query(part) = part.map_err(|_| {
        let message = "only skip and count can be asked for, as ?skip=20&count=20";
        ApiError::new(StatusCode::BAD_REQUEST, "bad-query", message)
    })?;
    let document = document_id(&id)?;
    let count = part.count.unwrap_or(limits::HISTORY).min(limits::HISTORY);
    let (reply, answer) = oneshot::channel();
    let message = Message::History {
        principal: caller.principal(),
        document,
        part: part.skip..part.skip.saturating_add(count),
        reply,
    };
    ask(&shared, message).await?;
    answered(document, answer).await.map(Json)
}

fn document_id(text: &str) -> Result<DocumentId, ApiError> {
    text.parse().map_err(|error: DocumentIdError| {
        let status = StatusCode::BAD_REQUEST;
        ApiError::new(status, "bad-document-id", error.to_string())
    })
}

fn known_kind(name: &str) -> Result<&'static str, ApiError> {
    meltemi_core::record::kind(name)
        .map(|kind| kind.name)
        .ok_or_else(|| {
            let known: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
            let message = format!(
                "there is no such record kind; known kinds are {}",
                known.join(", ")
            );
            ApiError::new(StatusCode::BAD_REQUEST, "unknown-kind", message)
        })
}

async fn record(
    shared: &Shared,
    principal: &Principal,
    document: DocumentId,
) -> Result<Box<RecordView>, ApiError> {
    let (reply, answer) = oneshot::channel();
    ask(
        shared,
        Message::Record {
            principal: principal.clone(),
            document,
            reply,
        },
    )
    .await?;
    answered(document, answer).await
}

/// What the driver answers about a document.
async fn answered<T>(
    document: DocumentId,
    answer: oneshot::Receiver<Result<T, CommandError>>,
) -> Result<T, ApiError> {
    let answer = timeout(limits::QUERY, answer).await.map_err(|_| {
        ApiError::unavailable(format!(
            "document {document} could not be loaded in time; try again later"
        ))
    })?;
    answer
        .map_err(|_| stopping())?
        .map_err(|error| match error {
            CommandError::NotHere(_) => {
                let message = format!("there is no document {document} on this server");
                ApiError::new(StatusCode::NOT_FOUND, "not-found", message)
            }
            other => ApiError::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "not-a-record",
                other.to_string(),
            ),
        })
}

async fn ask(shared: &Shared, message: Message) -> Result<(), ApiError> {
    shared.driver.send(message).await.map_err(|_| stopping())
}

fn stopping() -> ApiError {
    ApiError::unavailable("the server is stopping")
}

/// The pieces of an array, made as they are sent.
struct Items {
    shared: Shared,
    principal: Principal,
    documents: std::vec::IntoIter<DocumentId>,
    state: Position,
}

enum Position {
    Before,
    First,
    Later,
    After,
}

/// The answer is cut off, so that the other side does not take half a list for a whole one.
#[derive(Debug, thiserror::Error)]
#[error("a record could not be read")]
struct CutOff;

impl Items {
    fn new(shared: Shared, principal: Principal, documents: Vec<DocumentId>) -> Self {
        Self {
            shared,
            principal,
            documents: documents.into_iter(),
            state: Position::Before,
        }
    }

    async fn next(mut self) -> Option<(Result<Bytes, CutOff>, Self)> {
        let mut piece = Vec::new();
        match self.state {
            Position::After => return None,
            Position::Before => {
                piece.push(b'[');
                self.state = Position::First;
            }
            Position::First | Position::Later => loop {
                let Some(document) = self.documents.next() else {
                    self.state = Position::After;
                    piece.extend_from_slice(b"]\n");
                    break;
                };
                match record(&self.shared, &self.principal, document).await {
                    Ok(record) => {
                        if matches!(self.state, Position::Later) {
                            piece.extend_from_slice(b",\n");
                        }
                        self.state = Position::Later;
                        if serde_json::to_writer(&mut piece, &record).is_err() {
                            self.state = Position::After;
                            return Some((Err(CutOff), self));
                        }
                        break;
                    }
                    // Nothing of it is left that could be shown.
                    Err(error) if error.is_about_request() => {
                        tracing::warn!(%document, "left out of a list: it cannot be read");
                    }
                    Err(_) => {
                        self.state = Position::After;
                        return Some((Err(CutOff), self));
                    }
                }
            },
        }
        Some((Ok(piece.into()), self))
    }
}
