//! What bytes must pass before Automerge sees them: limits, attacks, and that nothing panics.

mod attacks;
mod honest;
#[cfg(not(target_arch = "wasm32"))]
mod mutations;
