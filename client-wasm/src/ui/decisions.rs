//! Changes in quarantine: what waits for a decision of this person, and what became of their own.

pub(super) mod deciding;
mod entry;
mod list;

use std::time::Duration;

use leptos::ev;
use leptos::prelude::*;
use meltemi_core::id::DocumentId;

use self::deciding::UnderWay;
use super::dom::{El, el};
use super::live::{effect, live, memo};
use super::page::Page;
use super::{account, toasts, words};
use crate::app::account::{Account, Answered, Member, Wrong};
use crate::app::decisions::{ADDRESS, Entry, Known, State, coordinates};
use crate::app::refused::RefusedEdits;
use crate::app::route::Route;
use crate::app::status::Line;
use crate::locale::format;
use crate::{t, tn};

/// How often the server is asked again while somebody waits.
const EVERY: Duration = Duration::from_secs(60);

/// What is known of changes in quarantine. A handle.
#[derive(Clone, Copy)]
pub(crate) struct Decisions {
    known: RwSignal<Known>,
    /// Until when the person was told of decisions.
    told: RwSignal<u64>,
    /// Until when a message was shown.
    said: StoredValue<u64>,
    under_way: RwSignal<Option<UnderWay>>,
    /// Whether another tab carries a decision on.
    elsewhere: RwSignal<bool>,
}

impl Decisions {
    pub(crate) fn new() -> Self {
        Self {
            known: RwSignal::new(Known::default()),
            told: RwSignal::new(0),
            said: StoredValue::new(0),
            under_way: RwSignal::new(None),
            elsewhere: RwSignal::new(false),
        }
    }

    /// Takes what the server says. What was known already draws nothing anew.
    fn hear(self, answer: Result<Answered, Wrong>) {
        self.known.maybe_update(|known| {
            let before = known.clone();
            known.hear(answer);
            *known != before
        });
    }

    /// Whether a decision ends unmade if the page is left now.
    pub(crate) fn is_lost_with_page(self) -> bool {
        self.under_way
            .with_untracked(|now| now.as_ref().is_some_and(UnderWay::is_lost_with_page))
    }
}

/// Whoever is signed in.
fn member(page: Page) -> Option<Member> {
    page.account.with(|account| match account {
        Account::SignedIn(member) => Some(member.alone()),
        _ => None,
    })
}

/// Asks the server whenever there may be something new.
pub(crate) fn follow(page: Page) {
    let decisions = page.decisions;
    let member = memo(move || member(page));
    // Whatever else changes about them, what is known is of the same person.
    let id = memo(move || member.get().map(|member| member.id));
    effect(move || {
        let told = |id: String| page.device(|device| device.told(&id));
        let told = id.get().map_or(0, told);
        decisions.told.set(told);
        decisions.said.set_value(told);
        decisions.known.set(Known::default());
    });
    let online = memo(move || page.status.get().map(|status| status.line) == Some(Line::Online));
    let refused = memo(move || page.status.get().map_or(0, |status| status.refused.len()));
    effect(move || {
        refused.track();
        if online.get() && member.get().is_some() {
            look(page);
        }
    });
    let again = move || {
        let waits = |member: &Member| {
            let own = |entry: &Entry| entry.member == member.id && entry.state == State::Waiting;
            coordinates(member)
                || refused.get_untracked() > 0
                || decisions
                    .known
                    .with_untracked(|known| known.entries.iter().any(own))
        };
        if member.get_untracked().as_ref().is_some_and(waits) {
            look(page);
        }
    };
    set_interval(again, EVERY);
    let focus = window_event_listener(ev::focus, move |_| again());
    on_cleanup(move || focus.remove());
    deciding::follow(page);
}

/// Asks the server what is in quarantine.
fn look(page: Page) {
    account::send(page, "GET", ADDRESS, None, move |answer| {
        let Decisions { known, said, .. } = page.decisions;
        page.decisions.hear(answer);
        let Some(member) = page
            .account
            .with_untracked(|account| account.member().cloned())
        else {
            return;
        };
        let (count, last) = known.with_untracked(|known| known.news(&member, said.get_value()));
        if count > 0 {
            said.set_value(last);
            toasts::say(page, tn!("decisions.news", count));
        }
    });
}

/// How many entries wait for this person, and how many decisions are new to them.
fn counts(page: Page) -> (u64, u64) {
    let Some(member) = member(page) else {
        return (0, 0);
    };
    let told = page.decisions.told.get();
    page.decisions.known.with(|known| {
        (
            known.waiting(&member).count() as u64,
            known.news(&member, told).0,
        )
    })
}

/// The number beside the name in the header.
pub(crate) fn count(page: Page) -> AnyView {
    let counts = memo(move || counts(page));
    live(move || {
        let (waiting, new) = counts.get();
        (waiting + new > 0).then(|| {
            let all = waiting + new;
            let number = el("span").is("aria-hidden", "true");
            let words = el("span").is("class", "hidden");
            el("span")
                .is("class", "count open")
                .child(number.child(format::number(all as f64)))
                .child(words.child(tn!("decisions.count", all)))
                .into_any()
        })
    })
}

