//! A decision on changes in quarantine: what it takes is entered into a record, and it is noted in
//! the same write. So whatever is cut off, either both are on the disk or nothing is, and what is
//! noted can be carried on by the next start or by another tab.

use std::cell::RefCell;
use std::rc::Rc;

use futures_channel::oneshot;
use meltemi_core::id::{DocumentId, EffectId};
use meltemi_core::sync::storage::StorageRequest;
use wasm_bindgen_futures::spawn_local;

use super::Driver;
use super::answers::reply;
use super::failure::failure;
use crate::app::protocol::{Answer, Claimed};
use crate::storage::Storage;
use crate::tabs::lock::{self, Held};

/// This tab's part in decisions.
#[derive(Default)]
pub(super) struct Deciding {
    claim: Rc<RefCell<Claim>>,
    /// Done when the claim that was asked for last is answered: one at a time.
    claiming: Option<oneshot::Receiver<()>>,
    entered: Option<Entered>,
}

/// Whether this tab may carry on the decision of its device.
#[derive(Default)]
struct Claim {
    own: bool,
    /// Keeps the other tabs from it, where the browser has locks.
    _held: Option<Held>,
}

/// What is entered and may not be on the disk yet.
struct Entered {
    document: DocumentId,
    decided: String,
    /// The write that it goes with.
    with: Option<EffectId>,
}

impl Deciding {
    /// A part was entered into a document, whose next write is to note what is decided.
    pub(super) fn entered(&mut self, document: DocumentId, decided: String) {
        self.entered = Some(Entered {
            document,
            decided,
            with: None,
        });
    }

    /// What is to be noted with a write.
    fn goes_with(&mut self, effect: EffectId, request: &StorageRequest) -> Option<String> {
        let entered = self.entered.as_mut()?;
        let StorageRequest::Write(batch) = request else {
            return None;
        };
        if batch.document != entered.document || batch.put.is_empty() {
            return None;
        }
        entered.with = Some(effect);
        Some(entered.decided.clone())
    }

    /// A write has ended. One that failed is made again, and what is noted goes with that one.
    pub(super) fn stored(&mut self, effect: EffectId, written: bool) {
        if written
            && self
                .entered
                .as_ref()
                .is_some_and(|it| it.with == Some(effect))
        {
            self.entered = None;
        }
    }
}

impl Driver {
    /// Hands a request to the storage, with what is to be noted in the same write.
    pub(super) fn store(&mut self, effect: EffectId, request: StorageRequest) {
        if let Some(decided) = self.deciding.goes_with(effect, &request) {
            self.storage.note_decision(effect, decided);
        }
        self.storage.ask(effect, request);
    }

    /// Says what decision is noted, and whether this tab carries it on or may begin one.
    pub(super) fn claim_decision(&mut self, ask: u64, begin: bool) {
        let (answered, claiming) = oneshot::channel::<()>();
        let before = self.deciding.claiming.replace(claiming);
        let claim = self.deciding.claim.clone();
        let (storage, database) = (self.storage.clone(), self.database.clone());
        spawn_local(async move {
            if let Some(before) = before {
                // That it is dropped is its end.
                let _ = before.await;
            }
            let answer = claimed(&claim, &storage, &database, begin).await;
            let answer = answer.map_err(|why| failure("storage-failed", &why));
            reply(ask, answer.map(Answer::Decision));
            drop(answered);
        });
    }

    /// The decision has ended: nothing of it is noted any more, and every tab may begin one.
    pub(super) fn end_decision(&mut self, ask: u64) {
        self.deciding.entered = None;
        let claim = self.deciding.claim.take();
        let storage = self.storage.clone();
        spawn_local(async move {
            let ended = storage.end_decision().await;
            // Not before: another tab would go on with what is noted.
            drop(claim);
            let ended = ended.map_err(|error| failure("storage-failed", &error.to_string()));
            reply(ask, ended.map(|()| Answer::Nothing));
        });
    }
}

async fn claimed(
    claim: &RefCell<Claim>,
    storage: &Storage,
    database: &str,
    begin: bool,
) -> Result<Claimed, String> {
    let noted = async || storage.decision().await.map_err(|error| error.to_string());
    let decided = noted().await?;
    if claim.borrow().own || (decided.is_none() && !begin) {
        return Ok(Claimed { decided, own: true });
    }
    let Some(held) = lock::decisions(database).await else {
        return Ok(Claimed {
            decided,
            own: false,
        });
    };
    // The tab that had it may have ended it meanwhile.
    let decided = noted().await?;
    if decided.is_some() || begin {
        claim.replace(Claim {
            own: true,
            _held: held,
        });
    }
    Ok(Claimed { decided, own: true })
}
