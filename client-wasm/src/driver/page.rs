//! The page of this worker: its questions come in, answers and events go out.

use std::collections::BTreeSet;

use futures_channel::mpsc::UnboundedReceiver;
use meltemi_core::id::DocumentId;
use meltemi_core::sync::status::SyncStatus;
use wasm_bindgen::prelude::*;
use web_sys::MessageEvent;

use super::failure::{blocked, failure};
use super::{Mailbox, Signal};
use crate::app::decode;
use crate::app::protocol::{Event, Failure, FromWorker, ToWorker};
use crate::clock::Alarm;
use crate::storage::StorageNews;
use crate::{log, scope};

/// Milliseconds in which changes are collected before the page is told: one frame of its screen.
const FRAME: u64 = 16;

/// What the page does not know yet.
pub(super) struct Page {
    alarm: Alarm,
    alarm_set: bool,
    changed: BTreeSet<DocumentId>,
    told: Option<SyncStatus>,
}

impl Page {
    /// A page that knows nothing. The alarm is to lead to [`Page::tell`].
    pub(super) fn new(alarm: Alarm) -> Self {
        Self {
            alarm,
            alarm_set: false,
            changed: BTreeSet::new(),
            told: None,
        }
    }

    /// A document changed that the page may be showing.
    pub(super) fn changed(&mut self, document: DocumentId) {
        self.changed.insert(document);
        self.soon();
    }

    /// The status may have changed.
    pub(super) fn status_changed(&mut self) {
        self.soon();
    }

    /// Tells the page what has changed since it was told last.
    pub(super) fn tell(&mut self, status: SyncStatus) {
        self.alarm_set = false;
        let changed = std::mem::take(&mut self.changed);
        if !changed.is_empty() {
            self.post_event(Event::Changed(changed.into_iter().collect()));
        }
        if self.told.as_ref() != Some(&status) {
            self.told = Some(status.clone());
            self.post_event(Event::Status(status));
        }
    }

    /// Tells the page of something at once.
    pub(super) fn post_event(&self, event: Event) {
        scope::post(&FromWorker::Event { event });
    }

    fn soon(&mut self) {
        if !self.alarm_set {
            self.alarm_set = true;
            self.alarm.set(FRAME);
        }
    }
}

/// Takes the messages of the page from now on.
pub(super) fn listen(mailbox: Mailbox) {
    let hear = Closure::<dyn FnMut(_)>::new(move |event: MessageEvent| {
        let text = event.data().as_string().unwrap_or_default();
        match decode::asked(&text) {
            Ok(ask) => mailbox.put(Signal::Asked(ask)),
            Err(_) => refuse(&text),
        }
    });
    scope::worker().set_onmessage(Some(hear.into_js_value().unchecked_ref()));
}

/// Answers what is no question of this version, if it says what the answer is to be called.
fn refuse(text: &str) {
    log::warn("the page asked for something this worker does not understand");
    let message: Option<serde_json::Value> = serde_json::from_str(text).ok();
    if let Some(id) = message.and_then(|message| message.get("id")?.as_u64()) {
        let failure = failure(
            "bad-message",
            "Page and worker are not of the same version.",
        );
        scope::post(&FromWorker::Reply {
            id,
            result: Err(failure),
        });
    }
}

/// When there is no storage: says so, and gives the same answer to whatever the page asks.
pub(super) async fn refuse_all(failure: Failure, mut signals: UnboundedReceiver<Signal>) {
    scope::post(&FromWorker::Event {
        event: Event::Failed(failure.clone()),
    });
    while let Ok(signal) = signals.recv().await {
        match signal {
            Signal::Asked(ToWorker { id, .. }) => {
                scope::post(&FromWorker::Reply {
                    id,
                    result: Err(failure.clone()),
                });
            }
            Signal::Storage(StorageNews::Blocked) => {
                scope::post(&FromWorker::Event {
                    event: Event::Failed(blocked()),
                });
            }
            _ => {}
        }
    }
}
