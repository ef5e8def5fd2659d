//! What is shown once and then never again: a text to copy, and its picture to scan.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::HtmlInputElement;

use super::desk::Desk;
use super::form;
use crate::app::office::qr;
use crate::t;
use crate::ui::dom::{el, svg};
use crate::ui::live::happened;
use crate::ui::parts;

/// A text that cannot be changed, with a button to copy it.
pub(crate) fn copied(desk: Desk, id: &'static str, label: String, text: String) -> AnyView {
    let shown = RwSignal::new(text.clone());
    let select = happened(|event: web_sys::Event| {
        let input = event
            .target()
            .and_then(|it| it.dyn_into::<HtmlInputElement>().ok());
        if let Some(input) = input {
            input.select();
        }
    });
    let input = parts::line(shown)
        .is("readonly", "")
        .is("dir", "ltr")
        .is("class", "secret")
        .on("focus", select);
    el("div")
        .is("class", "once")
        .child(form::field(id, "", label, input, None))
        .child(parts::button("", t!("office.copy"), move || {
            copy(desk, &text, id)
        }))
        .into_any()
}

/// Copies a text. Where the browser does not let pages copy, the text is selected instead.
pub(crate) fn copy(desk: Desk, text: &str, id: &'static str) {
    let writing = window().navigator().clipboard().write_text(text);
    spawn_local(async move {
        match JsFuture::from(writing).await {
            Ok(_) => desk.say(t!("office.copied")),
            Err(_) => {
                super::desk::focus(id);
                desk.say(t!("office.copy_yourself"));
            }
        }
    });
}

/// A link as a QR code; nothing where it is too long for one.
pub(crate) fn picture(link: &str, label: String) -> Option<AnyView> {
    let code = qr::code(link)?;
    let side = code.side;
    // Readers want dark on light, whatever the colours of the page are.
    let light = svg("rect")
        .attr("width", side.to_string())
        .attr("height", side.to_string())
        .is("fill", "#fff");
    let dark = svg("path").attr("d", code.path).is("fill", "#000");
    Some(
        svg("svg")
            .is("class", "qr")
            .is("role", "img")
            .attr("aria-label", label)
            .attr("viewBox", format!("0 0 {side} {side}"))
            .is("shape-rendering", "crispEdges")
            .child(light)
            .child(dark)
            .into_any(),
    )
}
