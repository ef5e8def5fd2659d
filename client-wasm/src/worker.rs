//! The program of the worker: holds the engine, apart from the screen.

fn main() {
    #[cfg(target_arch = "wasm32")]
    meltemi_client::driver::start();
}
