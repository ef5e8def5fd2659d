//! The audit log, the commands on a data folder, and what the log must not say.

use std::fs;

use meltemi_tests::request::get;
use serde_json::{Value, json};

use super::people::{PASSWORD, Person, World};
use crate::{MELTEMI, text};

pub(super) fn run(world_data: &std::path::Path, command: &[&str]) -> (bool, String) {
    let output = MELTEMI.run(&[command, &["--data", text(world_data)]].concat());
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

#[test]
fn the_audit_log_holds_together_and_tampering_is_noticed() {
    let world = World::begin(&[]);
    let ana = world.first_coordinator("ana");
    world.invited(&ana, "ben", "reader");
    world.sign_in("ben@cities.example", "not a password of anybody");
    let page = ana.get("/api/audit").json();
    let entries = page["entries"].as_array().expect("a list");
    let what: Vec<&str> = entries.iter().filter_map(|e| e["what"].as_str()).collect();
    assert_eq!(what, ["sign-in", "join", "invite", "join"]);
    assert_eq!(entries[0]["outcome"], "refused");
    assert_eq!(page["next"], Value::Null);
    let older = ana.get("/api/audit?before=3").json();
    assert_eq!(older["entries"].as_array().map(Vec::len), Some(2));

    assert!(world.server.stop().success());
    let (whole, said) = run(&world.data, &["audit", "verify"]);
    assert!(whole && said.contains("checked 4 entries"), "{said}");
    let (_, exported) = run(&world.data, &["audit", "export"]);
    assert_eq!(exported.lines().count(), 4);

    let file = world.data.join("accounts.redb");
    let mut bytes = fs::read(&file).expect("accounts");
    let from = b"\"from\":\"127.0.0.1\"";
    let at = bytes.windows(from.len()).position(|w| w == from);
    let places: Vec<usize> = (at.expect("an entry")..bytes.len() - from.len())
        .filter(|at| &bytes[*at..*at + from.len()] == from)
        .collect();
    for at in places {
        bytes[at + from.len() - 2] = b'9';
    }
    fs::write(&file, bytes).expect("it is written");
    let (whole, said) = run(&world.data, &["audit", "verify"]);
    assert!(!whole && said.contains("problem: "), "{said}");
}

#[test]
fn whoever_signs_in_anew_on_a_browser_ends_what_it_had_and_wrong_passwords_are_noted() {
    let world = World::begin(&[]);
    let ana = world.first_coordinator("ana");
    let form = json!({ "email": "ana@cities.example", "password": PASSWORD });
    let again = ana.send("POST", "/api/session", &form);
    assert_eq!(ana.get("/api/session").status, 401);
    let ana = Person::from(&world, &again);
    let invitation = json!({ "programme": "test", "role": "reader" });
    let made = ana.send("POST", "/api/invitations", &invitation).json();
    let form = json!({ "secret": made["secret"], "name": "Ben", "email": "ben@cities.example",
                       "password": PASSWORD });
    let ben = Person::from(&world, &ana.send("POST", "/api/join", &form));
    assert_eq!(ana.get("/api/session").status, 401);
    let wrong = json!({ "current": "not a password of anybody", "new": PASSWORD });
    assert_eq!(ben.send("POST", "/api/password", &wrong).status, 401);
    let (own, id) = (ben.get("/api/session").json(), |who: &Value| {
        who["member"]["id"].clone()
    });
    let ana = Person::from(&world, &world.sign_in("ana@cities.example", PASSWORD));
    let page = ana.get("/api/audit").json();
    let newest = &page["entries"][1];
    assert_eq!(newest["who"], id(&own));
    assert_eq!(
        (&newest["what"], &newest["outcome"]),
        (&json!("sign-in"), &json!("refused"))
    );
    let left = &page["entries"][2];
    assert_eq!(
        (&left["what"], &left["who"]),
        (&json!("sign-out"), &again.json()["member"]["id"])
    );
}

#[test]
fn accounts_can_be_managed_while_no_server_runs() {
    let world = World::begin(&[]);
    let ana = world.first_coordinator("ana");
    let ben = world.invited(&ana, "ben", "reader");
    let ben_id = ben.get("/api/session").json()["member"]["id"].clone();
    let ben_id = ben_id.as_str().expect("an id");
    let ben_device = ben.device();
    let (used, said) = run(&world.data, &["user", "list"]);
    assert!(
        !used && said.contains("in use by another meltemi process"),
        "{said}"
    );
    let World { server, data, .. } = &world;
    server.signal("TERM");
    let lock = data.join("lock");
    let claim = fs::File::open(&lock).expect("a lock");
    claim.lock().expect("the server has ended");
    drop(claim);

    let (_, members) = run(data, &["user", "list", "--json"]);
    let members: Value = serde_json::from_str(&members).expect("JSON");
    assert_eq!(members.as_array().map(Vec::len), Some(2));
    let (_, table) = run(data, &["user", "list"]);
    assert!(
        table.starts_with("id ") && table.contains("ben@cities.example"),
        "{table}"
    );
    let (_, granted) = run(data, &["user", "grant", ben_id, "test", "evaluator"]);
    assert!(granted.contains("test:evaluator, test:reader"), "{granted}");
    let (_, refused) = run(data, &["user", "grant", ben_id, "test", "boss"]);
    assert!(refused.contains("there is no such role"), "{refused}");
    let (_, link) = run(data, &["invite", "create", "test", "reader"]);
    assert!(
        link.starts_with("http://127.0.0.1:8080/#/join/mli_"),
        "{link}"
    );
    let (_, token) = run(
        data,
        &["token", "create", ben_id, "export", "--scope", "read,sync"],
    );
    assert!(token.starts_with("mlt_"), "{token}");
    let (_, tokens) = run(data, &["token", "list"]);
    assert!(
        tokens.contains("sync,read") && !tokens.contains("mlt_"),
        "{tokens}"
    );
    assert!(run(data, &["device", "revoke", &ben_device]).0);
    let ana_id = members[0]["id"].as_str().expect("an id");
    let (gone, said) = run(data, &["user", "deactivate", ana_id]);
    assert!(!gone && said.contains("without a coordinator"), "{said}");

    let server = MELTEMI.serve_closed(data, &[]);
    assert_eq!(get(server.address, "/api/session").status, 401);
    let secret = link.trim().rsplit('/').next().expect("a secret");
    let world = World { server, ..world };
    Person::from(&world, &world.join(secret, "carla"));
    assert_eq!(ben.at(&world).get("/api/session").status, 401);
}

#[test]
fn the_log_contains_no_name_address_token_or_password() {
    let world = World::begin(&[]);
    let ana = world.first_coordinator("ana");
    let ben = world.invited(&ana, "ben", "reader");
    let (_, token) = ben.token(&["sync", "read"]);
    get(world.server.address, &format!("/sync?access_token={token}"));
    get(
        world.server.address,
        &format!("/api/records?access_token={token}"),
    );
    world.sign_in("ben@cities.example", "not a password of anybody");
    let bad = json!({ "email": "ben@cities.example", "password": PASSWORD, "extra": token });
    world.post("/api/session", &bad);
    ben.send(
        "PATCH",
        &format!("/api/devices/{}", ben.device()),
        &json!({ "name": "harbour 2" }),
    );
    let log = world.server.log();
    assert!(log.contains("the catalogue is loaded"));
    for secret in [
        "harbour",
        "cities.example",
        PASSWORD,
        "not a password of anybody",
        "mlt_",
        "mls_",
        "mli_",
        "127.0.0.1:",
    ] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret}");
    }
}
