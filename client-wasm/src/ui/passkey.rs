//! Asking for a passkey: the server says for what, the browser asks the person, the server takes
//! the answer.

use leptos::task::spawn_local;

use super::page::Page;
use crate::app::account::{Answered, Wrong, is_good};
use crate::app::passkey::Steps;

/// Does it all. `then` gets the last answer of the server: the first one if that was a refusal.
pub(crate) fn ask(page: Page, steps: Steps, then: impl FnOnce(Result<Answered, Wrong>) + 'static) {
    let then: Box<dyn FnOnce(Result<Answered, Wrong>)> = Box::new(then);
    spawn_local(async move { then(run(page, steps).await) });
}

async fn run(page: Page, steps: Steps) -> Result<Answered, Wrong> {
    let send =
        |path: &str, body: String| page.device(|device| device.request("POST", path, Some(body)));
    let path = steps.path;
    let begun = send(&format!("{path}/begin"), steps.begin.to_string());
    let begun = begun.await.map_err(|_| "no-connection")?;
    if !is_good(begun.status) {
        return Ok(begun);
    }
    let credential = page.device(|device| device.passkey(steps.step, begun.body));
    let body = steps.ended(&credential.await?)?;
    send(path, body).await.map_err(|_| "no-connection")
}
