//! Devices that meet through the server.

use meltemi_core::command::{Command, Splice};
use meltemi_core::record::FieldPath;
use meltemi_tests::device::TestDevice;
use meltemi_tests::request::get;
use serde_json::json;

use crate::{MELTEMI, assert_healthy, data_folder};

#[tokio::test(flavor = "multi_thread")]
async fn two_devices_end_equal_and_the_api_shows_the_open_conflict() {
    let (_folder, data) = data_folder();
    let server = MELTEMI.serve(&data, &[]);
    let ana = TestDevice::connected("ana", server.address).await;
    let ben = TestDevice::connected("ben", server.address).await;
    let event = ana
        .create(
            "event",
            "ev1",
            &[("titles/en", json!("Housing")), ("dates", json!("2021"))],
        )
        .await;
    ben.until_record(event, "the event", |record| {
        record.fields["dates"] == json!("2021")
    })
    .await;

    ana.disconnect().await;
    ben.disconnect().await;
    ana.set(event, "dates", json!("2021-03-16/2021-03-18"))
        .await;
    ana.set(event, "venue", json!("Town hall")).await;
    ben.set(event, "dates", json!("2021-04")).await;
    ben.set(event, "titles/fr", json!("Logement")).await;
    ana.connect(server.address).await;
    ben.connect(server.address).await;
    let merged = |record: &meltemi_core::view::RecordView| {
        record.conflicts.len() == 1
            && record.fields["venue"] == json!("Town hall")
            && record.fields["titles"] == json!({ "en": "Housing", "fr": "Logement" })
    };
    ana.until_record(event, "ben's edits", merged).await;
    ben.until_record(event, "ana's edits", merged).await;
    ana.synced().await;
    ben.synced().await;

    let (at_ana, at_ben) = (ana.record(event).await, ben.record(event).await);
    assert_eq!(at_ana, at_ben);
    let served = get(server.address, &format!("/api/records/{event}"));
    assert_eq!(served.status, 200);
    assert_eq!(served.json(), serde_json::to_value(&at_ana).unwrap());
    let values = &served.json()["conflicts"][0]["values"];
    let mut dates: Vec<_> = values
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v["value"].clone())
        .collect();
    dates.sort_by_key(ToString::to_string);
    assert_eq!(dates, [json!("2021-03-16/2021-03-18"), json!("2021-04")]);
    let listed = get(server.address, "/api/records?kind=event");
    assert_eq!(listed.json(), json!([served.json()]));

    assert!(server.stop().success());
    assert_healthy(&data);
}

#[tokio::test(flavor = "multi_thread")]
async fn long_texts_sync_and_stay_out_of_blob_files() {
    let (_folder, data) = data_folder();
    let server = MELTEMI.serve(&data, &[]);
    let ana = TestDevice::connected("ana", server.address).await;
    let event = ana
        .create("event", "ev1", &[("titles/en", json!("Long"))])
        .await;
    // Text that does not compress, in several edits.
    let mut state = 1_u64;
    for _ in 0..4 {
        let insert: String = (0..250_000)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                char::from(b'!' + (state >> 33) as u8 % 90)
            })
            .collect();
        // As long as one change may be.
        for part in insert.as_bytes().chunks(25_000) {
            ana.execute(Command::EditText {
                document: event,
                path: FieldPath::field("objectives"),
                base: ana.record(event).await.heads,
                splices: vec![Splice {
                    at: 0,
                    delete: 0,
                    insert: String::from_utf8(part.to_vec()).unwrap(),
                }],
            })
            .await;
        }
        ana.synced().await;
    }
    assert!(server.stop().success());
    assert_healthy(&data);
    let size = std::fs::metadata(data.join("sled/db")).unwrap().len();
    assert!(size > 800_000, "{size}");
    let server = MELTEMI.serve(&data, &[]);
    let ben = TestDevice::connected("ben", server.address).await;
    ben.until_record(event, "the text", |record| {
        record.fields["objectives"]
            .as_str()
            .is_some_and(|text| text.len() == 1_000_000)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_waits_for_what_was_sent_and_says_goodbye() {
    let (_folder, data) = data_folder();
    let server = MELTEMI.serve(&data, &[]);
    let ana = TestDevice::connected("ana", server.address).await;
    let mut events = Vec::new();
    for n in 0..20 {
        events.push(
            ana.create("event", &format!("ev{n}"), &[("titles/en", json!("E"))])
                .await,
        );
    }
    ana.until("some on the server", |w| w.status().waiting_documents < 20)
        .await;
    assert!(server.stop().success());
    ana.disconnect().await;
    assert_healthy(&data);
    let server = MELTEMI.serve(&data, &[]);
    ana.connect(server.address).await;
    ana.synced().await;
    for event in events {
        assert_eq!(
            get(server.address, &format!("/api/records/{event}")).status,
            200
        );
    }
}
