//! What somebody may change of others. The server decides; this spares people what it would refuse.

use meltemi_core::access::{EVERY_PROGRAMME, Membership, Role};

use super::member::Member;
use crate::app::account;

/// What somebody may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    /// The programmes they coordinate.
    programmes: Vec<String>,
}

impl Rights {
    /// Those of whoever is signed in.
    pub fn of(member: &account::Member) -> Self {
        let roles = member.roles.iter();
        let coordinated = roles.filter(|(_, role)| role == Role::Coordinator.word());
        Self {
            programmes: coordinated
                .map(|(programme, _)| programme.clone())
                .collect(),
        }
    }

    /// Whether they coordinate anything.
    pub fn is_coordinator(&self) -> bool {
        !self.programmes.is_empty()
    }

    /// Whether they coordinate every programme.
    pub fn coordinates_all(&self) -> bool {
        self.coordinates(EVERY_PROGRAMME)
    }

    /// Whether they coordinate this programme.
    pub fn coordinates(&self, programme: &str) -> bool {
        let covers = |own: &String| own == EVERY_PROGRAMME || own == programme;
        self.programmes.iter().any(covers)
    }

    /// Whether all that a member does is theirs to decide.
    pub fn answers_for(&self, member: &Member) -> bool {
        let all = |it: &Membership| self.coordinates(&it.programme);
        self.is_coordinator() && member.memberships.iter().all(all)
    }

    /// The programmes they can give roles in, of those that are known.
    pub fn programmes(&self, known: impl IntoIterator<Item = String>) -> Vec<String> {
        let mut all: Vec<String> = self.programmes.clone();
        all.extend(known.into_iter().filter(|one| self.coordinates(one)));
        // All of them come last: a role in one programme is what is meant most often.
        all.sort_by(|a, b| (a == EVERY_PROGRAMME, a).cmp(&(b == EVERY_PROGRAMME, b)));
        all.dedup();
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rights(roles: &[(&str, &str)]) -> Rights {
        let roles = roles.iter();
        Rights::of(&account::Member {
            id: "m-1".into(),
            name: "Ana".into(),
            email: "ana@x.org".into(),
            device: None,
            roles: roles.map(|(a, b)| ((*a).into(), (*b).into())).collect(),
            colleagues: Vec::new(),
        })
    }

    fn member(programmes: &[&str]) -> Member {
        let membership = |programme: &&str| Membership {
            programme: (*programme).to_owned(),
            role: Role::Reader,
        };
        Member {
            id: "m-2".into(),
            name: "Ben".into(),
            email: "ben@x.org".into(),
            language: "en".into(),
            body: None,
            memberships: programmes.iter().map(membership).collect(),
            active: true,
            created: 0.0,
        }
    }

    #[test]
    fn coordinators_answer_for_members_of_their_programmes_only() {
        let north = rights(&[("north", "coordinator"), ("south", "reader")]);
        assert!(north.is_coordinator() && !north.coordinates_all());
        assert!(north.answers_for(&member(&["north"])));
        assert!(!north.answers_for(&member(&["north", "south"])));
        assert!(!north.answers_for(&member(&["*"])));
        assert!(rights(&[("*", "coordinator")]).answers_for(&member(&["north", "*"])));
        assert!(!rights(&[("north", "reader")]).answers_for(&member(&[])));
    }

    #[test]
    fn roles_are_given_in_programmes_one_coordinates() {
        let known = || ["south".to_owned(), "north".to_owned()];
        let north = rights(&[("north", "coordinator")]);
        assert_eq!(north.programmes(known()), ["north"]);
        let all = rights(&[("*", "coordinator")]);
        assert_eq!(all.programmes(known()), ["north", "south", "*"]);
    }
}
