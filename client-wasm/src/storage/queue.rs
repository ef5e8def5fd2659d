//! Takes the engine's requests and works them off, one transaction after the other.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashSet};
use std::mem;
use std::rc::Rc;

use indexed_db_futures::database::Database;
use meltemi_core::id::{DocumentId, EffectId, StorageId};
use meltemi_core::order;
use meltemi_core::sync::storage::{
    ChunkKey, StorageAnswer, StorageError, StorageRequest, StoredChunk, Synced, WriteBatch,
};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::StorageEstimate;

use super::cipher::Cipher;
use super::database::{self, Fault};
use super::{NoStorage, StorageNews, copy, meta, read, vault, write};
use crate::app::home::{self, Home};
use crate::{log, scope};

/// The storage, for one tab.
#[derive(Clone)]
pub(crate) struct Storage(Rc<Inner>);

struct Inner {
    id: StorageId,
    name: String,
    /// Encrypts all values, if they are to be.
    cipher: Option<Cipher>,
    tell: Rc<dyn Fn(StorageNews)>,
    database: RefCell<Database>,
    waiting: RefCell<Vec<(EffectId, StorageRequest)>>,
    /// A decision, and the write that it is noted with.
    decided: RefCell<Option<(EffectId, String)>>,
    missed_wanted: Cell<bool>,
    working: Cell<bool>,
    /// Chunks this tab has read, written or been told of.
    known: RefCell<HashSet<ChunkKey>>,
}

impl Storage {
    /// Opens the storage, and begins one with the name `fresh` when there is none.
    pub(crate) async fn open(
        home: &Home,
        cipher: Option<Cipher>,
        fresh: &str,
        tell: Rc<dyn Fn(StorageNews)>,
    ) -> Result<Self, NoStorage> {
        let name = match cipher {
            Some(_) => home::locked(&home.database),
            None => home.database.clone(),
        };
        let opened = async {
            let database = database::open(&name, &tell).await?;
            if home.owned && cipher.is_none() {
                copy::take_over(&database, &home.database).await?;
            }
            let id = write::storage_id(&database, Some(fresh)).await?;
            Ok((database, StorageId(id.unwrap_or_else(|| fresh.to_owned()))))
        };
        let (database, id) = opened.await.map_err(|fault| match fault {
            Fault::Newer(detail) => NoStorage::Newer(detail),
            Fault::Full(detail) | Fault::Closed(detail) | Fault::Other(detail) => {
                NoStorage::Unavailable(detail)
            }
        })?;
        Ok(Self(Rc::new(Inner {
            id,
            name,
            cipher,
            tell,
            database: RefCell::new(database),
            waiting: RefCell::default(),
            decided: RefCell::default(),
            missed_wanted: Cell::new(false),
            working: Cell::new(false),
            known: RefCell::default(),
        })))
    }

    /// The lasting name of this storage.
    pub(crate) fn id(&self) -> &StorageId {
        &self.0.id
    }

    /// Who uses this storage, as the page keeps it.
    pub(crate) async fn account(&self) -> Option<String> {
        self.sealed(meta::ACCOUNT).await.ok().flatten()
    }

    /// The decision of which a part is entered, as the page notes it.
    pub(crate) async fn decision(&self) -> Result<Option<String>, StorageError> {
        let found = self.sealed(meta::DECISION).await;
        found.map_err(|fault| failed("read the decision", fault))
    }

    /// Notes a decision together with a write that is asked for next.
    pub(crate) fn note_decision(&self, with: EffectId, decided: String) {
        self.0.decided.replace(Some((with, decided)));
    }

    /// The decision has ended.
    pub(crate) async fn end_decision(&self) -> Result<(), StorageError> {
        self.0.decided.take();
        let ended = self
            .0
            .attempt(async |database| meta::remove(&database, meta::DECISION).await)
            .await;
        ended.map_err(|fault| failed("end the decision", fault))
    }

    async fn sealed(&self, word: &'static str) -> Result<Option<String>, Fault> {
        let cipher = self.0.cipher.as_ref();
        self.0
            .attempt(async |database| meta::sealed(&database, cipher, word).await)
            .await
    }

    /// Keeps who uses this storage. What cannot be kept now is kept when the server says it again.
    pub(crate) fn keep_account(&self, account: String) {
        let inner = self.0.clone();
        spawn_local(async move {
            let cipher = inner.cipher.as_ref();
            let kept = inner
                .attempt(async |database| {
                    meta::seal(&database, cipher, meta::ACCOUNT, &account).await
                })
                .await;
            if kept.is_err() {
                log::warn("who uses this device could not be kept");
            }
        });
    }

