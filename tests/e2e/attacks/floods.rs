//! Much of what is allowed once: unknown documents, ephemeral messages; and other people's names.

use meltemi_core::id::DocumentId;
use meltemi_core::testing::hostile::{self, RawChange};
use meltemi_core::wire::exchange::{Changes, Exchange};
use meltemi_core::wire::frame::{Frame, Reason};
use meltemi_core::wire::limits::{EPHEMERAL_BURST, EPHEMERAL_BYTES, EXCHANGE_DOCUMENTS};
use meltemi_tests::request::get;

use super::peer::{Heard, KINDS, Kind, RawPeer, ending_reason};
use super::world::{NOWHERE, World};

/// How often something is asked for.
const FLOOD: u32 = 100_000;

fn unknown(number: u32) -> DocumentId {
    let mut bytes = [0x55; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    DocumentId::from_bytes(bytes)
}

fn wants(numbers: std::ops::Range<u32>) -> Frame {
    Frame::Exchange(Exchange {
        want: numbers
            .map(|number| (unknown(number), Vec::new()))
            .collect(),
        ..Exchange::default()
    })
}

/// Asks until the server ends the connection, and says with what reason it does.
async fn flood(mut peer: RawPeer, mut ask: impl AsyncFnMut(&mut RawPeer, u32)) -> Reason {
    let mut said = None;
    for number in 0..FLOOD {
        ask(&mut peer, number).await;
        while let Some(heard) = peer.heard() {
            match heard {
                Heard::Frame(frame @ Frame::Error { .. }) => said = ending_reason(frame),
                Heard::Frame(_) => {}
                Heard::Closed(_) => return said.expect("an error frame before the end"),
            }
        }
    }
    peer.ending().await
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_for_documents_that_do_not_exist_ends_and_leaves_nothing() {
    let world = World::begin().await;
    let puts = RawChange::puts(1).chunk();
    let begun = hostile::message(vec![], vec![puts.clone()]);
    let address = world.address();
    world
        .withstands_many(async |round| {
            let plain = RawPeer::join(address, Kind::Plain, "mallory").await;
            let meltemi = RawPeer::join(address, Kind::Meltemi, "mallory").await;
            let (said, expected) = match round % 5 {
                0 => {
                    let ask = async |peer: &mut RawPeer, n| peer.request(unknown(n)).await;
                    (flood(plain, ask).await, "too-many-unknown")
                }
                1 => {
                    let ask = async |peer: &mut RawPeer, n: u32| {
                        peer.send(&wants(n * 100..n * 100 + 100)).await;
                    };
                    (flood(meltemi, ask).await, "too-many-unknown")
                }
                2 => {
                    let mut peer = meltemi;
                    assert!(FLOOD as usize > EXCHANGE_DOCUMENTS);
                    for part in wants(0..FLOOD).encode_parts() {
                        peer.send_bytes(part).await;
                    }
                    (peer.ending().await, "bad-frame")
                }
                // Changes for documents that may not be kept.
                3 => {
                    let ask = async |peer: &mut RawPeer, n| {
                        peer.say(unknown(n), begun.clone()).await;
                    };
                    (flood(plain, ask).await, "too-many-refused")
                }
                _ => {
                    let ask = async |peer: &mut RawPeer, n| {
                        let changes = vec![Changes {
                            document: unknown(n),
                            bytes: puts.clone(),
                        }];
                        let exchange = Exchange {
                            changes,
                            ..Exchange::default()
                        };
                        peer.send(&Frame::Exchange(exchange)).await;
                    };
                    (flood(meltemi, ask).await, "too-many-unknown")
                }
            };
            assert_eq!(said.code, expected, "{round}: {}", said.message);
        })
        .await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wanting_a_document_again_and_again_makes_one_answer() {
    let world = World::begin().await;
    world
        .withstands_many(async |number| {
            let name = format!("mallory {number}");
            let mut peer = world.join(Kind::Meltemi, &name).await;
            let exchange = Exchange {
                want: vec![(world.event, Vec::new()); EXCHANGE_DOCUMENTS],
                ..Exchange::default()
            };
            for _ in 0..3 {
                for part in Frame::Exchange(exchange.clone()).encode_parts() {
                    peer.send_bytes(part).await;
                }
                let answer = peer
                    .until(|frame| match frame {
                        Frame::Exchange(exchange) => Some(exchange.changes.len()),
                        _ => None,
                    })
                    .await;
                assert_eq!(answer, 1);
            }
        })
        .await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_ids_tells_nothing_and_leaves_nothing() {
    let world = World::begin().await;
    world
        .withstands(async |round| {
            let id = unknown(round as u32);
            let mut peer = world.join(Kind::Plain, "mallory").await;
            peer.request(id).await;
            let answer = peer.next().await;
            let Heard::Frame(Frame::Unavailable {
                document, refusal, ..
            }) = answer
            else {
                panic!("{answer:?}");
            };
            assert_eq!((document, refusal), (id, None));
            let mut peer = world.join(Kind::Meltemi, "mallory").await;
            peer.send(&wants(round as u32..round as u32 + 1)).await;
            let answer = peer.next().await;
            let Heard::Frame(Frame::Exchange(exchange)) = answer else {
                panic!("{answer:?}");
            };
            let absent = Exchange {
                absent: vec![id],
                ..Exchange::default()
            };
            assert_eq!(exchange, absent);
            let answer = get(world.address(), &format!("/api/records/{id}"));
            assert_eq!(answer.status, 404);
        })
        .await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_thrown_out_or_replaced_by_a_second_one_of_his_name() {
    let world = World::begin().await;
    for kind in KINDS {
        let mut first = world.join(kind, "device-ana").await;
        world
            .withstands(async |_| {
                let mut second = world.join(kind, "device-ana").await;
                for peer in [&mut first, &mut second] {
                    peer.request(NOWHERE).await;
                    let answer = peer.next().await;
                    let Heard::Frame(Frame::Unavailable { route, .. }) = answer else {
                        panic!("{answer:?}");
                    };
                    assert_eq!(route.target.0, "device-ana");
                }
                second.send_bytes(vec![0xf6]).await;
                second.ending().await;
            })
            .await;
    }
    world.end().await;
}

/// A peer's ephemeral message under a name of its choice.
async fn whisper(peer: &mut RawPeer, document: DocumentId, count: u64, bytes: usize) {
    let mut route = peer.route();
    route.sender.0 = "somebody else".to_owned();
    let frame = Frame::Ephemeral {
        route,
        document,
        count,
        session: "session".to_owned(),
        data: vec![0xf6; bytes],
    };
    peer.send(&frame).await;
}

/// A plain client that has a document open.
async fn opened(world: &World, document: DocumentId, name: &str) -> RawPeer {
    let mut peer = world.join(Kind::Plain, name).await;
    peer.request(document).await;
    let shown = |frame: &Frame| matches!(frame, Frame::Sync { .. }).then_some(());
    peer.until(shown).await;
    peer
}

#[tokio::test(flavor = "multi_thread")]
async fn ephemeral_messages_go_from_those_present_to_those_present_and_not_in_floods() {
    let world = World::begin().await;
    let other = world.another().await;
    let base = world.document(other).await;
    let mut listener = opened(&world, other, "listener").await;
    let mut speaker = opened(&world, other, "speaker").await;
    let mut stranger = world.join(Kind::Plain, "stranger").await;
    let memory = world.memory();
    let flood = 20 * EPHEMERAL_BURST;
    whisper(&mut stranger, other, 1, 1).await;
    // What the stranger said has been dealt with when this is answered.
    stranger.request(NOWHERE).await;
    stranger.next().await;
    whisper(&mut speaker, other, 2, EPHEMERAL_BYTES + 1).await;
    for number in 0..flood {
        whisper(&mut speaker, other, 3 + number, EPHEMERAL_BYTES).await;
    }
    let change = hostile::edit(&mut base.fork(), "at the end");
    let message = hostile::message(vec![change.hash()], vec![change.raw_bytes().to_vec()]);
    speaker.offer(other, message).await;
    // The listener is told of the change after everything that was relayed before it.
    let mut relayed = Vec::new();
    loop {
        match listener.next().await {
            Heard::Frame(Frame::Ephemeral { route, count, .. }) => {
                assert_eq!(route.sender.0, "speaker");
                relayed.push(count);
            }
            Heard::Frame(Frame::Sync { .. }) => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(relayed[0] >= 3, "{relayed:?}");
    let count = relayed.len() as u64;
    assert!((EPHEMERAL_BURST..flood / 2).contains(&count), "{count}");
    world.assert_small(memory);
    world.end().await;
}
