//! What can be taken back, and what was taken back and can be done again.

use meltemi_core::command::Command;

/// How many steps are kept.
const MOST: usize = 100;

/// Something a person did.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What it was, in the person's language.
    pub label: String,
    /// The commands that take it back, in order.
    pub commands: Vec<Command>,
}

/// The steps of this page, newest last.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UndoStack {
    done: Vec<Step>,
    undone: Vec<Step>,
}

impl UndoStack {
    /// The person did something. What was taken back before can no longer be done again.
    pub fn did(&mut self, step: Step) {
        self.undone.clear();
        self.push_done(step);
    }

    /// Takes the newest step to undo it. When that is done, tell [`Self::undid`].
    pub fn undo(&mut self) -> Option<Step> {
        self.done.pop()
    }

    /// Takes the newest step that was undone, to do it again. Then tell [`Self::redid`].
    pub fn redo(&mut self) -> Option<Step> {
        self.undone.pop()
    }

    /// A step was undone; `step` does it again.
    pub fn undid(&mut self, step: Step) {
        self.undone.push(step);
    }

    /// A step was done again; `step` takes it back again.
    pub fn redid(&mut self, step: Step) {
        self.push_done(step);
    }

    /// Whether there is something to take back.
    pub fn can_undo(&self) -> bool {
        !self.done.is_empty()
    }

    fn push_done(&mut self, step: Step) {
        if step.commands.is_empty() {
            return;
        }
        if self.done.len() == MOST {
            self.done.remove(0);
        }
        self.done.push(step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use meltemi_core::id::DocumentId;
    use meltemi_core::record::FieldPath;

    fn step(label: &str) -> Step {
        let command = Command::Restore {
            document: DocumentId::from_bytes([0; 16]),
            path: FieldPath::root(),
        };
        Step {
            label: label.into(),
            commands: vec![command],
        }
    }

    #[test]
    fn steps_go_back_and_forth_and_a_new_step_ends_that() {
        let mut stack = UndoStack::default();
        stack.did(step("a"));
        stack.did(step("b"));
        let undone = stack.undo().expect("b");
        assert_eq!(undone.label, "b");
        stack.undid(undone);
        let redone = stack.redo().expect("b again");
        stack.redid(redone);
        assert_eq!(stack.undo().map(|s| s.label).as_deref(), Some("b"));
        stack.undid(step("b"));
        stack.did(step("c"));
        assert_eq!(stack.redo(), None);
        assert_eq!(stack.undo().map(|s| s.label).as_deref(), Some("c"));
    }

    #[test]
    fn what_changed_nothing_is_no_step_and_old_steps_go() {
        let mut stack = UndoStack::default();
        stack.did(Step {
            label: "nothing".into(),
            commands: Vec::new(),
        });
        assert!(!stack.can_undo());
        for n in 0..MOST + 5 {
            stack.did(step(&n.to_string()));
        }
        let mut left = 0;
        while stack.undo().is_some() {
            left += 1;
        }
        assert_eq!(left, MOST);
    }
}
