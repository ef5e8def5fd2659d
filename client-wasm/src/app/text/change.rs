//! What turns one text into another.

use std::collections::BTreeMap;

use dissimilar::Chunk;
use meltemi_core::command::Splice;

/// Above this many comparisons the differing middle is taken as replaced whole.
const MAX_WORK: usize = 4_000_000;

/// A piece of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Keep(&'a str),
    Delete(&'a str),
    Insert(&'a str),
}

/// The difference between two texts, whose middle is kept small for the eye of a reader.
pub(super) fn pieces<'a>(old: &'a str, new: &'a str) -> Vec<Piece<'a>> {
    let head = common_prefix(old, new);
    let (before, old, new) = (&old[..head], &old[head..], &new[head..]);
    let tail = common_suffix(old, new);
    let (old, after) = old.split_at(old.len() - tail);
    let new = &new[..new.len() - tail];
    let mut pieces = vec![Piece::Keep(before)];
    if old.chars().count().saturating_mul(new.chars().count()) > MAX_WORK {
        pieces.extend([Piece::Delete(old), Piece::Insert(new)]);
    } else {
        pieces.extend(
            dissimilar::diff(old, new)
                .into_iter()
                .map(|chunk| match chunk {
                    Chunk::Equal(text) => Piece::Keep(text),
                    Chunk::Delete(text) => Piece::Delete(text),
                    Chunk::Insert(text) => Piece::Insert(text),
                }),
        );
    }
    pieces.push(Piece::Keep(after));
    pieces.retain(|piece| {
        !matches!(
            piece,
            Piece::Keep("") | Piece::Delete("") | Piece::Insert("")
        )
    });
    pieces
}

/// The difference as splices, in the order of the text. Positions count UTF-16 units.
pub fn splices(old: &str, new: &str) -> Vec<Splice> {
    let mut splices: Vec<Splice> = Vec::new();
    let mut at = 0;
    let mut open = false;
    for piece in pieces(old, new) {
        if let Piece::Keep(text) = piece {
            at += units(text);
            open = false;
            continue;
        }
        if !open {
            splices.push(Splice {
                at,
                delete: 0,
                insert: String::new(),
            });
            open = true;
        }
        let Some(splice) = splices.last_mut() else {
            continue;
        };
        match piece {
            Piece::Delete(text) => splice.delete += units(text),
            Piece::Insert(text) => {
                splice.insert.push_str(text);
                at += units(text);
            }
            Piece::Keep(_) => {}
        }
    }
    splices
}

/// As many of the splices, in order, as delete and insert at most `most` units together; the last
/// of them is cut. `None` when that is all of them, otherwise with the text they lead to.
pub(super) fn first_part(
    old: &str,
    splices: &[Splice],
    most: usize,
) -> Option<(Vec<Splice>, String)> {
    let cost = |splice: &Splice| splice.delete + units(&splice.insert);
    if splices.iter().map(cost).sum::<usize>() <= most {
        return None;
    }
    let mut text: Vec<u16> = old.encode_utf16().collect();
    let mut part = Vec::new();
    let mut left = most;
    for splice in splices {
        let mut delete = splice.delete.min(left);
        while delete < splice.delete && is_second_half(text.get(splice.at + delete)) {
            delete -= 1;
        }
        left -= delete;
        let mut insert = String::new();
        if delete == splice.delete {
            for character in splice.insert.chars() {
                let Some(after) = left.checked_sub(character.len_utf16()) else {
                    break;
                };
                left = after;
                insert.push(character);
            }
        }
        let end = (splice.at + delete).min(text.len());
        text.splice(splice.at.min(end)..end, insert.encode_utf16());
        let whole = delete == splice.delete && insert == splice.insert;
        part.push(Splice {
            at: splice.at,
            delete,
            insert,
        });
        if !whole {
            break;
        }
    }
    Some((part, String::from_utf16_lossy(&text)))
}

/// Whether this is the second of the two units of one character.
fn is_second_half(unit: Option<&u16>) -> bool {
    unit.is_some_and(|unit| (0xDC00..0xE000).contains(unit))
}

/// A difference by the places of the old text.
#[derive(Debug, Default)]
pub(super) struct Change {
    /// What is put before the character of this number.
    pub(super) inserted: BTreeMap<usize, String>,
    /// For each character of the old text, whether it stays.
    pub(super) kept: Vec<bool>,
}

impl Change {
    pub(super) fn between(old: &str, new: &str) -> Self {
        let mut change = Self::default();
        for piece in pieces(old, new) {
            match piece {
                Piece::Keep(text) => change.kept.extend(text.chars().map(|_| true)),
                Piece::Delete(text) => change.kept.extend(text.chars().map(|_| false)),
                Piece::Insert(text) => {
                    change
                        .inserted
                        .entry(change.kept.len())
                        .or_default()
                        .push_str(text);
                }
            }
        }
        change
    }
}

/// Length in UTF-16 units, as browsers count.
pub fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// Bytes that both begin with.
pub fn common_prefix(a: &str, b: &str) -> usize {
    a.chars()
        .zip(b.chars())
        .take_while(|(a, b)| a == b)
        .map(|(c, _)| c.len_utf8())
        .sum()
}

/// Bytes that both end with.
pub fn common_suffix(a: &str, b: &str) -> usize {
    a.chars()
        .rev()
        .zip(b.chars().rev())
        .take_while(|(a, b)| a == b)
        .map(|(c, _)| c.len_utf8())
        .sum()
}
