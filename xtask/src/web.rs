//! `cargo xtask web`: the web client, compiled, bound to JavaScript, listed for its service worker
//! and compressed, in one folder.
//!
//! The folder is built beside its final place and swapped in when it is complete, so that a server
//! never hands out half a client.

mod bind;
mod compress;
mod folder;
mod shell;
mod shorten;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use sha2::{Digest, Sha256};

use self::folder::Folder;
use crate::process::{self, WASM};

/// The program of the client: the screen, and in its worker the engine.
const PROGRAM: &str = "client";

/// The program of the page of administration, in a folder of its own that no device keeps.
const OFFICE: &str = "office";

/// The program that makes keys from PINs, which a device keeps once it has one.
const LOCK: &str = "lock";

/// What decides how the files are made: a change here makes them anew.
const CODE: [&str; 5] = [
    include_str!("web.rs"),
    include_str!("web/bind.rs"),
    include_str!("web/compress.rs"),
    include_str!("web/shell.rs"),
    include_str!("web/shorten.rs"),
];

/// Options of `cargo xtask web`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The folder to put the client into [default: target/web].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Options {
    /// The options of the other commands, which build into the default place.
    pub(crate) fn default_place() -> Self {
        Self { out: None }
    }
}

/// Builds the client and returns the folder it is in.
pub(crate) fn build(options: &Options) -> anyhow::Result<PathBuf> {
    let target = process::target_dir()?;
    let out = options.out.clone().unwrap_or_else(|| target.join("web"));
    let stamp = out.with_extension("inputs");

    process::ensure_wasm_target()?;
    compile()?;
    let compiled = target.join(WASM).join("client");
    let client = process::root().join("client-wasm");
    let assets = Folder::read(&client.join("assets"))?;
    let locales = Folder::read(&client.join("locales"))?;
    let office_locales = Folder::read(&client.join("office-locales"))?;

    let inputs = digest_inputs(&compiled, &[&assets, &locales, &office_locales])?;
    if out.is_dir() && fs::read_to_string(&stamp).is_ok_and(|built| built == inputs) {
        println!("{} is up to date.", out.display());
        return Ok(out);
    }

    println!("Binding the WebAssembly to JavaScript.");
    let mut files = bind::bind(&compiled, PROGRAM)?;
    files.add_all(assets)?;
    files.add_all(locales.below("locales"))?;
    files.add_all(bind::bind(&compiled, OFFICE)?.below(OFFICE))?;
    files.add_all(bind::bind(&compiled, LOCK)?.below(LOCK))?;
    files.add_all(office_locales.below("office/locales"))?;
    let mut files = shorten::strip(files)?;
    shell::fill_in_service_worker(&mut files)?;

    println!("Compressing.");
    let files = compress::compress(files);
    write(&files, &out)?;
    fs::write(&stamp, inputs).with_context(|| format!("cannot write {}", stamp.display()))?;
    compress::print_sizes(&files);
    println!("The web client is in {}.", out.display());
    Ok(out)
}

fn compile() -> anyhow::Result<()> {
    let mut cargo = process::cargo();
    cargo.args([
        "build",
        "--package",
        "meltemi-client",
        "--profile",
        "client",
    ]);
    cargo.args(["--target", WASM]);
    for program in [PROGRAM, OFFICE, LOCK] {
        cargo.args(["--bin", program]);
    }
    process::run(&mut cargo)
}

/// A digest of all that the folder is made from, and of the code that makes it.
fn digest_inputs(compiled: &Path, folders: &[&Folder]) -> anyhow::Result<String> {
    let mut digest = Sha256::new();
    for code in CODE {
        digest.update(Sha256::digest(code));
    }
    for program in [PROGRAM, OFFICE, LOCK] {
        let path = compiled.join(format!("{program}.wasm"));
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        digest.update(Sha256::digest(bytes));
    }
    for folder in folders {
        digest.update(folder.digest());
    }
    Ok(format!("{:x}\n", digest.finalize()))
}

/// Writes the files beside `out`, then puts the new folder in its place.
fn write(files: &compress::Compressed, out: &Path) -> anyhow::Result<()> {
    let fresh = out.with_extension("new");
    let old = out.with_extension("old");
    remove(&fresh)?;
    files.write(&fresh)?;
    remove(&old)?;
    if out.exists() {
        fs::rename(out, &old).with_context(|| format!("cannot move {} away", out.display()))?;
    }
    fs::rename(&fresh, out)
        .with_context(|| format!("cannot move {} to {}", fresh.display(), out.display()))?;
    remove(&old)
}

fn remove(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}
