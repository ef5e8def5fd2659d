//! A document that may not be read is answered as one that does not exist, byte for byte.

use automerge::Automerge;
use automerge::sync::{Message, State, SyncDoc};
use meltemi_core::access::{Answer, Role};
use meltemi_core::command::Command;
use meltemi_core::genesis;
use meltemi_core::id::{ConnectionId, RecordRef};
use meltemi_core::sync::input::Input;
use meltemi_core::wire::exchange::{Changes, Exchange, Hash};
use meltemi_core::wire::frame::Frame;
use serde_json::json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::table::{Case, cases, expected, join, say, world};
use super::{End, OTHER, OWN, PROGRAMME, START, World, member, record, roster, values};

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

/// The number with which the server ends its answer to this frame of a device.
fn number(world: &mut World, line: ConnectionId, frame: &Frame) -> Option<u64> {
    world.sent.clear();
    let bytes = frame.encode();
    let connection = line;
    world.server.handle(Input::Frame { connection, bytes });
    world.settle();
    let told = world.exchanges(line).into_iter();
    told.filter_map(|exchange| exchange.seq).next_back()
}

/// What a device can ask to be told a number: hello as one that knows nothing, and with what the
/// server has, and the end of a comparison.
fn numbers(world: &mut World, line: ConnectionId) -> Vec<Option<u64>> {
    let hello = |root: Hash, count| Frame::Hello {
        seq: 0,
        root,
        count,
    };
    world.sent.clear();
    let first = number(world, line, &hello([0; 32], 0));
    let told = world.exchanges(line).into_iter();
    let listed = told.filter_map(|exchange| exchange.listed).next_back();
    let listed = listed.expect("the end of a list");
    let lookup = Frame::Lookup { items: Vec::new() };
    vec![
        first,
        number(world, line, &hello([7; 32], listed.count)),
        number(world, line, &hello(listed.root, listed.count)),
        number(world, line, &lookup),
    ]
}

/// Somebody begins an outcome of this class.
fn begin(world: &mut World, line: ConnectionId, key: &str, class: &str) {
    let command = Command::CreateRecord {
        programme: PROGRAMME.to_owned(),
        reference: RecordRef::new("outcome", key),
        values: vec![("visibility".parse().expect("a path"), json!(class))],
    };
    let workspace = &mut world.device(line).workspace;
    workspace.execute(START, &command).expect("a record");
    world.settle();
}

#[test]
fn numbers_do_not_say_whether_anything_hidden_was_written() {
    for key in [None, Some([7; 32])] {
        let mut world = World::new();
        if let Some(key) = key {
            world.server.workspace.seal_cursors(key);
        }
        world.set_roster(roster([
            member("ana", Role::Coordinator),
            member("ben", Role::Reader),
        ]));
        let ana = world.connect("ana", End::new("ana", true));
        let ben = world.connect("ben", End::new("ben", true));
        begin(&mut world, ana, "o1", "peers");
        let before = numbers(&mut world, ben);
        begin(&mut world, ana, "o2", "personal");
        assert_eq!(numbers(&mut world, ben), before);

        // What is told of a write that may be seen is the same as after a comparison.
        world.sent.clear();
        begin(&mut world, ana, "o3", "peers");
        let exchanges = world.exchanges(ben).into_iter();
        let told = exchanges.filter_map(|exchange| exchange.seq).next_back();
        assert!(told.is_some());
        begin(&mut world, ana, "o4", "personal");
        let after = numbers(&mut world, ben);
        assert_eq!(after, vec![told; 4]);
        assert_ne!(after, before);
    }
}
