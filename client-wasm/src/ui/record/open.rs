//! The record that is open on the screen, kept up with changes made here and elsewhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use leptos::prelude::*;
use meltemi_core::command::Command;
use meltemi_core::conflict::Conflict;
use meltemi_core::id::DocumentId;
use meltemi_core::record::{FieldPath, Kind};
use meltemi_core::view::RecordView;
use serde_json::Value;

use super::differences::Of;
use crate::app::protocol::{Answer, Ask, Done, Failure};
use crate::app::read;
use crate::ui::field::Field;
use crate::ui::live::memo;
use crate::ui::page::{Page, Then};
use crate::ui::toasts;

/// The record on the screen. A handle.
#[derive(Clone, Copy)]
pub(crate) struct Open {
    pub(crate) page: Page,
    pub(crate) document: DocumentId,
    pub(crate) kind: &'static Kind,
    pub(crate) view: RwSignal<Arc<RecordView>>,
    /// The fields that are on the screen.
    pub(crate) fields: StoredValue<BTreeMap<FieldPath, Field>>,
    order: StoredValue<Order>,
}

/// In which order answers count. A view that was asked for before a command may lack its effect.
#[derive(Debug, Clone, Copy, Default)]
struct Order {
    /// Number of the last question.
    asked: u64,
    /// Number of the question whose answer is shown.
    shown: u64,
    /// Commands under way.
    under_way: usize,
    /// Whether something may have changed that is not shown.
    stale: bool,
}

impl Open {
    pub(crate) fn new(page: Page, kind: &'static Kind, view: RecordView) -> Self {
        let open = Self {
            page,
            document: view.id,
            kind,
            view: RwSignal::new(Arc::new(view)),
            fields: StoredValue::new(BTreeMap::new()),
            order: StoredValue::new(Order::default()),
        };
        Effect::new(move |before: Option<()>| {
            let concerned = page
                .changed
                .with(|changed| changed.contains(&open.document));
            if before.is_some() && concerned {
                open.reload();
            }
        });
        open
    }

    /// The record as the name of what differs in it.
    pub(super) fn of(self, view: &RecordView) -> Of<'_> {
        Of {
            page: self.page,
            kind: self.kind,
            view,
        }
    }

    /// The value at a place, kept up.
    pub(crate) fn value(self, path: FieldPath) -> Memo<Option<Value>> {
        memo(move || self.view.with(|view| read::value(view, &path).cloned()))
    }

    /// The open conflict at a place, kept up.
    pub(crate) fn conflict(self, path: FieldPath) -> Memo<Option<Conflict>> {
        memo(move || self.view.with(|view| read::conflict(view, &path).cloned()))
    }

    /// The version on the screen; `None` as long as it lacks what the person did last.
    pub(crate) fn seen(self) -> Option<Vec<String>> {
        let rests = self.order.try_with_value(|order| order.under_way == 0);
        rests
            .unwrap_or(false)
            .then(|| self.view.with_untracked(|view| view.heads.clone()))
    }

    /// Carries out a command and shows the record afterwards.
    pub(crate) fn execute(
        self,
        command: Command,
        then: impl FnOnce(Result<Box<Done>, Failure>) + 'static,
    ) {
        self.execute_boxed(command, Box::new(then));
    }

    fn execute_boxed(self, command: Command, then: Then) {
        let number = self.next(|order| order.under_way += 1);
        self.page.execute(command, move |result| {
            self.order.try_update_value(|order| order.under_way -= 1);
            // First the field concerned, so that it can tell its own change from others'.
            let view = result.as_ref().ok().map(|done| done.record.clone());
            then(result);
            if let Some(view) = view {
                self.show(number, view);
            }
            self.catch_up();
        });
    }

    /// Carries out a command that no field of its own shows, and says what was done.
    pub(crate) fn act(self, command: Command, label: String) {
        let page = self.page;
        self.execute(command, move |result| match result {
            Ok(done) => toasts::done(page, label, &done),
            Err(failure) => page.tell(&failure),
        });
    }

    /// Asks for the record as it is now.
    pub(crate) fn reload(self) {
        let mut ask = false;
        self.order.try_update_value(|order| {
            order.stale = true;
            ask = order.under_way == 0;
        });
        if ask {
            self.catch_up();
        }
    }

    fn catch_up(self) {
        let due = |order: &mut Order| order.stale && order.under_way == 0;
        if !self.order.try_update_value(due).unwrap_or(false) {
            return;
        }
        let number = self.next(|order| order.stale = false);
        self.page
            .ask(Ask::Record { id: self.document }, move |answer| {
                let busy = self
                    .order
                    .try_with_value(|order| order.under_way > 0)
                    .unwrap_or(true);
                match answer {
                    Ok(Answer::Record(_)) if busy => {
                        self.order.try_update_value(|order| order.stale = true);
                    }
                    Ok(Answer::Record(view)) => self.show(number, *view),
                    Ok(_) => {}
                    Err(failure) => self.page.tell(&failure),
                }
            });
    }

    fn next(self, change: impl FnOnce(&mut Order)) -> u64 {
        let number = self.order.try_update_value(|order| {
            change(order);
            order.asked += 1;
            order.asked
        });
        number.unwrap_or(0)
    }

    fn show(self, number: u64, view: RecordView) {
        let newer = self.order.try_update_value(|order| {
            let newer = number > order.shown;
            order.shown = order.shown.max(number);
            newer
        });
        if newer.unwrap_or(false) && self.view.with_untracked(|before| **before != view) {
            self.view.set(Arc::new(view));
        }
    }
}
