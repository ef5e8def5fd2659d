//! What goes wrong in a simulated world, and when: as data, so that it can be saved and replayed.

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use serde::{Deserialize, Serialize};

/// The server.
pub const SERVER: usize = 0;

/// What happens in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Decides what people do, and everything else that is left open.
    pub seed: u64,
    /// How often people do something.
    pub edits: u32,
    /// Whether a plain automerge-repo client takes part.
    #[serde(default)]
    pub plain: bool,
    /// One of so many edits on a device is one that the server refuses; none where this is 0.
    #[serde(default)]
    pub forbidden: u64,
    /// What goes wrong.
    #[serde(default)]
    pub faults: Vec<Fault>,
}

/// Something that goes wrong. Times are milliseconds since the beginning; replica 0 is the server,
/// 1 and 2 are devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The frame of this number is lost, and its line with it.
    CutAtFrame(u64),
    /// The lines of a replica are cut.
    Cut {
        /// When.
        at: u64,
        /// Whose.
        replica: usize,
    },
    /// From now on frames on the lines of a device vanish, and the device does not notice.
    HalfOpen {
        /// When.
        at: u64,
        /// Whose.
        replica: usize,
        /// Whether the server notices at once.
        noticed: bool,
    },
    /// The lines of a device have another speed from now on.
    Line {
        /// When.
        at: u64,
        /// Whose.
        replica: usize,
        /// Bits that go through in a second, each way.
        bits_per_second: u64,
        /// Milliseconds that each frame takes beside that.
        latency: u64,
    },
    /// The storage effect of this number is the last of its replica.
    CrashAtEffect {
        /// Which one.
        effect: u64,
        /// How far it came.
        stage: CrashStage,
    },
    /// A replica crashes and starts again soon. What it has not flushed may be lost.
    Crash {
        /// When.
        at: u64,
        /// Which one.
        replica: usize,
    },
    /// A disk takes longer to answer for a while.
    SlowDisk {
        /// When.
        at: u64,
        /// Whose.
        replica: usize,
        /// For how long.
        millis: u64,
        /// How much longer an answer takes at most.
        delay: u64,
    },
    /// A disk fails for a while.
    FailingDisk {
        /// When.
        at: u64,
        /// Whose.
        replica: usize,
        /// For how long.
        millis: u64,
        /// What fails.
        failure: Failure,
    },
    /// From now on a replica's clock is this many milliseconds ahead, or behind when negative.
    Clock {
        /// When.
        at: u64,
        /// Whose.
        replica: usize,
        /// By how much.
        shift: i64,
    },
    /// The server is stopped and started on an older copy of its disk.
    Restore {
        /// When the copy was made.
        copied: u64,
        /// When it takes the place of the disk.
        at: u64,
    },
}

/// How far a storage effect came before a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CrashStage {
    /// Not begun.
    Before,
    /// Begun and not flushed: it may be lost.
    Within,
    /// Done and not answered.
    After,
}

/// How a disk fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// It is full.
    Full,
    /// Writes fail.
    Writes,
    /// Loads fail.
    Loads,
}

const YEAR: i64 = 365 * 24 * 3_600_000;

impl Plan {
    /// A run in which nothing goes wrong.
    pub fn quiet(seed: u64) -> Self {
        Self {
            seed,
            edits: 12,
            plain: false,
            forbidden: 0,
            faults: Vec::new(),
        }
    }

    /// The same with edits that the server refuses, one of so many.
    #[must_use]
    pub fn forbidding(mut self, one_of: u64) -> Self {
        self.forbidden = one_of;
        self
    }

    /// The same with one more fault.
    #[must_use]
    pub fn with(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// A run in which much goes wrong, drawn from a seed.
    pub fn random(seed: u64) -> Self {
        let mut draw = Draw(ChaCha8Rng::seed_from_u64(seed ^ 0x6d65_6c74_656d_6900));
        let mut plan = Self {
            seed,
            edits: 4 + draw.below(8) as u32,
            plain: draw.one_in(3),
            forbidden: 0,
            faults: Vec::new(),
        };
        let faults = &mut plan.faults;
        for _ in 0..draw.below(6) {
            faults.push(Fault::CutAtFrame(1 + draw.below(100)));
        }
        for _ in 0..draw.below(6) {
            let stage = [CrashStage::Before, CrashStage::Within, CrashStage::After];
            faults.push(Fault::CrashAtEffect {
                effect: 1 + draw.below(80),
                stage: stage[draw.below(3) as usize],
            });
        }
        for replica in 0..3 {
            draw.of_replica(replica, faults);
        }
        if draw.one_in(5) {
            let copied = draw.below(6_000);
            faults.push(Fault::Restore {
                copied,
                at: copied + draw.below(8_000),
            });
        }
        plan.forbidden = [0, 12, 12, 4][draw.below(4) as usize];
        plan
    }
}

/// Where chance comes from.
struct Draw(ChaCha8Rng);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0.next_u64() % bound
    }

    fn one_in(&mut self, number: u64) -> bool {
        self.below(number) == 0
    }

    fn at(&mut self) -> u64 {
        self.below(10_000)
    }

    /// What goes wrong with one replica.
    fn of_replica(&mut self, replica: usize, faults: &mut Vec<Fault>) {
        if self.one_in(3) {
            let at = self.at();
            faults.push(Fault::Crash { at, replica });
        }
        if self.one_in(5) {
            faults.push(Fault::SlowDisk {
                at: self.at(),
                replica,
                millis: 1_000 + self.below(8_000),
                delay: 200 + self.below(4_000),
            });
        }
        if self.one_in(4) {
            let failures = [Failure::Full, Failure::Writes, Failure::Loads];
            faults.push(Fault::FailingDisk {
                at: self.at(),
                replica,
                millis: 200 + self.below(8_000),
                failure: failures[self.below(3) as usize],
            });
        }
        if self.one_in(5) {
            let shifts = [5 * YEAR, -27 * YEAR, 3_600_000, -3_600_000, -5_000];
            for _ in 0..=self.below(2) {
                let at = if self.one_in(2) { 0 } else { self.at() };
                let shift = shifts[self.below(5) as usize];
                faults.push(Fault::Clock { at, replica, shift });
            }
        }
        if replica == SERVER {
            return;
        }
        if self.one_in(3) {
            let at = self.at();
            faults.push(Fault::Cut { at, replica });
        }
        if self.one_in(6) {
            faults.push(Fault::HalfOpen {
                at: self.at(),
                replica,
                noticed: self.one_in(2),
            });
        }
        if self.one_in(4) {
            faults.push(Fault::Line {
                at: self.below(3_000),
                replica,
                bits_per_second: 4_000 << self.below(6),
                latency: 20 + self.below(1_500),
            });
        }
    }
}
