//! Edits made under a role that holds no longer: they wait, a coordinator decides, and the author
//! is told.

use std::path::Path;

use meltemi_core::id::DocumentId;
use meltemi_core::sync::policy::Access;
use meltemi_core::view::RecordView;
use meltemi_core::workspace::Workspace;
use meltemi_tests::device::{DEADLINE, TestDevice};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::administration::run;
use super::code;
use super::people::{Person, World};

/// Edits that Ben makes while he is away.
const EDITS: usize = 30;

/// A server with a coordinator, a record of Tangier's, and Ben, its officer, whose phone has it.
struct Scene {
    world: World,
    ana: Person,
    ben: Person,
    desk: TestDevice,
    phone: TestDevice,
    token: String,
    record: DocumentId,
}

impl Scene {
    async fn begin() -> Self {
        let world = World::begin(&[]);
        let ana = world.first_coordinator("ana");
        let ben = world.invited(&ana, "ben", "city_officer");
        change(&ana, &ben, &json!({ "body": "city/tangier" }));
        let (_, desk_token) = ana.token(&["sync"]);
        let (_, token) = ben.token(&["sync"]);
        let desk = TestDevice::new("desk");
        desk.connect_with(world.server.address, &desk_token).await;
        let values = [
            ("actors", json!(["city/tangier"])),
            ("visibility", json!("peers")),
        ];
        let record = desk.create("outcome", "o1", &values).await;
        desk.synced().await;
        let phone = TestDevice::new("phone");
        phone.connect_with(world.server.address, &token).await;
        phone.until_record(record, "the record", |_| true).await;
        phone.disconnect().await;
        Self {
            world,
            ana,
            ben,
            desk,
            phone,
            token,
            record,
        }
    }

    /// Ben writes offline, meanwhile his role changes, and he comes back.
    async fn come_back_with_less(&self, less: Value) {
        for number in 0..EDITS {
            let place = json!(format!("Help desk, version {number}"));
            self.phone.set(self.record, "place", place).await;
        }
        change(&self.ana, &self.ben, &less);
        self.phone
            .connect_with(self.world.server.address, &self.token)
            .await;
        self.phone
            .until("the refusal", |workspace| {
                !workspace.status().refused.is_empty()
            })
            .await;
    }

    /// What waits for Ana, as soon as something does: it is written beside the connection.
    async fn waiting(&self) -> Value {
        waiting_for(&self.ana).await
    }

    fn decide(
        &self,
        by: &Person,
        entry: &Value,
        decision: &Value,
    ) -> meltemi_tests::request::Answer {
        let id = entry["id"].as_str().expect("an id");
        by.send("POST", &format!("/api/quarantine/{id}"), decision)
    }
}

/// What waits for somebody's decision, as soon as something does.
pub(super) async fn waiting_for(person: &Person) -> Value {
    let found = timeout(DEADLINE, async {
        loop {
            let list = person.get("/api/quarantine").json();
            if let Some(entry) = list.as_array().and_then(|list| list.first()) {
                return entry.clone();
            }
            tokio::task::yield_now().await;
        }
    });
    found.await.expect("an entry in quarantine")
}

fn change(by: &Person, whom: &Person, patch: &Value) {
    let id = whom.get("/api/session").json()["member"]["id"].clone();
    let path = format!("/api/members/{}", id.as_str().expect("an id"));
    let changed = by.send("PATCH", &path, patch);
    assert_eq!(changed.status, 200, "{changed:?}");
}

