//! Whether changes fit a document, asked before Automerge applies them.
//!
//! Automerge panics on a change that leaves out one of the same actor or refers to an actor or an
//! object the document does not know, and applies one whose operations do not follow on those it
//! builds on, after which nobody can load the document.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use automerge::{ActorId, Automerge, ChangeHash, ObjId, ObjType, ReadDoc};

use super::{has, receive};
use crate::sync::admission::{ScannedChange, equivocation};
use crate::sync::policy::Refusal;

/// The last change of every actor of a document.
#[derive(Debug, Clone, Default)]
pub(in crate::sync) struct Actors {
    /// What these are up to date with.
    heads: Vec<ChangeHash>,
    last: BTreeMap<ActorId, Last>,
}

/// Number of an actor's last change, and of the last operation in it.
#[derive(Debug, Clone, Copy, Default)]
struct Last {
    seq: u64,
    op: u64,
}

impl Actors {
    /// Catches up with the document. Costs as much as it has changes since the last time.
    pub(super) fn follow(&mut self, doc: &Automerge) {
        let heads = doc.get_heads();
        if heads == self.heads {
            return;
        }
        for change in doc.get_changes_meta(&self.heads) {
            let last = self.last.entry(change.actor.into_owned()).or_default();
            last.seq = last.seq.max(change.seq);
            last.op = last.op.max(change.max_op);
        }
        self.heads = heads;
    }
}

/// Checks changes in the order Automerge would apply them in. Returns those that it would not,
/// because they build on others that are not here.
pub(super) fn check<'s>(
    doc: &Automerge,
    mut actors: Actors,
    changes: impl Iterator<Item = &'s ScannedChange>,
) -> Result<Vec<ScannedChange>, Refusal> {
    let mut seen = BTreeSet::new();
    let mut numbers = BTreeSet::new();
    let mut pool = Vec::new();
    for change in changes {
        if seen.insert(change.hash) && !has(doc, &change.hash) {
            if !numbers.insert((&change.actor, change.seq)) {
                return Err(equivocation());
            }
            pool.push(change);
        }
    }
    let mut waits: Vec<usize> = Vec::new();
    let mut dependents: BTreeMap<ChangeHash, Vec<usize>> = BTreeMap::new();
    for (place, change) in pool.iter().enumerate() {
        let absent = change.deps.iter().filter(|dep| !has(doc, dep));
        waits.push(absent.clone().count());
        for dep in absent {
            dependents.entry(*dep).or_default().push(place);
        }
    }
    let mut ends: BTreeMap<ChangeHash, u64> = BTreeMap::new();
    let mut made: BTreeMap<(&ActorId, u64), bool> = BTreeMap::new();
    let mut ready: VecDeque<_> = (0..pool.len()).filter(|place| waits[*place] == 0).collect();
    while let Some(place) = ready.pop_front() {
        let change = pool[place];
        one(doc, &mut actors, &ends, change)?;
        made.extend(
            change
                .made
                .iter()
                .map(|(id, map)| ((&change.actor, *id), *map)),
        );
        let there = |(actor, id, map): &(ActorId, u64, bool)| {
            let new = made.get(&(actor, *id)).copied();
            new.or_else(|| is_map(doc, actor, *id)) == Some(*map)
        };
        if !change.objects.iter().all(there) {
            return Err(receive::unreadable(
                "they put something into an object that is not in the document",
            ));
        }
        ends.insert(change.hash, change.last_op());
        for dependent in dependents.remove(&change.hash).unwrap_or_default() {
            waits[dependent] -= 1;
            if waits[dependent] == 0 {
                ready.push_back(dependent);
            }
        }
    }
    let left = pool.iter().filter(|c| !ends.contains_key(&c.hash));
    Ok(left.map(|change| (*change).clone()).collect())
}

/// Whether an object of the document is a map; nothing if there is no such object.
fn is_map(doc: &Automerge, actor: &ActorId, counter: u64) -> Option<bool> {
    // The place among the document's actors is a hint, which Automerge checks.
    match doc.object_type(ObjId::Id(counter, actor.clone(), 0)).ok()? {
        ObjType::Map => Some(true),
        ObjType::List | ObjType::Text => Some(false),
        ObjType::Table => None,
    }
}

/// Checks one change when all it builds on is in the document or among `ends`.
fn one(
    doc: &Automerge,
    actors: &mut Actors,
    ends: &BTreeMap<ChangeHash, u64>,
    change: &ScannedChange,
) -> Result<(), Refusal> {
    let own = actors.last.get(&change.actor).copied().unwrap_or_default();
    if change.seq <= own.seq {
        return Err(equivocation());
    }
    if change.seq != own.seq + 1 {
        return Err(receive::unreadable("one of the same device is left out"));
    }
    let known = |actor: &ActorId| actors.last.contains_key(actor);
    if !change.other_actors.iter().all(known) {
        return Err(receive::unreadable(
            "they refer to a device that the document does not know",
        ));
    }
    let end = |dep: &ChangeHash| {
        let old = || doc.get_change_meta_by_hash(dep).map(|change| change.max_op);
        ends.get(dep).copied().or_else(old).unwrap_or(0)
    };
    let before = change.deps.iter().map(end).max().unwrap_or(0);
    // A change builds on the one before it of the same device. Nothing but what it builds on tells
    // the number of a change without operations.
    let follows = if change.operations == 0 {
        change.start_op == before + 1
    } else {
        change.start_op > before
    };
    if !follows || before < own.op {
        return Err(receive::unreadable("operations are not numbered onwards"));
    }
    let last = Last {
        seq: change.seq,
        op: own.op.max(change.last_op()),
    };
    actors.last.insert(change.actor.clone(), last);
    Ok(())
}
