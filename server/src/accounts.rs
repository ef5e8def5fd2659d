//! Who may use this server: members, how they sign in, what they hold, and a log of it all.
//!
//! Nothing here knows HTTP: it answers at once, and those who serve requests call it on a thread
//! that may wait for the disk.

pub(crate) mod audit;
mod database;
pub(crate) mod device;
pub(crate) mod invitation;
pub(crate) mod member;
pub(crate) mod openid;
pub(crate) mod passkey;
pub(crate) mod password;
pub(crate) mod quarantine;
pub(crate) mod rate;
pub(crate) mod recovery;
pub(crate) mod secret;
pub(crate) mod session;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub(crate) mod token;
mod ways;

use std::collections::BTreeSet;
use std::io;

use meltemi_core::access::EVERY_PROGRAMME;
use meltemi_core::time::Timestamp;

use self::audit::{AuditEntry, Deed, Head, Outcome};
use self::database::{Change, Database, Reading, Shelf};
use self::member::Member;
use self::passkey::ceremony::Ceremonies;
use self::password::{BreachedPasswords, Password, PasswordError};
use self::secret::SecretHash;
use self::token::Scope;
use crate::clock;
use crate::lock::DataFolder;

pub(crate) use self::audit::By;
pub(crate) use self::database::DatabaseError;

/// File of the accounts in a data folder.
const FILE: &str = "accounts.redb";

/// What the server knows and tells nobody.
const SECRET: Shelf<[u8; 32]> = Shelf::new("secret");

/// The accounts of a server.
pub(crate) struct Accounts {
    database: Database,
    breached: Option<BreachedPasswords>,
    ceremonies: Ceremonies,
}

/// What somebody holds that lets them in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holder {
    /// The member.
    pub(crate) member: String,
    /// By what.
    pub(crate) by: Held,
}

/// The thing itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Held {
    /// A browser that has signed in.
    Session {
        /// Which session.
        session: SecretHash,
        /// Id of its device.
        device: String,
    },
    /// A program with a token of this id.
    Token(String),
}

/// Somebody who was let in.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// Who it is.
    pub(crate) member: Member,
    /// By what.
    pub(crate) holder: Holder,
    /// What a token may be used for; nothing is said of a session, which may all.
    pub(crate) scopes: Option<Vec<Scope>>,
    /// When a token ends.
    pub(crate) expires: Option<Timestamp>,
}

/// What lets nobody in any more. Open connections that came in by it are to be closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// One session.
    Session(SecretHash),
    /// All sessions of a device.
    Device(String),
    /// A token.
    Token(String),
    /// Everything of a member.
    Member(String),
    /// All sessions of a member but this one.
    Sessions {
        /// The member.
        member: String,
        /// The session that stays.
        but: Option<SecretHash>,
    },
}

