//! Checks that every locale file has every text that can be called for, and no other.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::catalogue::Catalogue;
use crate::app::keys;
use crate::app::language::LANGUAGES;

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

fn sources(folder: &Path, out: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry of a folder").path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            out.push(fs::read_to_string(&path).expect("a source file"));
        }
    }
}

/// The texts in quotes that the sources of the screens have, and that look like keys.
fn keys_in_sources() -> BTreeSet<String> {
    let mut all = Vec::new();
    sources(&root().join("src/ui"), &mut all);
    sources(&root().join("src/app"), &mut all);
    let mut keys = BTreeSet::new();
    for source in all {
        for macro_call in [
            "t!(\"",
            "tn!(\"",
            "_key: \"",
            "=> \"",
            "key = \"",
            "text_key(\"",
        ] {
            for (at, _) in source.match_indices(macro_call) {
                let rest = &source[at + macro_call.len()..];
                let key: String = rest.chars().take_while(|c| *c != '"').collect();
                let fits =
                    |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
                let always = macro_call.starts_with("t!") || macro_call.starts_with("tn!");
                let known = ["status.", "notice.", "expected.", "task."];
                let looks_so = known.iter().any(|known| key.starts_with(known));
                if key.contains('.') && key.chars().all(fits) && (always || looks_so) {
                    keys.insert(key);
                }
            }
        }
    }
    keys
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
fn every_text_that_the_screens_call_for_is_in_every_language() {
    let mut missing = BTreeSet::new();
    for (code, words) in catalogues() {
        for key in keys_in_sources() {
            if words.text(&key).is_none() {
                missing.insert(format!("{code}: {key}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn all_languages_have_the_same_keys() {
    let all = catalogues();
    let (_, first) = &all[0];
    let keys: BTreeSet<&str> = first.keys().collect();
    for (code, words) in &all[1..] {
        let theirs: BTreeSet<&str> = words.keys().collect();
        let different: Vec<_> = keys.symmetric_difference(&theirs).collect();
        assert!(different.is_empty(), "{code}: {different:?}");
    }
}

#[test]
fn translations_use_the_same_placeholders() {
    let all = catalogues();
    let placeholders = |text: &str| -> BTreeSet<String> {
        let parts = text.split('{').skip(1);
        parts
            .filter_map(|part| Some(part.split_once('}')?.0.to_owned()))
            .collect()
    };
    let (_, first) = &all[0];
    for (code, words) in &all[1..] {
        for key in first.keys() {
            let (a, b) = (
                first.text(key).map(placeholders),
                words.text(key).map(placeholders),
            );
            assert_eq!(a, b, "{code}: {key}");
        }
    }
}
