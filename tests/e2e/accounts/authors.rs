//! Who made which change: as it is named in records, as the server has noted it, and by name.

use std::fs;
use std::path::Path;

use meltemi_core::id::DocumentId;
use meltemi_core::view::RecordView;
use meltemi_core::workspace::Workspace;
use meltemi_tests::device::TestDevice;
use serde_json::{Value, json};

use super::people::{Person, World};
use crate::damage::damage;
use crate::{Database, copy_folder};

/// A device of somebody, connected.
async fn device(world: &World, person: &Person, name: &str) -> TestDevice {
    let device = TestDevice::new(name);
    device.belongs_to(&person.id()).await;
    connect(&device, world, person).await;
    device
}

async fn connect(device: &TestDevice, world: &World, person: &Person) {
    let (_, token) = person.token(&["sync"]);
    device.connect_with(world.server.address, &token).await;
}

/// Two coordinators with a device each, and a record of Ana's that both have.
struct Scene {
    world: World,
    ana: Person,
    ben: Person,
    desk: TestDevice,
    phone: TestDevice,
    record: DocumentId,
}

impl Scene {
    async fn begin() -> Self {
        let world = World::begin(&[]);
        let ana = world.first_coordinator("ana");
        let ben = world.invited(&ana, "ben", "coordinator");
        let desk = device(&world, &ana, "desk").await;
        let values = [("titles/en", json!("Housing"))];
        let record = desk.create("event", "ev1", &values).await;
        desk.synced().await;
        let phone = device(&world, &ben, "phone").await;
        phone.until_record(record, "the record", |_| true).await;
        Self {
            world,
            ana,
            ben,
            desk,
            phone,
            record,
        }
    }

    /// Both go, and the server stops until something was done to its folder.
    async fn stopped(self, meanwhile: impl FnOnce(&Path), arguments: &[&str]) -> Self {
        for device in [&self.desk, &self.phone] {
            device.disconnect().await;
        }
        let world = self.world.stopped(meanwhile, arguments);
        Self {
            ana: self.ana.at(&world),
            ben: self.ben.at(&world),
            world,
            ..self
        }
    }

    /// Ana names a venue, and then Ben, who has that, a title in French.
    async fn both_write(&self) {
        connect(&self.desk, &self.world, &self.ana).await;
        self.desk.set(self.record, "venue", json!("Harbour")).await;
        self.desk.synced().await;
        self.desk.disconnect().await;
        connect(&self.phone, &self.world, &self.ben).await;
        let venue = |record: &RecordView| record.fields.contains_key("venue");
        self.phone
            .until_record(self.record, "her edit", venue)
            .await;
        let title = json!("Logement");
        self.phone.set(self.record, "titles/fr", title).await;
        self.phone.synced().await;
        self.phone.disconnect().await;
    }

    /// How many edits of a device are refused.
    async fn refused(&self, device: &TestDevice) -> usize {
        device
            .with(|workspace| workspace.status().refused.len())
            .await
    }

    /// The venue and the French title that the server has.
    fn on_server(&self) -> (Value, Value) {
        let record = self.ana.get(&format!("/api/records/{}", self.record));
        let fields = &record.json()["fields"];
        (fields["venue"].clone(), fields["titles"]["fr"].clone())
    }

