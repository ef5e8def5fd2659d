//! The thread that does the disk work: loads, and writes in groups that share one flush.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::{self, JoinHandle};

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
    /// Starts the thread.
    pub(crate) fn start(adapter: Box<dyn StorageAdapter>, health: Health) -> std::io::Result<Self> {
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

    /// Writes this batch and those that wait behind it, with one flush.
    fn write_group(&mut self, effect: EffectId, batch: WriteBatch) -> Option<Request> {
        let mut bytes = size(&batch);
        let (mut effects, mut batches) = (vec![effect], vec![batch]);
        let mut next = None;
        while batches.len() < limits::WRITES_PER_FLUSH && bytes < limits::BYTES_PER_FLUSH {
            match self.inbox.try_recv() {
                Ok((effect, StorageRequest::Write(batch))) => {
                    bytes += size(&batch);
                    effects.push(effect);
                    batches.push(batch);
                }
                Ok(other) => {
                    next = Some(other);
                    break;
                }
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
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
