//! Reads what the worker says, what it is asked, and what tabs say to each other.
//!
//! The readers that serde derives are made once for each type and each way a field can be missing
//! or double, and were a quarter of the program. These are small, and do the same for what
//! serde has written: a test reads back one of every kind of message.

mod ask;
mod basic;
mod message;
mod record;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;

use serde_json::{Map, Value};

use super::protocol::{FromWorker, ToWorker};

/// A message that is not what it should be: the field where it is wrong, or what is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unexpected value of {0}")]
pub struct DecodeError(pub &'static str);

/// Can be read from JSON.
pub trait Decode: Sized {
    /// Reads it.
    fn decode(value: Value) -> Result<Self, DecodeError>;
}

/// Reads a message of the worker.
pub fn message(text: &str) -> Result<FromWorker, DecodeError> {
    read(text)
}

/// Reads a message of the page.
pub fn asked(text: &str) -> Result<ToWorker, DecodeError> {
    read(text)
}

/// Reads JSON.
pub(crate) fn read<T: Decode>(text: &str) -> Result<T, DecodeError> {
    let value: Value = serde_json::from_str(text).map_err(|_| DecodeError("the JSON"))?;
    T::decode(value)
}

/// The fields of an object that are still to be read.
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    /// Those of an object.
    pub(crate) fn of(value: Value, what: &'static str) -> Result<Self, DecodeError> {
        match value {
            Value::Object(map) => Ok(Self(map)),
            _ => Err(DecodeError(what)),
        }
    }

    /// The fields of an object; none of anything else.
    pub(crate) fn of_any(value: Value) -> Self {
        match value {
            Value::Object(map) => Self(map),
            _ => Self(Map::new()),
        }
    }

    fn take(&mut self, name: &str) -> Value {
        self.0.remove(name).unwrap_or(Value::Null)
    }

    /// Reads one.
    pub(crate) fn read<T: Decode>(&mut self, name: &'static str) -> Result<T, DecodeError> {
        T::decode(self.take(name)).map_err(|_| DecodeError(name))
    }
}

/// The name of a variant, and what is in it.
pub(crate) fn variant(value: Value, what: &'static str) -> Result<(String, Value), DecodeError> {
    match value {
        Value::String(name) => Ok((name, Value::Null)),
        Value::Object(map) => map.into_iter().next().ok_or(DecodeError(what)),
        _ => Err(DecodeError(what)),
    }
}

/// Types whose fields are read one by one. A field that is forgotten here does not compile.
macro_rules! objects {
    ($($type:ty { $($field:ident),+ $(,)? })+) => {$(
        impl $crate::app::decode::Decode for $type {
            fn decode(value: serde_json::Value) -> Result<Self, $crate::app::decode::DecodeError> {
                let mut fields = $crate::app::decode::Fields::of(value, stringify!($type))?;
                Ok(Self { $($field: fields.read(stringify!($field))?),+ })
            }
        }
    )+};
}

/// Types that are one of several words.
macro_rules! words {
    ($($type:ident { $($word:literal => $variant:ident),+ $(,)? })+) => {$(
        impl $crate::app::decode::Decode for $type {
            fn decode(value: serde_json::Value) -> Result<Self, $crate::app::decode::DecodeError> {
                match value.as_str() {
                    $(Some($word) => Ok(Self::$variant),)+
                    _ => Err($crate::app::decode::DecodeError(stringify!($type))),
                }
            }
        }
    )+};
}

pub(crate) use objects;
use words;
