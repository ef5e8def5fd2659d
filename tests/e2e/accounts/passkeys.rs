//! Signing in and joining with passkeys.

mod bounds;

use meltemi_tests::request::{Answer, send};
use serde_json::{Value, json};

use super::authenticator::{Asked, Passkey};
use super::code;
use super::people::{PASSWORD, Person, World};

/// The origin under which browsers reach a server on their own machine by a name.
pub(super) fn origin(world: &World) -> String {
    format!("http://localhost:{}", world.server.address.port())
}

/// Sends something as a page that was opened by this name.
fn send_from(
    world: &World,
    host: &str,
    who: Option<&Person>,
    method: &str,
    path: &str,
    body: &Value,
) -> Answer {
    let port = world.server.address.port();
    let (origin, host) = (format!("http://{host}:{port}"), format!("{host}:{port}"));
    let mut headers = vec![
        ("host", &*host),
        ("origin", &*origin),
        ("content-type", "application/json"),
    ];
    headers.extend(who.map(|person| ("cookie", &*person.cookie)));
    let body = body.to_string();
    send(
        world.server.address,
        method,
        path,
        &headers,
        body.as_bytes(),
    )
}

/// Sends something as a page that was opened as `localhost`.
pub(super) fn ask(
    world: &World,
    who: Option<&Person>,
    method: &str,
    path: &str,
    body: &Value,
) -> Answer {
    send_from(world, "localhost", who, method, path, body)
}

/// What a passkey is to sign to sign in.
fn begin(world: &World) -> Value {
    let begun = ask(
        world,
        None,
        "POST",
        "/api/session/passkey/begin",
        &json!({}),
    );
    assert_eq!(begun.status, 200, "{begun:?}");
    begun.json()
}

fn sign_in_with(world: &World, credential: &Value) -> Answer {
    let form = json!({ "credential": credential });
    ask(world, None, "POST", "/api/session/passkey", &form)
}

/// Signs in as it is meant.
pub(super) fn sign_in(world: &World, passkey: &mut Passkey) -> Answer {
    let options = begin(world);
    let credential = passkey.sign(&Asked::new(&options, &origin(world)));
    sign_in_with(world, &credential)
}

/// The first coordinator, who has a passkey and no password.
pub(super) fn first(world: &World, name: &str) -> (Person, Passkey) {
    let link = world.server.first_coordinator.as_deref().expect("a link");
    let secret = link.rsplit('/').next().expect("a secret").to_owned();
    let mut form = json!({ "secret": secret, "name": format!("{name} of the harbour"),
                           "email": format!("{name}@cities.example") });
    let begun = ask(world, None, "POST", "/api/join/passkey/begin", &form);
    assert_eq!(begun.status, 200, "{begun:?}");
    let (passkey, credential) = Passkey::make(&Asked::new(&begun.json(), &origin(world)));
    form["credential"] = credential;
    form["device_name"] = format!("phone of {name}").into();
    let joined = ask(world, None, "POST", "/api/join/passkey", &form);
    (Person::from(world, &joined), passkey)
}

/// Adds a passkey for somebody with a password.
pub(super) fn add(world: &World, person: &Person, name: &str) -> (String, Passkey) {
    let form = json!({ "password": PASSWORD });
    let begun = ask(world, Some(person), "POST", "/api/passkeys/begin", &form);
    assert_eq!(begun.status, 200, "{begun:?}");
    let (passkey, credential) = Passkey::make(&Asked::new(&begun.json(), &origin(world)));
    let form = json!({ "name": name, "credential": credential });
    let added = ask(world, Some(person), "POST", "/api/passkeys", &form);
    assert_eq!(added.status, 201, "{added:?}");
    let id = added.json()["id"].as_str().expect("an id").to_owned();
    (id, passkey)
}

/// What was done of this kind, and how it ended, newest first.
fn noted(person: &Person, what: &str) -> Vec<(Value, String)> {
    let entries = person.get("/api/audit").json()["entries"].clone();
    let entries = entries.as_array().expect("a list").clone();
    let of_kind = entries.into_iter().filter(|entry| entry["what"] == what);
    of_kind
        .map(|entry| {
            let outcome = entry["outcome"].as_str().expect("an outcome").to_owned();
            (entry["object"].clone(), outcome)
        })
        .collect()
}

fn id_of(person: &Person) -> Value {
    person.get("/api/session").json()["member"]["id"].clone()
}

