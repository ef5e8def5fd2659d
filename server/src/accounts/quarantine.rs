//! Quarantine: changes that were refused because of who sent them, until a coordinator of the
//! programme has decided. The sender's device keeps them too; this is the copy that others see.

use meltemi_core::access::{EVERY_PROGRAMME, Facts};
use meltemi_core::id::RecordRef;
use meltemi_core::sensitive::Sensitive;
use meltemi_core::sync::admission;
use meltemi_core::sync::output::Withheld;
use meltemi_core::sync::policy::Principal;
use meltemi_core::sync::repo::Accepted;
use meltemi_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::audit::{self, By, Deed, Outcome};
use super::database::{Change, DatabaseError, Reading, Shelf};
use super::member::{self, Member};
use super::{Accounts, AccountsError, note};
use crate::limits;

/// What is known of each, by id.
const ENTRIES: Shelf<Quarantined> = Shelf::new("quarantine");

/// The changes themselves, by id: bytes as Automerge writes them.
const CHANGES: Shelf<()> = Shelf::new("quarantine-changes");

/// Changes in quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Quarantined {
    /// `q-` and digits that follow from the changes: what is sent again is not kept twice.
    pub(crate) id: String,
    /// Id of the member who sent them.
    pub(crate) member: String,
    /// Id of the document they change.
    pub(crate) document: String,
    /// Its programme, if it is a record.
    pub(crate) programme: Option<String>,
    /// Its kind, if it is a record.
    pub(crate) kind: Option<String>,
    /// Why they were refused.
    pub(crate) code: String,
    /// When they came.
    pub(crate) received: Timestamp,
    /// How many changes.
    pub(crate) changes: u64,
    /// Of how many bytes.
    pub(crate) bytes: u64,
    /// What became of them.
    pub(crate) state: State,
    /// When that was decided.
    pub(crate) decided: Option<Timestamp>,
    /// Id of the member who decided; none if it was by command line.
    pub(crate) decided_by: Option<String>,
    /// What that member says to the sender.
    pub(crate) note: Option<Sensitive<String>>,
}

/// What became of changes in quarantine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    /// Nobody has decided.
    Waiting,
    /// They were taken as they are.
    Accepted,
    /// Whoever decided has entered a part of them.
    AcceptedInPart,
    /// They were not taken.
    Refused,
}

/// A coordinator's decision.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decision {
    /// Any state but waiting.
    pub(crate) decision: State,
    /// A word to the sender.
    #[serde(default)]
    pub(crate) note: Option<Sensitive<String>>,
}

/// Changes in quarantine, with the names of those who have to do with them.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Named {
    /// What is known of them.
    #[serde(flatten)]
    pub(crate) entry: Quarantined,
    /// Name of the sender.
    pub(crate) name: Option<Sensitive<String>>,
    /// Record of the sender's organisation or city.
    body: Option<RecordRef>,
    /// Name of whoever decided.
    decided_by_name: Option<Sensitive<String>>,
}

impl State {
    /// The word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Accepted => "accepted",
            Self::AcceptedInPart => "accepted-in-part",
            Self::Refused => "refused",
        }
    }
}

impl Quarantined {
    /// Whether something of it is in the record already.
    pub(crate) fn is_taken(&self) -> bool {
        matches!(self.state, State::Accepted | State::AcceptedInPart)
    }

    /// The changes, as the engine takes them after all.
    pub(crate) fn accepted(&self, changes: Vec<u8>) -> Accepted {
        Accepted {
            sender: Principal(self.member.clone()),
            changes,
            // Whoever decides was shown that they name others.
            foreign: self.code == "foreign-author",
        }
    }

    fn named(self, reading: &impl Reading) -> Result<Named, DatabaseError> {
        let find = |id: &str| reading.get(&member::MEMBERS, id.as_bytes());
        let sender: Option<Member> = find(&self.member)?;
        let decider = self.decided_by.as_deref().map(find).transpose()?.flatten();
        let (name, body) = sender.map(|member| (member.name, member.body)).unzip();
        Ok(Named {
            entry: self,
            name,
            body: body.flatten(),
            decided_by_name: decider.map(|member: Member| member.name),
        })
    }

    /// Whether this member decides on it.
    fn is_for(&self, member: &Member) -> bool {
        let programme = self.programme.as_deref().unwrap_or(EVERY_PROGRAMME);
        member.coordinates(programme)
    }

    /// Whether the sender may know more than the own device says. Until somebody has decided, an
    /// entry would tell that there is a record which is kept from the sender.
    fn is_told_to(&self, member: &Member) -> bool {
        self.member == member.id && (self.state != State::Waiting || self.code != "not-allowed")
    }
}

