//! Frames as bytes: what we write never changes unnoticed, and what others write is read.
//!
//! The bytes were made with an encoder that is not ours.

use meltemi_core::id::{DocumentId, PeerId, StorageId};
use meltemi_core::wire::decode::DecodeError;
use meltemi_core::wire::frame::{Frame, PeerMetadata, Reason, Route};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn peer(name: &str) -> PeerId {
    PeerId(name.to_owned())
}

fn route() -> Route {
    Route {
        sender: peer("a"),
        target: peer("b"),
    }
}

fn document() -> DocumentId {
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

const JOIN: &str = "a46474797065646a6f696e6873656e646572496461616c706565724d65746164617461a36973746f72616765496461736b6973457068656d6572616cf4676d656c74656d69017819737570706f7274656450726f746f636f6c56657273696f6e73816131";
const PEER: &str = "a5647479706564706565726873656e6465724964616268746172676574496461616c706565724d65746164617461a16b6973457068656d6572616cf47773656c656374656450726f746f636f6c56657273696f6e6131";
const LEAVE: &str = "a26474797065656c656176656873656e64657249646161";
const REQUEST: &str = "a5647479706567726571756573746873656e6465724964616168746172676574496461626a646f63756d656e744964781a7033753550684e3977724e7073474377666b656566324c7a463964646174614142";
const SYNC: &str = "a564747970656473796e636873656e6465724964616168746172676574496461626a646f63756d656e744964781a7033753550684e3977724e7073474377666b656566324c7a463964646174614142";
const UNAVAILABLE: &str = "a464747970656f646f632d756e617661696c61626c656873656e6465724964616168746172676574496461626a646f63756d656e744964781a7033753550684e3977724e7073474377666b656566324c7a4639";
const REFUSED: &str = "a664747970656f646f632d756e617661696c61626c656873656e6465724964616168746172676574496461626a646f63756d656e744964781a7033753550684e3977724e7073474377666b656566324c7a463964636f6465676e6f2d6b696e64676d65737361676563776879";
const EPHEMERAL: &str = "a7647479706569657068656d6572616c6873656e6465724964616168746172676574496461626a646f63756d656e744964781a7033753550684e3977724e7073474377666b656566324c7a463965636f756e74036973657373696f6e49646178646461746141f6";
const ERROR: &str =
    "a46474797065656572726f726873656e646572496461616874617267657449646162676d657373616765626e6f";
const NOTICE: &str = "a664747970656e6d656c74656d692d6e6f746963656873656e6465724964616168746172676574496461626a646f63756d656e744964781a7033753550684e3977724e7073474377666b656566324c7a463964636f64656773746f72616765676d65737361676563776879";

/// A `join` as cbor-x writes it: 16-bit map headers, `undefined`, keys we do not know.
const JAVASCRIPT_JOIN: &str = "b900056474797065646a6f696e6873656e646572496466706565722d786c706565724d65746164617461b900026973746f726167654964f76b6973457068656d6572616cf57819737570706f7274656450726f746f636f6c56657273696f6e73816131646d6f7265f7";

/// An `ephemeral` whose count is a floating point number.
const JAVASCRIPT_EPHEMERAL: &str = "b90007647479706569657068656d6572616c6873656e6465724964616168746172676574496461626a646f63756d656e744964781a7033753550684e3977724e7073474377666b656566324c7a463965636f756e74fb40080000000000006973657373696f6e49646178646461746141f6";

fn golden() -> Vec<(Frame, &'static str)> {
    let metadata = PeerMetadata {
        storage: Some(StorageId("s".to_owned())),
        ephemeral: false,
        meltemi: 1,
    };
    let sync = |request| Frame::Sync {
        route: route(),
        document: document(),
        request,
        data: vec![0x42],
    };
    vec![
        (
            Frame::Join {
                sender: peer("a"),
                metadata,
                versions: vec!["1".to_owned()],
            },
            JOIN,
        ),
        (
            Frame::Peer {
                sender: peer("b"),
                target: peer("a"),
                metadata: PeerMetadata::default(),
                version: "1".to_owned(),
            },
            PEER,
        ),
        (Frame::Leave { sender: peer("a") }, LEAVE),
        (sync(true), REQUEST),
        (sync(false), SYNC),
        (
            Frame::Unavailable {
                route: route(),
                document: document(),
                refusal: None,
            },
            UNAVAILABLE,
        ),
        (
            Frame::Unavailable {
                route: route(),
                document: document(),
                refusal: Some(reason("no-kind")),
            },
            REFUSED,
        ),
        (ephemeral(), EPHEMERAL),
        (
            Frame::Error {
                route: route(),
                message: "no".to_owned(),
            },
            ERROR,
        ),
        (
            Frame::Notice {
                route: route(),
                document: Some(document()),
                reason: reason("storage"),
            },
            NOTICE,
        ),
    ]
}

fn ephemeral() -> Frame {
    Frame::Ephemeral {
        route: route(),
        document: document(),
        count: 3,
        session: "x".to_owned(),
        data: vec![0xf6],
    }
}

#[test]
fn every_frame_has_the_bytes_of_the_protocol() {
    for (frame, hex) in golden() {
        assert_eq!(hex::encode(frame.encode()), hex, "{frame:?}");
        assert_eq!(Frame::decode(&bytes(hex)), Ok(frame));
    }
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
    for (_, hex) in golden() {
        let whole = bytes(hex);
        for length in 0..whole.len() {
            assert!(
                Frame::decode(&whole[..length]).is_err(),
                "cut to {length} of {hex}"
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
fn empty_data_and_wrong_ids_are_errors() {
    let empty = format!("{}40", REQUEST.trim_end_matches("4142"));
    assert_eq!(
        Frame::decode(&bytes(&empty)),
        Err(DecodeError::Field {
            kind: "request".to_owned(),
            field: "data"
        })
    );
    let wrong_id = SYNC.replace("7033753550684e", "7033753550684f");
    assert_eq!(
        Frame::decode(&bytes(&wrong_id)),
        Err(DecodeError::Field {
            kind: "sync".to_owned(),
            field: "documentId"
        })
    );
}
