//! Invitations: links that let somebody join once, with a role that was chosen for them.

use std::time::Duration;

use meltemi_core::access::{EVERY_PROGRAMME, Membership, Role};
use meltemi_core::id::RecordRef;
use meltemi_core::sensitive::Sensitive;
use meltemi_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::audit::{By, Deed};
use super::database::{Change, DatabaseError, Reading, Shelf};
use super::device::DeviceChoice;
use super::member::{self, Member, checked};
use super::openid::{self, Subject};
use super::passkey::{self, Key};
use super::password::Hashed;
use super::secret::{Secret, SecretHash, SecretKind};
use super::session::{self, SignedIn};
use super::{Accounts, AccountsError, Held, Holder, after, checked_name, fresh_id, note};
use crate::limits;

/// Invitations, by the hash of their secret.
const INVITATIONS: Shelf<Invitation> = Shelf::new("invitations");

/// Id of the link for the first coordinator, of which there is one at most.
const FIRST: &str = "i-first";

/// An invitation, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Invitation {
    /// `i-` and random digits.
    pub(crate) id: String,
    hash: SecretHash,
    /// What whoever accepts it will do.
    pub(crate) membership: Membership,
    /// Record of the organisation or city they will belong to.
    pub(crate) body: Option<RecordRef>,
    /// Language of the page it opens.
    pub(crate) language: String,
    /// Id of the member who made it.
    pub(crate) invited_by: Option<String>,
    /// When it was made.
    pub(crate) created: Timestamp,
    /// When it ends.
    pub(crate) expires: Timestamp,
}

/// An invitation to be made.
#[derive(Debug, Clone)]
pub(crate) struct NewInvitation {
    /// What whoever accepts it will do.
    pub(crate) membership: Membership,
    /// Record of the organisation or city they will belong to.
    pub(crate) body: Option<RecordRef>,
    /// Language of the page it opens.
    pub(crate) language: String,
    /// How long it can be used.
    pub(crate) lasts: Option<Duration>,
}

/// What somebody says of themselves who joins.
#[derive(Debug, Clone)]
pub(crate) struct Joining {
    /// Name as it is shown.
    pub(crate) name: Sensitive<String>,
    /// Address to sign in with.
    pub(crate) email: Sensitive<String>,
    /// Language, if it is another one than the invitation's.
    pub(crate) language: Option<String>,
    /// How they will sign in.
    pub(crate) way: Way,
    /// Device.
    pub(crate) device: DeviceChoice,
}

/// How somebody signs in who joins.
#[derive(Debug, Clone)]
pub(crate) enum Way {
    /// With e-mail address and password.
    Password(Hashed),
    /// With a passkey.
    Passkey(Key),
    /// At a provider of OpenID Connect.
    Openid(Subject),
}

impl Accounts {
    /// The link for the first coordinator, a new one each time; none when there is a member.
    pub(crate) fn first_coordinator(
        &self,
        now: Timestamp,
    ) -> Result<Option<Secret>, AccountsError> {
        self.database.change(|change| {
            session::forget_expired(change, now)?;
            take(change, |known| known.id == FIRST || known.expires <= now)?;
            let members: Vec<Member> = change.all(&member::MEMBERS)?;
            if !members.is_empty() {
                return Ok(None);
            }
            let secret = Secret::fresh(SecretKind::Invitation)?;
            let invitation = Invitation {
                id: FIRST.to_owned(),
                hash: SecretHash::of_secret(&secret),
                membership: Membership {
                    programme: EVERY_PROGRAMME.to_owned(),
                    role: Role::Coordinator,
                },
                body: None,
                language: "en".to_owned(),
                invited_by: None,
                created: now,
                expires: after(now, limits::FIRST_COORDINATOR),
            };
            change.put(&INVITATIONS, invitation.hash.key(), &invitation)?;
            Ok(Some(secret))
        })
    }

    /// Makes an invitation on behalf of a member, or of the command line. Its secret is shown this
    /// once.
    pub(crate) fn invite(
        &self,
        inviter: Option<&Member>,
        new: &NewInvitation,
        by: &By,
    ) -> Result<(Invitation, Secret), AccountsError> {
        let lasts = new.lasts.unwrap_or(limits::INVITATION);
        if lasts.is_zero() || lasts > limits::INVITATION_LONGEST {
            return Err(AccountsError::BadField("days", "must be from 1 to 90"));
        }
        checked::memberships(std::slice::from_ref(&new.membership))?;
        let secret = Secret::fresh(SecretKind::Invitation)?;
        let invitation = Invitation {
            id: fresh_id("i")?,
            hash: SecretHash::of_secret(&secret),
            membership: new.membership.clone(),
            body: checked::body(new.body.clone())?,
            language: checked::language(&new.language)?,
            invited_by: inviter.map(|inviter| inviter.id.clone()),
            created: by.now,
            expires: after(by.now, lasts),
        };
        self.database.change(|change| {
            if let Some(inviter) = inviter {
                let inviter = member::get(change, &inviter.id)?;
                if !inviter.active || !inviter.coordinates(&invitation.membership.programme) {
                    return Err(AccountsError::NotAllowed(
                        "only coordinators of a programme invite to it",
                    ));
                }
            }
            take(change, |known| known.expires <= by.now)?;
            if change.all(&INVITATIONS)?.len() >= limits::INVITATIONS {
                return Err(AccountsError::TooMany("invitations"));
            }
            change.put(&INVITATIONS, invitation.hash.key(), &invitation)?;
            note(change, by, Deed::Invite, Some(&invitation.id))?;
            Ok(())
        })?;
        Ok((invitation, secret))
    }

