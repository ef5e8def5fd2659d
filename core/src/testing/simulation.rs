//! A server, two devices and perhaps a plain client on virtual time, with faults as a plan says.
//!
//! Lines are cut or die unnoticed, disks are slow, full or fail, replicas crash and lose what is
//! not flushed, clocks are wrong, a backup is restored. What replicas say is checked as they say
//! it; after the faults the world becomes quiet, and what the engine promises must hold.

mod check;
mod faults;
mod lines;
mod people;
mod plain;
pub mod plan;
mod policy;
mod refused;
mod replica;
mod watch;

use std::collections::{BTreeMap, BTreeSet};

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

use self::lines::{Line, Speed, USUAL};
use self::plain::Plain;
use self::plan::{CrashStage, Fault, Plan, SERVER};
use self::policy::SimulatedPolicy;
use crate::id::{ConnectionId, DocumentId, EffectId};
use crate::sync::input::Input;
use crate::sync::repo::Repo;
use crate::sync::storage::{StorageAnswer, StorageError, StorageRequest};
use crate::testing::disk::Disk;
use crate::time::Timestamp;

type Hash = [u8; 32];

/// The plain client. It is no replica of ours.
const PLAIN: usize = 3;

/// The edit that always changes something.
const WRITE: u64 = 3;

/// A rule that is broken on purpose, to see that the simulation notices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sabotage {
    /// None.
    #[default]
    None,
    /// Disks answer a write before it is flushed, and flush later.
    EarlyAnswer,
    /// After a start a device believes that the server has everything.
    ForgottenUnsynced,
    /// A device's disk loses refused edits when the device starts.
    ForgottenRefusals,
    /// An edit that is given up stays half done.
    HalfApplied,
    /// The server keeps what it should refuse.
    NothingRefused,
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
    /// Changes made.
    pub edits: u64,
    /// Changes sent that nobody may make.
    pub attacks: u64,
    /// Documents of which a device was told that its edits are refused.
    pub refusals: u64,
    /// Those of them that the server had nothing of.
    pub refused_whole: u64,
    /// Refused edits that a person has discarded while faults happened.
    pub discarded: u64,
    /// Refused edits that a person has sent again.
    pub again: u64,
    /// Heads of all documents at the end.
    pub heads: BTreeMap<DocumentId, Vec<String>>,
}

struct Replica {
    disk: Disk,
    running: Option<Repo<SimulatedPolicy>>,
    /// Changes made here that the engine has not called saved yet.
    made: BTreeMap<DocumentId, Vec<Hash>>,
    /// Changes that were on this disk when the engine said so.
    promised: BTreeMap<DocumentId, BTreeSet<Hash>>,
    /// Changes made here that the server refuses.
    forbidden: BTreeSet<Hash>,
    /// Changes that a person has discarded here.
    discarded: BTreeMap<DocumentId, BTreeSet<Hash>>,
    /// Those of them that only this device can have had and that are off its disk.
    gone: BTreeSet<Hash>,
    /// Documents of which it has said that edits are refused.
    refused: BTreeSet<DocumentId>,
    /// How often it was started.
    life: u64,
    /// Number of its last wish to be woken; it takes the place of those before.
    wake: u64,
    /// How far its clock is ahead.
    shift: i64,
    /// How much longer its disk may take.
    delay: u64,
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
    Flushed {
        replica: usize,
        life: u64,
        effect: EffectId,
        answer: Result<StorageAnswer, StorageError>,
    },
    Dial {
        replica: usize,
        life: u64,
    },
    Wake {
        replica: usize,
        number: u64,
    },
    Start {
        replica: usize,
    },
    Edit {
        replica: usize,
    },
    /// A person decides about refused edits.
    Decide {
        replica: usize,
    },
    Gone {
        replica: usize,
        connection: ConnectionId,
    },
    Fault(Fault),
    /// A fault is over.
    Over(Fault),
    /// The server's disk is copied.
    Copy,
}

/// The world.
pub struct Simulation {
    plan: Plan,
    sabotage: Sabotage,
    random: ChaCha8Rng,
    /// Decides on what is forbidden, so that plans without it run as they did before.
    whims: ChaCha8Rng,
    now: Timestamp,
    order: u64,
    events: BTreeMap<(Timestamp, u64), Event>,
    replicas: Vec<Replica>,
    plain: Plain,
    lines: BTreeMap<ConnectionId, Line>,
    speeds: [Speed; 4],
    next_connection: u64,
    /// Whether faults happen still.
    faulty: bool,
    /// Frames that cut their line.
    cuts: BTreeSet<u64>,
    /// Storage effects that crash their replica.
    crashes: BTreeMap<u64, CrashStage>,
    backup: Disk,
    /// Changes that the server has said to have, since it had another disk.
    acknowledged: BTreeMap<DocumentId, BTreeSet<Hash>>,
    /// Whether a device can know what the server's disk has lost.
    informed: [bool; 3],
    restored: bool,
    tally: Tally,
}

