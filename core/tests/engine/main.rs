//! What the engine promises, one connection and one disk answer at a time.

mod bench;
#[cfg(not(target_arch = "wasm32"))]
mod collection;
mod device;
mod refused;
mod server;
