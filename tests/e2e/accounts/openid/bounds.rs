//! Whom a provider speaks for, for how long its keys are good, and what the server needs of it.

use serde_json::{Value, json};

use super::browser::{self, Browser};
use super::provider::{Provider, Somebody};
use super::{begin, file, invite, join, reader, wrong};
use crate::accounts::code;
use crate::accounts::people::World;
use crate::{MELTEMI, text};

#[test]
fn a_provider_speaks_for_its_own_people_only() {
    let more = "body = \"organisation/cities\"\nemail_domains = [\"cities.example\"]";
    let (provider, world, ana) = begin(more);
    let offer = |body: &str| json!({ "programme": "test", "role": "reader", "body": body });
    let accept = |form: &Value| {
        let mut browser = Browser::new(&world);
        let back = browser.goes(&json!({ "invitation": invite(&ana, form) }));
        let place = back.header("location").map(str::to_owned);
        (place, browser)
    };
    let refused = wrong("openid-not-allowed").map(str::to_owned);
    assert_eq!(accept(&offer("city/tangier")).0, refused);
    for (email, verified) in [
        (Some("carla@elsewhere.example"), true),
        (Some("carla@cities.example"), false),
        (Some("carla@cities.example.elsewhere.example"), true),
        (None, true),
    ] {
        let subject = "subject-of-carla";
        provider.set_who(Somebody {
            subject,
            email,
            verified,
        });
        assert_eq!(accept(&reader()).0, refused, "{email:?}");
    }
    provider.set_who(Somebody {
        subject: "subject-of-carla",
        email: Some("Carla@Cities.example"),
        verified: true,
    });
    let (place, carla) = accept(&offer("organisation/cities"));
    assert_eq!(place.as_deref(), Some("/"));
    // Whoever moves to another organisation does not sign in here any more.
    let id = carla.get("/api/session").json()["member"]["id"].clone();
    let path = format!("/api/members/{}", id.as_str().expect("an id"));
    let moved = ana.send("PATCH", &path, &json!({ "body": "city/tangier" }));
    assert_eq!(moved.status, 200, "{moved:?}");
    let mut browser = Browser::new(&world);
    let back = browser.goes(&json!({}));
    assert_eq!(back.header("location"), wrong("openid-not-allowed"));
}

#[test]
fn who_was_made_inactive_is_out_and_can_be_invited_anew() {
    let (_provider, world, ana) = begin("");
    let carla = join(&world, &ana);
    let id = carla.get("/api/session").json()["member"]["id"].clone();
    let path = format!("/api/members/{}", id.as_str().expect("an id"));
    let out = ana.send("PATCH", &path, &json!({ "active": false }));
    assert_eq!(out.status, 200, "{out:?}");
    let mut browser = Browser::new(&world);
    let back = browser.goes(&json!({}));
    assert_eq!(back.header("location"), wrong("openid-unknown"));
    let anew = join(&world, &ana);
    assert_ne!(anew.get("/api/session").json()["member"]["id"], id);
    assert_eq!(browser.goes(&json!({})).header("location"), Some("/"));
}

#[test]
fn a_file_that_cannot_be_used_is_told_at_the_start() {
    let provider = Provider::begin();
    let start = |more: &str| -> (bool, String) {
        let (folder, path) = file(&provider, more);
        let data = folder.path().join("data");
        let output = MELTEMI.run(&[
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--data",
            text(&data),
            "--openid",
            text(&path),
        ]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success(), said)
    };
    for (more, says) in [
        (
            "client_secret = \"hidden\"",
            "unknown field `client_secret`",
        ),
        ("body = \"event/ev1\"", "body is no organisation or city"),
        ("[[provider]]\nkey = \"b\"", "missing field"),
    ] {
        let (started, said) = start(more);
        assert!(!started && said.contains(says), "{said}");
        assert!(said.contains("openid.toml"), "{said}");
        assert!(!said.contains("hidden"), "{said}");
    }
}

#[test]
fn keys_may_change_and_are_asked_for_anew_but_not_for_everybody() {
    let (provider, world, ana) = begin("");
    drop(join(&world, &ana));
    let place = || {
        let mut browser = Browser::new(&world);
        let back = browser.goes(&json!({}));
        back.header("location").map(str::to_owned)
    };
    assert_eq!(provider.asked("/.well-known/openid-configuration"), 1);
    assert_eq!(provider.asked("/jwks"), 1);
    provider.rotate("k2");
    assert_eq!(place().as_deref(), Some("/"));
    assert_eq!(provider.asked("/jwks"), 2);
    // Keys that nobody knows do not make the server ask each time.
    provider.rotate("k3");
    for _ in 0..3 {
        assert_eq!(place().as_deref(), wrong("openid-refused"));
    }
    assert_eq!(provider.asked("/jwks"), 2);
}

#[test]
fn a_provider_that_does_not_answer_is_named_so() {
    // It takes connections and says nothing.
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = port.local_addr().expect("an address");
    std::thread::spawn(move || port.incoming().for_each(drop));
    let gone = Provider::begin().elsewhere(address);
    let (_folder, path) = file(&gone, "");
    let world = World::begin(&["--openid", text(&path)]);
    let ana = world.first_coordinator("ana");
    let refused = world.post("/api/openid/cities/begin", &json!({}));
    assert_eq!(
        (refused.status, code(&refused)),
        (503, "openid-unavailable".into())
    );
    assert_eq!(ana.get("/api/session").status, 200);
    let unknown = world.post("/api/openid/nowhere/begin", &json!({}));
    assert_eq!((unknown.status, code(&unknown)), (404, "not-found".into()));
}

#[test]
fn a_code_of_one_provider_goes_to_no_other() {
    let (cities, other) = (Provider::begin(), Provider::begin());
    let more = format!(
        "[[provider]]\nkey = \"other\"\nname = \"Other\"\nissuer = \"http://{}\"\n\
         client_id = \"meltemi\"\nclient_secret_file = \"secret\"",
        other.address
    );
    let (_folder, path) = file(&cities, &more);
    let world = World::begin(&["--openid", text(&path)]);
    let ana = world.first_coordinator("ana");
    drop(join(&world, &ana));
    let asked = || (cities.asked("/token"), other.asked("/token"));
    assert_eq!(asked(), (1, 0));
    // Somebody has left for one provider, which sends them on to the other one.
    let mixed = |change: &dyn Fn(&str, &str) -> String| {
        let mut browser = Browser::new(&world);
        let wanted = browser.leaves("/api/openid/other/begin", &json!({}));
        let stolen = Browser::new(&world).leaves("/api/openid/cities/begin", &json!({}));
        let code = browser::of(&stolen, "code");
        let back = browser.comes(&change(&browser::with(&wanted, "code", &code), &stolen));
        assert_eq!(back.header("location"), wrong("openid-refused"));
    };
    mixed(&|back, stolen| browser::with(back, "iss", &browser::of(stolen, "iss")));
    mixed(&|back, _| back.replace("iss=", "x="));
    assert_eq!(asked(), (1, 0), "neither has seen the code again");
    mixed(&|back, _| back.to_owned());
    assert_eq!(asked(), (1, 1), "it goes where they have left for alone");
}
