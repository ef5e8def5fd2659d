//! What the log must not say, at its most talkative: a run that uses every address of
//! `docs/accounts.md`, as it is meant and otherwise, and syncs records.

mod deeds;
mod records;

use std::cell::RefCell;
use std::collections::BTreeSet;

use meltemi_tests::request::{Answer, get_with, send};
use serde_json::{Value, json};

use super::openid::provider::Provider;
use super::people::{PASSWORD, Person, World};
use crate::accounts::openid;
use crate::{MELTEMI, text};

/// A title that occurs nowhere else.
const TITLE: &str = "Boathouse for returning families";

/// A password that is tried and is not right.
const WRONG: &str = "no password of anybody";

/// The next password.
const NEXT: &str = "another lighthouse keeper";

/// What no log may have in it, apart from secrets that are made as the run goes on.
const NEVER: [&str; 14] = [
    "harbour",
    "cities.example",
    "phone of",
    PASSWORD,
    WRONG,
    NEXT,
    TITLE,
    "Boathouse",
    "mlt_",
    "mls_",
    "mli_",
    "mlo_",
    "subject-of",
    "127.0.0.1:",
];

/// A run, and what was given in it that must not be told.
struct Run {
    world: World,
    secrets: RefCell<BTreeSet<String>>,
}

/// Addresses in the page, as `GET /api/records/{id}`.
fn addresses() -> BTreeSet<String> {
    let page = include_str!("../../../docs/accounts.md");
    let quoted = page.split('`').skip(1).step_by(2);
    let addresses = quoted.filter(|text| {
        let method = text.split_once(" /").map(|(method, _)| method);
        matches!(method, Some("GET" | "POST" | "PATCH" | "DELETE"))
    });
    let addresses = addresses.map(|text| text.split('?').next().unwrap_or(text).to_owned());
    addresses.collect()
}

impl Run {
    /// Notes what an answer gives away.
    fn note(&self, answer: &Answer) {
        let mut secrets = self.secrets.borrow_mut();
        let cookies = answer
            .headers
            .iter()
            .filter(|(name, _)| name == "set-cookie");
        let given = cookies.filter_map(|(_, cookie)| cookie.split(['=', ';']).nth(1));
        // One that is taken away is empty.
        secrets.extend(given.filter(|given| !given.is_empty()).map(str::to_owned));
        let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else {
            return;
        };
        let codes = body["codes"].as_array().into_iter().flatten();
        let given = codes.chain([&body["secret"]]).filter_map(Value::as_str);
        secrets.extend(given.map(str::to_owned));
    }

    fn ask(&self, who: Option<&Person>, method: &str, path: &str, body: &Value) -> Answer {
        let answer = match who {
            Some(person) => person.send(method, path, body),
            None => {
                let origin = format!("http://{}", self.world.server.address);
                let headers = [("origin", &*origin), ("content-type", "application/json")];
                let body = body.to_string();
                send(
                    self.world.server.address,
                    method,
                    path,
                    &headers,
                    body.as_bytes(),
                )
            }
        };
        self.note(&answer);
        answer
    }

    /// Does what is expected to work.
    fn does(&self, who: &Person, method: &str, path: &str, body: &Value) -> Answer {
        let answer = self.ask(Some(who), method, path, body);
        assert!(
            (200..300).contains(&answer.status),
            "{method} {path} {answer:?}"
        );
        answer
    }

    /// Everything that can be wrong with a request, on every address.
    fn refusals(&self, person: &Person, token: &str) {
        let server = self.world.server.address;
        let personal = json!({ "email": "ana@cities.example", "password": PASSWORD,
                               "name": { "of": "Ana of the harbour" }, "code": [TITLE],
                               "secret": { "mli": TITLE }, token: TITLE });
        for address in addresses() {
            let (method, path) = address.split_once(' ').expect("method and path");
            let path = path.replace("{id}", "t-ana-of-the-harbour");
            let path = path.replace("{key}", "cities");
            for (who, body) in [
                (None, &personal),
                (Some(person), &personal),
                (Some(person), &json!(TITLE)),
                (
                    Some(person),
                    &json!({ "email": TITLE, "secret": TITLE, "name": 7 }),
                ),
            ] {
                // That would sign out.
                if method != "DELETE" || who.is_none() || path.contains("-ana-") {
                    self.ask(who, method, &path, body);
                }
            }
            let authorization = format!("Bearer {token}");
            let cookie = format!("{}; name={TITLE}", person.cookie);
            for headers in [
                &[("authorization", &*authorization), ("user-agent", TITLE)][..],
                &[
                    ("cookie", &*cookie),
                    ("origin", "https://elsewhere.example"),
                ],
                &[("cookie", &*cookie), ("content-type", "text/plain")],
                &[("authorization", TITLE), ("x-forwarded-for", TITLE)],
            ] {
                let path = format!("{path}?access_token={token}&name=ana@cities.example");
                send(server, method, &path, headers, PASSWORD.as_bytes());
            }
        }
        let long = format!("/api/{TITLE}/{token}").replace(' ', "%20");
        get_with(server, &long, &[("cookie", &person.cookie)]);
    }

