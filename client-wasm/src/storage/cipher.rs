//! Encryption of what is stored, by the browser: AES-GCM with 256 bits. Each value has a nonce of
//! its own and is bound to the place where it lies.

use std::rc::Rc;

use js_sys::{Array, Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AesGcmParams, CryptoKey, SubtleCrypto};

use super::database::Fault;
use crate::scope;

/// Bytes of a nonce, which stands before what is encrypted with it.
const NONCE: usize = 12;
/// What the key of the records is bound to.
const KEY: &[u8] = b"meltemi key";
/// Values worked on at once.
const PAGE: usize = 256;

/// The key of the records. It cannot be read out of the browser.
#[derive(Clone)]
pub(crate) struct Cipher {
    key: CryptoKey,
    /// What it was decrypted from.
    wrapped: Rc<[u8]>,
}

/// The key made from a PIN.
pub(super) struct PinKey(CryptoKey);

/// A value and where it lies.
pub(super) trait Placed {
    /// What it is bound to.
    fn place(&self) -> Vec<u8>;
    /// The value, if there is one.
    fn value(&mut self) -> Option<&mut Vec<u8>>;
}

/// The name of a place in a store.
pub(super) fn place(store: &str, key: &[u8]) -> Vec<u8> {
    [store.as_bytes(), b"/", key].concat()
}

impl Cipher {
    /// Whether it is the key that is encrypted here, and not that of another lock.
    pub(crate) fn is_of(&self, wrapped: &[u8]) -> bool {
        *self.wrapped == *wrapped
    }

    /// Encrypts values in their place.
    pub(super) async fn seal<T: Placed>(&self, values: &mut [T]) -> Result<(), Fault> {
        for values in values.chunks_mut(PAGE) {
            let mut sealing = Vec::new();
            for one in values.iter_mut() {
                let place = one.place();
                let Some(value) = one.value() else { continue };
                let nonce = nonce()?;
                let promise = subtle()?
                    .encrypt_with_object_and_js_u8_array(
                        &params(&nonce, &place),
                        &self.key,
                        &Uint8Array::from(&value[..]),
                    )
                    .map_err(fault)?;
                sealing.push((value, nonce, JsFuture::from(promise)));
            }
            for (value, nonce, sealed) in sealing {
                let sealed = Uint8Array::new(&sealed.await.map_err(fault)?);
                *value = nonce.to_vec();
                value.extend(sealed.to_vec());
            }
        }
        Ok(())
    }

    /// Decrypts values in their place. What is damaged, or lies elsewhere than it was put, becomes
    /// nothing.
    pub(super) async fn open<T: Placed>(&self, values: &mut [T]) -> Result<(), Fault> {
        for values in values.chunks_mut(PAGE) {
            let mut opening = Vec::new();
            for one in values.iter_mut() {
                let place = one.place();
                let Some(value) = one.value() else { continue };
                let Some((nonce, sealed)) = value.split_at_checked(NONCE) else {
                    value.clear();
                    continue;
                };
                let promise = subtle()?
                    .decrypt_with_object_and_js_u8_array(
                        &params(nonce, &place),
                        &self.key,
                        &Uint8Array::from(sealed),
                    )
                    .map_err(fault)?;
                opening.push((value, JsFuture::from(promise)));
            }
            for (value, opened) in opening {
                *value = match opened.await {
                    Ok(opened) => Uint8Array::new(&opened).to_vec(),
                    Err(_) => Vec::new(),
                };
            }
        }
        Ok(())
    }
}

impl PinKey {
    /// The key with these bytes.
    pub(super) async fn import(bytes: &Uint8Array) -> Result<Self, Fault> {
        let promise = subtle()?
            .import_key_with_str(
                "raw",
                bytes,
                "AES-GCM",
                false,
                &uses("wrapKey", "unwrapKey"),
            )
            .map_err(fault)?;
        Ok(Self(key(promise).await?))
    }

    /// A new key for records, encrypted.
    pub(super) async fn make(&self) -> Result<Vec<u8>, Fault> {
        let algorithm = Object::new();
        let set = |name: &str, value: JsValue| Reflect::set(&algorithm, &name.into(), &value);
        set("name", "AES-GCM".into()).map_err(fault)?;
        set("length", 256.into()).map_err(fault)?;
        let promise = subtle()?
            .generate_key_with_object(&algorithm, true, &uses("encrypt", "decrypt"))
            .map_err(fault)?;
        self.wrap(&key(promise).await?).await
    }

    /// The key of the records, if this is the key it was encrypted with.
    pub(super) async fn unwrap(&self, wrapped: &[u8]) -> Result<Option<Cipher>, Fault> {
        let key = self.unwrapped(wrapped, false).await?;
        Ok(key.map(|key| Cipher {
            key,
            wrapped: wrapped.into(),
        }))
    }

    /// The key of the records, encrypted with another one.
    pub(super) async fn rewrap(
        &self,
        wrapped: &[u8],
        new: &Self,
    ) -> Result<Option<Vec<u8>>, Fault> {
        match self.unwrapped(wrapped, true).await? {
            Some(key) => new.wrap(&key).await.map(Some),
            None => Ok(None),
        }
    }

    async fn wrap(&self, key: &CryptoKey) -> Result<Vec<u8>, Fault> {
        let nonce = nonce()?;
        let promise = subtle()?
            .wrap_key_with_object("raw", key, &self.0, &params(&nonce, KEY))
            .map_err(fault)?;
        let sealed = JsFuture::from(promise).await.map_err(fault)?;
        let mut wrapped = nonce.to_vec();
        wrapped.extend(Uint8Array::new(&sealed).to_vec());
        Ok(wrapped)
    }

    async fn unwrapped(&self, wrapped: &[u8], readable: bool) -> Result<Option<CryptoKey>, Fault> {
        let Some((nonce, sealed)) = wrapped.split_at_checked(NONCE) else {
            return Ok(None);
        };
        let promise = subtle()?
            .unwrap_key_with_js_u8_array_and_object_and_str(
                "raw",
                &Uint8Array::from(sealed),
                &self.0,
                &params(nonce, KEY),
                "AES-GCM",
                readable,
                &uses("encrypt", "decrypt"),
            )
            .map_err(fault)?;
        Ok(key(promise).await.ok())
    }
}

fn subtle() -> Result<SubtleCrypto, Fault> {
    Ok(scope::worker().crypto().map_err(fault)?.subtle())
}

fn params(nonce: &[u8], place: &[u8]) -> AesGcmParams {
    let params = AesGcmParams::new_with_u8_array("AES-GCM", &Uint8Array::from(nonce));
    params.set_additional_data_u8_array(&Uint8Array::from(place));
    params
}

fn uses(one: &str, other: &str) -> JsValue {
    Array::of2(&one.into(), &other.into()).into()
}

fn nonce() -> Result<[u8; NONCE], Fault> {
    let mut nonce = [0; NONCE];
    let crypto = scope::worker().crypto().map_err(fault)?;
    crypto
        .get_random_values_with_u8_array(&mut nonce)
        .map_err(fault)?;
    Ok(nonce)
}

async fn key(promise: js_sys::Promise) -> Result<CryptoKey, Fault> {
    JsFuture::from(promise)
        .await
        .map_err(fault)?
        .dyn_into()
        .map_err(fault)
}

fn fault(error: JsValue) -> Fault {
    Fault::Other(format!("{error:?}"))
}
