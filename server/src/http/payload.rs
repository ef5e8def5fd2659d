//! Bodies of requests: JSON of one form and no other, and not too much of it.

use axum::body::Bytes;
use axum::extract::{FromRequest, Path, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;

use super::{Shared, error::ApiError};

/// The body of a request.
pub(super) struct Payload<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Shared> for Payload<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, shared).await.map_err(|_| {
            let message = "the body is too long, or did not arrive";
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "bad-body", message)
        })?;
        let value = serde_json::from_slice(&bytes).map_err(|error| {
            let message = format!("the body is not what this address takes: {error}");
            ApiError::new(StatusCode::BAD_REQUEST, "bad-body", message)
        })?;
        Ok(Self(value))
    }
}

/// The id in an address.
pub(super) type Id = Path<String>;

/// As many days as a request asks for.
pub(crate) fn days(days: Option<u32>) -> Option<std::time::Duration> {
    days.map(|days| std::time::Duration::from_hours(u64::from(days) * 24))
}

/// A day counted from 1970, as a date.
pub(crate) fn date(day: u64) -> String {
    let time = meltemi_core::time::Timestamp(day.saturating_mul(86_400_000));
    crate::clock::iso(time).chars().take(10).collect()
}
