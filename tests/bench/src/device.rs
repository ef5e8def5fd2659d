//! Our own device, as the tests have it: what the benchmark asks of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use automerge::ChangeHash;
use meltemi_core::id::DocumentId;
use meltemi_core::sync::status::Line;
use meltemi_core::time::Timestamp;
use meltemi_tests::device::TestDevice;
use tokio::time::timeout;

use crate::documents::{Saved, edit_command};
use crate::proxy::Proxy;
use crate::server::Server;

/// When edits are made, as far as a record shows it.
const NOW: Timestamp = Timestamp(1_760_000_000_000);

/// Documents that are put on a device at one go.
const PORTION: usize = 1_000;

/// How long a short wait may last. The device itself gives up after a minute.
const SHORT: Duration = Duration::from_secs(55);

/// Puts documents on a device as if they had been made there.
pub(crate) async fn fill(device: &TestDevice, documents: &[Arc<Saved>]) -> anyhow::Result<()> {
    for portion in documents.chunks(PORTION) {
        let portion = portion.to_vec();
        device
            .with(move |workspace| {
                for saved in portion {
                    workspace.insert(NOW, saved.id, &saved.load()?)?;
                }
                Ok::<_, anyhow::Error>(())
            })
            .await?;
    }
    Ok(())
}

/// Waits until the server has shown that it has everything of the device.
pub(crate) async fn synced(device: &TestDevice) -> anyhow::Result<()> {
    timeout(SHORT, device.synced())
        .await
        .context("the device was not in step in time")
}

/// Waits until it has this many documents.
pub(crate) async fn has(device: &TestDevice, count: usize) -> anyhow::Result<()> {
    let all = device.until("all documents", move |workspace| {
        // The catalogue also knows what the server has and this device lacks.
        let here = workspace
            .catalogue()
            .filter(|entry| !entry.heads.is_empty());
        here.count() == count
    });
    timeout(SHORT, all)
        .await
        .context("the device had not got everything in time")
}

/// Connects and waits until nothing moves any more. Says when that was.
pub(crate) async fn settle(
    device: &TestDevice,
    proxy: &Proxy,
    server: &Server,
    limit: Duration,
) -> anyhow::Result<Instant> {
    let limit = Instant::now() + limit;
    device.connect(proxy.address).await;
    loop {
        let last = proxy.quiet(server, limit).await?;
        let waiting = device.with(|workspace| workspace.status().waiting).await;
        if let (Some(last), 0) = (last, waiting) {
            return Ok(last);
        }
        ensure!(
            Instant::now() < limit,
            "the device was not in step in time; {waiting} changes wait"
        );
    }
}

/// The heads of its documents, as far as it has them.
pub(crate) async fn heads(device: &TestDevice, ids: Vec<DocumentId>) -> Vec<Vec<ChangeHash>> {
    device
        .with(move |workspace| {
            let heads = ids.iter().map(|id| workspace.document(id));
            heads
                .map(|doc| doc.map(|doc| doc.get_heads()).unwrap_or_default())
                .collect()
        })
        .await
}

/// Edits a document.
pub(crate) async fn edit(device: &TestDevice, id: DocumentId, number: u64) -> anyhow::Result<()> {
    device
        .with(move |workspace| workspace.execute(NOW, &edit_command(id, number)).map(drop))
        .await?;
    Ok(())
}

/// A new device that is connected. It has first noticed that there was no network, so that it
/// dials at once when there is one.
pub(crate) async fn connected(name: &str, server: SocketAddr) -> TestDevice {
    let device = TestDevice::new(name);
    device
        .until("no line", |workspace| {
            matches!(workspace.status().line, Line::Offline { .. })
        })
        .await;
    device.connect(server).await;
    device
}
