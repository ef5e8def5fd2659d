//! What all screens share: the line to the worker, the address, lists of records, undo.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::app::status::SyncStatus;
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use meltemi_core::command::Command;
use meltemi_core::id::{DocumentId, RecordRef};
use meltemi_core::record::KINDS;
use meltemi_core::view::Summary;

use super::decisions::Decisions;
use super::ending::{self, Ending, Endings};
use super::lock;
use super::toasts::Toasts;
use crate::app::account::{self, Account};
use crate::app::failure::failure;
use crate::app::home;
use crate::app::language::{LANGUAGES, Language, language};
use crate::app::port::{Device, Outside};
use crate::app::protocol::{Answer, Ask, Done, Event, Failure, Locked};
use crate::app::route::Route;
use crate::app::undo::UndoStack;
use crate::{locale, t};

/// How far the worker is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Stage {
    /// It loads what this device holds.
    Starting,
    /// It waits for the PIN.
    Locked(Locked),
    /// It answers.
    Ready,
    /// It can not go on.
    Failed(Failure),
}

/// Something that is asked for, comes, or does not come.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Loaded<T> {
    /// Nobody has asked yet, or the answer is to come.
    Waiting,
    /// It is here.
    Here(T),
    /// It does not come.
    Failed(Failure),
}

/// The records of a kind.
pub(crate) type Listing = Loaded<Arc<Vec<Summary>>>;

/// What all screens share. Copied freely: everything in it is a handle.
#[derive(Clone, Copy)]
pub(crate) struct Page {
    outside: StoredValue<Outside, LocalStorage>,
    pub(crate) stage: RwSignal<Stage>,
    pub(crate) status: RwSignal<Option<SyncStatus>>,
    /// The id of whose records the worker holds.
    pub(crate) person: StoredValue<Option<String>>,
    /// Whether the records are encrypted.
    pub(crate) lock: RwSignal<bool>,
    /// When a lock was last turned on or off, as far as this tab knows.
    turn: StoredValue<Option<String>>,
    /// Who uses this device.
    pub(crate) account: RwSignal<Account>,
    pub(crate) route: RwSignal<Route>,
    /// The language whose texts are loaded, or what went wrong while loading.
    pub(crate) language: RwSignal<Loaded<&'static Language>>,
    /// The documents that changed last.
    pub(crate) changed: RwSignal<Arc<Vec<DocumentId>>>,
    /// What is in quarantine.
    pub(crate) decisions: Decisions,
    pub(crate) toasts: Toasts,
    pub(crate) undo: StoredValue<UndoStack>,
    /// What is to end the worker.
    pub(crate) endings: Endings,
    /// Number of times the server was told that somebody signs out, and has not answered.
    pub(crate) leaving: StoredValue<usize>,
    /// Number of edits that are not answered yet, with those that are about to be sent.
    pub(crate) unanswered: RwSignal<usize>,
    lists: StoredValue<Lists>,
    /// Documents that changed since the lists were last loaded.
    stale: StoredValue<Vec<DocumentId>>,
}

/// By kind: whether the list was asked for, and the list.
type Lists = BTreeMap<&'static str, (StoredValue<bool>, RwSignal<Listing>)>;

/// What follows when a command is answered.
pub(crate) type Then = Box<dyn FnOnce(Result<Box<Done>, Failure>)>;

/// How long changes are gathered before lists are loaded again: people type.
const GATHER: Duration = Duration::from_millis(400);

/// The id of whoever uses this device, as it is kept.
fn person(outside: StoredValue<Outside, LocalStorage>) -> Option<String> {
    Some(account::kept(&kept(outside, home::ACCOUNT)?)?.id)
}

fn kept(outside: StoredValue<Outside, LocalStorage>, name: &'static str) -> Option<String> {
    outside.with_value(|outside| outside.device.kept(name))
}

