//! A first load over a bad line, in virtual time: it ends, it says truthfully how far it is, and
//! cuts cost little.

use std::collections::{BTreeMap, BTreeSet};

use meltemi_core::command::Command;
use meltemi_core::id::{ConnectionId, PeerId, RecordRef, StorageId};
use meltemi_core::record::FieldPath;
use meltemi_core::sync::input::{Input, Role};
use meltemi_core::sync::output::Output;
use meltemi_core::sync::policy::Principal;
use meltemi_core::sync::status::Receiving;
use meltemi_core::testing::disk::Disk;
use meltemi_core::time::Timestamp;
use meltemi_core::workspace::{Workspace, WorkspaceConfig};
use serde_json::json;

const DOCUMENTS: usize = 2_500;
const BITS_PER_SECOND: u64 = 50_000;
const LATENCY: u64 = 600;
const START: u64 = 1_700_000_000_000;

/// The server and the device.
const ENDS: [usize; 2] = [0, 1];

enum Event {
    Frame {
        to: usize,
        line: u64,
        bytes: Vec<u8>,
    },
    Wake(usize),
    Dial,
    Cut,
}

struct World {
    now: u64,
    order: u64,
    events: BTreeMap<(u64, u64), Event>,
    ends: Vec<(Workspace, Disk)>,
    line: Option<u64>,
    lines: u64,
    /// When each end wants to be woken.
    wakes: [u64; 2],
    /// When each way of the line is free: to the server, to the device.
    free: [u64; 2],
    bytes_down: u64,
    receiving: Option<Receiving>,
}

/// A server that has all documents on its disk.
fn server() -> Disk {
    let mut disk = Disk::default();
    let mut workspace = replica(0);
    settle(&mut workspace, &mut disk, START);
    for number in 0..DOCUMENTS {
        // From 500 bytes to 2 kB when stored.
        let words = 10 + number * 7 % 90;
        let text: Vec<_> = (0..words).map(|word| word_of(number, word)).collect();
        let command = Command::CreateRecord {
            programme: "first-load".to_owned(),
            reference: RecordRef::new("event", format!("ev{number}")),
            values: vec![
                (FieldPath::field("dates"), json!("2021-03-16")),
                (FieldPath::field("objectives"), json!(text.join(" "))),
            ],
        };
        workspace
            .execute(Timestamp(START), &command)
            .expect("a well-formed command");
        settle(&mut workspace, &mut disk, START);
    }
    disk
}

