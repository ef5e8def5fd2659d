//! The program `meltemi`.

use std::process::ExitCode;

fn main() -> ExitCode {
    meltemi_server::cli::main()
}