impl Page {
    pub(crate) fn new(outside: StoredValue<Outside, LocalStorage>) -> Self {
        let mut lists = Lists::new();
        for kind in KINDS {
            let list = (StoredValue::new(false), RwSignal::new(Loaded::Waiting));
            lists.insert(kind.name, list);
        }
        Self {
            outside,
            stage: RwSignal::new(Stage::Starting),
            status: RwSignal::new(None),
            person: StoredValue::new(person(outside)),
            lock: RwSignal::new(kept(outside, home::LOCKED).is_some()),
            turn: StoredValue::new(kept(outside, home::TURN)),
            account: RwSignal::new(Account::Unheard(None)),
            route: RwSignal::new(Route::Overview),
            language: RwSignal::new(Loaded::Waiting),
            changed: RwSignal::new(Arc::default()),
            decisions: Decisions::new(),
            toasts: Toasts::new(),
            undo: StoredValue::new(UndoStack::default()),
            endings: Endings::new(),
            leaving: StoredValue::new(0),
            unanswered: RwSignal::new(0),
            lists: StoredValue::new(lists),
            stale: StoredValue::new(Vec::new()),
        }
    }

    /// The page of the screen that is being drawn.
    pub(crate) fn here() -> Self {
        expect_context()
    }

    /// Hears of what happens in the worker.
    pub(crate) fn listen(self) {
        let outside = self.outside.get_value();
        outside.port.listen(Box::new(move |event| match event {
            Event::Locked(locked) => {
                lock::opened(self, true, false);
                self.stage.set(Stage::Locked(locked));
            }
            Event::Opened(opened) => {
                lock::opened(self, opened.locked, opened.not_settled);
                if let Some(kept) = opened.account.as_deref().and_then(account::kept) {
                    self.account.update(|account| account.fill(kept));
                    let known = self.account.with_untracked(|account| match account {
                        Account::SignedIn(member) => Some(account::keep(member)),
                        _ => None,
                    });
                    if let Some(account) = known {
                        self.ask(Ask::KeepAccount { account }, |_| ());
                    }
                }
            }
            Event::Ready => {
                self.stage.set(Stage::Ready);
                self.ask(Ask::Status, move |answer| {
                    if let Ok(Answer::Status(status)) = answer {
                        self.status.set(Some(status));
                    }
                });
                self.refresh(None);
            }
            Event::Status(status) => self.status.set(Some(status)),
            Event::Failed(failure) => self.stage.set(Stage::Failed(failure)),
            Event::Changed(documents) => {
                self.refresh_soon(&documents);
                self.changed.set(Arc::new(documents));
            }
        }));
    }

    /// The device.
    pub(crate) fn device<T>(self, read: impl FnOnce(&dyn Device) -> T) -> T {
        self.outside.with_value(|outside| read(&*outside.device))
    }

    /// Loads the page anew, once everything a person did is on the disk.
    pub(crate) fn reload(self) {
        ending::end(self, Ending::Must);
    }

    /// Tells the other tabs that a lock was turned on or off.
    pub(crate) fn turned(self, turn: &str) {
        self.turn.set_value(Some(turn.to_owned()));
        self.device(|device| device.keep(home::TURN, Some(turn)));
    }

    /// When in another tab somebody signs in or out, this one shows their records too.
    pub(crate) fn follow_other_tabs(self) {
        let changed = window_event_listener(ev::storage, move |_| {
            let other = person(self.outside) != self.person.get_value();
            if other || kept(self.outside, home::TURN) != self.turn.get_value() {
                self.reload();
            }
        });
        on_cleanup(move || changed.remove());
    }

    /// Loads a language and shows the screens in it.
    pub(crate) fn use_language(self, language: &'static Language) {
        self.load_language(language, Box::new(|_| ()));
    }

