//! A line between a device and a server on which everything is counted.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use meltemi_core::wire::frame::Frame;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// Passes on what comes, and notes what it was. Runs until the runtime ends.
#[derive(Debug)]
pub struct Proxy {
    /// Where devices connect to it.
    pub address: SocketAddr,
    counted: Arc<Mutex<Counted>>,
}

/// What went over the line.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Bytes on the wire in both directions, with everything WebSockets and HTTP add.
    pub wire: usize,
    /// Bytes of the frames of the handshake.
    pub handshake: usize,
    /// Bytes of all other frames from the device.
    pub up: usize,
    /// Bytes of all other frames to the device.
    pub down: usize,
}

impl Proxy {
    /// A line to this server.
    pub async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let counted = Arc::new(Mutex::new(Counted::default()));
        let count = counted.clone();
        tokio::spawn(async move {
            while let Ok((device, _)) = listener.accept().await {
                let server = TcpStream::connect(server).await.expect("the server");
                let (from_device, to_device) = device.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(carry(from_device, to_server, true, count.clone()));
                tokio::spawn(carry(from_server, to_device, false, count.clone()));
            }
        });
        Self { address, counted }
    }

    /// What was counted so far.
    pub fn counted(&self) -> Counted {
        self.counted.lock().expect("nobody panics").clone()
    }
}

async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    up: bool,
    count: Arc<Mutex<Counted>>,
) {
    let mut messages = Messages::default();
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        {
            let mut count = count.lock().expect("nobody panics");
            count.wire += read;
            for message in messages.take(&bytes[..read]) {
                let kind = match Frame::decode(&message) {
                    Ok(Frame::Join { .. } | Frame::Peer { .. }) => &mut count.handshake,
                    _ if up => &mut count.up,
                    _ => &mut count.down,
                };
                *kind += message.len();
            }
        }
        if to.write_all(&bytes[..read]).await.is_err() {
            break;
        }
    }
}

/// Finds the binary messages in the bytes of one direction.
#[derive(Default)]
struct Messages {
    bytes: Vec<u8>,
    upgraded: bool,
}

impl Messages {
    fn take(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.bytes.extend_from_slice(bytes);
        if !self.upgraded {
            let Some(end) = self.bytes.windows(4).position(|w| w == b"\r\n\r\n") else {
                return Vec::new();
            };
            self.bytes.drain(..end + 4);
            self.upgraded = true;
        }
        let mut messages = Vec::new();
        while let Some((binary, header, mask, len)) = self.head() {
            if self.bytes.len() < header + len {
                break;
            }
            let mut message = self.bytes[header..header + len].to_vec();
            if let Some(mask) = mask {
                for (byte, mask) in message.iter_mut().zip(mask.iter().cycle()) {
                    *byte ^= mask;
                }
            }
            self.bytes.drain(..header + len);
            if binary {
                messages.push(message);
            }
        }
        messages
    }

    /// Of the frame that comes next: whether it is binary, bytes before its content, mask, bytes.
    fn head(&self) -> Option<(bool, usize, Option<[u8; 4]>, usize)> {
        let [first, second, rest @ ..] = &self.bytes[..] else {
            return None;
        };
        let (mut header, len) = match second & 0x7f {
            126 => (4, usize::from(u16::from_be_bytes(*rest.first_chunk()?))),
            127 => (10, u64::from_be_bytes(*rest.first_chunk()?) as usize),
            len => (2, usize::from(len)),
        };
        let mut mask = None;
        if second & 0x80 != 0 {
            mask = Some(*self.bytes.get(header..)?.first_chunk()?);
            header += 4;
        }
        Some((first & 0x0f == 2, header, mask, len))
    }
}
