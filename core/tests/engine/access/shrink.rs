//! What a device may no longer read goes from it, what it has not handed over stays, and who may
//! do more sees more.

use automerge::ActorId;
use meltemi_core::access::{Answer, Role};
use meltemi_core::command::Command;
use meltemi_core::command::create_record::create;
use meltemi_core::id::{DocumentId, RecordRef};
use meltemi_core::sync::input::Input;
use meltemi_core::sync::policy::{Access, Principal};
use meltemi_core::sync::storage::{CatalogueEntry, ChunkKey, StoredChunk, WriteBatch};
use meltemi_core::time::Timestamp;
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{End, OWN, PROGRAMME, START, World, member, principal, record, roster};

fn set(document: DocumentId, path: &str, value: Value) -> Command {
    Command::SetField {
        document,
        path: path.parse().expect("a path"),
        value,
        base: None,
    }
}

/// A server with one outcome that peers see, a coordinator and a reader who are connected.
fn world() -> (World, DocumentId) {
    let mut world = World::new();
    let values = [("actors", json!([OWN])), ("visibility", json!("peers"))];
    let document = world.server.insert("outcome/o1", &values);
    world.set_roster(roster([
        member("ana", Role::Coordinator),
        member("ben", Role::Reader),
    ]));
    (world, document)
}

fn is_here(end: &End, document: &DocumentId) -> bool {
    end.workspace.document(document).is_some()
}

/// Whether the disk has anything of a document.
fn is_on_disk(end: &End, document: &DocumentId) -> bool {
    end.disk
        .changes(document)
        .is_some_and(|changes| !changes.is_empty())
}

#[test]
fn a_record_that_is_closed_goes_from_who_may_not_read_it_and_comes_back_when_opened() {
    let (mut world, document) = world();
    let ana = world.connect("ana", End::new("ana", true));
    let ben = world.connect("ben", End::new("ben", true));
    assert!(is_here(world.device(ben), &document));
    for (class, here) in [("consortium", false), ("peers", true)] {
        let command = set(document, "visibility", json!(class));
        let coordinator = &mut world.device(ana).workspace;
        coordinator.execute(START, &command).expect("an edit");
        world.settle();
        assert_eq!(is_here(world.device(ben), &document), here, "{class}");
        assert_eq!(is_on_disk(world.device(ben), &document), here, "{class}");
        assert!(is_here(world.device(ana), &document));
        assert_eq!(world.device(ben).workspace.status().waiting, 0);
    }
    let gone = world
        .exchanges(ben)
        .iter()
        .map(|e| e.gone.len())
        .sum::<usize>();
    assert_eq!(gone, 1);
    assert_eq!(world.closed, []);
}

#[test]
fn what_was_closed_while_a_device_was_away_goes_when_it_is_back() {
    let (mut world, document) = world();
    let ana = world.connect("ana", End::new("ana", true));
    let ben = world.connect("ben", End::new("ben", true));
    let away = world.disconnect(ben);
    let command = set(document, "visibility", json!("consortium"));
    let coordinator = &mut world.device(ana).workspace;
    coordinator.execute(START, &command).expect("an edit");
    world.settle();
    // The one that stayed away is started anew meanwhile.
    let ben = world.connect("ben", away.again("ben", true));
    assert!(!is_here(world.device(ben), &document));
    assert!(!is_on_disk(world.device(ben), &document));
    assert_eq!(world.device(ben).workspace.status().waiting, 0);
    // It is gone for good: the next connection has nothing to compare.
    let device = world.disconnect(ben).again("ben", true);
    world.sent.clear();
    let ben = world.connect("ben", device);
    assert_eq!(world.exchanges(ben).len(), 1);
}

