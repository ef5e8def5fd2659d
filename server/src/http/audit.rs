//! The audit log, for coordinators.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::error::ApiError;
use super::guard::Person;
use crate::accounts::audit::AuditEntry;
use crate::accounts::{Accounts, AccountsError};
use crate::limits;

/// Which entries are asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    before: Option<u64>,
}

/// Entries, newest first.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    entries: Vec<AuditEntry>,
    /// What to ask for as `before` for older ones; null when there are none.
    next: Option<u64>,
}

/// `GET /api/audit`.
pub(super) async fn list(
    State(shared): State<Shared>,
    Person(_, known): Person,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Json<Page>, ApiError> {
    let Query(which) = which.map_err(|_| {
        let message = "only older entries can be asked for, as ?before=100";
        ApiError::new(StatusCode::BAD_REQUEST, "bad-query", message)
    })?;
    if !known.member.is_coordinator() {
        return Err(AccountsError::NotAllowed("only coordinators read the audit log").into());
    }
    let page = move |accounts: &Accounts| {
        accounts.audit_seen_by(&known.member, which.before, limits::AUDIT_PAGE)
    };
    let (entries, next) = shared.accounts(page).await?;
    Ok(Json(Page { entries, next }))
}