impl Ended {
    /// Whether somebody loses their access by it.
    pub(crate) fn concerns(&self, holder: &Holder) -> bool {
        match (self, &holder.by) {
            (Self::Session(ended), Held::Session { session, .. }) => ended == session,
            (Self::Device(ended), Held::Session { device, .. }) => ended == device,
            (Self::Token(ended), Held::Token(id)) => ended == id,
            (Self::Member(member), _) => *member == holder.member,
            (Self::Sessions { member, but }, Held::Session { session, .. }) => {
                *member == holder.member && but.as_ref() != Some(session)
            }
            _ => false,
        }
    }
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccountsError {
    /// The file.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A password.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// Somebody is not who they say, or there is nobody of that name.
    #[error("e-mail address or password is wrong")]
    WrongCredentials,
    /// A passkey does not let in, or cannot be kept. It is not said why.
    #[error("this passkey is not accepted; try again")]
    PasskeyRefused,
    /// Passkeys are for names.
    #[error("passkeys work where this server is reached by a name, such as localhost")]
    NoName,
    /// Somebody has to prove anew who they are, and has no password for it.
    #[error("this is for those who have signed in just now; sign in again first")]
    SignInAgain,
    /// An invitation lets nobody in, or a code.
    #[error("this link cannot be used: it was used, taken back or is too old; ask for a new one")]
    NoInvitation,
    /// Two members with one address.
    #[error("there is a member with this e-mail address already; sign in instead")]
    EmailTaken,
    /// Something in a request is not as it should be.
    #[error("{0}: {1}")]
    BadField(&'static str, &'static str),
    /// The member has not the role for it.
    #[error("{0}")]
    NotAllowed(&'static str),
    /// It is not there, or not for this member.
    #[error("there is no such {0}")]
    NoSuch(&'static str),
    /// A programme would be without a coordinator.
    #[error("this would leave {0} without a coordinator; make somebody else one first")]
    LastCoordinator(String),
    /// It was decided before.
    #[error("somebody has decided on this already")]
    Decided,
    /// A provider names somebody who is no member here.
    #[error("nobody here is linked to this account; sign in by another way, or use an invitation")]
    NotLinked,
    /// A provider names somebody who is another member.
    #[error("this account is linked to a member already")]
    Linked,
    /// A provider does not speak for this member.
    #[error("this is the sign-in of another organisation or city")]
    OtherProvider,
    /// Nothing would be left to sign in with.
    #[error("this is the only way in which this member can sign in; add another one first")]
    LastWay,
    /// So many are doing it at this moment that there is no room for one more.
    #[error("too many people sign in at once; try again")]
    Busy,
    /// There are enough of something.
    #[error("there are too many {0}; remove some first")]
    TooMany(&'static str),
    /// What was asked for cannot be written out.
    #[error("cannot write the audit log: {0}")]
    Output(io::Error),
    /// The system has no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(#[from] io::Error),
}

impl Accounts {
    /// The accounts of a data folder.
    pub(crate) fn open(folder: &DataFolder) -> Result<Self, DatabaseError> {
        Ok(Self {
            database: Database::open(&folder.path().join(FILE))?,
            breached: None,
            ceremonies: Ceremonies::default(),
        })
    }

    /// Accounts that are gone when this is dropped.
    pub(crate) fn in_memory() -> Result<Self, DatabaseError> {
        Ok(Self {
            database: Database::in_memory()?,
            breached: None,
            ceremonies: Ceremonies::default(),
        })
    }

    /// A secret of this server, the same at each start.
    pub(crate) fn own_secret(&self) -> Result<[u8; 32], AccountsError> {
        self.database.change(|change| {
            if let Some(secret) = change.get(&SECRET, b"own")? {
                return Ok(secret);
            }
            let secret = clock::random()?;
            change.put(&SECRET, b"own", &secret)?;
            Ok(secret)
        })
    }

    /// Refuses passwords of this list from now on.
    pub(crate) fn refuse_breached(&mut self, list: BreachedPasswords) {
        self.breached = Some(list);
    }

    /// Whether somebody may take this password.
    pub(crate) fn check_password(&self, password: &Password) -> Result<(), PasswordError> {
        password::check(password, self.breached.as_ref())
    }

    /// Newest entries of the audit log with a number below `before`, newest first, and the number
    /// below which there are older ones. Of the `count` entries looked at those are given that a
    /// member whom the viewer sees has to do with; all to whoever coordinates everything.
    pub(crate) fn audit_seen_by(
        &self,
        viewer: &Member,
        before: Option<u64>,
        count: u64,
    ) -> Result<(Vec<AuditEntry>, Option<u64>), AccountsError> {
        let newest = |view: &_| Ok::<_, AccountsError>(audit::newest(view, before, count)?);
        let mut entries = self.database.read(newest)?;
        let oldest = entries.last().map(|entry| entry.seq);
        if !viewer.coordinates(EVERY_PROGRAMME) {
            let seen = self.members_seen_by(Some(viewer))?;
            let seen: BTreeSet<String> = seen.into_iter().map(|member| member.id).collect();
            let names = |id: &Option<String>| id.as_ref().is_some_and(|id| seen.contains(id));
            entries.retain(|entry| names(&entry.who) || names(&entry.object));
        }
        Ok((entries, oldest.filter(|seq| *seq > 1)))
    }

    /// Gives every entry of the audit log as it is stored. Says which is the newest, and what is
    /// wrong.
    pub(crate) fn walk_audit(
        &self,
        each: impl FnMut(&[u8]) -> Result<(), AccountsError>,
    ) -> Result<(Head, Vec<String>), AccountsError> {
        self.database.read(|view| audit::walk(view, each))
    }

    /// Notes that something was refused.
    pub(crate) fn note_refused(
        &self,
        by: &By,
        what: Deed,
        object: Option<&str>,
    ) -> Result<(), AccountsError> {
        self.database
            .change(|change| Ok(audit::append(change, by, what, object, Outcome::Refused)?))
    }
}

/// Notes that something is done, in the transaction that does it.
fn note(change: &Change, by: &By, what: Deed, object: Option<&str>) -> Result<(), DatabaseError> {
    audit::append(change, by, what, object, Outcome::Done)
}

/// A new id with these letters in front.
fn fresh_id(prefix: &str) -> Result<String, AccountsError> {
    Ok(format!("{prefix}-{}", hex::encode(clock::random::<8>()?)))
}

/// The day of a time, counted from 1970.
const fn day(time: Timestamp) -> u64 {
    time.0 / 86_400_000
}

/// The time `later` than `now`.
pub(crate) fn after(now: Timestamp, later: std::time::Duration) -> Timestamp {
    let later = u64::try_from(later.as_millis()).unwrap_or(u64::MAX);
    Timestamp(now.0.saturating_add(later))
}

/// A name that somebody entered: one line, not too long.
fn checked_name(field: &'static str, text: &str) -> Result<String, AccountsError> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > crate::limits::NAME_LONGEST {
        return Err(AccountsError::BadField(field, "needs 1 to 200 characters"));
    }
    if text.chars().any(char::is_control) {
        return Err(AccountsError::BadField(field, "must be a single line"));
    }
    Ok(text.to_owned())
}
