//! A server with accounts: who gets in, how far, and how quickly they are out again.

mod administration;
mod authenticator;
mod authors;
mod doors;
mod log;
mod openid;
mod passkeys;
pub(crate) mod people;
mod quarantine;
mod sockets;
mod stale;
mod table;

use serde_json::{Value, json};

use self::people::{Person, World};

#[test]
fn the_first_coordinator_joins_by_the_printed_link_and_invites_others() {
    let world = World::begin(&[]);
    let ana = world.first_coordinator("ana");
    let link = world.server.first_coordinator.as_deref().expect("a link");
    let secret = link.rsplit('/').next().expect("a secret");
    assert!(link.starts_with(&format!("http://{}/#/join/mli_", world.server.address)));
    let again = world.join(secret, "mallory");
    assert_eq!(
        (again.status, code(&again)),
        (410, "invitation-unusable".into())
    );

    let made = ana.send(
        "POST",
        "/api/invitations",
        &json!({ "programme": "mc2cm", "role": "city_officer", "body": "city/tangier",
                 "language": "ar" }),
    );
    assert_eq!(made.status, 201, "{made:?}");
    let secret = made.json()["secret"].as_str().expect("a secret").to_owned();
    let listed = ana.get("/api/invitations").json();
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    assert!(listed[0].get("secret").is_none());
    let offer = world.post("/api/join/look", &json!({ "secret": secret }));
    assert_eq!(offer.json()["role"], "city_officer");

    let ben = Person::from(&world, &world.join(&secret, "ben"));
    let session = ben.get("/api/session").json();
    assert_eq!(session["open"], false);
    assert_eq!(session["member"]["body"], "city/tangier");
    assert_eq!(session["member"]["language"], "ar");
    assert_eq!(
        session["member"]["memberships"],
        json!([{ "programme": "mc2cm", "role": "city_officer" }])
    );
    assert_eq!(session["device"]["current"], true);
    // What only coordinators do is not for him.
    for (method, path, body) in [
        ("GET", "/api/audit", Value::Null),
        (
            "POST",
            "/api/invitations",
            json!({ "programme": "mc2cm", "role": "reader" }),
        ),
    ] {
        assert_eq!(
            code(&ben.send(method, path, &body)),
            "not-allowed",
            "{path}"
        );
    }
    assert_eq!(
        ben.get("/api/members").json().as_array().map(Vec::len),
        Some(1)
    );
    assert_eq!(
        ana.get("/api/members").json().as_array().map(Vec::len),
        Some(2)
    );

    // After a restart there is a member, so there is no link; sessions go on.
    let world = world.restart();
    assert_eq!(world.server.first_coordinator, None);
    assert_eq!(ana.at(&world).get("/api/session").status, 200);
}

#[test]
fn a_password_signs_in_and_guessing_is_slowed() {
    let world = World::begin(&[]);
    let ana = world.first_coordinator("ana");
    let right = world.sign_in("ANA@cities.example", people::PASSWORD);
    assert_eq!(right.status, 201, "{right:?}");
    let cookie = right.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with("meltemi=mls_"), "{cookie}");
    assert!(cookie.ends_with("; Path=/; Max-Age=15552000; HttpOnly; SameSite=Strict"));

    let unknown = world.sign_in("nobody@cities.example", "not a password of anybody");
    let wrong = world.sign_in("ana@cities.example", "not a password of anybody");
    assert_eq!((wrong.status, unknown.status), (401, 401));
    assert_eq!(wrong.json(), unknown.json());
    let slowed = (0..20)
        .map(|_| world.sign_in("ana@cities.example", "not a password of anybody"))
        .find(|answer| answer.status != 401)
        .expect("it is slowed");
    assert_eq!(
        (slowed.status, code(&slowed)),
        (429, "too-many-attempts".into())
    );
    let wait: u64 = slowed
        .header("retry-after")
        .expect("when")
        .parse()
        .expect("seconds");
    assert!((1..=30).contains(&wait), "{wait}");
    // Her open session is not touched by that.
    assert_eq!(ana.get("/api/session").status, 200);
    let signed_out = ana.send("DELETE", "/api/session", &Value::Null);
    assert_eq!(signed_out.status, 204);
    assert_eq!(ana.get("/api/session").status, 401);
}

#[test]
fn recovery_codes_and_new_passwords_end_what_was_before() {
    let world = World::begin(&[]);
    let ana = world.first_coordinator("ana");
    let codes = ana.send(
        "POST",
        "/api/recovery/codes",
        &json!({ "password": people::PASSWORD }),
    );
    let codes = codes.json()["codes"].clone();
    assert_eq!(codes.as_array().map(Vec::len), Some(10));
    let recover = |code: &Value| {
        let form = json!({ "email": "ana@cities.example", "code": code,
                           "password": "a different lighthouse" });
        world.post("/api/recovery", &form)
    };
    assert_eq!(code(&recover(&json!("aaaa-bbbb"))), "wrong-credentials");
    let recovered = recover(&codes[4]);
    assert_eq!(recovered.status, 201);
    assert_eq!(recovered.json()["recovery_codes_left"], 9);
    assert_eq!(ana.get("/api/session").status, 401);
    assert_eq!(code(&recover(&codes[4])), "wrong-credentials");
    let ana = Person::from(&world, &recovered);
    let change = |current: &str, new: &str| {
        ana.send(
            "POST",
            "/api/password",
            &json!({ "current": current, "new": new }),
        )
    };
    assert_eq!(
        code(&change(people::PASSWORD, "yet another one")),
        "wrong-credentials"
    );
    assert_eq!(
        code(&change("a different lighthouse", "short")),
        "password-too-short"
    );
    assert_eq!(
        change("a different lighthouse", "yet another one").status,
        204
    );
    assert_eq!(
        world
            .sign_in("ana@cities.example", "yet another one")
            .status,
        201
    );
}

/// The stable word of a refusal.
fn code(answer: &meltemi_tests::request::Answer) -> String {
    answer.json()["code"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}
