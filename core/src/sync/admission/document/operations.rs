//! The operations of a whole document.

use std::collections::{BTreeMap, BTreeSet};

use super::{MAX_ACTION, MAX_COUNTER, Span, claimed, uneven, values};
use crate::sync::admission::budget::Budget;
use crate::sync::admission::change::rows::{DELETE, INCREMENT, is_possible, makes};
use crate::sync::admission::columns::Columns;
use crate::sync::admission::refusal::bad_chunk;
use crate::sync::admission::runs::{
    Flags, Rows, Totals, differences, flags, longer, numbers, outside, texts,
};
use crate::sync::policy::Refusal;

/// Columns of a document's operations, each its number times 16 and its type.
mod column {
    pub(super) const OBJECT_ACTOR: u32 = 0x01;
    pub(super) const OBJECT_COUNTER: u32 = 0x02;
    pub(super) const KEY_ACTOR: u32 = 0x11;
    pub(super) const KEY_COUNTER: u32 = 0x13;
    pub(super) const KEY_TEXT: u32 = 0x15;
    pub(super) const ID_ACTOR: u32 = 0x21;
    pub(super) const ID_COUNTER: u32 = 0x23;
    pub(super) const INSERT: u32 = 0x34;
    pub(super) const ACTION: u32 = 0x42;
    pub(super) const VALUE_LENGTH: u32 = 0x56;
    pub(super) const VALUE: u32 = 0x57;
    pub(super) const SUCCESSORS: u32 = 0x80;
    pub(super) const SUCCESSOR_ACTOR: u32 = 0x81;
    pub(super) const SUCCESSOR_COUNTER: u32 = 0x83;
    pub(super) const EXPAND: u32 = 0x94;
    pub(super) const MARK_NAME: u32 = 0xa5;
}

/// Types of the values that can be added to a counter: whole numbers without and with a sign.
const INTEGERS: [u64; 2] = [3, 4];

/// Actor and counter of an operation. Of an object or key: null for the root or the head.
type Id = (Option<u64>, Option<u64>);

/// Checks the operations of a document whose changes claim those in `spans`.
pub(super) fn scan(
    columns: &Columns<'_>,
    actors: u64,
    spans: &[Span],
    budget: &mut Budget,
) -> Result<(), Refusal> {
    let get = |kind| columns.get(kind);
    let last_actor = actors.saturating_sub(1);
    let max = MAX_COUNTER as i64;
    let ids = numbers(
        get(column::ID_ACTOR),
        claimed(spans),
        last_actor,
        not_claimed,
    )?;
    let rows = ids.rows;
    let whole = |totals: Totals| {
        let even = totals.rows == rows && totals.nulls == 0;
        even.then_some(()).ok_or_else(uneven)
    };
    whole(ids)?;
    whole(differences(get(column::ID_COUNTER), rows, 1, max)?)?;
    whole(numbers(get(column::ACTION), rows, MAX_ACTION, longer)?)?;
    let successors = numbers(get(column::SUCCESSORS), rows, u64::MAX, longer)?;
    whole(successors)?;
    let lengths = values(get(column::VALUE_LENGTH), get(column::VALUE), rows)?;
    if lengths != rows {
        return Err(uneven());
    }
    numbers(get(column::OBJECT_ACTOR), rows, last_actor, longer)?;
    numbers(get(column::OBJECT_COUNTER), rows, MAX_COUNTER, longer)?;
    numbers(get(column::KEY_ACTOR), rows, last_actor, longer)?;
    differences(get(column::KEY_COUNTER), rows, 0, max)?;
    texts(get(column::KEY_TEXT), rows, budget)?;
    texts(get(column::MARK_NAME), rows, budget)?;
    flags(get(column::INSERT), rows)?;
    flags(get(column::EXPAND), rows)?;
    let links = successors.sum;
    budget.spend_links(links)?;
    let actors = numbers(get(column::SUCCESSOR_ACTOR), links, last_actor, longer)?;
    let counters = differences(get(column::SUCCESSOR_COUNTER), links, 1, max)?;
    if actors.rows != links || counters.rows != links || actors.nulls + counters.nulls > 0 {
        return Err(uneven());
    }
    let ids = distinct(columns, rows, links)?;
    complete(&ids, spans)
}