    /// Makes the language the one of the screens from now on. `then` hears whether it is.
    pub(crate) fn choose_language(
        self,
        language: &'static Language,
        then: impl FnOnce(bool) + 'static,
    ) {
        let keep = move |here| {
            if here {
                self.device(|device| device.keep_language(language.code));
            }
            then(here);
        };
        self.load_language(language, Box::new(keep));
    }

    fn load_language(self, language: &'static Language, then: Box<dyn FnOnce(bool)>) {
        let loading = self.device(|device| device.use_language(language));
        spawn_local(async move {
            let loaded = loading.await;
            then(loaded.is_ok());
            match loaded {
                // In another language all is drawn anew.
                Ok(()) => self.language.maybe_update(|before| {
                    let other = *before != Loaded::Here(language);
                    *before = Loaded::Here(language);
                    other
                }),
                // The language before, if there is one, stays.
                Err(why) if matches!(self.language.get_untracked(), Loaded::Here(_)) => {
                    self.toasts.error(t!("failure.language"), Some(why));
                }
                Err(why) => self.language.set(Loaded::Failed(failure("language", why))),
            }
        });
    }

    /// Speaks the language that somebody chose for this person, unless they have chosen one here.
    /// The first language is also that of invitations for which nobody chose any. `then` is called
    /// when it is spoken, or cannot be.
    pub(crate) fn speak(self, code: &str, then: impl FnOnce() + 'static) {
        let chosen = self.device(|device| device.has_chosen_language());
        let other = language(code).filter(|it| **it != LANGUAGES[0]);
        match other.filter(|it| !chosen && **it != *locale::language()) {
            Some(other) => self.load_language(other, Box::new(move |_| then())),
            None => then(),
        }
    }

    /// Asks the worker something.
    pub(crate) fn ask(self, ask: Ask, then: impl FnOnce(Result<Answer, Failure>) + 'static) {
        self.ask_boxed(ask, Box::new(then));
    }

    fn ask_boxed(self, ask: Ask, then: Box<dyn FnOnce(Result<Answer, Failure>)>) {
        let edits = matches!(
            ask,
            Ask::Execute { .. } | Ask::DecideRefused { .. } | Ask::TakePart { .. }
        );
        if edits {
            ending::edits(self);
        }
        let reply = self.outside.with_value(|outside| outside.port.ask(ask));
        spawn_local(async move { then(reply.await) });
    }

    /// Has a command carried out. That the disk does not take it is told to the person.
    pub(crate) fn execute(
        self,
        command: Command,
        then: impl FnOnce(Result<Box<Done>, Failure>) + 'static,
    ) {
        self.carry_out(Ask::Execute { command }, Box::new(then));
    }

    /// Has something done that is answered when it is on the disk.
    pub(crate) fn carry_out(self, ask: Ask, then: Then) {
        self.unanswered.update(|count| *count += 1);
        self.ask(ask, move |answer| {
            self.unanswered
                .update(|count| *count = count.saturating_sub(1));
            then(match answer {
                Ok(Answer::Done(done)) => {
                    self.refresh_soon(&[done.record.id]);
                    if let Some(failure) = &done.unsaved {
                        let text = locale::text(&crate::app::failure::key(failure), &[]);
                        // Without details, so that it is told once.
                        self.toasts.error(text, None);
                    }
                    Ok(done)
                }
                Ok(_) => Err(failure("bad-message", "the answer fits no command")),
                Err(failure) => Err(failure),
            });
        });
    }

    /// Shows a failure that no field of a form can show.
    pub(crate) fn tell(self, failure: &Failure) {
        let text = locale::text(&crate::app::failure::key(failure), &[]);
        self.toasts.error(text, Some(failure.message.clone()));
    }

    /// The records of a kind. Asks for them the first time.
    pub(crate) fn list(self, kind: &str) -> Option<RwSignal<Listing>> {
        let (asked, list) = self.lists.with_value(|lists| lists.get(kind).copied())?;
        if !asked.get_value() {
            asked.set_value(true);
            self.load(kind, list);
        }
        Some(list)
    }

