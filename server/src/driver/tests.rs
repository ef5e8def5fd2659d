//! What the driver promises to those who ask it.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use automerge::transaction::Transactable;
use automerge::{AutomergeError, ROOT};
use meltemi_core::genesis;
use meltemi_core::id::{DocumentId, RecordRef};
use meltemi_core::sync::policy::Principal;
use meltemi_core::sync::repo::Accepted;
use meltemi_core::sync::storage::{
    Listing, Loaded, StorageAdapter, StorageError, Synced, WriteBatch,
};
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};

use super::{Driver, Message, Parts};
use crate::health::Health;
use crate::storage::memory::MemoryStorage;
use crate::storage::thread::StorageThread;

/// A storage whose writes are told, and wait until somebody lets them.
struct Gated {
    storage: MemoryStorage,
    begun: Sender<()>,
    go: Receiver<()>,
}

impl StorageAdapter for Gated {
    fn catalogue(&self) -> Result<Listing, StorageError> {
        self.storage.catalogue()
    }

    fn load(&self, document: &DocumentId) -> Result<Loaded, StorageError> {
        self.storage.load(document)
    }

    fn write(&mut self, batches: &[WriteBatch]) -> Vec<Result<(), StorageError>> {
        self.begun.send(()).expect("the test waits for it");
        self.go.recv().expect("the test lets it");
        self.storage.write(batches)
    }

    fn synced(&mut self, synced: &Synced) -> Result<(), StorageError> {
        self.storage.synced(synced)
    }

    fn storage_id(&mut self, fresh: &str) -> Result<String, StorageError> {
        self.storage.storage_id(fresh)
    }
}

/// The changes of a new record.
fn record() -> (DocumentId, Vec<u8>) {
    let reference = RecordRef::new("event", "ev1");
    let mut doc = genesis::new_document("test", &reference).expect("a record");
    doc.transact::<_, _, AutomergeError>(|tx| tx.put(ROOT, "venue", "Library"))
        .expect("a change");
    (DocumentId::of_record("test", &reference), doc.save())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_accepted_is_answered_when_it_is_on_the_disk() {
    let (begun, has_begun) = channel();
    let (go, may_go) = channel();
    let storage = Gated {
        storage: MemoryStorage::default(),
        begun,
        go: may_go,
    };
    let health = Health::default();
    let storage = StorageThread::start(Box::new(storage), health.clone(), Duration::ZERO);
    let storage = storage.expect("a thread");
    let (ready, is_ready) = oneshot::channel();
    let (withheld, _nobody) = mpsc::channel(1);
    let (driver, handle) = Driver::new(Parts {
        storage_id: "test".to_owned(),
        foreign_documents: false,
        accept_relayed: false,
        storage,
        health,
        ready,
        cursor_key: None,
        roster: None,
        withheld,
        seed: [7; 32],
    });
    let running = tokio::spawn(driver.run());
    is_ready.await.expect("it is ready");

    let (document, changes) = record();
    let refused = Accepted {
        sender: Principal("m-ben".to_owned()),
        changes,
        foreign: false,
    };
    let (reply, mut answer) = oneshot::channel();
    let message = Message::Accept {
        document,
        refused,
        reply,
    };
    handle.send(message).await.expect("the driver runs");
    has_begun.recv().expect("a write begins");
    assert_eq!(answer.try_recv(), Err(TryRecvError::Empty));
    go.send(()).expect("the write waits");
    assert_eq!(answer.await.expect("an answer"), Ok(true));

    handle.send(Message::Stop).await.expect("the driver runs");
    running.await.expect("it ends");
}
