//! Bytes of somebody who has not been let in.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use meltemi_tests::device::DEADLINE;

use super::world::World;

/// Bytes that are sent at most.
const FLOOD: usize = 64 * 1024 * 1024;

/// Bytes that may lie in the buffers of both ends while the server reads nothing.
const BUFFERED: usize = 24 * 1024 * 1024;

/// Sends a beginning and then the same byte again and again. How many bytes went out before the
/// server ended the connection, and what it had to say.
fn flood(server: SocketAddr, start: &str, byte: u8) -> (usize, String) {
    let mut stream = TcpStream::connect(server).expect("a connection");
    stream
        .set_write_timeout(Some(DEADLINE))
        .expect("a timeout that is not zero");
    stream
        .write_all(start.as_bytes())
        .expect("the start is sent");
    let piece = [byte; 64 * 1024];
    let mut sent = 0;
    while sent < FLOOD {
        match stream.write(&piece) {
            Ok(bytes) => sent += bytes,
            Err(error) => {
                let ended = [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset];
                assert!(ended.contains(&error.kind()), "{error}");
                break;
            }
        }
    }
    // What was said before a reset may be lost.
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    (sent, String::from_utf8_lossy(&answer).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_kept_of_those_who_are_not_let_in() {
    let world = World::begin().await;
    let server = world.address();
    let upgrade = format!(
        "GET /sync HTTP/1.1\r\nhost: {server}\r\norigin: https://evil.example\r\n\
         connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    );
    let starts = [
        ("GET /sync HTTP/1.1\r\nx-long: ".to_owned(), b'a'),
        ("GET /".to_owned(), b'a'),
        (
            format!("GET /sync HTTP/1.1\r\nhost: {server}\r\ncontent-length: 99999999\r\n\r\n"),
            0,
        ),
        (upgrade.clone(), 0x82),
        (upgrade, b'a'),
    ];
    world
        .withstands(async |round| {
            let (start, byte) = starts[round % starts.len()].clone();
            let flooded = tokio::task::spawn_blocking(move || flood(server, &start, byte));
            let (sent, answer) = flooded.await.expect("it ends");
            assert!(sent < BUFFERED, "{round}: {sent} bytes; {answer}");
            assert!(!answer.starts_with("HTTP/1.1 101"), "{answer}");
        })
        .await;
    world.end().await;
}
