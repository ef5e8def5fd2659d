//! What the server counts, in the text form that Prometheus reads.

use std::fmt::Write;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use meltemi_core::sync::metrics::Metrics;
use tokio::sync::oneshot;

use super::{Shared, error::ApiError};
use crate::driver::Message;

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

fn text(metrics: &Metrics) -> String {
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
            "meltemi_bad_frames_total",
            "Frames that could not be read.",
            metrics.bad_frames,
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
    let name = "meltemi_refusals_total";
    let _ = writeln!(
        out,
        "# HELP {name} Changes refused, by reason.\n# TYPE {name} counter"
    );
    for (code, count) in &metrics.refusals {
        let _ = writeln!(out, "{name}{{code=\"{code}\"}} {count}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_counted_by_their_code() {
        let metrics = Metrics {
            documents: 7,
            refusals: [("bad-filter", 3)].into(),
            ..Metrics::default()
        };
        let text = text(&metrics);
        assert!(text.contains("\nmeltemi_documents 7\n"), "{text}");
        assert!(
            text.ends_with("meltemi_refusals_total{code=\"bad-filter\"} 3\n"),
            "{text}"
        );
    }
}
