//! Whose an actor is.
//!
//! The actors of a member begin with digits that follow from the member's id. So nobody else can
//! take one of them, in any document, and a server knows whose a change is without looking it up.
//! Programs that speak plain automerge-repo have actors of other kinds; those belong to whoever
//! used them first in a document ([`super::document`] keeps that).

use automerge::{ActorId, Author, Automerge};
use sha2::{Digest, Sha256};

use super::policy::Principal;

/// How many bytes of an actor tell whose it is. Of a million members and a random actor of some
/// program, one in 280 million looks like a member's.
const TAG: usize = 6;

/// The bytes that the actors of somebody begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag(pub [u8; TAG]);

impl Tag {
    /// Of a principal's actors.
    pub fn of(principal: &Principal) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"meltemi/1/author");
        hash.update(principal.0.as_bytes());
        let mut tag = [0; TAG];
        tag.copy_from_slice(&hash.finalize()[..TAG]);
        Self(tag)
    }

    /// Of the principal whose an actor would be, if it is anybody's.
    pub fn in_actor(actor: &ActorId) -> Option<Self> {
        actor.to_bytes().first_chunk().copied().map(Self)
    }
}

/// What changes of a principal name as their author.
pub fn author(principal: &Principal) -> Author<'static> {
    Author::from(principal.0.clone().into_bytes())
}

/// Lets the next change of a document be `principal`'s, or nobody's. The actor stays the same if it
/// may.
pub(crate) fn sign(doc: &mut Automerge, principal: Option<&Principal>) {
    let wanted = principal.map(author);
    let actor = doc.get_actor().clone();
    let own = match principal {
        Some(principal) => Tag::in_actor(&actor) == Some(Tag::of(principal)),
        None => doc.get_author().is_none(),
    };
    let heads = doc.get_heads();
    // The library draws another actor for another author.
    doc.set_author(wanted);
    doc.set_actor(if own {
        actor
    } else {
        let mut hash = Sha256::new();
        hash.update(actor.to_bytes());
        for head in heads {
            hash.update(head.0);
        }
        let mut next = [0; 16];
        next.copy_from_slice(&hash.finalize()[..16]);
        if let Some(principal) = principal {
            next[..TAG].copy_from_slice(&Tag::of(principal).0);
        }
        ActorId::from(next)
    });
}

#[cfg(test)]
mod tests {
    use automerge::transaction::Transactable;
    use automerge::{ROOT, ReadDoc};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn put(doc: &mut Automerge, principal: Option<&Principal>, value: i64) -> ActorId {
        sign(doc, principal);
        doc.transact::<_, _, automerge::AutomergeError>(|tx| tx.put(ROOT, "a", value))
            .expect("a change");
        doc.get_actor().clone()
    }

    #[test]
    fn changes_are_of_whoever_signs_them_and_go_on_with_their_actor() {
        let (ana, ben) = (Principal("m-ana".into()), Principal("m-ben".into()));
        let mut doc = Automerge::new();
        let first = put(&mut doc, Some(&ana), 1);
        assert_eq!(put(&mut doc, Some(&ana), 2), first);
        let other = put(&mut doc, Some(&ben), 3);
        let nobody = put(&mut doc, None, 4);
        assert_eq!(put(&mut doc, None, 5), nobody);
        assert_eq!(Tag::in_actor(&first), Some(Tag::of(&ana)));
        assert_eq!(Tag::in_actor(&other), Some(Tag::of(&ben)));
        assert!(first != other && other != nobody);
        let authors: Vec<_> = doc
            .get_changes_meta(&[])
            .iter()
            .map(|change| {
                change
                    .author
                    .as_ref()
                    .map(|author| author.as_bytes().to_vec())
            })
            .collect();
        let (ana, ben) = (Some(b"m-ana".to_vec()), Some(b"m-ben".to_vec()));
        assert_eq!(authors, [ana.clone(), ana, ben, None, None]);
        assert!(doc.get(ROOT, "a").expect("a document").is_some());
    }

    #[test]
    fn a_document_read_from_the_disk_is_signed_as_before() {
        let ana = Principal("m-ana".into());
        let mut doc = Automerge::new();
        let actor = put(&mut doc, Some(&ana), 1);
        let mut read = Automerge::load(&doc.save())
            .expect("a document")
            .with_actor(actor.clone());
        assert_eq!(put(&mut read, Some(&ana), 2), actor);
    }
}
