//! How a command is carried out: on which version of the document, in one transaction, with the
//! containers that its paths lead through.

use automerge::transaction::{CommitOptions, Transaction};
use automerge::{Automerge, ChangeHash, ObjId, ObjType, PatchLog, ROOT};
use serde_json::Value;

use super::write::Writer;
use super::{
    Applied, Command, CommandError, add_entry, create_record, edit_text, remove, set_field,
    set_tag, settle,
};
use crate::conflict::removal;
use crate::genesis::{self, Identity, REMOVED};
use crate::id::DocumentId;
use crate::record::path::{Entry, FieldPath, Place, Register, Target};
use crate::record::read::map_at;
use crate::record::read::register::{Found, Values, container, get_all};
use crate::record::{Merge, value};
use crate::time::Timestamp;

/// What a command is carried out with.
pub(super) struct Run<'a> {
    pub(super) document: DocumentId,
    pub(super) identity: Identity,
    pub(super) now: Timestamp,
    pub(super) source: Option<&'a str>,
}

/// A register that changed since its writer looked at it.
struct Overtaken {
    /// The version the writer saw.
    base: Vec<ChangeHash>,
    /// The value shown now; `None` for a member of a set.
    shown: Option<Value>,
    /// Whether what the command wants is already so.
    done: bool,
}

impl Run<'_> {
    pub(super) fn apply(
        &self,
        doc: &mut Automerge,
        command: &Command,
    ) -> Result<Applied, CommandError> {
        let (undo, change) = if let Command::EditText {
            path,
            base,
            splices,
            ..
        } = command
        {
            let base = edit_text::base_heads(doc, base)?;
            let mut tx = transaction_at(doc, &base)?;
            let genesis = genesis::actor(&self.document);
            // On an error the transaction is dropped, which rolls it back.
            let undo = edit_text::apply(
                &mut tx,
                self.document,
                self.identity.kind,
                &genesis,
                path,
                splices,
            )?;
            (undo, tx.commit_with(self.options()).0)
        } else {
            self.write(doc, command)?
        };
        Ok(Applied {
            undo: undo
                .into_iter()
                .map(|command| command.based_on(change))
                .collect(),
        })
    }

    /// Carries out a command that writes registers.
    fn write(
        &self,
        doc: &mut Automerge,
        command: &Command,
    ) -> Result<(Vec<Command>, Option<ChangeHash>), CommandError> {
        let overtaken = self.overtaken(doc, command)?;
        if overtaken.as_ref().is_some_and(|it| it.done) {
            return Ok((Vec::new(), None));
        }
        let open = matches!(command, Command::Remove { .. }) && self.is_open(doc, command);
        let is_new = matches!(command, Command::CreateRecord { .. }) && self.is_new(doc);
        let mut tx = match &overtaken {
            Some(Overtaken { base, .. }) => transaction_at(doc, base)?,
            None => doc.transaction(),
        };
        let mut writer = Writer {
            tx: &mut tx,
            document: self.document,
            kind: self.identity.kind,
            genesis: genesis::actor(&self.document),
            now: self.now,
            undo: Vec::new(),
        };
        write(&mut writer, command, open, is_new)?;
        let mut undo = writer.undo;
        undo.reverse();
        let change = tx.commit_with(self.options()).0;
        if let (
            Some(Overtaken {
                shown: Some(shown), ..
            }),
            Some(_),
        ) = (overtaken, change)
        {
            // What is taken back is the person's own value, not what others wrote meanwhile.
            undo = command.with_value(shown).into_iter().collect();
        }
        Ok((undo, change))
    }

    fn options(&self) -> CommitOptions {
        let mut options = CommitOptions::default().with_time(self.now.seconds());
        if let Some(source) = self.source {
            options.set_message(source);
        }
        options
    }

    /// Whether what the command writes changed since the version its writer saw. Fields that never
    /// ask take the new value as if it had been seen.
    fn overtaken(
        &self,
        doc: &Automerge,
        command: &Command,
    ) -> Result<Option<Overtaken>, CommandError> {
        let (Some(base), [path]) = (command.base(), &command.paths()[..]) else {
            return Ok(None);
        };
        let base = edit_text::base_heads(doc, base)?;
        let genesis = genesis::actor(&self.document);
        let found = match (path.resolve(self.identity.kind)?, command) {
            (Target::Register(register), _) if register.field.merge != Merge::Quiet => {
                let Place { maps, key, .. } = &register.place;
                map_at(doc, None, maps, &genesis)
                    .filter(|map| differs(doc, &base, map, key))
                    .map(|map| overtaken_register(doc, &map, &register, command))
            }
            (Target::Tags(set, _), Command::SetTag { tag, present, .. }) => {
                let map = map_at(doc, None, &set.place.maps, &genesis);
                let flags = map.and_then(|map| {
                    match container(doc, None, &map, &set.place.key, ObjType::Map, &genesis) {
                        Found::Here { id, .. } => Some(id),
                        _ => None,
                    }
                });
                flags
                    .filter(|flags| differs(doc, &base, flags, tag))
                    .map(|flags| {
                        let flags = get_all(doc, None, &flags, tag);
                        let here = flags.iter().any(|(flag, _)| flag.as_bool() == Some(true));
                        (None, here == *present)
                    })
            }
            _ => None,
        };
        Ok(found.map(|(shown, done)| Overtaken { base, shown, done }))
    }

    /// Whether the document has only its first changes.
    fn is_new(&self, doc: &Automerge) -> bool {
        let Identity {
            programme,
            reference,
            ..
        } = &self.identity;
        genesis::new_document(programme, reference)
            .is_ok_and(|new| new.get_heads() == doc.get_heads())
    }

    /// Whether what the command removes was removed already while somebody edited it.
    fn is_open(&self, doc: &Automerge, command: &Command) -> bool {
        let Command::Remove { path, .. } = command else {
            return false;
        };
        let kind = self.identity.kind;
        let genesis = genesis::actor(&self.document);
        let state = match path.resolve(kind) {
            Ok(Target::Record) => removal::state(doc, None, &ROOT, REMOVED),
            Ok(Target::Entry(entry)) => {
                let Place { maps, key, .. } = entry.register(REMOVED);
                map_at(doc, None, &maps, &genesis)
                    .and_then(|map| removal::state(doc, None, &map, &key))
            }
            _ => None,
        };
        state.is_some_and(|state| removal::question(doc, kind, &genesis, path, &state).is_some())
    }

    /// Whether the document lacks containers that these paths lead through.
    pub(super) fn is_behind(&self, doc: &Automerge, paths: &[FieldPath]) -> bool {
        paths.iter().any(|path| {
            path.resolve(self.identity.kind)
                .is_ok_and(|target| target.since() > self.identity.schema)
                || self.entries(path).iter().any(|entry| {
                    self.entry_object(doc, entry)
                        .is_some_and(|object| genesis::is_incomplete(doc, &object, entry.fields))
                })
        })
    }

    /// Adds the containers that these paths lead through.
    pub(super) fn complete(
        &self,
        doc: &mut Automerge,
        paths: &[FieldPath],
    ) -> Result<(), CommandError> {
        genesis::upgrade(doc, &self.identity)?;
        for entry in paths.iter().flat_map(|path| self.entries(path)) {
            if let Some(object) = self.entry_object(doc, &entry) {
                genesis::complete_entry(doc, &self.document, &object, entry.fields)?;
            }
        }
        Ok(())
    }

    /// The entries with a map object of their own on a path, the outer ones first.
    fn entries(&self, path: &FieldPath) -> Vec<Entry> {
        let mut entries = Vec::new();
        let mut prefix = Some(path.clone());
        while let Some(path) = prefix {
            if let Ok(Target::Entry(entry)) = path.resolve(self.identity.kind)
                && !entry.is_flat()
            {
                entries.push(entry);
            }
            prefix = path.parent();
        }
        entries.reverse();
        entries
    }

    fn entry_object(&self, doc: &Automerge, entry: &Entry) -> Option<ObjId> {
        let genesis = genesis::actor(&self.document);
        let map = map_at(doc, None, &entry.place.maps, &genesis)?;
        match container(doc, None, &map, &entry.place.key, ObjType::Map, &genesis) {
            Found::Here { id, .. } => Some(id),
            _ => None,
        }
    }
}

