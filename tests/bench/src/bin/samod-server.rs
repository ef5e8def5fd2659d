//! samod behind an axum WebSocket, documents in files: the other Rust server of the benchmark.
//!
//! Called with the folder for the documents; says on standard output where it listens.

#![allow(clippy::print_stdout, reason = "the driver reads where it listens")]

use std::env::args_os;
use std::future::ready;
use std::path::PathBuf;

use anyhow::Context;
use axum::Router;
use axum::extract::WebSocketUpgrade;
use axum::extract::ws::{Message, WebSocket};
use axum::routing::get;
use axum::serve::ListenerExt;
use futures_util::{SinkExt, StreamExt};
use samod::storage::TokioFilesystemStorage;
use samod::{AcceptorHandle, PeerId, Repo, ShareConfig, Transport};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = args_os().nth(1).context("called without a folder")?;
    let repo = Repo::build_tokio()
        .with_storage(TokioFilesystemStorage::new(PathBuf::from(folder)))
        .with_peer_id(PeerId::from("storage-server-bench"))
        // It answers and never begins, as the JavaScript server.
        .with_share_policy(ShareConfig::read_write().with_announce(false))
        .load()
        .await;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let acceptor = repo.make_acceptor(format!("ws://{address}/sync").parse()?)?;
    let serve = move |upgrade: WebSocketUpgrade| {
        let acceptor = acceptor.clone();
        ready(upgrade.on_upgrade(async move |socket| accept(&acceptor, socket)))
    };
    let router = Router::new().route("/sync", get(serve));
    println!("listening on http://{address}");
    let listener = listener.tap_io(|socket| {
        // Where this fails messages are only slower.
        let _ = socket.set_nodelay(true);
    });
    axum::serve(listener, router).await?;
    Ok(())
}

/// Hands a socket to the repo. Fails only when the repo has stopped, and then nobody is served.
fn accept(acceptor: &AcceptorHandle, socket: WebSocket) {
    let (sink, stream) = socket.split();
    let stream = stream.filter_map(|message| {
        ready(match message {
            Ok(Message::Binary(bytes)) => Some(Ok(bytes.to_vec())),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        })
    });
    let sink =
        sink.with(|bytes: Vec<u8>| ready(Ok::<_, axum::Error>(Message::Binary(bytes.into()))));
    let _ = acceptor.accept(Transport::new(stream, sink));
}
