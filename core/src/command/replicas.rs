//! A property of all commands: whatever three devices do, in whatever order they then meet, they
//! show the same record.

use automerge::{Automerge, ReadDoc};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngSeed};
use serde_json::{Value, json};

use super::devices::{Device, path};
use super::{Command, Splice};
use crate::genesis;
use crate::view::{record, summary};

/// Something that happens to a device.
#[derive(Debug, Clone)]
enum Step {
    Set(&'static str, Value),
    /// Sets a value as somebody does who still sees the record as it was begun.
    SetLate(&'static str, Value),
    Settle(&'static str, Value),
    Tag(&'static str, &'static str, bool),
    Add(&'static str, Value),
    Remove(&'static str),
    Restore(&'static str),
    /// Edits a text; positions are taken modulo its length.
    Edit(&'static str, usize, usize, &'static str),
    /// Takes the last thing back.
    Undo,
    /// Gets what another device has.
    Pull(usize),
    /// What another program might write at the root.
    Foreign(&'static str, Value),
}

const ENTRIES: [&str; 6] = [
    "sessions/s1",
    "sessions/s2",
    "hosts/city:fez",
    "hosts/city:rabat",
    "steps/report",
    "",
];
const REGISTERS: [&str; 10] = [
    "dates",
    "venue",
    "titles/fr",
    "titles/en",
    "confidentiality",
    "sessions/s1/title",
    "sessions/s1/start",
    "hosts/city:fez/note",
    "steps/report/done_at",
    "nothing/here",
];

fn value() -> impl Strategy<Value = Value> {
    select(vec![
        json!(null),
        json!("2021-03-16"),
        json!("2021"),
        json!("2021-03-16T09:30"),
        json!("chatham_house"),
        json!("open"),
        json!(3),
    ])
}

fn step() -> impl Strategy<Value = Step> {
    let entry = || select(&ENTRIES[..]);
    let register = || select(&REGISTERS[..]);
    let text = || select(&["objectives", "sessions/s1/purpose"][..]);
    prop_oneof![
        6 => (register(), value()).prop_map(|(at, value)| Step::Set(at, value)),
        3 => (register(), value()).prop_map(|(at, value)| Step::SetLate(at, value)),
        2 => (register(), value()).prop_map(|(at, value)| Step::Settle(at, value)),
        2 => (
            select(&["theme_tags", "sessions/s1/facilitators"][..]),
            select(&["a", "city/fez"][..]),
            any::<bool>()
        )
            .prop_map(|(at, tag, present)| Step::Tag(at, tag, present)),
        4 => (entry(), value()).prop_map(|(at, value)| Step::Add(at, value)),
        2 => entry().prop_map(Step::Remove),
        2 => entry().prop_map(Step::Restore),
        4 => (text(), 0..40usize, 0..4usize, select(&["", "a", "🏙", "مد"][..]))
            .prop_map(|(at, from, delete, insert)| Step::Edit(at, from, delete, insert)),
        2 => Just(Step::Undo),
        4 => (0..3usize).prop_map(Step::Pull),
        1 => (select(&["dates", "venue", "objectives", "sessions", "mood"][..]), value())
            .prop_map(|(name, value)| Step::Foreign(name, value)),
    ]
}

/// Carries a step out. A command may be refused, but then it must have changed nothing.
fn carry_out(device: &mut Device, undo: &mut Vec<Command>, step: &Step) {
    let document = device.id;
    let command = match step {
        Step::Set(at, value) => device.set_command(at, value.clone()),
        Step::SetLate(at, value) => Command::SetField {
            document,
            path: path(at),
            value: value.clone(),
            base: device
                .doc
                .get_changes(&[])
                .first()
                .map(|it| vec![it.hash().to_string()]),
        },
        Step::Settle(at, value) => Command::Settle {
            document,
            path: path(at),
            value: value.clone(),
            reason: Some("so".to_owned()),
            base: None,
        },
        Step::Tag(at, tag, present) => Command::SetTag {
            document,
            path: path(at),
            tag: (*tag).to_owned(),
            present: *present,
            base: None,
        },
        Step::Add(at, value) => Command::AddEntry {
            document,
            path: path(at),
            values: vec![("note".to_owned(), value.clone())],
        },
        Step::Remove(at) => Command::Remove {
            document,
            path: path(at),
            reason: None,
        },
        Step::Restore(at) => Command::Restore {
            document,
            path: path(at),
        },
        Step::Edit(at, from, delete, insert) => {
            let pointer = format!("/{at}");
            let text = device.value(&pointer);
            let length = text.as_str().unwrap_or_default().encode_utf16().count();
            let at_unit = from % (length + 1);
            let splice = Splice {
                at: at_unit,
                delete: (*delete).min(length - at_unit),
                insert: (*insert).to_owned(),
            };
            Command::EditText {
                document,
                path: path(at),
                base: device.heads(),
                splices: vec![splice],
            }
        }
        Step::Undo => {
            for command in std::mem::take(undo) {
                let _ = device.try_run(&command);
            }
            return;
        }
        Step::Pull(_) => return,
        Step::Foreign(name, value) => {
            use automerge::transaction::Transactable;
            let mut tx = device.doc.transaction();
            let text = value.as_str().unwrap_or("x");
            tx.put(automerge::ROOT, *name, text)
                .expect("a register at the root");
            tx.commit();
            return;
        }
    };
    let before = device.heads();
    match device.try_run(&command) {
        Ok(commands) => *undo = commands,
        Err(_) => assert_eq!(
            device.heads(),
            before,
            "{command:?} failed and left a change"
        ),
    }
}

proptest! {
    #![proptest_config(Config {
        cases: 150,
        rng_seed: RngSeed::Fixed(20211),
        failure_persistence: None,
        ..Config::default()
    })]

    #[test]
    fn devices_that_have_met_show_the_same_record(
        steps in prop::collection::vec((0..3usize, step()), 1..50),
    ) {
        let mut devices = [Device::new(1), Device::new(2), Device::new(3)];
        let mut undo = [const { Vec::new() }; 3];
        for (number, step) in &steps {
            if let Step::Pull(other) = step {
                let mut copy = devices[*other].doc.fork();
                devices[*number].doc.merge(&mut copy).expect("copies of one document merge");
            } else {
                carry_out(&mut devices[*number], &mut undo[*number], step);
            }
            devices[*number].view();
        }
        let views: Vec<_> = [[0, 1, 2], [2, 1, 0], [1, 2, 0]]
            .iter()
            .map(|order| {
                let mut merged: Automerge = devices[order[0]].doc.fork();
                for number in &order[1..] {
                    merged.merge(&mut devices[*number].doc.fork()).expect("a merge");
                }
                let loaded = genesis::load(&merged.save()).expect("a saved document");
                let view = record::view(devices[0].id, &merged).expect("a record");
                assert_eq!(record::view(devices[0].id, &loaded).as_ref(), Ok(&view));
                assert_eq!(loaded.stats().num_changes, merged.stats().num_changes);
                let summary = summary::summarise(devices[0].id, &merged).expect("a record");
                assert_eq!(summary.conflicts, view.conflicts.len());
                view
            })
            .collect();
        prop_assert_eq!(&views[0], &views[1]);
        prop_assert_eq!(&views[0], &views[2]);
    }
}
