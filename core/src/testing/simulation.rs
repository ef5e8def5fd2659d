//! A server and two devices on virtual time, with faults drawn from a seed or planned.
//!
//! Every frame may be the last of its line, and every storage effect may be
//! interrupted by a crash, before or after it took place. After the faults the
//! world becomes quiet, and what the engine promises must hold.

mod check;
mod people;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

use crate::id::{ConnectionId, DocumentId, EffectId, PeerId, StorageId};
use crate::sync::input::{Input, Role};
use crate::sync::output::Output;
use crate::sync::policy::Principal;
use crate::sync::storage::StorageRequest;
use crate::testing::disk::Disk;
use crate::time::Timestamp;
use crate::wire::frame::Frame;
use crate::workspace::{Workspace, WorkspaceConfig};

const SERVER: usize = 0;
const PROGRAMME: &str = "sim";

/// The edit that always changes something.
const WRITE: u64 = 3;

/// Which faults happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Faults {
    /// None.
    None,
    /// Each frame cuts its line, and each storage effect crashes its replica, with this chance
    /// in a thousand.
    Random(u32),
    /// The frame of this number cuts its line.
    CutAt(u64),
    /// The storage effect of this number crashes its replica before it took place.
    CrashBefore(u64),
    /// The storage effect of this number crashes its replica after it took place, before the
    /// answer.
    CrashAfter(u64),
}

/// What a run did, to be sure that it did something.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Frames delivered.
    pub frames: u64,
    /// Storage effects.
    pub effects: u64,
    /// Lines cut.
    pub cuts: u64,
    /// Replicas crashed.
    pub crashes: u64,
    /// Commands carried out.
    pub edits: u64,
    /// Heads of all documents at the end.
    pub heads: BTreeMap<DocumentId, Vec<String>>,
}

struct Replica {
    disk: Disk,
    running: Option<Workspace>,
    /// Heads that were on this disk when the engine said so.
    promised: BTreeMap<DocumentId, BTreeSet<[u8; 32]>>,
}

enum Event {
    Frame {
        to: usize,
        connection: ConnectionId,
        bytes: Vec<u8>,
    },
    Effect {
        replica: usize,
        life: u64,
        effect: EffectId,
        request: StorageRequest,
    },
    Dial {
        replica: usize,
        life: u64,
    },
    Wake {
        replica: usize,
        life: u64,
    },
    Start {
        replica: usize,
    },
    Edit {
        replica: usize,
    },
    Gone {
        replica: usize,
        connection: ConnectionId,
    },
}

/// The world.
pub struct Simulation {
    random: ChaCha8Rng,
    faults: Faults,
    now: Timestamp,
    order: u64,
    events: BTreeMap<(Timestamp, u64), Event>,
    replicas: Vec<Replica>,
    lives: Vec<u64>,
    /// Open connections: device end and server end.
    lines: BTreeMap<ConnectionId, (usize, usize)>,
    next_connection: u64,
    tally: Tally,
}

impl Simulation {
    /// A world in which `seed` decides everything that is left open.
    pub fn new(seed: u64, faults: Faults) -> Self {
        let mut world = Self {
            random: ChaCha8Rng::seed_from_u64(seed),
            faults,
            now: Timestamp(1_700_000_000_000),
            order: 0,
            events: BTreeMap::new(),
            replicas: Vec::new(),
            lives: vec![0; 3],
            lines: BTreeMap::new(),
            next_connection: 0,
            tally: Tally::default(),
        };
        for replica in 0..3 {
            world.replicas.push(Replica {
                disk: Disk::default(),
                running: None,
                promised: BTreeMap::new(),
            });
            world.later(replica as u64, Event::Start { replica });
        }
        world
    }

