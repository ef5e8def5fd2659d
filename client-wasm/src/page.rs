//! The page's start: the worker is started, the language loaded, the screen drawn.

use std::rc::Rc;

use crate::app::port::Outside;
use crate::bridge::Bridge;
use crate::platform::{self, Browser, TEXTS};
use crate::ui;

/// Whether this instance of the program runs in the page, and not in its worker.
pub fn is_here() -> bool {
    web_sys::window().is_some()
}

/// Starts the page. When this returns, the worker has been started.
pub fn start() {
    let bridge = match Bridge::start() {
        Ok(bridge) => bridge,
        Err(error) => wasm_bindgen::throw_val(error),
    };
    let outside = Outside {
        port: Rc::new(bridge),
        device: Rc::new(Browser::with_texts(TEXTS)),
    };
    ui::start(outside, platform::chosen_language());
}
