//! What the server knows of its own state, for `/readyz`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use meltemi_core::sync::storage::StorageError;

/// Shared between the storage thread, the driver and the HTTP side.
#[derive(Debug, Clone, Default)]
pub(crate) struct Health(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    catalogue: bool,
    stopping: bool,
    write_failed: Option<String>,
}

impl Health {
    /// The catalogue is loaded: documents can be served.
    pub(crate) fn catalogue_loaded(&self) {
        self.lock().catalogue = true;
    }

    /// The server takes nothing new any more.
    pub(crate) fn stopping(&self) {
        self.lock().stopping = true;
    }

    /// A write has ended.
    pub(crate) fn wrote(&self, result: &Result<(), StorageError>) {
        self.lock().write_failed = result.as_ref().err().map(ToString::to_string);
    }

    /// Why the server is not ready, if it is not.
    pub(crate) fn obstacle(&self) -> Option<(&'static str, String)> {
        let state = self.lock();
        if state.stopping {
            return Some(("stopping", "the server is stopping".to_owned()));
        }
        if !state.catalogue {
            return Some((
                "starting",
                "the catalogue of documents is not loaded yet".to_owned(),
            ));
        }
        let failed = state.write_failed.as_ref()?;
        Some(("write-failed", format!("the last write failed: {failed}")))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