fn as_reader() -> Value {
    json!({ "memberships": [{ "programme": "test", "role": "reader" }] })
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_of_a_role_that_was_taken_away_are_accepted_by_a_coordinator() {
    let scene = Scene::begin().await;
    scene.come_back_with_less(as_reader()).await;
    let entry = scene.waiting().await;
    assert_eq!(entry["state"], "waiting");
    assert_eq!(entry["code"], "read-only");
    assert_eq!(entry["changes"], EDITS);
    assert_eq!(entry["document"], scene.record.to_string());
    assert_eq!(
        (&entry["programme"], &entry["kind"]),
        (&json!("test"), &json!("outcome"))
    );
    let ben = scene.ben.get("/api/session").json()["member"]["id"].clone();
    assert_eq!(entry["member"], ben);
    // The author sees that it waits. Who has nothing to do with it sees nothing.
    assert_eq!(
        scene.ben.get("/api/quarantine").json()[0]["state"],
        "waiting"
    );
    let carl = scene.world.invited(&scene.ana, "carl", "partner_editor");
    assert_eq!(carl.get("/api/quarantine").json(), json!([]));
    let id = entry["id"].as_str().expect("an id");
    let path = format!("/api/quarantine/{id}/changes");
    for (who, status) in [(&scene.ana, 200), (&scene.ben, 404), (&carl, 404)] {
        assert_eq!(who.get(&path).status, status);
    }
    let accept = json!({ "decision": "accepted", "note": "Well done" });
    for other in [&scene.ben, &carl] {
        assert_eq!(code(&scene.decide(other, &entry, &accept)), "not-found");
    }

    let accepted = scene.decide(&scene.ana, &entry, &accept);
    assert_eq!(accepted.status, 200, "{accepted:?}");
    let last = json!(format!("Help desk, version {}", EDITS - 1));
    let wanted = last.clone();
    scene
        .desk
        .until_record(scene.record, "Ben's edits", move |r| {
            r.fields.get("place") == Some(&wanted)
        })
        .await;
    // His phone gets them as accepted, and has nothing aside any more.
    scene
        .phone
        .until("that nothing is refused", |workspace| {
            workspace.status().refused.is_empty()
        })
        .await;
    assert_eq!(scene.phone.record(scene.record).await.fields["place"], last);
    let told = scene.ben.get("/api/quarantine").json()[0].clone();
    assert_eq!(
        (&told["state"], &told["note"]),
        (&json!("accepted"), &json!("Well done"))
    );
    let again = scene.decide(&scene.ana, &entry, &json!({ "decision": "refused" }));
    assert_eq!((again.status, code(&again)), (409, "decided".to_owned()));
    let log = scene.ana.get("/api/audit").json();
    let deeds: Vec<_> = log["entries"]
        .as_array()
        .expect("entries")
        .iter()
        .map(|e| &e["what"])
        .collect();
    assert!(deeds.contains(&&json!("quarantine")) && deeds.contains(&&json!("quarantine-accept")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_stays_with_its_author_and_can_still_be_accepted() {
    let scene = Scene::begin().await;
    scene.come_back_with_less(as_reader()).await;
    let entry = scene.waiting().await;
    let refuse = json!({ "decision": "refused", "note": "Please talk to Rabat first" });
    assert_eq!(scene.decide(&scene.ana, &entry, &refuse).status, 200);
    let told = scene.ben.get("/api/quarantine").json()[0].clone();
    assert_eq!(told["state"], "refused");
    assert_eq!(told["note"], "Please talk to Rabat first");
    let kept = scene
        .phone
        .with(|workspace| workspace.status().refused)
        .await;
    assert_eq!(
        kept.iter().map(|edits| edits.changes).collect::<Vec<_>>(),
        [EDITS as u64]
    );
    assert!(
        !scene
            .desk
            .record(scene.record)
            .await
            .fields
            .contains_key("place")
    );
    let accept = json!({ "decision": "accepted" });
    // The record outlives a restart of the server, and so does the entry.
    let Scene {
        world,
        ana,
        desk,
        record,
        ..
    } = scene;
    let world = world.restart();
    let ana = ana.at(&world);
    let id = entry["id"].as_str().expect("an id");
    let accepted = ana.send("POST", &format!("/api/quarantine/{id}"), &accept);
    assert_eq!(accepted.status, 200, "{accepted:?}");
    desk.disconnect().await;
    let (_, token) = ana.token(&["sync"]);
    desk.connect_with(world.server.address, &token).await;
    desk.until_record(record, "Ben's edits", |r| r.fields.contains_key("place"))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_even_know_of_a_record_is_told_nothing_before_a_decision() {
    let scene = Scene::begin().await;
    scene
        .desk
        .set(scene.record, "visibility", json!("consortium"))
        .await;
    scene.desk.synced().await;
    scene
        .come_back_with_less(
            json!({ "memberships": [{ "programme": "test", "role": "reader" }], "body": null }),
        )
        .await;
    let entry = scene.waiting().await;
    assert_eq!(entry["code"], "not-allowed");
    assert_eq!(scene.ben.get("/api/quarantine").json(), json!([]));
    let ben = meltemi_core::sync::policy::Principal(
        entry["member"].as_str().expect("a member").to_owned(),
    );
    // His edits are still on his phone, and only there does he see the record.
    let record = scene.record;
    let may = scene
        .phone
        .with(move |w| (w.record(&record).is_ok(), w.may(&ben, &record)))
        .await;
    assert_eq!(may, (true, Access::Write));
    assert_eq!(
        scene
            .decide(&scene.ana, &entry, &json!({ "decision": "refused" }))
            .status,
        200
    );
    assert_eq!(
        scene.ben.get("/api/quarantine").json()[0]["state"],
        "refused"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_runs_the_server_decides_by_command_line_while_it_is_stopped() {
    let scene = Scene::begin().await;
    scene.come_back_with_less(as_reader()).await;
    let entry = scene.waiting().await;
    let id = entry["id"].as_str().expect("an id");
    let command = |data: &Path, words: &[&str]| run(data, &[&["quarantine"][..], words].concat());
    let (used, said) = command(&scene.world.data, &["list"]);
    assert!(!used && said.contains("in use by another"), "{said}");
    scene.phone.disconnect().await;
    scene.desk.disconnect().await;
    let last = format!("Help desk, version {}", EDITS - 1);

    let decide = |data: &Path| {
        let listed = || command(data, &["list"]).1;
        let table = listed();
        for word in [
            "waiting",
            "ben of the harbour",
            "test:outcome",
            "read-only",
            id,
        ] {
            assert!(table.contains(word), "{word}: {table}");
        }
        let (_, list) = command(data, &["list", "--json"]);
        let list: Value = serde_json::from_str(&list).expect("JSON");
        assert_eq!(
            (&list[0]["id"], &list[0]["changes"]),
            (&entry["id"], &json!(EDITS.to_string()))
        );
        let (_, shown) = command(data, &["show", id]);
        assert!(
            shown.contains("outcome/o1") && shown.contains(&last),
            "{shown}"
        );
        let (_, shown) = command(data, &["show", id, "--json"]);
        let shown: Value = serde_json::from_str(&shown).expect("JSON");
        assert_eq!(shown["differences"][0]["path"], "place");
        let (unknown, said) = command(data, &["refuse", "q-0"]);
        assert!(
            !unknown && said.contains("there is no such entry"),
            "{said}"
        );
        let (_, refused) = command(data, &["refuse", id, "--note", "Please ask first"]);
        assert_eq!(refused, "refused\n");
        assert!(listed().contains("  refused  "), "{}", listed());
        // What was refused can still be accepted, once.
        let (_, accepted) = command(data, &["accept", id, "--note", "Well done"]);
        assert_eq!(accepted, "accepted\n");
        for again in ["accept", "refuse"] {
            let (done, said) = command(data, &[again, id]);
            assert!(!done && said.contains("decided on this already"), "{said}");
        }
        let (whole, said) = run(data, &["audit", "verify"]);
        assert!(whole, "{said}");
    };
    let world = scene.world.stopped(decide, &[]);
    let (ana, ben) = (scene.ana.at(&world), scene.ben.at(&world));
    let record = ana.get(&format!("/api/records/{}", scene.record)).json();
    assert_eq!(record["fields"]["place"], json!(last));
    let told = ben.get("/api/quarantine").json()[0].clone();
    assert_eq!(
        (&told["state"], &told["note"], &told["decided_by"]),
        (&json!("accepted"), &json!("Well done"), &Value::Null)
    );
    let history = ana.get(&format!("/api/records/{}/history", scene.record));
    assert_eq!(history.json()["entries"][0]["sent"]["by"], json!(ben.id()));
    let log = ana.get("/api/audit").json()["entries"].clone();
    let ours = |entry: &&Value| entry["from"] == "command-line";
    let mut deeds: Vec<_> = log
        .as_array()
        .expect("entries")
        .iter()
        .filter(ours)
        .collect();
    deeds.reverse();
    let deeds: Vec<_> = deeds.iter().map(|entry| &entry["what"]).collect();
    assert_eq!(deeds, ["quarantine-refuse", "quarantine-accept"]);
    // The devices learn of it as of any change.
    for (device, person) in [(&scene.desk, &ana), (&scene.phone, &ben)] {
        let (_, token) = person.token(&["sync"]);
        device.connect_with(world.server.address, &token).await;
        let wanted = json!(last);
        let here = move |r: &RecordView| r.fields.get("place") == Some(&wanted);
        device.until_record(scene.record, "his edits", here).await;
    }
    let none = |workspace: &Workspace| workspace.status().refused.is_empty();
    scene.phone.until("that nothing is refused", none).await;
}
