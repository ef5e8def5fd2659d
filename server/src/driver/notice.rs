//! What the log says of notices.

use meltemi_core::sync::status::{Notice, NoticeCode};

/// What the log says of a notice: nothing in the words of a peer, or of what it has sent.
pub(super) fn loggable(notice: &Notice) -> &str {
    match notice.code {
        NoticeCode::StorageFull
        | NoticeCode::StorageFailed
        | NoticeCode::Damaged
        | NoticeCode::BadFrame => &notice.message,
        NoticeCode::RefusedPeer => "what a peer sent was refused; the peer was told why",
        NoticeCode::Refused | NoticeCode::Unsupported | NoticeCode::PeerStorage => {
            "a peer could not go on with what it was sent"
        }
    }
}
