//! wasm-bindgen as a library: from the program that cargo compiled to what a browser loads.

use std::fs;
use std::path::Path;

use anyhow::Context;
use wasm_bindgen_cli_support::Bindgen;

use super::folder::Folder;
use super::shorten;

/// Binds `NAME.wasm` of `compiled`: `NAME.js`, `NAME_bg.wasm`, and what they import.
pub(crate) fn bind(compiled: &Path, name: &str) -> anyhow::Result<Folder> {
    let place = compiled.join("bound");
    if place.exists() {
        fs::remove_dir_all(&place).with_context(|| format!("cannot remove {}", place.display()))?;
    }
    let input = compiled.join(format!("{name}.wasm"));
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(&input)
        .web(true)?
        .typescript(false)
        .omit_default_module_path(false)
        .remove_name_section(true)
        .remove_producers_section(true);
    let mut output = bindgen
        .generate_output()
        .with_context(|| format!("wasm-bindgen cannot bind {}", input.display()))?;
    shorten::drop_streams(&mut output)?;
    let names = shorten::rename_program(&mut output);
    output
        .emit(&place)
        .with_context(|| format!("cannot write {}", place.display()))?;

    let mut files = Folder::read(&place)?;
    let path = format!("{name}.js");
    let script = files.take(&path).context("wasm-bindgen wrote no script")?;
    let script = String::from_utf8(script).context("the script is not UTF-8")?;
    files.add(path, names.rename_script(&script)?.into_bytes())?;
    Ok(files)
}
