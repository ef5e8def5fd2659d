//! Tests of the first changes of a document.

use automerge::ScalarValue;

use super::*;
use crate::record::{Class, KINDS, event};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn reference() -> RecordRef {
    RecordRef::new("event", "ev1")
}

fn document() -> DocumentId {
    DocumentId::of_record("mc2cm", &reference())
}

fn new() -> Automerge {
    new_document("mc2cm", &reference()).expect("a new document")
}

fn put(doc: &mut Automerge, name: &str, value: impl Into<ScalarValue>) {
    let mut tx = doc.transaction();
    tx.put(ROOT, name, value).expect("a register");
    tx.commit();
}

#[test]
fn the_first_change_is_the_same_on_every_device() {
    for kind in KINDS {
        let reference = RecordRef::new(kind.name, "k");
        let (a, b) = (new_document("p", &reference), new_document("p", &reference));
        let (a, b) = (a.expect("a document"), b.expect("a document"));
        assert_eq!(a.save(), b.save());
        assert_ne!(a.get_actor(), b.get_actor());
        let document = DocumentId::of_record("p", &reference);
        let changes = a.get_changes(&[]);
        assert!(
            changes
                .iter()
                .all(|change| *change.actor_id() == actor(&document)
                    && change.timestamp() == 0
                    && change.message().is_none())
        );
        let identity = identify(&document, &a).expect("a record");
        assert_eq!((identity.kind, identity.schema), (*kind, kind.schema));
    }
}

/// The hash of every first change that a released version has made, by kind and schema version. A
/// line here never changes: records made with other bytes do not merge with those that are there.
const RELEASED: [(&str, &[&str]); 8] = [
    (
        "programme",
        &["8fa1b194f0d5c0c002c4ad2267fc363ed5924bd8e80d90c227ea06b098a871b9"],
    ),
    (
        "event",
        &["65e5f28eb86cecb0503b073e28221de9771b44ab377e9dcd83d683f1035e4599"],
    ),
    (
        "event_report",
        &["22b7cacb5af4f90cbf5132386987ce6aefe50d05f2223af34eb238e6a0c7e0ea"],
    ),
    (
        "city",
        &["6d198146475867333a06e8567955274070952811cc7f0fe273d91d0d99fe2298"],
    ),
    (
        "organisation",
        &["e9074dbe93dfafe6ddc8dfa9045326e093aa065f697feb4a4e1ff1b7e7391cf3"],
    ),
    (
        "outcome",
        &["e22e03a96c369e2d8aad9db898814db2c39013f1ec16584486603350f53ddb1b"],
    ),
    (
        "product",
        &["0f60307003cf6b5f8ec773fa500ee3342245c678aa63d845b06831d2353c7a92"],
    ),
    (
        "targeted_action",
        &["1d7b0010fd408bef646d8f6a2619a0b90b4873b58c553589c6693f0fc7ebca52"],
    ),
];

#[test]
fn the_first_changes_of_every_kind_are_those_of_released_versions() {
    let made: Vec<(&str, Vec<String>)> = KINDS
        .iter()
        .map(|kind| {
            let reference = RecordRef::new(kind.name, "k1");
            let doc = build(kind, "mc2cm", &reference, kind.schema);
            let changes = doc.get_changes(&[]);
            (
                kind.name,
                changes.iter().map(|it| it.hash().to_string()).collect(),
            )
        })
        .collect();
    let released: Vec<(&str, Vec<String>)> = RELEASED
        .iter()
        .map(|(kind, hashes)| (*kind, hashes.iter().map(ToString::to_string).collect()))
        .collect();
    assert_eq!(made, released);
}

#[test]
fn documents_that_are_no_records_say_why() {
    let id = document();
    assert_eq!(identify(&id, &empty()), Err(NotARecord::NoKind));

    let mut foreign = empty();
    put(&mut foreign, "title", "x");
    assert_eq!(identify(&id, &foreign), Err(NotARecord::NoKind));

    let elsewhere = DocumentId::from_bytes([9; 16]);
    assert_eq!(
        identify(&elsewhere, &new()).expect_err("an id").code(),
        "wrong-id"
    );

    let mut copied = empty();
    for (name, value) in [("programme", "mc2cm"), ("kind", "event"), ("key", "ev1")] {
        put(&mut copied, name, value);
    }
    assert_eq!(
        identify(&id, &copied),
        Err(NotARecord::WrongGenesis(reference()))
    );
    put(&mut copied, "kind", "poem");
    assert_eq!(
        identify(&id, &copied),
        Err(NotARecord::UnknownKind("poem".to_owned()))
    );

    for (name, value) in [
        ("kind", "city"),
        ("kind", "poem"),
        ("key", "ev2"),
        ("programme", "x"),
    ] {
        let mut changed = new();
        put(&mut changed, name, value);
        assert_eq!(identify(&id, &changed), Err(NotARecord::Changed(name)));
    }
    let mut changed = new();
    put(&mut changed, "kind", 1);
    assert_eq!(
        identify(&id, &changed).expect_err("no text").code(),
        "kind-changed"
    );
    let (mut a, mut b) = (new(), new());
    put(&mut a, "schema", 7);
    put(&mut b, "schema", 8);
    a.merge(&mut b).expect("a merge");
    assert_eq!(identify(&id, &a), Err(NotARecord::Changed("schema")));
}

