//! The program of the page: the worker is started, the language loaded, the screen drawn.

#[cfg(target_arch = "wasm32")]
fn main() {
    use std::rc::Rc;

    use meltemi_client::app::port::Outside;
    use meltemi_client::bridge::Bridge;
    use meltemi_client::platform::{self, Browser};
    use meltemi_client::ui;

    wasm_bindgen_futures::spawn_local(async {
        let bridge = match Bridge::start() {
            Ok(bridge) => bridge,
            Err(error) => wasm_bindgen::throw_val(error),
        };
        let language = platform::chosen_language();
        let outside = Outside {
            port: Rc::new(bridge),
            device: Rc::new(Browser),
        };
        ui::start(outside, language);
    });
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {}