/// Checks that no operation stands in the document twice, and that what operations are in was made
/// by one of them and is of the right kind, without which Automerge panics. An operation that
/// deletes has no row of its own: it is what comes after an operation and has no row under the same
/// key. Returns the ids of all of them in order.
fn distinct(columns: &Columns<'_>, rows: u64, links: u64) -> Result<Vec<Id>, Refusal> {
    let mut ids = Ids::new(columns, column::ID_ACTOR, column::ID_COUNTER, rows);
    let mut keys = Keys::new(columns, rows);
    let mut counts = Rows::<u64>::new(columns.get(column::SUCCESSORS), rows);
    let mut successors = Ids::new(
        columns,
        column::SUCCESSOR_ACTOR,
        column::SUCCESSOR_COUNTER,
        links,
    );
    let mut seen: Vec<Id> = Vec::new();
    let mut deletions: BTreeSet<Id> = BTreeSet::new();
    let mut used: BTreeMap<Id, bool> = BTreeMap::new();
    let mut made: BTreeMap<Id, bool> = BTreeMap::new();
    let mut elements = Elements::default();
    let mut last = None;
    for row in 0..rows {
        let id = ids.id()?;
        let Row { key, action, after } = keys.row(id)?;
        if let Some(after) = after {
            // The first element comes after nothing.
            if after.0.is_some() {
                elements.needs(key.object, after, row);
            }
            elements.add(key.object, id, row);
        } else if key.text.is_none() {
            elements.needs(key.object, key.element, row);
        }
        if let Some(map) = makes(action) {
            made.insert(id, map);
        }
        let key = Some(key);
        if key != last {
            if let Some(key) = &key
                && key.object.0.is_some()
                && *used.entry(key.object).or_insert(key.text.is_some()) != key.text.is_some()
            {
                return Err(bad_chunk(
                    "a document uses an object as a map and as a list",
                ));
            }
            seen.extend(std::mem::take(&mut deletions));
            last = key;
        }
        deletions.remove(&id);
        seen.push(id);
        for _ in 0..counts.row()?.unwrap_or(0) {
            deletions.insert(successors.id()?);
        }
    }
    if used.iter().any(|(id, map)| made.get(id) != Some(map)) {
        return Err(bad_chunk("a document uses an object that is not in it"));
    }
    elements.check()?;
    seen.extend(deletions);
    seen.sort_unstable();
    if seen.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(bad_chunk("a document has the same operation twice"));
    }
    Ok(seen)
}

/// The elements of lists and texts, and what needs them. There are as many as characters, so they
/// are sorted once instead of looked up one by one.
#[derive(Default)]
struct Elements {
    /// Each with what it is in and the row it stands in.
    all: Vec<(u128, u128, u64)>,
    /// Each that an operation needs, in what, and the row of that operation.
    needed: Vec<(u128, u128, u64)>,
}

impl Elements {
    fn add(&mut self, object: Id, element: Id, row: u64) {
        self.all.push((packed(element), packed(object), row));
    }

    fn needs(&mut self, object: Id, element: Id, row: u64) {
        let (element, object) = (packed(element), packed(object));
        // Who types, and what changes an element, comes right after it.
        if !matches!(self.all.last(), Some(last) if (last.0, last.1) == (element, object)) {
            self.needed.push((element, object, row));
        }
    }

    /// Checks that all that are needed stand before what needs them, in the same object. Of one
    /// that stands there twice only one counts; the document is refused for that.
    fn check(mut self) -> Result<(), Refusal> {
        self.all.sort_unstable();
        self.needed.sort_unstable();
        let mut all = self.all.iter().peekable();
        for (element, object, row) in &self.needed {
            while all.next_if(|(other, _, _)| other < element).is_some() {}
            let found = all.peek();
            if !found.is_some_and(|it| it.0 == *element && it.1 == *object && it.2 < *row) {
                return Err(bad_chunk(
                    "a document uses an element that is not there before",
                ));
            }
        }
        Ok(())
    }
}

/// An id as one number: they are compared very often.
fn packed((actor, counter): Id) -> u128 {
    let part = |part: Option<u64>| u128::from(part.map_or(0, |part| part.saturating_add(1)));
    part(actor) << 64 | part(counter)
}

/// Checks that every operation is of a change, and that every change has those that it claims:
/// Automerge panics when it writes one that has not. Only the first of them may be missing, of a
/// change that was made when its author already had others than those it builds on.
fn complete(ids: &[Id], spans: &[Span]) -> Result<(), Refusal> {
    let mut rest = ids.len() as u64;
    for span in spans.iter().filter(|span| span.start < span.end) {
        let up_to = |counter| ids.partition_point(|id| *id <= (Some(span.actor), Some(counter)));
        let own = &ids[up_to(span.start)..up_to(span.end)];
        let first = own.first().and_then(|id| id.1).ok_or_else(not_claimed)?;
        // They are distinct and within the span: as many as from the first to the end are all.
        if own.len() as u64 != span.end - first + 1 {
            return Err(not_claimed());
        }
        rest -= own.len() as u64;
    }
    if rest > 0 {
        return Err(not_claimed());
    }
    Ok(())
}

