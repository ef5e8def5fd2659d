//! The worker's clock and its timers.

use std::cell::Cell;

use meltemi_core::time::Timestamp;
use wasm_bindgen::prelude::*;

use crate::scope;

/// What the device's clock shows.
pub(crate) fn now() -> Timestamp {
    Timestamp(js_sys::Date::now().max(0.0) as u64)
}

/// A timer that rings once, at the time it was last set to.
pub(crate) struct Alarm {
    ring: Closure<dyn FnMut()>,
    set: Cell<Option<i32>>,
}

/// The longest time a browser's timer counts correctly; an alarm further away rings earlier.
const LONGEST: u64 = 24 * 60 * 60 * 1000;

impl Alarm {
    /// An alarm that calls `ring`. It is not set yet.
    pub(crate) fn new(ring: impl FnMut() + 'static) -> Self {
        Self {
            ring: Closure::new(ring),
            set: Cell::new(None),
        }
    }

    /// Rings `millis` milliseconds from now, instead of any time set before.
    pub(crate) fn set(&self, millis: u64) {
        self.clear();
        let timer = scope::worker().set_timeout_with_callback_and_timeout_and_arguments_0(
            self.ring.as_ref().unchecked_ref(),
            millis.min(LONGEST) as i32,
        );
        self.set.set(timer.ok());
    }

    /// Does not ring any more.
    pub(crate) fn clear(&self) {
        if let Some(timer) = self.set.take() {
            scope::worker().clear_timeout_with_handle(timer);
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.clear();
    }
}
