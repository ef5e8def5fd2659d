//! A server that is killed at any moment has everything it has acknowledged.

use std::collections::BTreeMap;

use meltemi_core::id::DocumentId;
use meltemi_tests::device::TestDevice;
use meltemi_tests::request::get;
use serde_json::json;

use crate::{MELTEMI, assert_healthy, data_folder};

const KILLS: u64 = 200;

/// What was acknowledged: the number that each record is known to have reached on the server.
type Acknowledged = BTreeMap<DocumentId, u64>;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_the_server_is_killed_200_times() {
    let (_folder, data) = data_folder();
    let device = TestDevice::new("ana");
    let mut cities = Vec::new();
    for n in 0..5 {
        cities.push(device.create("city", &format!("c{n}"), &[("population", json!(0))]).await);
    }
    let mut acknowledged = Acknowledged::new();
    let mut number = 0;
    for round in 0..KILLS {
        let server = MELTEMI.serve(&data, &[]);
        for (city, least) in &acknowledged {
            let record = get(server.address, &format!("/api/records/{city}")).json();
            let there = record["fields"]["population"].as_u64();
            assert!(there >= Some(*least), "round {round}: {city} has {there:?} instead of {least}");
        }
        device.connect(server.address).await;
        device.synced().await;
        acknowledged.extend(cities.iter().map(|city| (*city, number)));
        // A burst of edits, and the end while part of them is under way.
        for _ in 0..8 {
            number += 1;
            for city in &cities {
                device.set(*city, "population", json!(number)).await;
            }
        }
        let left = (round * 7) % 41;
        device.until("part of the edits on the server", move |w| w.status().waiting <= left).await;
        server.kill();
        device.disconnect().await;
    }
    assert_healthy(&data);
    let server = MELTEMI.serve(&data, &[]);
    device.connect(server.address).await;
    device.synced().await;
    for city in cities {
        let record = get(server.address, &format!("/api/records/{city}")).json();
        assert_eq!(record["fields"]["population"], json!(number));
    }
}
