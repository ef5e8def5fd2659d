//! Locks that the browser keeps for this origin: it releases them when their tab is gone, however
//! that came about.

use js_sys::{Array, Function, Object, Promise, Reflect};
use meltemi_core::id::StorageId;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::Claim;
use crate::app::home;
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

/// How a database is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Share {
    /// Together with other tabs.
    Together,
    /// By nobody else.
    Alone,
}

/// A database that is held. Let go of when dropped.
pub(crate) struct Held(Function);

impl Drop for Held {
    fn drop(&mut self) {
        // A promise takes being kept without complaint.
        drop(self.0.call0(&JsValue::NULL));
    }
}

/// Holds a database; waits for those who hold it otherwise. None when the browser has no locks.
pub(crate) async fn share(database: &str, share: Share) -> Option<Held> {
    let mode = match share {
        Share::Together => "shared",
        Share::Alone => "exclusive",
    };
    granted(&home::held(database), "mode", mode.into()).await?
}

/// Holds the decisions of a database. None when another tab holds them, nothing within when the
/// browser has no locks.
pub(crate) async fn decisions(database: &str) -> Option<Option<Held>> {
    let name = of_decisions(database);
    match granted(&name, "ifAvailable", true.into()).await {
        Some(None) => None,
        held => Some(held.flatten()),
    }
}

/// Returns when no tab holds the decisions of a database.
pub(crate) async fn free_of_decisions(database: &str) {
    // A browser without locks has given them to this tab already.
    drop(released(&of_decisions(database)).await);
}

fn of_decisions(database: &str) -> String {
    format!("meltemi-decisions-{database}")
}

/// Asks for a lock, with an option. None when the browser has no locks, nothing within when it does
/// not give this one.
async fn granted(name: &str, option: &str, value: JsValue) -> Option<Option<Held>> {
    let (sender, granted) = futures_channel::oneshot::channel();
    let mut sender = Some(sender);
    let held = Closure::once_into_js(move |lock: JsValue| -> Promise {
        Promise::new(&mut |let_go, _| {
            if let Some(sender) = sender.take() {
                drop(sender.send((!lock.is_null()).then(|| Held(let_go))));
            }
        })
    });
    let request = || -> Result<Promise, JsValue> {
        let locks = Reflect::get(&scope::worker().navigator(), &"locks".into())?;
        let request: Function = Reflect::get(&locks, &"request".into())?.dyn_into()?;
        let options = Object::new();
        Reflect::set(&options, &option.into(), &value)?;
        let arguments = Array::of3(&name.into(), &options, &held);
        Reflect::apply(&request, &locks, &arguments)?.dyn_into()
    };
    // Ends when it is let go of, which nobody waits for.
    let _asked = request().ok()?;
    granted.await.ok()
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
