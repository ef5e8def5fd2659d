//! Passkeys: keys that a device or a password manager of a member signs with, instead of a
//! password. What is said between server and device while one is made or used is in `ceremony`.

pub(crate) mod ceremony;

use meltemi_core::sensitive::Sensitive;
use meltemi_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::ceremony::{Begun, Site, Verified};
use super::audit::{By, Deed};
use super::database::{Change, DatabaseError, Reading, Shelf};
use super::device::DeviceChoice;
use super::member::{self, Member, checked};
use super::secret::SecretHash;
use super::session::{self, SignedIn};
use super::{Accounts, AccountsError, checked_name, day, fresh_id, invitation, note, ways};
use crate::{clock, limits};

/// Passkeys, by the id that the authenticator has given to each.
const PASSKEYS: Shelf<Passkey> = Shelf::new("passkeys");

/// What an authenticator knows a member by: random bytes that say nothing.
pub(crate) type Handle = [u8; 32];

/// A passkey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Passkey {
    /// `p-` and random digits.
    pub(crate) id: String,
    /// Whose it is.
    pub(crate) member: String,
    /// Name that its owner knows it by.
    pub(crate) name: Sensitive<String>,
    /// When it was made.
    pub(crate) created: Timestamp,
    /// Day on which it was used last, counted from 1970.
    pub(crate) seen: Option<u64>,
    key: Key,
}

/// The public half of a passkey, and what is known of the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Key {
    /// Id that the authenticator has given to it.
    #[serde(with = "hex")]
    credential: Vec<u8>,
    #[serde(with = "hex")]
    handle: Handle,
    /// The public key, as the library writes it.
    #[serde(with = "hex")]
    public: Vec<u8>,
    /// Counter of signatures and the like, as the library writes it.
    #[serde(with = "hex")]
    state: [u8; 7],
}

impl Accounts {
    /// Passkeys of a member, the newest first.
    pub(crate) fn passkeys(&self, member: &str) -> Result<Vec<Passkey>, AccountsError> {
        self.database.read(|view| Ok(of_member(view, member)?))
    }

    /// Begins to make a passkey for a member. Gives what the browser is to be told.
    pub(crate) fn begin_passkey(
        &self,
        site: Site,
        member: &Member,
        now: Timestamp,
    ) -> Result<Value, AccountsError> {
        let known = self.passkeys(&member.id)?;
        check_room(&known)?;
        let handle = match known.first() {
            Some(first) => first.key.handle,
            None => clock::random()?,
        };
        let person = (&**member.email.expose(), &**member.name.expose());
        let keys: Vec<&[u8]> = known.iter().map(|it| &*it.key.credential).collect();
        let whose = Begun::Adding(member.id.clone());
        self.ceremonies
            .begin_making(site, &handle, person, &keys, whose, now)
    }

    /// Keeps a passkey that the browser of a member has made.
    pub(crate) fn add_passkey(
        &self,
        member: &str,
        credential: &Value,
        name: &Sensitive<String>,
        by: &By,
    ) -> Result<Passkey, AccountsError> {
        let name = checked_name("name", name.expose())?;
        let whose = Begun::Adding(member.to_owned());
        let key = self.ceremonies.finish_making(credential, &whose, by.now)?;
        self.database.change(|change| {
            if !member::get(change, member)?.active {
                return Err(AccountsError::PasskeyRefused);
            }
            let passkey = add(change, member, key, name, by)?;
            note(change, by, Deed::PasskeyAdd, Some(&passkey.id))?;
            Ok(passkey)
        })
    }

    /// Begins to make a passkey for somebody who joins by this invitation.
    pub(crate) fn begin_joining(
        &self,
        site: Site,
        hash: &SecretHash,
        (email, name): (&str, &str),
        now: Timestamp,
    ) -> Result<Value, AccountsError> {
        let name = checked_name("name", name)?;
        let email = checked::email(email)?;
        // What could not be kept should not be made: the device would offer it for ever.
        self.database.read(|view| {
            invitation::usable(view, hash, now)?;
            member::check_free(view, email.expose())
        })?;
        let person = (&**email.expose(), &*name);
        let whose = Begun::Joining(*hash);
        self.ceremonies
            .begin_making(site, &clock::random()?, person, &[], whose, now)
    }

    /// The passkey that the browser of somebody has made who joins by this invitation.
    pub(crate) fn joining_key(
        &self,
        hash: &SecretHash,
        credential: &Value,
        now: Timestamp,
    ) -> Result<Key, AccountsError> {
        let whose = Begun::Joining(*hash);
        self.ceremonies.finish_making(credential, &whose, now)
    }

