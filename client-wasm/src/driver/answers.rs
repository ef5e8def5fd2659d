//! Answers to the page: what can be said at once, and what waits for the disk.

use std::collections::VecDeque;

use meltemi_core::command::{Command, CommandError};
use meltemi_core::id::DocumentId;
use meltemi_core::sync::input::Input;
use meltemi_core::sync::storage::StorageError;
use meltemi_core::workspace::Workspace;
use wasm_bindgen_futures::spawn_local;

use super::{Driver, gate, unsent};
use crate::app::protocol::{Answer, Ask, Done, Export, Failure, FromWorker, ToWorker};
use crate::tabs::lock;
use crate::tabs::word::Word;
use crate::{clock, scope};

/// What the page has asked and has no answer to yet.
#[derive(Default)]
pub(super) struct Asked {
    /// In the order they came.
    waiting: VecDeque<ToWorker>,
    /// Commands carried out in memory, until they are on the disk.
    unsaved: Vec<Unsaved>,
}

struct Unsaved {
    ask: u64,
    document: DocumentId,
    undo: Vec<Command>,
}

impl Asked {
    /// Begins with what was asked before anything could be answered.
    pub(super) fn begin(early: Vec<ToWorker>) -> Self {
        Self {
            waiting: early.into(),
            unsaved: Vec::new(),
        }
    }

    /// Takes a question.
    pub(super) fn push(&mut self, ask: ToWorker) {
        self.waiting.push_back(ask);
    }

    /// Whether a command on the document is to be answered when it is written.
    pub(super) fn awaits(&self, document: DocumentId) -> bool {
        let mut unsaved = self.unsaved.iter();
        unsaved.any(|unsaved| unsaved.document == document)
    }

    /// Everything in the document is on the disk: its commands are done.
    pub(super) fn saved(&mut self, document: &DocumentId, workspace: &Workspace) {
        for unsaved in self
            .unsaved
            .extract_if(.., |unsaved| unsaved.document == *document)
        {
            reply(
                unsaved.ask,
                done(workspace, &unsaved.document, unsaved.undo, None),
            );
        }
    }

    /// The document could not be written: its commands are done in memory only, where what they
    /// changed stays, and the workspace tries again.
    pub(super) fn not_saved(
        &mut self,
        document: &DocumentId,
        error: &StorageError,
        workspace: &Workspace,
    ) {
        let code = match error {
            StorageError::Full { .. } => "storage-full",
            StorageError::Failed { .. } => "storage-failed",
        };
        for unsaved in self
            .unsaved
            .extract_if(.., |unsaved| unsaved.document == *document)
        {
            let message =
                format!("{error}. The change is kept in this tab and is tried again by itself.");
            let failure = Failure {
                code: code.to_owned(),
                message,
            };
            let (document, undo) = (unsaved.document, unsaved.undo);
            reply(unsaved.ask, done(workspace, &document, undo, Some(failure)));
        }
    }
}

impl Driver {
    /// Answers the first question that can be answered now; false when there is none. Questions
    /// that must wait are overtaken, but not by commands, nor do commands overtake each other.
    pub(super) fn answer_next(&mut self) -> bool {
        let can_answer = |asked: &ToWorker| match &asked.ask {
            Ask::Status
            | Ask::Reconnect
            | Ask::Dismiss { .. }
            | Ask::KeepAccount { .. }
            | Ask::AwaitDecision
            | Ask::EndDecision
            | Ask::Unlock { .. }
            | Ask::GiveUpLock
            | Ask::Lock { .. }
            | Ask::ChangePin { .. }
            | Ask::EndLock => true,
            Ask::Record { id }
            | Ask::History { id, .. }
            | Ask::Refused { id }
            | Ask::ExportRefused { id }
            | Ask::Proposed { id, .. } => self.ready || self.workspace.is_loaded(id),
            Ask::Overview { .. }
            | Ask::Summaries { .. }
            | Ask::DecideRefused { .. }
            | Ask::ExportUnsent
            | Ask::ClaimDecision { .. }
            | Ask::Execute { .. } => self.ready,
            // What is entered is noted in one write with it, so none may be under way.
            Ask::TakePart { document, .. } => self.ready && self.workspace.is_saved(document),
        };
        let Some(next) = self.asked.waiting.iter().position(can_answer) else {
            return false;
        };
        let Some(ToWorker { id, ask }) = self.asked.waiting.remove(next) else {
            return false;
        };
        let result = match ask {
            Ask::Status => Ok(Answer::Status(self.leading.shown(self.workspace.status()))),
            Ask::Overview { today } => Ok(Answer::Overview(
                self.workspace.overview(today.parse().ok()),
            )),
            Ask::Summaries { kind } => Ok(Answer::Summaries(self.workspace.summaries(&kind))),
            Ask::Record { id } => {
                let record = self.workspace.record(&id);
                record
                    .map(|record| Answer::Record(Box::new(record)))
                    .map_err(failure)
            }
            Ask::History { id, skip, count } => {
                let history = self.workspace.history(&id, skip, count);
                history.map(Answer::History).map_err(failure)
            }
            Ask::Refused { id } => Ok(Answer::Refused(self.workspace.refused(&id).map(Box::new))),
            Ask::ExportRefused { id } => {
                Ok(Answer::ExportRefused(export_refused(&self.workspace, &id)))
            }
            Ask::Proposed { id, changes } => proposed(&self.workspace, &id, &changes),
            Ask::DecideRefused { id, again } => {
                self.decide_refused(id, again);
                Ok(Answer::Nothing)
            }
            Ask::ExportUnsent => Ok(Answer::Unsent(unsent::export(&self.workspace))),
            Ask::KeepAccount { account } => {
                self.storage.keep_account(account);
                Ok(Answer::Nothing)
            }
            Ask::Unlock { .. } | Ask::GiveUpLock => Ok(gate::right()),
            Ask::Lock { .. } | Ask::ChangePin { .. } | Ask::EndLock => {
                let database = self.database.clone();
                let unsent = self.workspace.unsent().count() as u64;
                spawn_local(async move { reply(id, gate::turn(&database, unsent, ask).await) });
                return true;
            }
            Ask::Execute { command } => {
                self.execute(id, command.document(), &[command], None);
                return true;
            }
            Ask::TakePart {
                document,
                commands,
                decided,
            } => {
                self.execute(id, document, &commands, Some(decided));
                return true;
            }
            Ask::ClaimDecision { begin } => {
                self.claim_decision(id, begin);
                return true;
            }
            Ask::AwaitDecision => {
                let database = self.database.clone();
                spawn_local(async move {
                    lock::free_of_decisions(&database).await;
                    reply(id, Ok(Answer::Nothing));
                });
                return true;
            }
            Ask::EndDecision => {
                self.end_decision(id);
                return true;
            }
            Ask::Reconnect => {
                self.reconnect();
                Ok(Answer::Nothing)
            }
            Ask::Dismiss { notice } => {
                self.dismiss(notice);
                Ok(Answer::Nothing)
            }
        };
        reply(id, result);
        true
    }

