//! The program of the page of administration: a second one, so that nobody downloads it who only
//! writes records.

#[cfg(target_arch = "wasm32")]
fn main() {
    meltemi_client::office::start();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {}
