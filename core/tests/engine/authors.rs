//! Who may send whose changes: the policy is asked, whoever brings them and in whatever way.

use std::sync::{Arc, Mutex};

use automerge::transaction::Transactable;
use automerge::{ActorId, Author, Automerge, Change, ROOT};
use meltemi_core::id::{ConnectionId, DocumentId};
use meltemi_core::sync::output::Output;
use meltemi_core::sync::policy::{Access, Policy, Principal, Refusal, Standing};
use meltemi_core::sync::storage::StorageAnswer;
use meltemi_core::testing::hostile::message;
use meltemi_core::wire::exchange::{Changes, Exchange};
use meltemi_core::wire::frame::Frame;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::bench::{Bench, DOCUMENT, meltemi, plain, refusals, storage_of};

const ANA: ConnectionId = ConnectionId(1);
const BEN: ConnectionId = ConnectionId(2);
const GUEST: ConnectionId = ConnectionId(3);

fn principal(name: &str) -> Principal {
    Principal(name.to_owned())
}

/// Actors whose first byte is 1 are Ana's, those with 2 Ben's, those with 3 a guest's, who may
/// only read. Notes what it is asked.
#[derive(Clone, Default)]
struct Owners(Arc<Mutex<Vec<(Principal, ActorId)>>>);

impl Owners {
    fn asked(&self) -> Vec<(Principal, ActorId)> {
        std::mem::take(&mut self.0.lock().expect("one thread"))
    }
}

fn owner(actor: &ActorId) -> &'static str {
    match actor.to_bytes() {
        [1, ..] => "ana",
        [2, ..] => "ben",
        _ => "guest",
    }
}

impl Policy for Owners {
    fn access(&self, principal: &Principal, _: &DocumentId, _: Standing<'_>) -> Access {
        match principal.0.as_str() {
            "guest" => Access::Read,
            _ => Access::Write,
        }
    }

    fn authored(
        &self,
        principal: &Principal,
        document: &DocumentId,
        actor: &ActorId,
        _: Option<&Author<'_>>,
        _: Option<&Principal>,
        _: bool,
    ) -> Result<(), Refusal> {
        let asked = (principal.clone(), actor.clone());
        self.0.lock().expect("one thread").push(asked);
        let owner = Principal(owner(actor).to_owned());
        if owner == *principal && self.access(&owner, document, Standing::New) == Access::Write {
            return Ok(());
        }
        Err(Refusal {
            code: "foreign-author",
            message: "somebody else made these changes".to_owned(),
        })
    }

    fn check(&self, _: &DocumentId, _: &Automerge, _: bool) -> Result<Option<String>, Refusal> {
        Ok(Some("thing".to_owned()))
    }

    fn announce(&self, _: &Principal, _: Option<&str>) -> bool {
        true
    }
}

/// A server to which Ana, Ben and a guest are connected.
fn world(meltemi_peers: bool) -> (Bench<Owners>, Owners) {
    let owners = Owners::default();
    let mut server = Bench::server(owners.clone());
    for (connection, name) in [(ANA, "ana"), (BEN, "ben"), (GUEST, "guest")] {
        let metadata = if meltemi_peers { meltemi() } else { plain() };
        server.join_as(connection, principal(name), metadata);
    }
    (server, owners)
}

fn edit(doc: &mut Automerge, actor: u8) -> Change {
    doc.set_actor(ActorId::from([actor; 16]));
    doc.transact::<_, _, automerge::AutomergeError>(|tx| tx.put(ROOT, "a", i64::from(actor)))
        .expect("a change");
    doc.get_last_local_change().expect("the change just made")
}

