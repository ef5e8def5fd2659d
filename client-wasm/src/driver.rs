//! The worker's loop: everything that happens becomes an input of the workspace, everything the
//! workspace wants done is done here.
//!
//! One thing at a time: what happens is put in a queue by its source, [`run`] takes it from there,
//! lets the workspace work it off, and carries out what comes of it. No rule about records or
//! syncing lives here.

mod answers;
mod deciding;
mod failure;
mod gate;
mod leading;
mod news;
mod page;
mod unsent;

use std::rc::Rc;

use futures_channel::mpsc::{UnboundedSender, unbounded};
use meltemi_core::id::{DocumentId, PeerId};
use meltemi_core::sync::input::Input;
use meltemi_core::sync::output::Output;
use meltemi_core::sync::policy::Principal;
use meltemi_core::wire::limits::KEPT_DOCUMENTS;
use meltemi_core::workspace::{Workspace, WorkspaceConfig};
use wasm_bindgen_futures::spawn_local;

use self::answers::Asked;
use self::deciding::Deciding;
use self::failure::{failure, no_storage};
use self::gate::Entered;
use self::leading::Leading;
use self::page::Page;
use crate::app::protocol::{Event, Failure, FromWorker, Opened, ToWorker};
use crate::clock::{self, Alarm};
use crate::network::{Network, NetworkNews};
use crate::storage::{Storage, StorageNews};
use crate::tabs::lock::Held;
use crate::tabs::word::{Message, Word};
use crate::tabs::{Channel, TabNews};
use crate::{log, scope};

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Signal {
    /// The page asks for something.
    Asked(ToWorker),
    /// From the storage.
    Storage(StorageNews),
    /// From the network.
    Network(NetworkNews),
    /// From the other tabs.
    Tab(TabNews),
    /// The time the workspace wanted to be woken at has come.
    Wake,
    /// It is time to tell the page what has changed.
    Tell,
    /// It is time to see whether the other tabs are alive.
    Beat,
}

/// Where everything that happens is put.
#[derive(Clone)]
pub(crate) struct Mailbox(UnboundedSender<Signal>);

impl Mailbox {
    /// Puts a signal in the queue.
    pub(crate) fn put(&self, signal: Signal) {
        // A broken worker takes nothing any more.
        if !log::is_broken() {
            let _ = self.0.unbounded_send(signal);
        }
    }

    fn source<N: 'static>(&self, signal: fn(N) -> Signal) -> Rc<dyn Fn(N)> {
        let mailbox = self.clone();
        Rc::new(move |news| mailbox.put(signal(news)))
    }

    fn alarm(&self, signal: fn() -> Signal) -> Alarm {
        let mailbox = self.clone();
        Alarm::new(move || mailbox.put(signal()))
    }
}

/// Starts the worker. When this returns, it takes messages of the page.
pub fn start() {
    log::watch_for_panics();
    let (sender, mut signals) = unbounded();
    let mailbox = Mailbox(sender);
    page::listen(mailbox.clone());
    spawn_local(async move {
        let entered = match gate::enter(&mut signals).await {
            Ok(entered) => entered,
            Err(failure) => return page::refuse_all(failure, signals).await,
        };
        let mut driver = match Driver::open(&mailbox, entered).await {
            Ok(driver) => driver,
            Err(failure) => return page::refuse_all(failure, signals).await,
        };
        driver.settle();
        while let Ok(signal) = signals.recv().await {
            driver.take(signal);
            driver.settle();
        }
    });
}

struct Driver {
    workspace: Workspace,
    storage: Storage,
    network: Network,
    leading: Leading,
    page: Page,
    asked: Asked,
    deciding: Deciding,
    wake: Alarm,
    beat: Alarm,
    /// Nobody moves the records meanwhile.
    _here: Option<Held>,
    /// The name of the open database.
    database: String,
    /// In how many records edits wait, as was noted last.
    noted: Option<u64>,
    /// Whether it may have a line at all.
    line: bool,
    ready: bool,
    /// What was heard from other tabs while the workspace was loading.
    heard: Vec<Message>,
    /// Whether to look for what others have written as soon as everything is loaded.
    look_when_ready: bool,
}

