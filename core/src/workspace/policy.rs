//! What the engine may keep, and who may do what with it: the answers of [`crate::access`], from
//! the labels in the catalogue.

use automerge::Automerge;

use crate::access::{self, Answer, Facts, Member, MemberId, Roster};
use crate::genesis::{self, NotARecord};
use crate::id::DocumentId;
use crate::sync::policy::{Access, Policy, Principal, Refusal, Standing};
use crate::wire::limits::{PROGRAMME_DOCUMENTS, SERVER_DOCUMENTS};

/// Takes records only, unless it is told to keep other documents too. Without a roster everybody
/// may write everything.
pub(super) struct RecordPolicy {
    foreign_documents: bool,
    roster: Option<Roster>,
}

impl RecordPolicy {
    pub(super) fn new(foreign_documents: bool) -> Self {
        Self {
            foreign_documents,
            roster: None,
        }
    }

    pub(super) fn roster(&self) -> Option<&Roster> {
        self.roster.as_ref()
    }

    pub(super) fn set_roster(&mut self, roster: Option<Roster>) {
        self.roster = roster;
    }

    /// Whether a document with this label is on the list of what somebody may know of.
    pub(super) fn lists(&self, principal: &Principal, label: Option<&str>) -> bool {
        self.roster.is_none() || self.announce(principal, label)
    }

    fn of_label(&self, member: &Member, label: Option<&str>) -> Access {
        match label.map(|label| access::answer_label(member, label)) {
            Some(Answer::Write) => Access::Write,
            Some(Answer::Read) => Access::Read,
            Some(Answer::None) => Access::None,
            // What is no record is nobody's: whoever knows its id may use it.
            None if self.foreign_documents => Access::Write,
            None => Access::None,
        }
    }
}

/// The member who is this principal, if active.
fn member<'a>(roster: &'a Roster, principal: &Principal) -> Option<&'a Member> {
    let member = roster.member(&MemberId(principal.0.clone()));
    member.filter(|member| member.active)
}

/// What a principal is told whose connection is closed because the roster changed; nothing if
/// nothing changed for the principal.
pub(super) fn farewell(
    before: Option<&Roster>,
    after: Option<&Roster>,
    principal: &Principal,
) -> Option<&'static str> {
    let of = |roster: Option<&Roster>| roster.map(|roster| member(roster, principal).cloned());
    let (before, after) = (of(before), of(after));
    match after {
        after if after == before => None,
        Some(None) => Some("you have no access to this server any more; ask a coordinator"),
        _ => Some("what you may see has changed; connect again"),
    }
}

impl Policy for RecordPolicy {
    fn access(&self, principal: &Principal, _: &DocumentId, standing: Standing<'_>) -> Access {
        let Some(roster) = &self.roster else {
            return Access::Write;
        };
        let Some(member) = member(roster, principal) else {
            return Access::None;
        };
        match standing {
            Standing::Here(label) => self.of_label(member, label),
            // What it will be decides, once it is seen.
            Standing::New => Access::Write,
            Standing::Unread => Access::None,
        }
    }

    fn check(
        &self,
        document: &DocumentId,
        doc: &Automerge,
        accepted: bool,
    ) -> Result<Option<String>, Refusal> {
        // The first change is compared once: history only grows.
        let identity = if accepted {
            genesis::recognise(document, doc)
        } else {
            genesis::identify(document, doc)
        };
        match identity {
            Ok(identity) => Ok(Some(Facts::read(doc, &identity).to_string())),
            Err(NotARecord::NoKind) if self.foreign_documents => Ok(None),
            Err(error) => Err(Refusal {
                code: error.code(),
                message: error.to_string(),
            }),
        }
    }

    fn room(
        &self,
        label: Option<&str>,
        labels: &mut dyn Iterator<Item = (&str, u64)>,
    ) -> Result<(), Refusal> {
        let programme = label.and_then(Facts::programme_in);
        let (mut all, mut same) = (0, 0);
        for (label, count) in labels {
            all += count;
            if programme.is_some() && Facts::programme_in(label) == programme {
                same += count;
            }
        }
        if all >= SERVER_DOCUMENTS as u64 {
            return Err(Refusal {
                code: "server-full",
                message: "the server has as many records as it keeps; ask whoever runs it"
                    .to_owned(),
            });
        }
        let Some(programme) = programme else {
            return Ok(());
        };
        if same < PROGRAMME_DOCUMENTS as u64 {
            return Ok(());
        }
        Err(Refusal {
            code: "programme-full",
            message: format!(
                "programme {programme} has as many records as a server keeps; ask whoever runs it"
            ),
        })
    }

    fn is_decided_on(&self, principal: &Principal) -> bool {
        let roster = self.roster.as_ref();
        roster.is_some_and(|roster| member(roster, principal).is_some())
    }

    fn is_current(&self, label: Option<&str>) -> bool {
        label.map_or(self.foreign_documents, access::is_current)
    }

    fn hides(&self, _: &Principal) -> bool {
        // The label says it all.
        false
    }

    fn announce(&self, principal: &Principal, label: Option<&str>) -> bool {
        let Some(label) = label else {
            return false;
        };
        let Some(roster) = &self.roster else {
            return true;
        };
        member(roster, principal)
            .is_some_and(|member| self.of_label(member, Some(label)) > Access::None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// The code with which a new record of a programme is refused when these are there.
    fn refused(label: &str, here: &[(&str, u64)]) -> Option<&'static str> {
        let policy = RecordPolicy::new(true);
        let room = policy.room(Some(label), &mut here.iter().copied());
        room.err().map(|refusal| refusal.code)
    }

    #[test]
    fn a_full_server_takes_no_new_record_of_any_programme() {
        let half = SERVER_DOCUMENTS as u64 / 2;
        let label = "outcome other peers -";
        let mut here = [
            ("outcome one peers -", half),
            ("outcome two peers -", half - 1),
        ];
        assert_eq!(refused(label, &here), None);
        here[1].1 += 1;
        assert_eq!(refused(label, &here), Some("server-full"));
        let policy = RecordPolicy::new(true);
        let foreign = policy.room(None, &mut here.into_iter());
        assert!(foreign.is_err(), "what is no record needs room too");
    }

    #[test]
    fn a_full_programme_leaves_room_for_others() {
        let here = [("outcome one peers -", PROGRAMME_DOCUMENTS as u64)];
        assert_eq!(refused("event one peers -", &here), Some("programme-full"));
        assert_eq!(refused("event two peers -", &here), None);
    }
}
