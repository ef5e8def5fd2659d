//! A document that may not be read is answered as one that does not exist, byte for byte.

use automerge::Automerge;
use automerge::sync::{Message, State, SyncDoc};
use meltemi_core::access::{Answer, Role};
use meltemi_core::genesis;
use meltemi_core::id::ConnectionId;
use meltemi_core::sync::input::Input;
use meltemi_core::wire::exchange::{Changes, Exchange};
use meltemi_core::wire::frame::Frame;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::table::{Case, cases, expected, join, say, world};
use super::{End, OTHER, OWN, record, values};

/// What a peer is told that says these things of a document, at a server that has it and at one
/// that does not.
fn told(role: Role, cases: &[Case], meltemi: bool, case: &Case, doc: &Automerge) -> Vec<Vec<u8>> {
    let mut world = world(cases);
    let line = ConnectionId(5_000);
    if meltemi {
        let device = End::new("device", true);
        let line = world.connect(role.word(), device);
        world.sent.clear();
        let bytes = doc.save();
        let changes = vec![Changes {
            document: case.document,
            bytes,
        }];
        for want in [vec![], doc.get_heads()] {
            let want = vec![(case.document, want.iter().map(|head| head.0).collect())];
            let exchange = Exchange {
                want,
                ..Default::default()
            };
            let bytes = Frame::Exchange(exchange).encode();
            world.server.handle(Input::Frame {
                connection: line,
                bytes,
            });
            world.settle();
        }
        let exchange = Exchange {
            changes,
            ..Default::default()
        };
        let bytes = Frame::Exchange(exchange).encode();
        world.server.handle(Input::Frame {
            connection: line,
            bytes,
        });
        world.settle();
        return world.sent.remove(&line).unwrap_or_default();
    }
    join(&mut world.server, line, role);
    let mut state = State::new();
    let mut answers = Vec::new();
    let mut own = doc.clone();
    for _ in 0..4 {
        let Some(message) = own.generate_sync_message(&mut state) else {
            break;
        };
        // Asked twice, it does not answer otherwise than it would.
        for frame in [
            say(&mut world.server, line, case.document, &message),
            say(&mut world.server, line, case.document, &message),
        ]
        .concat()
        {
            if let Frame::Sync { data, .. } = &frame {
                let message = Message::decode(data).expect("a sync message");
                own.receive_sync_message(&mut state, message)
                    .expect("a sound message");
            }
            answers.push(frame.encode());
        }
    }
    answers
}

#[test]
fn a_document_that_may_not_be_read_is_answered_as_one_that_does_not_exist() {
    let cases = cases();
    let none: Vec<Case> = Vec::new();
    for role in [Role::Reader, Role::CityOfficer, Role::Facilitator] {
        for case in &cases {
            if expected(role, case) > Answer::None {
                continue;
            }
            // What anybody can make up who knows which record it would be: the first changes, and
            // some of one's own.
            let (_, invented) = record(&case.name, &values_of(case), 77);
            for doc in [genesis::empty(), invented] {
                for meltemi in [true, false] {
                    let there = told(role, std::slice::from_ref(case), meltemi, case, &doc);
                    let not = told(role, &none, meltemi, case, &doc);
                    assert_eq!(there, not, "{role:?} {} {meltemi}", case.name);
                }
            }
        }
    }
}

/// The values that give another record the facts of this one.
fn values_of(case: &Case) -> Vec<(&'static str, serde_json::Value)> {
    let class = case.facts.class.expect("a class").word();
    let own = case
        .facts
        .owners
        .iter()
        .any(|owner| owner.to_string() == OWN);
    let owner = if own { OWN } else { OTHER };
    values(&case.facts.kind, class, owner).unwrap_or_default()
}
