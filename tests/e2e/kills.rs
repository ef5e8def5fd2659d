//! A server that is killed at any moment has everything it has acknowledged.

use std::collections::BTreeMap;

use automerge::{ChangeHash, ROOT, ReadDoc};
use meltemi_core::id::DocumentId;
use meltemi_core::sync::storage::CatalogueEntry;
use meltemi_core::workspace::Workspace;
use meltemi_tests::device::TestDevice;
use meltemi_tests::request::get;
use serde_json::json;

use crate::{Database, data_folder};

/// Edits of each record before a kill.
const BURST: u64 = 4;

/// What was acknowledged: the number that each record is known to have reached on the server.
type Acknowledged = BTreeMap<DocumentId, u64>;

/// The numbers at the heads that the server has shown to have.
fn shown_by_server(workspace: &Workspace) -> Acknowledged {
    let number = |entry: &CatalogueEntry| {
        let heads: Vec<_> = entry.synced.iter().map(|head| ChangeHash(*head)).collect();
        let doc = workspace.document(&entry.document)?;
        let (value, _) = doc.get_at(ROOT, "population", &heads).ok()??;
        Some((
            entry.document,
            value
                .as_i64()
                .and_then(|n| u64::try_from(n).ok())
                .or(value.as_u64())?,
        ))
    };
    workspace
        .catalogue()
        .filter(|entry| !entry.synced.is_empty())
        .filter_map(number)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_the_server_is_killed_200_times() {
    kill_the_server(Database::Sled, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_with_redb_either() {
    kill_the_server(Database::Redb, 40).await;
}

async fn kill_the_server(database: Database, kills: u64) {
    let (_folder, data) = data_folder();
    let device = TestDevice::new("ana");
    let mut cities = Vec::new();
    for n in 0..5 {
        cities.push(
            device
                .create("city", &format!("c{n}"), &[("population", json!(0))])
                .await,
        );
    }
    let mut acknowledged = Acknowledged::new();
    let mut number = 0;
    for round in 0..kills {
        let server = database.serve(&data);
        for (city, least) in &acknowledged {
            let record = get(server.address, &format!("/api/records/{city}")).json();
            let there = record["fields"]["population"].as_u64();
            assert!(
                there >= Some(*least),
                "round {round}: {city} has {there:?} instead of {least}"
            );
        }
        device.connect(server.address).await;
        device.synced().await;
        // A burst of edits, and the end while part of them is under way.
        for _ in 0..BURST {
            number += 1;
            for city in &cities {
                device.set(*city, "population", json!(number)).await;
            }
        }
        let left = (round * 7) % (BURST * cities.len() as u64 + 1);
        device
            .until("part of the edits on the server", move |w| {
                w.status().waiting <= left
            })
            .await;
        server.kill();
        acknowledged.extend(device.with(|workspace| shown_by_server(workspace)).await);
        device.disconnect().await;
    }
    assert_eq!(acknowledged.len(), cities.len());
    assert!(
        acknowledged
            .values()
            .all(|shown| *shown > (kills - 2) * BURST),
        "{acknowledged:?}"
    );
    database.assert_healthy(&data);
    let server = database.serve(&data);
    device.connect(server.address).await;
    device.synced().await;
    for city in cities {
        let record = get(server.address, &format!("/api/records/{city}")).json();
        assert_eq!(record["fields"]["population"], json!(number));
    }
}
