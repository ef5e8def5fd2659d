//! What the engine may keep, and who may do what with it: the answers of [`crate::access`], from
//! the labels in the catalogue.

use std::collections::BTreeMap;

use automerge::{ActorId, Author, Automerge};

use crate::access::{self, Answer, Facts, Member, MemberId, Roster};
use crate::genesis::{self, NotARecord};
use crate::id::DocumentId;
use crate::sync::author::Tag;
use crate::sync::policy::{Access, Policy, Principal, Refusal, Standing};
use crate::wire::limits::{PROGRAMME_DOCUMENTS, SERVER_DOCUMENTS};

/// Takes records only, unless it is told to keep other documents too. Without a roster everybody
/// may write everything.
pub(super) struct RecordPolicy {
    foreign_documents: bool,
    roster: Option<Roster>,
    /// Whose actors begin how, of all who are or were members.
    tags: BTreeMap<Tag, Principal>,
    /// Whether changes of others are taken from those who may write.
    relayed: bool,
}

impl RecordPolicy {
    pub(super) fn new(foreign_documents: bool) -> Self {
        Self {
            foreign_documents,
            roster: None,
            tags: BTreeMap::new(),
            relayed: false,
        }
    }

    pub(super) fn roster(&self) -> Option<&Roster> {
        self.roster.as_ref()
    }

    pub(super) fn take_relayed(&mut self, relayed: bool) {
        self.relayed = relayed;
    }

