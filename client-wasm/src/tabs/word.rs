//! The words that tabs say to each other. The bytes of chunks travel beside the words.

use meltemi_core::id::DocumentId;
use meltemi_core::sync::status::{Line, Notice, SyncStatus};
use meltemi_core::sync::storage::{ChunkKey, ChunkKind, StoredChunk};
use meltemi_core::time::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::app::decode::{self, Decode, DecodeError, Fields, objects, variant};

/// A word, who says it, and the bytes it is about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Message {
    /// Name of the tab that says it.
    pub(crate) from: String,
    /// Name of the storage it shares; tabs of another one, from before the site's data was
    /// removed, are none of its business.
    pub(crate) storage: String,
    /// What it says.
    pub(crate) word: Word,
    /// The chunks of a [`Word::Wrote`].
    pub(crate) chunks: Vec<StoredChunk>,
}

/// What a tab says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Word {
    /// I am here; whoever holds the line, how is it?
    Here,
    /// I hold the line, and this is how it is.
    Line {
        /// Its state, as far as it concerns all tabs.
        report: LineReport,
    },
    /// I have written these chunks of a document. They are on the disk.
    Wrote {
        /// Which document.
        document: DocumentId,
    },
    /// The server has shown these heads of a document.
    Synced {
        /// Which document.
        document: DocumentId,
        /// The heads.
        heads: Vec<[u8; 32]>,
    },
    /// I have removed a document from the disk: this device is to have it no more.
    Removed {
        /// Which document.
        document: DocumentId,
    },
    /// The person in front of me has decided about the refused edits of a document.
    Refused {
        /// Which document.
        document: DocumentId,
        /// Whether they are sent again, or dropped.
        again: bool,
    },
    /// The person in front of me wants the line to be tried again now.
    Reconnect,
    /// The person in front of me has taken note of this.
    Dismiss {
        /// Of what.
        notice: Notice,
    },
}

/// The state of the line, as the tab that holds it sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct LineReport {
    line: Line,
    synced_at: Option<Timestamp>,
    notices: Vec<Notice>,
}

impl LineReport {
    /// What the status of the tab that holds the line says to all tabs.
    pub(crate) fn of(status: &SyncStatus) -> Self {
        Self {
            line: status.line,
            synced_at: status.synced_at,
            notices: status.notices.clone(),
        }
    }

    /// The line before anything was heard of it.
    pub(crate) fn unheard(since: Timestamp) -> Self {
        Self {
            line: Line::Connecting { since },
            synced_at: None,
            notices: Vec::new(),
        }
    }

    /// The tab with the line has fallen silent: nothing true can be said of the line any more.
    pub(crate) fn fall_silent(&mut self, since: Timestamp) {
        if !matches!(self.line, Line::Connecting { .. }) {
            self.line = Line::Connecting { since };
        }
    }

    /// The status of the tab that holds the line: it knows everything by itself, but when the
    /// server last had everything may have been seen by the tab before.
    pub(crate) fn carry_on(&self, own: SyncStatus) -> SyncStatus {
        SyncStatus {
            synced_at: self.synced_at.max(own.synced_at),
            ..own
        }
    }

    /// The status of a tab that does not hold the line: what it has not saved and what waits, it
    /// knows by itself; how the line is, it has been told.
    pub(crate) fn complete(&self, own: SyncStatus) -> SyncStatus {
        let heard = self
            .notices
            .iter()
            .filter(|notice| !own.notices.contains(notice));
        let notices = own.notices.iter().chain(heard).cloned().collect();
        SyncStatus {
            line: self.line,
            notices,
            ..self.carry_on(own)
        }
    }
}

#[derive(Serialize)]
struct Head {
    from: String,
    storage: String,
    word: Word,
    chunks: Vec<(ChunkKind, [u8; 32])>,
}

objects! {
    Head { from, storage, word, chunks }
    LineReport { line, synced_at, notices }
}

impl Decode for Word {
    fn decode(value: Value) -> Result<Self, DecodeError> {
        let (name, value) = variant(value, "word")?;
        let mut f = Fields::of_any(value);
        Ok(match name.as_str() {
            "here" => Self::Here,
            "line" => Self::Line {
                report: f.read("report")?,
            },
            "wrote" => Self::Wrote {
                document: f.read("document")?,
            },
            "synced" => {
                let (document, heads) = (f.read("document")?, f.read("heads")?);
                Self::Synced { document, heads }
            }
            "removed" => Self::Removed {
                document: f.read("document")?,
            },
            "refused" => {
                let (document, again) = (f.read("document")?, f.read("again")?);
                Self::Refused { document, again }
            }
            "reconnect" => Self::Reconnect,
            "dismiss" => Self::Dismiss {
                notice: f.read("notice")?,
            },
            _ => return Err(DecodeError("word")),
        })
    }
}

