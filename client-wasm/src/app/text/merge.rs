//! Puts two people's changes to one text together.

use super::change::{Change, units};

/// A caret, or a selection from one place to another, in UTF-16 units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Selection {
    /// Where it begins.
    pub start: usize,
    /// Where it ends; the same as the beginning for a caret.
    pub end: usize,
}

/// Merges `ours` and `theirs`, both made from `base`, and moves a selection in `ours` along.
///
/// All that either inserted is in the result, in its order, and all that either deleted is not.
/// A caret stays behind the character it is behind.
pub fn merge(base: &str, ours: &str, theirs: &str, selection: Selection) -> (String, Selection) {
    if base == theirs {
        return (ours.to_owned(), selection);
    }
    let (mine, other) = (Change::between(base, ours), Change::between(base, theirs));
    let mut out = Output {
        selection,
        ..Output::default()
    };
    for (at, c) in base.chars().map(Some).chain([None]).enumerate() {
        if let Some(text) = other.inserted.get(&at) {
            out.push(text);
        }
        for c in mine
            .inserted
            .get(&at)
            .into_iter()
            .flat_map(|text| text.chars())
        {
            out.push(c.encode_utf8(&mut [0; 4]));
            out.passed(c);
        }
        let Some(c) = c else { continue };
        let kept = |change: &Change| change.kept.get(at).copied().unwrap_or(true);
        if kept(&mine) && kept(&other) {
            out.push(c.encode_utf8(&mut [0; 4]));
        }
        if kept(&mine) {
            out.passed(c);
        }
    }
    (out.text, out.moved)
}

#[derive(Default)]
struct Output {
    text: String,
    /// Length of `text` in UTF-16 units.
    length: usize,
    /// How much of our text is passed, in UTF-16 units.
    ours: usize,
    /// The selection in our text.
    selection: Selection,
    /// The selection in the result.
    moved: Selection,
}

impl Output {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.length += units(text);
    }

    /// A character of our text is behind us; a caret behind it goes where the result ends now.
    fn passed(&mut self, c: char) {
        let before = self.ours;
        self.ours += c.len_utf16();
        let behind = |place: usize| before < place && place <= self.ours;
        if behind(self.selection.start) {
            self.moved.start = self.length;
        }
        if behind(self.selection.end) {
            self.moved.end = self.length;
        }
    }
}
