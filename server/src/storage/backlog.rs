//! Bytes of writes that wait for the storage thread. The driver waits when there are too many.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::limits;

/// What waits, or is being written.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    state: Mutex<State>,
    sank: Condvar,
}

#[derive(Debug, Default)]
struct State {
    bytes: usize,
    ended: bool,
}

impl Backlog {
    /// Counts in a write of so many bytes, when there is room for it or nothing else waits.
    /// Whether anybody is there to write it.
    pub(super) fn add(&self, bytes: usize) -> bool {
        let full = |state: &mut State| {
            let too_much = state.bytes.saturating_add(bytes) > limits::STORAGE_BYTES;
            state.bytes > 0 && too_much && !state.ended
        };
        let state = self.sank.wait_while(self.lock(), full);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        state.bytes += bytes;
        !state.ended
    }

    /// Counts out what was written.
    pub(super) fn remove(&self, bytes: usize) {
        self.lock().bytes -= bytes;
        self.sank.notify_one();
    }

    /// Nobody writes any more, and nobody waits for that.
    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.sank.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};
    use std::thread;

    use super::*;

    #[test]
    fn a_write_waits_until_there_is_room_and_a_large_one_until_nothing_waits() {
        let backlog = Arc::new(Backlog::default());
        assert!(backlog.add(limits::STORAGE_BYTES));
        let (tell, told) = mpsc::channel();
        let adder = thread::spawn({
            let backlog = backlog.clone();
            move || {
                for bytes in [1, 2 * limits::STORAGE_BYTES] {
                    assert!(backlog.add(bytes));
                    tell.send(bytes).expect("somebody listens");
                }
            }
        });
        assert!(told.try_recv().is_err());
        backlog.remove(limits::STORAGE_BYTES);
        assert_eq!(told.recv(), Ok(1));
        assert!(told.try_recv().is_err());
        backlog.remove(1);
        assert_eq!(told.recv(), Ok(2 * limits::STORAGE_BYTES));
        adder.join().expect("it ends");
    }

    #[test]
    fn nobody_waits_for_a_storage_that_has_ended() {
        let backlog = Backlog::default();
        assert!(backlog.add(limits::STORAGE_BYTES));
        backlog.end();
        assert!(!backlog.add(1));
    }
}
