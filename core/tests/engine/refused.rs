//! What becomes of edits that the server refuses: nothing is lost, and the rest goes on.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{Automerge, ROOT, ReadDoc};
use meltemi_core::id::ConnectionId;
use meltemi_core::sync::input::{Input, Role};
use meltemi_core::sync::output::Output;
use meltemi_core::sync::policy::Principal;
use meltemi_core::sync::repo::EditError;
use meltemi_core::sync::storage::{StorageAnswer, StorageRequest};
use meltemi_core::testing::disk::Disk;
use meltemi_core::wire::limits::DOCUMENT_HEADS;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::bench::{Bench, DOCUMENT, START};

/// A device and a server with their disks, connected whenever asked.
pub(crate) struct Pair {
    pub(crate) device: Bench,
    pub(crate) server: Bench,
    pub(crate) disks: [Disk; 2],
    connections: u64,
}

impl Pair {
    pub(crate) fn new() -> Self {
        Self {
            device: Bench::new(true),
            server: Bench::new(false),
            disks: [Disk::default(), Disk::default()],
            connections: 0,
        }
    }

    pub(crate) fn put(&mut self, key: &str) {
        self.edit(key);
        self.settle();
    }

    /// The same, and nobody hears of it yet.
    pub(crate) fn edit(&mut self, key: &str) {
        let edit = |doc: &mut Automerge| {
            let mut tx = doc.transaction();
            tx.put(ROOT, key, 1).expect("a put");
            tx.commit_with(CommitOptions::default().with_time(5));
            Ok::<_, EditError>(())
        };
        self.device
            .repo
            .edit(START, DOCUMENT, edit)
            .expect("an edit");
    }

    pub(crate) fn connect(&mut self) {
        self.begin_connection();
        self.settle();
    }

    pub(crate) fn begin_connection(&mut self) {
        self.connections += 1;
        let connection = ConnectionId(self.connections);
        for (bench, role) in [
            (&mut self.device, Role::Dialer),
            (&mut self.server, Role::Acceptor),
        ] {
            let principal = Principal::built_in();
            bench.handle(Input::Connected {
                connection,
                role,
                principal,
            });
        }
    }

    /// The device starts anew from its disk.
    pub(crate) fn restart(&mut self) {
        self.start();
        self.settle();
    }

    /// The same, and nothing but the catalogue is read yet.
    pub(crate) fn start(&mut self) {
        let connection = ConnectionId(self.connections);
        self.server.handle(Input::Disconnected { connection });
        let Ok(StorageAnswer::Catalogue(listing)) =
            self.disks[0].answer(&StorageRequest::Catalogue)
        else {
            panic!("a catalogue");
        };
        self.device = Bench::device_with(listing);
    }

    /// Lets both talk and write until they have nothing more to do.
    pub(crate) fn settle(&mut self) {
        loop {
            let outputs = [self.device.outputs(), self.server.outputs()];
            if outputs.iter().all(Vec::is_empty) {
                return;
            }
            for (end, outputs) in outputs.into_iter().enumerate() {
                for output in outputs {
                    self.carry_out(end, output);
                }
            }
        }
    }

    pub(crate) fn carry_out(&mut self, end: usize, output: Output) {
        let (own, other) = match end {
            0 => (&mut self.device, &mut self.server),
            _ => (&mut self.server, &mut self.device),
        };
        match output {
            Output::Send { connection, bytes } => other.handle(Input::Frame { connection, bytes }),
            Output::Storage { effect, request } => {
                let answer = self.disks[end].answer(&request);
                own.store(effect, answer);
            }
            _ => {}
        }
    }

    /// Which keys the device shows, and which are on the server.
    pub(crate) fn keys(&self) -> (Vec<String>, Vec<String>) {
        let keys = |bench: &Bench| {
            let doc = bench.repo.document(&DOCUMENT);
            doc.map(|doc| doc.keys(ROOT).collect()).unwrap_or_default()
        };
        (keys(&self.device), keys(&self.server))
    }

    pub(crate) fn decide(&mut self, again: bool) {
        self.device.handle(Input::Refused {
            document: DOCUMENT,
            again,
        });
        self.settle();
    }
}

