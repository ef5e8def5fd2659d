//! Messages through the stream below a WebSocket, from a client of the same library.

use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::stream::IntakeStream;
use super::*;

type Client = WebSocketStream<DuplexStream>;
type Server = WebSocketStream<IntakeStream<DuplexStream>>;

/// The server's end of a line, and the other.
async fn line(principal: &Room, server: &Room) -> (Server, Arc<Intake>, DuplexStream) {
    let (near, far) = duplex(4096);
    let intake = Intake::new(principal, server);
    let config = WebSocketConfig::default()
        .read_buffer_size(limits::READ_BYTES)
        .max_message_size(Some(limits::MESSAGE_BYTES))
        .max_frame_size(Some(limits::READ_BYTES));
    let stream = IntakeStream::new(near, intake.clone());
    let server = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
    (server, intake, far)
}

/// A line on which a first message was taken.
async fn joined(principal: &Room, server: &Room) -> (Server, Arc<Intake>, Client) {
    let (mut server, intake, far) = line(principal, server).await;
    let mut client = WebSocketStream::from_raw_socket(far, Role::Client, None).await;
    client
        .send(Message::Binary(vec![1].into()))
        .await
        .expect("it is sent");
    server.next().await.expect("a message").expect("it is read");
    intake.message().taken();
    (server, intake, client)
}

