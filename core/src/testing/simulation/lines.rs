//! Lines between replicas: frames take their time and keep their order, lines are cut, or die
//! without anybody noticing.

use super::{Event, PLAIN, SERVER, Simulation};
use crate::id::ConnectionId;
use crate::sync::input::{Input, Role};
use crate::testing::simulation::policy::principal;
use crate::testing::simulation::watch::Watch;
use crate::time::Timestamp;

/// How fast a line is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Speed {
    pub(super) bits_per_second: u64,
    pub(super) latency: u64,
}

/// What lines are like when nothing is said about them.
pub(super) const USUAL: Speed = Speed {
    bits_per_second: 10_000_000,
    latency: 40,
};

/// A connection of a device, or of the plain client, with the server.
pub(super) struct Line {
    pub(super) device: usize,
    /// When the last bit of what was sent is on its way: to the server, to the device.
    free: [Timestamp; 2],
    /// When the last frame arrives.
    last: [Timestamp; 2],
    /// Frames vanish.
    pub(super) dead: bool,
    pub(super) watch: Watch,
}

impl Simulation {
    /// A device calls the server.
    pub(super) fn dial(&mut self, device: usize) {
        let ready = self.replicas[SERVER]
            .running
            .as_ref()
            .is_some_and(|repo| repo.is_ready());
        if !ready {
            if device == PLAIN {
                self.plain_gone();
            } else {
                self.feed(device, Input::DialFailed);
            }
            return;
        }
        let connection = ConnectionId(self.next_connection);
        self.next_connection += 1;
        let line = Line {
            device,
            free: [self.now; 2],
            last: [self.now; 2],
            dead: false,
            watch: Watch::default(),
        };
        self.lines.insert(connection, line);
        let accepted = Input::Connected {
            connection,
            role: Role::Acceptor,
            principal: principal(device),
        };
        self.feed(SERVER, accepted);
        if device == PLAIN {
            self.plain_joins(connection);
            return;
        }
        let dialed = Input::Connected {
            connection,
            role: Role::Dialer,
            principal: principal(SERVER),
        };
        self.feed(device, dialed);
    }

    /// A replica sends a frame.
    pub(super) fn send(&mut self, from: usize, connection: ConnectionId, bytes: Vec<u8>) {
        self.watch_frame(from, connection, &bytes);
        let Some(line) = self.lines.get_mut(&connection) else {
            return;
        };
        let speed = self.speeds[line.device];
        let (to, way) = if from == SERVER {
            (line.device, 1)
        } else {
            (SERVER, 0)
        };
        let millis = bytes.len() as u64 * 8_000 / speed.bits_per_second;
        line.free[way] = line.free[way].max(self.now).plus_millis(millis);
        let arrival = line.free[way].plus_millis(speed.latency);
        line.last[way] = line.last[way].max(arrival);
        let at = line.last[way];
        let frame = Event::Frame {
            to,
            connection,
            bytes,
        };
        self.at(at, frame);
    }

    /// A replica closes a line: what it sent before arrives before the end.
    pub(super) fn close(&mut self, from: usize, connection: ConnectionId) {
        let Some(line) = self.lines.get(&connection) else {
            return;
        };
        let (to, way) = if from == SERVER {
            (line.device, 1)
        } else {
            (SERVER, 0)
        };
        // A server asks its sockets whether somebody is there.
        let delay = if line.dead { 20_000 } else { 1 };
        let at = line.last[way].max(self.now).plus_millis(delay);
        let replica = to;
        self.at(
            at,
            Event::Gone {
                replica,
                connection,
            },
        );
    }

    pub(super) fn deliver(&mut self, to: usize, connection: ConnectionId, bytes: Vec<u8>) {
        let Some(line) = self.lines.get(&connection) else {
            return;
        };
        if line.dead {
            return;
        }
        self.tally.frames += 1;
        if self.cuts.contains(&self.tally.frames) && self.faulty {
            self.cut(connection);
        } else if to == PLAIN {
            self.plain_hears(connection, &bytes);
        } else {
            self.feed(to, Input::Frame { connection, bytes });
        }
    }

    pub(super) fn lines_of(&self, replica: usize) -> Vec<ConnectionId> {
        let lines = self.lines.iter();
        lines
            .filter(|(_, line)| line.device == replica || replica == SERVER)
            .map(|(connection, _)| *connection)
            .collect()
    }

    /// The lines of a replica are cut; what is on its way is lost.
    pub(super) fn cut_lines(&mut self, replica: usize) {
        for connection in self.lines_of(replica) {
            self.cut(connection);
        }
    }

    fn cut(&mut self, connection: ConnectionId) {
        let Some(line) = self.lines.remove(&connection) else {
            return;
        };
        self.tally.cuts += 1;
        for replica in [line.device, SERVER] {
            let delay = self.below(200);
            let gone = Event::Gone {
                replica,
                connection,
            };
            self.later(delay, gone);
        }
    }

    /// Frames of a device vanish from now on.
    pub(super) fn half_open(&mut self, device: usize, noticed: bool) {
        for connection in self.lines_of(device) {
            if let Some(line) = self.lines.get_mut(&connection) {
                line.dead = true;
            }
            self.tally.cuts += 1;
            // A server asks its sockets whether somebody is there.
            let delay = if noticed { 10 } else { 60_000 };
            let gone = Event::Gone {
                replica: SERVER,
                connection,
            };
            self.later(delay, gone);
        }
    }

    pub(super) fn gone(&mut self, replica: usize, connection: ConnectionId) {
        if self.lines.get(&connection).is_some_and(|line| !line.dead) {
            self.lines.remove(&connection);
        }
        if replica == PLAIN {
            if self.plain.connection == Some(connection) {
                self.plain_gone();
            }
        } else {
            self.feed(replica, Input::Disconnected { connection });
        }
    }
}