impl Simulation {
    /// A world in which this happens.
    pub fn new(plan: Plan) -> Self {
        let mut world = Self {
            random: ChaCha8Rng::seed_from_u64(plan.seed),
            whims: ChaCha8Rng::seed_from_u64(plan.seed ^ 0x7265_6675_7365_6400),
            sabotage: Sabotage::None,
            now: Timestamp(1_700_000_000_000),
            order: 0,
            events: BTreeMap::new(),
            replicas: Vec::new(),
            plain: Plain::default(),
            lines: BTreeMap::new(),
            speeds: [USUAL; 4],
            next_connection: 0,
            faulty: true,
            cuts: BTreeSet::new(),
            crashes: BTreeMap::new(),
            backup: Disk::default(),
            acknowledged: BTreeMap::new(),
            informed: [true; 3],
            restored: false,
            tally: Tally::default(),
            plan,
        };
        for replica in 0..3 {
            world.replicas.push(Replica {
                disk: Disk::default(),
                running: None,
                made: BTreeMap::new(),
                promised: BTreeMap::new(),
                forbidden: BTreeSet::new(),
                discarded: BTreeMap::new(),
                gone: BTreeSet::new(),
                refused: BTreeSet::new(),
                life: 0,
                wake: 0,
                shift: 0,
                delay: 0,
            });
            world.later(replica as u64, Event::Start { replica });
        }
        for fault in world.plan.faults.clone() {
            world.expect(fault);
        }
        world
    }

    /// The same world with a rule broken.
    #[must_use]
    pub fn sabotaged(mut self, sabotage: Sabotage) -> Self {
        self.sabotage = sabotage;
        self
    }

    /// Lets people edit while faults happen, then lets the world come to rest and checks what the
    /// engine promises.
    ///
    /// # Panics
    /// If a promise is broken; that is the finding.
    pub fn run(mut self) -> Tally {
        let replicas = if self.plan.plain { 3 } else { 2 };
        if self.plan.plain {
            let plain = Event::Dial {
                replica: PLAIN,
                life: 0,
            };
            self.later(100, plain);
        }
        for _ in 0..self.plan.edits {
            let replica = 1 + self.below(replicas) as usize;
            let at = self.below(8_000);
            self.later(at, Event::Edit { replica });
        }
        self.run_for(20_000);
        self.faulty = false;
        self.speeds = [USUAL; 4];
        // Longer than the longest wait of a line, and than a dead one takes to be noticed.
        self.run_for(150_000);
        self.check_refused();
        self.discard_all();
        self.check_equal();
        let frames = self.tally.frames;
        self.check_greeting();
        self.edit(1, WRITE);
        self.run_for(5_000);
        assert!(
            self.tally.frames > frames,
            "a change after a quiet time must move"
        );
        self.check_equal();
        self.tally
    }

    fn run_for(&mut self, millis: u64) {
        let end = self.now.plus_millis(millis);
        while self
            .events
            .first_key_value()
            .is_some_and(|((at, _), _)| *at <= end)
        {
            self.step();
        }
        self.now = end;
    }

    fn step(&mut self) {
        let Some(((at, _), event)) = self.events.pop_first() else {
            return;
        };
        self.now = at;
        match event {
            Event::Start { replica } => self.start(replica),
            Event::Edit { replica } if self.is_forbidden(replica) => self.forbid(replica),
            Event::Edit { replica } => {
                let choice = self.below(4);
                self.edit(replica, choice);
            }
            Event::Decide { replica } => self.decide(replica),
            Event::Wake { replica, number } => {
                if self.replicas[replica].wake == number {
                    self.feed(replica, Input::Tick);
                }
            }
            Event::Dial { replica, life } => {
                if replica == PLAIN || self.replicas[replica].life == life {
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
            } => self.gone(replica, connection),
            Event::Effect {
                replica,
                life,
                effect,
                request,
            } => {
                if self.replicas[replica].life == life {
                    self.effect(replica, effect, &request);
                }
            }
            Event::Flushed {
                replica,
                life,
                effect,
                answer,
            } => {
                if self.replicas[replica].life == life {
                    self.flushed(replica, effect, answer);
                }
            }
            Event::Fault(fault) => self.fault(fault),
            Event::Over(fault) => self.over(&fault),
            Event::Copy => {
                self.backup = self.replicas[SERVER].disk.clone();
                self.backup.crash(|| false);
            }
        }
    }

    fn later(&mut self, delay: u64, event: Event) {
        self.at(self.now.plus_millis(delay), event);
    }

    fn at(&mut self, at: Timestamp, event: Event) {
        self.order += 1;
        self.events.insert((at, self.order), event);
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.random.next_u64() % bound
    }
}
