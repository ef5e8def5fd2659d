//! What reconnecting costs with ten thousand documents, counted on the wire: bytes and round
//! trips depend on what changed, not on what there is.

use std::sync::OnceLock;

use automerge::sync::{State, SyncDoc};
use meltemi_core::command::Command;
use meltemi_core::genesis;
use meltemi_core::id::{ConnectionId, DocumentId, PeerId, StorageId};
use meltemi_core::sync::input::{Input, Role};
use meltemi_core::sync::output::Output;
use meltemi_core::sync::policy::Principal;
use meltemi_core::sync::status::Line;
use meltemi_core::sync::storage::{StorageRequest, Synced, WriteBatch};
use meltemi_core::testing::collection::{document, in_step, write};
use meltemi_core::testing::disk::Disk;
use meltemi_core::time::Timestamp;
use meltemi_core::wire::frame::{Frame, Route};
use meltemi_core::workspace::{Workspace, WorkspaceConfig};
use serde_json::json;

use crate::bench::START;

const DOCUMENTS: u64 = 10_000;

/// Documents that are changed on each side while there is no line.
const CHANGED: u64 = 10;

const SERVER: &str = "server";

fn writes() -> &'static [WriteBatch] {
    static WRITES: OnceLock<Vec<WriteBatch>> = OnceLock::new();
    WRITES.get_or_init(|| {
        (1..=DOCUMENTS)
            .map(|n| write(n).expect("a record"))
            .collect()
    })
}

/// A replica and its disk.
struct Replica {
    workspace: Workspace,
    disk: Disk,
    device: bool,
}

impl Replica {
    /// A replica whose disk has all documents.
    fn full(device: bool) -> Self {
        let mut disk = Disk::default();
        for write in writes() {
            answer(&mut disk, &StorageRequest::Write(write.clone()));
        }
        if device {
            let noted = in_step(SERVER, writes());
            answer(&mut disk, &StorageRequest::Synced(noted));
        }
        Self::start(disk, device)
    }

    fn start(disk: Disk, device: bool) -> Self {
        let name = if device { "device" } else { SERVER };
        let config = WorkspaceConfig {
            peer: PeerId(name.to_owned()),
            storage: StorageId(name.to_owned()),
            seed: [u8::from(device); 32],
            dials: device,
            follows_all: device,
            foreign_documents: false,
            kept: 512,
        };
        let mut replica = Self {
            workspace: Workspace::new(config, START),
            disk,
            device,
        };
        assert!(replica.frames().is_empty());
        assert!(replica.workspace.is_ready());
        replica
    }

    fn restarted(self) -> Self {
        Self::start(self.disk, self.device)
    }

    fn handle(&mut self, input: Input) {
        self.workspace.handle(START, input);
    }

    /// Lets the disk answer until there is nothing more to do; what it wants sent.
    fn frames(&mut self) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        while let Some(output) = self.workspace.poll() {
            match output {
                Output::Send { bytes, .. } => frames.push(bytes),
                Output::Storage { effect, request } => {
                    let result = self.disk.answer(&request);
                    self.handle(Input::Stored { effect, result });
                }
                Output::Close { reason, .. } => panic!("closed: {reason}"),
                _ => {}
            }
        }
        frames
    }

    fn set(&mut self, document: DocumentId, path: &str, value: &str) {
        if !self.workspace.is_loaded(&document) {
            self.handle(Input::Open { document });
            self.frames();
        }
        let command = Command::SetField {
            document,
            path: path.parse().expect("a path"),
            value: json!(value),
            base: None,
        };
        let executed = self.workspace.execute(Timestamp(START.0 + 1), &command);
        executed.expect("a valid command");
        self.frames();
    }

    fn heads(&self) -> Vec<(DocumentId, Vec<[u8; 32]>)> {
        let entries = self.workspace.catalogue();
        entries.map(|e| (e.document, e.heads.clone())).collect()
    }
}

fn answer(disk: &mut Disk, request: &StorageRequest) {
    disk.answer(request).expect("the disk takes it");
}

/// What went over a line.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    /// Bytes of `join` and `peer`.
    handshake: usize,
    /// Bytes of everything else, up and down.
    up: usize,
    down: usize,
    /// How often the device waited for an answer after the handshake.
    round_trips: usize,
}

