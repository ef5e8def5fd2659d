//! What `docs/protocol.md` says, as far as tests compare it.

use std::collections::BTreeMap;

/// The document.
pub(crate) const TEXT: &str = include_str!("../../../docs/protocol.md");

/// The frames the document shows in hex, by the name in the first line of each block.
///
/// A block is a line with three backticks, `hex` and the name, then bytes with comments behind
/// `#`, then a line with three backticks.
pub(crate) fn frames() -> BTreeMap<&'static str, Vec<u8>> {
    let mut frames = BTreeMap::new();
    let mut lines = TEXT.lines();
    while let Some(line) = lines.next() {
        let Some(name) = line.strip_prefix("```hex ") else {
            continue;
        };
        let digits: String = lines
            .by_ref()
            .take_while(|line| !line.starts_with("```"))
            .filter_map(|line| line.split('#').next())
            .flat_map(|bytes| bytes.chars().filter(|c| !c.is_whitespace()))
            .collect();
        let bytes = hex::decode(&digits).unwrap_or_else(|error| panic!("block {name}: {error}"));
        let before = frames.insert(name, bytes);
        assert!(before.is_none(), "two blocks are named {name}");
    }
    frames
}

/// The bytes of one frame.
#[track_caller]
pub(crate) fn frame(name: &str) -> Vec<u8> {
    let found = frames().remove(name);
    found.unwrap_or_else(|| panic!("docs/protocol.md has no block \"hex {name}\""))
}

/// Checks that bytes are the ones the document shows.
#[track_caller]
pub(crate) fn agrees(name: &str, bytes: &[u8]) {
    assert_eq!(
        hex::encode(bytes),
        hex::encode(frame(name)),
        "left: the code; right: block \"hex {name}\" of docs/protocol.md"
    );
}

/// The cells of the rows of all tables under a heading, from the line after the table's head on.
pub(crate) fn rows(heading: &str) -> Vec<Vec<&'static str>> {
    let after = TEXT.split_once(&format!("\n## {heading}\n"));
    let (_, section) = after.unwrap_or_else(|| panic!("docs/protocol.md has no {heading:?}"));
    let section = section.split("\n## ").next().unwrap_or_default();
    section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}
