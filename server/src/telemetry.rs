//! The log: to standard error, as text or JSON. Ids are in it, contents and names of people never.

use std::any::Any;
use std::io::{self, IsTerminal};
use std::panic;

use clap::ValueEnum;
use tracing::Level;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// A line of text for each entry.
    Text,
    /// A JSON object on a line for each entry.
    Json,
}

/// Begins to write the log.
pub(crate) fn start(filter: EnvFilter, format: LogFormat) {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(tracing::field::display);
        tracing::error!(place, "panicked: {}", fixed_text(panic.payload()));
    }));
    let log = fmt::layer().with_writer(io::stderr);
    let ours = filter_fn(|metadata| may_tell(metadata.target(), *metadata.level()));
    let registry = tracing_subscriber::registry().with(filter);
    // Only the first call in a process counts.
    let _ = match format {
        LogFormat::Text => {
            let log = log.with_ansi(io::stderr().is_terminal());
            registry.with(log.with_filter(ours)).try_init()
        }
        LogFormat::Json => {
            let log = log.json().flatten_event(true);
            registry.with(log.with_filter(ours)).try_init()
        }
    };
}

/// Whether an entry may be in the log, whatever was asked for. Of libraries the details may not:
/// some of them write out every byte that they carry.
fn may_tell(target: &str, level: Level) -> bool {
    level <= Level::INFO || target == "meltemi" || target.starts_with("meltemi_")
}

/// What a panic says, if that was written down when the program was made. Others may have in them
/// what the program was working on.
fn fixed_text(payload: &dyn Any) -> &'static str {
    let text = payload.downcast_ref::<&'static str>();
    text.copied()
        .unwrap_or("the message may have contents in it and is left out")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_told_of_our_own_crates_only() {
        assert!(may_tell("meltemi_server::socket", Level::TRACE));
        assert!(may_tell("meltemi_core", Level::DEBUG));
        assert!(may_tell("tungstenite::protocol", Level::INFO));
        assert!(!may_tell("tungstenite::protocol", Level::DEBUG));
        assert!(!may_tell("meltemis", Level::TRACE));
    }

    #[test]
    fn a_panic_does_not_tell_what_the_program_was_working_on() {
        let said = |work: fn()| {
            let payload = panic::catch_unwind(work).expect_err("a panic");
            fixed_text(&*payload)
        };
        assert_eq!(said(|| panic!("a broken promise")), "a broken promise");
        let cut = said(|| {
            let title = "Häuser".to_owned();
            assert!(title[..2].is_empty());
        });
        assert!(!cut.contains("Häuser"), "{cut}");
    }
}
