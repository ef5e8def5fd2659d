//! Peers that do not keep to the protocol are told so; nobody else notices.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use meltemi_tests::device::{DEADLINE, TestDevice};
use meltemi_tests::request::{get, get_with};
use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::{MELTEMI, data_folder};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn socket(server: SocketAddr) -> Socket {
    connect_async(format!("ws://{server}/sync"))
        .await
        .expect("a connection")
        .0
}

/// How the server ends the connection: code and reason.
async fn ending(mut socket: Socket) -> (CloseCode, String) {
    let ended = timeout(DEADLINE, async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Close(Some(frame)))) => {
                    return (frame.code, frame.reason.to_string());
                }
                Some(Ok(_)) => {}
                other => panic!("ended without a reason: {other:?}"),
            }
        }
    });
    ended.await.expect("the connection ends")
}

/// A valid `join`, as automerge-repo writes it.
fn join() -> Vec<u8> {
    let mut bytes = vec![0xa3];
    let text = |bytes: &mut Vec<u8>, text: &str| {
        bytes.push(0x60 + text.len() as u8);
        bytes.extend_from_slice(text.as_bytes());
    };
    text(&mut bytes, "type");
    text(&mut bytes, "join");
    text(&mut bytes, "senderId");
    text(&mut bytes, "peer-x");
    text(&mut bytes, "peerMetadata");
    bytes.push(0xa0);
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_frame_ends_its_own_connection_with_a_reason() {
    let (_folder, data) = data_folder();
    let server = MELTEMI.serve(&data, &[]);
    let ana = TestDevice::connected("ana", server.address).await;
    let good = join();
    let cut = good[..good.len() - 3].to_vec();
    for bytes in [
        vec![],
        vec![0xf6],
        vec![0xff; 100],
        cut,
        b"{\"type\":\"join\"}".to_vec(),
    ] {
        let mut peer = socket(server.address).await;
        peer.send(Message::Binary(Bytes::from(bytes.clone())))
            .await
            .unwrap();
        let (code, reason) = ending(peer).await;
        assert_eq!(code, CloseCode::Policy, "{bytes:?}");
        assert!(reason.contains("frame"), "{bytes:?}: {reason}");
    }

    let mut peer = socket(server.address).await;
    peer.send(Message::Text("join".into())).await.unwrap();
    let (code, reason) = ending(peer).await;
    assert_eq!(code, CloseCode::Unsupported);
    assert!(reason.contains("binary"), "{reason}");

    let mut peer = socket(server.address).await;
    for _ in 0..2 {
        peer.send(Message::Binary(Bytes::from(join())))
            .await
            .unwrap();
    }
    let (code, reason) = ending(peer).await;
    assert_eq!(code, CloseCode::Policy);
    assert!(reason.contains("handshake"), "{reason}");

    let mebibytes = |count: usize| Message::Binary(Bytes::from(vec![0; count * 1024 * 1024]));
    for (joins, count, expected, said) in [
        (true, 9, CloseCode::Policy, "too large"),
        (true, 17, CloseCode::Size, "bytes at most"),
        (false, 1, CloseCode::Size, "before join"),
    ] {
        let mut peer = socket(server.address).await;
        if joins {
            let join = Message::Binary(Bytes::from(join()));
            peer.send(join).await.unwrap();
        }
        peer.send(mebibytes(count)).await.unwrap();
        let (code, reason) = ending(peer).await;
        assert_eq!(code, expected, "{reason}");
        assert!(reason.contains(said), "{reason}");
    }

    // Everybody else is served as if nothing had happened.
    let event = ana
        .create("event", "ev1", &[("titles/en", json!("Housing"))])
        .await;
    ana.synced().await;
    assert_eq!(
        get(server.address, &format!("/api/records/{event}")).status,
        200
    );
    assert!(server.log().contains("no valid frame"));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_sites_may_not_connect() {
    let (_folder, data) = data_folder();
    let server = MELTEMI.serve(&data, &["--allow-origin", "https://cities.example"]);
    let ask = |origin: &str| {
        let headers = [
            ("origin", origin),
            ("connection", "upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA=="),
        ];
        get_with(server.address, "/sync", &headers)
    };
    let refused = ask("https://evil.example");
    assert_eq!(refused.status, 403);
    assert_eq!(refused.json()["code"], "origin-not-allowed");
    // Allowed ones get on to the next check: HTTP 1.0 cannot be upgraded.
    assert_eq!(ask("https://cities.example").status, 426);
    assert_eq!(ask(&format!("http://{}", server.address)).status, 426);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_says_so() {
    let (_folder, data) = data_folder();
    let server = MELTEMI.serve(&data, &[]);
    let peer = socket(server.address).await;
    server.signal("INT");
    let (code, reason) = ending(peer).await;
    assert_eq!(code, CloseCode::Away);
    assert!(reason.contains("stopping"), "{reason}");
    assert!(server.wait().success());
}
