//! Before a worker begins: whose records it holds, and whether they are locked. Until the right PIN
//! was given, nothing of them is read or written and there is no line.

use futures_channel::mpsc::UnboundedReceiver;

use super::Signal;
use super::answers::reply;
use super::failure::failure;
use crate::app::home::{self, Home};
use crate::app::lock::State;
use crate::app::protocol::{Answer, Ask, Event, Failure, FromWorker, Locked, Pin, ToWorker};
use crate::storage::cipher::Cipher;
use crate::storage::vault::{self, Tried};
use crate::tabs::lock::{self, Held, Share};
use crate::{clock, scope};

/// What a worker begins with.
pub(super) struct Entered {
    /// Where the records are.
    pub(super) home: Home,
    /// Their key, if they are encrypted.
    pub(super) cipher: Option<Cipher>,
    /// The lock could not be turned on or off.
    pub(super) not_settled: bool,
    /// What the page asked meanwhile.
    pub(super) early: Vec<ToWorker>,
    /// Nobody moves the records while this is held.
    pub(super) here: Option<Held>,
}

/// Waits until the records may be opened.
pub(super) async fn enter(signals: &mut UnboundedReceiver<Signal>) -> Result<Entered, Failure> {
    let home = home::home(&scope::worker().name());
    let (mut cipher, mut early) = (None::<Cipher>, Vec::new());
    let (mut settled, mut not_settled) = (false, false);
    loop {
        let here = lock::share(&home.database, Share::Together).await;
        let seen = if home.owned {
            vault::see(&home.database).await?
        } else {
            None
        };
        match (seen, &cipher) {
            (None, _) => {
                return Ok(Entered {
                    home,
                    cipher: None,
                    not_settled,
                    early,
                    here,
                });
            }
            // Another tab has made another lock since the PIN was given: its own is asked for.
            (Some(seen), Some(key)) if !key.is_of(&seen.wrapped) => {
                (cipher, settled, not_settled) = (None, false, false);
            }
            (Some(_), Some(key)) if !settled => {
                drop(here);
                not_settled = vault::settle(&home.database, key).await.is_err();
                settled = true;
            }
            (Some(seen), Some(_)) => {
                // As long as they are still to be encrypted, they lie in the open.
                let cipher = cipher.filter(|_| seen.state != State::Filling);
                return Ok(Entered {
                    home,
                    cipher,
                    not_settled,
                    early,
                    here,
                });
            }
            (Some(seen), None) => {
                drop(here);
                let until = seen.attempts.wait(clock::now());
                scope::post(&FromWorker::Event {
                    event: Event::Locked(Locked {
                        state: seen.state,
                        until,
                        unsent: seen.unsent,
                    }),
                });
                cipher = unlock(&home.database, signals, &mut early).await?;
            }
        }
    }
}

/// Waits for the right PIN. None when there is to be looked again whether there is a lock.
async fn unlock(
    database: &str,
    signals: &mut UnboundedReceiver<Signal>,
    early: &mut Vec<ToWorker>,
) -> Result<Option<Cipher>, Failure> {
    while let Ok(signal) = signals.recv().await {
        let Signal::Asked(asked) = signal else {
            continue;
        };
        let tried = match &asked.ask {
            Ask::Unlock { pin } => vault::attempt(database, pin).await,
            Ask::GiveUpLock => vault::give_up(database).await.map(|()| Tried::Right(None)),
            _ => {
                early.push(asked);
                continue;
            }
        };
        match tried {
            Ok(Tried::Right(cipher)) => {
                reply(asked.id, Ok(right()));
                return Ok(cipher);
            }
            Ok(wrong) => reply(asked.id, Ok(answer(&wrong))),
            Err(fault) => reply(asked.id, Err(fault.into())),
        }
    }
    Err(failure("worker", "The page is gone."))
}

/// What is said of a PIN that was tried.
fn answer(tried: &Tried) -> Answer {
    match tried {
        Tried::Right(_) => right(),
        Tried::Wrong(attempts) => Answer::Pin(Pin {
            right: false,
            until: attempts.wait(clock::now()),
        }),
    }
}

/// Turns the lock on or off, or changes its PIN, as the page asks.
pub(super) async fn turn(database: &str, unsent: u64, ask: Ask) -> Result<Answer, Failure> {
    Ok(match ask {
        Ask::Lock { pin } => {
            vault::begin(database, &pin, unsent).await?;
            Answer::Nothing
        }
        Ask::EndLock => {
            vault::end(database).await?;
            Answer::Nothing
        }
        Ask::ChangePin { pin, new } => answer(&vault::rewrap(database, &pin, &new).await?),
        _ => Answer::Nothing,
    })
}

pub(super) fn right() -> Answer {
    Answer::Pin(Pin {
        right: true,
        until: None,
    })
}
