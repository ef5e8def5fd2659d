//! A whole document: its changes, and that its operations belong to them.

use std::collections::BTreeMap;

use automerge::{ActorId, ChangeHash};

use super::budget::Budget;
use super::change::{self, MAX_ACTION, MAX_COUNTER, values};
use super::columns::{Columns, Layout};
use super::reader::Reader;
use super::refusal::{bad_chunk, too_large, too_many_heads};
use super::runs::{Rows, differences, longer, numbers, outside, texts};
use crate::sync::policy::Refusal;
use crate::wire::limits::{CHANGE_TIME, HEADS};

mod operations;

/// Columns of a document's changes, each its number times 16 and its type.
mod column {
    pub(super) const ACTOR: u32 = 0x01;
    pub(super) const SEQ: u32 = 0x03;
    pub(super) const MAX_OP: u32 = 0x13;
    pub(super) const TIME: u32 = 0x23;
    pub(super) const MESSAGE: u32 = 0x35;
    pub(super) const DEPS: u32 = 0x40;
    pub(super) const DEP: u32 = 0x43;
    pub(super) const EXTRA_LENGTH: u32 = 0x56;
    pub(super) const EXTRA: u32 = 0x57;
}

/// What a whole document says about itself.
#[derive(Debug, Clone, PartialEq)]
pub struct ScannedDocument {
    /// How many bytes its chunk has.
    pub bytes: usize,
    /// How many changes it has.
    pub changes: u64,
    /// How many operations they have.
    pub operations: u64,
    /// Its heads. Automerge checks them.
    pub heads: Vec<ChangeHash>,
    /// Everybody who made a change to it.
    pub actors: Vec<ActorId>,
}

/// Scans the body of a document chunk.
pub(super) fn scan(body: &[u8], budget: &mut Budget) -> Result<ScannedDocument, Refusal> {
    let cut = || bad_chunk("a document is cut off");
    let mut reader = Reader::new(body);
    let actors = change::actors(&mut reader)?;
    if actors.windows(2).any(|pair| pair[0] >= pair[1]) {
        return Err(bad_chunk("the list of its actors is out of order"));
    }
    let count = reader.unsigned().ok_or_else(cut)?;
    if count > HEADS {
        return Err(too_many_heads());
    }
    let mut heads = Vec::new();
    for _ in 0..count {
        heads.push(reader.hash().ok_or_else(cut)?);
    }
    let change_layout = Layout::read(&mut reader)?;
    let operation_layout = Layout::read(&mut reader)?;
    let change_columns = change_layout.take(&mut reader)?;
    let operation_columns = operation_layout.take(&mut reader)?;
    if !reader.is_empty() {
        for _ in 0..count {
            reader.unsigned().ok_or_else(cut)?;
        }
    }
    if !reader.is_empty() {
        return Err(bad_chunk("a document has bytes after its end"));
    }
    let columns = Columns::inflate(change_columns, budget)?;
    let spans = changes(&columns, actors.len() as u64, budget)?;
    drop(columns);
    let columns = Columns::inflate(operation_columns, budget)?;
    operations::scan(&columns, actors.len() as u64, &spans, budget)?;
    Ok(ScannedDocument {
        bytes: 0,
        changes: spans.len() as u64,
        operations: claimed(&spans),
        heads,
        actors,
    })
}

/// The operations that a change claims: those of its actor after `start`, up to and with `end`.
struct Span {
    actor: u64,
    start: u64,
    end: u64,
}

/// How many operations changes claim.
fn claimed(spans: &[Span]) -> u64 {
    spans.iter().map(|span| span.end - span.start).sum()
}

/// Checks the changes. Returns which operations each of them claims.
fn changes(columns: &Columns<'_>, actors: u64, budget: &mut Budget) -> Result<Vec<Span>, Refusal> {
    let get = |kind| columns.get(kind);
    let last_actor = actors.saturating_sub(1);
    let actor = numbers(get(column::ACTOR), budget.changes(), last_actor, || {
        too_large("they are too many changes")
    })?;
    let rows = actor.rows;
    let whole = |other: u64| (other == rows).then_some(()).ok_or_else(uneven);
    let seq = differences(get(column::SEQ), rows, 1, MAX_COUNTER as i64)?;
    let max_op = differences(get(column::MAX_OP), rows, 0, MAX_COUNTER as i64)?;
    let deps = numbers(get(column::DEPS), rows, u64::MAX, longer)?;
    whole(seq.rows)?;
    whole(max_op.rows)?;
    whole(deps.rows)?;
    whole(values(get(column::EXTRA_LENGTH), get(column::EXTRA), rows)?)?;
    let latest = CHANGE_TIME as i64;
    differences(get(column::TIME), rows, -latest, latest)?;
    texts(get(column::MESSAGE), rows, budget)?;
    budget.spend_links(deps.sum)?;
    let dep = differences(get(column::DEP), deps.sum, 0, MAX_COUNTER as i64)?;
    if actor.nulls + seq.nulls + max_op.nulls + deps.nulls + dep.nulls > 0 || dep.rows != deps.sum {
        return Err(uneven());
    }
    history(columns, rows, deps.sum, budget)
}

/// Goes through the changes as Automerge will, and tells their operations. Every change must build
/// on earlier ones and every actor's be numbered from 1, with their operations one after the other,
/// which Automerge takes for granted.
fn history(
    columns: &Columns<'_>,
    rows: u64,
    links: u64,
    budget: &mut Budget,
) -> Result<Vec<Span>, Refusal> {
    let mut actors = Rows::<u64>::new(columns.get(column::ACTOR), rows);
    let mut seqs = Rows::<i64>::new(columns.get(column::SEQ), rows);
    let mut ends = Rows::<i64>::new(columns.get(column::MAX_OP), rows);
    let mut counts = Rows::<u64>::new(columns.get(column::DEPS), rows);
    let mut deps = Rows::<i64>::new(columns.get(column::DEP), links);
    let mut lengths = Rows::<u64>::new(columns.get(column::EXTRA_LENGTH), rows);
    let mut extra = Reader::new(columns.get(column::EXTRA));
    let mut spans: Vec<Span> = Vec::new();
    let mut lasts: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
    for _ in 0..rows {
        let end = ends.absolute()?.map_or(0, i64::unsigned_abs);
        let mut start = 0;
        for _ in 0..counts.row()?.unwrap_or(0) {
            let dep = deps.absolute()?.and_then(|dep| usize::try_from(dep).ok());
            let before = dep
                .and_then(|dep| spans.get(dep))
                .ok_or_else(|| bad_chunk("a change builds on one that comes after it"))?;
            start = start.max(before.end);
        }
        budget.spend_change(end.checked_sub(start).ok_or_else(outside)?)?;
        let length = lengths.row()?.map_or(0, |header| header >> 4);
        let extra = extra.take(length).ok_or_else(uneven)?;
        let seq = seqs.absolute()?.map_or(0, i64::unsigned_abs);
        let actor = actors.row()?.unwrap_or(0);
        let last = lasts.entry(actor).or_default();
        if seq != last.0 + 1 || start < last.1 {
            return Err(bad_chunk("the changes of an actor are numbered wrongly"));
        }
        *last = (seq, end);
        spans.push(Span { actor, start, end });
        change::author(extra, seq)?;
    }
    Ok(spans)
}

fn uneven() -> Refusal {
    bad_chunk("its columns do not have equally many rows")
}
