//! Ten thousand documents, and a server that is set back to an older backup.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use meltemi_core::id::DocumentId;
use meltemi_core::sync::storage::StorageAdapter;
use meltemi_core::testing::collection::document;
use meltemi_server::storage::memory::MemoryStorage;
use meltemi_server::storage::redb::RedbStorage;
use meltemi_server::storage::sled::SledStorage;
use meltemi_tests::collection::{device_in_step, fill, with_cursor_of};
use meltemi_tests::device::TestDevice;
use meltemi_tests::proxy::{Counted, Proxy};
use serde_json::json;

use crate::{Database, MELTEMI, copy_folder, data_folder};

const DOCUMENTS: u64 = 10_000;

/// Documents changed on each side while a device has no line.
const CHANGED: u64 = 10;

/// The lasting name of the server's storage.
const SERVER: &str = "collection";

/// A data folder with so many records.
fn fill_folder(database: Database, data: &Path, count: u64) {
    std::fs::create_dir_all(data).unwrap();
    let mut storage: Box<dyn StorageAdapter> = match database {
        Database::Sled => Box::new(SledStorage::open(&data.join("sled")).unwrap()),
        Database::Redb => Box::new(RedbStorage::open(&data.join("records.redb")).unwrap()),
    };
    storage.storage_id(SERVER).unwrap();
    fill(storage.as_mut(), count);
}

async fn heads(device: &TestDevice) -> BTreeMap<DocumentId, Vec<[u8; 32]>> {
    device
        .with(|workspace| {
            let entries = workspace.catalogue();
            entries.map(|e| (e.document, e.heads.clone())).collect()
        })
        .await
}

/// Changes ten documents on the server, by another device, and ten others on this one, which has
/// no line. A document is never changed twice, so that all of them are small.
async fn change(device: &TestDevice, other: &TestDevice, round: u64) {
    for number in 1..=CHANGED {
        let first = 1 + (round * CHANGED + number) * 100;
        other.set(document(first), "acronym", json!("Palais")).await;
        device
            .set(document(first + 1), "acronym", json!("Salle des fêtes"))
            .await;
    }
    other.synced().await;
}

/// Connects through a line that counts until everything is where it belongs, and ends the line.
async fn reconnect(device: &TestDevice, other: &TestDevice, server: SocketAddr) -> Counted {
    let proxy = Proxy::start(server).await;
    device.connect(proxy.address).await;
    device.synced().await;
    let expected = heads(device).await;
    other
        .until("what the device had", move |workspace| {
            workspace
                .catalogue()
                .all(|e| expected.get(&e.document) == Some(&e.heads))
        })
        .await;
    let counted = proxy.counted();
    device.disconnect().await;
    counted
}

#[tokio::test(flavor = "multi_thread")]
async fn reconnecting_costs_what_has_changed_with_ten_thousand_documents() {
    let (_folder, data) = data_folder();
    fill_folder(Database::Sled, &data, DOCUMENTS);
    let stored = device_in_step(SERVER, DOCUMENTS);
    let mut server = MELTEMI.serve(&data, &[]);
    let other = TestDevice::with_storage("other", stored.clone());
    other.connect(server.address).await;
    let mut device = TestDevice::with_storage("device", stored);

    let quiet = reconnect(&device, &other, server.address).await;
    println!("nothing changed: {quiet:?}");
    assert!(quiet.up + quiet.down <= 200, "{quiet:?}");

    let cases = [
        "neither restarted",
        "server restarted",
        "device restarted",
        "cursor lost",
        "cursor of another server",
    ];
    for (round, case) in (0..).zip(cases) {
        change(&device, &other, round).await;
        match case {
            "server restarted" => {
                assert!(server.stop().success());
                server = MELTEMI.serve(&data, &[]);
                other.connect(server.address).await;
            }
            "device restarted" => device = restarted(&device.storage().await),
            "cursor lost" => {
                device = restarted(&with_cursor_of(&device.storage().await, None));
            }
            "cursor of another server" => {
                device = restarted(&with_cursor_of(&device.storage().await, Some("x")));
            }
            _ => {}
        }
        let counted = reconnect(&device, &other, server.address).await;
        println!("{case}: {counted:?}");
        assert!(counted.wire <= 16_000, "{case}: {counted:?}");
    }
}

fn restarted(storage: &MemoryStorage) -> TestDevice {
    TestDevice::with_storage("device", storage.clone())
}

async fn an_older_backup_is_made_whole_again(database: Database) {
    let (folder, data) = data_folder();
    let backup = folder.path().join("backup");
    fill_folder(database, &data, 300);
    let stored = device_in_step(SERVER, 300);
    copy_folder(&data, &backup);

    // What the backup does not have: changes of old documents, and a new document.
    let server = database.serve(&data);
    let ana = TestDevice::with_storage("ana", stored.clone());
    let ben = TestDevice::with_storage("ben", stored);
    ana.connect(server.address).await;
    ben.connect(server.address).await;
    for number in 1..=5 {
        ana.set(document(number), "acronym", json!("Rathaus")).await;
        ben.set(document(number + 5), "acronym", json!("Palais"))
            .await;
    }
    let made = ana
        .create("event", "after", &[("titles/en", json!("After"))])
        .await;
    ana.synced().await;
    ben.until_record(made, "the new record", |_| true).await;
    ben.synced().await;
    ana.until("what ben wrote", |w| w.status().receiving.is_none())
        .await;
    let lost = heads(&ana).await;
    ana.disconnect().await;
    ben.disconnect().await;
    assert!(server.stop().success());
    std::fs::remove_dir_all(&data).unwrap();
    copy_folder(&backup, &data);

    // Somebody writes to the restored server before the others come back: more than was lost, so
    // that all numbers of writes that they know are given out again.
    let server = database.serve(&data);
    let cleo = TestDevice::connected("cleo", server.address).await;
    cleo.until("all of the backup", |w| w.catalogue().count() == 300)
        .await;
    cleo.synced().await;
    for number in 3..=40 {
        cleo.set(document(number), "acronym", json!("Maison")).await;
    }
    cleo.synced().await;

    let devices = [&ana, &ben, &cleo];
    ana.connect(server.address).await;
    ana.synced().await;
    ben.connect(server.address).await;
    ben.synced().await;
    let expected = heads(&ben).await;
    assert_eq!(expected.len(), 301);
    for device in devices {
        let expected = expected.clone();
        device
            .until("what all have together", move |w| {
                let own = w.catalogue().map(|e| (e.document, e.heads.clone()));
                own.collect::<BTreeMap<_, _>>() == expected
            })
            .await;
    }
    assert!(server.stop().success());
    let server = database.serve(&data);
    let new = TestDevice::connected("new", server.address).await;
    new.until("everything from the disk", move |w| {
        let own = w.catalogue().map(|e| (e.document, e.heads.clone()));
        own.collect::<BTreeMap<_, _>>() == expected
    })
    .await;
    let whole = new.with(move |workspace| {
        lost.iter().all(|(id, heads)| {
            let doc = workspace.document(id);
            doc.is_some_and(|doc| {
                heads.iter().all(|head| {
                    let hash = automerge::ChangeHash(*head);
                    doc.get_change_meta_by_hash(&hash).is_some()
                })
            })
        })
    });
    assert!(whole.await, "what the backup lacked is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sled_server_set_back_to_a_backup_gets_again_what_it_lacks() {
    an_older_backup_is_made_whole_again(Database::Sled).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redb_server_set_back_to_a_backup_gets_again_what_it_lacks() {
    an_older_backup_is_made_whole_again(Database::Redb).await;
}
