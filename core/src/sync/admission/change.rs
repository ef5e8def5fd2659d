//! One change: what its head says, and what its columns would cost to apply.

use std::collections::BTreeMap;

use automerge::{ActorId, Author, ChangeHash};

use super::budget::Budget;
use super::columns::{Columns, Layout};
use super::reader::Reader;
use super::refusal::{bad_chunk, too_many_heads, too_many_in_change};
use super::runs::{differences, flags, lengths, longer, numbers, outside, texts};
use crate::sync::policy::Refusal;
use crate::wire::limits::{ACTORS, CHANGE_OPERATIONS, CHANGE_TIME, HEADS};

pub(super) mod rows;

/// Highest counter of an operation that Automerge can hold.
pub(super) const MAX_COUNTER: u64 = u32::MAX as u64;

/// Highest action that Automerge knows.
pub(super) const MAX_ACTION: u64 = 7;

/// Columns of a change, each its number times 16 and its type.
mod column {
    pub(super) const OBJECT_ACTOR: u32 = 0x01;
    pub(super) const OBJECT_COUNTER: u32 = 0x02;
    pub(super) const KEY_ACTOR: u32 = 0x11;
    pub(super) const KEY_COUNTER: u32 = 0x13;
    pub(super) const KEY_TEXT: u32 = 0x15;
    pub(super) const INSERT: u32 = 0x34;
    pub(super) const ACTION: u32 = 0x42;
    pub(super) const VALUE_LENGTH: u32 = 0x56;
    pub(super) const VALUE: u32 = 0x57;
    pub(super) const PREDECESSORS: u32 = 0x70;
    pub(super) const PREDECESSOR_ACTOR: u32 = 0x71;
    pub(super) const PREDECESSOR_COUNTER: u32 = 0x73;
    pub(super) const EXPAND: u32 = 0x94;
    pub(super) const MARK_NAME: u32 = 0xa5;
}

/// What one change says about itself. Nothing of it is proved except the hash.
#[derive(Debug, Clone, PartialEq)]
pub struct ScannedChange {
    /// Its hash.
    pub hash: ChangeHash,
    /// The changes it builds on.
    pub deps: Vec<ChangeHash>,
    /// Who made it.
    pub actor: ActorId,
    /// The actors whose operations it refers to. Automerge panics on one that no change before it
    /// came from.
    pub other_actors: Vec<ActorId>,
    /// The objects that it does something in: who made them, the counter of that operation, and
    /// whether they are maps. The root is not among them. Automerge panics on others than there are.
    pub objects: Vec<(ActorId, u64, bool)>,
    /// The objects that it makes, and whether they are maps.
    pub made: BTreeMap<u64, bool>,
    /// The how-manieth of its actor, from 1. Automerge panics where one is left out.
    pub seq: u64,
    /// Counter of its first operation.
    pub start_op: u64,
    /// How many operations it has.
    pub operations: u64,
    /// The person it names, if any.
    pub author: Option<Author<'static>>,
}

impl ScannedChange {
    /// Counter of its last operation, or of the last before it if it has none. Those of a change
    /// that builds on it must be higher.
    pub fn last_op(&self) -> u64 {
        (self.start_op + self.operations).saturating_sub(1)
    }
}

/// Scans the body of a change that has the hash `hash`.
pub(super) fn scan(
    body: &[u8],
    hash: ChangeHash,
    budget: &mut Budget,
) -> Result<ScannedChange, Refusal> {
    let mut reader = Reader::new(body);
    let mut change = head(&mut reader, hash)?;
    let layout = Layout::read(&mut reader)?;
    let columns = Columns::plain(layout.take(&mut reader)?)?;
    change.author = author(reader.rest(), change.seq)?;
    change.operations = operations(&columns, change.other_actors.len() as u64, budget)?;
    let last = change.start_op.checked_add(change.operations);
    if last.is_none_or(|last| last > MAX_COUNTER) {
        return Err(outside());
    }
    budget.spend_change(change.operations)?;
    let objects = rows::check(&columns, change.operations, change.start_op)?;
    for ((actor, counter), map) in objects.used {
        let Some(place) = actor else {
            if !map {
                return Err(bad_chunk("a change uses the root as a list"));
            }
            continue;
        };
        // The change's own actor comes first in the list.
        let other = place.checked_sub(1).and_then(|at| usize::try_from(at).ok());
        let actor = match other {
            Some(at) => change.other_actors.get(at).ok_or_else(outside)?,
            None => &change.actor,
        };
        change.objects.push((actor.clone(), counter, map));
    }
    change.made = objects.made;
    Ok(change)
}