impl Driver {
    async fn open(mailbox: &Mailbox, entered: Entered) -> Result<Self, Failure> {
        let seed = scope::random().map_err(|_| {
            failure(
                "no-random",
                "The browser gives no random numbers; please update it.",
            )
        })?;
        let peer = PeerId(format!("tab-{}", hex::encode(&seed[16..])));
        // Listens before it reads: what is written in between is heard.
        let tabs = mailbox.source(Signal::Tab);
        let tell = tabs.clone();
        let name = scope::worker().name();
        let Entered { home, cipher, .. } = entered;
        let channel = Channel::open(&home.database, peer.0.clone(), move |news| tell(news));
        let channel = channel.map_err(|_| {
            failure(
                "no-tabs",
                "The browser does not let tabs talk to each other.",
            )
        })?;
        let fresh = format!("device-{}", hex::encode(&seed[..16]));
        let storage = Storage::open(&home, cipher, &fresh, mailbox.source(Signal::Storage));
        let storage = storage.await.map_err(no_storage)?;
        let account = storage.account().await;
        scope::post(&FromWorker::Event {
            event: Event::Opened(Opened {
                account,
                locked: storage.is_locked(),
                not_settled: entered.not_settled,
            }),
        });
        // The names above are public, the seed must not be guessed from them.
        let seed = scope::random().unwrap_or(seed);
        let config = WorkspaceConfig {
            peer: peer.clone(),
            storage: storage.id().clone(),
            seed,
            dials: false,
            follows_all: true,
            foreign_documents: false,
            kept: KEPT_DOCUMENTS,
        };
        let now = clock::now();
        let mut workspace = Workspace::new(config, now);
        let member = home.owned.then_some(name);
        let network = Network::new(member.as_deref(), mailbox.source(Signal::Network));
        workspace.set_author(member.map(Principal));
        let beat = mailbox.alarm(|| Signal::Beat);
        beat.set(leading::BEAT);
        Ok(Self {
            workspace,
            leading: Leading::begin(peer.0, storage.id(), channel, tabs, now),
            storage,
            network,
            page: Page::new(mailbox.alarm(|| Signal::Tell)),
            asked: Asked::begin(entered.early),
            deciding: Deciding::default(),
            wake: mailbox.alarm(|| Signal::Wake),
            beat,
            _here: entered.here,
            line: home.line,
            database: home.database,
            noted: None,
            ready: false,
            heard: Vec::new(),
            look_when_ready: false,
        })
    }

    fn take(&mut self, signal: Signal) {
        let now = clock::now();
        match signal {
            Signal::Asked(ask) => self.asked.push(ask),
            Signal::Storage(news) => self.storage_news(now, news),
            Signal::Network(news) => {
                if let Some(input) = self.network.hear(news) {
                    self.workspace.handle(now, input);
                }
            }
            // What others have written can be taken in once everything is loaded.
            Signal::Tab(TabNews::Heard(
                message @ Message {
                    word:
                        Word::Wrote { .. }
                        | Word::Synced { .. }
                        | Word::Removed { .. }
                        | Word::Refused { .. },
                    ..
                },
            )) if !self.ready => self.heard.push(message),
            Signal::Tab(news) => self.tab_news(now, news),
            Signal::Wake => self.workspace.handle(now, Input::Tick),
            Signal::Tell => self.tell(),
            Signal::Beat => {
                self.beat.set(leading::BEAT);
                if self.leading.beat(now) {
                    self.look_for_missed();
                }
                self.page.status_changed();
            }
        }
    }

    /// Does what the workspace wants done, and answers what can be answered.
    fn settle(&mut self) {
        loop {
            while let Some(output) = self.workspace.poll() {
                self.carry_out(output);
            }
            if !self.ready && self.workspace.is_ready() {
                self.ready = true;
                self.page.post_event(Event::Ready);
                for message in std::mem::take(&mut self.heard) {
                    self.tab_news(clock::now(), TabNews::Heard(message));
                }
                if self.look_when_ready {
                    self.storage.look_for_missed();
                }
            } else if !self.answer_next() {
                return;
            }
        }
    }

    fn carry_out(&mut self, output: Output) {
        let input = match output {
            Output::Send { connection, bytes } => self.network.send(connection, bytes),
            Output::Close { connection, reason } => {
                self.network.close(connection, reason);
                None
            }
            Output::Dial => self.network.dial(),
            Output::Storage { effect, request } => {
                self.store(effect, request);
                None
            }
            Output::Wake(at) => {
                self.wake.set(at.0.saturating_sub(clock::now().0));
                None
            }
            Output::Changed { document, local } => {
                // Before it is ready, the page has nothing that could be out of date.
                if self.ready && !local {
                    self.page.changed(document);
                }
                None
            }
            Output::Saved { document } => {
                self.tell_before(document);
                self.asked.saved(&document, &self.workspace);
                None
            }
            // Only servers withhold.
            Output::Opened { .. } | Output::Withheld(_) => None,
            Output::Status => {
                self.page.status_changed();
                None
            }
        };
        if let Some(input) = input {
            self.workspace.handle(clock::now(), input);
        }
    }

    /// Tells the page what has changed, and where changes are.
    fn tell(&mut self) {
        let status = self.leading.shown(self.workspace.status());
        self.leading.report(&status);
        self.page.tell(status);
        self.note_unsent();
    }

    /// Before the page is answered that a command is done, it hears where the change is.
    fn tell_before(&mut self, document: DocumentId) {
        if self.asked.awaits(document) {
            self.tell();
        }
    }

    /// Whoever forgets the PIN is told how much would be lost.
    fn note_unsent(&mut self) {
        if self.ready && self.storage.is_locked() {
            let count = self.workspace.unsent().count() as u64;
            if self.noted != Some(count) {
                self.noted = Some(count);
                self.storage.note_unsent(count);
            }
        }
    }

    /// A person wants the line to be tried now. Only the tab that holds it can.
    fn reconnect(&mut self) {
        if self.leading.leads() {
            self.workspace.handle(clock::now(), Input::Reconnect);
        } else {
            self.leading.say(Word::Reconnect);
        }
    }

    /// A person has taken note of a notice: one of this tab, or one of the tab with the line.
    fn dismiss(&mut self, notice: usize) {
        let own = self.workspace.status();
        if notice < own.notices.len() {
            self.workspace
                .handle(clock::now(), Input::Dismiss { notice });
        } else if let Some(notice) = self.leading.shown(own).notices.into_iter().nth(notice) {
            self.leading.say(Word::Dismiss { notice });
        }
    }
}
