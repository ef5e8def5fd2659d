//! `docs/access.md`, read as a person reads it: the tables, and nothing of the code they come from.

use std::collections::BTreeMap;

use meltemi_core::access::{Answer, Role};

/// The heading of the last column.
pub(super) const NOT_SETTLED: &str = "not settled";

/// The page.
pub(super) struct Page {
    /// For each kind its class and the fields that name owners, `itself` among them.
    pub(super) kinds: BTreeMap<String, (String, Vec<String>)>,
    /// Headings of the columns.
    pub(super) columns: Vec<String>,
    cells: BTreeMap<(String, String, bool, String), Answer>,
}

impl Page {
    /// Reads it.
    pub(super) fn read() -> Self {
        let page = include_str!("../../../../docs/access.md");
        let mut role = String::new();
        let (mut kinds, mut columns, mut cells) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
        for line in page.lines() {
            if let Some(heading) = line.strip_prefix("## ") {
                role = unquoted(heading);
            }
            let row: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            match row[..] {
                ["Kind", "Whose", ..] => columns = row[2..].iter().map(|c| unquoted(c)).collect(),
                [kind, class, owners] if kind.starts_with('`') => {
                    let owners = owners.split(", ").filter(|owner| !owner.is_empty());
                    let owners = owners.map(unquoted).collect();
                    kinds.insert(unquoted(kind), (unquoted(class), owners));
                }
                [kind, whose @ ("own" | "other"), ..] => {
                    assert_eq!(row.len(), 2 + columns.len(), "{line}");
                    for (column, cell) in columns.iter().zip(&row[2..]) {
                        let answer = match *cell {
                            "w" => Answer::Write,
                            "r" => Answer::Read,
                            "–" => Answer::None,
                            cell => panic!("{cell:?} in {line}"),
                        };
                        let own = whose == "own";
                        let key = (role.clone(), unquoted(kind), own, column.clone());
                        assert!(cells.insert(key, answer).is_none(), "twice: {line}");
                    }
                }
                _ => {}
            }
        }
        Self {
            kinds,
            columns,
            cells,
        }
    }

    /// What it says of a role, or of somebody without one.
    pub(super) fn answer(&self, role: Option<Role>, kind: &str, own: bool, column: &str) -> Answer {
        let Some(role) = role else {
            return if column == "public" {
                Answer::Read
            } else {
                Answer::None
            };
        };
        let key = (role.word().into(), kind.into(), own, column.into());
        self.cells[&key]
    }

    /// How many cells the tables have.
    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }
}

fn unquoted(text: &str) -> String {
    text.trim().trim_matches('`').to_owned()
}
