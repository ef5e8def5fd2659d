//! The stream below a WebSocket. It reads the headers of frames: what needs room waits for it here,
//! and long frames are handed on in fragments, so that the WebSocket keeps no long buffer.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, BufReader, ReadBuf};

use super::{Intake, IntakeError, Permits};
use crate::limits;

/// Longest header of a frame (RFC 6455, 5.2).
const HEADER: usize = 14;

/// Most bytes of a control frame.
const CONTROL: u64 = 125;

const FIN: u8 = 0x80;
const IS_CONTROL: u8 = 0x08;
const IS_MASKED: u8 = 0x80;
const LENGTH: u8 = 0x7f;

/// A stream of frames that come in, and of whatever goes out.
pub(crate) struct IntakeStream<S> {
    inner: BufReader<S>,
    intake: Arc<Intake>,
    /// The header that is being read.
    header: Bytes,
    /// A header that is handed on, and how much of it was.
    handed: (Bytes, usize),
    /// Bytes that belong to it.
    piece: u64,
    /// What of the frame comes after that.
    rest: Option<Rest>,
    /// Bytes of all frames of the message so far.
    message: u64,
    permits: Permits,
    waiting: Option<Waiting>,
}

type Waiting = Pin<Box<dyn Future<Output = Result<Permits, IntakeError>> + Send>>;

/// A header, or its beginning.
#[derive(Debug, Clone, Copy, Default)]
struct Bytes {
    bytes: [u8; HEADER],
    length: usize,
}

/// What is left of a frame.
#[derive(Debug)]
struct Rest {
    /// First byte of the next fragment's header, but for the end.
    first: u8,
    /// Whether the message ends with it.
    fin: bool,
    mask: [u8; 4],
    left: u64,
}

impl<S: AsyncRead> IntakeStream<S> {
    /// Reads frames from `inner`.
    pub(crate) fn new(inner: S, intake: Arc<Intake>) -> Self {
        Self {
            inner: BufReader::with_capacity(limits::READ_BYTES, inner),
            intake,
            header: Bytes::default(),
            handed: (Bytes::default(), 0),
            piece: 0,
            rest: None,
            message: 0,
            permits: Permits::default(),
            waiting: None,
        }
    }

    /// What is below, without what was read ahead.
    pub(crate) fn into_inner(self) -> S {
        self.inner.into_inner()
    }

    /// Begins a frame whose header is complete.
    fn begin(&mut self) -> Result<(), IntakeError> {
        let header = std::mem::take(&mut self.header);
        let [first, second, ..] = header.bytes;
        let masked = second & IS_MASKED != 0;
        let length = header.payload();
        if first & IS_CONTROL != 0 {
            if !masked || length > CONTROL || first & FIN == 0 {
                return Err(IntakeError::Invalid);
            }
            self.handed = (header, 0);
            self.piece = length;
            return Ok(());
        }
        if !masked {
            return Err(IntakeError::Invalid);
        }
        self.message = self.message.saturating_add(length);
        let message = usize::try_from(self.message).unwrap_or(usize::MAX);
        if message > limits::MESSAGE_BYTES {
            return Err(IntakeError::TooLong);
        }
        if message > limits::SMALL_BYTES {
            let more = message - self.permits.bytes;
            self.waiting = Some(Box::pin(self.intake.clone().room(more)));
        }
        let mut mask = [0; 4];
        mask.copy_from_slice(&header.bytes[header.length - 4..header.length]);
        self.rest = Some(Rest {
            first: first & !FIN,
            fin: first & FIN != 0,
            mask,
            left: length,
        });
        Ok(())
    }

    /// Hands on the header of the next piece of a frame.
    fn hand_on(&mut self, mut rest: Rest) {
        let length = rest.left.min(limits::READ_BYTES as u64);
        rest.left -= length;
        let ends = rest.left == 0;
        let mut first = rest.first;
        if ends && rest.fin {
            first |= FIN;
            self.message = 0;
            self.intake.complete(std::mem::take(&mut self.permits));
        }
        self.handed = (Bytes::of_piece(first, length, rest.mask), 0);
        self.piece = length;
        // A continuation. The mask repeats after 4 bytes, and a piece that is not the last has a
        // multiple of that.
        rest.first = 0;
        self.rest = (!ends).then_some(rest);
    }
}

impl<S: AsyncRead + Unpin> IntakeStream<S> {
    /// Reads until the header is complete. Not so at the end of the stream.
    fn poll_header(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        while self.header.length < self.header.needed() {
            let needed = self.header.needed();
            let mut buffer = ReadBuf::new(&mut self.header.bytes[self.header.length..needed]);
            ready!(Pin::new(&mut self.inner).poll_read(context, &mut buffer))?;
            let read = buffer.filled().len();
            if read == 0 {
                return Poll::Ready(Ok(false));
            }
            self.header.length += read;
        }
        Poll::Ready(Ok(true))
    }
}

impl Bytes {
    /// The header of a masked frame of at most 65,535 bytes.
    fn of_piece(first: u8, length: u64, mask: [u8; 4]) -> Self {
        let mut header = Self::default();
        header.push(&[first]);
        match u8::try_from(length) {
            Ok(short) if u64::from(short) <= CONTROL => header.push(&[IS_MASKED | short]),
            _ => {
                header.push(&[IS_MASKED | 126]);
                header.push(&length.to_be_bytes()[6..]);
            }
        }
        header.push(&mask);
        header
    }

    fn push(&mut self, bytes: &[u8]) {
        self.bytes[self.length..self.length + bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    /// How long it will be, as far as it shows.
    fn needed(&self) -> usize {
        if self.length < 2 {
            return 2;
        }
        let second = self.bytes[1];
        let length = match second & LENGTH {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let mask = if second & IS_MASKED == 0 { 0 } else { 4 };
        2 + length + mask
    }

    /// Bytes of the frame after this header.
    fn payload(&self) -> u64 {
        let long = |bytes: &[u8]| {
            bytes
                .iter()
                .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
        };
        match self.bytes[1] & LENGTH {
            126 => long(&self.bytes[2..4]),
            127 => long(&self.bytes[2..10]),
            short => u64::from(short),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for IntakeStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            let (header, from) = &mut this.handed;
            if *from < header.length {
                let bytes = &header.bytes[*from..header.length];
                let count = bytes.len().min(buffer.remaining());
                buffer.put_slice(&bytes[..count]);
                *from += count;
                return Poll::Ready(Ok(()));
            }
            if this.piece > 0 {
                let most = usize::try_from(this.piece).unwrap_or(usize::MAX);
                let most = most.min(buffer.remaining());
                let mut part = ReadBuf::new(buffer.initialize_unfilled_to(most));
                ready!(Pin::new(&mut this.inner).poll_read(context, &mut part))?;
                let read = part.filled().len();
                buffer.advance(read);
                this.piece -= read as u64;
                return Poll::Ready(Ok(()));
            }
            if let Some(waiting) = &mut this.waiting {
                let found = ready!(waiting.as_mut().poll(context));
                this.waiting = None;
                this.permits.add(found.map_err(io::Error::other)?);
            }
            if let Some(rest) = this.rest.take() {
                this.hand_on(rest);
                continue;
            }
            if !ready!(this.poll_header(context))? {
                return Poll::Ready(Ok(()));
            }
            this.begin().map_err(io::Error::other)?;
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for IntakeStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }
}
