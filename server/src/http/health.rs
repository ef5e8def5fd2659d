//! Whether the process is up, and whether it can do its work.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Shared, error::ApiError};

/// The process is up.
pub(crate) async fn healthz() -> Json<Value> {
    Json(json!({ "status": "up", "version": env!("CARGO_PKG_VERSION") }))
}

/// The catalogue is loaded and the disk takes writes.
pub(crate) async fn readyz(State(shared): State<Shared>) -> Result<Json<Value>, ApiError> {
    match shared.health.obstacle() {
        None => Ok(Json(json!({ "status": "ready" }))),
        Some((code, message)) => Err(ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            code,
            message,
        )),
    }
}
