//! Edits that devices take and the server refuses: who makes them in a simulated world, who decides
//! about them, and what must hold of them.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{Automerge, ROOT, ReadDoc};
use rand_core::RngCore;

use super::people::{PROGRAMME, apply, command, record};
use super::policy::{FORBIDDEN, SimulatedPolicy};
use super::{Event, Hash, PLAIN, SERVER, Sabotage, Simulation};
use crate::command::CommandError;
use crate::id::{DocumentId, RecordRef};
use crate::sync::input::Input;
use crate::sync::repo::Repo;
use crate::sync::status::SyncStatus;

/// Forbidden values of a replica are this many times its number, and less than this more.
pub(super) const OWN: u64 = 1_000;

/// How often a person has to discard until nothing is refused: what is left when the first are
/// gone may be refused itself.
const ROUNDS: usize = 4;

impl Simulation {
    fn whim(&mut self, bound: u64) -> u64 {
        self.whims.next_u64() % bound
    }

    /// Whether what a person does next on a replica is something that the server refuses.
    pub(super) fn is_forbidden(&mut self, replica: usize) -> bool {
        let one_of = self.plan.forbidden;
        one_of > 0 && replica != PLAIN && self.whim(one_of) == 0
    }

    /// A person writes on a device what the server refuses, in a record that is there or with a
    /// new one, and perhaps decides about it later.
    pub(super) fn forbid(&mut self, replica: usize) {
        let record = record(self.whim(8), replica);
        let value = OWN * replica as u64 + self.whim(OWN);
        let later = self.whim(3) > 0;
        let delay = self.whim(6_000);
        let now = self.local(replica);
        let document = DocumentId::of_record(PROGRAMME, &RecordRef::new(record.0, record.1));
        let running = self.replicas[replica].running.as_mut();
        let Some(repo) = running.filter(|repo| repo.is_ready()) else {
            return;
        };
        let before = repo.document(&document).map(Automerge::get_heads);
        let create = command(record, replica, 1, 0, None);
        let written = repo.edit(now, document, |doc| {
            if before.is_none() {
                apply(document, doc, &create, now)?;
            }
            let mut tx = doc.transaction();
            tx.put(ROOT, FORBIDDEN, value)
                .map_err(|error| CommandError::Document(error.to_string()))?;
            let time = now.0 as i64 / 1_000;
            Ok(tx.commit_with(CommitOptions::default().with_time(time)).0)
        });
        match written {
            Err(CommandError::NotHere(_)) => return,
            written => {
                let change = written.expect("a device takes it");
                let forbidden = &mut self.replicas[replica].forbidden;
                forbidden.extend(change.map(|change| change.0));
            }
        }
        self.made(replica, document);
        if later {
            self.later(delay, Event::Decide { replica });
        }
    }

    /// A person on a device decides about the refused edits of a document, if there are any.
    pub(super) fn decide(&mut self, replica: usize) {
        let refused = self.refused(replica);
        if refused.is_empty() {
            return;
        }
        let document = refused[self.whim(refused.len() as u64) as usize];
        if self.whim(3) == 0 {
            self.tally.again += 1;
            let again = true;
            self.feed(replica, Input::Refused { document, again });
        } else {
            self.tally.discarded += 1;
            self.discard(replica, document);
        }
    }

    fn refused(&self, replica: usize) -> Vec<DocumentId> {
        let running = self.replicas[replica].running.iter();
        let refused = running.flat_map(Repo::refused_edits);
        refused.map(|edits| edits.document).collect()
    }

    fn discard(&mut self, replica: usize, document: DocumentId) {
        let here = &mut self.replicas[replica];
        let Some(repo) = &here.running else {
            return;
        };
        let mut refused = repo.refused_edits().into_iter();
        let whole = refused.any(|edits| edits.document == document && edits.whole);
        let accepted = repo.document(&document).filter(|_| !whole);
        let accepted = accepted.map(Automerge::get_heads).unwrap_or_default();
        let with = repo.with_refused(&document);
        let with = with.expect("what was refused can be shown");
        for change in with.get_changes_meta(&accepted) {
            let hash = change.hash.0;
            if let Some(promised) = here.promised.get_mut(&document) {
                promised.remove(&hash);
            }
            if let Some(made) = here.made.get_mut(&document) {
                made.retain(|made| *made != hash);
            }
            here.discarded.entry(document).or_default().insert(hash);
        }
        let again = false;
        self.feed(replica, Input::Refused { document, again });
    }

