//! Bytes as what a Meltemi peer says about the collection, to a server and to a device: hellos,
//! exchanges, comparisons, look-ups, frames in parts, in any order. The disk answers at once.

use meltemi_core::id::{ConnectionId, DocumentId, PeerId, StorageId};
use meltemi_core::sync::input::{Input, Role};
use meltemi_core::sync::reconcile::{SetSum, item};
use meltemi_core::wire::exchange::{Changes, Exchange, Hash, Listed, Stored};
use meltemi_core::wire::frame::{Frame, MELTEMI, PeerMetadata, Reason};

use crate::bytes::{Bytes, put_piece};
use crate::chunk::{self, chunk, split};
use crate::exchange::{body, exchange_frame, exchanges};
use crate::server::Server;
use crate::valid::{self, valid};

/// Most steps of one conversation, so that a long input is as quick as it is long.
const STEPS: usize = 24;

/// Most things one exchange says of a kind.
const THINGS: u8 = 4;

const HELLO: u8 = 0;
const LIST: u8 = 1;
const WANT: u8 = 2;
const CHANGES: u8 = 3;
const NO: u8 = 4;
const REPAIR: u8 = 5;
const LOOKUP: u8 = 6;
const PART: u8 = 7;
const BODY: u8 = 8;
const FRAME: u8 = 9;
const TICK: u8 = 10;
const AGAIN: u8 = 11;

/// Kinds of steps.
const KINDS: u8 = 12;

pub(crate) fn run(bytes: &[u8]) {
    let mut bytes = Bytes(bytes);
    let device = bytes.flag();
    let mut here = if device {
        Server::device(valid().devices_disk.clone())
    } else {
        Server::with_disk(valid().disk.clone(), false)
    };
    here.answer_all();
    let mut line = join(&mut here, device);
    for _ in 0..STEPS {
        if bytes.is_empty() {
            break;
        }
        let frame = match bytes.byte() % KINDS {
            TICK => {
                here.now = here.now.plus_millis(u64::from(bytes.number()));
                here.handle(Input::Tick);
                here.answer_all();
                continue;
            }
            AGAIN => {
                here.handle(Input::Disconnected { connection: line });
                line = join(&mut here, device);
                continue;
            }
            kind => frame(kind, &mut bytes),
        };
        here.handle(Input::Frame {
            connection: line,
            bytes: frame,
        });
        here.answer_all();
    }
    if device {
        here.assert_keeps(&valid().device.get_heads());
    } else {
        here.assert_serves();
    }
}

/// A new line to a peer that speaks Meltemi.
fn join(here: &mut Server, device: bool) -> ConnectionId {
    let metadata = PeerMetadata {
        storage: Some(StorageId("theirs".to_owned())),
        ephemeral: false,
        meltemi: MELTEMI,
    };
    let peer = |name: &str| PeerId(name.to_owned());
    let (connection, first) = if device {
        let connection = here.line(Role::Dialer);
        let first = Frame::Peer {
            sender: peer("there"),
            target: peer("server"),
            metadata,
            version: "1".to_owned(),
        };
        (connection, first)
    } else {
        let first = Frame::Join {
            sender: peer("there"),
            metadata,
            versions: vec!["1".to_owned()],
        };
        (here.connect(), first)
    };
    here.handle(Input::Frame {
        connection,
        bytes: first.encode(),
    });
    here.answer_all();
    connection
}

fn frame(kind: u8, bytes: &mut Bytes<'_>) -> Vec<u8> {
    let frame = match kind {
        HELLO => {
            let listed = listed(bytes);
            Frame::Hello {
                seq: u64::from(bytes.byte()),
                root: listed.root,
                count: listed.count,
            }
        }
        REPAIR => Frame::Repair {
            data: bytes.piece().to_vec(),
        },
        LOOKUP => {
            let mut items = Vec::new();
            for _ in 0..bytes.byte() % THINGS {
                items.push(thing(bytes));
            }
            Frame::Lookup { items }
        }
        PART => Frame::Part {
            left: u64::from(bytes.byte() & 3),
            data: bytes.piece().to_vec(),
        },
        BODY => return exchange_frame("data", bytes.piece()),
        FRAME => return bytes.piece().to_vec(),
        kind => Frame::Exchange(exchange(kind, bytes)),
    };
    frame.encode()
}