#[test]
fn somebody_joins_with_a_passkey_signs_in_with_it_and_recovers_a_password() {
    let world = World::begin(&[]);
    let (ana, mut passkey) = first(&world, "ana");
    assert_eq!(ana.get("/api/session").json()["password"], false);
    let listed = ana.get("/api/passkeys").json();
    assert_eq!(listed[0]["name"], "phone of ana");
    assert_eq!(listed[0]["seen"], Value::Null);
    let id = listed[0]["id"].as_str().expect("an id").to_owned();
    // No e-mail address is asked for, and what is given to the browser names nobody.
    let options = begin(&world);
    assert_eq!(options["allowCredentials"], json!([]));
    let again = sign_in(&world, &mut passkey);
    assert_eq!(again.json()["member"]["email"], "ana@cities.example");
    let ana = Person::from(&world, &again);
    assert!(ana.get("/api/passkeys").json()[0]["seen"].is_string());
    // A password is of no use, as there is none.
    let refused = world.sign_in("ana@cities.example", PASSWORD);
    assert_eq!(code(&refused), "wrong-credentials");
    // The only way in stays.
    let path = format!("/api/passkeys/{id}");
    let refused = ana.send("DELETE", &path, &Value::Null);
    assert_eq!((refused.status, code(&refused)), (409, "last-way".into()));
    // Who has signed in just now gets recovery codes without a password, and a password by one.
    let codes = ana.send("POST", "/api/recovery/codes", &json!({}));
    assert_eq!(codes.status, 201, "{codes:?}");
    let form = json!({ "email": "ana@cities.example", "code": codes.json()["codes"][0],
                       "password": PASSWORD });
    let ana = Person::from(&world, &world.post("/api/recovery", &form));
    assert_eq!(ana.get("/api/session").json()["password"], true);
    assert_eq!(ana.send("DELETE", &path, &Value::Null).status, 204);
    assert_eq!(sign_in(&world, &mut passkey).status, 401);
    assert_eq!(world.sign_in("ana@cities.example", PASSWORD).status, 201);
    let joined = noted(&ana, "passkey-sign-in");
    let outcomes: Vec<&str> = joined.iter().map(|(_, outcome)| &**outcome).collect();
    assert_eq!(outcomes, ["refused", "done"]);
    assert_eq!(noted(&ana, "passkey-remove").len(), 1);
}

#[test]
fn a_member_with_a_password_adds_names_and_removes_passkeys() {
    let world = World::begin(&[]);
    let ana = world.first_coordinator("ana");
    let ben = world.invited(&ana, "ben", "reader");
    for (form, expected) in [
        (json!({}), "bad-field"),
        (
            json!({ "password": "no password of anybody" }),
            "wrong-credentials",
        ),
    ] {
        let refused = ask(&world, Some(&ana), "POST", "/api/passkeys/begin", &form);
        assert_eq!(code(&refused), expected);
    }
    let (id, mut passkey) = add(&world, &ana, "key ring");
    let signed_in = Person::from(&world, &sign_in(&world, &mut passkey));
    assert_eq!(id_of(&signed_in), id_of(&ana));
    // It is hers: he neither sees nor names nor removes it.
    let path = format!("/api/passkeys/{id}");
    assert_eq!(ben.get("/api/passkeys").json(), json!([]));
    let name = json!({ "name": "blue key" });
    for (method, body) in [("PATCH", &name), ("DELETE", &Value::Null)] {
        assert_eq!(code(&ben.send(method, &path, body)), "not-found");
    }
    assert_eq!(ana.send("PATCH", &path, &name).json()["name"], "blue key");
    assert_eq!(ana.send("DELETE", &path, &Value::Null).status, 204);
    let refused = sign_in(&world, &mut passkey);
    assert_eq!(code(&refused), "passkey-refused");
    for deed in ["passkey-add", "passkey-name", "passkey-remove"] {
        assert_eq!(
            noted(&ana, deed),
            [(json!(id), "done".to_owned())],
            "{deed}"
        );
    }
}

#[test]
fn a_passkey_is_kept_only_for_whom_it_was_begun_and_once() {
    let world = World::begin(&[]);
    let ana = world.first_coordinator("ana");
    let ben = world.invited(&ana, "ben", "reader");
    let form = json!({ "password": PASSWORD });
    let begun = |who| ask(&world, Some(who), "POST", "/api/passkeys/begin", &form).json();
    let keep = |who: &Person, credential: &Value| {
        let form = json!({ "name": "key", "credential": credential });
        let answer = ask(&world, Some(who), "POST", "/api/passkeys", &form);
        (answer.status, code(&answer))
    };
    let refused = (401, "passkey-refused".to_owned());
    let here = origin(&world);
    let (_, credential) = Passkey::make(&Asked::new(&begun(&ana), &here));
    assert_eq!(keep(&ben, &credential), refused);
    // That was the one time.
    assert_eq!(keep(&ana, &credential), refused);
    let (_, credential) = Passkey::make(&Asked::new(&begun(&ana), "https://evil.example"));
    assert_eq!(keep(&ana, &credential), refused);
    let options = begun(&ana);
    let unverified = Asked {
        verified: false,
        ..Asked::new(&options, &here)
    };
    assert_eq!(keep(&ana, &Passkey::make(&unverified).1), refused);
    let mut options = begun(&ana);
    options["rp"]["id"] = "evil.example".into();
    let (_, credential) = Passkey::make(&Asked::new(&options, &here));
    assert_eq!(keep(&ana, &credential), refused);
    // What was begun to sign in is nothing to add a passkey with.
    let carla = world.invited(&ana, "carla", "reader");
    let mut options = begun(&carla);
    options["challenge"] = begin(&world)["challenge"].clone();
    let (_, credential) = Passkey::make(&Asked::new(&options, &here));
    assert_eq!(keep(&carla, &credential), refused);
    assert_eq!(keep(&carla, &json!({ "id": 7 })), refused);
    let options = begun(&carla);
    let (_, credential) = Passkey::make(&Asked::new(&options, &here));
    assert_eq!(keep(&carla, &credential).0, 201);
    assert_eq!(
        carla.get("/api/passkeys").json().as_array().map(Vec::len),
        Some(1)
    );
    assert_eq!(
        noted(&ana, "passkey-add")[1],
        (id_of(&carla), "refused".to_owned())
    );
}

