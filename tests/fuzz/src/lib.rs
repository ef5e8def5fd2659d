//! What fuzzing calls with arbitrary bytes, one function a target, and valid bytes to begin with.
//!
//! No fuzzer is in here: `main.rs` hands these functions to libFuzzer, and a test hands them every
//! crasher that was kept. A new target is one entry of [`TARGETS`] and a module with its two
//! functions.

pub mod bytes;
mod chunk;
mod chunks;
mod collection;
mod engine;
mod exchange;
mod frame;
mod server;
mod stored;
mod sync_message;
mod valid;

/// Something that must bear any bytes.
#[derive(Debug)]
pub struct Target {
    /// Its name on the command line, and of its folders.
    pub name: &'static str,
    /// Takes the bytes. Panics if anything that must hold does not.
    pub run: fn(&[u8]),
    /// Bytes that reach deep, made by the engine itself.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All of them.
pub static TARGETS: [Target; 8] = [
    Target {
        name: "frame",
        run: frame::run,
        seeds: frame::seeds,
    },
    Target {
        name: "sync_message",
        run: sync_message::run,
        seeds: sync_message::seeds,
    },
    Target {
        name: "change",
        run: chunks::change,
        seeds: chunks::change_seeds,
    },
    Target {
        name: "document_chunk",
        run: chunks::document,
        seeds: chunks::document_seeds,
    },
    Target {
        name: "stored_chunk",
        run: stored::run,
        seeds: stored::seeds,
    },
    Target {
        name: "engine",
        run: engine::run,
        seeds: engine::seeds,
    },
    Target {
        name: "exchange",
        run: exchange::run,
        seeds: exchange::seeds,
    },
    Target {
        name: "collection",
        run: collection::run,
        seeds: collection::seeds,
    },
];
