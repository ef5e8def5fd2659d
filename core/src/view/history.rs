//! Who changed what in a record, and when: one entry for what one person did at one go, newest
//! first. Computed from the changes themselves, so that weeks without a connection show as the
//! many things that were done and not as the one time they arrived.

use std::collections::{BTreeMap, BTreeSet};

use automerge::{ActorId, Automerge, ChangeHash};
use serde::{Deserialize, Serialize};

use super::difference::{Difference, difference};
use super::{RecordView, record};
use crate::genesis;
use crate::id::DocumentId;
use crate::time::Timestamp;

/// Seconds between two changes of one person that still count as one go.
const GO: i64 = 600;

/// A part of the history of a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryView {
    /// The entries, newest first.
    pub entries: Vec<HistoryEntry>,
    /// How many there are in all.
    pub of: usize,
}

/// What one person did at one go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The newest of the changes, as hex.
    pub change: String,
    /// Id of the member who made them, if they say so.
    pub author: Option<String>,
    /// What the device calls itself in the document, as hex: a fresh one for each of its sessions.
    pub actor: String,
    /// When the first was made, by the clock of that device: seconds since 1970.
    pub from: i64,
    /// When the last was made.
    pub to: i64,
    /// Where the values come from, when a program wrote them.
    pub source: Option<String>,
    /// Who sent the newest of them, and when it came. Only a server notes that.
    pub sent: Option<Sent>,
    /// What they changed, place by place. Nothing when it was taken back at the same go, or lies
    /// in fields this version does not know.
    pub differences: Vec<Difference>,
}

/// That a server was sent something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    /// Id of the member whose device or program sent it.
    pub by: String,
    /// When, by the clock of the server.
    pub received: Timestamp,
}

/// Changes that make one entry.
struct Group {
    before: Vec<ChangeHash>,
    last: ChangeHash,
    seq: u64,
    actor: ActorId,
    author: Option<String>,
    source: Option<String>,
    from: i64,
    to: i64,
}

/// `count` entries of the history of `doc`, found under the id `document`, without the newest
/// `skip`. Empty for a document that is no record.
///
/// Costs two looks at an older version for each entry that is returned. `sent` tells who
/// sent a change, given by its actor and its number.
pub fn history(
    document: DocumentId,
    doc: &Automerge,
    sent: &dyn Fn(&ActorId, u64) -> Option<Sent>,
    skip: usize,
    count: usize,
) -> HistoryView {
    let groups = groups(document, doc);
    let newest = groups.iter().rev().skip(skip).take(count);
    HistoryView {
        entries: newest
            .filter_map(|group| entry(document, doc, sent, group))
            .collect(),
        of: groups.len(),
    }
}

/// Gathers changes, oldest first. A change goes on with what its actor did before if it builds on
/// that alone and was made soon after.
fn groups(document: DocumentId, doc: &Automerge) -> Vec<Group> {
    let genesis = genesis::actor(&document);
    let mut groups: Vec<Group> = Vec::new();
    let mut open: BTreeMap<ActorId, usize> = BTreeMap::new();
    for change in doc.get_changes_meta(&[]) {
        if *change.actor == genesis {
            continue;
        }
        let actor = change.actor.into_owned();
        let source = change.message.map(|message| message.into_owned());
        let goes_on = open.get(&actor).copied().filter(|at| {
            let group = &groups[*at];
            change.deps == [group.last]
                && change.timestamp.saturating_sub(group.to) <= GO
                && group.source == source
        });
        if let Some(group) = goes_on.and_then(|at| groups.get_mut(at)) {
            group.last = change.hash;
            group.seq = change.seq;
            group.to = group.to.max(change.timestamp);
            continue;
        }
        open.insert(actor.clone(), groups.len());
        groups.push(Group {
            before: change.deps,
            last: change.hash,
            seq: change.seq,
            author: change
                .author
                .and_then(|author| String::from_utf8(author.as_bytes().to_vec()).ok()),
            actor,
            source,
            from: change.timestamp,
            to: change.timestamp,
        });
    }
    groups
}

fn entry(
    document: DocumentId,
    doc: &Automerge,
    sent: &dyn Fn(&ActorId, u64) -> Option<Sent>,
    group: &Group,
) -> Option<HistoryEntry> {
    let after = at(document, doc, &[group.last])?;
    let differences = match at(document, doc, &group.before) {
        Some(before) => difference(&before, &after),
        // Before its first change there is no record to compare with.
        None => Vec::new(),
    };
    Some(HistoryEntry {
        change: group.last.to_string(),
        author: group.author.clone(),
        actor: group.actor.to_hex_string(),
        from: group.from,
        to: group.to,
        source: group.source.clone(),
        sent: sent(&group.actor, group.seq),
        differences,
    })
}

