//! The service worker's list of files: what it keeps on the device, and the digest of each.
//!
//! The digests are those of subresource integrity, so that the service worker never mixes the
//! files of two versions, whatever caches lie between it and the server.

use anyhow::{Context, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::folder::Folder;

const SERVICE_WORKER: &str = "service-worker.js";
const VERSION: &str = "__VERSION__";
const FILES: &str = "__FILES__";

/// What a device does not keep: the client never asks for these. The operating system does, once,
/// when the client is put on its home screen; the licence is there to be read on the server; the
/// page of administration needs the network anyway.
const NOT_KEPT: [&str; 6] = [
    "icons/apple-touch-icon.png",
    "icons/icon-192.png",
    "icons/icon-512.png",
    "icons/maskable-512.png",
    "office.html",
    "vendor/pico-licence.txt",
];

/// The folder of what the page of administration is made of, which is not kept either.
const OFFICE: &str = "office/";

/// The folder of the program for PINs, which is in the list and kept when it was asked for once.
const LOCK: &str = "lock/";

/// Whether a device downloads the file at its first visit, to keep it.
pub(crate) fn is_kept(path: &str) -> bool {
    is_listed(path) && !path.starts_with(LOCK)
}

fn is_listed(path: &str) -> bool {
    !NOT_KEPT.contains(&path) && !path.starts_with(OFFICE)
}

/// Replaces the two placeholders in `service-worker.js`: `"__VERSION__"` by a digest of all files
/// and `"__FILES__"` by a list of the `[path, integrity]` of those that are kept.
pub(crate) fn fill_in_service_worker(files: &mut Folder) -> anyhow::Result<()> {
    let template = files
        .take(SERVICE_WORKER)
        .with_context(|| format!("client-wasm/assets/{SERVICE_WORKER} is missing"))?;
    let template = String::from_utf8(template)
        .with_context(|| format!("client-wasm/assets/{SERVICE_WORKER} is not UTF-8"))?;
    for placeholder in [VERSION, FILES] {
        ensure!(
            template.matches(&quoted(placeholder)).count() == 1,
            "client-wasm/assets/{SERVICE_WORKER} must contain \"{placeholder}\" exactly once"
        );
    }

    for path in NOT_KEPT {
        ensure!(
            files.iter().any(|(name, _)| name == path),
            "{path} is left out of what devices keep, but is not there"
        );
    }

    let list: Vec<(String, String)> = files
        .iter()
        .filter(|(path, _)| is_listed(path))
        .map(|(path, bytes)| (format!("/{path}"), integrity(bytes)))
        .collect();
    let list = serde_json::to_string_pretty(&list).context("cannot write the list of files")?;
    let version: String = files.digest()[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let filled_in = template
        .replace(&quoted(VERSION), &quoted(&version))
        .replace(&quoted(FILES), &list);
    files.add(SERVICE_WORKER.into(), filled_in.into_bytes())
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

fn integrity(bytes: &[u8]) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(bytes)))
}
