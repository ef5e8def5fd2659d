//! The whole HTTP surface.

mod error;
mod health;
mod metrics;
mod records;
mod sync;
pub(crate) mod web;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{any, get};
use axum::{Json, Router};
use meltemi_core::id::ConnectionId;
use tokio::sync::{mpsc, watch};

use self::error::ApiError;
use self::web::WebClient;
use crate::auth::Authenticator;
use crate::driver::DriverHandle;
use crate::health::Health;
use crate::limits;
use crate::outbox::Outboxes;
use crate::places::Places;

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) driver: DriverHandle,
    pub(crate) health: Health,
    pub(crate) authenticator: Arc<Authenticator>,
    pub(crate) web: Arc<WebClient>,
    pub(crate) stopping: watch::Receiver<bool>,
    /// Held by every open connection, so that one can wait for the last.
    pub(crate) open: mpsc::Sender<()>,
    /// What waits for all connections together.
    pub(crate) outboxes: Outboxes,
    pub(crate) places: Places,
    pub(crate) connections: Arc<AtomicU64>,
}

impl Shared {
    fn next_connection(&self) -> ConnectionId {
        ConnectionId(self.connections.fetch_add(1, Ordering::Relaxed))
    }
}

/// Every address this server answers.
pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/sync", any(sync::connect))
        .route("/api/records", get(records::list))
        .route("/api/records/{id}", get(records::one))
        .route("/api/session", get(session))
        .route("/api/{*rest}", any(no_such_resource))
        .route("/healthz", get(health::healthz))
        .route("/metrics", get(metrics::metrics))
        .route("/readyz", get(health::readyz))
        .fallback(web::file)
        .layer(DefaultBodyLimit::max(limits::BODY_BYTES))
        .layer(map_response(secure))
        .with_state(shared)
}

/// Who one is. There are no accounts yet: the server lets everybody in who reaches it.
async fn session() -> Json<serde_json::Value> {
    Json(serde_json::json!({ "open": true }))
}

async fn no_such_resource() -> ApiError {
    let message = "there is nothing at this address; records are at /api/records";
    ApiError::new(StatusCode::NOT_FOUND, "not-found", message)
}

/// Only what this server hands out itself may run in its pages.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
                      img-src 'self' data:; connect-src 'self'; worker-src 'self'; \
                      manifest-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

async fn secure(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Records change; files of the client have said already how they are kept.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}
