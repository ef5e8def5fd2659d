//! A session that has begun a while ago: it is good for work, and not for changing how its owner
//! signs in.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::code;
use super::openid::browser::Browser;
use super::openid::file;
use super::openid::provider::Provider;
use super::passkeys::{self, ask};
use super::people::{PASSWORD, Person, World};
use crate::text;

/// Lets all sessions of a data folder have begun an hour earlier.
fn age(data: &Path) {
    let file = data.join("accounts.redb");
    let mut bytes = fs::read(&file).expect("accounts");
    let (device, created) = (b"\"device\":\"d-", b"\",\"created\":");
    // A session says its device, and then when it was created: a time of 13 digits.
    let length = device.len() + 16 + created.len() + 13;
    let mut aged = 0;
    for at in 0..bytes.len() - length {
        let here = &bytes[at..at + length];
        let digits = length - 13..length;
        if !here.starts_with(device) || !here[..digits.start].ends_with(created) {
            continue;
        }
        let time = std::str::from_utf8(&here[digits.clone()]).expect("digits");
        let time: u64 = time.parse().expect("a time");
        let earlier = (time - 60 * 60 * 1000).to_string();
        bytes[at + digits.start..at + digits.end].copy_from_slice(earlier.as_bytes());
        aged += 1;
    }
    assert!(aged > 0, "there are sessions");
    fs::write(&file, bytes).expect("it is written");
}

fn is_stale(answer: &meltemi_tests::request::Answer, what: &str) {
    let said = (answer.status, code(answer));
    assert_eq!(said, (403, "sign-in-again".to_owned()), "{what}");
}

#[test]
fn how_one_signs_in_changes_after_signing_in_again_only() {
    let provider = Provider::begin();
    let (_folder, path) = file(&provider, "");
    let options = ["--openid", text(&path)];
    let world = World::begin(&options);
    let ana = world.first_coordinator("ana");
    let (key, _) = passkeys::add(&world, &ana, "key ring");
    let linked = Browser::of(&world, &ana).links();
    assert_eq!(
        linked.header("location"),
        Some("/office.html#password?linked")
    );
    let links = ana.get("/api/openid/links").json();
    let link = links[0]["id"].as_str().expect("an id");
    let deeds = [
        ("DELETE", format!("/api/openid/links/{link}"), Value::Null),
        ("DELETE", format!("/api/passkeys/{key}"), Value::Null),
        ("POST", "/api/openid/cities/link".to_owned(), json!({})),
    ];

    let world = world.stopped(age, &options);
    let ana = ana.at(&world);
    for (method, path, body) in &deeds {
        is_stale(&ana.send(method, path, body), path);
    }
    assert_eq!(ana.get("/api/openid/links").json(), links);
    let keys = ana.get("/api/passkeys").json();
    assert_eq!(keys[0]["id"], json!(key));
    // Whoever knows the password may change it, and nobody else.
    let new = json!({ "new": "yet another lighthouse" });
    assert_eq!(code(&ana.send("POST", "/api/password", &new)), "bad-field");

    let again = world.sign_in("ana@cities.example", PASSWORD);
    let ana = Person::from(&world, &again);
    for ((method, path, body), status) in deeds.iter().zip([204, 204, 200]) {
        assert_eq!(ana.send(method, path, body).status, status, "{path}");
    }
}

#[test]
fn who_has_no_password_signs_in_again_for_one() {
    let world = World::begin(&[]);
    let (ana, mut passkey) = passkeys::first(&world, "ana");
    let world = world.stopped(age, &[]);
    let deeds = [
        ("/api/password", json!({ "new": PASSWORD })),
        ("/api/recovery/codes", json!({})),
        ("/api/passkeys/begin", json!({})),
    ];
    let ana = ana.at(&world);
    for (path, body) in &deeds {
        is_stale(&ask(&world, Some(&ana), "POST", path, body), path);
    }
    let again = passkeys::sign_in(&world, &mut passkey);
    let ana = Person::from(&world, &again);
    for ((path, body), status) in deeds.iter().rev().zip([200, 201, 204]) {
        let done = ask(&world, Some(&ana), "POST", path, body);
        assert_eq!(done.status, status, "{path}");
    }
}
