//! Every role with its own and with others' records, of every kind and class.

use automerge::sync::{Message, State, SyncDoc};
use automerge::{ActorId, Automerge};
use meltemi_core::access::{Answer, Facts, Role, answer};
use meltemi_core::command::{self, Command};
use meltemi_core::genesis;
use meltemi_core::id::{ConnectionId, DocumentId};
use meltemi_core::record::KINDS;
use meltemi_core::record::vocabulary::VISIBILITY;
use meltemi_core::sync::input::{Input, Role as Side};
use meltemi_core::sync::output::Output;
use meltemi_core::sync::policy::Access;
use meltemi_core::sync::reconcile::{SetSum, item};
use meltemi_core::time::Timestamp;
use meltemi_core::wire::exchange::Changes;
use meltemi_core::wire::frame::{Frame, Route};
use serde_json::json;

use super::{
    End, OTHER, OWN, PROGRAMME, START, World, member, plain_join, principal, record, roster, values,
};

/// One record of the table.
struct Case {
    document: DocumentId,
    doc: Automerge,
    facts: Facts,
    name: String,
}

/// A record of every kind, class and owner.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for kind in KINDS {
        for class in VISIBILITY.words {
            for owner in [OWN, OTHER] {
                let Some(values) = values(kind.name, class, owner) else {
                    continue;
                };
                let body = kind.name == "city";
                // There is one record of a city: its class is varied for both.
                let reference = match (kind.name, owner) {
                    ("programme", OTHER) => continue,
                    ("programme", _) => format!("programme/{PROGRAMME}"),
                    _ if body => format!("{owner}-{class}"),
                    _ => format!("{}/{class}-{}", kind.name, owner.replace('/', "-")),
                };
                let (document, doc) = record(&reference, &values, 9);
                let identity = genesis::identify(&document, &doc).expect("a record");
                let facts = Facts::read(&doc, &identity);
                cases.push(Case {
                    document,
                    doc,
                    facts,
                    name: reference,
                });
            }
        }
    }
    cases
}

/// A server that has all of these, and the members of all roles.
fn world(cases: &[Case]) -> World {
    let mut world = World::new();
    for case in cases {
        world.server.handle(Input::Open {
            document: case.document,
        });
        world.server.settle(|_| {});
        world
            .server
            .workspace
            .insert(START, case.document, &case.doc)
            .expect("a record");
        world.server.settle(|_| {});
    }
    world.set_roster(roster(Role::ALL.map(|role| member(role.word(), role))));
    world
}

/// The record with one more change.
fn edited(case: &Case) -> Automerge {
    let mut doc = case.doc.clone().with_actor(ActorId::from([200; 16]));
    let command = Command::SetField {
        document: case.document,
        path: "source".parse().expect("a path"),
        value: json!("a letter"),
        base: None,
    };
    command::apply(case.document, &mut doc, &command, Timestamp(9_000)).expect("an edit");
    doc
}

fn expected(role: Role, case: &Case) -> Answer {
    answer(&member(role.word(), role), &case.facts)
}

#[test]
fn lists_reading_and_answers_of_the_workspace_agree_with_the_table() {
    let cases = cases();
    for role in Role::ALL {
        let mut world = world(&cases);
        let device = End::new("device", true);
        let line = world.connect(role.word(), device);
        let mut sum = SetSum::default();
        let who = principal(role.word());
        let listed: Vec<_> = world
            .server
            .workspace
            .catalogue_for(&who)
            .map(|entry| entry.document)
            .collect();
        for case in &cases {
            let expected = expected(role, case);
            let may = match world.server.workspace.may(&who, &case.document) {
                Access::None => Answer::None,
                Access::Read => Answer::Read,
                Access::Write => Answer::Write,
            };
            assert_eq!(may, expected, "{role:?} {}", case.name);
            let visible = expected > Answer::None;
            assert_eq!(
                listed.contains(&case.document),
                visible,
                "{role:?} {}",
                case.name
            );
            let here = world.device(line).workspace.document(&case.document);
            assert_eq!(here.is_some(), visible, "{role:?} {}", case.name);
            let heads: Vec<_> = case.doc.get_heads().iter().map(|head| head.0).collect();
            if visible {
                sum.add(&item(&case.document, &heads));
                continue;
            }
            // Neither id nor heads of what is hidden are in any frame.
            for exchange in world.exchanges(line) {
                let text = format!("{exchange:?}");
                assert!(
                    !text.contains(&case.document.to_string()),
                    "{role:?} {}",
                    case.name
                );
            }
            for bytes in &world.sent[&line] {
                let shown = |hash: &[u8]| bytes.windows(hash.len()).any(|part| part == hash);
                assert!(
                    !heads.iter().any(|head| shown(head)),
                    "{role:?} {}",
                    case.name
                );
            }
        }
        let roots: Vec<_> = world
            .exchanges(line)
            .iter()
            .filter_map(|e| e.listed)
            .collect();
        assert!(!roots.is_empty());
        assert!(roots.iter().all(|root| *root == sum.listed()), "{role:?}");
    }
}

