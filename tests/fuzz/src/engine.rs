//! Bytes as the life of a server: two lines on which anything is said, a disk that answers late,
//! wrongly or not at all, timers, other processes.

use std::sync::OnceLock;

use meltemi_core::id::{ConnectionId, DocumentId, PeerId, StorageId};
use meltemi_core::sync::input::Input;
use meltemi_core::sync::storage::{
    ChunkKey, Loaded, StorageAnswer, StorageError, StorageRequest, StoredChunk,
};
use meltemi_core::wire::frame::{Frame, PeerMetadata};

use crate::bytes::{Bytes, put_piece};
use crate::chunk::chunk;
use crate::frame::frames;
use crate::server::{Server, sync_frame};
use crate::valid::{self, valid};

/// Most steps of one life, so that a long input is as quick as it is long.
const STEPS: usize = 96;

const CONNECT: u8 = 0;
const JOIN: u8 = 1;
const DISCONNECT: u8 = 2;
const FRAME: u8 = 3;
const VALID_FRAME: u8 = 4;
const SYNC: u8 = 5;
const VALID_SYNC: u8 = 6;
const ANSWER: u8 = 7;
const WRONG_ANSWER: u8 = 8;
const TICK: u8 = 9;
const OPEN: u8 = 10;
const ELSEWHERE: u8 = 11;
const SYNCED_ELSEWHERE: u8 = 12;
const REST: u8 = 13;

/// Kinds of steps.
const KINDS: u8 = 14;

struct Life {
    server: Server,
    lines: [Option<ConnectionId>; 2],
}

pub(crate) fn run(bytes: &[u8]) {
    let mut bytes = Bytes(bytes);
    let start = bytes.byte();
    let mut life = Life {
        server: Server::silent(valid().disk.clone(), start & 1 != 0),
        lines: [None; 2],
    };
    if start & 2 != 0 {
        life.server.answer_all();
    }
    for _ in 0..STEPS {
        if bytes.is_empty() {
            break;
        }
        life.step(&mut bytes);
    }
    life.server.assert_serves();
}

impl Life {
    fn step(&mut self, bytes: &mut Bytes<'_>) {
        let kind = bytes.byte() % KINDS;
        match kind {
            CONNECT => {
                let line = usize::from(bytes.byte() % 2);
                self.hang_up(line);
                self.lines[line] = Some(self.server.connect());
            }
            JOIN => {
                let join = Frame::Join {
                    sender: PeerId("there".to_owned()),
                    metadata: PeerMetadata {
                        storage: bytes.flag().then(|| StorageId("theirs".to_owned())),
                        ephemeral: bytes.flag(),
                        meltemi: u64::from(bytes.byte()),
                    },
                    versions: Vec::new(),
                };
                self.say(bytes, &join.encode());
            }
            DISCONNECT => self.hang_up(usize::from(bytes.byte() % 2)),
            FRAME => {
                let frame = bytes.piece();
                self.say(bytes, frame);
            }
            VALID_FRAME => {
                let frames = frames();
                let frame = &frames[usize::from(bytes.byte()) % frames.len()];
                self.say(bytes, &frame.encode());
            }
            SYNC => {
                let (document, request) = (named(bytes.byte()), bytes.flag());
                let data = bytes.piece().to_vec();
                self.say(bytes, &sync_frame(document, request, data).encode());
            }
            VALID_SYNC => {
                let messages = messages();
                let data = messages[usize::from(bytes.byte()) % messages.len()].clone();
                let (document, request) = (named(bytes.byte()), bytes.flag());
                let frame = sync_frame(document, request, data);
                self.say(bytes, &frame.encode());
            }
            ANSWER => self.answer(bytes),
            WRONG_ANSWER => self.answer_wrongly(bytes),
            TICK => {
                let wait = u64::from(bytes.number());
                self.server.now = self.server.now.plus_millis(wait);
                self.server.handle(Input::Tick);
            }
            OPEN => {
                let document = named(bytes.byte());
                self.server.handle(Input::Open { document });
            }
            ELSEWHERE => {
                let document = named(bytes.byte());
                let chunks = vec![stored(bytes)];
                self.server
                    .handle(Input::WrittenElsewhere { document, chunks });
            }
            SYNCED_ELSEWHERE => {
                let document = named(bytes.byte());
                let own = valid()
                    .server
                    .get_heads()
                    .iter()
                    .map(|head| head.0)
                    .collect();
                let heads = if bytes.flag() { own } else { vec![[7; 32]] };
                self.server
                    .handle(Input::SyncedElsewhere { document, heads });
            }
            _ => {
                let notice = usize::from(bytes.byte());
                let input = match notice % 3 {
                    0 => Input::Reconnect,
                    1 => Input::DialFailed,
                    _ => Input::Dismiss { notice },
                };
                self.server.handle(input);
            }
        }
    }

