//! `cargo xtask bench`: our server beside samod and automerge-repo, on the same work in the same run.
//!
//! Builds all three and the driver in `tests/bench`, which does the work. No test: what it finds
//! depends on the machine, and nothing fails when a number is bad.

use std::path::PathBuf;
use std::process::Command;

use crate::{process, tools};

/// Options of `cargo xtask bench`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Do these only, separated by commas: upload, reconnect, download, fanout, collections. The
    /// table is then shown, but docs/benchmarks.md stays as it is.
    #[arg(long, value_name = "WORK")]
    only: Option<String>,
    /// Keep everything short, to see that it works. Does not write docs/benchmarks.md either.
    #[arg(long)]
    quick: bool,
    /// Documents of the largest collection.
    #[arg(long, value_name = "COUNT")]
    largest: Option<usize>,
}

/// Builds everything and runs the driver.
pub(crate) fn bench(options: &Options) -> anyhow::Result<()> {
    tools::ensure_node()?;
    let place: PathBuf = process::root().join("tests").join("bench").join("js");
    tools::ensure_packages(&place)?;
    // One after the other, so that none is built with features that only another one wants.
    for package in ["meltemi-server", "meltemi-bench"] {
        process::run(process::cargo().args(["build", "--release", "--package", package]))?;
    }
    let programs = process::target_dir()?.join("release");
    let mut driver = Command::new(programs.join("meltemi-bench"));
    driver
        .arg("--meltemi")
        .arg(programs.join("meltemi"))
        .arg("--samod")
        .arg(programs.join("samod-server"))
        .arg("--javascript")
        .arg(place.join("server.mjs"));
    if let Some(only) = &options.only {
        driver.args(["--only", only]);
    }
    if let Some(largest) = options.largest {
        driver.args(["--largest", &largest.to_string()]);
    }
    if options.quick {
        driver.arg("--quick");
    }
    if options.only.is_none() && !options.quick {
        let page = process::root().join("docs").join("benchmarks.md");
        driver.arg("--page").arg(page);
    }
    process::run(&mut driver)
}
