//! Sets: check boxes for words, chips for free texts and records.

use leptos::prelude::*;
use meltemi_core::command::Command;
use meltemi_core::id::RecordRef;
use meltemi_core::record::{Member, Vocabulary};

use super::choice;
use crate::app::read::members;
use crate::app::route::Route;
use crate::locale;
use crate::t;
use crate::ui::dom::el;
use crate::ui::field::Field;
use crate::ui::live::{happened, live, memo, pressed};
use crate::ui::parts::{button, line};
use crate::ui::record::open::Open;
use crate::ui::words;

/// The control for a set.
pub(crate) fn tags(open: Open, field: Field, member: &'static Member) -> AnyView {
    let value = field.slot.value;
    let present = memo(move || members(value.get().as_ref()));
    let path = field.path();
    let set = move |tag: String, present: bool| {
        let command = Command::SetTag {
            document: open.document,
            path: path.clone(),
            tag,
            present,
            base: field.slot.seen(),
        };
        field.execute(command);
    };
    match member {
        Member::Code(vocabulary) => boxes(vocabulary, present, set),
        Member::Free => chips(open, field, member, present, set.clone(), free(field, set)),
        Member::Link(kinds) => {
            let add = select(open, field, kinds, present, set.clone());
            chips(open, field, member, present, set, add)
        }
    }
}

fn boxes(
    vocabulary: &'static Vocabulary,
    present: Memo<Vec<String>>,
    set: impl Fn(String, bool) + Clone + Send + Sync + 'static,
) -> AnyView {
    // Words that only this programme has stand behind the known ones.
    let words = memo(move || {
        let mut words: Vec<String> = choice::word_choices(vocabulary)
            .into_iter()
            .map(|(word, _)| word)
            .collect();
        words.extend(
            present
                .get()
                .into_iter()
                .filter(|word| !vocabulary.contains(word)),
        );
        words
    });
    let row = move |word: String| {
        let label = locale::word(vocabulary.name, &word);
        let set = set.clone();
        let (here, tag) = (word.clone(), word);
        let checked = move || present.with(|present| present.contains(&here));
        el("label")
            .is("class", "box")
            .child(
                el("input")
                    .is("type", "checkbox")
                    .prop("checked", move || checked())
                    .on(
                        "change",
                        happened(move |event| set(tag.clone(), event_target_checked(&event))),
                    ),
            )
            .child(label)
            .into_any()
    };
    el("div")
        .is("class", "boxes")
        .child(view! { <For each=move || words.get() key=Clone::clone children=row/> }.into_any())
        .into_any()
}

fn chips(
    open: Open,
    field: Field,
    member: &'static Member,
    present: Memo<Vec<String>>,
    set: impl Fn(String, bool) + Clone + Send + Sync + 'static,
    add: AnyView,
) -> AnyView {
    let page = open.page;
    let chip = move |tag: String| {
        let (for_label, for_link) = (tag.clone(), tag.clone());
        let label = move || words::member(page, member, &for_label);
        let link = for_link
            .parse::<RecordRef>()
            .ok()
            .filter(|_| matches!(member, Member::Link(_)));
        let href = link.and_then(|link| {
            let kind = meltemi_core::record::kind(&link.kind)?;
            Some(Route::record(kind, &link.key, "").path())
        });
        let set = set.clone();
        let name = label.clone();
        let what = match href {
            Some(href) => el("a")
                .attr("href", href)
                .is("dir", "auto")
                .child(live(label))
                .into_any(),
            None => el("span").is("dir", "auto").child(live(label)).into_any(),
        };
        el("li")
            .is("class", "chip")
            .child(what)
            .child(
                el("button")
                    .is("type", "button")
                    .is("class", "quiet")
                    .live("aria-label", move || t!("tags.remove", what = name()))
                    .on("click", happened(move |_| set(tag.clone(), false)))
                    .child("✕"),
            )
            .into_any()
    };
    el("div")
        .is("class", "tags")
        .attr("id", format!("{}-set", field.slot.id()))
        .child(el("ul").is("class", "chips").child(
            view! { <For each=move || present.get() key=Clone::clone children=chip/> }.into_any(),
        ))
        .child(add)
        .into_any()
}

fn free(field: Field, set: impl Fn(String, bool) + Clone + Send + Sync + 'static) -> AnyView {
    let text = RwSignal::new(String::new());
    let add = move || {
        let tag = text.get_untracked().trim().to_owned();
        if !tag.is_empty() {
            set(tag, true);
        }
        text.set(String::new());
    };
    let on_enter = add.clone();
    el("div")
        .is("class", "add")
        .child(
            line(text)
                .attr("id", field.slot.id())
                .is("maxlength", "200")
                .attr("placeholder", t!("tags.new"))
                .attr("aria-label", t!("tags.new"))
                .attr("aria-describedby", field.slot.note_id())
                .on(
                    "keydown",
                    pressed(move |event| {
                        if event.key() == "Enter" {
                            event.prevent_default();
                            on_enter();
                        }
                    }),
                ),
        )
        .child(button("secondary", t!("tags.add"), add))
        .into_any()
}

fn select(
    open: Open,
    field: Field,
    kinds: &'static [&'static str],
    present: Memo<Vec<String>>,
    set: impl Fn(String, bool) + Send + 'static,
) -> AnyView {
    let left = memo(move || {
        let mut groups = choice::record_choices(open.page, kinds);
        let present = present.get();
        for (_, choices) in &mut groups {
            choices.retain(|(value, _)| !present.contains(value));
        }
        groups
    });
    let change = move |event| {
        let chosen = event_target_value(&event);
        if !chosen.is_empty() {
            set(chosen, true);
        }
    };
    el("select")
        .attr("id", field.slot.id())
        .is("class", "add")
        .attr("aria-label", t!("tags.add_record"))
        .prop("value", move || {
            left.track();
            String::new()
        })
        .on("change", happened(change))
        .child(el("option").is("value", "").child(t!("tags.add_record")))
        .child(live(move || choice::options(left.get(), "")))
        .into_any()
}
