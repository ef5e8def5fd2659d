//! The audit log: who did what, when, from where, and how it ended.

use leptos::prelude::*;

use super::desk::{Desk, Kept};
use super::form;
use super::heading;
use crate::app::office::audit::{self, Entry, OUTCOMES, Page};
use crate::app::office::place::Place;
use crate::locale::{self, format};
use crate::ui::dom::{El, el};
use crate::ui::live::{live, several};
use crate::ui::parts;
use crate::{t, tn};

/// The screen.
pub(crate) fn audit(desk: Desk) -> AnyView {
    let log = Kept::<Page>::new();
    let outcome = RwSignal::new(String::new());
    load(desk, log);
    let outcomes = || {
        let choice = |word: &&str| ((*word).to_owned(), outcome_text(word));
        let mut choices = vec![(String::new(), t!("office.audit.all"))];
        choices.extend(OUTCOMES.iter().map(choice));
        form::plain(choices)
    };
    let tools = el("div")
        .is("class", "tools")
        .child(form::field(
            "audit-outcome",
            "narrow",
            t!("office.audit.outcome"),
            form::select(outcome, outcomes),
            None,
        ))
        .child(export(desk));
    let shown = log.show(
        move || load(desk, log),
        move |page| {
            let page = page.clone();
            let older = page.next.map(|next| older(desk, log, next));
            let found = move || entries(desk, &page.ended(&outcome.get()));
            several(vec![live(found), older.into_any()])
        },
    );
    several(vec![
        heading(Place::Audit, t!("office.audit.explain")),
        tools.into_any(),
        shown,
    ])
}

fn load(desk: Desk, log: Kept<Page>) {
    log.load(desk, audit::address(None), audit::read, || ());
}

fn outcome_text(word: &str) -> String {
    locale::optional(&format!("office.outcome.{word}"), &[]).unwrap_or_else(|| word.to_owned())
}

fn deed_text(word: &str) -> String {
    locale::optional(&format!("office.deed.{word}"), &[]).unwrap_or_else(|| word.to_owned())
}

/// The button that adds the page before the oldest entry on the screen.
fn older(desk: Desk, log: Kept<Page>, next: u64) -> AnyView {
    let busy = RwSignal::new(false);
    let click = move || {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        desk.send("GET", &audit::address(Some(next)), None, move |body| {
            busy.try_set(false);
            match body.and_then(|body| audit::read(&body)) {
                Ok(more) => {
                    let count = more.entries.len() as u64;
                    let oldest = more.entries.first().map(|entry| row_id(entry.seq));
                    log.update(|page| page.add(more));
                    desk.say(tn!("office.audit.more", count));
                    if let Some(oldest) = oldest {
                        request_animation_frame(move || super::desk::focus(&oldest));
                    }
                }
                Err(failure) => desk.tell(&failure),
            }
        });
    };
    parts::button("secondary", t!("office.audit.older"), click)
        .live("aria-busy", move || busy.get().to_string())
        .into_any()
}

/// The button that offers the whole log as a file.
fn export(desk: Desk) -> AnyView {
    let busy = RwSignal::new(false);
    let click = move || {
        if !busy.get_untracked() {
            busy.set(true);
            gather(desk, busy, Page::default(), None);
        }
    };
    parts::button("secondary", t!("office.audit.export"), click)
        .live("aria-busy", move || busy.get().to_string())
        .into_any()
}

/// Asks for page after page, and then offers the file.
fn gather(desk: Desk, busy: RwSignal<bool>, mut all: Page, before: Option<u64>) {
    desk.send("GET", &audit::address(before), None, move |body| {
        match body.and_then(|body| audit::read(&body)) {
            Ok(page) => {
                all.add(page);
                match all.next {
                    Some(next) => return gather(desk, busy, all, Some(next)),
                    None => desk.page.device(|device| {
                        let name = format!("meltemi-audit-{}.jsonl", device.today());
                        device.offer_file(&name, "application/jsonl", all.file().as_bytes());
                    }),
                }
                desk.say(tn!("office.audit.exported", all.entries.len() as u64));
            }
            Err(failure) => desk.tell(&failure),
        }
        busy.try_set(false);
    });
}

fn row_id(seq: u64) -> String {
    format!("audit-{seq}")
}

fn entries(desk: Desk, entries: &[Entry]) -> AnyView {
    let count = el("p")
        .is("class", "hint")
        .is("role", "status")
        .child(tn!("office.audit.count", entries.len() as u64));
    if entries.is_empty() {
        return count.into_any();
    }
    let head = |label: String| {
        el("th")
            .is("role", "columnheader")
            .is("scope", "col")
            .child(label)
            .into_any()
    };
    let labels = [
        t!("office.audit.what"),
        t!("office.audit.time"),
        t!("office.audit.who"),
        t!("office.audit.object"),
        t!("office.audit.from"),
        t!("office.audit.outcome"),
    ];
    let heads: Vec<AnyView> = labels.into_iter().map(head).collect();
    let rows: Vec<AnyView> = entries.iter().map(|entry| row(desk, entry)).collect();
    let table = el("table")
        .is("class", "records audit")
        .is("role", "table")
        .attr("aria-label", t!("office.place.audit"))
        .child(
            el("thead")
                .is("role", "rowgroup")
                .child(el("tr").is("role", "row").child(heads)),
        )
        .child(el("tbody").is("role", "rowgroup").child(rows));
    several(vec![count.into_any(), table.into_any()])
}

fn row(desk: Desk, entry: &Entry) -> AnyView {
    let now = desk.page.device(|device| device.now());
    let cell = |label: String| el("td").is("role", "cell").attr("data-label", label);
    // A member is shown by name as soon as names are here, anything else by its id.
    let named = move |id: Option<String>| -> El {
        let name = move || {
            let id = id.as_ref()?;
            let name = desk.members.with(|members| {
                let member = members.iter().find(|member| member.id == *id);
                member.map(|member| member.name.clone())
            });
            Some(name.unwrap_or_else(|| id.clone()))
        };
        el("span").is("dir", "auto").child(live(name))
    };
    let mark = if entry.outcome == "refused" {
        "mark missing"
    } else {
        "mark"
    };
    let object = cell(t!("office.audit.object")).class_if("empty", entry.object.is_none());
    let who = cell(t!("office.audit.who")).class_if("empty", entry.who.is_none());
    el("tr")
        .is("role", "row")
        .attr("id", row_id(entry.seq))
        .is("tabindex", "-1")
        .child(
            el("td")
                .is("role", "cell")
                .is("class", "deed")
                .child(deed_text(&entry.what)),
        )
        .child(
            cell(t!("office.audit.time")).child(
                el("time")
                    .attr("datetime", entry.time.clone())
                    .child(format::written(&entry.time, now)),
            ),
        )
        .child(who.child(named(entry.who.clone())))
        .child(object.child(named(entry.object.clone())))
        .child(
            cell(t!("office.audit.from")).child(
                el("span").is("dir", "ltr").child(
                    locale::optional(&format!("office.from.{}", entry.from), &[])
                        .unwrap_or_else(|| entry.from.clone()),
                ),
            ),
        )
        .child(
            el("td").is("role", "cell").child(
                el("span")
                    .is("class", mark)
                    .child(outcome_text(&entry.outcome)),
            ),
        )
        .into_any()
}