    /// Invitations to programmes that somebody coordinates, to all for the command line.
    pub(crate) fn invitations(
        &self,
        viewer: Option<&Member>,
        now: Timestamp,
    ) -> Result<Vec<Invitation>, AccountsError> {
        let mut all = self.database.read(|view| view.all(&INVITATIONS))?;
        all.retain(|known| now < known.expires && decides_on(viewer, known));
        all.sort_by_key(|known| known.created);
        Ok(all)
    }

    /// Takes an invitation back.
    pub(crate) fn withdraw(
        &self,
        viewer: Option<&Member>,
        id: &str,
        by: &By,
    ) -> Result<(), AccountsError> {
        self.database.change(|change| {
            let taken = take(change, |known| known.id == id && decides_on(viewer, known))?;
            if taken.is_empty() {
                return Err(AccountsError::NoSuch("invitation"));
            }
            Ok(note(change, by, Deed::InvitationWithdraw, Some(id))?)
        })
    }

    /// What this invitation offers, if it can still be used.
    pub(crate) fn invitation(
        &self,
        hash: &SecretHash,
        now: Timestamp,
    ) -> Result<Invitation, AccountsError> {
        self.database.read(|view| usable(view, hash, now))
    }

    /// Makes a member of somebody with an invitation, which is then used up, and signs them in.
    pub(crate) fn join(
        &self,
        hash: &SecretHash,
        joining: &Joining,
        by: &By,
    ) -> Result<SignedIn, AccountsError> {
        let name = checked_name("name", joining.name.expose())?;
        let email = checked::email(joining.email.expose())?;
        let language = joining.language.as_deref();
        let language = language.map(checked::language).transpose()?;
        self.database.change(|change| {
            let invitation = usable(change, hash, by.now)?;
            change.remove(&INVITATIONS, hash.key())?;
            let member = Member {
                id: fresh_id("m")?,
                name: name.into(),
                email,
                language: language.unwrap_or(invitation.language),
                body: invitation.body,
                memberships: vec![invitation.membership],
                active: true,
                created: by.now,
            };
            match &joining.way {
                Way::Password(hashed) => member::add(change, &member, Some(hashed.clone()))?,
                Way::Passkey(key) => {
                    member::add(change, &member, None)?;
                    let name = joining.device.name()?;
                    passkey::add(change, &member.id, key.clone(), name, by)?;
                }
                Way::Openid(subject) => {
                    member::add(change, &member, None)?;
                    openid::link(change, &member, subject, &by.as_member(&member.id, None))?;
                }
            }
            session::begin(change, &member.id, &joining.device, Deed::Join, by)
        })
    }

    /// Gives a member who has signed in the role of an invitation, which is then used up.
    pub(crate) fn join_as_member(
        &self,
        hash: &SecretHash,
        holder: &Holder,
        by: &By,
    ) -> Result<Member, AccountsError> {
        self.database.change(|change| {
            let invitation = usable(change, hash, by.now)?;
            if !matches!(holder.by, Held::Session { .. }) {
                return Err(AccountsError::NotAllowed("only people join, not programs"));
            }
            let member = member::get(change, &holder.member)?;
            give(change, invitation, member, by)
        })
    }
}

/// Gives a member the role of an invitation, which is then used up.
pub(super) fn give(
    change: &Change,
    invitation: Invitation,
    mut member: Member,
    by: &By,
) -> Result<Member, AccountsError> {
    let bodies = member.body.as_ref().zip(invitation.body.as_ref());
    // Whoever invites decides for whose records; another programme has no say in it.
    if bodies.is_some_and(|(own, offered)| own != offered) {
        return Err(AccountsError::NotAllowed(
            "this invitation is for somebody of another organisation or city",
        ));
    }
    change.remove(&INVITATIONS, invitation.hash.key())?;
    member.memberships.push(invitation.membership);
    member.memberships = checked::memberships(&member.memberships)?;
    member.body = member.body.or(invitation.body);
    change.put(&member::MEMBERS, member.id.as_bytes(), &member)?;
    note(change, by, Deed::Join, Some(&member.id))?;
    Ok(member)
}

fn decides_on(viewer: Option<&Member>, invitation: &Invitation) -> bool {
    viewer.is_none_or(|viewer| viewer.coordinates(&invitation.membership.programme))
}

/// The invitation with this secret, if it can still be used.
pub(super) fn usable(
    reading: &impl Reading,
    hash: &SecretHash,
    now: Timestamp,
) -> Result<Invitation, AccountsError> {
    let found = reading.get(&INVITATIONS, hash.key())?;
    let invitation = found.filter(|known| known.hash == *hash && now < known.expires);
    let invitation = invitation.ok_or(AccountsError::NoInvitation)?;
    // What somebody offers who may no longer offer it is void.
    if let Some(inviter) = &invitation.invited_by {
        let inviter = member::get(reading, inviter)?;
        if !inviter.active || !inviter.coordinates(&invitation.membership.programme) {
            return Err(AccountsError::NoInvitation);
        }
    }
    Ok(invitation)
}

/// Takes invitations away.
fn take(
    change: &Change,
    which: impl Fn(&Invitation) -> bool,
) -> Result<Vec<Invitation>, DatabaseError> {
    let mut invitations: Vec<Invitation> = change.all(&INVITATIONS)?;
    invitations.retain(which);
    for invitation in &invitations {
        change.remove(&INVITATIONS, invitation.hash.key())?;
    }
    Ok(invitations)
}
