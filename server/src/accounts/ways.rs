//! The ways in which a member can sign in. The last one stays.

use super::database::Change;
use super::{AccountsError, member, openid, passkey};

/// Refuses a change that leaves a member without any way to sign in.
pub(super) fn keep_one(change: &Change, member: &str) -> Result<(), AccountsError> {
    let credentials = member::credentials(change, member)?;
    let password = credentials.is_some_and(|credentials| credentials.password.is_some());
    let others =
        openid::of_member(change, member)?.len() + passkey::of_member(change, member)?.len();
    if password || others > 0 {
        return Ok(());
    }
    Err(AccountsError::LastWay)
}
