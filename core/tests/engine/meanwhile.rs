//! What is heard of a document while something else is under way with it: an offer, a write, a
//! removal, a load.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{Automerge, ROOT};
use meltemi_core::id::ConnectionId;
use meltemi_core::sync::input::Input;
use meltemi_core::sync::output::Output;
use meltemi_core::wire::exchange::Exchange;
use meltemi_core::wire::frame::Frame;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::bench::{DOCUMENT, doc_with, plain, upload};
use crate::refused::{Pair, keys};
use crate::refused_whole::refused_whole;

/// Plain clients of the server have connections from here on.
const PLAIN: u64 = 90;

/// What a server says to a device about documents.
fn exchange(output: &Output) -> Option<Exchange> {
    match output {
        Output::Send { connection, bytes } if connection.0 < PLAIN => match Frame::decode(bytes) {
            Ok(Frame::Exchange(exchange)) => Some(exchange),
            _ => None,
        },
        _ => None,
    }
}

fn is_refusal(output: &Output) -> bool {
    exchange(output).is_some_and(|exchange| !exchange.refused.is_empty())
}

/// Lets both talk and write until they have nothing more to do. What the server says that is to be
/// held is returned.
fn settle_but(pair: &mut Pair, held: impl Fn(&Output) -> bool) -> Vec<Output> {
    let mut all = Vec::new();
    loop {
        let outputs = [pair.device.outputs(), pair.server.outputs()];
        if outputs.iter().all(Vec::is_empty) {
            return all;
        }
        for (end, outputs) in outputs.into_iter().enumerate() {
            for output in outputs {
                if end == 1 && held(&output) {
                    all.push(output);
                } else {
                    pair.carry_out(end, output);
                }
            }
        }
    }
}

fn cut(pair: &mut Pair, number: u64) {
    let connection = ConnectionId(number);
    pair.device.handle(Input::Disconnected { connection });
    pair.server.handle(Input::Disconnected { connection });
    pair.settle();
}

/// Another client gives the server this document.
fn bring(
    pair: &mut Pair,
    client: u64,
    doc: &Automerge,
    held: impl Fn(&Output) -> bool,
) -> Vec<Output> {
    let connection = ConnectionId(PLAIN + client);
    pair.server.join(connection, plain());
    let mut all = Vec::new();
    for output in upload(&mut pair.server, connection, doc) {
        if held(&output) {
            all.push(output);
        } else {
            pair.carry_out(1, output);
        }
    }
    all.extend(settle_but(pair, held));
    all
}

/// The server's document with one more change of this actor.
fn with(pair: &Pair, key: &str, actor: u8) -> Automerge {
    let mut doc = pair.server.repo.document(&DOCUMENT).expect("here").clone();
    doc.set_actor([actor; 16].into());
    let mut tx = doc.transaction();
    tx.put(ROOT, key, 1).expect("a put");
    tx.commit_with(CommitOptions::default().with_time(5));
    doc
}

#[test]
fn a_record_that_is_given_up_while_it_is_offered_is_fetched_when_others_begin_it() {
    let mut pair = refused_whole();
    pair.restart();
    pair.begin_connection();
    let held = settle_but(&mut pair, is_refusal);
    assert_eq!(held.len(), 1, "it was offered again");
    pair.decide(false);
    assert_eq!(pair.keys().0, keys(&[]));
    for output in held {
        pair.carry_out(1, output);
    }
    bring(&mut pair, 1, &doc_with("b"), |_| false);
    assert_eq!(pair.keys(), (keys(&["b"]), keys(&["b"])));
}

#[test]
fn what_others_wrote_while_edits_were_refused_is_not_put_aside_with_them() {
    let mut pair = Pair::new();
    pair.connect();
    pair.put("a");
    // What somebody else writes makes the device one that is sent what comes.
    let doc = with(&pair, "b", 77);
    bring(&mut pair, 1, &doc, |_| false);
    // The server refuses an edit and takes one of somebody else; the device hears of neither yet.
    let said = |output: &Output| exchange(output).is_some();
    let doc = with(&pair, "c", 78);
    pair.edit("forbidden");
    let mut held = settle_but(&mut pair, said);
    held.extend(bring(&mut pair, 2, &doc, said));
    // Of that it hears the change first, and of the refusal while it writes the change.
    let rank = |output: &Output| {
        let exchange = exchange(output).expect("held are exchanges");
        (exchange.changes.is_empty(), exchange.refused.is_empty())
    };
    held.sort_by_key(rank);
    let mut asked = Vec::new();
    for output in held {
        pair.carry_out(1, output);
        asked.extend(pair.device.outputs());
    }
    for output in asked {
        pair.carry_out(0, output);
    }
    assert_eq!(pair.keys().0, keys(&["a", "b", "c"]));
    pair.settle();
    let status = pair.device.repo.status();
    assert_eq!((status.waiting, status.receiving), (0, None));
    assert_eq!(status.refused.len(), 1);
    assert_eq!(status.refused[0].changes, 1, "only the own one");
}

#[test]
fn a_record_that_is_begun_anew_is_read_back_beside_one_that_could_not_be_removed() {
    let mut pair = refused_whole();
    cut(&mut pair, 1);
    pair.disks[0].fails_writes = true;
    pair.decide(false);
    pair.disks[0].fails_writes = false;
    pair.put("a");
    pair.restart();
    assert_eq!(pair.keys().0, keys(&["a", "forbidden"]));
    assert_eq!(pair.device.repo.status().notices, []);
}

#[test]
fn what_cannot_be_read_waits_until_it_is_read_and_the_server_has_it() {
    let mut pair = Pair::new();
    pair.put("a");
    let doc = pair.device.repo.document(&DOCUMENT).expect("here").clone();
    bring(&mut pair, 1, &doc, |_| false);
    pair.start();
    pair.disks[0].fails_loads = true;
    pair.settle();
    assert_eq!(pair.device.repo.status().waiting, 1, "it may have anything");
    assert!(pair.device.repo.unsent().contains(&DOCUMENT));
    pair.connect();
    assert_eq!(pair.device.repo.status().waiting, 1);
    pair.disks[0].fails_loads = false;
    pair.device.now = pair.device.now.plus_millis(60_000);
    pair.device.handle(Input::Tick);
    pair.settle();
    assert_eq!(pair.keys().0, keys(&["a"]));
    assert_eq!(pair.device.repo.status().waiting, 0);
}
