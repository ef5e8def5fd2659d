//! Which of a record's names to show.

use std::collections::BTreeMap;

use meltemi_core::id::RecordRef;

/// A name and the language it is in; empty when the language is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Title {
    /// The name.
    pub text: String,
    /// Its language.
    pub language: String,
}

/// The name for a reader of `language`, or `None` when there is none.
pub fn choose(titles: &BTreeMap<String, String>, language: &str) -> Option<Title> {
    let filled = |code: &str| {
        titles
            .get_key_value(code)
            .filter(|(_, text)| !text.trim().is_empty())
    };
    let (code, text) = [language, "und", "en", "fr"]
        .into_iter()
        .find_map(filled)
        .or_else(|| titles.iter().find(|(_, text)| !text.trim().is_empty()))?;
    let language = if code == "und" {
        String::new()
    } else {
        code.clone()
    };
    Some(Title {
        text: text.clone(),
        language,
    })
}

/// The record whose name a record without a name of its own bears.
pub fn borrowed(title: &Title) -> Option<RecordRef> {
    let reference: RecordRef = title.text.parse().ok()?;
    meltemi_core::record::kind(&reference.kind).map(|_| reference)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect()
    }

    #[test]
    fn the_readers_language_comes_first_then_what_there_is() {
        let all = titles(&[("ar", "عمّان"), ("en", "Amman"), ("fr", "")]);
        let text = |language| choose(&all, language).map(|title| title.text);
        assert_eq!(text("ar").as_deref(), Some("عمّان"));
        assert_eq!(text("fr").as_deref(), Some("Amman"));
        assert_eq!(
            choose(&titles(&[("pt", "Lisboa")]), "en").map(|t| t.language),
            Some("pt".into())
        );
        assert_eq!(choose(&titles(&[]), "en"), None);
    }

    #[test]
    fn a_reference_as_title_is_looked_up() {
        let title = |text: &str| Title {
            text: text.into(),
            language: String::new(),
        };
        assert_eq!(
            borrowed(&title("event/ev14")),
            Some(RecordRef::new("event", "ev14"))
        );
        assert_eq!(borrowed(&title("Housing/health")), None);
        assert_eq!(borrowed(&title("and/or")), None);
    }
}
