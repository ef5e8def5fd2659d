//! The devices of the member who asks.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use meltemi_core::sensitive::Sensitive;
use meltemi_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::error::ApiError;
use super::guard::Person;
use super::payload::{Id, Payload, date};
use crate::accounts::device::Device;
use crate::accounts::{Held, Known};

/// A device, as it is shown.
#[derive(Debug, Serialize)]
pub(super) struct DeviceView {
    id: String,
    name: Sensitive<String>,
    created: Timestamp,
    /// Day on which it was seen last.
    seen: String,
    revoked: Option<Timestamp>,
    /// Whether it is the one that asks.
    current: bool,
}

/// What is to change of a device.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DevicePatch {
    name: Sensitive<String>,
}

impl DeviceView {
    pub(super) fn new(device: &Device, current: Option<&str>) -> Self {
        Self {
            current: current == Some(&device.id),
            id: device.id.clone(),
            name: device.name.clone(),
            created: device.created,
            seen: date(device.seen),
            revoked: device.revoked,
        }
    }
}

fn current(known: &Known) -> Option<&str> {
    match &known.holder.by {
        Held::Session { device, .. } => Some(device),
        Held::Token(_) => None,
    }
}

/// `GET /api/devices`.
pub(super) async fn list(
    State(shared): State<Shared>,
    Person(_, known): Person,
) -> Result<Json<Vec<DeviceView>>, ApiError> {
    let member = known.member.id.clone();
    let devices = shared
        .accounts(move |accounts| accounts.devices(Some(&member)))
        .await?;
    let view = |device| DeviceView::new(device, current(&known));
    Ok(Json(devices.iter().map(view).collect()))
}

/// `PATCH /api/devices/{id}`.
pub(super) async fn name(
    State(shared): State<Shared>,
    Person(caller, known): Person,
    Path(id): Id,
    Payload(patch): Payload<DevicePatch>,
) -> Result<Json<DeviceView>, ApiError> {
    let by = caller.by();
    let member = known.member.id.clone();
    let device = shared
        .accounts(move |accounts| accounts.name_device(&member, &id, &patch.name, &by))
        .await?;
    Ok(Json(DeviceView::new(&device, current(&known))))
}

/// `DELETE /api/devices/{id}`: ends its sessions and connections.
pub(super) async fn revoke(
    State(shared): State<Shared>,
    Person(caller, known): Person,
    Path(id): Id,
) -> Result<StatusCode, ApiError> {
    let by = caller.by();
    let ended = shared
        .accounts(move |accounts| accounts.revoke_device(Some(&known.member.id), &id, &by))
        .await?;
    shared.sockets.end(&ended);
    Ok(StatusCode::NO_CONTENT)
}