    /// Who has written the record, the newest first.
    fn authors(&self) -> Vec<Value> {
        let entries = history(&self.ana, self.record);
        let mut authors: Vec<_> = entries.iter().map(|e| e["author"].clone()).collect();
        authors.dedup();
        authors
    }
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
    let Scene {
        world,
        ana,
        ben,
        phone,
        record,
        ..
    } = Scene::begin().await;
    phone.disconnect().await;
    for place in ["Tangier", "Sfax"] {
        phone.set(record, "venue", json!(place)).await;
    }
    connect(&phone, &world, &ben).await;
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

/// A server that was started on a backup which lacks what both have written since.
async fn restored(arguments: &[&str]) -> Scene {
    let scene = Scene::begin().await;
    let backup = scene.world.folder.path().join("backup");
    let scene = scene.stopped(|data| copy_folder(data, &backup), &[]).await;
    scene.both_write().await;
    let restore = |data: &Path| {
        fs::remove_dir_all(data).expect("a folder");
        copy_folder(&backup, data);
    };
    scene.stopped(restore, arguments).await
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restored_backup_others_bring_what_it_lacks_if_the_server_takes_that() {
    let scene = restored(&["--accept-relayed"]).await;
    assert_eq!(scene.on_server(), (Value::Null, Value::Null));
    // Ben alone comes back.
    connect(&scene.phone, &scene.world, &scene.ben).await;
    scene.phone.synced().await;
    assert_eq!(scene.refused(&scene.phone).await, 0);
    assert_eq!(scene.on_server(), (json!("Harbour"), json!("Logement")));
    let (ana, ben) = (json!(scene.ana.id()), json!(scene.ben.id()));
    assert_eq!(scene.authors(), [ben.clone(), ana.clone()]);
    let entries = history(&scene.ana, scene.record);
    let brought = |entry: &&Value| entry["author"] == ana && entry["sent"]["by"] == ben;
    assert_eq!(entries.iter().filter(brought).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restored_backup_everybody_brings_what_is_theirs_and_a_coordinator_takes_the_rest()
{
    let scene = restored(&[]).await;
    // What Ben has comes with what he had of hers.
    connect(&scene.phone, &scene.world, &scene.ben).await;
    let refused = |workspace: &Workspace| !workspace.status().refused.is_empty();
    scene.phone.until("the refusal", refused).await;
    let entry = super::quarantine::waiting_for(&scene.ana).await;
    let (ana, ben) = (json!(scene.ana.id()), json!(scene.ben.id()));
    assert_eq!(
        (&entry["code"], &entry["member"]),
        (&json!("foreign-author"), &ben)
    );
    assert_eq!(scene.on_server(), (Value::Null, Value::Null));
    connect(&scene.desk, &scene.world, &scene.ana).await;
    scene.desk.synced().await;
    assert_eq!(scene.refused(&scene.desk).await, 0);
    assert_eq!(scene.on_server(), (json!("Harbour"), Value::Null));
    let path = format!("/api/quarantine/{}", entry["id"].as_str().expect("an id"));
    let accept = json!({ "decision": "accepted" });
    let accepted = scene.ana.send("POST", &path, &accept);
    assert_eq!(accepted.status, 200, "{accepted:?}");
    assert_eq!(scene.on_server(), (json!("Harbour"), json!("Logement")));
    assert_eq!(scene.authors(), [ben, ana]);
    let none = |workspace: &Workspace| workspace.status().refused.is_empty();
    scene.phone.until("that nothing is refused", none).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_damaged_disk_has_lost_comes_back_from_one_device_with_all_its_authors() {
    let scene = Scene::begin().await;
    scene.both_write().await;
    let record = scene.record;
    let scene = scene
        .stopped(|data| damage(Database::Sled, data, record), &[])
        .await;
    let path = format!("/api/records/{record}");
    assert_eq!(scene.ana.get(&path).status, 404);
    // Ben alone comes back, and goes on. The server knows that it had what he brings.
    scene
        .phone
        .set(record, "titles/es", json!("Vivienda"))
        .await;
    connect(&scene.phone, &scene.world, &scene.ben).await;
    scene.phone.synced().await;
    assert_eq!(scene.refused(&scene.phone).await, 0);
    assert_eq!(scene.on_server(), (json!("Harbour"), json!("Logement")));
    let (ana, ben) = (json!(scene.ana.id()), json!(scene.ben.id()));
    assert_eq!(scene.authors(), [ben, ana]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_brought_for_somebody_else_is_theirs_when_a_coordinator_takes_it() {
    let Scene {
        world,
        ana,
        ben,
        desk,
        record,
        ..
    } = Scene::begin().await;
    // Ana's tablet, on which she has written and which Ben then takes to the server.
    let tablet = device(&world, &ana, "tablet").await;
    tablet.until_record(record, "the record", |_| true).await;
    tablet.disconnect().await;
    tablet.set(record, "venue", json!("Tangier")).await;
    connect(&tablet, &world, &ben).await;
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
