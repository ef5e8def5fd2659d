//! Bytes as a frame: reading is total, and what was read is written and read again as the same.

use meltemi_core::id::{PeerId, StorageId};
use meltemi_core::wire::frame::{Frame, PeerMetadata, Reason, Route};

use crate::valid;

pub(crate) fn run(bytes: &[u8]) {
    let Ok(frame) = Frame::decode(bytes) else {
        return;
    };
    let again = Frame::decode(&frame.encode());
    assert_eq!(again.as_ref(), Ok(&frame));
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    frames().iter().map(Frame::encode).collect()
}

/// One frame of every type.
pub(crate) fn frames() -> Vec<Frame> {
    let peer = |name: &str| PeerId(name.to_owned());
    let route = || Route {
        sender: peer("a"),
        target: peer("b"),
    };
    let reason = Reason {
        code: "storage".to_owned(),
        message: "why".to_owned(),
    };
    let metadata = PeerMetadata {
        storage: Some(StorageId("disk".to_owned())),
        ephemeral: false,
        meltemi: 1,
    };
    let document = valid::document();
    let sync = |request| Frame::Sync {
        route: route(),
        document,
        request,
        data: vec![0x42, 0, 0, 0, 0],
    };
    vec![
        Frame::Join {
            sender: peer("a"),
            metadata: metadata.clone(),
            versions: vec!["1".to_owned()],
        },
        Frame::Peer {
            sender: peer("b"),
            target: peer("a"),
            metadata,
            version: "1".to_owned(),
        },
        Frame::Leave { sender: peer("a") },
        sync(true),
        sync(false),
        Frame::Unavailable {
            route: route(),
            document,
            refusal: Some(reason.clone()),
        },
        Frame::Ephemeral {
            route: route(),
            document,
            count: 3,
            session: "x".to_owned(),
            data: vec![0xf6],
        },
        Frame::Error {
            route: route(),
            code: Some("bad-frame".to_owned()),
            message: "no".to_owned(),
        },
        Frame::Notice {
            route: route(),
            document: Some(document),
            reason,
        },
        Frame::Other {
            kind: "boo".to_owned(),
        },
    ]
}
