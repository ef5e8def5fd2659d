//! Sessions: browsers that members have signed in with, by password or recovery code.

use meltemi_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::audit::{By, Deed};
use super::database::{Change, DatabaseError, Reading, Shelf};
use super::device::{self, Device, DeviceChoice};
use super::member::{self, Credentials, Member};
use super::password::Hashed;
use super::recovery::{HashedCode, RecoveryHashes};
use super::secret::{Secret, SecretHash, SecretKind};
use super::{Accounts, AccountsError, Ended, Held, Holder, Known, after, day, note};
use crate::limits;

/// Sessions, by the hash of their secret.
const SESSIONS: Shelf<Session> = Shelf::new("sessions");

/// A session, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Session {
    /// Hash of its secret, under which it lies.
    hash: SecretHash,
    member: String,
    device: String,
    created: Timestamp,
    /// Day on which it was used last.
    seen: u64,
    expires: Timestamp,
}

/// Somebody who has signed in.
#[derive(Debug)]
pub(crate) struct SignedIn {
    /// What the browser shows from now on.
    pub(crate) session: Secret,
    /// Who it is.
    pub(crate) member: Member,
    /// With what.
    pub(crate) device: Device,
    /// What is no longer good.
    pub(crate) ended: Vec<Ended>,
}

/// What a member is to prove.
#[derive(Debug)]
pub(crate) struct Proof {
    /// Id of the member.
    pub(crate) member: String,
    /// The password; none for who signs in by other ways only.
    pub(crate) password: Option<Hashed>,
}

impl Accounts {
    /// What somebody with this address has to prove to sign in.
    pub(crate) fn proof(&self, email: &str) -> Result<Option<Proof>, AccountsError> {
        self.database.read(|view| {
            let Some(id) = member::by_email(view, email)? else {
                return Ok(None);
            };
            proof_of(view, &id)
        })
    }

    /// What this member has to prove.
    pub(crate) fn proof_of(&self, member: &str) -> Result<Option<Proof>, AccountsError> {
        self.database.read(|view| proof_of(view, member))
    }

    /// Signs somebody in who has proved to know the password.
    pub(crate) fn sign_in(
        &self,
        proof: &Proof,
        choice: &DeviceChoice,
        by: &By,
    ) -> Result<SignedIn, AccountsError> {
        self.database.change(|change| {
            // The password may have changed while it was compared.
            credentials_after(change, proof)?;
            begin(change, &proof.member, choice, Deed::SignIn, by)
        })
    }

