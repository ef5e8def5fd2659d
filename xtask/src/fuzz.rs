//! `cargo xtask fuzz`: libFuzzer on every target of `tests/fuzz`, guided by coverage, with the
//! stable toolchain.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

use crate::process;

/// Options of `cargo xtask fuzz`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Fuzz this target only.
    #[arg(long)]
    target: Option<String>,
    /// Seconds for each target.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// A panic of Automerge that the engine catches is a finding too.
    #[arg(long)]
    strict: bool,
}

/// What makes the compiler count the places a run comes by, as libFuzzer expects it.
const INSTRUMENTATION: [&str; 7] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "--cfg",
    "fuzzing",
];

/// Limits of one input: seconds, and megabytes of the whole program.
const LIMITS: [&str; 2] = ["-timeout=5", "-rss_limit_mb=1024"];

/// Targets whose inputs are whole conversations: each byte may cost milliseconds, and what can be
/// said in so many bytes is varied more often.
const CONVERSATIONS: [&str; 2] = ["engine", "collection"];

/// Bytes of a conversation at most.
const CONVERSATION_BYTES: usize = 1024;

/// Builds the fuzzer and runs it on one target or all of them.
pub(crate) fn fuzz(options: &Options) -> anyhow::Result<()> {
    let program = build()?;
    let names = process::output(&mut Command::new(&program))?;
    let names: Vec<_> = names.lines().collect();
    let chosen: Vec<_> = match &options.target {
        Some(name) if names.contains(&name.as_str()) => vec![name.as_str()],
        Some(name) => bail!("there is no target {name}; there are {}", names.join(", ")),
        None => names,
    };
    let mut kept = Vec::new();
    for name in chosen {
        println!("\n== {name}");
        kept.extend(run(&program, name, options)?);
    }
    if !kept.is_empty() {
        bail!(
            "fuzzing found inputs that do harm, each kept in a file that `cargo test -p \
             meltemi-fuzz` replays: {}",
            kept.join(", ")
        );
    }
    println!("\nNothing was found.");
    Ok(())
}

/// The instrumented program. Naming the target keeps the flags from build scripts and macros.
fn build() -> anyhow::Result<PathBuf> {
    let host = host()?;
    process::run(
        process::cargo()
            .env("CARGO_ENCODED_RUSTFLAGS", INSTRUMENTATION.join("\u{1f}"))
            .args(["build", "--package", "meltemi-fuzz"])
            .args(["--features", "libfuzzer", "--profile", "fuzz"])
            .args(["--target", &host]),
    )
    .context("the fuzzer needs a C++ compiler beside Rust (Debian: `apt-get install g++`)")?;
    let built = process::target_dir()?.join(&host).join("fuzz");
    Ok(built.join("meltemi-fuzz"))
}

fn host() -> anyhow::Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = process::output(Command::new(rustc).current_dir(process::root()).arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`rustc -vV` names no host")?.to_owned())
}

/// Fuzzes one target. Returns the files that what was found is kept in.
fn run(program: &Path, name: &str, options: &Options) -> anyhow::Result<Vec<String>> {
    let place = process::target_dir()?.join("fuzzing").join(name);
    let [corpus, seeds, found] = ["corpus", "seeds", "found"].map(|part| place.join(part));
    let kept = process::root().join("tests/fixtures/crashers").join(name);
    for folder in [&corpus, &seeds, &found] {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let before = files(&found)?;

    let mut fuzzer = Command::new(program);
    fuzzer
        .current_dir(&place)
        .env("MELTEMI_FUZZ_TARGET", name)
        .env("MELTEMI_FUZZ_SEEDS", &seeds)
        .env("RUST_BACKTRACE", "1")
        .arg(format!("-max_total_time={}", options.seconds))
        .args(LIMITS)
        .args(["-print_final_stats=1", "-artifact_prefix=found/"])
        .arg(&corpus)
        .arg(&seeds);
    if CONVERSATIONS.contains(&name) {
        fuzzer.arg(format!("-max_len={CONVERSATION_BYTES}"));
    }
    if kept.is_dir() {
        fuzzer.arg(&kept);
    }
    if options.strict {
        fuzzer.env("MELTEMI_FUZZ_STRICT", "1");
    }
    let failure = process::run(&mut fuzzer).err();

    let mut names = Vec::new();
    for path in files(&found)?.difference(&before) {
        // Slow units are told, but are within the limits.
        if !path.to_string_lossy().contains("slow-unit-") {
            names.push(keep(path, &kept)?);
        }
    }
    match failure {
        // libFuzzer ends with a failure when it has found something, and only then writes a file.
        Some(failure) if names.is_empty() => Err(failure),
        _ => Ok(names),
    }
}

/// Copies what was found to where it is replayed from, under a name made from its content.
fn keep(path: &Path, kept: &Path) -> anyhow::Result<String> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let hash = Sha256::digest(&bytes);
    let name: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    let place = kept.join(name);
    fs::create_dir_all(kept)
        .and_then(|()| fs::write(&place, &bytes))
        .with_context(|| format!("cannot keep {}", place.display()))?;
    let below = place.strip_prefix(process::root()).unwrap_or(&place);
    Ok(below.display().to_string())
}

fn files(folder: &Path) -> anyhow::Result<BTreeSet<PathBuf>> {
    let cannot = || format!("cannot list {}", folder.display());
    let mut files = BTreeSet::new();
    for entry in fs::read_dir(folder).with_context(cannot)? {
        files.insert(entry.with_context(cannot)?.path());
    }
    Ok(files)
}
