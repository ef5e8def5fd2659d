//! Prints the reference page of access, which is kept as `docs/access.md`.

#![expect(clippy::disallowed_methods, reason = "an example may print")]

use std::io::{self, Write};

fn main() -> io::Result<()> {
    io::stdout().write_all(meltemi_core::access::reference::markdown().as_bytes())
}
