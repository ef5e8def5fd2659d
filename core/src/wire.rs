//! The wire: frames of automerge-repo protocol version 1, and what Meltemi adds to it.
//!
//! One WebSocket binary message is one frame: a CBOR map with text keys. What
//! is added is declared in the handshake and never needed by a plain client.

pub mod decode;
pub mod encode;
pub mod exchange;
pub mod frame;
pub mod limits;
