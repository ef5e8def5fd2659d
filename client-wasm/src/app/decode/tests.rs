//! Reads back one of every kind of message that serde has written.

mod asks;

use std::collections::BTreeMap;

use meltemi_core::command::{Command, Splice};
use meltemi_core::conflict::{ConcurrentValue, Conflict, Origin, Question, Settlement};
use meltemi_core::id::{DocumentId, RecordRef};
use meltemi_core::indicator::{Indicator, Reported};
use meltemi_core::sync::status::{Line, Notice, Progress, Receiving, RefusedEdits, SyncStatus};
use meltemi_core::time::Timestamp;
use meltemi_core::view::difference::{Change, Difference};
use meltemi_core::view::history::{HistoryEntry, HistoryView, Sent};
use meltemi_core::view::{NextStep, OverviewView, Problem, RecordView, Removal, Summary, Task};
use meltemi_core::workspace::{ProposedView, RefusedView};
use serde_json::{Map, Value, json};

use crate::app::lock::State;
use crate::app::protocol::{
    Answer, Claimed, Done, Event, Export, Failure, FromWorker, Locked, Opened, Pin, Unsent,
};
use crate::app::status::NOTICES;

fn reads_back(message: FromWorker) {
    let text = serde_json::to_string(&message).expect("messages are JSON");
    assert_eq!(super::message(&text), Ok(message), "{text}");
}

fn answer(answer: Answer) {
    reads_back(FromWorker::Reply {
        id: 7,
        result: Ok(answer),
    });
}

fn event(event: Event) {
    reads_back(FromWorker::Event { event });
}

fn document() -> DocumentId {
    DocumentId::from_bytes([9; 16])
}

fn map(value: Value) -> Map<String, Value> {
    let Value::Object(map) = value else {
        panic!("an object")
    };
    map
}

fn titles() -> BTreeMap<String, String> {
    BTreeMap::from([("fr".to_owned(), "Logement".to_owned())])
}

fn origin() -> Origin {
    Origin {
        actor: "ab".into(),
        time: -1,
        change: "cd".into(),
        source: Some("L1".into()),
    }
}

fn record() -> RecordView {
    let path = "sessions/a1/start".parse().expect("a path");
    RecordView {
        id: document(),
        programme: "mc2cm".into(),
        kind: "event".into(),
        key: "ev1".into(),
        schema: 1,
        newer_schema: true,
        heads: vec!["ef".into()],
        fields: map(json!({ "number": 1, "sessions": { "a1": { "order": 2 } } })),
        unknown: vec!["x".into()],
        conflicts: vec![Conflict {
            path: "hosts/city:rabat".parse().expect("a path"),
            question: Question::RemovedOrKept,
            values: vec![ConcurrentValue {
                value: json!(null),
                origin: origin(),
            }],
        }],
        settlements: vec![Settlement {
            path,
            chosen: json!("2021"),
            rejected: vec![json!(1.5), json!(false)],
            reason: None,
            origin: Origin {
                source: None,
                ..origin()
            },
        }],
        problems: vec![Problem {
            path: "venue".into(),
            what: "found 1".into(),
        }],
        missing: vec!["dates".into()],
        removed: Some(Removal {
            time: 5,
            reason: Some("double".into()),
        }),
    }
}

fn summary() -> Summary {
    Summary {
        id: document(),
        reference: RecordRef::new("city", "rabat"),
        title: titles(),
        fields: map(json!({ "country": "ma" })),
        links: BTreeMap::from([("hosts".to_owned(), vec![RecordRef::new("city", "fez")])]),
        conflicts: 1,
        missing: 2,
        removed: false,
    }
}

fn status(line: Line) -> SyncStatus {
    let notice = |code| Notice {
        code,
        document: Some(document()),
        message: "m".into(),
    };
    SyncStatus {
        line,
        unsaved: 1,
        waiting: 2,
        waiting_documents: 3,
        synced_at: Some(Timestamp(4)),
        loading: Some(Progress { done: 5, of: 6 }),
        receiving: Some(Receiving {
            documents: Progress { done: 1, of: 2 },
            bytes: Progress { done: 3, of: 4 },
        }),
        refused: vec![refused()],
        notices: NOTICES.into_iter().map(notice).collect(),
    }
}

fn refused() -> RefusedEdits {
    RefusedEdits {
        document: DocumentId::from_bytes([4; 16]),
        code: "read-only".to_owned(),
        message: "not you".to_owned(),
        at: Timestamp(9),
        changes: 3,
        whole: true,
    }
}

fn commands() -> Vec<Command> {
    let path = || "titles/fr".parse().expect("a path");
    let document = document();
    vec![
        Command::CreateRecord {
            programme: "mc2cm".into(),
            reference: RecordRef::new("event", "x"),
            values: vec![(path(), json!("t"))],
        },
        Command::SetField {
            document,
            path: path(),
            value: json!(null),
            base: Some(vec!["ab".into()]),
        },
        Command::EditText {
            document,
            path: path(),
            base: vec!["ab".into()],
            splices: vec![Splice {
                at: 1,
                delete: 2,
                insert: "x".into(),
            }],
        },
        Command::SetTag {
            document,
            path: path(),
            tag: "t".into(),
            present: true,
            base: None,
        },
        Command::AddEntry {
            document,
            path: path(),
            values: vec![("a".into(), json!(1))],
        },
        Command::Remove {
            document,
            path: Default::default(),
            reason: Some("r".into()),
        },
        Command::Restore {
            document,
            path: path(),
        },
        Command::Settle {
            document,
            path: path(),
            value: json!(1),
            reason: None,
            base: None,
        },
    ]
}

