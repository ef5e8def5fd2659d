//! Rust sources as these tests see them: code without comments and without the contents of its
//! literals, so that neither a sentence nor a message is taken for code.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::tree::File;

/// One Rust file.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
    /// The text with comments and the contents of literals blanked out; same offsets, same lines.
    code: String,
    /// Where the modules of unit tests lie in `code`.
    unit_tests: Vec<Range<usize>>,
    /// String literals: where they begin, and what is between their quotes.
    strings: Vec<(usize, String)>,
}

impl Source {
    pub(crate) fn new(file: File) -> Self {
        let mut blanked = Blanked::default();
        blanked.read(&file.text);
        let code = String::from_utf8(blanked.code).expect("blanking replaces whole characters");
        let unit_tests = unit_tests(&code);
        Self {
            path: file.path,
            text: file.text,
            code,
            unit_tests,
            strings: blanked.strings,
        }
    }

    /// All code.
    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    /// The code without unit tests.
    pub(crate) fn shipped(&self) -> String {
        let mut code = self.code.clone();
        for tests in self.unit_tests.iter().rev() {
            code.replace_range(tests.clone(), "");
        }
        code
    }

    /// The code that only runs in tests: unit tests, or the whole file where it is a test.
    pub(crate) fn tests(&self) -> String {
        let is_test = self.path.starts_with("tests/") || self.path.contains("/tests/");
        if is_test || self.path.contains("/testing") {
            return self.code.clone();
        }
        let unit_tests = self.unit_tests.iter();
        unit_tests.map(|tests| &self.code[tests.clone()]).collect()
    }

    /// Literals given directly to a function or macro of this name, as `name("…")`, `name!("…")`.
    pub(crate) fn literals_given_to(&self, name: &str) -> Vec<&str> {
        let mut found = Vec::new();
        for at in words(&self.code, name) {
            let after = &self.code[at + name.len()..];
            let open = after.strip_prefix('!').unwrap_or(after);
            if open.starts_with('(') {
                let begin = self.code.len() - open.len();
                let end = begin + closing(open, '(', ')');
                let within = |(at, _): &&(usize, String)| (begin..end).contains(at);
                found.extend(self.strings.iter().filter(within).map(|(_, text)| &**text));
            }
        }
        found
    }

    /// Literals outside unit tests, each with the code in front of it.
    pub(crate) fn shipped_literals(&self) -> impl Iterator<Item = (&str, &str)> {
        let shipped = |at: &usize| !self.unit_tests.iter().any(|tests| tests.contains(at));
        let strings = self.strings.iter().filter(move |(at, _)| shipped(at));
        strings.map(|(at, text)| (&self.code[..*at], &**text))
    }
}

/// Whether an identifier occurs in code.
pub(crate) fn mentions(code: &str, identifier: &str) -> bool {
    words(code, identifier).next().is_some()
}

