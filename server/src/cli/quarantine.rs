//! `meltemi quarantine`: changes that were refused because of who sent them, and decisions on them
//! while no server runs, as coordinators make them in the app.

use std::io::Write;
use std::process::ExitCode;

use meltemi_core::id::DocumentId;
use meltemi_core::view::difference::Difference;
use meltemi_core::workspace::ProposedView;
use serde_json::{Value, json};

use super::accounts::{Claimed, done, say_json};
use super::{CliError, say};
use crate::accounts::quarantine::{Decision, Named, Quarantined, State};
use crate::accounts::{AccountsError, By};
use crate::clock;
use crate::config::accounts::{
    AcceptOptions, DecisionOptions, QuarantineCommand, ShowOptions, StorageOptions,
};
use crate::offline::Desk;

/// What the rows of a list say.
const HEADINGS: [&str; 8] = [
    "id", "state", "sender", "name", "kind", "code", "changes", "received",
];

/// Refused changes.
pub(super) fn quarantine(
    command: &QuarantineCommand,
    out: &mut dyn Write,
) -> Result<ExitCode, CliError> {
    match command {
        QuarantineCommand::List(options) => {
            let claimed = Claimed::open(options)?;
            let all = claimed.accounts.quarantined(None)?;
            let rows: Vec<_> = all.iter().map(row).collect();
            claimed.show(out, HEADINGS, &rows)
        }
        QuarantineCommand::Show(options) => show(options, out),
        QuarantineCommand::Accept(options) => accept(options, out),
        QuarantineCommand::Refuse(options) => {
            let claimed = Claimed::open(&options.entry.accounts)?;
            decide(&claimed, options, State::Refused)?;
            done(out, "refused")
        }
    }
}

fn row(named: &Named) -> [String; 8] {
    let entry = &named.entry;
    let kind = match (&entry.programme, &entry.kind) {
        (Some(programme), Some(kind)) => format!("{programme}:{kind}"),
        _ => String::new(),
    };
    let name = named.name.as_ref().map(|name| name.expose().clone());
    [
        entry.id.clone(),
        entry.state.word().to_owned(),
        entry.member.clone(),
        name.unwrap_or_default(),
        kind,
        entry.code.clone(),
        entry.changes.to_string(),
        clock::iso(entry.received),
    ]
}

/// Shows what an entry would change of the record as it is.
fn show(options: &ShowOptions, out: &mut dyn Write) -> Result<ExitCode, CliError> {
    let claimed = Claimed::open(&options.entry.accounts)?;
    let id = &options.entry.id;
    let (entry, changes) = claimed.accounts.quarantined_changes(None, id)?;
    let document = document(&entry)?;
    let mut desk = desk(&claimed, &options.place)?;
    desk.load(document)?;
    let proposed = desk.workspace().proposed(&document, &changes);
    let ProposedView {
        record,
        differences,
        ..
    } = proposed.map_err(|refusal| CliError::Documents(refusal.to_string()))?;
    let name = format!("{}/{}", record.kind, record.key);
    if claimed.json {
        let shown = json!({ "entry": entry, "record": name, "differences": differences });
        say_json(out, &shown)?;
        return Ok(ExitCode::SUCCESS);
    }
    let title = format!("{} of {name}", entry.id);
    say(out, &printable(&Value::from(title)))?;
    let rows: Vec<_> = differences.iter().map(place).collect();
    claimed.show(out, ["place", "what", "before", "after"], &rows)
}

fn place(difference: &Difference) -> [String; 4] {
    let what = json!(difference.what);
    [
        printable(&Value::from(difference.path.as_str())),
        printable(&what),
        printable(&difference.before),
        printable(&difference.after),
    ]
}

/// A value in a line of a terminal, which is told nothing by it.
fn printable(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let shown = |letter: char| match letter {
        letter if letter.is_control() => char::REPLACEMENT_CHARACTER,
        letter => letter,
    };
    text.chars().map(shown).collect()
}

/// Takes the changes of an entry. They are on the disk before it counts as decided.
fn accept(options: &AcceptOptions, out: &mut dyn Write) -> Result<ExitCode, CliError> {
    let DecisionOptions { entry: wanted, .. } = &options.decision;
    let claimed = Claimed::open(&wanted.accounts)?;
    let (entry, changes) = claimed.accounts.quarantined_changes(None, &wanted.id)?;
    if entry.is_taken() {
        return Err(AccountsError::Decided.into());
    }
    let document = document(&entry)?;
    let mut desk = desk(&claimed, &options.place)?;
    desk.load(document)?;
    desk.accept(document, entry.accepted(changes))?;
    desk.close()?;
    decide(&claimed, &options.decision, State::Accepted)?;
    done(out, "accepted")
}

fn decide(claimed: &Claimed, options: &DecisionOptions, decision: State) -> Result<(), CliError> {
    let decision = Decision {
        decision,
        note: options.note.clone().map(Into::into),
    };
    let by = By::command_line();
    let id = &options.entry.id;
    claimed.accounts.decide(None, id, &decision, &by)?;
    Ok(())
}

fn document(entry: &Quarantined) -> Result<DocumentId, CliError> {
    let document = entry.document.parse();
    document.map_err(|_| CliError::Documents(format!("{} names no document", entry.id)))
}

/// The documents of the data folder, with what its members may.
fn desk(claimed: &Claimed, place: &StorageOptions) -> Result<Desk, CliError> {
    let storage = place.storage.place_in(&claimed.folder)?.open()?;
    let mut desk = Desk::open(storage, true)?;
    desk.set_roster(claimed.accounts.roster()?);
    Ok(desk)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_tells_a_terminal_nothing() {
        let value = json!("Room 7\u{1b}[2J\r\n\u{9b}1m");
        assert_eq!(
            printable(&value),
            "Room 7\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd}1m"
        );
        assert_eq!(printable(&json!(["a", 1])), "[\"a\",1]");
        assert_eq!(printable(&Value::Null), "");
    }
}