/// The way to the screen, in the menu of whoever has to do with it.
pub(crate) fn link(page: Page) -> AnyView {
    let text = memo(move || {
        let coordinates = coordinates(&member(page)?);
        let any = page.decisions.known.with(|known| !known.entries.is_empty());
        let (waiting, new) = counts(page);
        let text = if coordinates && (waiting > 0 || new == 0) {
            t!("decisions.link", count = format::number(waiting as f64))
        } else {
            t!("decisions.link_own", count = format::number(new as f64))
        };
        (coordinates || any).then_some(text)
    });
    live(move || {
        let href = Route::decisions("").path();
        let link = el("a").attr("href", href).child(text.get()?);
        Some(el("p").child(link).into_any())
    })
}

/// The screen of an address.
pub(crate) fn screen(page: Page, id: String) -> AnyView {
    if memo(move || member(page).is_some()).get_untracked() {
        look(page);
        deciding::resume(page);
    }
    if id.is_empty() {
        list::list(page)
    } else {
        entry::entry(page, id)
    }
}

/// What a record says of its refused edits: that somebody is asked, or what was decided.
pub(crate) fn told_here(page: Page, edits: &RefusedEdits) -> AnyView {
    let document = edits.document;
    let of_person = matches!(
        edits.code.as_str(),
        "read-only" | "not-allowed" | "foreign-author"
    );
    live(move || {
        let member = member(page)?;
        let newest = page.decisions.known.with(|known| {
            let mut own = known.own(&member);
            own.find(|entry| entry.document == Some(document)).cloned()
        });
        match newest.filter(|entry| entry.state != State::Waiting) {
            Some(entry) => Some(outcome(page, &entry, true)),
            None => of_person.then(|| el("p").child(t!("decisions.asked")).into_any()),
        }
    })
}

/// What was decided, by whom and when, with the word to the sender.
fn outcome(page: Page, entry: &Entry, own: bool) -> AnyView {
    let now = page.device(|device| device.now());
    let time = entry
        .decided
        .map_or_else(String::new, |at| format::instant(at, now));
    let who = match entry.decided_by.as_str() {
        // It was by command line.
        "" => t!("decisions.operator"),
        name => name.to_owned(),
    };
    let text = match (entry.state, own) {
        (State::Waiting, _) => t!("decisions.waiting"),
        (State::Accepted, true) => t!("decisions.accepted_yours", who = who, time = time),
        (State::InPart, true) => t!("decisions.in_part_yours", who = who, time = time),
        (State::Refused, true) => t!("decisions.refused_yours", who = who, time = time),
        (State::Accepted, false) => t!("decisions.accepted", who = who, time = time),
        (State::InPart, false) => t!("decisions.in_part", who = who, time = time),
        (State::Refused, false) => t!("decisions.refused", who = who, time = time),
    };
    let note = entry
        .note
        .clone()
        .map(|note| el("blockquote").is("dir", "auto").child(note).into_any());
    el("div")
        .is("class", "outcome")
        .child(el("p").is("dir", "auto").child(text))
        .child(note)
        .into_any()
}

/// The name of the record, as a link if it is here.
fn record(page: Page, entry: &Entry) -> El {
    let summary = entry.document.and_then(|id| page.summary_of(&id));
    let here = summary.and_then(|summary| {
        let kind = meltemi_core::record::kind(&summary.reference.kind)?;
        let href = Route::record(kind, &summary.reference.key, "").path();
        let title = words::title(page, &summary);
        let link = el("a").attr("href", href).is("dir", "auto");
        Some(link.attr("lang", title.language).child(title.text))
    });
    here.unwrap_or_else(|| {
        let kind = entry.kind.as_deref().map(words::kind_name);
        let kind = kind.unwrap_or_else(|| t!("decisions.document"));
        el("span").child(t!("decisions.not_here", kind = kind))
    })
}

/// Who has sent it, from where.
fn sender(page: Page, entry: &Entry) -> String {
    match &entry.body {
        Some(body) => words::list(&[entry.name.clone(), words::link(page, body)]),
        None => entry.name.clone(),
    }
}

/// Why it was refused.
fn reason(entry: &Entry) -> String {
    match entry.code.as_str() {
        "read-only" => t!("decisions.why.read-only"),
        "not-allowed" => t!("decisions.why.not-allowed"),
        "foreign-author" => t!("decisions.why.foreign-author"),
        other => other.to_owned(),
    }
}

/// What went wrong, in words.
fn wrong_text(wrong: Wrong) -> String {
    match wrong {
        "decided" => t!("decisions.wrong.decided"),
        "gone" => t!("decisions.gone"),
        "not-possible" => t!("decisions.wrong.not_possible"),
        wrong => account::wrong_text(wrong),
    }
}

/// What went wrong, with a way to ask again.
fn trouble(page: Page) -> AnyView {
    let wrong = memo(move || page.decisions.known.with(|known| known.trouble));
    live(move || {
        wrong.get().map(|wrong| {
            el("div")
                .is("class", "trouble")
                .is("role", "alert")
                .child(el("p").is("class", "wrong").child(wrong_text(wrong)))
                .child(super::parts::button(
                    "secondary",
                    t!("decisions.look_again"),
                    move || look(page),
                ))
                .into_any()
        })
    })
}

/// Whether an entry is about a document.
fn is_about(entry: &Entry, documents: &[DocumentId]) -> bool {
    entry.document.is_some_and(|id| documents.contains(&id))
}
