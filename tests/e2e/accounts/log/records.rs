//! Records that go both ways, and clients that say what is not understood.

use meltemi_core::id::DocumentId;
use meltemi_core::wire::frame::{Frame, Reason, Route};
use meltemi_tests::device::TestDevice;
use serde_json::json;

use super::{Run, TITLE};
use crate::attacks::peer::{Kind, RawPeer};

/// A document that nobody has.
const NOWHERE: DocumentId = DocumentId::from_bytes([0x77; 16]);

impl Run {
    /// Records with titles go both ways; other clients say what is not understood.
    pub(super) async fn sync(&self, ana: &str, ben: &str) -> DocumentId {
        let server = self.world.server.address;
        let device = TestDevice::new("ana");
        device.connect_with(server, ana).await;
        let title = [
            ("titles/en", json!(TITLE)),
            ("description", json!(TITLE.repeat(50))),
        ];
        let event = device.create("event", "ev1", &title).await;
        device.synced().await;
        let other = TestDevice::new("ben");
        other.connect_with(server, ben).await;
        other.until_record(event, "the event", |_| true).await;
        other.set(event, "titles/fr", json!(TITLE)).await;
        other
            .until("a refusal", |workspace| {
                !workspace.status().refused.is_empty()
            })
            .await;
        for kind in [Kind::Plain, Kind::Meltemi] {
            let join = || RawPeer::join_with(server, ben, kind, "phone of ben");
            let route = Route {
                sender: meltemi_core::id::PeerId(TITLE.to_owned()),
                target: meltemi_core::id::PeerId("server".to_owned()),
            };
            let reason = Reason {
                code: "storage".to_owned(),
                message: TITLE.to_owned(),
            };
            let mut peer = join().await;
            peer.request(event).await;
            for frame in [
                Frame::Unavailable {
                    route: route.clone(),
                    document: event,
                    refusal: Some(reason.clone()),
                },
                Frame::Notice {
                    route: route.clone(),
                    document: Some(event),
                    reason,
                },
                Frame::Ephemeral {
                    route: route.clone(),
                    document: event,
                    count: 1,
                    session: TITLE.to_owned(),
                    data: TITLE.as_bytes().to_vec(),
                },
                Frame::Other {
                    kind: TITLE.to_owned(),
                },
            ] {
                peer.send(&frame).await;
            }
            let foreign = named(TITLE);
            peer.offer(NOWHERE, foreign).await;
            assert_eq!(peer.refusal(NOWHERE).await, "unknown-kind");
            peer.send(&Frame::Error {
                route,
                code: Some(TITLE.to_owned()),
                message: TITLE.to_owned(),
            })
            .await;
            let mut peer = join().await;
            peer.send_text(TITLE).await;
            while !matches!(peer.next().await, crate::attacks::peer::Heard::Closed(_)) {}
            let mut peer = join().await;
            peer.send_bytes(TITLE.as_bytes().to_vec()).await;
            peer.ending().await;
        }
        event
    }
}

/// A sync message with a document that says of itself to be something of this name.
fn named(name: &str) -> Vec<u8> {
    use automerge::transaction::Transactable;
    let mut doc = automerge::Automerge::new();
    let mut transaction = doc.transaction();
    for field in ["programme", "kind", "key"] {
        transaction
            .put(automerge::ROOT, field, name)
            .expect("a map");
    }
    transaction.commit();
    let changes = doc.get_changes(&[]);
    let bytes = changes.iter().map(|change| change.raw_bytes().to_vec());
    meltemi_core::testing::hostile::message(doc.get_heads(), bytes.collect())
}
