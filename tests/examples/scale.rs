//! Measures a server with many documents: how long it takes to start, and its memory then and
//! while a hundred devices come back that have everything already.
//!
//! `cargo run -p meltemi-tests --example scale -- <program> <folder> <sled|redb> <documents>`.
//! The folder is filled when it does not exist, and kept.

#![allow(clippy::print_stdout, reason = "a program for people")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Instant;

use futures_util::{SinkExt, StreamExt};
use meltemi_core::id::{PeerId, StorageId};
use meltemi_core::sync::storage::StorageAdapter;
use meltemi_core::wire::exchange::Listed;
use meltemi_core::wire::frame::{Frame, MELTEMI, PeerMetadata};
use meltemi_server::storage::redb::RedbStorage;
use meltemi_server::storage::sled::SledStorage;
use meltemi_tests::collection;
use meltemi_tests::server::Program;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

/// Devices that come back at one time.
const DEVICES: u64 = 100;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [program, folder, kind, documents] = &arguments[..] else {
        panic!("expected: <program> <folder> <sled|redb> <documents>");
    };
    let count: u64 = documents.parse().expect("a number of documents");
    let folder = PathBuf::from(folder);
    let begun = Instant::now();
    let listed = prepare(&folder, kind, count);
    println!("filled or read in {:.1?}", begun.elapsed());

    let program: &'static str = program.clone().leak();
    let begun = Instant::now();
    let server = Program(program).serve(&folder, &["--storage", kind]);
    println!("ready after {:.2?}", begun.elapsed());
    let memory = || {
        let [now, most] = ["VmRSS", "VmHWM"].map(|name| status(server.id(), name));
        println!("  memory {now} kB, at most {most} kB");
    };
    memory();
    let begun = Instant::now();
    let devices = (0..DEVICES).map(|n| tokio::spawn(come_back(server.address, n, count, listed)));
    let devices: Vec<_> = devices.collect();
    let mut open = Vec::new();
    for device in devices {
        open.push(device.await.expect("it comes back"));
    }
    println!("{DEVICES} devices came back in {:.2?}", begun.elapsed());
    memory();
    drop(open);
    let begun = Instant::now();
    assert!(server.stop().success());
    println!("stopped after {:.2?}", begun.elapsed());
}

fn prepare(folder: &Path, kind: &str, count: u64) -> Listed {
    let there = folder.exists();
    std::fs::create_dir_all(folder).expect("the folder can be made");
    let mut storage: Box<dyn StorageAdapter> = match kind {
        "sled" => Box::new(SledStorage::open(&folder.join("sled")).expect("sled opens")),
        _ => Box::new(RedbStorage::open(&folder.join("records.redb")).expect("redb opens")),
    };
    if there {
        collection::listed(storage.as_ref())
    } else {
        collection::fill(storage.as_mut(), count)
    }
}

/// Says hello with what the server has, and waits for the answer.
async fn come_back(server: SocketAddr, number: u64, seq: u64, known: Listed) -> impl Sized {
    let (mut socket, _) = connect_async(format!("ws://{server}/sync"))
        .await
        .expect("a connection");
    let join = Frame::Join {
        sender: PeerId(format!("device-{number}")),
        metadata: PeerMetadata {
            storage: Some(StorageId(format!("storage-{number}"))),
            ephemeral: false,
            meltemi: MELTEMI,
        },
        versions: vec!["1".to_owned()],
    };
    let Listed { root, count } = known;
    for frame in [join, Frame::Hello { seq, root, count }] {
        let sent = socket.send(Message::Binary(frame.encode().into())).await;
        sent.expect("it is sent");
    }
    loop {
        let message = socket.next().await.expect("an answer").expect("a message");
        let Message::Binary(bytes) = message else {
            continue;
        };
        if let Frame::Exchange(exchange) = Frame::decode(&bytes).expect("a frame") {
            assert_eq!(exchange.listed, Some(known), "nothing is new");
            assert!(exchange.heads.is_empty());
            return socket;
        }
    }
}

fn status(process: u32, name: &str) -> String {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let value = line.and_then(|line| line.split_whitespace().nth(1));
    value.unwrap_or("?").to_owned()
}
