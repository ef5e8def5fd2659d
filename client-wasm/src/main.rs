//! The one program of the client. In the page it draws the screen, in the worker it holds the
//! engine: one file to download, compiled once, shared by both.

#[cfg(target_arch = "wasm32")]
fn main() {
    use meltemi_client::{driver, page};

    if page::is_here() {
        page::start();
    } else {
        driver::start();
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {}
