//! Brotli beforehand: every text and every WebAssembly file gets a `.br` beside it, so that the
//! server sends the smallest form without spending its own time.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use anyhow::Context;
use brotli::enc::BrotliEncoderParams;

use super::folder::Folder;
use super::shell;

/// Extensions of the files that shrink; the others (pictures) are compressed already.
const COMPRESSIBLE: [&str; 8] = [
    "css",
    "html",
    "js",
    "json",
    "svg",
    "txt",
    "wasm",
    "webmanifest",
];

/// Files with their compressed form.
pub(crate) struct Compressed {
    files: Vec<File>,
}

struct File {
    path: String,
    raw: Vec<u8>,
    brotli: Option<Vec<u8>>,
}

impl File {
    /// What a browser downloads.
    fn transferred(&self) -> usize {
        self.brotli.as_ref().unwrap_or(&self.raw).len()
    }
}

/// Compresses the files, the largest first, on all processors.
pub(crate) fn compress(folder: Folder) -> Compressed {
    let mut waiting: Vec<File> = folder
        .iter()
        .map(|(path, raw)| File {
            path: path.to_owned(),
            raw: raw.to_owned(),
            brotli: None,
        })
        .collect();
    waiting.sort_by_key(|file| file.raw.len());
    let waiting = Mutex::new(waiting);
    let done = Mutex::new(Vec::new());
    let next = || waiting.lock().expect("no thread panics").pop();

    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(mut file) = next() {
                    file.brotli = brotli(&file.path, &file.raw);
                    done.lock().expect("no thread panics").push(file);
                }
            });
        }
    });

    let mut files = done.into_inner().expect("no thread panics");
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Compressed { files }
}

/// Prints each file with its size: first what a first visit downloads, then what it does not.
pub(crate) fn print_sizes(compressed: &Compressed) {
    let kilobytes = |bytes: usize| format!("{:.1} kB", bytes as f64 / 1000.0);
    let line = |path: &str, raw: usize, transferred: usize| {
        println!(
            "  {path:<36} {:>11} {:>11}",
            kilobytes(raw),
            kilobytes(transferred)
        );
    };
    println!("  {:<36} {:>11} {:>11}", "", "raw", "transferred");
    let (kept, others): (Vec<_>, Vec<_>) = compressed
        .files
        .iter()
        .partition(|file| shell::is_kept(&file.path));
    for (files, sum) in [(kept, "a first visit"), (others, "only when asked for")] {
        for file in &files {
            line(&file.path, file.raw.len(), file.transferred());
        }
        let raw = files.iter().map(|file| file.raw.len()).sum();
        let transferred = files.iter().map(|file| file.transferred()).sum();
        line(&format!("= {sum}"), raw, transferred);
    }
}

impl Compressed {
    /// Writes all files into a folder that does not exist yet.
    pub(crate) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        for file in &self.files {
            let path = folder.join(&file.path);
            let parent = path.parent().expect("a file lies in a folder");
            fs::create_dir_all(parent)
                .with_context(|| format!("cannot make the folder {}", parent.display()))?;
            write(&path, &file.raw)?;
            if let Some(brotli) = &file.brotli {
                write(&folder.join(format!("{}.br", file.path)), brotli)?;
            }
        }
        Ok(())
    }
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// The compressed bytes, if the file is of a kind that shrinks and does.
fn brotli(path: &str, raw: &[u8]) -> Option<Vec<u8>> {
    let (_, extension) = path.rsplit_once('.')?;
    if !COMPRESSIBLE.contains(&extension) {
        return None;
    }
    let parameters = BrotliEncoderParams {
        quality: 11,
        lgwin: 24,
        size_hint: raw.len(),
        ..BrotliEncoderParams::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &raw[..], &mut compressed, &parameters)
        .expect("reading from and writing to memory does not fail");
    (compressed.len() < raw.len()).then_some(compressed)
}
