//! Who sees and writes what through the engine: the table of `docs/access.md`, role by role, and
//! that nothing of what may not be read is told.

mod full;
mod hidden;
mod shrink;
mod table;

use std::collections::BTreeMap;

use automerge::{ActorId, Automerge};
use meltemi_core::access::{Member, MemberId, Membership, Role, Roster};
use meltemi_core::command::create_record::create;
use meltemi_core::id::{ConnectionId, DocumentId, PeerId, RecordRef, StorageId};
use meltemi_core::sync::input::{Input, Role as Side};
use meltemi_core::sync::output::Output;
use meltemi_core::sync::policy::Principal;
use meltemi_core::testing::disk::Disk;
use meltemi_core::time::Timestamp;
use meltemi_core::wire::frame::{Frame, PeerMetadata};
use meltemi_core::workspace::{Workspace, WorkspaceConfig};
use serde_json::{Value, json};

use crate::bench::START;

const PROGRAMME: &str = "mc2cm";
const OWN: &str = "city/sousse";
const OTHER: &str = "city/lyon";

fn principal(name: &str) -> Principal {
    Principal(name.to_owned())
}

/// A member of this role who works for Sousse.
fn member(name: &str, role: Role) -> Member {
    Member {
        id: MemberId(name.to_owned()),
        body: Some(OWN.parse().expect("a body")),
        memberships: vec![Membership {
            programme: PROGRAMME.to_owned(),
            role,
        }],
        active: true,
    }
}

fn roster(members: impl IntoIterator<Item = Member>) -> Option<Roster> {
    Some(members.into_iter().collect())
}

/// A replica with its disk.
struct End {
    workspace: Workspace,
    disk: Disk,
}

impl End {
    fn new(name: &str, device: bool) -> Self {
        Self::started(name, device, 0, Disk::default())
    }

    /// The replica started once more on the disk it has.
    fn again(self, name: &str, device: bool) -> Self {
        Self::started(name, device, 100, self.disk)
    }

    fn started(name: &str, device: bool, run: u8, disk: Disk) -> Self {
        let mut seed = [run; 32];
        for (byte, letter) in seed.iter_mut().skip(1).zip(name.bytes()) {
            *byte = letter;
        }
        let config = WorkspaceConfig {
            peer: PeerId(name.to_owned()),
            storage: StorageId(name.to_owned()),
            seed,
            dials: false,
            follows_all: device,
            foreign_documents: false,
            kept: 4,
        };
        let mut end = Self {
            workspace: Workspace::new(config, START),
            disk,
        };
        end.settle(|_| {});
        end
    }

    fn handle(&mut self, input: Input) {
        self.workspace.handle(START, input);
    }

    /// Lets the disk answer until there is nothing more to do; hands everything else out.
    fn settle(&mut self, mut take: impl FnMut(Output)) {
        while let Some(output) = self.workspace.poll() {
            match output {
                Output::Storage { effect, request } => {
                    let result = self.disk.answer(&request);
                    self.disk.flush();
                    self.handle(Input::Stored { effect, result });
                }
                other => take(other),
            }
        }
    }

    /// Puts a record in, as an import does.
    fn insert(&mut self, reference: &str, values: &[(&str, Value)]) -> DocumentId {
        let (document, doc) = record(reference, values, 9);
        self.put(document, &doc);
        document
    }

    fn put(&mut self, document: DocumentId, doc: &Automerge) {
        self.handle(Input::Open { document });
        self.settle(|_| {});
        self.workspace
            .insert(START, document, doc)
            .expect("a record");
        self.settle(|_| {});
    }
}

/// A record as somebody makes it.
fn record(reference: &str, values: &[(&str, Value)], actor: u8) -> (DocumentId, Automerge) {
    let reference: RecordRef = reference.parse().expect("a record");
    let values: Vec<_> = values
        .iter()
        .map(|(path, value)| (path.parse().expect("a path"), value.clone()))
        .collect();
    let actor = ActorId::from([actor; 16]);
    create(PROGRAMME, &reference, &values, actor, Timestamp(5_000)).expect("a record")
}

