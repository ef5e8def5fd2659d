//! Valid records, and what a well-behaved device sends about them.

use std::sync::OnceLock;

use automerge::sync::{Message, State, SyncDoc};
use automerge::{ActorId, Automerge, TextEncoding};
use meltemi_core::command::{Command, Splice};
use meltemi_core::id::{DocumentId, PeerId, RecordRef, StorageId};
use meltemi_core::record::FieldPath;
use meltemi_core::sync::output::Output;
use meltemi_core::testing::disk::Disk;
use meltemi_core::time::Timestamp;
use meltemi_core::workspace::{Workspace, WorkspaceConfig};
use serde_json::json;

pub(crate) const START: Timestamp = Timestamp(1_600_000_000_000);

const PROGRAMME: &str = "fuzz";

/// Two records as a server holds them, and what a device holds of the first.
pub(crate) struct Valid {
    /// The server's disk.
    pub(crate) disk: Disk,
    /// The disk of the device.
    pub(crate) devices_disk: Disk,
    /// The first record on the server.
    pub(crate) server: Automerge,
    /// The first record on a device that has made changes the server has not seen.
    pub(crate) device: Automerge,
}

/// The record that inputs are about.
pub(crate) fn document() -> DocumentId {
    DocumentId::of_record(PROGRAMME, &reference("ev1"))
}

/// The record that must still be there afterwards.
pub(crate) fn other() -> DocumentId {
    DocumentId::of_record(PROGRAMME, &reference("ev2"))
}

/// The same for every input.
pub(crate) fn valid() -> &'static Valid {
    static VALID: OnceLock<Valid> = OnceLock::new();
    VALID.get_or_init(|| {
        let mut disk = Disk::default();
        let mut server = start(1, false, &mut disk);
        for key in ["ev1", "ev2"] {
            for command in commands(key, "server") {
                execute(&mut server, command, &mut disk);
            }
        }
        let held = server
            .document(&document())
            .expect("it was just made")
            .clone();
        let mut devices_disk = disk.clone();
        let mut device = start(2, true, &mut devices_disk);
        let edits = commands("ev1", "device").into_iter().skip(1);
        for command in edits.chain([Command::Remove {
            document: document(),
            path: FieldPath::field("sessions").join("server"),
            reason: Some("twice".to_owned()),
        }]) {
            execute(&mut device, command, &mut devices_disk);
        }
        let device = device
            .document(&document())
            .expect("it was on the disk")
            .clone();
        Valid {
            disk,
            devices_disk,
            server: held,
            device,
        }
    })
}

/// A document without content, as the engine makes one.
pub(crate) fn empty() -> Automerge {
    Automerge::new_with_encoding(TextEncoding::Utf16CodeUnit).with_actor(ActorId::from([5; 16]))
}

/// Every message of a device that has `own` and a server that has `theirs`, until both are done:
/// first what the device sends, then what the server sends.
pub(crate) fn conversation(own: &Automerge, theirs: &Automerge) -> (Vec<Message>, Vec<Message>) {
    let (mut own, mut theirs) = (own.clone(), theirs.clone());
    let (mut state, mut their_state) = (State::new(), State::new());
    let (mut up, mut down) = (Vec::new(), Vec::new());
    loop {
        let sent = own.generate_sync_message(&mut state);
        if let Some(message) = &sent {
            up.push(message.clone());
            theirs
                .receive_sync_message(&mut their_state, message.clone())
                .expect("a sound message");
        }
        let answer = theirs.generate_sync_message(&mut their_state);
        if let Some(message) = &answer {
            down.push(message.clone());
            own.receive_sync_message(&mut state, message.clone())
                .expect("a sound message");
        }
        if sent.is_none() && answer.is_none() {
            return (up, down);
        }
    }
}

fn reference(key: &str) -> RecordRef {
    RecordRef::new("event", key)
}

/// Makes a record and changes it in every way that writes differently.
fn commands(key: &str, who: &str) -> Vec<Command> {
    let document = DocumentId::of_record(PROGRAMME, &reference(key));
    vec![
        Command::CreateRecord {
            programme: PROGRAMME.to_owned(),
            reference: reference(key),
            values: vec![(FieldPath::field("number"), json!(9))],
        },
        Command::SetField {
            base: None,
            document,
            path: FieldPath::field("dates"),
            value: json!("2021-03-04"),
        },
        Command::AddEntry {
            document,
            path: FieldPath::field("sessions").join(who),
            values: vec![("title".to_owned(), json!("Session"))],
        },
        Command::EditText {
            document,
            path: FieldPath::field("objectives"),
            base: Vec::new(),
            splices: vec![Splice {
                at: 0,
                delete: 0,
                insert: format!("From {who}, \u{1f30d}. "),
            }],
        },
    ]
}

fn start(name: u8, follows_all: bool, disk: &mut Disk) -> Workspace {
    let config = WorkspaceConfig {
        peer: PeerId(format!("peer-{name}")),
        storage: StorageId(format!("disk-{name}")),
        seed: [name; 32],
        dials: false,
        follows_all,
        foreign_documents: false,
        kept: 4,
    };
    let mut workspace = Workspace::new(config, START);
    drain(&mut workspace, disk);
    workspace
}

/// Carries a command out; a text is changed as it is then.
fn execute(workspace: &mut Workspace, mut command: Command, disk: &mut Disk) {
    if let Command::EditText { document, base, .. } = &mut command {
        let record = workspace.record(document).expect("it was just made");
        *base = record.heads;
    }
    workspace
        .execute(START, &command)
        .expect("a command of this file can be carried out");
    drain(workspace, disk);
}

fn drain(workspace: &mut Workspace, disk: &mut Disk) {
    while let Some(output) = workspace.poll() {
        if let Output::Storage { effect, request } = output {
            let result = disk.answer(&request);
            workspace.handle(
                START,
                meltemi_core::sync::input::Input::Stored { effect, result },
            );
        }
    }
}