fn head(reader: &mut Reader<'_>, hash: ChangeHash) -> Result<ScannedChange, Refusal> {
    let cut = || bad_chunk("the head of a change is damaged");
    let count = reader.unsigned().ok_or_else(cut)?;
    if count > HEADS {
        return Err(too_many_heads());
    }
    let mut deps = Vec::new();
    for _ in 0..count {
        deps.push(reader.hash().ok_or_else(cut)?);
    }
    let actor = ActorId::from(reader.prefixed().ok_or_else(cut)?);
    let seq = reader.unsigned().ok_or_else(cut)?;
    let start_op = reader.unsigned().ok_or_else(cut)?;
    let time = reader.signed().ok_or_else(cut)?;
    if time.unsigned_abs() > CHANGE_TIME {
        return Err(bad_chunk("the time of a change is none"));
    }
    let message = reader.prefixed().ok_or_else(cut)?;
    if std::str::from_utf8(message).is_err() {
        return Err(bad_chunk("the message of a change is not text"));
    }
    if !(1..=MAX_COUNTER).contains(&seq) || !(1..=MAX_COUNTER).contains(&start_op) {
        return Err(bad_chunk(
            "a change has a number outside of what it may have",
        ));
    }
    Ok(ScannedChange {
        hash,
        deps,
        actor,
        other_actors: actors(reader)?,
        objects: Vec::new(),
        made: BTreeMap::new(),
        seq,
        start_op,
        operations: 0,
        author: None,
    })
}

/// A list of actors.
pub(super) fn actors(reader: &mut Reader<'_>) -> Result<Vec<ActorId>, Refusal> {
    let cut = || bad_chunk("the list of its actors is damaged");
    let count = reader.unsigned().ok_or_else(cut)?;
    if count > ACTORS {
        return Err(bad_chunk("it names more actors than a document may have"));
    }
    let mut actors = Vec::new();
    for _ in 0..count {
        actors.push(ActorId::from(reader.prefixed().ok_or_else(cut)?));
    }
    Ok(actors)
}

/// The person that a change names in the bytes after its columns, read as leniently as Automerge
/// does. Automerge panics where another than an actor's first change names one.
pub(super) fn author(extra: &[u8], seq: u64) -> Result<Option<Author<'static>>, Refusal> {
    let mut reader = Reader::new(extra);
    if reader.any_unsigned() != Some(1) {
        return Ok(None);
    }
    let Some(length) = reader.any_unsigned() else {
        return Ok(None);
    };
    if seq != 1 {
        return Err(bad_chunk("a later change of an actor names an author"));
    }
    Ok(reader
        .take(length)
        .map(|bytes| Author::from(bytes.to_vec())))
}

/// Checks the columns and counts the operations.
fn operations(columns: &Columns<'_>, others: u64, budget: &mut Budget) -> Result<u64, Refusal> {
    let get = |kind| columns.get(kind);
    let action = numbers(
        get(column::ACTION),
        CHANGE_OPERATIONS,
        MAX_ACTION,
        too_many_in_change,
    )?;
    let rows = action.rows;
    if rows > budget.operations() {
        return Err(super::refusal::too_many_in_message());
    }
    // Actors are places in a list in which the change's own comes first.
    for actors in [column::OBJECT_ACTOR, column::KEY_ACTOR] {
        numbers(get(actors), rows, others, longer)?;
    }
    numbers(get(column::OBJECT_COUNTER), rows, MAX_COUNTER, longer)?;
    differences(get(column::KEY_COUNTER), rows, 0, MAX_COUNTER as i64)?;
    texts(get(column::KEY_TEXT), rows, budget)?;
    flags(get(column::INSERT), rows)?;
    values(get(column::VALUE_LENGTH), get(column::VALUE), rows)?;
    flags(get(column::EXPAND), rows)?;
    texts(get(column::MARK_NAME), rows, budget)?;
    let links = numbers(get(column::PREDECESSORS), rows, u64::MAX, longer)?.sum;
    budget.spend_links(links)?;
    numbers(get(column::PREDECESSOR_ACTOR), links, others, longer)?;
    differences(
        get(column::PREDECESSOR_COUNTER),
        links,
        0,
        MAX_COUNTER as i64,
    )?;
    Ok(rows)
}

/// Checks that values claim exactly the bytes that there are. Automerge drops bytes that no value
/// has, and then does not find the change's hash again.
pub(super) fn values(headers: &[u8], values: &[u8], rows: u64) -> Result<u64, Refusal> {
    let totals = lengths(headers, rows)?;
    if totals.sum != values.len() as u64 {
        return Err(bad_chunk("its values are longer or shorter than it says"));
    }
    Ok(totals.rows)
}
