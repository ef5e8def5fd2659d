//! The texts of the client: every language has them all, with the same placeholders, and every
//! text the client asks for exists.
//!
//! A locale file is JSON; nested objects join their keys with dots. An object of plural forms
//! (`one`, `other`, …) is one text, as languages differ in which forms they have.

use std::collections::{BTreeMap, BTreeSet};

use crate::hold;
use crate::tree::{files, sources};

/// The functions and macros of the client that take the key of a text.
const LOOKUPS: [&str; 2] = ["t", "tn"];

/// Plural forms of the world's languages; `other` exists in each.
const FORMS: [&str; 6] = ["zero", "one", "two", "few", "many", "other"];

/// The forms that CLDR has for a count in each language, in the order of [`FORMS`]. The browser
/// chooses among them.
const COUNTED: [(&str, &[&str]); 4] = [
    ("ar", &FORMS),
    ("en", &["one", "other"]),
    ("es", &["one", "many", "other"]),
    ("fr", &["one", "many", "other"]),
];

/// The placeholders of each text, by its key.
type Texts = BTreeMap<String, BTreeSet<String>>;

#[test]
fn all_languages_have_the_same_texts() {
    let locales = locales();
    let mut broken = Vec::new();
    for (path, texts) in &locales {
        for (other_path, others) in &locales {
            let missing = texts.keys().filter(|key| !others.contains_key(*key));
            broken.extend(
                missing.map(|key| format!("{other_path}: {key} is missing ({path} has it)")),
            );
        }
    }
    hold("every language has every text", broken);
}

#[test]
fn all_languages_use_the_same_placeholders() {
    let locales = locales();
    let mut broken = Vec::new();
    if let Some((first_path, first)) = locales.first() {
        for (path, texts) in &locales[1..] {
            for (key, placeholders) in texts {
                let expected = first.get(key);
                if expected.is_some_and(|expected| expected != placeholders) {
                    broken.push(format!(
                        "{path}: {key} has other placeholders than in {first_path}"
                    ));
                }
            }
        }
    }
    hold("a text has the same placeholders in every language", broken);
}

#[test]
fn a_text_with_a_count_has_the_plural_forms_of_its_language() {
    let mut broken = Vec::new();
    for file in files("client-wasm", "json") {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        let Some((_, needed)) = COUNTED
            .iter()
            .find(|(code, _)| name == format!("{code}.json"))
        else {
            broken.push(format!(
                "{}: its plural forms are not known here",
                file.path
            ));
            continue;
        };
        let json: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&file.text).unwrap_or_else(|e| panic!("{}: {e}", file.path));
        for (key, value) in &json {
            let Some(forms) = value.as_object() else {
                continue;
            };
            let is_counted = forms
                .values()
                .any(|form| form.as_str().is_some_and(|form| form.contains("{count}")));
            let found = FORMS.iter().filter(|form| forms.contains_key(**form));
            if is_counted && !found.eq(needed.iter()) {
                broken.push(format!("{}: {key} needs {needed:?}", file.path));
            }
        }
    }
    hold("a count is said as the language says it", broken);
}

#[test]
fn every_deed_of_the_audit_log_has_a_text_and_is_documented() {
    let source = include_str!("../../server/src/accounts/audit.rs");
    let accounts = include_str!("../../docs/accounts.md");
    let (_, deeds) = source
        .split_once("pub(crate) enum Deed {")
        .expect("the deeds");
    let (deeds, _) = deeds.split_once("\n}").expect("their end");
    let locales = locales();
    let mut broken = Vec::new();
    for name in deeds
        .lines()
        .filter_map(|line| line.trim().strip_suffix(','))
    {
        let word = kebab(name);
        if !accounts.contains(&format!("`{word}`")) {
            broken.push(format!("{word} is not in docs/accounts.md"));
        }
        let key = format!("office.deed.{word}");
        for (path, texts) in &locales {
            if !texts.contains_key(&key) {
                broken.push(format!("{path}: {key} is missing"));
            }
        }
    }
    hold("a person reads what was done in their language", broken);
}

/// `TokenMake` as `token-make`.
fn kebab(name: &str) -> String {
    let mut word = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !word.is_empty() {
            word.push('-');
        }
        word.extend(letter.to_lowercase());
    }
    word
}