#[test]
fn answers_read_back() {
    for line in [
        Line::None,
        Line::Online,
        Line::Connecting {
            since: Timestamp(1),
        },
        Line::Offline {
            since: Timestamp(1),
            retry: Timestamp(2),
        },
    ] {
        answer(Answer::Status(status(line)));
    }
    answer(Answer::Record(Box::new(record())));
    answer(Answer::Summaries(vec![summary(), summary()]));
    answer(Answer::Nothing);
    let failure = Failure {
        code: "not-here".into(),
        message: "gone".into(),
    };
    for unsaved in [None, Some(failure.clone())] {
        answer(Answer::Done(Box::new(Done {
            record: record(),
            undo: commands(),
            unsaved,
        })));
    }
    reads_back(FromWorker::Reply {
        id: 1,
        result: Err(failure),
    });
}

#[test]
fn refused_edits_read_back() {
    let ways = [
        Change::Value,
        Change::Beside,
        Change::Settled,
        Change::Added,
        Change::Removed,
        Change::Restored,
    ];
    let difference = |what| Difference {
        path: "a field of a newer version".into(),
        what,
        before: json!(null),
        after: json!(["x"]),
    };
    answer(Answer::Refused(Some(Box::new(RefusedView {
        edits: refused(),
        differences: ways.into_iter().map(difference).collect(),
    }))));
    answer(Answer::Refused(None));
    answer(Answer::Proposed(Box::new(ProposedView {
        record: record(),
        base: vec!["ab".into()],
        differences: vec![difference(Change::Added)],
    })));
    answer(Answer::History(HistoryView {
        entries: vec![HistoryEntry {
            change: "0aff".into(),
            author: Some("m-leila".into()),
            actor: "01".into(),
            from: 1_700_000_000,
            to: 1_700_000_060,
            source: None,
            sent: Some(Sent {
                by: "m-rami".into(),
                received: meltemi_core::time::Timestamp(5),
            }),
            differences: vec![difference(Change::Value)],
        }],
        of: 3,
    }));
    answer(Answer::ExportRefused(Some(Export {
        bytes: "0aff".into(),
        readable: "{}".into(),
    })));
    answer(Answer::ExportRefused(None));
    for decided in [None, Some("{}".to_owned())] {
        answer(Answer::Decision(Claimed { decided, own: true }));
    }
    answer(Answer::Unsent(Unsent {
        records: 2,
        text: "{}".into(),
    }));
}

#[test]
fn the_overview_reads_back() {
    let step = |task| NextStep {
        task,
        record: document(),
        title: titles(),
        kind: "event".into(),
        field: Some("dates".into()),
        entry: Some("Phase 1".into()),
    };
    let tasks = [Task::Settle, Task::Overdue, Task::StepOpen, Task::Complete];
    answer(Answer::Overview(OverviewView {
        programme: Some(summary()),
        counts: BTreeMap::from([("event".to_owned(), 16)]),
        next_steps: tasks.into_iter().map(step).collect(),
        indicators: vec![Indicator {
            id: "host_share".into(),
            num: 14,
            den: Some(22),
            unknown: 1,
            disputed: 2,
            by: BTreeMap::from([("ma".to_owned(), 3)]),
            sources: vec![RecordRef::new("city", "rabat")],
            others: Vec::new(),
            reported: Some(Reported {
                source: "L151".into(),
                itemised: 1,
            }),
        }],
    }));
}

#[test]
fn events_read_back() {
    event(Event::Ready);
    for (state, until) in [
        (State::Filling, None),
        (State::On, Some(Timestamp(5))),
        (State::Emptying, None),
    ] {
        event(Event::Locked(Locked {
            state,
            until,
            unsent: 2,
        }));
        answer(Answer::Pin(Pin { right: true, until }));
    }
    for account in [None, Some("{}".to_owned())] {
        event(Event::Opened(Opened {
            account,
            locked: true,
            not_settled: false,
        }));
    }
    event(Event::Changed(vec![document()]));
    event(Event::Status(SyncStatus {
        synced_at: None,
        loading: None,
        receiving: None,
        refused: Vec::new(),
        ..status(Line::None)
    }));
    event(Event::Failed(Failure {
        code: "no-storage".into(),
        message: String::new(),
    }));
}

#[test]
fn garbage_is_refused() {
    for text in [
        "",
        "{}",
        "[]",
        "{\"reply\":{}}",
        "{\"event\":{\"event\":\"x\"}}",
        "\"reply\"",
        "1",
    ] {
        assert!(super::message(text).is_err(), "{text}");
    }
}