    /// Whether it is encrypted.
    pub(crate) fn is_locked(&self) -> bool {
        self.0.cipher.is_some()
    }

    /// Notes in how many records edits are not on the server yet, where it can be read without the
    /// key.
    pub(crate) fn note_unsent(&self, records: u64) {
        let inner = self.0.clone();
        spawn_local(async move {
            // Noted again at the next change.
            drop(
                inner
                    .attempt(async |database| vault::note_unsent(&database, records).await)
                    .await,
            );
        });
    }

    /// Takes a request; the answer comes as [`StorageNews::Answered`].
    pub(crate) fn ask(&self, effect: EffectId, request: StorageRequest) {
        self.0.waiting.borrow_mut().push((effect, request));
        self.work();
    }

    /// Looks for what other tabs have written without this one hearing of it.
    pub(crate) fn look_for_missed(&self) {
        self.0.missed_wanted.set(true);
        self.work();
    }

    /// Another tab has told of these chunks.
    pub(crate) fn told_of(&self, chunks: &[StoredChunk]) {
        self.0
            .known
            .borrow_mut()
            .extend(chunks.iter().map(|chunk| chunk.key));
    }

    fn work(&self) {
        if !self.0.working.replace(true) {
            let inner = self.0.clone();
            spawn_local(async move { inner.run().await });
        }
    }
}

impl Inner {
    async fn run(&self) {
        loop {
            let waiting = mem::take(&mut *self.waiting.borrow_mut());
            if !waiting.is_empty() {
                self.answer(waiting).await;
            } else if self.missed_wanted.replace(false) {
                self.find_missed().await;
            } else {
                self.working.set(false);
                return;
            }
        }
    }

    /// Writes before reads, so that whoever reads sees all that was asked to be written before.
    async fn answer(&self, waiting: Vec<(EffectId, StorageRequest)>) {
        let (mut writes, mut batches, mut notes, mut loads) = (vec![], vec![], vec![], vec![]);
        let mut catalogue = None;
        for (effect, request) in waiting {
            match request {
                StorageRequest::Write(batch) => {
                    writes.push(effect);
                    batches.push(batch);
                }
                StorageRequest::Synced(synced) => notes.push((effect, synced)),
                StorageRequest::Load(document) => loads.push((effect, document)),
                StorageRequest::Catalogue => catalogue = Some(effect),
            }
        }
        self.write(writes, batches).await;
        if !notes.is_empty() {
            self.note(notes).await;
        }
        if let Some(effect) = catalogue {
            let result = self
                .attempt(async |database| read::catalogue(&database, self.cipher.as_ref()).await)
                .await;
            let result = result
                .map(StorageAnswer::Catalogue)
                .map_err(|fault| failed("list the documents", fault));
            self.tell(effect, StorageRequest::Catalogue, result);
        }
        if !loads.is_empty() {
            self.load(loads).await;
        }
    }

    async fn write(&self, mut effects: Vec<EffectId>, mut batches: Vec<WriteBatch>) {
        while !batches.is_empty() {
            let count = write::group(&batches);
            let (later, rest) = (effects.split_off(count), batches.split_off(count));
            let names = mem::replace(&mut effects, later);
            let group = mem::replace(&mut batches, rest);
            let together = self.commit(&names, &group).await;
            let alone = group.len() == 1;
            for (effect, batch) in names.into_iter().zip(group) {
                let result = match &together {
                    // One that can not be written must not keep the others from the disk.
                    Err(_) if !alone => self.commit(&[effect], std::slice::from_ref(&batch)).await,
                    result => result.clone(),
                };
                let result = match result {
                    Ok(()) => Ok(StorageAnswer::Written),
                    Err(fault) => Err(self.write_error(batch.document, fault).await),
                };
                self.tell(effect, StorageRequest::Write(batch), result);
            }
        }
    }

    async fn commit(&self, effects: &[EffectId], group: &[WriteBatch]) -> Result<(), Fault> {
        let decided = self.decided.borrow().clone();
        let decided = decided.filter(|(with, _)| effects.contains(with));
        let text = decided.as_ref().map(|(_, text)| text.as_str());
        self.attempt(async |database| {
            write::batches(&database, self.cipher.as_ref(), group.iter(), text).await
        })
        .await?;
        let mut known = self.known.borrow_mut();
        for batch in group {
            for key in &batch.remove {
                known.remove(key);
            }
            known.extend(batch.put.iter().map(|chunk| chunk.key));
        }
        Ok(())
    }

