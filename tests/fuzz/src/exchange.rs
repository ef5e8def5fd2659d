//! Bytes as the body of an exchange: reading is total, what was read is written and read again as
//! the same, and so are its pieces.
//!
//! Bits 0 and 1 of the first byte say how the body comes: plain, deflated by us so that mutations
//! reach what is within, or as deflated bytes already.

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use meltemi_core::wire::exchange::{Changes, Exchange, Listed, Stored};
use meltemi_core::wire::frame::{Frame, Reason};

use crate::bytes::Bytes;
use crate::valid::{self, valid};

const PLAIN: u8 = 0;
const DEFLATE: u8 = 1;
const DEFLATED: u8 = 2;

pub(crate) fn run(bytes: &[u8]) {
    let mut bytes = Bytes(bytes);
    let how = bytes.byte() & 3;
    let body = bytes.rest();
    let frame = match how {
        PLAIN => exchange_frame("data", body),
        DEFLATE => exchange_frame("deflated", &deflate(body)),
        _ => exchange_frame("deflated", body),
    };
    let Ok(Frame::Exchange(exchange)) = Frame::decode(&frame) else {
        return;
    };
    assert_same(&exchange);
    let pieces = exchange.clone().split();
    pieces.iter().for_each(assert_same);
    let sum = |of: fn(&Exchange) -> usize| pieces.iter().map(of).sum::<usize>();
    assert_eq!(sum(|e| e.heads.len()), exchange.heads.len());
    assert_eq!(sum(|e| e.changes.len()), exchange.changes.len());
    assert_eq!(sum(|e| e.want.len()), exchange.want.len());
    assert_eq!(sum(|e| e.refused.len()), exchange.refused.len());
    assert_eq!(sum(|e| e.absent.len()), exchange.absent.len());
}

fn assert_same(exchange: &Exchange) {
    let frame = Frame::Exchange(exchange.clone());
    assert_eq!(Frame::decode(&frame.encode()).as_ref(), Ok(&frame));
}

/// A frame that carries these bytes as its body.
pub(crate) fn exchange_frame(field: &str, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![0xa2];
    for text in ["type", "meltemi-exchange", field] {
        frame.push(0x60 | text.len().min(23) as u8);
        frame.extend(text.as_bytes());
    }
    frame.push(0x5a);
    frame.extend((body.len() as u32).to_be_bytes());
    frame.extend(body);
    frame
}

fn deflate(body: &[u8]) -> Vec<u8> {
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::fast());
    let written = deflate.write_all(body).and_then(|()| deflate.finish());
    written.expect("writing to a vector does not fail")
}

/// Exchanges that say everything that can be said.
pub(crate) fn exchanges() -> Vec<Exchange> {
    let document = valid::document();
    let heads: Vec<_> = valid().server.get_heads().iter().map(|h| h.0).collect();
    let since = valid().server.get_heads();
    let changes = |bytes| Changes { document, bytes };
    let refused = Reason {
        code: "too-large".to_owned(),
        message: "why".to_owned(),
    };
    let stored = Stored {
        document,
        heads: heads.clone(),
        size: 700,
    };
    vec![
        Exchange {
            heads: vec![stored],
            seq: Some(3),
            listed: Some(Listed {
                root: [7; 32],
                count: 2,
            }),
            ..Exchange::default()
        },
        Exchange {
            changes: vec![changes(valid().device.save_after(&since))],
            ..Exchange::default()
        },
        Exchange {
            changes: vec![changes(valid().device.save_nocompress())],
            want: vec![(document, heads.clone()), (valid::other(), Vec::new())],
            ..Exchange::default()
        },
        Exchange {
            refused: vec![(document, refused)],
            absent: vec![valid::other()],
            ..Exchange::default()
        },
    ]
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for exchange in exchanges() {
        let body = body(&exchange);
        seeds.push([&[DEFLATED], &deflate(&body)[..]].concat());
        seeds.push([&[DEFLATE], &body[..]].concat());
        seeds.push([&[PLAIN], &body[..]].concat());
    }
    seeds
}

/// The body of an exchange, not deflated.
pub(crate) fn body(exchange: &Exchange) -> Vec<u8> {
    let frame = Frame::Exchange(exchange.clone()).encode();
    // One field follows the type: its name, the head of a byte string, the body.
    let after = |name: &[u8]| {
        let place = frame.windows(name.len()).position(|part| part == name);
        let rest = &frame[place? + name.len()..];
        let head = match rest[0] {
            0x58 => 2,
            0x59 => 3,
            0x5a => 5,
            _ => 1,
        };
        Some(&rest[head..])
    };
    if let Some(body) = after(b"\x68deflated") {
        let mut inflated = Vec::new();
        let mut inflate = flate2::write::DeflateDecoder::new(&mut inflated);
        inflate.write_all(body).expect("the engine deflates");
        inflate.finish().expect("the engine deflates to the end");
        return inflated;
    }
    after(b"\x64data").expect("it has a body").to_vec()
}
