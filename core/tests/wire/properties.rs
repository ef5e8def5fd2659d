//! What holds for all frames: nothing is lost on the way, and nothing becomes too long.

use meltemi_core::id::DocumentId;
use meltemi_core::wire::exchange::{Changes, Exchange, Listed, Stored};
use meltemi_core::wire::frame::{Frame, Reason};
use meltemi_core::wire::limits::{FRAME_BYTES, PART_BYTES};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn id() -> impl Strategy<Value = DocumentId> {
    any::<[u8; 16]>().prop_map(DocumentId::from_bytes)
}

fn heads() -> impl Strategy<Value = Vec<[u8; 32]>> {
    vec(any::<[u8; 32]>(), 0..4)
}

/// Bytes that deflate well, badly, or are too many for one frame.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => vec(any::<u8>(), 0..600),
        4 => (any::<u8>(), 0..40_000usize).prop_map(|(byte, length)| vec![byte; length]),
        1 => (any::<u8>(), PART_BYTES - 300..PART_BYTES + 300)
            .prop_map(|(byte, length)| vec![byte; length]),
    ]
}

fn exchange() -> impl Strategy<Value = Exchange> {
    let stored = (id(), heads(), any::<u64>()).prop_map(|(document, heads, size)| Stored {
        document,
        heads,
        size,
    });
    let changes = (id(), bytes()).prop_map(|(document, bytes)| Changes { document, bytes });
    let listed = (any::<[u8; 32]>(), any::<u64>()).prop_map(|(root, count)| Listed { root, count });
    let reason =
        ("[a-z-]{0,20}", "\\PC{0,80}").prop_map(|(code, message)| Reason { code, message });
    (
        vec(stored, 0..20),
        option::of(any::<u64>()),
        option::of(listed),
        vec(changes, 0..12),
        vec((id(), heads()), 0..20),
        vec((id(), reason), 0..5),
        vec(id(), 0..20),
        vec(id(), 0..20),
    )
        .prop_map(
            |(heads, seq, listed, changes, want, refused, absent, gone)| Exchange {
                heads,
                seq,
                listed,
                changes,
                want,
                refused,
                absent,
                gone,
            },
        )
}

/// What is said about how many documents.
fn documents(exchange: &Exchange) -> usize {
    let Exchange {
        heads,
        changes,
        want,
        refused,
        absent,
        gone,
        ..
    } = exchange;
    heads.len() + changes.len() + want.len() + refused.len() + absent.len() + gone.len()
}

/// Puts pieces together again.
fn joined(pieces: Vec<Exchange>) -> Exchange {
    pieces
        .into_iter()
        .fold(Exchange::default(), |mut whole, piece| {
            whole.heads.extend(piece.heads);
            whole.changes.extend(piece.changes);
            whole.want.extend(piece.want);
            whole.refused.extend(piece.refused);
            whole.absent.extend(piece.absent);
            whole.gone.extend(piece.gone);
            whole.seq = piece.seq;
            whole.listed = piece.listed;
            whole
        })
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(20211),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn an_exchange_is_read_as_it_was_written(exchange in exchange()) {
        let frame = Frame::Exchange(exchange);
        prop_assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
    }

    #[test]
    fn pieces_of_an_exchange_have_everything_and_fit_into_a_part(exchange in exchange()) {
        let pieces = exchange.clone().split();
        for piece in &pieces {
            // The same without what deflates, so that the length is the one that was counted.
            let length = length(piece);
            prop_assert!(
                length <= PART_BYTES || documents(piece) == 1,
                "{} documents in {length} bytes", documents(piece)
            );
        }
        prop_assert_eq!(joined(pieces), exchange);
    }

    #[test]
    fn the_end_of_a_list_comes_last(exchange in exchange()) {
        let pieces = exchange.split();
        if let Some((_, before)) = pieces.split_last() {
            prop_assert!(before.iter().all(|p| p.seq.is_none() && p.listed.is_none()));
        }
    }

    #[test]
    fn parts_give_the_frame(
        (seed, length) in (any::<u8>(), 0..3 * PART_BYTES),
    ) {
        let data = (0..length).map(|n| (n as u8).wrapping_mul(seed)).collect();
        let frame = Frame::Repair { data };
        let sent = frame.encode_parts();
        prop_assert!(sent.iter().all(|part| part.len() <= PART_BYTES));
        let whole = match sent.as_slice() {
            [only] => only.clone(),
            parts => {
                let mut whole = Vec::new();
                for (part, expected) in parts.iter().zip((0..parts.len() as u64).rev()) {
                    let Ok(Frame::Part { left, data }) = Frame::decode(part) else {
                        return Err(TestCaseError::fail("no part"));
                    };
                    prop_assert_eq!(left, expected);
                    whole.extend(data);
                }
                whole
            }
        };
        prop_assert_eq!(whole, frame.encode());
    }

    #[test]
    fn any_bytes_are_a_frame_or_an_error(
        bytes in vec(any::<u8>(), 0..300),
        kind in prop_oneof![
            Just("meltemi-exchange"), Just("meltemi-hello"), Just("meltemi-part"), Just("sync"),
        ],
        field in prop_oneof![Just("data"), Just("deflated"), Just("root"), Just("left")],
    ) {
        let _ = Frame::decode(&bytes);
        let mut out = minicbor::Encoder::new(Vec::new());
        out.map(2)
            .and_then(|out| out.str("type")?.str(kind)?.str(field)?.bytes(&bytes))
            .expect("writing to a vector does not fail");
        if let Ok(frame) = Frame::decode(out.writer()) {
            prop_assert!(frame.encode().len() <= FRAME_BYTES);
        }
    }
}

/// Bytes of a frame with this exchange when nothing of it is deflated.
fn length(exchange: &Exchange) -> usize {
    let mut bare = exchange.clone();
    let mut changes = 0;
    for change in &mut bare.changes {
        changes += change.bytes.len() + 5;
        change.bytes.clear();
    }
    Frame::Exchange(bare).encode().len() + changes
}
