//! How files are cut and begun, and what a test may not do.

use crate::hold;
use crate::tree::{files, sources};

/// Lines of code a file may have, without comments, blank lines and its unit tests.
const MOST_LINES: usize = 400;

#[test]
fn every_source_says_what_lives_in_it() {
    let broken = sources("")
        .into_iter()
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| source.path)
        .collect();
    hold("a source begins with `//!` and what lives in it", broken);
}

#[test]
fn modules_lie_beside_their_folder() {
    let broken = sources("")
        .into_iter()
        .filter(|source| source.path.ends_with("/mod.rs"))
        .map(|source| source.path)
        .collect();
    hold("`foo.rs` beside `foo/`, no `mod.rs`", broken);
}

#[test]
fn files_hold_one_concept() {
    let mut broken = Vec::new();
    for source in sources("") {
        let shipped = source.shipped();
        let lines = shipped.lines();
        let count = lines.filter(|line| !line.trim().is_empty()).count();
        if count > MOST_LINES {
            broken.push(format!("{}: {count} lines of code", source.path));
        }
    }
    hold(
        &format!("at most {MOST_LINES} lines of code a file"),
        broken,
    );
}

#[test]
fn tests_neither_sleep_nor_are_ignored() {
    let mut broken = Vec::new();
    for source in sources("") {
        let tests = source.tests();
        for forbidden in ["#[ignore", "sleep("] {
            if tests.contains(forbidden) {
                broken.push(format!("{}: {forbidden}", source.path));
            }
        }
    }
    for file in files("tests/browser", "mjs") {
        // What is tested there is a slow line, and that takes its time.
        if file.path.ends_with("/line-time.mjs") {
            continue;
        }
        for forbidden in [
            "setTimeout(",
            "waitForTimeout(",
            "timers/promises",
            "test.skip",
        ] {
            if file.text.contains(forbidden) {
                broken.push(format!("{}: {forbidden}", file.path));
            }
        }
    }
    hold("a test waits for the event itself and always runs", broken);
}
