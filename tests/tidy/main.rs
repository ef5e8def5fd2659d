//! The rules of the house, held by tests: which way dependencies point, how files are cut, that
//! languages and style sheets stay complete. Each test reads the sources, names every place that
//! breaks its rule, and is happy with a folder that does not exist yet.

mod dependencies;
mod files;
mod locales;
mod protocol;
mod security;
mod source;
mod styles;
mod tree;

/// Fails with the rule and every place that breaks it.
#[track_caller]
fn hold(rule: &str, broken: Vec<String>) {
    assert!(
        broken.is_empty(),
        "{rule}. Broken by:\n  {}",
        broken.join("\n  ")
    );
}
