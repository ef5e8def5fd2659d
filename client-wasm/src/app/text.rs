//! A text that several people write at once, as one of them has it on the screen.
//!
//! Three versions matter: the *shadow*, which the worker has confirmed and whose heads are known;
//! what is *sent* and not yet answered; and the *local* text in the text area. One edit is under
//! way at a time. What others write is merged into the local text, and the caret keeps its place
//! between the characters around it.

pub mod change;
pub mod merge;

use meltemi_core::command::Splice;
use meltemi_core::wire::limits::CHANGE_OPERATIONS;

pub use self::merge::Selection;

/// UTF-16 units that one edit deletes and inserts together. Each is an operation of the change that
/// the edit becomes, and servers do not take a change with too many.
pub(super) const EDIT_UNITS: usize = CHANGE_OPERATIONS as usize / 2;

/// A text in the making.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoText {
    shadow: String,
    heads: Vec<String>,
    local: String,
    sent: Option<String>,
    composing: bool,
    held: Option<Held>,
}

/// A version that arrived while the person composes a character.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Held {
    text: String,
    heads: Vec<String>,
    answers: bool,
}

/// An edit to send to the worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Heads of the version it was made on.
    pub base: Vec<String>,
    /// What changed.
    pub splices: Vec<Splice>,
}

/// What the text area is to show from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The text.
    pub text: String,
    /// Caret or selection.
    pub selection: Selection,
}

impl CoText {
    /// The text as the worker has it at `heads`.
    pub fn new(text: &str, heads: &[String]) -> Self {
        Self {
            shadow: text.to_owned(),
            heads: heads.to_vec(),
            local: text.to_owned(),
            sent: None,
            composing: false,
            held: None,
        }
    }

    /// The text as it stands in the text area.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// Whether all that was typed is confirmed.
    pub fn is_saved(&self) -> bool {
        self.sent.is_none() && self.local == self.shadow
    }

    /// The person typed: the text area now holds `value`.
    pub fn typed(&mut self, value: &str) {
        if self.local != value {
            value.clone_into(&mut self.local);
        }
    }

    /// The person begins to compose a character (an accent, a syllable). Until it is finished
    /// nothing is sent and the text area is not touched.
    pub fn begin_composition(&mut self) {
        self.composing = true;
    }

    /// Whether a character is being composed.
    pub fn is_composing(&self) -> bool {
        self.composing
    }

    /// The character is composed. Returns what has arrived meanwhile.
    pub fn end_composition(&mut self, value: &str, selection: Selection) -> Option<Shown> {
        self.composing = false;
        self.typed(value);
        let held = self.held.take()?;
        self.take(held, selection)
    }

    /// The edit to send now, if there is one and none is under way. Of a very long one, a part: the
    /// rest is sent when that is answered.
    pub fn outgoing(&mut self) -> Option<Outgoing> {
        if self.composing || self.sent.is_some() || self.local == self.shadow {
            return None;
        }
        let all = change::splices(&self.shadow, &self.local);
        let part = change::first_part(&self.shadow, &all, EDIT_UNITS);
        let (splices, sent) = part.unwrap_or_else(|| (all, self.local.clone()));
        self.sent = Some(sent);
        Some(Outgoing {
            base: self.heads.clone(),
            splices,
        })
    }

    /// The worker answered the edit under way: the record now holds `text` at `heads`.
    pub fn confirmed(&mut self, text: &str, heads: &[String], at: Selection) -> Option<Shown> {
        self.arrive(text, heads, true, at)
    }

    /// A version arrived that is not the answer to an edit of this text. While an edit is under
    /// way it is passed over: the answer holds it, or it is delivered again after the answer.
    pub fn arrived(&mut self, text: &str, heads: &[String], at: Selection) -> Option<Shown> {
        if self.sent.is_some() {
            return None;
        }
        self.arrive(text, heads, false, at)
    }

    /// The edit under way came to nothing. What was typed stays and is sent with the next edit.
    pub fn refused(&mut self) {
        self.sent = None;
    }

    fn arrive(
        &mut self,
        text: &str,
        heads: &[String],
        answers: bool,
        selection: Selection,
    ) -> Option<Shown> {
        let held = Held {
            text: text.to_owned(),
            heads: heads.to_vec(),
            answers,
        };
        if self.composing {
            self.held = Some(held);
            return None;
        }
        self.take(held, selection)
    }

    fn take(&mut self, held: Held, selection: Selection) -> Option<Shown> {
        let base = match self.sent.take() {
            Some(sent) if held.answers => sent,
            _ => std::mem::take(&mut self.shadow),
        };
        let (text, selection) = merge::merge(&base, &self.local, &held.text, selection);
        self.shadow = held.text;
        self.heads = held.heads;
        if text == self.local {
            return None;
        }
        self.local.clone_from(&text);
        Some(Shown { text, selection })
    }
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
