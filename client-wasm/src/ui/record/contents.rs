//! The table of contents beside a record, with marks where something waits.

use leptos::prelude::*;
use meltemi_core::record::path::Segment;
use meltemi_core::view::RecordView;

use super::open::Open;
use crate::app::form::Section;
use crate::locale;
use crate::t;
use crate::ui::dom::el;
use crate::ui::live::{live, memo};

/// The id of a section.
pub(crate) fn section_id(name: &str) -> String {
    format!("section.{name}")
}

/// Links to the sections.
pub(crate) fn contents(open: Open, sections: &[Section]) -> AnyView {
    let each = |section: &Section| {
        let names: Vec<&'static str> = section.fields.iter().map(|field| field.name).collect();
        let waits = memo(move || open.view.with(|view| waiting(view, &names)));
        let (label, href) = (
            locale::text(&format!("section.{}", section.name), &[]),
            format!("#{}", section_id(section.name)),
        );
        let mark = move || match waits.get() {
            (0, 0) => None,
            (0, missing) => Some(
                el("span")
                    .is("class", "count missing")
                    .attr("title", t!("field.missing"))
                    .child(missing.to_string())
                    .into_any(),
            ),
            (open, _) => Some(
                el("span")
                    .is("class", "count open")
                    .attr("title", t!("conflict.label"))
                    .child(open.to_string())
                    .into_any(),
            ),
        };
        el("li")
            .child(el("a").attr("href", href).child(label).child(live(mark)))
            .into_any()
    };
    let each: Vec<AnyView> = sections.iter().map(each).collect();
    el("nav")
        .is("class", "contents")
        .attr("aria-label", t!("record.contents"))
        .child(el("ul").child(each))
        .into_any()
}

/// Open conflicts and empty required fields among the fields of a section.
fn waiting(view: &RecordView, names: &[&str]) -> (usize, usize) {
    let conflicts = view.conflicts.iter().filter(|conflict| {
        matches!(conflict.path.segments().first(), Some(Segment::Name(name)) if names.contains(&name.as_str()))
    });
    let missing = view.missing.iter().filter(|path| {
        path.split('/')
            .next()
            .is_some_and(|name| names.contains(&name))
    });
    (conflicts.count(), missing.count())
}
