//! What the engine promises, one connection and one disk answer at a time.

mod access;
mod authors;
mod bench;
#[cfg(not(target_arch = "wasm32"))]
mod collection;
mod device;
mod hostile;
mod mirror;
mod refused;
mod server;
mod workspace;
