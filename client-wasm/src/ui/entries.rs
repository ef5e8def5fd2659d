//! The entries of a field: a line for each, which opens to edit it; adding, removing, restoring.

use leptos::prelude::*;
use meltemi_core::command::Command;
use meltemi_core::record::{EntryKey, Field as Declared, FieldPath, Scalar, Shape};
use serde_json::{Value, json};

use super::control::choice;
use super::dom::el;
use super::field::{Field, field as draw_field};
use super::live::{happened, live, memo};
use super::record::open::Open;
use super::{conflict, router, words};
use crate::app::entry::{Entry, entries as list, entry_path, is_flat};
use crate::app::form::element_id;
use crate::app::read;
use crate::locale;
use crate::t;

/// Everything known of the entries of a field.
#[derive(Clone, Copy)]
struct Entries {
    open: Open,
    field: Field,
    declared: &'static Declared,
    key: &'static EntryKey,
    fields: &'static [Declared],
    /// The entry that was added last: it is open from the start.
    added: RwSignal<Option<String>>,
}

/// The entries of a field and ways to change them.
pub(crate) fn entries(
    open: Open,
    field: Field,
    declared: &'static Declared,
    key: &'static EntryKey,
    fields: &'static [Declared],
) -> AnyView {
    let it = Entries {
        open,
        field,
        declared,
        key,
        fields,
        added: RwSignal::new(None),
    };
    let path = field.path();
    let all = memo(move || list(key, fields, &path, field.slot.value.get().as_ref()));
    let here = move |removed: bool| {
        move || {
            let chosen = all
                .get()
                .into_iter()
                .filter(|entry| entry.removed == removed);
            chosen.collect::<Vec<_>>()
        }
    };
    let gone = memo(move || here(true)().len());
    let removed = move || {
        (gone.get() > 0).then(|| {
            el("details").is("class", "removed").child(el("summary").child(crate::tn!("entry.removed", gone.get() as u64))).child(el("ul").child(view! { <For each=here(true) key=|entry| entry.key.clone() children=move |entry| it.removed(entry)/> }.into_any())).into_any()
        })
    };
    let class = if is_flat(fields) {
        "entries flat"
    } else {
        "entries"
    };
    el("div").attr("class", class).child(el("ul").child(view! { <For each=here(false) key=|entry| entry.key.clone() children=move |entry| it.entry(entry)/> }.into_any())).child(it.add(all)).child(live(removed))
    .into_any()
}

impl Entries {
    /// One entry: flat ones are open, others unfold.
    fn entry(self, entry: Entry) -> AnyView {
        let Entry { key, path, .. } = entry;
        let id = element_id(&path);
        let title = self.title(&path);
        let remove = (!matches!(self.key, EntryKey::Fixed(_))).then(|| self.remove(&path));
        let around = path.clone();
        let draw = move || -> Vec<AnyView> {
            self.fields
                .iter()
                .map(|field| draw_field(self.open, &around, field))
                .collect()
        };
        let question = conflict::at(self.open, path.clone());
        if is_flat(self.fields) {
            self.is_new(&key, &id);
            return el("li")
                .is("class", "entry")
                .attr("id", id)
                .child(
                    el("div")
                        .is("class", "title")
                        .child(el("strong").is("dir", "auto").child(title))
                        .child(remove),
                )
                .child(question)
                .child(el("div").is("class", "fields").child(draw()))
                .into_any();
        }
        let asked = self.open.view.with_untracked(|view| {
            view.conflicts
                .iter()
                .any(|conflict| read::is_within(&conflict.path, &path))
        });
        let place = self
            .open
            .page
            .route
            .with_untracked(|route| route.place().to_owned());
        let wanted = place
            .parse()
            .is_ok_and(|place: FieldPath| read::is_within(&place, &path));
        let added = self.is_new(&key, &id);
        let start = asked || wanted || added;
        // Fields are drawn when they are first seen: an event has hundreds of them.
        let drawn = RwSignal::new(start);
        let toggled = move |_| drawn.set(true);
        el("li")
            .is("class", "entry")
            .attr("id", id)
            .child(
                el("details")
                    .attr("open", start)
                    .on("toggle", happened(toggled))
                    .child(
                        el("summary")
                            .child(el("strong").is("dir", "auto").child(title))
                            .child(self.summary(&path)),
                    )
                    .child(question)
                    .child(
                        el("div")
                            .is("class", "fields")
                            .child(live(move || drawn.get().then(&draw))),
                    )
                    .child(remove),
            )
            .into_any()
    }

    /// Whether the entry was just added here. Then the person wants to go on in it.
    fn is_new(self, key: &str, id: &str) -> bool {
        let new = self
            .added
            .with_untracked(|added| added.as_deref() == Some(key));
        if new {
            // When it comes again later, such as after an undo, the person is elsewhere.
            self.added.set(None);
            let id = id.to_owned();
            request_animation_frame(move || router::reveal(&id));
        }
        new
    }

