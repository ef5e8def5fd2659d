//! Dates on their way from the person to the record: how exact, from when, to when.

use meltemi_core::time::{Date, DateSpan, Precision};

/// A date or a span of dates being edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// How exact both ends are.
    pub precision: Precision,
    /// First date, as text of that precision; empty when not given.
    pub start: String,
    /// Last date; empty when it is the first.
    pub end: String,
}

/// Why a draft is no date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// The end is before the start.
    #[error("the end is before the start")]
    Reversed,
    /// A date is not complete, or impossible.
    #[error("the date is not complete")]
    Incomplete,
}

impl Draft {
    /// The draft for a stored span, date or nothing.
    pub fn new(stored: &str) -> Self {
        let Ok(span) = stored.parse::<DateSpan>() else {
            return Self {
                precision: Precision::Day,
                start: String::new(),
                end: String::new(),
            };
        };
        let precision = span.start().precision().min(span.end().precision());
        let end = if span.start() == span.end() {
            String::new()
        } else {
            cut(span.end(), precision)
        };
        Self {
            precision,
            start: cut(span.start(), precision),
            end,
        }
    }

    /// Makes the draft as exact as given, keeping what is known.
    pub fn set_precision(&mut self, precision: Precision) {
        let convert = |text: &str| match text.parse::<Date>() {
            Ok(date) if date.precision() >= precision => cut(date, precision),
            // A coarser date stays as the beginning of the finer one.
            Ok(date) => date.to_string(),
            Err(_) => String::new(),
        };
        (self.start, self.end) = (convert(&self.start), convert(&self.end));
        self.precision = precision;
    }

    /// The text to store; `None` when nothing is given.
    pub fn value(&self) -> Result<Option<String>, DraftError> {
        let (start, end) = (self.start.trim(), self.end.trim());
        if start.is_empty() && end.is_empty() {
            return Ok(None);
        }
        let date = |text: &str| {
            let date: Date = text.parse().map_err(|_| DraftError::Incomplete)?;
            if date.precision() == self.precision {
                Ok(date)
            } else {
                Err(DraftError::Incomplete)
            }
        };
        let start = date(start)?;
        let end = if end.is_empty() { start } else { date(end)? };
        DateSpan::new(start, end)
            .map(|span| Some(span.to_string()))
            .ok_or(DraftError::Reversed)
    }
}

/// Year and month of an unfinished text such as `2021` or `2021-03`.
pub fn year_and_month(text: &str) -> (String, String) {
    let mut parts = text.splitn(3, '-');
    let mut part = || parts.next().unwrap_or_default().to_owned();
    (part(), part())
}

/// Year and month put together again; empty when both are.
pub fn join_month(year: &str, month: &str) -> String {
    match (year.trim(), month.trim()) {
        ("", "") => String::new(),
        (year, "") => year.to_owned(),
        (year, month) => format!("{year}-{month}"),
    }
}

/// The year of a stored span or date, for filters.
pub fn year(stored: &str) -> Option<u16> {
    stored
        .parse::<DateSpan>()
        .ok()
        .map(|span| span.start().year())
}

fn cut(date: Date, precision: Precision) -> String {
    let length = match precision {
        Precision::Year => 4,
        Precision::Month => 7,
        Precision::Day => 10,
    };
    date.to_string().chars().take(length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_dates_come_back_unchanged() {
        for stored in [
            "2021",
            "2021-03",
            "2021-03-16",
            "2021-03-16/2021-03-18",
            "2015/2018",
        ] {
            assert_eq!(Draft::new(stored).value(), Ok(Some(stored.to_owned())));
        }
        assert_eq!(Draft::new("").value(), Ok(None));
    }

    #[test]
    fn a_coarser_precision_cuts_and_a_finer_one_waits_for_the_rest() {
        let mut draft = Draft::new("2021-03-16/2021-04-02");
        draft.set_precision(Precision::Month);
        assert_eq!(draft.value(), Ok(Some("2021-03/2021-04".into())));
        draft.set_precision(Precision::Day);
        assert_eq!(draft.start, "2021-03");
        assert_eq!(draft.value(), Err(DraftError::Incomplete));
    }

    #[test]
    fn an_end_before_the_start_is_told() {
        let mut draft = Draft::new("2021-03-16");
        draft.end = "2021-03-01".into();
        assert_eq!(draft.value(), Err(DraftError::Reversed));
        draft.start.clear();
        assert_eq!(draft.value(), Err(DraftError::Incomplete));
    }

    #[test]
    fn months_are_put_together_and_taken_apart() {
        assert_eq!(year_and_month("2021-03"), ("2021".into(), "03".into()));
        assert_eq!(join_month("2021", "03"), "2021-03");
        assert_eq!(join_month("2021", ""), "2021");
        assert_eq!(join_month("", ""), "");
        assert_eq!(year("2021-03/2022-01"), Some(2021));
    }
}
