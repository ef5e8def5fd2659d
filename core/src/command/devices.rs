//! Devices that edit copies of one event, for tests.

use automerge::{ActorId, Automerge};
use serde_json::{Value, json};

use super::{Applied, Command, CommandError, apply, create_record};
use crate::conflict::Conflict;
use crate::id::{DocumentId, RecordRef};
use crate::record::FieldPath;
use crate::time::Timestamp;
use crate::view::{RecordView, record};

/// One device with its copy.
pub(crate) struct Device {
    pub(crate) doc: Automerge,
    pub(crate) id: DocumentId,
    /// Its clock, in seconds.
    pub(crate) clock: u64,
}

/// The event that devices edit.
pub(crate) fn event() -> RecordRef {
    RecordRef::new("event", "ev1")
}

pub(crate) fn path(text: &str) -> FieldPath {
    text.parse().expect(text)
}

impl Device {
    /// A device that created the event by itself.
    pub(crate) fn new(number: u8) -> Self {
        let (id, doc) = create_record::create(
            "mc2cm",
            &event(),
            &[],
            ActorId::from([number; 16].as_slice()),
            Timestamp(0),
        )
        .expect("a new event");
        Self {
            doc,
            id,
            clock: 1_000 * u64::from(number),
        }
    }

    pub(crate) fn try_run(&mut self, command: &Command) -> Result<Vec<Command>, CommandError> {
        self.clock += 1;
        let Applied { undo } = apply(
            self.id,
            &mut self.doc,
            command,
            Timestamp(self.clock * 1000),
        )?;
        Ok(undo)
    }

    /// Runs a command that must go through; returns what takes it back.
    pub(crate) fn run(&mut self, command: &Command) -> Vec<Command> {
        self.try_run(command).expect("a command that goes through")
    }

    pub(crate) fn set_command(&self, at: &str, value: Value) -> Command {
        Command::SetField {
            document: self.id,
            path: path(at),
            value,
            base: None,
        }
    }

    pub(crate) fn set(&mut self, at: &str, value: Value) -> Vec<Command> {
        self.run(&self.set_command(at, value))
    }

    /// Sets a value as somebody does who looks at the version `seen`.
    pub(crate) fn set_seeing(&mut self, seen: &[String], at: &str, value: Value) -> Vec<Command> {
        self.run(&Command::SetField {
            document: self.id,
            path: path(at),
            value,
            base: Some(seen.to_vec()),
        })
    }

    pub(crate) fn settle(&mut self, at: &str, value: Value, reason: Option<&str>) -> Vec<Command> {
        let reason = reason.map(str::to_owned);
        self.run(&Command::Settle {
            document: self.id,
            path: path(at),
            value,
            reason,
            base: None,
        })
    }

    pub(crate) fn add(&mut self, at: &str, values: &[(&str, Value)]) -> Vec<Command> {
        let values = values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()));
        let values = values.collect();
        self.run(&Command::AddEntry {
            document: self.id,
            path: path(at),
            values,
        })
    }

    pub(crate) fn remove(&mut self, at: &str, reason: Option<&str>) -> Vec<Command> {
        let reason = reason.map(str::to_owned);
        self.run(&Command::Remove {
            document: self.id,
            path: path(at),
            reason,
        })
    }

    pub(crate) fn restore(&mut self, at: &str) -> Vec<Command> {
        self.run(&Command::Restore {
            document: self.id,
            path: path(at),
        })
    }

    pub(crate) fn tag(&mut self, at: &str, tag: &str, present: bool) -> Vec<Command> {
        let tag = tag.to_owned();
        self.run(&Command::SetTag {
            document: self.id,
            path: path(at),
            tag,
            present,
            base: None,
        })
    }

    pub(crate) fn undo(&mut self, commands: &[Command]) {
        for command in commands {
            self.run(command);
        }
    }

    /// Takes over what the other has.
    pub(crate) fn pull(&mut self, other: &mut Self) {
        self.doc
            .merge(&mut other.doc)
            .expect("copies of one document merge");
    }

    /// Both get what the other has.
    pub(crate) fn sync(&mut self, other: &mut Self) {
        self.pull(other);
        other.pull(self);
        assert_eq!(self.view(), other.view());
    }

    pub(crate) fn heads(&self) -> Vec<String> {
        self.doc
            .get_heads()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    pub(crate) fn view(&self) -> RecordView {
        record::view(self.id, &self.doc).expect("a record")
    }

    /// The value at a JSON pointer in the fields; `null` if there is none.
    pub(crate) fn value(&self, pointer: &str) -> Value {
        json!(self.view().fields)
            .pointer(pointer)
            .cloned()
            .unwrap_or_default()
    }

    pub(crate) fn conflicts(&self) -> Vec<Conflict> {
        self.view().conflicts
    }
}

/// The values a conflict is about.
pub(crate) fn values(conflict: &Conflict) -> Vec<Value> {
    conflict.values.iter().map(|it| it.value.clone()).collect()
}