impl Accounts {
    /// Puts refused changes into quarantine. What is there already stays as it is.
    pub(crate) fn quarantine(
        &self,
        withheld: &Withheld,
        now: Timestamp,
    ) -> Result<(), AccountsError> {
        let entry = entry(withheld, now);
        let key = entry.id.as_bytes();
        self.database.change(|change| {
            if change.get(&ENTRIES, key)?.is_some() {
                return Ok(());
            }
            let mut all: Vec<Quarantined> = change.all(&ENTRIES)?;
            let kept = u64::try_from(limits::QUARANTINE_DECIDED.as_millis()).unwrap_or(u64::MAX);
            for old in all.extract_if(.., |old| {
                old.decided
                    .is_some_and(|at| at.0.saturating_add(kept) < now.0)
            }) {
                change.remove(&ENTRIES, old.id.as_bytes())?;
                change.remove(&CHANGES, old.id.as_bytes())?;
            }
            let bytes = |of: &[Quarantined]| of.iter().map(|e| e.bytes).sum::<u64>();
            let everybody = bytes(&all);
            all.retain(|other| other.member == entry.member);
            if all.len() >= limits::QUARANTINE_ENTRIES
                || bytes(&all) + entry.bytes > limits::QUARANTINE_BYTES
                || everybody + entry.bytes > limits::QUARANTINE_BYTES_OF_ALL
            {
                return Err(AccountsError::TooMany("changes in quarantine"));
            }
            change.put(&ENTRIES, key, &entry)?;
            change.put_bytes(&CHANGES, key, &withheld.changes)?;
            let by = By {
                member: Some(entry.member.clone()),
                device: None,
                from: "sync".to_owned(),
                now,
            };
            let (what, object) = (Deed::Quarantine, Some(entry.id.as_str()));
            Ok(audit::append(change, &by, what, object, Outcome::Refused)?)
        })
    }

    /// What is in quarantine for this member to decide on, and what became of the member's own; all
    /// for the command line.
    pub(crate) fn quarantined(&self, viewer: Option<&Member>) -> Result<Vec<Named>, AccountsError> {
        self.database.read(|view| {
            let mut all: Vec<Quarantined> = view.all(&ENTRIES)?;
            all.retain(|entry| {
                viewer.is_none_or(|viewer| entry.is_for(viewer) || entry.is_told_to(viewer))
            });
            all.sort_by(|a, b| (b.received, &b.id).cmp(&(a.received, &a.id)));
            let named = all.into_iter().map(|entry| entry.named(view));
            Ok(named.collect::<Result<_, DatabaseError>>()?)
        })
    }

    /// Changes in quarantine, for those who decide on them.
    pub(crate) fn quarantined_changes(
        &self,
        viewer: Option<&Member>,
        id: &str,
    ) -> Result<(Quarantined, Vec<u8>), AccountsError> {
        self.database.read(|view| {
            let entry = for_decision(view, viewer, id)?;
            let found = view.stored(&CHANGES, id.as_bytes(), 1)?;
            let bytes = found.into_iter().find(|(key, _)| key == id.as_bytes());
            let (_, bytes) = bytes.ok_or(DatabaseError::Damaged("quarantine-changes"))?;
            Ok((entry, bytes))
        })
    }

    /// Notes a decision. Changes that were refused can still be accepted later, but nothing that
    /// was taken is taken back by this.
    pub(crate) fn decide(
        &self,
        viewer: Option<&Member>,
        id: &str,
        decision: &Decision,
        by: &By,
    ) -> Result<Named, AccountsError> {
        let deed = match decision.decision {
            State::Waiting => {
                let problem = "must be accepted, accepted-in-part or refused";
                return Err(AccountsError::BadField("decision", problem));
            }
            State::Accepted | State::AcceptedInPart => Deed::QuarantineAccept,
            State::Refused => Deed::QuarantineRefuse,
        };
        let words = decision.note.as_ref().map(|note| note.expose().trim());
        if words.is_some_and(|note| note.chars().count() > limits::NOTE_LONGEST) {
            return Err(AccountsError::BadField(
                "note",
                "has at most 2,000 characters",
            ));
        }
        self.database.change(|change: &Change| {
            // As the member is now, not as when the request began.
            let viewer = viewer
                .map(|viewer| member::get(change, &viewer.id))
                .transpose()?;
            let mut entry = for_decision(change, viewer.as_ref(), id)?;
            if entry.is_taken() {
                return Err(AccountsError::Decided);
            }
            entry.state = decision.decision;
            entry.decided = Some(by.now);
            entry.decided_by = viewer.map(|viewer| viewer.id);
            let words = words.filter(|note| !note.is_empty());
            entry.note = words.map(|note| note.to_owned().into());
            change.put(&ENTRIES, id.as_bytes(), &entry)?;
            note(change, by, deed, Some(id))?;
            Ok(entry.named(change)?)
        })
    }
}

fn for_decision(
    reading: &impl Reading,
    viewer: Option<&Member>,
    id: &str,
) -> Result<Quarantined, AccountsError> {
    let found = reading.get(&ENTRIES, id.as_bytes())?;
    let found = found.filter(|entry: &Quarantined| {
        viewer.is_none_or(|viewer| viewer.active && entry.is_for(viewer))
    });
    found.ok_or(AccountsError::NoSuch("entry in quarantine"))
}

fn entry(withheld: &Withheld, now: Timestamp) -> Quarantined {
    let mut hash = Sha256::new();
    hash.update(withheld.principal.0.as_bytes());
    hash.update([0]);
    hash.update(withheld.document.to_string().as_bytes());
    hash.update(&withheld.changes);
    let label = withheld.label.as_deref();
    let scan = admission::scan_chunks(&withheld.changes).unwrap_or_default();
    Quarantined {
        id: format!("q-{}", hex::encode(&hash.finalize()[..16])),
        member: withheld.principal.0.clone(),
        document: withheld.document.to_string(),
        programme: label.and_then(Facts::programme_in).map(str::to_owned),
        kind: label.map(|label| Facts::kind_in(label).to_owned()),
        code: withheld.code.to_owned(),
        received: now,
        changes: scan.changes.len() as u64,
        bytes: withheld.changes.len() as u64,
        state: State::Waiting,
        decided: None,
        decided_by: None,
        note: None,
    }
}
