//! Refused edits as the workspace shows them to a person.

use automerge::Automerge;
use meltemi_core::command::{self, Command, Splice};
use meltemi_core::id::{ConnectionId, DocumentId, PeerId, RecordRef, StorageId};
use meltemi_core::sync::input::{Input, Role};
use meltemi_core::sync::output::Output;
use meltemi_core::sync::policy::Principal;
use meltemi_core::sync::storage::StorageRequest;
use meltemi_core::testing::disk::Disk;
use meltemi_core::view::difference::Change;
use meltemi_core::wire::limits::CHANGE_OPERATIONS;
use meltemi_core::workspace::{Workspace, WorkspaceConfig};
use serde_json::json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::bench::START;

/// A device and a server with their disks.
struct Pair {
    ends: [(Workspace, Disk); 2],
}

impl Pair {
    fn new() -> Self {
        let end = |device: bool| {
            let name = if device { "device" } else { "server" };
            let config = WorkspaceConfig {
                peer: PeerId(name.to_owned()),
                storage: StorageId(name.to_owned()),
                seed: [u8::from(device); 32],
                dials: device,
                follows_all: device,
                foreign_documents: false,
                kept: 100,
            };
            (Workspace::new(config, START), Disk::default())
        };
        let mut pair = Self {
            ends: [end(true), end(false)],
        };
        pair.settle();
        let connection = ConnectionId(1);
        for (end, role) in [(0, Role::Dialer), (1, Role::Acceptor)] {
            let principal = Principal::built_in();
            pair.handle(
                end,
                Input::Connected {
                    connection,
                    role,
                    principal,
                },
            );
        }
        pair.settle();
        pair
    }

    fn handle(&mut self, end: usize, input: Input) {
        self.ends[end].0.handle(START, input);
    }

    /// Lets both talk and write until they have nothing more to do.
    fn settle(&mut self) {
        loop {
            let mut outputs = Vec::new();
            for (end, (workspace, _)) in self.ends.iter_mut().enumerate() {
                outputs.extend(std::iter::from_fn(|| workspace.poll()).map(|output| (end, output)));
            }
            if outputs.is_empty() {
                return;
            }
            for (end, output) in outputs {
                match output {
                    Output::Send { connection, bytes } => {
                        self.handle(1 - end, Input::Frame { connection, bytes });
                    }
                    Output::Storage { effect, request } => {
                        let result = self.ends[end].1.answer(&request);
                        self.handle(end, Input::Stored { effect, result });
                    }
                    _ => {}
                }
            }
        }
    }

    fn device(&self) -> &Workspace {
        &self.ends[0].0
    }

    fn run(&mut self, command: &Command) -> DocumentId {
        let done = self.ends[0].0.execute(START, command);
        self.settle();
        done.expect("a command that goes through").document
    }
}

#[test]
fn what_refused_edits_would_change_is_told_exported_and_decided() {
    let mut pair = Pair::new();
    let reference = RecordRef::new("event", "ev1");
    let document = pair.run(&Command::CreateRecord {
        programme: "mc2cm".to_owned(),
        reference,
        values: vec![(
            "venue".parse().expect("a path"),
            json!("Maison des associations"),
        )],
    });
    assert_eq!(pair.device().refused(&document), None);
    assert_eq!(pair.device().refused_bytes(&document), None);

    let long = "a".repeat(usize::try_from(CHANGE_OPERATIONS).expect("a length") + 1);
    let base = pair.device().record(&document).expect("it is here").heads;
    pair.run(&Command::EditText {
        document,
        path: "objectives".parse().expect("a path"),
        base,
        splices: vec![Splice {
            at: 0,
            delete: 0,
            insert: long.clone(),
        }],
    });
    let view = pair.device().refused(&document).expect("it was refused");
    assert_eq!(
        (view.edits.code.as_str(), view.edits.changes),
        ("too-many-operations", 1)
    );
    let [difference] = &view.differences[..] else {
        panic!("{:?}", view.differences);
    };
    assert_eq!(
        (difference.path.as_str(), difference.what),
        ("objectives", Change::Value)
    );
    assert_eq!(difference.before, json!(null));
    assert_eq!(difference.after, json!(long));

    let bytes = pair.device().refused_bytes(&document).expect("bytes");
    let whole = Automerge::load(&bytes).expect("they can be loaded");
    let whole = meltemi_core::view::record::view(document, &whole).expect("a record");
    assert_eq!(whole.fields["objectives"], json!(long));
    let shown = pair.device().record(&document).expect("it is here");
    assert_eq!(shown.fields.get("objectives"), None);

    pair.handle(
        0,
        Input::Refused {
            document,
            again: false,
        },
    );
    pair.settle();
    assert_eq!(pair.device().refused(&document), None);
    assert_eq!(pair.device().status().refused, []);
}