#[test]
fn changes_of_a_meltemi_peer_are_taken_where_the_table_says_so() {
    let cases = cases();
    for role in Role::ALL {
        let mut world = world(&cases);
        let mut device = End::new("device", true);
        for case in &cases {
            // All of them are on the device, as if it had made them while offline.
            device
                .workspace
                .insert(START, case.document, &edited(case))
                .expect("a record");
            device.settle(|_| {});
        }
        let line = world.connect(role.word(), device);
        let mut refused: Vec<(DocumentId, String)> = Vec::new();
        for exchange in world.exchanges(line) {
            refused.extend(exchange.refused.into_iter().map(|(id, why)| (id, why.code)));
            for stored in exchange.heads {
                let of = |case: &&Case| case.document == stored.document;
                let case = cases.iter().find(of).expect("one of these");
                if expected(role, case) == Answer::None {
                    assert_eq!(
                        stored.heads,
                        Vec::<[u8; 32]>::new(),
                        "{role:?} {}",
                        case.name
                    );
                }
            }
        }
        for case in &cases {
            let expected = expected(role, case);
            let taken = server_heads(&mut world, case) == edited(case).get_heads();
            assert_eq!(taken, expected == Answer::Write, "{role:?} {}", case.name);
            let of = refused.iter().filter(|(id, _)| *id == case.document);
            let codes: Vec<_> = of.map(|(_, code)| code.as_str()).collect();
            match expected {
                Answer::Write => assert_eq!(codes, [""; 0], "{role:?} {}", case.name),
                Answer::Read => assert_eq!(codes, ["read-only"], "{role:?} {}", case.name),
                Answer::None => assert_eq!(codes, ["not-allowed"], "{role:?} {}", case.name),
            }
        }
    }
}

fn server_heads(world: &mut World, case: &Case) -> Vec<automerge::ChangeHash> {
    let document = case.document;
    world.server.handle(Input::Open { document });
    world.server.settle(|_| {});
    let doc = world.server.workspace.document(&document);
    doc.map(Automerge::get_heads).unwrap_or_default()
}

/// A plain client that asks for a document, or hands one over.
fn plain(server: &mut End, line: ConnectionId, document: DocumentId, doc: &Automerge) -> Automerge {
    let mut doc = doc.clone();
    let mut state = State::new();
    for _ in 0..6 {
        let Some(message) = doc.generate_sync_message(&mut state) else {
            break;
        };
        for frame in say(server, line, document, &message) {
            if let Frame::Sync { data, .. } = frame {
                let message = Message::decode(&data).expect("a sync message");
                doc.receive_sync_message(&mut state, message)
                    .expect("a sound message");
            }
        }
    }
    doc
}

/// What the server answers to a sync message, its own name and the document's left out.
fn say(
    server: &mut End,
    line: ConnectionId,
    document: DocumentId,
    message: &Message,
) -> Vec<Frame> {
    let route = Route {
        sender: meltemi_core::id::PeerId("there".to_owned()),
        target: meltemi_core::id::PeerId("server".to_owned()),
    };
    let frame = Frame::Sync {
        route,
        document,
        request: true,
        data: message.clone().encode(),
    };
    let bytes = frame.encode();
    server.handle(Input::Frame {
        connection: line,
        bytes,
    });
    let mut frames = Vec::new();
    server.settle(|output| {
        if let Output::Send { bytes, .. } = output {
            frames.push(Frame::decode(&bytes).expect("the engine writes frames"));
        }
    });
    frames
}

fn join(server: &mut End, line: ConnectionId, role: Role) {
    server.handle(Input::Connected {
        connection: line,
        role: Side::Acceptor,
        principal: principal(role.word()),
    });
    let bytes = plain_join().encode();
    server.handle(Input::Frame {
        connection: line,
        bytes,
    });
    server.settle(|_| {});
}

#[test]
fn plain_peers_read_and_write_where_the_table_says_so() {
    let cases = cases();
    for role in Role::ALL {
        let mut world = world(&cases);
        for (at, case) in cases.iter().enumerate() {
            let line = ConnectionId(1_000 + at as u64);
            join(&mut world.server, line, role);
            let expected = expected(role, case);
            let got = plain(&mut world.server, line, case.document, &genesis::empty());
            let read = got.get_heads() == case.doc.get_heads();
            assert_eq!(read, expected > Answer::None, "{role:?} {}", case.name);
            assert!(read || got.get_heads().is_empty(), "{role:?} {}", case.name);

            let line = ConnectionId(2_000 + at as u64);
            join(&mut world.server, line, role);
            plain(&mut world.server, line, case.document, &edited(case));
            let taken = server_heads(&mut world, case) == edited(case).get_heads();
            assert_eq!(taken, expected == Answer::Write, "{role:?} {}", case.name);
        }
    }
}

#[test]
fn new_records_are_taken_where_the_table_says_so() {
    let cases = cases();
    for role in Role::ALL {
        let mut world = world(&[]);
        let mut device = End::new("device", true);
        for case in &cases {
            device
                .workspace
                .insert(START, case.document, &case.doc)
                .expect("a record");
            device.settle(|_| {});
        }
        world.connect(role.word(), device);
        for case in &cases {
            let taken = server_heads(&mut world, case) == case.doc.get_heads();
            let may = expected(role, case) == Answer::Write;
            assert_eq!(taken, may, "{role:?} {}", case.name);
        }
    }
}

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
            let exchange = meltemi_core::wire::exchange::Exchange {
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
        let exchange = meltemi_core::wire::exchange::Exchange {
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
