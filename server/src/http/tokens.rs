//! The tokens of the member who asks.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use meltemi_core::sensitive::Sensitive;
use meltemi_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::error::ApiError;
use super::guard::Person;
use super::payload::{Id, Payload, date, days};
use crate::accounts::token::{NewToken, Scope, Token};

/// A token to be made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MakeToken {
    name: Sensitive<String>,
    scopes: Vec<Scope>,
    #[serde(default)]
    days: Option<u32>,
}

/// A token, as it is shown.
#[derive(Debug, Serialize)]
pub(super) struct TokenView {
    id: String,
    name: Sensitive<String>,
    scopes: Vec<Scope>,
    created: Timestamp,
    expires: Timestamp,
    /// Day on which it was used last.
    seen: Option<String>,
    /// The token itself, once.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl TokenView {
    fn new(token: Token) -> Self {
        Self {
            id: token.id,
            name: token.name,
            scopes: token.scopes,
            created: token.created,
            expires: token.expires,
            seen: token.seen.map(date),
            secret: None,
        }
    }
}

/// `GET /api/tokens`.
pub(super) async fn list(
    State(shared): State<Shared>,
    Person(_, known): Person,
) -> Result<Json<Vec<TokenView>>, ApiError> {
    let tokens = shared
        .accounts(move |accounts| accounts.tokens(Some(&known.member.id)))
        .await?;
    Ok(Json(tokens.into_iter().map(TokenView::new).collect()))
}

/// `POST /api/tokens`.
pub(super) async fn make(
    State(shared): State<Shared>,
    Person(caller, known): Person,
    Payload(make): Payload<MakeToken>,
) -> Result<(StatusCode, Json<TokenView>), ApiError> {
    let by = caller.by();
    let new = NewToken {
        name: make.name,
        scopes: make.scopes,
        lasts: days(make.days),
    };
    let (token, secret) = shared
        .accounts(move |accounts| accounts.make_token(&known.member.id, &new, &by))
        .await?;
    let view = TokenView {
        secret: Some(secret.expose().to_owned()),
        ..TokenView::new(token)
    };
    Ok((StatusCode::CREATED, Json(view)))
}

/// `DELETE /api/tokens/{id}`: ends its connections.
pub(super) async fn revoke(
    State(shared): State<Shared>,
    Person(caller, known): Person,
    Path(id): Id,
) -> Result<StatusCode, ApiError> {
    let by = caller.by();
    let ended = shared
        .accounts(move |accounts| accounts.revoke_token(Some(&known.member.id), &id, &by))
        .await?;
    shared.sockets.end(&ended);
    Ok(StatusCode::NO_CONTENT)
}
