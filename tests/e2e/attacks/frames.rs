//! What is no frame, is too large a frame, or compares sets that do not exist.

use meltemi_core::testing::hostile;
use meltemi_core::wire::exchange::Exchange;
use meltemi_core::wire::frame::Frame;
use meltemi_core::wire::limits::{PART_BYTES, PARTED_BYTES, REPAIR_ROUNDS};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::peer::{Heard, KINDS, Kind, RawPeer};
use super::world::{NOWHERE, World};

/// Bytes of a long message, of which many together would fill the memory.
const LONG: usize = 15 * 1024 * 1024;

/// Valid frames of a client.
fn valid(peer: &RawPeer, world: &World) -> Vec<Frame> {
    let sync = Frame::Sync {
        route: peer.route(),
        document: world.event,
        request: false,
        data: hostile::filter(1, 10, 7, 2),
    };
    let exchange = Exchange {
        want: vec![(world.event, vec![[1; 32]])],
        ..Exchange::default()
    };
    let hello = Frame::Hello {
        seq: 0,
        root: [0; 32],
        count: 0,
    };
    vec![sync, Frame::Exchange(exchange), hello]
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_frame_end_their_connection_only() {
    let world = World::begin().await;
    let silent = RawPeer::silent(world.address(), Kind::Plain, "mallory").await;
    let join = silent.introduction().encode();
    // Whether a `join` comes before, and what is sent.
    let mut garbage = vec![(false, vec![0xf6]), (true, vec![0xf6])];
    garbage.extend((0..join.len()).map(|length| (false, join[..length].to_vec())));
    for frame in valid(&silent, &world) {
        let bytes = frame.encode();
        garbage.extend((0..bytes.len()).map(|length| (true, bytes[..length].to_vec())));
    }
    // A generator of numbers that looks random and is the same every time.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for length in 1..200 {
        let random = std::iter::repeat_with(|| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 56) as u8
        });
        garbage.push((length % 2 == 0, random.take(length).collect()));
    }
    world
        .withstands(async |_| {
            while let Some((joined, bytes)) = garbage.pop() {
                let kind = KINDS[bytes.len() / 2 % 2];
                let mut peer = if joined {
                    world.join(kind, "mallory").await
                } else {
                    RawPeer::silent(world.address(), kind, "mallory").await
                };
                peer.send_bytes(bytes.clone()).await;
                let said = peer.ending().await;
                assert_eq!(said.code, "bad-frame", "{bytes:?}: {}", said.message);
            }
            let mut peer = world.join(Kind::Plain, "mallory").await;
            peer.send_text("{\"type\":\"leave\"}").await;
            let Heard::Closed(Some((code, reason))) = peer.next().await else {
                panic!("an end");
            };
            assert_eq!(code, CloseCode::Unsupported, "{reason}");
        })
        .await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn exchanges_that_inflate_and_frames_in_endless_parts_are_refused() {
    let world = World::begin().await;
    let bomb = hostile::exchange_bomb();
    assert!(bomb.len() < 100_000, "{} bytes", bomb.len());
    let part = |left, bytes| Frame::Part {
        left,
        data: vec![0xa0; bytes],
    };
    world
        .withstands(async |round| {
            let mut peer = world.join(Kind::Meltemi, "mallory").await;
            let expected = match round % 4 {
                0 => {
                    peer.send_bytes(bomb.clone()).await;
                    "more content than is allowed"
                }
                // The same within parts.
                1 => {
                    for (left, data) in [(1, &bomb[..99]), (0, &bomb[99..])] {
                        let data = data.to_vec();
                        peer.send(&Frame::Part { left, data }).await;
                    }
                    "more content than is allowed"
                }
                2 => {
                    for _ in 0..=PARTED_BYTES / (PART_BYTES - 64) {
                        peer.send(&part(u64::MAX, PART_BYTES - 64)).await;
                    }
                    "in parts is too large"
                }
                _ => {
                    let data = part(0, 9).encode();
                    peer.send(&Frame::Part { left: 0, data }).await;
                    "a part within a part"
                }
            };
            let said = peer.ending().await;
            assert_eq!(said.code, "bad-frame");
            assert!(said.message.contains(expected), "{round}: {}", said.message);
        })
        .await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_in_parts_are_bounded_for_all_connections_together() {
    let world = World::begin().await;
    // Each of them stays within what one connection may send.
    world
        .withstands_many(async |number| {
            let mut peer = world
                .join(Kind::Meltemi, &format!("mallory {number}"))
                .await;
            for _ in 0..PARTED_BYTES / PART_BYTES - 1 {
                let data = vec![0xa0; PART_BYTES - 64];
                peer.send(&Frame::Part { left: 1, data }).await;
            }
            peer.request(NOWHERE).await;
            match peer.next().await {
                Heard::Closed(Some((_, reason))) => {
                    assert!(reason.contains("connect again later"), "{reason}");
                }
                Heard::Frame(_) | Heard::Closed(None) => {}
            }
        })
        .await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_messages_over_many_connections_find_room_one_after_the_other() {
    let world = World::begin().await;
    world
        .withstands_many(async |number| {
            // Without a join nothing long is read, whether it ends or not.
            let mut silent = RawPeer::silent(world.address(), Kind::Plain, "mallory").await;
            silent.send_beginning(LONG as u64, LONG - number).await;
            // What the server does not read may end the connection before its reason is heard.
            match silent.next().await {
                Heard::Closed(Some((code, reason))) => {
                    assert_eq!(code, CloseCode::Size, "{reason}");
                    assert!(reason.contains("before join"), "{reason}");
                }
                Heard::Closed(None) => {}
                other => panic!("no end but {other:?}"),
            }
        })
        .await;
    world
        .withstands_many(async |number| {
            let mut peer = world.join(KINDS[number % 2], "mallory").await;
            peer.send_bytes(vec![0xf6; LONG / 4]).await;
            let said = peer.ending().await;
            assert_eq!(said.code, "bad-frame", "{}", said.message);
        })
        .await;
    world.end().await;
}

/// A message of set reconciliation: one range over everything, with its fingerprint.
fn fingerprint() -> Vec<u8> {
    let mut message = vec![0x61, 0, 0, 1];
    message.extend([7; 16]);
    message
}

/// One range over everything, with a list that claims so many items and has some.
fn listing(count: &[u8], items: usize) -> Vec<u8> {
    let mut message = vec![0x61, 0, 0, 2];
    message.extend(count);
    message.extend(vec![7; 32 * items]);
    message
}

#[tokio::test(flavor = "multi_thread")]
async fn comparisons_are_counted_and_their_numbers_not_believed() {
    let world = World::begin().await;
    let most = [vec![0x81], vec![0xff; 8], vec![0x7f]].concat();
    let mut messages = vec![
        listing(&most, 1),
        listing(&[0xff; 12], 1),
        listing(&[0x8f, 0xff, 0xff, 0xff, 0x7f], 2),
        listing(&[3], 2),
        vec![0x61, 0, 0x7f, 1],
        vec![0x61, 0, 0, 9],
    ];
    let valid = fingerprint();
    messages.push(Vec::new());
    // Cut off within the fingerprint. What ends earlier is an empty message or one without it.
    messages.extend((4..valid.len()).map(|length| valid[..length].to_vec()));
    world
        .withstands(async |round| {
            let mut peer = world.join(Kind::Meltemi, "mallory").await;
            peer.hello().await;
            let data = messages[round % messages.len()].clone();
            peer.send(&Frame::Repair { data: data.clone() }).await;
            let said = peer.ending().await;
            let expected = ["bad-comparison", "bad-frame"];
            assert!(expected.contains(&said.code.as_str()), "{data:?}: {said:?}");
        })
        .await;

    let mut peer = world.join(Kind::Meltemi, "mallory").await;
    peer.hello().await;
    for length in 1..4 {
        let data = valid[..length].to_vec();
        peer.send(&Frame::Repair { data }).await;
        let answer = |frame: &Frame| matches!(frame, Frame::Repair { .. }).then_some(());
        peer.until(answer).await;
    }

    let asks = [
        Frame::Repair { data: valid },
        Frame::Lookup {
            items: vec![[7; 32]; 1_000],
        },
        Frame::Hello {
            seq: u64::MAX,
            root: [9; 32],
            count: u64::MAX,
        },
    ];
    world
        .withstands(async |round| {
            let ask = &asks[round % asks.len()];
            let mut peer = world.join(Kind::Meltemi, "mallory").await;
            peer.hello().await;
            for _ in 0..REPAIR_ROUNDS {
                peer.send(ask).await;
            }
            let said = peer.ending().await;
            assert_eq!(said.code, "too-many-comparisons", "{}", said.message);
            // Before a hello there is nothing to compare.
            if round % asks.len() < 2 {
                let mut peer = world.join(Kind::Meltemi, "mallory").await;
                peer.send(ask).await;
                assert_eq!(peer.ending().await.code, "too-many-comparisons");
            }
        })
        .await;
    world.end().await;
}