    /// Every tab holds the refused edits, so every tab is told what becomes of them.
    fn decide_refused(&mut self, document: DocumentId, again: bool) {
        self.workspace
            .handle(clock::now(), Input::Refused { document, again });
        self.leading.say(Word::Refused { document, again });
    }

    /// Carries out commands on a document. What is decided by them is noted when they are written.
    fn execute(
        &mut self,
        ask: u64,
        document: DocumentId,
        commands: &[Command],
        decided: Option<String>,
    ) {
        match self.workspace.execute_all(clock::now(), document, commands) {
            // Commands that changed nothing have nothing to wait for.
            Ok(executed) if self.workspace.is_saved(&executed.document) => {
                reply(
                    ask,
                    done(&self.workspace, &executed.document, executed.undo, None),
                );
            }
            Ok(executed) => {
                let (document, undo) = (executed.document, executed.undo);
                if let Some(decided) = decided {
                    self.deciding.entered(document, decided);
                }
                self.asked.unsaved.push(Unsaved {
                    ask,
                    document,
                    undo,
                });
            }
            Err(error) => reply(ask, Err(failure(error))),
        }
    }
}

/// Nothing when the record has no refused edits.
fn export_refused(workspace: &Workspace, document: &DocumentId) -> Option<Export> {
    let bytes = workspace.refused_bytes(document)?;
    let view = workspace.refused(document)?;
    Some(Export {
        bytes: hex::encode(bytes),
        readable: serde_json::to_string_pretty(&view).ok()?,
    })
}

fn proposed(
    workspace: &Workspace,
    document: &DocumentId,
    changes: &str,
) -> Result<Answer, Failure> {
    let failed = |code: &str, message: String| Failure {
        code: code.to_owned(),
        message,
    };
    let changes = hex::decode(changes).map_err(|error| failed("bad-message", error.to_string()))?;
    let view = workspace.proposed(document, &changes);
    view.map(|view| Answer::Proposed(Box::new(view)))
        .map_err(|refusal| failed(refusal.code, refusal.message))
}

fn done(
    workspace: &Workspace,
    document: &DocumentId,
    undo: Vec<Command>,
    unsaved: Option<Failure>,
) -> Result<Answer, Failure> {
    let record = workspace.record(document).map_err(failure)?;
    let done = Done {
        record,
        undo,
        unsaved,
    };
    Ok(Answer::Done(Box::new(done)))
}

pub(super) fn reply(id: u64, result: Result<Answer, Failure>) {
    scope::post(&FromWorker::Reply { id, result });
}

fn failure(error: CommandError) -> Failure {
    let code = match error {
        CommandError::NotHere(_) => "not-here",
        CommandError::NotARecord(_) => "not-a-record",
        CommandError::UnknownKind(_) => "unknown-kind",
        CommandError::WrongPath { .. } => "wrong-path",
        CommandError::WrongValue { .. } => "wrong-value",
        CommandError::UnknownBase => "unknown-base",
        CommandError::Document(_) => "document",
    };
    Failure {
        code: code.to_owned(),
        message: error.to_string(),
    }
}
