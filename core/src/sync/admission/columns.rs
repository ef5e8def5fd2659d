//! The columns of a chunk: which there are, and their bytes.

use std::borrow::Cow;

use super::budget::Budget;
use super::reader::Reader;
use super::refusal::bad_chunk;
use crate::sync::policy::Refusal;
use crate::wire::limits::COLUMNS;

/// Bit of a column's kind that says that its bytes are compressed.
const DEFLATE: u32 = 0b1000;

/// Kinds and lengths of columns, as they stand in front of the columns' bytes.
#[derive(Debug)]
pub(super) struct Layout(Vec<(u32, u64)>);

impl Layout {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Refusal> {
        let cut = || bad_chunk("the list of its columns is damaged");
        let count = reader.unsigned().ok_or_else(cut)?;
        if count > COLUMNS {
            return Err(bad_chunk("it has more columns than Automerge writes"));
        }
        let mut columns: Vec<(u32, u64)> = Vec::new();
        for _ in 0..count {
            let kind = reader
                .unsigned()
                .and_then(|kind| u32::try_from(kind).ok())
                .ok_or_else(cut)?;
            let length = reader.unsigned().ok_or_else(cut)?;
            if columns
                .last()
                .is_some_and(|(last, _)| last & !DEFLATE >= kind & !DEFLATE)
            {
                return Err(bad_chunk("its columns are out of order"));
            }
            columns.push((kind, length));
        }
        Ok(Self(columns))
    }

    /// Takes the columns' bytes off `reader`.
    pub(super) fn take<'a>(
        &self,
        reader: &mut Reader<'a>,
    ) -> Result<Vec<(u32, &'a [u8])>, Refusal> {
        self.0
            .iter()
            .map(|(kind, length)| {
                let bytes = reader
                    .take(*length)
                    .ok_or_else(|| bad_chunk("a column is cut off"))?;
                Ok((*kind, bytes))
            })
            .collect()
    }
}

/// Columns by kind, not compressed.
#[derive(Debug)]
pub(super) struct Columns<'a>(Vec<(u32, Cow<'a, [u8]>)>);

impl<'a> Columns<'a> {
    /// Columns of a change, which are never compressed one by one.
    pub(super) fn plain(columns: Vec<(u32, &'a [u8])>) -> Result<Self, Refusal> {
        if columns.iter().any(|(kind, _)| kind & DEFLATE != 0) {
            return Err(bad_chunk("a change has a compressed column"));
        }
        let plain = |(kind, bytes)| (kind, Cow::Borrowed(bytes));
        Ok(Self(columns.into_iter().map(plain).collect()))
    }

    /// Columns of a document, any of which may be compressed.
    pub(super) fn inflate(
        columns: Vec<(u32, &'a [u8])>,
        budget: &mut Budget,
    ) -> Result<Self, Refusal> {
        let mut inflated = Vec::new();
        for (kind, bytes) in columns {
            let bytes = if kind & DEFLATE == 0 {
                Cow::Borrowed(bytes)
            } else {
                Cow::Owned(budget.inflate(bytes)?)
            };
            inflated.push((kind & !DEFLATE, bytes));
        }
        Ok(Self(inflated))
    }

    /// Bytes of the column of this kind; none if it is absent.
    pub(super) fn get(&self, kind: u32) -> &[u8] {
        self.0
            .iter()
            .find(|(other, _)| *other == kind)
            .map_or(&[], |(_, bytes)| bytes)
    }
}
