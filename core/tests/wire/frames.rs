//! Frames as bytes: what we write never changes unnoticed, and what others write is read.
//!
//! The bytes are those that `docs/protocol.md` shows.

use std::collections::BTreeSet;

use meltemi_core::id::{DocumentId, PeerId, StorageId};
use meltemi_core::wire::decode::DecodeError;
use meltemi_core::wire::exchange::{Changes, Exchange, Listed, Stored};
use meltemi_core::wire::frame::{Frame, MELTEMI, PeerMetadata, Reason, Route};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::document;

fn peer(name: &str) -> PeerId {
    PeerId(name.to_owned())
}

fn route() -> Route {
    Route {
        sender: peer("a"),
        target: peer("b"),
    }
}

fn id() -> DocumentId {
    DocumentId::from_bytes([1; 16])
}

fn reason(code: &str) -> Reason {
    Reason {
        code: code.to_owned(),
        message: "why".to_owned(),
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    hex::decode(hex).expect("a hex literal")
}

/// A `join` as cbor-x writes it: 16-bit map headers, `undefined`, keys we do not know.
const JAVASCRIPT_JOIN: &str = "b900056474797065646a6f696e6873656e646572496466706565722d786c706565724d65746164617461b900026973746f726167654964f76b6973457068656d6572616cf57819737570706f7274656450726f746f636f6c56657273696f6e73816131646d6f7265f7";

/// An `ephemeral` whose count is a floating point number.
const JAVASCRIPT_EPHEMERAL: &str = "b90007647479706569657068656d6572616c6873656e6465724964616168746172676574496461626a646f63756d656e744964781a7033753550684e3977724e7073474377666b656566324c7a463965636f756e74fb40080000000000006973657373696f6e49646178646461746141f6";

/// Every frame that stands alone in the document, by name. Those of the sessions are compared
/// where the sessions are.
fn golden() -> Vec<(&'static str, Frame)> {
    let metadata = PeerMetadata {
        storage: Some(StorageId("s".to_owned())),
        ephemeral: false,
        meltemi: MELTEMI,
    };
    let sync = |request| Frame::Sync {
        route: route(),
        document: id(),
        request,
        data: vec![0x42],
    };
    let unavailable = |refusal| Frame::Unavailable {
        route: route(),
        document: id(),
        refusal,
    };
    let join = Frame::Join {
        sender: peer("a"),
        metadata,
        versions: vec!["1".to_owned()],
    };
    let answer = Frame::Peer {
        sender: peer("b"),
        target: peer("a"),
        metadata: PeerMetadata::default(),
        version: "1".to_owned(),
    };
    let error = Frame::Error {
        route: route(),
        code: None,
        message: "no".to_owned(),
    };
    let notice = Frame::Notice {
        route: route(),
        document: Some(id()),
        reason: reason("storage"),
    };
    let part = |left, data: &[u8]| Frame::Part {
        left,
        data: data.to_vec(),
    };
    let ping = Frame::Ping.encode();
    vec![
        ("join", join),
        ("peer", answer),
        ("leave", Frame::Leave { sender: peer("a") }),
        ("request", sync(true)),
        ("sync", sync(false)),
        ("doc-unavailable", unavailable(None)),
        ("refusal", unavailable(Some(reason("no-kind")))),
        ("ephemeral", ephemeral()),
        ("error", error),
        ("notice", notice),
        ("everything", Frame::Exchange(everything())),
        ("ping", Frame::Ping),
        ("pong", Frame::Pong),
        ("part-1", part(1, &ping[..10])),
        ("part-0", part(0, &ping[10..])),
    ]
}

/// An exchange with all that one can have.
fn everything() -> Exchange {
    let stored = |id, heads| Stored {
        document: DocumentId::from_bytes([id; 16]),
        heads,
        size: 300,
    };
    Exchange {
        heads: vec![
            stored(1, vec![[0xaa; 32], [0xbb; 32]]),
            stored(2, Vec::new()),
        ],
        seq: Some(7),
        listed: Some(Listed {
            root: [0xcc; 32],
            count: 1,
        }),
        changes: vec![Changes {
            document: id(),
            bytes: vec![0x42],
        }],
        want: vec![(id(), vec![[0xaa; 32]])],
        refused: vec![(id(), reason("no-kind"))],
        absent: vec![DocumentId::from_bytes([3; 16])],
        gone: vec![DocumentId::from_bytes([4; 16])],
    }
}

fn ephemeral() -> Frame {
    Frame::Ephemeral {
        route: route(),
        document: id(),
        count: 3,
        session: "x".to_owned(),
        data: vec![0xf6],
    }
}

#[test]
fn every_frame_has_the_bytes_of_the_document() {
    for (name, frame) in golden() {
        document::agrees(name, &frame.encode());
        assert_eq!(Frame::decode(&document::frame(name)), Ok(frame));
    }
}

#[test]
fn the_document_shows_no_frame_that_is_not_compared() {
    let mut compared: BTreeSet<&str> = golden().into_iter().map(|(name, _)| name).collect();
    compared.extend(crate::session::NAMES);
    compared.insert("deflated");
    let shown: BTreeSet<&str> = document::frames().into_keys().collect();
    assert_eq!(shown, compared);
}

#[test]
fn bodies_deflated_by_others_are_read() {
    let exchange = Exchange {
        changes: vec![Changes {
            document: id(),
            bytes: vec![0; 300],
        }],
        ..Exchange::default()
    };
    let frame = Frame::Exchange(exchange);
    assert_eq!(
        Frame::decode(&document::frame("deflated")),
        Ok(frame.clone())
    );
    assert!(frame.encode().len() < 100, "ours is deflated too");
}

#[test]
fn frames_of_the_javascript_client_are_read() {
    assert_eq!(
        Frame::decode(&bytes(JAVASCRIPT_JOIN)),
        Ok(Frame::Join {
            sender: peer("peer-x"),
            metadata: PeerMetadata {
                storage: None,
                ephemeral: true,
                meltemi: 0
            },
            versions: vec!["1".to_owned()],
        })
    );
    assert_eq!(Frame::decode(&bytes(JAVASCRIPT_EPHEMERAL)), Ok(ephemeral()));
}

#[test]
fn a_frame_of_an_unknown_type_is_no_error() {
    let unknown = bytes("a1647479706563626f6f");
    assert_eq!(
        Frame::decode(&unknown),
        Ok(Frame::Other {
            kind: "boo".to_owned()
        })
    );
}

#[test]
fn damaged_frames_are_errors() {
    for (name, whole) in document::frames() {
        for length in 0..whole.len() {
            assert!(
                Frame::decode(&whole[..length]).is_err(),
                "cut to {length} of {name}"
            );
        }
        let doubled = [whole.clone(), whole].concat();
        assert!(matches!(
            Frame::decode(&doubled),
            Err(DecodeError::Malformed(_))
        ));
    }
    let nested = vec![0x81; 100_000];
    let tagged = [bytes("a16464617461").as_slice(), &vec![0xc1; 100_000]].concat();
    for bad in [vec![], vec![0xf6], vec![0xa1], nested, tagged] {
        assert!(Frame::decode(&bad).is_err());
    }
}

#[test]
fn bodies_with_more_than_one_map_are_errors() {
    // {"type": "meltemi-exchange", "data": {} {}}
    let two = bytes("a26474797065706d656c74656d692d65786368616e6765646461746142a0a0");
    assert!(matches!(
        Frame::decode(&two),
        Err(DecodeError::Malformed(_))
    ));
}

#[test]
fn empty_data_and_wrong_ids_are_errors() {
    let request = hex::encode(document::frame("request"));
    let empty = format!("{}40", request.trim_end_matches("4142"));
    assert_eq!(
        Frame::decode(&bytes(&empty)),
        Err(DecodeError::Field {
            kind: "request".to_owned(),
            field: "data"
        })
    );
    let sync = hex::encode(document::frame("sync"));
    let wrong_id = sync.replace("7033753550684e", "7033753550684f");
    assert_eq!(
        Frame::decode(&bytes(&wrong_id)),
        Err(DecodeError::Field {
            kind: "sync".to_owned(),
            field: "documentId"
        })
    );
}
