//! Changes that lie: about who made them, when, and on what they build.

use automerge::ROOT;
use automerge::transaction::{CommitOptions, Transactable};
use meltemi_core::testing::hostile::{self, RawChange, signed, unsigned};
use meltemi_core::wire::limits::CHANGE_TIME;
use meltemi_tests::device::TestDevice;

use super::peer::{KINDS, Kind};
use super::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn one_actor_cannot_tell_two_stories() {
    let world = World::begin().await;
    let both = hostile::equivocation(&world.document(world.event).await);
    world
        .withstands(async |_| {
            for kind in KINDS {
                let mut peer = world.join(kind, "mallory").await;
                peer.offer(world.event, both.clone()).await;
                assert_eq!(peer.refusal(world.event).await, "equivocation", "{kind:?}");
            }
        })
        .await;

    // The second story in a message of its own, from the same client and from another one.
    let other = world.another().await;
    let base = world.document(other).await;
    let [first, second] = ["to one", "to the other"].map(|story| {
        let mut liar = base.fork().with_actor([0xee; 16].into());
        hostile::edit(&mut liar, story)
    });
    let hash = first.hash();
    let [first, second] = [first, second].map(|change| change.raw_bytes().to_vec());
    let mut peer = world.join(Kind::Meltemi, "mallory").await;
    peer.hello().await;
    peer.offer(other, hostile::message(vec![hash], vec![first]))
        .await;
    peer.acknowledged(other, hash.0).await;
    let heads = world.heads(other);
    let second = hostile::message(vec![], vec![second]);
    peer.offer(other, second.clone()).await;
    assert_eq!(peer.refusal(other).await, "equivocation");
    let mut peer = world.join(Kind::Plain, "mallory").await;
    peer.offer(other, second).await;
    assert_eq!(peer.refusal(other).await, "equivocation");
    assert_eq!(world.heads(other), heads);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_would_crash_whoever_applies_them_reach_nobody() {
    let world = World::begin().await;
    let doc = world.document(world.event).await;
    let poisons = [
        hostile::skipped_seq(&doc),
        hostile::unknown_object(&doc),
        hostile::unknown_actor(&doc),
    ];
    world
        .withstands(async |round| {
            for kind in KINDS {
                let mut peer = world.join(kind, "mallory").await;
                peer.offer(world.event, poisons[round % poisons.len()].clone())
                    .await;
                let code = peer.refusal(world.event).await;
                assert_eq!(code, "bad-changes", "{kind:?}, {}", round % poisons.len());
            }
        })
        .await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_time_of_a_change_orders_nothing() {
    let world = World::begin().await;
    let other = world.another().await;
    let base = world.document(other).await;
    let year_2100 = 4_102_444_800;
    let most = CHANGE_TIME as i64;
    let times = [0, 1, year_2100, year_2100 * 1000, -1, most, -most];
    for kind in KINDS {
        for (number, time) in (0_u8..).zip(times) {
            let mut fork = base
                .fork()
                .with_actor([kind as u8, number].as_slice().into());
            let mut transaction = fork.transaction();
            transaction.put(ROOT, "hostile", "late").expect("a map");
            transaction.commit_with(CommitOptions::default().with_time(time));
            let change = fork.get_last_local_change().expect("the change just made");
            let (hash, chunk) = (change.hash(), change.raw_bytes().to_vec());
            let mut peer = world.join(kind, "mallory").await;
            if kind == Kind::Meltemi {
                peer.hello().await;
            }
            peer.offer(other, hostile::message(vec![hash], vec![chunk]))
                .await;
            peer.acknowledged(other, hash.0).await;
        }
        // Automerge subtracts times: after one of these nobody could change the record any more.
        for time in [
            signed(most + 1),
            signed(i64::MAX),
            signed(i64::MIN),
            unsigned(u64::MAX),
        ] {
            let mut change = RawChange::on(&base);
            change.time = time;
            let mut peer = world.join(kind, "mallory").await;
            peer.offer(other, hostile::message(vec![], vec![change.chunk()]))
                .await;
            assert_eq!(peer.refusal(other).await, "bad-chunk", "{kind:?}");
        }
    }
    // Whoever has the record gets it, and can go on with it.
    let heads = world.heads(other);
    assert_eq!(heads.as_array().map(Vec::len), Some(2 * times.len()));
    let cleo = TestDevice::connected("cleo", world.address()).await;
    cleo.until_record(other, "all changes", move |record| {
        serde_json::json!(record.heads) == heads
    })
    .await;
    cleo.set(other, "titles/en", "Merged".into()).await;
    cleo.synced().await;
    let merged =
        |record: &meltemi_core::view::RecordView| record.fields["titles"]["en"] == "Merged";
    world
        .ana
        .until_record(other, "the merged record", merged)
        .await;
    let log = world.server.log();
    assert!(!log.contains("2100-") && !log.contains("1970-"), "{log}");
    world.end().await;
}
