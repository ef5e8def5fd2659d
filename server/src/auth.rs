//! Who is at the other end, found out before a connection is accepted.
//!
//! Until there are accounts everybody is the built-in principal. What comes later changes
//! [`Authenticator`] and nothing else: no byte of a connection is read before it has answered.

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Uri};
use meltemi_core::sync::policy::Principal;

/// Decides who may connect.
#[derive(Debug, Clone, Default)]
pub(crate) struct Authenticator {
    allowed_origins: Vec<String>,
}

/// Why somebody may not connect.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Denied {
    /// A web page of another site opened the connection.
    #[error(
        "pages of {0} may not connect to this server; if they should, start it with \
         --allow-origin {0}"
    )]
    Origin(String),
}

impl Authenticator {
    /// Lets web pages of these origins connect, besides those this server hands out itself.
    pub(crate) fn new(allowed_origins: Vec<String>) -> Self {
        Self { allowed_origins }
    }

    /// Who sent the request with these headers.
    pub(crate) fn authenticate(&self, headers: &HeaderMap) -> Result<Principal, Denied> {
        self.check_origin(headers)?;
        Ok(Principal::built_in())
    }

    /// Browsers let any page open a WebSocket to any server and say which page it was. Programs
    /// that are no browser send no origin.
    fn check_origin(&self, headers: &HeaderMap) -> Result<(), Denied> {
        let Some(origin) = headers.get(ORIGIN) else {
            return Ok(());
        };
        let origin = String::from_utf8_lossy(origin.as_bytes());
        let own = headers.get(HOST).and_then(|host| host.to_str().ok());
        let authority = origin
            .parse::<Uri>()
            .ok()
            .and_then(|uri| uri.authority().cloned());
        let same =
            authority.is_some_and(|a| own.is_some_and(|own| a.as_str().eq_ignore_ascii_case(own)));
        if same
            || self
                .allowed_origins
                .iter()
                .any(|allowed| *allowed == origin)
        {
            Ok(())
        } else {
            Err(Denied::Origin(
                origin
                    .chars()
                    .filter(|c| !c.is_control())
                    .take(200)
                    .collect(),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(host: &str, origin: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().expect("a header"));
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().expect("a header"));
        }
        headers
    }

    #[test]
    fn pages_of_other_sites_may_not_connect_unless_allowed() {
        let auth = Authenticator::new(vec!["https://cities.example".to_owned()]);
        let ask = |origin| {
            auth.authenticate(&headers("localhost:8080", origin))
                .is_ok()
        };
        assert!(ask(None));
        assert!(ask(Some("http://localhost:8080")));
        assert!(ask(Some("https://cities.example")));
        assert!(!ask(Some("https://evil.example")));
        assert!(!ask(Some("http://localhost:8081")));
        assert!(!ask(Some("null")));
    }
}
