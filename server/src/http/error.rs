//! How a request is refused: a status, and a stable word and a sentence as JSON.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::accounts::AccountsError;
use crate::accounts::password::PasswordError;
use crate::auth::Denied;
use crate::openid::provider::NotProved;

/// A refusal.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    retry_after: Option<Duration>,
    body: Body,
}

#[derive(Debug, Serialize)]
struct Body {
    /// Stable word for programs.
    code: &'static str,
    /// A sentence for a person.
    message: String,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            retry_after: None,
            body: Body {
                code,
                message: message.into(),
            },
        }
    }

    /// Whether what was asked for is refused, not that the server cannot give.
    pub(crate) fn is_about_request(&self) -> bool {
        self.status.is_client_error()
    }

    /// The stable word.
    pub(crate) const fn code(&self) -> &'static str {
        self.body.code
    }

    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
    }

    /// Somebody has tried too often.
    pub(crate) fn too_many(wait: Duration, message: impl Into<String>) -> Self {
        Self {
            retry_after: Some(wait),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-attempts", message)
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        let headers = response.headers_mut();
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_millis().div_ceil(1_000);
            if let Ok(seconds) = HeaderValue::from_str(&seconds.to_string()) {
                headers.insert(header::RETRY_AFTER, seconds);
            }
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let ways = HeaderValue::from_static("Bearer realm=\"meltemi\"");
            headers.insert(header::WWW_AUTHENTICATE, ways);
        }
        response
    }
}

impl From<AccountsError> for ApiError {
    fn from(error: AccountsError) -> Self {
        use AccountsError as E;
        let message = error.to_string();
        let (status, code) = match error {
            E::Database(_) | E::Random(_) | E::Output(_) | E::Password(PasswordError::List(_)) => {
                tracing::error!(%error, "accounts cannot be used");
                let message = "accounts cannot be used at the moment; try again later";
                return Self::unavailable(message);
            }
            E::Password(PasswordError::Hash(_)) => {
                tracing::error!(%error, "a password cannot be hashed");
                return Self::unavailable("the password cannot be used at the moment");
            }
            E::Password(PasswordError::TooShort) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "password-too-short")
            }
            E::Password(PasswordError::TooLong) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "password-too-long")
            }
            E::Password(PasswordError::Breached) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "password-breached")
            }
            E::Busy => return Self::unavailable(message),
            E::WrongCredentials => (StatusCode::UNAUTHORIZED, "wrong-credentials"),
            E::PasskeyRefused => (StatusCode::UNAUTHORIZED, "passkey-refused"),
            E::NoName => (StatusCode::CONFLICT, "passkeys-need-a-name"),
            E::SignInAgain => (StatusCode::FORBIDDEN, "sign-in-again"),
            E::NoInvitation => (StatusCode::GONE, "invitation-unusable"),
            E::EmailTaken => (StatusCode::CONFLICT, "email-taken"),
            E::BadField(..) => (StatusCode::UNPROCESSABLE_ENTITY, "bad-field"),
            E::NotAllowed(_) => (StatusCode::FORBIDDEN, "not-allowed"),
            E::NoSuch(_) => (StatusCode::NOT_FOUND, "not-found"),
            E::LastCoordinator(_) => (StatusCode::CONFLICT, "last-coordinator"),
            E::NotLinked => (StatusCode::FORBIDDEN, "openid-unknown"),
            E::Linked => (StatusCode::CONFLICT, "openid-linked"),
            E::OtherProvider => (StatusCode::FORBIDDEN, "openid-not-allowed"),
            E::LastWay => (StatusCode::CONFLICT, "last-way"),
            E::Decided => (StatusCode::CONFLICT, "decided"),
            E::TooMany(_) => (StatusCode::CONFLICT, "too-many"),
        };
        Self::new(status, code, message)
    }
}

impl From<NotProved> for ApiError {
    fn from(error: NotProved) -> Self {
        let message = error.to_string();
        match error {
            NotProved::Unavailable(_) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "openid-unavailable",
                message,
            ),
            NotProved::Code | NotProved::OtherIssuer | NotProved::Token(_) => {
                Self::new(StatusCode::FORBIDDEN, "openid-refused", message)
            }
        }
    }
}

impl From<Denied> for ApiError {
    fn from(denied: Denied) -> Self {
        let message = denied.to_string();
        match denied {
            Denied::Origin(_) => Self::new(StatusCode::FORBIDDEN, "origin-not-allowed", message),
            Denied::Host(_) => Self::new(StatusCode::FORBIDDEN, "host-not-allowed", message),
            Denied::CrossSite => Self::new(StatusCode::FORBIDDEN, "cross-site", message),
            Denied::SignInNeeded => Self::new(StatusCode::UNAUTHORIZED, "sign-in-needed", message),
            Denied::Scope => Self::new(StatusCode::FORBIDDEN, "scope-missing", message),
            Denied::Accounts(error) => error.into(),
        }
    }
}
