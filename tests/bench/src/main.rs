//! The driver of the benchmark: starts each server, does the same work with it, and writes a
//! table. Called by `cargo xtask bench`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool talks to its terminal"
)]

mod bench;
mod client;
mod device;
mod documents;
mod proxy;
mod report;
mod results;
mod server;
mod work;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use clap::{Parser, ValueEnum};

use crate::bench::Bench;
use crate::documents::Saved;
use crate::results::{Column, Results};
use crate::server::{Kind, Programs};
use crate::work::sync::Wanted;

/// Measures the server of Meltemi beside two others.
#[derive(Debug, Parser)]
struct Arguments {
    /// Do these only, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "WORK")]
    only: Vec<Work>,
    /// Keep everything short: one run each, 1,000 documents at most.
    #[arg(long)]
    quick: bool,
    /// Documents of the largest collection.
    #[arg(long, default_value_t = 100_000, value_name = "COUNT")]
    largest: usize,
    /// Where to write the page with the table; without it, only the terminal has it.
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
    /// The program `meltemi`.
    #[arg(long)]
    meltemi: PathBuf,
    /// The program `samod-server`.
    #[arg(long)]
    samod: PathBuf,
    /// The program `server.mjs`.
    #[arg(long)]
    javascript: PathBuf,
}

/// A piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Work {
    /// 300 events to an empty server.
    Upload,
    /// Coming back with nothing and with ten of them changed.
    Reconnect,
    /// A fresh device.
    Download,
    /// Many clients on one record.
    Fanout,
    /// Many small documents.
    Collections,
}

/// Events of the first works.
const EVENTS: usize = 300;

/// Runs of each of the works A to D.
const RUNS: usize = 3;

/// Sizes of collections; our server alone is asked for the last.
const COLLECTIONS: [usize; 3] = [1_000, 10_000, 100_000];

/// Largest collection for the other servers.
const LARGEST_OF_OTHERS: usize = 10_000;

/// Readers of one record.
const READERS: [usize; 2] = [20, 100];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let wants = |work| arguments.only.is_empty() || arguments.only.contains(&work);
    let begin = Instant::now();
    println!("Making {EVENTS} events");
    let mut bench = Bench {
        programs: Programs {
            meltemi: arguments.meltemi.clone(),
            samod: arguments.samod.clone(),
            javascript: arguments.javascript.clone(),
        },
        events: shared(documents::events(EVENTS)?),
        quick: arguments.quick,
        results: Results::default(),
    };
    let runs = if arguments.quick { 1 } else { RUNS };
    let wanted = Wanted {
        upload: wants(Work::Upload),
        reconnect: wants(Work::Reconnect),
        download: wants(Work::Download),
    };
    if wanted.upload || wanted.reconnect || wanted.download {
        for run in 1..=runs {
            for column in Column::ALL {
                println!(
                    "[{}] A-C, run {run} of {runs}: {}",
                    since(begin),
                    column.name()
                );
                work::sync::run(&mut bench, column, wanted)
                    .await
                    .with_context(|| format!("works A to C, {}", column.name()))?;
            }
        }
    }
    if wants(Work::Fanout) {
        for run in 1..=runs {
            for readers in READERS {
                for column in Column::ALL {
                    let name = column.name();
                    println!(
                        "[{}] D, {readers} clients, run {run} of {runs}: {name}",
                        since(begin)
                    );
                    work::fanout::run(&mut bench, column, readers)
                        .await
                        .with_context(|| format!("work D, {name}"))?;
                }
            }
        }
    }
    if wants(Work::Collections) {
        let largest = if arguments.quick {
            COLLECTIONS[0]
        } else {
            arguments.largest
        };
        collections(&mut bench, largest, begin).await?;
    }
    let table = bench.results.table();
    println!("\n{table}");
    if let Some(page) = arguments.page {
        report::write(&page, &table, runs)?;
        println!("Written to {}.", page.display());
    }
    println!("Took {}.", since(begin));
    Ok(())
}

async fn collections(bench: &mut Bench, largest: usize, begin: Instant) -> anyhow::Result<()> {
    let sizes: Vec<usize> = COLLECTIONS
        .into_iter()
        .filter(|size| *size <= largest)
        .collect();
    let most = sizes.last().copied().unwrap_or(0);
    println!("[{}] Making {most} small documents", since(begin));
    let all = shared(documents::small_events(most)?);
    for size in sizes {
        for column in Column::ALL {
            let name = column.name();
            if column.server() != Kind::Meltemi && size > LARGEST_OF_OTHERS {
                bench
                    .results
                    .note(format!("{name} was not given {size} documents."));
                continue;
            }
            println!("[{}] E, {size} documents: {name}", since(begin));
            if let Err(error) = work::collection::run(bench, column, &all[..size]).await {
                println!("  not finished: {error:#}");
                bench.results.note(format!(
                    "{name}, {size} small documents: not finished, {error:#}."
                ));
            }
        }
    }
    Ok(())
}

fn shared(documents: Vec<Saved>) -> Vec<Arc<Saved>> {
    documents.into_iter().map(Arc::new).collect()
}

fn since(begin: Instant) -> String {
    let seconds = begin.elapsed().as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}
