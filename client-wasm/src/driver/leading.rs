//! Which tab holds the line to the server, and what the others know of it.
//!
//! The browser's lock decides, and passes the line on when a tab is gone. A tab that holds it but
//! does not answer (phones stop tabs in the background) has it taken by one that is alive.

use std::collections::BTreeSet;
use std::rc::Rc;

use meltemi_core::id::{DocumentId, StorageId};
use meltemi_core::sync::status::{Notice, SyncStatus};
use meltemi_core::sync::storage::{CatalogueEntry, StorageRequest, StoredChunk};
use meltemi_core::time::Timestamp;
use wasm_bindgen_futures::spawn_local;

use crate::log;
use crate::tabs::word::{LineReport, Message, Word};
use crate::tabs::{Channel, Claim, TabNews, lock};

/// Milliseconds between two looks at the other tabs.
pub(super) const BEAT: u64 = 5_000;
/// Beats without an answer after which the line is taken.
const SILENT_BEATS: u32 = 2;
/// A pause between beats as long as this means that this tab itself was stopped.
const STOPPED: u64 = 4 * BEAT;

/// This tab's part in holding the line.
pub(super) struct Leading {
    name: String,
    lock: String,
    channel: Channel,
    tell: Rc<dyn Fn(TabNews)>,
    /// How often this tab has the lock: twice for a moment when it takes what it was just given.
    held: u32,
    /// Whether it stands in the queue for the lock.
    queued: bool,
    /// Which tab holds the line, as far as heard.
    leader: Option<String>,
    /// What the tab with the line said last, or, in that tab, what it told the others last.
    report: LineReport,
    answered: bool,
    silent_beats: u32,
    last_beat: Timestamp,
    /// Whether this tab has lost the storage and leaves the line to others.
    retired: bool,
    /// Tabs that this one will notice to be gone.
    watched: BTreeSet<String>,
}

/// What follows from the other tabs' news.
pub(super) enum Told {
    /// Nothing.
    Nothing,
    /// The line is in another state now.
    Line,
    /// This tab is to hold the line from now on, or no more.
    Dials(bool),
    /// A tab is gone that may have written something and not said so.
    LookForMissed,
    /// Another tab has written chunks of a document.
    Written {
        document: DocumentId,
        chunks: Vec<StoredChunk>,
    },
    /// Another tab knows what the server has of a document.
    Synced {
        document: DocumentId,
        heads: Vec<[u8; 32]>,
    },
    /// Another tab has removed a document.
    Removed { document: DocumentId },
    /// A person at another tab has decided about the refused edits of a document.
    Refused { document: DocumentId, again: bool },
    /// A person at another tab wants the line to be tried now.
    Reconnect,
    /// A person at another tab has taken note of this.
    Dismiss(Notice),
}

impl Leading {
    /// Queues for the line. What follows comes through `tell`.
    pub(super) fn begin(
        name: String,
        storage: &StorageId,
        mut channel: Channel,
        tell: Rc<dyn Fn(TabNews)>,
        now: Timestamp,
    ) -> Self {
        channel.join(storage);
        let named = tell.clone();
        let own_lock = lock::of_tab(&name);
        spawn_local(async move {
            let held = lock::hold(&own_lock, Claim::Wait, move || named(TabNews::Named)).await;
            if held.is_err() {
                log::warn("this browser has no locks: tabs do not share a line");
            }
        });
        let mut leading = Self {
            name,
            lock: lock::of_line(storage),
            retired: false,
            channel,
            tell,
            held: 0,
            queued: false,
            leader: None,
            report: LineReport::unheard(now),
            answered: false,
            silent_beats: 0,
            last_beat: now,
            watched: BTreeSet::new(),
        };
        leading.claim(Claim::Wait);
        leading
    }

    /// Whether this tab holds the line.
    pub(super) fn leads(&self) -> bool {
        self.held > 0
    }

    /// Says a word to all other tabs.
    pub(super) fn say(&self, word: Word) {
        self.channel.say(word);
    }

    /// The status to show: this tab's own, with the line of the tab that holds it.
    pub(super) fn shown(&self, own: SyncStatus) -> SyncStatus {
        if self.leads() {
            self.report.carry_on(own)
        } else {
            self.report.complete(own)
        }
    }

    /// Tells the other tabs how the line is, if this one holds it and it has changed.
    pub(super) fn report(&mut self, status: &SyncStatus) {
        let report = LineReport::of(status);
        if self.leads() && !self.retired && report != self.report {
            self.report = report;
            self.say_line();
        }
    }

