//! The codes of `docs/protocol.md` against those in the sources: none is missing, none is made up,
//! and each has the sentence that is sent.

use std::collections::BTreeSet;

use crate::hold;
use crate::tree::{files, module};

/// Codes of refusals and notices, and sentences as the sources have them.
struct Sources {
    codes: BTreeSet<String>,
    sentences: BTreeSet<String>,
}

fn sources() -> Sources {
    let mut found = Sources {
        codes: BTreeSet::new(),
        sentences: BTreeSet::new(),
    };
    let mut all = module("core/src/sync");
    all.extend(module("core/src/genesis"));
    all.extend(module("core/src/workspace"));
    for source in &all {
        for (before, text) in source.shipped_literals() {
            let before = before.trim_end();
            // A field `code`, or an arm of a function `code`.
            let (_, function) = before.rsplit_once("fn ").unwrap_or_default();
            if before.ends_with("code:") || function.starts_with("code(") && before.ends_with("=>")
            {
                found.codes.insert(text.to_owned());
            }
            found.sentences.insert(sentence(text));
        }
    }
    found
}

/// A literal as a person reads it, with `…` for what is filled in.
fn sentence(literal: &str) -> String {
    let mut sentence = String::new();
    let mut rest = literal;
    while let Some(at) = rest.find(['{', '\\']) {
        sentence.push_str(&rest[..at]);
        if rest[at..].starts_with('{') {
            sentence.push('…');
            rest = rest[at..].split_once('}').map_or("", |(_, rest)| rest);
        } else {
            rest = rest[at + 1..].trim_start();
        }
    }
    sentence + rest
}

/// The rows of the document's tables: code and sentence.
fn documented() -> Vec<(String, String)> {
    let document = files("docs", "md")
        .into_iter()
        .find(|file| file.path == "docs/protocol.md")
        .expect("docs/protocol.md");
    let sections = ["\n## Refusals\n", "\n## Closings\n"].map(|heading| {
        let (_, section) = document.text.split_once(heading).expect(heading);
        section.split("\n## ").next().unwrap_or_default()
    });
    let rows = sections.iter().flat_map(|section| section.lines());
    let rows = rows.filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let code = cells.next()?.trim_end_matches('`');
        Some((code.to_owned(), cells.next()?.to_owned()))
    });
    rows.collect()
}

#[test]
fn every_code_is_documented_with_its_sentence() {
    let sources = sources();
    assert!(sources.codes.len() > 10, "found only {:?}", sources.codes);
    let documented = documented();
    let codes: BTreeSet<String> = documented.iter().map(|(code, _)| code.clone()).collect();
    let mut broken = Vec::new();
    for code in sources.codes.difference(&codes) {
        broken.push(format!("{code} is not in docs/protocol.md"));
    }
    for code in codes.difference(&sources.codes) {
        broken.push(format!(
            "{code} of docs/protocol.md is nowhere in the sources"
        ));
    }
    for (code, sentence) in documented {
        if !sources.sentences.contains(&sentence) {
            broken.push(format!("{code}: nothing says {sentence:?}"));
        }
    }
    hold(
        "docs/protocol.md has the codes of refusals and notices",
        broken,
    );
}

#[test]
fn sentences_are_read_as_they_are_sent() {
    assert_eq!(
        sentence("more than {LIMIT} {0:?} side by \\\n    side"),
        "more than … … side by side"
    );
}
