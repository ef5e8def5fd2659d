//! The words of the screens in the person's language.
//!
//! `t!("key")`, `t!("key", name = value)` and `tn!("key", count)` give a text; the functions of
//! [`format`] put dates and numbers into words. A language is one file, `locales/{code}.json`.

pub mod catalogue;
#[cfg(target_arch = "wasm32")]
pub mod format;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;

use std::cell::RefCell;
use std::fmt::Display;

use self::catalogue::Catalogue;
use crate::app::language::{LANGUAGES, Language};

thread_local! {
    static CURRENT: RefCell<(&'static Language, Catalogue)> =
        RefCell::new((&LANGUAGES[0], Catalogue::default()));
}

/// A text by its key, with `{name}` in it replaced: `t!("key", name = value)`.
#[macro_export]
macro_rules! t {
    ($key:expr) => { $crate::locale::text($key, &[]) };
    ($key:expr, $($name:ident = $value:expr),+ $(,)?) => {
        $crate::locale::text($key, &[$((stringify!($name), &$value)),+])
    };
}

/// A text in the plural form for a count, which is its `{count}`: `tn!("key", count)`.
#[macro_export]
macro_rules! tn {
    ($key:expr, $count:expr) => { $crate::locale::counted($key, $count, &[]) };
    ($key:expr, $count:expr, $($name:ident = $value:expr),+ $(,)?) => {
        $crate::locale::counted($key, $count, &[$((stringify!($name), &$value)),+])
    };
}

/// A placeholder and what to put there.
pub type Argument<'a> = (&'static str, &'a dyn Display);

/// Makes this the language of the screens.
pub fn set(language: &'static Language, catalogue: Catalogue) {
    CURRENT.replace((language, catalogue));
    #[cfg(target_arch = "wasm32")]
    format::forget();
}

/// The language of the screens.
pub fn language() -> &'static Language {
    CURRENT.with_borrow(|(language, _)| *language)
}

/// The text of a key. See `t!`.
pub fn text(key: &str, arguments: &[Argument<'_>]) -> String {
    optional(key, arguments).unwrap_or_else(|| key.to_owned())
}

/// The text of a key, if the language has one.
pub fn optional(key: &str, arguments: &[Argument<'_>]) -> Option<String> {
    CURRENT.with_borrow(|(_, all)| all.text(key).map(|text| catalogue::fill(text, arguments)))
}

/// The text of a key for a count. See `tn!`.
#[cfg(target_arch = "wasm32")]
pub fn counted(key: &str, count: u64, arguments: &[Argument<'_>]) -> String {
    let category = format::plural(count);
    let number = format::number(count as f64);
    let mut all: Vec<Argument<'_>> = vec![("count", &number)];
    all.extend_from_slice(arguments);
    CURRENT.with_borrow(|(_, words)| match words.plural(key, &category) {
        Some(text) => catalogue::fill(text, &all),
        None => key.to_owned(),
    })
}

/// The label of a field; `names` are those of the fields that lead to it.
pub fn field(kind: &str, names: &[&str]) -> String {
    first(crate::app::keys::field(kind, names))
        .unwrap_or_else(|| plain(names.last().unwrap_or(&"")))
}

/// A hint for filling in a field, if there is one.
pub fn hint(kind: &str, names: &[&str]) -> Option<String> {
    let key = |key: String| key.replacen("field.", "hint.", 1);
    first(
        crate::app::keys::field(kind, names)
            .into_iter()
            .map(key)
            .collect(),
    )
}

/// The label of a word; one that a programme added itself is shown as it is.
pub fn word(vocabulary: &str, word: &str) -> String {
    optional(&crate::app::keys::word(vocabulary, word), &[]).unwrap_or_else(|| plain(word))
}

fn first(keys: Vec<String>) -> Option<String> {
    keys.iter().find_map(|key| optional(key, &[]))
}

/// A name from a declaration or a document as readable as it can be made.
fn plain(name: &str) -> String {
    name.replace('_', " ")
}
