//! One entry in quarantine: what it would change, place by place, and the decision.

mod actions;

use leptos::prelude::*;
use leptos::task::spawn_local;
use meltemi_core::record::kind;
use meltemi_core::view::difference::Difference;
use meltemi_core::workspace::ProposedView;

use super::{is_about, member, outcome, reason, record, sender, trouble, wrong_text};
use crate::app::account::is_good;
use crate::app::decisions::choice::{self, Chosen};
use crate::app::decisions::{Entry, State, address, decides};
use crate::app::failure::failure;
use crate::app::protocol::{Answer, Ask, Failure};
use crate::app::route::Route;
use crate::locale::format;
use crate::ui::dom::el;
use crate::ui::live::{effect, live, memo};
use crate::ui::page::{Loaded, Page};
use crate::ui::parts::{button, link_button, notice};
use crate::ui::record::differences::{self, Of};
use crate::ui::screen;
use crate::{t, tn};

/// The screen.
pub(super) fn entry(page: Page, id: String) -> AnyView {
    let known = page.decisions.known;
    let found = memo(move || {
        let member = member(page)?;
        known.with(|known| {
            let mut all = known.entries.iter();
            let entry = all.find(|entry| entry.id == id)?;
            decides(&member, entry).then(|| entry.clone())
        })
    });
    let heard = memo(move || known.with(|known| known.heard));
    screen::title(page, t!("decisions.title"));
    let draw = move || match found.get() {
        Some(entry) => opened(page, entry),
        None if heard.get() => notice(t!("decisions.title"), t!("decisions.gone"))
            .child(back())
            .into_any(),
        None => el("div")
            .child(el("h1").is("tabindex", "-1").child(t!("decisions.title")))
            .child(screen::waiting())
            .into_any(),
    };
    el("div")
        .is("class", "decisions")
        .child(trouble(page))
        .child(live(draw))
        .into_any()
}

fn back() -> AnyView {
    let href = Route::decisions("").path();
    link_button("secondary", t!("decisions.back"), href).into_any()
}

/// What is on the screen of an entry. A handle.
#[derive(Clone, Copy)]
struct Opened {
    page: Page,
    entry: StoredValue<Entry>,
    /// The changes as the worker takes them, once they have come.
    changes: StoredValue<Option<String>>,
    proposed: RwSignal<Loaded<Box<ProposedView>>>,
    chosen: RwSignal<Chosen>,
    note: RwSignal<String>,
}

fn opened(page: Page, entry: Entry) -> AnyView {
    let now = page.device(|device| device.now());
    let time = format::instant(entry.received, now);
    let open = Opened {
        page,
        entry: StoredValue::new(entry.clone()),
        changes: StoredValue::new(None),
        proposed: RwSignal::new(Loaded::Waiting),
        chosen: RwSignal::new(Chosen::new()),
        note: RwSignal::new(String::new()),
    };
    let taken = matches!(entry.state, State::Accepted | State::InPart);
    let decided = (entry.state != State::Waiting).then(|| outcome(page, &entry, false));
    let body = (!taken).then(|| {
        open.fetch();
        open.follow();
        open.body()
    });
    let heading = entry.clone();
    el("div")
        .child(
            el("h1")
                .is("tabindex", "-1")
                .child(live(move || record(page, &heading).into_any())),
        )
        .child(
            el("p")
                .child(el("strong").is("dir", "auto").child(sender(page, &entry)))
                .child(" · ")
                .child(tn!("decisions.facts", entry.changes, time = time)),
        )
        .child(el("p").is("class", "hint").child(reason(&entry)))
        .child(decided)
        .child(body)
        .child(el("p").child(back()))
        .into_any()
}

impl Opened {
    /// Brings the changes from the server.
    fn fetch(self) {
        let address = self.entry.with_value(|entry| address(&entry.id));
        let bytes = self
            .page
            .device(|device| device.bytes(&format!("{address}/changes")));
        spawn_local(async move {
            match bytes.await {
                Ok((status, bytes)) if is_good(status) => {
                    self.changes.try_set_value(Some(hex::encode(bytes)));
                    self.compare();
                }
                Ok((status, _)) => self.fail(failure("changes", status.to_string())),
                Err(why) => self.fail(failure("no-connection", why)),
            }
        });
    }

