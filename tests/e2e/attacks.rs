//! Attacks on a running server, by plain and by Meltemi clients.
//!
//! Whatever they try is refused with its code, stores nothing and leaves the server small, and
//! others are served meanwhile. `peer.rs` is a client that says what it is told to say, `world.rs`
//! what is looked at before and after.

mod authors;
mod changes;
mod floods;
mod frames;
mod http;
pub(crate) mod peer;
mod poison;
mod world;
