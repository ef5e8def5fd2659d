//! A run through everything, for the log.

use serde_json::json;

use super::browser::Browser;
use super::provider::{Fault, Provider, Somebody};
use super::{invite, reader, wrong};
use crate::accounts::people::{Person, World};

/// Everything that can be done here, at a server with this provider. Gives what is secret in it.
pub(in crate::accounts) fn everything(
    world: &World,
    provider: &Provider,
    ana: &Person,
) -> Vec<String> {
    let mut secrets = Vec::new();
    let mut all = |browser: &Browser| secrets.extend(browser.secrets());
    let secret = invite(ana, &reader());
    let mut browser = Browser::new(world);
    let back = browser.leaves("/api/openid/cities/begin", &json!({ "invitation": secret }));
    all(&browser);
    assert_eq!(browser.comes(&back).header("location"), Some("/"));
    all(&browser);
    assert_eq!(
        browser.comes(&back).header("location"),
        wrong("openid-ended")
    );
    for fault in [
        Fault::Expired,
        Fault::Audience,
        Fault::ForeignKey,
        Fault::None,
    ] {
        provider.set_fault(fault);
        let mut other = Browser::new(world);
        other.goes(&json!({ "device_name": "phone of carla" }));
        all(&other);
    }
    let links = browser.get("/api/openid/links").json();
    let only = format!(
        "/api/openid/links/{}",
        links[0]["id"].as_str().expect("an id")
    );
    assert_eq!(browser.send("DELETE", &only, &json!({})).status, 409);
    let linking = Some("/office.html#password?wrong=openid-linked");
    assert_eq!(browser.links().header("location"), linking);
    provider.set_who(Somebody {
        subject: "subject-of-the-harbour",
        email: Some("dora@cities.example"),
        verified: false,
    });
    for form in [json!({}), json!({ "invitation": invite(ana, &reader()) })] {
        let mut other = Browser::new(world);
        other.goes(&form);
        all(&other);
    }
    let mut linked = Browser::of(world, ana);
    assert_eq!(
        linked.links().header("location"),
        Some("/office.html#password?linked")
    );
    all(&linked);
    secrets.push(secret);
    secrets.extend(provider.secrets());
    secrets
}
