//! The whole HTTP surface.

pub(crate) mod attempts;
mod audit;
mod devices;
mod error;
mod guard;
mod health;
mod invitations;
mod join;
mod members;
mod metrics;
mod openid;
mod passkeys;
mod password;
pub(crate) mod payload;
pub(crate) mod quarantine;
mod records;
mod roster;
mod session;
mod sync;
mod tokens;
pub(crate) mod web;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{from_fn_with_state, map_response_with_state};
use axum::response::Response;
use axum::routing::{any, delete, get, patch, post};
use meltemi_core::id::ConnectionId;
use tokio::sync::{Mutex, mpsc, watch};

use self::attempts::Attempts;
use self::error::ApiError;
use self::web::WebClient;
use crate::auth::Authenticator;
use crate::driver::DriverHandle;
use crate::health::Health;
use crate::intake::Room;
use crate::limits;
use crate::openid::Openid;
use crate::outbox::Outboxes;
use crate::places::Places;
use crate::sockets::Sockets;

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) driver: DriverHandle,
    pub(crate) health: Health,
    pub(crate) authenticator: Arc<Authenticator>,
    pub(crate) attempts: Arc<Attempts>,
    pub(crate) openid: Arc<Openid>,
    pub(crate) sockets: Sockets,
    /// Held by whoever tells the engine of members.
    pub(crate) roster: Arc<Mutex<()>>,
    pub(crate) web: Arc<WebClient>,
    pub(crate) stopping: watch::Receiver<bool>,
    /// Held by every open connection, so that one can wait for the last.
    pub(crate) open: mpsc::Sender<()>,
    /// What waits for all connections together.
    pub(crate) outboxes: Outboxes,
    /// Room for what comes in over all connections together.
    pub(crate) intake: Room,
    pub(crate) places: Places,
    pub(crate) connections: Arc<AtomicU64>,
    /// Who decides on changes in quarantine.
    pub(crate) deciding: quarantine::Deciding,
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
        .route("/api/records/{id}/history", get(records::history))
        .route(
            "/api/session",
            get(session::show)
                .post(session::sign_in)
                .delete(session::sign_out),
        )
        .route("/api/session/passkey", post(passkeys::sign_in))
        .route("/api/session/passkey/begin", post(passkeys::begin_sign_in))
        .route("/api/join", post(join::join))
        .route("/api/join/passkey", post(passkeys::join))
        .route("/api/join/passkey/begin", post(passkeys::begin_join))
        .route("/api/join/look", post(join::look))
        .route("/api/join/role", post(join::join_as_member))
        .route("/api/password", post(password::change))
        .route("/api/recovery", post(password::recover))
        .route("/api/recovery/codes", post(password::codes))
        .route(
            "/api/invitations",
            get(invitations::list).post(invitations::make),
        )
        .route("/api/invitations/{id}", delete(invitations::withdraw))
        .route("/api/members", get(members::list))
        .route("/api/people", get(members::people))
        .route(
            "/api/members/{id}",
            get(members::one).patch(members::change),
        )
        .route("/api/devices", get(devices::list))
        .route(
            "/api/devices/{id}",
            patch(devices::name).delete(devices::revoke),
        )
        .route("/api/passkeys", get(passkeys::list).post(passkeys::add))
        .route("/api/passkeys/begin", post(passkeys::begin))
        .route(
            "/api/passkeys/{id}",
            patch(passkeys::name).delete(passkeys::remove),
        )
        .route("/api/tokens", get(tokens::list).post(tokens::make))
        .route("/api/tokens/{id}", delete(tokens::revoke))
        .route("/api/audit", get(audit::list))
        .route("/api/quarantine", get(quarantine::list))
        .route("/api/quarantine/{id}", post(quarantine::decide))
        .route("/api/quarantine/{id}/changes", get(quarantine::changes))
        .route("/api/openid", get(openid::list))
        .route("/api/openid/callback", get(openid::callback))
        .route("/api/openid/links", get(openid::links))
        .route("/api/openid/links/{id}", delete(openid::unlink))
        .route("/api/openid/{key}/begin", post(openid::begin))
        .route("/api/openid/{key}/link", post(openid::begin_link))
        .route("/api/{*rest}", any(no_such_resource))
        .route("/healthz", get(health::healthz))
        .route("/metrics", get(metrics::metrics))
        .route("/readyz", get(health::readyz))
        .fallback(web::file)
        .layer(DefaultBodyLimit::max(limits::BODY_BYTES))
        .method_not_allowed_fallback(no_such_method)
        .layer(from_fn_with_state(shared.clone(), guard::guard))
        .layer(map_response_with_state(shared.clone(), secure))
        .with_state(shared)
}

async fn no_such_resource() -> ApiError {
    let message = "there is nothing at this address; records are at /api/records";
    ApiError::new(StatusCode::NOT_FOUND, "not-found", message)
}

async fn no_such_method() -> ApiError {
    let message = "this address does not take requests of this method";
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "no-such-method", message)
}

/// Only what this server hands out itself may run in its pages.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
                      img-src 'self' data:; connect-src 'self'; worker-src 'self'; \
                      manifest-src 'self'; object-src 'none'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

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

/// Browsers that have been here by HTTPS come by nothing else for two years.
const HTTPS_ONLY: &str = "max-age=63072000";

async fn secure(State(shared): State<Shared>, mut response: Response) -> Response {
    let headers = response.headers_mut();
    if shared.authenticator.is_secure() {
        let https_only = HeaderValue::from_static(HTTPS_ONLY);
        headers.insert(header::STRICT_TRANSPORT_SECURITY, https_only);
    }
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Records change; files of the client have said already how they are kept.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}
