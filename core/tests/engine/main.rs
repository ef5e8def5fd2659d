//! What the engine promises, one connection and one disk answer at a time.

mod access;
mod authors;
mod bench;
mod bounds;
#[cfg(not(target_arch = "wasm32"))]
mod collection;
mod device;
mod hostile;
mod meanwhile;
mod mirror;
mod refused;
mod refused_whole;
mod relay;
mod repeated;
mod server;
mod workspace;
