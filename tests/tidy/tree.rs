//! The files of the workspace: everything below its root that is not made by a tool.

use std::fs;
use std::path::{Path, PathBuf};

use crate::source::Source;

/// Folders with nothing in them that a person wrote.
const MADE_BY_TOOLS: [&str; 2] = ["target", "node_modules"];

/// A text file, by its path below the root.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// All files below a folder of the workspace whose name ends in `.{extension}`, by path.
pub(crate) fn files(folder: &str, extension: &str) -> Vec<File> {
    let mut paths = Vec::new();
    collect(&root().join(folder), extension, &mut paths);
    paths.sort();
    let read = |path: PathBuf| File {
        text: fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())),
        path: below_root(&path),
    };
    paths.into_iter().map(read).collect()
}

/// All Rust sources below a folder of the workspace.
pub(crate) fn sources(folder: &str) -> Vec<Source> {
    files(folder, "rs").into_iter().map(Source::new).collect()
}

/// The sources of one module: `{module}.rs` and what lies below `{module}/`.
pub(crate) fn module(module: &str) -> Vec<Source> {
    let file = format!("{module}.rs");
    let folder = format!("{module}/");
    let (parent, _) = module.rsplit_once('/').expect("a module lies in a folder");
    let mut sources = sources(parent);
    sources.retain(|source| source.path == file || source.path.starts_with(&folder));
    sources
}

/// The manifests of all packages, by path, without that of the workspace.
pub(crate) fn manifests() -> Vec<(String, toml::Table)> {
    let mut manifests = Vec::new();
    for file in files("", "toml") {
        if file.path != "Cargo.toml" && file.path.ends_with("Cargo.toml") {
            let table = file.text.parse();
            manifests.push((file.path, table.expect("cargo has read this manifest")));
        }
    }
    manifests
}

/// Names of the dependencies of a package, for every target; those of its tests only on demand.
pub(crate) fn dependencies(manifest: &toml::Table, with_tests: bool) -> Vec<&str> {
    let mut sections = vec![manifest];
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    sections.extend(
        targets
            .into_iter()
            .flat_map(|targets| targets.values().filter_map(toml::Value::as_table)),
    );
    let mut kinds = vec!["dependencies", "build-dependencies"];
    if with_tests {
        kinds.push("dev-dependencies");
    }
    sections
        .iter()
        .flat_map(|section| kinds.iter().filter_map(|kind| section.get(*kind)))
        .filter_map(toml::Value::as_table)
        .flat_map(|dependencies| dependencies.keys().map(String::as_str))
        .collect()
}

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this package lies one level below the root of the workspace")
}

fn below_root(path: &Path) -> String {
    let below = path
        .strip_prefix(root())
        .expect("the path was made from the root");
    below.to_string_lossy().replace('\\', "/")
}

fn collect(folder: &Path, extension: &str, paths: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.expect("a folder can be listed to its end").path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or("");
        if path.is_dir() {
            if !name.starts_with('.') && !MADE_BY_TOOLS.contains(&name) {
                collect(&path, extension, paths);
            }
        } else if path.extension().is_some_and(|it| it == extension) {
            paths.push(path);
        }
    }
}
