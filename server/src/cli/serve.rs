//! `meltemi serve`.

use std::io::Write;
use std::process::ExitCode;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::{CliError, say};
use crate::config::ServeOptions;
use crate::server;

/// Serves until a signal comes. A second signal ends the process at once.
pub(super) fn serve(options: ServeOptions, out: &mut dyn Write) -> Result<ExitCode, CliError> {
    let io = |what: &str| {
        let what = what.to_owned();
        |error| CliError::Io(what, error)
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(io("start the runtime"))?;
    runtime.block_on(async {
        if let Some(objection) = options.objection() {
            return Err(CliError::Run(server::RunError::Options(objection)));
        }
        let listen = format!("listen on {}", options.listen);
        let listener = TcpListener::bind(options.listen)
            .await
            .map_err(io(&listen))?;
        let address = listener.local_addr().map_err(io(&listen))?;
        let scheme = if options.tls_cert.is_some() {
            "https"
        } else {
            "http"
        };
        let mut signals = Signals::new().map_err(io("wait for signals"))?;
        let (stop, stopped) = oneshot::channel();
        let (ready, is_ready) = oneshot::channel();
        tokio::spawn(async move {
            signals.next().await;
            tracing::info!("stopping; a second signal stops at once");
            let _ = stop.send(());
            signals.next().await;
            tracing::warn!("stopped at once");
            std::process::exit(130);
        });
        let serving = server::run(options, listener, ready, async {
            let _ = stopped.await;
        });
        let mut serving = std::pin::pin!(serving);
        tokio::select! {
            ended = &mut serving => return ended.map_err(CliError::from),
            ready = is_ready => if let Ok(ready) = ready {
                if let Some(link) = ready.first_coordinator {
                    say(out, &format!("first coordinator: {link}"))?;
                }
                say(out, &format!("listening on {scheme}://{address}"))?;
            }
        }
        serving.await.map_err(CliError::from)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// What asks this process to stop.
struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {})
    }

    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
