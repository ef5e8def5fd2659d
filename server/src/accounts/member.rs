//! Members: who they are, and what they may do in which programme.

pub(super) mod checked;

use std::collections::BTreeSet;

use meltemi_core::access::{self, EVERY_PROGRAMME, MemberId, Membership, Role, Roster};
use meltemi_core::id::RecordRef;
use meltemi_core::sensitive::Sensitive;
use meltemi_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::audit::{By, Deed};
use super::database::{Change, DatabaseError, Reading, Shelf};
use super::password::Hashed;
use super::recovery::RecoveryHashes;
use super::{Accounts, AccountsError, Ended, checked_name, device, note, session, token};

/// Members, by id.
pub(super) const MEMBERS: Shelf<Member> = Shelf::new("members");

/// Ids of members, by e-mail address.
const EMAILS: Shelf<String> = Shelf::new("emails");

/// How members prove who they are, by id.
const CREDENTIALS: Shelf<Credentials> = Shelf::new("credentials");

/// A member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Member {
    /// `m-` and random digits; what changes and the audit log name them by.
    pub(crate) id: String,
    /// Name as it is shown.
    pub(crate) name: Sensitive<String>,
    /// Address they sign in with.
    pub(crate) email: Sensitive<String>,
    /// Language they read.
    pub(crate) language: String,
    /// Record of the organisation or city they belong to.
    pub(crate) body: Option<RecordRef>,
    /// What they do.
    pub(crate) memberships: Vec<Membership>,
    /// Whether they may sign in.
    pub(crate) active: bool,
    /// When they joined.
    pub(crate) created: Timestamp,
}

/// How a member proves who they are.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Credentials {
    /// None for who signs in by other ways only.
    pub(super) password: Option<Hashed>,
    pub(super) recovery: Option<RecoveryHashes>,
}

/// What is to change of a member. What is not named stays.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MemberPatch {
    pub(crate) name: Option<Sensitive<String>>,
    pub(crate) language: Option<String>,
    /// `null` takes it away.
    #[serde(default, with = "present")]
    pub(crate) body: Option<Option<RecordRef>>,
    pub(crate) memberships: Option<Vec<Membership>>,
    pub(crate) active: Option<bool>,
}

/// Tells a field that is `null` from one that is not there.
mod present {
    use serde::{Deserialize, Deserializer};

    pub(super) fn deserialize<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        T::deserialize(deserializer).map(Some)
    }
}

impl Member {
    /// Whether they coordinate this programme.
    pub(crate) fn coordinates(&self, programme: &str) -> bool {
        self.memberships
            .iter()
            .any(|membership| membership.role == Role::Coordinator && membership.covers(programme))
    }

    /// Whether they coordinate anything.
    pub(crate) fn is_coordinator(&self) -> bool {
        let mut roles = self.memberships.iter();
        roles.any(|membership| membership.role == Role::Coordinator)
    }

    /// Whether nothing on the server is kept from them.
    fn sees_everything(&self) -> bool {
        self.coordinates(EVERY_PROGRAMME)
    }

    /// Whether they may read what the server counts, which says how much there is of everything.
    pub(crate) fn check_counts(&self) -> Result<(), AccountsError> {
        if self.sees_everything() {
            return Ok(());
        }
        Err(AccountsError::NotAllowed(
            "only coordinators of every programme read what the server counts",
        ))
    }

    /// Whether they see this member in their list: they coordinate a programme of theirs.
    fn sees(&self, other: &Self) -> bool {
        let mut memberships = other.memberships.iter();
        self.id == other.id
            || memberships.any(|membership| self.coordinates(&membership.programme))
            || self.sees_everything()
    }

    /// Whether they do something in a programme in which this member does something too.
    fn shares_with(&self, other: &Self) -> bool {
        let shared = |theirs: &Membership| {
            let mut own = self.memberships.iter();
            own.any(|own| own.covers(&theirs.programme) || theirs.covers(&own.programme))
        };
        self.id == other.id || other.memberships.iter().any(shared)
    }

    /// Whether all that this member does is theirs to decide.
    fn answers_for(&self, other: &Self) -> bool {
        let mut memberships = other.memberships.iter();
        self.sees(other) && memberships.all(|membership| self.coordinates(&membership.programme))
    }

