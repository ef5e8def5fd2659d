//! Which words say where the changes of this device are. Every word is backed by the status.

pub use meltemi_core::sync::status::{Line, Notice, Progress, RefusedEdits, SyncStatus};

use meltemi_core::sync::status::NoticeCode;
use meltemi_core::time::Timestamp;

/// Where the changes are, for a layman.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Some are only in memory yet.
    Saving,
    /// This device's storage does not take them.
    NotSaved,
    /// All are on this device, and the server has not shown to have them all.
    Waiting(u64),
    /// All are on this device, and the server does not take some of them.
    Refused(u64),
    /// The server has shown to have them all.
    OnServer,
    /// All are on this device, and there is no server to have them.
    Saved,
}

/// What to say about the line; nothing when it is open or there is no server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineSay {
    /// It is being set up.
    Connecting,
    /// It is down since this time.
    Offline(Timestamp),
    /// It is open, and what the server has is being asked for.
    Asking,
    /// It is open, and this many records of so many have come in.
    Receiving(u64, u64),
}

/// How much attention the status asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// All is where it belongs.
    Calm,
    /// Something is under way.
    Busy,
    /// A person should look.
    Alarm,
}

/// The status in words, before they are put into a language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wording {
    /// Where the changes are.
    pub place: Place,
    /// The line.
    pub line: Option<LineSay>,
    /// How it looks.
    pub tone: Tone,
}

/// The words for a status.
pub fn wording(status: &SyncStatus) -> Wording {
    let broken = |code| matches!(code, NoticeCode::StorageFull | NoticeCode::StorageFailed);
    let storage_broken = status.notices.iter().any(|notice| broken(notice.code));
    let refused: u64 = status.refused.iter().map(|edits| edits.changes).sum();
    let place = match status {
        SyncStatus { unsaved: 1.., .. } if storage_broken => Place::NotSaved,
        SyncStatus { unsaved: 1.., .. } => Place::Saving,
        SyncStatus { waiting: 1.., .. } => Place::Waiting(status.waiting),
        _ if refused > 0 => Place::Refused(refused),
        SyncStatus {
            synced_at: Some(_),
            line,
            ..
        } if *line != Line::None => Place::OnServer,
        _ => Place::Saved,
    };
    let line = match status.line {
        Line::Connecting { .. } => Some(LineSay::Connecting),
        Line::Offline { since, .. } => Some(LineSay::Offline(since)),
        Line::Online => status.receiving.map(|receiving| match receiving.documents {
            Progress { of: 0, .. } => LineSay::Asking,
            Progress { done, of } => LineSay::Receiving(done, of),
        }),
        Line::None => None,
    };
    let tone = if place == Place::NotSaved || refused > 0 || !status.notices.is_empty() {
        Tone::Alarm
    } else if matches!(place, Place::OnServer | Place::Saved) && line.is_none() {
        Tone::Calm
    } else {
        Tone::Busy
    };
    Wording { place, line, tone }
}

impl Wording {
    /// The same while edits are under way that the status may not count yet.
    pub fn with_edits(self) -> Self {
        match self.place {
            Place::NotSaved => self,
            _ => Self {
                place: Place::Saving,
                tone: match self.tone {
                    Tone::Calm => Tone::Busy,
                    tone => tone,
                },
                ..self
            },
        }
    }
}

/// How many changes are in the memory of this device and nowhere else.
pub fn only_here(status: &SyncStatus) -> u64 {
    // What others wrote and this device has not stored yet, the server has.
    if status.waiting == 0 && status.refused.is_empty() {
        0
    } else {
        status.unsaved
    }
}

/// Whether this device's storage does not take changes.
pub fn cannot_store(status: &SyncStatus) -> bool {
    wording(status).place == Place::NotSaved
}

impl Place {
    /// The key of its words. `Waiting` and `Refused` are counted.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Saving => "status.saving",
            Self::NotSaved => "status.not_saved",
            Self::Waiting(_) => "status.waiting",
            Self::Refused(_) => "status.refused",
            Self::OnServer => "status.on_server",
            Self::Saved => "status.saved",
        }
    }
}

/// The key of the words for a notice.
pub const fn notice_key(code: NoticeCode) -> &'static str {
    match code {
        NoticeCode::StorageFull => "notice.storage-full",
        NoticeCode::StorageFailed => "notice.storage-failed",
        NoticeCode::Damaged => "notice.damaged",
        NoticeCode::Refused => "notice.refused",
        NoticeCode::RefusedPeer => "notice.refused-peer",
        NoticeCode::BadFrame => "notice.bad-frame",
        NoticeCode::Unsupported => "notice.unsupported",
        NoticeCode::PeerStorage => "notice.peer-storage",
    }
}

/// One of every place, for tests of the locale files.
pub const PLACES: [Place; 6] = [
    Place::Saving,
    Place::NotSaved,
    Place::Waiting(1),
    Place::Refused(1),
    Place::OnServer,
    Place::Saved,
];

