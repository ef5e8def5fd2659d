//! Many clients have one record open while one of them writes: how long an edit takes to each.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use futures_util::future::try_join_all;
use meltemi_core::id::DocumentId;
use meltemi_tests::device::TestDevice;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::bench::{Bench, Fresh};
use crate::client::{Client, Copy, WINDOW};
use crate::device;
use crate::documents::{Saved, edit, edited};
use crate::results::{Column, Unit};
use crate::server::Server;

/// Between two edits: 20 a second.
const PAUSE: Duration = Duration::from_millis(50);

/// How long an edit may take before it counts as not delivered.
const PATIENCE: Duration = Duration::from_secs(5);

/// When each edit arrived at one client: in the order of the edits.
type Arrivals = Vec<Instant>;

/// When the edits were made, when each reader had them, processor seconds of the server.
type Measured = (Vec<Instant>, Vec<Arrivals>, f64);

/// One run with this many readers.
pub(crate) async fn run(bench: &mut Bench, column: Column, readers: usize) -> anyhow::Result<()> {
    let edits = if bench.quick { 60 } else { 400 };
    let event = bench.events.first().context("there are events")?.clone();
    let fresh = Fresh::start(&bench.programs, column.server())?;
    let server = &fresh.server;

    let mut first = Client::connect(server.address, "author").await?;
    first.sync(&mut [Copy::new(&event)?], WINDOW).await?;
    first.leave().await;

    let (sent, arrivals, cpu) = if column == Column::Own {
        devices(server, event.id, readers, edits).await?
    } else {
        plain(server, &event, readers, edits).await?
    };

    let mut latencies: Vec<f64> = arrivals
        .iter()
        .flat_map(|arrivals| arrivals.iter().zip(&sent))
        .map(|(arrival, sent)| arrival.saturating_duration_since(*sent).as_secs_f64() * 1e3)
        .collect();
    latencies.sort_by(f64::total_cmp);
    let lost = readers * edits as usize - latencies.len();
    let at = |share: f64| {
        let last = latencies.len().saturating_sub(1);
        latencies
            .get((last as f64 * share).round() as usize)
            .copied()
    };
    let work = format!("D. {readers} clients on one record, 20 edits a second");
    let mut add = |name, unit, value| bench.results.add(&work, name, unit, column, value);
    for (name, share) in [("latency p50", 0.5), ("latency p99", 0.99)] {
        if let Some(latency) = at(share) {
            add(name, Unit::Millis, latency);
        }
    }
    add("edits not delivered", Unit::Count, lost as f64);
    add(
        "server CPU a second",
        Unit::Seconds,
        cpu / (edits as f64 * PAUSE.as_secs_f64()),
    );
    fresh.stop().await
}

async fn plain(
    server: &Server,
    event: &Arc<Saved>,
    readers: usize,
    edits: u64,
) -> anyhow::Result<Measured> {
    let (written, finished) = watch::channel(false);
    let mut tasks = JoinSet::new();
    for reader in 0..readers {
        let mut client = Client::connect(server.address, &format!("reader-{reader}")).await?;
        let mut copies = [Copy::nothing(event.id)];
        client.sync(&mut copies, WINDOW).await?;
        let [copy] = copies;
        tasks.spawn(read(client, copy, edits, finished.clone()));
    }
    let mut client = Client::connect(server.address, "writer").await?;
    let mut copies = [Copy::nothing(event.id)];
    client.sync(&mut copies, WINDOW).await?;
    let [copy] = copies;
    let cpu = server.cpu()?;
    let sent = write(&mut client, copy, event.id, edits, &mut tasks, &written).await?;
    let mut arrivals = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        arrivals.push(ended??);
    }
    let cpu = server.cpu()? - cpu;
    client.leave().await;
    Ok((sent, arrivals, cpu))
}

/// Edits, answers the server, and tells the readers when the last edit has had its time.
async fn write(
    client: &mut Client,
    mut copy: Copy,
    id: DocumentId,
    edits: u64,
    readers: &mut JoinSet<anyhow::Result<Arrivals>>,
    written: &watch::Sender<bool>,
) -> anyhow::Result<Vec<Instant>> {
    let mut sent = Vec::new();
    let mut clock = interval(PAUSE);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let end = |sent: &[Instant]| sent.last().is_some_and(|last| last.elapsed() > PATIENCE);
    loop {
        tokio::select! {
            _ = clock.tick() => {
                let number = sent.len() as u64 + 1;
                if number <= edits {
                    sent.push(Instant::now());
                    edit(id, copy.doc()?, number)?;
                    if let Some(message) = copy.next_message()? {
                        client.say(id, false, message).await?;
                    }
                } else if end(&sent) || readers.is_empty() {
                    written.send_replace(true);
                    return Ok(sent);
                }
            }
            heard = client.hear() => {
                let (_, message) = heard?;
                if let Some(answer) = copy.take(message)? {
                    client.say(id, false, answer).await?;
                }
            }
        }
    }
}

/// Reads until all edits are there or nothing more will be waited for.
async fn read(
    mut client: Client,
    mut copy: Copy,
    edits: u64,
    mut finished: watch::Receiver<bool>,
) -> anyhow::Result<Arrivals> {
    let mut arrivals = Vec::new();
    while (arrivals.len() as u64) < edits {
        let (id, message) = tokio::select! {
            heard = client.hear() => heard?,
            _ = finished.wait_for(|finished| *finished) => break,
        };
        let arrival = Instant::now();
        if let Some(answer) = copy.take(message)? {
            client.say(id, false, answer).await?;
        }
        let seen = edited(copy.doc()?).unwrap_or(0);
        arrivals.resize(seen as usize, arrival);
    }
    client.leave().await;
    Ok(arrivals)
}

async fn devices(
    server: &Server,
    id: DocumentId,
    readers: usize,
    edits: u64,
) -> anyhow::Result<Measured> {
    let ready = (0..=readers).map(async |number| {
        let device = device::connected(&format!("device-{number}"), server.address).await;
        device::has(&device, 1).await?;
        Ok::<_, anyhow::Error>(Arc::new(device))
    });
    let mut all = try_join_all(ready).await?;
    let writer = all.pop().context("one more than readers")?;

    let mut tasks = JoinSet::new();
    for device in all {
        tasks.spawn(watch_device(device, id, edits));
    }
    let cpu = server.cpu()?;
    let mut sent = Vec::new();
    let mut clock = interval(PAUSE);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for number in 1..=edits {
        clock.tick().await;
        sent.push(Instant::now());
        device::edit(&writer, id, number).await?;
    }
    let mut arrivals = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        arrivals.push(ended?);
    }
    Ok((sent, arrivals, server.cpu()? - cpu))
}

/// Looks at a device each time something has happened on it.
async fn watch_device(device: Arc<TestDevice>, id: DocumentId, edits: u64) -> Arrivals {
    let arrivals = Arc::new(Mutex::new(Vec::new()));
    let shared = arrivals.clone();
    let all = device.until("all edits", move |workspace| {
        let seen = workspace.document(&id).and_then(edited).unwrap_or(0);
        let mut arrivals = shared.lock().unwrap_or_else(PoisonError::into_inner);
        arrivals.resize(seen as usize, Instant::now());
        seen >= edits
    });
    let most = PAUSE * u32::try_from(edits).unwrap_or(u32::MAX) + PATIENCE;
    let _ = timeout(most, all).await;
    let arrivals = arrivals.lock().unwrap_or_else(PoisonError::into_inner);
    arrivals.clone()
}
