//! What is open to everybody, and what is not, however it is asked for.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use meltemi_tests::device::TestDevice;
use meltemi_tests::request::{get, get_with, send};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};

use super::code;
use super::people::{Person, World};
use crate::{MELTEMI, data_folder, text};

const UPGRADE: [(&str, &str); 4] = [
    ("connection", "upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA=="),
];

#[test]
fn nothing_is_given_to_those_who_show_nothing() {
    let world = World::begin(&[]);
    let server = world.server.address;
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(get(server, path).status, 200, "{path}");
    }
    assert_eq!(
        get(server, "/").status,
        503,
        "the page is public, and not built here"
    );
    for path in [
        "/api/records",
        "/api/records/xyz",
        "/api/session",
        "/api/members",
        "/api/audit",
        "/api/nothing",
    ] {
        let refused = get(server, path);
        assert_eq!(
            (refused.status, code(&refused)),
            (401, "sign-in-needed".into()),
            "{path}"
        );
        assert!(refused.header("www-authenticate").is_some());
    }
    assert_eq!(get_with(server, "/sync", &UPGRADE).status, 401);
    let forged = format!("meltemi=mls_{}", "A".repeat(43));
    assert_eq!(
        get_with(server, "/api/session", &[("cookie", &forged)]).status,
        401
    );
    // Through a proxy the counts are asked for by somebody else.
    let forwarded = [("x-forwarded-for", "192.0.2.1")];
    assert_eq!(get_with(server, "/metrics", &forwarded).status, 401);
    // Refused before the body comes.
    let origin = format!("http://{server}");
    let headers = [
        ("origin", origin.as_str()),
        ("content-type", "application/json"),
        ("content-length", "60000"),
    ];
    assert_eq!(
        send(server, "POST", "/api/invitations", &headers, &[]).status,
        401
    );
}

#[test]
fn what_changes_something_must_come_from_an_own_page_as_json() {
    let world = World::begin(&[]);
    let ana = world.first_coordinator("ana");
    let server = world.server.address;
    let own = format!("http://{server}");
    let body = json!({ "name": "x", "scopes": ["sync"] }).to_string();
    let ask = |origin: Option<&str>, media: Option<&str>| {
        let mut headers = vec![("cookie", ana.cookie.as_str())];
        headers.extend(origin.map(|origin| ("origin", origin)));
        headers.extend(media.map(|media| ("content-type", media)));
        let answer = send(server, "POST", "/api/tokens", &headers, body.as_bytes());
        (answer.status, code(&answer))
    };
    let json = Some("application/json");
    assert_eq!(ask(None, json), (403, "cross-site".into()));
    assert_eq!(
        ask(Some("https://evil.example"), json),
        (403, "cross-site".into())
    );
    assert_eq!(ask(Some("null"), json), (403, "cross-site".into()));
    assert_eq!(
        ask(Some(&own), Some("text/plain")),
        (415, "not-json".into())
    );
    assert_eq!(ask(Some(&own), None), (415, "not-json".into()));
    assert_eq!(ask(Some(&own), json).0, 201);
    let extra = ana.send(
        "POST",
        "/api/tokens",
        &json!({ "nam": "x", "scopes": ["sync"] }),
    );
    assert_eq!((extra.status, code(&extra)), (400, "bad-body".into()));
    let put = ana.send("PUT", "/api/tokens", &json!({}));
    assert_eq!((put.status, code(&put)), (405, "no-such-method".into()));
}