impl Count {
    fn all(&self) -> usize {
        self.handshake + self.up + self.down
    }
}

/// Connects the two until neither has anything to say.
fn connect(device: &mut Replica, server: &mut Replica) -> Count {
    static CONNECTIONS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    let number = CONNECTIONS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let connection = ConnectionId(number);
    for (end, role) in [(&mut *device, Role::Dialer), (server, Role::Acceptor)] {
        let principal = Principal::built_in();
        end.handle(Input::Connected {
            connection,
            role,
            principal,
        });
    }
    let mut count = Count::default();
    let mut carry = |from: Vec<Vec<u8>>, to: &mut Replica| {
        for bytes in from {
            match Frame::decode(&bytes).expect("the engine writes frames") {
                Frame::Join { .. } | Frame::Peer { .. } => count.handshake += bytes.len(),
                _ if to.device => count.down += bytes.len(),
                _ => count.up += bytes.len(),
            }
            to.handle(Input::Frame { connection, bytes });
        }
    };
    let mut turns: usize = 0;
    loop {
        let up = device.frames();
        let sent = !up.is_empty();
        carry(up, server);
        let down = server.frames();
        let answered = !down.is_empty();
        carry(down, device);
        if !sent && !answered {
            break;
        }
        turns += usize::from(sent);
    }
    // The first turn is the handshake.
    count.round_trips = turns - 1;
    let status = device.workspace.status();
    assert_eq!((status.line, status.waiting), (Line::Online, 0));
    assert_eq!(status.receiving, None);
    assert!(device.heads() == server.heads(), "both have the same");
    for end in [device, server] {
        end.handle(Input::Disconnected { connection });
        end.frames();
    }
    count
}

/// Ten documents are changed on the server, ten others on the device.
fn change(device: &mut Replica, server: &mut Replica, round: u64) {
    for number in round * CHANGED + 1..=(round + 1) * CHANGED {
        server.set(document(number * 7), "acronym", "Palais de la Bourse");
        device.set(document(number * 7 + 1), "acronym", "Salle des fêtes");
    }
}

/// What automerge's own sync needs for the same: two messages for each document that is in step,
/// more for one that is not, each in automerge-repo's envelope.
fn plain_sync() -> usize {
    let mut bytes = 0;
    let mut send = |from: &str, to: &str, document: DocumentId, data: Vec<u8>| {
        let route = Route {
            sender: PeerId(from.to_owned()),
            target: PeerId(to.to_owned()),
        };
        let frame = Frame::Sync {
            route,
            document,
            request: false,
            data,
        };
        bytes += frame.encode().len();
    };
    for (number, write) in (1..).zip(writes()) {
        let load = || genesis::load(&write.put[0].bytes).expect("a document");
        let (mut one, mut other) = (load(), load());
        if number % 7 == 0 && number <= CHANGED * 7 {
            edit(&mut one);
        } else if number % 7 == 1 && number > 1 && number <= CHANGED * 7 + 1 {
            edit(&mut other);
        }
        let (mut there, mut back) = (State::new(), State::new());
        loop {
            let up = one.generate_sync_message(&mut there);
            if let Some(message) = &up {
                send("device", SERVER, write.document, message.clone().encode());
                let taken = other.receive_sync_message(&mut back, message.clone());
                taken.expect("a sound message");
            }
            let down = other.generate_sync_message(&mut back);
            if let Some(message) = &down {
                send(SERVER, "device", write.document, message.clone().encode());
                let taken = one.receive_sync_message(&mut there, message.clone());
                taken.expect("a sound message");
            }
            if up.is_none() && down.is_none() {
                break;
            }
        }
    }
    bytes
}

fn edit(doc: &mut automerge::Automerge) {
    use automerge::transaction::Transactable;
    doc.transact::<_, _, automerge::AutomergeError>(|tx| {
        tx.put(automerge::ROOT, "acronym", "Palais de la Bourse")
    })
    .expect("a change");
}

