//! Taking a part of what somebody else has written: which places are chosen, and the commands that
//! enter them into the record.

use std::collections::BTreeSet;

use meltemi_core::command::Command;
use meltemi_core::id::{DocumentId, RecordRef};
use meltemi_core::record::path::Target;
use meltemi_core::record::{FieldPath, Kind};
use meltemi_core::view::difference::{Change, Difference};
use meltemi_core::workspace::ProposedView;
use serde_json::{Map, Value};

use crate::app::read;
use crate::app::refused::put;
use crate::app::text::EDIT_UNITS;
use crate::app::text::change::{splices, units};

/// The numbers of the differences that are chosen.
pub type Chosen = BTreeSet<usize>;

/// Whether a command can enter this place alone.
pub fn can_choose(kind: &'static Kind, difference: &Difference) -> bool {
    let id = DocumentId::from_bytes([0; 16]);
    !by_itself(id, kind, &[], difference).is_empty()
}

/// What is chosen at first: everything that can be.
pub fn all(kind: &'static Kind, differences: &[Difference]) -> Chosen {
    let mut chosen = Chosen::new();
    for (at, difference) in differences.iter().enumerate() {
        let other = |one: &usize| is_instead(&differences[*one], difference);
        if can_choose(kind, difference) && !chosen.iter().any(other) {
            chosen.insert(at);
        }
    }
    chosen
}

/// Chooses a place, or not. What is in a new entry needs the entry, and of several values for one
/// place one can be taken.
pub fn choose(differences: &[Difference], chosen: &mut Chosen, at: usize, on: bool) {
    let Some(place) = differences.get(at) else {
        return;
    };
    if !on {
        chosen.remove(&at);
        if place.what == Change::Added {
            chosen.retain(|one| !is_within(&differences[*one], place));
        }
        return;
    }
    chosen.retain(|one| !is_instead(&differences[*one], place));
    chosen.insert(at);
    for (around, difference) in differences.iter().enumerate() {
        if difference.what == Change::Added && is_within(place, difference) {
            chosen.insert(around);
        }
    }
}

fn is_within(inner: &Difference, outer: &Difference) -> bool {
    let rest = inner.path.strip_prefix(&outer.path);
    rest.is_some_and(|rest| rest.starts_with('/'))
}

fn is_instead(one: &Difference, other: &Difference) -> bool {
    let is_value = |it: &Difference| matches!(it.what, Change::Value | Change::Beside);
    one.path == other.path && is_value(one) && is_value(other)
}

/// The commands that enter the chosen places into the record, in order. What somebody has entered
/// there since stands beside it as an open contradiction.
pub fn commands(kind: &'static Kind, view: &ProposedView, chosen: &Chosen) -> Vec<Command> {
    let document = view.record.id;
    let chosen: Vec<&Difference> = chosen
        .iter()
        .filter_map(|at| view.differences.get(*at))
        .collect();
    let mut commands = Vec::new();
    if view.base.is_empty() {
        let values = chosen.iter().filter(|it| it.what == Change::Value);
        commands.push(Command::CreateRecord {
            programme: view.record.programme.clone(),
            reference: RecordRef::new(kind.name, view.record.key.as_str()),
            values: values
                .filter_map(|it| Some((it.path.parse().ok()?, it.after.clone())))
                .collect(),
        });
    }
    for difference in &chosen {
        let mut entries = chosen.iter().filter(|entry| entry.what == Change::Added);
        if entries.any(|entry| is_within(difference, entry))
            && matches!(difference.what, Change::Value | Change::Added)
        {
            // It comes with its entry.
            continue;
        }
        match difference.what {
            Change::Value if view.base.is_empty() => {}
            Change::Removed => {}
            Change::Added => commands.extend(added(document, difference, &chosen)),
            _ => commands.extend(by_itself(document, kind, &view.base, difference)),
        }
    }
    // Last, so that nothing that is entered brings it back.
    let removed = chosen.iter().filter(|it| it.what == Change::Removed);
    commands.extend(removed.flat_map(|it| by_itself(document, kind, &view.base, it)));
    commands
}

/// A new entry with everything that is chosen in it.
fn added(document: DocumentId, entry: &Difference, chosen: &[&Difference]) -> Option<Command> {
    let path: FieldPath = entry.path.parse().ok()?;
    let depth = path.segments().len();
    let mut values = Map::new();
    for within in chosen.iter().filter(|it| is_within(it, entry)) {
        let empty = Value::Object(Map::new());
        let value = match within.what {
            Change::Value => &within.after,
            Change::Added => &empty,
            _ => continue,
        };
        let place: FieldPath = within.path.parse().ok()?;
        put(&mut values, &place.segments()[depth..], value);
    }
    Some(Command::AddEntry {
        document,
        path,
        values: values.into_iter().collect(),
    })
}