    /// A token of somebody; `name` is on no account in the log.
    fn token(&self, person: &Person) -> (String, String) {
        let form = json!({ "name": "export of the harbour", "scopes": ["sync", "read"] });
        let made = self.does(person, "POST", "/api/tokens", &form).json();
        let text = |field: &str| made[field].as_str().expect("a text").to_owned();
        (text("id"), text("secret"))
    }
}

/// What a text looks like where bytes are written as numbers.
fn spellings(text: &str) -> [String; 4] {
    let numbers: Vec<_> = text.bytes().map(|byte| byte.to_string()).collect();
    [
        text.to_owned(),
        text.replace(' ', "%20"),
        hex::encode(text),
        numbers.join(", "),
    ]
}

fn assert_silent(log: &str, secrets: &BTreeSet<String>) {
    let log_lower = log.to_lowercase();
    for secret in NEVER.into_iter().chain(secrets.iter().map(String::as_str)) {
        for spelling in spellings(secret) {
            let found = log_lower.find(&spelling.to_lowercase());
            let line = found.and_then(|at| log[..at].lines().last().zip(log[at..].lines().next()));
            assert_eq!(line, None, "{secret}");
        }
    }
}

async fn nothing_is_told(format: &str) {
    let provider = Provider::begin();
    let (openid, file) = openid::file(&provider, "");
    let world = World::begin(&["--log-format", format, "--openid", text(&file)]);
    drop(openid);
    let run = Run {
        world,
        secrets: RefCell::default(),
    };
    let (ana, ben) = run.accounts();
    let told = openid::tour::everything(&run.world, &provider, &ana);
    run.secrets.borrow_mut().extend(told);
    let ((id, ana_token), (_, ben_token)) = (run.token(&ana), run.token(&ben));
    let event = run.sync(&ana_token, &ben_token).await;
    run.does(&ana, "GET", &format!("/api/records/{event}"), &Value::Null);
    run.refusals(&ben, &ben_token);
    run.does(&ana, "DELETE", &format!("/api/tokens/{id}"), &Value::Null);
    let path = format!("/api/devices/{}", ben.device());
    run.does(&ben, "DELETE", &path, &Value::Null);

    let Run { world, secrets } = run;
    let secrets = secrets.into_inner();
    assert!(secrets.len() > 15, "{}", secrets.len());
    let World {
        server,
        data,
        folder,
    } = world;
    let log = data.with_extension("log");
    assert!(server.stop().success());
    let log = std::fs::read_to_string(log).expect("a log");
    assert!(
        log.contains("RefusedPeer") && log.contains("DEBUG"),
        "it is the log of the run"
    );
    assert_silent(&log, &secrets);

    // Commands say to whoever runs the server what they are asked for, on standard output. What
    // goes wrong is told without names.
    let member = "m-0000000000000000";
    for command in [
        &["user", "deactivate", member][..],
        &["user", "grant", member, "test", "reader"],
        &[
            "token",
            "create",
            member,
            "export of the harbour",
            "--scope",
            "sync",
        ],
        &["token", "revoke", "t-0"],
        &["device", "revoke", "d-0"],
        &["invite", "revoke", "i-0"],
        &[
            "token",
            "create",
            member,
            "export of the harbour",
            "--scope",
            TITLE,
        ],
        &["verify"],
        &["user", "list"],
        &["audit", "verify"],
    ] {
        let folder = [
            "--log",
            "trace",
            "--log-format",
            format,
            "--data",
            text(&data),
        ];
        let (first, rest) = folder.split_at(4);
        let output = MELTEMI.run(&[first, command, rest].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_silent(&said, &secrets);
    }
    drop(folder);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_nothing_of_people_secrets_or_contents() {
    nothing_is_told("text").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_for_programs_says_nothing_of_people_secrets_or_contents() {
    nothing_is_told("json").await;
}
