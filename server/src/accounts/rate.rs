//! How often something may be tried: a bucket of attempts for each name, filled up with time.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use meltemi_core::time::Timestamp;

/// How many attempts there are at once, and how long each takes to come back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    /// Attempts that may follow each other at once.
    pub(crate) burst: u32,
    /// How long it takes until there is one more.
    pub(crate) every: Duration,
}

/// Buckets by name. When there are too many names, those that are full again are forgotten, and if
/// that is not enough, the one that was used longest ago.
#[derive(Debug)]
pub(crate) struct Buckets<K> {
    rate: Rate,
    most: usize,
    /// When each will be full again.
    full_at: Mutex<HashMap<K, u64>>,
}

impl<K: Eq + Hash + Clone> Buckets<K> {
    /// Buckets for at most so many names.
    pub(crate) fn new(rate: Rate, most: usize) -> Self {
        Self {
            rate,
            most,
            full_at: Mutex::new(HashMap::new()),
        }
    }

    /// Takes an attempt, or says how long to wait for one.
    pub(crate) fn take(&self, name: &K, now: Timestamp) -> Result<(), Duration> {
        let mut all = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let (every, now) = (self.every(), now.0);
        let full_at = all.get(name).copied().unwrap_or(now).max(now);
        let after = full_at + every;
        let latest = now + every * u64::from(self.rate.burst);
        if after > latest {
            return Err(Duration::from_millis(after - latest));
        }
        if all.len() >= self.most && !all.contains_key(name) {
            all.retain(|_, full_at| *full_at > now);
            if all.len() >= self.most {
                let next = all.iter().min_by_key(|(_, full_at)| **full_at);
                if let Some(next) = next.map(|(name, _)| name.clone()) {
                    all.remove(&next);
                }
            }
        }
        all.insert(name.clone(), after);
        Ok(())
    }

    /// Gives an attempt back that was none.
    pub(crate) fn give_back(&self, name: &K) {
        let mut all = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(full_at) = all.get_mut(name) {
            *full_at = full_at.saturating_sub(self.every());
        }
    }

    fn every(&self) -> u64 {
        u64::try_from(self.rate.every.as_millis()).unwrap_or(u64::MAX / 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        burst: 3,
        every: Duration::from_secs(10),
    };

    #[test]
    fn attempts_run_out_and_come_back() {
        let buckets = Buckets::new(RATE, 10);
        let at = |second: u64| Timestamp(1_000_000 + second * 1_000);
        for _ in 0..3 {
            assert_eq!(buckets.take(&"ana", at(0)), Ok(()));
        }
        assert_eq!(buckets.take(&"ana", at(0)), Err(Duration::from_secs(10)));
        assert_eq!(buckets.take(&"ana", at(4)), Err(Duration::from_secs(6)));
        assert_eq!(buckets.take(&"ben", at(4)), Ok(()));
        assert_eq!(buckets.take(&"ana", at(10)), Ok(()));
        assert!(buckets.take(&"ana", at(10)).is_err());
        buckets.give_back(&"ana");
        assert_eq!(buckets.take(&"ana", at(10)), Ok(()));
    }

    #[test]
    fn many_names_are_not_kept() {
        let buckets = Buckets::new(RATE, 10);
        for name in 0..1_000 {
            assert_eq!(buckets.take(&name, Timestamp(name)), Ok(()));
        }
        assert!(buckets.full_at.lock().expect("a lock").len() <= 10);
    }
}
