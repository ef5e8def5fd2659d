//! What was measured, and the table it gives.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::server::Kind;

/// A server, and for ours one of two clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Column {
    /// Our server, our own device.
    Own,
    /// Any server, the plain client.
    Plain(Kind),
}

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Millis,
    /// Bytes, as they are.
    Bytes,
    /// Bytes, as megabytes.
    Megabytes,
    /// A number of things; over several runs the largest counts.
    Count,
}

/// All numbers, in the order in which they were first measured.
#[derive(Debug, Default)]
pub(crate) struct Results {
    rows: Vec<Row>,
    notes: Vec<String>,
}

#[derive(Debug)]
struct Row {
    work: String,
    name: String,
    unit: Unit,
    cells: BTreeMap<Column, Vec<f64>>,
}

impl Column {
    /// In the order of the table.
    pub(crate) const ALL: [Self; 4] = [
        Self::Own,
        Self::Plain(Kind::Meltemi),
        Self::Plain(Kind::Samod),
        Self::Plain(Kind::JavaScript),
    ];

    /// The server.
    pub(crate) const fn server(self) -> Kind {
        match self {
            Self::Own => Kind::Meltemi,
            Self::Plain(kind) => kind,
        }
    }

    /// As it is called in the table.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Own => format!("{} (own client)", Kind::Meltemi.name()),
            Self::Plain(kind) => kind.name().to_owned(),
        }
    }
}

impl Unit {
    fn write(self, value: f64) -> String {
        match self {
            Self::Seconds => format!("{value:.2} s"),
            Self::Millis => format!("{value:.1} ms"),
            Self::Megabytes => format!("{:.1} MB", value / 1e6),
            Self::Bytes | Self::Count => grouped(value as u64),
        }
    }
}

impl Results {
    /// Adds a number. Those of several runs become one.
    pub(crate) fn add(&mut self, work: &str, name: &str, unit: Unit, column: Column, value: f64) {
        let known = self
            .rows
            .iter()
            .position(|r| r.work == work && r.name == name);
        let at = known.unwrap_or_else(|| {
            // Beside the others of this work, which another column may have begun.
            let end = self.rows.iter().rposition(|r| r.work == work);
            let at = end.map_or(self.rows.len(), |end| end + 1);
            let row = Row {
                work: work.to_owned(),
                name: name.to_owned(),
                unit,
                cells: BTreeMap::new(),
            };
            self.rows.insert(at, row);
            at
        });
        self.rows[at].cells.entry(column).or_default().push(value);
    }

    /// Adds a sentence below the table.
    pub(crate) fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// The table in Markdown, and the notes.
    pub(crate) fn table(&self) -> String {
        let mut lines = vec![Vec::from(["".to_owned()])];
        lines[0].extend(Column::ALL.map(Column::name));
        for kind in [Kind::Samod, Kind::JavaScript] {
            lines[0].push(format!("{} ÷ meltemi", kind.name()));
        }
        let mut work = "";
        for row in &self.rows {
            if row.work != work {
                work = &row.work;
                let mut line = vec![format!("**{work}**")];
                line.resize(lines[0].len(), String::new());
                lines.push(line);
            }
            lines.push(row.line());
        }
        let mut text = aligned(&lines);
        for note in &self.notes {
            let _ = write!(text, "\n- {note}");
        }
        if !self.notes.is_empty() {
            text.push('\n');
        }
        text
    }
}

impl Row {
    fn line(&self) -> Vec<String> {
        let cell = |column| {
            self.cell(column)
                .map_or("–".to_owned(), |v| self.unit.write(v))
        };
        let mut line = vec![self.name.clone()];
        line.extend(Column::ALL.map(cell));
        for kind in [Kind::Samod, Kind::JavaScript] {
            let peer = self.cell(Column::Plain(kind));
            let ratio = |ours: Column| match (peer, self.cell(ours)) {
                (Some(peer), Some(ours)) if ours > 0.0 => format!("{:.2}", peer / ours),
                _ => "–".to_owned(),
            };
            let own = ratio(Column::Own);
            line.push(format!("{own} / {}", ratio(Column::Plain(Kind::Meltemi))));
        }
        line
    }

    fn cell(&self, column: Column) -> Option<f64> {
        let mut values = self.cells.get(&column)?.clone();
        values.sort_by(f64::total_cmp);
        if self.unit == Unit::Count {
            values.last().copied()
        } else {
            values.get(values.len() / 2).copied()
        }
    }
}

/// A table whose columns are of one width each, so that it can be read as text too.
fn aligned(lines: &[Vec<String>]) -> String {
    let mut widths = vec![0; lines.first().map_or(0, Vec::len)];
    for line in lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        for (at, (cell, width)) in line.iter().zip(&widths).enumerate() {
            let padding = " ".repeat(width - cell.chars().count());
            let _ = if at == 0 {
                write!(text, "| {cell}{padding} ")
            } else {
                write!(text, "| {padding}{cell} ")
            };
        }
        text.push_str("|\n");
        if number == 0 {
            for (at, width) in widths.iter().enumerate() {
                let line = "-".repeat(*width);
                text.push_str(&if at == 0 {
                    format!("|-{line}-")
                } else {
                    format!("|-{line}:")
                });
            }
            text.push_str("|\n");
        }
    }
    text
}

/// Digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
