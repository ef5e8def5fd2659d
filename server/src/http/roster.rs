//! Tells the engine who may do what, whenever that changes.

use tokio::sync::oneshot;

use super::Shared;
use super::error::ApiError;
use crate::driver::Message;

/// Members have changed. Nobody may do anything by an old role once this is answered.
pub(super) async fn changed(shared: &Shared) -> Result<(), ApiError> {
    // One after the other, so that the engine goes by the newest.
    let _turn = shared.roster.lock().await;
    let roster = shared.accounts(|accounts| accounts.roster()).await?;
    let stopping = || ApiError::unavailable("the server is stopping");
    let (reply, answer) = oneshot::channel();
    let sent = shared.driver.send(Message::Roster { roster, reply }).await;
    sent.map_err(|_| stopping())?;
    answer.await.map_err(|_| stopping())
}
