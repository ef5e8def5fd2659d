//! Starting other programs: cargo with a clean environment, and errors that name the command line.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// The target that the web client is compiled for.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies one level below the root of the workspace")
}

/// Cargo's target folder, wherever the environment or a configuration file has put it.
pub(crate) fn target_dir() -> anyhow::Result<PathBuf> {
    let metadata = output(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: serde_json::Value =
        serde_json::from_str(&metadata).context("cannot read the answer of `cargo metadata`")?;
    let target = metadata["target_directory"]
        .as_str()
        .context("`cargo metadata` names no target_directory")?;
    Ok(PathBuf::from(target))
}

/// Cargo, to be run at the root of the workspace.
///
/// What the outer `cargo run` said about the package xtask is removed: build scripts that look at
/// these variables would otherwise run again each time one calls cargo directly.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    for (name, _) in env::vars_os() {
        let package_variable = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        });
        if package_variable {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command with its output on this terminal; anything but success is an error.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let line = command_line(command);
    println!("$ {line}");
    let status = command
        .status()
        .with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// Runs a command and returns what it wrote to standard output.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let line = command_line(command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{line}`"))?;
    if !output.status.success() {
        bail!("`{line}` failed ({})", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{line}` wrote no UTF-8"))
}

/// Makes sure that the standard library for WebAssembly is there, through rustup if it has to.
pub(crate) fn ensure_wasm_target() -> anyhow::Result<()> {
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc
        .current_dir(root())
        .args(["--print", "target-libdir", "--target", WASM]);
    if Path::new(output(&mut rustc)?.trim()).is_dir() {
        return Ok(());
    }
    println!("The Rust target {WASM} is missing; adding it with rustup.");
    run(Command::new("rustup")
        .current_dir(root())
        .args(["target", "add", WASM]))
    .with_context(|| {
        format!(
            "the web client needs Rust's standard library for {WASM}; without rustup, install \
             it the way your Rust was installed (Debian: libstd-rust-dev-wasm32)"
        )
    })
}

fn command_line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut line = program
        .file_name()
        .unwrap_or(program.as_os_str())
        .to_string_lossy()
        .into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}
