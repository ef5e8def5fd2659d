//! Signing in at a provider of OpenID Connect, and what is refused.

mod bounds;
pub(super) mod browser;
pub(super) mod provider;
pub(super) mod tour;

use std::fs;
use std::path::PathBuf;

use meltemi_tests::request::get;
use serde_json::{Value, json};

use self::browser::Browser;
use self::provider::{Fault, Provider, SECRET, Somebody};
use super::code;
use super::people::{PASSWORD, Person, World};
use crate::text;

/// A file that names a provider, in a folder that is removed at the end.
pub(super) fn file(provider: &Provider, more: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("secret"), SECRET).expect("a file");
    let path = folder.path().join("openid.toml");
    let content = format!(
        "[[provider]]\nkey = \"cities\"\nname = \"Union of Cities\"\n\
         issuer = \"http://{}\"\nclient_id = \"meltemi\"\nclient_secret_file = \"secret\"\n{more}\n",
        provider.address
    );
    fs::write(&path, content).expect("a file");
    (folder, path)
}

/// A server that believes a provider, and its first coordinator.
fn begin(more: &str) -> (Provider, World, Person) {
    let provider = Provider::begin();
    let (folder, path) = file(&provider, more);
    let world = World::begin(&["--openid", text(&path)]);
    // It is read at the start only.
    drop(folder);
    let ana = world.first_coordinator("ana");
    (provider, world, ana)
}

fn invite(by: &Person, form: &Value) -> String {
    let made = by.send("POST", "/api/invitations", form);
    let secret = made.json()["secret"].as_str().map(str::to_owned);
    secret.unwrap_or_else(|| panic!("{made:?}"))
}

fn reader() -> Value {
    json!({ "programme": "test", "role": "reader" })
}

/// Somebody joins whom the provider names.
fn join(world: &World, ana: &Person) -> Browser {
    let mut browser = Browser::new(world);
    let form = json!({ "invitation": invite(ana, &reader()), "language": "fr",
                       "device_name": "phone of carla" });
    let back = browser.goes(&form);
    assert_eq!(back.header("location"), Some("/"), "{back:?}");
    browser
}