/// All notices, for tests of the locale files.
pub const NOTICES: [NoticeCode; 8] = [
    NoticeCode::StorageFull,
    NoticeCode::StorageFailed,
    NoticeCode::Damaged,
    NoticeCode::Refused,
    NoticeCode::RefusedPeer,
    NoticeCode::BadFrame,
    NoticeCode::Unsupported,
    NoticeCode::PeerStorage,
];

#[cfg(test)]
mod tests {
    use super::*;
    use meltemi_core::id::DocumentId;
    use meltemi_core::sync::status::Receiving;

    const SINCE: Timestamp = Timestamp(1000);

    fn status(line: Line) -> SyncStatus {
        SyncStatus {
            line,
            unsaved: 0,
            waiting: 0,
            waiting_documents: 0,
            synced_at: Some(SINCE),
            loading: None,
            receiving: None,
            refused: Vec::new(),
            notices: Vec::new(),
        }
    }

    #[test]
    fn on_the_server_is_only_said_when_the_server_has_shown_it() {
        assert_eq!(wording(&status(Line::Online)).place, Place::OnServer);
        let mut never = status(Line::Online);
        never.synced_at = None;
        assert_eq!(wording(&never).place, Place::Saved);
        assert_eq!(wording(&status(Line::None)).place, Place::Saved);
        let mut waiting = status(Line::Online);
        waiting.waiting = 3;
        assert_eq!(wording(&waiting).place, Place::Waiting(3));
    }

    #[test]
    fn saved_is_never_said_of_what_is_only_in_memory() {
        let mut status = status(Line::Online);
        (status.unsaved, status.waiting) = (1, 1);
        assert_eq!(wording(&status).place, Place::Saving);
        status.notices.push(Notice {
            code: NoticeCode::StorageFull,
            document: None,
            message: String::new(),
        });
        let words = wording(&status);
        assert_eq!((words.place, words.tone), (Place::NotSaved, Tone::Alarm));
    }

    #[test]
    fn what_is_under_way_is_nowhere_yet() {
        let calm = wording(&status(Line::Online)).with_edits();
        assert_eq!((calm.place, calm.tone), (Place::Saving, Tone::Busy));
        let mut full = status(Line::Online);
        full.unsaved = 1;
        full.notices.push(Notice {
            code: NoticeCode::StorageFull,
            document: None,
            message: String::new(),
        });
        let alarm = wording(&full).with_edits();
        assert_eq!((alarm.place, alarm.tone), (Place::NotSaved, Tone::Alarm));
    }

    #[test]
    fn what_the_server_has_too_is_not_lost_with_this_device() {
        let mut status = status(Line::Online);
        status.unsaved = 2;
        assert_eq!((only_here(&status), cannot_store(&status)), (0, false));
        status.waiting = 1;
        assert_eq!((only_here(&status), cannot_store(&status)), (2, false));
        status.notices.push(Notice {
            code: NoticeCode::StorageFailed,
            document: None,
            message: String::new(),
        });
        assert!(cannot_store(&status));
        status.unsaved = 0;
        assert_eq!((only_here(&status), cannot_store(&status)), (0, false));
    }

    #[test]
    fn refused_edits_are_an_alarm_and_never_on_the_server() {
        let mut status = status(Line::Online);
        status.refused = [2, 3]
            .map(|changes| RefusedEdits {
                document: DocumentId::from_bytes([1; 16]),
                code: "too-large".to_owned(),
                message: String::new(),
                at: SINCE,
                changes,
                whole: false,
            })
            .to_vec();
        let words = wording(&status);
        assert_eq!((words.place, words.tone), (Place::Refused(5), Tone::Alarm));
        status.waiting = 1;
        let words = wording(&status);
        assert_eq!((words.place, words.tone), (Place::Waiting(1), Tone::Alarm));
    }

    #[test]
    fn a_device_that_still_receives_says_how_far_it_is() {
        let mut first = status(Line::Online);
        first.synced_at = None;
        let nothing = Progress { done: 0, of: 0 };
        for (documents, said) in [
            (nothing, LineSay::Asking),
            (Progress { done: 3, of: 9 }, LineSay::Receiving(3, 9)),
        ] {
            first.receiving = Some(Receiving {
                documents,
                bytes: nothing,
            });
            let words = wording(&first);
            assert_eq!((words.line, words.tone), (Some(said), Tone::Busy));
            assert_ne!(words.place, Place::OnServer);
        }
    }

    #[test]
    fn offline_says_since_when_and_is_no_alarm() {
        let offline = Line::Offline {
            since: SINCE,
            retry: Timestamp(2000),
        };
        let words = wording(&status(offline));
        assert_eq!(words.line, Some(LineSay::Offline(SINCE)));
        assert_eq!(words.tone, Tone::Busy);
        assert_eq!(wording(&status(Line::Online)).tone, Tone::Calm);
    }

    #[test]
    fn notice_keys_are_the_words_of_the_protocol() {
        for code in NOTICES {
            let word = serde_json::to_value(code).expect("a word");
            assert_eq!(
                notice_key(code),
                format!("notice.{}", word.as_str().unwrap_or_default())
            );
        }
    }
}
