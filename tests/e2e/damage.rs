//! Damaged bytes on the disk cost one document at most, and devices bring it back.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use meltemi_core::id::DocumentId;
use meltemi_tests::device::TestDevice;
use meltemi_tests::request::get;
use serde_json::json;

use crate::{Database, MELTEMI, data_folder, text};

/// Flips bits in every copy of a document's content in the database file.
pub(crate) fn damage(database: Database, data: &Path, document: DocumentId) {
    let path = database.file(data);
    let mut bytes = fs::read(&path).unwrap();
    // Every part begins with this, then come the document, and what it holds: 1 or 2 for content.
    let mut mark = b"MELTEMI\x01".to_vec();
    mark.extend_from_slice(document.as_bytes());
    let places: Vec<usize> = bytes
        .windows(mark.len())
        .enumerate()
        .filter(|(_, w)| *w == mark)
        .map(|(at, _)| at)
        .collect();
    let mut damaged = 0;
    for place in places {
        if matches!(bytes[place + mark.len()], 1 | 2) {
            bytes[place + 100] ^= 0x10;
            damaged += 1;
        }
    }
    assert!(damaged > 0, "the document is in the file");
    fs::write(path, bytes).unwrap();
}

/// Makes a database unreadable for itself, without touching what it keeps.
fn spoil(database: Database, data: &Path) {
    let nonsense = "nonsense, and not a little of it";
    if database == Database::Redb {
        let mut file = File::options()
            .write(true)
            .open(database.file(data))
            .unwrap();
        file.write_all(nonsense.as_bytes()).unwrap();
        return;
    }
    for entry in fs::read_dir(data.join("sled")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() && path.file_name().is_some_and(|name| name != "db") {
            fs::write(path, nonsense).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_chunk_damages_its_document_only_and_the_device_sends_it_again() {
    a_damaged_chunk(Database::Sled).await;
    a_damaged_chunk(Database::Redb).await;
}

async fn a_damaged_chunk(database: Database) {
    let (_folder, data) = data_folder();
    let server = database.serve(&data);
    let ana = TestDevice::connected("ana", server.address).await;
    let mut cities = Vec::new();
    for n in 0..20 {
        cities.push(
            ana.create("city", &format!("c{n}"), &[("population", json!(n))])
                .await,
        );
    }
    ana.synced().await;
    ana.disconnect().await;
    assert!(server.stop().success());

    damage(database, &data, cities[7]);
    let verify = database.run("verify", &data, &[]);
    assert_eq!(verify.status.code(), Some(1), "{verify:?}");
    let said = String::from_utf8_lossy(&verify.stdout);
    assert!(
        said.contains(&format!("problem: document {}", cities[7])),
        "{said}"
    );
    assert!(
        cities
            .iter()
            .all(|c| *c == cities[7] || !said.contains(&c.to_string())),
        "{said}"
    );

    let server = database.serve(&data);
    for (n, city) in cities.iter().enumerate() {
        let answer = get(server.address, &format!("/api/records/{city}"));
        if n == 7 {
            assert_eq!(answer.status, 404);
        } else {
            assert_eq!(answer.json()["fields"]["population"], json!(n));
        }
    }
    assert!(server.log().contains("damaged"));
    ana.connect(server.address).await;
    ana.set(cities[7], "population", json!(700)).await;
    ana.synced().await;
    let again = get(server.address, &format!("/api/records/{}", cities[7])).json();
    assert_eq!(again["fields"]["population"], json!(700));
    assert!(server.stop().success());
    database.assert_healthy(&data);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_works_without_a_healthy_database() {
    an_export(Database::Sled).await;
    an_export(Database::Redb).await;
}

async fn an_export(database: Database) {
    let (folder, data) = data_folder();
    let server = database.serve(&data);
    let ana = TestDevice::connected("ana", server.address).await;
    let city = ana.create("city", "c1", &[("population", json!(5))]).await;
    let other = ana.create("city", "c2", &[("population", json!(6))]).await;
    ana.synced().await;
    assert!(server.stop().success());
    damage(database, &data, other);
    spoil(database, &data);
    let out = folder.path().join("out");
    let export = database.run("export", &data, &["--out", text(&out)]);
    assert!(!export.status.success());
    let said = String::from_utf8_lossy(&export.stdout);
    assert!(said.contains(&format!("incomplete: {other}")), "{said}");
    let record = fs::read(out.join(format!("{city}.json"))).unwrap();
    let record: serde_json::Value = serde_json::from_slice(&record).unwrap();
    assert_eq!(record["fields"]["population"], json!(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_found_after_a_kill_loses_nothing_behind_it() {
    damage_behind_a_kill(Database::Sled).await;
    damage_behind_a_kill(Database::Redb).await;
}

async fn damage_behind_a_kill(database: Database) {
    let (_folder, data) = data_folder();
    let server = database.serve(&data);
    let ana = TestDevice::connected("ana", server.address).await;
    let mut cities = Vec::new();
    for n in 0..20 {
        cities.push(
            ana.create("city", &format!("c{n}"), &[("population", json!(n))])
                .await,
        );
        // One write after the other, so that each is behind the one before in the log.
        ana.synced().await;
    }
    server.kill();
    damage(database, &data, cities[3]);
    let server = database.serve(&data);
    for (n, city) in cities.iter().enumerate().filter(|(n, _)| *n != 3) {
        let answer = get(server.address, &format!("/api/records/{city}"));
        assert_eq!(
            answer.json()["fields"]["population"],
            json!(n),
            "{}",
            server.log()
        );
    }
    ana.disconnect().await;
    ana.connect(server.address).await;
    ana.set(cities[3], "population", json!(300)).await;
    ana.synced().await;
    assert!(server.stop().success());
    database.assert_healthy(&data);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_file_that_was_cut_or_removed_is_noticed() {
    a_cut_file(Database::Sled).await;
    a_cut_file(Database::Redb).await;
}

async fn a_cut_file(database: Database) {
    let (folder, data) = data_folder();
    for n in 0..2 {
        let [storage, name] = database.options();
        let server = MELTEMI.serve(&data, &["--demo", storage, name]);
        assert!(server.stop().success());
        let file = File::options()
            .write(true)
            .open(database.file(&data))
            .unwrap();
        if n == 0 {
            file.set_len(300_000).unwrap();
        } else {
            fs::remove_file(database.file(&data)).unwrap();
        }
        for command in 0..2 {
            let out = folder.path().join(format!("out-{n}-{command}"));
            let export = database.run("export", &data, &["--out", text(&out)]);
            assert!(!export.status.success());
            assert!(String::from_utf8_lossy(&export.stdout).contains("let all devices connect"));
        }
        let verify = database.run("verify", &data, &[]);
        assert!(!verify.status.success());
        fs::remove_file(database.lost_note(&data)).unwrap();
        let verify = database.run("verify", &data, &[]);
        assert!(!String::from_utf8_lossy(&verify.stdout).contains("let all devices connect"));
    }
}
