//! A replica of a simulated world: start, crash, clock, disk.

use super::policy::SimulatedPolicy;
use super::{CrashStage, Event, Hash, SERVER, Sabotage, Simulation};
use crate::id::{DocumentId, EffectId, PeerId, StorageId};
use crate::sync::input::Input;
use crate::sync::output::Output;
use crate::sync::repo::{Repo, RepoConfig};
use crate::sync::storage::{StorageAnswer, StorageError, StorageRequest};
use crate::time::Timestamp;
use rand_core::RngCore;

impl Simulation {
    pub(super) fn start(&mut self, replica: usize) {
        if self.replicas[replica].running.is_some() {
            return;
        }
        let mut seed = [0; 32];
        self.random.fill_bytes(&mut seed);
        let config = RepoConfig {
            peer: PeerId(format!("peer-{replica}-{}", self.replicas[replica].life)),
            storage: StorageId(format!("storage-{replica}")),
            seed,
            dials: replica != SERVER,
            follows_all: replica != SERVER,
            // Fewer than there are, so that some are always out of the server's memory.
            kept: 1,
        };
        let policy = SimulatedPolicy {
            takes_all: replica != SERVER || self.sabotage == Sabotage::NothingRefused,
        };
        let now = self.local(replica);
        let mut repo = Repo::new(config, policy, now);
        if replica == SERVER {
            repo.seal_cursors([0x5e; 32]);
        }
        self.replicas[replica].running = Some(repo);
        self.drain(replica);
    }

    /// What a replica's clock shows.
    pub(super) fn local(&self, replica: usize) -> Timestamp {
        let shift = self.replicas.get(replica).map_or(0, |here| here.shift);
        Timestamp(self.now.0.saturating_add_signed(shift))
    }

    pub(super) fn crash(&mut self, replica: usize) {
        let random = &mut self.random;
        let here = &mut self.replicas[replica];
        here.disk.crash(|| random.next_u32().is_multiple_of(2));
        self.watch_kept(replica);
        let here = &mut self.replicas[replica];
        here.life += 1;
        here.wake = 0;
        here.made.clear();
        if here.running.take().is_none() {
            return;
        }
        self.tally.crashes += 1;
        if replica != SERVER {
            self.informed[replica] = !self.restored;
        }
        self.cut_lines(replica);
        let pause = 10 + self.below(2_000);
        self.later(pause, Event::Start { replica });
    }

    /// The server stops and starts on an older copy of its disk.
    pub(super) fn restore(&mut self) {
        self.crash(SERVER);
        let disk = &mut self.replicas[SERVER].disk;
        let failing = (disk.full, disk.fails_writes, disk.fails_loads);
        *disk = self.backup.clone();
        (disk.full, disk.fails_writes, disk.fails_loads) = failing;
        self.replicas[SERVER].promised.clear();
        self.acknowledged.clear();
        self.informed = [false; 3];
        self.restored = true;
    }

    pub(super) fn effect(&mut self, replica: usize, effect: EffectId, request: &StorageRequest) {
        self.tally.effects += 1;
        let crash = self.crashes.get(&self.tally.effects).copied();
        let crash = crash.filter(|_| self.faulty);
        if crash == Some(CrashStage::Before) {
            self.crash(replica);
            return;
        }
        let forgets = self.sabotage == Sabotage::ForgottenUnsynced && replica != SERVER;
        let early = self.sabotage == Sabotage::EarlyAnswer;
        let forgets_refused = self.sabotage == Sabotage::ForgottenRefusals && replica != SERVER;
        let here = &mut self.replicas[replica];
        if forgets_refused && *request == StorageRequest::Catalogue {
            here.disk.forget_refused();
        }
        if forgets && *request == StorageRequest::Catalogue {
            here.disk.pretend_synced();
        }
        let answer = here.disk.begin(request);
        if crash == Some(CrashStage::Within) {
            self.crash(replica);
            return;
        }
        let write = matches!(request, StorageRequest::Write(_)) && answer.is_ok();
        if crash == Some(CrashStage::After) {
            here.disk.flush();
            self.crash(replica);
            return;
        }
        if !write || early {
            self.feed(
                replica,
                Input::Stored {
                    effect,
                    result: answer.clone(),
                },
            );
        }
        if write {
            let (life, delay) = (self.replicas[replica].life, 1 + self.below(15));
            let delay = if early { delay + 300 } else { delay };
            let flushed = Event::Flushed {
                replica,
                life,
                effect,
                answer,
            };
            self.later(delay, flushed);
        }
    }

    pub(super) fn flushed(
        &mut self,
        replica: usize,
        effect: EffectId,
        result: Result<StorageAnswer, StorageError>,
    ) {
        self.replicas[replica].disk.flush();
        self.watch_kept(replica);
        if self.sabotage != Sabotage::EarlyAnswer {
            self.feed(replica, Input::Stored { effect, result });
        }
    }

    pub(super) fn feed(&mut self, replica: usize, input: Input) {
        let now = self.local(replica);
        if let Some(repo) = &mut self.replicas[replica].running {
            repo.handle(now, input);
            self.drain(replica);
        }
    }

    pub(super) fn drain(&mut self, replica: usize) {
        let Some(repo) = &mut self.replicas[replica].running else {
            return;
        };
        let outputs: Vec<_> = std::iter::from_fn(|| repo.poll()).collect();
        let life = self.replicas[replica].life;
        for output in outputs {
            match output {
                Output::Send { connection, bytes } => self.send(replica, connection, bytes),
                Output::Close { connection, .. } => self.close(replica, connection),
                Output::Storage { effect, request } => {
                    let slow = self.replicas[replica].delay;
                    let delay = 1 + self.below(15 + slow);
                    let event = Event::Effect {
                        replica,
                        life,
                        effect,
                        request,
                    };
                    self.later(delay, event);
                }
                Output::Dial => {
                    let delay = self.below(100);
                    self.later(delay, Event::Dial { replica, life });
                }
                Output::Wake(at) => {
                    let delay = at.0.saturating_sub(self.local(replica).0);
                    let number = self.order;
                    self.replicas[replica].wake = number;
                    self.later(delay, Event::Wake { replica, number });
                }
                Output::Saved { document } => self.watch_saved(replica, document),
                Output::Changed { document, .. } => self.watch_changed(replica, document),
                Output::Opened { .. } | Output::Status | Output::Withheld(_) => {}
            }
        }
        if replica != SERVER {
            self.watch_status(replica);
        }
    }

    pub(super) fn heads(&self, replica: usize, document: &DocumentId) -> Vec<Hash> {
        self.replicas[replica]
            .running
            .as_ref()
            .and_then(|repo| repo.document(document))
            .map(|doc| doc.get_heads().into_iter().map(|head| head.0).collect())
            .unwrap_or_default()
    }
}
