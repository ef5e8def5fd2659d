//! The wire: bytes that never change unnoticed, and a document that agrees with them.

mod digest;
mod document;
mod frames;
mod limits;
#[cfg(not(target_arch = "wasm32"))]
mod properties;
mod session;
