//! What the engine promises, one connection and one disk answer at a time.

mod bench;
mod device;
mod mirror;
mod server;
