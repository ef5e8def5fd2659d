//! A server process, devices and programs, as they meet in the world.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod commands;
mod converge;
mod damage;
mod full_disk;
mod http;
mod kills;
mod peers;
mod storage;

use meltemi_tests::server::Program;

/// The program under test.
const MELTEMI: Program = Program(env!("CARGO_BIN_EXE_meltemi-under-test"));

/// A folder that is removed at the end, and the data folder in it.
fn data_folder() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    (folder, data)
}

/// A path as text.
fn text(path: &std::path::Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

/// Asserts that `verify` finds nothing in the data folder, and that no value is in a blob file.
fn assert_healthy(data: &std::path::Path) {
    let verify = MELTEMI.run(&["verify", "--data", text(data)]);
    let said = String::from_utf8_lossy(&verify.stdout);
    let log = String::from_utf8_lossy(&verify.stderr);
    assert!(verify.status.success(), "{said}\n{log}");
    let blobs = std::fs::read_dir(data.join("sled/blobs"))
        .expect("sled's blob folder")
        .count();
    assert_eq!(blobs, 0);
}