/// The record as it was at these changes and all before them.
fn at(document: DocumentId, doc: &Automerge, heads: &[ChangeHash]) -> Option<RecordView> {
    let known: BTreeSet<_> = heads.iter().copied().collect();
    let known: Vec<_> = known.into_iter().collect();
    let older = doc.fork_at(&known).ok()?;
    record::view(document, &older).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::command::Command;
    use crate::command::devices::{Device, path};

    fn set(device: &Device, field: &str, value: serde_json::Value) -> Command {
        Command::SetField {
            document: device.id,
            path: path(field),
            value,
            base: None,
        }
    }

    fn all(device: &Device) -> HistoryView {
        history(device.id, &device.doc, &|_, _| None, 0, 100)
    }

    fn places(entry: &HistoryEntry) -> Vec<&str> {
        entry.differences.iter().map(|d| d.path.as_str()).collect()
    }

    #[test]
    fn what_was_done_at_one_go_is_one_entry_and_later_work_another() {
        let mut device = Device::new(1);
        device.run(&set(&device, "number", json!(4)));
        device.run(&set(&device, "dates", json!("2019-03")));
        device.clock += 3_600;
        device.run(&set(&device, "number", json!(5)));
        let view = all(&device);
        assert_eq!((view.of, view.entries.len()), (2, 2));
        let [last, first] = &view.entries[..] else {
            panic!("two entries in {view:?}");
        };
        assert_eq!(places(last), ["number"]);
        assert_eq!(
            (&last.differences[0].before, &last.differences[0].after),
            (&json!(4), &json!(5))
        );
        assert_eq!(places(first), ["number", "dates"]);
        assert!(first.to > first.from && last.from > first.to);
        assert_eq!(first.actor, last.actor);
    }

    #[test]
    fn what_two_did_apart_is_told_apart_whenever_it_met() {
        let (mut a, mut b) = (Device::new(1), Device::new(2));
        a.doc.merge(&mut b.doc.clone()).expect("the same record");
        b.doc.merge(&mut a.doc.clone()).expect("the same record");
        a.run(&set(&a, "number", json!(4)));
        b.run(&set(&b, "dates", json!("2019-03")));
        b.run(&set(&b, "number", json!(6)));
        a.doc.merge(&mut b.doc).expect("the same record");
        a.run(&set(&a, "phase", json!("1")));
        let view = all(&a);
        let actors: Vec<_> = view.entries.iter().map(|entry| &entry.actor[..2]).collect();
        // The merge begins an entry of its own: it says what was done knowing both.
        assert_eq!(actors.iter().filter(|actor| **actor == "02").count(), 1);
        let theirs = view
            .entries
            .iter()
            .find(|entry| entry.actor.starts_with("02"));
        let theirs = theirs.expect("the other's entry");
        assert!(places(theirs).contains(&"number") && places(theirs).contains(&"dates"));
        assert_eq!(places(&view.entries[0]), ["phase"]);
    }

    #[test]
    fn it_comes_in_parts() {
        let mut device = Device::new(1);
        for number in 1..=5 {
            device.clock += 3_600;
            device.run(&set(&device, "number", json!(number)));
        }
        let whole = all(&device);
        let part = history(device.id, &device.doc, &|_, _| None, 1, 2);
        assert_eq!(part.of, whole.of);
        assert_eq!(part.entries, whole.entries[1..3]);
        let none = history(device.id, &device.doc, &|_, _| None, 99, 2);
        assert!(none.entries.is_empty());
    }

    #[test]
    fn a_change_that_names_its_author_is_theirs() {
        let mut device = Device::new(1);
        device.clock += 3_600;
        let author = automerge::Author::from(b"m-leila".as_slice());
        let actor = ActorId::from([9; 16].as_slice());
        device.doc = device.doc.fork().with_author(Some(author.into_owned()));
        device.doc.set_actor(actor);
        device.run(&set(&device, "number", json!(1)));
        let view = all(&device);
        assert_eq!(view.entries[0].author.as_deref(), Some("m-leila"));
        assert!(view.entries.iter().skip(1).all(|e| e.author.is_none()));
    }
}