    /// Lets people edit on both devices while faults happen, then lets the world come to rest
    /// and checks what the engine promises.
    ///
    /// # Panics
    /// If a promise is broken; that is the finding.
    pub fn run(mut self) -> Tally {
        for _ in 0..12 {
            let replica = 1 + self.below(2) as usize;
            let at = self.below(8_000);
            self.later(at, Event::Edit { replica });
        }
        self.until(self.now.plus_millis(20_000));
        self.faults = Faults::None;
        self.rest();
        self.check_equal();
        let frames = self.tally.frames;
        self.rest();
        assert_eq!(
            frames, self.tally.frames,
            "replicas that agree have nothing to say"
        );
        self.edit(1, WRITE);
        self.rest();
        assert!(
            self.tally.frames > frames,
            "a change after a quiet time must move"
        );
        self.check_equal();
        self.tally
    }

    fn until(&mut self, end: Timestamp) {
        while self
            .events
            .first_key_value()
            .is_some_and(|((at, _), _)| *at <= end)
        {
            self.step();
        }
        self.now = end;
    }

    /// Runs until nothing but timers that are set again and again could happen.
    fn rest(&mut self) {
        // Ten minutes of virtual time outlast every backoff.
        self.until(self.now.plus_millis(600_000));
    }

    fn step(&mut self) {
        let Some(((at, _), event)) = self.events.pop_first() else {
            return;
        };
        self.now = at;
        match event {
            Event::Start { replica } => self.start(replica),
            Event::Edit { replica } => {
                let choice = self.below(4);
                self.edit(replica, choice);
            }
            Event::Wake { replica, life } => {
                if self.lives[replica] == life {
                    self.feed(replica, Input::Tick);
                }
            }
            Event::Dial { replica, life } => {
                if self.lives[replica] == life {
                    self.dial(replica);
                }
            }
            Event::Frame {
                to,
                connection,
                bytes,
            } => self.deliver(to, connection, bytes),
            Event::Gone {
                replica,
                connection,
            } => {
                self.feed(replica, Input::Disconnected { connection });
            }
            Event::Effect {
                replica,
                life,
                effect,
                request,
            } => {
                if self.lives[replica] == life {
                    self.effect(replica, effect, &request);
                }
            }
        }
    }

    fn start(&mut self, replica: usize) {
        let mut seed = [0; 32];
        self.random.fill_bytes(&mut seed);
        let config = WorkspaceConfig {
            peer: PeerId(format!("peer-{replica}-{}", self.lives[replica])),
            storage: StorageId(format!("storage-{replica}")),
            seed,
            dials: replica != SERVER,
            follows_all: replica != SERVER,
            foreign_documents: false,
            // Fewer than there are, so that some are always out of the server's memory.
            kept: 1,
        };
        self.replicas[replica].running = Some(Workspace::new(config, self.now));
        self.drain(replica);
    }

    fn crash(&mut self, replica: usize) {
        self.tally.crashes += 1;
        self.lives[replica] += 1;
        self.replicas[replica].running = None;
        let lost: Vec<_> = self
            .lines
            .iter()
            .filter(|(_, ends)| ends.0 == replica || ends.1 == replica)
            .map(|(connection, _)| *connection)
            .collect();
        for connection in lost {
            self.cut(connection);
        }
        let pause = 10 + self.below(2_000);
        self.later(pause, Event::Start { replica });
    }

    fn cut(&mut self, connection: ConnectionId) {
        if let Some((a, b)) = self.lines.remove(&connection) {
            self.tally.cuts += 1;
            for replica in [a, b] {
                let delay = self.below(200);
                self.later(
                    delay,
                    Event::Gone {
                        replica,
                        connection,
                    },
                );
            }
        }
    }

    fn dial(&mut self, replica: usize) {
        let ready = self.replicas[SERVER]
            .running
            .as_ref()
            .is_some_and(Workspace::is_ready);
        if !ready {
            self.feed(replica, Input::DialFailed);
            return;
        }
        let connection = ConnectionId(self.next_connection);
        self.next_connection += 1;
        self.lines.insert(connection, (replica, SERVER));
        for (end, role) in [(SERVER, Role::Acceptor), (replica, Role::Dialer)] {
            let principal = Principal::built_in();
            self.feed(
                end,
                Input::Connected {
                    connection,
                    role,
                    principal,
                },
            );
        }
    }

