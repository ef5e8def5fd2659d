//! Where devices connect.

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{State, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::{Shared, error::ApiError};
use crate::outbox::outbox;
use crate::{limits, socket};

/// Opens a connection, once it is known who asks for it.
pub(crate) async fn connect(
    State(shared): State<Shared>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let principal = shared
        .authenticator
        .authenticate(&headers)
        .map_err(|denied| {
            tracing::warn!(%denied, "connection refused");
            ApiError::new(
                StatusCode::FORBIDDEN,
                "origin-not-allowed",
                denied.to_string(),
            )
        })?;
    let upgrade = upgrade.map_err(|_| {
        let message = "this address speaks WebSocket (automerge-repo protocol version 1)";
        ApiError::new(StatusCode::UPGRADE_REQUIRED, "not-a-websocket", message)
    })?;
    let place = shared
        .places
        .enter(&principal)
        .map_err(|full| ApiError::unavailable(full.to_string()))?;
    let connection = shared.next_connection();
    let upgrade = upgrade
        .read_buffer_size(limits::READ_BYTES)
        .max_message_size(limits::MESSAGE_BYTES)
        .max_frame_size(limits::MESSAGE_BYTES);
    let ends = outbox(&shared.outboxes, place.share());
    let open = shared.open.clone();
    Ok(upgrade.on_upgrade(move |socket| async move {
        tracing::debug!(connection = connection.0, "connection open");
        socket::serve(
            socket,
            connection,
            principal,
            shared.driver,
            ends,
            shared.stopping,
        )
        .await;
        drop((place, open));
    }))
}