    fn fail(self, failure: Failure) {
        self.proposed.try_set(Loaded::Failed(failure));
    }

    /// Has the worker compare them with the record as it is now.
    fn compare(self) {
        let id = self.entry.try_with_value(|entry| entry.document).flatten();
        let changes = self.changes.try_get_value().flatten();
        let (Some(id), Some(changes)) = (id, changes) else {
            return self.fail(failure("changes", "no document"));
        };
        let ask = Ask::Proposed { id, changes };
        self.page.ask(ask, move |answer| match answer {
            Ok(Answer::Proposed(view)) => self.show(view),
            Ok(_) => self.fail(failure("bad-message", "the answer is no comparison")),
            Err(failure) => self.fail(failure),
        });
    }

    /// Shows a comparison. What the person has left out of the one before stays left out.
    fn show(self, view: Box<ProposedView>) {
        let Some(kind) = kind(&view.record.kind) else {
            return self.fail(failure("unknown-kind", view.record.kind));
        };
        let mut chosen = choice::all(kind, &view.differences);
        self.proposed.try_with_untracked(|before| {
            let (Loaded::Here(before), Some(was)) = (before, self.chosen.try_get_untracked())
            else {
                return;
            };
            chosen.retain(|at| {
                let same = |it: &Difference| {
                    let now = &view.differences[*at];
                    (&it.path, it.what) == (&now.path, now.what)
                };
                let known = before.differences.iter().position(same);
                known.is_none_or(|known| was.contains(&known))
            });
        });
        self.chosen.try_set(chosen);
        self.proposed.try_set(Loaded::Here(view));
    }

    /// Compares again when the record changes, but not while a part of it is entered.
    fn follow(self) {
        let page = self.page;
        effect(move || {
            let changed = page.changed.get();
            let concerned = self.entry.with_value(|entry| is_about(entry, &changed));
            if concerned && self.step().is_none() {
                self.compare();
            }
        });
    }

    fn body(self) -> AnyView {
        let draw = move || match self.proposed.get() {
            Loaded::Waiting => screen::waiting(),
            Loaded::Here(view) => self.table(&view),
            Loaded::Failed(failure) if failure.code == "no-connection" => {
                let fetch = move || {
                    self.proposed.set(Loaded::Waiting);
                    self.fetch();
                };
                el("div")
                    .is("role", "alert")
                    .child(
                        el("p")
                            .is("class", "wrong")
                            .child(wrong_text("no-connection")),
                    )
                    .child(button("secondary", t!("decisions.look_again"), fetch))
                    .into_any()
            }
            Loaded::Failed(failure) => el("div")
                .child(
                    el("p")
                        .is("class", "wrong")
                        .child(t!("decisions.cannot_show")),
                )
                .child(
                    el("details")
                        .child(el("summary").child(t!("failure.details")))
                        .child(el("p").is("dir", "auto").child(failure.message)),
                )
                .into_any(),
        };
        el("div")
            .child(
                el("h2")
                    .is("id", "decision-differences")
                    .child(t!("decisions.differences")),
            )
            .child(live(draw))
            .child(self.word())
            .child(self.said())
            .child(live(move || self.failed()))
            .child(self.buttons())
            .into_any()
    }

    fn table(self, view: &ProposedView) -> AnyView {
        let Some(kind) = kind(&view.record.kind) else {
            return ().into_any();
        };
        let of = Of {
            page: self.page,
            kind,
            view: &view.record,
        };
        let name = self.entry.with_value(|entry| entry.name.clone());
        let whole = view
            .differences
            .iter()
            .any(|it| !choice::can_choose(kind, it));
        let whole = whole.then(|| {
            el("p")
                .is("class", "hint")
                .child(t!("decisions.whole_only"))
                .into_any()
        });
        el("div")
            .child(el("p").is("class", "hint").child(t!("decisions.choose")))
            .child(differences::table(
                of,
                &view.differences,
                "decision-differences",
                [t!("refused.accepted"), name],
                t!("refused.no_difference"),
                Some(self.chosen),
            ))
            .child(whole)
            .into_any()
    }
}
