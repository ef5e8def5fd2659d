//! The page's start: the worker is started, the language loaded, the screen drawn.

use std::rc::Rc;

use crate::app::account::kept;
use crate::app::home;
use crate::app::port::{Device, Outside};
use crate::bridge::Bridge;
use crate::platform::{self, Browser, TEXTS};
use crate::ui;

/// Whether this instance of the program runs in the page, and not in its worker.
pub fn is_here() -> bool {
    web_sys::window().is_some()
}

/// Starts the page. When this returns, the worker has been started.
pub fn start() {
    let device = Browser::with_texts(TEXTS);
    let person = device.account().as_deref().and_then(kept);
    let person = person.as_ref().map(|person| person.id.as_str());
    let leaving = device.kept(home::LEAVING).is_some();
    let bridge = match Bridge::start(home::worker_name(person, leaving)) {
        Ok(bridge) => bridge,
        Err(error) => wasm_bindgen::throw_val(error),
    };
    let outside = Outside {
        port: Rc::new(bridge),
        device: Rc::new(device),
    };
    ui::start(outside, platform::chosen_language());
}
