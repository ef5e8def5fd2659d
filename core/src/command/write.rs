//! What all commands share: finding places in an open transaction and writing registers.

use automerge::transaction::{Transactable, Transaction};
use automerge::{ActorId, AutomergeError, ObjId, ObjType, ReadDoc, ScalarValue};
use serde_json::Value;

use super::{Command, CommandError};
use crate::conflict::{removal, settlement};
use crate::genesis::{self, REMOVED};
use crate::id::DocumentId;
use crate::record::path::{Container, Entry, FieldPath, PathError, Place, Register, Target};
use crate::record::read::register::{Found, Values, container, get_all};
use crate::record::read::{PRESENT, map_at};
use crate::record::{EntryKey, Kind, value};
use crate::time::Timestamp;

/// An open transaction on a record, and the commands that take back what was written in it.
pub(super) struct Writer<'a, 'd> {
    pub(super) tx: &'a mut Transaction<'d>,
    pub(super) document: DocumentId,
    pub(super) kind: &'static Kind,
    pub(super) genesis: ActorId,
    pub(super) now: Timestamp,
    /// In the order of writing; taken back in the opposite order.
    pub(super) undo: Vec<Command>,
}

/// Whether an entry is in a record.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Presence {
    Absent,
    Here,
    Removed { reason: Option<String> },
}

impl From<PathError> for CommandError {
    fn from(error: PathError) -> Self {
        let PathError {
            kind,
            path,
            expected,
        } = error;
        Self::WrongPath {
            kind,
            path,
            expected,
        }
    }
}

impl From<AutomergeError> for CommandError {
    fn from(error: AutomergeError) -> Self {
        Self::Document(error.to_string())
    }
}

impl Writer<'_, '_> {
    /// The error that the path leads to something else.
    pub(super) fn wrong_path(&self, path: &FieldPath, expected: &'static str) -> CommandError {
        CommandError::WrongPath {
            kind: self.kind.name,
            path: path.clone(),
            expected,
        }
    }

    /// The register at `path`.
    pub(super) fn register(&self, path: &FieldPath) -> Result<Register, CommandError> {
        match path.resolve(self.kind)? {
            Target::Register(register) => Ok(register),
            _ => Err(self.wrong_path(path, "a single value")),
        }
    }

    /// The map that `place` is in.
    pub(super) fn map(&self, path: &FieldPath, place: &Place) -> Result<ObjId, CommandError> {
        map_at(&*self.tx, None, &place.maps, &self.genesis).ok_or_else(|| damaged(path))
    }

    /// The container at `path`, a map or a text.
    pub(super) fn container(
        &self,
        path: &FieldPath,
        it: &Container,
        wanted: ObjType,
    ) -> Result<ObjId, CommandError> {
        let map = self.map(path, &it.place)?;
        match container(&*self.tx, None, &map, &it.place.key, wanted, &self.genesis) {
            Found::Here { id, .. } => Ok(id),
            Found::Nothing | Found::Other(_) => Err(damaged(path)),
        }
    }

    /// Puts `value` in the register at `path`, settling a conflict there, and says whether
    /// anything had to be written.
    pub(super) fn set(
        &mut self,
        path: &FieldPath,
        given: &Value,
        reason: Option<&str>,
        undo: impl FnOnce(Value) -> Command,
    ) -> Result<bool, CommandError> {
        let Register {
            field,
            scalar,
            place,
        } = self.register(path)?;
        let wrong = |reason| CommandError::WrongValue {
            path: path.clone(),
            reason,
        };
        let new = value::from_json(scalar, given).map_err(wrong)?;
        let chosen = value::to_json(scalar, &new).map_err(wrong)?;
        let map = self.map(path, &place)?;
        let values = Values::read(&*self.tx, None, &map, &place.key, scalar);
        let shown = values.shown(field.merge, scalar).clone();
        let open = values.is_open(field.merge);
        if shown == chosen && !open && values.unreadable.is_empty() {
            return Ok(false);
        }
        if open || reason.is_some() {
            self.record_settlement(path, &chosen, &shown, &values, reason)?;
        }
        self.put(&map, &place.key, new)?;
        if shown != chosen {
            self.undo.push(undo(shown));
        }
        Ok(true)
    }

    /// Keeps in the record what was chosen and what was not.
    fn record_settlement(
        &mut self,
        path: &FieldPath,
        chosen: &Value,
        shown: &Value,
        values: &Values,
        reason: Option<&str>,
    ) -> Result<(), CommandError> {
        let map = settlement::map(&*self.tx).ok_or_else(|| damaged(path))?;
        let key = path.to_string();
        let mut candidates: Vec<Value> =
            values.all.iter().map(|(value, _)| value.clone()).collect();
        // Whoever changes an earlier choice still sees what it was made from.
        for (value, _) in get_all(&*self.tx, None, &map, &key) {
            if let Some(before) = settlement::Stored::parse(&value)
                && before.chosen == *shown
            {
                candidates.extend(before.rejected);
            }
        }
        let mut rejected: Vec<Value> = Vec::new();
        for value in candidates {
            if value != *chosen && !rejected.contains(&value) {
                rejected.push(value);
            }
        }
        let stored = settlement::Stored {
            chosen: chosen.clone(),
            rejected,
            reason: reason
                .map(str::to_owned)
                .filter(|reason| !reason.is_empty()),
        };
        let text =
            serde_json::to_string(&stored).map_err(|e| CommandError::Document(e.to_string()))?;
        self.put(&map, &key, text.into())
    }

