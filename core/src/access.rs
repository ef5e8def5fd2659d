//! Who may do what: the pure answer to "may this member read or write this record?".
//!
//! Everything follows from the member's roles and body, and from the [`Facts`] of a document: its
//! programme, kind, class and owners. The screens, the engine and HTTP ask the same [`answer`];
//! who is who (names, sessions, tokens) is not known here.

mod facts;
mod label;
mod member;
pub mod reference;
mod table;

pub use self::facts::Facts;
pub use self::label::{LabelError, answer_label, is_current};
pub use self::member::{EVERY_PROGRAMME, Member, MemberId, Membership, Role, Roster};

use crate::record::{self, Class};

/// What a member may do with a document.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Not even know that it exists.
    None,
    /// Read it.
    Read,
    /// Read and change it.
    Write,
}

/// What `member` may do with a document of which `facts` are known.
///
/// A member may do what the best of the roles allows that are held in the document's programme.
/// Without one there is nothing but reading what is public. Somebody who is not active may do
/// nothing.
pub fn answer(member: &Member, facts: &Facts) -> Answer {
    let own = member
        .body
        .as_ref()
        .is_some_and(|body| facts.owners.contains(body));
    decide(member, &facts.programme, &facts.kind, facts.class, own)
}

fn decide(member: &Member, programme: &str, kind: &str, class: Option<Class>, own: bool) -> Answer {
    // A kind that this version does not know has no row in the table.
    let Some(kind) = record::kind(kind).filter(|_| member.active) else {
        return Answer::None;
    };
    let roles = member
        .memberships
        .iter()
        .filter(|membership| membership.covers(programme))
        .map(|membership| table::of_role(membership.role, own, kind, class));
    let public = match class {
        Some(Class::Public) => Answer::Read,
        _ => Answer::None,
    };
    roles.fold(public, Answer::max)
}

#[cfg(test)]
mod tests;
