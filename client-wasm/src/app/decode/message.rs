//! Reads messages and the status.

use meltemi_core::sync::status::{
    Line, Notice, NoticeCode, Progress, Receiving, RefusedEdits, SyncStatus,
};
use meltemi_core::sync::storage::ChunkKind;
use serde_json::Value;

use super::{Decode, DecodeError, Fields, objects, variant, words};
use crate::app::lock::State;
use crate::app::protocol::{
    Answer, Claimed, Done, Event, Export, Failure, FromWorker, Locked, Opened, Pin, Unsent,
};

objects! {
    Claimed { decided, own }
    Done { record, undo, unsaved }
    Export { bytes, readable }
    Failure { code, message }
    Opened { account, locked, not_settled }
    Locked { state, until, unsent }
    Pin { right, until }
    Unsent { records, text }
    SyncStatus { line, unsaved, waiting, waiting_documents, synced_at, loading, receiving, refused, notices }
    RefusedEdits { document, code, message, at, changes, whole }
    Receiving { documents, bytes }
    Progress { done, of }
    Notice { code, document, message }
}

words! {
    State {
        "filling" => Filling,
        "on" => On,
        "emptying" => Emptying,
    }
    ChunkKind {
        "snapshot" => Snapshot,
        "increment" => Increment,
        "refused" => Refused,
        "receipts" => Receipts,
    }
    NoticeCode {
        "storage-full" => StorageFull,
        "storage-failed" => StorageFailed,
        "damaged" => Damaged,
        "refused" => Refused,
        "refused-peer" => RefusedPeer,
        "bad-frame" => BadFrame,
        "unsupported" => Unsupported,
        "peer-storage" => PeerStorage,
    }
}

impl Decode for FromWorker {
    fn decode(value: Value) -> Result<Self, DecodeError> {
        let (name, value) = variant(value, "message")?;
        let mut fields = Fields::of(value, "message")?;
        match name.as_str() {
            "reply" => {
                let (name, value) = variant(fields.take("result"), "result")?;
                let result = match name.as_str() {
                    "Ok" => Ok(Answer::decode(value)?),
                    _ => Err(Failure::decode(value)?),
                };
                Ok(Self::Reply {
                    id: fields.read("id")?,
                    result,
                })
            }
            "event" => Ok(Self::Event {
                event: Event::decode(fields.take("event"))?,
            }),
            _ => Err(DecodeError("message")),
        }
    }
}

impl Decode for Answer {
    fn decode(value: Value) -> Result<Self, DecodeError> {
        let (name, value) = variant(value, "answer")?;
        Ok(match name.as_str() {
            "status" => Self::Status(Decode::decode(value)?),
            "overview" => Self::Overview(Decode::decode(value)?),
            "summaries" => Self::Summaries(Decode::decode(value)?),
            "record" => Self::Record(Decode::decode(value)?),
            "history" => Self::History(Decode::decode(value)?),
            "refused" => Self::Refused(Decode::decode(value)?),
            "export_refused" => Self::ExportRefused(Decode::decode(value)?),
            "proposed" => Self::Proposed(Decode::decode(value)?),
            "unsent" => Self::Unsent(Decode::decode(value)?),
            "pin" => Self::Pin(Decode::decode(value)?),
            "done" => Self::Done(Decode::decode(value)?),
            "decision" => Self::Decision(Decode::decode(value)?),
            "nothing" => Self::Nothing,
            _ => return Err(DecodeError("answer")),
        })
    }
}

impl Decode for Event {
    fn decode(value: Value) -> Result<Self, DecodeError> {
        let (name, value) = variant(value, "event")?;
        Ok(match name.as_str() {
            "opened" => Self::Opened(Decode::decode(value)?),
            "locked" => Self::Locked(Decode::decode(value)?),
            "ready" => Self::Ready,
            "changed" => Self::Changed(Decode::decode(value)?),
            "status" => Self::Status(Decode::decode(value)?),
            "failed" => Self::Failed(Decode::decode(value)?),
            _ => return Err(DecodeError("event")),
        })
    }
}

impl Decode for Line {
    fn decode(value: Value) -> Result<Self, DecodeError> {
        let (name, value) = variant(value, "line")?;
        let mut fields = Fields::of_any(value);
        Ok(match name.as_str() {
            "none" => Self::None,
            "online" => Self::Online,
            "connecting" => Self::Connecting {
                since: fields.read("since")?,
            },
            "offline" => Self::Offline {
                since: fields.read("since")?,
                retry: fields.read("retry")?,
            },
            _ => return Err(DecodeError("line")),
        })
    }
}
