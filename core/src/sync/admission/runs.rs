//! The run-length encodings of Automerge's columns, read run by run: a run of a billion rows
//! costs as much here as a run of two.

use super::budget::Budget;
use super::reader::Reader;
use super::refusal::bad_chunk;
use crate::sync::policy::Refusal;

/// Something that runs repeat.
pub(super) trait Value<'a>: Copy {
    fn read(reader: &mut Reader<'a>) -> Option<Self>;
}

impl Value<'_> for u64 {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        reader.unsigned()
    }
}

impl Value<'_> for i64 {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        reader.signed()
    }
}

impl<'a> Value<'a> for &'a str {
    fn read(reader: &mut Reader<'a>) -> Option<Self> {
        std::str::from_utf8(reader.prefixed()?).ok()
    }
}

/// Equal rows that follow each other. No value: the rows are null.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run<V> {
    pub(super) count: u64,
    pub(super) value: Option<V>,
}

/// The runs of one column of at most `limit` rows.
#[derive(Debug, Clone)]
pub(super) struct Runs<'a, V> {
    reader: Reader<'a>,
    literals: u64,
    left: u64,
    over: fn() -> Refusal,
    _value: std::marker::PhantomData<V>,
}

impl<'a, V: Value<'a>> Runs<'a, V> {
    /// `over` is what to answer to more than `limit` rows.
    pub(super) fn new(bytes: &'a [u8], limit: u64, over: fn() -> Refusal) -> Self {
        Self {
            reader: Reader::new(bytes),
            literals: 0,
            left: limit,
            over,
            _value: std::marker::PhantomData,
        }
    }

    fn run(&mut self) -> Result<Option<Run<V>>, Refusal> {
        if self.literals == 0 && self.reader.is_empty() {
            return Ok(None);
        }
        let run = self.read().ok_or_else(damaged)?;
        self.left = self.left.checked_sub(run.count).ok_or_else(self.over)?;
        Ok(Some(run))
    }

    fn read(&mut self) -> Option<Run<V>> {
        if self.literals == 0 {
            let count = self.reader.signed()?;
            if count == 0 {
                let count = self.reader.unsigned().filter(|count| *count > 0)?;
                return Some(Run { count, value: None });
            }
            if count > 0 {
                return Some(Run {
                    count: count.unsigned_abs(),
                    value: Some(V::read(&mut self.reader)?),
                });
            }
            self.literals = count.unsigned_abs();
        }
        self.literals -= 1;
        Some(Run {
            count: 1,
            value: Some(V::read(&mut self.reader)?),
        })
    }
}

impl<'a, V: Value<'a>> Iterator for Runs<'a, V> {
    type Item = Result<Run<V>, Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        self.run().transpose()
    }
}

/// The rows of a column whose length was checked, one after the other.
#[derive(Debug)]
pub(super) struct Rows<'a, V> {
    runs: Runs<'a, V>,
    run: Run<V>,
    /// Sum of the rows so far, for a column of differences.
    sum: i64,
}

impl<'a, V: Value<'a>> Rows<'a, V> {
    pub(super) fn new(bytes: &'a [u8], limit: u64) -> Self {
        Self {
            runs: Runs::new(bytes, limit, longer),
            run: Run {
                count: 0,
                value: None,
            },
            sum: 0,
        }
    }

    /// The next row; null after the end.
    pub(super) fn row(&mut self) -> Result<Option<V>, Refusal> {
        if self.run.count == 0 {
            match self.runs.run()? {
                Some(run) => self.run = run,
                None => return Ok(None),
            }
        }
        self.run.count -= 1;
        Ok(self.run.value)
    }
}

impl Rows<'_, i64> {
    /// The next row of a column of differences.
    pub(super) fn absolute(&mut self) -> Result<Option<i64>, Refusal> {
        let Some(difference) = self.row()? else {
            return Ok(None);
        };
        self.sum = self.sum.checked_add(difference).ok_or_else(outside)?;
        Ok(Some(self.sum))
    }
}

/// What a column of numbers comes to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) rows: u64,
    pub(super) nulls: u64,
    pub(super) sum: u64,
}