fn exchange(kind: u8, bytes: &mut Bytes<'_>) -> Exchange {
    let mut exchange = Exchange::default();
    for _ in 0..bytes.byte() % THINGS {
        let document = named(bytes.byte());
        match kind {
            LIST => exchange.heads.push(Stored {
                document,
                heads: heads(bytes),
                size: u64::from(bytes.number()),
            }),
            WANT => exchange.want.push((document, heads(bytes))),
            CHANGES => exchange.changes.push(Changes {
                document,
                bytes: changes(bytes),
            }),
            _ if bytes.flag() => exchange.absent.push(document),
            _ => {
                let reason = Reason {
                    code: if bytes.flag() { "bad-chunk" } else { "other" }.to_owned(),
                    message: "no".to_owned(),
                };
                exchange.refused.push((document, reason));
            }
        }
    }
    if kind == LIST && bytes.flag() {
        exchange.seq = Some(u64::from(bytes.byte()));
        if bytes.flag() {
            exchange.listed = Some(listed(bytes));
        }
    }
    exchange
}

/// What the valid disk has, nothing, or something else.
fn listed(bytes: &mut Bytes<'_>) -> Listed {
    let mut sum = SetSum::default();
    let choice = bytes.byte() % 3;
    if choice > 0 {
        let held = [(valid::document(), own()), (valid::other(), Vec::new())];
        for (document, heads) in held.iter().take(usize::from(choice)) {
            sum.add(&item(document, heads));
        }
    }
    sum.listed()
}

/// An item of the set, or none.
fn thing(bytes: &mut Bytes<'_>) -> Hash {
    match bytes.byte() {
        0 => item(&valid::document(), &own()),
        number => [number; 32],
    }
}

fn own() -> Vec<Hash> {
    let heads = valid().server.get_heads();
    heads.iter().map(|head| head.0).collect()
}

fn heads(bytes: &mut Bytes<'_>) -> Vec<Hash> {
    match bytes.byte() % 4 {
        0 => Vec::new(),
        1 => own(),
        2 => valid().device.get_heads().iter().map(|h| h.0).collect(),
        _ => vec![[bytes.byte(); 32]],
    }
}

/// Valid changes, or chunks with right checksums and anything in them.
fn changes(bytes: &mut Bytes<'_>) -> Vec<u8> {
    let device = &valid().device;
    match bytes.byte() % 4 {
        0 => device.save_after(&valid().server.get_heads()),
        1 => device.save_nocompress(),
        2 => bytes.piece().to_vec(),
        _ => {
            let mut chunks = Vec::new();
            for _ in 0..bytes.byte() % THINGS {
                let kind = bytes.byte() & 3;
                chunks.extend(chunk(kind, bytes.piece()).0);
            }
            chunks
        }
    }
}

/// A document by number: the two records, and some that do not exist.
fn named(number: u8) -> DocumentId {
    match number {
        0 => valid::document(),
        1 => valid::other(),
        number => DocumentId::from_bytes([number; 16]),
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for device in [0, 1] {
        let hello = [device, HELLO, 0, 0, HELLO, 1, 2, WANT, 2, 0, 0, 1, 0];
        let upload = [CHANGES, 1, 0, 0, CHANGES, 2, 0, 1, 1, 0, WANT, 1, 0, 2];
        seeds.push([&hello[..], &upload[..]].concat());
        let list = [device, LIST, 2, 0, 1, 9, 0, 1, 3, 7, 9, 0, 1, 3, 1, 1];
        seeds.push([&list[..], &upload[..], &[NO, 2, 0, 0, 1, 1, 1]].concat());
        let mut single = vec![device, LIST, 0, 1, 2, 1, 0, CHANGES, 1, 0, 3, 2];
        let since = valid().server.get_heads();
        for change in valid().device.get_changes(&since).iter().take(2) {
            single.push(chunk::CHANGE);
            put_piece(&mut single, split(change.raw_bytes()).1);
        }
        single.extend([AGAIN, TICK, 0, 200]);
        seeds.push(single);
        let mut compared = vec![device, HELLO, 2, 9, REPAIR];
        // The first message of a comparison of nothing: a version, and the whole range.
        put_piece(&mut compared, &[0x61, 0, 0, 2, 0]);
        compared.extend([LOOKUP, 2, 0, 7]);
        seeds.push(compared);
        let mut bodies = vec![device];
        for exchange in exchanges() {
            bodies.push(BODY);
            put_piece(&mut bodies, &body(&exchange));
        }
        let parts = Frame::Exchange(exchanges()[1].clone()).encode();
        for (left, part) in parts.chunks(parts.len().div_ceil(2)).enumerate() {
            bodies.extend([PART, 1 - left as u8]);
            put_piece(&mut bodies, part);
        }
        seeds.push(bodies);
    }
    seeds
}