#[test]
fn what_was_imported_goes_too_and_is_not_sent_again() {
    let mut world = World::new();
    let mut documents = Vec::new();
    for key in ["o1", "o2"] {
        let values = [("visibility".parse().expect("a path"), json!("peers"))];
        // Imports are the same bytes every time, so their changes have no time.
        let (document, doc) = create(
            PROGRAMME,
            &RecordRef::new("outcome", key),
            &values,
            ActorId::from([8; 16]),
            Timestamp(0),
        )
        .expect("a record");
        world.server.put(document, &doc);
        documents.push(document);
    }
    world.set_roster(roster([member("ben", Role::PartnerEditor)]));
    let ben = world.connect("ben", End::new("ben", true));
    let mut away = world.disconnect(ben);
    let edit = set(documents[0], "source", json!("a letter"));
    away.workspace.execute(START, &edit).expect("an edit");
    away.settle(|_| {});
    let mut nobody = member("ben", Role::Reader);
    nobody.memberships.clear();
    world.set_roster(roster([nobody]));
    let ben = world.connect("ben", away);
    let device = world.device(ben);
    // The one with edits stays until a person has decided.
    assert!(is_here(device, &documents[0]));
    assert!(device.workspace.refused(&documents[0]).is_some());
    assert!(!is_here(device, &documents[1]));
    assert!(!is_on_disk(device, &documents[1]));
    assert_eq!(device.workspace.status().notices, []);
}

#[test]
fn what_another_tab_has_removed_goes_unless_there_is_something_new_in_it() {
    let (mut world, document) = world();
    let ana = world.connect("ana", End::new("ana", true));
    let mut tab = world.disconnect(ana);
    let edit = set(document, "source", json!("a letter"));
    tab.workspace.execute(START, &edit).expect("an edit");
    tab.handle(Input::RemovedElsewhere { document });
    assert!(is_here(&tab, &document), "what is not on the disk stays");
    tab.settle(|_| {});
    tab.handle(Input::RemovedElsewhere { document });
    assert!(!is_here(&tab, &document));
    assert_eq!(tab.workspace.status().waiting, 0);
}

#[test]
fn what_another_tab_still_writes_of_a_removed_record_is_removed_again() {
    let (mut world, document) = world();
    let ana = world.connect("ana", End::new("ana", true));
    let ben = world.connect("ben", End::new("ben", true));
    let bytes = world.device(ben).workspace.bytes(&document);
    let bytes = bytes.expect("the record");
    let command = set(document, "visibility", json!("consortium"));
    let coordinator = &mut world.device(ana).workspace;
    coordinator.execute(START, &command).expect("an edit");
    world.settle();
    assert!(!is_here(world.device(ben), &document));
    let chunk = StoredChunk {
        key: ChunkKey::increment(&bytes),
        bytes,
    };
    world.device(ben).handle(Input::WrittenElsewhere {
        document,
        chunks: vec![chunk],
    });
    world.settle();
    assert!(!is_here(world.device(ben), &document));
    assert!(!is_on_disk(world.device(ben), &document));
    assert_eq!(world.device(ben).workspace.status().waiting, 0);
}

#[test]
fn edits_that_were_not_handed_over_stay_until_a_person_has_decided() {
    let (mut world, document) = world();
    world.set_roster(roster([
        member("ana", Role::Coordinator),
        member("ben", Role::CityOfficer),
    ]));
    let ben = world.connect("ben", End::new("ben", true));
    let mut away = world.disconnect(ben);
    let edit = set(document, "source", json!("a letter"));
    away.workspace.execute(START, &edit).expect("an edit");
    away.settle(|_| {});
    // The officer does not work for the city any more, and the record is the city's.
    let mut moved = member("ben", Role::CityOfficer);
    moved.body = Some("city/lyon".parse().expect("a body"));
    world.set_roster(roster([member("ana", Role::Coordinator), moved]));
    let ana = world.connect("ana", End::new("ana", true));
    let close = set(document, "visibility", json!("city_private"));
    let coordinator = &mut world.device(ana).workspace;
    coordinator.execute(START, &close).expect("an edit");
    world.settle();

    let ben = world.connect("ben", away);
    let device = world.device(ben);
    let refused = device.workspace.refused(&document).expect("they are kept");
    assert_eq!(
        (refused.edits.code.as_str(), refused.edits.changes),
        ("not-allowed", 1)
    );
    assert!(is_here(device, &document));
    device.handle(Input::Refused {
        document,
        again: false,
    });
    world.settle();
    assert!(!is_here(world.device(ben), &document));
    assert!(!is_on_disk(world.device(ben), &document));
    let server = world.server.workspace.document(&document);
    assert!(server.is_some(), "it is still on the server");
}

