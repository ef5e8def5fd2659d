//! The program that makes a key from a PIN: a third one, so that nobody downloads it who has no
//! PIN. It puts one function into the global scope of the worker, which the worker calls.

#[cfg(target_arch = "wasm32")]
fn main() {
    use js_sys::{Reflect, Uint8Array};
    use wasm_bindgen::prelude::*;

    /// Bytes of the key.
    const KEY: usize = 32;

    fn key(pin: &[u8], salt: &[u8], memory: u32, passes: u32) -> Option<[u8; KEY]> {
        use argon2::{Algorithm, Argon2, Params, Version};

        let params = Params::new(memory, passes, 1, Some(KEY)).ok()?;
        let mut key = [0; KEY];
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon2.hash_password_into(pin, salt, &mut key).ok()?;
        Some(key)
    }

    type Make = dyn Fn(Uint8Array, Uint8Array, u32, u32) -> JsValue;
    let make =
        Closure::<Make>::new(|pin: Uint8Array, salt: Uint8Array, memory, passes| {
            match key(&pin.to_vec(), &salt.to_vec(), memory, passes) {
                Some(key) => Uint8Array::from(&key[..]).into(),
                None => JsValue::UNDEFINED,
            }
        });
    // The global scope takes every property.
    drop(Reflect::set(
        &js_sys::global(),
        &"makeKey".into(),
        &make.into_js_value(),
    ));
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {}
