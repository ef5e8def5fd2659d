//! Personal data: names, addresses, secrets. What is wrapped here does not get into a log by
//! accident.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A value that is never printed. It is stored and sent as it is.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sensitive<T>(T);

impl<T> Sensitive<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for those who have to see it.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The value alone.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Sensitive<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn what_is_sensitive_is_not_printed() {
        let name = Sensitive::new("Amina".to_owned());
        assert_eq!(format!("{:?}", Some(&name)), "Some(…)");
        assert_eq!(name.expose(), "Amina");
    }

    #[test]
    fn what_is_sensitive_is_stored_as_it_is() {
        let name = Sensitive::new("Amina".to_owned());
        assert_eq!(serde_json::to_string(&name).expect("JSON"), "\"Amina\"");
    }
}
