//! Who made which change: as it is named in records, as the server has noted it, and by name.

use std::fs;
use std::path::Path;

use meltemi_core::id::DocumentId;
use meltemi_tests::device::TestDevice;
use serde_json::{Value, json};

use super::people::{Person, World};
use crate::copy_folder;

/// A device of somebody, connected.
async fn device(world: &World, person: &Person, name: &str) -> TestDevice {
    let (_, token) = person.token(&["sync"]);
    let device = TestDevice::new(name);
    device.belongs_to(&person.id()).await;
    device.connect_with(world.server.address, &token).await;
    device
}

fn history(person: &Person, record: DocumentId) -> Vec<Value> {
    let answer = person.get(&format!("/api/records/{record}/history"));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["entries"]
        .as_array()
        .expect("entries")
        .clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_names_who_wrote_and_who_sent_and_outlives_a_restart() {
    let world = World::begin(&[]);
    let ana = world.first_coordinator("ana");
    let ben = world.invited(&ana, "ben", "coordinator");
    let desk = device(&world, &ana, "desk").await;
    let record = desk
        .create("event", "ev1", &[("titles/en", json!("Housing"))])
        .await;
    desk.synced().await;
    let phone = device(&world, &ben, "phone").await;
    phone.until_record(record, "the record", |_| true).await;
    phone.disconnect().await;
    for place in ["Tangier", "Sfax"] {
        phone.set(record, "venue", json!(place)).await;
    }
    let (_, token) = ben.token(&["sync"]);
    phone.connect_with(world.server.address, &token).await;
    phone.synced().await;
    let entries = history(&ana, record);
    let of = |field: &str| -> Vec<Value> { entries.iter().map(|e| e[field].clone()).collect() };
    assert_eq!(of("author"), [json!(ben.id()), json!(ana.id())]);
    let senders: Vec<_> = entries.iter().map(|e| e["sent"]["by"].clone()).collect();
    assert_eq!(senders, of("author"));
    assert!(
        entries
            .iter()
            .all(|e| e["sent"]["received"].as_u64() > Some(1_700_000_000_000))
    );
    // The others of the programme have names; who has nothing to do with it has not.
    let people = ben.get("/api/people").json();
    let name = |id: String| {
        let mut people = people.as_array().expect("a list").iter();
        people
            .find(|one| one["id"] == id)
            .map(|one| one["name"].clone())
    };
    assert_eq!(name(ana.id()), Some(json!("ana of the harbour")));
    let carl = ana.invites("carl", "other", "reader");
    assert_eq!(
        carl.get("/api/people").json().as_array().map(Vec::len),
        Some(2)
    );
    assert_eq!(
        carl.get(&format!("/api/records/{record}/history")).status,
        404
    );

    let world = world.restart();
    assert_eq!(history(&ana.at(&world), record), entries);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restored_backup_others_bring_what_it_lacks() {
    let world = World::begin(&[]);
    let ana = world.first_coordinator("ana");
    let ben = world.invited(&ana, "ben", "coordinator");
    let desk = device(&world, &ana, "desk").await;
    let record = desk
        .create("event", "ev1", &[("titles/en", json!("Housing"))])
        .await;
    desk.synced().await;
    let phone = device(&world, &ben, "phone").await;
    phone.until_record(record, "the record", |_| true).await;
    phone.disconnect().await;
    desk.disconnect().await;
    let backup = world.folder.path().join("backup");
    let world = world.stopped(|data| copy_folder(data, &backup), &[]);
    // What the backup lacks, and both devices have.
    let [desk_token, phone_token] = [&ana, &ben].map(|one| one.at(&world).token(&["sync"]).1);
    desk.connect_with(world.server.address, &desk_token).await;
    desk.set(record, "venue", json!("Harbour")).await;
    desk.synced().await;
    phone.connect_with(world.server.address, &phone_token).await;
    phone
        .until_record(record, "her edit", |r| r.fields.contains_key("venue"))
        .await;
    for device in [&desk, &phone] {
        device.disconnect().await;
    }
    let restore = |data: &Path| {
        fs::remove_dir_all(data).expect("a folder");
        copy_folder(&backup, data);
    };
    let world = world.stopped(restore, &["--accept-relayed"]);
    let (ana, ben) = (ana.at(&world), ben.at(&world));
    // Ben alone comes back.
    phone
        .connect_with(world.server.address, &ben.token(&["sync"]).1)
        .await;
    phone.synced().await;
    assert_eq!(phone.with(|w| w.status().refused.len()).await, 0);
    let newest = history(&ana, record).swap_remove(0);
    assert_eq!(
        (&newest["author"], &newest["sent"]["by"]),
        (&json!(ana.id()), &json!(ben.id()))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_brought_for_somebody_else_is_theirs_when_a_coordinator_takes_it() {
    let world = World::begin(&[]);
    let ana = world.first_coordinator("ana");
    let ben = world.invited(&ana, "ben", "coordinator");
    let desk = device(&world, &ana, "desk").await;
    let record = desk
        .create("event", "ev1", &[("titles/en", json!("Housing"))])
        .await;
    desk.synced().await;
    // Ana's tablet, on which she has written and which Ben then takes to the server.
    let tablet = device(&world, &ana, "tablet").await;
    tablet.until_record(record, "the record", |_| true).await;
    tablet.disconnect().await;
    tablet.set(record, "venue", json!("Tangier")).await;
    let (_, token) = ben.token(&["sync"]);
    tablet.connect_with(world.server.address, &token).await;
    tablet
        .until("the refusal", |workspace| {
            !workspace.status().refused.is_empty()
        })
        .await;
    let entry = super::quarantine::waiting_for(&ana).await;
    assert_eq!(
        (&entry["code"], &entry["member"]),
        (&json!("foreign-author"), &json!(ben.id()))
    );
    let id = entry["id"].as_str().expect("an id");
    let accepted = ana.send(
        "POST",
        &format!("/api/quarantine/{id}"),
        &json!({ "decision": "accepted" }),
    );
    assert_eq!(accepted.status, 200, "{accepted:?}");
    desk.until_record(record, "her edit", |r| r.fields.contains_key("venue"))
        .await;
    let newest = history(&ana, record).swap_remove(0);
    assert_eq!(newest["author"], json!(ana.id()));
    assert_eq!(newest["sent"]["by"], json!(ben.id()));
}