    /// Says it on the line that the next byte names.
    fn say(&mut self, bytes: &mut Bytes<'_>, frame: &[u8]) {
        if let Some(connection) = self.lines[usize::from(bytes.byte() % 2)] {
            self.server.handle(Input::Frame {
                connection,
                bytes: frame.to_vec(),
            });
        }
    }

    fn hang_up(&mut self, line: usize) {
        if let Some(connection) = self.lines[line].take() {
            self.server.handle(Input::Disconnected { connection });
        }
    }

    /// The disk does what it was asked, or says that it is full.
    fn answer(&mut self, bytes: &mut Bytes<'_>) {
        self.server.disk.full = bytes.flag();
        let which = usize::from(bytes.byte());
        if let Some(effect) = self.server.pending.keys().nth(which).copied()
            && let Some(request) = self.server.pending.remove(&effect)
        {
            let result = self.server.disk.answer(&request);
            self.server.store(effect, result);
        }
    }

    /// The disk fails, answers something else, or gives back chunks that are none.
    ///
    /// What was not asked for is refused; a list without the records, or without the one that is
    /// looked for in the end, would only show that a disk which lies loses things.
    fn answer_wrongly(&mut self, bytes: &mut Bytes<'_>) {
        let which = usize::from(bytes.byte());
        let Some(effect) = self.server.pending.keys().nth(which).copied() else {
            return;
        };
        let Some(request) = self.server.pending.remove(&effect) else {
            return;
        };
        let result = match (bytes.byte() % 3, &request) {
            (0, StorageRequest::Load(document)) if *document != valid::other() => {
                let damaged = vec![ChunkKey::increment(&[])];
                let chunks = vec![stored(bytes)];
                Ok(StorageAnswer::Loaded(Loaded { chunks, damaged }))
            }
            (1, _) => Ok(StorageAnswer::Noted),
            _ => Err(StorageError::Failed {
                operation: "do anything".to_owned(),
                detail: "the disk is gone".to_owned(),
            }),
        };
        self.server.store(effect, result);
    }
}

/// What device and server say to each other about the first record.
fn messages() -> &'static [Vec<u8>] {
    static MESSAGES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    MESSAGES.get_or_init(|| {
        let (up, down) = valid::conversation(&valid().device, &valid().server);
        let messages = up.into_iter().chain(down);
        messages.map(|message| message.encode()).collect()
    })
}

/// A document by number: the two records, and some that do not exist.
fn named(number: u8) -> DocumentId {
    match number {
        0 => valid::document(),
        1 => valid::other(),
        number => DocumentId::from_bytes([number; 16]),
    }
}

/// A chunk with a valid checksum, whatever is in it.
fn stored(bytes: &mut Bytes<'_>) -> StoredChunk {
    let kind = bytes.byte() & 3;
    let (bytes, _) = chunk(kind, bytes.piece());
    StoredChunk {
        key: ChunkKey::increment(&bytes),
        bytes,
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let upload = |line: u8| {
        let mut seed = vec![2, CONNECT, line, JOIN, 1, 0, 1, line];
        for number in 0..6 {
            seed.extend([VALID_SYNC, number, 0, 0, line, ANSWER, 0, 0, ANSWER, 0, 0]);
        }
        seed
    };
    let mut raw = vec![0, CONNECT, 0];
    for frame in frames() {
        raw.push(FRAME);
        put_piece(&mut raw, &frame.encode());
        raw.extend([0, VALID_FRAME, 2, 1]);
    }
    let mut early = vec![1, OPEN, 0, CONNECT, 1, JOIN, 0, 0, 0, 1];
    early.extend([
        VALID_SYNC, 0, 0, 1, 1, ANSWER, 0, 0, ANSWER, 1, 0, TICK, 0, 9,
    ]);
    let change = valid().device.get_last_local_change();
    let body = change
        .as_ref()
        .map(|change| crate::chunk::split(change.raw_bytes()).1)
        .unwrap_or_default();
    early.extend([ELSEWHERE, 0, crate::chunk::CHANGE]);
    put_piece(&mut early, body);
    early.extend([SYNCED_ELSEWHERE, 0, 1, REST, 0, DISCONNECT, 1]);
    early.extend([WRONG_ANSWER, 0, 0, 1]);
    put_piece(&mut early, body);
    let mut message = vec![2, CONNECT, 0, JOIN, 0, 0, 0, 0, SYNC, 0, 1];
    put_piece(&mut message, &[0x42, 0, 0, 0, 0]);
    message.push(0);
    vec![
        upload(0),
        [upload(0), upload(1)].concat(),
        raw,
        early,
        message,
    ]
}