impl Totals {
    fn add(&mut self, run: &Run<u64>) -> Option<()> {
        self.rows = self.rows.checked_add(run.count)?;
        match run.value {
            None => self.nulls = self.nulls.checked_add(run.count)?,
            Some(value) => {
                self.sum = self.sum.checked_add(value.checked_mul(run.count)?)?;
            }
        }
        Some(())
    }
}

/// Counts the rows of a column of numbers of at most `max`, and adds them up.
pub(super) fn numbers(
    bytes: &[u8],
    limit: u64,
    max: u64,
    over: fn() -> Refusal,
) -> Result<Totals, Refusal> {
    let mut totals = Totals::default();
    for run in Runs::<u64>::new(bytes, limit, over) {
        let run = run?;
        if run.value.is_some_and(|value| value > max) {
            return Err(outside());
        }
        totals.add(&run).ok_or_else(outside)?;
    }
    Ok(totals)
}

/// Counts the rows of a column of value headers, and adds up the bytes that the values have.
pub(super) fn lengths(bytes: &[u8], limit: u64) -> Result<Totals, Refusal> {
    let mut totals = Totals::default();
    for run in Runs::<u64>::new(bytes, limit, longer) {
        let run = run?;
        let length = Run {
            count: run.count,
            value: run.value.map(|header| header >> 4),
        };
        totals.add(&length).ok_or_else(outside)?;
    }
    Ok(totals)
}

/// Counts the rows of a column of differences whose sums stay between `min` and `max`.
pub(super) fn differences(bytes: &[u8], limit: u64, min: i64, max: i64) -> Result<Totals, Refusal> {
    let mut totals = Totals::default();
    let mut sum = 0i128;
    for run in Runs::<i64>::new(bytes, limit, longer) {
        let run = run?;
        let between = |sum: i128| (i128::from(min)..=i128::from(max)).contains(&sum);
        totals.rows += run.count;
        let Some(difference) = run.value else {
            totals.nulls += run.count;
            continue;
        };
        // Sums of a run lie on a line: its ends bound it.
        let first = sum + i128::from(difference);
        sum += i128::from(difference) * i128::from(run.count);
        if !between(first) || !between(sum) {
            return Err(outside());
        }
    }
    Ok(totals)
}

/// Counts the rows of a column of texts. A text counts once for every row that repeats it.
pub(super) fn texts(bytes: &[u8], limit: u64, budget: &mut Budget) -> Result<Totals, Refusal> {
    let mut totals = Totals::default();
    for run in Runs::<&str>::new(bytes, limit, longer) {
        let run = run?;
        let length = Run {
            count: run.count,
            value: run.value.map(|text| text.len() as u64),
        };
        totals.add(&length).ok_or_else(outside)?;
    }
    budget.spend_bytes(totals.sum)?;
    Ok(totals)
}

/// Counts the rows of a column of yes and no.
pub(super) fn flags(bytes: &[u8], limit: u64) -> Result<Totals, Refusal> {
    let mut totals = Totals::default();
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        let count = reader.unsigned().ok_or_else(damaged)?;
        totals.rows = totals
            .rows
            .checked_add(count)
            .filter(|rows| *rows <= limit)
            .ok_or_else(longer)?;
    }
    Ok(totals)
}

/// The rows of a column of yes and no.
#[derive(Debug)]
pub(super) struct Flags<'a> {
    reader: Reader<'a>,
    count: u64,
    value: bool,
}

impl<'a> Flags<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            reader: Reader::new(bytes),
            count: 0,
            value: true,
        }
    }

    /// The next row; no after the end.
    pub(super) fn row(&mut self) -> bool {
        while self.count == 0 {
            let Some(count) = self.reader.unsigned() else {
                return false;
            };
            self.count = count;
            self.value = !self.value;
        }
        self.count -= 1;
        self.value
    }
}

pub(super) fn damaged() -> Refusal {
    bad_chunk("a column is damaged")
}

pub(super) fn longer() -> Refusal {
    bad_chunk("a column has more rows than there are operations")
}

pub(super) fn outside() -> Refusal {
    bad_chunk("a column has a number outside of what it may have")
}