    /// Tells the other tabs what is on the disk now.
    pub(super) fn tell_stored(&self, request: StorageRequest) {
        match request {
            StorageRequest::Write(batch) if !batch.put.is_empty() => {
                self.channel.say_with(
                    Word::Wrote {
                        document: batch.document,
                    },
                    batch.put,
                );
            }
            StorageRequest::Write(batch)
                if batch
                    .entry
                    .as_ref()
                    .is_some_and(CatalogueEntry::says_nothing) =>
            {
                self.say(Word::Removed {
                    document: batch.document,
                });
            }
            StorageRequest::Synced(synced) => {
                for (document, heads) in synced.heads {
                    self.say(Word::Synced { document, heads });
                }
            }
            _ => {}
        }
    }

    /// Takes the other tabs' news.
    pub(super) fn hear(&mut self, news: TabNews) -> Told {
        match news {
            TabNews::Heard(message) if self.retired || !self.channel.concerns(&message) => {
                Told::Nothing
            }
            TabNews::Heard(message) => self.heard(message),
            TabNews::Named => {
                self.say(Word::Here);
                Told::Nothing
            }
            TabNews::Gone(tab) => {
                self.watched.remove(&tab);
                if self.leads() {
                    Told::LookForMissed
                } else {
                    Told::Nothing
                }
            }
            TabNews::Leads(claim) => {
                self.queued &= claim != Claim::Wait;
                self.held += 1;
                if self.held > 1 {
                    return Told::Nothing;
                }
                self.leader = None;
                // Lets the others know that there is somebody, before the line has a state.
                self.say_line();
                Told::Dials(true)
            }
            TabNews::LeadsNoMore => {
                self.held = self.held.saturating_sub(1);
                self.silent_beats = 0;
                if !self.queued && !self.retired {
                    self.claim(Claim::Wait);
                }
                if self.leads() {
                    Told::Nothing
                } else {
                    Told::Dials(false)
                }
            }
        }
    }

    /// This tab can not save any more, because one of a newer version has the storage: it says and
    /// answers nothing, so that another takes the line from it.
    pub(super) fn retire(&mut self) {
        self.retired = true;
    }

    /// Looks whether the tab with the line is alive. True when this tab itself was stopped for a
    /// while and may have missed something.
    pub(super) fn beat(&mut self, now: Timestamp) -> bool {
        let stopped = now.0.saturating_sub(self.last_beat.0) >= STOPPED;
        self.last_beat = now;
        if !self.leads() && !self.retired {
            let silent = !self.answered && !stopped;
            self.silent_beats = if silent { self.silent_beats + 1 } else { 0 };
            self.answered = false;
            self.say(Word::Here);
            if self.silent_beats > 0 {
                self.report.fall_silent(now);
            }
            if self.silent_beats > SILENT_BEATS {
                self.silent_beats = 0;
                log::warn("the tab with the line does not answer; taking the line");
                self.claim(Claim::Take);
            }
        }
        stopped
    }

    fn heard(&mut self, message: Message) -> Told {
        let Message {
            from, word, chunks, ..
        } = message;
        match word {
            Word::Here => {
                if self.leads() {
                    self.watch(from);
                    self.say_line();
                }
                Told::Nothing
            }
            // A tab that was stopped while its line was taken believes for a moment to have it.
            Word::Line { .. } if self.leads() => Told::Nothing,
            Word::Line { report } => {
                self.answered = true;
                if self.leader.as_ref() != Some(&from) {
                    self.leader = Some(from);
                    self.say(Word::Here);
                }
                self.report = report;
                Told::Line
            }
            Word::Wrote { document } => Told::Written { document, chunks },
            Word::Synced { document, heads } => Told::Synced { document, heads },
            Word::Removed { document } => Told::Removed { document },
            Word::Refused { document, again } => Told::Refused { document, again },
            Word::Reconnect if self.leads() => Told::Reconnect,
            Word::Dismiss { notice } if self.leads() => Told::Dismiss(notice),
            Word::Reconnect | Word::Dismiss { .. } => Told::Nothing,
        }
    }

    fn say_line(&self) {
        self.say(Word::Line {
            report: self.report.clone(),
        });
    }

    /// Notices when another tab is gone: its lock is free then.
    fn watch(&mut self, tab: String) {
        if tab == self.name || !self.watched.insert(tab.clone()) {
            return;
        }
        let tell = self.tell.clone();
        spawn_local(async move {
            if lock::released(&lock::of_tab(&tab)).await.is_ok() {
                tell(TabNews::Gone(tab));
            }
        });
    }

    fn claim(&mut self, claim: Claim) {
        self.queued |= claim == Claim::Wait;
        let (tell, granted) = (self.tell.clone(), self.tell.clone());
        let line = self.lock.clone();
        spawn_local(async move {
            let held = lock::hold(&line, claim, move || granted(TabNews::Leads(claim))).await;
            match held {
                Ok(()) => tell(TabNews::LeadsNoMore),
                // Without locks, every tab holds a line of its own.
                Err(_) if claim == Claim::Wait => tell(TabNews::Leads(claim)),
                Err(_) => {}
            }
        });
    }
}