#[test]
fn every_text_the_client_asks_for_exists() {
    let locales = locales();
    let mut broken = Vec::new();
    for source in sources("client-wasm/src") {
        for key in LOOKUPS
            .iter()
            .flat_map(|name| source.literals_given_to(name))
        {
            let missing = locales.iter().filter(|(_, texts)| !texts.contains_key(key));
            if is_key(key) {
                broken.extend(
                    missing.map(|(path, _)| format!("{}: {key} is not in {path}", source.path)),
                );
            }
        }
    }
    hold("a text that is asked for is in the locale files", broken);
}

#[test]
fn every_reason_of_a_refusal_has_a_text() {
    let locales = locales();
    let mut broken = Vec::new();
    for code in refusals() {
        let key = format!("refusal.{code}");
        let missing = locales
            .iter()
            .filter(|(_, texts)| !texts.contains_key(&key));
        broken.extend(missing.map(|(path, _)| format!("{key} is not in {path}")));
    }
    hold(
        "a person is told in their language why edits were refused",
        broken,
    );
}

/// The codes in the table of `docs/protocol.md`, and those of refusals in the core.
fn refusals() -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for file in files("docs", "md") {
        let table = file
            .text
            .split("\n## Refusals\n")
            .nth(1)
            .unwrap_or_default();
        let table = table.split("\n## ").next().unwrap_or_default();
        let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
        codes.extend(rows.filter_map(|row| Some(row.split_once('`')?.0.to_owned())));
    }
    // The head of the table, and what comes in a notice.
    codes.retain(|code| code != "code" && code != "storage");
    assert!(
        !codes.is_empty(),
        "docs/protocol.md has a table of refusals"
    );
    for file in files("core/src", "rs") {
        if file.path.contains("/testing/") {
            continue;
        }
        for part in file.text.split("Refusal {").skip(1) {
            let code = part.trim_start().strip_prefix("code: \"");
            codes.extend(code.and_then(|code| Some(code.split_once('"')?.0.to_owned())));
        }
    }
    codes
}

/// Keys are words joined by dots; other literals in the same call are values.
fn is_key(literal: &str) -> bool {
    let is_word = |word: &str| {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
        !word.is_empty() && word.chars().all(allowed)
    };
    literal.contains('.') && literal.split('.').all(is_word)
}

fn locales() -> Vec<(String, Texts)> {
    let read = |file: crate::tree::File| {
        let json =
            serde_json::from_str(&file.text).unwrap_or_else(|e| panic!("{}: {e}", file.path));
        let mut texts = Texts::new();
        collect("", &json, &mut texts);
        (file.path, texts)
    };
    let office = files("client-wasm/office-locales", "json")
        .into_iter()
        .map(read);
    let mut all: Vec<(String, Texts)> = files("client-wasm/locales", "json")
        .into_iter()
        .map(read)
        .collect();
    // The texts of administration, which most people never load, are beside the others.
    for (path, texts) in office {
        let name = path.rsplit('/').next();
        match all
            .iter_mut()
            .find(|(path, _)| path.rsplit('/').next() == name)
        {
            Some((_, all)) => all.extend(texts),
            None => all.push((path, texts)),
        }
    }
    all
}

fn collect(key: &str, value: &serde_json::Value, texts: &mut Texts) {
    let mut found = BTreeSet::new();
    match value {
        serde_json::Value::Object(forms) if forms.contains_key("other") => {
            assert!(
                forms.keys().all(|form| FORMS.contains(&form.as_str())),
                "{key}: {forms:?}"
            );
            let forms = forms.values().filter_map(serde_json::Value::as_str);
            found.extend(forms.flat_map(placeholders));
        }
        serde_json::Value::Object(below) => {
            for (name, value) in below {
                let key = if key.is_empty() {
                    name.clone()
                } else {
                    format!("{key}.{name}")
                };
                collect(&key, value, texts);
            }
            return;
        }
        serde_json::Value::String(text) => found.extend(placeholders(text)),
        other => panic!("{key}: a text or an object of texts, not {other}"),
    }
    texts.insert(key.to_owned(), found);
}

fn placeholders(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split('{').skip(1);
    parts.filter_map(|part| part.split_once('}').map(|(name, _)| name.trim().to_owned()))
}
