//! Vocabularies: the words a coded field may hold. Their labels live in the locale files.

mod words;

pub use self::words::*;

/// A list of words with a name.
///
/// The order matters where a field merges as [`super::Merge::Strictest`]: a later word is stricter.
#[derive(Debug, PartialEq, Eq)]
pub struct Vocabulary {
    /// Name in texts (`vocabulary.modality.online`) and exports.
    pub name: &'static str,
    /// The words this version has labels for, in the order in which menus list them.
    pub words: &'static [&'static str],
    /// Whether a programme may use words of its own beside these.
    pub open: bool,
}

impl Vocabulary {
    const fn closed(name: &'static str, words: &'static [&'static str]) -> Self {
        Self {
            name,
            words,
            open: false,
        }
    }

    const fn open(name: &'static str, words: &'static [&'static str]) -> Self {
        Self {
            name,
            words,
            open: true,
        }
    }

    /// Whether `word` is listed here. An open vocabulary allows others too: see [`Self::allows`].
    pub const fn contains(&self, word: &str) -> bool {
        self.position(word).is_some()
    }

    /// Where `word` stands in the list: for strictest-wins fields, how strict it is.
    pub const fn position(&self, word: &str) -> Option<usize> {
        let mut at = 0;
        while at < self.words.len() {
            if same(self.words[at], word) {
                return Some(at);
            }
            at += 1;
        }
        None
    }

    /// Whether a field with this vocabulary may hold `word`: a listed one, or in an open
    /// vocabulary any of the form a-z, 0-9, `_`.
    pub const fn allows(&self, word: &str) -> bool {
        self.contains(word) || (self.open && is_word(word))
    }
}

/// Whether `text` has the form of a word: 1 to 64 characters of a-z, 0-9, `_`.
pub const fn is_word(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !(bytes[at].is_ascii_lowercase() || bytes[at].is_ascii_digit() || bytes[at] == b'_') {
            return false;
        }
        at += 1;
    }
    !bytes.is_empty() && bytes.len() <= 64
}

const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn words_have_the_form_of_words_and_stand_once() {
        for vocabulary in VOCABULARIES {
            for (at, word) in vocabulary.words.iter().enumerate() {
                assert!(is_word(word), "{} {word}", vocabulary.name);
                assert_eq!(
                    vocabulary.position(word),
                    Some(at),
                    "{} {word}",
                    vocabulary.name
                );
            }
        }
    }

    #[test]
    fn vocabularies_are_listed_by_name_and_once() {
        let names: Vec<_> = VOCABULARIES
            .iter()
            .map(|vocabulary| vocabulary.name)
            .collect();
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    }

    #[test]
    fn only_open_vocabularies_allow_words_of_a_programme() {
        const { assert!(MODALITY.contains("hybrid")) };
        assert!(!MODALITY.allows("by_post"));
        assert!(EVENT_TYPE.allows("summer_school"));
        assert!(!EVENT_TYPE.allows("Summer school") && !EVENT_TYPE.allows(""));
    }
}
