//! A decision on its way to the server: what this device notes of it, and what the server says.

use meltemi_core::id::DocumentId;
use serde_json::{Value, json};

use super::{Known, State, cut};
use crate::app::account::Wrong;
use crate::app::refused::RefusedEdits;

/// What is decided on an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The entry.
    pub id: String,
    /// The document it changes.
    pub document: Option<DocumentId>,
    /// What becomes of it.
    pub state: State,
    /// The word to the sender.
    pub note: String,
    /// What the server had refused of the document before, see [`Self::begin`].
    pub refused: Option<(u64, u64)>,
}

impl Decided {
    /// As it is noted on the device.
    pub fn write(&self) -> String {
        let document = self.document.map(|id| id.to_string());
        json!({
            "id": self.id,
            "document": document,
            "state": self.state.word(),
            "note": self.note,
            "refused": self.refused,
        })
        .to_string()
    }

    /// Reads what was noted.
    pub fn read(noted: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(noted).ok()?;
        let text = |name: &str| value[name].as_str();
        let refused = |at: usize| value["refused"][at].as_u64();
        Some(Self {
            id: text("id")?.to_owned(),
            document: text("document").and_then(|id| id.parse().ok()),
            state: State::read(text("state")?)?,
            note: text("note")?.to_owned(),
            refused: refused(0).zip(refused(1)),
        })
    }

    /// Notes which edits of the document the server has refused before anything is entered.
    pub fn begin(&mut self, refused: &[RefusedEdits]) {
        self.refused = self.of_document(refused);
    }

    /// Whether the server has refused what was entered. What it had refused before is no sign.
    pub fn is_refused(&self, refused: &[RefusedEdits]) -> bool {
        let now = self.of_document(refused);
        now.is_some() && now != self.refused
    }

    fn of_document(&self, refused: &[RefusedEdits]) -> Option<(u64, u64)> {
        let mut all = refused.iter();
        let own = all.find(|edits| Some(edits.document) == self.document)?;
        Some((own.at.0, own.changes))
    }

    /// Whether the entry still is as it was `seen` by whoever decides.
    pub fn is_as_seen(&self, known: &Known, seen: State) -> Result<(), Wrong> {
        if let Some(wrong) = known.trouble {
            return Err(wrong);
        }
        let mut all = known.entries.iter();
        match all.find(|entry| entry.id == self.id) {
            Some(entry) if entry.state == seen => Ok(()),
            Some(_) => Err("decided"),
            None => Err("gone"),
        }
    }

    /// Whether the server knows of this decision, as when its answer did not come.
    pub fn is_told(&self, known: &Known) -> bool {
        let told = (&self.id, self.state, cut(&self.note));
        known
            .entries
            .iter()
            .any(|it| told == (&it.id, it.state, it.note.clone().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use meltemi_core::time::Timestamp;

    use super::*;
    use crate::app::account::Answered;

    const DOCUMENT: DocumentId = DocumentId::from_bytes([7; 16]);

    fn decided() -> Decided {
        Decided {
            id: "q-1".to_owned(),
            document: Some(DOCUMENT),
            state: State::InPart,
            note: " Merci.\n\nTaken: Venue ".to_owned(),
            refused: None,
        }
    }

    fn edits(document: DocumentId, at: u64, changes: u64) -> RefusedEdits {
        RefusedEdits {
            document,
            code: "read-only".to_owned(),
            message: String::new(),
            at: Timestamp(at),
            changes,
            whole: false,
        }
    }

    fn known(entries: &Value) -> Known {
        let mut known = Known::default();
        let (status, body) = (200, entries.to_string());
        known.hear(Ok(Answered { status, body }));
        known
    }

    fn entry(state: &str, note: &str) -> Value {
        json!([{ "id": "q-1", "member": "m-ben", "state": state, "note": note }])
    }

    #[test]
    fn what_is_noted_reads_back() {
        let mut decided = decided();
        assert_eq!(Decided::read(&decided.write()), Some(decided.clone()));
        decided.begin(&[edits(DOCUMENT, 5, 2)]);
        assert_eq!(decided.refused, Some((5, 2)));
        assert_eq!(Decided::read(&decided.write()), Some(decided));
        for text in ["", "{}", "[]", "{\"id\":\"q-1\",\"state\":\"other\"}"] {
            assert_eq!(Decided::read(text), None, "{text}");
        }
    }

    #[test]
    fn only_what_is_refused_from_then_on_counts() {
        let other = DocumentId::from_bytes([8; 16]);
        let mut decided = decided();
        assert!(!decided.is_refused(&[edits(other, 5, 2)]));
        assert!(decided.is_refused(&[edits(DOCUMENT, 5, 2)]));
        decided.begin(&[edits(other, 4, 1), edits(DOCUMENT, 5, 2)]);
        assert!(!decided.is_refused(&[edits(DOCUMENT, 5, 2)]));
        assert!(
            !decided.is_refused(&[]),
            "the person has decided on the others"
        );
        assert!(decided.is_refused(&[edits(DOCUMENT, 9, 5)]));
    }

    #[test]
    fn nothing_is_begun_on_an_entry_that_is_another_one_than_was_seen() {
        let waits = State::Waiting;
        let decided = decided();
        assert_eq!(
            decided.is_as_seen(&known(&entry("waiting", "")), waits),
            Ok(())
        );
        for state in ["accepted", "accepted-in-part", "refused"] {
            let known = known(&entry(state, ""));
            assert_eq!(decided.is_as_seen(&known, waits), Err("decided"));
        }
        let refused = known(&entry("refused", ""));
        assert_eq!(decided.is_as_seen(&refused, State::Refused), Ok(()));
        assert_eq!(decided.is_as_seen(&known(&json!([])), waits), Err("gone"));
        let mut unheard = known(&entry("waiting", ""));
        unheard.hear(Err("no-connection"));
        assert_eq!(decided.is_as_seen(&unheard, waits), Err("no-connection"));
    }

    #[test]
    fn a_decision_that_the_server_knows_is_told_from_one_of_somebody_else() {
        let decided = decided();
        let own = entry("accepted-in-part", "Merci.\n\nTaken: Venue");
        assert!(decided.is_told(&known(&own)));
        for other in [
            entry("accepted-in-part", "Taken: Sessions"),
            entry("accepted", "Merci.\n\nTaken: Venue"),
            entry("waiting", "Merci.\n\nTaken: Venue"),
            json!([]),
        ] {
            assert!(!decided.is_told(&known(&other)), "{other}");
        }
    }
}