#[test]
fn a_token_opens_what_it_is_for() {
    let world = World::begin(&[]);
    let ana = world.first_coordinator("ana");
    let server = world.server.address;
    let (_, sync) = ana.token(&["sync"]);
    let (read_id, read) = ana.token(&["read"]);
    let (_, metrics) = ana.token(&["metrics"]);
    let bearer = |token: &str| format!("Bearer {token}");
    let ask = |path: &str, token: &str| {
        let mut headers = UPGRADE.to_vec();
        let bearer = bearer(token);
        headers.push(("authorization", &bearer));
        get_with(server, path, &headers).status
    };
    // HTTP 1.0 cannot be upgraded: 426 is as far as one gets.
    for (path, right, wrong, status) in [
        ("/sync", &sync, &read, 426),
        ("/api/records", &read, &sync, 200),
        ("/api/session", &read, &metrics, 200),
        ("/metrics", &metrics, &read, 200),
    ] {
        assert_eq!(ask(path, right), status, "{path}");
        assert_eq!(ask(path, wrong), 403, "{path}");
    }
    assert_eq!(
        get(server, &format!("/sync?access_token={sync}")).status,
        426
    );
    assert_eq!(
        get(server, &format!("/sync?access_token={read}")).status,
        403
    );
    assert_eq!(
        get(server, &format!("/api/records?access_token={read}")).status,
        401
    );
    // What is counted is of all programmes, also those that a member knows nothing of.
    let ben = world.invited(&ana, "ben", "coordinator");
    let form = json!({ "name": "counts", "scopes": ["metrics"] });
    assert_eq!(ben.send("POST", "/api/tokens", &form).status, 403);
    assert_eq!(ben.get("/metrics").status, 403);
    // Programs do not administer.
    assert_eq!(ask("/api/tokens", &read), 403);
    assert_eq!(ask("/api/members", &read), 403);
    let gone = ana.send("DELETE", &format!("/api/tokens/{read_id}"), &Value::Null);
    assert_eq!(gone.status, 204);
    assert_eq!(ask("/api/records", &read), 401);
    let listed = ana.get("/api/tokens").json();
    assert_eq!(listed.as_array().map(Vec::len), Some(2));
    assert!(!listed.to_string().contains("mlt_"));
}

#[test]
fn records_are_shown_as_the_role_of_the_moment_allows() {
    let world = World::begin(&["--demo"]);
    let ana = world.first_coordinator("ana");
    let ben = world.invited(&ana, "ben", "reader");
    let kinds = |person: &Person| {
        let records = person.get("/api/records").json();
        let records = records.as_array().expect("a list").clone();
        let ids = records
            .iter()
            .map(|record| record["id"].as_str().expect("an id").to_owned());
        ids.collect::<Vec<_>>()
    };
    let (all, few) = (kinds(&ana), kinds(&ben));
    assert!(
        all.len() > 100 && few.len() < all.len(),
        "{} {}",
        all.len(),
        few.len()
    );
    let hidden = all.iter().find(|id| !few.contains(id)).expect("one");
    let refused = ben.get(&format!("/api/records/{hidden}"));
    assert_eq!((refused.status, code(&refused)), (404, "not-found".into()));
    let id = ben.get("/api/session").json()["member"]["id"].clone();
    let path = format!("/api/members/{}", id.as_str().expect("an id"));
    let become_role = |role: &str| {
        let body = json!({ "memberships": [{ "programme": "mc2cm", "role": role }] });
        assert_eq!(ana.send("PATCH", &path, &body).status, 200);
    };
    become_role("coordinator");
    assert_eq!(ben.get(&format!("/api/records/{hidden}")).status, 200);
    assert_eq!(kinds(&ben), all);
    let none = ana.send("PATCH", &path, &json!({ "memberships": [] }));
    assert_eq!(none.status, 200);
    assert_eq!(ben.get(&format!("/api/records/{hidden}")).status, 404);
    assert_eq!(kinds(&ben), few);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_syncs_with_a_token_what_its_member_may_see() {
    let world = World::begin(&[]);
    let ana = world.first_coordinator("ana");
    let ben = world.invited(&ana, "ben", "coordinator");
    let server = world.server.address;
    let device = TestDevice::new("ana");
    device.connect_with(server, &ana.token(&["sync"]).1).await;
    let event = device
        .create("event", "ev1", &[("titles/en", json!("Housing"))])
        .await;
    device.synced().await;
    let other = TestDevice::new("ben");
    other.connect_with(server, &ben.token(&["sync"]).1).await;
    other.until_record(event, "the event", |_| true).await;
    assert_eq!(ben.get(&format!("/api/records/{event}")).status, 200);
}

#[test]
fn with_tls_cookies_are_for_https_only_and_browsers_are_told_so() {
    let (folder, data) = data_folder();
    let files = Files::make(folder.path());
    let arguments = [
        "--tls-cert",
        text(&files.certificate),
        "--tls-key",
        text(&files.key),
    ];
    let server = MELTEMI.serve_closed(&data, &arguments);
    let link = server.first_coordinator.clone().expect("a link");
    assert!(link.starts_with(&format!("https://{}/#/join/", server.address)));
    let secret = link.rsplit('/').next().expect("a secret");
    let body = json!({ "secret": secret, "name": "Ana", "email": "ana@cities.example",
                       "password": super::people::PASSWORD });
    let answer = files.post(server.address, "/api/join", &body);
    assert!(answer.starts_with("HTTP/1.0 201"), "{answer}");
    let answer = answer.to_lowercase();
    assert!(
        answer.contains("set-cookie: __host-meltemi=mls_"),
        "{answer}"
    );
    assert!(answer.contains("; samesite=strict; secure\r\n"), "{answer}");
    assert!(
        answer.contains("strict-transport-security: max-age=63072000\r\n"),
        "{answer}"
    );
    // Who speaks no TLS gets nothing and holds nobody up.
    let mut plain = TcpStream::connect(server.address).expect("a connection");
    plain.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("sent");
    let mut said = Vec::new();
    let _ = plain.read_to_end(&mut said);
    assert!(!said.starts_with(b"HTTP"));
}

/// A certificate for this machine.
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    root: CertificateDer<'static>,
}