    /// Writes a register anew, even if it holds the same value: only a new operation stands
    /// against what another writes there at the same time.
    pub(super) fn put(
        &mut self,
        map: &ObjId,
        key: &str,
        value: ScalarValue,
    ) -> Result<(), CommandError> {
        let same = match self.tx.get(map, key)? {
            Some((automerge::Value::Scalar(now), _)) => *now == value,
            _ => false,
        };
        if same {
            self.tx.delete(map, key)?;
        }
        Ok(self.tx.put(map, key, value)?)
    }

    /// The map and the key of the `removed` register of the record or entry at `path`.
    pub(super) fn removed_register(
        &self,
        path: &FieldPath,
    ) -> Result<(ObjId, String), CommandError> {
        match path.resolve(self.kind)? {
            Target::Record => Ok((automerge::ROOT, REMOVED.to_owned())),
            Target::Entry(entry) => {
                if self.presence(path, &entry)? == Presence::Absent {
                    return Err(self.wrong_path(path, "an entry of this record"));
                }
                let place = entry.register(REMOVED);
                Ok((self.map(path, &place)?, place.key))
            }
            _ => Err(self.wrong_path(path, "a record or an entry")),
        }
    }

    /// Whether the entry at `path` is in the record.
    pub(super) fn presence(
        &self,
        path: &FieldPath,
        entry: &Entry,
    ) -> Result<Presence, CommandError> {
        let map = self.map(path, &entry.place)?;
        let (object, key) = if entry.is_flat() {
            let prefix = format!("{}|", entry.place.key);
            let filled = self
                .tx
                .keys(&map)
                .filter(|key| key.starts_with(&prefix))
                .any(|key| {
                    get_all(&*self.tx, None, &map, &key)
                        .iter()
                        .any(|(value, _)| !value.is_null())
                });
            if !filled {
                return Ok(Presence::Absent);
            }
            (map, format!("{prefix}{REMOVED}"))
        } else {
            match container(
                &*self.tx,
                None,
                &map,
                &entry.place.key,
                ObjType::Map,
                &self.genesis,
            ) {
                Found::Here { id, .. } => (id, REMOVED.to_owned()),
                Found::Nothing => return Ok(Presence::Absent),
                Found::Other(_) => return Err(damaged(path)),
            }
        };
        Ok(match removal::state(&*self.tx, None, &object, &key) {
            Some(state) => Presence::Removed {
                reason: state.removal.reason,
            },
            None => Presence::Here,
        })
    }

    /// Adds the entry at `path` with all its containers. It must be absent.
    pub(super) fn create_entry(
        &mut self,
        path: &FieldPath,
        entry: &Entry,
    ) -> Result<(), CommandError> {
        let map = self.map(path, &entry.place)?;
        match entry.key {
            EntryKey::Link(_) => self.put(&map, &entry.register(PRESENT).key, true.into()),
            EntryKey::Generated => {
                let object = self.tx.put_object(&map, &entry.place.key, ObjType::Map)?;
                Ok(genesis::fill_entry(self.tx, &object, entry.fields)?)
            }
            // They exist from the first change on.
            EntryKey::Fixed(_) => Err(damaged(path)),
        }
    }

    /// Checks that all entries around `path` are in the record, adding those that are not if `add`.
    pub(super) fn require_entries(
        &mut self,
        path: &FieldPath,
        add: bool,
    ) -> Result<(), CommandError> {
        let mut around = Vec::new();
        let mut prefix = path.parent();
        while let Some(path) = prefix {
            if let Ok(Target::Entry(entry)) = path.resolve(self.kind) {
                around.push((path.clone(), entry));
            }
            prefix = path.parent();
        }
        for (path, entry) in around.iter().rev() {
            if self.presence(path, entry)? != Presence::Absent {
                continue;
            }
            if !add {
                return Err(self.wrong_path(path, "an entry of this record"));
            }
            self.create_entry(path, entry)?;
            self.undo.push(Command::Remove {
                document: self.document,
                path: path.clone(),
                reason: None,
            });
        }
        Ok(())
    }
}

/// The error that another program deleted or replaced what a command needs.
fn damaged(path: &FieldPath) -> CommandError {
    CommandError::Document(format!(
        "another program deleted or replaced the container around {path}"
    ))
}
