//! Project commands: `cargo xtask web`, `cargo xtask run`, `cargo xtask test`,
//! `cargo xtask bench`, `cargo xtask fuzz`.
//!
//! They need Rust and nothing else, except that the tests also use Node and Chromium. One file per
//! command; what they share (calling cargo, finding Node and Chromium) has a file of its own.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool talks to its terminal"
)]

mod bench;
mod fuzz;
mod process;
mod run;
mod test;
mod tools;
mod web;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What the commands of this workspace are called with.
#[derive(Parser)]
#[command(name = "cargo xtask", about = "Build, run and test Meltemi")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the web client into a folder that a server can hand out.
    Web(web::Options),
    /// Build everything and run a server with the reference programme.
    Run(run::Options),
    /// Run every check: format, lints, tests native, in WebAssembly and in a browser.
    Test(test::Options),
    /// Throw mutated bytes at everything that reads bytes from a network or a disk.
    Fuzz(fuzz::Options),
    /// Measure the server beside two others, and write the result to docs/benchmarks.md.
    Bench(bench::Options),
    #[cfg(feature = "wasm-test-runner")]
    /// Run one test binary compiled to WebAssembly in Node; cargo calls this.
    #[command(hide = true, disable_help_flag = true)]
    WasmTestRunner {
        /// The binary, and what follows `--` on cargo's command line.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<std::ffi::OsString>,
    },
}

fn main() -> ExitCode {
    match execute(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn execute(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Web(options) => web::build(&options).map(drop),
        Command::Run(options) => run::run(&options),
        Command::Test(options) => test::test(&options),
        Command::Fuzz(options) => fuzz::fuzz(&options),
        Command::Bench(options) => bench::bench(&options),
        #[cfg(feature = "wasm-test-runner")]
        Command::WasmTestRunner { arguments } => {
            let program = "wasm-test-runner".into();
            wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(
                std::iter::once(program).chain(arguments),
            )
        }
    }
}