/// A server and the Meltemi devices that are connected to it. Every frame to a device is kept.
struct World {
    server: End,
    devices: BTreeMap<ConnectionId, End>,
    sent: BTreeMap<ConnectionId, Vec<Vec<u8>>>,
    closed: Vec<ConnectionId>,
    next: u64,
}

impl World {
    fn new() -> Self {
        Self {
            server: End::new("server", false),
            devices: BTreeMap::new(),
            sent: BTreeMap::new(),
            closed: Vec::new(),
            next: 1,
        }
    }

    fn set_roster(&mut self, roster: Option<Roster>) {
        self.server.workspace.set_roster(START, roster);
        self.settle();
    }

    fn connect(&mut self, name: &str, mut device: End) -> ConnectionId {
        let connection = ConnectionId(self.next);
        self.next += 1;
        self.server.handle(Input::Connected {
            connection,
            role: Side::Acceptor,
            principal: principal(name),
        });
        device.handle(Input::Connected {
            connection,
            role: Side::Dialer,
            principal: Principal::built_in(),
        });
        self.devices.insert(connection, device);
        self.settle();
        connection
    }

    fn disconnect(&mut self, connection: ConnectionId) -> End {
        self.server.handle(Input::Disconnected { connection });
        let mut device = self.devices.remove(&connection).expect("it is connected");
        device.handle(Input::Disconnected { connection });
        device.settle(|_| {});
        self.settle();
        device
    }

    fn device(&mut self, connection: ConnectionId) -> &mut End {
        self.devices.get_mut(&connection).expect("it is connected")
    }

    fn settle(&mut self) {
        loop {
            let mut frames = Vec::new();
            let closed = &mut self.closed;
            self.server.settle(|output| match output {
                Output::Send { connection, bytes } => frames.push((true, connection, bytes)),
                Output::Close { connection, .. } => closed.push(connection),
                _ => {}
            });
            for (own, device) in &mut self.devices {
                device.settle(|output| {
                    if let Output::Send { bytes, .. } = output {
                        frames.push((false, *own, bytes));
                    }
                });
            }
            if frames.is_empty() {
                return;
            }
            for (down, connection, bytes) in frames {
                if down {
                    let sent = self.sent.entry(connection).or_default();
                    sent.push(bytes.clone());
                    if let Some(device) = self.devices.get_mut(&connection) {
                        device.handle(Input::Frame { connection, bytes });
                    }
                } else {
                    self.server.handle(Input::Frame { connection, bytes });
                }
            }
        }
    }

    /// The exchanges a device was sent.
    fn exchanges(&self, connection: ConnectionId) -> Vec<meltemi_core::wire::exchange::Exchange> {
        let sent = self.sent.get(&connection).into_iter().flatten();
        sent.filter_map(|bytes| match Frame::decode(bytes) {
            Ok(Frame::Exchange(exchange)) => Some(exchange),
            _ => None,
        })
        .collect()
    }
}

/// What a plain client says of itself.
fn plain_join() -> Frame {
    Frame::Join {
        sender: PeerId("there".to_owned()),
        metadata: PeerMetadata::default(),
        versions: vec!["1".to_owned()],
    }
}

/// The values by which a record has this class and this owner; none where its kind has no field
/// for it.
fn values(kind: &str, class: &str, owner: &str) -> Option<Vec<(&'static str, Value)>> {
    let mut values = Vec::new();
    match (kind, class) {
        ("programme", "peers") => {}
        ("programme", _) => return None,
        ("event", "peers") => values.push(("confidentiality", json!("open"))),
        ("event", "chatham") => values.push(("confidentiality", json!("closed"))),
        ("event", _) => return None,
        (_, class) => values.push(("visibility", json!(class))),
    }
    match kind {
        "event" => values.push(("hosts", json!({ owner: {} }))),
        "event_report" | "product" => values.push(("authors", json!([owner]))),
        "outcome" => values.push(("actors", json!([owner]))),
        "targeted_action" => values.push(("places", json!([owner]))),
        _ => {}
    }
    Some(values)
}
