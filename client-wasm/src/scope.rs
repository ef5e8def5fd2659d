//! The worker's global scope: where it runs, its messages to the page, its random bytes.

use wasm_bindgen::prelude::*;
use web_sys::DedicatedWorkerGlobalScope;

use crate::app::protocol::FromWorker;

/// The global scope.
pub(crate) fn worker() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Sends a message to the page of this worker.
pub(crate) fn post(message: &FromWorker) {
    // Both fail only for values these types can not hold.
    if let Ok(text) = serde_json::to_string(message) {
        let _ = worker().post_message(&text.into());
    }
}

/// Random bytes of cryptographic quality, or why there are none.
pub(crate) fn random() -> Result<[u8; 32], JsValue> {
    let mut bytes = [0; 32];
    worker()
        .crypto()?
        .get_random_values_with_u8_array(&mut bytes)?;
    Ok(bytes)
}
