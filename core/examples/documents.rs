//! Prints the reference page of all record kinds, which is kept as `docs/documents.md`.

#![expect(clippy::disallowed_methods, reason = "an example may print")]

use std::io::{self, Write};

fn main() -> io::Result<()> {
    io::stdout().write_all(meltemi_core::record::reference::markdown().as_bytes())
}
