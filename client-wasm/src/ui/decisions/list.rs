//! The list of changes in quarantine.

use leptos::prelude::*;

use super::{Decisions, counts, member, outcome, reason, record, sender, trouble};
use crate::app::account::Member;
use crate::app::decisions::{Entry, State, coordinates};
use crate::app::route::Route;
use crate::locale::format;
use crate::ui::dom::el;
use crate::ui::live::{effect, live, memo};
use crate::ui::page::Page;
use crate::ui::parts::Unfolded;
use crate::ui::screen;
use crate::{t, tn};

/// The screen.
pub(super) fn list(page: Page) -> AnyView {
    let Decisions { known, told, .. } = page.decisions;
    let member = memo(move || member(page));
    // Whoever reads this list has been told.
    effect(move || {
        let Some(member) = member.get() else { return };
        let (_, last) = known.with(|known| known.news(&member, 0));
        if last > told.get_untracked() {
            told.set(last);
            page.device(|device| device.keep_told(&member.id, last));
        }
    });
    let decides = memo(move || member.get().is_some_and(|member| coordinates(&member)));
    let heading = move || {
        let title = if decides.get() {
            t!("decisions.title")
        } else {
            t!("decisions.title_own")
        };
        screen::title(page, title.clone());
        title
    };
    let unfolded = Unfolded::new();
    let explain = move || decides.get().then(|| t!("decisions.explain"));
    let draw = move || {
        let Some(member) = member.get() else {
            return el("p").child(t!("decisions.signed_out")).into_any();
        };
        let (heard, trouble) = known.with(|known| (known.heard, known.trouble.is_some()));
        if !heard {
            return if trouble {
                ().into_any()
            } else {
                screen::waiting()
            };
        }
        entries(page, &member, decides.get(), unfolded)
    };
    let said = move || {
        let (waiting, _) = counts(page);
        let heard = known.with(|known| known.heard);
        (heard && decides.get()).then(|| tn!("decisions.how_many", waiting))
    };
    el("div")
        .is("class", "decisions")
        .child(el("h1").is("tabindex", "-1").child(live(heading)))
        .child(el("p").is("class", "hint").child(live(explain)))
        .child(trouble(page))
        .child(
            el("p")
                .is("class", "count")
                .is("role", "status")
                .child(live(said)),
        )
        .child(live(draw))
        .into_any()
}

fn entries(page: Page, member: &Member, decides: bool, unfolded: Unfolded) -> AnyView {
    let known = page.decisions.known.get();
    let all = |tag: &'static str, entries: Vec<&Entry>, own: bool| {
        let rows: Vec<AnyView> = entries
            .into_iter()
            .map(|one| row(page, tag, one, own))
            .collect();
        el("ul").is("class", "entries").child(rows)
    };
    let waiting: Vec<&Entry> = known.waiting(member).collect();
    let own: Vec<&Entry> = known.own(member).collect();
    let decided: Vec<&Entry> = known.decided(member).collect();
    let waiting = (!waiting.is_empty()).then(|| all("h2", waiting, false).into_any());
    let own = if decides && own.is_empty() {
        None
    } else {
        let heading = decides.then(|| el("h2").child(t!("decisions.title_own")).into_any());
        let none = own.is_empty();
        let none = none.then(|| el("p").child(t!("decisions.none_own")).into_any());
        Some(
            el("section")
                .child(heading)
                .child(none)
                .child(all(if decides { "h3" } else { "h2" }, own, true))
                .into_any(),
        )
    };
    let decided = (!decided.is_empty()).then(|| {
        unfolded
            .part("decided", t!("decisions.decided"))
            .child(all("h2", decided, false))
            .into_any()
    });
    el("div")
        .child(waiting)
        .child(own)
        .child(decided)
        .into_any()
}

fn row(page: Page, tag: &'static str, entry: &Entry, own: bool) -> AnyView {
    let now = page.device(|device| device.now());
    let time = format::instant(entry.received, now);
    let facts = tn!("decisions.facts", entry.changes, time = time);
    let who = (!own).then(|| {
        el("p")
            .is("dir", "auto")
            .child(sender(page, entry))
            .into_any()
    });
    let why = (entry.state == State::Waiting)
        .then(|| el("p").is("class", "hint").child(reason(entry)).into_any());
    let decide = (!own && !matches!(entry.state, State::Accepted | State::InPart)).then(|| {
        el("a")
            .is("role", "button")
            .is("class", "secondary")
            .attr("href", Route::decisions(&entry.id).path())
            .attr("aria-label", t!("decisions.look_at", name = entry.name))
            .child(t!("decisions.look"))
            .into_any()
    });
    let result = (own || entry.state != State::Waiting).then(|| outcome(page, entry, own));
    el("li")
        .child(el(tag).child(record(page, entry)))
        .child(who)
        .child(el("p").is("class", "hint").child(facts))
        .child(why)
        .child(result)
        .child(decide)
        .into_any()
}
