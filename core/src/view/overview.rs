//! The programme at a glance: counts, what waits for somebody, indicators.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::summary::{entry_title, summarise_view, title};
use super::{NextStep, OverviewView, RecordView, Task};
use crate::indicator;
use crate::order;
use crate::record::path::Segment;
use crate::record::vocabulary::EVENT_STEP;
use crate::record::{self, EntryKey, FieldPath, KINDS, Shape};
use crate::time::{Date, Precision};

/// Most steps that an overview lists; the most pressing ones come first.
pub const MAX_NEXT_STEPS: usize = 50;

/// The overview of a programme with these records, on the day `today` when it is known.
///
/// The same records give the same overview, in whatever order they come.
pub fn overview(records: &[RecordView], today: Option<Date>) -> OverviewView {
    let live = || records.iter().filter(|record| record.removed.is_none());
    let mut counts: BTreeMap<String, usize> =
        order::map(KINDS.iter().map(|kind| (kind.name.to_owned(), 0)));
    for record in live() {
        *counts.entry(record.kind.clone()).or_default() += 1;
    }
    let programme = live()
        .filter(|record| record.kind == record::programme::KIND.name)
        .min_by_key(|record| &record.key);
    OverviewView {
        programme: programme.map(summarise_view),
        counts,
        next_steps: next_steps(live(), today),
        indicators: indicator::all(records),
    }
}

/// A step and what it is sorted by.
struct Waiting<'a> {
    task: Task,
    record: &'a RecordView,
    /// Due date, for steps past it.
    due: String,
    /// Place in the record.
    order: usize,
    field: Option<String>,
}

fn next_steps<'a>(
    records: impl Iterator<Item = &'a RecordView>,
    today: Option<Date>,
) -> Vec<NextStep> {
    let mut waiting = Vec::new();
    for record in records {
        let settle = record
            .conflicts
            .iter()
            .map(|conflict| conflict.path.to_string());
        waiting.extend(settle.enumerate().map(|(order, path)| Waiting {
            task: Task::Settle,
            record,
            due: String::new(),
            order,
            field: Some(path),
        }));
        if record.kind == record::event::KIND.name {
            event_steps(record, today, &mut waiting);
        }
        if let Some(field) = record.missing.first() {
            let field = Some(field.clone());
            waiting.push(Waiting {
                task: Task::Complete,
                record,
                due: String::new(),
                order: 0,
                field,
            });
        }
    }
    order::sort_by(&mut waiting, |a, b| sort_key(a).cmp(&sort_key(b)));
    waiting.truncate(MAX_NEXT_STEPS);
    waiting
        .into_iter()
        .map(
            |Waiting {
                 task,
                 record,
                 field,
                 ..
             }| NextStep {
                task,
                record: record.id,
                title: record::kind(&record.kind)
                    .map(|kind| title(kind, &record.fields))
                    .unwrap_or_default(),
                kind: record.kind.clone(),
                entry: field.as_ref().and_then(|path| entry_name(record, path)),
                field,
            },
        )
        .collect()
}

/// What the entry with a made up key that `path` leads into is called.
fn entry_name(record: &RecordView, path: &str) -> Option<String> {
    let path: FieldPath = path.parse().ok()?;
    let [Segment::Name(name), Segment::Name(key), ..] = path.segments() else {
        return None;
    };
    let Shape::Entries(EntryKey::Generated, within) =
        &record::kind(&record.kind)?.field(name)?.shape
    else {
        return None;
    };
    let entry = record.fields.get(name)?.get(key)?;
    entry_title(within, entry).map(str::to_owned)
}

/// Most pressing first: contradictions, what is late, what is incomplete, what is to come. Of
/// steps to come those of the newest events, of everything else in the order of kinds and keys.
fn sort_key<'a>(
    waiting: &'a Waiting<'_>,
) -> (u8, &'a str, Reverse<&'a str>, Option<usize>, &'a str, usize) {
    let urgency = match waiting.task {
        Task::Settle => 0,
        Task::Overdue => 1,
        Task::Complete => 2,
        Task::StepOpen => 3,
    };
    let record = waiting.record;
    let newest = match waiting.task {
        Task::StepOpen => text(&record.fields, "dates").unwrap_or_default(),
        _ => "",
    };
    let kind = KINDS.iter().position(|kind| kind.name == record.kind);
    (
        urgency,
        &waiting.due,
        Reverse(newest),
        kind,
        &record.key,
        waiting.order,
    )
}