#[test]
fn what_was_not_signed_for_this_sign_in_lets_nobody_in_and_all_of_it_looks_the_same() {
    let world = World::begin(&[]);
    let ana = world.first_coordinator("ana");
    let (_, mut passkey) = add(&world, &ana, "key");
    let here = origin(&world);
    let mut answers = Vec::new();
    let mut refused = |what: &'static str, credential: &Value| {
        let answer = sign_in_with(&world, credential);
        assert_eq!(answer.status, 401, "{what}");
        assert!(answer.header("set-cookie").is_none(), "{what}");
        answers.push(answer.body);
    };
    let made_up = json!({ "challenge": "AAAAAAAAAAAAAAAAAAAAAA" });
    refused(
        "a challenge of its own",
        &passkey.sign(&Asked::new(&made_up, &here)),
    );
    let options = begin(&world);
    let elsewhere = Asked::new(&options, "https://evil.example");
    refused("another origin", &passkey.sign(&elsewhere));
    let options = begin(&world);
    let unverified = Asked {
        verified: false,
        ..Asked::new(&options, &here)
    };
    refused("nobody has shown who they are", &passkey.sign(&unverified));
    let options = begin(&world);
    let mut other = passkey.named("evil.example");
    refused("another name", &other.sign(&Asked::new(&options, &here)));
    let options = begin(&world);
    let mut forged = passkey.forged();
    refused("another key", &forged.sign(&Asked::new(&options, &here)));
    // A passkey that was never added, as one of somebody who is no member.
    let stranger = json!({ "challenge": "BBBBBBBBBBBBBBBBBBBBBA", "rp": { "id": "localhost" },
                           "user": { "id": "BB".repeat(21) + "A" } });
    let (mut stranger, _) = Passkey::make(&Asked::new(&stranger, &here));
    let options = begin(&world);
    refused(
        "a foreign passkey",
        &stranger.sign(&Asked::new(&options, &here)),
    );
    let options = begin(&world);
    let right = passkey.sign(&Asked::new(&options, &here));
    assert_eq!(sign_in_with(&world, &right).status, 201);
    refused("the same once more", &right);
    // A copy of it has signed less often.
    passkey.count -= 1;
    let options = begin(&world);
    refused("a copy", &passkey.sign(&Asked::new(&options, &here)));
    refused("no credential", &json!({ "id": [] }));
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(
        noted(&ana, "passkey-copied"),
        [(id_of(&ana), "refused".to_owned())]
    );
    passkey.count += 5;
    assert_eq!(sign_in(&world, &mut passkey).status, 201);
}

#[test]
fn who_is_inactive_is_told_what_strangers_are_told() {
    let world = World::begin(&[]);
    let ana = world.first_coordinator("ana");
    let ben = world.invited(&ana, "ben", "reader");
    let (_, mut passkey) = add(&world, &ben, "key");
    let path = format!("/api/members/{}", id_of(&ben).as_str().expect("an id"));
    let changed = ana.send("PATCH", &path, &json!({ "active": false }));
    assert_eq!(changed.status, 200, "{changed:?}");
    let known = sign_in(&world, &mut passkey);
    let unknown = sign_in(&world, &mut passkey.forged());
    assert_eq!((known.status, known.body), (unknown.status, unknown.body));
}

#[test]
fn passkeys_need_a_name_of_the_server_and_an_own_page() {
    let world = World::begin(&[]);
    let path = "/api/session/passkey/begin";
    let refused = send_from(&world, "127.0.0.1", None, "POST", path, &json!({}));
    assert_eq!(
        (refused.status, code(&refused)),
        (409, "passkeys-need-a-name".into())
    );
    let host = format!("localhost:{}", world.server.address.port());
    let headers = [
        ("host", &*host),
        ("origin", "https://evil.example"),
        ("content-type", "application/json"),
    ];
    let refused = send(world.server.address, "POST", path, &headers, b"{}");
    assert_eq!(code(&refused), "cross-site");
}

#[test]
fn beginning_is_slowed_and_signing_in_gives_it_back() {
    let world = World::begin(&[]);
    let ana = world.first_coordinator("ana");
    let (_, mut passkey) = add(&world, &ana, "key");
    for _ in 0..40 {
        assert_eq!(sign_in(&world, &mut passkey).status, 201);
    }
    let path = "/api/session/passkey/begin";
    let statuses: Vec<u16> = (0..80)
        .map(|_| ask(&world, None, "POST", path, &json!({})).status)
        .collect();
    assert_eq!(statuses[..50], [200; 50]);
    assert_eq!(statuses[79], 429);
}
