//! Changes and sync messages that cost more than they weigh, or belong nowhere.

use automerge::sync::Message;
use meltemi_core::testing::hostile::{self, RawChange};
use meltemi_core::wire::frame::Frame;
use meltemi_core::wire::limits::{CHANGE_OPERATIONS, DOCUMENT_HEADS};

use super::peer::{KINDS, Kind};
use super::world::{NOWHERE, World};

/// Sends each message about a record and about a document that is not there, and expects its code.
async fn refuses(world: &World, kinds: &[Kind], attacks: &[(&str, Vec<u8>)]) {
    world
        .withstands(async |round| {
            let (code, message) = &attacks[round % attacks.len()];
            for kind in kinds {
                // A plain client is heard about a document until it is refused once.
                let mut peer = world.join(*kind, "mallory").await;
                for document in [world.event, NOWHERE] {
                    peer.offer(document, message.clone()).await;
                    let refusal = peer.refusal(document).await;
                    assert_eq!(refusal, *code, "{kind:?}, {} bytes", message.len());
                }
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_that_divide_by_zero_or_probe_for_minutes_are_refused() {
    let world = World::begin().await;
    let filters = [hostile::filter_without_bits(), hostile::probe_bomb()];
    world
        .withstands(async |round| {
            for kind in KINDS {
                let mut peer = world.join(kind, "mallory").await;
                for document in [world.event, NOWHERE] {
                    peer.say(document, filters[round % 2].clone()).await;
                    assert_eq!(peer.refusal(document).await, "bad-filter", "{kind:?}");
                }
            }
        })
        .await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operation_bombs_and_deflate_bombs_are_refused() {
    let world = World::begin().await;
    let many = "too-many-operations";
    let one_more = RawChange::puts(CHANGE_OPERATIONS + 1).chunk();
    let attacks = [
        (many, hostile::op_bomb()),
        (many, hostile::predecessor_bomb()),
        (many, hostile::document_bomb()),
        (many, hostile::message(vec![], vec![one_more])),
        ("too-large", hostile::text_bomb()),
        ("too-large", hostile::deflate_bomb()),
        ("too-large", hostile::column_bomb()),
    ];
    refuses(&world, &KINDS, &attacks).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_whose_ancestors_never_come_are_asked_for_once_and_not_kept() {
    let world = World::begin().await;
    let orphan = hostile::orphan_change(&world.document(world.event).await);
    let code = "missing-dependencies";
    refuses(&world, &[Kind::Meltemi], &[(code, orphan.clone())]).await;
    world
        .withstands(async |_| {
            let mut peer = world.join(Kind::Plain, "mallory").await;
            peer.offer(world.event, orphan.clone()).await;
            let asked = |frame: &Frame| match frame {
                Frame::Sync { data, .. } => {
                    let message = Message::decode(data).expect("a sync message");
                    (!message.need.is_empty()).then_some(())
                }
                _ => None,
            };
            peer.until(asked).await;
            peer.offer(world.event, orphan.clone()).await;
            assert_eq!(peer.refusal(world.event).await, code);
            // Where there is nothing yet, nothing can have been left out by chance.
            peer.offer(NOWHERE, orphan.clone()).await;
            assert_eq!(peer.refusal(NOWHERE).await, code);
        })
        .await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_not_pulled_into_a_thousand_directions() {
    let world = World::begin().await;
    let doc = world.document(world.event).await;
    let code = "too-many-heads";
    let attacks = [
        (code, hostile::thousand_heads(&doc)),
        (code, hostile::hidden_heads(&doc)),
    ];
    refuses(&world, &KINDS, &attacks).await;

    // One by one: those of people who have not met are taken, up to a limit.
    let other = world.another().await;
    let base = world.document(other).await;
    for kind in KINDS {
        let mut peer = world.join(kind, "mallory").await;
        for change in hostile::side_by_side(&base, DOCUMENT_HEADS as u16 + 2) {
            let chunk = change.raw_bytes().to_vec();
            let message = hostile::message(vec![change.hash()], vec![chunk]);
            peer.offer(other, message).await;
        }
        assert_eq!(peer.refusal(other).await, code, "{kind:?}");
        let heads = world.heads(other);
        assert!(heads.as_array().expect("a list").len() <= DOCUMENT_HEADS);
    }
    world.end().await;
}