#[test]
fn a_document_the_server_has_lost_is_sent_again_and_not_removed() {
    let (mut world, document) = world();
    let ana = world.connect("ana", End::new("ana", true));
    let device = world.disconnect(ana);
    world.server = End::new("server", false);
    world.set_roster(roster([member("ana", Role::Coordinator)]));
    let ana = world.connect("ana", device);
    assert!(is_here(world.device(ana), &document));
    let restored = world.server.workspace.catalogue();
    assert_eq!(
        restored.filter(|entry| entry.document == document).count(),
        1
    );
}

#[test]
fn connections_of_members_who_changed_are_closed_and_others_stay() {
    let (mut world, document) = world();
    let ana = world.connect("ana", End::new("ana", true));
    let ben = world.connect("ben", End::new("ben", true));
    let mut left = member("ben", Role::Reader);
    left.active = false;
    world.set_roster(roster([member("ana", Role::Coordinator), left]));
    assert_eq!(world.closed, [ben]);
    let who = principal("ben");
    assert_eq!(world.server.workspace.may(&who, &document), Access::None);
    assert_eq!(world.server.workspace.catalogue_for(&who).count(), 0);
    world.set_roster(roster([member("ana", Role::Reader)]));
    assert_eq!(world.closed, [ben, ana]);
    let nobody = Principal::built_in();
    assert_eq!(world.server.workspace.may(&nobody, &document), Access::None);
    world.set_roster(None);
    assert_eq!(
        world.server.workspace.may(&nobody, &document),
        Access::Write
    );
}

#[test]
fn nobody_changes_a_record_into_one_that_the_role_does_not_allow() {
    let (mut world, document) = world();
    world.set_roster(roster([
        member("ana", Role::Coordinator),
        member("eva", Role::Evaluator),
    ]));
    let eva = world.connect("eva", End::new("eva", true));
    let hide = set(document, "visibility", json!("chatham"));
    let device = &mut world.device(eva).workspace;
    device.execute(START, &hide).expect("an edit of its own");
    world.settle();
    let refused = world.device(eva).workspace.refused(&document);
    let code = refused.map(|refused| refused.edits.code);
    assert_eq!(code.as_deref(), Some("not-allowed"));
    let may = world.server.workspace.may(&principal("eva"), &document);
    assert_eq!(may, Access::Write, "the record is as it was");
}

#[test]
fn records_of_an_older_version_are_labelled_anew_when_the_server_starts() {
    let (mut world, document) = world();
    world.server.disk.flush();
    let old = world
        .server
        .workspace
        .catalogue()
        .next()
        .cloned()
        .expect("an entry");
    let mut server = std::mem::replace(&mut world.server, End::new("x", false));
    let batch = WriteBatch {
        document,
        put: Vec::new(),
        remove: Vec::new(),
        entry: Some(CatalogueEntry {
            label: Some("outcome".to_owned()),
            ..old.clone()
        }),
    };
    let answer = server
        .disk
        .answer(&meltemi_core::sync::storage::StorageRequest::Write(batch));
    answer.expect("it is written");
    server.disk.flush();
    let server = server.again("server", false);
    let entry = server.workspace.catalogue().next().expect("an entry");
    assert_eq!(entry.label, old.label);
    assert_eq!(entry.heads, old.heads);
    let server = server.again("server", false);
    let kept = server.workspace.catalogue().next().expect("an entry");
    assert_eq!(kept.label, old.label, "it is on the disk");
    assert_eq!(
        server.workspace.metrics().loaded,
        0,
        "nothing is read again"
    );
}

#[test]
fn an_unsettled_class_is_for_coordinators_and_owners() {
    let (mut world, document) = world();
    let (_, other) = record(
        "outcome/o1",
        &[("actors", json!([OWN])), ("visibility", json!("public"))],
        44,
    );
    let server = &mut world.server.workspace;
    server.insert(START, document, &other).expect("a record");
    world.settle();
    let may = |name: &str| world.server.workspace.may(&principal(name), &document);
    assert_eq!((may("ana"), may("ben")), (Access::Write, Access::None));
    let officer = member("ben", Role::CityOfficer);
    let label = world
        .server
        .workspace
        .catalogue()
        .next()
        .and_then(|e| e.label.clone());
    let label = label.expect("a label");
    assert_eq!(label, "outcome mc2cm ? city/sousse");
    let answer = meltemi_core::access::answer_label(&officer, &label);
    assert_eq!(answer, Answer::Write);
}
