//! What one can do with passkeys too often: it is slowed, little is noted of it, and others are
//! not held up.

use serde_json::{Value, json};

use super::{Asked, Passkey, add, ask, noted, origin};
use crate::accounts::code;
use crate::accounts::people::{PASSWORD, Person, World};

/// Begins to add a passkey.
fn begin(world: &World, who: &Person) -> (u16, Value) {
    let form = json!({ "password": PASSWORD });
    let begun = ask(world, Some(who), "POST", "/api/passkeys/begin", &form);
    (begun.status, begun.json())
}

/// Sends a passkey to be kept.
fn keep(world: &World, who: &Person, credential: &Value) -> (u16, String) {
    let form = json!({ "name": "key", "credential": credential });
    let kept = ask(world, Some(who), "POST", "/api/passkeys", &form);
    (kept.status, code(&kept))
}

#[test]
fn what_is_no_passkey_is_slowed_and_the_audit_log_does_not_grow_by_it() {
    let world = World::begin(&[]);
    let ana = world.first_coordinator("ana");
    let ben = world.invited(&ana, "ben", "reader");
    let tries = 60;
    let mut refused = 0;
    for number in 0..tries {
        match keep(&world, &ben, &json!({ "id": number })) {
            (401, code) => {
                assert_eq!(code, "passkey-refused");
                refused += 1;
            }
            slowed => assert_eq!(slowed, (429, "too-many-attempts".to_owned())),
        }
    }
    assert!((10..tries / 2).contains(&refused), "{refused}");
    let entries = noted(&ana, "passkey-add");
    assert_eq!(entries.len(), refused);
    // Whoever is at the same address is not held up by it, nor is his signing in.
    add(&world, &ana, "key ring");
    assert_eq!(world.sign_in("ben@cities.example", PASSWORD).status, 201);
}

#[test]
fn beginning_to_add_is_slowed_and_adding_gives_it_back() {
    let world = World::begin(&[]);
    let ana = world.first_coordinator("ana");
    let ben = world.invited(&ana, "ben", "reader");
    for number in 0..12 {
        add(&world, &ana, &format!("key {number}"));
    }
    let statuses: Vec<u16> = (0..20).map(|_| begin(&world, &ana).0).collect();
    assert_eq!(statuses[..10], [200; 10]);
    assert_eq!(statuses[19], 429);
    assert_eq!(begin(&world, &ben).0, 200);
}

#[test]
fn who_begins_anew_adds_what_was_begun_last() {
    let world = World::begin(&[]);
    let ana = world.first_coordinator("ana");
    let ben = world.invited(&ana, "ben", "reader");
    let begun = [&ana, &ben, &ana].map(|who| begin(&world, who).1);
    let here = origin(&world);
    let [first, bens, second] = begun.map(|told| Passkey::make(&Asked::new(&told, &here)).1);
    assert_eq!(keep(&world, &ana, &first).0, 401);
    assert_eq!(keep(&world, &ana, &second).0, 201);
    assert_eq!(keep(&world, &ben, &bens).0, 201);
}

#[test]
fn beginning_to_join_is_slowed_as_guessing_is() {
    let world = World::begin(&[]);
    let link = world.server.first_coordinator.as_deref().expect("a link");
    let secret = link.rsplit('/').next().expect("a secret");
    let form = json!({ "secret": secret, "name": "Ana", "email": "ana@cities.example" });
    let path = "/api/join/passkey/begin";
    let begun = (0..80).map(|_| ask(&world, None, "POST", path, &form).status);
    let statuses: Vec<u16> = begun.collect();
    assert_eq!(statuses[..60], [200; 60]);
    assert_eq!(statuses[79], 429);
}
