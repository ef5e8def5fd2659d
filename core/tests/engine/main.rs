//! What the engine promises, one connection and one disk answer at a time.

mod authors;
mod bench;
mod device;
mod hostile;
mod refused;
mod server;
