//! The table that all answers come from.
//!
//! What the classes mean for the roles:
//!
//! - Coordinators write everything of their programme. Only they write the programme itself.
//! - Whoever works for a body that owns a record writes it, whatever its class: an officer for the
//!   city, an editor for the partner organisation.
//! - Partner editors write what the partners share, but the records of cities and organisations
//!   are written by these themselves.
//! - What was said under the Chatham House rule is for those who were there. Being there cannot be
//!   read off a record, so facilitators and coordinators count as present, and so do the bodies
//!   that own the record: the hosts and co-organisers of an event. Evaluators do not.
//! - Readers see what every participant sees, of their own body too.
//!
//! An unsettled class (two people chose at the same time, or the word is unknown) may be any of
//! them: then a member may do only what would be allowed under every class. That leaves it to the
//! coordinators and to its owners, who are the ones to settle it.

use super::{Answer, Role};
use crate::record::{Class, Kind};

/// All classes, in the order of the columns.
pub(super) const CLASSES: [Class; 6] = [
    Class::Public,
    Class::Peers,
    Class::Consortium,
    Class::CityPrivate,
    Class::Personal,
    Class::Chatham,
];

/// What one role may do with records of some kinds.
struct Rule {
    role: Role,
    /// Of these kinds; of all that have no rule of their own when empty.
    kinds: &'static [&'static str],
    /// With records that the member's body owns: for each class `w`, `r` or `-`.
    own: [u8; 6],
    /// With all others.
    other: [u8; 6],
}

const fn rule(role: Role, kinds: &'static [&'static str], own: &[u8; 6], other: &[u8; 6]) -> Rule {
    Rule {
        role,
        kinds,
        own: *own,
        other: *other,
    }
}

/// Columns: public, peers, consortium, city_private, personal, chatham.
const TABLE: &[Rule] = &[
    rule(Role::Coordinator, &[], b"wwwwww", b"wwwwww"),
    rule(Role::PartnerEditor, &["programme"], b"rrr---", b"rrr---"),
    rule(Role::PartnerEditor, BODIES, b"wwwwww", b"rrr---"),
    rule(Role::PartnerEditor, &[], b"wwwwww", b"www---"),
    rule(Role::CityOfficer, &["programme"], b"rr----", b"rr----"),
    rule(Role::CityOfficer, &[], b"wwwwww", b"rr----"),
    rule(Role::Facilitator, NOTED, b"wwww-w", b"www--w"),
    rule(Role::Facilitator, &["programme"], b"rrr---", b"rrr---"),
    rule(Role::Facilitator, &[], b"rrrr-r", b"rrr--r"),
    rule(Role::Evaluator, &["outcome"], b"wwww--", b"wwww--"),
    rule(Role::Evaluator, &[], b"rrrr--", b"rrrr--"),
    rule(Role::Reader, &[], b"rr----", b"rr----"),
];

/// Kinds whose records are bodies, and own themselves.
pub(super) const BODIES: &[&str] = &["city", "organisation"];

/// Kinds in which facilitators note what happens and what came of it.
const NOTED: &[&str] = &["event", "event_report", "outcome"];

/// What a role allows with a record of this kind and class, of the member's body or of another.
pub(super) fn of_role(role: Role, own: bool, kind: &Kind, class: Option<Class>) -> Answer {
    let of_role = || TABLE.iter().filter(|rule| rule.role == role);
    let rule = of_role()
        .find(|rule| rule.kinds.contains(&kind.name))
        .or_else(|| of_role().find(|rule| rule.kinds.is_empty()));
    let Some(rule) = rule else {
        return Answer::None;
    };
    let row = if own { &rule.own } else { &rule.other };
    let cells = CLASSES.iter().zip(row);
    cells
        .filter(|(column, _)| class.is_none_or(|class| **column == class))
        .map(|(_, cell)| match cell {
            b'w' => Answer::Write,
            b'r' => Answer::Read,
            _ => Answer::None,
        })
        .min()
        .unwrap_or(Answer::None)
}
