//! How the faults of a plan come into a simulated world, and go.

use super::lines::Speed;
use super::plan::{Failure, Fault};
use super::{Event, Simulation};

impl Simulation {
    /// Puts a fault where it will be found when it is due.
    pub(super) fn expect(&mut self, fault: Fault) {
        let at = match fault {
            Fault::CutAtFrame(frame) => {
                self.cuts.insert(frame);
                return;
            }
            Fault::CrashAtEffect { effect, stage } => {
                self.crashes.insert(effect, stage);
                return;
            }
            Fault::Cut { at, .. }
            | Fault::HalfOpen { at, .. }
            | Fault::Line { at, .. }
            | Fault::Crash { at, .. }
            | Fault::Clock { at, .. } => at,
            Fault::SlowDisk { at, millis, .. } | Fault::FailingDisk { at, millis, .. } => {
                self.later(at + millis, Event::Over(fault.clone()));
                at
            }
            Fault::Restore { copied, at } => {
                self.later(copied, Event::Copy);
                at
            }
        };
        self.later(at, Event::Fault(fault));
    }

    pub(super) fn fault(&mut self, fault: Fault) {
        match fault {
            Fault::CutAtFrame(_) | Fault::CrashAtEffect { .. } => {}
            Fault::Cut { replica, .. } => self.cut_lines(replica),
            Fault::HalfOpen {
                replica, noticed, ..
            } => self.half_open(replica, noticed),
            Fault::Line {
                replica,
                bits_per_second,
                latency,
                ..
            } => {
                self.speeds[replica] = Speed {
                    bits_per_second,
                    latency,
                };
            }
            Fault::Crash { replica, .. } => self.crash(replica),
            Fault::SlowDisk { replica, delay, .. } => self.replicas[replica].delay = delay,
            Fault::FailingDisk {
                replica, failure, ..
            } => self.failing(replica, failure, true),
            Fault::Clock { replica, shift, .. } => self.replicas[replica].shift = shift,
            Fault::Restore { .. } => self.restore(),
        }
    }

    pub(super) fn over(&mut self, fault: &Fault) {
        match *fault {
            Fault::SlowDisk { replica, .. } => self.replicas[replica].delay = 0,
            Fault::FailingDisk {
                replica, failure, ..
            } => self.failing(replica, failure, false),
            _ => {}
        }
    }

    fn failing(&mut self, replica: usize, failure: Failure, fails: bool) {
        let disk = &mut self.replicas[replica].disk;
        match failure {
            Failure::Full => disk.full = fails,
            Failure::Writes => disk.fails_writes = fails,
            Failure::Loads => disk.fails_loads = fails,
        }
    }
}
