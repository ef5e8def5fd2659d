//! Changes in quarantine: those one decides on, and what became of one's own. What the server says
//! of them, and what is said to it.

pub mod choice;
pub mod under_way;

use meltemi_core::id::DocumentId;
use meltemi_core::time::Timestamp;
use serde_json::{Value, json};

use super::account::{Answered, Member, Wrong, is_good, wrong};

/// Characters that a word to the sender may have.
pub const NOTE_LONGEST: usize = 2_000;

/// Changes in quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: String,
    /// Id of the member who sent them.
    pub member: String,
    /// Name of that member.
    pub name: String,
    /// Record of that member's organisation or city.
    pub body: Option<String>,
    /// The document they change.
    pub document: Option<DocumentId>,
    /// Its programme, if it is a record.
    pub programme: Option<String>,
    /// Its kind, if it is a record.
    pub kind: Option<String>,
    /// Why they were refused.
    pub code: String,
    /// When they came.
    pub received: Timestamp,
    /// How many there are.
    pub changes: u64,
    /// What became of them.
    pub state: State,
    /// When that was decided.
    pub decided: Option<Timestamp>,
    /// Name of whoever decided.
    pub decided_by: String,
    /// What that person says to the sender.
    pub note: Option<String>,
}

/// What became of changes in quarantine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nobody has decided.
    Waiting,
    /// They were taken as they are.
    Accepted,
    /// A part of them was entered by whoever decided.
    InPart,
    /// They were not taken.
    Refused,
}

impl State {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Waiting, "waiting"),
        (Self::Accepted, "accepted"),
        (Self::InPart, "accepted-in-part"),
        (Self::Refused, "refused"),
    ];

    fn read(word: &str) -> Option<Self> {
        let mut all = Self::ALL.iter();
        all.find(|(_, known)| *known == word)
            .map(|(state, _)| *state)
    }

    fn word(self) -> &'static str {
        let mut all = Self::ALL.iter();
        all.find(|(state, _)| *state == self)
            .map_or("", |(_, word)| word)
    }
}

/// What is known of all entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Newest first.
    pub entries: Vec<Entry>,
    /// Whether the server has said it since the page was opened.
    pub heard: bool,
    /// Why it could not say it last.
    pub trouble: Option<Wrong>,
}

impl Known {
    /// Takes the answer to `GET /api/quarantine`.
    pub fn hear(&mut self, answer: Result<Answered, Wrong>) {
        match answer.and_then(|answered| entries(&answered)) {
            Ok(entries) => {
                *self = Self {
                    entries,
                    heard: true,
                    trouble: None,
                };
            }
            Err(wrong) => self.trouble = Some(wrong),
        }
    }

    /// Takes the answer to a decision.
    pub fn hear_one(&mut self, answered: &Answered) -> Result<(), Wrong> {
        let value: Value = serde_json::from_str(&answered.body).unwrap_or_default();
        if !is_good(answered.status) {
            return Err(match wrong(answered) {
                "other" if value["code"] == "decided" => "decided",
                "other" if answered.status == 409 => "not-possible",
                wrong => wrong,
            });
        }
        if let Some(entry) = entry(&value)
            && let Some(known) = self.entries.iter_mut().find(|known| known.id == entry.id)
        {
            *known = entry;
        }
        Ok(())
    }

    /// Those that wait for this member to decide.
    pub fn waiting(&self, member: &Member) -> impl Iterator<Item = &Entry> {
        let waiting = |entry: &&Entry| entry.state == State::Waiting && decides(member, entry);
        self.entries.iter().filter(waiting)
    }

    /// What others have sent and somebody has decided.
    pub fn decided(&self, member: &Member) -> impl Iterator<Item = &Entry> {
        let decided = |entry: &&Entry| {
            entry.state != State::Waiting && entry.member != member.id && decides(member, entry)
        };
        self.entries.iter().filter(decided)
    }

    /// What this member has sent.
    pub fn own(&self, member: &Member) -> impl Iterator<Item = &Entry> {
        self.entries
            .iter()
            .filter(|entry| entry.member == member.id)
    }

    /// Decisions on what this member has sent that were made after `told`, and when the last was.
    pub fn news(&self, member: &Member, told: u64) -> (u64, u64) {
        let times = self.own(member).filter_map(|entry| entry.decided);
        let new = times.map(|at| at.0).filter(|at| *at > told);
        new.fold((0, told), |(count, last), at| (count + 1, last.max(at)))
    }
}

/// Whether a member coordinates anything.
pub fn coordinates(member: &Member) -> bool {
    member.roles.iter().any(|(_, role)| role == "coordinator")
}

/// Whether a member decides on an entry.
pub fn decides(member: &Member, entry: &Entry) -> bool {
    let covers =
        |programme: &str| programme == "*" || entry.programme.as_deref() == Some(programme);
    let mut roles = member.roles.iter();
    roles.any(|(programme, role)| role == "coordinator" && covers(programme))
}

/// The address of what is in quarantine.
pub const ADDRESS: &str = "/api/quarantine";

/// The address of an entry.
pub fn address(id: &str) -> String {
    format!("{ADDRESS}/{id}")
}

/// The body of a decision.
pub fn decision(state: State, note: &str) -> String {
    json!({ "decision": state.word(), "note": cut(note) }).to_string()
}

/// The word to the sender as it is sent: what is too long of it is cut off.
fn cut(note: &str) -> String {
    let note = note.trim();
    let cut = note.char_indices().nth(NOTE_LONGEST);
    match cut.and_then(|_| note.char_indices().nth(NOTE_LONGEST - 1)) {
        Some((at, _)) => format!("{}…", &note[..at]),
        None => note.to_owned(),
    }
}

