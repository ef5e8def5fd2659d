//! What the storage and the other tabs have to tell, as inputs of the workspace.

use meltemi_core::sync::input::Input;
use meltemi_core::sync::storage::{StorageAnswer, StorageRequest};
use meltemi_core::time::Timestamp;

use super::Driver;
use super::failure::{blocked, failure};
use super::leading::Told;
use crate::app::protocol::Event;
use crate::log;
use crate::storage::StorageNews;
use crate::tabs::TabNews;

impl Driver {
    pub(super) fn storage_news(&mut self, now: Timestamp, news: StorageNews) {
        match news {
            StorageNews::Answered {
                effect,
                request,
                result,
            } => {
                match (&*request, &result) {
                    (StorageRequest::Write(batch), Err(error)) => {
                        self.tell_before(batch.document);
                        self.asked
                            .not_saved(&batch.document, error, &self.workspace);
                    }
                    (_, Err(error)) => log::warn(&error.to_string()),
                    _ => {}
                }
                let stored = matches!(result, Ok(StorageAnswer::Written | StorageAnswer::Noted));
                self.deciding.stored(effect, stored);
                self.workspace.handle(now, Input::Stored { effect, result });
                if stored {
                    self.leading.tell_stored(*request);
                }
            }
            StorageNews::Missed(documents) => {
                for (document, chunks) in documents {
                    self.workspace
                        .handle(now, Input::WrittenElsewhere { document, chunks });
                }
            }
            // The tab with the line knows better than the notes, which may be older.
            StorageNews::Synced(_) if self.leading.leads() => {}
            StorageNews::Synced(documents) => {
                for (document, heads) in documents {
                    self.workspace
                        .handle(now, Input::SyncedElsewhere { document, heads });
                }
            }
            StorageNews::Blocked => self.page.post_event(Event::Failed(blocked())),
            StorageNews::Outdated => {
                self.leading.retire();
                self.page.post_event(Event::Failed(failure(
                    "newer-version",
                    "Another tab runs a newer version of this program; please reload this page.",
                )));
            }
            StorageNews::Deleted => self.page.post_event(Event::Failed(failure(
                "storage-removed",
                "The data of this site was removed from this browser; please reload this page.",
            ))),
        }
    }

    pub(super) fn tab_news(&mut self, now: Timestamp, news: TabNews) {
        match self.leading.hear(news) {
            Told::Nothing => {}
            Told::Line => self.page.status_changed(),
            Told::Dials(dials) => {
                self.workspace.set_dials(now, dials && self.line);
                self.page.status_changed();
                if dials {
                    self.look_for_missed();
                }
            }
            Told::LookForMissed => self.look_for_missed(),
            Told::Written { document, chunks } => {
                self.storage.told_of(&chunks);
                self.workspace
                    .handle(now, Input::WrittenElsewhere { document, chunks });
            }
            Told::Synced { document, heads } => {
                self.workspace
                    .handle(now, Input::SyncedElsewhere { document, heads });
            }
            Told::Removed { document } => {
                let input = Input::RemovedElsewhere { document };
                self.workspace.handle(now, input);
            }
            Told::Refused { document, again } => {
                self.workspace
                    .handle(now, Input::RefusedElsewhere { document, again });
            }
            Told::Reconnect => self.workspace.handle(now, Input::Reconnect),
            Told::Dismiss(notice) => {
                let notices = self.workspace.status().notices;
                if let Some(notice) = notices.iter().position(|held| *held == notice) {
                    self.workspace.handle(now, Input::Dismiss { notice });
                }
            }
        }
    }

    pub(super) fn look_for_missed(&mut self) {
        if self.ready {
            self.storage.look_for_missed();
        } else {
            self.look_when_ready = true;
        }
    }
}
