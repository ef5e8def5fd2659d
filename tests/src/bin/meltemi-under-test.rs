//! The program `meltemi`, built under plain `cargo test` too, so that tests can start and kill it.

use std::process::ExitCode;

fn main() -> ExitCode {
    meltemi_server::cli::main()
}
