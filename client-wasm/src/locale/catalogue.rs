//! The texts of one language, as its locale file has them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Argument;
use crate::app::decode::{Decode, DecodeError};

/// The texts of a language by their keys.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Catalogue {
    texts: BTreeMap<String, Text>,
}

/// A text, or one for each plural category of the language.
#[derive(Debug, Clone, PartialEq)]
enum Text {
    One(String),
    Plural(BTreeMap<String, String>),
}

impl Decode for Text {
    fn decode(value: Value) -> Result<Self, DecodeError> {
        match value {
            Value::String(text) => Ok(Self::One(text)),
            forms => Decode::decode(forms).map(Self::Plural),
        }
    }
}

impl Catalogue {
    /// Reads a locale file.
    pub fn parse(json: &str) -> Result<Self, DecodeError> {
        let value: Value = serde_json::from_str(json).map_err(|_| DecodeError("the JSON"))?;
        Ok(Self {
            texts: Decode::decode(value)?,
        })
    }

    /// Adds the texts of another file.
    pub fn add(&mut self, other: Self) {
        self.texts.extend(other.texts);
    }

    /// The text of a key; of a counted one the form for many.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.plural(key, "other")
    }

    /// The text of a key for a plural category of CLDR.
    pub fn plural(&self, key: &str, category: &str) -> Option<&str> {
        match self.texts.get(key)? {
            Text::One(text) => Some(text),
            Text::Plural(forms) => forms
                .get(category)
                .or_else(|| forms.get("other"))
                .map(String::as_str),
        }
    }

    /// All keys.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().map(String::as_str)
    }
}

/// Replaces each `{name}` that there is an argument for.
pub fn fill(text: &str, arguments: &[Argument<'_>]) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let found = after.split_once('}').and_then(|(name, after)| {
            let (_, value) = arguments.iter().find(|(known, _)| *known == name)?;
            Some((value, after))
        });
        rest = match found {
            Some((value, after)) => {
                out.push_str(&value.to_string());
                after
            }
            None => {
                out.push('{');
                after
            }
        };
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_and_others_stay() {
        assert_eq!(fill("{a} of {b}", &[("a", &4), ("b", &"16")]), "4 of 16");
        assert_eq!(fill("{a} {c} {", &[("a", &"{b}"), ("b", &1)]), "{b} {c} {");
        assert_eq!(fill("plain", &[]), "plain");
    }

    #[test]
    fn plural_forms_fall_back_to_other() {
        let json = r#"{ "n": { "one": "{count} change", "other": "{count} changes" }, "s": "x" }"#;
        let words = Catalogue::parse(json).expect("a locale file");
        assert_eq!(words.plural("n", "one"), Some("{count} change"));
        assert_eq!(words.plural("n", "few"), Some("{count} changes"));
        assert_eq!(words.plural("s", "one"), Some("x"));
        assert_eq!(words.text("missing"), None);
        assert!(Catalogue::parse("{").is_err());
    }
}
