//! Time as data: instants handed in by the driver, and dates of known precision.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Milliseconds since the Unix epoch, as read by the driver.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// This instant, `millis` milliseconds later.
    #[must_use]
    pub const fn plus_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Whole seconds since the Unix epoch, the unit of an Automerge change's time.
    pub const fn seconds(self) -> i64 {
        (self.0 / 1000) as i64
    }
}

/// A calendar date as exact as its source: a year, a month or a day.
///
/// Ordered by the text form, so that `2021` < `2021-03` < `2021-03-16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: Option<u8>,
    day: Option<u8>,
}

/// How exact a date is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// Only the year is known.
    Year,
    /// Year and month are known.
    Month,
    /// The day is known.
    Day,
}

impl Date {
    /// Year, 0 to 9999.
    pub const fn year(self) -> u16 {
        self.year
    }

    /// Month, 1 to 12, when known.
    pub const fn month(self) -> Option<u8> {
        self.month
    }

    /// Day of the month, when known.
    pub const fn day(self) -> Option<u8> {
        self.day
    }

    /// How exact this date is.
    pub const fn precision(self) -> Precision {
        match (self.month, self.day) {
            (_, Some(_)) => Precision::Day,
            (Some(_), None) => Precision::Month,
            (None, None) => Precision::Year,
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        if let Some(month) = self.month {
            write!(f, "-{month:02}")?;
        }
        if let Some(day) = self.day {
            write!(f, "-{day:02}")?;
        }
        Ok(())
    }
}

/// A text that is no date or span of dates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a date: expected 2021, 2021-03, 2021-03-16 or two of them as start/end")]
pub struct DateError(String);

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || DateError(text.chars().take(40).collect());
        let number = |part: &str, width: usize| {
            (part.len() == width && part.bytes().all(|b| b.is_ascii_digit()))
                .then(|| part.parse::<u16>().ok())
                .flatten()
        };
        let mut parts = text.split('-');
        let year = parts.next().and_then(|p| number(p, 4)).ok_or_else(error)?;
        let month = match parts.next() {
            Some(p) => Some(
                number(p, 2)
                    .filter(|m| (1..=12).contains(m))
                    .ok_or_else(error)? as u8,
            ),
            None => None,
        };
        let day = match (month, parts.next()) {
            (Some(month), Some(p)) => {
                let last = u16::from(days_in_month(year, month));
                Some(
                    number(p, 2)
                        .filter(|d| (1..=last).contains(d))
                        .ok_or_else(error)? as u8,
                )
            }
            _ => None,
        };
        if parts.next().is_some() {
            return Err(error());
        }
        Ok(Self { year, month, day })
    }
}

fn days_in_month(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 31,
    }
}

/// When something took place: a first and a last date, each as exact as known.
///
/// Written in the interval notation of ISO 8601 (`2021-03`,
/// `2021-03-16/2021-03-18`). It is kept as one text in one register of a
/// document, so that start and end never come from two writers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateSpan {
    start: Date,
    end: Date,
}

impl DateSpan {
    /// From `start` to `end`, or `None` if `end` is before `start`.
    pub fn new(start: Date, end: Date) -> Option<Self> {
        // A month ends after any of its days begins: 2021-03-16/2021-03 is in order.
        let key = |d: Date, open: u8| (d.year, d.month.unwrap_or(open), d.day.unwrap_or(open));
        (key(start, 0) <= key(end, u8::MAX)).then_some(Self { start, end })
    }

    /// First date.
    pub const fn start(self) -> Date {
        self.start
    }

    /// Last date; the same as the first when there is only one.
    pub const fn end(self) -> Date {
        self.end
    }
}

impl fmt::Display for DateSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.start == self.end {
            write!(f, "{}", self.start)
        } else {
            write!(f, "{}/{}", self.start, self.end)
        }
    }
}

impl FromStr for DateSpan {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (start, end) = match text.split_once('/') {
            Some((start, end)) => (start.parse()?, end.parse()?),
            None => {
                let date = text.parse()?;
                (date, date)
            }
        };
        Self::new(start, end).ok_or_else(|| DateError(text.chars().take(40).collect()))
    }
}

impl Serialize for DateSpan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DateSpan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn dates_keep_the_precision_of_their_source() {
        for (text, precision) in [
            ("2021", Precision::Year),
            ("2021-03", Precision::Month),
            ("2024-02-29", Precision::Day),
        ] {
            let date: Date = text.parse().expect(text);
            assert_eq!(date.precision(), precision);
            assert_eq!(date.to_string(), text);
        }
    }

    #[test]
    fn impossible_dates_are_refused() {
        for bad in [
            "",
            "21",
            "2021-13",
            "2021-00",
            "2021-3",
            "2023-02-29",
            "2021-03-16-1",
            "x",
        ] {
            assert!(bad.parse::<Date>().is_err(), "{bad}");
        }
        assert!("2021-04/2021-03".parse::<DateSpan>().is_err());
        assert!("2021-03-16/2021-03".parse::<DateSpan>().is_ok());
    }
}
