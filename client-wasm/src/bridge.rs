//! The page's end of the line to the worker: asks with numbers, answers by number, and events.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use futures_channel::oneshot;
use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

use crate::app::decode;
use crate::app::failure::failure;
use crate::app::port::{Port, Reply};
use crate::app::protocol::{Answer, Ask, Event, Failure, FromWorker, ToWorker};

/// The script that starts the worker.
const WORKER: &str = "/worker-boot.js";

type Answered = Result<Answer, Failure>;

/// The line to the worker.
#[derive(Clone)]
pub struct Bridge {
    inner: Rc<Inner>,
}

/// Who is told of events.
type Listener = Box<dyn Fn(Event)>;

struct Inner {
    worker: Worker,
    last: Cell<u64>,
    waiting: RefCell<BTreeMap<u64, oneshot::Sender<Answered>>>,
    listener: RefCell<Option<Listener>>,
    /// What happened before somebody listened.
    early: RefCell<Vec<Event>>,
    broken: RefCell<Option<Failure>>,
}

impl Bridge {
    /// Starts the worker. Its name says whose records it holds, see [`crate::app::home`].
    pub fn start(name: &str) -> Result<Self, JsValue> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name(name);
        let inner = Rc::new(Inner {
            worker: Worker::new_with_options(WORKER, &options)?,
            last: Cell::new(0),
            waiting: RefCell::default(),
            listener: RefCell::default(),
            early: RefCell::default(),
            broken: RefCell::default(),
        });
        // The worker lives as long as the page, and so do these.
        let to = Rc::clone(&inner);
        let heard = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(text) = event.data().as_string() {
                to.hear(&text);
            }
        });
        inner
            .worker
            .set_onmessage(Some(heard.into_js_value().unchecked_ref()));
        let to = Rc::clone(&inner);
        let broke = Closure::<dyn Fn(ErrorEvent)>::new(move |event: ErrorEvent| {
            to.break_with(failure("worker", event.message()));
        });
        inner
            .worker
            .set_onerror(Some(broke.into_js_value().unchecked_ref()));
        // The worker runs the same program: compiled once, handed over first of all.
        inner.worker.post_message(&wasm_bindgen::module())?;
        Ok(Self { inner })
    }
}

impl Port for Bridge {
    fn ask(&self, ask: Ask) -> Reply {
        let answer = self.inner.send(ask);
        Box::pin(async move {
            let lost = || Err(failure("worker", "the worker gave no answer"));
            answer.await.unwrap_or_else(|_| lost())
        })
    }

    fn listen(&self, listener: Box<dyn Fn(Event)>) {
        for event in self.inner.early.take() {
            listener(event);
        }
        self.inner.listener.replace(Some(listener));
    }
}

impl Inner {
    fn send(&self, ask: Ask) -> oneshot::Receiver<Answered> {
        let (sender, receiver) = oneshot::channel();
        let broken = self.broken.borrow().clone();
        let id = self.last.get() + 1;
        self.last.set(id);
        let text = serde_json::to_string(&ToWorker { id, ask });
        let posted = match (broken, text) {
            (Some(failure), _) => Err(failure),
            (None, Err(error)) => Err(failure("bad-message", error.to_string())),
            (None, Ok(text)) => self
                .worker
                .post_message(&text.into())
                .map_err(|error| failure("worker", format!("{error:?}"))),
        };
        match posted {
            Ok(()) => drop(self.waiting.borrow_mut().insert(id, sender)),
            // Nobody waits for the answer any more.
            Err(failure) => drop(sender.send(Err(failure))),
        }
        receiver
    }

    fn hear(&self, text: &str) {
        match decode::message(text) {
            Ok(FromWorker::Reply { id, result }) => {
                let waiting = self.waiting.borrow_mut().remove(&id);
                if let Some(sender) = waiting {
                    // Nobody waits for the answer any more.
                    drop(sender.send(result));
                }
            }
            Ok(FromWorker::Event {
                event: Event::Failed(failure),
            }) => self.break_with(failure),
            Ok(FromWorker::Event { event }) => self.tell(event),
            Err(error) => {
                web_sys::console::error_1(
                    &format!("meltemi: message of the worker: {error}").into(),
                );
            }
        }
    }

    /// The worker can not go on: all that waits is answered, and nothing is sent any more.
    fn break_with(&self, failure: Failure) {
        if self.broken.borrow().is_some() {
            return;
        }
        self.broken.replace(Some(failure.clone()));
        for (_, sender) in self.waiting.take() {
            drop(sender.send(Err(failure.clone())));
        }
        self.tell(Event::Failed(failure));
    }

    fn tell(&self, event: Event) {
        match &*self.listener.borrow() {
            Some(listener) => listener(event),
            None => self.early.borrow_mut().push(event),
        }
    }
}
