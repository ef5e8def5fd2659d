//! Reads what the worker is asked.

use serde_json::Value;

use super::{Decode, DecodeError, Fields, objects, variant};
use crate::app::protocol::{Ask, ToWorker};

objects! {
    ToWorker { id, ask }
}

impl Decode for Ask {
    fn decode(value: Value) -> Result<Self, DecodeError> {
        let (name, value) = variant(value, "ask")?;
        let mut f = Fields::of_any(value);
        Ok(match name.as_str() {
            "status" => Self::Status,
            "overview" => Self::Overview {
                today: f.read("today")?,
            },
            "summaries" => Self::Summaries {
                kind: f.read("kind")?,
            },
            "record" => Self::Record { id: f.read("id")? },
            "history" => {
                let (id, skip) = (f.read("id")?, f.read("skip")?);
                let count = f.read("count")?;
                Self::History { id, skip, count }
            }
            "refused" => Self::Refused { id: f.read("id")? },
            "decide_refused" => {
                let (id, again) = (f.read("id")?, f.read("again")?);
                Self::DecideRefused { id, again }
            }
            "export_refused" => Self::ExportRefused { id: f.read("id")? },
            "proposed" => {
                let (id, changes) = (f.read("id")?, f.read("changes")?);
                Self::Proposed { id, changes }
            }
            "execute" => Self::Execute {
                command: f.read("command")?,
            },
            "claim_decision" => Self::ClaimDecision {
                begin: f.read("begin")?,
            },
            "take_part" => {
                let (document, commands) = (f.read("document")?, f.read("commands")?);
                let decided = f.read("decided")?;
                Self::TakePart {
                    document,
                    commands,
                    decided,
                }
            }
            "await_decision" => Self::AwaitDecision,
            "end_decision" => Self::EndDecision,
            "export_unsent" => Self::ExportUnsent,
            "keep_account" => Self::KeepAccount {
                account: f.read("account")?,
            },
            "unlock" => Self::Unlock {
                pin: f.read("pin")?,
            },
            "give_up_lock" => Self::GiveUpLock,
            "lock" => Self::Lock {
                pin: f.read("pin")?,
            },
            "change_pin" => {
                let (pin, new) = (f.read("pin")?, f.read("new")?);
                Self::ChangePin { pin, new }
            }
            "end_lock" => Self::EndLock,
            "reconnect" => Self::Reconnect,
            "dismiss" => Self::Dismiss {
                notice: f.read("notice")?,
            },
            _ => return Err(DecodeError("ask")),
        })
    }
}
