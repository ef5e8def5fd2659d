//! A record of which the server has taken nothing: it stays on the device until it is taken after
//! all, or given up.

use meltemi_core::id::ConnectionId;
use meltemi_core::sync::input::Input;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::bench::{DOCUMENT, doc_with, plain, storage_of, upload};
use crate::refused::{Pair, keys};

/// A pair whose server has refused a record as a whole.
pub(crate) fn refused_whole() -> Pair {
    let mut pair = Pair::new();
    pair.put("forbidden");
    pair.connect();
    pair
}

#[test]
fn a_record_of_which_nothing_was_accepted_stays_and_is_said_to_be_refused() {
    let mut pair = refused_whole();
    assert_eq!(pair.keys(), (keys(&["forbidden"]), keys(&[])));
    let status = pair.device.repo.status();
    assert_eq!((status.waiting, status.unsaved), (0, 0));
    let [edits] = &status.refused[..] else {
        panic!("{status:?}");
    };
    assert_eq!(
        (edits.document, edits.changes, edits.whole),
        (DOCUMENT, 1, true)
    );
    assert_eq!(
        (edits.code.as_str(), edits.message.as_str()),
        ("forbidden", "not this")
    );
    assert!(pair.device.repo.unsent().contains(&DOCUMENT));

    let before = status.refused;
    pair.restart();
    assert_eq!(pair.device.repo.status().refused, before);
    assert_eq!(pair.keys().0, keys(&["forbidden"]));
    // It goes on being edited, and is offered at every connection.
    pair.put("more");
    pair.connect();
    let status = pair.device.repo.status();
    assert_eq!(status.refused.iter().map(|e| e.changes).sum::<u64>(), 2);
    assert_eq!(pair.keys(), (keys(&["forbidden", "more"]), keys(&[])));
}

#[test]
fn a_record_of_which_nothing_was_accepted_can_be_offered_again() {
    let mut pair = refused_whole();
    let refusals = |pair: &Pair| pair.server.repo.metrics().refusals["forbidden"];
    let before = refusals(&pair);
    pair.decide(true);
    assert_eq!(refusals(&pair), before + 1, "it was offered");
    assert_eq!(pair.device.repo.status().refused.len(), 1, "and refused");
    pair.server.forbid_nothing();
    pair.decide(true);
    assert!(pair.device.repo.status().refused.is_empty());
    assert_eq!(pair.keys(), (keys(&["forbidden"]), keys(&["forbidden"])));
}

#[test]
fn a_record_of_which_nothing_was_accepted_can_be_dropped() {
    let mut pair = refused_whole();
    pair.decide(false);
    let status = pair.device.repo.status();
    assert!(status.refused.is_empty(), "{status:?}");
    assert!(pair.device.repo.unsent().is_empty());
    assert_eq!(pair.keys(), (keys(&[]), keys(&[])));
    pair.restart();
    assert_eq!(pair.keys().0, keys(&[]));
}

#[test]
fn a_record_that_was_dropped_can_be_begun_anew_over_the_same_line() {
    let mut pair = refused_whole();
    pair.decide(false);
    pair.put("a");
    assert_eq!(pair.keys(), (keys(&["a"]), keys(&["a"])));
    assert_eq!(pair.device.repo.status().waiting, 0);
}

#[test]
fn a_record_that_others_have_begun_is_not_dropped_but_fetched() {
    let mut pair = refused_whole();
    let other = ConnectionId(99);
    pair.server.join(other, plain());
    for output in upload(&mut pair.server, other, &doc_with("b")) {
        pair.carry_out(1, output);
    }
    pair.settle();
    // What the server has came, and the own edits lie beside it.
    assert_eq!(pair.keys(), (keys(&["b"]), keys(&["b"])));
    let status = pair.device.repo.status();
    let [edits] = &status.refused[..] else {
        panic!("{status:?}");
    };
    assert_eq!((edits.whole, edits.changes, status.waiting), (false, 1, 0));
    pair.decide(false);
    assert_eq!(pair.keys().0, keys(&["b"]));
}

#[test]
fn a_record_that_was_dropped_at_another_tab_is_removed_there_only() {
    let mut pair = refused_whole();
    pair.device.handle(Input::RefusedElsewhere {
        document: DOCUMENT,
        again: false,
    });
    let asked = pair.device.outputs();
    assert!(storage_of(&asked).is_empty(), "{asked:?}");
    pair.device
        .handle(Input::RemovedElsewhere { document: DOCUMENT });
    assert_eq!(pair.keys().0, keys(&[]));
}

#[test]
fn a_record_that_the_server_takes_from_others_is_refused_no_more() {
    let mut pair = refused_whole();
    let doc = pair.device.repo.document(&DOCUMENT).expect("here").clone();
    pair.put("more");
    pair.server.forbid_nothing();
    let other = ConnectionId(99);
    pair.server.join(other, plain());
    // The device hears of it over the line on which it was refused.
    for output in upload(&mut pair.server, other, &doc) {
        pair.carry_out(1, output);
    }
    pair.settle();
    let status = pair.device.repo.status();
    assert!(status.refused.is_empty(), "{status:?}");
    // What came after it is sent too.
    assert_eq!(status.waiting, 0);
    let both = keys(&["forbidden", "more"]);
    assert_eq!(pair.keys(), (both.clone(), both));
}
