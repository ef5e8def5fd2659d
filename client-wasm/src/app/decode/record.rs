//! Reads records, summaries, indicators and commands.

use meltemi_core::command::{Command, Splice};
use meltemi_core::conflict::{ConcurrentValue, Conflict, Origin, Question, Settlement};
use meltemi_core::indicator::{Indicator, Reported};
use meltemi_core::view::difference::{Change, Difference};
use meltemi_core::view::history::{HistoryEntry, HistoryView, Sent};
use meltemi_core::view::{NextStep, OverviewView, Problem, RecordView, Removal, Summary, Task};
use meltemi_core::workspace::{ProposedView, RefusedView};
use serde_json::Value;

use super::{Decode, DecodeError, Fields, objects, variant, words};

objects! {
    RecordView {
        id, programme, kind, key, schema, newer_schema, heads, fields, unknown, conflicts,
        settlements, problems, missing, removed,
    }
    Problem { path, what }
    Removal { time, reason }
    Conflict { path, question, values }
    ConcurrentValue { value, origin }
    Origin { actor, time, change, source }
    Settlement { path, chosen, rejected, reason, origin }
    Summary { id, reference, title, fields, links, conflicts, missing, removed }
    OverviewView { programme, counts, next_steps, indicators }
    NextStep { task, record, title, kind, field, entry }
    Indicator { id, num, den, unknown, disputed, by, sources, others, reported }
    Reported { source, itemised }
    Splice { at, delete, insert }
    RefusedView { edits, differences }
    ProposedView { record, base, differences }
    HistoryView { entries, of }
    HistoryEntry { change, author, actor, from, to, source, sent, differences }
    Sent { by, received }
    Difference { path, what, before, after }
}

words! {
    Question { "which" => Which, "removed_or_kept" => RemovedOrKept }
    Change {
        "value" => Value,
        "beside" => Beside,
        "settled" => Settled,
        "added" => Added,
        "removed" => Removed,
        "restored" => Restored,
    }
    Task {
        "settle" => Settle,
        "overdue" => Overdue,
        "step_open" => StepOpen,
        "complete" => Complete,
    }
}

impl Decode for Command {
    fn decode(value: Value) -> Result<Self, DecodeError> {
        let (name, value) = variant(value, "command")?;
        let mut f = Fields::of(value, "command")?;
        if name == "create_record" {
            let (programme, reference) = (f.read("programme")?, f.read("reference")?);
            return Ok(Self::CreateRecord {
                programme,
                reference,
                values: f.read("values")?,
            });
        }
        let (document, path) = (f.read("document")?, f.read("path")?);
        Ok(match name.as_str() {
            "set_field" => {
                let (value, base) = (f.read("value")?, f.read("base")?);
                Self::SetField {
                    document,
                    path,
                    value,
                    base,
                }
            }
            "edit_text" => {
                let (base, splices) = (f.read("base")?, f.read("splices")?);
                Self::EditText {
                    document,
                    path,
                    base,
                    splices,
                }
            }
            "set_tag" => {
                let (tag, present) = (f.read("tag")?, f.read("present")?);
                let base = f.read("base")?;
                Self::SetTag {
                    document,
                    path,
                    tag,
                    present,
                    base,
                }
            }
            "add_entry" => Self::AddEntry {
                document,
                path,
                values: f.read("values")?,
            },
            "remove" => Self::Remove {
                document,
                path,
                reason: f.read("reason")?,
            },
            "restore" => Self::Restore { document, path },
            "settle" => {
                let (value, reason) = (f.read("value")?, f.read("reason")?);
                let base = f.read("base")?;
                Self::Settle {
                    document,
                    path,
                    value,
                    reason,
                    base,
                }
            }
            _ => return Err(DecodeError("command")),
        })
    }
}
