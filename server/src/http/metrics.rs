//! What the server counts, in the text form that Prometheus reads.

use std::fmt::Write;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use tokio::sync::oneshot;

use super::{Shared, error::ApiError};
use crate::driver::{Counts, Message};

/// Text form of Prometheus, version 0.0.4.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All counts.
pub(crate) async fn metrics(State(shared): State<Shared>) -> Result<impl IntoResponse, ApiError> {
    let (reply, metrics) = oneshot::channel();
    let stopping = || {
        ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "stopping",
            "the server stops",
        )
    };
    let sent = shared.driver.send(Message::Metrics { reply }).await;
    sent.map_err(|_| stopping())?;
    let metrics = metrics.await.map_err(|_| stopping())?;
    Ok(([(CONTENT_TYPE, TEXT)], text(&metrics)))
}

fn text(counts: &Counts) -> String {
    let metrics = &counts.engine;
    let mut out = String::new();
    let gauges = [
        (
            "meltemi_documents",
            "Documents on the disk.",
            metrics.documents,
        ),
        (
            "meltemi_documents_loaded",
            "Documents in memory.",
            metrics.loaded,
        ),
        (
            "meltemi_connections",
            "Open connections.",
            metrics.connections,
        ),
    ];
    for (name, help, value) in gauges {
        let _ = writeln!(
            out,
            "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}"
        );
    }
    let counters = [
        (
            "meltemi_frames_received_total",
            "Frames received.",
            metrics.frames,
        ),
        (
            "meltemi_received_bytes_total",
            "Bytes of frames received.",
            metrics.bytes,
        ),
        (
            "meltemi_writes_total",
            "Documents written and flushed.",
            metrics.writes,
        ),
        (
            "meltemi_documents_shut_total",
            "Documents that the library failed at.",
            metrics.shut,
        ),
    ];
    for (name, help, value) in counters {
        let _ = writeln!(
            out,
            "# HELP {name} {help}\n# TYPE {name} counter\n{name} {value}"
        );
    }
    let by_code = [
        (
            "meltemi_refusals_total",
            "Changes refused, by reason.",
            &metrics.refusals,
        ),
        (
            "meltemi_closings_total",
            "Connections closed by the engine, by reason.",
            &metrics.closings,
        ),
    ];
    for (name, help, counts) in by_code {
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} counter");
        for (code, count) in counts {
            let _ = writeln!(out, "{name}{{code=\"{code}\"}} {count}");
        }
    }
    let name = "meltemi_sockets_closed_total";
    let help = "WebSockets closed by the server, by close code.";
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} counter");
    for (code, count) in &counts.closed {
        let _ = writeln!(out, "{name}{{code=\"{code}\"}} {count}");
    }
    out
}

#[cfg(test)]
mod tests {
    use meltemi_core::sync::metrics::Metrics;

    use super::*;

    #[test]
    fn refusals_and_closings_are_counted_by_their_code() {
        let engine = Metrics {
            documents: 7,
            refusals: [("bad-filter", 3)].into(),
            closings: [("bad-frame", 2)].into(),
            ..Metrics::default()
        };
        let closed = [(1013, 1)].into();
        let text = text(&Counts { engine, closed });
        assert!(text.contains("\nmeltemi_documents 7\n"), "{text}");
        let counted = "\nmeltemi_refusals_total{code=\"bad-filter\"} 3\n";
        assert!(text.contains(counted), "{text}");
        let counted = "\nmeltemi_closings_total{code=\"bad-frame\"} 2\n";
        assert!(text.contains(counted), "{text}");
        assert!(
            text.ends_with("meltemi_sockets_closed_total{code=\"1013\"} 1\n"),
            "{text}"
        );
    }
}
