//! The thread that does the disk work: loads, and writes in groups that share one flush.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use meltemi_core::id::EffectId;
use meltemi_core::sync::storage::{
    StorageAdapter, StorageAnswer, StorageError, StorageRequest, WriteBatch,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::backlog::Backlog;
use crate::health::Health;
use crate::limits;

/// How a storage effect ended.
pub(crate) type Answer = (EffectId, Result<StorageAnswer, StorageError>);

type Request = (EffectId, StorageRequest);

/// The driver's end of the storage thread. Ends the thread when dropped, after all it was given.
pub(crate) struct StorageThread {
    requests: Option<SyncSender<Request>>,
    backlog: Arc<Backlog>,
    /// Answers, in the order in which the effects ended. Not bounded by itself: there are never
    /// more than requests were made.
    pub(crate) answers: UnboundedReceiver<Answer>,
    thread: Option<JoinHandle<()>>,
}

impl StorageThread {
    /// Starts the thread. A write waits for others to share its flush as long as `gathers` says, or
    /// until something else is asked for.
    pub(crate) fn start(
        adapter: Box<dyn StorageAdapter>,
        health: Health,
        gathers: Duration,
    ) -> std::io::Result<Self> {
        let (requests, inbox) = sync_channel(limits::STORAGE_REQUESTS);
        let (outbox, answers) = unbounded_channel();
        let backlog = Arc::new(Backlog::default());
        let worked_off = backlog.clone();
        let work = move || {
            Worker {
                adapter,
                inbox,
                outbox,
                health,
                backlog: worked_off,
                gathers,
            }
            .run()
        };
        let thread = thread::Builder::new()
            .name("storage".to_owned())
            .spawn(work)?;
        Ok(Self {
            requests: Some(requests),
            backlog,
            answers,
            thread: Some(thread),
        })
    }

    /// Hands over an effect; waits when too many wait already. Whether the thread took it.
    pub(crate) fn request(&self, effect: EffectId, request: StorageRequest) -> bool {
        // The thread never waits for the driver, so this ends.
        if let StorageRequest::Write(batch) = &request
            && !self.backlog.add(size(batch))
        {
            return false;
        }
        self.requests
            .as_ref()
            .is_some_and(|requests| requests.send((effect, request)).is_ok())
    }
}

impl Drop for StorageThread {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the storage thread failed");
        }
    }
}

struct Worker {
    adapter: Box<dyn StorageAdapter>,
    inbox: Receiver<Request>,
    outbox: UnboundedSender<Answer>,
    health: Health,
    backlog: Arc<Backlog>,
    gathers: Duration,
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.backlog.end();
    }
}

impl Worker {
    fn run(mut self) {
        // A request that was taken out of the inbox and ends a group.
        let mut next = None;
        while let Some((effect, request)) = next.take().or_else(|| self.inbox.recv().ok()) {
            match request {
                StorageRequest::Write(batch) => next = self.write_group(effect, batch),
                other => {
                    let result = self.answer(other);
                    self.tell(effect, result);
                }
            }
        }
    }

