//! The line to the server: one WebSocket to `/sync` of the origin this client came from.
//!
//! Frames are never dropped: when the browser's buffer is full they wait here, and when too much
//! waits the line is closed. Whether a silent line is alive, the engine finds out.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use js_sys::{ArrayBuffer, Uint8Array};
use meltemi_core::id::ConnectionId;
use meltemi_core::sync::input::{Input, Role};
use meltemi_core::sync::policy::Principal;
use wasm_bindgen::prelude::*;
use web_sys::{BinaryType, MessageEvent, WebSocket};

use crate::clock::Alarm;
use crate::{log, scope};

/// Bytes that may lie in the browser's buffer before frames wait.
const BUFFERED: u32 = 1024 * 1024;
/// Bytes that may wait before the line is closed.
const WAITING: usize = 64 * 1024 * 1024;
/// Milliseconds after which the buffer is looked at again.
const LOOK_AGAIN: u64 = 20;
/// Milliseconds that opening may take.
const OPENING: u64 = 20_000;
/// Bytes of a reason that a closing frame can hold.
const REASON: usize = 123;

/// Something that happened to a socket, or to the device's network.
#[derive(Debug)]
pub(crate) enum NetworkNews {
    /// A socket is open.
    Open(ConnectionId),
    /// A binary message came in.
    Frame(ConnectionId, Vec<u8>),
    /// A message came in that is none of the protocol.
    Text(ConnectionId),
    /// A socket is closed, or could not be opened.
    Closed(ConnectionId),
    /// Time has passed: opening took too long, or there may be room for frames that wait.
    Rang(ConnectionId),
    /// The device has a network again.
    Online,
    /// The device has lost its network.
    Offline,
}

/// The sockets of this tab. There is one at a time, and one more while an old one closes.
pub(crate) struct Network {
    address: String,
    tell: Rc<dyn Fn(NetworkNews)>,
    sockets: BTreeMap<ConnectionId, Socket>,
    opened: u64,
}

struct Socket {
    socket: WebSocket,
    open: bool,
    waiting: VecDeque<Vec<u8>>,
    /// To be closed for this reason once nothing waits any more.
    closing: Option<String>,
    alarm: Alarm,
    _listeners: [Closure<dyn FnMut(MessageEvent)>; 3],
}

impl Network {
    /// A network without any socket yet, for the records of this member.
    pub(crate) fn new(member: Option<&str>, tell: Rc<dyn Fn(NetworkNews)>) -> Self {
        let worker = scope::worker();
        let listener = |news: fn() -> NetworkNews| {
            let tell = tell.clone();
            Closure::<dyn FnMut()>::new(move || tell(news())).into_js_value()
        };
        worker.set_ononline(Some(listener(|| NetworkNews::Online).unchecked_ref()));
        worker.set_onoffline(Some(listener(|| NetworkNews::Offline).unchecked_ref()));
        let location = worker.location();
        let scheme = if location.protocol() == "https:" {
            "wss"
        } else {
            "ws"
        };
        let mut address = format!("{scheme}://{}/sync", location.host());
        if let Some(member) = member {
            // Should another have signed in meanwhile, the server refuses.
            address.push_str("?member=");
            address.push_str(member);
        }
        Self {
            address,
            tell,
            sockets: BTreeMap::new(),
            opened: 0,
        }
    }

    /// Opens a socket to the server. What comes of it is told as news.
    pub(crate) fn dial(&mut self) -> Option<Input> {
        self.opened += 1;
        let id = ConnectionId(self.opened);
        match Socket::open(&self.address, id, &self.tell) {
            Ok(socket) => {
                self.sockets.insert(id, socket);
                None
            }
            Err(_) => Some(Input::DialFailed),
        }
    }

    /// Sends a frame, now or when there is room.
    pub(crate) fn send(&mut self, id: ConnectionId, bytes: Vec<u8>) -> Option<Input> {
        let socket = self.sockets.get_mut(&id)?;
        socket.waiting.push_back(bytes);
        if socket.drain() {
            None
        } else {
            self.drop_line(id)
        }
    }

    /// Closes a socket after what was sent so far.
    pub(crate) fn close(&mut self, id: ConnectionId, reason: String) {
        if let Some(socket) = self.sockets.get_mut(&id) {
            socket.closing = Some(reason);
            self.drain(id);
        }
    }

