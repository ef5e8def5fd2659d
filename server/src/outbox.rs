//! What waits to be sent over one connection: a queue with a limit in bytes and messages, and a
//! limit for the queues of all connections of a principal, and of the server, together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, watch};

use crate::limits;

/// What all outboxes of a server hold together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outboxes(Arc<AtomicUsize>);

/// What the outboxes of one principal hold together.
#[derive(Debug, Clone)]
pub(crate) struct Share {
    bytes: Arc<AtomicUsize>,
    most: usize,
}

/// The driver's end.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: UnboundedSender<Outgoing>,
    level: Arc<Level>,
    cut: watch::Sender<bool>,
}

/// The socket's end.
#[derive(Debug)]
pub(crate) struct OutboxReader {
    queue: UnboundedReceiver<Outgoing>,
    level: Arc<Level>,
    cut: watch::Receiver<bool>,
}

/// Tells how full an outbox is.
#[derive(Debug, Clone)]
pub(crate) struct OutboxLevel(Arc<Level>);

#[derive(Debug)]
struct Level {
    all: Outboxes,
    share: Share,
    bytes: AtomicUsize,
    frames: AtomicUsize,
    sank: Notify,
}

/// What is to be sent.
#[derive(Debug)]
pub(crate) enum Outgoing {
    /// A binary message.
    Frame(Vec<u8>),
    /// The end of the connection.
    Close(Closing),
}

/// Why a connection ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Closing {
    /// Code of RFC 6455.
    pub(crate) code: u16,
    /// A sentence for the other side's person.
    pub(crate) reason: String,
}

/// An empty outbox.
pub(crate) fn outbox(all: &Outboxes, share: &Share) -> (Outbox, OutboxReader) {
    let (sender, receiver) = unbounded_channel();
    let (cut, cut_reader) = watch::channel(false);
    let level = Arc::new(Level {
        all: all.clone(),
        share: share.clone(),
        bytes: AtomicUsize::new(0),
        frames: AtomicUsize::new(0),
        sank: Notify::new(),
    });
    (
        Outbox {
            queue: sender,
            level: level.clone(),
            cut,
        },
        OutboxReader {
            queue: receiver,
            level,
            cut: cut_reader,
        },
    )
}

impl Share {
    /// Room for so many bytes, of which none is taken.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            bytes: Arc::default(),
            most,
        }
    }
}

impl Outbox {
    /// Adds a message. Whether it had room; if not, the connection is cut off without what waits.
    pub(crate) fn send(&self, bytes: Vec<u8>) -> bool {
        let Risen {
            bytes: waiting,
            frames,
            share,
            all,
        } = self.level.rise(bytes.len());
        let too_much = waiting > limits::OUTBOX_BYTES || frames > limits::OUTBOX_FRAMES;
        // The more waits for others, the less may wait for one: so the limits of all together hold
        // whatever their number, and one that reads finds room.
        let fits = |waits, most| most_for_one(waits, most).is_some_and(|most| waiting <= most);
        if too_much || !fits(share, self.level.share.most) || !fits(all, limits::OUTBOXES_BYTES) {
            self.level.sink(bytes.len());
            self.cut.send_replace(true);
            return false;
        }
        // A socket that is gone says so to the driver by itself.
        let _ = self.queue.send(Outgoing::Frame(bytes));
        true
    }

    /// Ends the connection after what waits.
    pub(crate) fn close(self, closing: Closing) {
        let _ = self.queue.send(Outgoing::Close(closing));
    }
}

impl OutboxReader {
    /// The next thing to send; nothing when the driver has let go of the connection.
    pub(crate) async fn next(&mut self) -> Option<Outgoing> {
        tokio::select! {
            biased;
            Ok(_) = self.cut.wait_for(|cut| *cut) => Some(Outgoing::Close(Closing::too_slow())),
            next = self.queue.recv() => {
                if let Some(Outgoing::Frame(bytes)) = &next {
                    self.level.sink(bytes.len());
                }
                next
            }
        }
    }

    /// Waits until the connection is cut off because too much waits.
    pub(crate) async fn cut_off(&self) -> Closing {
        let mut cut = self.cut.clone();
        if cut.wait_for(|cut| *cut).await.is_err() {
            // The driver has let go of it: what waits is still sent.
            std::future::pending::<()>().await;
        }
        Closing::too_slow()
    }

    /// A way to wait for the outbox to empty.
    pub(crate) fn level(&self) -> OutboxLevel {
        OutboxLevel(self.level.clone())
    }
}

impl Closing {
    /// For a connection that does not take what it is sent.
    pub(crate) fn too_slow() -> Self {
        Self {
            code: 1013,
            reason: "this connection takes messages too slowly; connect again later".to_owned(),
        }
    }
}

/// What may wait for one connection when so much waits for all of them: twice what is left of the
/// most that may. Nothing when that is not left.
fn most_for_one(waits: usize, most: usize) -> Option<usize> {
    most.checked_sub(waits).map(|left| 2 * left)
}