    /// The records of a kind that are not removed, as far as they have come.
    pub(crate) fn records(self, kind: &str) -> Arc<Vec<Summary>> {
        match self.list(kind).map(|list| list.get()) {
            Some(Loaded::Here(records)) => records,
            _ => Arc::default(),
        }
    }

    /// The summary of a record, when it has come.
    pub(crate) fn summary(self, record: &RecordRef) -> Option<Summary> {
        let list = self.list(&record.kind)?;
        list.with(|list| match list {
            Loaded::Here(all) => all
                .iter()
                .find(|summary| summary.reference == *record)
                .cloned(),
            Loaded::Waiting | Loaded::Failed(_) => None,
        })
    }

    /// The summary of the record in a document, when it has come.
    pub(crate) fn summary_of(self, document: &DocumentId) -> Option<Summary> {
        let in_list = |list: RwSignal<Listing>| {
            list.with(|list| match list {
                Loaded::Here(all) => all.iter().find(|one| one.id == *document).cloned(),
                Loaded::Waiting | Loaded::Failed(_) => None,
            })
        };
        KINDS
            .iter()
            .filter_map(|kind| self.list(kind.name))
            .find_map(in_list)
    }

    /// The key of the programme, when its record has come.
    pub(crate) fn programme(self) -> Option<String> {
        self.records("programme")
            .first()
            .map(|summary| summary.reference.key.clone())
    }

    /// Goes to another screen or place.
    pub(crate) fn go(self, route: Route) {
        super::router::push(&route);
        self.route.set(route);
    }

    /// Changes the address without a step in the history: a filter, a search word.
    pub(crate) fn replace(self, route: Route) {
        super::router::replace(&route);
        self.route.set(route);
    }

    /// Loads the lists again that these documents are in, together with others that change now.
    fn refresh_soon(self, documents: &[DocumentId]) {
        let first = self.stale.with_value(Vec::is_empty);
        self.stale.update_value(|stale| stale.extend(documents));
        if first {
            let refresh = move || {
                let stale = self
                    .stale
                    .try_update_value(std::mem::take)
                    .unwrap_or_default();
                self.refresh(Some(&stale));
            };
            set_timeout(refresh, GATHER);
        }
    }

    /// Loads lists again that may hold one of these documents; all of them for `None`.
    fn refresh(self, documents: Option<&[DocumentId]>) {
        self.lists.with_value(|lists| {
            let holds = |list: &Listing, id: &DocumentId| match list {
                Loaded::Here(all) => all.iter().any(|summary| summary.id == *id),
                Loaded::Waiting | Loaded::Failed(_) => false,
            };
            let known = |id: &DocumentId| {
                lists
                    .values()
                    .any(|(_, list)| list.with_untracked(|list| holds(list, id)))
            };
            let all = documents.is_none_or(|ids| !ids.iter().all(known));
            for (kind, (asked, list)) in lists {
                let concerned = |ids: &[DocumentId]| {
                    list.with_untracked(|list| ids.iter().any(|id| holds(list, id)))
                };
                if asked.get_value() && (all || documents.is_some_and(concerned)) {
                    self.load(kind, *list);
                }
            }
        });
    }

    fn load(self, kind: &str, list: RwSignal<Listing>) {
        if self.stage.get_untracked() == Stage::Starting {
            return;
        }
        self.ask(
            Ask::Summaries {
                kind: kind.to_owned(),
            },
            move |answer| {
                let loaded = match answer {
                    Ok(Answer::Summaries(all)) => Loaded::Here(Arc::new(all)),
                    Ok(_) => Loaded::Failed(failure("bad-message", "the answer is no list")),
                    Err(failure) => Loaded::Failed(failure),
                };
                if list.with_untracked(|before| *before != loaded) {
                    list.set(loaded);
                }
            },
        );
    }
}