fn whole() -> Room {
    Room::new(limits::INTAKE_BYTES)
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

/// The next message that is not a ping.
async fn next(server: &mut Server) -> Result<Vec<u8>, IntakeError> {
    loop {
        match server.next().await.expect("a message or an error") {
            Ok(Message::Binary(bytes)) => return Ok(bytes.into()),
            Ok(_) => {}
            Err(Error::Io(error)) => {
                let error = error.get_ref().and_then(|inner| inner.downcast_ref());
                return Err(*error.expect("an error of the intake"));
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn messages_of_any_length_and_in_any_fragments_arrive_as_they_were_sent() {
    let room = whole();
    let (mut server, intake, mut client) = joined(&room, &room).await;
    let piece = limits::READ_BYTES;
    let mut lengths = vec![0, 1, 125, 126, 65_535, 65_536, limits::MESSAGE_BYTES];
    lengths.extend([piece - 1, piece, piece + 1, 3 * piece, 9 * piece + 5]);
    for length in lengths {
        for fragment in [length / 2, length / 10 + 1] {
            let sent = pattern(length);
            let send = async {
                let whole = Message::Binary(sent.clone().into());
                client.send(whole).await.expect("it is sent");
                let mut code = OpCode::Data(Data::Binary);
                for part in sent.chunks(fragment.max(1)) {
                    let frame = Frame::message(part.to_vec(), code, false);
                    code = OpCode::Data(Data::Continue);
                    client.send(Message::Frame(frame)).await.expect("sent");
                    let ping = Message::Ping(vec![7; 125].into());
                    client.send(ping).await.expect("it is sent");
                }
                let end = Frame::message(Vec::new(), code, true);
                client.send(Message::Frame(end)).await.expect("it is sent");
            };
            let receive = async {
                for _ in 0..2 {
                    assert_eq!(next(&mut server).await.as_ref(), Ok(&sent));
                    intake.message().taken();
                }
            };
            tokio::join!(send, receive);
        }
    }
    let free = room.0.available_permits();
    assert_eq!(free, limits::INTAKE_BYTES, "all room was given back");
}

/// The header of a masked frame.
fn header(first: u8, length: u64) -> Vec<u8> {
    let mut header = vec![first, 0xff];
    header.extend(length.to_be_bytes());
    header.extend([0; 4]);
    header
}

#[tokio::test]
async fn before_join_only_small_messages_are_read() {
    let room = whole();
    let small = limits::SMALL_BYTES as u64;
    // In one frame, and in two.
    let one = header(0x82, small + 1);
    let mut two = header(0x02, small);
    two.extend(pattern(limits::SMALL_BYTES));
    two.extend(header(0x80, 1));
    for bytes in [one, two] {
        let (mut server, _intake, mut far) = line(&room, &room).await;
        let (_, read) = tokio::join!(far.write_all(&bytes), next(&mut server));
        assert_eq!(read, Err(IntakeError::NotJoined));
    }
    let (mut server, _intake, mut far) = line(&room, &room).await;
    let mut bytes = header(0x82, small);
    bytes.extend(pattern(limits::SMALL_BYTES));
    let (_, read) = tokio::join!(far.write_all(&bytes), next(&mut server));
    assert_eq!(read.map(|bytes| bytes.len()), Ok(limits::SMALL_BYTES));
}

#[tokio::test]
async fn what_follows_the_first_message_waits_for_its_answer() {
    let room = whole();
    let (mut server, intake, far) = line(&room, &room).await;
    let mut client = WebSocketStream::from_raw_socket(far, Role::Client, None).await;
    let long = pattern(limits::SMALL_BYTES + 1);
    let send = async {
        for bytes in [vec![1], long.clone()] {
            let message = Message::Binary(bytes.into());
            client.send(message).await.expect("it is sent");
        }
    };
    let receive = async {
        assert_eq!(next(&mut server).await, Ok(vec![1]));
        let first = intake.message();
        assert_eq!(next(&mut server).now_or_never(), None);
        first.taken();
        assert_eq!(next(&mut server).await, Ok(long.clone()));
    };
    tokio::join!(send, receive);
}

#[tokio::test]
async fn a_message_is_read_when_others_have_given_room_back() {
    let length = 100_000;
    // The principal has no more room, or the server.
    let (narrow, wide) = (Room::new(length + length / 2), whole());
    for (principal, server) in [(&narrow, &wide), (&wide, &narrow)] {
        let (mut first, first_intake, mut first_client) = joined(principal, server).await;
        let (mut second, second_intake, mut second_client) = joined(principal, server).await;
        let message = || Message::Binary(pattern(length).into());
        let (_, read) = tokio::join!(first_client.send(message()), next(&mut first));
        assert_eq!(read.map(|bytes| bytes.len()), Ok(length));
        let held = first_intake.message();
        let receive = async {
            assert_eq!(next(&mut second).now_or_never(), None);
            assert!(second_intake.has_waited());
            // A small one needs no room.
            let small = Message::Binary(vec![7].into());
            let (_, read) = tokio::join!(first_client.send(small), next(&mut first));
            assert_eq!(read, Ok(vec![7]));
            held.taken();
            assert_eq!(next(&mut second).await, Ok(pattern(length)));
        };
        let (_, ()) = tokio::join!(second_client.send(message()), receive);
        // A connection that is gone holds nothing, whatever it was about to send.
        let half = header(0x82, length as u64);
        let mut raw = second_client.into_inner();
        let (_, read) = tokio::join!(raw.write_all(&half), async {
            next(&mut second).now_or_never()
        });
        assert_eq!(read, None);
        drop((second, second_intake, first, first_intake));
        assert_eq!(narrow.0.available_permits(), length + length / 2);
        assert_eq!(wide.0.available_permits(), limits::INTAKE_BYTES);
    }
}

#[tokio::test]
async fn frames_that_are_too_long_or_none_are_refused_by_their_header() {
    let room = whole();
    let most = limits::MESSAGE_BYTES as u64;
    let mut unmasked = header(0x82, 5);
    unmasked[1] = 0x7f;
    let cases = [
        (header(0x82, most + 1), IntakeError::TooLong),
        (header(0x82, u64::MAX), IntakeError::TooLong),
        (unmasked, IntakeError::Invalid),
        // Control frames that are long, or in fragments.
        (header(0x89, 126), IntakeError::Invalid),
        (header(0x8a, most), IntakeError::Invalid),
        (header(0x09, 5), IntakeError::Invalid),
    ];
    for (bytes, error) in cases {
        let (mut server, _intake, client) = joined(&room, &room).await;
        let mut far = client.into_inner();
        let (_, read) = tokio::join!(far.write_all(&bytes), next(&mut server));
        assert_eq!(read, Err(error), "{bytes:?}");
    }
}

#[tokio::test]
async fn whatever_comes_ends_in_a_message_or_an_error() {
    let room = whole();
    // A generator of numbers that looks random and is the same every time.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    for round in 0..5_000 {
        let mut bytes: Vec<u8> = (0..random()).map(|_| random()).collect();
        // Most are masked frames of a sound kind, so that more than the first header is read.
        if let (true, [first, second, ..]) = (round % 4 > 0, bytes.as_mut_slice()) {
            *first &= 0x8f;
            *second |= 0x80;
        }
        let (near, mut far) = duplex(4096);
        let intake = Intake::new(&room, &room);
        intake.message().taken();
        far.write_all(&bytes).await.expect("there is room");
        drop(far);
        let mut read = Vec::new();
        let stream = &mut IntakeStream::new(near, intake);
        // An error is as good as an end.
        let _ = stream.read_to_end(&mut read).await;
        assert!(read.len() <= bytes.len(), "{bytes:?}");
    }
    assert_eq!(room.0.available_permits(), limits::INTAKE_BYTES);
}
