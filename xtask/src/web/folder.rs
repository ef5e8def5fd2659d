//! Files by their path below a folder, in memory: the client is a few megabytes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

/// The files of one folder. Paths are relative, with `/` between their parts.
#[derive(Default)]
pub(crate) struct Folder {
    files: BTreeMap<String, Vec<u8>>,
}

impl Folder {
    /// Reads everything below `path`; hidden files are left out, a missing folder is empty.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let mut folder = Self::default();
        if path.is_dir() {
            folder
                .read_below(path, "")
                .with_context(|| format!("cannot read {}", path.display()))?;
        }
        Ok(folder)
    }

    /// The same files, moved below a folder called `name`.
    pub(crate) fn below(self, name: &str) -> Self {
        let files = self.files.into_iter();
        Self {
            files: files
                .map(|(path, b)| (format!("{name}/{path}"), b))
                .collect(),
        }
    }

    /// Adds a file; a second file of the same path is an error.
    pub(crate) fn add(&mut self, path: String, bytes: Vec<u8>) -> anyhow::Result<()> {
        if self.files.contains_key(&path) {
            bail!("two files of the web client are called {path}");
        }
        self.files.insert(path, bytes);
        Ok(())
    }

    /// Adds all files of another folder.
    pub(crate) fn add_all(&mut self, other: Self) -> anyhow::Result<()> {
        let mut files = other.files.into_iter();
        files.try_for_each(|(path, bytes)| self.add(path, bytes))
    }

    /// Takes a file out.
    pub(crate) fn take(&mut self, path: &str) -> Option<Vec<u8>> {
        self.files.remove(path)
    }

    /// All files, by path.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(path, b)| (path.as_str(), &b[..]))
    }

    /// A digest of all paths and contents.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        for (path, bytes) in &self.files {
            digest.update(Sha256::digest(path));
            digest.update(Sha256::digest(bytes));
        }
        digest.finalize().into()
    }

    fn read_below(&mut self, folder: &Path, prefix: &str) -> anyhow::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name
                .to_str()
                .with_context(|| format!("{} is not UTF-8", entry.path().display()))?;
            if name.starts_with('.') {
                continue;
            }
            if entry.file_type()?.is_dir() {
                self.read_below(&entry.path(), &format!("{prefix}{name}/"))?;
            } else {
                self.add(format!("{prefix}{name}"), fs::read(entry.path())?)?;
            }
        }
        Ok(())
    }
}
