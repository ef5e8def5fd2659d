//! Checks that every locale file has a text for everything that records and the worker can say.
//! What the screens call for by `t!` and `tn!`, the tidy tests check.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::catalogue::Catalogue;
use crate::app::keys;
use crate::app::language::LANGUAGES;
use crate::app::office::answer::PLAIN;
use crate::app::office::audit::{DEEDS, OUTCOMES};
use crate::app::office::device::SCOPES;
use crate::app::office::place::Place;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn catalogues() -> Vec<(&'static str, Catalogue)> {
    let read = |code: &'static str| {
        let path = root().join(format!("locales/{code}.json"));
        let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let words = Catalogue::parse(&text).unwrap_or_else(|e| panic!("{code}: {e}"));
        (code, words)
    };
    LANGUAGES
        .iter()
        .map(|language| read(language.code))
        .collect()
}

#[test]
fn every_text_that_records_call_for_is_in_every_language() {
    let mut missing = BTreeSet::new();
    for (code, words) in catalogues() {
        for alternatives in keys::all() {
            if !alternatives.iter().any(|key| words.text(key).is_some()) {
                missing.insert(format!("{code}: {}", alternatives.join(" or ")));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_word_of_administration_is_in_every_language() {
    let mut keys = Vec::new();
    let mut add = |group: &str, words: &[&str]| {
        keys.extend(words.iter().map(|word| format!("office.{group}.{word}")));
    };
    add("refused", &PLAIN);
    add("deed", &DEEDS);
    add("outcome", &OUTCOMES);
    add("scope", &SCOPES);
    add("place", &Place::ALL.map(Place::word));
    let mut missing = BTreeSet::new();
    for language in LANGUAGES {
        let path = root().join(format!("office-locales/{}.json", language.code));
        let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let words = Catalogue::parse(&text).unwrap_or_else(|e| panic!("{}: {e}", language.code));
        let lacking = keys.iter().filter(|key| words.text(key).is_none());
        missing.extend(lacking.map(|key| format!("{}: {key}", language.code)));
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
