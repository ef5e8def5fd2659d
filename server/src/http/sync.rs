//! Where devices connect.

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{State, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::Response;

use super::guard::blocking;
use super::{Shared, error::ApiError};
use crate::auth::{Caller, Denied};
use crate::outbox::outbox;
use crate::socket::Entitlement;
use crate::{limits, socket};

/// Opens a connection for somebody whom the guard has let in.
pub(crate) async fn connect(
    State(shared): State<Shared>,
    caller: Caller,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let upgrade = upgrade.map_err(|_| {
        let message = "this address speaks WebSocket (automerge-repo protocol version 1)";
        ApiError::new(StatusCode::UPGRADE_REQUIRED, "not-a-websocket", message)
    })?;
    let principal = caller.principal();
    let place = shared
        .places
        .enter(&principal)
        .map_err(|full| ApiError::unavailable(full.to_string()))?;
    let held = hold(&shared, &caller).await?;
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
            held,
        )
        .await;
        drop((place, open));
    }))
}

/// A place among the connections that end when access ends; none on an open server.
async fn hold(shared: &Shared, caller: &Caller) -> Result<Option<Entitlement>, ApiError> {
    let Some(known) = caller.known.clone() else {
        return Ok(None);
    };
    let place = shared.sockets.enter(known.holder.clone(), caller.address);
    let place =
        place.map_err(|error| ApiError::too_many(limits::CONNECT_AGAIN, error.to_string()))?;
    // What was taken away before the place was there did not end this connection.
    let expires = known.expires;
    let authenticator = shared.authenticator.clone();
    let still = blocking(move || authenticator.is_still_known(&known.holder)).await??;
    if !still {
        return Err(Denied::SignInNeeded.into());
    }
    Ok(Some(Entitlement { place, expires }))
}