    /// Whether they may change the memberships of somebody from `before` to `after`.
    fn may_change(&self, before: &[Membership], after: &[Membership]) -> bool {
        let changed = |from: &[Membership], to: &[Membership]| {
            let mut gone = from.iter().filter(|membership| !to.contains(membership));
            gone.all(|membership| self.coordinates(&membership.programme))
        };
        changed(before, after) && changed(after, before)
    }
}

impl Accounts {
    /// Who may do what, for the engine.
    pub(crate) fn roster(&self) -> Result<Roster, AccountsError> {
        let access = |member: Member| access::Member {
            id: MemberId(member.id),
            body: member.body,
            memberships: member.memberships,
            active: member.active,
        };
        Ok(self.members()?.into_iter().map(access).collect())
    }

    fn members(&self) -> Result<Vec<Member>, AccountsError> {
        self.database.read(|view| Ok(view.all(&MEMBERS)?))
    }

    /// The members that somebody may see, all for the command line.
    pub(crate) fn members_seen_by(
        &self,
        viewer: Option<&Member>,
    ) -> Result<Vec<Member>, AccountsError> {
        let mut members = self.members()?;
        if let Some(viewer) = viewer {
            members.retain(|member| viewer.sees(member));
        }
        members.sort_by_key(|member| member.created);
        Ok(members)
    }

    /// Everybody with whom a member shares a programme, also those who are not active any more.
    pub(crate) fn colleagues(&self, of: &Member) -> Result<Vec<Member>, AccountsError> {
        let mut members = self.members()?;
        members.retain(|member| of.shares_with(member));
        Ok(members)
    }

    /// One member, if somebody may see them.
    pub(crate) fn member_seen_by(
        &self,
        viewer: Option<&Member>,
        id: &str,
    ) -> Result<Member, AccountsError> {
        let member = self.database.read(|view| get(view, id))?;
        match viewer {
            Some(viewer) if !viewer.sees(&member) => Err(AccountsError::NoSuch("member")),
            _ => Ok(member),
        }
    }

    /// Changes a member on behalf of another, or of the command line. Says who loses access.
    pub(crate) fn change_member(
        &self,
        changer: Option<&Member>,
        id: &str,
        patch: &MemberPatch,
        by: &By,
    ) -> Result<(Member, Vec<Ended>), AccountsError> {
        self.database.change(|change| {
            let before = get(change, id)?;
            if let Some(changer) = changer {
                // As they are now, not when the request came.
                allow(&get(change, &changer.id)?, &before, patch)?;
            }
            let after = patched(&before, patch)?;
            keep_a_coordinator(change, &before, &after)?;
            let holder = by_email(change, after.email.expose())?;
            if after.active && holder.as_deref() != Some(id) {
                return Err(AccountsError::EmailTaken);
            }
            let mut ended = Vec::new();
            if before.active && !after.active {
                session::end_all(change, id, None)?;
                device::revoke_all(change, id, by.now)?;
                token::revoke_all(change, id)?;
                ended.push(Ended::Member(id.to_owned()));
            }
            change.put(&MEMBERS, id.as_bytes(), &after)?;
            note(change, by, Deed::MemberChange, Some(id))?;
            Ok((after, ended))
        })
    }
}

fn allow(changer: &Member, member: &Member, patch: &MemberPatch) -> Result<(), AccountsError> {
    if !changer.active || !changer.sees(member) {
        return Err(AccountsError::NoSuch("member"));
    }
    let own = changer.id == member.id;
    let personal = patch.name.is_some() || patch.language.is_some();
    if personal && !own && !changer.answers_for(member) {
        return Err(AccountsError::NotAllowed(
            "only members themselves and those who coordinate all their programmes change this",
        ));
    }
    let overall = patch.body.is_some() || patch.active.is_some();
    if overall && !(changer.is_coordinator() && changer.answers_for(member)) {
        return Err(AccountsError::NotAllowed(
            "only those who coordinate all programmes of a member change this",
        ));
    }
    let memberships = patch.memberships.as_ref();
    if memberships.is_some_and(|after| !changer.may_change(&member.memberships, after)) {
        return Err(AccountsError::NotAllowed(
            "only coordinators of a programme change who does what in it",
        ));
    }
    Ok(())
}