    /// Who holds this session. Notes that it is used.
    pub(crate) fn known_by_session(
        &self,
        hash: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<Known>, AccountsError> {
        let Some((session, known)) = self.database.read(|view| known(view, hash, now))? else {
            return Ok(None);
        };
        if session.seen != day(now) {
            self.database.change(|change| {
                if let Some(mut session) = change.get(&SESSIONS, hash.key())? {
                    session.seen = day(now);
                    session.expires = after(now, limits::SESSION);
                    change.put(&SESSIONS, hash.key(), &session)?;
                    device::seen(change, &session.device, now)?;
                }
                Ok::<_, AccountsError>(())
            })?;
        }
        Ok(Some(known))
    }

    /// Whether this session has begun a short while ago: whoever has it proved then who they are.
    pub(crate) fn is_fresh(
        &self,
        hash: &SecretHash,
        now: Timestamp,
    ) -> Result<bool, AccountsError> {
        let session = self.database.read(|view| view.get(&SESSIONS, hash.key()))?;
        Ok(session.is_some_and(|session| now < after(session.created, limits::FRESH)))
    }

    /// Ends a session.
    pub(crate) fn sign_out(&self, hash: &SecretHash, by: &By) -> Result<Ended, AccountsError> {
        self.database.change(|change| {
            if let Some(session) = change.get(&SESSIONS, hash.key())? {
                change.remove(&SESSIONS, hash.key())?;
                let by = by.as_member(&session.member, Some(&session.device));
                note(change, &by, Deed::SignOut, Some(&session.device))?;
            }
            Ok(Ended::Session(*hash))
        })
    }

    /// Changes a password, of somebody who has proved to know it. Ends all other sessions.
    pub(crate) fn change_password(
        &self,
        proof: &Proof,
        password: Hashed,
        session: &SecretHash,
        by: &By,
    ) -> Result<Ended, AccountsError> {
        self.database.change(|change| {
            let credentials = credentials_after(change, proof)?;
            let changed = Credentials {
                password: Some(password),
                ..credentials
            };
            member::set_credentials(change, &proof.member, &changed)?;
            end_all(change, &proof.member, Some(session))?;
            note(change, by, Deed::PasswordChange, Some(&proof.member))?;
            Ok(Ended::Sessions {
                member: proof.member.clone(),
                but: Some(*session),
            })
        })
    }

    /// Gives somebody new recovery codes who has proved to know the password.
    pub(crate) fn set_recovery(
        &self,
        proof: &Proof,
        recovery: RecoveryHashes,
        by: &By,
    ) -> Result<(), AccountsError> {
        self.database.change(|change| {
            let mut credentials = credentials_after(change, proof)?;
            credentials.recovery = Some(recovery);
            member::set_credentials(change, &proof.member, &credentials)?;
            Ok(note(change, by, Deed::RecoveryCodes, Some(&proof.member))?)
        })
    }

    /// The recovery codes of somebody with this address, to compare one with.
    pub(crate) fn recovery(
        &self,
        email: &str,
    ) -> Result<Option<(Proof, RecoveryHashes)>, AccountsError> {
        self.database.read(|view| {
            let Some(id) = member::by_email(view, email)? else {
                return Ok(None);
            };
            let recovery = member::credentials(view, &id)?.and_then(|known| known.recovery);
            Ok(proof_of(view, &id)?.zip(recovery))
        })
    }

    /// How many recovery codes a member has left.
    pub(crate) fn recovery_left(&self, member: &str) -> Result<usize, AccountsError> {
        self.database.read(|view| {
            let recovery = member::credentials(view, member)?.and_then(|known| known.recovery);
            Ok(recovery.map_or(0, |recovery| recovery.left()))
        })
    }

    /// Sets a new password with a recovery code, which is then used up. Ends all sessions.
    pub(crate) fn recover(
        &self,
        member: &str,
        code: &HashedCode,
        password: Hashed,
        choice: &DeviceChoice,
        by: &By,
    ) -> Result<SignedIn, AccountsError> {
        self.database.change(|change| {
            let found = member::credentials(change, member)?;
            let mut credentials = found.ok_or(AccountsError::WrongCredentials)?;
            let redeemed = credentials
                .recovery
                .as_mut()
                .is_some_and(|r| r.redeem(code));
            if !redeemed {
                return Err(AccountsError::WrongCredentials);
            }
            credentials.password = Some(password);
            member::set_credentials(change, member, &credentials)?;
            end_all(change, member, None)?;
            let mut signed_in = begin(change, member, choice, Deed::Recovery, by)?;
            signed_in.ended.push(Ended::Sessions {
                member: member.to_owned(),
                but: Some(SecretHash::of_secret(&signed_in.session)),
            });
            Ok(signed_in)
        })
    }
}

fn proof_of(reading: &impl Reading, id: &str) -> Result<Option<Proof>, AccountsError> {
    let active = member::get(reading, id).is_ok_and(|member| member.active);
    let credentials = member::credentials(reading, id)?.filter(|_| active);
    Ok(credentials.map(|credentials| Proof {
        member: id.to_owned(),
        password: credentials.password,
    }))
}

/// The credentials of somebody who has proved to know them, if they are still the same.
fn credentials_after(change: &Change, proof: &Proof) -> Result<Credentials, AccountsError> {
    let member = member::get(change, &proof.member)?;
    member::credentials(change, &proof.member)?
        .filter(|credentials| member.active && credentials.password == proof.password)
        .ok_or(AccountsError::WrongCredentials)
}

/// Begins a session. One that the device had before ends.
pub(super) fn begin(
    change: &Change,
    id: &str,
    choice: &DeviceChoice,
    deed: Deed,
    by: &By,
) -> Result<SignedIn, AccountsError> {
    let member = member::get(change, id)?;
    if !member.active {
        return Err(AccountsError::WrongCredentials);
    }
    let (device, forgotten) = device::sign_in(change, id, choice, by.now)?;
    let before = end_of_device(change, &device.id)?;
    let before = before.into_iter().map(Ended::Session);
    let forgotten = forgotten.into_iter().map(Ended::Device);
    let secret = Secret::fresh(SecretKind::Session)?;
    let session = Session {
        hash: SecretHash::of_secret(&secret),
        member: id.to_owned(),
        device: device.id.clone(),
        created: by.now,
        seen: day(by.now),
        expires: after(by.now, limits::SESSION),
    };
    change.put(&SESSIONS, session.hash.key(), &session)?;
    let by = by.as_member(id, Some(&device.id));
    note(change, &by, deed, Some(id))?;
    Ok(SignedIn {
        session: secret,
        member,
        device,
        ended: before.chain(forgotten).collect(),
    })
}

fn known(
    reading: &impl Reading,
    hash: &SecretHash,
    now: Timestamp,
) -> Result<Option<(Session, Known)>, AccountsError> {
    let found = reading.get(&SESSIONS, hash.key())?;
    let Some(session) = found.filter(|found| found.hash == *hash && now < found.expires) else {
        return Ok(None);
    };
    let member = member::get(reading, &session.member)?;
    let device = device::get(reading, Some(&member.id), &session.device)?;
    if !member.active || device.revoked.is_some() {
        return Ok(None);
    }
    let holder = Holder {
        member: member.id.clone(),
        by: Held::Session {
            session: *hash,
            device: device.id,
        },
    };
    let known = Known {
        member,
        holder,
        scopes: None,
        expires: None,
    };
    Ok(Some((session, known)))
}

/// Ends the sessions of a device.
pub(super) fn end_of_device(
    change: &Change,
    device: &str,
) -> Result<Vec<SecretHash>, DatabaseError> {
    end(change, |session| session.device == device)
}

/// Ends the sessions of a member, but one.
pub(super) fn end_all(
    change: &Change,
    member: &str,
    but: Option<&SecretHash>,
) -> Result<(), DatabaseError> {
    let of_member = |session: &Session| session.member == member && Some(&session.hash) != but;
    end(change, of_member).map(drop)
}

/// Forgets sessions that have expired.
pub(super) fn forget_expired(change: &Change, now: Timestamp) -> Result<(), DatabaseError> {
    end(change, |session| session.expires <= now).map(drop)
}

fn end(
    change: &Change,
    which: impl Fn(&Session) -> bool,
) -> Result<Vec<SecretHash>, DatabaseError> {
    let mut sessions: Vec<Session> = change.all(&SESSIONS)?;
    sessions.retain(which);
    for session in &sessions {
        change.remove(&SESSIONS, session.hash.key())?;
    }
    Ok(sessions.into_iter().map(|session| session.hash).collect())
}
