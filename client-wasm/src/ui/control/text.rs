//! A text that several people write at once: a plain text area over the model of `app::text`.

use std::time::Duration;

use leptos::ev;
use leptos::html::Textarea;
use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use meltemi_core::command::Command;
use meltemi_core::record::FieldPath;

use crate::app::failure::key;
use crate::app::read;
use crate::app::text::{CoText, Selection, Shown};
use crate::locale;
use crate::ui::dom::el;
use crate::ui::field::Field;
use crate::ui::live::{effect, happened, memo};
use crate::ui::record::open::Open;
use crate::ui::slot::{Saving, Slot};

/// How long after the last key what was typed is sent.
const PAUSE: Duration = Duration::from_millis(300);

/// A text area and its model. A handle.
#[derive(Clone, Copy)]
struct Writing {
    open: Open,
    field: Field,
    model: StoredValue<CoText>,
    area: NodeRef<Textarea>,
    timer: StoredValue<Option<TimeoutHandle>>,
}

/// The text area for a text.
pub(crate) fn text(open: Open, field: Field) -> AnyView {
    let path = field.path();
    let (text, heads) = open
        .view
        .with_untracked(|view| (read::text(view, &path), view.heads.clone()));
    let writing = Writing {
        open,
        field,
        model: StoredValue::new(CoText::new(&text, &heads)),
        area: NodeRef::new(),
        timer: StoredValue::new(None),
    };
    // The area holds the text from its first moment on; afterwards only the model writes it.
    writing.area.on_load(move |area| {
        writing
            .model
            .with_value(|model| area.set_value(model.local()));
        request_animation_frame(move || writing.fit());
    });
    let follow = path.clone();
    effect(move || {
        open.view.track();
        writing.catch_up(&follow);
    });
    let leaving = [
        window_event_listener(ev::pagehide, move |_| writing.flush()),
        window_event_listener_untyped("visibilitychange", move |_| writing.flush()),
    ];
    on_cleanup(move || {
        writing.flush();
        leaving.into_iter().for_each(WindowListenerHandle::remove);
    });
    let composed = move |_| {
        let (value, selection) = (writing.value(), writing.selection());
        let shown = writing.change(|model| model.end_composition(&value, selection));
        writing.show(shown.flatten());
        writing.catch_up(&path);
        writing.flush_soon();
    };
    el("textarea")
        .attr("id", field.slot.id())
        .node_ref(writing.area)
        .is("dir", "auto")
        .is("rows", "2")
        .attr("aria-describedby", field.slot.note_id())
        .on(
            "input",
            happened(move |_| {
                let value = writing.value();
                writing.change(|model| model.typed(&value));
                writing.fit();
                writing.flush_soon();
            }),
        )
        .on(
            "compositionstart",
            happened(move |_| {
                writing.change(CoText::begin_composition);
            }),
        )
        .on("compositionend", happened(composed))
        .on("blur", happened(move |_| writing.flush()))
        .into_any()
}

impl Writing {
    fn change<T>(self, change: impl FnOnce(&mut CoText) -> T) -> Option<T> {
        self.model.try_update_value(change)
    }

    /// The element, as long as it is on the screen.
    fn area(self) -> Option<web_sys::HtmlTextAreaElement> {
        self.area.try_get_untracked().flatten()
    }

    fn value(self) -> String {
        self.area().map(|area| area.value()).unwrap_or_default()
    }

    fn selection(self) -> Selection {
        let Some(area) = self.area() else {
            return Selection::default();
        };
        let place = |place: Result<Option<u32>, _>| place.ok().flatten().unwrap_or(0) as usize;
        Selection {
            start: place(area.selection_start()),
            end: place(area.selection_end()),
        }
    }

    /// Takes over what others wrote.
    fn catch_up(self, path: &FieldPath) {
        let (text, heads) = self
            .open
            .view
            .with_untracked(|view| (read::text(view, path), view.heads.clone()));
        let selection = self.selection();
        let shown = self.change(|model| model.arrived(&text, &heads, selection));
        self.show(shown.flatten());
    }

    /// Shows a merged text, caret and selection where they belong.
    fn show(self, shown: Option<Shown>) {
        let (Some(Shown { text, selection }), Some(area)) = (shown, self.area()) else {
            return;
        };
        let focused = document()
            .active_element()
            .is_some_and(|active| active == **area);
        area.set_value(&text);
        if focused {
            // A selection outside of the text is no harm: the browser moves it in.
            drop(area.set_selection_range(selection.start as u32, selection.end as u32));
        }
        self.fit();
    }

    /// Makes the area as high as its text, where the browser does not do it by itself.
    fn fit(self) {
        let Some(area) = self.area() else { return };
        let style = web_sys::HtmlElement::style(&area);
        let by_itself = style
            .get_property_value("field-sizing")
            .is_ok_and(|it| it == "content");
        if !by_itself {
            // A browser without styles still scrolls.
            drop(style.set_property("block-size", "auto"));
            drop(style.set_property("block-size", &format!("{}px", area.scroll_height() + 2)));
        }
    }

    fn flush_soon(self) {
        self.stop();
        if let Ok(timer) = set_timeout_with_handle(move || self.due(), PAUSE)
            && self.timer.try_set_value(Some(timer)).is_none()
        {
            self.open.page.unanswered.update(|count| *count += 1);
        }
    }

    fn stop(self) {
        if let Some(timer) = self.timer.try_update_value(Option::take).flatten() {
            timer.clear();
            let unanswered = self.open.page.unanswered;
            unanswered.update(|count| *count = count.saturating_sub(1));
        }
    }

    /// What is being composed is not sent before it is finished, and stays counted until then.
    fn due(self) {
        match self.model.try_with_value(CoText::is_composing) {
            Some(true) => self.flush_soon(),
            _ => self.flush(),
        }
    }

    /// Sends what was typed, unless an edit is under way; then it goes when that is answered.
    fn flush(self) {
        self.stop();
        let Some(edit) = self.change(CoText::outgoing).flatten() else {
            return;
        };
        let field = self.field;
        let path = field.path();
        field.slot.saving.set(Saving::UnderWay);
        let command = Command::EditText {
            document: self.open.document,
            path: path.clone(),
            base: edit.base,
            splices: edit.splices,
        };
        self.open.execute(command, move |result| match result {
            Ok(done) => {
                let text = read::text(&done.record, &path);
                let selection = self.selection();
                let heads = &done.record.heads;
                let shown = self.change(|model| model.confirmed(&text, heads, selection));
                self.show(shown.flatten());
                let saved = self.model.try_with_value(CoText::is_saved).unwrap_or(true);
                field.slot.saving.try_set(if saved {
                    Saving::of(&done)
                } else {
                    Saving::UnderWay
                });
                self.flush();
            }
            Err(failure) => {
                self.change(CoText::refused);
                field
                    .slot
                    .saving
                    .try_set(Saving::Wrong(locale::text(&key(&failure), &[])));
                self.open.reload();
                if failure.code == "unknown-base" {
                    // With the version that comes now it can be sent again.
                    self.flush_soon();
                }
            }
        });
    }
}

/// A text area of a form that is not a record yet.
pub(crate) fn plain(slot: Slot) -> AnyView {
    let text = memo(move || crate::app::input::to_text(slot.value.get().as_ref()));
    el("textarea")
        .attr("id", slot.id())
        .is("dir", "auto")
        .is("rows", "3")
        .attr("aria-describedby", slot.note_id())
        .prop("value", move || text.get())
        .on(
            "change",
            happened(move |event| slot.save(event_target_value(&event).into())),
        )
        .into_any()
}
