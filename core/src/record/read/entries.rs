//! Reads entries: map objects of their own, or registers kept flat in one map.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::register::Level;
use super::{PRESENT, Reader, plain};
use crate::conflict::removal;
use crate::genesis::REMOVED;
use crate::id::{RecordRef, is_key};
use crate::record::path::FieldPath;
use crate::record::{EntryKey, Field};

impl Reader<'_> {
    /// Reads entries that have a map object each.
    pub(super) fn entries(
        &mut self,
        level: &Level,
        key: &EntryKey,
        fields: &'static [Field],
        path: &FieldPath,
    ) -> Map<String, Value> {
        let mut json = Map::new();
        let fixed = matches!(key, EntryKey::Fixed(_));
        for name in level.keys() {
            let here = path.clone().join(name);
            if !is_key(name) {
                self.problem(
                    path,
                    format!("the key {name:?} of an entry has a wrong form"),
                );
            }
            let Some(within) = self.map(level.all(name), &here) else {
                continue;
            };
            let removal = removal::state_of(within.all(REMOVED));
            let (complete, kept) = (removal.is_none(), self.out.missing.len());
            let mut entry = self.object(&within, fields, &[REMOVED], &here, complete);
            if fixed && entry.is_empty() && removal.is_none() {
                // A fixed entry nobody filled in is not there, so nothing in it is missing.
                self.out.missing.truncate(kept);
                continue;
            }
            self.mark(&mut entry, removal, &here);
            json.insert(name.to_owned(), Value::Object(entry));
        }
        json
    }

    /// Reads entries that are kept flat in one map.
    pub(super) fn flat_entries(
        &mut self,
        level: &Level,
        fields: &'static [Field],
        path: &FieldPath,
    ) -> Map<String, Value> {
        let mut names: BTreeMap<&str, bool> = BTreeMap::new();
        for key in level.keys() {
            let Some((entry, _)) = key.split_once('|') else {
                self.problem(path, format!("found {key:?}, expected kind/key|field"));
                continue;
            };
            let filled = level.all(key).iter().any(|(value, _)| !value.is_null());
            *names.entry(entry).or_default() |= filled;
        }
        let mut json = Map::new();
        for (name, _) in names.into_iter().filter(|(_, filled)| *filled) {
            let Ok(record) = name.parse::<RecordRef>() else {
                self.problem(
                    path,
                    format!("found {name:?}, expected a reference kind/key"),
                );
                continue;
            };
            let here = path.clone().join_record(record);
            let removal = removal::state_of(level.all(&format!("{name}|{REMOVED}")));
            let mut entry = self.flat(level, name, fields, &here, removal.is_none());
            self.mark(&mut entry, removal, &here);
            json.insert(name.to_owned(), Value::Object(entry));
        }
        json
    }

    /// Marks a removed entry and asks about it if it was edited at the same time.
    fn mark(
        &mut self,
        entry: &mut Map<String, Value>,
        removal: Option<removal::State>,
        path: &FieldPath,
    ) {
        let Some(removal) = removal else { return };
        if self.questions {
            let conflict = removal::question(self.doc, self.kind, self.genesis, path, &removal);
            self.out.conflicts.extend(conflict);
        }
        entry.insert(REMOVED.to_owned(), removal.json());
    }

    /// Reads a flat entry: the registers in a map whose key begins with `prefix|`.
    pub(super) fn flat(
        &mut self,
        level: &Level,
        prefix: &str,
        fields: &'static [Field],
        path: &FieldPath,
        complete: bool,
    ) -> Map<String, Value> {
        let mut json = Map::new();
        for field in fields {
            let here = path.clone().join(field.name);
            let all = level.all(&format!("{prefix}|{}", field.name));
            let value = self.field(all, field, &here);
            self.keep(&mut json, field, value, &here, complete);
        }
        for key in level.keys() {
            let Some((_, name)) = key.split_once('|').filter(|(entry, _)| *entry == prefix) else {
                continue;
            };
            let known = fields.iter().any(|field| field.name == name);
            if !known && name != PRESENT && name != REMOVED {
                let value = plain::plain(self.doc, self.at, level.all(key));
                json.extend(value.map(|value| (name.to_owned(), value)));
            }
        }
        json
    }
}