#[test]
fn a_forged_first_change_is_told_from_the_real_one() {
    let mut forged = empty().with_actor(actor(&document()));
    let mut tx = forged.transaction();
    for (name, value) in [("programme", "mc2cm"), ("kind", "event"), ("key", "ev1")] {
        tx.put(ROOT, name, value).expect("a register");
    }
    tx.put(ROOT, "schema", 1).expect("a register");
    tx.commit_with(CommitOptions::default().with_time(0));
    assert_eq!(
        identify(&document(), &forged),
        Err(NotARecord::WrongGenesis(reference()))
    );
}

static OLD: Kind = Kind {
    name: "event",
    schema: 1,
    class: Class::Peers,
    title: &["titles"],
    owners: &[],
    fields: &[
        Field::by_language("titles"),
        Field::entries("notes", EntryKey::Generated, OLD_NOTE),
    ],
};
const OLD_NOTE: &[Field] = &[Field::line("title")];
static NEW: Kind = Kind {
    schema: 3,
    fields: &[
        Field::by_language("titles"),
        Field::entries("notes", EntryKey::Generated, NEW_NOTE),
        Field::text("plan").since(2),
        Field::entries(
            "steps",
            EntryKey::Fixed(&crate::record::vocabulary::EVENT_STEP),
            &[Field::text("note").since(3)],
        )
        .since(2),
    ],
    ..OLD
};
const NEW_NOTE: &[Field] = &[Field::line("title"), Field::text("text").since(2)];

#[test]
fn upgrades_are_the_same_on_every_device() {
    let old = |seed: u8| {
        let mut doc = build(&OLD, "mc2cm", &reference(), 1);
        doc.set_actor(ActorId::from([seed; 16].as_slice()));
        put(&mut doc, "own", u64::from(seed));
        doc
    };
    let identity = Identity {
        programme: "mc2cm".to_owned(),
        reference: reference(),
        kind: &NEW,
        schema: 1,
    };
    let (mut a, mut b) = (old(1), old(2));
    upgrade(&mut a, &identity).expect("an upgrade");
    upgrade(&mut b, &identity).expect("an upgrade");
    a.merge(&mut b).expect("a merge");
    assert_eq!(a.get_changes(&[]).len(), 3 + 2);
    for name in ["titles", "plan", "steps", "schema"] {
        assert_eq!(
            a.get_all(ROOT, name).expect("a register").len(),
            1,
            "{name}"
        );
    }
    let (_, steps) = a.get(ROOT, "steps").expect("a map").expect("steps");
    let (_, report) = a.get(&steps, "report").expect("a map").expect("a step");
    assert!(a.get(&report, "note").expect("a map").is_some());
    let upgraded = Identity {
        schema: 3,
        ..identity
    };
    let heads = a.get_heads();
    upgrade(&mut a, &upgraded).expect("nothing to do");
    assert_eq!(a.get_heads(), heads);
}

#[test]
fn entries_of_an_older_version_are_completed_alike_on_every_device() {
    let mut a = build(&OLD, "mc2cm", &reference(), 1).with_actor(ActorId::from([1; 16].as_slice()));
    let (_, notes) = a.get(ROOT, "notes").expect("a map").expect("notes");
    let mut tx = a.transaction();
    let note = tx.put_object(&notes, "n1", ObjType::Map).expect("an entry");
    tx.commit();
    let mut b = a.fork();
    put(&mut b, "other", 1);
    for doc in [&mut a, &mut b] {
        assert!(is_incomplete(doc, &note, NEW_NOTE));
        complete_entry(doc, &document(), &note, NEW_NOTE).expect("containers");
        assert!(!is_incomplete(doc, &note, NEW_NOTE));
    }
    let texts = |doc: &Automerge| doc.get_all(&note, "text").expect("a register").len();
    a.merge(&mut b).expect("a merge");
    assert_eq!(texts(&a), 1);
    let heads = a.get_heads();
    complete_entry(&mut a, &document(), &note, NEW_NOTE).expect("nothing to do");
    assert_eq!(a.get_heads(), heads);
}

#[test]
fn positions_count_as_in_browsers() {
    let loaded = load(&new().save()).expect("a saved document");
    assert_eq!(loaded.text_encoding(), TextEncoding::Utf16CodeUnit);
    assert_eq!(
        identify(&document(), &loaded).expect("a record").kind,
        &event::KIND
    );
    assert!(load(b"nonsense").is_err());
}