#[test]
fn reconnecting_costs_what_has_changed_and_not_what_there_is() {
    let (mut device, mut server) = (Replica::full(true), Replica::full(false));
    let quiet = connect(&mut device, &mut server);
    println!("nothing changed: {quiet:?}");
    assert!(quiet.up + quiet.down <= 200, "{quiet:?}");
    assert_eq!(quiet.round_trips, 1);

    let within = |what: &str, round: u64, device: &mut Replica, server: &mut Replica| {
        change(device, server, round);
        let count = connect(device, server);
        println!("{what}: {count:?}, {} bytes in all", count.all());
        assert!(count.all() <= 16_000, "{what}: {count:?}");
        assert!(count.round_trips <= 3, "{what}: {count:?}");
        let again = connect(device, server);
        assert!(again.up + again.down <= 200, "{what}, again: {again:?}");
    };
    within("neither restarted", 0, &mut device, &mut server);
    let mut server = server.restarted();
    within("server restarted", 1, &mut device, &mut server);
    let mut device = device.restarted();
    within("device restarted", 2, &mut device, &mut server);
    println!("automerge-repo's way: {} bytes", plain_sync());
}

#[test]
fn a_device_without_a_cursor_finds_what_differs_by_comparing() {
    let mut server = Replica::full(false);
    let mut disk = Disk::default();
    for write in writes() {
        answer(&mut disk, &StorageRequest::Write(write.clone()));
    }
    for (round, (what, cursor)) in (0..).zip([("lost", None), ("of another server", Some("other"))])
    {
        let mut noted = in_step(cursor.unwrap_or_default(), writes());
        if cursor.is_none() {
            noted.cursor = None;
        }
        let mut disk = disk.clone();
        answer(&mut disk, &StorageRequest::Synced(noted));
        let mut device = Replica::start(disk, true);
        // The second one has not seen what the first has changed.
        change(&mut device, &mut server, round);
        let count = connect(&mut device, &mut server);
        println!("cursor {what}: {count:?}, {} bytes in all", count.all());
        assert!(
            count.all() <= 16_000 * (round as usize + 1),
            "{what}: {count:?}"
        );
        assert!(count.round_trips <= 7, "{what}: {count:?}");
        let again = connect(&mut device, &mut server);
        assert!(again.up + again.down <= 200, "{what}, again: {again:?}");
    }
}

#[test]
fn a_device_that_is_new_gets_everything_once() {
    let mut server = Replica::full(false);
    let mut device = Replica::start(Disk::default(), true);
    let count = connect(&mut device, &mut server);
    let stored: usize = writes().iter().map(|w| w.put[0].bytes.len()).sum();
    println!("first load: {count:?}; {stored} bytes are stored");
    assert!(count.down < stored * 2, "{count:?}");
    let again = connect(&mut device, &mut server);
    assert!(again.up + again.down <= 200, "{again:?}");
}

#[test]
fn a_server_that_was_set_back_gets_again_what_it_lacks() {
    let mut server = Replica::full(false);
    let backup = server.disk.clone();
    let (mut device, mut other) = (Replica::full(true), Replica::full(true));
    change(&mut device, &mut server, 0);
    connect(&mut device, &mut server);
    connect(&mut other, &mut server);
    let lost = server.heads();
    let mut server = Replica::start(backup, false);
    assert!(server.heads() != lost);
    // The numbers of writes that the device knows are given out again, to other documents.
    for number in 0..40 {
        server.set(document(5_000 + number), "acronym", "Rathaus");
    }
    let count = connect(&mut device, &mut server);
    println!("restored server: {count:?}, {} bytes in all", count.all());
    connect(&mut other, &mut server);
    connect(&mut device, &mut server);
    let all = |replica: &Replica| replica.heads();
    assert!(all(&device) == all(&server) && all(&other) == all(&server));
    for (document, heads) in lost {
        assert!(server.disk.has(&document, &heads), "{document}");
    }
}

#[test]
fn an_unsent_change_survives_the_loss_of_everything_known_of_the_server() {
    let mut server = Replica::full(false);
    let mut device = Replica::full(true);
    device.set(document(3), "acronym", "Rathaus");
    let forgotten = Synced {
        heads: writes().iter().map(|w| (w.document, Vec::new())).collect(),
        cursor: None,
    };
    answer(&mut device.disk, &StorageRequest::Synced(forgotten));
    let mut device = device.restarted();
    let count = connect(&mut device, &mut server);
    println!("mirror lost: {count:?}");
    let again = connect(&mut device, &mut server);
    assert!(again.up + again.down <= 200, "{again:?}");
}
