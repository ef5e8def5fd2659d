//! The browser's passkeys. It reads and writes them as JSON itself.

use js_sys::{Function, JSON, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::window;
use crate::app::account::Wrong;
use crate::app::passkey::{Step, refusal};

/// Has the browser ask the person for a passkey. `options` is what the server wants, as JSON.
pub(super) async fn ask(step: Step, options: &str) -> Result<String, Wrong> {
    let asking = begin(step, options).ok_or("passkey-missing")?;
    let credential = JsFuture::from(asking).await.map_err(|error| {
        let name = Reflect::get(&error, &"name".into()).ok();
        refusal(&name.and_then(|name| name.as_string()).unwrap_or_default())
    })?;
    let text = JSON::stringify(&credential).ok();
    text.and_then(|text| text.as_string()).ok_or("other")
}

/// Nothing where the browser has no passkeys, or not for this page.
fn begin(step: Step, options: &str) -> Option<Promise> {
    let (reader, method) = match step {
        Step::Make => ("parseCreationOptionsFromJSON", "create"),
        Step::Use => ("parseRequestOptionsFromJSON", "get"),
    };
    let window = window()?;
    let kind = Reflect::get(&window, &"PublicKeyCredential".into()).ok()?;
    let options = call(&kind, reader, &JSON::parse(options).ok()?)?;
    let argument = Object::new();
    Reflect::set(&argument, &"publicKey".into(), &options).ok()?;
    let credentials = Reflect::get(&window.navigator(), &"credentials".into()).ok()?;
    call(&credentials, method, &argument)?.dyn_into().ok()
}

fn call(on: &JsValue, method: &str, argument: &JsValue) -> Option<JsValue> {
    let method: Function = Reflect::get(on, &method.into()).ok()?.dyn_into().ok()?;
    method.call1(on, argument).ok()
}
