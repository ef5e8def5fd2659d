//! Locks that the browser keeps for this origin: it releases them when their tab is gone, however
//! that came about.

use js_sys::{Array, Function, Object, Promise, Reflect};
use meltemi_core::id::StorageId;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::Claim;
use crate::scope;

/// The lock of the tab that holds the line to the server, among those that share a storage.
pub(crate) fn of_line(storage: &StorageId) -> String {
    format!("meltemi-line-{}", storage.0)
}

/// The lock that the tab called `name` holds as long as it is there.
pub(crate) fn of_tab(name: &str) -> String {
    format!("meltemi-tab-{name}")
}

/// Holds a lock for the life of this tab and calls `granted` when it has it. Returns when another
/// tab has taken the lock, or with an error when the browser has no locks.
pub(crate) async fn hold(
    name: &str,
    claim: Claim,
    granted: impl FnOnce() + 'static,
) -> Result<(), JsValue> {
    let held = Closure::once_into_js(move |_lock: JsValue| -> Promise {
        granted();
        Promise::new(&mut |_, _| {})
    });
    let locks = Reflect::get(&scope::worker().navigator(), &"locks".into())?;
    let request: Function = Reflect::get(&locks, &"request".into())?.dyn_into()?;
    let options = Object::new();
    Reflect::set(&options, &"steal".into(), &(claim == Claim::Take).into())?;
    let arguments = Array::of3(&name.into(), &options, &held);
    let promise: Promise = Reflect::apply(&request, &locks, &arguments)?.dyn_into()?;
    match JsFuture::from(promise).await {
        Err(error) if is_taken(&error) => Ok(()),
        Err(error) => Err(error),
        Ok(_) => Ok(()),
    }
}

/// Returns when nobody holds the lock any more.
pub(crate) async fn released(name: &str) -> Result<(), JsValue> {
    let at_once = Closure::once_into_js(|_lock: JsValue| {});
    let locks = Reflect::get(&scope::worker().navigator(), &"locks".into())?;
    let request: Function = Reflect::get(&locks, &"request".into())?.dyn_into()?;
    let arguments = Array::of2(&name.into(), &at_once);
    let promise: Promise = Reflect::apply(&request, &locks, &arguments)?.dyn_into()?;
    JsFuture::from(promise).await.map(|_| ())
}

fn is_taken(error: &JsValue) -> bool {
    error
        .dyn_ref::<web_sys::DomException>()
        .is_some_and(|error| error.name() == "AbortError")
}
