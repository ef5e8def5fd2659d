//! The worker's log, which is the browser's console, and what happens when the worker breaks.
//!
//! No personal data and no contents of records are logged: ids, codes and what the browser said.

use std::cell::Cell;

use crate::app::protocol::{Event, Failure, FromWorker};
use crate::scope;

thread_local! {
    static BROKEN: Cell<bool> = const { Cell::new(false) };
}

/// Notes something that a person who looks for a fault will want to see.
pub(crate) fn warn(text: &str) {
    web_sys::console::warn_1(&format!("meltemi: {text}").into());
}

/// Whether the worker has broken. Its memory can not be trusted from then on, so nothing is done
/// any more; what was answered as saved is on the disk.
pub(crate) fn is_broken() -> bool {
    BROKEN.get()
}

/// When the worker breaks, tells the page once and stops.
pub(crate) fn watch_for_panics() {
    std::panic::set_hook(Box::new(|panic| {
        if BROKEN.replace(true) {
            return;
        }
        // The place is enough to find the fault; the message may quote a value.
        let place = panic
            .location()
            .map_or_else(String::new, |at| format!(" at {at}"));
        web_sys::console::error_1(&format!("meltemi: the worker broke{place}").into());
        let event = Event::Failed(Failure {
            code: "broken".to_owned(),
            message: format!(
                "The program has a fault and has stopped{place}. Everything shown as saved is \
                 safe; please reload the page."
            ),
        });
        scope::post(&FromWorker::Event { event });
    }));
}