    /// Writes this batch and those that come soon, with one flush.
    fn write_group(&mut self, effect: EffectId, batch: WriteBatch) -> Option<Request> {
        let mut bytes = size(&batch);
        let (mut effects, mut batches) = (vec![effect], vec![batch]);
        let mut next = None;
        let until = Instant::now() + self.gathers;
        while batches.len() < limits::WRITES_PER_FLUSH && bytes < limits::BYTES_PER_FLUSH {
            let left = until.saturating_duration_since(Instant::now());
            match self.inbox.recv_timeout(left) {
                Ok((effect, StorageRequest::Write(batch))) => {
                    bytes += size(&batch);
                    effects.push(effect);
                    batches.push(batch);
                }
                Ok(other) => {
                    next = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        let results = self.adapter.write(&batches);
        drop(batches);
        self.backlog.remove(bytes);
        tracing::debug!(batches = effects.len(), bytes, "wrote");
        for (effect, result) in effects.into_iter().zip(results) {
            self.health.wrote(&result);
            self.tell(effect, result.map(|()| StorageAnswer::Written));
        }
        next
    }

    fn answer(&mut self, request: StorageRequest) -> Result<StorageAnswer, StorageError> {
        match request {
            StorageRequest::Catalogue => self.adapter.catalogue().map(StorageAnswer::Catalogue),
            StorageRequest::Load(document) => {
                let loaded = self.adapter.load(&document)?;
                if !loaded.damaged.is_empty() {
                    let chunks = loaded.damaged.len();
                    tracing::error!(%document, chunks, "stored chunks of a document are damaged");
                }
                Ok(StorageAnswer::Loaded(loaded))
            }
            StorageRequest::Synced(synced) => {
                self.adapter.synced(&synced).map(|()| StorageAnswer::Noted)
            }
            StorageRequest::Write(batch) => {
                let result = self.adapter.write(&[batch]).pop();
                result.unwrap_or(Ok(())).map(|()| StorageAnswer::Written)
            }
        }
    }

    fn tell(&self, effect: EffectId, result: Result<StorageAnswer, StorageError>) {
        if let Err(error) = &result {
            tracing::error!(%error, "the storage refused");
        }
        // Nobody listens any more when the driver has stopped.
        let _ = self.outbox.send((effect, result));
    }
}

fn size(batch: &WriteBatch) -> usize {
    batch.put.iter().map(|chunk| chunk.bytes.len()).sum()
}

#[cfg(test)]
mod tests {
    use meltemi_core::id::DocumentId;
    use meltemi_core::sync::storage::{Listing, Loaded, Synced};

    use super::*;
    use crate::storage::memory::MemoryStorage;

    /// A storage that tells how many batches each write has.
    struct Told(MemoryStorage, std::sync::mpsc::Sender<usize>);

    impl StorageAdapter for Told {
        fn catalogue(&self) -> Result<Listing, StorageError> {
            self.0.catalogue()
        }

        fn load(&self, document: &DocumentId) -> Result<Loaded, StorageError> {
            self.0.load(document)
        }

        fn write(&mut self, batches: &[WriteBatch]) -> Vec<Result<(), StorageError>> {
            self.1.send(batches.len()).expect("the test listens");
            self.0.write(batches)
        }

        fn synced(&mut self, synced: &Synced) -> Result<(), StorageError> {
            self.0.synced(synced)
        }

        fn storage_id(&mut self, fresh: &str) -> Result<String, StorageError> {
            self.0.storage_id(fresh)
        }
    }

    fn batch(number: u8) -> StorageRequest {
        let document = DocumentId::from_bytes([number; 16]);
        StorageRequest::Write(WriteBatch {
            document,
            put: Vec::new(),
            remove: Vec::new(),
            entry: None,
        })
    }

    #[tokio::test]
    async fn writes_that_gather_share_a_flush_and_nothing_else_waits_for_more_of_them() {
        let (told, writes) = std::sync::mpsc::channel();
        let storage = Box::new(Told(MemoryStorage::default(), told));
        // Longer than the test may take.
        let day = Duration::from_secs(24 * 3600);
        let mut thread = StorageThread::start(storage, Health::default(), day).expect("a thread");
        for number in 0..3 {
            assert!(thread.request(EffectId(number.into()), batch(number)));
        }
        assert!(thread.request(EffectId(3), StorageRequest::Catalogue));
        for number in 0..4 {
            let (effect, result) = thread.answers.recv().await.expect("an answer");
            assert_eq!((effect, result.is_ok()), (EffectId(number), true));
        }
        assert_eq!(writes.try_iter().collect::<Vec<_>>(), [3]);
        // So does the end of the server not wait.
        assert!(thread.request(EffectId(4), batch(4)));
        drop(thread);
        assert_eq!(writes.iter().collect::<Vec<_>>(), [1]);
    }
}