fn patched(before: &Member, patch: &MemberPatch) -> Result<Member, AccountsError> {
    let mut after = before.clone();
    if let Some(name) = &patch.name {
        after.name = checked_name("name", name.expose())?.into();
    }
    if let Some(language) = &patch.language {
        after.language = checked::language(language)?;
    }
    if let Some(body) = &patch.body {
        after.body = checked::body(body.clone())?;
    }
    if let Some(memberships) = &patch.memberships {
        after.memberships = checked::memberships(memberships)?;
    }
    if let Some(active) = patch.active {
        after.active = active;
    }
    Ok(after)
}

/// Refuses a change that leaves a programme without anybody who could undo it.
fn keep_a_coordinator(
    change: &Change,
    before: &Member,
    after: &Member,
) -> Result<(), AccountsError> {
    let coordinated = |member: &Member| -> BTreeSet<String> {
        let memberships = member.memberships.iter().filter(|_| member.active);
        let roles = memberships.filter(|membership| membership.role == Role::Coordinator);
        roles
            .map(|membership| membership.programme.clone())
            .collect()
    };
    let lost: Vec<String> = coordinated(before)
        .difference(&coordinated(after))
        .filter(|programme| !(after.active && after.coordinates(programme)))
        .cloned()
        .collect();
    if lost.is_empty() {
        return Ok(());
    }
    let others: Vec<Member> = change.all(&MEMBERS)?;
    for programme in lost {
        let mut others = others.iter().filter(|other| other.id != before.id);
        if !others.any(|other| other.active && other.coordinates(&programme)) {
            return Err(AccountsError::LastCoordinator(
                if programme == EVERY_PROGRAMME {
                    "the server".to_owned()
                } else {
                    format!("the programme {programme}")
                },
            ));
        }
    }
    Ok(())
}

/// A member.
pub(super) fn get(reading: &impl Reading, id: &str) -> Result<Member, AccountsError> {
    let member = reading.get(&MEMBERS, id.as_bytes())?;
    member.ok_or(AccountsError::NoSuch("member"))
}

/// The id of the member with this address.
pub(super) fn by_email(
    reading: &impl Reading,
    email: &str,
) -> Result<Option<String>, DatabaseError> {
    reading.get(&EMAILS, checked::normal_email(email).as_bytes())
}

/// How a member proves who they are.
pub(super) fn credentials(
    reading: &impl Reading,
    id: &str,
) -> Result<Option<Credentials>, DatabaseError> {
    reading.get(&CREDENTIALS, id.as_bytes())
}

/// Changes how a member proves who they are.
pub(super) fn set_credentials(
    change: &Change,
    id: &str,
    credentials: &Credentials,
) -> Result<(), DatabaseError> {
    change.put(&CREDENTIALS, id.as_bytes(), credentials)
}

/// Refuses an address that a member has. Who was made inactive and is invited anew has the same
/// address again.
pub(super) fn check_free(reading: &impl Reading, email: &str) -> Result<(), AccountsError> {
    match by_email(reading, email)? {
        Some(holder) if get(reading, &holder)?.active => Err(AccountsError::EmailTaken),
        _ => Ok(()),
    }
}

/// Puts a new member beside the others, with a password or without one.
pub(super) fn add(
    change: &Change,
    member: &Member,
    password: Option<Hashed>,
) -> Result<(), AccountsError> {
    let email = member.email.expose().as_bytes();
    check_free(change, member.email.expose())?;
    change.put(&EMAILS, email, &member.id)?;
    change.put(&MEMBERS, member.id.as_bytes(), member)?;
    let credentials = Credentials {
        password,
        recovery: None,
    };
    Ok(set_credentials(change, &member.id, &credentials)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_of_before_are_read_and_a_password_may_be_missing() {
        let before = r#"{"password":"$argon2id$","recovery":null}"#;
        let read: Credentials = serde_json::from_str(before).expect("credentials");
        assert!(read.password.is_some());
        let none = r#"{"password":null,"recovery":null}"#;
        let read: Credentials = serde_json::from_str(none).expect("credentials");
        assert!(read.password.is_none());
    }
}