fn write(
    writer: &mut Writer<'_, '_>,
    command: &Command,
    open: bool,
    is_new: bool,
) -> Result<(), CommandError> {
    match command {
        Command::CreateRecord { values, .. } => create_record::apply(writer, values, is_new),
        Command::SetField { path, value, .. } => set_field::apply(writer, path, value),
        Command::SetTag {
            path, tag, present, ..
        } => set_tag::apply(writer, path, tag, *present),
        Command::AddEntry { path, values, .. } => add_entry::apply(writer, path, values),
        Command::Remove { path, reason, .. } => {
            remove::remove(writer, path, reason.as_deref(), open)
        }
        Command::Restore { path, .. } => remove::restore(writer, path),
        Command::Settle {
            path,
            value,
            reason,
            ..
        } => settle::apply(writer, path, value, reason.as_deref()),
        // Carried out on the version its writer saw, in a transaction of its own.
        Command::EditText { .. } => Ok(()),
    }
}

/// A transaction on the version `base`, whose effect merges with what was written since.
fn transaction_at<'d>(
    doc: &'d mut Automerge,
    base: &[ChangeHash],
) -> Result<Transaction<'d>, CommandError> {
    doc.transaction_at(PatchLog::inactive(), base)
        .map_err(|error| CommandError::Document(error.to_string()))
}

/// Whether a register holds anything else than it did at `base`.
fn differs(doc: &Automerge, base: &[ChangeHash], map: &ObjId, key: &str) -> bool {
    let ids = |at| {
        let all = get_all(doc, at, map, key);
        all.into_iter().map(|(_, id)| id).collect::<Vec<_>>()
    };
    ids(None) != ids(Some(base))
}

/// The value that a register shows, and whether it is already what the command wants.
fn overtaken_register(
    doc: &Automerge,
    map: &ObjId,
    register: &Register,
    command: &Command,
) -> (Option<Value>, bool) {
    let Register {
        field,
        scalar,
        place,
    } = register;
    let values = Values::read(doc, None, map, &place.key, scalar);
    let shown = values.shown(field.merge, scalar).clone();
    let wanted = match command {
        Command::SetField { value, .. } | Command::Settle { value, .. } => {
            value::from_json(scalar, value).and_then(|new| value::to_json(scalar, &new))
        }
        _ => return (Some(shown), false),
    };
    // A value that does not fit is refused when it is written.
    let done = wanted.is_ok_and(|wanted| wanted == shown) && !values.is_open(field.merge);
    (Some(shown), done)
}