/// What waits after a message was added.
struct Risen {
    bytes: usize,
    frames: usize,
    /// Bytes of all outboxes of the principal.
    share: usize,
    /// Bytes of all outboxes.
    all: usize,
}

impl Level {
    /// Counts a message in.
    fn rise(&self, bytes: usize) -> Risen {
        let add = |count: &AtomicUsize, more| count.fetch_add(more, Ordering::Relaxed) + more;
        Risen {
            bytes: add(&self.bytes, bytes),
            frames: add(&self.frames, 1),
            share: add(&self.share.bytes, bytes),
            all: add(&self.all.0, bytes),
        }
    }

    /// Counts a message out.
    fn sink(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.frames.fetch_sub(1, Ordering::Relaxed);
        self.share.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.all.0.fetch_sub(bytes, Ordering::Relaxed);
        self.sank.notify_one();
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        // What was never sent waits no more.
        let bytes = self.bytes.load(Ordering::Relaxed);
        self.share.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.all.0.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl OutboxLevel {
    /// Waits until there is so little to send that more may be asked for.
    pub(crate) async fn low(&self) {
        while self.0.bytes.load(Ordering::Relaxed) > limits::OUTBOX_PAUSE {
            self.0.sank.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A share that is no less than the server's.
    fn whole() -> Share {
        Share::new(limits::OUTBOXES_BYTES)
    }

    #[tokio::test]
    async fn a_reader_that_falls_too_far_behind_is_cut_off() {
        let (outbox, mut reader) = outbox(&Outboxes::default(), &whole());
        let piece = limits::OUTBOX_BYTES / 4;
        assert!((0..4).all(|_| outbox.send(vec![0; piece])));
        assert!(!outbox.send(vec![0; 1]));
        let Some(Outgoing::Close(closing)) = reader.next().await else {
            panic!("expected the end");
        };
        assert_eq!(closing.code, 1013);
    }

    #[tokio::test]
    async fn what_waits_for_any_number_of_slow_readers_is_no_more_than_the_limit() {
        for piece in [1_000, limits::OUTBOX_PAUSE - 1, limits::OUTBOX_PAUSE] {
            let all = Outboxes::default();
            let mut readers = Vec::new();
            for _ in 0..2_000 {
                let (outbox, reader) = outbox(&all, &whole());
                while reader.queue.len() < 100 && outbox.send(vec![0; piece]) {}
                readers.push((outbox, reader));
            }
            let queued = readers.iter().map(|(_, reader)| reader.queue.len() * piece);
            let waiting: usize = queued.sum();
            assert!(waiting <= limits::OUTBOXES_BYTES, "{waiting} bytes wait");
            assert!(waiting > limits::OUTBOXES_BYTES / 2, "{waiting} bytes wait");
            assert_eq!(all.0.load(Ordering::Relaxed), waiting);
            let (quick, mut reader) = outbox(&all, &whole());
            assert!(quick.send(vec![1]), "one that reads is not cut off");
            assert!(matches!(reader.next().await, Some(Outgoing::Frame(_))));
            drop((quick, reader, readers));
            assert_eq!(all.0.load(Ordering::Relaxed), 0);
        }
    }

    #[tokio::test]
    async fn slow_readers_of_one_principal_take_no_more_than_its_share() {
        let all = Outboxes::default();
        let share = Share::new(limits::OUTBOX_BYTES_PER_PRINCIPAL);
        let piece = limits::OUTBOX_BYTES / 4;
        let (first, first_reader) = outbox(&all, &share);
        let (second, mut second_reader) = outbox(&all, &share);
        assert!((0..4).all(|_| first.send(vec![0; piece])));
        assert!(second.send(vec![0; piece]));
        assert!(!second.send(vec![0; piece]), "the share is used up");
        assert!(matches!(
            second_reader.next().await,
            Some(Outgoing::Close(_))
        ));
        let (quick, mut quick_reader) = outbox(&all, &share);
        assert!(quick.send(vec![1]), "one that reads is not cut off");
        assert!(matches!(
            quick_reader.next().await,
            Some(Outgoing::Frame(_))
        ));
        let other = Share::new(limits::OUTBOX_BYTES_PER_PRINCIPAL);
        let (stranger, stranger_reader) = outbox(&all, &other);
        assert!((0..3).all(|_| stranger.send(vec![0; piece])));
        drop((first, first_reader, second, second_reader));
        assert_eq!(share.bytes.load(Ordering::Relaxed), 0);
        drop((quick, quick_reader, stranger, stranger_reader));
        assert_eq!(all.0.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn the_end_comes_after_what_was_sent_before() {
        let (outbox, mut reader) = outbox(&Outboxes::default(), &whole());
        assert!(outbox.send(vec![1]));
        let closing = Closing {
            code: 1001,
            reason: "stop".to_owned(),
        };
        outbox.close(closing.clone());
        assert!(matches!(reader.next().await, Some(Outgoing::Frame(bytes)) if bytes == [1]));
        assert!(matches!(reader.next().await, Some(Outgoing::Close(c)) if c == closing));
    }
}
