//! `cargo xtask test`: every check of the project, one after the other, up to the first failure.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, ensure};

use crate::process::{self, WASM};
use crate::{tools, web};

/// Options of `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Leave out the browser tests.
    #[arg(long)]
    no_browser: bool,
}

/// A headline and what is done below it.
type Stage = (&'static str, fn() -> anyhow::Result<()>);

const STAGES: [Stage; 8] = [
    ("Tools", prepare),
    ("Format", format),
    ("Lints, native", lint_native),
    ("Lints, WebAssembly", lint_wasm),
    ("Tests, native", test_native),
    ("Tests of the core in WebAssembly", test_wasm),
    ("Licences and sources of dependencies", check_dependencies),
    ("Web client", build_web),
];

const BROWSER_STAGES: [Stage; 2] = [
    ("Tools of the browser tests", prepare_browser),
    ("Tests in a browser", test_browser),
];

/// Runs every check.
pub(crate) fn test(options: &Options) -> anyhow::Result<()> {
    let mut stages = STAGES.to_vec();
    if !options.no_browser {
        // Whatever is missing should be known before the long stages.
        let [tools, tests] = BROWSER_STAGES;
        stages.insert(1, tools);
        stages.push(tests);
    }

    let begin = Instant::now();
    let count = stages.len();
    for (number, (headline, stage)) in (1..).zip(stages) {
        println!("\n== {number} of {count}: {headline}");
        let stage_begin = Instant::now();
        stage().with_context(|| format!("stage {number}, {headline}"))?;
        println!("== {headline}: passed in {}", elapsed(stage_begin));
    }
    println!("\nAll {count} stages passed in {}.", elapsed(begin));
    if options.no_browser {
        println!("The browser tests were left out.");
    }
    Ok(())
}

fn prepare() -> anyhow::Result<()> {
    tools::ensure_node()?;
    process::ensure_wasm_target()
}

fn format() -> anyhow::Result<()> {
    process::run(process::cargo().args(["fmt", "--all", "--check"]))
}

fn lint_native() -> anyhow::Result<()> {
    process::run(
        process::cargo()
            .args(["clippy", "--workspace", "--all-targets"])
            .args(["--", "-D", "warnings"]),
    )
}

fn lint_wasm() -> anyhow::Result<()> {
    process::run(
        process::cargo()
            .args(["clippy", "--package", "meltemi-core"])
            .args(["--package", "meltemi-client", "--target", WASM])
            .args(["--", "-D", "warnings"]),
    )
}

/// The server's program comes first: tests that start and kill it find it where it is built.
fn test_native() -> anyhow::Result<()> {
    process::run(process::cargo().args(["build", "--workspace", "--bin", "meltemi"]))?;
    process::run(process::cargo().args(["test", "--workspace"]))
}

fn test_wasm() -> anyhow::Result<()> {
    process::run(process::cargo().args(["test", "--package", "meltemi-core", "--target", WASM]))
}

fn check_dependencies() -> anyhow::Result<()> {
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let in_cargo_home = cargo_home.is_some_and(|home| home.join("bin/cargo-deny").is_file());
    if !in_cargo_home && tools::on_path("cargo-deny").is_none() {
        println!("Skipped: cargo-deny is not here; `cargo install cargo-deny` brings it.");
        return Ok(());
    }
    process::run(process::cargo().args(["deny", "check", "bans", "licenses", "sources"]))
}

fn build_web() -> anyhow::Result<()> {
    web::build(&web::Options::default_place()).map(drop)
}

fn prepare_browser() -> anyhow::Result<()> {
    println!("Chromium is {}.", tools::ensure_chromium()?.display());
    tools::ensure_packages(&browser_tests())
}

fn test_browser() -> anyhow::Result<()> {
    let place = browser_tests();
    let mut tests = Vec::new();
    for entry in fs::read_dir(&place).with_context(|| format!("cannot read {}", place.display()))? {
        let name = entry?.file_name();
        if name.to_string_lossy().ends_with(".test.mjs") {
            tests.push(name);
        }
    }
    tests.sort();
    ensure!(!tests.is_empty(), "{} holds no *.test.mjs", place.display());

    let target = process::target_dir()?;
    process::run(
        Command::new("node")
            .current_dir(&place)
            .env("MELTEMI_BIN", target.join("debug").join("meltemi"))
            .env("MELTEMI_WEB", target.join("web"))
            .env("CHROMIUM", tools::ensure_chromium()?)
            .args(["--test", "--test-concurrency=1"].map(OsStr::new))
            .args(tests),
    )
}

fn browser_tests() -> PathBuf {
    process::root().join("tests").join("browser")
}

fn elapsed(begin: Instant) -> String {
    let seconds = begin.elapsed().as_secs();
    format!("{} min {:02} s", seconds / 60, seconds % 60)
}
