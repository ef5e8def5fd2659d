//! The operations of one change, one by one: that they are such as Automerge makes.
//!
//! Automerge takes others too, and panics while it applies them or when it reads them back.

use std::collections::BTreeMap;

use super::column;
use crate::sync::admission::columns::Columns;
use crate::sync::admission::refusal::bad_chunk;
use crate::sync::admission::runs::{Flags, Rows, outside};
use crate::sync::policy::Refusal;

/// Action that makes an object with texts as keys.
const MAP: u64 = 0;
/// Action that makes a list.
const LIST: u64 = 2;
/// Action that makes a text.
const TEXT: u64 = 4;
/// Action that deletes.
pub(in crate::sync::admission) const DELETE: u64 = 3;
/// Action that adds to a counter.
pub(in crate::sync::admission) const INCREMENT: u64 = 5;
/// Action that begins or ends the marking of a text.
const MARK: u64 = 7;

/// Whether an operation of this action can be: something that is there can be deleted or added to
/// but not inserted, and only texts are marked, which have no named places.
pub(in crate::sync::admission) fn is_possible(action: u64, inserts: bool, named: bool) -> bool {
    match action {
        DELETE | INCREMENT => !inserts,
        MARK => !named,
        _ => !(inserts && named),
    }
}

/// Whether an operation of this action makes an object, and if so whether one with texts as keys.
/// Tables, which no Automerge makes any more, are not among them: nothing can be put into one.
pub(in crate::sync::admission) fn makes(action: u64) -> Option<bool> {
    match action {
        MAP => Some(true),
        LIST | TEXT => Some(false),
        _ => None,
    }
}

/// Actor, as its place in the change's list, and counter of an operation.
pub(super) type Id = (Option<u64>, u64);

/// What a change does with objects.
#[derive(Debug, Default)]
pub(super) struct Objects {
    /// Those that it does something in, and whether that has texts as keys.
    pub(super) used: BTreeMap<Id, bool>,
    /// Those that it makes, and whether they have texts as keys.
    pub(super) made: BTreeMap<u64, bool>,
}

/// Goes through `count` operations that are numbered from `start`.
pub(super) fn check(columns: &Columns<'_>, count: u64, start: u64) -> Result<Objects, Refusal> {
    let mut action = Rows::<u64>::new(columns.get(column::ACTION), count);
    let mut insert = Flags::new(columns.get(column::INSERT));
    let mut text = Rows::<&str>::new(columns.get(column::KEY_TEXT), count);
    let mut key_counter = Rows::<i64>::new(columns.get(column::KEY_COUNTER), count);
    let mut object_actor = Rows::<u64>::new(columns.get(column::OBJECT_ACTOR), count);
    let mut object_counter = Rows::<u64>::new(columns.get(column::OBJECT_COUNTER), count);
    let mut predecessors = Predecessors::new(columns, count);
    let mut objects = Objects::default();
    let mut last = None;
    for id in start..start + count {
        let named = text.row()?.is_some();
        let inserts = insert.row();
        let action = action.row()?.unwrap_or(0);
        if (named && inserts) || !is_possible(action, inserts, named) {
            return Err(bad_chunk("a change has an operation that cannot be"));
        }
        let object = (object_actor.row()?, object_counter.row()?.unwrap_or(0));
        if last != Some((object, named)) {
            last = Some((object, named));
            if *objects.used.entry(object).or_insert(named) != named {
                return Err(bad_chunk("a change uses an object as a map and as a list"));
            }
        }
        let element = key_counter.absolute()?.map_or(0, i64::unsigned_abs);
        if object.1 >= id || element >= id {
            return Err(outside());
        }
        if let Some(named) = makes(action) {
            objects.made.insert(id, named);
        }
        let replaced = predecessors.check(id)?;
        if action == DELETE && replaced == 0 {
            return Err(bad_chunk("a change deletes nothing"));
        }
    }
    Ok(objects)
}

/// The operations that operations replace.
struct Predecessors<'a> {
    counts: Rows<'a, u64>,
    actors: Rows<'a, u64>,
    counters: Rows<'a, i64>,
    row: Vec<Id>,
}

impl<'a> Predecessors<'a> {
    fn new(columns: &'a Columns<'_>, count: u64) -> Self {
        Self {
            counts: Rows::new(columns.get(column::PREDECESSORS), count),
            actors: Rows::new(columns.get(column::PREDECESSOR_ACTOR), u64::MAX),
            counters: Rows::new(columns.get(column::PREDECESSOR_COUNTER), u64::MAX),
            row: Vec::new(),
        }
    }

    /// Counts those of the next operation, which must be earlier than `id`, and each only once.
    fn check(&mut self, id: u64) -> Result<u64, Refusal> {
        self.row.clear();
        let count = self.counts.row()?.unwrap_or(0);
        for _ in 0..count {
            let actor = self.actors.row()?;
            let counter = self.counters.absolute()?.map_or(0, i64::unsigned_abs);
            if actor.is_none() || !(1..id).contains(&counter) {
                return Err(outside());
            }
            self.row.push((actor, counter));
        }
        self.row.sort_unstable();
        if self.row.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(bad_chunk("a change replaces the same operation twice"));
        }
        Ok(count)
    }
}