    /// Begins to sign somebody in with a passkey, whoever it may be.
    pub(crate) fn begin_passkey_sign_in(
        &self,
        site: Site,
        now: Timestamp,
    ) -> Result<Value, AccountsError> {
        self.ceremonies.begin_using(site, now)
    }

    /// Signs somebody in with what their passkey has signed. The same is said of whatever is
    /// wrong with it.
    pub(crate) fn sign_in_with_passkey(
        &self,
        credential: &Value,
        choice: &DeviceChoice,
        by: &By,
    ) -> Result<SignedIn, AccountsError> {
        let signed = self.ceremonies.finish_using(credential, by.now)?;
        // Read and counted up in one transaction, so that nothing is taken twice.
        let mut refused = None;
        let done = self.database.change(|change| {
            let found: Option<Passkey> = change.get(&PASSKEYS, signed.credential())?;
            let mut passkey = found.ok_or(AccountsError::PasskeyRefused)?;
            refused = Some((passkey.member.clone(), Deed::PasskeySignIn));
            match signed.verify(&passkey.key) {
                Some(Verified::Now(state)) => passkey.key.state = state,
                Some(Verified::CounterBack) => {
                    refused = Some((passkey.member, Deed::PasskeyCopied));
                    return Err(AccountsError::PasskeyRefused);
                }
                None => return Err(AccountsError::PasskeyRefused),
            }
            passkey.seen = Some(day(by.now));
            change.put(&PASSKEYS, &passkey.key.credential, &passkey)?;
            let begun = session::begin(change, &passkey.member, choice, Deed::PasskeySignIn, by);
            begun.map_err(|error| match error {
                // Whoever is inactive is told no more than anybody.
                AccountsError::WrongCredentials => AccountsError::PasskeyRefused,
                other => other,
            })
        });
        if matches!(done, Err(AccountsError::PasskeyRefused)) {
            let (whose, deed) = refused.unzip();
            self.note_refused(by, deed.unwrap_or(Deed::PasskeySignIn), whose.as_deref())?;
        }
        done
    }

    /// Names a passkey of a member.
    pub(crate) fn name_passkey(
        &self,
        member: &str,
        id: &str,
        name: &Sensitive<String>,
        by: &By,
    ) -> Result<Passkey, AccountsError> {
        let name = checked_name("name", name.expose())?;
        self.database.change(|change| {
            let mut passkey = one(of_member(change, member)?, id)?;
            passkey.name = name.into();
            change.put(&PASSKEYS, &passkey.key.credential, &passkey)?;
            note(change, by, Deed::PasskeyName, Some(id))?;
            Ok(passkey)
        })
    }

    /// Takes a passkey away, unless it is the only way in of its owner.
    pub(crate) fn remove_passkey(
        &self,
        member: &str,
        id: &str,
        by: &By,
    ) -> Result<(), AccountsError> {
        self.database.change(|change| {
            let passkey = one(of_member(change, member)?, id)?;
            change.remove(&PASSKEYS, &passkey.key.credential)?;
            ways::keep_one(change, member)?;
            Ok(note(change, by, Deed::PasskeyRemove, Some(id))?)
        })
    }
}

/// Keeps a passkey that was made.
pub(super) fn add(
    change: &Change,
    member: &str,
    key: Key,
    name: String,
    by: &By,
) -> Result<Passkey, AccountsError> {
    check_room(&of_member(change, member)?)?;
    let taken: Option<Passkey> = change.get(&PASSKEYS, &key.credential)?;
    if taken.is_some() {
        return Err(AccountsError::PasskeyRefused);
    }
    let passkey = Passkey {
        id: fresh_id("p")?,
        member: member.to_owned(),
        name: name.into(),
        created: by.now,
        seen: None,
        key,
    };
    change.put(&PASSKEYS, &passkey.key.credential, &passkey)?;
    Ok(passkey)
}

fn check_room(known: &[Passkey]) -> Result<(), AccountsError> {
    if known.len() < limits::PASSKEYS {
        return Ok(());
    }
    Err(AccountsError::TooMany("passkeys"))
}

/// The passkeys of a member, the newest first.
pub(super) fn of_member(
    reading: &impl Reading,
    member: &str,
) -> Result<Vec<Passkey>, DatabaseError> {
    let mut passkeys = reading.all(&PASSKEYS)?;
    passkeys.retain(|passkey| passkey.member == member);
    passkeys.sort_by_key(|passkey| std::cmp::Reverse(passkey.created));
    Ok(passkeys)
}

fn one(passkeys: Vec<Passkey>, id: &str) -> Result<Passkey, AccountsError> {
    let found = passkeys.into_iter().find(|passkey| passkey.id == id);
    found.ok_or(AccountsError::NoSuch("passkey"))
}
