//! Whom members are at the providers of OpenID Connect: links from a provider's name for somebody
//! to the member, made by the member or by accepting an invitation, never from an e-mail address.

use meltemi_core::id::RecordRef;
use meltemi_core::sensitive::Sensitive;
use meltemi_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::audit::{By, Deed};
use super::database::{Change, DatabaseError, Reading, Shelf};
use super::device::DeviceChoice;
use super::member::{self, Member};
use super::session::{self, SignedIn};
use super::{Accounts, AccountsError, Held, Holder, fresh_id, note, ways};
use crate::limits;

/// Links, by the hash of issuer and subject.
const LINKS: Shelf<Link> = Shelf::new("openid-links");

/// A link, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Link {
    /// `o-` and random digits.
    pub(crate) id: String,
    /// Whose it is.
    pub(crate) member: String,
    /// The provider.
    pub(crate) issuer: String,
    subject: Sensitive<String>,
    /// When it was made.
    pub(crate) created: Timestamp,
}

/// Whom a provider says somebody is.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    /// The provider.
    pub(crate) issuer: String,
    /// Its name for them.
    pub(crate) subject: Sensitive<String>,
    /// Record of the organisation or city whose people the provider knows, if that is all.
    pub(crate) body: Option<RecordRef>,
}

impl Subject {
    fn key(&self) -> [u8; 32] {
        // Lengths first, so that no two pairs are written alike.
        let parts = [self.issuer.as_bytes(), self.subject.expose().as_bytes()];
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        hasher.finalize().into()
    }

    /// A provider speaks for people of its own organisation or city only.
    pub(super) fn check_body(&self, body: Option<&RecordRef>) -> Result<(), AccountsError> {
        let other = self.body.as_ref().zip(body);
        if other.is_some_and(|(own, theirs)| own != theirs) {
            return Err(AccountsError::OtherProvider);
        }
        Ok(())
    }
}

impl Accounts {
    /// Signs in whom a provider has named.
    pub(crate) fn openid_sign_in(
        &self,
        subject: &Subject,
        choice: &DeviceChoice,
        by: &By,
    ) -> Result<SignedIn, AccountsError> {
        self.database.change(|change| {
            let link = linked(change, subject)?.ok_or(AccountsError::NotLinked)?;
            let member = member::get(change, &link.member)?;
            if !member.active {
                return Err(AccountsError::NotLinked);
            }
            subject.check_body(member.body.as_ref())?;
            session::begin(change, &member.id, choice, Deed::OpenidSignIn, by)
        })
    }

    /// Lets a member sign in as whom a provider has named, from now on.
    pub(crate) fn openid_link(
        &self,
        holder: &Holder,
        subject: &Subject,
        by: &By,
    ) -> Result<(), AccountsError> {
        let Held::Session { device, .. } = &holder.by else {
            return Err(AccountsError::NotAllowed(
                "only people sign in, not programs",
            ));
        };
        self.database.change(|change| {
            let member = member::get(change, &holder.member)?;
            if !member.active {
                return Err(AccountsError::NoSuch("member"));
            }
            link(
                change,
                &member,
                subject,
                &by.as_member(&member.id, Some(device)),
            )
        })
    }

    /// The links of a member.
    pub(crate) fn openid_links(&self, member: &str) -> Result<Vec<Link>, AccountsError> {
        self.database.read(|view| Ok(of_member(view, member)?))
    }

    /// Takes a link of a member away, if they can sign in without it.
    pub(crate) fn openid_unlink(
        &self,
        member: &str,
        id: &str,
        by: &By,
    ) -> Result<(), AccountsError> {
        self.database.change(|change| {
            let links: Vec<Link> = change.all(&LINKS)?;
            let mut links = links.into_iter();
            let found = links.find(|link| link.member == member && link.id == id);
            let found = found.ok_or(AccountsError::NoSuch("link"))?;
            change.remove(&LINKS, &found.subject().key())?;
            ways::keep_one(change, member)?;
            Ok(note(change, by, Deed::OpenidUnlink, Some(id))?)
        })
    }
}

impl Link {
    fn subject(&self) -> Subject {
        Subject {
            issuer: self.issuer.clone(),
            subject: self.subject.clone(),
            body: None,
        }
    }
}

fn linked(reading: &impl Reading, subject: &Subject) -> Result<Option<Link>, DatabaseError> {
    let found = reading.get(&LINKS, &subject.key())?;
    let same = |link: &Link| {
        link.issuer == subject.issuer && link.subject.expose() == subject.subject.expose()
    };
    Ok(found.filter(same))
}

/// The links of a member.
pub(super) fn of_member(reading: &impl Reading, member: &str) -> Result<Vec<Link>, DatabaseError> {
    let mut links: Vec<Link> = reading.all(&LINKS)?;
    links.retain(|link| link.member == member);
    links.sort_by_key(|link| link.created);
    Ok(links)
}

/// Links somebody to a member, unless they are another already.
pub(super) fn link(
    change: &Change,
    member: &Member,
    subject: &Subject,
    by: &By,
) -> Result<(), AccountsError> {
    subject.check_body(member.body.as_ref())?;
    // Who was made inactive and is invited anew is another member from now on.
    if let Some(link) = linked(change, subject)?
        && (link.member == member.id || member::get(change, &link.member)?.active)
    {
        return Err(AccountsError::Linked);
    }
    if of_member(change, &member.id)?.len() >= limits::OPENID_LINKS {
        return Err(AccountsError::TooMany("links"));
    }
    let link = Link {
        id: fresh_id("o")?,
        member: member.id.clone(),
        issuer: subject.issuer.clone(),
        subject: subject.subject.clone(),
        created: by.now,
    };
    change.put(&LINKS, &subject.key(), &link)?;
    Ok(note(change, by, Deed::OpenidLink, Some(&link.id))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(issuer: &str, subject: &str) -> Subject {
        Subject {
            issuer: issuer.to_owned(),
            subject: Sensitive::new(subject.to_owned()),
            body: None,
        }
    }

    #[test]
    fn people_of_two_providers_are_never_the_same() {
        let carla = subject("https://a.example", "carla").key();
        for (issuer, name) in [
            ("https://b.example", "carla"),
            ("https://a.example", "Carla"),
            ("https://a.example/", "carla"),
            ("https://a.examplec", "arla"),
            ("https://a.exampl", "ecarla"),
        ] {
            assert_ne!(subject(issuer, name).key(), carla, "{issuer} {name}");
        }
        assert_eq!(subject("https://a.example", "carla").key(), carla);
    }
}