/// The newest entries of the audit log, each with how it ended.
fn audit(ana: &Person, count: usize) -> Vec<(String, String)> {
    let page = ana.get("/api/audit").json();
    let entries = page["entries"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let entries = entries.iter().take(count);
    entries
        .map(|entry| (text(&entry["what"]), text(&entry["outcome"])))
        .collect()
}

#[test]
fn somebody_joins_by_invitation_and_signs_in_again() {
    let (_provider, world, ana) = begin("");
    let listed = get(world.server.address, "/api/openid").json();
    assert_eq!(
        listed,
        json!([{ "key": "cities", "name": "Union of Cities" }])
    );

    let mut browser = join(&world, &ana);
    let session = browser.get("/api/session").json();
    let member = &session["member"];
    assert_eq!(member["name"], "Carla of the harbour");
    assert_eq!(member["email"], "carla@cities.example");
    assert_eq!(member["language"], "fr");
    assert_eq!(
        member["memberships"],
        json!([{ "programme": "test", "role": "reader" }])
    );
    assert_eq!(session["device"]["name"], "phone of carla");
    let done = |what: &str| (what.to_owned(), "done".to_owned());
    assert_eq!(audit(&ana, 2), [done("join"), done("openid-link")]);
    // There is no password with which somebody could sign in.
    let tried = world.sign_in("carla@cities.example", PASSWORD);
    assert_eq!(code(&tried), "wrong-credentials");

    let mut other = Browser::new(&world);
    assert_eq!(other.goes(&json!({})).header("location"), Some("/"));
    let again = other.get("/api/session").json();
    assert_eq!(again["member"]["id"], session["member"]["id"]);
    assert_eq!(audit(&ana, 1), [done("openid-sign-in")]);
    // On the browser of before the earlier session ends, and the device is the same one.
    let before = browser.clone();
    let device = json!({ "device": session["device"]["id"] });
    assert_eq!(browser.goes(&device).header("location"), Some("/"));
    let after = browser.get("/api/session").json();
    assert_eq!(after["device"]["id"], session["device"]["id"]);
    assert_eq!(before.get("/api/session").status, 401);
}

#[test]
fn the_session_that_a_browser_had_ends_even_if_it_was_somebody_elses() {
    let (_provider, world, ana) = begin("");
    drop(join(&world, &ana));
    let mut browser = Browser::of(&world, &ana);
    assert_eq!(browser.goes(&json!({})).header("location"), Some("/"));
    let name = browser.get("/api/session").json()["member"]["name"].clone();
    assert_eq!(name, "Carla of the harbour");
    assert_eq!(ana.get("/api/session").status, 401);
}

#[test]
fn a_member_links_and_unlinks_but_not_the_last_way() {
    let (_provider, world, ana) = begin("");
    let mut browser = Browser::of(&world, &ana);
    let linked = browser.links();
    assert_eq!(
        linked.header("location"),
        Some("/office.html#password?linked")
    );
    let links = ana.get("/api/openid/links").json();
    assert_eq!(links[0]["provider"], "Union of Cities");
    let link = format!(
        "/api/openid/links/{}",
        links[0]["id"].as_str().expect("an id")
    );
    let own = ana.get("/api/session").json()["member"]["id"].clone();

    let mut other = Browser::new(&world);
    assert_eq!(other.goes(&json!({})).header("location"), Some("/"));
    assert_eq!(other.get("/api/session").json()["member"]["id"], own);
    // The same account is nobody else's.
    let ben = world.invited(&ana, "ben", "reader");
    let mut of_ben = Browser::of(&world, &ben);
    let linking = Some("/office.html#password?wrong=openid-linked");
    assert_eq!(of_ben.links().header("location"), linking);
    assert_eq!(ben.send("DELETE", &link, &Value::Null).status, 404);

    assert_eq!(ana.send("DELETE", &link, &Value::Null).status, 204);
    assert_eq!(audit(&ana, 1), [("openid-unlink".into(), "done".into())]);
    let mut other = Browser::new(&world);
    assert_eq!(
        other.goes(&json!({})).header("location"),
        wrong("openid-unknown")
    );

    let carla = join(&world, &ana);
    let links = carla.get("/api/openid/links").json();
    let only = format!(
        "/api/openid/links/{}",
        links[0]["id"].as_str().expect("an id")
    );
    let kept = carla.send("DELETE", &only, &json!({}));
    assert_eq!((kept.status, code(&kept)), (409, "last-way".into()));
    assert_eq!(carla.get("/api/openid/links").json(), links);
}

#[test]
fn a_link_needs_the_session_that_began_it() {
    let (_provider, world, ana) = begin("");
    let ben = world.invited(&ana, "ben", "reader");
    let mut browser = Browser::of(&world, &ben);
    let back = browser.leaves("/api/openid/cities/link", &json!({}));
    assert_eq!(ben.send("DELETE", "/api/session", &Value::Null).status, 204);
    let refused = browser.comes(&back);
    let again = Some("/office.html#password?wrong=sign-in-needed");
    assert_eq!(refused.header("location"), again);
    assert_eq!(audit(&ana, 1), [("openid-link".into(), "refused".into())]);
    let stranger = world.post("/api/openid/cities/link", &json!({}));
    assert_eq!(code(&stranger), "sign-in-needed");
}

/// Where somebody is led who is not let in.
fn wrong(code: &str) -> Option<&'static str> {
    Some(match code {
        "openid-refused" => "/#/sign-in?wrong=openid-refused",
        "openid-ended" => "/#/sign-in?wrong=openid-ended",
        "openid-unknown" => "/#/sign-in?wrong=openid-unknown",
        "openid-not-allowed" => "/#/sign-in?wrong=openid-not-allowed",
        "openid-no-email" => "/#/sign-in?wrong=openid-no-email",
        "openid-unavailable" => "/#/sign-in?wrong=openid-unavailable",
        "email-taken" => "/#/sign-in?wrong=email-taken",
        other => panic!("{other}"),
    })
}

#[test]
fn an_address_makes_nobody_a_member() {
    let (provider, world, ana) = begin("");
    provider.set_who(Somebody {
        subject: "subject-of-mallory",
        email: Some("ana@cities.example"),
        verified: true,
    });
    let mut browser = Browser::new(&world);
    let refused = browser.goes(&json!({}));
    assert_eq!(refused.header("location"), wrong("openid-unknown"));
    assert_eq!(browser.get("/api/session").status, 401);
    assert_eq!(
        audit(&ana, 1),
        [("openid-sign-in".into(), "refused".into())]
    );
    let secret = invite(&ana, &reader());
    let refused = browser.goes(&json!({ "invitation": secret }));
    assert_eq!(refused.header("location"), wrong("email-taken"));
    // What was not used can be used by whom it is for.
    provider.set_who(Somebody {
        subject: "subject-of-ben",
        email: None,
        verified: true,
    });
    let refused = browser.goes(&json!({ "invitation": secret }));
    assert_eq!(refused.header("location"), wrong("openid-no-email"));
    assert_eq!(world.join(&secret, "ben").status, 201);
    let unusable = world.post("/api/openid/cities/begin", &json!({ "invitation": secret }));
    assert_eq!(code(&unusable), "invitation-unusable");
}

#[test]
fn tokens_that_are_not_right_are_refused() {
    let (provider, world, ana) = begin("");
    drop(join(&world, &ana));
    for (fault, why) in [
        (Fault::Expired, "expired"),
        (Fault::Audience, "audience"),
        (Fault::TwoAudiences, "audience"),
        (Fault::Party, "audience"),
        (Fault::Issuer, "issuer"),
        (Fault::Nonce, "nonce"),
        (Fault::NoNonce, "nonce"),
        (Fault::ForeignKey, "signature"),
        (Fault::NoSignature, "algorithm"),
        (Fault::SharedSecret, "algorithm"),
        (Fault::Changed, "signature"),
    ] {
        provider.set_fault(fault);
        let said = || {
            let line = format!("the token is not accepted: {why}");
            world.server.log().matches(&line).count()
        };
        let before = said();
        let mut browser = Browser::new(&world);
        let refused = browser.goes(&json!({}));
        assert_eq!(
            refused.header("location"),
            wrong("openid-refused"),
            "{fault:?}"
        );
        assert_eq!(browser.get("/api/session").status, 401, "{fault:?}");
        assert_eq!(said(), before + 1, "{fault:?}");
    }
    provider.set_fault(Fault::None);
    let mut browser = Browser::new(&world);
    assert_eq!(browser.goes(&json!({})).header("location"), Some("/"));
}

