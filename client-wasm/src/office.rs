//! The office's start: the page of administration, which speaks with the server only. It has no
//! worker and holds no records.

use std::rc::Rc;

use crate::app::failure::failure;
use crate::app::port::{Outside, Port, Reply};
use crate::app::protocol::{Ask, Event};
use crate::platform::{self, Browser, OFFICE_TEXTS};
use crate::ui;

/// The place of the worker, of which there is none here.
struct NoWorker;

impl Port for NoWorker {
    fn ask(&self, _: Ask) -> Reply {
        Box::pin(async { Err(failure("worker", "there is no worker on this page")) })
    }

    fn listen(&self, _: Box<dyn Fn(Event)>) {}
}

/// Starts the page of administration.
pub fn start() {
    let outside = Outside {
        port: Rc::new(NoWorker),
        device: Rc::new(Browser::with_texts(OFFICE_TEXTS)),
    };
    ui::office::start(outside, platform::chosen_language());
}