/// A word that does not repeat so that the texts do not deflate to nothing.
fn word_of(number: usize, word: usize) -> String {
    let mixed = (number as u64 * 131 + word as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{:x}", mixed >> 32)
}

fn replica(end: usize) -> Workspace {
    let config = WorkspaceConfig {
        peer: PeerId(format!("peer-{end}")),
        storage: StorageId(format!("storage-{end}")),
        seed: [end as u8; 32],
        dials: end == 1,
        follows_all: end == 1,
        foreign_documents: false,
        kept: 64,
    };
    Workspace::new(config, Timestamp(START))
}

/// Lets the disk answer at once. Returns what else the replica wants.
fn settle(workspace: &mut Workspace, disk: &mut Disk, now: u64) -> Vec<Output> {
    let mut others = Vec::new();
    while let Some(output) = workspace.poll() {
        match output {
            Output::Storage { effect, request } => {
                let result = disk.answer(&request);
                workspace.handle(Timestamp(now), Input::Stored { effect, result });
            }
            other => others.push(other),
        }
    }
    others
}

impl World {
    fn new(disk: Disk) -> Self {
        Self {
            now: START,
            order: 0,
            events: BTreeMap::new(),
            ends: vec![(replica(0), disk), (replica(1), Disk::default())],
            line: None,
            lines: 0,
            wakes: [u64::MAX; 2],
            free: [START; 2],
            bytes_down: 0,
            receiving: None,
        }
    }

    /// Loads everything, with a cut at each of these times. Returns the bytes sent down.
    fn load(mut self, cuts: &[u64]) -> (u64, u64) {
        for cut in cuts {
            self.at(START + cut, Event::Cut);
        }
        for end in ENDS {
            self.drain(end);
        }
        let mut left = DOCUMENTS;
        while left > 0 || self.receiving.is_some() {
            let ((at, _), event) = self.events.pop_first().expect("there is more to come");
            self.now = at;
            self.step(event);
            left = DOCUMENTS
                - self.ends[1]
                    .0
                    .catalogue()
                    .filter(|e| !e.heads.is_empty())
                    .count();
            assert!(
                self.now < START + 7_200_000,
                "two hours are too long; {left} are missing"
            );
        }
        assert_eq!(
            self.lines as usize,
            cuts.len() + 1,
            "every cut fell into the load"
        );
        (self.bytes_down, self.now - START)
    }

    fn step(&mut self, event: Event) {
        match event {
            Event::Wake(end) => {
                if self.wakes[end] <= self.now {
                    self.wakes[end] = u64::MAX;
                    self.feed(end, Input::Tick);
                }
            }
            Event::Frame { to, line, bytes } if self.line == Some(line) => {
                let connection = ConnectionId(line);
                self.feed(to, Input::Frame { connection, bytes });
            }
            Event::Frame { .. } => {}
            Event::Dial => {
                self.lines += 1;
                self.line = Some(self.lines);
                self.free = [self.now; 2];
                self.receiving = None;
                for (end, role) in [(0, Role::Acceptor), (1, Role::Dialer)] {
                    let connected = Input::Connected {
                        connection: ConnectionId(self.lines),
                        role,
                        principal: Principal::built_in(),
                    };
                    self.feed(end, connected);
                }
            }
            Event::Cut => {
                let Some(line) = self.line.take() else {
                    return;
                };
                let connection = ConnectionId(line);
                for end in ENDS {
                    self.feed(end, Input::Disconnected { connection });
                }
                self.receiving = None;
            }
        }
    }

    fn feed(&mut self, end: usize, input: Input) {
        self.ends[end].0.handle(Timestamp(self.now), input);
        self.drain(end);
    }

    fn drain(&mut self, end: usize) {
        let (workspace, disk) = &mut self.ends[end];
        for output in settle(workspace, disk, self.now) {
            match output {
                Output::Send { bytes, .. } => {
                    let Some(line) = self.line else { continue };
                    let to = 1 - end;
                    if to == 1 {
                        self.bytes_down += bytes.len() as u64;
                    }
                    let takes = bytes.len() as u64 * 8_000 / BITS_PER_SECOND;
                    self.free[to] = self.free[to].max(self.now) + takes;
                    self.at(self.free[to] + LATENCY, Event::Frame { to, line, bytes });
                }
                Output::Dial => self.at(self.now + 100, Event::Dial),
                Output::Wake(at) => {
                    self.wakes[end] = at.0;
                    self.at(at.0.max(self.now), Event::Wake(end));
                }
                Output::Status if end == 1 => self.watch(),
                _ => {}
            }
        }
    }

    /// How far the device says it is goes forward only, and covers what is left.
    fn watch(&mut self) {
        let status = self.ends[1].0.status();
        if let (Some(before), Some(now)) = (self.receiving, status.receiving) {
            for (before, now) in [(before.documents, now.documents), (before.bytes, now.bytes)] {
                assert!(
                    now.done >= before.done && now.of >= before.of && now.done <= now.of,
                    "progress went from {before:?} to {now:?}"
                );
            }
        }
        if let Some(receiving) = status.receiving {
            // What the device has heard of and does not have.
            let catalogue = self.ends[1].0.catalogue();
            let left = catalogue.filter(|e| e.heads.is_empty()).count() as u64;
            let said = receiving.documents.of - receiving.documents.done;
            assert_eq!(said, left, "what is said to be left, and what is");
        }
        self.receiving = status.receiving;
    }

    fn at(&mut self, at: u64, event: Event) {
        self.order += 1;
        self.events.insert((at, self.order), event);
    }
}

#[test]
fn a_first_load_over_a_bad_line_ends_in_spite_of_ten_cuts() {
    let disk = server();
    let (uncut, millis) = World::new(disk.clone()).load(&[]);
    // Ten moments of the uncut load, drawn from a seed.
    let mut cuts = BTreeSet::new();
    let mut state = 7_u64;
    while cuts.len() < 10 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        cuts.insert((state >> 33) % millis);
    }
    let cuts: Vec<_> = cuts.into_iter().collect();
    let (cut, longer) = World::new(disk).load(&cuts);
    println!("{uncut} bytes in {millis} ms; with ten cuts {cut} bytes in {longer} ms");
    assert!(
        cut * 100 <= uncut * 115,
        "ten cuts made {cut} bytes of {uncut}"
    );
}