#[test]
fn a_way_back_is_good_once_and_on_one_browser() {
    let (provider, world, ana) = begin("");
    drop(join(&world, &ana));
    let begin = "/api/openid/cities/begin";
    let mut browser = Browser::new(&world);
    let back = browser.leaves(begin, &json!({}));
    let cookies = browser.clone();
    assert_eq!(browser.comes(&back).header("location"), Some("/"));
    let again = cookies.clone().comes(&back);
    assert_eq!(again.header("location"), wrong("openid-ended"));
    assert_eq!(
        again.header("set-cookie").map(|c| c.contains("mls_")),
        Some(false)
    );

    // Another browser has no cookie, or another one; after that it is used up.
    for mut other in [Browser::new(&world), cookies] {
        let mut browser = Browser::new(&world);
        let back = browser.leaves(begin, &json!({}));
        assert_eq!(other.comes(&back).header("location"), wrong("openid-ended"));
        let late = browser.comes(&back);
        assert_eq!(late.header("location"), wrong("openid-ended"));
    }

    // A code that was used, on a new way.
    let mut browser = Browser::new(&world);
    let first = browser.leaves(begin, &json!({}));
    assert_eq!(browser.comes(&first).header("location"), Some("/"));
    let mut thief = Browser::new(&world);
    let second = thief.leaves(begin, &json!({}));
    let mixed = browser::with(&second, "code", &browser::of(&first, "code"));
    assert_eq!(
        thief.comes(&mixed).header("location"),
        wrong("openid-refused")
    );
    // Even a provider that takes codes twice and asks for no proof: the token is for another way.
    provider.forget();
    let first = browser.leaves(begin, &json!({}));
    assert_eq!(browser.comes(&first).header("location"), Some("/"));
    let second = thief.leaves(begin, &json!({}));
    let mixed = browser::with(&second, "code", &browser::of(&first, "code"));
    assert_eq!(
        thief.comes(&mixed).header("location"),
        wrong("openid-refused")
    );
    assert!(
        world
            .server
            .log()
            .contains("the token is not accepted: nonce")
    );
}

#[test]
fn what_comes_back_and_is_not_understood_is_refused() {
    let (_provider, world, ana) = begin("");
    drop(join(&world, &ana));
    let mut browser = Browser::new(&world);
    let asked = |browser: &mut Browser, change: &dyn Fn(&str) -> String| {
        let back = browser.leaves("/api/openid/cities/begin", &json!({}));
        let refused = browser.comes(&change(&back));
        assert_eq!(refused.status, 303);
        refused.header("location").map(str::to_owned)
    };
    let ended = wrong("openid-ended").map(str::to_owned);
    let refused = wrong("openid-refused").map(str::to_owned);
    let forged = format!("mlo_{}", "A".repeat(43));
    let nothing = asked(&mut browser, &|_| "/api/openid/callback".to_owned());
    assert_eq!(nothing, ended);
    let state = asked(&mut browser, &|back| browser::with(back, "state", &forged));
    assert_eq!(state, ended);
    let issuer = "https://elsewhere.example";
    let other = asked(&mut browser, &|back| browser::with(back, "iss", issuer));
    assert_eq!(other, refused);
    let nameless = asked(&mut browser, &|back| back.replace("iss=", "x="));
    assert_eq!(nameless, refused);
    let denied = asked(&mut browser, &|back| {
        browser::with(back, "error", "access_denied")
    });
    assert_eq!(denied, refused);
    let code = asked(&mut browser, &|back| browser::with(back, "code", "x"));
    assert_eq!(code, refused);
}

#[test]
fn leaving_is_slowed_like_guessing_and_begins_on_an_own_page_only() {
    let (_provider, world, _ana) = begin("");
    let path = "/api/openid/cities/begin";
    let leave = || world.post(path, &json!({}));
    let cookie = leave().header("set-cookie").expect("a cookie").to_owned();
    assert!(cookie.starts_with("meltemi-openid=mlo_"), "{cookie}");
    assert!(
        cookie.ends_with("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax"),
        "{cookie}"
    );
    let slowed = (0..100)
        .map(|_| leave())
        .find(|answer| answer.status != 200);
    let slowed = slowed.expect("it is slowed");
    assert_eq!(
        (slowed.status, code(&slowed)),
        (429, "too-many-attempts".into())
    );
    let headers = [
        ("origin", "https://evil.example"),
        ("content-type", "application/json"),
    ];
    let server = world.server.address;
    let foreign = meltemi_tests::request::send(server, "POST", path, &headers, b"{}");
    assert_eq!(code(&foreign), "cross-site");
}
