//! Which pages, names and proxies are believed, and what is read from a request.

use super::*;

fn headers(host: &str, origin: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(HOST, host.parse().expect("a header"));
    if let Some(origin) = origin {
        headers.insert(ORIGIN, origin.parse().expect("a header"));
    }
    headers
}

fn authenticator(door: DoorKind) -> Authenticator {
    let allowed = vec!["https://cities.example".to_owned()];
    Authenticator::new(None, allowed, door)
}

#[test]
fn pages_of_other_sites_may_not_connect_unless_allowed() {
    let auth = authenticator(DoorKind::Plain);
    let ask = |origin| {
        auth.check_origin(&headers("localhost:8080", origin))
            .is_ok()
    };
    assert!(ask(None));
    assert!(ask(Some("http://localhost:8080")));
    assert!(ask(Some("https://cities.example")));
    assert!(!ask(Some("https://evil.example")));
    assert!(!ask(Some("http://localhost:8081")));
    assert!(!ask(Some("null")));
}

#[test]
fn only_own_pages_change_something() {
    let ask = |door, origin| {
        let headers = headers("meltemi.example", origin);
        authenticator(door).check_same_origin(&headers).is_ok()
    };
    assert!(ask(DoorKind::Plain, Some("http://meltemi.example")));
    assert!(ask(DoorKind::Tls, Some("https://meltemi.example")));
    assert!(!ask(DoorKind::Tls, Some("http://meltemi.example")));
    assert!(!ask(DoorKind::BehindHttps, Some("https://cities.example")));
    assert!(!ask(DoorKind::Plain, None));
    assert!(!ask(DoorKind::Plain, Some("null")));
}

#[test]
fn a_name_that_was_pointed_at_this_machine_is_not_answered() {
    let ask = |door, host| {
        let headers = headers(host, None);
        authenticator(door).check_host(&headers).is_ok()
    };
    for own in ["localhost:8080", "127.0.0.1", "[::1]:8080", "LOCALHOST"] {
        assert!(ask(DoorKind::Plain, own), "{own}");
    }
    for other in ["evil.example:8080", "127.0.0.1.evil.example", "a b", ""] {
        assert!(!ask(DoorKind::Plain, other), "{other}");
    }
    assert!(ask(DoorKind::Tls, "meltemi.example"));
    assert!(ask(DoorKind::BehindHttps, "meltemi.example"));
    let nothing = authenticator(DoorKind::Plain).check_host(&HeaderMap::new());
    assert!(nothing.is_ok());
}

#[test]
fn only_our_own_proxy_is_believed() {
    let mut headers = headers("meltemi.example", None);
    let forwarded = "203.0.113.9, 192.0.2.7".parse().expect("a header");
    headers.insert("x-forwarded-for", forwarded);
    let from = |door, peer: &str| {
        let peer = peer.parse().expect("an address");
        authenticator(door).address(&headers, peer).to_string()
    };
    assert_eq!(from(DoorKind::BehindHttps, "127.0.0.1"), "192.0.2.7");
    assert_eq!(from(DoorKind::BehindHttps, "198.51.100.1"), "198.51.100.1");
    assert_eq!(from(DoorKind::Plain, "127.0.0.1"), "127.0.0.1");
}

#[test]
fn a_token_is_read_from_header_or_query_and_a_session_from_its_cookie() {
    let auth = authenticator(DoorKind::Tls);
    let token = Secret::fresh(SecretKind::Token).expect("a token");
    let session = Secret::fresh(SecretKind::Session).expect("a session");
    let mut headers = HeaderMap::new();
    assert!(auth.shown(&headers, None).is_none());
    let query = format!("v=1&access_token={}", token.expose());
    let shown = auth.shown(&headers, Some(&query));
    assert!(matches!(shown, Some(Shown::Token(_))));
    let cookie = format!("a=b; __Host-meltemi={}", session.expose());
    headers.insert(COOKIE, cookie.parse().expect("a header"));
    let shown = auth.shown(&headers, None);
    assert!(matches!(shown, Some(Shown::Session(_))));
    assert!(
        authenticator(DoorKind::Plain)
            .shown(&headers, None)
            .is_none()
    );
    let bearer = format!("bearer {}", token.expose());
    headers.insert(AUTHORIZATION, bearer.parse().expect("a header"));
    let shown = auth.shown(&headers, None);
    assert!(matches!(shown, Some(Shown::Token(_))));
    // A session is nothing for programs.
    let bearer = format!("Bearer {}", session.expose());
    headers.insert(AUTHORIZATION, bearer.parse().expect("a header"));
    assert!(auth.shown(&headers, None).is_none());
}