/// Of an event that was not called off: every step past its due date, and the first other step
/// that has neither happened nor been waived.
fn event_steps<'a>(event: &'a RecordView, today: Option<Date>, waiting: &mut Vec<Waiting<'a>>) {
    if matches!(
        text(&event.fields, "status"),
        Some("cancelled" | "postponed")
    ) {
        return;
    }
    let steps = event.fields.get("steps").and_then(Value::as_object);
    let mut first_open = None;
    for (order, word) in EVENT_STEP.words.iter().enumerate() {
        let step = steps
            .and_then(|steps| steps.get(*word))
            .and_then(Value::as_object);
        let given = |field| step.and_then(|step| text(step, field));
        if given("done_at").is_some() || given("waived").is_some() {
            continue;
        }
        let field = Some(FieldPath::field("steps").join(*word).to_string());
        let due = given("due").unwrap_or_default();
        let is_late = due
            .parse()
            .is_ok_and(|due| today.is_some_and(|today| is_past(due, today)));
        let task = if is_late {
            Task::Overdue
        } else {
            Task::StepOpen
        };
        let step = Waiting {
            task,
            record: event,
            due: if is_late {
                due.to_owned()
            } else {
                String::new()
            },
            order,
            field,
        };
        if is_late {
            waiting.push(step);
        } else if first_open.is_none() {
            first_open = Some(step);
        }
    }
    waiting.extend(first_open);
}

/// Whether `due` is over on the day `today`: a month is over when the next has begun.
fn is_past(due: Date, today: Date) -> bool {
    let known = |date: Date| match due.precision() {
        Precision::Year => (date.year(), None, None),
        Precision::Month => (date.year(), date.month(), None),
        Precision::Day => (date.year(), date.month(), date.day()),
    };
    known(due) < known(today)
}

fn text<'a>(map: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    map.get(field)?.as_str().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conflict::{Conflict, Question};
    use crate::id::{DocumentId, RecordRef};
    use crate::view::Removal;
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn record(kind: &str, key: &str, fields: Value) -> RecordView {
        RecordView {
            id: DocumentId::of_record("p", &RecordRef::new(kind, key)),
            programme: "p".to_owned(),
            kind: kind.to_owned(),
            key: key.to_owned(),
            schema: 1,
            newer_schema: false,
            heads: Vec::new(),
            fields: fields.as_object().cloned().unwrap_or_default(),
            unknown: Vec::new(),
            conflicts: Vec::new(),
            settlements: Vec::new(),
            problems: Vec::new(),
            missing: Vec::new(),
            removed: None,
        }
    }

    fn tasks(overview: &OverviewView) -> Vec<(Task, &str)> {
        let steps = overview.next_steps.iter();
        steps
            .map(|step| (step.task, step.field.as_deref().unwrap_or_default()))
            .collect()
    }

    #[test]
    fn what_contradicts_comes_before_what_is_late_incomplete_or_to_come() {
        let mut event = record(
            "event",
            "e1",
            json!({"steps": {
                "background": {"due": "2026-05"},
                "invitation": {"due": "2026-06"},
                "report": {"waived": "no report was agreed"},
            }}),
        );
        event.missing = vec!["dates".to_owned()];
        event.conflicts = vec![Conflict {
            path: FieldPath::field("titles").join("en"),
            question: Question::Which,
            values: Vec::new(),
        }];
        let today = "2026-06-15".parse().ok();
        assert_eq!(
            tasks(&overview(std::slice::from_ref(&event), today)),
            [
                (Task::Settle, "titles/en"),
                (Task::Overdue, "steps/background"),
                (Task::Complete, "dates"),
                // June is not over, so the invitation is not late.
                (Task::StepOpen, "steps/invitation"),
            ]
        );
        // Without a date nothing is late.
        assert!(
            tasks(&overview(&[event], None))
                .iter()
                .all(|(task, _)| *task != Task::Overdue)
        );
    }

    #[test]
    fn what_waits_in_an_entry_is_named_after_it() {
        let mut programme = record(
            "programme",
            "p",
            json!({"phases": {"phase1": {"label": "Phase 1"}, "phase2": {}}}),
        );
        let conflict = |key: &str| Conflict {
            path: FieldPath::field("phases").join(key).join("dates"),
            question: Question::Which,
            values: Vec::new(),
        };
        programme.conflicts = vec![conflict("phase1"), conflict("phase2")];
        let overview = overview(&[programme], None);
        let names: Vec<_> = overview
            .next_steps
            .iter()
            .map(|step| step.entry.as_deref())
            .collect();
        assert_eq!(names, [Some("Phase 1"), None]);
    }

    #[test]
    fn removed_records_neither_count_nor_wait() {
        let mut gone = record("event", "e1", json!({}));
        gone.missing = vec!["dates".to_owned()];
        gone.removed = Some(Removal {
            time: 0,
            reason: None,
        });
        let overview = overview(&[gone], None);
        assert_eq!(overview.counts["event"], 0);
        assert!(overview.next_steps.is_empty());
    }

    #[test]
    fn the_order_of_records_makes_no_difference_and_the_list_ends() {
        let mut records: Vec<_> = (0..80)
            .map(|n| {
                let mut city = record("city", &format!("c{n}"), json!({}));
                city.missing = vec!["names".to_owned()];
                city
            })
            .collect();
        let forwards = overview(&records, None);
        records.reverse();
        assert_eq!(forwards, overview(&records, None));
        assert_eq!(forwards.next_steps.len(), MAX_NEXT_STEPS);
    }
}
