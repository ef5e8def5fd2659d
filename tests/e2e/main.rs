//! A server process, devices and programs, as they meet in the world.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod accounts;
mod attacks;
mod collection;
mod commands;
mod converge;
mod damage;
mod full_disk;
mod http;
mod kills;
mod peers;
mod storage;

use std::path::{Path, PathBuf};

use meltemi_tests::server::{Program, Server};

/// The program under test.
const MELTEMI: Program = Program(env!("CARGO_BIN_EXE_meltemi-under-test"));

/// A database that the program can keep its documents in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Database {
    Sled,
    Redb,
}

impl Database {
    /// The options that choose it.
    const fn options(self) -> [&'static str; 2] {
        match self {
            Self::Sled => ["--storage", "sled"],
            Self::Redb => ["--storage", "redb"],
        }
    }

    /// Its file in a data folder.
    fn file(self, data: &Path) -> PathBuf {
        data.join(match self {
            Self::Sled => "sled/db",
            Self::Redb => "records.redb",
        })
    }

    /// The note that something is lost.
    fn lost_note(self, data: &Path) -> PathBuf {
        data.join(match self {
            Self::Sled => "sled.lost",
            Self::Redb => "records.lost",
        })
    }

    /// Starts a server with it.
    fn serve(self, data: &Path) -> Server {
        MELTEMI.serve(data, &self.options())
    }

    /// Runs a command on a data folder with it.
    fn run(self, command: &str, data: &Path, arguments: &[&str]) -> std::process::Output {
        let mut all = vec![command, "--data", text(data)];
        all.extend(self.options());
        all.extend(arguments);
        MELTEMI.run(&all)
    }

    /// Asserts that `verify` finds nothing, and that no value is in a blob file of sled's.
    fn assert_healthy(self, data: &Path) {
        let verify = self.run("verify", data, &[]);
        let said = String::from_utf8_lossy(&verify.stdout);
        let log = String::from_utf8_lossy(&verify.stderr);
        assert!(verify.status.success(), "{said}\n{log}");
        if self == Self::Sled {
            let blobs = std::fs::read_dir(data.join("sled/blobs"))
                .expect("sled's blob folder")
                .count();
            assert_eq!(blobs, 0);
        }
    }
}

/// A folder that is removed at the end, and the data folder in it.
fn data_folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    (folder, data)
}

/// A path as text.
fn text(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

/// As [`Database::assert_healthy`], with the database that is used when none is named.
fn assert_healthy(data: &Path) {
    Database::Sled.assert_healthy(data);
}

fn copy_folder(from: &Path, to: &Path) {
    let copied = std::process::Command::new("cp")
        .args(["-r", text(from), text(to)])
        .status();
    assert!(copied.unwrap().success());
}