impl Message {
    /// The message as text and the bytes that go with it.
    pub(crate) fn parts(&self) -> Option<(String, impl Iterator<Item = &[u8]>)> {
        let head = Head {
            from: self.from.clone(),
            storage: self.storage.clone(),
            word: self.word.clone(),
            chunks: self
                .chunks
                .iter()
                .map(|chunk| (chunk.key.kind, chunk.key.hash))
                .collect(),
        };
        let bytes = self.chunks.iter().map(|chunk| chunk.bytes.as_slice());
        Some((serde_json::to_string(&head).ok()?, bytes))
    }

    /// The message in these parts, if it is one that this version knows.
    pub(crate) fn read(text: &str, bytes: Vec<Vec<u8>>) -> Option<Self> {
        let head: Head = decode::read(text).ok()?;
        if head.chunks.len() != bytes.len() {
            return None;
        }
        let chunk = |((kind, hash), bytes)| StoredChunk {
            key: ChunkKey { kind, hash },
            bytes,
        };
        let chunks = head.chunks.iter().copied().zip(bytes).map(chunk).collect();
        let Head {
            from,
            storage,
            word,
            ..
        } = head;
        Some(Self {
            from,
            storage,
            word,
            chunks,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use meltemi_core::sync::status::{NoticeCode, RefusedEdits};

    fn notice(message: &str) -> Notice {
        Notice {
            code: NoticeCode::Refused,
            document: None,
            message: message.to_owned(),
        }
    }

    fn status(line: Line, waiting: u64, notices: Vec<Notice>) -> SyncStatus {
        SyncStatus {
            line,
            unsaved: 0,
            waiting,
            waiting_documents: waiting.min(1),
            synced_at: None,
            loading: None,
            receiving: None,
            refused: Vec::new(),
            notices,
        }
    }

    #[test]
    fn messages_read_back_with_their_chunks() {
        let bytes = b"bytes".to_vec();
        let chunks = vec![StoredChunk {
            key: ChunkKey::increment(&bytes),
            bytes,
        }];
        let word = Word::Wrote {
            document: DocumentId::from_bytes([7; 16]),
        };
        let message = Message {
            from: "tab".to_owned(),
            storage: "device".to_owned(),
            word,
            chunks,
        };
        let (text, bytes) = message.parts().expect("parts");
        let bytes: Vec<_> = bytes.map(<[u8]>::to_vec).collect();
        assert_eq!(Message::read(&text, bytes), Some(message.clone()));
        assert_eq!(
            Message::read(&text, vec![]),
            None,
            "a message without its bytes"
        );
        assert_eq!(
            Message::read(
                "{\"from\":\"later\",\"storage\":\"device\",\"word\":{\"say\":\"new\"}}",
                vec![]
            ),
            None
        );
    }

    #[test]
    fn every_word_reads_back() {
        let document = DocumentId::from_bytes([7; 16]);
        for word in [
            Word::Here,
            Word::Line {
                report: LineReport {
                    line: Line::Online,
                    synced_at: Some(Timestamp(5)),
                    notices: vec![notice("full")],
                },
            },
            Word::Synced {
                document,
                heads: vec![[255; 32], [0; 32]],
            },
            Word::Removed { document },
            Word::Refused {
                document,
                again: true,
            },
            Word::Refused {
                document,
                again: false,
            },
            Word::Reconnect,
            Word::Dismiss {
                notice: notice("full"),
            },
        ] {
            let message = Message {
                from: "tab".to_owned(),
                storage: "device".to_owned(),
                word,
                chunks: Vec::new(),
            };
            let (text, _) = message.parts().expect("parts");
            assert_eq!(Message::read(&text, Vec::new()), Some(message));
        }
    }

    #[test]
    fn a_tab_without_the_line_shows_the_refused_edits_that_it_holds_itself() {
        let mut own = status(Line::None, 0, Vec::new());
        own.refused = vec![RefusedEdits {
            document: DocumentId::from_bytes([7; 16]),
            code: "too-many-heads".to_owned(),
            message: "too many".to_owned(),
            at: Timestamp(5),
            changes: 2,
            whole: false,
        }];
        let leader = status(Line::Online, 0, Vec::new());
        let shown = LineReport::of(&leader).complete(own.clone());
        assert_eq!((shown.line, shown.refused), (Line::Online, own.refused));
    }

    #[test]
    fn a_tab_without_the_line_counts_itself_and_is_told_of_the_line() {
        let leader = status(Line::Online, 0, vec![notice("a"), notice("b")]);
        let own = status(Line::None, 3, vec![notice("b"), notice("c")]);
        let shown = LineReport::of(&leader).complete(own);
        assert_eq!(shown.line, Line::Online);
        assert_eq!(shown.waiting, 3);
        assert_eq!(shown.notices, [notice("b"), notice("c"), notice("a")]);
    }
}
