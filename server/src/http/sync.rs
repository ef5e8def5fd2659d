//! Where devices connect.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::guard::blocking;
use super::{Shared, error::ApiError};
use crate::auth::{Caller, Denied};
use crate::intake::Intake;
use crate::intake::stream::IntakeStream;
use crate::outbox::outbox;
use crate::socket::Entitlement;
use crate::{limits, socket};

/// Opens a connection for somebody whom the guard has let in.
pub(crate) async fn connect(
    State(shared): State<Shared>,
    caller: Caller,
    mut request: Request,
) -> Result<Response, ApiError> {
    let response = create_response_with_body(&request, Body::empty).map_err(|_| {
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
    let config = WebSocketConfig::default()
        .read_buffer_size(limits::READ_BYTES)
        .max_message_size(Some(limits::MESSAGE_BYTES))
        .max_frame_size(Some(limits::READ_BYTES));
    let upgrade = hyper::upgrade::on(&mut request);
    let ends = outbox(&shared.outboxes, place.share());
    let intake = Intake::new(place.intake(), &shared.intake);
    let open = shared.open.clone();
    tokio::spawn(async move {
        let upgraded = match upgrade.await {
            Ok(upgraded) => TokioIo::new(upgraded),
            Err(error) => {
                tracing::debug!(connection = connection.0, %error, "no connection");
                return;
            }
        };
        let stream = IntakeStream::new(upgraded, intake.clone());
        let socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
        tracing::debug!(connection = connection.0, "connection open");
        socket::serve(
            (socket, intake),
            connection,
            principal,
            shared.driver,
            ends,
            shared.stopping,
            held,
        )
        .await;
        drop((place, open));
    });
    Ok(response)
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
