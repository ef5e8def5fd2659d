//! Members and their roles, as far as access needs them: no names, no addresses.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::RecordRef;

/// What a member is in a programme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Leads the programme and merges what the others bring.
    Coordinator,
    /// Works for a partner organisation.
    PartnerEditor,
    /// Works for a city or another local government.
    CityOfficer,
    /// Runs the sessions and takes the notes.
    Facilitator,
    /// Looks at what came of it.
    Evaluator,
    /// Takes part and only reads.
    Reader,
}

impl Role {
    /// All roles, in the order in which menus list them.
    pub const ALL: [Self; 6] = [
        Self::Coordinator,
        Self::PartnerEditor,
        Self::CityOfficer,
        Self::Facilitator,
        Self::Evaluator,
        Self::Reader,
    ];

    /// The word for it in documents, addresses and commands.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Coordinator => "coordinator",
            Self::PartnerEditor => "partner_editor",
            Self::CityOfficer => "city_officer",
            Self::Facilitator => "facilitator",
            Self::Evaluator => "evaluator",
            Self::Reader => "reader",
        }
    }

    /// The role with this word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// Names a member for good. Says nothing about the person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MemberId(pub String);

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Stands in a [`Membership`] for every programme there is or will be. No key of a programme can
/// be this.
pub const EVERY_PROGRAMME: &str = "*";

/// A role in one programme, or in all of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Membership {
    /// Name of the programme, as in its documents.
    pub programme: String,
    /// What the member is there.
    pub role: Role,
}

impl Membership {
    /// Whether it holds in this programme.
    pub fn covers(&self, programme: &str) -> bool {
        self.programme == EVERY_PROGRAMME || self.programme == programme
    }
}

/// A member, as far as access needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub id: MemberId,
    /// The organisation or city the member belongs to, a record of kind `organisation` or `city`.
    pub body: Option<RecordRef>,
    /// Roles, of which there may be several in one programme.
    pub memberships: Vec<Membership>,
    /// Whether the member may do anything at all.
    pub active: bool,
}

/// All members of a server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Roster {
    members: BTreeMap<MemberId, Member>,
}

impl Roster {
    /// The member with this id.
    pub fn member(&self, id: &MemberId) -> Option<&Member> {
        self.members.get(id)
    }

    /// Puts a member in, in the place of the one with the same id.
    pub fn insert(&mut self, member: Member) {
        self.members.insert(member.id.clone(), member);
    }

    /// All members, by id.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }
}

impl FromIterator<Member> for Roster {
    fn from_iter<I: IntoIterator<Item = Member>>(members: I) -> Self {
        let members = members
            .into_iter()
            .map(|member| (member.id.clone(), member));
        Self {
            members: members.collect(),
        }
    }
}
