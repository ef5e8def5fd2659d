//! Reactive pieces behind one type each: every closure handed to Leptos directly makes the
//! program larger by a copy of the code around it.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Event, KeyboardEvent};

/// A part of a view that is drawn anew when what it reads changes.
pub(crate) fn live<V>(draw: impl FnMut() -> V + Send + 'static) -> AnyView
where
    V: IntoView + 'static,
    Box<dyn FnMut() -> V + Send>: IntoAny,
{
    let draw: Box<dyn FnMut() -> V + Send> = Box::new(draw);
    draw.into_any()
}

/// A value computed from others, and known to have changed only when it differs.
pub(crate) fn memo<T>(compute: impl Fn() -> T + Send + Sync + 'static) -> Memo<T>
where
    T: PartialEq + Send + Sync + 'static,
{
    let compute: Box<dyn Fn() -> T + Send + Sync> = Box::new(compute);
    Memo::new(move |_| compute())
}

/// Something that happens whenever what it reads changes.
pub(crate) fn effect(run: impl FnMut() + 'static) {
    let mut run: Box<dyn FnMut()> = Box::new(run);
    Effect::new(move |_| run());
}

/// What happens at an event.
pub(crate) fn happened(run: impl FnMut(Event) + 'static) -> Box<dyn FnMut(Event)> {
    Box::new(run)
}

/// What happens when a key is pressed.
pub(crate) fn pressed(mut run: impl FnMut(KeyboardEvent) + 'static) -> Box<dyn FnMut(Event)> {
    Box::new(move |event| run(event.unchecked_into()))
}

/// Views beside each other.
pub(crate) fn several(views: Vec<AnyView>) -> AnyView {
    views.into_any()
}