    fn title(self, path: &FieldPath) -> Memo<String> {
        let value = self.open.value(path.clone());
        let path = path.clone();
        memo(move || {
            let value = value.get();
            words::entry_title(
                self.open.page,
                self.declared,
                self.fields,
                &path,
                value.as_ref(),
            )
        })
    }

    /// The values of an entry in short.
    fn summary(self, path: &FieldPath) -> AnyView {
        const MOST: usize = 4;
        let value = self.open.value(path.clone());
        let title = self.title(path);
        let kind = self.open.kind;
        let parts = memo(move || {
            let value = value.get();
            let title = title.get();
            let part = |field: &'static Declared| {
                let value = value.as_ref()?.get(field.name)?;
                let Shape::Value(scalar) = &field.shape else {
                    return None;
                };
                if matches!(scalar, Scalar::Line | Scalar::Integer { .. } | Scalar::Url) {
                    return None;
                }
                let text = words::scalar(self.open.page, scalar, value);
                let label = locale::field(kind.name, &[self.declared.name, field.name]);
                (text != title).then_some((label, text))
            };
            self.fields
                .iter()
                .filter_map(part)
                .take(MOST)
                .collect::<Vec<_>>()
        });
        let draw = move || {
            let parts = parts.get();
            let one = |(label, text): (String, String)| {
                el("span")
                    .is("class", "part")
                    .child(el("small").child(label))
                    .child(" ")
                    .child(el("span").is("dir", "auto").child(text))
                    .into_any()
            };
            parts.into_iter().map(one).collect::<Vec<_>>()
        };
        el("span")
            .is("class", "summary")
            .child(live(draw))
            .into_any()
    }

    fn remove(self, path: &FieldPath) -> AnyView {
        let title = self.title(path);
        let path = path.clone();
        let click = move |_| {
            let done = t!("done.removed_entry", what = title.get_untracked());
            let (document, path) = (self.open.document, path.clone());
            self.open.act(
                Command::Remove {
                    document,
                    path,
                    reason: None,
                },
                done,
            );
        };
        let label = move || t!("entry.remove_this", what = title.get());
        el("button")
            .is("type", "button")
            .is("class", "quiet remove")
            .live("aria-label", label)
            .on("click", happened(click))
            .child(t!("entry.remove"))
            .into_any()
    }

    fn removed(self, entry: Entry) -> AnyView {
        let title = self.title(&entry.path);
        let question = conflict::at(self.open, entry.path.clone());
        let path = entry.path;
        let click = move |_| {
            let done = t!("done.restored", what = title.get_untracked());
            let command = Command::Restore {
                document: self.open.document,
                path: path.clone(),
            };
            self.open.act(command, done);
        };
        el("li")
            .child(el("span").is("dir", "auto").child(title))
            .child(
                el("button")
                    .is("type", "button")
                    .is("class", "quiet")
                    .on("click", happened(click))
                    .child(t!("entry.restore")),
            )
            .child(question)
            .into_any()
    }

    /// A button, or for entries about a record a choice of records.
    fn add(self, all: Memo<Vec<Entry>>) -> AnyView {
        match self.key {
            EntryKey::Fixed(_) => ().into_any(),
            EntryKey::Generated => {
                let label = locale::field(self.open.kind.name, &[self.declared.name]);
                let click = move |_| {
                    let key = self.open.page.device(|device| device.random_key());
                    self.add_entry(key);
                };
                el("button")
                    .is("type", "button")
                    .is("class", "secondary add")
                    .on("click", happened(click))
                    .child(t!("entry.add", what = label))
                    .into_any()
            }
            EntryKey::Link(kinds) => {
                let left = memo(move || {
                    let mut groups = choice::record_choices(self.open.page, kinds);
                    let all = all.get();
                    let here =
                        |key: &str| all.iter().any(|entry| !entry.removed && entry.key == key);
                    for (_, choices) in &mut groups {
                        choices.retain(|(key, _)| !here(key));
                    }
                    groups
                });
                let change = move |event| {
                    let key = event_target_value(&event);
                    if !key.is_empty() {
                        self.add_entry(key);
                    }
                };
                el("select")
                    .is("class", "add")
                    .attr("id", self.field.slot.id())
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
        }
    }

    fn add_entry(self, key: String) {
        let Some(path) = entry_path(self.key, &self.field.path(), &key) else {
            return;
        };
        self.added.set(Some(key));
        let values = self.first_values();
        self.field.execute(Command::AddEntry {
            document: self.open.document,
            path,
            values,
        });
    }

    /// What a new entry holds from the start: when a comment was made.
    fn first_values(self) -> Vec<(String, Value)> {
        let at = |field: &&Declared| {
            field.name == "at" && matches!(field.shape, Shape::Value(Scalar::LocalTime))
        };
        let now = |field: &Declared| {
            let now = self.open.page.device(|device| device.local_time());
            (field.name.to_owned(), json!(now))
        };
        self.fields.iter().find(at).map(now).into_iter().collect()
    }
}