    /// What the engine has to know of the news.
    pub(crate) fn hear(&mut self, news: NetworkNews) -> Option<Input> {
        match news {
            NetworkNews::Open(id) => {
                let socket = self.sockets.get_mut(&id)?;
                socket.alarm.clear();
                socket.open = true;
                let principal = Principal::built_in();
                Some(Input::Connected {
                    connection: id,
                    role: Role::Dialer,
                    principal,
                })
            }
            NetworkNews::Frame(id, bytes) => {
                let socket = self.sockets.get(&id)?;
                socket.closing.is_none().then_some(Input::Frame {
                    connection: id,
                    bytes,
                })
            }
            NetworkNews::Text(id) => {
                log::warn("the server sent a text message; closing the line");
                self.drop_line(id)
            }
            NetworkNews::Closed(id) => self.drop_line(id),
            NetworkNews::Rang(id) if self.sockets.get(&id)?.open => self.drain(id),
            NetworkNews::Rang(id) => self.drop_line(id),
            NetworkNews::Online => Some(Input::Reconnect),
            NetworkNews::Offline => {
                let id = *self.sockets.iter().find(|(_, socket)| socket.open)?.0;
                self.drop_line(id)
            }
        }
    }

    fn drain(&mut self, id: ConnectionId) -> Option<Input> {
        let socket = self.sockets.get_mut(&id)?;
        if !socket.drain() {
            return self.drop_line(id);
        }
        if let (true, Some(reason)) = (socket.waiting.is_empty(), &socket.closing) {
            let reason = &reason[..reason.floor_char_boundary(REASON)];
            let _ = socket.socket.close_with_code_and_reason(1000, reason);
            self.sockets.remove(&id);
        }
        None
    }

    /// Forgets a socket, and what the engine has to know of it.
    fn drop_line(&mut self, id: ConnectionId) -> Option<Input> {
        let socket = self.sockets.remove(&id)?;
        match (socket.open, &socket.closing) {
            (true, None) => Some(Input::Disconnected { connection: id }),
            (false, None) => Some(Input::DialFailed),
            // The engine has closed it itself.
            (_, Some(_)) => None,
        }
    }
}

impl Socket {
    fn open(
        address: &str,
        id: ConnectionId,
        tell: &Rc<dyn Fn(NetworkNews)>,
    ) -> Result<Self, JsValue> {
        let socket = WebSocket::new(address)?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let listener = |news: fn(ConnectionId, &JsValue) -> NetworkNews| {
            let tell = tell.clone();
            Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
                tell(news(id, &event.into()));
            })
        };
        let opened = listener(|id, _| NetworkNews::Open(id));
        // An error is always followed by the closing.
        let closed = listener(|id, _| NetworkNews::Closed(id));
        let message = listener(|id, event| {
            let data = event.unchecked_ref::<MessageEvent>().data();
            match data.dyn_ref::<ArrayBuffer>() {
                Some(buffer) => NetworkNews::Frame(id, Uint8Array::new(buffer).to_vec()),
                None => NetworkNews::Text(id),
            }
        });
        socket.set_onopen(Some(opened.as_ref().unchecked_ref()));
        socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
        let rang = tell.clone();
        let alarm = Alarm::new(move || rang(NetworkNews::Rang(id)));
        alarm.set(OPENING);
        let listeners = [opened, closed, message];
        let waiting = VecDeque::new();
        Ok(Self {
            socket,
            open: false,
            waiting,
            closing: None,
            alarm,
            _listeners: listeners,
        })
    }

    /// Sends what there is room for. False when the line can not be used any more.
    fn drain(&mut self) -> bool {
        while self.socket.buffered_amount() < BUFFERED {
            let Some(bytes) = self.waiting.pop_front() else {
                return true;
            };
            if self.socket.send_with_u8_array(&bytes).is_err() {
                return false;
            }
        }
        self.alarm.set(LOOK_AGAIN);
        self.waiting.iter().map(Vec::len).sum::<usize>() <= WAITING
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onclose(None);
        self.socket.set_onmessage(None);
        // Harmless when it is closing already.
        let _ = self.socket.close();
    }
}
