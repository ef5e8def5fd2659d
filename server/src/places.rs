//! Places for connections: how many there are at one time, of all and of each principal.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use meltemi_core::sync::policy::Principal;

use crate::intake::Room;
use crate::limits;
use crate::outbox::Share;

/// All places of a server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places(Arc<Mutex<Taken>>);

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    principals: HashMap<Principal, Held>,
}

/// What one principal has.
#[derive(Debug)]
struct Held {
    connections: usize,
    share: Share,
    intake: Room,
}

/// One place, free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Places,
    principal: Principal,
    share: Share,
    intake: Room,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Full {
    /// The server has as many connections as it takes.
    #[error("too many devices are connected; try again later")]
    Server,
    /// One principal has.
    #[error("too many devices are connected for you; close some and try again")]
    Principal,
}

impl Places {
    /// Takes a place for a connection of this principal.
    pub(crate) fn enter(&self, principal: &Principal) -> Result<Place, Full> {
        let mut taken = self.lock();
        if taken.all >= limits::CONNECTIONS {
            return Err(Full::Server);
        }
        let most = most(principal);
        let held = taken
            .principals
            .entry(principal.clone())
            .or_insert_with(|| Held {
                connections: 0,
                share: Share::new(most.outboxes),
                intake: Room::new(most.intake),
            });
        if held.connections >= most.connections {
            return Err(Full::Principal);
        }
        held.connections += 1;
        let (share, intake) = (held.share.clone(), held.intake.clone());
        taken.all += 1;
        Ok(Place {
            places: self.clone(),
            principal: principal.clone(),
            share,
            intake,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Limits of a principal.
struct Most {
    connections: usize,
    /// Bytes that may wait for all its connections.
    outboxes: usize,
    /// Bytes that may come in over all its connections.
    intake: usize,
}

/// What a principal may have. The built-in principal is everybody: only the limits of the server
/// hold for it.
fn most(principal: &Principal) -> Most {
    if *principal == Principal::built_in() {
        return Most {
            connections: limits::CONNECTIONS,
            outboxes: limits::OUTBOXES_BYTES,
            intake: limits::INTAKE_BYTES,
        };
    }
    Most {
        connections: limits::CONNECTIONS_PER_PRINCIPAL,
        outboxes: limits::OUTBOX_BYTES_PER_PRINCIPAL,
        intake: limits::INTAKE_BYTES_PER_PRINCIPAL,
    }
}

impl Place {
    /// What waits for all connections of the principal.
    pub(crate) fn share(&self) -> &Share {
        &self.share
    }

    /// Room for what comes in over all connections of the principal.
    pub(crate) fn intake(&self) -> &Room {
        &self.intake
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.all -= 1;
        if let Some(held) = taken.principals.get_mut(&self.principal) {
            held.connections -= 1;
            if held.connections == 0 {
                taken.principals.remove(&self.principal);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(places: &Places, principal: &Principal, count: usize) -> Vec<Place> {
        (0..count)
            .map(|_| places.enter(principal).expect("a place"))
            .collect()
    }

    #[test]
    fn one_principal_cannot_take_the_places_of_others() {
        let places = Places::default();
        let (one, other) = (Principal("one".to_owned()), Principal("other".to_owned()));
        let mut held = fill(&places, &one, limits::CONNECTIONS_PER_PRINCIPAL);
        assert_eq!(places.enter(&one).expect_err("no place"), Full::Principal);
        let of_other = places.enter(&other).expect("a place");
        held.pop();
        let again = places.enter(&one).expect("the place that is free again");
        drop((held, of_other, again));
        assert!(places.lock().principals.is_empty());
        assert_eq!(places.lock().all, 0);
    }

    #[test]
    fn everybody_together_has_the_places_of_the_server() {
        let places = Places::default();
        let everybody = Principal::built_in();
        let held = fill(&places, &everybody, limits::CONNECTIONS);
        let one = Principal("one".to_owned());
        assert_eq!(places.enter(&everybody).expect_err("full"), Full::Server);
        assert_eq!(places.enter(&one).expect_err("full"), Full::Server);
        drop(held);
        assert!(places.enter(&one).is_ok());
    }
}
