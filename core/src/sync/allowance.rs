//! How often something may be done: some times at once, and so many times a second after that.

use crate::time::Timestamp;

/// A bucket of tokens that fills up with time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowance {
    /// Thousandths of what may be done now.
    left: u64,
    most: u64,
    per_second: u64,
    since: Timestamp,
}

impl Allowance {
    /// A full bucket.
    pub(super) fn new(burst: u64, per_second: u64, now: Timestamp) -> Self {
        let most = burst.saturating_mul(1000);
        Self {
            left: most,
            most,
            per_second,
            since: now,
        }
    }

    /// Takes one. Whether there was one.
    pub(super) fn take(&mut self, now: Timestamp) -> bool {
        let passed = now.0.saturating_sub(self.since.0);
        self.since = self.since.max(now);
        let gained = passed.saturating_mul(self.per_second);
        self.left = self.left.saturating_add(gained).min(self.most);
        let enough = self.left >= 1000;
        if enough {
            self.left -= 1000;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_burst_is_let_through_and_then_so_many_a_second() {
        let start = Timestamp(5_000);
        let mut allowance = Allowance::new(10, 4, start);
        let mut taken = |now| (0..100).filter(|_| allowance.take(now)).count();
        assert_eq!(taken(start), 10);
        assert_eq!(taken(start), 0);
        assert_eq!(taken(start.plus_millis(249)), 0);
        assert_eq!(taken(start.plus_millis(250)), 1);
        assert_eq!(taken(start.plus_millis(1_250)), 4);
        // A clock that jumps back gives nothing and takes nothing.
        assert_eq!(taken(start), 0);
        assert_eq!(taken(Timestamp(u64::MAX)), 10);
    }
}