/// The modules that code reaches from `from` (`crate`, `super`, a crate's name): what follows
/// `from::`, on its own or in braces.
pub(crate) fn modules<'a>(code: &'a str, from: &str) -> BTreeSet<&'a str> {
    let mut modules = BTreeSet::new();
    for at in words(code, from) {
        let Some(path) = code[at + from.len()..].strip_prefix("::") else {
            continue;
        };
        match path.strip_prefix('{') {
            None => modules.extend(first_identifier(path)),
            Some(group) => {
                let mut depth = 0;
                let mut expected = true;
                for (at, character) in group.char_indices() {
                    match character {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => expected = true,
                        c if expected && is_identifier(c) => {
                            modules.extend(first_identifier(&group[at..]));
                            expected = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    modules
}

/// Where an identifier occurs in code.
fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |at| {
            let before = code[..*at].chars().next_back();
            let after = code[at + word.len()..].chars().next();
            !before.is_some_and(is_identifier) && !after.is_some_and(is_identifier)
        })
}

fn first_identifier(code: &str) -> Option<&str> {
    let identifier = code.split(|c| !is_identifier(c)).next();
    identifier.filter(|identifier| !identifier.is_empty())
}

fn is_identifier(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Where the bracket is closed that code opens first.
fn closing(code: &str, open: char, close: char) -> usize {
    let mut depth = 0;
    for (at, character) in code.char_indices() {
        if character == open {
            depth += 1;
        } else if character == close {
            depth -= 1;
            if depth == 0 {
                return at;
            }
        }
    }
    code.len()
}

/// The modules that are compiled in tests only, where they are in this file.
fn unit_tests(code: &str) -> Vec<Range<usize>> {
    let mut modules = Vec::new();
    for (at, _) in code.match_indices("#[cfg(") {
        let Some((condition, item)) = code[at..].split_once(']') else {
            continue;
        };
        let in_tests = mentions(condition, "test") && !mentions(condition, "any");
        let body = item
            .find([';', '{'])
            .filter(|at| item[*at..].starts_with('{'));
        if in_tests && item.trim_start().starts_with("mod ") && body.is_some() {
            let begin = code.len() - item.len();
            modules.push(at..begin + closing(item, '{', '}'));
        }
    }
    modules
}

/// Code with its comments and literals taken out.
#[derive(Default)]
struct Blanked {
    code: Vec<u8>,
    strings: Vec<(usize, String)>,
}

impl Blanked {
    fn read(&mut self, text: &str) {
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let in_identifier = self.code.last().is_some_and(|b| is_identifier(*b as char));
            let length = if rest.starts_with("//") {
                self.blank(&rest[..rest.find('\n').unwrap_or(rest.len())])
            } else if rest.starts_with("/*") {
                self.blank(&rest[..block_comment(rest)])
            } else if let Some((begin, end, length)) = string(rest, in_identifier) {
                self.strings
                    .push((self.code.len(), rest[begin..end].to_owned()));
                self.code.extend_from_slice(&rest.as_bytes()[..begin]);
                self.blank(&rest[begin..end]);
                self.code.extend_from_slice(&rest.as_bytes()[end..length]);
                length
            } else if let Some(length) = character(rest) {
                self.blank(&rest[..length])
            } else {
                self.code
                    .extend_from_slice(&rest.as_bytes()[..first.len_utf8()]);
                first.len_utf8()
            };
            rest = &rest[length..];
        }
    }

    fn blank(&mut self, text: &str) -> usize {
        let blank = |byte| if byte == b'\n' { b'\n' } else { b' ' };
        self.code.extend(text.bytes().map(blank));
        text.len()
    }
}

/// The length of a comment between `/*` and `*/`, which may hold others.
fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// If a string literal begins here: where its content begins and ends, and its length.
fn string(text: &str, in_identifier: bool) -> Option<(usize, usize, usize)> {
    if let Some(content) = text.strip_prefix('"') {
        let mut escaped = false;
        let end = content.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let end = 1 + end.unwrap_or(content.len());
        return Some((1, end, (end + 1).min(text.len())));
    }
    if in_identifier {
        return None;
    }
    let prefix = if text.starts_with("br") { 2 } else { 1 };
    let raw = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let hashes = raw.len() - raw.trim_start_matches('#').len();
    let content = raw[hashes..].strip_prefix('"')?;
    let closing = format!("\"{}", &raw[..hashes]);
    let begin = prefix + hashes + 1;
    let end = begin + content.find(&closing).unwrap_or(content.len());
    Some((begin, end, (end + closing.len()).min(text.len())))
}

/// The length of a character literal, if one begins here and not a lifetime.
fn character(text: &str) -> Option<usize> {
    let content = text.strip_prefix('\'')?;
    let mut characters = content.char_indices();
    let (_, first) = characters.next()?;
    if first == '\\' {
        let (after, _) = characters.nth(1)?;
        return Some(1 + after + content[after..].find('\'')? + 1);
    }
    let (at, second) = characters.next()?;
    (second == '\'').then_some(1 + at + 1)
}

#[test]
fn comments_and_literals_are_no_code() {
    let text =
        r####"fn a<'x>() { t!("a.b", '"', "c\"d"); /* t!("e") /* f */ g */ r#"h"i"# } // j"####;
    let source = Source::new(File {
        path: "a.rs".into(),
        text: text.into(),
    });
    assert_eq!(source.code.len(), text.len());
    for word in ["a.b", "b", "c", "e", "f", "g", "h", "i", "j"] {
        assert!(!mentions(&source.code, word), "{word} in {}", source.code);
    }
    assert!(mentions(&source.code, "x"));
    assert_eq!(source.literals_given_to("t"), ["a.b", "c\\\"d"]);
}

#[test]
fn unit_tests_are_not_shipped() {
    let text = "#[cfg(test)]\nmod a;\n#[cfg(all(test, unix))]\nmod tests { use c::d; }\nfn b() {}";
    let source = Source::new(File {
        path: "a.rs".into(),
        text: text.into(),
    });
    assert!(mentions(&source.shipped(), "b") && !mentions(&source.shipped(), "c"));
    assert!(!mentions(&source.tests(), "b") && mentions(&source.tests(), "c"));
}

#[test]
fn modules_are_found_in_paths_and_in_groups() {
    let code = "use crate::{id::X, sync::{a, b}, view}; crate::record::f(); std::wire::g()";
    let found: Vec<&str> = modules(code, "crate").into_iter().collect();
    assert_eq!(found, ["id", "record", "sync", "view"]);
}
