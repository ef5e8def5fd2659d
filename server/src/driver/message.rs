//! What others say to the driver.

use std::collections::BTreeMap;
use std::ops::Range;

use meltemi_core::access::Roster;
use meltemi_core::command::CommandError;
use meltemi_core::id::{ConnectionId, DocumentId};
use meltemi_core::sync::metrics::Metrics;
use meltemi_core::sync::policy::Principal;
use meltemi_core::sync::repo::Accepted;
use meltemi_core::view::RecordView;
use meltemi_core::view::history::HistoryView;
use tokio::sync::oneshot;

use super::AcceptReply;
use crate::intake::Held;
use crate::outbox::Outbox;

/// What the driver is told and asked.
pub(crate) enum Message {
    /// A connection is open.
    Connected {
        connection: ConnectionId,
        principal: Principal,
        outbox: Outbox,
    },
    /// A binary message came in.
    Frame {
        connection: ConnectionId,
        bytes: Vec<u8>,
        held: Held,
    },
    /// A connection is gone, closed by its socket with this code of RFC 6455 if it was.
    Disconnected {
        connection: ConnectionId,
        code: Option<u16>,
    },
    /// Which documents of this kind somebody may see; all records without a kind.
    List {
        principal: Principal,
        kind: Option<&'static str>,
        reply: oneshot::Sender<Vec<DocumentId>>,
    },
    /// A record, as far as somebody may see it.
    Record {
        principal: Principal,
        document: DocumentId,
        reply: RecordReply,
    },
    /// A part of the history of a record, as far as somebody may see it.
    History {
        principal: Principal,
        document: DocumentId,
        part: Range<usize>,
        reply: HistoryReply,
    },
    /// Somebody has decided to take changes that were refused.
    Accept {
        document: DocumentId,
        refused: Accepted,
        reply: AcceptReply,
    },
    /// Who the members are has changed. Answered when the engine goes by it.
    Roster {
        roster: Roster,
        reply: oneshot::Sender<()>,
    },
    /// What was counted.
    Metrics { reply: oneshot::Sender<Counts> },
    /// Finish what is in flight, close all connections, end.
    Stop,
}

/// What was counted since the server started. No names and no contents.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    /// By the engine.
    pub(crate) engine: Metrics,
    /// Sockets that the server has closed, by the code of RFC 6455.
    pub(crate) closed: BTreeMap<u16, u64>,
}

/// Where a history goes.
pub(crate) type HistoryReply = oneshot::Sender<Result<HistoryView, CommandError>>;

/// Where a record goes.
pub(crate) type RecordReply = oneshot::Sender<Result<Box<RecordView>, CommandError>>;
