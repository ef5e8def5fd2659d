//! Reads numbers, texts, names and collections.

use std::collections::BTreeMap;
use std::str::FromStr;

use meltemi_core::id::{DocumentId, RecordRef};
use meltemi_core::record::FieldPath;
use meltemi_core::time::Timestamp;
use serde_json::{Map, Value};

use super::{Decode, DecodeError};

impl Decode for Value {
    fn decode(value: Value) -> Result<Self, DecodeError> {
        Ok(value)
    }
}

impl Decode for String {
    fn decode(value: Value) -> Result<Self, DecodeError> {
        match value {
            Value::String(text) => Ok(text),
            _ => Err(DecodeError("text")),
        }
    }
}

impl Decode for bool {
    fn decode(value: Value) -> Result<Self, DecodeError> {
        value.as_bool().ok_or(DecodeError("flag"))
    }
}

impl Decode for u64 {
    fn decode(value: Value) -> Result<Self, DecodeError> {
        value.as_u64().ok_or(DecodeError("number"))
    }
}

impl Decode for i64 {
    fn decode(value: Value) -> Result<Self, DecodeError> {
        value.as_i64().ok_or(DecodeError("number"))
    }
}

impl Decode for u16 {
    fn decode(value: Value) -> Result<Self, DecodeError> {
        u64::decode(value)?
            .try_into()
            .map_err(|_| DecodeError("number"))
    }
}

impl Decode for [u8; 32] {
    fn decode(value: Value) -> Result<Self, DecodeError> {
        let mut bytes = Vec::with_capacity(32);
        for number in Vec::<u64>::decode(value)? {
            bytes.push(u8::try_from(number).map_err(|_| DecodeError("byte"))?);
        }
        bytes.try_into().map_err(|_| DecodeError("bytes"))
    }
}

impl Decode for usize {
    fn decode(value: Value) -> Result<Self, DecodeError> {
        u64::decode(value)?
            .try_into()
            .map_err(|_| DecodeError("number"))
    }
}

impl Decode for Timestamp {
    fn decode(value: Value) -> Result<Self, DecodeError> {
        u64::decode(value).map(Self)
    }
}

impl Decode for DocumentId {
    fn decode(value: Value) -> Result<Self, DecodeError> {
        parse(&value)
    }
}

impl Decode for RecordRef {
    fn decode(value: Value) -> Result<Self, DecodeError> {
        parse(&value)
    }
}

impl Decode for FieldPath {
    fn decode(value: Value) -> Result<Self, DecodeError> {
        parse(&value)
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(value: Value) -> Result<Self, DecodeError> {
        if value.is_null() {
            Ok(None)
        } else {
            T::decode(value).map(Some)
        }
    }
}

impl<T: Decode> Decode for Box<T> {
    fn decode(value: Value) -> Result<Self, DecodeError> {
        T::decode(value).map(Self::new)
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(value: Value) -> Result<Self, DecodeError> {
        let Value::Array(items) = value else {
            return Err(DecodeError("list"));
        };
        let mut all = Self::with_capacity(items.len());
        for item in items {
            all.push(T::decode(item)?);
        }
        Ok(all)
    }
}

impl<A: Decode, B: Decode> Decode for (A, B) {
    fn decode(value: Value) -> Result<Self, DecodeError> {
        let mut items = Vec::<Value>::decode(value)?.into_iter();
        match (items.next(), items.next(), items.next()) {
            (Some(a), Some(b), None) => Ok((A::decode(a)?, B::decode(b)?)),
            _ => Err(DecodeError("pair")),
        }
    }
}

impl Decode for Map<String, Value> {
    fn decode(value: Value) -> Result<Self, DecodeError> {
        match value {
            Value::Object(map) => Ok(map),
            _ => Err(DecodeError("object")),
        }
    }
}

impl<T: Decode> Decode for BTreeMap<String, T> {
    fn decode(value: Value) -> Result<Self, DecodeError> {
        let mut all = Self::new();
        for (key, value) in Map::decode(value)? {
            all.insert(key, T::decode(value)?);
        }
        Ok(all)
    }
}

fn parse<T: FromStr>(value: &Value) -> Result<T, DecodeError> {
    value
        .as_str()
        .and_then(|text| text.parse().ok())
        .ok_or(DecodeError("name"))
}