    pub(super) fn set_roster(&mut self, roster: Option<Roster>) {
        let members = roster.iter().flat_map(Roster::members);
        let principals = members.map(|member| Principal(member.id.0.clone()));
        self.tags = principals.map(|one| (Tag::of(&one), one)).collect();
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

    fn authored(
        &self,
        principal: &Principal,
        _: &DocumentId,
        actor: &ActorId,
        author: Option<&Author<'_>>,
        owner: Option<&Principal>,
        relayed: bool,
    ) -> Result<(), Refusal> {
        let relayed = relayed || self.relayed;
        if self.roster.is_none() {
            return Ok(());
        }
        let tagged = Tag::in_actor(actor).and_then(|tag| self.tags.get(&tag));
        // Whoever brings changes of somebody else may still not forge them half.
        let principal = tagged.filter(|_| relayed).unwrap_or(principal);
        let named = author.is_none_or(|author| author.as_bytes() == principal.0.as_bytes());
        // What names an author is made by an actor of that author's.
        let own = match tagged {
            Some(of) => of == principal,
            None => author.is_none() && (relayed || owner.is_none_or(|o| o == principal)),
        };
        if named && own {
            return Ok(());
        }
        Err(Refusal {
            code: "foreign-author",
            message: "somebody else made these changes; they are taken from that person's own \
                      device only, or when a coordinator accepts them"
                .to_owned(),
        })
    }

    fn keeps_receipts(&self) -> bool {
        self.roster.is_some()
    }

    fn is_authored(&self) -> bool {
        self.roster.is_some() && !self.relayed
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
        labels: &mut dyn Iterator<Item = (Option<&str>, u64)>,
    ) -> Result<(), Refusal> {
        let programme = label.and_then(Facts::programme_in);
        let (mut all, mut same) = (0, 0);
        for (label, count) in labels {
            all += count;
            if programme.is_some() && label.and_then(Facts::programme_in) == programme {
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
    fn refused(label: Option<&str>, here: &[(Option<&str>, u64)]) -> Option<&'static str> {
        let policy = RecordPolicy::new(true);
        let room = policy.room(label, &mut here.iter().copied());
        room.err().map(|refusal| refusal.code)
    }

    fn people() -> RecordPolicy {
        let member = |id: &str| Member {
            id: MemberId(id.to_owned()),
            body: None,
            memberships: Vec::new(),
            active: true,
        };
        let mut policy = RecordPolicy::new(true);
        policy.set_roster(Some(["m-ana", "m-ben"].map(member).into_iter().collect()));
        policy
    }

    /// Whether `sender` may send a change of an actor of `of` that names `author`.
    fn takes(sender: &str, of: Option<&str>, author: Option<&str>, owner: Option<&str>) -> bool {
        let principal = |name: &str| Principal(name.to_owned());
        let mut doc = Automerge::new().with_actor(ActorId::from([7; 16]));
        crate::sync::author::sign(&mut doc, of.map(principal).as_ref());
        let author = author.map(|author| Author::from(author.as_bytes()));
        let asked = people().authored(
            &principal(sender),
            &DocumentId::from_bytes([1; 16]),
            doc.get_actor(),
            author.as_ref(),
            owner.map(principal).as_ref(),
            false,
        );
        asked.is_ok()
    }

    #[test]
    fn changes_are_taken_from_their_author_only() {
        let (ana, ben) = (Some("m-ana"), Some("m-ben"));
        assert!(takes("m-ana", ana, ana, None));
        assert!(
            takes("m-ana", ana, None, None),
            "a later change names nobody"
        );
        assert!(!takes("m-ben", ana, ana, None), "somebody else's");
        assert!(!takes("m-ben", ana, None, None), "somebody else's actor");
        assert!(
            !takes("m-ben", ana, ben, ben),
            "own name, somebody else's actor"
        );
        assert!(
            !takes("m-ben", ben, ana, ben),
            "own actor, somebody else's name"
        );
        // Programs have actors of no kind.
        assert!(takes("m-ben", None, None, None) && takes("m-ben", None, None, ben));
        assert!(
            !takes("m-ben", None, None, ana),
            "it was used by somebody else before"
        );
        assert!(
            !takes("m-ben", None, ben, None),
            "a name, and no actor of that name"
        );
    }

    #[test]
    fn relayed_changes_are_whole_ones() {
        let mut policy = people();
        policy.take_relayed(true);
        let (ana, ben) = (Principal("m-ana".into()), Principal("m-ben".into()));
        let document = DocumentId::from_bytes([1; 16]);
        let mut doc = Automerge::new();
        crate::sync::author::sign(&mut doc, Some(&ana));
        let takes = |author: &Principal| {
            let author = crate::sync::author::author(author);
            let actor = doc.get_actor();
            policy
                .authored(&ben, &document, actor, Some(&author), None, false)
                .is_ok()
        };
        assert!(takes(&ana) && !takes(&ben));
    }

    #[test]
    fn without_accounts_nobody_is_asked() {
        let policy = RecordPolicy::new(true);
        let (sender, document) = (Principal("x".into()), DocumentId::from_bytes([1; 16]));
        let author = Author::from(b"m-ana".as_slice());
        let actor = ActorId::from([7; 16]);
        let asked = policy.authored(&sender, &document, &actor, Some(&author), None, false);
        assert!(asked.is_ok() && !policy.keeps_receipts());
    }

    #[test]
    fn a_full_server_takes_no_new_record_of_any_programme() {
        let half = SERVER_DOCUMENTS as u64 / 2;
        let label = Some("outcome other peers -");
        let mut here = [
            (Some("outcome one peers -"), half),
            (Some("outcome two peers -"), half - 2),
            (None, 1),
        ];
        assert_eq!(refused(label, &here), None);
        // What is no record takes room and needs it.
        here[2].1 += 1;
        assert_eq!(refused(label, &here), Some("server-full"));
        assert_eq!(refused(None, &here), Some("server-full"));
    }

    #[test]
    fn a_full_programme_leaves_room_for_others() {
        let here = [(Some("outcome one peers -"), PROGRAMME_DOCUMENTS as u64)];
        let label = Some("event one peers -");
        assert_eq!(refused(label, &here), Some("programme-full"));
        assert_eq!(refused(Some("event two peers -"), &here), None);
    }
}
