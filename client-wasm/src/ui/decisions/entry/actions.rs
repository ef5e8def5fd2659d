//! What a person does with an entry: a word to the sender, the buttons, what is said of them.

use leptos::prelude::*;
use meltemi_core::command::Command;
use meltemi_core::record::{FieldPath, Kind, kind};
use meltemi_core::view::difference::Change;
use meltemi_core::workspace::ProposedView;

use super::Opened;
use crate::app::decisions::choice::{self, Chosen};
use crate::app::decisions::under_way::Decided;
use crate::app::decisions::{NOTE_LONGEST, State};
use crate::app::refused::with_added;
use crate::app::status::Line;
use crate::locale::format;
use crate::t;
use crate::ui::decisions::deciding::{self, Step};
use crate::ui::decisions::wrong_text;
use crate::ui::dom::el;
use crate::ui::live::{happened, live, memo};
use crate::ui::page::Loaded;
use crate::ui::parts::button;
use crate::ui::{router, words};

impl Opened {
    /// How far a decision on this entry is.
    pub(super) fn step(self) -> Option<Step> {
        let under_way = self.page.decisions.under_way.get()?;
        let own = self
            .entry
            .with_value(|entry| entry.id == under_way.decided.id);
        own.then_some(under_way.step)
    }

    /// What keeps the person from deciding, or what is being done.
    pub(super) fn said(self) -> AnyView {
        let page = self.page;
        let offline = memo(move || page.status.get().map(|it| it.line) != Some(Line::Online));
        let needs = move || offline.get().then(|| t!("decisions.needs_line"));
        let said = move || match self.step() {
            Some(Step::Asking) => Some(t!("decisions.asking")),
            Some(Step::Entering | Step::Sending) => Some(t!("decisions.sending")),
            Some(Step::Telling) => Some(t!("decisions.telling")),
            Some(Step::Failed(_) | Step::Ending) => None,
            None if page.decisions.under_way.with(Option::is_some) => Some(t!("decisions.other")),
            None => page
                .decisions
                .elsewhere
                .get()
                .then(|| t!("decisions.elsewhere")),
        };
        el("p")
            .is("class", "hint")
            .is("role", "status")
            .child(live(needs))
            .child(live(said))
            .into_any()
    }

    /// The word to the sender.
    pub(super) fn word(self) -> AnyView {
        let note = self.note;
        let write = move |event| note.set(event_target_value(&event));
        el("div")
            .is("class", "field")
            .child(
                el("label")
                    .is("class", "label")
                    .is("for", "decision-note")
                    .child(t!("decisions.note")),
            )
            .child(
                el("textarea")
                    .is("id", "decision-note")
                    .is("dir", "auto")
                    .is("rows", "3")
                    .attr("maxlength", NOTE_LONGEST.to_string())
                    .on("input", happened(write)),
            )
            .into_any()
    }

    pub(super) fn failed(self) -> Option<AnyView> {
        let Some(Step::Failed(wrong)) = self.step() else {
            return None;
        };
        let page = self.page;
        Some(
            el("div")
                .is("class", "trouble")
                .is("role", "alert")
                .child(
                    el("p")
                        .is("class", "wrong")
                        .child(t!("decisions.not_told"))
                        .child(" ")
                        .child(wrong_text(wrong)),
                )
                .child(
                    el("p")
                        .is("class", "hint")
                        .child(t!("decisions.leave_explain")),
                )
                .child(
                    el("div")
                        .is("class", "actions")
                        .child(button("", t!("decisions.tell_again"), move || {
                            deciding::tell(page);
                        }))
                        .child(button("secondary", t!("decisions.leave"), move || {
                            deciding::leave(page, move || {
                                self.compare();
                                router::focus_heading();
                            });
                        })),
                )
                .into_any(),
        )
    }

    pub(super) fn buttons(self) -> AnyView {
        let page = self.page;
        let blocked = memo(move || {
            let line = page.status.get().map(|status| status.line);
            let other = page.decisions.under_way.with(Option::is_some);
            line != Some(Line::Online) || other || page.decisions.elsewhere.get()
        });
        let act = move |class, label, run: fn(Self)| {
            let press = move || {
                if !blocked.get_untracked() {
                    run(self);
                }
            };
            button(class, label, press)
                .live("aria-disabled", move || blocked.get().then_some("true"))
        };
        let none = memo(move || self.chosen.with(Chosen::is_empty));
        let part = move || {
            let of = self.proposed.with(|proposed| match proposed {
                Loaded::Here(view) => view.differences.len(),
                _ => 0,
            });
            let chosen = self.chosen.with(Chosen::len);
            t!(
                "decisions.accept_part",
                count = format::number(chosen as f64),
                of = format::number(of as f64)
            )
        };
        let take = button("secondary", String::new(), move || {
            if !blocked.get_untracked() && !none.get_untracked() {
                self.take();
            }
        });
        let take = take
            .live("aria-disabled", move || {
                (blocked.get() || none.get()).then_some("true")
            })
            .child(live(part));
        el("div")
            .is("class", "actions")
            .child(act("", t!("decisions.accept"), |open| {
                open.decide(State::Accepted)
            }))
            .child(take)
            .child(act("secondary", t!("decisions.refuse"), |open| {
                open.decide(State::Refused)
            }))
            .into_any()
    }

    fn decide(self, state: State) {
        self.begin(state, self.note.get_untracked(), Vec::new());
    }

    fn begin(self, state: State, note: String, commands: Vec<Command>) {
        let (decided, seen) = self.entry.with_value(|entry| {
            let decided = Decided {
                id: entry.id.clone(),
                document: entry.document,
                state,
                note,
                refused: None,
            };
            (decided, entry.state)
        });
        deciding::begin(self.page, decided, seen, commands);
    }

    /// Enters the chosen places into the record.
    fn take(self) {
        let chosen = self.chosen.get_untracked();
        let Loaded::Here(view) = self.proposed.get_untracked() else {
            return;
        };
        let Some(kind) = kind(&view.record.kind) else {
            return;
        };
        let commands = choice::commands(kind, &view, &chosen);
        let taken = self.places(kind, &view, &chosen);
        let note = self.note.get_untracked();
        let note = format!(
            "{}\n\n{}",
            note.trim(),
            t!("decisions.taken", places = taken)
        );
        self.begin(State::InPart, note, commands);
    }

    /// The names of the chosen places.
    fn places(self, kind: &'static Kind, view: &ProposedView, chosen: &Chosen) -> String {
        let record = with_added(&view.record, &view.differences);
        let places = chosen.iter().filter_map(|at| {
            let difference = view.differences.get(*at)?;
            let path: FieldPath = difference.path.parse().ok()?;
            let place = words::place(self.page, kind, &record, &path);
            Some(match difference.what {
                Change::Removed => format!("{place} ({})", t!("refused.removed")),
                _ => place,
            })
        });
        words::list(&places.collect::<Vec<_>>())
    }
}