    fn deliver(&mut self, to: usize, connection: ConnectionId, bytes: Vec<u8>) {
        if !self.lines.contains_key(&connection) {
            return;
        }
        if matches!(Frame::decode(&bytes), Ok(Frame::Ping | Frame::Pong)) {
            self.feed(to, Input::Frame { connection, bytes });
            return;
        }
        self.tally.frames += 1;
        let cut = match self.faults {
            Faults::Random(chance) => self.below(1_000) < u64::from(chance),
            Faults::CutAt(number) => self.tally.frames == number,
            _ => false,
        };
        if cut {
            self.cut(connection);
        } else {
            self.feed(to, Input::Frame { connection, bytes });
        }
    }

    fn effect(&mut self, replica: usize, effect: EffectId, request: &StorageRequest) {
        self.tally.effects += 1;
        let number = self.tally.effects;
        let (before, after) = match self.faults {
            Faults::Random(chance) => {
                let crash = self.below(1_000) < u64::from(chance);
                let before = self.below(2) == 0;
                (crash && before, crash && !before)
            }
            Faults::CrashBefore(at) => (number == at, false),
            Faults::CrashAfter(at) => (false, number == at),
            _ => (false, false),
        };
        if before {
            self.crash(replica);
            return;
        }
        if let StorageRequest::Synced(synced) = request {
            let server = &self.replicas[SERVER].disk;
            for (document, heads) in &synced.heads {
                assert!(
                    server.has(document, heads),
                    "the server showed heads of {document} that are not on its disk"
                );
            }
        }
        let result = self.replicas[replica].disk.answer(request);
        if after {
            self.crash(replica);
            return;
        }
        self.feed(replica, Input::Stored { effect, result });
    }

    fn feed(&mut self, replica: usize, input: Input) {
        let now = self.now;
        if let Some(workspace) = &mut self.replicas[replica].running {
            workspace.handle(now, input);
            self.drain(replica);
        }
    }

    fn drain(&mut self, replica: usize) {
        let mut outputs = VecDeque::new();
        if let Some(workspace) = &mut self.replicas[replica].running {
            outputs.extend(std::iter::from_fn(|| workspace.poll()));
        }
        let life = self.lives[replica];
        for output in outputs {
            match output {
                Output::Send { connection, bytes } => {
                    if let Some((a, b)) = self.lines.get(&connection) {
                        let to = if *a == replica { *b } else { *a };
                        // Same delay for all frames keeps their order.
                        self.later(
                            40,
                            Event::Frame {
                                to,
                                connection,
                                bytes,
                            },
                        );
                    }
                }
                Output::Close { connection, .. } => {
                    // Frames sent before arrive before the other side sees the end.
                    if let Some((a, b)) = self.lines.get(&connection).copied() {
                        let other = if a == replica { b } else { a };
                        self.later(
                            41,
                            Event::Gone {
                                replica: other,
                                connection,
                            },
                        );
                    }
                }
                Output::Storage { effect, request } => {
                    let delay = 1 + self.below(30);
                    self.later(
                        delay,
                        Event::Effect {
                            replica,
                            life,
                            effect,
                            request,
                        },
                    );
                }
                Output::Dial => {
                    let delay = self.below(100);
                    self.later(delay, Event::Dial { replica, life });
                }
                Output::Wake(at) => {
                    let delay = at.0.saturating_sub(self.now.0);
                    self.later(delay, Event::Wake { replica, life });
                }
                Output::Saved { document } => {
                    let heads = self.heads(replica, &document);
                    let promised = self.replicas[replica].promised.entry(document).or_default();
                    promised.extend(heads);
                }
                Output::Changed { .. } | Output::Opened { .. } | Output::Status => {}
            }
        }
    }

    fn heads(&self, replica: usize, document: &DocumentId) -> Vec<[u8; 32]> {
        self.replicas[replica]
            .running
            .as_ref()
            .and_then(|workspace| workspace.document(document))
            .map(|doc| doc.get_heads().into_iter().map(|head| head.0).collect())
            .unwrap_or_default()
    }

    fn later(&mut self, delay: u64, event: Event) {
        self.order += 1;
        self.events
            .insert((self.now.plus_millis(delay), self.order), event);
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.random.next_u64() % bound
    }
}
