//! The lock of the app: what is kept of it, what a PIN must be, and how wrong ones are slowed.

use meltemi_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Characters that a PIN must have at least.
pub const SHORTEST: usize = 6;

/// Milliseconds in the background after which the app locks.
pub const BACKGROUND: u64 = 5 * 60 * 1000;

/// What making a key from a PIN costs by argon2id: about a second on a small laptop.
pub const COST: Cost = Cost {
    memory: 32 * 1024,
    passes: 8,
};

/// Wrong PINs that may be followed by another one at once.
const FREE: u32 = 3;
/// Minutes to wait after each further one; the last holds for all that follow.
const DELAYS: [u64; 5] = [1, 5, 15, 30, 60];

/// What making a key costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// KiB of memory.
    pub memory: u32,
    /// How often all of it is gone through.
    pub passes: u32,
}

/// How far the encrypted database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is being filled; the records lie in the open one.
    Filling,
    /// The records lie in it.
    On,
    /// The open one is being filled; the records lie in the encrypted one.
    Emptying,
}

/// What is kept of a lock: enough to make the key from the right PIN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// How far it is.
    pub state: State,
    /// What making its key costs.
    pub cost: Cost,
    /// Random bytes that the PIN is mixed with.
    pub salt: Vec<u8>,
    /// The key of the records, encrypted with the one made from the PIN.
    pub wrapped: Vec<u8>,
}

impl Lock {
    /// As it is kept.
    pub fn write(&self) -> String {
        let state = match self.state {
            State::Filling => "filling",
            State::On => "on",
            State::Emptying => "emptying",
        };
        json!({
            "state": state,
            "memory": self.cost.memory,
            "passes": self.cost.passes,
            "salt": hex::encode(&self.salt),
            "wrapped": hex::encode(&self.wrapped),
        })
        .to_string()
    }

    /// Reads what [`Self::write`] has written.
    pub fn read(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        let number = |name: &str| u32::try_from(value[name].as_u64()?).ok();
        let bytes = |name: &str| hex::decode(value[name].as_str()?).ok();
        Some(Self {
            state: match value["state"].as_str()? {
                "filling" => State::Filling,
                "on" => State::On,
                "emptying" => State::Emptying,
                _ => return None,
            },
            cost: Cost {
                memory: number("memory")?,
                passes: number("passes")?,
            },
            salt: bytes("salt")?,
            wrapped: bytes("wrapped")?,
        })
    }
}

/// How often a wrong PIN was given since the last right one, and until when no other is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attempts {
    failures: u32,
    until: u64,
}

impl Attempts {
    /// From when on the next PIN is taken, if that is not now.
    pub fn wait(self, now: Timestamp) -> Option<Timestamp> {
        let left = self.until.saturating_sub(now.0);
        // More than any wait is left when the clock was set back: that keeps nobody out for years.
        (1..=delay(self.failures))
            .contains(&left)
            .then_some(Timestamp(self.until))
    }

    /// One more is tried now. It counts as wrong until it has turned out to be right, so that
    /// closing the app in between gives no further tries.
    pub fn begun(self, now: Timestamp) -> Self {
        let failures = self.failures.saturating_add(1);
        Self {
            failures,
            until: now.0 + delay(failures),
        }
    }

    /// As they are kept.
    pub fn write(self) -> String {
        format!("{} {}", self.failures, self.until)
    }

    /// Reads what [`Self::write`] has written; anything else is as bad as many wrong ones.
    pub fn read(text: &str, now: Timestamp) -> Self {
        let read = |text: &str| {
            let (failures, until) = text.split_once(' ')?;
            Some(Self {
                failures: failures.parse().ok()?,
                until: until.parse().ok()?,
            })
        };
        let many = Self {
            failures: u32::MAX - 1,
            until: 0,
        };
        read(text).unwrap_or_else(|| many.begun(now))
    }
}

/// Milliseconds to wait after this number of wrong PINs.
fn delay(failures: u32) -> u64 {
    let Some(beyond) = failures.checked_sub(FREE + 1) else {
        return 0;
    };
    let last = DELAYS.len() - 1;
    DELAYS[last.min(beyond as usize)] * 60 * 1000
}

/// The time left, in the unit in which it is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Less than a minute.
    Seconds(u64),
    /// More.
    Minutes(u64),
}

/// The time left until then; none when it has come.
pub fn left(now: Timestamp, until: Timestamp) -> Option<Left> {
    match until.0.saturating_sub(now.0) {
        0 => None,
        millis @ ..=59_000 => Some(Left::Seconds(millis.div_ceil(1000))),
        millis => Some(Left::Minutes(millis.div_ceil(60_000))),
    }
}

/// What is wrong with a new PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// It is too short.
    Short,
    /// It was given differently the second time.
    Differs,
}

/// Looks at a new PIN, given twice.
pub fn fit(pin: &str, again: &str) -> Result<(), Unfit> {
    if pin.chars().count() < SHORTEST {
        return Err(Unfit::Short);
    }
    if pin == again {
        Ok(())
    } else {
        Err(Unfit::Differs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000_000);
    const MINUTE: u64 = 60_000;

    #[test]
    fn a_lock_reads_back_and_damage_is_noticed() {
        for state in [State::Filling, State::On, State::Emptying] {
            let lock = Lock {
                state,
                cost: COST,
                salt: vec![1; 16],
                wrapped: vec![2; 60],
            };
            assert_eq!(Lock::read(&lock.write()), Some(lock));
        }
        assert_eq!(Lock::read("{}"), None);
        assert_eq!(Lock::read(r#"{"state":"off"}"#), None);
    }

    #[test]
    fn wrong_pins_have_to_wait_longer_and_longer() {
        let mut attempts = Attempts::default();
        let mut waits = Vec::new();
        for _ in 0..10 {
            attempts = attempts.begun(NOW);
            let wait = attempts.wait(NOW).map_or(0, |until| until.0 - NOW.0);
            waits.push(wait / MINUTE);
        }
        assert_eq!(waits, [0, 0, 0, 1, 5, 15, 30, 60, 60, 60]);
        assert_eq!(attempts.wait(Timestamp(NOW.0 + 60 * MINUTE)), None);
        assert_eq!(Attempts::read(&attempts.write(), NOW), attempts);
    }

    #[test]
    fn a_damaged_count_is_no_way_around_the_wait() {
        let attempts = Attempts::read("none", NOW);
        assert_eq!(attempts.wait(NOW), Some(Timestamp(NOW.0 + 60 * MINUTE)));
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out_for_years() {
        let attempts = (0..5).fold(Attempts::default(), |attempts, _| attempts.begun(NOW));
        assert!(attempts.wait(NOW).is_some());
        assert_eq!(attempts.wait(Timestamp(0)), None);
    }

    #[test]
    fn the_time_left_is_said_in_seconds_or_minutes() {
        let left = |millis| left(NOW, Timestamp(NOW.0 + millis));
        assert_eq!(left(0), None);
        assert_eq!(left(1), Some(Left::Seconds(1)));
        assert_eq!(left(59_000), Some(Left::Seconds(59)));
        assert_eq!(left(60_000), Some(Left::Minutes(1)));
        assert_eq!(left(61_000), Some(Left::Minutes(2)));
    }

    #[test]
    fn pins_are_long_enough_and_given_twice() {
        assert_eq!(fit("12345", "12345"), Err(Unfit::Short));
        assert_eq!(fit("123456", "123465"), Err(Unfit::Differs));
        assert_eq!(fit("123456", "123456"), Ok(()));
        assert_eq!(fit("ست كلمات", "ست كلمات"), Ok(()));
    }
}
