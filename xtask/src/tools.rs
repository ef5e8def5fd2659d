//! What the tests need beside Rust: Node and Chromium. Found on the machine, or installed where
//! that can be done unasked (as root on Debian and its kin), or asked for in a clear sentence.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;
use std::{env, fs};

use anyhow::{Context, bail};

use crate::process;

/// Node 20 or newer, and npm: tests in WebAssembly run in Node, and so does the browser's remote
/// control.
pub(crate) fn ensure_node() -> anyhow::Result<()> {
    if on_path("node").is_none() || on_path("npm").is_none() {
        install(&["nodejs", "npm"]).context(
            "the tests need Node 20 or newer with npm; install it (Debian: `apt-get install \
             nodejs npm`) and run this again",
        )?;
    }
    let version = process::output(Command::new("node").arg("--version"))?;
    let major = version.trim().trim_start_matches('v').split('.').next();
    let major: u32 = major
        .and_then(|major| major.parse().ok())
        .with_context(|| format!("`node --version` answered {version:?}"))?;
    if major < 20 {
        bail!(
            "the tests need Node 20 or newer, and this is {}",
            version.trim()
        );
    }
    Ok(())
}

/// Chromium: the program `$CHROMIUM` names, or one found on the path, or one installed now.
pub(crate) fn ensure_chromium() -> anyhow::Result<PathBuf> {
    if let Some(named) = env::var_os("CHROMIUM") {
        let named = PathBuf::from(named);
        if !named.is_file() {
            bail!("CHROMIUM names {}, which is no file", named.display());
        }
        return Ok(named);
    }
    let find = || {
        ["chromium", "chromium-browser", "google-chrome"]
            .into_iter()
            .find_map(on_path)
    };
    if let Some(found) = find() {
        return Ok(found);
    }
    install(&["chromium"])
        .and_then(|()| find().context("the package chromium brought no program chromium"))
        .context(
            "the browser tests need Chromium: install it (Debian: `apt-get install chromium`), \
             or set CHROMIUM to the path of Chromium or Chrome, or leave these tests out with \
             `cargo xtask test --no-browser`",
        )
}

/// The packages that the `package-lock.json` in this folder lists, installed beside it.
pub(crate) fn ensure_packages(place: &Path) -> anyhow::Result<()> {
    let wanted = modified(&place.join("package-lock.json"))?;
    let installed = modified(&place.join("node_modules/.package-lock.json"));
    if installed.is_ok_and(|installed| installed >= wanted) {
        println!("The packages of {} are there.", place.display());
        return Ok(());
    }
    process::run(
        Command::new("npm")
            .current_dir(place)
            .args(["ci", "--ignore-scripts"]),
    )
}

fn modified(path: &Path) -> anyhow::Result<SystemTime> {
    fs::metadata(path)
        .and_then(|metadata| metadata.modified())
        .with_context(|| format!("cannot look at {}", path.display()))
}

/// The program of this name in one of the folders of `$PATH`.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

fn install(packages: &[&str]) -> anyhow::Result<()> {
    let names = packages.join(" ");
    println!("{names} not found; trying to install with apt-get.");
    if on_path("apt-get").is_none() {
        bail!("there is no apt-get here to install {names} with");
    }
    if !is_root() {
        bail!("only root may install {names} with apt-get");
    }
    process::run(Command::new("apt-get").args(["update", "-q"]))?;
    process::run(
        Command::new("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["install", "-q", "-y", "--no-install-recommends"])
            .args(packages),
    )
}

fn is_root() -> bool {
    let id = Path::new("/usr/bin/id");
    process::output(Command::new(id).arg("-u")).is_ok_and(|answer| answer.trim() == "0")
}
