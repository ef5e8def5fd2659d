//! Changes in the name of others: forged, brought for somebody who may not, or whispered.

use automerge::{ActorId, Author, Automerge, Change};
use meltemi_core::id::DocumentId;
use meltemi_core::sync::author::{Tag, author};
use meltemi_core::sync::policy::Principal;
use meltemi_core::testing::hostile;
use meltemi_core::wire::frame::Frame;

use super::peer::{Heard, KINDS, Kind, RawPeer};
use super::world::{NOWHERE, World};

/// An actor that looks like one of this member's.
fn actor(member: &str, number: u8) -> ActorId {
    let mut bytes = [number; 16];
    let Tag(tag) = Tag::of(&Principal(member.to_owned()));
    bytes[..tag.len()].copy_from_slice(&tag);
    ActorId::from(bytes)
}

/// A change of an event by an actor, in the name of a member or of nobody.
fn edited(doc: &Automerge, by: &ActorId, named: Option<&str>) -> Change {
    let named = named.map(|member| author(&Principal(member.to_owned())));
    let mut doc = doc.fork().with_author(named).with_actor(by.clone());
    let value = format!("{by} {}", doc.get_changes_meta(&[]).len());
    hostile::edit(&mut doc, &value)
}

fn message(changes: &[&Change]) -> Vec<u8> {
    let heads = changes.last().map(|change| change.hash());
    let chunks = changes.iter().map(|change| change.raw_bytes().to_vec());
    hostile::message(heads.into_iter().collect(), chunks.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_writes_in_the_name_of_somebody_else() {
    let world = World::with_accounts().await;
    let ana = world.ana_id();
    let (ben, token) = world.invited("ben", "test", "coordinator");
    let ben = ben.id();
    let doc = world.document(world.event).await;
    // The actor that Ana's device has used in this very record.
    let hers = doc
        .get_changes_meta(&[])
        .iter()
        .find(|change| change.author.is_some())
        .map(|change| change.actor.clone().into_owned())
        .expect("Ana has signed what she wrote");
    let random = ActorId::from([0x5a; 16]);
    let forged = [
        edited(&doc, &hers, None),
        edited(&doc, &actor(&ana, 1), Some(&ana)),
        edited(&doc, &actor(&ana, 2), None),
        edited(&doc, &actor(&ana, 3), Some(&ben)),
        edited(&doc, &actor(&ben, 4), Some(&ana)),
        edited(&doc, &random, Some(&ana)),
        edited(&doc, &random, Some(&ben)),
    ];
    world
        .withstands(async |round| {
            let change = &forged[round % forged.len()];
            for kind in KINDS {
                let mut peer =
                    RawPeer::join_with(world.address(), &token, kind, "device-ana").await;
                peer.offer(world.event, message(&[change])).await;
                let refusal = peer.refusal(world.event).await;
                assert_eq!(
                    refusal,
                    "foreign-author",
                    "{kind:?}, {}",
                    round % forged.len()
                );
            }
        })
        .await;
    // In his own name he may.
    let own = edited(&doc, &actor(&ben, 5), Some(&ben));
    let mut peer = RawPeer::join_with(world.address(), &token, Kind::Plain, "ben").await;
    peer.offer(world.event, message(&[&own])).await;
    peer.acknowledged(world.event, own.hash().0).await;
    assert!(Author::from(ben.as_bytes()) == own.author().expect("an author"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_may_not_write_does_not_get_in_through_somebody_who_may() {
    let world = World::with_accounts().await;
    let (carl, readers) = world.invited("carl", "test", "reader");
    let (ben, writers) = world.invited("ben", "test", "coordinator");
    let doc = world.document(world.event).await;
    let carls = edited(&doc, &actor(&carl.id(), 1), Some(&carl.id()));
    let programs = edited(&doc, &ActorId::from([0x66; 16]), None);
    let mut with = doc.clone();
    with.apply_changes([carls.clone()]).expect("his change");
    let bens = edited(&with, &actor(&ben.id(), 2), Some(&ben.id()));
    world
        .withstands(async |_| {
            let join = async |token: &str, kind| {
                RawPeer::join_with(world.address(), token, kind, "mallory").await
            };
            let mut reader = join(&readers, Kind::Meltemi).await;
            reader.offer(world.event, message(&[&carls])).await;
            let refusal = reader.refusal(world.event).await;
            assert!(
                ["read-only", "not-allowed"].contains(&&*refusal),
                "{refusal}"
            );
            for kind in KINDS {
                let mut writer = join(&writers, kind).await;
                writer.offer(world.event, message(&[&carls, &bens])).await;
                assert_eq!(
                    writer.refusal(world.event).await,
                    "foreign-author",
                    "{kind:?}"
                );
            }
        })
        .await;
    // What names nobody is of whoever sends it first, and of nobody else from then on.
    let (_, others) = world.invited("dora", "test", "coordinator");
    let mut peer = RawPeer::join_with(world.address(), &writers, Kind::Plain, "ben").await;
    peer.offer(world.event, message(&[&programs])).await;
    peer.acknowledged(world.event, programs.hash().0).await;
    let here = world.document(world.event).await;
    let goes_on = edited(&here, &ActorId::from([0x66; 16]), None);
    let mut other = RawPeer::join_with(world.address(), &others, Kind::Plain, "dora").await;
    other.offer(world.event, message(&[&goes_on])).await;
    assert_eq!(other.refusal(world.event).await, "foreign-author");
    peer.offer(world.event, message(&[&goes_on])).await;
    peer.acknowledged(world.event, goes_on.hash().0).await;
}

async fn whisper(peer: &mut RawPeer, document: DocumentId, count: u64) {
    let mut route = peer.route();
    route.sender.0 = "ana".to_owned();
    let frame = Frame::Ephemeral {
        route,
        document,
        count,
        session: "session".to_owned(),
        data: vec![0xf6],
    };
    peer.send(&frame).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_read_a_record_is_not_heard_in_it() {
    let world = World::with_accounts().await;
    let (_, outside) = world.invited("mallory", "other", "coordinator");
    let (_, inside) = world.invited("ben", "test", "coordinator");
    let mut listener = world.join(Kind::Plain, "listener").await;
    listener.request(world.event).await;
    let mut speaker = RawPeer::join_with(world.address(), &inside, Kind::Plain, "ben").await;
    speaker.request(world.event).await;
    for peer in [&mut listener, &mut speaker] {
        let shown = |frame: &Frame| matches!(frame, Frame::Sync { .. }).then_some(());
        peer.until(shown).await;
    }
    let mut stranger = RawPeer::join_with(world.address(), &outside, Kind::Plain, "mallory").await;
    stranger.request(world.event).await;
    let absent = |frame: &Frame| matches!(frame, Frame::Unavailable { .. }).then_some(());
    stranger.until(absent).await;
    whisper(&mut stranger, world.event, 1).await;
    // What was whispered has been dealt with when this is answered.
    stranger.request(NOWHERE).await;
    stranger.until(absent).await;
    whisper(&mut speaker, world.event, 2).await;
    loop {
        match listener.next().await {
            Heard::Frame(Frame::Ephemeral { route, count, .. }) => {
                assert_eq!((route.sender.0.as_str(), count), ("ben", 2));
                break;
            }
            Heard::Frame(_) => {}
            Heard::Closed(reason) => panic!("{reason:?}"),
        }
    }
    assert!(
        !matches!(
            stranger.heard(),
            Some(Heard::Frame(Frame::Ephemeral { .. }))
        ),
        "nor does she hear anything"
    );
}
