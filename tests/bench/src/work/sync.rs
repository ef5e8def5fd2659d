//! Upload, reconnecting and download of the same 300 events.

use std::sync::Arc;
use std::time::Instant;

use anyhow::ensure;
use meltemi_tests::device::TestDevice;

use crate::bench::{Bench, Fresh, LIMIT, Stretch};
use crate::client::{Client, Copy, WINDOW};
use crate::device;
use crate::documents::Saved;
use crate::proxy::Proxy;
use crate::results::{Column, Unit};
use crate::server::Server;

/// Events that somebody else changes while a device has no connection.
const CHANGED: usize = 10;

/// A client with the events, whichever it is.
enum Holder {
    Own(TestDevice),
    Plain,
}

/// Which of the three are wanted. The later ones need the upload, measured or not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// Upload.
    pub(crate) upload: bool,
    /// Reconnecting.
    pub(crate) reconnect: bool,
    /// Download.
    pub(crate) download: bool,
}

/// One run against a fresh server.
pub(crate) async fn run(bench: &mut Bench, column: Column, wanted: Wanted) -> anyhow::Result<()> {
    let fresh = Fresh::start(&bench.programs, column.server())?;
    let holder = upload(bench, column, &fresh.server, wanted.upload).await?;
    if wanted.reconnect {
        reconnect(bench, column, &fresh.server, &holder).await?;
    }
    if wanted.download {
        download(bench, column, &fresh.server).await?;
    }
    fresh.stop().await
}

async fn upload(
    bench: &mut Bench,
    column: Column,
    server: &Server,
    measured: bool,
) -> anyhow::Result<Holder> {
    let work = format!("A. Upload of {} events", bench.events.len());
    let proxy = Proxy::start(server.address).await?;
    let holder = if column == Column::Own {
        let device = TestDevice::new("holder");
        device::fill(&device, &bench.events).await?;
        Holder::Own(device)
    } else {
        Holder::Plain
    };
    let mut copies = all(&bench.events, |saved| Copy::new(saved))?;
    let stretch = Stretch::begin(server)?;
    let mut client = None;
    match &holder {
        Holder::Own(device) => {
            device.connect(proxy.address).await;
            device::synced(device).await?;
        }
        Holder::Plain => {
            let connection = client.insert(Client::connect(proxy.address, "holder").await?);
            connection.sync(&mut copies, WINDOW).await?;
        }
    }
    let done = Instant::now();
    if measured {
        let place = (&mut bench.results, &*work, column);
        stretch.end(place, server, &proxy, done).await?;
    } else {
        proxy.quiet(server, Instant::now() + LIMIT).await?;
    }
    match (&holder, client) {
        (Holder::Own(device), _) => device.disconnect().await,
        (Holder::Plain, Some(client)) => client.leave().await,
        (Holder::Plain, None) => {}
    }
    Ok(holder)
}

async fn reconnect(
    bench: &mut Bench,
    column: Column,
    server: &Server,
    holder: &Holder,
) -> anyhow::Result<()> {
    for changed in [0, CHANGED] {
        let work = format!(
            "B. Reconnecting, {changed} of {} changed",
            bench.events.len()
        );
        let mut expected: Vec<_> = bench
            .events
            .iter()
            .map(|saved| saved.heads.clone())
            .collect();
        let mut edited = Vec::new();
        for (at, saved) in bench.events.iter().take(changed).enumerate() {
            let saved = Arc::new(saved.edited(7, at as u64)?);
            expected[at].clone_from(&saved.heads);
            edited.push(Copy::again(&saved));
        }
        let mut other = Client::connect(server.address, "other").await?;
        other.sync(&mut edited, WINDOW).await?;
        other.leave().await;
        let proxy = Proxy::start(server.address).await?;
        proxy.quiet(server, Instant::now() + LIMIT).await?;

        let begin = Instant::now();
        let (last, found) = match holder {
            Holder::Own(device) => {
                let last = device::settle(device, &proxy, server, LIMIT).await?;
                let ids = bench.events.iter().map(|saved| saved.id).collect();
                let found = device::heads(device, ids).await;
                device.disconnect().await;
                (last, found)
            }
            Holder::Plain => {
                let mut copies = all(&bench.events, |saved| Ok(Copy::again(saved)))?;
                let mut client = Client::connect(proxy.address, "holder").await?;
                client.sync(&mut copies, WINDOW).await?;
                let last = Instant::now();
                proxy.quiet(server, last + LIMIT).await?;
                client.leave().await;
                (last, copies.iter().map(Copy::heads).collect())
            }
        };
        ensure!(
            found == expected,
            "{work}: the client has not got the changes"
        );
        let bytes = proxy.bytes();
        let mut add = |name, unit, value| bench.results.add(&work, name, unit, column, value);
        add("bytes up", Unit::Bytes, bytes.up as f64);
        add("bytes down", Unit::Bytes, bytes.down as f64);
        add(
            "wall",
            Unit::Seconds,
            last.duration_since(begin).as_secs_f64(),
        );
    }
    Ok(())
}

async fn download(bench: &mut Bench, column: Column, server: &Server) -> anyhow::Result<()> {
    let work = format!("C. Fresh device downloads {} events", bench.events.len());
    let proxy = Proxy::start(server.address).await?;
    proxy.quiet(server, Instant::now() + LIMIT).await?;
    let stretch = Stretch::begin(server)?;
    let place = (&mut bench.results, &*work, column);
    if column == Column::Own {
        let device = device::connected("fresh", proxy.address).await;
        device::has(&device, bench.events.len()).await?;
        stretch.end(place, server, &proxy, Instant::now()).await
    } else {
        let mut copies = all(&bench.events, |saved| Ok(Copy::nothing(saved.id)))?;
        let mut client = Client::connect(proxy.address, "fresh").await?;
        client.sync(&mut copies, WINDOW).await?;
        let done = Instant::now();
        stretch.end(place, server, &proxy, done).await?;
        client.leave().await;
        Ok(())
    }
}

fn all(
    events: &[Arc<Saved>],
    copy: impl Fn(&Arc<Saved>) -> anyhow::Result<Copy>,
) -> anyhow::Result<Vec<Copy>> {
    events.iter().map(copy).collect()
}