fn entries(answered: &Answered) -> Result<Vec<Entry>, Wrong> {
    if !is_good(answered.status) {
        return Err(wrong(answered));
    }
    let value: Value = serde_json::from_str(&answered.body).unwrap_or_default();
    let all = value.as_array().ok_or("other")?;
    Ok(all.iter().filter_map(entry).collect())
}

fn entry(value: &Value) -> Option<Entry> {
    let text = |name: &str| value[name].as_str().map(str::to_owned);
    Some(Entry {
        id: text("id")?,
        member: text("member")?,
        name: text("name").unwrap_or_default(),
        body: text("body"),
        document: text("document").and_then(|id| id.parse().ok()),
        programme: text("programme"),
        kind: text("kind"),
        code: text("code").unwrap_or_default(),
        received: Timestamp(value["received"].as_u64().unwrap_or_default()),
        changes: value["changes"].as_u64().unwrap_or_default(),
        state: State::read(value["state"].as_str()?)?,
        decided: value["decided"].as_u64().map(Timestamp),
        decided_by: text("decided_by_name").unwrap_or_default(),
        note: text("note"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(id: &str, programme: &str, role: &str) -> Member {
        Member {
            id: id.to_owned(),
            name: String::new(),
            email: String::new(),
            device: None,
            roles: vec![(programme.to_owned(), role.to_owned())],
            colleagues: Vec::new(),
        }
    }

    fn one(id: &str, member: &str, state: &str, decided: Value) -> Value {
        json!({
            "id": id, "member": member, "name": "Ben", "body": "city/tangier",
            "document": DocumentId::from_bytes([7; 16]).to_string(), "programme": "mc2cm",
            "kind": "event", "code": "read-only", "received": 5, "changes": 30, "bytes": 99,
            "state": state, "decided": decided, "decided_by": null, "decided_by_name": "Ana",
            "note": null,
        })
    }

    fn answered(status: u16, body: &Value) -> Answered {
        Answered {
            status,
            body: body.to_string(),
        }
    }

    fn known() -> Known {
        let mut known = Known::default();
        known.hear(Ok(answered(
            200,
            &json!([
                one("q-1", "m-ben", "waiting", json!(null)),
                one("q-2", "m-ben", "refused", json!(20)),
                one("q-3", "m-carl", "accepted-in-part", json!(30)),
                one("q-4", "m-carl", "of a newer server", json!(null)),
            ]),
        )));
        known
    }

    fn ids<'a>(entries: impl Iterator<Item = &'a Entry>) -> Vec<&'a str> {
        entries.map(|entry| entry.id.as_str()).collect()
    }

    #[test]
    fn coordinators_decide_on_what_waits_in_their_programmes() {
        let known = known();
        assert_eq!(
            known.entries[0].document,
            Some(DocumentId::from_bytes([7; 16]))
        );
        for programme in ["mc2cm", "*"] {
            let ana = member("m-ana", programme, "coordinator");
            assert_eq!(ids(known.waiting(&ana)), ["q-1"]);
            assert_eq!(ids(known.decided(&ana)), ["q-2", "q-3"]);
        }
        for (programme, role) in [("other", "coordinator"), ("mc2cm", "reader")] {
            let other = member("m-x", programme, role);
            assert_eq!(ids(known.waiting(&other)), [""; 0]);
            assert_eq!(ids(known.decided(&other)), [""; 0]);
        }
    }

    #[test]
    fn senders_are_told_of_each_decision_once() {
        let known = known();
        let ben = member("m-ben", "mc2cm", "reader");
        assert_eq!(ids(known.own(&ben)), ["q-1", "q-2"]);
        assert_eq!(known.news(&ben, 0), (1, 20));
        assert_eq!(known.news(&ben, 20), (0, 20));
    }

    #[test]
    fn what_was_known_stays_when_the_server_cannot_say_it() {
        let mut known = known();
        let before = known.entries.clone();
        known.hear(Err("no-connection"));
        assert_eq!(known.trouble, Some("no-connection"));
        known.hear(Ok(answered(200, &json!("a captive portal"))));
        assert_eq!((known.trouble, known.heard), (Some("other"), true));
        assert_eq!(known.entries, before);
        known.hear(Ok(answered(200, &json!([]))));
        assert_eq!((known.trouble, known.entries.len()), (None, 0));
    }

    #[test]
    fn an_answer_to_a_decision_takes_the_place_of_what_waited() {
        let mut known = known();
        let decided = answered(200, &one("q-1", "m-ben", "accepted", json!(40)));
        assert_eq!(known.hear_one(&decided), Ok(()));
        assert_eq!(known.entries[0].state, State::Accepted);
        let late = answered(409, &json!({ "code": "decided", "message": "" }));
        assert_eq!(known.hear_one(&late), Err("decided"));
        let bad = answered(
            409,
            &json!({ "code": "missing-dependencies", "message": "" }),
        );
        assert_eq!(known.hear_one(&bad), Err("not-possible"));
        assert_eq!(known.hear_one(&answered(503, &json!({}))), Err("other"));
    }

    #[test]
    fn a_word_that_is_too_long_is_cut() {
        let note = |text: &str| {
            let body: Value =
                serde_json::from_str(&decision(State::InPart, text)).expect("a decision");
            assert_eq!(body["decision"], "accepted-in-part");
            body["note"].as_str().map(str::to_owned).unwrap_or_default()
        };
        assert_eq!(note(" Thank you. "), "Thank you.");
        assert_eq!(note(&"é".repeat(NOTE_LONGEST)), "é".repeat(NOTE_LONGEST));
        let cut = note(&"é".repeat(NOTE_LONGEST + 1));
        assert_eq!(cut.chars().count(), NOTE_LONGEST);
        assert!(cut.ends_with("é…"));
    }
}
