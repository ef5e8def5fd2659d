//! A smaller program and glue: without unneeded exports, with short names between the two, and
//! without what only people read.
//!
//! Nothing here knows JavaScript: names are whole words that WebAssembly imports or exports, and
//! comments are those that begin a line. Sources in `assets` and the glue are written so.

use std::collections::HashMap;

use anyhow::{Context, ensure};
use wasm_bindgen_cli_support::Output;

use super::folder::Folder;

/// What all names begin with that wasm-bindgen made up, most of them with a digest at their end.
const MADE_UP: [&str; 3] = ["__wbg_", "__wbindgen_", "wasm_bindgen__"];

/// Rust streams handed to JavaScript, which Leptos brings along and the client never makes: what
/// their classes export begins with this.
const STREAMS: &str = "intounderlying";

/// New names by the old ones.
pub(crate) struct Names(HashMap<String, String>);

/// Takes out what the program exports for streams, and all that is only there for it.
pub(crate) fn drop_streams(output: &mut Output) -> anyhow::Result<()> {
    // An object of an exported class comes into being by this method alone.
    ensure!(
        !output.js().contains(".__wrap("),
        "the program hands an object to JavaScript, so its class may be needed"
    );
    let module = output.wasm_mut();
    let exported = module.exports.iter();
    let unneeded: Vec<_> = exported
        .filter(|export| {
            export
                .name
                .trim_start_matches("__wbg_")
                .starts_with(STREAMS)
        })
        .map(|export| export.id())
        .collect();
    for export in unneeded {
        module.exports.delete(export);
    }
    walrus::passes::gc::run(module);
    Ok(())
}

/// Renames what the program imports and exports under made-up names.
pub(crate) fn rename_program(output: &mut Output) -> Names {
    let mut names = Names(HashMap::new());
    let module = output.wasm_mut();
    for import in module.imports.iter_mut() {
        names.rename(&mut import.name);
    }
    for export in module.exports.iter_mut() {
        names.rename(&mut export.name);
    }
    names
}

impl Names {
    fn rename(&mut self, name: &mut String) {
        if MADE_UP.iter().any(|start| name.starts_with(start)) {
            let next = self.0.len();
            let short = self.0.entry(name.clone());
            *name = short.or_insert_with(|| format!("${next:x}")).clone();
        }
    }

    /// Renames the same in the script that calls the program.
    pub(crate) fn rename_script(&self, script: &str) -> anyhow::Result<String> {
        let is_inside = |letter: char| letter.is_ascii_alphanumeric() || "_$".contains(letter);
        let mut renamed = String::with_capacity(script.len());
        let mut rest = script;
        while !rest.is_empty() {
            let word = rest.find(|letter| !is_inside(letter)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(word);
            ensure!(
                !self.0.values().any(|short| short == word),
                "the script has a name of its own that is called {word}"
            );
            renamed.push_str(self.0.get(word).map_or(word, String::as_str));
            let next = after.find(is_inside).unwrap_or(after.len());
            renamed.push_str(&after[..next]);
            rest = &after[next..];
        }
        Ok(renamed)
    }
}

/// Takes comments and indentation out of the scripts and styles.
pub(crate) fn strip(files: Folder) -> anyhow::Result<Folder> {
    let mut stripped = Folder::default();
    for (path, bytes) in files.iter() {
        let bytes = if path.ends_with(".js") || path.ends_with(".css") {
            let text = str::from_utf8(bytes).with_context(|| format!("{path} is not UTF-8"))?;
            strip_text(text).into_bytes()
        } else {
            bytes.to_owned()
        };
        stripped.add(path.to_owned(), bytes)?;
    }
    Ok(stripped)
}

fn strip_text(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut in_comment = false;
    for line in text.lines().map(str::trim) {
        let begins = line.starts_with("/*");
        if in_comment || begins {
            in_comment = !line.ends_with("*/");
        } else if !line.is_empty() && !line.starts_with("//") {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_are_renamed_and_nothing_else() {
        let mut names = Names(HashMap::new());
        for name in [
            "__wbg_get_07af",
            "memory",
            "__wbg_get_07afb",
            "__wbg_get_07af",
        ] {
            names.rename(&mut name.to_owned());
        }
        let script = "wasm.__wbg_get_07af(memory, __wbg_get_07afb, __wbg_get)";
        let renamed = names.rename_script(script).expect("no name is taken");
        assert_eq!(renamed, "wasm.$0(memory, $1, __wbg_get)");
        assert!(names.rename_script("let $1;").is_err());
    }

    #[test]
    fn comments_and_indentation_are_taken_out() {
        let text =
            "// One.\nlet a = \"//b\"; // c\n\n  /** Two.\n   * three */\n    /* four */\n  a;\n";
        assert_eq!(strip_text(text), "let a = \"//b\"; // c\na;\n");
    }
}
