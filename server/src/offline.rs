//! A workspace over a storage that answers at once: for commands that work while no server runs.

use std::collections::BTreeMap;

use meltemi_core::access::Roster;
use meltemi_core::id::{DocumentId, EffectId, PeerId, StorageId};
use meltemi_core::sync::input::Input;
use meltemi_core::sync::output::Output;
use meltemi_core::sync::policy::Refusal;
use meltemi_core::sync::repo::Accepted;
use meltemi_core::sync::storage::{
    StorageAdapter, StorageAnswer, StorageError, StorageRequest, WriteBatch,
};
use meltemi_core::wire::limits::KEPT_DOCUMENTS;
use meltemi_core::workspace::{Workspace, WorkspaceConfig};

use crate::clock;

/// A workspace and its storage.
pub(crate) struct Desk {
    workspace: Workspace,
    adapter: Box<dyn StorageAdapter>,
    opened: BTreeMap<DocumentId, bool>,
}

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeskError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("document {document} was not taken: {refusal}")]
    Refused {
        document: DocumentId,
        refusal: Refusal,
    },
    #[error("document {0} could not be loaded")]
    NotLoaded(DocumentId),
    #[error("the system gives no random bytes: {0}")]
    Random(#[from] std::io::Error),
}

/// Name for a storage that has none yet.
pub(crate) fn fresh_storage_id() -> std::io::Result<String> {
    Ok(clock::random::<16>()?
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

impl Desk {
    /// Opens the workspace of a storage.
    pub(crate) fn open(
        mut adapter: Box<dyn StorageAdapter>,
        foreign_documents: bool,
    ) -> Result<Self, DeskError> {
        let storage = adapter.storage_id(&fresh_storage_id()?)?;
        let config = WorkspaceConfig {
            peer: PeerId("meltemi-offline".to_owned()),
            storage: StorageId(storage),
            seed: clock::random()?,
            dials: false,
            follows_all: false,
            foreign_documents,
            kept: KEPT_DOCUMENTS,
        };
        let workspace = Workspace::new(config, clock::now());
        let mut desk = Self {
            workspace,
            adapter,
            opened: BTreeMap::new(),
        };
        desk.settle()?;
        Ok(desk)
    }

    /// The workspace, to read from.
    pub(crate) const fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// The storage.
    pub(crate) fn storage(&self) -> &dyn StorageAdapter {
        self.adapter.as_ref()
    }

    /// Loads a document. Whether the storage had something of it.
    pub(crate) fn load(&mut self, document: DocumentId) -> Result<bool, DeskError> {
        if !self.workspace.is_loaded(&document) {
            self.workspace
                .handle(clock::now(), Input::Open { document });
            self.settle()?;
        }
        if !self.workspace.is_loaded(&document) {
            return Err(DeskError::NotLoaded(document));
        }
        Ok(self.opened.get(&document).copied().unwrap_or(true))
    }

    /// Merges a whole document, in memory. Returns how many of its changes were new.
    pub(crate) fn insert(
        &mut self,
        document: DocumentId,
        doc: &automerge::Automerge,
    ) -> Result<usize, DeskError> {
        self.workspace
            .insert(clock::now(), document, doc)
            .map_err(|refusal| DeskError::Refused { document, refusal })
    }

    /// Lets changes count for what these members may, and notes who sent them.
    pub(crate) fn set_roster(&mut self, roster: Roster) {
        self.workspace.set_roster(clock::now(), Some(roster));
    }

    /// Takes changes that were refused, in memory. The document must be loaded.
    pub(crate) fn accept(
        &mut self,
        document: DocumentId,
        refused: Accepted,
    ) -> Result<bool, DeskError> {
        self.workspace
            .accept(clock::now(), document, refused)
            .map_err(|refusal| DeskError::Refused { document, refusal })
    }

    /// Does everything that waits to be done, all writes with one flush.
    pub(crate) fn settle(&mut self) -> Result<(), DeskError> {
        loop {
            let mut loads = Vec::new();
            let mut writes: (Vec<EffectId>, Vec<WriteBatch>) = Default::default();
            while let Some(output) = self.workspace.poll() {
                match output {
                    Output::Storage {
                        effect,
                        request: StorageRequest::Write(batch),
                    } => {
                        writes.0.push(effect);
                        writes.1.push(batch);
                    }
                    Output::Storage { effect, request } => loads.push((effect, request)),
                    Output::Opened { document, found } => {
                        self.opened.insert(document, found);
                    }
                    _ => {}
                }
            }
            if loads.is_empty() && writes.0.is_empty() {
                return Ok(());
            }
            for (effect, request) in loads {
                let result = self.answer(request);
                self.tell(effect, result)?;
            }
            if !writes.0.is_empty() {
                let results = self.adapter.write(&writes.1);
                for (effect, result) in writes.0.into_iter().zip(results) {
                    self.tell(effect, result.map(|()| StorageAnswer::Written))?;
                }
            }
        }
    }

    /// The storage, after all is written.
    pub(crate) fn close(mut self) -> Result<Box<dyn StorageAdapter>, DeskError> {
        self.settle()?;
        Ok(self.adapter)
    }

    fn answer(&mut self, request: StorageRequest) -> Result<StorageAnswer, StorageError> {
        match request {
            StorageRequest::Catalogue => self.adapter.catalogue().map(StorageAnswer::Catalogue),
            StorageRequest::Load(document) => {
                self.adapter.load(&document).map(StorageAnswer::Loaded)
            }
            StorageRequest::Synced(synced) => {
                self.adapter.synced(&synced).map(|()| StorageAnswer::Noted)
            }
            StorageRequest::Write(batch) => self
                .adapter
                .write(&[batch])
                .pop()
                .unwrap_or(Ok(()))
                .map(|()| StorageAnswer::Written),
        }
    }

    fn tell(
        &mut self,
        effect: EffectId,
        result: Result<StorageAnswer, StorageError>,
    ) -> Result<(), DeskError> {
        let failed = result.as_ref().err().cloned();
        self.workspace
            .handle(clock::now(), Input::Stored { effect, result });
        failed.map_or(Ok(()), |error| Err(error.into()))
    }
}