impl Files {
    fn make(folder: &Path) -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]);
        let made = made.expect("a certificate");
        let files = Self {
            certificate: folder.join("cert.pem"),
            key: folder.join("key.pem"),
            root: made.cert.der().clone(),
        };
        fs::write(&files.certificate, made.cert.pem()).expect("it is written");
        fs::write(&files.key, made.signing_key.serialize_pem()).expect("it is written");
        files
    }

    /// Sends a request by TLS.
    fn post(&self, address: SocketAddr, path: &str, body: &Value) -> String {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).expect("a root");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = "localhost".try_into().expect("a name");
        let connection = ClientConnection::new(Arc::new(config), name).expect("TLS");
        let stream = TcpStream::connect(address).expect("a connection");
        let mut stream = StreamOwned::new(connection, stream);
        let body = body.to_string();
        let request = format!(
            "POST {path} HTTP/1.0\r\nhost: localhost\r\norigin: https://localhost\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        String::from_utf8_lossy(&answer).into_owned()
    }
}

#[test]
fn a_server_does_not_listen_where_it_would_not_be_safe() {
    let (_folder, data) = data_folder();
    for (arguments, says) in [
        (&["--open"][..], "--open lets everybody"),
        (&[], "without encryption"),
    ] {
        let mut all = vec!["serve", "--listen", "0.0.0.0:0", "--data", text(&data)];
        all.extend(arguments);
        let refused = MELTEMI.run(&all);
        assert!(!refused.status.success());
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(said.contains(says), "{said}");
    }
}

#[test]
fn an_open_server_says_so_and_has_no_members() {
    let (_folder, data) = data_folder();
    let server = MELTEMI.serve(&data, &[]);
    let session = get(server.address, "/api/session");
    assert_eq!(
        (session.status, &session.json()["open"]),
        (200, &json!(true))
    );
    let members = get(server.address, "/api/members");
    assert_eq!(
        (members.status, code(&members)),
        (409, "open-server".into())
    );
}