/// Sends changes as this kind of peer does, and lets the disk take what is to be written.
fn send(
    server: &mut Bench<Owners>,
    from: ConnectionId,
    meltemi_peers: bool,
    changes: &[&Change],
) -> Vec<Output> {
    let chunks = changes.iter().map(|change| change.raw_bytes().to_vec());
    if meltemi_peers {
        let changes = vec![Changes {
            document: DOCUMENT,
            bytes: chunks.collect::<Vec<_>>().concat(),
        }];
        let exchange = Exchange {
            changes,
            ..Exchange::default()
        };
        server.frame(from, &Frame::Exchange(exchange));
    } else {
        let heads = changes.last().map(|change| change.hash());
        let data = message(heads.into_iter().collect(), chunks.collect());
        server.sync(
            from,
            automerge::sync::Message::decode(&data).expect("a message"),
        );
    }
    let mut outputs = server.outputs();
    for (effect, _) in storage_of(&outputs) {
        server.store(effect, Ok(StorageAnswer::Written));
        outputs.extend(server.outputs());
    }
    outputs
}

#[test]
fn every_new_change_is_asked_about_and_no_other() {
    for meltemi_peers in [false, true] {
        let (mut server, owners) = world(meltemi_peers);
        let mut doc = Automerge::new();
        let changes = [(); 3].map(|()| edit(&mut doc, 1));
        let all: Vec<_> = changes.iter().collect();
        send(&mut server, ANA, meltemi_peers, &all);
        let mine = (principal("ana"), ActorId::from([1; 16]));
        assert_eq!(owners.asked(), vec![mine; 3]);
        // What is here already may be brought by anybody.
        let own = edit(&mut doc, 2);
        let outputs = send(
            &mut server,
            BEN,
            meltemi_peers,
            &[&all[..], &[&own]].concat(),
        );
        assert_eq!(refusals(&outputs, BEN), [""; 0]);
        let bens = (principal("ben"), ActorId::from([2; 16]));
        assert_eq!(owners.asked(), [bens]);
        let here = server.repo.document(&DOCUMENT).expect("the document");
        assert_eq!(here.get_heads(), [own.hash()]);
    }
}

#[test]
fn changes_of_another_principals_actor_are_refused_and_not_stored() {
    for meltemi_peers in [false, true] {
        let (mut server, _) = world(meltemi_peers);
        let mut doc = Automerge::new();
        let first = edit(&mut doc, 1);
        let outputs = send(&mut server, BEN, meltemi_peers, &[&first]);
        assert_eq!(refusals(&outputs, BEN), ["foreign-author"]);
        assert_eq!(storage_of(&outputs), []);
        assert!(!server.repo.is_loaded(&DOCUMENT), "nothing of it is kept");
        // Among changes of one's own as well: a message is taken as a whole or not at all.
        send(&mut server, ANA, meltemi_peers, &[&first]);
        let (mut ours, mut theirs) = (doc.clone(), doc);
        let (own, foreign) = (edit(&mut ours, 1), edit(&mut theirs, 2));
        let outputs = send(&mut server, ANA, meltemi_peers, &[&own, &foreign]);
        assert_eq!(refusals(&outputs, ANA), ["foreign-author"]);
        assert_eq!(storage_of(&outputs), []);
        let here = server.repo.document(&DOCUMENT).expect("the document");
        assert_eq!(here.get_heads(), [first.hash()]);
    }
}

#[test]
fn what_one_may_not_write_does_not_get_in_through_somebody_else() {
    for meltemi_peers in [false, true] {
        let (mut server, _) = world(meltemi_peers);
        let mut doc = Automerge::new();
        let first = edit(&mut doc, 1);
        send(&mut server, ANA, meltemi_peers, &[&first]);
        let guests = edit(&mut doc, 3);
        let outputs = send(&mut server, GUEST, meltemi_peers, &[&guests]);
        let code = if meltemi_peers {
            "read-only"
        } else {
            "foreign-author"
        };
        assert_eq!(refusals(&outputs, GUEST), [code]);
        // Ana has it from the guest by another way, goes on from it, and brings both.
        let next = edit(&mut doc, 1);
        let outputs = send(&mut server, ANA, meltemi_peers, &[&guests, &next]);
        assert_eq!(refusals(&outputs, ANA), ["foreign-author"]);
        assert_eq!(storage_of(&outputs), []);
        let here = server.repo.document(&DOCUMENT).expect("the document");
        assert_eq!(here.get_heads(), [first.hash()]);
    }
}
