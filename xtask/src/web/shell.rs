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

/// Replaces the two placeholders in `service-worker.js`: `"__VERSION__"` by a digest of all files
/// and `"__FILES__"` by a list of `[path, integrity]`.
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

    let list: Vec<(String, String)> = files
        .iter()
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