    async fn note(&self, notes: Vec<(EffectId, Synced)>) {
        let written = self
            .attempt(async |database| {
                let notes = notes.iter().map(|(_, synced)| synced);
                write::synced(&database, self.cipher.as_ref(), notes).await
            })
            .await;
        for (effect, synced) in notes {
            let result = match &written {
                Ok(()) => Ok(StorageAnswer::Noted),
                Err(fault) => Err(failed("note what the server has", fault.clone())),
            };
            self.tell(effect, StorageRequest::Synced(synced), result);
        }
    }

    async fn load(&self, loads: Vec<(EffectId, DocumentId)>) {
        let wanted = order::set(loads.iter().map(|(_, document)| *document));
        let mut found = self
            .attempt(async |database| {
                read::documents(&database, self.cipher.as_ref(), &wanted).await
            })
            .await;
        for (effect, document) in loads {
            let result = match &mut found {
                Ok(found) => Ok(found.remove(&document).unwrap_or_default()),
                Err(fault) => Err(failed(&format!("load document {document}"), fault.clone())),
            };
            if let Ok(loaded) = &result {
                let mut known = self.known.borrow_mut();
                known.extend(loaded.chunks.iter().map(|chunk| chunk.key));
                known.extend(&loaded.damaged);
            }
            let result = result.map(StorageAnswer::Loaded);
            self.tell(effect, StorageRequest::Load(document), result);
        }
    }

    async fn find_missed(&self) {
        let missed = self
            .attempt(async |database| {
                let mut wanted = BTreeSet::new();
                for (document, key) in read::names(&database).await? {
                    if !self.known.borrow().contains(&key) {
                        wanted.insert(document);
                    }
                }
                let found = read::documents(&database, self.cipher.as_ref(), &wanted).await?;
                Ok((found, read::synced(&database, self.cipher.as_ref()).await?))
            })
            .await;
        // What could not be read now is looked for the next time.
        let Ok((found, synced)) = missed else { return };
        let mut missed = Vec::new();
        for (document, mut loaded) in found {
            let mut known = self.known.borrow_mut();
            loaded.chunks.retain(|chunk| known.insert(chunk.key));
            missed.push((document, loaded.chunks));
        }
        missed.retain(|(_, chunks)| !chunks.is_empty());
        (self.tell)(StorageNews::Missed(missed));
        (self.tell)(StorageNews::Synced(synced.into_iter().collect()));
    }

    /// Does something with the database. When its connection turns out to be closed, which some
    /// browsers do on their own, opens it again and tries once more.
    async fn attempt<T>(
        &self,
        work: impl AsyncFn(Database) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let database = self.database.borrow().clone();
        match work(database).await {
            Err(Fault::Closed(_)) => {}
            result => return result,
        }
        let database = database::open(&self.name, &self.tell).await?;
        // A storage of another name, or none, is a new one: what this tab believes to be saved was
        // removed, and increments written to it would have nothing to stand on.
        if write::storage_id(&database, None).await?.as_deref() != Some(self.id.0.as_str()) {
            database.close();
            return Err(Fault::Closed(
                "the browser has removed the data of this site; please reload the page".to_owned(),
            ));
        }
        self.database.replace(database.clone());
        work(database).await
    }

    async fn write_error(&self, document: DocumentId, fault: Fault) -> StorageError {
        match fault {
            Fault::Full(detail) => StorageError::Full {
                document,
                detail: format!("{detail}{}", usage().await),
            },
            fault => failed(&format!("write document {document}"), fault),
        }
    }

    fn tell(
        &self,
        effect: EffectId,
        request: StorageRequest,
        result: Result<StorageAnswer, StorageError>,
    ) {
        (self.tell)(StorageNews::Answered {
            effect,
            request: Box::new(request),
            result,
        });
    }
}

fn failed(operation: &str, fault: Fault) -> StorageError {
    let (Fault::Full(detail) | Fault::Closed(detail) | Fault::Newer(detail) | Fault::Other(detail)) =
        fault;
    StorageError::Failed {
        operation: operation.to_owned(),
        detail,
    }
}

/// How much of its room this site uses, as far as the browser says.
async fn usage() -> String {
    let estimate = async {
        let promise = scope::worker().navigator().storage().estimate().ok()?;
        let estimate: StorageEstimate = JsFuture::from(promise).await.ok()?.unchecked_into();
        Some((estimate.get_usage()?, estimate.get_quota()?))
    };
    match estimate.await {
        Some((usage, quota)) => {
            let megabytes = |bytes: f64| bytes / 1_000_000.0;
            format!(
                " ({:.1} MB of {:.1} MB are used)",
                megabytes(usage),
                megabytes(quota)
            )
        }
        None => String::new(),
    }
}
