//! Tokens: what members give to programs, so that these may do some of what they may do.

use std::time::Duration;

use meltemi_core::sensitive::Sensitive;
use meltemi_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::audit::{By, Deed};
use super::database::{Change, DatabaseError, Reading, Shelf};
use super::secret::{Secret, SecretHash, SecretKind};
use super::{
    Accounts, AccountsError, Ended, Held, Holder, Known, after, checked_name, day, fresh_id,
    member, note,
};
use crate::limits;

/// Tokens, by the hash of their secret.
const TOKENS: Shelf<Token> = Shelf::new("tokens");

/// What a program may do with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Scope {
    /// Sync documents
    Sync,
    /// Read records as JSON
    Read,
    /// Read what the server counts
    Metrics,
}

impl Scope {
    /// All of them.
    const ALL: [Self; 3] = [Self::Sync, Self::Read, Self::Metrics];

    /// Its word.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Read => "read",
            Self::Metrics => "metrics",
        }
    }

    /// The scope of this word.
    pub(crate) fn of_word(word: &str) -> Result<Self, AccountsError> {
        let found = Self::ALL.into_iter().find(|scope| scope.word() == word);
        found.ok_or(AccountsError::BadField(
            "scopes",
            "are sync, read and metrics",
        ))
    }
}

/// A token, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Token {
    /// `t-` and random digits.
    pub(crate) id: String,
    hash: SecretHash,
    /// Whose it is.
    pub(crate) member: String,
    /// Name that its owner knows it by.
    pub(crate) name: Sensitive<String>,
    /// What it may be used for.
    pub(crate) scopes: Vec<Scope>,
    /// When it was made.
    pub(crate) created: Timestamp,
    /// When it ends.
    pub(crate) expires: Timestamp,
    /// Day on which it was used last, counted from 1970.
    pub(crate) seen: Option<u64>,
}

/// A token to be made.
#[derive(Debug, Clone)]
pub(crate) struct NewToken {
    /// Name that its owner knows it by.
    pub(crate) name: Sensitive<String>,
    /// What it may be used for.
    pub(crate) scopes: Vec<Scope>,
    /// How long.
    pub(crate) lasts: Option<Duration>,
}

impl Accounts {
    /// Tokens of a member, of all members without one. Those that have expired are shown too.
    pub(crate) fn tokens(&self, member: Option<&str>) -> Result<Vec<Token>, AccountsError> {
        let mut tokens = self.database.read(|view| view.all(&TOKENS))?;
        tokens.retain(|token| member.is_none_or(|member| token.member == member));
        tokens.sort_by_key(|token| token.created);
        Ok(tokens)
    }

    /// Makes a token. Its secret is shown this once.
    pub(crate) fn make_token(
        &self,
        member: &str,
        new: &NewToken,
        by: &By,
    ) -> Result<(Token, Secret), AccountsError> {
        let lasts = new.lasts.unwrap_or(limits::TOKEN);
        if lasts.is_zero() || lasts > limits::TOKEN_LONGEST {
            return Err(AccountsError::BadField("days", "must be from 1 to 366"));
        }
        let mut scopes = new.scopes.clone();
        scopes.sort();
        scopes.dedup();
        if scopes.is_empty() {
            return Err(AccountsError::BadField("scopes", "needs at least one"));
        }
        let secret = Secret::fresh(SecretKind::Token)?;
        let token = Token {
            id: fresh_id("t")?,
            hash: SecretHash::of_secret(&secret),
            member: member.to_owned(),
            name: checked_name("name", new.name.expose())?.into(),
            scopes,
            created: by.now,
            expires: after(by.now, lasts),
            seen: None,
        };
        self.database.change(|change| {
            let known = member::get(change, member)?;
            if !known.active {
                return Err(AccountsError::NoSuch("member"));
            }
            if token.scopes.contains(&Scope::Metrics) {
                known.check_counts()?;
            }
            let mut tokens: Vec<Token> = change.all(&TOKENS)?;
            tokens.retain(|token| token.member == member);
            if tokens.len() >= limits::TOKENS {
                return Err(AccountsError::TooMany("tokens"));
            }
            change.put(&TOKENS, token.hash.key(), &token)?;
            note(change, by, Deed::TokenMake, Some(&token.id))?;
            Ok(())
        })?;
        Ok((token, secret))
    }

    /// Takes a token back; of any member without one.
    pub(crate) fn revoke_token(
        &self,
        member: Option<&str>,
        id: &str,
        by: &By,
    ) -> Result<Ended, AccountsError> {
        self.database.change(|change| {
            let tokens: Vec<Token> = change.all(&TOKENS)?;
            let theirs = |token: &&Token| member.is_none_or(|member| token.member == member);
            let mut tokens = tokens.iter().filter(theirs);
            let token = tokens.find(|token| token.id == id);
            let token = token.ok_or(AccountsError::NoSuch("token"))?;
            change.remove(&TOKENS, token.hash.key())?;
            note(change, by, Deed::TokenRevoke, Some(id))?;
            Ok(Ended::Token(id.to_owned()))
        })
    }

    /// Who gave a program this token. Notes that it is used.
    pub(crate) fn known_by_token(
        &self,
        hash: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<Known>, AccountsError> {
        let found = self.database.read(|view| {
            let token = view.get(&TOKENS, hash.key())?;
            let Some(token) = token.filter(|token| token.hash == *hash && now < token.expires)
            else {
                return Ok(None);
            };
            let member = member::get(view, &token.member)?;
            Ok::<_, AccountsError>(member.active.then_some((token, member)))
        })?;
        let Some((token, member)) = found else {
            return Ok(None);
        };
        if token.seen != Some(day(now)) {
            self.database.change(|change| {
                if let Some(mut token) = change.get(&TOKENS, hash.key())? {
                    token.seen = Some(day(now));
                    change.put(&TOKENS, hash.key(), &token)?;
                }
                Ok::<_, AccountsError>(())
            })?;
        }
        Ok(Some(Known {
            holder: Holder {
                member: member.id.clone(),
                by: Held::Token(token.id),
            },
            member,
            scopes: Some(token.scopes),
            expires: Some(token.expires),
        }))
    }
}

/// Takes all tokens of a member back.
pub(super) fn revoke_all(change: &Change, member: &str) -> Result<(), DatabaseError> {
    for token in change.all(&TOKENS)? {
        if token.member == member {
            change.remove(&TOKENS, token.hash.key())?;
        }
    }
    Ok(())
}
