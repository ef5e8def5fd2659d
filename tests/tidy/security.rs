//! What `docs/security.md` says against the sources: no requirement is left out, every test and
//! file it names is there. And that the client writes texts, never markup.

use std::collections::BTreeMap;

use crate::hold;
use crate::source::mentions;
use crate::tree::{files, root, sources};

/// How many requirements of levels 1 and 2 each section of the standard has; they come before
/// those of level 3, which the page leaves out.
const REQUIREMENTS: [(&str, u32); 31] = [
    ("3.2", 2),
    ("3.3", 4),
    ("3.4", 6),
    ("3.5", 5),
    ("3.7", 2),
    ("6.1", 3),
    ("6.2", 12),
    ("6.3", 4),
    ("6.4", 4),
    ("6.5", 5),
    ("6.6", 3),
    ("6.8", 4),
    ("7.1", 3),
    ("7.2", 4),
    ("7.3", 2),
    ("7.4", 5),
    ("7.5", 2),
    ("7.6", 2),
    ("8.1", 2),
    ("8.2", 3),
    ("8.3", 1),
    ("8.4", 1),
    ("9.1", 3),
    ("9.2", 4),
    ("10.1", 2),
    ("10.2", 2),
    ("10.3", 4),
    ("10.5", 5),
    ("14.1", 2),
    ("14.2", 4),
    ("14.3", 3),
];

/// Folders whose files the page names as a path in backticks.
const FOLDERS: [&str; 7] = [
    "client-wasm/",
    "core/",
    "docs/",
    "server/",
    "tests/",
    "xtask/",
    ".ci/",
];

/// Names that put markup or code into a page from a text.
const MARKUP: [&str; 8] = [
    "innerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "inner_html",
    "set_inner_html",
    "set_outer_html",
    "insert_adjacent_html",
    "document_write",
];

/// A row of the page's tables.
struct Row<'a> {
    number: &'a str,
    holds: &'a str,
    answer: &'a str,
}

fn page(path: &str) -> String {
    let read = std::fs::read_to_string(root().join(path));
    read.unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Rows that begin with the number of a requirement: number, level, what it asks, whether it
/// holds, and by what.
fn rows(page: &str) -> Vec<Row<'_>> {
    let row = |line| {
        let cells: Vec<&str> = str::split(line, '|').map(str::trim).collect();
        let [_, number, _, _, holds, answer, _] = cells[..] else {
            return None;
        };
        let numbered = number.starts_with(|first: char| first.is_ascii_digit());
        numbered.then_some(Row {
            number,
            holds,
            answer,
        })
    };
    page.lines().filter_map(row).collect()
}

/// What stands in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Tests and files that a text names.
fn places(text: &str) -> Vec<&str> {
    let is_place = |quoted: &&str| {
        FOLDERS.iter().any(|folder| quoted.starts_with(folder)) && !quoted.contains(['*', '…'])
    };
    quoted(text).filter(is_place).collect()
}

/// The names of the tests of every file that has some.
fn tests() -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for source in sources("") {
        let mut names = String::from("\n");
        let mut is_test = false;
        for line in source.code().lines().map(str::trim) {
            if line.starts_with("#[") {
                is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            } else if !line.is_empty() {
                let function = line.trim_start_matches("async ").strip_prefix("fn ");
                if let Some((name, _)) =
                    function.filter(|_| is_test).and_then(|f| f.split_once('('))
                {
                    names.push_str(name);
                    names.push('\n');
                }
                is_test = false;
            }
        }
        all.insert(source.path, names);
    }
    for file in files("tests/browser", "mjs") {
        let names = file.text.split("\ntest(\"").skip(1);
        let names = names.filter_map(|rest| rest.split_once('"'));
        let names: Vec<&str> = names.map(|(name, _)| name).collect();
        all.insert(file.path, format!("\n{}\n", names.join("\n")));
    }
    all
}

#[test]
fn every_test_and_file_that_the_page_names_is_there() {
    let tests = tests();
    let mut broken = Vec::new();
    for path in ["docs/security.md", "SECURITY.md"] {
        let page = page(path);
        for place in places(&page) {
            let is_there = match place.split_once("::") {
                Some((file, test)) => {
                    let names = tests.get(file).map_or("", String::as_str);
                    names.contains(&format!("\n{test}\n"))
                }
                None => root().join(place).exists(),
            };
            if !is_there {
                broken.push(format!("{path}: there is no {place}"));
            }
        }
    }
    hold("pages on security name tests and files that exist", broken);
}

#[test]
fn every_requirement_is_answered_once_and_in_order() {
    let page = page("docs/security.md");
    let rows = rows(&page);
    let numbers: Vec<&str> = rows.iter().map(|row| row.number).collect();
    let wanted: Vec<String> = REQUIREMENTS
        .iter()
        .flat_map(|(section, count)| (1..=*count).map(move |n| format!("{section}.{n}")))
        .collect();
    assert_eq!(numbers, wanted);
    let mut broken = Vec::new();
    for row in rows {
        let fits = match row.holds {
            "yes" | "partly" => !places(row.answer).is_empty(),
            "no" | "–" => !row.answer.is_empty(),
            _ => false,
        };
        if !fits {
            broken.push(format!("{}: {:?} {:?}", row.number, row.holds, row.answer));
        }
    }
    hold("a requirement that holds names a test or a file", broken);
}

#[test]
fn the_client_writes_texts_and_never_markup() {
    let mut broken = Vec::new();
    for source in sources("client-wasm/src") {
        let found = MARKUP.iter().find(|name| mentions(source.code(), name));
        broken.extend(found.map(|name| format!("{}: {name}", source.path)));
    }
    for file in files("client-wasm/assets", "js") {
        let more = ["document.write(", "eval(", "new Function("];
        let mut names = MARKUP.iter().chain(&more);
        let found = names.find(|name| file.text.contains(**name));
        broken.extend(found.map(|name| format!("{}: {name}", file.path)));
    }
    for file in files("client-wasm/assets", "html") {
        let inline = file.text.split("<script").skip(1);
        let inline = inline.filter(|tag| !tag.split('>').next().unwrap_or("").contains("src="));
        broken.extend(inline.map(|_| format!("{}: a script in the page", file.path)));
    }
    hold("what people enter is text in the page", broken);
}