/// A pair whose server has refused one edit.
pub(crate) fn refused() -> Pair {
    let mut pair = Pair::new();
    pair.connect();
    pair.put("a");
    pair.put("forbidden");
    pair
}

pub(crate) fn keys(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

#[test]
fn refused_edits_lie_beside_the_accepted_version_which_goes_on_syncing() {
    let mut pair = refused();
    assert_eq!(pair.keys(), (keys(&["a"]), keys(&["a"])));
    let status = pair.device.repo.status();
    assert_eq!((status.waiting, status.unsaved), (0, 0));
    let [edits] = &status.refused[..] else {
        panic!("{status:?}");
    };
    assert_eq!((edits.document, edits.changes), (DOCUMENT, 1));
    assert_eq!(
        (edits.code.as_str(), edits.message.as_str()),
        ("forbidden", "not this")
    );
    let whole = pair
        .device
        .repo
        .with_refused(&DOCUMENT)
        .expect("it is there");
    assert_eq!(
        whole.keys(ROOT).collect::<Vec<_>>(),
        keys(&["a", "forbidden"])
    );

    pair.put("b");
    assert_eq!(pair.keys(), (keys(&["a", "b"]), keys(&["a", "b"])));
}

#[test]
fn refused_edits_survive_a_restart() {
    let mut pair = refused();
    let before = pair.device.repo.status().refused;
    pair.restart();
    assert_eq!(pair.device.repo.status().refused, before);
    pair.put("b");
    pair.restart();
    assert_eq!(pair.device.repo.status().refused, before);
    assert_eq!(pair.keys().0, keys(&["a", "b"]));
}

#[test]
fn refused_edits_can_be_dropped() {
    let mut pair = refused();
    pair.decide(false);
    assert!(pair.device.repo.status().refused.is_empty());
    pair.restart();
    assert!(pair.device.repo.status().refused.is_empty());
    assert_eq!(pair.keys().0, keys(&["a"]));
}

#[test]
fn refused_edits_can_be_applied_again_and_are_refused_again_as_long_as_the_reason_holds() {
    let mut pair = refused();
    let connection = ConnectionId(pair.connections);
    pair.device.handle(Input::Disconnected { connection });
    pair.server.handle(Input::Disconnected { connection });
    pair.decide(true);
    assert_eq!(pair.keys().0, keys(&["a", "forbidden"]));
    assert!(pair.device.repo.status().refused.is_empty());
    assert_eq!(pair.device.repo.status().waiting, 1);
    pair.connect();
    assert_eq!(pair.keys(), (keys(&["a"]), keys(&["a"])));
    assert_eq!(pair.device.repo.status().refused.len(), 1);
}

#[test]
fn a_decision_during_a_write_is_kept() {
    for (again, left) in [(false, 0), (true, 1)] {
        let mut pair = refused();
        let connection = ConnectionId(pair.connections);
        pair.device.handle(Input::Disconnected { connection });
        pair.server.handle(Input::Disconnected { connection });
        let edit = |doc: &mut Automerge| {
            let mut tx = doc.transaction();
            tx.put(ROOT, "b", 1).expect("a put");
            tx.commit_with(CommitOptions::default().with_time(6));
            Ok::<_, EditError>(())
        };
        let edited = pair.device.repo.edit(START, DOCUMENT, edit);
        edited.expect("an edit");
        // The write is asked for and not answered.
        pair.device.handle(Input::Refused {
            document: DOCUMENT,
            again,
        });
        pair.settle();
        pair.restart();
        let status = pair.device.repo.status();
        assert!(status.refused.is_empty(), "{again}: {status:?}");
        let forbidden = pair
            .keys()
            .0
            .iter()
            .filter(|key| *key == "forbidden")
            .count();
        assert_eq!(forbidden, left, "{again}");
    }
}

#[test]
fn edits_for_which_there_is_no_room_beside_those_of_others_are_refused_and_the_others_come() {
    let mut pair = Pair::new();
    pair.connect();
    pair.put("a");
    let connection = ConnectionId(pair.connections);
    pair.device.handle(Input::Disconnected { connection });
    pair.server.handle(Input::Disconnected { connection });
    pair.put("own");
    let everybody = |doc: &mut Automerge| {
        let start = doc.get_heads();
        for person in 0..DOCUMENT_HEADS {
            let mut fork = doc.fork_at(&start).expect("a fork");
            let mut tx = fork.transaction();
            tx.put(ROOT, format!("of {person}"), 1).expect("a put");
            tx.commit_with(CommitOptions::default().with_time(5));
            doc.merge(&mut fork).expect("a merge");
        }
        Ok::<_, EditError>(())
    };
    let edited = pair.server.repo.edit(START, DOCUMENT, everybody);
    assert!(edited.is_ok());
    pair.settle();
    pair.connect();
    let status = pair.device.repo.status();
    assert_eq!(status.refused.len(), 1);
    assert_eq!(status.refused[0].code, "too-many-heads");
    assert_eq!((status.waiting, status.notices.len()), (0, 0), "{status:?}");
    assert_eq!(pair.keys().0, pair.keys().1);
    assert_eq!(pair.keys().0.len(), DOCUMENT_HEADS + 1);

    // One more change brings the versions together, and then there is room.
    pair.put("b");
    pair.decide(true);
    assert_eq!(pair.device.repo.status().refused, []);
    assert_eq!(pair.keys().0, pair.keys().1);
    assert!(pair.keys().1.contains(&"own".to_owned()));
}

#[test]
fn tabs_that_share_a_disk_hold_the_same_refused_edits() {
    let mut pair = Pair::new();
    pair.connect();
    pair.put("a");
    let Ok(StorageAnswer::Catalogue(listing)) = pair.disks[0].answer(&StorageRequest::Catalogue)
    else {
        panic!("a catalogue");
    };
    let mut tabs = [
        std::mem::replace(&mut pair.device, Bench::new(true)),
        Bench::device_with(listing),
    ];
    // The first tab has the line. What either writes, the other is told.
    pub(crate) fn settle(pair: &mut Pair, tabs: &mut [Bench; 2]) {
        loop {
            let mut quiet = true;
            for at in 0..2 {
                for output in tabs[at].outputs() {
                    quiet = false;
                    match output {
                        Output::Storage { effect, request } => {
                            let answer = pair.disks[0].answer(&request);
                            tabs[at].store(effect, answer);
                            if let StorageRequest::Write(batch) = request {
                                tabs[1 - at].handle(Input::WrittenElsewhere {
                                    document: batch.document,
                                    chunks: batch.put,
                                });
                            }
                        }
                        Output::Send { connection, bytes } if at == 0 => {
                            pair.server.handle(Input::Frame { connection, bytes });
                        }
                        _ => {}
                    }
                }
            }
            for output in pair.server.outputs() {
                quiet = false;
                match output {
                    Output::Send { connection, bytes } => {
                        tabs[0].handle(Input::Frame { connection, bytes });
                    }
                    Output::Storage { effect, request } => {
                        let answer = pair.disks[1].answer(&request);
                        pair.server.store(effect, answer);
                    }
                    _ => {}
                }
            }
            if quiet {
                return;
            }
        }
    }
    settle(&mut pair, &mut tabs);
    for key in ["forbidden", "after"] {
        let edit = |doc: &mut Automerge| {
            let mut tx = doc.transaction();
            tx.put(ROOT, key, 1).expect("a put");
            tx.commit_with(CommitOptions::default().with_time(5));
            Ok::<_, EditError>(())
        };
        tabs[1]
            .repo
            .edit(START, DOCUMENT, edit)
            .expect("an edit in the tab without the line");
        settle(&mut pair, &mut tabs);
    }
    for tab in &tabs {
        let refused = tab.repo.status().refused;
        assert_eq!(refused.len(), 1);
        assert_eq!(refused[0].changes, 1);
        let doc = tab.repo.document(&DOCUMENT).expect("it is here");
        assert_eq!(doc.keys(ROOT).collect::<Vec<_>>(), keys(&["a", "after"]));
    }
    for tab in &mut tabs {
        tab.handle(Input::Refused {
            document: DOCUMENT,
            again: false,
        });
    }
    settle(&mut pair, &mut tabs);
    for tab in &tabs {
        assert_eq!(tab.repo.status().refused, []);
    }
    pair.restart();
    assert_eq!(pair.device.repo.status().refused, []);
}
