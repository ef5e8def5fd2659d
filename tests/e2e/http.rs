//! What programs and browsers get over HTTP.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use meltemi_core::id::DocumentId;
use meltemi_core::record::KINDS;
use meltemi_tests::request::{get, get_with, send};

use crate::{MELTEMI, data_folder};

#[test]
fn the_demo_is_served_by_kind_and_a_second_start_adds_nothing() {
    let (_folder, data) = data_folder();
    let server = MELTEMI.serve(&data, &["--demo"]);
    let count = |address, kind: &str| {
        let listed = get(address, &format!("/api/records?kind={kind}"));
        assert_eq!(listed.header("content-type"), Some("application/json"));
        listed.json().as_array().expect("a list").len()
    };
    assert_eq!(count(server.address, "event"), 16);
    let all = get(server.address, "/api/records").json();
    let by_kind: usize = KINDS
        .iter()
        .map(|kind| count(server.address, kind.name))
        .sum();
    assert_eq!(all.as_array().map(Vec::len), Some(by_kind));
    assert!(server.stop().success());
    let server = MELTEMI.serve(&data, &["--demo"]);
    assert_eq!(get(server.address, "/api/records").json(), all);
}

#[test]
fn wrong_requests_are_refused_with_a_word_and_a_sentence() {
    let (_folder, data) = data_folder();
    let server = MELTEMI.serve(&data, &[]);
    let nowhere = DocumentId::from_bytes([9; 16]);
    for (path, status, code, says) in [
        (
            "/api/records?kind=evnt".to_owned(),
            400,
            "unknown-kind",
            "known kinds are programme, event",
        ),
        (
            "/api/records?knd=event".to_owned(),
            400,
            "bad-query",
            "?kind=event",
        ),
        (
            "/api/records/xyz".to_owned(),
            400,
            "bad-document-id",
            "base58check",
        ),
        (
            format!("/api/records/{nowhere}"),
            404,
            "not-found",
            "no document",
        ),
        ("/api/nothing".to_owned(), 404, "not-found", "/api/records"),
        ("/sync".to_owned(), 426, "not-a-websocket", "WebSocket"),
        ("/missing.js".to_owned(), 404, "not-found", "nothing"),
    ] {
        let answer = get(server.address, &path);
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.json()["code"], code, "{path}");
        assert!(
            answer.json()["message"].as_str().unwrap().contains(says),
            "{path}: {answer:?}"
        );
    }
    assert_eq!(get(server.address, "/healthz").status, 200);
    assert_eq!(get(server.address, "/readyz").status, 200);
}

#[test]
fn the_web_client_is_handed_out_compressed_and_guarded() {
    let (folder, data) = data_folder();
    let web = folder.path().join("web");
    fs::create_dir(&web).unwrap();
    for (name, content) in [
        ("index.html", "<!doctype html>start"),
        ("client.js", "//"),
        ("client.js.br", "compressed"),
        ("client_bg.wasm", "wasm"),
        ("manifest.webmanifest", "{}"),
    ] {
        fs::write(web.join(name), content).unwrap();
    }
    let server = MELTEMI.serve(&data, &["--web", web.to_str().unwrap()]);
    for (path, media) in [
        ("/", "text/html"),
        ("/client.js", "text/javascript"),
        ("/client_bg.wasm", "application/wasm"),
        ("/manifest.webmanifest", "application/manifest+json"),
    ] {
        let answer = get(server.address, path);
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), Some(media), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-cache"), "{path}");
        assert!(answer.header("last-modified").is_some(), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self' 'wasm-unsafe-eval';"));
        assert!(!policy.contains("  "), "{policy}");
    }
    let compressed = get_with(
        server.address,
        "/client.js",
        &[("accept-encoding", "gzip, br")],
    );
    assert_eq!(compressed.header("content-encoding"), Some("br"));
    assert_eq!(compressed.header("content-type"), Some("text/javascript"));
    assert_eq!(compressed.header("vary"), Some("accept-encoding"));
    assert_eq!(compressed.body, b"compressed");
    let page = get_with(
        server.address,
        "/events/ev14",
        &[("accept", "text/html,*/*")],
    );
    assert_eq!(
        (page.status, page.body.as_slice()),
        (200, &b"<!doctype html>start"[..])
    );
    assert_eq!(get(server.address, "/events/ev14").status, 404);
    fs::create_dir(web.join("icons")).unwrap();
    for folder in ["/icons", "//icons"] {
        let answer = get(server.address, folder);
        assert_eq!((answer.status, answer.header("location")), (404, None));
    }
    assert_eq!(
        get_with(server.address, "/gone.js", &[("accept", "text/html")]).status,
        404
    );
}

#[test]
fn every_answer_says_what_browsers_may_do_with_it() {
    let (_folder, data) = data_folder();
    let server = MELTEMI.serve(&data, &[]);
    for (method, path, status) in [
        ("GET", "/", 503),
        ("GET", "/healthz", 200),
        ("GET", "/api/records", 200),
        ("GET", "/api/nothing", 404),
        ("GET", "/missing.js", 404),
        ("GET", "/sync", 426),
        ("PUT", "/healthz", 405),
        ("POST", "/api/session", 403),
    ] {
        let page = [("origin", "https://cities.example")];
        let page = if path == "/sync" { &[][..] } else { &page };
        let answer = send(server.address, method, path, page, &[]);
        assert_eq!(answer.status, status, "{method} {path}");
        let policy = answer.header("content-security-policy").unwrap();
        for directive in [
            "default-src 'none';",
            "script-src 'self' 'wasm-unsafe-eval';",
            "object-src 'none';",
            "base-uri 'none';",
            "form-action 'none';",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(directive), "{method} {path}: {policy}");
        }
        assert!(!policy.contains("unsafe-inline"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{method} {path}: {name}");
        }
        let shared = |(name, _): &&(String, String)| name.starts_with("access-control-");
        assert_eq!(answer.headers.iter().find(shared), None, "{method} {path}");
    }
}

#[test]
fn a_name_that_leads_to_this_machine_does_not_open_it() {
    let (_folder, data) = data_folder();
    let server = MELTEMI.serve(&data, &[]);
    let port = server.address.port();
    for (host, status) in [("evil.example", 403), ("localhost", 200)] {
        let host = format!("{host}:{port}");
        let headers = [("host", host.as_str())];
        let answer = get_with(server.address, "/api/records", &headers);
        assert_eq!(answer.status, status, "{host}");
    }
}

#[test]
fn the_data_folder_is_for_its_owner_only() {
    let (_folder, data) = data_folder();
    let server = MELTEMI.serve(&data, &[]);
    let mode = fs::metadata(&data).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
    assert!(server.stop().success());
}

#[test]
fn a_server_without_a_web_client_says_how_to_build_it() {
    let (_folder, data) = data_folder();
    let server = MELTEMI.serve(&data, &[]);
    let page = get(server.address, "/");
    assert_eq!(page.status, 503);
    assert!(String::from_utf8_lossy(&page.body).contains("cargo xtask web"));
}