/// The commands for one place that is not in a new entry; none if it cannot be entered.
fn by_itself(
    document: DocumentId,
    kind: &'static Kind,
    base: &[String],
    difference: &Difference,
) -> Vec<Command> {
    let Ok(path) = difference.path.parse::<FieldPath>() else {
        return Vec::new();
    };
    let Ok(target) = path.resolve(kind) else {
        return Vec::new();
    };
    let Difference {
        what,
        before,
        after,
        ..
    } = difference;
    let base = base.to_vec();
    let reason = || after["reason"].as_str().map(str::to_owned);
    match (what, target) {
        (Change::Removed, Target::Record | Target::Entry(_)) => vec![Command::Remove {
            document,
            path,
            reason: reason(),
        }],
        (Change::Restored, Target::Record | Target::Entry(_)) => {
            vec![Command::Restore { document, path }]
        }
        (Change::Added, Target::Entry(_)) => vec![Command::AddEntry {
            document,
            path,
            values: Vec::new(),
        }],
        (Change::Value | Change::Beside, Target::Register(_)) => vec![Command::SetField {
            document,
            path,
            value: after.clone(),
            base: Some(base),
        }],
        (Change::Settled, Target::Register(_)) => vec![Command::Settle {
            document,
            path,
            value: after.clone(),
            reason: None,
            base: Some(base),
        }],
        (Change::Value, Target::Text(_)) => {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let splices = splices(&text(before), &text(after));
            let cost = splices.iter().map(|one| one.delete + units(&one.insert));
            // A longer one goes in several changes, each on the one before.
            if cost.sum::<usize>() > EDIT_UNITS {
                return Vec::new();
            }
            vec![Command::EditText {
                document,
                path,
                base,
                splices,
            }]
        }
        (Change::Value, Target::Tags(..)) => {
            let (before, after) = (read::members(Some(before)), read::members(Some(after)));
            let tag = |tag: &String, present| Command::SetTag {
                document,
                path: path.clone(),
                tag: tag.clone(),
                present,
                base: Some(base.clone()),
            };
            let gone = before.iter().filter(|it| !after.contains(it));
            let new = after.iter().filter(|it| !before.contains(it));
            let gone = gone.map(|it| tag(it, false));
            gone.chain(new.map(|it| tag(it, true))).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automerge::{ActorId, Automerge};
    use meltemi_core::command;
    use meltemi_core::record::kind;
    use meltemi_core::time::Timestamp;
    use meltemi_core::view::difference::difference;
    use meltemi_core::view::record::view;
    use serde_json::json;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    fn actor(number: u8) -> ActorId {
        ActorId::from([number; 16])
    }

    fn run(doc: &mut Automerge, id: DocumentId, command: &Command) {
        command::apply(id, doc, command, NOW).expect("a command");
    }

    fn event() -> &'static Kind {
        kind("event").expect("a kind")
    }

    /// An event, and what somebody else has made of it meanwhile.
    fn proposed() -> (DocumentId, Automerge, Automerge, ProposedView) {
        let reference = RecordRef::new("event", "ev1");
        let values = [
            ("venue", json!("Library")),
            ("objectives", json!("Learn.")),
            ("theme_tags", json!(["housing"])),
        ];
        let values = values.map(|(path, value)| (path.parse().expect("a path"), value));
        let (id, doc) = command::create_record::create("mc2cm", &reference, &values, actor(1), NOW)
            .expect("an event");
        let mut other = doc.fork().with_actor(actor(2));
        let base: Vec<String> = doc.get_heads().iter().map(ToString::to_string).collect();
        let path = |text: &str| text.parse::<FieldPath>().expect("a path");
        for command in [
            Command::SetField {
                document: id,
                path: path("venue"),
                value: json!("Town hall"),
                base: None,
            },
            Command::SetField {
                document: id,
                path: path("dates"),
                value: json!("2021-03"),
                base: None,
            },
            Command::EditText {
                document: id,
                path: path("objectives"),
                base,
                splices: splices("Learn.", "Learn from Tangier."),
            },
            Command::AddEntry {
                document: id,
                path: path("sessions/a1"),
                values: vec![
                    ("title".to_owned(), json!("Opening")),
                    ("place".to_owned(), json!("Hall")),
                ],
            },
            Command::Remove {
                document: id,
                path: FieldPath::root(),
                reason: Some("double".to_owned()),
            },
        ] {
            run(&mut other, id, &command);
        }
        let view = compared(id, Some(&doc), &other);
        (id, doc, other, view)
    }

    fn compared(id: DocumentId, doc: Option<&Automerge>, other: &Automerge) -> ProposedView {
        let after = view(id, other).expect("a record");
        let mut before = after.clone();
        (before.heads, before.fields, before.removed) = (Vec::new(), Map::new(), None);
        if let Some(doc) = doc {
            before = view(id, doc).expect("a record");
        }
        ProposedView {
            differences: difference(&before, &after),
            base: before.heads,
            record: after,
        }
    }

    fn places(view: &ProposedView, chosen: &Chosen) -> Vec<String> {
        let place = |at: &usize| view.differences[*at].path.clone();
        chosen.iter().map(place).collect()
    }

    fn at(view: &ProposedView, path: &str) -> usize {
        let mut all = view.differences.iter();
        all.position(|it| it.path == path).expect("a difference")
    }

    #[test]
    fn everything_chosen_makes_the_same_record() {
        let (id, mut doc, _, proposed) = proposed();
        let chosen = all(event(), &proposed.differences);
        assert_eq!(chosen.len(), proposed.differences.len());
        for command in commands(event(), &proposed, &chosen) {
            run(&mut doc, id, &command);
        }
        let now = view(id, &doc).expect("a record");
        assert_eq!(now.fields, proposed.record.fields);
        assert_eq!(
            now.removed.and_then(|it| it.reason).as_deref(),
            Some("double")
        );
        assert_eq!(now.conflicts, []);
    }

    #[test]
    fn what_is_not_chosen_stays_as_it_was() {
        let (id, mut doc, _, proposed) = proposed();
        let mut chosen = all(event(), &proposed.differences);
        for path in ["", "venue", "sessions/a1/place"] {
            choose(
                &proposed.differences,
                &mut chosen,
                at(&proposed, path),
                false,
            );
        }
        for command in commands(event(), &proposed, &chosen) {
            run(&mut doc, id, &command);
        }
        let now = view(id, &doc).expect("a record");
        assert_eq!(now.fields["venue"], json!("Library"));
        assert_eq!(now.fields["dates"], json!("2021-03"));
        assert_eq!(now.fields["objectives"], json!("Learn from Tangier."));
        assert_eq!(now.fields["sessions"]["a1"]["title"], json!("Opening"));
        assert_eq!(now.fields["sessions"]["a1"].get("place"), None);
        assert_eq!(now.removed, None);
    }

    #[test]
    fn a_new_entry_goes_with_what_is_in_it_and_comes_with_it() {
        let (.., proposed) = proposed();
        let mut chosen = all(event(), &proposed.differences);
        let entry = at(&proposed, "sessions/a1");
        choose(&proposed.differences, &mut chosen, entry, false);
        let left = places(&proposed, &chosen);
        assert!(
            !left.iter().any(|path| path.starts_with("sessions")),
            "{left:?}"
        );
        let title = at(&proposed, "sessions/a1/title");
        choose(&proposed.differences, &mut chosen, title, true);
        assert!(chosen.contains(&entry) && chosen.contains(&title));
    }

    #[test]
    fn a_record_that_is_new_is_begun_with_what_is_chosen() {
        let (id, _, other, _) = proposed();
        let reference = RecordRef::new("event", "ev1");
        let new = compared(id, None, &other);
        let mut chosen = all(event(), &new.differences);
        for path in ["", "venue"] {
            choose(&new.differences, &mut chosen, at(&new, path), false);
        }
        let all = commands(event(), &new, &chosen);
        let mut begun = meltemi_core::genesis::new_document("mc2cm", &reference)
            .expect("a record")
            .with_actor(actor(3));
        for command in &all {
            run(&mut begun, id, command);
        }
        let fields = view(id, &begun).expect("a record").fields;
        assert_eq!(fields.get("venue"), None);
        assert_eq!(fields["dates"], json!("2021-03"));
        assert_eq!(fields["sessions"]["a1"]["title"], json!("Opening"));
    }

    #[test]
    fn of_two_values_for_one_place_one_is_taken() {
        let value = |what, after| Difference {
            path: "venue".to_owned(),
            what,
            before: json!("Library"),
            after: json!(after),
        };
        let both = [value(Change::Value, "Hall"), value(Change::Beside, "Port")];
        let mut chosen = all(event(), &both);
        assert_eq!(chosen, Chosen::from([0]));
        choose(&both, &mut chosen, 1, true);
        assert_eq!(chosen, Chosen::from([1]));
        let unknown = Difference {
            path: "of_a_newer_version".to_owned(),
            ..value(Change::Value, "x")
        };
        assert!(!can_choose(event(), &unknown));
    }
}
