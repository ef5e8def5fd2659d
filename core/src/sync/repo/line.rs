//! The line to the server: when to dial, and when again. And the time this goes by.

use rand_core::RngCore;

use crate::id::ConnectionId;
use crate::sync::closing::Closing;
use crate::sync::output::Output;
use crate::sync::policy::Policy;
use crate::sync::repo::Repo;
use crate::sync::status::Line;
use crate::time::Timestamp;
use crate::wire::frame::Frame;
use crate::wire::limits::{ALIVE_MILLIS, QUIET_MILLIS};

/// First wait after a failure, in milliseconds; doubled with each failure in a row.
const FIRST_WAIT: u64 = 1_000;

/// Longest wait, in milliseconds.
const LONGEST_WAIT: u64 = 60_000;

/// The line to the server.
pub(super) struct LineState {
    stage: LineStage,
    /// Since when there is no line, while there is none.
    since: Timestamp,
    /// Failures in a row.
    attempts: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LineStage {
    /// This replica does not dial.
    Unused,
    /// Waiting until everything is loaded.
    Starting,
    /// The driver is opening a connection, or the handshake is under way.
    Dialing(Option<ConnectionId>),
    Open(ConnectionId),
    Waiting {
        retry: Timestamp,
    },
}

impl LineState {
    pub(super) fn new(dials: bool, now: Timestamp) -> Self {
        let stage = if dials {
            LineStage::Starting
        } else {
            LineStage::Unused
        };
        Self {
            stage,
            since: now,
            attempts: 0,
        }
    }

    pub(super) fn wake(&self) -> Option<Timestamp> {
        match self.stage {
            LineStage::Waiting { retry } => Some(retry),
            _ => None,
        }
    }

    pub(super) fn connection(&self) -> Option<ConnectionId> {
        match self.stage {
            LineStage::Open(connection) => Some(connection),
            _ => None,
        }
    }

    /// What a person is told of it; `shown` gives times as the driver's clock has them.
    pub(super) fn view(&self, shown: impl Fn(Timestamp) -> Timestamp) -> Line {
        let since = shown(self.since);
        match self.stage {
            LineStage::Unused => Line::None,
            LineStage::Starting | LineStage::Dialing(_) => Line::Connecting { since },
            LineStage::Open(_) => Line::Online,
            LineStage::Waiting { retry } => Line::Offline {
                since,
                retry: shown(retry),
            },
        }
    }
}

impl<P: Policy> Repo<P> {
    /// Begins or ends having a line.
    pub(super) fn line_set(&mut self, dials: bool) {
        if dials && self.line.stage == LineStage::Unused {
            self.line = LineState::new(true, self.now);
            self.status_changed = true;
            self.line_timer();
        } else if !dials && self.line.stage != LineStage::Unused {
            if let LineStage::Open(connection) | LineStage::Dialing(Some(connection)) =
                self.line.stage
            {
                self.close(connection, &Closing::GivenUp);
            }
            self.line = LineState::new(false, self.now);
            self.status_changed = true;
        }
    }

    /// A connection that this replica asked for is open; the handshake follows.
    pub(super) fn line_dialed(&mut self, connection: ConnectionId) {
        if self.line.stage == LineStage::Dialing(None) {
            self.line.stage = LineStage::Dialing(Some(connection));
        }
    }

    /// The handshake is done.
    pub(super) fn line_open(&mut self, connection: ConnectionId) {
        self.line.stage = LineStage::Open(connection);
        self.line.attempts = 0;
        self.status_changed = true;
    }

    /// A connection is gone; if it was the line, waits and dials again.
    pub(super) fn line_closed(&mut self, connection: ConnectionId) {
        if matches!(self.line.stage, LineStage::Open(c) | LineStage::Dialing(Some(c)) if c == connection)
        {
            self.line_lost();
        }
    }

    /// Waits before the next attempt: twice as long as before, and by a random part less, so
    /// that the devices of a server that comes back do not all arrive at once.
    pub(super) fn line_lost(&mut self) {
        if matches!(
            self.line.stage,
            LineStage::Unused | LineStage::Waiting { .. }
        ) {
            return;
        }
        if matches!(self.line.stage, LineStage::Open(_)) {
            self.line.since = self.now;
        }
        let longest = FIRST_WAIT
            .saturating_mul(1 << self.line.attempts.min(16))
            .min(LONGEST_WAIT);
        let wait = longest / 2 + u64::from(self.random.next_u32()) % (longest / 2 + 1);
        self.line.attempts = self.line.attempts.saturating_add(1);
        self.line.stage = LineStage::Waiting {
            retry: self.now.plus_millis(wait),
        };
        self.status_changed = true;
    }

    /// The network may be back: dials now instead of later.
    pub(super) fn redial(&mut self) {
        if matches!(self.line.stage, LineStage::Waiting { .. }) {
            self.line.attempts = 0;
            self.dial();
        }
    }

    /// Dials when it is time.
    pub(super) fn line_timer(&mut self) {
        match self.line.stage {
            LineStage::Starting if self.is_ready() => self.dial(),
            LineStage::Waiting { retry } if retry <= self.now => self.dial(),
            _ => {}
        }
    }

    /// When the line has been quiet for too long.
    pub(super) fn line_quiet(&self) -> Option<Timestamp> {
        let peer = self.peers.get(&self.line.connection()?)?;
        let patience = if peer.asked {
            QUIET_MILLIS + ALIVE_MILLIS
        } else {
            QUIET_MILLIS
        };
        peer.is_meltemi().then(|| peer.heard.plus_millis(patience))
    }

    /// Asks whether the server is still there when nothing was heard of it for long, and gives
    /// the line up when it does not answer.
    pub(super) fn line_alive(&mut self) {
        let (Some(connection), Some(quiet)) = (self.line.connection(), self.line_quiet()) else {
            return;
        };
        if quiet > self.now {
            return;
        }
        let Some(peer) = self.peers.get_mut(&connection) else {
            return;
        };
        if peer.asked {
            self.close(connection, &Closing::Dead);
        } else {
            peer.asked = true;
            self.send(connection, &Frame::Ping);
        }
    }

    /// Time goes on. A clock that is set back must not make timers wait for it to catch up.
    pub(super) fn advance(&mut self, now: Timestamp) {
        // Nothing changes before what is to be relayed of it is made.
        while self.relay_next() {}
        self.ahead = self.ahead.max(self.now.0.saturating_sub(now.0));
        self.now = now.plus_millis(self.ahead);
    }

    /// What the driver's clock shows at this time.
    pub(super) fn shown(&self, at: Timestamp) -> Timestamp {
        Timestamp(at.0.saturating_sub(self.ahead))
    }

    fn dial(&mut self) {
        self.line.stage = LineStage::Dialing(None);
        self.outputs.push_back(Output::Dial);
        self.status_changed = true;
    }
}