#[test]
fn what_somebody_else_proposes_is_compared_with_a_copy() {
    let mut pair = Pair::new();
    let document = pair.run(&Command::CreateRecord {
        programme: "mc2cm".to_owned(),
        reference: RecordRef::new("event", "ev1"),
        values: vec![("venue".parse().expect("a path"), json!("Port"))],
    });
    let before = pair.device().record(&document).expect("a record");
    let mut other = pair.device().document(&document).expect("it").fork();
    let start = other.get_heads();
    let mut heads = Vec::new();
    for venue in ["Library", "Town hall"] {
        let command = Command::SetField {
            document,
            path: "venue".parse().expect("a path"),
            value: json!(venue),
            base: None,
        };
        command::apply(document, &mut other, &command, START).expect("a command");
        heads.push(other.get_heads());
    }
    let proposed = pair.device().proposed(&document, &other.save_after(&start));
    let proposed = proposed.expect("a comparison");
    assert_eq!(proposed.base, before.heads);
    assert_eq!(proposed.record.fields["venue"], json!("Town hall"));
    let found: Vec<_> = proposed
        .differences
        .iter()
        .map(|it| (it.path.as_str(), it.what, &it.before, &it.after))
        .collect();
    assert_eq!(
        found,
        [("venue", Change::Value, &json!("Port"), &json!("Town hall"))]
    );
    assert_eq!(pair.device().record(&document).ok(), Some(before));

    // Changes that build on others that are not here cannot be shown, nor can what is none.
    for (changes, code) in [
        (other.save_after(&heads[0]), "missing-dependencies"),
        (b"none".to_vec(), "bad-chunk"),
    ] {
        let refusal = pair.device().proposed(&document, &changes);
        assert_eq!(refusal.expect_err("a refusal").code, code);
    }
    // A record that is not here has nothing before.
    let fresh = Pair::new();
    let new = fresh.device().proposed(&document, &other.save());
    let new = new.expect("a comparison");
    assert_eq!(new.base, [""; 0]);
    assert!(new.differences.iter().any(|it| it.path == "venue"));
    assert!(fresh.device().record(&document).is_err());
}

/// Answers the disk's requests of an end; how many of them write.
fn writes((workspace, disk): &mut (Workspace, Disk)) -> usize {
    let mut writes = 0;
    while let Some(output) = workspace.poll() {
        if let Output::Storage { effect, request } = output {
            writes += usize::from(matches!(request, StorageRequest::Write(_)));
            let result = disk.answer(&request);
            workspace.handle(START, Input::Stored { effect, result });
        }
    }
    writes
}

#[test]
fn commands_on_one_record_go_to_the_disk_in_one_write_or_change_nothing() {
    let mut pair = Pair::new();
    let document = pair.run(&Command::CreateRecord {
        programme: "mc2cm".to_owned(),
        reference: RecordRef::new("event", "ev1"),
        values: vec![("venue".parse().expect("a path"), json!("Port"))],
    });
    let before = pair.device().record(&document).expect("a record");
    let set = |path: &str, value: &str| Command::SetField {
        document,
        path: path.parse().expect("a path"),
        value: json!(value),
        base: Some(before.heads.clone()),
    };
    let learn = Command::EditText {
        document,
        path: "objectives".parse().expect("a path"),
        base: before.heads.clone(),
        splices: vec![Splice {
            at: 0,
            delete: 0,
            insert: "Learn.".to_owned(),
        }],
    };
    let device = &mut pair.ends[0];
    let bad = [learn.clone(), set("no_such_field", "x")];
    let failed = device.0.execute_all(START, document, &bad);
    assert!(failed.is_err());
    assert_eq!(writes(device), 0);
    assert_eq!(device.0.record(&document).as_ref(), Ok(&before));

    let good = [set("venue", "Town hall"), learn];
    let done = device.0.execute_all(START, document, &good);
    assert_eq!(writes(device), 1);
    let now = device.0.record(&document).expect("a record").fields;
    assert_eq!(now["objectives"], json!("Learn."));
    assert_eq!(now["venue"], json!("Town hall"));
    // What was done last is taken back first.
    let undo = done.expect("two edits").undo;
    let first = undo.iter().map(|it| matches!(it, Command::EditText { .. }));
    assert_eq!(first.collect::<Vec<_>>(), [true, false]);
    for command in undo {
        pair.run(&command);
    }
    let now = pair.device().record(&document).expect("a record").fields;
    assert_eq!(now["venue"], json!("Port"));
}