fn not_claimed() -> Refusal {
    bad_chunk("its changes claim other operations than it has")
}

/// A pair of columns with the ids of operations.
struct Ids<'a> {
    actors: Rows<'a, u64>,
    counters: Rows<'a, i64>,
}

impl<'a> Ids<'a> {
    fn new(columns: &'a Columns<'_>, actors: u32, counters: u32, rows: u64) -> Self {
        Self {
            actors: Rows::new(columns.get(actors), rows),
            counters: Rows::new(columns.get(counters), rows),
        }
    }

    fn id(&mut self) -> Result<Id, Refusal> {
        let counter = self.counters.absolute()?.map(i64::unsigned_abs);
        Ok((self.actors.row()?, counter))
    }
}

/// What an operation applies to.
#[derive(Debug, PartialEq, Eq)]
struct Key<'a> {
    object: Id,
    element: Id,
    text: Option<&'a str>,
}

/// An operation, as far as it is looked at.
struct Row<'a> {
    key: Key<'a>,
    action: u64,
    /// What an inserted element comes after.
    after: Option<Id>,
}

/// The columns that say what operations apply to.
struct Keys<'a> {
    object_actors: Rows<'a, u64>,
    object_counters: Rows<'a, u64>,
    elements: Ids<'a>,
    texts: Rows<'a, &'a str>,
    inserts: Flags<'a>,
    actions: Rows<'a, u64>,
    values: Rows<'a, u64>,
}

impl<'a> Keys<'a> {
    fn new(columns: &'a Columns<'_>, rows: u64) -> Self {
        Self {
            object_actors: Rows::new(columns.get(column::OBJECT_ACTOR), rows),
            object_counters: Rows::new(columns.get(column::OBJECT_COUNTER), rows),
            elements: Ids::new(columns, column::KEY_ACTOR, column::KEY_COUNTER, rows),
            texts: Rows::new(columns.get(column::KEY_TEXT), rows),
            inserts: Flags::new(columns.get(column::INSERT)),
            actions: Rows::new(columns.get(column::ACTION), rows),
            values: Rows::new(columns.get(column::VALUE_LENGTH), rows),
        }
    }

    /// The next operation, whose id is `id`: an element that is inserted is its own key.
    fn row(&mut self, id: Id) -> Result<Row<'a>, Refusal> {
        let object = (self.object_actors.row()?, self.object_counters.row()?);
        let element = self.elements.id()?;
        let text = self.texts.row()?;
        let inserts = self.inserts.row();
        let action = self.actions.row()?.unwrap_or(0);
        if object.0.is_some() != object.1.is_some() || (text.is_some() && inserts) {
            return Err(outside());
        }
        let value = self.values.row()?.unwrap_or(0) & 0xf;
        // Automerge would drop an operation that deletes and has a row, and miss it later, and
        // would panic where something else than a number is added to a counter.
        if action == DELETE
            || (action == INCREMENT && !INTEGERS.contains(&value))
            || !is_possible(action, inserts, text.is_some())
        {
            return Err(bad_chunk("a document has an operation that cannot be"));
        }
        let key = Key {
            object,
            element: if inserts { id } else { element },
            text,
        };
        Ok(Row {
            key,
            action,
            after: inserts.then_some(element),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_an_element_stands_after_it_in_the_same_object() {
        let id = |counter| (Some(0), Some(counter));
        let [text, list] = [id(1), id(2)];
        let checked = |needs: &[(Id, Id, u64)]| {
            let mut elements = Elements::default();
            for row in [4, 5, 7] {
                elements.add(text, id(10 + row), row);
            }
            for (object, element, row) in needs {
                elements.needs(*object, *element, *row);
            }
            elements.check().is_ok()
        };
        assert!(checked(&[]));
        assert!(checked(&[
            (text, id(17), 8),
            (text, id(14), 5),
            (text, id(14), 9)
        ]));
        assert!(!checked(&[(text, id(15), 5)]), "it is that row");
        assert!(!checked(&[(text, id(15), 3)]), "it comes later");
        assert!(!checked(&[(list, id(15), 8)]), "it is in something else");
        assert!(!checked(&[(text, id(16), 8)]), "there is none");
        assert!(!checked(&[(text, (None, Some(15)), 8)]), "nobody made it");
    }
}