    /// What a replica has in a document has changed: nothing forbidden may be there but its own.
    pub(super) fn watch_changed(&self, replica: usize, document: DocumentId) {
        let running = self.replicas[replica].running.as_ref();
        let Some(doc) = running.and_then(|repo| repo.document(&document)) else {
            return;
        };
        for (value, _) in doc.get_all(ROOT, FORBIDDEN).into_iter().flatten() {
            assert_eq!(
                value.as_u64().map(|value| value / OWN),
                Some(replica as u64),
                "{document} of replica {replica} has a change of somebody else that was refused \
                 or given up"
            );
        }
    }

    /// What survives a crash now of what a replica has called saved, and of what was discarded
    /// there.
    pub(super) fn watch_kept(&mut self, replica: usize) {
        if replica == SERVER || self.sabotage == Sabotage::EarlyAnswer {
            return;
        }
        let here = &mut self.replicas[replica];
        for (document, saved) in &here.promised {
            assert!(
                here.disk.has_beside(document, saved),
                "replica {replica} has lost a saved change of {document}"
            );
        }
        for (document, changes) in &here.discarded {
            for change in changes.intersection(&here.forbidden) {
                if !here.disk.has_beside(document, [change]) {
                    here.gone.insert(*change);
                    continue;
                }
                assert!(
                    !here.gone.contains(change),
                    "what was discarded of {document} is on the disk of replica {replica} again"
                );
            }
        }
    }

    /// What a device says of refused edits.
    pub(super) fn watch_refused(&mut self, replica: usize, status: &SyncStatus) {
        let here = &mut self.replicas[replica];
        let running = here.running.as_ref();
        let Some(repo) = running.filter(|repo| repo.is_ready()) else {
            return;
        };
        for edits in &status.refused {
            assert!(
                repo.document(&edits.document).is_some(),
                "{} was refused and cannot be read on replica {replica}",
                edits.document
            );
            if !here.refused.contains(&edits.document) {
                self.tally.refusals += 1;
                self.tally.refused_whole += u64::from(edits.whole);
            }
        }
        here.refused = status.refused.iter().map(|edits| edits.document).collect();
    }

    /// Everything that a device has called saved is on the server, or beside its document, or the
    /// whole document was refused.
    pub(super) fn check_refused(&self) {
        let server = &self.replicas[SERVER].disk;
        for (number, replica) in self.replicas.iter().enumerate().skip(1) {
            let repo = replica.running.as_ref();
            let repo: &Repo<SimulatedPolicy> = repo.expect("all run when faults are over");
            let status = repo.status();
            assert_eq!((status.unsaved, status.waiting), (0, 0), "replica {number}");
            for (document, saved) in &replica.promised {
                assert!(
                    replica.disk.has_beside(document, saved),
                    "replica {number} has lost a saved change of {document}"
                );
                let mut refused = status.refused.iter();
                let refused = refused.find(|edits| edits.document == *document);
                let is_kept = |change: &Hash| match refused {
                    Some(edits) => edits.whole || !replica.disk.has(document, [change]),
                    None => false,
                };
                for change in saved {
                    assert!(
                        server.has(document, [change]) || is_kept(change),
                        "the server lacks a change of {document} that replica {number} saved, and \
                         it is not said to be refused"
                    );
                }
            }
        }
    }

    /// People discard everything that is refused.
    pub(super) fn discard_all(&mut self) {
        for _ in 0..ROUNDS {
            let mut quiet = true;
            for device in [1, 2] {
                for document in self.refused(device) {
                    quiet = false;
                    self.discard(device, document);
                }
            }
            if quiet {
                return;
            }
            self.run_for(5_000);
        }
        for device in [1, 2] {
            let left = self.refused(device);
            assert!(left.is_empty(), "{left:?} cannot be discarded");
        }
    }
}
